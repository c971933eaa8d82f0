/* What the functions on shapes share beyond numpy.h: slices, flips and permutations along one axis,
 * and lists for messages. */
#ifndef COTAN_SRC_NUMPY_SHAPE_H
#define COTAN_SRC_NUMPY_SHAPE_H
#include "numpy/index.h"
#include "numpy/numpy.h"

static inline bool has_axis(const dimlist *axes, int64_t axis)
{
    for (int64_t i = 0; i < axes->n; i++)
        if (axes->at[i] == axis)
            return true;
    return false;
}
/* "(2, 3)" for messages, in a buffer that lives until the next few calls. */
const char *dims_string(ct_ints d);

/* x[..., start:limit:step, ...] along one axis. */
ct_array shape_slice(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t step);
/* The same as lax.slice_in_dim writes it: also where it is all of x, and with strides of one. */
ct_array shape_part(ct_array x, int64_t axis, int64_t start, int64_t limit);
/* x[..., indices, ...]: any array of integers along one axis; options may be NULL. */
ct_array shape_take(ct_array x, int64_t axis, ct_array indices, const index_options *options);
/* Transposed and reshaped; x itself when nothing changes. */
ct_array shape_permute(ct_array x, const dimlist *permutation);
ct_array shape_reshape(ct_array x, ct_ints shape);
static inline ct_array shape_flatten(ct_array x)
{
    return is_poison(x) ? x : shape_reshape(x, I(x->size));
}
/* x with axes of length 1 added as atleast_1d, atleast_2d and atleast_3d add them. */
ct_array shape_at_least(ct_array x, int ndim);
/* 0, 1, ..., n - 1 as default integers. */
ct_array shape_range(int64_t n);
/* Tuple of arrays, for functions that return several; poison if one is. */
ct_tree shape_tuple(int64_t n, const ct_array *xs);
#endif
