/* Products with a dimension in groups of different sizes, and products of scaled numbers: written
 * in masks and dot_general. */
#include "lax/lax.h"

/* What becomes of the dimension that is cut into groups. */
typedef enum ragged_kind { STAYS, SUMMED, BATCHED, ABSENT } ragged_kind;

typedef struct ragged {
    axis_list lists[4]; /* as in dot_dims: contracting, then batch, each of lhs and of rhs */
    axis_list ragged, groups;
    ragged_kind kind;
    axis_list before; /* of lhs: the axes before the ragged one, batch axes first */
} ragged;

static bool read_ragged(ct_ints given, ragged *d)
{
    nested r = nested_begin("ragged_dot_general: ragged_dot_dimension_numbers", given);
    int64_t n;
    bool good = nested_length(&r, &n) && n == 3 && nested_length(&r, &n);
    for (int i = 0; i < 4 && good; i++)
        good = (i & 1 || nested_length(&r, &n)) && nested_ints(&r, &d->lists[i]);
    good = good && nested_ints(&r, &d->ragged) && nested_ints(&r, &d->groups);
    if (!good && ct_ok())
        base_fail(CT_TYPE_ERROR, "ragged_dot_general takes a RaggedDotDimensionNumbers.");
    if (good && d->ragged.n != 1) {
        base_fail(CT_TYPE_ERROR, "ragged_dot_general expects exactly one lhs ragged dimension.");
        return false;
    }
    return good;
}

static int64_t place_in(const axis_list *list, int64_t axis)
{
    for (int64_t i = 0; i < list->n; i++)
        if (list->at[i] == axis)
            return i;
    return -1;
}

/* The axes before `axis`: batch axes, then those of its own kind. */
static axis_list axes_before(const axis_list *first, const axis_list *kind, int64_t axis)
{
    axis_list out = *first;
    for (int64_t i = 0; i < kind->n && kind->at[i] != axis; i++)
        out.at[out.n++] = kind->at[i];
    return out;
}

static axis_list remaining(int64_t ndim, const axis_list *a, const axis_list *b)
{
    axis_list out = {.n = 0};
    for (int64_t d = 0; d < ndim; d++)
        if (place_in(a, d) < 0 && place_in(b, d) < 0)
            out.at[out.n++] = d;
    return out;
}

/* One number a group, for each index of some axes of x, in the shape of x with groups in front. */
static ct_array over_groups(ct_array bounds, const axis_list *axes, ct_ints shape)
{
    axis_list order = {.n = axes->n + 1, .at = {axes->n}}, to = {.n = axes->n + 1, .at = {0}};
    for (int64_t k = 1; k <= axes->n; k++) { /* in the order of x's axes */
        int64_t least = -1;
        for (int64_t i = 0; i < axes->n; i++)
            if (axes->at[i] + 1 > to.at[k - 1] && (least < 0 || axes->at[i] < axes->at[least]))
                least = i;
        order.at[k] = least;
        to.at[k] = axes->at[least] + 1;
    }
    return op_broadcast_in_dim(op_transpose(bounds, axis_ints(&order)), shape, axis_ints(&to));
}

/* x once for each group, in front, and zeros where the ragged axis is in another group. */
static ct_array apart(ct_array x, int64_t axis, ct_array sizes, const axis_list *before)
{
    int64_t last = sizes->aval.ndim - 1;
    axis_list shape = {.n = x->aval.ndim + 1, .at = {sizes->aval.shape[last]}},
              own = {.n = x->aval.ndim};
    for (int64_t d = 0; d < x->aval.ndim; d++) {
        shape.at[d + 1] = x->aval.shape[d];
        own.at[d] = d + 1;
    }
    ct_ints whole = axis_ints(&shape);
    ct_array ends = op_cumsum(sizes, last, false), begins = op_sub(ends, sizes);
    ct_array at = op_iota(dtype_of(sizes), whole, axis + 1);
    ct_array begun = op_le(over_groups(begins, before, whole), at);
    ct_array inside = op_and(begun, op_lt(at, over_groups(ends, before, whole)));
    ct_array many = op_broadcast_in_dim(x, whole, axis_ints(&own));
    return is_poison(many) ? many
                           : op_select_n(inside, 2, (ct_array[]){op_full_like(many, 0), many});
}

static void push(axis_list *list, int64_t axis) { list->at[list->n++] = axis; }

static void push_front(axis_list *list, int64_t axis)
{
    for (int64_t k = list->n++; k > 0; k--)
        list->at[k] = list->at[k - 1];
    list->at[0] = axis;
}

