/* Samplers of integers and of elements: randint, bernoulli, categorical, permutation, choice,
 * geometric. */
#define OPS_SHORT_NAMES
#include "random/random.h"

#include <math.h>

#include "api/bodies.h"
#include "numpy/search.h"

/* ---- randint ---- */

static double least_of(ct_dtype d)
{
    return dtype_is(d, FAMILY_INT) ? -ldexp(1, dtype_table[d].bits - 1) : 0;
}

/* An integer bound brought into the range of dtype. */
static ct_array clip_bound(ct_array bound, ct_dtype dtype)
{
    ct_dtype from = dtype_of(bound);
    bool shown = core_current != NULL; /* only a jaxpr shows what changes nothing */
    if (is_poison(bound) || (from == dtype && !shown))
        return bound;
    int from_bits = dtype_table[from].bits - dtype_is(from, FAMILY_INT),
        bits = dtype_table[dtype].bits - dtype_is(dtype, FAMILY_INT);
    double low = least_of(from) > least_of(dtype) ? least_of(from) : least_of(dtype);
    uint64_t high = UINT64_MAX >> (64 - (from_bits < bits ? from_bits : bits));
    return ct_clip(bound, array_scalar_int(from, bound->aval.weak, (int64_t)low),
                   array_scalar_int(from, bound->aval.weak, (int64_t)high));
}

/* Two draws, the higher one scaled by 2^bits modulo the span: nearly uniform for spans far below
 * 2^(2 bits). */
static ct_array randint_drawn(ct_array key, ct_ints shape, ct_array low, ct_array high,
                              ct_dtype dtype)
{
    int bits = dtype_table[dtype].bits;
    ct_dtype word = bits == 32 ? CT_UINT32 : CT_UINT64, high_dtype = dtype_of(high);
    ct_array keys[2];
    int64_t most = (int64_t)(UINT64_MAX >> (64 - (bits - dtype_is(dtype, FAMILY_INT))));
    ct_array limit = clip_bound(array_scalar_int(dtype, false, most), high_dtype);
    ct_array beyond = op_gt(high, numpy_cast(limit, high_dtype));
    low = numpy_cast(clip_bound(low, dtype), dtype);
    high = numpy_cast(clip_bound(high, dtype), dtype);
    low = numpy_broadcast_one("randint", low, shape);
    high = numpy_broadcast_one("randint", high, shape);
    random_split_keys(key, 2, keys);
    ct_array upper = random_bits_drawn(keys[0], bits, shape),
             lower = random_bits_drawn(keys[1], bits, shape);
    ct_array span = op_convert(sub(high, low), word, false);
    span = select(op_le(high, low), op_full_like(span, 1), span);
    beyond = op_and(numpy_broadcast_one("randint", beyond, shape), op_gt(high, low));
    span = select(beyond, add(span, 1), span);
    ct_array multiplier = op_rem(op_full_like(span, ldexp(1, bits / 2)), span);
    multiplier = op_rem(mul(multiplier, multiplier), span);
    ct_array offset = op_rem(add(mul(op_rem(upper, span), multiplier), op_rem(lower, span)), span);
    return add(low, op_convert(offset, dtype, false));
}

static ct_array integer_bound(ct_array bound)
{
    return dtype_is(dtype_of(bound), FAMILY_INT | FAMILY_UINT)
               ? bound
               : numpy_cast(bound, dtype_default(FAMILY_INT));
}

ct_array random_randint(const ct_random_randint_args *a)
{
    ct_array bounds[] = {integer_bound(a->minval), integer_bound(a->maxval)};
    dimlist shape;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_INT));
    if (!dtype_is(dtype, FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "randint only accepts integer dtypes, got %s",
                       ct_dtype_name(dtype));
    if (!random_shape("randint", a->shape, 2, bounds, &shape))
        return array_poison;
    int bits = dtype_table[dtype].bits;
    if (bits >= 32)
        return randint_drawn(a->key, dimlist_ints(&shape), bounds[0], bounds[1], dtype);
    int64_t least = (int64_t)least_of(dtype),
            most = (int64_t)(UINT64_MAX >> (64 - (bits - dtype_is(dtype, FAMILY_INT))));
    for (int i = 0; i < 2; i++)
        bounds[i] = op_min(
            array_scalar_int(CT_INT32, false, most + i),
            op_max(array_scalar_int(CT_INT32, false, least), numpy_cast(bounds[i], CT_INT32)));
    return op_convert(randint_drawn(a->key, dimlist_ints(&shape), bounds[0], bounds[1], CT_INT32),
                      dtype, false);
}

/* ---- bernoulli, geometric ---- */

