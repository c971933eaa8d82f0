/* jax.scipy.fft: cosine transforms by one Fourier transform of the same length (J. Makhoul, IEEE
 * Trans. Acoust. Speech Signal Process. 28, 1980). */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "numpy/shape.h"
#include "ops/rules.h"

#include <math.h>

typedef struct cosine_request {
    const char *what;
    int64_t type;
    const char *norm;
} cosine_request;

static bool accepted(const cosine_request *r)
{
    if (r->type != 2)
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Only DCT type 2 is implemented.");
    else if (r->norm && strcmp(r->norm, "backward") && strcmp(r->norm, "ortho"))
        base_fail(CT_VALUE_ERROR, "jax.scipy.fft.%s: norm='%s' is not implemented", r->what,
                  r->norm);
    else
        return true;
    return false;
}

/* One of two transforms along an axis, of real numbers. */
typedef ct_array transform(ct_array x, int64_t axis, bool ortho);

/* 0, 1, 2, ... along an axis. */
static ct_array counted(ct_array x, int64_t axis, ct_dtype d)
{
    dimlist shape = {.n = x->aval.ndim};
    for (int64_t i = 0; i < shape.n; i++)
        shape.at[i] = i == axis ? x->aval.shape[i] : 1;
    return op_iota(d, dimlist_ints(&shape), axis);
}

/* first where k = 0, rest elsewhere. */
static ct_array first_and_rest(ct_array x, int64_t axis, double first, double rest)
{
    ct_array k = counted(x, axis, dtype_of(x));
    return select(eq(k, 0), op_full_like(k, first), op_full_like(k, rest));
}

/* Even places, then odd ones from the end; or back. */
static ct_array interleaved(ct_array x, int64_t axis, bool back)
{
    if (is_poison(x))
        return x;
    int64_t n = x->aval.shape[axis], half = (n + 1) / 2;
    ct_array k = shape_range(n), where_to;
    if (back)
        where_to = select(eq(op_rem(k, op_number(2, k)), 0), op_div(k, op_number(2, k)),
                          sub((double)n - 1, op_div(k, op_number(2, k))));
    else
        where_to = select(lt(k, (double)half), mul(2, k), sub(2 * (double)n - 1, mul(2, k)));
    return shape_take(x, axis, where_to, NULL);
}

/* The angles pi k / (2n). */
static ct_array angles(ct_array x, int64_t axis)
{
    int64_t n = x->aval.shape[axis];
    return mul(counted(x, axis, dtype_of(x)), M_PI / 2 / (double)(n ? n : 1));
}

static ct_array forward(ct_array x, int64_t axis, bool ortho)
{
    double n = (double)x->aval.shape[axis];
    ct_array turned = ct_numpy_fft_fft(interleaved(x, axis, false), .axis = GIVEN(axis));
    if (is_poison(turned))
        return turned;
    ct_array angle = angles(x, axis);
    ct_array re = mul(op_real(turned), op_cos(angle));
    ct_array sum = add(re, mul(op_imag(turned), op_sin(angle)));
    return ortho ? mul(sum, first_and_rest(x, axis, 1 / sqrt(n), sqrt(2 / n))) : mul(2, sum);
}

static ct_array backward(ct_array x, int64_t axis, bool ortho)
{
    double n = (double)x->aval.shape[axis];
    ct_array angle = angles(x, axis),
             c = mul(x, ortho ? first_and_rest(x, axis, sqrt(n), sqrt(2 * n))
                              : first_and_rest(x, axis, 0.5, 1));
    ct_array turned = op_complex(mul(c, op_cos(angle)), mul(c, op_sin(angle)));
    turned = ct_numpy_fft_ifft(turned, .axis = GIVEN(axis));
    return is_poison(turned) ? turned : interleaved(op_real(turned), axis, true);
}

static ct_array resized(ct_array x, int64_t axis, int64_t n)
{
    if (is_poison(x) || x->aval.shape[axis] == n)
        return x;
    int_list ends = {.n = 3 * x->aval.ndim};
    memset(ends.at, 0, sizeof ends.at);
    ends.at[3 * axis + 1] = n - x->aval.shape[axis];
    return op_pad(x, op_number(0, x), ints_of(&ends));
}

/* Complex numbers by their parts. */
static ct_array along(transform *f, ct_array x, int64_t axis, bool ortho)
{
    if (is_poison(x) || !dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return is_poison(x) ? x : f(x, axis, ortho);
    ct_array re = f(op_real(x), axis, ortho), im = f(op_imag(x), axis, ortho);
    return is_poison(re) || is_poison(im) ? array_poison : op_complex(re, im);
}

static ct_array one_axis(const cosine_request *r, transform *f, ct_array x, ct_opt_int n,
                         int64_t axis)
{
    if (!accepted(r) || !numpy_promote_inexact(r->what, 1, &x, &x) ||
        !numpy_axis(r->what, axis, x->aval.ndim, &axis))
        return array_poison;
    return along(f, n.given ? resized(x, axis, n.value) : x, axis, r->norm && *r->norm == 'o');
}

static ct_array several_axes(const cosine_request *r, transform *f, ct_array x, ct_ints lengths,
                             ct_ints wanted)
{
    dimlist axes;
    if (!accepted(r) || !numpy_promote_inexact(r->what, 1, &x, &x))
        return array_poison;
    if (lengths.n > x->aval.ndim || (lengths.n && wanted.n && lengths.n != wanted.n))
        return ct_fail(CT_VALUE_ERROR,
                       "%s: s must have one length for each axis, at most x.ndim (%d), got %lld",
                       r->what, (int)x->aval.ndim, (long long)lengths.n);
    if (wanted.n || wanted.at) {
        if (!numpy_axes_ordered(r->what, wanted, x->aval.ndim, &axes))
            return array_poison;
    } else {
        axes.n = lengths.n || lengths.at ? lengths.n : x->aval.ndim;
        for (int64_t i = 0; i < axes.n; i++)
            axes.at[i] = x->aval.ndim - axes.n + i;
    }
    for (int64_t i = 0; i < axes.n; i++)
        x = along(f, i < lengths.n ? resized(x, axes.at[i], lengths.at[i]) : x, axes.at[i],
                  r->norm && *r->norm == 'o');
    return x;
}

ct_array scipy_fft_dct(const ct_scipy_fft_dct_args *a)
{
    return one_axis(&(cosine_request){"dct", a->type.value, a->norm}, forward, a->x, a->n,
                    a->axis.value);
}

ct_array scipy_fft_idct(const ct_scipy_fft_idct_args *a)
{
    return one_axis(&(cosine_request){"idct", a->type.value, a->norm}, backward, a->x, a->n,
                    a->axis.value);
}

ct_array scipy_fft_dctn(const ct_scipy_fft_dctn_args *a)
{
    return several_axes(&(cosine_request){"dctn", a->type.value, a->norm}, forward, a->x, a->s,
                        a->axes);
}

ct_array scipy_fft_idctn(const ct_scipy_fft_idctn_args *a)
{
    return several_axes(&(cosine_request){"idctn", a->type.value, a->norm}, backward, a->x, a->s,
                        a->axes);
}
