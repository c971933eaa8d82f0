/* What the NumPy functions share: promotion of dtypes, broadcasting, axes. Bodies are declared in
 * the generated api/bodies.h.
 *
 * Functions that return bool record an error naming `what` (the user-level function) and return
 * false. */
#ifndef COTAN_SRC_NUMPY_H
#define COTAN_SRC_NUMPY_H
#include "api/bodies.h"
#include "core/core.h"
#include "ops/ops.h"

/* A shape or list of axes with room of its own. */
enum { NUMPY_MAX_NDIM = 64 };
typedef struct dimlist {
    int64_t n;
    int64_t at[NUMPY_MAX_NDIM];
} dimlist;
static inline ct_ints dimlist_ints(const dimlist *d)
{
    return (ct_ints){d->n, d->n ? d->at : ct_no_ints};
}
CT_NODISCARD bool dimlist_copy(dimlist *d, const char *what, ct_ints from);
static inline ct_ints shape_of(ct_array a) { return aval_shape(&a->aval); }
static inline ct_dtype dtype_of(ct_array a) { return (ct_dtype)a->aval.dtype; }

/* ---- dtypes (promote.c) ---- */
/* The array in another dtype; itself when nothing changes. Known scalars convert on the spot and
 * never show in a jaxpr. */
ct_array numpy_convert(ct_array x, ct_dtype dtype, bool weak);
static inline ct_array numpy_cast(ct_array x, ct_dtype dtype)
{
    return numpy_convert(x, dtype, false);
}
/* The promoted dtype of n arrays, and whether it is weak. */
CT_NODISCARD bool numpy_result_dtype(const char *what, int64_t n, const ct_array *in,
                                     ct_dtype *dtype, bool *weak);
/* Converts n arrays to their promoted dtype; in and out may be the same. The inexact form makes
 * floats of integers. */
CT_NODISCARD bool numpy_promote(const char *what, int64_t n, const ct_array *in, ct_array *out);
CT_NODISCARD bool numpy_promote_inexact(const char *what, int64_t n, const ct_array *in,
                                        ct_array *out);
/* A known scalar in the dtype of `like` (which may be a tracer), weak if that is a weak scalar. */
ct_array numpy_number(double value, ct_array like);
/* What a number of the language becomes beside `like`: weak if that is weak. */
static inline ct_array numpy_literal(double value, ct_array like)
{
    return array_scalar(dtype_of(like), like->aval.weak, value);
}
/* The dtype a user asked for: canonical (64 bits only under x64), or `otherwise` when none was
 * given. */
static inline ct_dtype numpy_dtype(ct_dtype asked, ct_dtype otherwise)
{
    return asked == CT_NO_DTYPE ? otherwise : dtype_canonical(asked);
}

/* ---- shapes (broadcast.c) ---- */
/* The common shape of n shapes, and of n arrays. */
CT_NODISCARD bool numpy_broadcast_shapes(const char *what, int64_t n, const ct_ints *shapes,
                                         dimlist *common);
CT_NODISCARD bool numpy_broadcast_shape(const char *what, int64_t n, const ct_array *in,
                                        dimlist *shape);
/* What becomes of arrays of different rank in one operation, scalars apart; of all threads. */
typedef enum numpy_ranks { RANKS_ALLOWED, RANKS_WARNED_OF, RANKS_REFUSED } numpy_ranks;
extern numpy_ranks numpy_rank_promotion;
/* Gives arrays of different rank leading axes of size one; scalars stay. Operations broadcast axes
 * of size one themselves. */
CT_NODISCARD bool numpy_match_ranks(const char *what, int64_t n, const ct_array *in, ct_array *out);
/* Broadcasts n arrays to their common shape. */
CT_NODISCARD bool numpy_broadcast(const char *what, int64_t n, const ct_array *in, ct_array *out);
ct_array numpy_broadcast_one(const char *what, ct_array x, ct_ints shape);

/* A scalar in every place of a new array (create.c). */
ct_array numpy_filled(ct_array scalar, ct_ints shape);

/* ---- axes (broadcast.c) ---- */
/* One axis, counted from the end when negative. */
CT_NODISCARD bool numpy_axis(const char *what, int64_t axis, int64_t ndim, int64_t *out);
/* A list of axes, sorted and without repetition; the zero list is all axes. */
CT_NODISCARD bool numpy_axes(const char *what, ct_ints axes, int64_t ndim, dimlist *out);
/* The same where names of the axes of enclosing vmaps may be among them (core_number_axis): these
 * apart, separated by commas. */
typedef struct axis_names {
    char text[256];
} axis_names;
CT_NODISCARD bool numpy_axes_and_names(const char *what, ct_ints axes, int64_t ndim, dimlist *out,
                                       axis_names *names);
/* The same in the order given. */
CT_NODISCARD bool numpy_axes_ordered(const char *what, ct_ints axes, int64_t ndim, dimlist *out);
/* Product of the sizes of some axes, and of named ones unless NULL. */
int64_t numpy_axes_size(ct_array a, const dimlist *axes, const axis_names *names);

/* ---- calling an operation of jax.lax with NumPy's promotion (promote.c) ---- */
typedef ct_array unary_op(ct_array x);
typedef ct_array binary_op(ct_array x, ct_array y);
ct_array numpy_unary_inexact(ct_array x, unary_op *f);
ct_array numpy_binary(const char *what, ct_array x, ct_array y, binary_op *f);
ct_array numpy_binary_inexact(const char *what, ct_array x, ct_array y, binary_op *f);

/* A function of one or two arrays with a derivative rule of its own (primals, tangents) -> (value,
 * tangent): the plain value where nobody differentiates, a custom_jvp call elsewhere. */
ct_array numpy_with_rule(const char *name, ct_c_function value, ct_f2 *rule, int n,
                         const ct_array *x);

/* The same bits under another dtype, whose elements make the last axis longer or shorter; and with
 * the bytes of each element in the opposite order (bits.c). */
ct_array numpy_reinterpret(ct_array x, ct_dtype dtype);
ct_array numpy_byteswap(ct_array x);

/* `where` of a reduction has to be boolean (reduce.c). */
CT_NODISCARD bool numpy_check_where(const char *what, ct_array where);
/* Limits of dtypes (compare.c). Of 64-bit unsigned integers, the bits. */
double numpy_largest(ct_dtype d);
int64_t numpy_largest_int(ct_dtype d);
int64_t numpy_smallest_int(ct_dtype d);

enum { ROUND_AWAY_FROM_ZERO, ROUND_TO_EVEN };

/* The value of an argument that has to be concrete: what a function needs known at trace time. */
CT_NODISCARD bool numpy_known(const char *what, const char *argument, ct_array a,
                              ct_array *concrete);
CT_NODISCARD bool numpy_known_double(const char *what, const char *argument, ct_array a,
                                     double *value);
CT_NODISCARD bool numpy_known_int(const char *what, const char *argument, ct_array a,
                                  int64_t *value);
#endif
