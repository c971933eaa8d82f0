/* jax.experimental.ode.odeint. Hairer, Norsett, Wanner, "Solving Ordinary Differential Equations
 * I": table II.5.2 (Dormand and Prince), section II.4 (step lengths); between the ends of a step a
 * polynomial of degree 4 (L. Shampine, Math. Comp. 46, 1986, for the middle). */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "cotan/control.h"
#include "numpy/shape.h"

#include <math.h>

enum { STAGES = 7, ORDER = 5, COEFFICIENTS = 5 };
static const double nodes[STAGES] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
static const double weights[STAGES][STAGES - 1] = {
    {0},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
static const double errors[STAGES] = {35. / 384 - 1951. / 21600,
                                      0,
                                      500. / 1113 - 22642. / 50085,
                                      125. / 192 - 451. / 720,
                                      -2187. / 6784 + 12231. / 42400,
                                      11. / 84 - 649. / 6300,
                                      -1. / 60};
static const double middle[STAGES] = {
    6025192743. / 30085553152 / 2,     0,
    51252292925. / 65400821598 / 2,    -2691868925. / 45128329728 / 2,
    187940372067. / 1594534317056 / 2, -1776094331. / 19743644256 / 2,
    11237099. / 235043384 / 2};

typedef struct equation {
    ct_fn func; /* of trees */
    flattening shape;
    double rtol, atol, most_steps, longest;
} equation;

static ct_array slope(const equation *e, ct_array y, ct_array t)
{
    ct_tree args[] = {scipy_unflat(&e->shape, y), t};
    return is_poison(args[0]) ? array_poison : scipy_flat(&e->shape, ct_call_(e->func, 2, args));
}

/* y + h sum of w[i] k[i]. */
static ct_array moved(ct_array y, ct_array h, int n, const double *w, const ct_array *k)
{
    ct_array sum = NULL;
    for (int i = 0; i < n; i++)
        if (w[i]) {
            ct_array term = mul(w[i], k[i]);
            sum = sum ? add(sum, term) : term;
        }
    sum = mul(op_convert(h, dtype_of(sum), false), sum);
    return y ? add(y, sum) : sum;
}

static ct_array longest_first(const equation *e, ct_array h)
{
    ct_array low = op_full_like(h, 0), high = op_full_like(h, e->longest);
    return op_clamp(low, h, high);
}

/* ---- one step ---- */

/* What goes from step to step: count, y, y', time, length, time before, polynomial; and where to.
 */
enum { COUNT, Y, SLOPE, TIME, LENGTH, BEFORE, POLYNOMIAL, TARGET, STATE };

static ct_array error_ratio(const equation *e, ct_array error, ct_array y, ct_array next)
{
    ct_array size = op_max(op_abs(y), op_abs(next));
    ct_array ratio = div(op_abs(error), add(e->atol, mul(e->rtol, size)));
    return op_sqrt(ct_mean(op_square(ratio)));
}

static ct_array next_length(ct_array h, ct_array ratio)
{
    ct_array least = where(lt(ratio, 1), op_full_like(ratio, 1), op_full_like(ratio, 0.2));
    ct_array factor = op_max(mul(0.9, op_pow(ratio, op_full_like(ratio, -1. / ORDER))), least);
    ct_array most = op_full_like(ratio, 10);
    factor = where(eq(ratio, 0), most, op_min(factor, most));
    return mul(h, op_convert(factor, dtype_of(h), false));
}

/* The polynomial in the part of the step done, highest power first, one row each. */
static ct_array polynomial(ct_array y, ct_array next, ct_array mid, ct_array h, ct_array first,
                           ct_array last)
{
    ct_array a = mul(h, first), b = mul(h, last);
    ct_array fourth = add(mul(2, sub(b, a)), sub(mul(16, mid), mul(8, add(y, next))));
    ct_array third = sub(mul(5, a), mul(3, b));
    third = add(third, sub(add(mul(18, y), mul(14, next)), mul(32, mid)));
    ct_array second = sub(b, mul(4, a));
    second = add(second, sub(mul(16, mid), add(mul(11, y), mul(5, next))));
    return op_stack(COEFFICIENTS, (ct_array[]){fourth, third, second, a, y}, 0);
}

static ct_tree take_step(void *env, int n, const ct_tree *carry)
{
    (void)n;
    const equation *e = env;
    ct_array v[STATE], k[STAGES], next = NULL;
    for (int i = 0; i < STATE; i++)
        v[i] = ct_at(carry[0], i);
    ct_array h = v[LENGTH], y = v[Y];
    if (is_poison(y))
        return y;
    k[0] = v[SLOPE];
    for (int i = 1; i < STAGES; i++) {
        next = moved(y, h, i, weights[i], k);
        k[i] = slope(e, next, add(v[TIME], mul(nodes[i], h)));
        if (is_poison(k[i]))
            return k[i];
    }
    ct_array error = moved(NULL, h, STAGES, errors, k), mid = moved(y, h, STAGES, middle, k);
    ct_array ratio = op_stop_gradient(error_ratio(e, error, y, next)), good = le(ratio, 1);
    ct_array fit = polynomial(y, next, mid, op_convert(h, dtype_of(y), false), k[0], k[STAGES - 1]);
    v[COUNT] = add(v[COUNT], 1);
    v[Y] = ct_where(good, next, y);
    v[SLOPE] = ct_where(good, k[STAGES - 1], k[0]);
    v[BEFORE] = select(good, v[TIME], v[BEFORE]);
    v[TIME] = select(good, add(v[TIME], h), v[TIME]);
    v[LENGTH] = longest_first(e, next_length(h, ratio));
    v[POLYNOMIAL] = ct_where(good, fit, v[POLYNOMIAL]);
    return ct_tuple_(STATE, v);
}

static ct_tree not_there(void *env, int n, const ct_tree *carry)
{
    (void)n;
    ct_array count = ct_at(carry[0], COUNT), h = ct_at(carry[0], LENGTH);
    ct_array far = op_lt(ct_at(carry[0], TIME), ct_at(carry[0], TARGET));
    double most = ((const equation *)env)->most_steps;
    if (most < INT32_MAX)
        far = both(far, lt(count, most));
    return both(far, gt(h, 0));
}

/* ---- from time to time ---- */

static ct_tree go_to(void *env, int n, const ct_tree *args)
{
    (void)n;
    ct_array v[STATE];
    for (int i = 0; i < TARGET - 1; i++)
        v[i + 1] = ct_at(args[0], i);
    v[COUNT] = array_scalar_int(CT_INT32, false, 0);
    v[TARGET] = args[1];
    ct_fn f = ct_while_loop_(ct_closure(not_there, env, NULL, "odeint_test"),
                             ct_closure(take_step, env, NULL, "odeint_step"), NULL);
    ct_tree init = ct_tuple_(STATE, v), end = f ? ct_call_(f, 1, &init) : array_poison;
    if (is_poison(end))
        return end;
    for (int i = 0; i < STATE; i++)
        v[i] = ct_at(end, i);
    ct_array part = div(sub(v[TARGET], v[BEFORE]), sub(v[TIME], v[BEFORE])), y = NULL;
    part = op_convert(part, dtype_of(v[Y]), false);
    for (int i = 0; i < COEFFICIENTS; i++) {
        ct_array c = op_squeeze(shape_slice(v[POLYNOMIAL], 0, i, i + 1, 1), I(0));
        y = y ? add(mul(y, part), c) : c;
    }
    return ct_tuple(ct_tuple_(TARGET - 1, v + 1), y);
}

/* Hairer's guess, section II.4. */
static ct_array first_length(const equation *e, ct_array t, ct_array y, ct_array f)
{
    ct_array scale = add(e->atol, mul(e->rtol, op_abs(y)));
    ct_array d0 = ct_numpy_linalg_norm(div(op_abs(y), scale)),
             d1 = ct_numpy_linalg_norm(div(op_abs(f), scale));
    ct_array small = either(lt(d0, 1e-5), lt(d1, 1e-5));
    ct_array h = select(small, op_full_like(d0, 1e-6), mul(0.01, div(d0, d1)));
    ct_array there = slope(e, add(y, mul(op_convert(h, dtype_of(y), false), f)),
                           add(t, op_convert(h, dtype_of(t), false)));
    if (is_poison(there))
        return there;
    ct_array d2 = div(ct_numpy_linalg_norm(div(op_abs(sub(there, f)), scale)), h);
    ct_array flat = both(le(d1, 1e-15), le(d2, 1e-15)), most = op_max(d1, d2);
    ct_array tiny = op_max(op_full_like(h, 1e-6), mul(h, 1e-3));
    ct_array guess = op_pow(div(0.01, most), op_full_like(most, 1. / ORDER));
    h = op_min(mul(100, h), select(flat, tiny, guess));
    return longest_first(e, op_stop_gradient(op_convert(h, dtype_of(t), false)));
}

ct_tree experimental_ode__odeint(const ct_experimental_ode__odeint_args *a)
{
    equation e = {.func = a->func,
                  .rtol = a->rtol.value,
                  .atol = a->atol.value,
                  .most_steps = a->mxstep.given ? a->mxstep.value : INFINITY,
                  .longest = a->hmax.given ? a->hmax.value : INFINITY};
    ct_array t = a->t;
    if (t->aval.ndim != 1 || !t->size || !dtype_is(dtype_of(t), FAMILY_FLOAT))
        return ct_fail(CT_TYPE_ERROR, "odeint: t must be a vector of floats, got %s of shape %s.",
                       ct_dtype_name(dtype_of(t)), dims_string(shape_of(t)));
    if (!scipy_flattening("odeint", a->y0, &e.shape))
        return array_poison;
    ct_array y = scipy_flat(&e.shape, a->y0), start = op_squeeze(shape_slice(t, 0, 0, 1, 1), I(0));
    ct_array f = is_poison(y) ? y : slope(&e, y, start);
    ct_array h = is_poison(f) ? f : first_length(&e, start, y, f);
    if (is_poison(h))
        return h;
    ct_array flat[COEFFICIENTS] = {y, y, y, y, y};
    ct_tree carry = ct_tuple(y, f, start, h, start, op_stack(COEFFICIENTS, flat, 0));
    ct_fn scan = ct_scan_(&(ct_scan_args){.f = ct_closure(go_to, &e, NULL, "odeint")});
    ct_tree args[] = {carry, shape_slice(t, 0, 1, t->size, 1)};
    ct_tree end = scan ? ct_call_(scan, 2, args) : array_poison;
    if (is_poison(end))
        return end;
    ct_array rows[] = {op_expand_dims(y, I(0)), ct_at(end, 1)};
    return scipy_unflat(&e.shape, op_concatenate(2, rows, 0));
}
