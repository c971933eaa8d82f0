/* jax.numpy.fft: transforms over chosen axes of chosen lengths, with the norms, and the
 * frequencies. */
#define OPS_SHORT_NAMES
#include "kernel/kernel.h"
#include "numpy/shape.h"

#include <math.h>

typedef struct request {
    const char *what;
    fourier_type type;
    ct_ints lengths; /* zero list: as the array has them */
    const char *norm;
} request;

/* What the results are multiplied by: "backward" scales the inverse, "forward" the other, "ortho"
 * both alike. The operation itself scales as "backward" does. */
static bool norm_factor(const request *r, double points, double *factor)
{
    bool inverse = r->type == FOURIER_INVERSE || r->type == FOURIER_TO_REAL;
    const char *norm = r->norm ? r->norm : "backward";
    if (!strcmp(norm, "backward"))
        *factor = 1;
    else if (!strcmp(norm, "ortho"))
        *factor = inverse ? sqrt(points) : 1 / sqrt(points);
    else if (!strcmp(norm, "forward"))
        *factor = inverse ? points : 1 / points;
    else
        base_fail(CT_VALUE_ERROR,
                  "Invalid norm value %s; should be \"backward\",\"ortho\" or \"forward\".", norm);
    return ct_ok();
}

/* An axis cut, or filled up with zeros, to a length. */
static ct_array resized(ct_array x, int64_t axis, int64_t length)
{
    int64_t have = x->aval.shape[axis];
    if (have > length)
        return shape_slice(x, axis, 0, length, 1);
    if (have == length)
        return x;
    dimlist triples = {.n = 0};
    int64_t at[3 * NUMPY_MAX_NDIM] = {0};
    (void)triples;
    at[3 * axis + 1] = length - have;
    return op_pad(x, op_number(0, x), (ct_ints){3 * x->aval.ndim, at});
}

static ct_array to_operand(const request *r, ct_array x)
{
    if (!numpy_promote_inexact(r->what, 1, &x, &x))
        return array_poison;
    ct_dtype d = dtype_of(x);
    if (d == CT_FLOAT16 || d == CT_BFLOAT16)
        d = CT_FLOAT32;
    if (r->type == FOURIER_OF_REAL) {
        if (dtype_is(d, FAMILY_COMPLEX))
            return ct_fail(CT_VALUE_ERROR, "%s only takes real arrays, got %s.", r->what,
                           dtype_table[d].name);
    } else {
        d = d == CT_FLOAT32 ? CT_COMPLEX64 : d == CT_FLOAT64 ? CT_COMPLEX128 : d;
    }
    return numpy_cast(x, d);
}

/* x, whose transformed axes are the last ones, in the lengths asked for. */
static ct_array over_last(const request *r, ct_array x, int64_t n)
{
    dimlist lengths = {.n = n};
    double points = 1, factor = 1;
    for (int64_t i = 0; i < n && !is_poison(x); i++) {
        int64_t axis = x->aval.ndim - n + i, have = x->aval.shape[axis];
        bool half = r->type == FOURIER_TO_REAL && i == n - 1;
        int64_t length = r->lengths.at ? r->lengths.at[i] : half ? 2 * (have - 1) : have;
        if (length < 1)
            return ct_fail(CT_VALUE_ERROR, "%s: Shape should be positive.", r->what);
        lengths.at[i] = length;
        points *= (double)length;
        x = resized(x, axis, half ? length / 2 + 1 : length);
    }
    if (is_poison(x) || !norm_factor(r, points, &factor))
        return array_poison;
    ct_array y = op_fft(x, r->type, dimlist_ints(&lengths));
    return factor == 1 || is_poison(y) ? y : mul(y, op_number(factor, y));
}

static ct_array transform(const request *r, ct_array x, ct_ints axes)
{
    dimlist list, last;
    x = to_operand(r, x);
    if (is_poison(x) || !dimlist_copy(&list, r->what, axes))
        return array_poison;
    for (int64_t i = 0; i < list.n; i++) {
        if (!numpy_axis(r->what, list.at[i], x->aval.ndim, &list.at[i]))
            return array_poison;
        for (int64_t k = 0; k < i; k++)
            if (list.at[k] == list.at[i])
                return ct_fail(CT_VALUE_ERROR, "%s does not support repeated axes. Got axes %s.",
                               r->what, dims_string(axes));
    }
    if (r->lengths.at && r->lengths.n != list.n)
        return ct_fail(CT_VALUE_ERROR, "%s: shape %s and axes %s have to be of one length.",
                       r->what, dims_string(r->lengths), dims_string(axes));
    if (!list.n)
        return x;
    last.n = list.n;
    bool moved = false;
    for (int64_t i = 0; i < last.n; i++) {
        last.at[i] = x->aval.ndim - last.n + i;
        moved |= last.at[i] != list.at[i];
    }
    if (!moved)
        return over_last(r, x, list.n);
    ct_array y = over_last(r, ct_moveaxis(x, dimlist_ints(&list), dimlist_ints(&last)), list.n);
    return is_poison(y) ? y : ct_moveaxis(y, dimlist_ints(&last), dimlist_ints(&list));
}

static ct_array along(const char *what, fourier_type type, ct_array a, ct_opt_int n, int64_t axis,
                      const char *norm)
{
    request r = {what, type, n.given ? (ct_ints){1, &n.value} : (ct_ints){0, NULL}, norm};
    return transform(&r, a, I(axis));
}

