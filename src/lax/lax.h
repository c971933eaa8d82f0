/* What the functions of jax.lax share. They are the operations themselves: no promotion, no
 * broadcasting but of scalars. */
#ifndef COTAN_SRC_LAX_H
#define COTAN_SRC_LAX_H
#include "api/bodies.h"
#include "core/core.h"
#include "ops/ops.h"

enum { LAX_MAX_NDIM = 64 };
typedef struct axis_list {
    int64_t n;
    int64_t at[LAX_MAX_NDIM];
} axis_list;
static inline ct_ints axis_ints(const axis_list *l)
{
    return (ct_ints){l->n, l->n ? l->at : ct_no_ints};
}
static inline ct_ints shape_of(ct_array a) { return aval_shape(&a->aval); }
static inline ct_dtype dtype_of(ct_array a) { return (ct_dtype)a->aval.dtype; }

/* Copies a list of axes or sizes; too many is an error. */
CT_NODISCARD bool lax_copy(const char *what, ct_ints from, axis_list *to);
/* Axes sorted, negative ones counted from the end, without repetition. */
CT_NODISCARD bool lax_axes(const char *what, ct_ints axes, int64_t ndim, axis_list *out);
CT_NODISCARD bool lax_axis(const char *what, int64_t axis, int64_t ndim, int64_t *out);

/* A slice along one axis, whole along the others; stride 0: none is written down. */
ct_array lax_slice_axis(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t stride);

/* Reading a Nested argument: numbers, texts and sequences of them, depth first; a sequence begins
 * with its length. */
typedef struct nested {
    const char *what; /* function and argument, for messages */
    const int64_t *at, *end;
} nested;
static inline nested nested_begin(const char *what, ct_ints list)
{
    return (nested){what, list.at, list.at + (list.n > 0 ? list.n : 0)};
}
CT_NODISCARD bool nested_length(nested *r, int64_t *n);
CT_NODISCARD bool nested_int(nested *r, int64_t *value);
CT_NODISCARD bool nested_ints(nested *r, axis_list *out);

/* The tree of what f gives for each array of a tree. */
ct_tree lax_each(ct_tree x, ct_array (*f)(ct_array x, const void *env), const void *env);

/* What reduce and reduce_window take: arrays, a scalar to begin with for each, and how to combine
 * two. */
typedef struct lax_reduction {
    int64_t n;
    const ct_array *in, *init;
    ct_fn computation;
} lax_reduction;
CT_NODISCARD bool lax_reduction_read(const char *who, const ct_tree *operands, const ct_tree *init,
                                     ct_fn f, lax_reduction *out);
/* Whether it is one array, combined by this operation of two arrays from a value on that changes
 * nothing. */
typedef enum lax_identity {
    IDENTITY_ZERO,
    IDENTITY_ONE,
    IDENTITY_ONES,
    LOWEST,
    HIGHEST
} lax_identity;
bool lax_reduces_by(const lax_reduction *r, void (*f)(void), lax_identity identity);
#endif
