/* Samplers of counts: poisson, binomial, multinomial. They draw until every element is accepted, so
 * what a loop needs travels in its carry. */
#define OPS_SHORT_NAMES
#include "random/random.h"

#include <math.h>

#include "api/bodies.h"
#include "cotan/control.h"

static ct_array both(ct_array a, ct_array b) { return op_and(a, b); }

static ct_array any_of(ct_array a) { return ct_any(a); }

static ct_array unit(ct_array key, ct_array like)
{
    return random_uniform_unit(key, shape_of(like), dtype_of(like));
}

/* ---- Poisson ---- */

/* D. Knuth, TAOCP 2, 3.4.1: uniform numbers are multiplied until the product is below exp(-lam).
 * The carry: how many so far, the key, the logarithm of the product, lam. */
static ct_array multiplying(ct_tree carry)
{
    return any_of(op_gt(ct_at(carry, 2), neg(ct_at(carry, 3))));
}

static ct_tree multiply(ct_tree carry)
{
    ct_array k = ct_at(carry, 0), keys[2], product = ct_at(carry, 2), lam = ct_at(carry, 3);
    random_split_keys(ct_at(carry, 1), 2, keys);
    k = select(op_gt(product, neg(lam)), add(k, 1), k);
    return ct_tuple(k, keys[0], add(product, op_log(unit(keys[1], lam))), lam);
}

static ct_array poisson_small(ct_array key, ct_array lam, ct_dtype dtype)
{
    ct_array k = op_convert(op_full_like(lam, 0), dtype, false);
    ct_tree end =
        ct_call(ct_while_loop(multiplying, multiply), ct_tuple(k, key, op_full_like(lam, 0), lam));
    return is_poison(end) ? end : sub(ct_at(end, 0), 1);
}

/* W. Hörmann, The transformed rejection method for generating Poisson random variables, 1993: PTRS.
 * The carry: k, which are accepted, the key, lam. */
static ct_array rejecting(ct_tree carry) { return any_of(op_not(ct_at(carry, 1))); }

static ct_tree poisson_try(ct_tree carry)
{
    ct_array lam = ct_at(carry, 3), keys[3];
    ct_array b = add(0.931, mul(2.53, op_sqrt(lam))), a = add(-0.059, mul(0.02483, b));
    ct_array inverse_alpha = add(1.1239, div(1.1328, sub(b, 3.4)));
    ct_array likely_below = sub(0.9277, div(3.6224, sub(b, 2)));
    random_split_keys(ct_at(carry, 2), 3, keys);
    ct_array u = sub(unit(keys[1], lam), 0.5), v = unit(keys[2], lam);
    ct_array us = sub(0.5, op_abs(u));
    ct_array k = op_floor(add(add(mul(add(div(mul(2, a), us), b), u), lam), 0.43));
    ct_array s = op_log(div(mul(v, inverse_alpha), add(div(a, mul(us, us)), b)));
    ct_array t = sub(add(neg(lam), mul(k, op_log(lam))), op_lgamma(add(k, 1)));
    ct_array sure = both(op_ge(us, op_number(0.07, us)), op_le(v, likely_below));
    ct_array narrow = both(op_lt(us, op_number(0.013, us)), op_gt(v, us));
    ct_array rejected = op_or(op_lt(k, op_number(0, k)), narrow);
    ct_array accepted = op_or(sure, both(op_not(rejected), op_le(s, t)));
    return ct_tuple(select(accepted, k, ct_at(carry, 0)), op_or(ct_at(carry, 1), accepted), keys[0],
                    lam);
}

static ct_array poisson_large(ct_array key, ct_array lam)
{
    ct_array none = op_ne(lam, lam);
    ct_tree end = ct_call(ct_while_loop(rejecting, poisson_try),
                          ct_tuple(op_full_like(lam, -1), both(none, op_not(none)), key, lam));
    return is_poison(end) ? end : ct_at(end, 0);
}

ct_array random_poisson(const ct_random_poisson_args *a)
{
    ct_array key = a->key;
    dimlist shape;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_INT));
    if (!dtype_is(dtype, FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "dtype argument to `poisson` must be an int dtype, got %s",
                       ct_dtype_name(dtype));
    if (!random_shape("poisson", a->shape, 1, &a->lam, &shape))
        return array_poison;
    ct_array lam =
        numpy_broadcast_one("poisson", numpy_cast(a->lam, CT_FLOAT32), dimlist_ints(&shape));
    ct_array small = op_or(op_ne(lam, lam), op_lt(lam, op_number(10, lam)));
    ct_array few = poisson_small(key, select(small, lam, op_full_like(lam, 0)), dtype);
    ct_array many = poisson_large(key, select(small, op_full_like(lam, 1e5), lam));
    ct_array count = select(small, few, op_convert(many, dtype, false));
    return select(op_eq(lam, op_number(0, lam)), op_full_like(count, 0), count);
}

