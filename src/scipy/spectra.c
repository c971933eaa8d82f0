/* jax.scipy.signal: spectra of the segments of a signal, and signals from them. P. Welch, IEEE
 * Trans. Audio Electroacoust. 15, 1967; J. Allen, IEEE Trans. Acoust. Speech Signal Process. 25,
 * 1977. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "numpy/linalg.h"
#include "ops/rules.h"

#include <math.h>

/* Zeros, or with a negative count fewer elements, at both ends of the last axis. */
static ct_array lengthened(ct_array x, int64_t before, int64_t after)
{
    int_list ends = {.n = 3 * x->aval.ndim};
    memset(ends.at, 0, sizeof ends.at);
    ends.at[ends.n - 3] = before;
    ends.at[ends.n - 2] = after;
    return op_pad(x, op_number(0, x), ints_of(&ends));
}

/* n more elements at both ends of the last axis. */
static ct_array extended(const char *how, ct_array x, int64_t n)
{
    int64_t axis = x->aval.ndim - 1, length = cols_of(x);
    bool even = !strcmp(how, "even"), odd = !strcmp(how, "odd"), flat = !strcmp(how, "constant");
    if (!strcmp(how, "zeros"))
        return lengthened(x, n, n);
    if (!even && !odd && !flat)
        return ct_fail(CT_VALUE_ERROR,
                       "Unknown boundary option '%s', must be one of: ['even', "
                       "'odd', 'constant', 'zeros', None]",
                       how);
    if (n < 1)
        return x;
    if (n > length - 1 && !flat)
        return ct_fail(CT_VALUE_ERROR,
                       "The extension length n (%lld) is too big. It must not exceed %lld.",
                       (long long)n, (long long)length - 1);
    ct_array first = shape_slice(x, axis, 0, 1, 1),
             last = shape_slice(x, axis, length - 1, length, 1);
    ct_array zeros = lengthened(x, n, n), k = op_iota(CT_INT32, I(length + 2 * n), 0);
    ct_array place = sub(k, (double)n),
             end = (double)(length - 1) ? sub(place, 2 * ((double)length - 1)) : place;
    if (is_poison(zeros))
        return zeros;
    ct_array inside = flat ? place : op_abs(place);
    inside = flat ? inside : op_min(inside, op_abs(end));
    ct_array mirrored = shape_take(
        x, axis, op_clamp(op_number(0, inside), inside, op_number((double)length - 1, inside)),
        NULL);
    if (!odd)
        return mirrored;
    ct_array left = lt(place, 0), right = gt(place, (double)length - 1);
    ct_array turned = ct_where(left, sub(mul(2, first), mirrored), mirrored);
    return ct_where(right, sub(mul(2, last), mirrored), turned);
}

/* ---- transforms of segments ---- */

typedef struct segments {
    int64_t each, step, nfft;
    const char *trend, *boundary;
    bool onesided, padded;
    ct_array window;
} segments;

static ct_array prepared(const segments *s, ct_array x)
{
    if (s->boundary)
        x = extended(s->boundary, x, s->each / 2);
    if (is_poison(x) || !s->padded)
        return x;
    int64_t rest = (s->each - cols_of(x)) % s->step; /* what the last step lacks */
    rest = (rest + s->step) % s->step % s->each;
    return rest ? lengthened(x, 0, rest) : x;
}

/* [..., time] to [..., segments, frequencies]. */
static ct_array transformed(const segments *s, ct_array x)
{
    int64_t count = cols_of(x) < s->each ? 0 : (cols_of(x) - s->each) / s->step + 1;
    ct_array start = mul((double)s->step, op_iota(CT_INT32, I(count, s->each), 0));
    ct_array place = add(start, op_iota(CT_INT32, I(count, s->each), 1));
    ct_array parts = shape_take(x, x->aval.ndim - 1, place, NULL);
    if (s->trend && !is_poison(parts))
        parts = ct_scipy_signal_detrend(parts, .type = s->trend);
    parts = ct_multiply(parts, s->window);
    if (is_poison(parts))
        return parts;
    return s->onesided ? ct_numpy_fft_rfft(parts, .n = GIVEN(s->nfft))
                       : ct_numpy_fft_fft(parts, .n = GIVEN(s->nfft));
}

/* Twice what stands for two frequencies. */
static ct_array both_sides(const segments *s, ct_array power)
{
    int64_t n = cols_of(power);
    ct_array k = op_iota(CT_INT32, I(n), 0), single = eq(k, 0);
    if (s->nfft % 2 == 0)
        single = either(single, eq(k, (double)n - 1));
    return ct_multiply(power, where(single, ct_weak_float(1), ct_weak_float(2)));
}

