/* Batches of matrices for functions that are written for one. */
#include "scipy/matrix.h"

static bool common_batch(const char *what, int64_t n, ct_array *v, const int *ranks, dimlist *lead)
{
    enum { MOST = 8 };
    ct_ints shapes[MOST];
    for (int64_t i = 0; i < n && i < MOST; i++) {
        if (is_poison(v[i]))
            return false;
        if (v[i]->aval.ndim < ranks[i]) {
            base_fail(CT_VALUE_ERROR, "%s: argument %lld needs at least %d axes, got shape %s.",
                      what, (long long)i, ranks[i], dims_string(shape_of(v[i])));
            return false;
        }
        shapes[i] = (ct_ints){v[i]->aval.ndim - ranks[i], v[i]->aval.shape};
    }
    return numpy_broadcast_shapes(what, n, shapes, lead);
}

bool scipy_share_batch(const char *what, int64_t n, ct_array *v, const int *ranks)
{
    dimlist lead;
    if (!common_batch(what, n, v, ranks, &lead))
        return false;
    for (int64_t i = 0; i < n; i++) {
        dimlist shape = lead;
        for (int k = 0; k < ranks[i]; k++)
            shape.at[shape.n++] = v[i]->aval.shape[v[i]->aval.ndim - ranks[i] + k];
        v[i] = numpy_broadcast_one(what, v[i], dimlist_ints(&shape));
        if (is_poison(v[i]))
            return false;
    }
    return true;
}

/* The first axis of x replaced by those of `lead`. */
static ct_array unflattened(ct_array x, const dimlist *lead)
{
    if (is_poison(x))
        return x;
    dimlist shape = *lead;
    for (int i = 1; i < x->aval.ndim; i++)
        shape.at[shape.n++] = x->aval.shape[i];
    return shape_reshape(x, dimlist_ints(&shape));
}

ct_tree scipy_over_batches(const char *what, ct_fn f, int64_t n, ct_array *v, const int *ranks)
{
    dimlist lead;
    if (!f || !common_batch(what, n, v, ranks, &lead) || !scipy_share_batch(what, n, v, ranks))
        return array_poison;
    if (!lead.n)
        return ct_call_(f, (int)n, v);
    int64_t count = shape_size(lead.n, lead.at);
    for (int64_t i = 0; i < n; i++) {
        dimlist flat = {1, {count}};
        for (int k = 0; k < ranks[i]; k++)
            flat.at[flat.n++] = v[i]->aval.shape[lead.n + k];
        v[i] = shape_reshape(v[i], dimlist_ints(&flat));
    }
    ct_tree out = ct_call_(ct_vmap(f), (int)n, v);
    if (is_poison(out) || !is_tree(out))
        return unflattened(out, &lead);
    enum { MOST = 4 };
    ct_array parts[MOST];
    int64_t parts_n = ct_len(out) < MOST ? ct_len(out) : MOST;
    for (int64_t i = 0; i < parts_n; i++)
        parts[i] = unflattened(ct_at(out, i), &lead);
    return shape_tuple(parts_n, parts);
}

ct_array scipy_square(const char *what, ct_array x)
{
    x = promoted(what, x);
    if (is_poison(x) || is_square(x))
        return x;
    return ct_fail(CT_VALUE_ERROR, "%s: expected a (batched) square matrix, got shape %s.", what,
                   dims_string(shape_of(x)));
}

ct_array scipy_diagonal_number(int64_t rows, int64_t cols)
{
    return sub(op_iota(CT_INT32, I(rows, cols), 1), op_iota(CT_INT32, I(rows, cols), 0));
}

bool scipy_sides(const char *what, ct_array *a, ct_array *b, bool *vector)
{
    ct_array v[] = {*a, *b};
    if (!numpy_promote_inexact(what, 2, v, v))
        return false;
    int ndim_a = v[0]->aval.ndim, ndim_b = v[1]->aval.ndim;
    *vector = ndim_b == 1 || (ndim_b && ndim_a == ndim_b + 1 && cols_of(v[0]) == cols_of(v[1]));
    if (*vector)
        v[1] = op_expand_dims(v[1], I(ndim_b));
    if (!is_square(v[0]) || v[1]->aval.ndim < 2 || rows_of(v[1]) != cols_of(v[0])) {
        base_fail(CT_VALUE_ERROR,
                  "%s: incompatible shapes %s and %s; square matrices and vectors or matrices of "
                  "as many rows are needed.",
                  what, dims_string(shape_of(*a)), dims_string(shape_of(*b)));
        return false;
    }
    if (!scipy_share_batch(what, 2, v, (const int[]){2, 2}))
        return false;
    *a = v[0], *b = v[1];
    return true;
}

ct_array scipy_side(ct_array x, bool vector)
{
    return vector && !is_poison(x) ? op_squeeze(x, I(x->aval.ndim - 1)) : x;
}