/* ---- binomial ---- */

/* Waiting times between successes, added up until they exceed the trials. The carry: how many
 * times, their sum, the key, the number of trials, log(1 - p). */
static ct_array waiting(ct_tree carry) { return any_of(op_le(ct_at(carry, 1), ct_at(carry, 3))); }

static ct_tree wait(ct_tree carry)
{
    ct_array sum = ct_at(carry, 1), trials = ct_at(carry, 3), failure = ct_at(carry, 4), keys[2];
    random_split_keys(ct_at(carry, 2), 2, keys);
    ct_array times = ct_at(carry, 0);
    times = select(op_le(sum, trials), add(times, 1), times);
    ct_array time = op_ceil(div(op_log(unit(keys[0], trials)), failure));
    return ct_tuple(times, add(sum, time), keys[1], trials, failure);
}

static ct_array binomial_small(ct_array key, ct_array trials, ct_array p)
{
    ct_array zero = op_full_like(p, 0);
    ct_tree end =
        ct_call(ct_while_loop(waiting, wait), ct_tuple(zero, zero, key, trials, op_log1p(neg(p))));
    return is_poison(end) ? end : sub(ct_at(end, 0), 1);
}

/* log(k!) less Stirling's approximation: a table for k <= 9, a series above. */
static ct_array stirling_tail(ct_array k)
{
    static const float few[] = {0.0810614667953272f,  0.0413406959554092f, 0.0276779256849983f,
                                0.02079067210376509f, 0.0166446911898211f, 0.0138761288230707f,
                                0.0118967099458917f,  0.010411265261972f,  0.00925546218271273f,
                                0.00833056343336287f};
    ct_array low = op_le(k, op_number(9, k)), values = op_full_like(k, few[9]);
    k = op_clamp(op_number(0, k), k, op_number(9, k));
    ct_array next = add(k, 1), square = mul(next, next);
    ct_array inner = sub(1.0 / 360, div(1.0 / 1260, square));
    ct_array series = div(sub(1.0 / 12, div(inner, square)), next);
    for (int i = 8; i >= 0; i--)
        values = select(op_lt(k, op_number(i + 1, k)), op_full_like(k, few[i]), values);
    return select(low, values, series);
}

/* W. Hörmann, The generation of binomial random variates, 1993: BTRS. The carry: k, which are
 * accepted, the key, the trials, p. */
static ct_tree binomial_try(ct_tree carry)
{
    ct_array n = ct_at(carry, 3), p = ct_at(carry, 4), keys[3];
    ct_array deviation = op_sqrt(mul(mul(n, p), sub(1, p)));
    ct_array b = add(1.15, mul(2.53, deviation));
    ct_array a = add(add(-0.0873, mul(0.0248, b)), mul(0.01, p));
    ct_array c = add(mul(n, p), 0.5), likely_below = sub(0.92, div(4.2, b));
    ct_array r = div(p, sub(1, p)), alpha = mul(add(2.83, div(5.1, b)), deviation);
    ct_array n1 = add(n, 1), m = op_floor(mul(n1, p));
    random_split_keys(ct_at(carry, 2), 3, keys);
    ct_array u = unit(keys[1], p), v = unit(keys[2], p);
    u = sub(u, 0.5);
    ct_array us = sub(0.5, op_abs(u));
    ct_array sure = both(op_ge(us, op_number(0.07, us)), op_le(v, likely_below));
    ct_array k = op_floor(add(mul(add(div(mul(2, a), us), b), u), c));
    ct_array rejected = op_or(op_lt(k, op_number(0, k)), op_gt(k, n));
    v = op_log(div(mul(v, alpha), add(div(a, mul(us, us)), b)));
    ct_array of_m = add(sub(n, m), 1), of_k = add(sub(n, k), 1);
    ct_array bound = mul(add(m, 0.5), op_log(div(add(m, 1), mul(r, of_m))));
    bound = add(bound, mul(n1, op_log(div(of_m, of_k))));
    bound = add(bound, mul(add(k, 0.5), op_log(div(mul(r, of_k), add(k, 1)))));
    bound = add(add(bound, stirling_tail(m)), stirling_tail(sub(n, m)));
    bound = sub(sub(bound, stirling_tail(k)), stirling_tail(sub(n, k)));
    ct_array accepted = op_or(sure, both(op_not(rejected), op_le(v, bound)));
    return ct_tuple(select(accepted, k, ct_at(carry, 0)), op_or(ct_at(carry, 1), accepted), keys[0],
                    n, p);
}

