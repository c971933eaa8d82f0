/* How a distribution is written down: each function is one formula of arrays of one inexact dtype.
 *
 *     FORMULA3(norm, cdf, x, loc, scale, ndtr(standard(x, loc, scale)))
 *
 * defines norm_cdf for other formulas, and the function of jax.scipy.stats, which promotes. The
 * names are those of the stub's parameters. LAW2 is for functions without optional arguments. */
#ifndef COTAN_SRC_SCIPY_STATS_H
#define COTAN_SRC_SCIPY_STATS_H
#define OPS_NUMBER numpy_number /* numbers are as weak as what stands beside them */
#include "scipy/scipy.h"

#include <math.h>

#define FORMULA_BODY(D, F, n, call, ...)                                                           \
    {                                                                                              \
        ct_array v[] = {__VA_ARGS__};                                                              \
        return scipy_promote(#D "." #F, n, v) ? D##_##F call : array_poison;                       \
    }
#define FORMULA_STRUCT(D, F)                                                                       \
    ct_array scipy_stats_##D##_##F(const ct_scipy_stats_##D##_##F##_args *a)
#define LAW2(D, F, x, y, ...)                                                                      \
    static ct_array D##_##F(ct_array x, ct_array y) { return __VA_ARGS__; }                        \
    ct_array scipy_stats_##D##_##F(ct_array x, ct_array y) FORMULA_BODY(D, F, 2, (v[0], v[1]), x, y)
#define FORMULA3(D, F, x, y, z, ...)                                                               \
    static ct_array D##_##F(ct_array x, ct_array y, ct_array z) { return __VA_ARGS__; }            \
    FORMULA_STRUCT(D, F) FORMULA_BODY(D, F, 3, (v[0], v[1], v[2]), a->x, a->y, a->z)
#define FORMULA4(D, F, x, y, z, w, ...)                                                            \
    static ct_array D##_##F(ct_array x, ct_array y, ct_array z, ct_array w)                        \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }                                                                                              \
    FORMULA_STRUCT(D, F)                                                                           \
    FORMULA_BODY(D, F, 4, (v[0], v[1], v[2], v[3]), a->x, a->y, a->z, a->w)
#define FORMULA5(D, F, x, y, z, w, u, ...)                                                         \
    static ct_array D##_##F(ct_array x, ct_array y, ct_array z, ct_array w, ct_array u)            \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }                                                                                              \
    FORMULA_STRUCT(D, F)                                                                           \
    FORMULA_BODY(D, F, 5, (v[0], v[1], v[2], v[3], v[4]), a->x, a->y, a->z, a->w, a->u)

#define PI 3.141592653589793
#define xlogy scipy_special_xlogy
#define xlog1py scipy_special_xlog1py
#define betaln scipy_special_betaln

static inline ct_array standard(ct_array x, ct_array loc, ct_array scale)
{
    return div(sub(x, loc), scale);
}

/* x between two C numbers. */
static inline ct_array clipped(ct_array x, double low, double high)
{
    return op_clamp(numpy_number(low, x), x, numpy_number(high, x));
}

/* Whether q is no probability. */
static inline ct_array improper(ct_array q)
{
    return either(either(is_nan(q), lt(q, 0)), gt(q, 1));
}
#endif
