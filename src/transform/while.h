/* The while operation, for its rules (while_rules.c). */
#ifndef COTAN_SRC_WHILE_H
#define COTAN_SRC_WHILE_H
#include "transform/loop.h"

/* Operands: constants of the condition, constants of the body, carry; results: carry. A condition
 * with axes holds for each element of the carry's leading axes by itself: the loop goes on while
 * any holds, and elements for which it doesn't stay as they are. */
typedef struct params_while {
    jaxpr *body;
    int64_t body_nconsts;
    jaxpr *cond;
    int64_t cond_nconsts;
} params_while;

CT_NODISCARD bool while_bind(const params_while *p, int nin, const ct_array *in, int nout,
                             ct_array *out);

/* The new value where the condition, whose axes are the leading ones, holds. */
ct_array while_choose(ct_array which, ct_array old, ct_array value);

/* guard.c: programs for elements that do not want their results. */
bool loop_inside(const jaxpr *j); /* a while loop, at any depth */
/* j with a boolean as a first input, without which its loops end at once. Borrowed. */
jaxpr *loop_guard(jaxpr *j);
/* The loop with a body whose inner loops end at once where the condition doesn't hold; it takes the
 * constants of the condition in front of its own. */
CT_NODISCARD bool while_guarded(const params_while *p, params_while *out);

/* while_rules.c */
bool while_jvp(const op *o, const void *params, int nin, const ct_array *primals,
               const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents);
bool while_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                     const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                     ct_array *out_tangents);
bool while_transpose(const op *o, const void *params, int nin, const ct_array *in,
                     const aval *in_avals, int nout, const ct_array *cts, ct_array *out);
bool while_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                const int *dims, int nout, ct_array *out, int *out_dims);
#endif
