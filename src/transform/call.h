/* What operations that run one program share: rules over their jaxpr parameter (call.c). */
#ifndef COTAN_SRC_CALL_H
#define COTAN_SRC_CALL_H
#include "transform/transform.h"

/* Binds the operation with another program; its other parameters stay. False when a result is
 * poison. */
CT_NODISCARD bool call_bind(const op *o, const void *params, jaxpr *j, int nin, const ct_array *in,
                            ct_array *out);

/* Rows of such operations refer to these. */
bool call_abstract(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                   arena *a);
bool call_run(const op *o, const void *params, int nin, const ct_array *in, int nout,
              ct_array *out);
bool call_jvp(const op *o, const void *params, int nin, const ct_array *primals,
              const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents);
bool call_transpose(const op *o, const void *params, int nin, const ct_array *in,
                    const aval *in_avals, int nout, const ct_array *cts, ct_array *out);
bool call_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
               const int *dims, int nout, ct_array *out, int *out_dims);
#endif
