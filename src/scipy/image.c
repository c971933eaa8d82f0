/* jax.image: resampling. Along each dimension the result is a product with a matrix of weights
 * (size before, size after), so that all of it is linear in the image and one einsum. */
#define OPS_NUMBER numpy_literal
#include <math.h>
#include <stdio.h>

#include "scipy/scipy.h"

#include "numpy/shape.h"

typedef ct_array weight_of_distance(ct_array x);

/* ---- weights by distance, which is not negative ---- */

static ct_array triangle(ct_array x) { return ct_maximum(0, ct_subtract(1, ct_abs(x))); }

static ct_array lanczos(double radius, ct_array x)
{
    ct_array pi_x = ct_multiply(M_PI, x);
    ct_array y = ct_multiply(ct_multiply(radius, ct_sin(pi_x)), ct_sin(ct_divide(pi_x, radius)));
    ct_array square = ct_multiply(M_PI * M_PI, ct_square(x));
    ct_array out =
        ct_where(ct_greater(x, 1e-3), ct_divide(y, ct_where(ct_not_equal(x, 0), square, 1)), 1);
    return ct_where(ct_greater(x, radius), 0., out);
}
static ct_array lanczos3(ct_array x) { return lanczos(3, x); }
static ct_array lanczos5(ct_array x) { return lanczos(5, x); }

/* ((c[0] x + c[1]) x + c[2]) x + c[3] */
static ct_array cubic(ct_array x, const double *c)
{
    ct_array y = ct_add(ct_multiply(c[0], x), c[1]);
    for (int i = 2; i < 4; i++)
        y = ct_add(ct_multiply(y, x), c[i]);
    return y;
}

/* R. G. Keys, Cubic convolution interpolation for digital image processing, IEEE Transactions on
 * Acoustics, Speech, and Signal Processing 29 (1981), with the slope a at distance one. */
static ct_array keys(double a, ct_array x)
{
    ct_array near = cubic(x, (double[]){a + 2, -(a + 3), 0, 1}),
             far = cubic(x, (double[]){a, -5 * a, 8 * a, -4 * a});
    return ct_where(ct_greater_equal(x, 2), 0., ct_where(ct_greater_equal(x, 1), far, near));
}
static ct_array keys_half(ct_array x) { return keys(-0.5, x); }
static ct_array keys_three_quarters(ct_array x) { return keys(-0.75, x); }

typedef struct method {
    const char *name;
    weight_of_distance *weight; /* NULL: the part of an element that another covers */
    int64_t beyond;             /* how many elements past the edges are repetitions of the edge */
} method;

static const method methods[] = {
    {"linear", triangle, 0},   {"cubic", keys_half, 0},   {"cubic-pytorch", keys_three_quarters, 2},
    {"lanczos3", lanczos3, 0}, {"lanczos5", lanczos5, 0}, {"area", NULL, 0},
};

static const method *method_named(const char *name, bool antialias)
{
    if (antialias && !strcmp(name, "cubic-pytorch"))
        name = "cubic";
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (!strcmp(methods[i].name, name))
            return &methods[i];
    return base_fail(CT_VALUE_ERROR, "Unknown resize method \"%s\"", name), NULL;
}

/* ---- the matrix of weights along one dimension ---- */

/* x is mapped to x * scale + translation. */
typedef struct mapping {
    int64_t before, after;
    ct_array inverse; /* 1 / scale */
    ct_array shift;   /* translation / scale */
    ct_dtype dtype;   /* to compute in */
} mapping;

static ct_array column(ct_array x) { return is_poison(x) ? x : op_expand_dims(x, I(1)); }
static ct_array row(ct_array x) { return is_poison(x) ? x : op_expand_dims(x, I(0)); }
static ct_array count_from(int64_t first, int64_t limit, ct_dtype dtype)
{
    return ct_arange(ct_weak_int(first), .stop = ct_weak_int(limit), .dtype = dtype);
}

/* The part of each element that the image of another covers. */
static ct_array covered(const mapping *m)
{
    ct_array left =
                 ct_subtract(ct_multiply(count_from(0, m->after, m->dtype), m->inverse), m->shift),
             right = ct_add(left, m->inverse), from = count_from(0, m->before, m->dtype),
             to = ct_add(from, 1.);
    ct_array width =
        ct_subtract(ct_minimum(row(right), column(to)), ct_maximum(row(left), column(from)));
    return ct_maximum(0., width);
}

