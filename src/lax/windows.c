/* Convolutions and reductions over windows, with paddings and layouts as users write them: 'SAME',
 * pairs, ('NHWC', 'HWIO', 'NHWC'). */
#include "lax/lax.h"
#include "transform/reduce.h"

/* ---- windows ---- */

/* A list with one entry an axis; all ones when none is given. */
static bool each_axis(const char *what, ct_ints given, int64_t n, axis_list *out)
{
    if (!given.n && !given.at) {
        out->n = n;
        for (int64_t i = 0; i < n; i++)
            out->at[i] = 1;
        return true;
    }
    if (given.n != n) {
        base_fail(CT_TYPE_ERROR, "%s: %lld entries expected, one an axis of the window, got %lld.",
                  what, (long long)n, (long long)given.n);
        return false;
    }
    return lax_copy(what, given, out);
}

static bool text_is(const nested *r, const char *word)
{
    int64_t n = (int64_t)strlen(word);
    if (r->end - r->at != n + 1 || r->at[0] != n)
        return false;
    for (int64_t i = 0; i < n; i++)
        if (r->at[1 + i] != word[i])
            return false;
    return true;
}

static int64_t spread(int64_t size, int64_t dilation)
{
    return size ? (size - 1) * dilation + 1 : 0;
}

/* Zeros on both sides such that every stride-th position has a window; the odd one goes after
 * (SAME) or before (SAME_LOWER). */
static void same_padding(int64_t n, const int64_t *size, const int64_t *window,
                         const int64_t *stride, bool lower, int64_t *pairs)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t out = (size[i] + stride[i] - 1) / stride[i],
                total = (out - 1) * stride[i] + window[i] - size[i];
        total = total > 0 ? total : 0;
        pairs[2 * i] = lower ? total - total / 2 : total / 2;
        pairs[2 * i + 1] = total - pairs[2 * i];
    }
}

/* size, window: as they are after dilation. */
static bool read_padding(const char *what, ct_ints given, int64_t n, const int64_t *size,
                         const int64_t *window, const int64_t *stride, int64_t *pairs)
{
    nested r = nested_begin(what, given);
    int64_t count, two;
    bool lower = text_is(&r, "SAME_LOWER");
    memset(pairs, 0, (size_t)(2 * n) * sizeof *pairs);
    if (text_is(&r, "VALID"))
        return true;
    if (lower || text_is(&r, "SAME")) {
        same_padding(n, size, window, stride, lower, pairs);
        return true;
    }
    if (!nested_length(&r, &count))
        return false;
    for (int64_t i = 0; i < count && i < n; i++)
        if (!nested_length(&r, &two) || two != 2 || !nested_int(&r, &pairs[2 * i]) ||
            !nested_int(&r, &pairs[2 * i + 1]))
            count = -1;
    if (count == n)
        return true;
    base_fail(CT_VALUE_ERROR,
              "%s is 'SAME', 'SAME_LOWER', 'VALID' or a pair (low, high) for each of %lld axes.",
              what, (long long)n);
    return false;
}

/* ---- layouts ---- */

/* Where the letters of a layout stand: batch and feature first (or, for kernels, out and in), then
 * the spatial ones in the order of `like`. */
static bool read_layout(nested *r, int64_t n, const char *two, const int64_t *like, int64_t *order,
                        int64_t *letters)
{
    int64_t length;
    if (!nested_length(r, &length) || length != n)
        return false;
    for (int64_t i = 0; i < n; i++)
        if (!nested_int(r, &letters[i]))
            return false;
    for (int64_t k = 0; k < 2; k++) {
        order[k] = -1;
        for (int64_t i = 0; i < n; i++)
            if (letters[i] == two[k])
                order[k] = i;
        if (order[k] < 0)
            return false;
    }
    int64_t next = 2;
    for (int64_t i = 0; i < n; i++) {
        if (like[i] == two[0] || like[i] == two[1] || like[i] == 'O' || like[i] == 'I' ||
            like[i] == 'N' || like[i] == 'C')
            continue;
        for (int64_t k = 0; k < n; k++)
            if (letters[k] == like[i])
                order[next++] = k;
    }
    return next == n;
}

