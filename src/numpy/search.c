/* Functions that look for elements: searchsorted, digitize, nonzero and its relatives. */
#define OPS_SHORT_NAMES
#include "numpy/search.h"

/* a before b in sorted order, NaN last. */
static ct_array before(ct_array a, ct_array b)
{
    ct_array less = op_lt(a, b);
    return dtype_inexact(dtype_of(a)) ? op_or(less, op_and(op_eq(a, a), op_ne(b, b))) : less;
}

/* Binary search with as many rounds as the length asks for, all queries at once. */
ct_array shape_searchsorted(ct_array sorted, ct_array queries, bool right)
{
    if (is_poison(sorted) || is_poison(queries))
        return array_poison;
    int64_t n = sorted->size;
    aval a = {(uint8_t)dtype_default(FAMILY_INT), false, queries->aval.ndim, queries->aval.shape};
    ct_array low = op_full(&a, 0), high = op_full(&a, (double)n);
    for (int64_t width = n; width > 0; width /= 2) {
        ct_array mid = op_shift_right_arithmetic(add(low, high), op_number(1, low));
        ct_array probe =
            shape_take(sorted, 0, mid, &(index_options){.mode = INDEX_CLIP, .keep_negative = true});
        ct_array further = right ? op_not(before(queries, probe)) : before(probe, queries);
        further = op_and(further, op_lt(low, high));
        low = select(further, add(mid, 1), low);
        high = select(further, high, op_min(high, mid));
    }
    return low;
}

ct_array numpy_searchsorted(const ct_searchsorted_args *args)
{
    ct_array xs[] = {args->a, args->v};
    bool right = !strcmp(args->side, "right");
    if (!right && strcmp(args->side, "left"))
        return ct_fail(
            CT_VALUE_ERROR,
            "'%s' is an invalid value for keyword 'side'. Expected one of ['left', 'right'].",
            args->side);
    if (xs[0]->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "a should be 1-dimensional; got shape %s",
                       dims_string(shape_of(xs[0])));
    if (!numpy_promote("searchsorted", 2, xs, xs))
        return array_poison;
    if (args->sorter)
        xs[0] = shape_take(xs[0], 0, args->sorter, NULL);
    return shape_searchsorted(xs[0], xs[1], right);
}

/* Bins that descend count from their other end. */
ct_array numpy_digitize(const ct_digitize_args *args)
{
    ct_array xs[] = {args->x, args->bins};
    if (xs[1]->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "digitize: bins must be a 1-dimensional array; got shape %s",
                       dims_string(shape_of(xs[1])));
    ct_dtype integer = dtype_default(FAMILY_INT);
    int64_t n = xs[1]->size;
    if (!n)
        return op_full(&(aval){(uint8_t)integer, false, xs[0]->aval.ndim, xs[0]->aval.shape}, 0);
    if (!numpy_promote("digitize", 2, xs, xs))
        return array_poison;
    ct_array up = shape_searchsorted(xs[1], xs[0], !args->right);
    ct_array down = sub(array_scalar_int(integer, false, n),
                        shape_searchsorted(op_rev(xs[1], I(0)), xs[0], !args->right));
    ct_array first = op_squeeze(shape_slice(xs[1], 0, 0, 1, 1), I(0)),
             last = op_squeeze(shape_slice(xs[1], 0, n - 1, n, 1), I(0));
    ct_array ascending = op_ge(last, first);
    return op_select_n(ascending, 2, (ct_array[]){down, up});
}

/* ---- nonzero ---- */

static ct_array is_nonzero(ct_array x)
{
    return dtype_of(x) == CT_BOOL ? x : op_ne(x, op_number(0, x));
}

/* Positions in the flat array of the first `count` true elements, then `x->size`. Marks where each
 * begins, and sums. */
static ct_array true_positions(ct_array mask, int64_t count)
{
    ct_dtype integer = dtype_default(FAMILY_INT);
    ct_array running = op_cumsum(op_convert(shape_flatten(mask), integer, false), 0, false);
    ct_array bins = op_full(&(aval){(uint8_t)integer, false, 1, &count}, 0);
    index_item at = {.kind = INDEX_ARRAY, .array = running};
    bins = numpy_index_update(bins, 1, &at, INDEX_ADD, array_scalar_int(integer, false, 1), NULL);
    return op_cumsum(bins, 0, false);
}