static ct_array by_distance(const mapping *m, const method *how, ct_array centre, bool antialias)
{
    ct_array at = count_from(-how->beyond, m->before + how->beyond, m->dtype),
             apart = ct_abs(ct_subtract(row(centre), column(at)));
    if (antialias) /* what is made smaller is averaged first */
        apart = ct_divide(apart, ct_maximum(m->inverse, 1.));
    return how->weight(apart);
}

/* Rows past the edges are added to those of the edges. */
static ct_array onto_edges(ct_array weights, int64_t beyond)
{
    if (!beyond || is_poison(weights))
        return weights;
    int64_t rows = weights->aval.shape[0], ends[] = {beyond + 1, rows - beyond - 1}, one = 0;
    if (ends[0] > ends[1]) /* one row is both edges */
        return ct_sum(weights, .axis = {1, &one}, .keepdims = true);
    ct_array first = ct_sum(shape_slice(weights, 0, 0, ends[0], 1), .axis = {1, &one},
                            .keepdims = true),
             last = ct_sum(shape_slice(weights, 0, ends[1], rows, 1), .axis = {1, &one},
                           .keepdims = true),
             middle = shape_slice(weights, 0, ends[0], ends[1], 1);
    return ct_concatenate(((ct_arrays){3, (ct_array[]){first, middle, last}}), .axis = GIVEN(0));
}

/* Divided by their sums; columns whose sums vanish are zero. */
static ct_array normalized(ct_array weights)
{
    int64_t rows = 0;
    ct_array total = ct_sum(weights, .axis = {1, &rows}, .keepdims = true);
    ct_array share = ct_divide(weights, ct_where(ct_not_equal(total, 0), total, 1));
    return ct_where(ct_greater(ct_abs(total), 1000. * 0x1p-23), share, 0);
}

static ct_array weights_of(const mapping *m, const method *how, bool antialias)
{
    ct_array place = ct_multiply(ct_add(count_from(0, m->after, m->dtype), 0.5), m->inverse);
    ct_array centre = ct_subtract(ct_subtract(place, m->shift), 0.5);
    ct_array weights = how->weight ? by_distance(m, how, centre, antialias) : covered(m);
    weights = normalized(onto_edges(weights, how->beyond));
    if (how->beyond)
        return weights;
    ct_array inside = ct_logical_and(ct_greater_equal(centre, -0.5),
                                     ct_less_equal(centre, (double)m->before - 0.5));
    return ct_where(row(inside), weights, 0);
}

/* ---- the products ---- */

enum { LETTERS = 26 };

/* Replaces dimension d[i] of x, as long as weights[i] has rows, by one as long as it has columns.
 */
static ct_array resampled(ct_array x, int64_t n, const int64_t *d, const ct_array *weights,
                          int precision)
{
    if (n == 0 || is_poison(x))
        return x;
    int ndim = x->aval.ndim;
    if (ndim > LETTERS)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "resizing an image of %d dimensions", ndim);
    ct_array operands[LETTERS + 1] = {x};
    char subscripts[8 * LETTERS], *s = subscripts, result[LETTERS];
    for (int i = 0; i < ndim; i++)
        *s++ = result[i] = (char)('a' + i);
    for (int64_t i = 0; i < n; i++) {
        result[d[i]] = (char)('A' + i);
        *s++ = ',', *s++ = (char)('a' + d[i]), *s++ = result[d[i]];
        operands[i + 1] = weights[i];
    }
    snprintf(s, 3 + (size_t)ndim, "->%.*s", ndim, result);
    return ct_einsum(subscripts, ((ct_arrays){n + 1, operands}), .precision = precision);
}

static bool same_rank(ct_array image, ct_ints shape)
{
    if (shape.n == image->aval.ndim)
        return true;
    base_fail(CT_VALUE_ERROR,
              "shape must have length equal to the number of dimensions of x;  %s vs %s",
              dims_string(shape), dims_string(shape_of(image)));
    return false;
}