/* Three texts, or the three lists of a ConvDimensionNumbers; none: batch, feature, spatial axes. */
static bool read_numbers(ct_ints given, int64_t n, axis_list specs[3])
{
    for (int k = 0; k < 3; k++) {
        specs[k].n = n;
        for (int64_t i = 0; i < n; i++)
            specs[k].at[i] = i;
    }
    if (!given.n)
        return true;
    nested r = nested_begin("conv_general_dilated: dimension_numbers", given);
    int64_t three, letters[3][LAX_MAX_NDIM];
    bool good = nested_length(&r, &three) && three == 3;
    if (good && r.end - r.at > 1 && r.at[1] < 'A') { /* numbers, not letters */
        for (int k = 0; k < 3; k++)
            good = good && nested_ints(&r, &specs[k]) && specs[k].n == n;
    } else if (good) {
        /* The kernel's spatial letters give the order of all. */
        nested kernel = r;
        int64_t skip;
        good = nested_length(&kernel, &skip);
        kernel.at += good ? skip : 0;
        axis_list like;
        good = good && nested_ints(&kernel, &like) && like.n == n;
        static const char *const two[] = {"NC", "OI", "NC"};
        for (int k = 0; k < 3; k++)
            good = good && read_layout(&r, n, two[k], like.at, specs[k].at, letters[k]);
    }
    if (!good && ct_ok())
        base_fail(CT_TYPE_ERROR,
                  "conv_general_dilated: dimension_numbers must be None, a ConvDimensionNumbers or "
                  "three texts such as"
                  " ('NHWC', 'HWIO', 'NHWC') for %lld axes.",
                  (long long)n);
    return good;
}

/* ---- convolution ---- */

/* A rule for the padding is about images without gaps. */
static bool padding_fits(ct_ints padding, ct_ints dilation)
{
    nested r = nested_begin("conv_general_dilated: padding", padding);
    bool named = text_is(&r, "SAME") || text_is(&r, "VALID") || text_is(&r, "SAME_LOWER");
    for (int64_t i = 0; i < dilation.n && named; i++)
        if (dilation.at[i] != 1) {
            base_fail(CT_VALUE_ERROR,
                      "String padding is not implemented for transposed convolution using this op. "
                      "Please either exactly specify the required padding or use conv_transpose.");
            return false;
        }
    return true;
}

ct_array lax_conv_general_dilated(const ct_lax_conv_general_dilated_args *a)
{
    int64_t n = a->lhs->aval.ndim, spatial = n - 2, size[LAX_MAX_NDIM], window[LAX_MAX_NDIM],
            pairs[2 * LAX_MAX_NDIM];
    axis_list specs[3], strides, left, right;
    const char *what = "conv_general_dilated";
    if (n < 2 || a->rhs->aval.ndim != n)
        return ct_fail(CT_VALUE_ERROR,
                       "conv_general_dilated lhs and rhs must have the same number of dimensions, "
                       "at least two, but got %lld and %d.",
                       (long long)n, (int)a->rhs->aval.ndim);
    if (!read_numbers(a->dimension_numbers, n, specs) ||
        !each_axis(what, a->window_strides, spatial, &strides) ||
        !each_axis(what, a->lhs_dilation, spatial, &left) ||
        !each_axis(what, a->rhs_dilation, spatial, &right) ||
        !padding_fits(a->padding, axis_ints(&left)))
        return array_poison;
    for (int64_t i = 0; i < spatial; i++) {
        size[i] = spread(a->lhs->aval.shape[specs[0].at[2 + i]], left.at[i]);
        window[i] = spread(a->rhs->aval.shape[specs[1].at[2 + i]], right.at[i]);
    }
    if (!read_padding("conv_general_dilated: padding", a->padding, spatial, size, window,
                      strides.at, pairs))
        return array_poison;
    params_conv p = {
        .batch_group_count = a->batch_group_count.value,
        .dimension_numbers = {axis_ints(&specs[0]), axis_ints(&specs[1]), axis_ints(&specs[2])},
        .feature_group_count = a->feature_group_count.value,
        .lhs_dilation = axis_ints(&left),
        .padding = {2 * spatial, pairs},
        .precision = a->precision,
        .preferred_element_type = a->preferred_element_type == CT_NO_DTYPE
                                      ? CT_NO_DTYPE
                                      : dtype_canonical(a->preferred_element_type),
        .rhs_dilation = axis_ints(&right),
        .window_strides = axis_ints(&strides),
    };
    return op_conv(a->lhs, a->rhs, &p);
}

