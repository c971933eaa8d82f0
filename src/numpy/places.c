/* Choosing and writing elements by masks and by flat or many-axed positions: choose, compress,
 * extract, place, put, fill_diagonal; unravel_index, ravel_multi_index, ix_. */
#define OPS_SHORT_NAMES
#include "numpy/search.h"

/* ---- positions ---- */

ct_tree numpy_unravel_index(const ct_unravel_index_args *a)
{
    ct_array index = a->indices, out[NUMPY_MAX_NDIM];
    dimlist shape;
    if (!dimlist_copy(&shape, "unravel_index", a->shape))
        return array_poison;
    if (dtype_of(index) == CT_BOOL)
        index = numpy_convert(index, CT_INT32, index->aval.weak);
    int64_t total = shape_size(shape.n, shape.at);
    if (!shape.n)
        return ct_tuple_(0, NULL);
    if (dtype_table[dtype_of(index)].bits >= 32) /* narrower ones hold no index beyond */
        index = ct_clip(index, -total, total - 1);
    index = ct_where(ct_less(index, 0), ct_add(index, total), index);
    for (int64_t d = shape.n - 1; d >= 0 && !is_poison(index); d--) {
        ct_array size = numpy_literal((double)shape.at[d], index);
        out[d] = op_rem(index, size);
        index = ct_floor_divide(index, size);
    }
    return is_poison(index) ? index : shape_tuple(shape.n, out);
}

/* Positions along one axis under a mode; "raise" wants them known. */
static ct_array within(const char *what, ct_array index, int64_t size, const char *mode)
{
    ct_array n = numpy_literal((double)size, index), zero = numpy_literal(0, index), known;
    if (!strcmp(mode, "clip"))
        return ct_clip(index, zero, sub(n, 1));
    if (!strcmp(mode, "wrap"))
        return ct_remainder(index, n);
    if (strcmp(mode, "raise"))
        return ct_fail(CT_VALUE_ERROR, "%s: invalid mode='%s'; expected 'raise', 'wrap' or 'clip'.",
                       what, mode);
    if (!numpy_known(what, "the index (with mode='raise')", index, &known))
        return array_poison;
    for (int64_t i = 0; i < known->size; i++)
        if (array_get_int(known, i) < 0 || array_get_int(known, i) >= size)
            return ct_fail(CT_VALUE_ERROR, "%s: invalid entry %lld in an index array of size %lld.",
                           what, (long long)array_get_int(known, i), (long long)size);
    return index;
}

ct_array numpy_ravel_multi_index(const ct_ravel_multi_index_args *a)
{
    int64_t n = a->dims.n, stride = 1;
    ct_array flat = NULL;
    bool columns = !strcmp(a->order, "F");
    if (a->multi_index.n != n)
        return ct_fail(CT_VALUE_ERROR, "len(multi_index)=%lld != len(dims)=%lld",
                       (long long)a->multi_index.n, (long long)n);
    if (!columns && strcmp(a->order, "C"))
        return ct_fail(CT_VALUE_ERROR, "invalid order='%s'. Expected 'C' or 'F'", a->order);
    for (int64_t k = 0; k < n; k++) {
        int64_t d = columns ? k : n - 1 - k;
        ct_array at = a->multi_index.at[d];
        if (!dtype_is(dtype_of(at), FAMILY_INT | FAMILY_UINT))
            return ct_fail(CT_VALUE_ERROR, "dtype=%s is not an integer type.",
                           dtype_table[dtype_of(at)].name);
        at = within("ravel_multi_index", at, a->dims.at[d], a->mode);
        if (is_poison(at))
            return at;
        at = numpy_cast(at, dtype_default(FAMILY_INT));
        at = ct_multiply(at, stride);
        flat = flat ? ct_add(at, flat) : at;
        stride *= a->dims.at[d];
    }
    if (!flat)
        flat = array_scalar_int(dtype_default(FAMILY_INT), false, 0);
    return is_poison(flat) ? flat : numpy_cast(flat, numpy_dtype(a->dtype, dtype_of(flat)));
}

