/* A call with derivative rules of its own, before it is an equation: how each trace treats it is in
 * that trace's file; the equations are in custom.c. */
#ifndef COTAN_SRC_CUSTOM_H
#define COTAN_SRC_CUSTOM_H
#include "transform/transform.h"

/* One call of a custom_jvp or custom_vjp function on flat leaves: the user's functions with
 * everything but the differentiable leaves filled in, or the batched form of another. */
typedef struct custom_call custom_call;
struct custom_call {
    struct ct_function head; /* its class's call is the plain function */
    const treedef *in_def;   /* of the leaves as the user's arguments; NULL: some are filled in */
    bool reverse;            /* custom_vjp: forward and backward; else jvp */
    bool symbolic;           /* the rules are told which tangents and cotangents are zero */
    const char *rule, *backward_rule; /* names of the user's functions: jvp or forward, backward */
    bool (*primal)(custom_call *c, int64_t n, const ct_array *in, leaves *out);
    /* tangents has NULLs for zeros where symbolic; out holds the results, out_tangents as many
     * tangents (NULL: zero) */
    bool (*jvp)(custom_call *c, int64_t n, const ct_array *primals, const ct_array *tangents,
                leaves *out, leaves *out_tangents);
    /* perturbed[i]: the derivative with respect to in[i] is asked for */
    bool (*forward)(custom_call *c, int64_t n, const ct_array *in, const bool *perturbed,
                    leaves *out, leaves *residuals);
    /* cts has NULLs for zeros where symbolic; in_cts may have them */
    bool (*backward)(custom_call *c, const leaves *residuals, int64_t nout, const ct_array *cts,
                     leaves *in_cts);
};

/* Hands the call to the current trace; results belong to the current scope. */
CT_NODISCARD bool custom_apply(custom_call *c, int64_t n, const ct_array *in, leaves *out);
/* The call mapped over dims; results have the mapped axis in front. Owned by the current scope. */
custom_call *custom_batched(custom_call *c, batch b, int64_t n, const int *dims);
/* Derivative of a call: results and their tangents (NULL: zero) under the current trace. */
CT_NODISCARD bool custom_forward(custom_call *c, int64_t n, const ct_array *primals,
                                 const ct_array *tangents, leaves *out, leaves *out_tangents);
/* The same of a trace that linearizes, which keeps known values and tangents apart (jvp.c). */
CT_NODISCARD bool linearize_custom(linearize_trace *t, custom_call *c, int64_t n,
                                   const ct_array *primals, const ct_array *tangents, leaves *out,
                                   leaves *out_tangents);
/* How staging records it. */
CT_NODISCARD bool custom_stage(custom_call *c, stage_trace *t, int64_t n, const ct_array *in,
                               leaves *out);
#endif
