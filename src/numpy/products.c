/* Products: dot, matmul, inner, outer, vdot, vecdot, tensordot, kron, cross. einsum is in einsum.c.
 */
#include "numpy/products.h"

#include "api/bodies.h"

ct_array product_dot(ct_array x, ct_array y, const dot_dims *d, int precision, ct_dtype dtype)
{
    ct_array xs[] = {x, y};
    if (is_poison(x) || is_poison(y))
        return array_poison;
    bool weak = x->aval.weak && y->aval.weak, both_weak;
    ct_dtype common = dtype_promote((ct_dtype)x->aval.dtype, x->aval.weak, (ct_dtype)y->aval.dtype,
                                    y->aval.weak, &both_weak);
    if (common == CT_NO_DTYPE)
        return dtype_fail_promotion("dot", (ct_dtype)x->aval.dtype, x->aval.weak,
                                    (ct_dtype)y->aval.dtype, y->aval.weak),
               array_poison;
    if (x->aval.dtype != y->aval.dtype && !numpy_promote("product_dot", 2, xs, xs))
        return array_poison;
    for (int64_t i = 0; i < d->lhs_contract.n; i++)
        if (x->aval.shape[d->lhs_contract.at[i]] != y->aval.shape[d->rhs_contract.at[i]]) {
            dimlist left = {.n = d->lhs_contract.n}, right = {.n = d->lhs_contract.n};
            for (int64_t j = 0; j < left.n; j++) {
                left.at[j] = x->aval.shape[d->lhs_contract.at[j]];
                right.at[j] = y->aval.shape[d->rhs_contract.at[j]];
            }
            return ct_fail(CT_TYPE_ERROR,
                           "dot_general requires contracting dimensions to have the same shape, "
                           "got %s and %s (operands of shapes %s and %s).",
                           dims_string(dimlist_ints(&left)), dims_string(dimlist_ints(&right)),
                           dims_string(shape_of(x)), dims_string(shape_of(y)));
        }
    params_dot_general p = {.dimension_numbers = *d,
                            .precision = precision,
                            .preferred_element_type =
                                dtype == CT_NO_DTYPE ? common : dtype_canonical(dtype)};
    ct_array out = op_dot_general(xs[0], xs[1], &p);
    return weak && !is_poison(out) && dtype == CT_NO_DTYPE ? op_convert(out, common, true) : out;
}

/* The last axis of x against the last but one of y: dot, and matmul without batch axes. */
static ct_array contract_last(ct_array x, ct_array y, int precision, ct_dtype dtype)
{
    int64_t last = x->aval.ndim - 1, before = y->aval.ndim > 1 ? y->aval.ndim - 2 : 0;
    bool scalar = !x->aval.ndim || !y->aval.ndim;
    dot_dims d = {.lhs_contract = scalar ? I_NONE : (ct_ints){1, &last},
                  .rhs_contract = scalar ? I_NONE : (ct_ints){1, &before},
                  .lhs_batch = I_NONE,
                  .rhs_batch = I_NONE};
    return product_dot(x, y, &d, precision, dtype);
}

ct_array numpy_dot(const ct_dot_args *a)
{
    return contract_last(a->a, a->b, a->precision, a->preferred_element_type);
}

/* One operand's part in a matmul: which axes are batch axes of both, of it alone, or dropped
 * because the other broadcasts. */
static ct_array drop_ones(ct_array x, const dimlist *ones)
{
    return ones->n ? op_squeeze(x, dimlist_ints(ones)) : x;
}

/* Leading axes of a matmul, aligned at the matrices. Where both have length > 1 (or both 1) they
 * are batch axes; an axis of length 1 against a longer one is dropped. */