ct_tree numpy_ix_(const ct_ix__args *a)
{
    ct_array out[NUMPY_MAX_NDIM];
    int64_t n = a->args.n;
    if (n > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "ix_: %lld arguments are too many.", (long long)n);
    for (int64_t d = 0; d < n; d++) {
        ct_array x = a->args.at[d];
        int64_t count;
        if (x->aval.ndim != 1)
            return ct_fail(CT_VALUE_ERROR,
                           "Arguments to jax.numpy.ix_ must be 1-dimensional, got "
                           "shape %s",
                           dims_string(shape_of(x)));
        if (dtype_of(x) == CT_BOOL) {
            ct_array mask = x;
            if (!shape_nonzero("ix_", mask, (ct_opt_int){false, 0}, NULL, &count, &x))
                return array_poison;
        }
        if (!x->size)
            x = numpy_cast(x, dtype_default(FAMILY_INT));
        dimlist shape = {.n = n};
        for (int64_t k = 0; k < n; k++)
            shape.at[k] = k == d ? x->size : 1;
        out[d] = is_poison(x) ? x : op_reshape(x, dimlist_ints(&shape));
    }
    return n ? shape_tuple(n, out) : ct_tuple_(0, NULL);
}

/* ---- reading ---- */

ct_array numpy_choose(const ct_choose_args *a)
{
    ct_array which = a->a;
    int64_t n = a->choices.n;
    if (!dtype_is(dtype_of(which), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "`a` array must be integer typed");
    if (!n)
        return ct_fail(CT_VALUE_ERROR, "choose: there is nothing to choose from.");
    which = within("choose", which, n, a->mode);
    ct_array *all = base_alloc((size_t)(2 * n + 1) * sizeof *all), out = array_poison;
    if (all && !is_poison(which)) {
        memcpy(all, a->choices.at, (size_t)n * sizeof *all);
        if (numpy_promote("choose", n, all, all)) {
            all[n] = which;
            ct_array *same = all + n;
            if (n + 1 <= 2 * n + 1 && numpy_broadcast("choose", n + 1, all, all)) {
                which = numpy_cast(*same, CT_INT32);
                out = n == 1   ? all[0]
                      : n == 2 ? op_select_n(op_ne(which, op_number(0, which)), 2, all)
                               : op_select_n(which, n, all);
            }
        }
    }
    base_free(all);
    return out;
}

/* The slices along an axis where a vector of conditions holds; with a size, cut or filled up. */
static ct_array slices_where(const char *what, ct_array mask, ct_array x, int64_t axis,
                             ct_opt_int size, ct_array fill)
{
    ct_array where, known;
    int64_t n = x->aval.shape[axis], count;
    mask = op_ne(mask, op_number(0, mask));
    if (is_poison(mask))
        return mask;
    if (mask->size > n) {
        if (core_concrete(mask, &known))
            for (int64_t i = n; i < known->size; i++)
                if (((const bool *)known->data)[i])
                    return ct_fail(CT_VALUE_ERROR,
                                   "%s: condition contains entries that are out of bounds", what);
        mask = shape_slice(mask, 0, 0, n, 1);
    }
    if (!shape_nonzero(what, mask, size, array_scalar_int(dtype_default(FAMILY_INT), false, n),
                       &count, &where))
        return array_poison;
    ct_array taken = shape_take(x, axis, where, NULL);
    if (!size.given || is_poison(taken))
        return taken;
    dimlist wide = {.n = taken->aval.ndim};
    for (int64_t d = 0; d < wide.n; d++)
        wide.at[d] = d == axis ? where->size : 1;
    ct_array beyond = op_reshape(op_ge(where, op_number((double)n, where)), dimlist_ints(&wide));
    return ct_where(beyond, numpy_cast(fill, dtype_of(taken)), taken);
}

ct_array numpy_compress(const ct_compress_args *a)
{
    ct_array x = a->axis.given ? a->a : shape_flatten(a->a);
    int64_t axis = a->axis.given ? a->axis.value : 0;
    if (a->condition->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "condition must be a 1D array");
    if (is_poison(x) || !numpy_axis("compress", axis, x->aval.ndim, &axis))
        return array_poison;
    return slices_where("compress", a->condition, x, axis, a->size, a->fill_value);
}

ct_array numpy_extract(const ct_extract_args *a)
{
    ct_array mask = shape_flatten(a->condition), x = shape_flatten(a->arr);
    if (is_poison(mask) || is_poison(x))
        return array_poison;
    return slices_where("extract", mask, x, 0, a->size, a->fill_value);
}

/* ---- writing ---- */

static bool check_copy(const char *what, ct_code code, ct_switch inplace)
{
    if (inplace == CT_FALSE)
        return true;
    base_fail(code,
              "jax.numpy.%s cannot modify arrays in-place, because JAX arrays are immutable. Pass "
              "inplace=False to instead return an updated array.",
              what);
    return false;
}

static ct_array write_flat(ct_array x, ct_array at, ct_array values, const index_options *options)
{
    ct_array flat = shape_flatten(x);
    index_item item = {.kind = INDEX_ARRAY, .array = at};
    if (is_poison(flat) || is_poison(at) || is_poison(values))
        return array_poison;
    flat = numpy_index_update(flat, 1, &item, INDEX_SET, values, options);
    return is_poison(flat) ? flat : shape_reshape(flat, shape_of(x));
}

/* A vector repeated, and cut, to a length. */
static ct_array cycled(ct_array x, int64_t n)
{
    x = shape_flatten(x);
    if (is_poison(x) || x->size == n)
        return x;
    ct_array at = op_iota(CT_INT32, I(n), 0);
    return shape_take(x, 0, op_rem(at, op_number((double)x->size, at)), NULL);
}

ct_array numpy_place(const ct_place_args *a)
{
    ct_array mask = shape_flatten(a->mask), values = a->vals;
    if (!check_copy("place", CT_VALUE_ERROR, a->inplace) || is_poison(mask))
        return array_poison;
    if (mask->size != a->arr->size)
        return ct_fail(CT_VALUE_ERROR, "place: arr and mask must be the same size");
    if (!values->size)
        return ct_fail(CT_VALUE_ERROR, "place: vals must be non-empty");
    if (!mask->size)
        return a->arr;
    mask = op_ne(mask, op_number(0, mask));
    ct_array number = sub(op_cumsum(numpy_cast(mask, CT_INT32), 0, false), 1);
    values = shape_flatten(values);
    if (is_poison(number) || is_poison(values))
        return array_poison;
    number = ct_remainder(number, values->size);
    ct_array chosen = shape_take(values, 0, number, NULL), old = shape_flatten(a->arr);
    if (is_poison(chosen) || is_poison(old))
        return array_poison;
    ct_array both = select(mask, numpy_cast(chosen, dtype_of(old)), old);
    return is_poison(both) ? both : shape_reshape(both, shape_of(a->arr));
}

ct_array numpy_put(const ct_put_args *a)
{
    ct_array at = shape_flatten(a->ind), x = a->a;
    index_options o = {.keep_negative = false};
    if (!check_copy("put", CT_VALUE_ERROR, a->inplace) || is_poison(at))
        return array_poison;
    if (!at->size || !a->v->size)
        return x;
    const char *mode = a->mode ? a->mode : "drop";
    if (!strcmp(mode, "clip"))
        at = ct_clip(at, 0, x->size - 1);
    else if (!strcmp(mode, "wrap"))
        at = ct_remainder(at, x->size);
    else if (!strcmp(mode, "raise"))
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "The 'raise' mode to jnp.put is not supported.");
    else if (a->mode)
        return ct_fail(CT_VALUE_ERROR, "mode should be one of 'wrap' or 'clip'; got mode='%s'",
                       mode);
    return is_poison(at) ? at
                         : write_flat(x, at, numpy_cast(cycled(a->v, at->size), dtype_of(x)), &o);
}