static ct_array scale_of(const segments *s, const char *scaling, ct_array fs)
{
    if (!strcmp(scaling, "density"))
        return ct_divide(ct_weak_float(1), ct_multiply(fs, ct_sum(ct_square(s->window))));
    if (!strcmp(scaling, "spectrum"))
        return ct_divide(ct_weak_float(1), ct_square(ct_sum(s->window)));
    return ct_fail(CT_VALUE_ERROR, "Unknown scaling: %s", scaling);
}

/* Zeros behind the shorter of two signals. */
static void align(ct_array *x, ct_array *y)
{
    int64_t n = cols_of(*x), m = cols_of(*y);
    if (n < m)
        *x = lengthened(*x, 0, m - n);
    else if (m < n)
        *y = lengthened(*y, 0, n - m);
}

static bool readable(const ct_scipy_signal__segment_spectra_args *a, segments *s, ct_array *v)
{
    int64_t axis = a->axis, count = a->y ? 2 : 1;
    if (!numpy_promote_inexact("spectra", count, v, v) ||
        !numpy_axis("spectra", a->axis, v[0]->aval.ndim, &axis))
        return false;
    if (s->nfft < s->each || a->noverlap >= s->each) {
        base_fail(CT_VALUE_ERROR, s->nfft < s->each
                                      ? "nfft must be greater than or equal to nperseg."
                                      : "noverlap must be less than nperseg.");
        return false;
    }
    for (int64_t i = 0; i < count; i++)
        if (is_poison(v[i] = v[i]->aval.ndim > 1 ? ct_moveaxis(v[i], I(axis), I(-1)) : v[i]))
            return false;
    if (a->y)
        align(&v[0], &v[1]);
    for (int64_t i = 0; i < count; i++)
        if (is_poison(v[i]) || is_poison(v[i] = prepared(s, v[i])))
            return false;
    s->onesided = a->onesided && !dtype_is(dtype_of(v[0]), FAMILY_COMPLEX);
    s->window =
        op_convert(s->window,
                   dtype_is(dtype_of(s->window), FAMILY_COMPLEX) ? dtype_of(s->window)
                                                                 : dtype_real_part(dtype_of(v[0])),
                   false);
    return true;
}

ct_tree scipy_signal__segment_spectra(const ct_scipy_signal__segment_spectra_args *a)
{
    ct_array v[] = {a->x, a->y}, z[2], scale;
    if (!a->x->aval.ndim || a->window->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "spectra: signals need an axis, and windows have one.");
    segments s = {.each = a->window->aval.shape[0],
                  .nfft = a->nfft,
                  .trend = a->detrend,
                  .boundary = a->boundary,
                  .padded = a->padded,
                  .window = a->window};
    s.step = s.each - a->noverlap;
    if (!readable(a, &s, v))
        return array_poison;
    for (int i = 0; i < 1 + !!a->y; i++)
        if (is_poison(z[i] = transformed(&s, v[i])))
            return array_poison;
    if (is_poison(scale = scale_of(&s, a->scaling, a->fs)))
        return scale;
    ct_dtype real = dtype_real_part(dtype_of(z[0]));
    scale = op_convert(a->amplitudes ? op_sqrt(scale) : scale, real, false);
    ct_array y = a->amplitudes ? z[0] : ct_multiply(ct_conjugate(z[0]), z[a->y ? 1 : 0]);
    y = ct_multiply(y, scale);
    if (s.onesided && !a->amplitudes && !is_poison(y))
        y = both_sides(&s, y);
    if (!a->y && !a->amplitudes && !is_poison(y))
        y = op_real(y);
    if (is_poison(y))
        return y;
    int64_t axis = a->axis < 0 ? a->axis + a->x->aval.ndim : a->axis,
            count = y->aval.shape[y->aval.ndim - 2];
    ct_array apart = ct_divide(ct_weak_float(1), a->fs);
    ct_array frequency = s.onesided ? ct_numpy_fft_rfftfreq(s.nfft, .d = apart, .dtype = real)
                                    : ct_numpy_fft_fftfreq(s.nfft, .d = apart, .dtype = real);
    ct_array time = mul(op_iota(real, I(count), 0), (double)s.step);
    time = ct_multiply(s.boundary ? time : add(time, (double)s.each / 2), apart);
    return shape_tuple(3, (ct_array[]){frequency, time, ct_moveaxis(y, I(-1), I(axis))});
}

/* 1 + sum of 1 / (2k + 1) - 1 / (2k): what the median of n exponential numbers is short of n. */
static double median_bias(int64_t n)
{
    double bias = 1;
    for (int64_t k = 2; k <= 2 * ((n - 1) / 2); k += 2)
        bias += 1. / (double)(k + 1) - 1. / (double)k;
    return bias;
}