/* ---- patches ---- */

/* Axes (first, second, others) moved to where the positions say. */
static ct_array lead_to(ct_array x, int64_t first, int64_t second)
{
    axis_list order = {.n = is_poison(x) ? 0 : x->aval.ndim};
    for (int64_t d = 0, next = 2; d < order.n; d++)
        order.at[d] = d == first ? 0 : d == second ? 1 : next++;
    return is_poison(x) ? x : op_transpose(x, axis_ints(&order));
}

/* The kernel that takes each element of a window to a feature of its own. */
static ct_array picking_kernel(ct_dtype dtype, int64_t features, ct_ints filter,
                               const axis_list *spec)
{
    int64_t count = 1;
    axis_list shape = {.n = 2 + filter.n};
    for (int64_t i = 0; i < filter.n; i++)
        count *= shape.at[2 + i] = filter.at[i];
    shape.at[0] = features * count;
    shape.at[1] = 1;
    ct_array row = op_iota(CT_INT32, I(count, count), 0),
             column = op_iota(CT_INT32, I(count, count), 1);
    ct_array one = op_convert(op_eq(row, column), dtype, false);
    ct_array all = op_broadcast_in_dim(one, I(features, count, count), I(1, 2));
    return lead_to(op_reshape(all, axis_ints(&shape)), spec->at[0], spec->at[1]);
}

ct_array lax_conv_general_dilated_patches(const ct_lax_conv_general_dilated_patches_args *a)
{
    axis_list specs[3];
    int64_t n = a->lhs->aval.ndim;
    if (n < 2 || a->filter_shape.n != n - 2)
        return ct_fail(CT_TYPE_ERROR,
                       "conv_general_dilated_patches: filter_shape has %lld sizes for an array "
                       "with %lld spatial axes.",
                       (long long)a->filter_shape.n, (long long)n - 2);
    if (!read_numbers(a->dimension_numbers, n, specs))
        return array_poison;
    int64_t features = a->lhs->aval.shape[specs[0].at[1]];
    return ct_lax_conv_general_dilated(
        a->lhs, picking_kernel(dtype_of(a->lhs), features, a->filter_shape, &specs[1]),
        a->window_strides, a->padding, .lhs_dilation = a->lhs_dilation,
        .rhs_dilation = a->rhs_dilation, .dimension_numbers = a->dimension_numbers,
        .feature_group_count = GIVEN(features), .precision = a->precision,
        .preferred_element_type = a->preferred_element_type);
}

ct_array lax_conv_general_dilated_local(const ct_lax_conv_general_dilated_local_args *a)
{
    axis_list specs[3], places = {.n = 0}, weights = places, order = places;
    ct_array patches = ct_lax_conv_general_dilated_patches(
        a->lhs, a->filter_shape, a->window_strides, a->padding, .lhs_dilation = a->lhs_dilation,
        .rhs_dilation = a->rhs_dilation, .dimension_numbers = a->dimension_numbers,
        .precision = a->precision);
    int64_t n = a->lhs->aval.ndim;
    if (is_poison(patches) || !read_numbers(a->dimension_numbers, n, specs))
        return array_poison;
    for (int64_t d = 0; d < n; d++)
        for (int64_t i = 2; i < n; i++)
            if (specs[2].at[i] == d) {
                places.at[places.n++] = d;
                weights.at[weights.n++] = specs[1].at[i];
            }
    params_dot_general p = {.dimension_numbers = {I(specs[2].at[1]), I(specs[1].at[1]),
                                                  axis_ints(&places), axis_ints(&weights)},
                            .precision = a->precision};
    ct_array out = op_dot_general(patches, a->rhs, &p); /* places, batch, features */
    order.n = n;
    for (int64_t d = 0, next = 0; d < n; d++)
        order.at[d] = d == specs[2].at[0] ? n - 2 : d == specs[2].at[1] ? n - 1 : next++;
    return is_poison(out) ? out : op_transpose(out, axis_ints(&order));
}