ct_array numpy_fill_diagonal(const ct_fill_diagonal_args *a)
{
    ct_array x = a->a;
    int64_t ndim = x->aval.ndim, step = 1, limit = x->size, n;
    if (!check_copy("fill_diagonal", CT_NOT_IMPLEMENTED_ERROR, a->inplace))
        return array_poison;
    if (ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "array must be at least 2-d");
    if (ndim == 2) {
        int64_t columns = x->aval.shape[1];
        step = columns + 1;
        if (!a->wrap && columns * columns < limit)
            limit = columns * columns;
    } else {
        for (int64_t d = 1; d < ndim; d++)
            if (x->aval.shape[d] != x->aval.shape[0])
                return ct_fail(CT_VALUE_ERROR, "All dimensions of input must be of equal length");
        int64_t product = 1;
        for (int64_t d = ndim - 1; d > 0; d--) {
            product *= x->aval.shape[d];
            step += product;
        }
    }
    n = limit > 0 ? (limit - 1) / step + 1 : 0;
    if (!n)
        return x;
    ct_array at = op_iota(CT_INT32, I(n), 0);
    ct_array values = a->val->aval.ndim ? cycled(a->val, n) : a->val;
    if (is_poison(values))
        return values;
    return write_flat(x, mul(at, (double)step), numpy_cast(values, dtype_of(x)), NULL);
}
