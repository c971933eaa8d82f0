/* Convolutions: layouts spelled in letters, and paddings by name. */
#include "lax/lax.h"

/* The positions of a spec: numbers as they are, letters by what they name; spatial letters in the order of `spatial`. */
typedef struct letters {
    int64_t n;
    char at[LAX_MAX_NDIM];
} letters;

static bool read_spec(nested *r, letters *spec, axis_list *numbers)
{
    bool texts = false;
    if (!nested_length(r, &numbers->n))
        return false;
    spec->n = numbers->n;
    for (int64_t i = 0; i < spec->n; i++) {
        if (!nested_int(r, &numbers->at[i]))
            return false;
        texts = numbers->at[i] >= 'A';
        spec->at[i] = (char)numbers->at[i];
    }
    if (!texts)
        spec->n = 0;
    return true;
}

static bool positions(const letters *spec, char first, char second, const letters *spatial, axis_list *out)
{
    const char *a = memchr(spec->at, first, (size_t)spec->n), *b = memchr(spec->at, second, (size_t)spec->n);
    if (!a || !b) {
        base_fail(CT_VALUE_ERROR, "convolution dimension_numbers must name the axes %c and %c, got '%.*s'.", first, second, (int)spec->n, spec->at);
        return false;
    }
    out->n = 2;
    out->at[0] = a - spec->at;
    out->at[1] = b - spec->at;
    for (int64_t i = 0; i < spatial->n; i++) {
        if (spatial->at[i] == 'O' || spatial->at[i] == 'I')
            continue;
        const char *c = memchr(spec->at, spatial->at[i], (size_t)spec->n);
        if (!c) {
            base_fail(CT_VALUE_ERROR, "convolution dimension_numbers must name the same spatial axes everywhere; '%.*s' lacks %c.", (int)spec->n, spec->at, spatial->at[i]);
            return false;
        }
        out->at[out->n++] = c - spec->at;
    }
    return true;
}

/* Three specs: of the left side, the kernel and the result. Left out: batch, feature, spatial; out, in, spatial. */
static bool read_layouts(ct_ints numbers, int64_t ndim, axis_list specs[3])
{
    static const char firsts[] = "NON", seconds[] = "CIC";
    letters spelled[3];
    int64_t n;
    if (numbers.n <= 0 || numbers.at[0] == CT_NONE_INT) {
        for (int i = 0; i < 3; i++)
            for (specs[i].n = 0; specs[i].n < ndim; specs[i].n++)
                specs[i].at[specs[i].n] = specs[i].n;
        return true;
    }
    nested r = nested_begin("conv_general_dilated: dimension_numbers", numbers);
    if (!nested_length(&r, &n) || n != 3) {
        base_fail(CT_TYPE_ERROR, "convolution dimension_numbers must be a tuple of three layouts, (lhs, rhs, out).");
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (!read_spec(&r, &spelled[i], &specs[i]))
            return false;
        if (specs[i].n != ndim) {
            base_fail(CT_TYPE_ERROR, "convolution dimension_numbers[%d] must have %lld entries, one an axis, got %lld.", i, (long long)ndim, (long long)specs[i].n);
            return false;
        }
    }
    for (int i = 0; i < 3; i++)
        if (spelled[i].n && !positions(&spelled[i], firsts[i], seconds[i], &spelled[1], &specs[i]))
            return false;
    return true;
}

static bool is_named(ct_ints padding, const char *name)
{
    size_t length = strlen(name);
    bool same = padding.n == (int64_t)length + 1 && padding.at[0] == (int64_t)length;
    for (size_t i = 0; i < length && same; i++)
        same = padding.at[i + 1] == name[i];
    return same;
}

