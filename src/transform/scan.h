/* The scan operation, for its rules (scan.c), for fixed-count loops (while.c). */
#ifndef COTAN_SRC_SCAN_H
#define COTAN_SRC_SCAN_H
#include "transform/loop.h"

/* Operands: constants, carry, xs; results: carry, ys. The program runs on the constants, the carry
 * and slices of xs along axis 0. */
typedef struct params_scan {
    jaxpr *jaxpr;
    int64_t length, num_carry, num_consts;
    bool reverse;
    int64_t unroll;
} params_scan;

CT_NODISCARD bool scan_bind(const params_scan *p, int nin, const ct_array *in, int nout,
                            ct_array *out);
/* Closes over the constants of a body (carry..., x...) -> (carry..., y...); results in a block that
 * the caller frees. */
CT_NODISCARD bool scan_closed(loop_part body, int64_t length, bool reverse, int64_t unroll,
                              int64_t ncarry, const ct_array *carry, int64_t nxs,
                              const ct_array *xs, leaves *out);

/* scan_rules.c */
bool scan_jvp(const op *o, const void *params, int nin, const ct_array *primals,
              const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents);
bool scan_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                    const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                    ct_array *out_tangents);
bool scan_transpose(const op *o, const void *params, int nin, const ct_array *in,
                    const aval *in_avals, int nout, const ct_array *cts, ct_array *out);
bool scan_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
               const int *dims, int nout, ct_array *out, int *out_dims);
#endif
