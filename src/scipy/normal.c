/* The normal distribution function, its logarithm and its inverse. */
#include "cotan/rules.h"
#include "scipy/scipy.h"

#include <math.h>

/* Of float32 and float64 only, as in JAX. */
static ct_array float_given(const char *what, ct_array x)
{
    return dtype_of(x) == CT_FLOAT32 || dtype_of(x) == CT_FLOAT64
               ? x
               : ct_fail(CT_TYPE_ERROR, "%s: x.dtype=%s is not supported; float32 and float64 are.",
                         what, ct_dtype_name(dtype_of(x)));
}

/* Through erf near zero and erfc in the tails. */
static ct_array below(ct_array x)
{
    ct_array w = mul(x, 0.7071067811865476), size = op_abs(w);
    ct_array tail = op_erfc(size);
    tail = select(gt(w, 0), sub(2, tail), tail);
    ct_array middle = add(1, op_erf(w));
    return mul(0.5, select(lt(size, 0.7071067811865476), middle, tail));
}

ct_array scipy_special_ndtr(ct_array x)
{
    x = float_given("ndtr", x);
    return is_poison(x) ? x : below(x);
}

/* ---- the inverse: rational approximations of S. Moshier's Cephes library (ndtri) ---- */

/* Numerator and denominator near 1/2, and for z = sqrt(-2 log p) in [2, 8] and above 8. */
static const double middle_p[] = {-59.96335010141079, 98.00107541859997, -56.67628574690703,
                                  13.931260938727968, -1.2391658386738125},
                    middle_q[] = {1.0,
                                  1.9544885833814176,
                                  4.676279128988815,
                                  86.36024213908905,
                                  -225.46268785411937,
                                  200.26021238006066,
                                  -82.03722561683334,
                                  15.90562251262117,
                                  -1.1833162112133},
                    tail_p[] = {4.0554489230596245,  31.525109459989388,   57.16281922464213,
                                44.08050738932008,   14.684956192885803,   2.1866330685079025,
                                -0.1402560791713545, -0.03504246268278482, -0.0008574567851546854},
                    tail_q[] = {1.0,
                                15.779988325646675,
                                45.39076351288792,
                                41.3172038254672,
                                15.04253856929075,
                                2.504649462083094,
                                -0.14218292285478779,
                                -0.03808064076915783,
                                -0.0009332594808954574},
                    far_p[] = {3.2377489177694603,     6.915228890689842,
                               3.9388102529247444,     1.3330346081580755,
                               0.20148538954917908,    0.012371663481782003,
                               0.00030158155350823543, 2.6580697468673755e-06,
                               6.239745391849833e-09},
                    far_q[] = {1.0,
                               6.02427039364742,
                               3.6798356385616087,
                               1.3770209948908132,
                               0.21623699359449663,
                               0.013420400608854318,
                               0.00032801446468212774,
                               2.8924786474538068e-06,
                               6.790194080099813e-09};

static ct_array ratio(ct_array x, int n, const double *p, int m, const double *q)
{
    ct_array above = scipy_polynomial(x, n, p);
    return div(above, scipy_polynomial(x, m, q));
}

ct_array scipy_special_ndtri(ct_array p)
{
    p = float_given("ndtri", p);
    if (is_poison(p))
        return p;
    double edge = exp(-2);
    ct_array lower = where(gt(p, -expm1(-2)), sub(1, p), p); /* by symmetry p below 1/2 */
    ct_array safe = where(eq(lower, 0), op_full_like(lower, 0.5), lower);
    ct_array w = sub(safe, 0.5), ww = op_square(w);
    ct_array middle = mul(w, ratio(ww, countof(middle_p), middle_p, countof(middle_q), middle_q));
    middle = mul(add(w, mul(ww, middle)), -sqrt(2 * 3.141592653589793));
    ct_array z = op_sqrt(mul(-2, op_log(safe)));
    ct_array first = sub(z, div(op_log(z), z)), inverse = div(1, z);
    ct_array far = div(ratio(inverse, countof(far_p), far_p, countof(far_q), far_q), z);
    ct_array tail = div(ratio(inverse, countof(tail_p), tail_p, countof(tail_q), tail_q), z);
    ct_array x = select(ge(z, 8), sub(first, far), sub(first, tail));
    x = select(gt(safe, edge), middle, x);
    x = select(gt(p, 1 - edge), x, neg(x));
    x = select(eq(p, 1), op_full_like(x, INFINITY), x);
    return select(eq(p, 0), op_full_like(x, -INFINITY), x);
}

/* ---- the logarithm: log(1 - y) ~ -y above, log between, an asymptotic series below ---- */

static ct_array lower_tail(ct_array x, int64_t order)
{
    ct_array xx = op_square(x);
    ct_array scale = sub(sub(mul(-0.5, xx), op_log(neg(x))), 0.5 * log(2 * 3.141592653589793));
    ct_array power = xx, sums[2] = {op_full_like(x, 0), op_full_like(x, 0)}; /* even, odd */
    double factorial = 1;
    for (int64_t n = 1; n <= order; n++) {
        factorial *= 2 * (double)n - 1;
        sums[n % 2] = add(sums[n % 2], div(factorial, power));
        power = mul(power, xx);
    }
    return add(scale, op_log(order ? sub(add(1, sums[0]), sums[1]) : op_full_like(x, 1)));
}

static ct_array log_below(ct_array x, ct_array order)
{
    bool wide = dtype_of(x) == CT_FLOAT64;
    double low = wide ? -20 : -10, high = wide ? 8 : 5;
    ct_array above = gt(x, high);
    ct_array p = below(select(above, neg(x), op_max(x, op_number(low, x))));
    ct_array tail = lower_tail(op_min(x, op_number(low, x)), array_get_int(order, 0));
    return select(above, neg(p), select(gt(x, low), op_log(p), tail));
}

static ct_tree log_below_rule(ct_array order, ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0),
             y = scipy_special_log_ndtr(&(const ct_scipy_special_log_ndtr_args){
                 .x = x, .series_order = {true, array_get_int(order, 0)}});
    ct_array density = sub(mul(-0.5, op_square(x)), 0.9189385332046727);
    return ct_tuple(y, mul(ct_at(tangents, 0), op_exp(sub(density, y))));
}

ct_array scipy_special_log_ndtr(const ct_scipy_special_log_ndtr_args *a)
{
    ct_array x = float_given("log_ndtr", a->x), order = ct_weak_int(a->series_order.value);
    if (a->series_order.value < 0 || a->series_order.value > 30)
        return ct_fail(CT_VALUE_ERROR, "log_ndtr: series_order must be between 0 and 30; got %lld",
                       (long long)a->series_order.value);
    if (is_poison(x) || !core_current)
        return is_poison(x) ? x : log_below(x, order);
    ct_fn f = ct_custom_jvp(ct_function_((ct_c_function)log_below, 2, "log_ndtr"),
                            ct_function_((ct_c_function)log_below_rule, 3, "jvp"),
                            .nondiff_argnums = I(1));
    return f ? ct_call_(f, 2, (ct_array[]){x, order}) : array_poison;
}
