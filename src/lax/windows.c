/* Reductions over windows, with paddings as users write them: 'SAME' or pairs. Convolutions: convolution.c. */
#include "lax/lax.h"

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
        base_fail(CT_VALUE_ERROR, "%s: %lld entries expected, one an axis of the window, got %lld.", what, (long long)n, (long long)given.n);
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

static int64_t spread(int64_t size, int64_t dilation) { return size ? (size - 1) * dilation + 1 : 0; }

/* Zeros on both sides such that every stride-th position has a window; the odd one goes after (SAME) or before (SAME_LOWER). */
static void same_padding(int64_t n, const int64_t *size, const int64_t *window, const int64_t *stride, bool lower, int64_t *pairs)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t out = (size[i] + stride[i] - 1) / stride[i], total = (out - 1) * stride[i] + window[i] - size[i];
        total = total > 0 ? total : 0;
        pairs[2 * i] = lower ? total - total / 2 : total / 2;
        pairs[2 * i + 1] = total - pairs[2 * i];
    }
}

/* size, window: as they are after dilation. */
static bool read_padding(const char *what, ct_ints given, int64_t n, const int64_t *size, const int64_t *window, const int64_t *stride, int64_t *pairs)
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
        if (!nested_length(&r, &two) || two != 2 || !nested_int(&r, &pairs[2 * i]) || !nested_int(&r, &pairs[2 * i + 1]))
            count = -1;
    if (count == n)
        return true;
    base_fail(CT_VALUE_ERROR, "%s is 'SAME', 'SAME_LOWER', 'VALID' or a pair (low, high) for each of %lld axes.", what, (long long)n);
    return false;
}

/* ---- convolution with the default layout ---- */

ct_array lax_conv(const ct_lax_conv_args *a)
{
    return ct_lax_conv_general_dilated(a->lhs, a->rhs, a->window_strides, a->padding, .precision = a->precision,
        .preferred_element_type = a->preferred_element_type);
}

/* ---- reductions over windows ---- */

/* Whether the initial value changes nothing: then the reduction has an operation of its own. */
static bool is_identity(const char *reducer, ct_array init)
{
    ct_dtype d = dtype_of(init);
    if (!is_array(init) || init->aval.ndim || dtype_is(d, FAMILY_COMPLEX | FAMILY_BOOL))
        return false;
    double value = array_get_double(init, 0);
    bool whole = dtype_is(d, FAMILY_INT | FAMILY_UINT);
    double bits = dtype_table[d].bits, lowest = dtype_is(d, FAMILY_UINT) ? 0 : -__builtin_ldexp(1, (int)bits - 1);
    double highest = __builtin_ldexp(1, (int)bits - !dtype_is(d, FAMILY_UINT)) - 1;
    if (!strcmp(reducer, "add"))
        return value == 0;
    if (!strcmp(reducer, "max"))
        return value == (whole ? lowest : -__builtin_inf());
    return !strcmp(reducer, "min") && value == (whole ? highest : __builtin_inf());
}

ct_array lax__reduce_window(const ct_lax__reduce_window_args *a)
{
    int64_t n = a->operand->aval.ndim, size[LAX_MAX_NDIM], window[LAX_MAX_NDIM], pairs[2 * LAX_MAX_NDIM];
    axis_list strides, base, holes, dims;
    const char *what = "reduce_window";
    if (!each_axis(what, a->window_dimensions, n, &dims) || !each_axis(what, a->window_strides, n, &strides)
        || !each_axis(what, a->base_dilation, n, &base) || !each_axis(what, a->window_dilation, n, &holes))
        return array_poison;
    for (int64_t i = 0; i < n; i++) {
        size[i] = spread(a->operand->aval.shape[i], base.at[i]);
        window[i] = spread(dims.at[i], holes.at[i]);
    }
    if (!read_padding("reduce_window: padding", a->padding, n, size, window, strides.at, pairs))
        return array_poison;
    params_window p = {axis_ints(&base), {2 * n, pairs}, axis_ints(&holes), axis_ints(&dims), axis_ints(&strides)};
    if (is_identity(a->reducer, a->init_value))
        return !strcmp(a->reducer, "add") ? op_reduce_window_sum(a->operand, &p)
            : !strcmp(a->reducer, "max")  ? op_reduce_window_max(a->operand, &p)
                                          : op_reduce_window_min(a->operand, &p);
    const op *reducer = op_named(a->reducer);
    if (!reducer)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "reduce_window: no operation is called %s.", a->reducer);
    return op_reduce_window(a->operand, a->init_value, reducer, &p);
}