ct_array numpy_matmul(const ct_matmul_args *args)
{
    ct_array a = args->a, b = args->b;
    if (!a->aval.ndim || !b->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "matmul input operand %d must have ndim at least 1, but it has ndim 0",
                       a->aval.ndim ? 1 : 0);
    if (a->aval.ndim <= 2 && b->aval.ndim <= 2)
        return contract_last(a, b, args->precision, args->preferred_element_type);
    int64_t na = a->aval.ndim, nb = b->aval.ndim, lead_a = na > 1 ? na - 2 : 0,
            lead_b = nb > 1 ? nb - 2 : 0, lead = lead_a > lead_b ? lead_a : lead_b;
    bool a_matrix = na > 1, b_matrix = nb > 1;
    dimlist ones_a = {0}, ones_b = {0}, batch_a = {0}, batch_b = {0}, place = {0};
    int64_t only_a = 0, only_b = 0, kept_a = 0, kept_b = 0;
    enum { BOTH, LEFT, RIGHT } kind[NUMPY_MAX_NDIM];
    if (lead > NUMPY_MAX_NDIM - 2)
        return ct_fail(CT_VALUE_ERROR, "matmul of arrays with %lld axes", (long long)lead + 2);
    for (int64_t i = 0; i < lead; i++) {
        int64_t ia = i - (lead - lead_a), ib = i - (lead - lead_b);
        int64_t da = ia < 0 ? 1 : a->aval.shape[ia], db = ib < 0 ? 1 : b->aval.shape[ib];
        bool use_a = ia >= 0 && (da != 1 || db == 1 || ib < 0),
             use_b = ib >= 0 && (db != 1 || da == 1 || ia < 0);
        if (da != db && da != 1 && db != 1)
            return ct_fail(CT_VALUE_ERROR,
                           "Incompatible shapes for broadcasting: matmul of shapes %s and %s",
                           dims_string(shape_of(a)), dims_string(shape_of(b)));
        if (use_a && use_b) {
            batch_a.at[batch_a.n++] = kept_a;
            batch_b.at[batch_b.n++] = kept_b;
        }
        kind[i] = use_a && use_b ? BOTH : use_a ? LEFT : RIGHT;
        if (ia >= 0 && !use_a)
            ones_a.at[ones_a.n++] = ia;
        if (ib >= 0 && !use_b)
            ones_b.at[ones_b.n++] = ib;
        kept_a += use_a;
        kept_b += use_b;
        only_a += use_a && !use_b;
        only_b += use_b && !use_a;
    }
    int64_t ca = kept_a + a_matrix, cb = kept_b;
    dot_dims d = {.lhs_contract = {1, &ca},
                  .rhs_contract = {1, &cb},
                  .lhs_batch = dimlist_ints(&batch_a),
                  .rhs_batch = dimlist_ints(&batch_b)};
    ct_array out = product_dot(drop_ones(a, &ones_a), drop_ones(b, &ones_b), &d, args->precision,
                               args->preferred_element_type);
    if (is_poison(out))
        return out;
    /* dot_general leaves batch, a's own, row, b's own, column; wanted: leading axes in order, row,
     * column. */
    int64_t both = 0, left = batch_a.n, row = left + only_a, right = row + a_matrix,
            column = right + only_b;
    for (int64_t i = 0; i < lead; i++)
        place.at[place.n++] = kind[i] == BOTH ? both++ : kind[i] == LEFT ? left++ : right++;
    if (a_matrix)
        place.at[place.n++] = row;
    if (b_matrix)
        place.at[place.n++] = column;
    return shape_permute(out, &place);
}

static ct_array conjugate(ct_array x)
{
    return dtype_is((ct_dtype)x->aval.dtype, FAMILY_COMPLEX) ? op_conj(x) : x;
}

ct_array numpy_vdot(const ct_vdot_args *a)
{
    ct_array x = shape_reshape(conjugate(a->a), I(a->a->size)),
             y = shape_reshape(a->b, I(a->b->size));
    dot_dims d = {
        .lhs_contract = I(0), .rhs_contract = I(0), .lhs_batch = I_NONE, .rhs_batch = I_NONE};
    return product_dot(x, y, &d, a->precision, a->preferred_element_type);
}

ct_array numpy_inner(const ct_inner_args *a)
{
    int64_t last_a = a->a->aval.ndim - 1, last_b = a->b->aval.ndim - 1;
    if (last_a < 0 || last_b < 0) {
        ct_array product = ct_multiply(a->a, a->b);
        ct_dtype asked = a->preferred_element_type;
        return is_poison(product) || asked == CT_NO_DTYPE ? product : numpy_cast(product, asked);
    }
    dot_dims d = {.lhs_contract = {1, &last_a},
                  .rhs_contract = {1, &last_b},
                  .lhs_batch = I_NONE,
                  .rhs_batch = I_NONE};
    return product_dot(a->a, a->b, &d, a->precision, a->preferred_element_type);
}

