/* Functions that take an array apart along an axis: split, array_split, hsplit, vsplit, dsplit,
 * unstack. */
#include "api/bodies.h"
#include "numpy/shape.h"

/* The lengths of the pieces: from a list of cuts, or from a number of pieces. base_free *sizes. */
static bool piece_sizes(const char *name, ct_array sections, int64_t length, bool uneven,
                        int64_t *n, int64_t **sizes)
{
    ct_array known;
    if (!core_concrete(sections, &known)) {
        core_fail_traced(CT_CONCRETIZATION_ERROR, sections,
                         "in jax.numpy.%s argument 1: the sections must be known while tracing",
                         name);
        return false;
    }
    if (!dtype_is((ct_dtype)known->aval.dtype, FAMILY_INT | FAMILY_UINT) && known->size) {
        base_fail(CT_TYPE_ERROR, "%s: sections must be integers; got dtype %s", name,
                  ct_dtype_name((ct_dtype)known->aval.dtype));
        return false;
    }
    bool cuts = known->aval.ndim > 0;
    *n = cuts ? known->size + 1 : array_get_int(known, 0);
    if (*n <= 0) {
        base_fail(CT_VALUE_ERROR, "number sections must be larger than 0.");
        return false;
    }
    if (!cuts && !uneven && length % *n) {
        base_fail(CT_VALUE_ERROR, "array split does not result in an equal division: rest is %lld",
                  (long long)(length % *n));
        return false;
    }
    if (!(*sizes = base_alloc((size_t)*n * sizeof **sizes)))
        return false;
    int64_t before = 0;
    for (int64_t i = 0; i < *n; i++) {
        if (!cuts) {
            (*sizes)[i] = length / *n + (i < length % *n);
            continue;
        }
        int64_t cut = i + 1 < *n ? array_get_int(known, i) : length;
        cut = cut < 0 ? cut + length : cut;
        cut = cut < before ? before : cut > length ? length : cut;
        (*sizes)[i] = cut - before;
        before = cut;
    }
    return true;
}

static ct_tree split_array(const char *name, ct_array x, ct_array sections, int64_t axis,
                           bool uneven)
{
    int64_t n, *sizes;
    if (!numpy_axis(name, axis, x->aval.ndim, &axis) ||
        !piece_sizes(name, sections, x->aval.shape[axis], uneven, &n, &sizes))
        return array_poison;
    ct_array *out = base_alloc((size_t)n * sizeof *out);
    ct_tree y = array_poison;
    if (out) {
        op_split(x, (ct_ints){n, sizes}, axis, out);
        bool good = true;
        for (int64_t i = 0; i < n; i++)
            good &= !is_poison(out[i]);
        if (good)
            y = ct_list_(n, out);
    }
    base_free(out);
    base_free(sizes);
    return y;
}

ct_tree numpy_split(const ct_split_args *a)
{
    return split_array("split", a->ary, a->indices_or_sections, a->axis, false);
}

ct_tree numpy_array_split(const ct_array_split_args *a)
{
    return split_array("array_split", a->ary, a->indices_or_sections, a->axis, true);
}

static bool has_ndim(const char *name, ct_array x, int ndim)
{
    if (x->aval.ndim >= ndim)
        return true;
    base_fail(CT_VALUE_ERROR, "%s: the array must have at least %d dimensions; got shape %s", name,
              ndim, dims_string(shape_of(x)));
    return false;
}

ct_tree numpy_hsplit(ct_array ary, ct_array sections)
{
    return has_ndim("hsplit", ary, 1)
               ? split_array("hsplit", ary, sections, ary->aval.ndim > 1, false)
               : array_poison;
}

ct_tree numpy_vsplit(ct_array ary, ct_array sections)
{
    return has_ndim("vsplit", ary, 1) ? split_array("vsplit", ary, sections, 0, false)
                                      : array_poison;
}

ct_tree numpy_dsplit(ct_array ary, ct_array sections)
{
    return has_ndim("dsplit", ary, 3) ? split_array("dsplit", ary, sections, 2, false)
                                      : array_poison;
}

ct_tree numpy_unstack(const ct_unstack_args *a)
{
    int64_t axis = a->axis;
    if (!a->x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "Unstack requires arrays with rank > 0, however a scalar array was passed.");
    if (!numpy_axis("unstack", axis, a->x->aval.ndim, &axis))
        return array_poison;
    int64_t n = a->x->aval.shape[axis];
    ct_array *out = base_alloc((size_t)(n ? n : 1) * sizeof *out);
    if (!out)
        return array_poison;
    if (n)
        op_unstack(a->x, axis, out);
    ct_tree y = shape_tuple(n, out);
    base_free(out);
    return y;
}
