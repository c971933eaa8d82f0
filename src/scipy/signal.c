/* jax.scipy.signal: convolutions, correlations and trends. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "numpy/shape.h"

enum { FULL, SAME, VALID };
static int mode_of(const char *mode)
{
    static const char *const names[] = {"full", "same", "valid"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(mode, names[i]))
            return i;
    base_fail(CT_VALUE_ERROR, "mode must be one of ['full', 'same', 'valid'], got '%s'", mode);
    return -1;
}

/* Is x along each of the axes at least as long as y? */
static bool covers(ct_array x, ct_array y)
{
    for (int d = 0; d < x->aval.ndim; d++)
        if (x->aval.shape[d] < y->aval.shape[d])
            return false;
    return true;
}

/* ---- directly ---- */

static ct_array real_convolution(ct_array x, ct_array kernel, int64_t *padding, int precision)
{
    int ndim = x->aval.ndim;
    dimlist ones = {.n = ndim}, nested = {.n = 0};
    nested.at[nested.n++] = ndim;
    for (int d = 0; d < ndim; d++) {
        ones.at[d] = 1;
        nested.at[nested.n++] = 2;
        nested.at[nested.n++] = padding[2 * d];
        nested.at[nested.n++] = padding[2 * d + 1];
    }
    ct_array lhs = op_expand_dims(x, I(0, 1)), rhs = op_expand_dims(kernel, I(0, 1));
    ct_array y = ct_lax_conv_general_dilated(lhs, rhs, dimlist_ints(&ones), dimlist_ints(&nested),
                                             .precision = precision);
    return is_poison(y) ? y : op_squeeze(y, I(0, 1));
}