static axis_list raised(const axis_list *axes)
{
    axis_list out = {.n = axes->n};
    for (int64_t i = 0; i < axes->n; i++)
        out.at[i] = axes->at[i] + 1;
    return out;
}

static bool sort_dimensions(ragged *d, ct_array lhs, ct_array rhs)
{
    static const axis_list none;
    int64_t axis = d->ragged.at[0];
    for (int i = 0; i < 4; i++)
        for (int64_t k = 0; k < d->lists[i].n; k++)
            if (!lax_axis("ragged_dot_general", d->lists[i].at[k], (i & 1 ? rhs : lhs)->aval.ndim,
                          &d->lists[i].at[k]))
                return false;
    axis_list kept = remaining(lhs->aval.ndim, &d->lists[0], &d->lists[2]);
    const axis_list *kinds[] = {[STAYS] = &kept, [SUMMED] = &d->lists[0], [BATCHED] = &d->lists[2]};
    d->kind = STAYS;
    while (d->kind != ABSENT && place_in(kinds[d->kind], axis) < 0)
        d->kind++;
    if (d->kind == ABSENT)
        return base_fail(CT_TYPE_ERROR, "ragged_dot_general: lhs has no dimension %lld.",
                         (long long)axis),
               false;
    if (d->groups.n != (d->kind == STAYS))
        return base_fail(CT_TYPE_ERROR,
                         "ragged_dot_general expects exactly one rhs group dimension where the "
                         "ragged dimension stays, and zero otherwise; got %lld.",
                         (long long)d->groups.n),
               false;
    d->before = axes_before(d->kind == BATCHED ? &none : &d->lists[2], kinds[d->kind], axis);
    return d->kind != STAYS ||
           lax_axis("ragged_dot_general", d->groups.at[0], rhs->aval.ndim, &d->groups.at[0]);
}

/* The sizes for each index of the axes before the ragged one. */
static ct_array all_sizes(const ragged *d, ct_array lhs, ct_array rhs, ct_array sizes)
{
    axis_list shape = {.n = d->before.n + 1};
    if (!dtype_is(dtype_of(sizes), FAMILY_INT | FAMILY_UINT) || !sizes->aval.ndim)
        return ct_fail(CT_TYPE_ERROR,
                       "ragged_dot_general requires that group_sizes is an array of integers.");
    int64_t groups = sizes->aval.shape[sizes->aval.ndim - 1];
    for (int64_t i = 0; i < d->before.n; i++)
        shape.at[i] = lhs->aval.shape[d->before.at[i]];
    shape.at[d->before.n] = groups;
    bool one = sizes->aval.ndim == 1;
    if ((!one && !ints_equal(shape_of(sizes), axis_ints(&shape))) ||
        (d->kind == STAYS && rhs->aval.shape[d->groups.at[0]] != groups))
        return ct_fail(CT_TYPE_ERROR, "ragged_dot_general: group_sizes has one size for each group "
                                      "of rhs, after the axes of lhs before the ragged one.");
    return one && d->before.n ? op_broadcast_in_dim(sizes, axis_ints(&shape), I(d->before.n))
                              : sizes;
}

static ct_array ragged_product(ct_array lhs, ct_array rhs, ct_array sizes, ragged *d, int precision,
                               ct_dtype preferred)
{
    if (!sort_dimensions(d, lhs, rhs) || is_poison(sizes = all_sizes(d, lhs, rhs, sizes)))
        return array_poison;
    axis_list *lists = d->lists;
    int64_t axis = d->ragged.at[0],
            other = d->kind == SUMMED ? lists[1].at[place_in(lists, axis)] : 0;
    axis_list rhs_before = axes_before(&lists[3], &lists[1], other);
    if (d->kind != BATCHED) { /* groups are the first axis of lhs */
        lhs = apart(lhs, axis, sizes, &d->before);
        lists[0] = raised(&lists[0]);
        lists[2] = raised(&lists[2]);
    }
    if (d->kind == STAYS) {
        push(&lists[0], 0);
        push(&lists[1], d->groups.at[0]);
    } else if (d->kind == SUMMED) {
        rhs = apart(rhs, other, sizes, &rhs_before);
        for (int i = 1; i < 4; i += 2)
            lists[i] = raised(&lists[i]);
        for (int i = 2; i < 4; i++)
            push_front(&lists[i], 0);
    }
    params_dot_general p = {.dimension_numbers = {axis_ints(&lists[0]), axis_ints(&lists[1]),
                                                  axis_ints(&lists[2]), axis_ints(&lists[3])},
                            .precision = precision,
                            .preferred_element_type = preferred};
    return is_poison(lhs) || is_poison(rhs) ? array_poison : op_dot_general(lhs, rhs, &p);
}