ct_array random_bernoulli(const ct_random_bernoulli_args *a)
{
    dimlist shape;
    ct_dtype dtype = dtype_of(a->p);
    if (!dtype_is(dtype, FAMILY_FLOAT))
        return ct_fail(CT_TYPE_ERROR,
                       "bernoulli probability `p` must have a floating dtype, got %s.",
                       ct_dtype_name(dtype));
    if (strcmp(a->mode, "low") && strcmp(a->mode, "high"))
        return ct_fail(CT_VALUE_ERROR, "got mode='%s', expected 'high' or 'low'", a->mode);
    if (!random_shape("bernoulli", a->shape, 1, &a->p, &shape))
        return array_poison;
    if (!strcmp(a->mode, "low")) {
        ct_array v[] = {random_uniform_unit(a->key, dimlist_ints(&shape), dtype), a->p};
        return numpy_match_ranks("bernoulli", 2, v, v) ? op_lt(v[0], v[1]) : array_poison;
    }
    ct_array p = numpy_broadcast_one("bernoulli", numpy_cast(a->p, dtype), dimlist_ints(&shape));
    float_limits limits;
    if (!random_limits(dtype, &limits) || shape.n == NUMPY_MAX_NDIM)
        return array_poison;
    dimlist two = {.n = shape.n + 1, .at = {2}};
    for (int64_t i = 0; i < shape.n; i++)
        two.at[i + 1] = shape.at[i];
    ct_array pair = random_uniform_unit(a->key, dimlist_ints(&two), dtype);
    ct_array u1 = op_squeeze(shape_slice(pair, 0, 0, 1, 1), I(0)),
             u2 = op_squeeze(shape_slice(pair, 0, 1, 2, 1), I(0));
    return op_lt(mul(u2, limits.epsilon), sub(p, u1));
}

ct_array random_geometric(const ct_random_geometric_args *a)
{
    ct_array p = a->p;
    dimlist shape;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_INT));
    if (!dtype_is(dtype, FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "dtype argument to `geometric` must be an int dtype, got %s",
                       ct_dtype_name(dtype));
    if (!random_shape("geometric", a->shape, 1, &p, &shape) ||
        !numpy_promote_inexact("geometric", 1, &p, &p))
        return array_poison;
    ct_array u = random_uniform_unit(a->key, dimlist_ints(&shape), dtype_of(p));
    u = ct_where(op_eq(u, op_number(0, u)), 1, u);
    ct_array wait = op_log(u);
    ct_array failure = numpy_broadcast_one("geometric", op_log1p(neg(p)), dimlist_ints(&shape));
    return op_convert(add(op_floor(div(wait, failure)), 1), dtype, false);
}

/* ---- permutation, choice, categorical ---- */

/* Sorted by random keys, often enough that equal keys do no harm. */
ct_array random__shuffle(const ct_random__shuffle_args *a)
{
    ct_array x = a->x, key = a->key;
    int rounds = (int)ceil(3 * log((double)(x->size > 1 ? x->size : 1)) / log(4294967295.0));
    for (int i = 0; i < rounds && !is_poison(x); i++) {
        ct_array keys[2], out[2];
        random_split_keys(key, 2, keys);
        key = keys[0];
        ct_array in[] = {random_bits_drawn(keys[1], 32, shape_of(x)), x};
        op_sort(2, in, a->axis, true, 1, out);
        x = out[1];
    }
    return x;
}

static ct_array shuffled_range(ct_array key, int64_t n)
{
    return ct_random__shuffle(key, shape_range(n), 0);
}

static ct_array permuted(ct_array key, ct_array x, int64_t axis, bool independent)
{
    if (independent || x->aval.ndim == 1)
        return ct_random__shuffle(key, x, axis);
    ct_array order = shuffled_range(key, x->aval.shape[axis]);
    return ct_take(x, order, .axis = GIVEN(axis), .unique_indices = true);
}

ct_array random_permutation(const ct_random_permutation_args *a)
{
    ct_array x = a->x;
    int64_t axis = a->axis, n;
    if (!numpy_axis("permutation", axis, x->aval.ndim ? x->aval.ndim : 1, &axis))
        return array_poison;
    if (x->aval.ndim)
        return permuted(a->key, x, axis, a->independent);
    if (!dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "x must be an integer or at least 1-dimensional");
    return numpy_known_int("permutation", "x", x, &n) ? shuffled_range(a->key, n < 0 ? 0 : n)
                                                      : array_poison;
}

static ct_array gumbel(ct_array key, ct_ints shape, ct_array like, const char *mode)
{
    return ct_random_gumbel(key, shape, .dtype = dtype_of(like), .mode = mode);
}

/* Where in the population the draws lie: 0 to n - 1, with or without weights, with or without
 * repetition. */
static ct_array chosen(const ct_random_choice_args *a, int64_t n, int64_t draws)
{
    ct_array p = a->p;
    ct_dtype integer = dtype_default(FAMILY_INT);
    bool replace = a->replace != CT_FALSE;
    if (!p)
        return replace ? ct_random_randint(a->key, a->shape, ct_weak_int(0), ct_weak_int(n))
                       : shape_slice(shuffled_range(a->key, n), 0, 0, draws, 1);
    if (!numpy_promote_inexact("choice", 1, &p, &p))
        return array_poison;
    if (p->aval.ndim != 1 || p->size != n)
        return ct_fail(CT_VALUE_ERROR,
                       "p must be None or a 1D vector with the same size as a.shape[axis]. p has "
                       "shape %s and a.shape[axis] is %lld.",
                       dims_string(shape_of(p)), (long long)n);
    if (!replace) {
        ct_array g = gumbel(a->key, I(n), p, a->mode), out[2];
        g = add(g, op_log(p));
        op_top_k(g, draws, 0, out);
        return op_convert(out[1], integer, false);
    }
    ct_array sums = ct_cumsum(p);
    ct_array total = op_squeeze(shape_slice(sums, 0, n - 1, n, 1), I(0));
    ct_array u = sub(1, random_uniform_unit(a->key, a->shape, dtype_of(p)));
    return ct_searchsorted(sums, ct_multiply(total, u));
}