ct_array scipy_signal__averaged(const ct_scipy_signal__averaged_args *a)
{
    ct_array x = a->spectra;
    if (!strcmp(a->average, "mean"))
        return ct_mean(x, .axis = I(-1));
    if (strcmp(a->average, "median"))
        return ct_fail(CT_VALUE_ERROR, "average must be \"median\" or \"mean\", got %s",
                       a->average);
    double bias = median_bias(cols_of(x));
    if (!dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return ct_divide(ct_median(x, .axis = I(-1)), ct_weak_float(bias));
    ct_array re = ct_median(op_real(x), .axis = I(-1)), im = ct_median(op_imag(x), .axis = I(-1));
    return is_poison(re) || is_poison(im) ? array_poison : div(op_complex(re, im), bias);
}

/* ---- back ---- */

/* [..., segments, each] added up, each segment `step` places after the one before: in parts of one
 * step's length, of which the k-th of a segment belongs k steps on. */
static ct_array added_up(ct_array x, int64_t step)
{
    int64_t ndim = x->aval.ndim, count = rows_of(x), each = cols_of(x),
            parts = (each + step - 1) / step;
    dimlist shape;
    ct_array sum = NULL, wide = lengthened(x, 0, parts * step - each);
    for (int64_t k = 0; k < parts && !is_poison(wide); k++) {
        ct_array part = shape_slice(wide, ndim - 1, k * step, (k + 1) * step, 1);
        if (is_poison(part) || !dimlist_copy(&shape, "istft", shape_of(part)))
            return array_poison;
        shape.n--;
        shape.at[shape.n - 1] = count * step;
        part = shape_reshape(part, dimlist_ints(&shape));
        part = is_poison(part) ? part : lengthened(part, k * step, (parts - 1 - k) * step);
        sum = sum ? op_add(sum, part) : part;
        if (is_poison(sum))
            return sum;
    }
    return is_poison(wide) ? wide
                           : shape_slice(sum, sum->aval.ndim - 1, 0, step * (count - 1) + each, 1);
}

ct_array scipy_signal__overlapped(const ct_scipy_signal__overlapped_args *a)
{
    ct_array z = a->Zxx, window = a->window;
    int64_t ndim = z->aval.ndim, each = window->size, step = each - a->noverlap, axes[2];
    if (ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "Input stft must be at least 2d!");
    if (!numpy_axis("istft", a->time_axis, ndim, &axes[0]) ||
        !numpy_axis("istft", a->freq_axis, ndim, &axes[1]))
        return array_poison;
    if (axes[0] == axes[1])
        return ct_fail(CT_VALUE_ERROR, "Must specify differing time and frequency axes!");
    z = ct_moveaxis(z, I(axes[0], axes[1]), I(ndim - 2, ndim - 1));
    if (is_poison(z))
        return z;
    ct_dtype d = dtype_real_part(dtype_of(z)) == CT_FLOAT64 ? CT_COMPLEX128 : CT_COMPLEX64;
    z = op_convert(z, d, false);
    ct_opt_int n = a->nfft;
    ct_array x = a->onesided ? n.given ? ct_numpy_fft_irfft(z, .n = n) : ct_numpy_fft_irfft(z)
                 : n.given ? ct_numpy_fft_ifft(z, .n = n)
                             : ct_numpy_fft_ifft(z);
    if (is_poison(x))
        return x;
    if (cols_of(x) < each || step < 1)
        return ct_fail(CT_TYPE_ERROR,
                       "istft: a window of length %lld does not fit segments of length %lld that "
                       "share %lld points",
                       (long long)each, (long long)cols_of(x), (long long)a->noverlap);
    x = shape_slice(x, ndim - 1, 0, each, 1);
    window = op_convert(window, dtype_real_part(d), false);
    x = ct_multiply(x, ct_multiply(window, ct_sum(window)));
    if (is_poison(x))
        return x;
    ct_array square = ct_broadcast_to(op_square(window), I(rows_of(x), each));
    x = added_up(x, step);
    square = is_poison(square) ? square : added_up(square, step);
    if (is_poison(x) || is_poison(square))
        return array_poison;
    int64_t cut = a->boundary ? each / 2 : 0, length = cols_of(x);
    int64_t end = cut ? length - cut : length;
    end = a->boundary && !cut ? 0 : end; /* as x[0:-0] */
    x = shape_slice(x, x->aval.ndim - 1, cut, end > cut ? end : cut, 1);
    square = shape_slice(square, 0, cut, end > cut ? end : cut, 1);
    if (is_poison(x) || is_poison(square))
        return array_poison;
    x = ct_divide(x, where(gt(square, 1e-10), square, 1.0));
    int64_t at = axes[0] - (axes[1] < axes[0]);
    return x->aval.ndim > 1 && axes[0] != ndim - 1 && !is_poison(x) ? ct_moveaxis(x, I(-1), I(at))
                                                                    : x;
}