/* Pairs, from pairs or from "VALID", "SAME" (the result has a stride-th of the points; the odd one out is padded at the end) or "SAME_LOWER". */
static bool read_padding(const params_conv *p, ct_ints padding, ct_array lhs, ct_array rhs, axis_list *out)
{
    int64_t spatial = p->window_strides.n, n;
    bool same = is_named(padding, "SAME"), lower = is_named(padding, "SAME_LOWER"), valid = is_named(padding, "VALID");
    out->n = 2 * spatial;
    if (!same && !lower && !valid) {
        nested r = nested_begin("conv_general_dilated: padding", padding);
        axis_list pair;
        if (padding.n > 1 && padding.at[1] >= 'A') {
            base_fail(CT_VALUE_ERROR, "conv_general_dilated: padding is 'VALID', 'SAME', 'SAME_LOWER' or one pair of numbers a spatial axis.");
            return false;
        }
        if (!nested_length(&r, &n))
            return false;
        out->n = 0;
        for (int64_t i = 0; i < n; i++) {
            if (!nested_ints(&r, &pair) || pair.n != 2 || out->n + 2 > LAX_MAX_NDIM) {
                base_fail(CT_TYPE_ERROR, "conv_general_dilated: padding must hold one pair of numbers a spatial axis.");
                return false;
            }
            out->at[out->n++] = pair.at[0];
            out->at[out->n++] = pair.at[1];
        }
        return true;
    }
    for (int64_t i = 0; i < spatial; i++) {
        if (p->lhs_dilation.at[i] != 1 && !valid) {
            base_fail(CT_VALUE_ERROR, "String padding is not implemented for transposed convolutions (lhs_dilation); give the padding in numbers.");
            return false;
        }
        int64_t in = lhs->aval.shape[p->dimension_numbers.lhs_spec.at[i + 2]], kernel = rhs->aval.shape[p->dimension_numbers.rhs_spec.at[i + 2]];
        int64_t stride = p->window_strides.at[i], covered = kernel ? (kernel - 1) * p->rhs_dilation.at[i] + 1 : 0, points = stride > 0 ? (in + stride - 1) / stride : 0;
        int64_t total = (points - 1) * stride + covered - in;
        total = total < 0 || valid ? 0 : total;
        out->at[2 * i] = lower ? total - total / 2 : total / 2;
        out->at[2 * i + 1] = total - out->at[2 * i];
    }
    return true;
}

ct_array lax_conv_general_dilated(const ct_lax_conv_general_dilated_args *a)
{
    axis_list specs[3], padding, ones;
    int64_t ndim = a->lhs->aval.ndim;
    if (ndim != a->rhs->aval.ndim || ndim < 2)
        return ct_fail(CT_TYPE_ERROR, "convolution requires lhs and rhs ndim to be equal and at least 2, got %lld and %d.", (long long)ndim, (int)a->rhs->aval.ndim);
    for (ones.n = 0; ones.n < ndim - 2; ones.n++)
        ones.at[ones.n] = 1;
    if (!read_layouts(a->dimension_numbers, ndim, specs))
        return array_poison;
    params_conv p = {
        .batch_group_count = a->batch_group_count.given ? a->batch_group_count.value : 1,
        .dimension_numbers = {axis_ints(&specs[0]), axis_ints(&specs[1]), axis_ints(&specs[2])},
        .feature_group_count = a->feature_group_count.given ? a->feature_group_count.value : 1,
        .lhs_dilation = a->lhs_dilation.at ? a->lhs_dilation : axis_ints(&ones),
        .precision = a->precision,
        .preferred_element_type = a->preferred_element_type == CT_NO_DTYPE ? CT_NO_DTYPE : dtype_canonical(a->preferred_element_type),
        .rhs_dilation = a->rhs_dilation.at ? a->rhs_dilation : axis_ints(&ones),
        .window_strides = a->window_strides,
    };
    if (p.window_strides.n != ones.n || p.lhs_dilation.n != ones.n || p.rhs_dilation.n != ones.n)
        return ct_fail(CT_VALUE_ERROR, "conv_general_dilated window and window_strides must have the same number of dimensions, but got %lld and %lld", (long long)ones.n,
                       (long long)p.window_strides.n);
    if (!read_padding(&p, a->padding, a->lhs, a->rhs, &padding))
        return array_poison;
    p.padding = axis_ints(&padding);
    return op_conv(a->lhs, a->rhs, &p);
}