ct_array random_choice(const ct_random_choice_args *a)
{
    ct_array x = a->a;
    bool population = x->aval.ndim > 0;
    int64_t axis = a->axis, n, draws = shape_size(a->shape.n, a->shape.at);
    if (population ? !numpy_axis("choice", axis, x->aval.ndim, &axis)
                   : !numpy_known_int("choice", "a", x, &n))
        return array_poison;
    n = population ? x->aval.shape[axis] : n;
    if (!draws)
        return op_full(&(aval){x->aval.dtype, false, (int32_t)a->shape.n, a->shape.at}, 0);
    if (n <= 0)
        return ct_fail(CT_VALUE_ERROR, "a must be greater than 0 unless no samples are taken");
    if (a->replace == CT_FALSE && draws > n)
        return ct_fail(CT_VALUE_ERROR,
                       "Cannot take a larger sample (size %lld) than population (size %lld) when "
                       "'replace=False'",
                       (long long)draws, (long long)n);
    dimlist shape = {0};
    for (int64_t d = 0; population && d < axis; d++)
        shape.at[shape.n++] = x->aval.shape[d];
    for (int64_t d = 0; d < a->shape.n && shape.n < NUMPY_MAX_NDIM; d++)
        shape.at[shape.n++] = a->shape.at[d];
    for (int64_t d = axis + 1; population && d < x->aval.ndim && shape.n < NUMPY_MAX_NDIM; d++)
        shape.at[shape.n++] = x->aval.shape[d];
    ct_array y;
    if (population && !a->p && a->replace == CT_FALSE)
        y = shape_slice(permuted(a->key, x, axis, false), axis, 0, draws, 1);
    else {
        y = chosen(a, n, draws);
        if (population && !is_poison(y))
            y = ct_take(x, y, .axis = GIVEN(axis));
    }
    return shape_reshape(y, dimlist_ints(&shape));
}

ct_array random_categorical(const ct_random_categorical_args *a)
{
    ct_array logits = a->logits;
    int64_t axis = a->axis.value, ndim = logits->aval.ndim;
    dimlist batch_shape = {0}, shape, wide = {0}, fresh = {0};
    if (!numpy_axis("categorical", axis, ndim, &axis))
        return array_poison;
    for (int64_t d = 0; d < ndim; d++)
        if (d != axis)
            batch_shape.at[batch_shape.n++] = logits->aval.shape[d];
    if (!dimlist_copy(&shape, "categorical", a->shape.at ? a->shape : dimlist_ints(&batch_shape)))
        return array_poison;
    int64_t prefix = shape.n - batch_shape.n, k = 1;
    for (int64_t d = 0; d < batch_shape.n && prefix >= 0; d++)
        if (batch_shape.at[d] != 1 && batch_shape.at[d] != shape.at[prefix + d])
            prefix = -1;
    if (prefix < 0)
        return ct_fail(CT_VALUE_ERROR,
                       "categorical parameter shapes must be broadcast-compatible with shape "
                       "argument, and the result of broadcasting the shapes must equal the shape "
                       "argument, but got result %s for shape argument %s.",
                       dims_string(dimlist_ints(&batch_shape)), dims_string(a->shape));
    ct_dtype integer = dtype_default(FAMILY_INT);
    for (int64_t d = 0; d < prefix; d++) {
        k *= shape.at[d];
        fresh.at[fresh.n++] = d;
        wide.at[wide.n++] = shape.at[d];
    }
    if (a->replace != CT_FALSE) {
        for (int64_t d = 0, b = prefix; d < ndim; d++)
            wide.at[wide.n++] = d == axis ? logits->aval.shape[axis] : shape.at[b++];
        ct_array g = gumbel(a->key, dimlist_ints(&wide), logits, a->mode);
        if (fresh.n)
            logits = op_expand_dims(logits, dimlist_ints(&fresh));
        return op_argmax(add(g, numpy_broadcast_one("categorical", logits, dimlist_ints(&wide))),
                         prefix + axis, integer);
    }
    if (k > logits->aval.shape[axis])
        return ct_fail(CT_VALUE_ERROR,
                       "Number of samples without replacement (%lld) cannot exceed number of "
                       "categories (%lld).",
                       (long long)k, (long long)logits->aval.shape[axis]);
    ct_array out[2], noisy = add(logits, gumbel(a->key, shape_of(logits), logits, a->mode));
    op_top_k(op_moveaxis(noisy, axis, ndim - 1), k, ndim - 1, out);
    return shape_reshape(op_moveaxis(out[1], ndim - 1, 0), dimlist_ints(&shape));
}