/* Complex numbers by their parts. */
static ct_array convolution(ct_array x, ct_array kernel, int64_t *padding, int precision)
{
    if (!dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return real_convolution(x, kernel, padding, precision);
    ct_array a = op_real(x), b = op_imag(x), c = op_real(kernel), d = op_imag(kernel);
    ct_array ac = real_convolution(a, c, padding, precision),
             bd = real_convolution(b, d, padding, precision),
             ad = real_convolution(a, d, padding, precision),
             bc = real_convolution(b, c, padding, precision);
    if (is_poison(ac) || is_poison(bd) || is_poison(ad) || is_poison(bc))
        return array_poison;
    return op_complex(op_sub(ac, bd), op_add(ad, bc));
}

static ct_array direct(const char *what, ct_array in1, ct_array in2, const char *mode,
                       int precision)
{
    enum { MOST = 16 };
    int how = mode_of(mode), ndim = in1->aval.ndim;
    int64_t padding[2 * MOST];
    ct_array v[] = {in1, in2};
    if (how < 0)
        return array_poison;
    if (ndim != in2->aval.ndim || ndim > MOST)
        return ct_fail(CT_VALUE_ERROR, "%s: in1 and in2 must have the same number of dimensions",
                       what);
    if (!in1->size || !in2->size)
        return ct_fail(CT_VALUE_ERROR,
                       "zero-size arrays not supported in convolutions, got shapes %s and %s.",
                       dims_string(shape_of(in1)), dims_string(shape_of(in2)));
    if (!numpy_promote_inexact(what, 2, v, v))
        return array_poison;
    bool swap = covers(v[1], v[0]);
    if (!swap && !covers(v[0], v[1]))
        return ct_fail(CT_VALUE_ERROR,
                       "%s: one input must be smaller than the other in every dimension, got "
                       "shapes %s and %s.",
                       what, dims_string(shape_of(in1)), dims_string(shape_of(in2)));
    ct_array x = v[swap], kernel = ct_flip(v[!swap]);
    for (int d = 0; d < ndim && !is_poison(kernel); d++) {
        int64_t n = kernel->aval.shape[d], other = in2->aval.shape[d], middle = (other - 1) / 2;
        padding[2 * d] = how == VALID ? 0 : how == FULL ? n - 1 : n - 1 - middle;
        padding[2 * d + 1] = how == VALID ? 0 : how == FULL ? n - 1 : n - other + middle;
    }
    return is_poison(kernel) ? kernel : convolution(x, kernel, padding, precision);
}

/* ---- by Fourier transforms ---- */

static ct_array by_transforms(const char *what, ct_array in1, ct_array in2, const char *mode,
                              ct_ints wanted)
{
    ct_array v[] = {in1, in2};
    int how = mode_of(mode);
    dimlist axes, lengths, start, limit;
    if (how < 0 || !numpy_promote_inexact(what, 2, v, v))
        return array_poison;
    int ndim = v[0]->aval.ndim;
    if (ndim != v[1]->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "in1 and in2 should have the same dimensionality");
    if (!numpy_axes(what, wanted, ndim, &axes))
        return array_poison;
    lengths.n = axes.n;
    start.n = limit.n = ndim;
    if (how == VALID && covers(v[1], v[0])) {
        ct_array held = v[0];
        v[0] = v[1], v[1] = held;
    } else if (how == VALID && !covers(v[0], v[1])) {
        return ct_fail(CT_VALUE_ERROR, "For 'valid' mode, One input must be at least as large as "
                                       "the other in every dimension.");
    }
    for (int64_t d = 0, k = 0; d < ndim; d++) {
        int64_t n = v[0]->aval.shape[d], m = v[1]->aval.shape[d], all = n + m - 1, size = n;
        bool mapped = !has_axis(&axes, d);
        if (mapped && n != m)
            return ct_fail(CT_VALUE_ERROR,
                           "mapped axes must have same shape; got in1.shape=%s in2.shape=%s",
                           dims_string(shape_of(in1)), dims_string(shape_of(in2)));
        if (!mapped) {
            lengths.at[k++] = all;
            size = how == FULL ? all : how == SAME ? n : n - m + 1;
        }
        start.at[d] = mapped ? 0 : (all - size) / 2;
        limit.at[d] = start.at[d] + size;
    }
    ct_ints s = dimlist_ints(&lengths), over = dimlist_ints(&axes);
    bool complex = dtype_is(dtype_of(v[0]), FAMILY_COMPLEX);
    ct_array y = NULL;
    for (int i = 0; i < 2; i++)
        v[i] = complex ? ct_numpy_fft_fftn(v[i], .s = s, .axes = over)
                       : ct_numpy_fft_rfftn(v[i], .s = s, .axes = over);
    if (is_poison(v[0]) || is_poison(v[1]))
        return array_poison;
    y = op_mul(v[0], v[1]);
    y = complex ? ct_numpy_fft_ifftn(y, .s = s, .axes = over)
                : ct_numpy_fft_irfftn(y, .s = s, .axes = over);
    return is_poison(y)
               ? y
               : op_slice(y, dimlist_ints(&start), dimlist_ints(&limit), (ct_ints){0, NULL});
}

ct_array scipy_signal_fftconvolve(const ct_scipy_signal_fftconvolve_args *a)
{
    return by_transforms("fftconvolve", a->in1, a->in2, a->mode, a->axes);
}

/* ---- the functions ---- */

static ct_array convolved(const char *what, ct_array in1, ct_array in2, const char *mode,
                          const char *method, int precision)
{
    if (!strcmp(method, "fft"))
        return by_transforms(what, in1, in2, mode, (ct_ints){0, NULL});
    if (strcmp(method, "direct") && strcmp(method, "auto"))
        return ct_fail(CT_VALUE_ERROR, "Got method='%s'; expected 'auto', 'fft', or 'direct'.",
                       method);
    return direct(what, in1, in2, mode, precision);
}

ct_array scipy_signal_convolve(const ct_scipy_signal_convolve_args *a)
{
    return convolved("convolve", a->in1, a->in2, a->mode, a->method, a->precision);
}

ct_array scipy_signal_correlate(const ct_scipy_signal_correlate_args *a)
{
    ct_array reversed = ct_flip(ct_conjugate(a->in2));
    return is_poison(reversed)
               ? reversed
               : convolved("correlate", a->in1, reversed, a->mode, a->method, a->precision);
}

static bool matrices(const char *what, ct_array in1, ct_array in2, const char *boundary,
                     double fillvalue)
{
    if (strcmp(boundary, "fill") || fillvalue != 0)
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s() only supports boundary='fill', fillvalue=0",
                  what);
    else if (in1->aval.ndim != 2 || in2->aval.ndim != 2)
        base_fail(CT_VALUE_ERROR, "%s() only supports 2-dimensional inputs.", what);
    else
        return true;
    return false;
}