#define ALONG(name, type)                                                                          \
    ct_array numpy_fft_##name(const ct_numpy_fft_##name##_args *a)                                 \
    {                                                                                              \
        return along("jax.numpy.fft." #name, type, a->a, a->n, a->axis.value, a->norm);            \
    }
ALONG(fft, FOURIER_FORWARD)
ALONG(ifft, FOURIER_INVERSE)
ALONG(rfft, FOURIER_OF_REAL)
ALONG(irfft, FOURIER_TO_REAL)

/* Of numbers whose transform is real: the inverse of the conjugates, with the other norm. */
static const char *other_norm(const char *norm)
{
    if (!norm || !strcmp(norm, "backward"))
        return "forward";
    return strcmp(norm, "forward") ? norm : "backward";
}

ct_array numpy_fft_hfft(const ct_numpy_fft_hfft_args *a)
{
    ct_array x = ct_conj(a->a);
    return is_poison(x) ? x
                        : along("jax.numpy.fft.hfft", FOURIER_TO_REAL, x, a->n, a->axis.value,
                                other_norm(a->norm));
}

ct_array numpy_fft_ihfft(const ct_numpy_fft_ihfft_args *a)
{
    ct_array y = along("jax.numpy.fft.ihfft", FOURIER_OF_REAL, a->a, a->n, a->axis.value,
                       other_norm(a->norm));
    return is_poison(y) ? y : ct_conj(y);
}

static ct_array over_two(const char *what, fourier_type type, ct_array a, ct_ints s, ct_ints axes,
                         const char *norm)
{
    request r = {what, type, s, norm};
    if (axes.n != 2)
        return ct_fail(CT_VALUE_ERROR, "%s only supports 2 axes. Got axes = %s.", what,
                       dims_string(axes));
    return transform(&r, a, axes);
}

#define OVER_TWO(name, type)                                                                       \
    ct_array numpy_fft_##name(const ct_numpy_fft_##name##_args *a)                                 \
    {                                                                                              \
        return over_two("jax.numpy.fft." #name, type, a->a, a->s, a->axes, a->norm);               \
    }
OVER_TWO(fft2, FOURIER_FORWARD)
OVER_TWO(ifft2, FOURIER_INVERSE)
OVER_TWO(rfft2, FOURIER_OF_REAL)
OVER_TWO(irfft2, FOURIER_TO_REAL)

/* All axes, or as many of the last ones as there are lengths. */
static ct_array over_many(const char *what, fourier_type type, ct_array a, ct_ints s, ct_ints axes,
                          const char *norm)
{
    request r = {what, type, s, norm};
    dimlist all = {.n = s.at ? s.n : a->aval.ndim};
    if (axes.at)
        return transform(&r, a, axes);
    if (all.n > a->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "%s: shape %s has more entries than the array has axes, %d.",
                       what, dims_string(s), (int)a->aval.ndim);
    for (int64_t i = 0; i < all.n; i++)
        all.at[i] = a->aval.ndim - all.n + i;
    return transform(&r, a, dimlist_ints(&all));
}

#define OVER_MANY(name, type)                                                                      \
    ct_array numpy_fft_##name(const ct_numpy_fft_##name##_args *a)                                 \
    {                                                                                              \
        return over_many("jax.numpy.fft." #name, type, a->a, a->s, a->axes, a->norm);              \
    }
OVER_MANY(fftn, FOURIER_FORWARD)
OVER_MANY(ifftn, FOURIER_INVERSE)
OVER_MANY(rfftn, FOURIER_OF_REAL)
OVER_MANY(irfftn, FOURIER_TO_REAL)

/* ---- frequencies ---- */

static ct_array frequencies(int64_t n, int64_t count, int64_t turn, ct_array d, ct_dtype asked)
{
    ct_dtype dtype = numpy_dtype(asked, dtype_default(FAMILY_FLOAT));
    ct_array k = op_iota(dtype_default(FAMILY_INT), I(count), 0);
    k = ct_where(ct_greater_equal(k, (double)turn), ct_subtract(k, (double)n), k);
    k = is_poison(k) ? k : numpy_cast(k, dtype);
    d = numpy_cast(d, dtype);
    return is_poison(k) || is_poison(d) ? array_poison : op_div(k, mul(d, op_number((double)n, d)));
}

ct_array numpy_fft_fftfreq(const ct_numpy_fft_fftfreq_args *a)
{
    return frequencies(a->n, a->n, (a->n + 1) / 2, a->d, a->dtype);
}
ct_array numpy_fft_rfftfreq(const ct_numpy_fft_rfftfreq_args *a)
{
    return frequencies(a->n, a->n / 2 + 1, a->n / 2 + 1, a->d, a->dtype);
}

static ct_array shifted(ct_array x, ct_ints axes, bool back)
{
    dimlist list;
    if (!numpy_axes_ordered("fftshift", axes, x->aval.ndim, &list))
        return array_poison;
    for (int64_t i = 0; i < list.n && !is_poison(x); i++) {
        int64_t half = x->aval.shape[list.at[i]] / 2;
        x = ct_roll(x, ct_weak_int(back ? -half : half), .axis = I(list.at[i]));
    }
    return x;
}

ct_array numpy_fft_fftshift(const ct_numpy_fft_fftshift_args *a)
{
    return shifted(a->x, a->axes, false);
}
ct_array numpy_fft_ifftshift(const ct_numpy_fft_ifftshift_args *a)
{
    return shifted(a->x, a->axes, true);
}
