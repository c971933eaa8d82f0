/* Polar decomposition by the QR-based dynamically weighted Halley iteration of Y. Nakatsukasa,
 * Z. Bai and F. Gygi (SIAM J. Matrix Anal. Appl. 31, 2010). */
#define OPS_SHORT_NAMES
#include <float.h>
#include <math.h>

#include "cotan/control.h"
#include "lax/lax.h"

static ct_array adjoint(ct_array x)
{
    ct_array y = op_transpose(x, I(1, 0));
    return !is_poison(y) && dtype_is(dtype_of(y), FAMILY_COMPLEX) ? op_conj(y) : y;
}

static ct_array frobenius(ct_array x) { return op_sqrt(ct_sum(ct_square(op_abs(x)))); }

static ct_array times(ct_array number, ct_array x)
{
    return op_mul(op_convert(number, dtype_of(x), false), x);
}

/* What the steps look up, and the carry: u, a lower bound of its singular values, the steps done,
 * whether they moved less than the tolerance says. */
typedef struct halley {
    double tolerance;
    int64_t limit;
} halley;
enum { ITERATE, BOUND, STEPS, DONE, HALLEY_STATE };

static ct_tree unfinished(void *env, int n, const ct_tree *state)
{
    (void)n;
    ct_array few = ct_less(ct_at(*state, STEPS), ((const halley *)env)->limit);
    return op_and(few, op_not(ct_at(*state, DONE)));
}

/* The weights (a, b, c) of a step for singular values in [l, 1]. */
static void weights(ct_array l, ct_array out[3])
{
    ct_array l2 = op_mul(l, l), d = op_cbrt(div(mul(4, sub(1, l2)), op_mul(l2, l2)));
    ct_array root = op_sqrt(add(1, d));
    ct_array inner = add(sub(8, mul(4, d)), div(mul(8, sub(2, l2)), op_mul(l2, root)));
    out[0] = op_add(root, mul(0.5, op_sqrt(inner)));
    out[1] = mul(0.25, ct_square(sub(out[0], 1)));
    out[2] = sub(op_add(out[0], out[1]), 1);
}

/* b/c u + (a - b/c)/sqrt(c) q1 q2^H, where q1 and q2 are the upper and lower part of the Q of
 * [sqrt(c) u; 1]. */
static ct_array moved(ct_array u, const ct_array w[3])
{
    int64_t m = u->aval.shape[0], n = u->aval.shape[1];
    ct_array root = op_sqrt(w[2]), keep = op_div(w[1], w[2]), q[2];
    ct_array both[2] = {times(root, u), ct_eye(n, .dtype = dtype_of(u))};
    op_qr(op_concatenate(2, both, 0), false, false, q);
    if (is_poison(q[0]))
        return array_poison;
    ct_array upper = op_slice(q[0], I(0, 0), I(m, n), (ct_ints){0}),
             lower = op_slice(q[0], I(m, 0), I(m + n, n), (ct_ints){0});
    ct_array turned = times(op_div(op_sub(w[0], keep), root), ct_matmul(upper, adjoint(lower)));
    return op_add(times(keep, u), turned);
}

static ct_tree halley_step(void *env, int n, const ct_tree *state)
{
    (void)n;
    const halley *h = env;
    ct_array u = ct_at(*state, ITERATE), l = ct_at(*state, BOUND), w[3];
    weights(l, w);
    ct_array next = moved(u, w), l2 = op_mul(l, l);
    ct_array raised = op_div(op_mul(l, op_add(w[0], op_mul(w[1], l2))), add(1, op_mul(w[2], l2)));
    ct_array step = frobenius(op_sub(next, u)), size = frobenius(next);
    ct_array still = ct_less_equal(step, mul(cbrt(h->tolerance), size)),
             tight = ct_less_equal(op_abs(sub(1, raised)), h->tolerance);
    return ct_tuple(next, ct_minimum(raised, 1), add(ct_at(*state, STEPS), 1),
                    op_and(still, tight));
}

/* Zeros outside of the first rows and columns. */
static ct_array within(ct_array x, ct_ints size)
{
    ct_ints shape = shape_of(x);
    ct_array inside = op_and(ct_less(op_iota(CT_INT32, shape, 0), size.at[0]),
                             ct_less(op_iota(CT_INT32, shape, 1), size.at[1]));
    return ct_where(inside, x, op_full_like(x, 0));
}

static const char *unfit(ct_array x, ct_ints dynamic_shape)
{
    if (x->aval.ndim != 2)
        return "one matrix";
    if (x->aval.shape[0] < x->aval.shape[1])
        return "matrices with no more columns than rows";
    if (!dtype_inexact(dtype_of(x)))
        return "floating-point or complex matrices";
    return dynamic_shape.at && dynamic_shape.n != 2 ? "two sizes as dynamic_shape" : NULL;
}

ct_tree lax_linalg_qdwh(const ct_lax_linalg_qdwh_args *a)
{
    ct_array x = a->x;
    const char *wanted = is_poison(x) ? NULL : unfit(x, a->dynamic_shape);
    if (wanted)
        return ct_fail(CT_VALUE_ERROR, "qdwh takes %s, got an array of %s with %d axes.", wanted,
                       ct_dtype_name(dtype_of(x)), (int)x->aval.ndim);
    if (is_poison(x))
        return x;
    if (a->dynamic_shape.at)
        x = within(x, a->dynamic_shape);
    ct_dtype real = dtype_real_part(dtype_of(x));
    double eps = a->eps.given ? a->eps.value : real == CT_FLOAT64 ? DBL_EPSILON : FLT_EPSILON;
    halley h = {.tolerance = 5 * eps,
                .limit = a->max_iterations.given ? a->max_iterations.value : 10};
    ct_array sizes = op_abs(x), most = op_mul(ct_max(ct_sum(sizes, .axis = I(0))),
                                              ct_max(ct_sum(sizes, .axis = I(1))));
    ct_array scale = ct_where(ct_equal(most, 0), op_full_like(most, 1), op_sqrt(most));
    ct_tree state =
        ct_tuple(op_div(x, op_convert(scale, dtype_of(x), false)), array_scalar(real, false, eps),
                 array_scalar_int(CT_INT32, false, 0), array_scalar_int(CT_BOOL, false, 0));
    ct_fn loop = ct_while_loop_(ct_closure(unfinished, &h, NULL, "qdwh"),
                                ct_closure(halley_step, &h, NULL, "qdwh"), NULL);
    ct_tree end = loop ? ct_call_(loop, 1, &state) : array_poison;
    if (is_poison(end))
        return end;
    ct_array u = ct_at(end, ITERATE); /* a step of Newton and Schulz takes rounding errors away */
    u = sub(mul(1.5, u), mul(0.5, ct_matmul(u, ct_matmul(adjoint(u), u))));
    ct_array p = ct_matmul(adjoint(u), x);
    p = is_poison(p) ? p : mul(0.5, op_add(p, adjoint(p)));
    return is_poison(p) ? p : ct_tuple(u, p, ct_at(end, STEPS), ct_at(end, DONE));
}