static ct_array nearest(ct_array x, ct_ints shape)
{
    for (int64_t d = 0; d < shape.n && !is_poison(x); d++) {
        int64_t before = x->aval.shape[d], after = shape.at[d];
        if (before == after)
            continue;
        ct_array place = ct_add(count_from(0, after, CT_FLOAT32), 0.5);
        place = ct_divide(ct_multiply(place, (double)before), (double)after);
        ct_array index = numpy_cast(ct_floor(place), CT_INT32);
        x = shape_take(x, d, index, &(index_options){.mode = INDEX_PROMISE_IN_BOUNDS});
    }
    return x;
}

ct_array image__resize(const ct_image__resize_args *a)
{
    if (!same_rank(a->image, a->shape))
        return array_poison;
    if (!strcmp(a->method, "nearest"))
        return nearest(a->image, a->shape);
    const method *how = method_named(a->method, a->antialias == CT_TRUE);
    if (!how)
        return array_poison;
    ct_array x = numpy_cast(a->image, dtype_to_inexact(dtype_of(a->image))),
             weights[NUMPY_MAX_NDIM];
    int64_t n = 0, dims[NUMPY_MAX_NDIM];
    for (int64_t d = 0; d < a->shape.n && !is_poison(x); d++) {
        mapping m = {x->aval.shape[d], a->shape.at[d], .dtype = dtype_canonical(CT_FLOAT64)};
        if (m.before == m.after)
            continue;
        double scale = m.after ? (double)m.after / (double)m.before : 1;
        m.inverse = ct_weak_float(1 / scale), m.shift = ct_weak_float(0);
        weights[n] = numpy_cast(weights_of(&m, how, a->antialias == CT_TRUE), dtype_of(x));
        dims[n++] = d;
    }
    return resampled(x, n, dims, weights, a->precision);
}

ct_array image__scale_and_translate(const ct_image__scale_and_translate_args *a)
{
    if (!same_rank(a->image, a->shape))
        return array_poison;
    if (!strcmp(a->method, "nearest"))
        return ct_fail(CT_VALUE_ERROR, "Nearest neighbor resampling is not currently supported for "
                                       "scale_and_translate.");
    const method *how = method_named(a->method, a->antialias == CT_TRUE);
    ct_array moved[2] = {a->scale, a->translation}, weights[NUMPY_MAX_NDIM];
    if (!how || !numpy_promote_inexact("scale_and_translate", 2, moved, moved))
        return array_poison;
    ct_array x = numpy_cast(a->image, dtype_to_inexact(dtype_of(a->image)));
    int64_t dims[NUMPY_MAX_NDIM], n = a->spatial_dims.n;
    if (is_poison(x))
        return x;
    if (n > x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "scale_and_translate: spatial_dims=%s names more dimensions than the image "
                       "of shape %s has",
                       dims_string(a->spatial_dims), dims_string(shape_of(x)));
    for (int i = 0; i < 2; i++)
        if (moved[i]->aval.ndim != 1 || moved[i]->aval.shape[0] != n)
            return ct_fail(
                CT_VALUE_ERROR,
                "scale_and_translate: %s must have shape (%lld,), one element for each of "
                "spatial_dims; got shape %s",
                i ? "translation" : "scale", (long long)n, dims_string(shape_of(moved[i])));
    for (int64_t i = 0; i < n; i++) {
        if (!numpy_axis("scale_and_translate", a->spatial_dims.at[i], x->aval.ndim, &dims[i]))
            return array_poison;
        mapping m = {x->aval.shape[dims[i]], a->shape.at[dims[i]], .dtype = dtype_of(moved[0])};
        ct_array one[2];
        for (int k = 0; k < 2; k++)
            one[k] = op_squeeze(shape_slice(moved[k], 0, i, i + 1, 1), I(0));
        m.inverse = ct_divide(1., one[0]), m.shift = ct_multiply(one[1], m.inverse);
        weights[i] = numpy_cast(weights_of(&m, how, a->antialias == CT_TRUE), dtype_of(x));
        if (is_poison(weights[i]))
            return array_poison;
    }
    return resampled(x, n, dims, weights, a->precision);
}
