/* Trees of arrays as vectors, for methods that are about vectors. */
#include "scipy/scipy.h"

#include "numpy/shape.h"

bool scipy_flattening(const char *what, ct_tree like, flattening *f)
{
    int64_t n = ct_leaf_count(like);
    const ct_array *leaves;
    bool weak;
    *f = (flattening){.what = what, .like = like};
    if (!n) {
        base_fail(CT_VALUE_ERROR, "%s: there are no unknowns, the tree holds no arrays.", what);
        return false;
    }
    tree_leaves(&f->like, &leaves);
    if (!numpy_result_dtype(what, n, leaves, &f->dtype, &weak))
        return false;
    if (!dtype_inexact(f->dtype))
        f->dtype = dtype_default(FAMILY_FLOAT);
    return true;
}

/* One leaf as a vector. */
static ct_array flat_leaf(const flattening *f, ct_array x, ct_array like)
{
    if (!ints_equal(shape_of(x), shape_of(like)))
        return ct_fail(CT_VALUE_ERROR, "%s: arrays must have matching shapes: %s vs %s", f->what,
                       dims_string(shape_of(x)), dims_string(shape_of(like)));
    if (dtype_is(dtype_of(x), FAMILY_COMPLEX) && !dtype_is(f->dtype, FAMILY_COMPLEX))
        return ct_fail(CT_TYPE_ERROR,
                       "%s: a function's value is complex where its argument is real.", f->what);
    return shape_flatten(op_convert(x, f->dtype, false));
}

ct_array scipy_flat(const flattening *f, ct_tree t)
{
    if (is_poison(t))
        return t;
    int64_t n = ct_leaf_count(t);
    if (!treedef_equal(tree_def(t), tree_def(f->like)))
        return ct_fail(CT_VALUE_ERROR, "%s: trees must have matching tree structure.", f->what);
    ct_array *parts = base_alloc((size_t)(n + 1) * sizeof *parts);
    bool good = parts;
    for (int64_t i = 0; i < n && good; i++) {
        parts[i] = flat_leaf(f, ct_leaf(t, i), ct_leaf(f->like, i));
        good = !is_poison(parts[i]);
    }
    ct_array out = !good ? array_poison : n == 1 ? parts[0] : op_concatenate(n, parts, 0);
    base_free(parts);
    return out;
}

static ct_array leaf_from(const flattening *f, ct_array part, ct_array like)
{
    dimlist shape;
    if (is_poison(part) || !dimlist_copy(&shape, f->what, shape_of(part)))
        return array_poison;
    shape.n--;
    for (int d = 0; d < like->aval.ndim; d++)
        shape.at[shape.n++] = like->aval.shape[d];
    if (dtype_is(f->dtype, FAMILY_COMPLEX) && !dtype_is(dtype_of(like), FAMILY_COMPLEX))
        part = op_real(part);
    ct_dtype d = dtype_inexact(dtype_of(like)) ? dtype_of(like) : f->dtype;
    part = shape_reshape(part, dimlist_ints(&shape));
    return is_poison(part) ? part : op_convert(part, d, false);
}

ct_tree scipy_unflat(const flattening *f, ct_array v)
{
    int64_t n = ct_leaf_count(f->like), at = 0;
    if (is_poison(v))
        return v;
    int64_t axis = v->aval.ndim - 1;
    ct_array *leaves = base_alloc((size_t)(n + 1) * sizeof *leaves);
    bool good = leaves;
    for (int64_t i = 0; i < n && good; i++) {
        ct_array like = ct_leaf(f->like, i);
        leaves[i] = leaf_from(f, shape_slice(v, axis, at, at + like->size, 1), like);
        at += like->size;
        good = !is_poison(leaves[i]);
    }
    treedef *def = (treedef *)tree_def(f->like);
    ct_tree out = !good ? array_poison : is_tree(f->like) ? tree_new(def, n, leaves) : leaves[0];
    base_free(leaves);
    return out;
}
