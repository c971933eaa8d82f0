/* What is in a value: its type and shape, its elements, its one element as a C number.
 *
 * Tracers stand for values that are not known yet: asking one for its elements fails with the class
 * that JAX raises. */
#include "array/array.h"

static bool has_type(ct_array a, const char *what)
{
    if (likely(!is_tree(a)))
        return !is_poison(a);
    base_fail(CT_TYPE_ERROR,
              "%s: a tree has none; take a leaf of it first (ct_at, ct_get, ct_leaf).", what);
    return false;
}

ct_dtype ct_dtype_of(ct_array a)
{
    return has_type(a, "dtype") ? (ct_dtype)a->aval.dtype : CT_NO_DTYPE;
}
int ct_ndim(ct_array a) { return has_type(a, "ndim") ? a->aval.ndim : 0; }
ct_ints ct_shape(ct_array a) { return has_type(a, "shape") ? aval_shape(&a->aval) : I_NONE; }
int64_t ct_size(ct_array a) { return has_type(a, "size") ? a->size : 0; }
bool ct_weak_type(ct_array a) { return has_type(a, "weak_type") && a->aval.weak; }

int64_t ct_dim(ct_array a, int axis)
{
    if (!has_type(a, "shape"))
        return 0;
    int ndim = a->aval.ndim, i = axis < 0 ? axis + ndim : axis;
    if (i >= 0 && i < ndim)
        return a->aval.shape[i];
    base_fail(CT_INDEX_ERROR, "Axis %d is out of range for an array of %d dimensions.", axis, ndim);
    return 0;
}

double array_get_double(ct_array a, int64_t index)
{
    if (is_poison(a))
        return __builtin_nan("");
    if (array_deleted(a))
        return array_fail_deleted(a), __builtin_nan("");
    ct_dtype d = (ct_dtype)a->aval.dtype;
    return dtype_decode(d, (const char *)a->data + (size_t)index * dtype_table[d].itemsize);
}

int64_t array_get_int(ct_array a, int64_t index)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    if ((d == CT_INT64 || d == CT_UINT64) && !array_deleted(a))
        return ((const int64_t *)a->data)[index];
    double value = array_get_double(a, index);
    return value >= 0x1p63   ? INT64_MAX
           : value < -0x1p63 ? INT64_MIN
           : value != value  ? 0
                             : (int64_t)value;
}

/* Records why `a`, which is no concrete array, cannot be read. */
static void fail_unreadable(ct_array a, ct_code tracer_code, const char *what)
{
    if (is_tree(a)) {
        base_fail(
            CT_TYPE_ERROR,
            "%s needs an array, not a tree; take a leaf of it first (ct_at, ct_get, ct_leaf).",
            what);
        return;
    }
    text t = {0};
    aval_text(&t, &a->aval, false);
    char *type = text_end(&t);
    base_fail(tracer_code,
              "%s needs a concrete value, but this is a traced array of type %s, whose value is "
              "not known while the function is being "
              "transformed. Use operations on arrays (ct_where, ct_cond, ct_while_loop) instead, "
              "or keep this argument static.",
              what, type ? type : "?");
    base_free(type);
}

bool ct_data(ct_array a, const void **data)
{
    *data = NULL;
    if (is_poison(a))
        return false;
    if (!is_array(a)) {
        fail_unreadable(a, CT_TRACER_ARRAY_ERROR, "ct_data");
        return false;
    }
    if (array_deleted(a))
        return array_fail_deleted(a);
    *data = a->data;
    return true;
}

/* On success *value is concrete and has one element. */
static bool one_element(ct_array a, ct_code tracer_code, const char *what, ct_array *value)
{
    if (is_poison(a))
        return false;
    if (is_tracer(a) && array_concrete)
        array_concrete(a, &a);
    *value = a;
    if (!is_array(a)) {
        fail_unreadable(a, tracer_code, what);
        return false;
    }
    if (array_deleted(a))
        return array_fail_deleted(a);
    if (a->size == 1 && a->aval.dtype < CT_FLOAT0)
        return true;
    text t = {0};
    aval_text(&t, &a->aval, false);
    char *type = text_end(&t);
    base_fail(CT_TYPE_ERROR,
              "%s: only an array of one number converts to a C number; this one has type %s.", what,
              type ? type : "?");
    base_free(type);
    return false;
}

double ct_float(ct_array a)
{
    return one_element(a, CT_CONCRETIZATION_ERROR, "ct_float", &a) ? array_get_double(a, 0)
                                                                   : __builtin_nan("");
}

int64_t ct_int(ct_array a)
{
    return one_element(a, CT_TRACER_INTEGER_ERROR, "ct_int", &a) ? array_get_int(a, 0) : 0;
}

bool ct_bool(ct_array a)
{
    if (!one_element(a, CT_TRACER_BOOL_ERROR, "ct_bool", &a))
        return false;
    if (dtype_is((ct_dtype)a->aval.dtype, FAMILY_COMPLEX)) {
        size_t half = dtype_table[a->aval.dtype].itemsize / 2;
        ct_dtype real = dtype_real_part((ct_dtype)a->aval.dtype);
        return array_get_double(a, 0) != 0 || dtype_decode(real, (const char *)a->data + half) != 0;
    }
    return array_get_double(a, 0) != 0;
}