ct_array scipy_signal_convolve2d(const ct_scipy_signal_convolve2d_args *a)
{
    return matrices("convolve2d", a->in1, a->in2, a->boundary, a->fillvalue)
               ? direct("convolve2d", a->in1, a->in2, a->mode, a->precision)
               : array_poison;
}

/* The sum over conj(in2): reversed convolution of in1 reversed. Where in2 is the larger one, the
 * two change places, as SciPy's conventions about the middle want it. */
ct_array scipy_signal_correlate2d(const ct_scipy_signal_correlate2d_args *a)
{
    ct_array in1 = a->in1, in2 = a->in2;
    int how = mode_of(a->mode);
    if (how < 0 || !matrices("correlate2d", in1, in2, a->boundary, a->fillvalue))
        return array_poison;
    bool larger = covers(in2, in1), same = ints_equal(shape_of(in1), shape_of(in2));
    if ((how == VALID && larger && !same) || (how == FULL && larger)) {
        ct_array y = direct("correlate2d", ct_flip(in2), ct_conjugate(in1), a->mode, a->precision);
        return how == FULL && !is_poison(y) ? ct_conjugate(y) : y;
    }
    ct_array y = direct("correlate2d", ct_flip(in1), ct_conjugate(in2), a->mode, a->precision);
    return is_poison(y) ? y : ct_flip(y);
}

/* ---- trends ---- */

/* Rows first to last without their line of least squares: x - sum of (x . q_k) q_k for the
 * orthonormal functions 1 and k. */
static ct_array without_line(ct_array x, int64_t first, int64_t last)
{
    int64_t n = last - first;
    ct_array part = shape_slice(x, 0, first, last, 1);
    part = ct_subtract(part, ct_mean(part, .axis = I(0), .keepdims = true));
    if (n < 2 || is_poison(part))
        return part;
    ct_array k = sub(op_iota(dtype_of(x), I(n, 1), 0), ((double)n - 1) / 2);
    ct_array slope = ct_sum(ct_multiply(part, k), .axis = I(0), .keepdims = true);
    double squares = (double)n * ((double)n * (double)n - 1) / 12;
    return ct_subtract(part, ct_multiply(div(slope, squares), k));
}

ct_array scipy_signal_detrend(const ct_scipy_signal_detrend_args *a)
{
    enum { MOST = 256 };
    ct_array x = a->data, parts[MOST];
    int64_t axis, n = 0, ends[MOST];
    bool line = !strcmp(a->type, "linear");
    if (!line && strcmp(a->type, "constant"))
        return ct_fail(CT_VALUE_ERROR, "Trend type must be 'linear' or 'constant'.");
    if (!numpy_promote_inexact("detrend", 1, &x, &x) ||
        !numpy_axis("detrend", a->axis.value, x->aval.ndim, &axis))
        return array_poison;
    if (!line)
        return ct_subtract(x, ct_mean(x, .axis = I(axis), .keepdims = true));
    x = ct_moveaxis(x, I(axis), I(0));
    if (is_poison(x))
        return x;
    dimlist shape;
    if (!dimlist_copy(&shape, "detrend", shape_of(x)))
        return array_poison;
    int64_t length = x->aval.shape[0], from = 0;
    if (a->bp.n >= MOST)
        return ct_fail(CT_VALUE_ERROR, "detrend takes at most %d breakpoints.", MOST - 1);
    x = shape_reshape(x, I(length, length ? x->size / length : 0));
    for (int64_t place = 1; place <= length; place++) { /* in ascending order, each once */
        bool ends_here = place == length;
        for (int64_t i = 0; i < a->bp.n; i++)
            ends_here |= a->bp.at[i] == place;
        if (ends_here)
            ends[n++] = place;
    }
    for (int64_t i = 0; i < a->bp.n; i++)
        if (a->bp.at[i] < 0 || a->bp.at[i] > length)
            return ct_fail(CT_VALUE_ERROR, "Breakpoints must be non-negative and less than length "
                                           "of data along given axis.");
    for (int64_t i = 0; i < n; i++) {
        parts[i] = without_line(x, from, ends[i]);
        from = ends[i];
        if (is_poison(parts[i]))
            return parts[i];
    }
    x = n ? op_concatenate(n, parts, 0) : x;
    return ct_moveaxis(shape_reshape(x, dimlist_ints(&shape)), I(0), I(axis));
}