/* What stands along axis d where there are fewer positions than asked for: one number for all axes,
 * or one for each. */
static ct_array filler_of(const char *what, ct_array fill, int64_t d, int64_t ndim, int64_t count)
{
    ct_dtype integer = dtype_default(FAMILY_INT);
    if (!fill)
        return op_full(&(aval){(uint8_t)integer, false, 1, &count}, 0);
    if (fill->aval.ndim > 1 || (fill->aval.ndim == 1 && fill->aval.shape[0] != ndim))
        return ct_fail(CT_VALUE_ERROR,
                       "%s: fill_value must be a scalar or have an entry for each of the %lld "
                       "axes, but has shape %s",
                       what, (long long)ndim, dims_string(shape_of(fill)));
    int64_t next = d + 1;
    ct_array one =
        fill->aval.ndim
            ? op_squeeze(op_slice(fill, (ct_ints){1, &d}, (ct_ints){1, &next}, I(1)), I(0))
            : fill;
    return numpy_broadcast_one(what, op_convert(one, integer, false), I(count));
}

bool shape_nonzero(const char *what, ct_array x, ct_opt_int size, ct_array fill, int64_t *n,
                   ct_array *out)
{
    ct_array mask = is_nonzero(x), known;
    int64_t count = size.value, ndim = x->aval.ndim;
    if (ndim == 0) {
        base_fail(CT_VALUE_ERROR, "Calling nonzero on 0d arrays is not allowed. Use "
                                  "jnp.atleast_1d(scalar).nonzero() instead.");
        return false;
    }
    *n = ndim;
    if (is_poison(mask))
        return false;
    if (!size.given) {
        if (!core_concrete(mask, &known)) {
            core_fail_traced(
                CT_CONCRETIZATION_ERROR, mask,
                "%s: the size of the result depends on traced values; give size=", what);
            return false;
        }
        count = 0;
        for (int64_t i = 0; i < known->size; i++)
            count += ((const bool *)known->data)[i];
    }
    if (!x->size || !count) {
        for (int64_t d = 0; d < ndim; d++)
            if (is_poison(out[d] = filler_of(what, fill, d, ndim, count)))
                return false;
        return true;
    }
    ct_array flat = true_positions(mask, count), stride = NULL;
    ct_array total =
        size.given
            ? op_reduce_sum(op_convert(shape_flatten(mask), dtype_default(FAMILY_INT), false), I(0))
            : NULL;
    int64_t step = x->size;
    for (int64_t d = 0; d < ndim; d++) {
        int64_t length = x->aval.shape[d];
        step /= length;
        stride = array_scalar_int(dtype_of(flat), false, step);
        out[d] = op_rem(op_div(flat, stride), array_scalar_int(dtype_of(flat), false, length));
        if (!total)
            continue;
        ct_array beyond = op_ge(shape_range(count), total);
        out[d] =
            op_select_n(beyond, 2, (ct_array[]){out[d], filler_of(what, fill, d, ndim, count)});
        if (is_poison(out[d]))
            return false;
    }
    return true;
}

ct_tree numpy_nonzero(const ct_nonzero_args *a)
{
    ct_array out[NUMPY_MAX_NDIM];
    int64_t n;
    return shape_nonzero("nonzero", a->a, a->size, a->fill_value, &n, out) ? shape_tuple(n, out)
                                                                           : array_poison;
}

ct_array numpy_flatnonzero(const ct_flatnonzero_args *a)
{
    ct_array out[NUMPY_MAX_NDIM];
    int64_t n;
    return shape_nonzero("flatnonzero", shape_flatten(a->a), a->size, a->fill_value, &n, out)
               ? out[0]
               : array_poison;
}

ct_array numpy_argwhere(const ct_argwhere_args *a)
{
    ct_array out[NUMPY_MAX_NDIM], x = shape_at_least(a->a, 1);
    int64_t n;
    if (!shape_nonzero("argwhere", x, a->size, a->fill_value, &n, out))
        return array_poison;
    ct_array y = op_stack(n, out, 1);
    return a->a->aval.ndim ? y : shape_slice(y, 1, 0, 0, 1);
}