static ct_array binomial_large(ct_array key, ct_array trials, ct_array p)
{
    ct_array none = op_ne(p, p);
    ct_tree end = ct_call(ct_while_loop(rejecting, binomial_try),
                          ct_tuple(op_full_like(p, -1), both(none, op_not(none)), key, trials, p));
    return is_poison(end) ? end : ct_at(end, 0);
}

/* Draws with the rarer outcome; NaN for what is no binomial distribution. */
static ct_array binomial(ct_array key, ct_array n, ct_array p, ct_dtype dtype)
{
    ct_array minority = op_lt(p, op_number(0.5, p)), q = select(minority, p, sub(1, p));
    ct_array no_trials = op_or(op_ne(n, n), op_lt(n, op_number(0, n)));
    ct_array endless = both(op_eq(op_abs(n), op_number(INFINITY, n)), op_eq(n, n));
    ct_array undefined = op_ne(q, q), negative = op_lt(q, op_number(0, q));
    q = select(op_or(undefined, negative), op_full_like(q, 0.01), q);
    ct_array small = op_or(no_trials, op_le(mul(n, q), op_number(10, n)));
    n = op_floor(n);
    ct_array few = binomial_small(key, select(small, n, op_full_like(n, 0)), q);
    ct_array many = binomial_large(key, select(small, op_full_like(n, 1e4), n),
                                   select(small, op_full_like(q, 0.5), q));
    ct_array k = op_convert(select(small, few, many), dtype, false);
    ct_array invalid = op_or(op_or(negative, undefined), no_trials);
    k = select(invalid, op_full_like(k, NAN), k);
    k = select(both(endless, op_not(invalid)), op_full_like(k, INFINITY), k);
    ct_array kept = op_or(op_or(op_or(minority, no_trials), undefined), endless);
    return select(kept, k, sub(op_convert(n, dtype, false), k));
}

ct_array random_binomial(const ct_random_binomial_args *a)
{
    ct_array v[] = {a->n, a->p};
    dimlist shape;
    ct_dtype dtype = a->dtype;
    if (!random_float_dtype("binomial", &dtype) ||
        !numpy_promote_inexact("binomial", 1, v + 1, v + 1) ||
        !random_shape("binomial", a->shape, 2, v, &shape))
        return array_poison;
    v[0] = numpy_cast(v[0], dtype_of(v[1]));
    for (int i = 0; i < 2; i++)
        v[i] = numpy_broadcast_one("binomial", v[i], dimlist_ints(&shape));
    return binomial(a->key, v[0], v[1], dtype);
}

/* One category after another takes its share of the trials that are left. */
ct_array random_multinomial(const ct_random_multinomial_args *a)
{
    ct_array v[] = {a->n, a->p};
    if (!numpy_promote_inexact("multinomial", 2, v, v))
        return array_poison;
    ct_dtype dtype = a->dtype;
    if (!random_float_dtype("multinomial", &dtype))
        return array_poison;
    ct_ints shape = a->shape.n || a->shape.at ? a->shape : shape_of(v[1]);
    if (!shape.n)
        return ct_fail(CT_VALUE_ERROR, "multinomial: p needs an axis of categories");
    ct_array left = numpy_broadcast_one("multinomial", v[0], (ct_ints){shape.n - 1, shape.at}),
             p = numpy_broadcast_one("multinomial", v[1], shape);
    if (is_poison(left) || is_poison(p))
        return array_poison;
    int64_t count = shape.at[shape.n - 1], last = shape.n - 1;
    ct_array after = op_cumsum(op_moveaxis(p, last, 0), 0, true);
    ct_array ratio = div(op_moveaxis(p, last, 0),
                         select(op_eq(after, op_number(0, after)), op_full_like(after, 1), after));
    ct_array *room = base_alloc((size_t)(2 * count + 1) * sizeof *room), *keys = room + count;
    if (!room)
        return array_poison;
    random_split_keys(a->key, count, keys);
    for (int64_t i = 0; i < count; i++) {
        ct_array share = op_squeeze(shape_slice(ratio, 0, i, i + 1, 1), I(0));
        share = op_clamp(op_number(0, share), share, op_number(1, share));
        room[i] = binomial(keys[i], left, share, dtype_of(left));
        left = sub(left, room[i]);
    }
    ct_array counts = count ? op_moveaxis(op_stack(count, room, 0), 0, last) : op_full_like(p, 0);
    base_free(room);
    return op_convert(counts, dtype, false);
}
