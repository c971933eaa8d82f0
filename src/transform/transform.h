/* The transformations on flat functions. Trees, argument numbers and the like are folded away in functions.c, which also makes the public ct_grad, ct_vmap, ct_jit.
 *
 * A flat function maps leaves to leaves under the current trace. Results belong to the current scope. */
#ifndef COTAN_SRC_TRANSFORM_H
#define COTAN_SRC_TRANSFORM_H
#include "core/core.h"

typedef struct leaves { int64_t n; ct_array *at; } leaves; /* at: base_free by who called */
typedef struct flat {
    bool (*call)(void *env, int64_t nin, const ct_array *in, leaves *out);
    void *env;
    const char *name;
} flat;

/* Forward: tangents[i] NULL is zero; out_tangents likewise. */
CT_NODISCARD bool transform_jvp(flat f, int64_t n, const ct_array *primals, const ct_array *tangents, leaves *out, leaves *out_tangents);

/* Evaluates f and keeps its derivative as a linear program over the known values (residuals). */
typedef struct linear linear; /* reference counted object */
CT_NODISCARD bool transform_linearize(flat f, int64_t n, const ct_array *primals, leaves *out, linear **derivative);
CT_NODISCARD bool linear_apply(linear *l, int64_t n, const ct_array *tangents, leaves *out);
/* Cotangents of the inputs from those of the outputs (NULL: zero, in both). */
CT_NODISCARD bool linear_transpose(linear *l, int64_t nout, const ct_array *cts, leaves *in_cts);

/* Batching. dims[i] may be NOT_MAPPED; out_dims[j] is where output j shall have its mapped axis (NOT_MAPPED: it must have none). */
typedef bool out_dims_fn(void *env, int64_t nout, int *dims);
CT_NODISCARD bool transform_vmap(flat f, batch b, int64_t n, const ct_array *in, const int *dims, out_dims_fn *want, void *env, leaves *out);

/* Staging: the jaxpr of f on abstract inputs. */
CT_NODISCARD jaxpr *transform_stage(flat f, int64_t n, const aval *in, const char *name);

/* Derivatives of jaxprs, for calls and control flow. */
/* (in..., nonzero tangents...) -> (out..., nonzero out tangents...); out_nonzero has nout entries, filled; `instantiate` forces all. */
CT_NODISCARD jaxpr *jaxpr_jvp(const jaxpr *j, const bool *nonzero, bool instantiate, bool *out_nonzero);
/* batched jaxpr; mapped axes at 0; out_mapped filled; force[j] asks for a mapped output (NULL: none). */
CT_NODISCARD jaxpr *jaxpr_vmap(const jaxpr *j, batch b, const bool *mapped, const bool *force, bool *out_mapped);
#endif
