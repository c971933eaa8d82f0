/* gcd and lcm. */
#define OPS_SHORT_NAMES
#include "cotan/control.h"
#include "numpy/numpy.h"

/* Euclid's algorithm on all elements at once, until every remainder is zero. */
static ct_array remainders_left(ct_tree pair)
{
    ct_array y = ct_at(pair, 1);
    return ct_any(op_ne(y, op_number(0, y)));
}

static ct_tree euclid(ct_tree pair)
{
    ct_array x = ct_at(pair, 0), y = ct_at(pair, 1);
    ct_array zero = op_full_like(y, 0), one = op_full_like(y, 1), going = op_ne(y, zero);
    ct_array rest = op_rem(x, select(going, y, one));
    return ct_tuple(select(going, y, x), select(going, rest, zero));
}

static ct_array common_divisor(const char *what, ct_array x, ct_array y, ct_array v[2])
{
    v[0] = x, v[1] = y;
    if (!numpy_promote(what, 2, v, v) || !numpy_broadcast(what, 2, v, v))
        return array_poison;
    if (!dtype_is(dtype_of(v[0]), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "Arguments to jax.numpy.%s must be integers.", what);
    for (int i = 0; i < 2; i++) {
        v[i] = dtype_is(dtype_of(v[i]), FAMILY_INT) ? op_abs(v[i]) : v[i];
        if (is_poison(v[i]))
            return v[i];
    }
    ct_tree pair = ct_tuple(v[0], v[1]);
    ct_fn loop = ct_while_loop(remainders_left, euclid);
    ct_tree out = loop ? ct_call_(loop, 1, &pair) : array_poison;
    return is_poison(out) ? out : ct_at(out, 0);
}

ct_array numpy_gcd(ct_array x1, ct_array x2)
{
    ct_array v[2];
    return common_divisor("gcd", x1, x2, v);
}

ct_array numpy_lcm(ct_array x1, ct_array x2)
{
    ct_array v[2], d = common_divisor("lcm", x1, x2, v);
    if (is_poison(d))
        return d;
    ct_array none = op_eq(d, op_full_like(d, 0)), one = op_full_like(d, 1);
    return op_mul(v[0], op_div(v[1], select(none, one, d)));
}