/* ---- transposed convolution ---- */

/* The layouts of TensorFlow: features last. */
static ct_ints default_layouts(int64_t n, int64_t out[32])
{
    static const char *const words[][3] = {[2] = {"NC", "IO", "NC"},
                                           [3] = {"NHC", "HIO", "NHC"},
                                           [4] = {"NHWC", "HWIO", "NHWC"},
                                           [5] = {"NHWDC", "HWDIO", "NHWDC"}};
    int64_t used = 0;
    if (n < 2 || n > 5)
        return I_NONE;
    out[used++] = 3;
    for (int k = 0; k < 3; k++) {
        out[used++] = n;
        for (int64_t i = 0; i < n; i++)
            out[used++] = words[n][k][i];
    }
    return (ct_ints){used, out};
}

/* The padding of the spread operand that undoes a convolution with window k, stride s and this
 * padding; explicit pairs are meant for the operand itself unless they are `consistent`. */
static bool transposed_padding(const ct_lax_conv_transpose_args *a, int64_t n, const int64_t *k,
                               const int64_t *s, int64_t *pairs)
{
    nested r = nested_begin("conv_transpose: padding", a->padding);
    bool same = text_is(&r, "SAME"), valid = text_is(&r, "VALID");
    if (!same && !valid && !read_padding("conv_transpose: padding", a->padding, n, k, k, s, pairs))
        return false;
    for (int64_t i = 0; i < n; i++) {
        int64_t *low = &pairs[2 * i], *high = low + 1, total = k[i] + s[i] - 2;
        if (same) {
            *low = s[i] > k[i] - 1 ? k[i] - 1 : (total + 1) / 2;
            *high = total - *low;
        } else if (valid) {
            *low = k[i] - 1;
            *high = total + (k[i] > s[i] ? k[i] - s[i] : 0) - *low;
        } else if (a->use_consistent_padding) {
            *low = k[i] - 1 - *low;
            *high = k[i] - 1 - *high;
        }
    }
    return true;
}