ct_array numpy_vecdot(const ct_vecdot_args *a)
{
    ct_array xs[] = {a->x1, a->x2};
    int64_t axis_a = a->axis.value, axis_b = a->axis.value;
    if (!numpy_axis("vecdot", axis_a, a->x1->aval.ndim, &axis_a) ||
        !numpy_axis("vecdot", axis_b, a->x2->aval.ndim, &axis_b))
        return array_poison;
    if (a->x1->aval.shape[axis_a] != a->x2->aval.shape[axis_b])
        return ct_fail(CT_VALUE_ERROR,
                       "vecdot requires arguments to have the same length along the axis; got "
                       "shapes %s and %s",
                       dims_string(shape_of(a->x1)), dims_string(shape_of(a->x2)));
    xs[0] = op_moveaxis(conjugate(a->x1), axis_a, a->x1->aval.ndim - 1);
    xs[1] = op_moveaxis(a->x2, axis_b, a->x2->aval.ndim - 1);
    dimlist shape, leading = {0};
    if (!numpy_broadcast_shape("vecdot", 2, xs, &shape))
        return array_poison;
    for (int64_t i = 0; i + 1 < shape.n; i++)
        leading.at[leading.n++] = i;
    int64_t last = shape.n - 1;
    dot_dims d = {.lhs_contract = {1, &last},
                  .rhs_contract = {1, &last},
                  .lhs_batch = dimlist_ints(&leading),
                  .rhs_batch = dimlist_ints(&leading)};
    for (int i = 0; i < 2; i++)
        xs[i] = numpy_broadcast_one("vecdot", xs[i], dimlist_ints(&shape));
    return product_dot(xs[0], xs[1], &d, a->precision, a->preferred_element_type);
}

ct_array numpy_outer(ct_array a, ct_array b)
{
    ct_array xs[] = {a, b};
    if (!numpy_promote("outer", 2, xs, xs))
        return array_poison;
    for (int i = 0; i < 2; i++)
        if (is_poison(xs[i] = shape_reshape(xs[i], I(xs[i]->size))))
            return array_poison;
    ct_array x = op_expand_dims(xs[0], I(1)), y = op_expand_dims(xs[1], I(0));
    return xs[0]->aval.dtype == CT_BOOL ? op_and(x, y) : op_mul(x, y);
}

/* axes: n contracts the last n of a with the first n of b; [[...], [...]] lists them. */
ct_array numpy_tensordot(const ct_tensordot_args *args)
{
    ct_array a = args->a, b = args->b, known;
    dimlist left = {0}, right = {0};
    if (!core_concrete(args->axes, &known))
        return core_fail_traced(CT_CONCRETIZATION_ERROR, args->axes,
                                "tensordot: axes must be known while tracing"),
               array_poison;
    if (!dtype_is((ct_dtype)known->aval.dtype, FAMILY_INT | FAMILY_UINT) && known->size)
        return ct_fail(CT_TYPE_ERROR, "tensordot axes must be integers; got dtype %s",
                       ct_dtype_name((ct_dtype)known->aval.dtype));
    if (!known->aval.ndim) {
        int64_t n = array_get_int(known, 0);
        if (n < 0 || n > a->aval.ndim || n > b->aval.ndim)
            return ct_fail(CT_TYPE_ERROR,
                           "Number of tensordot axes (axes %lld) exceeds input ranks (%s and %s)",
                           (long long)n, dims_string(shape_of(a)), dims_string(shape_of(b)));
        for (int64_t i = 0; i < n; i++) {
            left.at[left.n++] = a->aval.ndim - n + i;
            right.at[right.n++] = i;
        }
    } else if (known->aval.shape[0] == 2 && known->aval.ndim <= 2) {
        left.n = right.n = known->size / 2;
        for (int64_t i = 0; i < left.n; i++) {
            left.at[i] = array_get_int(known, i);
            right.at[i] = array_get_int(known, left.n + i);
        }
        if (!numpy_axes_ordered("tensordot", dimlist_ints(&left), a->aval.ndim, &left) ||
            !numpy_axes_ordered("tensordot", dimlist_ints(&right), b->aval.ndim, &right))
            return array_poison;
    } else
        return ct_fail(CT_TYPE_ERROR,
                       "tensordot requires axes to be an integer or a pair of lists; got shape %s",
                       dims_string(shape_of(known)));
    dot_dims d = {.lhs_contract = dimlist_ints(&left),
                  .rhs_contract = dimlist_ints(&right),
                  .lhs_batch = I_NONE,
                  .rhs_batch = I_NONE};
    return product_dot(a, b, &d, args->precision, args->preferred_element_type);
}

ct_array numpy_kron(ct_array a, ct_array b)
{
    ct_array xs[] = {a, b};
    if (!numpy_promote("kron", 2, xs, xs))
        return array_poison;
    int64_t n = a->aval.ndim > b->aval.ndim ? a->aval.ndim : b->aval.ndim;
    dimlist odd = {0}, even = {0}, wide_a = {0}, wide_b = {0}, flat = {0};
    if (2 * n > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "kron of arrays with %lld axes", (long long)n);
    for (int64_t d = 0; d < n; d++) {
        int64_t ia = d - (n - a->aval.ndim), ib = d - (n - b->aval.ndim);
        int64_t la = ia < 0 ? 1 : a->aval.shape[ia], lb = ib < 0 ? 1 : b->aval.shape[ib];
        wide_a.at[wide_a.n++] = la;
        wide_b.at[wide_b.n++] = lb;
        even.at[even.n++] = 2 * d;
        odd.at[odd.n++] = 2 * d + 1;
        flat.at[flat.n++] = la * lb;
    }
    ct_array x = shape_reshape(xs[0], dimlist_ints(&wide_a)),
             y = shape_reshape(xs[1], dimlist_ints(&wide_b));
    if (is_poison(x) || is_poison(y))
        return array_poison;
    x = op_expand_dims(x, dimlist_ints(&odd));
    return shape_reshape(op_mul(x, op_expand_dims(y, dimlist_ints(&even))), dimlist_ints(&flat));
}