static ct_dtype canonical(ct_dtype preferred)
{
    return preferred == CT_NO_DTYPE ? preferred : dtype_canonical(preferred);
}

ct_array lax_ragged_dot_general(const ct_lax_ragged_dot_general_args *a)
{
    ragged d;
    return read_ragged(a->ragged_dot_dimension_numbers, &d)
               ? ragged_product(a->lhs, a->rhs, a->group_sizes, &d, a->precision,
                                canonical(a->preferred_element_type))
               : array_poison;
}

ct_array lax_ragged_dot(const ct_lax_ragged_dot_args *a)
{
    ragged d = {.lists = {{1, {1}}, {1, {1}}, {0}, {0}}, .ragged = {1, {0}}, .groups = {1, {0}}};
    return ragged_product(a->lhs, a->rhs, a->group_sizes, &d, a->precision,
                          canonical(a->preferred_element_type));
}

/* ---- scaled numbers ---- */

/* The scale in the shape of the operand: along dimensions summed over, each number several times.
 */
static ct_array spread_scale(ct_array scale, ct_array x, ct_ints summed)
{
    const aval *s = &scale->aval;
    axis_list wide = {.n = 0}, own = {.n = 0};
    if (s->ndim != x->aval.ndim)
        return ct_fail(CT_TYPE_ERROR,
                       "All input tensors must have the same rank. Got an operand "
                       "with %d axes and a scale with %d.",
                       (int)x->aval.ndim, (int)s->ndim);
    for (int64_t d = 0; d < s->ndim; d++) {
        bool may = false;
        for (int64_t i = 0; i < summed.n; i++)
            may = may || summed.at[i] == d;
        int64_t size = x->aval.shape[d], n = s->shape[d];
        if (may ? !n || size % n || size / n < 2 : n != size)
            return ct_fail(
                CT_TYPE_ERROR,
                "scaled_dot: along axis %lld the operand has size %lld and its scale "
                "%lld, which must be the same, or at most half and a divisor where it is "
                "summed over.",
                (long long)d, (long long)size, (long long)n);
        own.at[own.n++] = wide.n;
        wide.at[wide.n++] = n;
        if (n != size)
            wide.at[wide.n++] = size / n;
    }
    return op_reshape(op_broadcast_in_dim(scale, axis_ints(&wide), axis_ints(&own)),
                      aval_shape(&x->aval));
}

static ct_array scaled(ct_array x, ct_array scale, ct_ints summed)
{
    ct_array y = op_convert(x, CT_BFLOAT16, false);
    if (!scale)
        return y;
    scale = spread_scale(scale, x, summed);
    return op_mul(y, op_convert(scale, CT_BFLOAT16, false));
}

ct_array lax_scaled_dot(const ct_lax_scaled_dot_args *a)
{
    int64_t n = a->lhs->aval.ndim, count;
    axis_list lists[4] = {{1, {n - 1}}, {1, {n - 2}}, {0}, {0}};
    nested r = nested_begin("scaled_dot: dimension_numbers", a->dimension_numbers);
    if (a->rhs->aval.ndim != n)
        return ct_fail(CT_TYPE_ERROR,
                       "All input tensors must have the same rank. Got lhs rank: "
                       "%lld rhs rank: %d.",
                       (long long)n, (int)a->rhs->aval.ndim);
    if (!a->dimension_numbers.n && n < 2)
        return ct_fail(CT_TYPE_ERROR, "scaled_dot does not support 0-rank and 1-rank operands.");
    for (int64_t d = 0; d < n - 2 && !a->dimension_numbers.n; d++)
        lists[2].at[lists[2].n++] = lists[3].at[lists[3].n++] = d;
    if (a->dimension_numbers.n && !nested_length(&r, &count))
        return array_poison;
    for (int i = 0; i < 4 && a->dimension_numbers.n; i++)
        if ((!(i & 1) && !nested_length(&r, &count)) || !nested_ints(&r, &lists[i]))
            return array_poison;
    params_dot_general p = {.dimension_numbers = {axis_ints(&lists[0]), axis_ints(&lists[1]),
                                                  axis_ints(&lists[2]), axis_ints(&lists[3])},
                            .preferred_element_type =
                                a->preferred_element_type == CT_NO_DTYPE
                                    ? CT_BFLOAT16
                                    : dtype_canonical(a->preferred_element_type)};
    ct_array x = scaled(a->lhs, a->lhs_scale, axis_ints(&lists[0])),
             y = scaled(a->rhs, a->rhs_scale, axis_ints(&lists[1]));
    return is_poison(x) || is_poison(y) ? array_poison : op_dot_general(x, y, &p);
}
