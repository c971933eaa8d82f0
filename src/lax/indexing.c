/* gather and the scatters with the dimension numbers of the operations themselves. x[...] and
 * x.at[...] are in src/numpy. */
#include "cotan/numpy.h"
#include "lax/lax.h"
#include "numpy/index.h"

typedef struct dimension_lists {
    axis_list at[5];
} dimension_lists;

/* The five lists of a GatherDimensionNumbers or ScatterDimensionNumbers. */
static bool read_numbers(const char *who, ct_ints given, dimension_lists *d)
{
    nested r = nested_begin(who, given);
    int64_t five;
    bool good = nested_length(&r, &five) && five == 5;
    for (int i = 0; i < 5 && good; i++)
        good = nested_ints(&r, &d->at[i]);
    if (!good && ct_ok())
        base_fail(CT_TYPE_ERROR, "%s: the dimension numbers are five lists of axes.", who);
    return good;
}

static bool read_mode(const char *word, enum gather_mode none, int *mode)
{
    index_mode m;
    if (!index_mode_named(word, &m))
        return false;
    *mode = index_mode_gather(m, none);
    return true;
}

ct_array lax_gather(const ct_lax_gather_args *a)
{
    dimension_lists d;
    params_gather p = {.indices_are_sorted = a->indices_are_sorted,
                       .slice_sizes = a->slice_sizes,
                       .unique_indices = a->unique_indices};
    if (!read_numbers("gather", a->dimension_numbers, &d) ||
        !read_mode(a->mode, GATHER_PROMISE_IN_BOUNDS, &p.mode))
        return array_poison;
    p.dimension_numbers =
        (gather_dims){axis_ints(&d.at[0]), axis_ints(&d.at[1]), axis_ints(&d.at[2]),
                      axis_ints(&d.at[3]), axis_ints(&d.at[4])};
    index_options fill = {.mode = p.mode == GATHER_FILL_OR_DROP ? INDEX_FILL : INDEX_MODE_DEFAULT,
                          .fill_given = a->fill_value.given,
                          .fill_value = a->fill_value.value};
    p.fill_value = index_fill(dtype_of(a->operand), &fill);
    return op_gather(a->operand, a->start_indices, &p);
}

static bool read_scatter(const char *who, ct_ints numbers, const char *mode, dimension_lists *d,
                         params_scatter *p)
{
    if (!read_numbers(who, numbers, d) || !read_mode(mode, GATHER_FILL_OR_DROP, &p->mode))
        return false;
    p->dimension_numbers =
        (scatter_dims){axis_ints(&d->at[0]), axis_ints(&d->at[1]), axis_ints(&d->at[2]),
                       axis_ints(&d->at[3]), axis_ints(&d->at[4])};
    return true;
}

#define SCATTER(name)                                                                              \
    ct_array lax_##name(const ct_lax_##name##_args *a)                                             \
    {                                                                                              \
        dimension_lists d;                                                                         \
        params_scatter p = {.indices_are_sorted = a->indices_are_sorted,                           \
                            .unique_indices = a->unique_indices};                                  \
        return read_scatter(#name, a->dimension_numbers, a->mode, &d, &p)                          \
                   ? op_scatter(&op_row_##name, a->operand, a->scatter_indices, a->updates, &p)    \
                   : array_poison;                                                                 \
    }
SCATTER(scatter)
SCATTER(scatter_add)
SCATTER(scatter_sub)
SCATTER(scatter_mul)
SCATTER(scatter_min)
SCATTER(scatter_max)

ct_array lax_scatter_apply(const ct_lax_scatter_apply_args *a)
{
    dimension_lists d;
    params_scatter p = {.indices_are_sorted = a->indices_are_sorted,
                        .unique_indices = a->unique_indices};
    aval updates = {a->operand->aval.dtype, false, (int32_t)a->update_shape.n, a->update_shape.at};
    return read_scatter("scatter_apply", a->dimension_numbers, a->mode, &d, &p)
               ? numpy_scatter_apply(a->operand, a->scatter_indices, &updates, a->func, &p)
               : array_poison;
}

ct_array lax_index_take(const ct_lax_index_take_args *a)
{
    int64_t n = a->idxs.n;
    axis_list axes, sizes, offset = {.n = 0};
    ct_array columns[LAX_MAX_NDIM], lengths[LAX_MAX_NDIM];
    if (!lax_copy("index_take", a->axes, &axes) ||
        !lax_copy("index_take", shape_of(a->src), &sizes))
        return array_poison;
    if (n != axes.n || !n)
        return ct_fail(CT_VALUE_ERROR, "index_take: %lld index arrays for %lld axes.", (long long)n,
                       (long long)axes.n);
    for (int64_t i = 0; i < n; i++) {
        if (!lax_axis("index_take", axes.at[i], a->src->aval.ndim, &axes.at[i]))
            return array_poison;
        columns[i] = op_expand_dims(a->idxs.at[i], I(1));
        lengths[i] =
            array_scalar_int(dtype_of(a->idxs.at[i]), false, a->src->aval.shape[axes.at[i]]);
        lengths[i] = op_broadcast_in_dim(lengths[i], I(1, 1), I_NONE);
        sizes.at[axes.at[i]] = 1;
    }
    for (int64_t i = 1; i <= a->src->aval.ndim - n; i++)
        offset.at[offset.n++] = i;
    params_gather p = {.dimension_numbers = {axis_ints(&offset), axis_ints(&axes), axis_ints(&axes),
                                             I_NONE, I_NONE},
                       .mode = GATHER_PROMISE_IN_BOUNDS,
                       .slice_sizes = axis_ints(&sizes)};
    ct_array indices = op_concatenate((int)n, columns, 1),
             size = op_concatenate((int)n, lengths, 1);
    return op_gather(a->src, ct_remainder(indices, size), &p);
}