static ct_array component(ct_array x, int64_t i)
{
    int64_t last = x->aval.ndim - 1;
    return op_squeeze(shape_slice(x, last, i, i + 1, 1), I(last));
}

/* a_i b_k - a_k b_i */
static ct_array minor(const ct_array *a, const ct_array *b, int i, int k)
{
    ct_array first = ct_multiply(a[i], b[k]);
    return ct_subtract(first, ct_multiply(a[k], b[i]));
}

ct_array numpy_cross(const ct_cross_args *args)
{
    ct_array xs[] = {args->a, args->b};
    int64_t axis_a = args->axis.given ? args->axis.value : args->axisa.value,
            axis_b = args->axis.given ? args->axis.value : args->axisb.value;
    int64_t axis_c = args->axis.given ? args->axis.value : args->axisc.value;
    if (!numpy_axis("cross", axis_a, xs[0]->aval.ndim, &axis_a) ||
        !numpy_axis("cross", axis_b, xs[1]->aval.ndim, &axis_b) ||
        !numpy_promote("cross", 2, xs, xs))
        return array_poison;
    dimlist shape[2], joined;
    int64_t length[2];
    for (int i = 0; i < 2; i++) {
        xs[i] = op_moveaxis(xs[i], i ? axis_b : axis_a, xs[i]->aval.ndim - 1);
        if (is_poison(xs[i]) || !dimlist_copy(&shape[i], "cross", shape_of(xs[i])))
            return array_poison;
        length[i] = shape[i].at[shape[i].n - 1];
        if (length[i] != 2 && length[i] != 3)
            return ct_fail(
                CT_VALUE_ERROR,
                "Dimension must be either 2 or 3 for cross product; got shapes %s and %s",
                dims_string(shape_of(args->a)), dims_string(shape_of(args->b)));
    }
    if (length[0] == 2 && length[1] == 2) {
        ct_array x = component(xs[0], 0), w = ct_multiply(x, component(xs[1], 1)),
                 y = component(xs[0], 1);
        return ct_subtract(w, ct_multiply(y, component(xs[1], 0)));
    }
    ct_array c[2][3];
    for (int i = 0; i < 2; i++)
        for (int64_t k = 0; k < 3; k++)
            c[i][k] = k < length[i] ? component(xs[i], k) : op_full_like(component(xs[i], 0), 0);
    if (!numpy_broadcast_shape("cross", 2, (ct_array[]){c[0][0], c[1][0]}, &joined))
        return array_poison;
    ct_array parts[3];
    for (int i = 0; i < 3; i++)
        parts[i] = minor(c[0], c[1], (i + 1) % 3, (i + 2) % 3);
    if (!numpy_axis("cross", axis_c, joined.n + 1, &axis_c))
        return array_poison;
    for (int i = 0; i < 3; i++)
        parts[i] = is_poison(parts[i]) ? parts[i] : op_expand_dims(parts[i], I(axis_c));
    return ct_concatenate(((ct_arrays){3, parts}), .axis = GIVEN(axis_c));
}

ct_array numpy_matvec(ct_array x1, ct_array x2)
{
    if (x1->aval.ndim < 2 || x2->aval.ndim < 1)
        return ct_fail(CT_VALUE_ERROR, "matvec takes matrices and vectors, got shapes %s and %s.",
                       dims_string(shape_of(x1)), dims_string(shape_of(x2)));
    ct_array y = ct_matmul(x1, ct_expand_dims(x2, I(-1)));
    return is_poison(y) ? y : op_squeeze(y, I(y->aval.ndim - 1));
}

ct_array numpy_vecmat(ct_array x1, ct_array x2)
{
    if (x1->aval.ndim < 1 || x2->aval.ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "vecmat takes vectors and matrices, got shapes %s and %s.",
                       dims_string(shape_of(x1)), dims_string(shape_of(x2)));
    ct_array y = ct_matmul(ct_expand_dims(ct_conj(x1), I(-2)), x2);
    return is_poison(y) ? y : op_squeeze(y, I(y->aval.ndim - 2));
}