ct_array lax_conv_transpose(const ct_lax_conv_transpose_args *a)
{
    ct_array kernel = a->rhs;
    int64_t n = a->lhs->aval.ndim, spatial = n - 2, layouts[32], window[LAX_MAX_NDIM],
            pairs[2 * LAX_MAX_NDIM];
    axis_list specs[3], strides, ones, right;
    const char *what = "conv_transpose";
    if (n < 2 || kernel->aval.ndim != n || (!a->dimension_numbers.n && n > 5))
        return ct_fail(CT_VALUE_ERROR,
                       "conv_transpose lhs and rhs must have the same number of dimensions, from "
                       "two to five without dimension_numbers, but got %lld and %d.",
                       (long long)n, (int)kernel->aval.ndim);
    ct_ints numbers = a->dimension_numbers.n ? a->dimension_numbers : default_layouts(n, layouts);
    if (!read_numbers(numbers, n, specs) || !each_axis(what, a->strides, spatial, &strides) ||
        !each_axis(what, (ct_ints){0, NULL}, spatial, &ones) ||
        !each_axis(what, a->rhs_dilation, spatial, &right))
        return array_poison;
    for (int64_t i = 0; i < spatial; i++)
        window[i] = spread(kernel->aval.shape[specs[1].at[2 + i]], right.at[i]);
    if (!transposed_padding(a, spatial, window, strides.at, pairs))
        return array_poison;
    if (a->transpose_kernel) {
        axis_list order = {.n = n};
        for (int64_t i = 0; i < n; i++)
            order.at[i] = i;
        order.at[specs[1].at[0]] = specs[1].at[1];
        order.at[specs[1].at[1]] = specs[1].at[0];
        kernel = spatial ? op_rev(kernel, (ct_ints){spatial, specs[1].at + 2}) : kernel;
        kernel = op_transpose(kernel, axis_ints(&order));
        if (is_poison(kernel))
            return kernel;
    }
    params_conv p = {
        .batch_group_count = 1,
        .dimension_numbers = {axis_ints(&specs[0]), axis_ints(&specs[1]), axis_ints(&specs[2])},
        .feature_group_count = 1,
        .lhs_dilation = axis_ints(&strides),
        .padding = {2 * spatial, pairs},
        .precision = a->precision,
        .preferred_element_type = a->preferred_element_type == CT_NO_DTYPE
                                      ? CT_NO_DTYPE
                                      : dtype_canonical(a->preferred_element_type),
        .rhs_dilation = axis_ints(&right),
        .window_strides = axis_ints(&ones),
    };
    return op_conv(a->lhs, kernel, &p);
}

ct_array lax_conv(const ct_lax_conv_args *a)
{
    return ct_lax_conv_general_dilated(a->lhs, a->rhs, a->window_strides, a->padding,
                                       .precision = a->precision,
                                       .preferred_element_type = a->preferred_element_type);
}

ct_array lax_conv_with_general_padding(const ct_lax_conv_with_general_padding_args *a)
{
    return ct_lax_conv_general_dilated(a->lhs, a->rhs, a->window_strides, a->padding,
                                       .lhs_dilation = a->lhs_dilation,
                                       .rhs_dilation = a->rhs_dilation, .precision = a->precision,
                                       .preferred_element_type = a->preferred_element_type);
}

/* ---- reductions over windows ---- */

ct_tree lax_reduce_window(const ct_lax_reduce_window_args *a)
{
    static const char what[] = "reduce_window";
    lax_reduction r;
    if (!lax_reduction_read(what, &a->operand, &a->init_value, a->computation, &r))
        return array_poison;
    const aval *x = &r.in[0]->aval;
    int64_t n = x->ndim, size[LAX_MAX_NDIM], window[LAX_MAX_NDIM], pairs[2 * LAX_MAX_NDIM];
    axis_list strides, base, holes, dims;
    if (!each_axis(what, a->window_dimensions, n, &dims) ||
        !each_axis(what, a->window_strides, n, &strides) ||
        !each_axis(what, a->base_dilation, n, &base) ||
        !each_axis(what, a->window_dilation, n, &holes))
        return array_poison;
    for (int64_t i = 0; i < n; i++) {
        size[i] = x->shape[i];
        window[i] = spread(dims.at[i], holes.at[i]);
    }
    if (!read_padding("reduce_window: padding", a->padding, n, size, window, strides.at, pairs))
        return array_poison;
    params_window_reduction p = {.window = {axis_ints(&base),
                                            {2 * n, pairs},
                                            axis_ints(&holes),
                                            axis_ints(&dims),
                                            axis_ints(&strides)}};
    if (lax_reduces_by(&r, (void (*)(void))(ct_lax_add), IDENTITY_ZERO))
        return op_reduce_window_sum(r.in[0], &p.window);
    if (lax_reduces_by(&r, (void (*)(void))(ct_lax_max), LOWEST))
        return op_reduce_window_max(r.in[0], &p.window);
    if (lax_reduces_by(&r, (void (*)(void))(ct_lax_min), HIGHEST))
        return op_reduce_window_min(r.in[0], &p.window);
    return reduction_call_function(&op_row_reduce_window, &p, &p.jaxpr, a->computation, (int)r.n,
                                   r.in, a->init_value, true);
}
