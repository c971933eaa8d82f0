/* What Python objects become arrays: arrays, Python's numbers (weakly typed), NumPy's arrays and
 * scalars, objects with __jax_array__ or a buffer, and, where a function allows it, nested
 * sequences. */
#include "api/binding.h"
#include "ext.h"
#include "ops/ops.h"

static ct_array from_long(PyObject *o)
{
    int overflow;
    long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (v == -1 && !overflow && PyErr_Occurred())
        return NULL;
    if (overflow || (!array_x64 && (v > INT32_MAX || v < INT32_MIN))) {
        PyErr_Format(PyExc_OverflowError, "Python integer %S out of bounds for %s", o,
                     array_x64 ? "int64" : "int32");
        return NULL;
    }
    return ct_weak_int(v);
}

ct_array ext_array_of_long(PyObject *o, ct_dtype dtype)
{
    ct_array a = NULL;
    if (dtype_inexact(dtype)) {
        double v = PyLong_AsDouble(o);
        if (v != -1 || !PyErr_Occurred())
            a = array_scalar(dtype, false, v);
    } else {
        int bits = dtype_table[dtype].bits - dtype_is(dtype, FAMILY_INT);
        unsigned long long v = PyLong_AsUnsignedLongLong(o);
        if (!PyErr_Occurred() && dtype_is(dtype, FAMILY_INT | FAMILY_UINT) &&
            v <= UINT64_MAX >> (64 - bits))
            a = array_scalar_int(dtype, false, (int64_t)v);
        else
            PyErr_Format(PyExc_OverflowError, "Python integer %S out of bounds for %s", o,
                         ct_dtype_name(dtype));
    }
    if (a && is_poison(a)) {
        ext_raise();
        return NULL;
    }
    return a;
}

static bool int_fits(PyObject *o, ct_dtype dtype)
{
    int overflow, bits = dtype_table[dtype].bits;
    long long v = PyLong_AsLongLongAndOverflow(o, &overflow),
              least = dtype_is(dtype, FAMILY_INT) ? -(1LL << (bits - 1)) : 0,
              most = dtype_is(dtype, FAMILY_INT) ? -(least + 1) : (1LL << bits) - 1;
    if (!overflow && v >= least && v <= most)
        return true;
    PyErr_Format(PyExc_OverflowError, "Python integer %S out of bounds for %s", o,
                 ct_dtype_name(dtype));
    return false;
}

bool ext_ints_fit(PyObject *o, ct_dtype dtype)
{
    int bits = dtype_table[dtype].bits;
    if (!dtype_is(dtype, FAMILY_INT | FAMILY_UINT) || bits < 8 || bits > 32)
        return true; /* 64 bits are checked where the value is read */
    if (PyLong_CheckExact(o))
        return int_fits(o, dtype);
    if (!PyList_CheckExact(o) && !PyTuple_CheckExact(o))
        return true;
    if (Py_EnterRecursiveCall(" while reading nested sequences"))
        return false;
    bool good = true;
    for (Py_ssize_t i = 0; good && i < PySequence_Fast_GET_SIZE(o); i++)
        good = ext_ints_fit(PySequence_Fast_GET_ITEM(o, i), dtype);
    Py_LeaveRecursiveCall();
    return good;
}

static ct_array from_complex(PyObject *o)
{
    Py_complex c = PyComplex_AsCComplex(o);
    ct_array a = array_new(dtype_default(FAMILY_COMPLEX), true, 0, NULL);
    if (is_poison(a))
        return a;
    if (a->aval.dtype == CT_COMPLEX64)
        memcpy(a->data, (float[]){(float)c.real, (float)c.imag}, 8);
    else
        memcpy(a->data, (double[]){c.real, c.imag}, 16);
    return a;
}

/* An object that says how to become an array of JAX; the result lives as long as the scope. */
static ct_array from_protocol(PyObject *o, int flags)
{
    PyObject *made = PyObject_CallMethod(o, "__jax_array__", NULL);
    if (!made)
        return NULL;
    ct_array a = ext_array(made, "__jax_array__", flags);
    if (a) {
        object_retain(a);
        if (!scope_own(a)) {
            ext_raise();
            a = NULL;
        }
    }
    Py_DECREF(made);
    return a;
}

static ct_array from_buffer(PyObject *o)
{
    PyObject *np = numpy_module(), *n = np ? PyObject_CallMethod(np, "asarray", "O", o) : NULL;
    ct_array a = n ? numpy_to_array(n) : NULL;
    Py_XDECREF(n);
    return a;
}

static bool has_attribute(PyTypeObject *t, const char *name)
{
    PyObject *key = PyUnicode_InternFromString(name);
    bool has = key && _PyType_Lookup(t, key) != NULL;
    Py_XDECREF(key);
    return has;
}

_Thread_local ct_dtype ext_list_dtype;
ext_guard ext_transfer_guard;

/* What jax_transfer_guard says of an array that came from the host outside of a trace. */
static ct_array guarded(ct_array a)
{
    if (core_current)
        return a;
    text t = {0};
    aval_text(&t, &a->aval, false);
    char *type = text_end(&t);
    if (ext_transfer_guard == GUARD_LOG || ext_transfer_guard == GUARD_LOG_EXPLICIT) {
        fprintf(stderr, "host-to-device transfer: aval=%s\n", type ? type : "?");
    } else {
        PyErr_Format(ext_runtime_error,
                     "INVALID_ARGUMENT: Disallowed host-to-device transfer: aval=%s",
                     type ? type : "?");
        a = NULL;
    }
    base_free(type);
    return a;
}

static ct_array converted(PyObject *o, int flags);

ct_array ext_try_array(PyObject *o, int flags)
{
    if (ext_is_value(o))
        return ext_value_of(o);
    ct_array a = converted(o, flags);
    return likely(!ext_transfer_guard) || !a ? a : guarded(a);
}

static ct_array converted(PyObject *o, int flags)
{
    ct_array a = NULL;
    PyTypeObject *t = Py_TYPE(o);
    if (t == &PyFloat_Type)
        a = ct_weak_float(PyFloat_AS_DOUBLE(o));
    else if (t == &PyBool_Type)
        a = ct_weak_bool(o == Py_True);
    else if (t == &PyLong_Type)
        a = from_long(o);
    else if (numpy_is_array(o) || numpy_is_scalar(o))
        return numpy_to_array(o);
    else if (PyFloat_Check(o))
        a = ct_weak_float(PyFloat_AS_DOUBLE(o));
    else if (PyLong_Check(o))
        a = from_long(o);
    else if (PyComplex_Check(o))
        a = from_complex(o);
    else if (t == ext_ref_type)
        return ext_value_of(o);
    else if (PyUnicode_Check(o) || o == Py_None || PyDict_Check(o))
        return NULL;
    else if (PyList_Check(o) || PyTuple_Check(o))
        return flags & CONVERT_LISTS ? ext_array_of_sequence(o, ext_list_dtype, flags) : NULL;
    else if (has_attribute(t, "__jax_array__"))
        return from_protocol(o, flags);
    else if (flags & CONVERT_LISTS &&
             ((PyObject_CheckBuffer(o) && !PyBytes_Check(o)) || has_attribute(t, "__array__")))
        return from_buffer(o);
    else if (flags & CONVERT_LISTS && PySequence_Check(o) && !PyBytes_Check(o))
        return ext_array_of_sequence(o, CT_NO_DTYPE, flags);
    if (a && is_poison(a)) {
        ext_raise();
        return NULL;
    }
    return a;
}

ct_array ext_array(PyObject *o, const char *what, int flags)
{
    if (likely(ext_is_value(o)))
        return ext_value_of(o);
    ct_array a = ext_try_array(o, flags);
    if (a || PyErr_Occurred())
        return a;
    if (PyList_Check(o) || PyTuple_Check(o))
        PyErr_Format(
            PyExc_TypeError,
            "%s requires ndarray or scalar arguments, got %s; use jnp.array to make an array of it",
            what, (PyObject *)Py_TYPE(o)->tp_name);
    else if (flags & CONVERT_LISTS)
        PyErr_Format(PyExc_TypeError,
                     "Value '%S' of type %s is not a valid JAX array type. Only arrays of numeric "
                     "types are supported by JAX.",
                     o, Py_TYPE(o)->tp_name);
    else
        PyErr_Format(PyExc_TypeError,
                     "Error interpreting argument to %s as an abstract array. The problematic "
                     "value is of type %S.\nArguments must be arrays, "
                     "numbers or pytrees of them; of jit, others can be marked as static with "
                     "static_argnums or static_argnames.",
                     what, (PyObject *)Py_TYPE(o));
    return NULL;
}

/* ---- nested sequences ---- */

enum { MAX_DEPTH = 64 };
typedef struct sequence {
    int ndim; /* -1 until the first leaf is met */
    int64_t shape[MAX_DEPTH];
    bool arrays; /* some leaf is an array or tracer: rows are stacked */
    bool floats, complexes, all_bools, any;
    vec(PyObject *) leaves; /* borrowed */
} sequence;

static bool is_row(PyObject *o)
{
    return PyList_Check(o) || PyTuple_Check(o) ||
           (!PyUnicode_Check(o) && !PyBytes_Check(o) && !ext_is_value(o) && !numpy_is_array(o) &&
            !numpy_is_scalar(o) && PySequence_Check(o) && !PyDict_Check(o) &&
            !has_attribute(Py_TYPE(o), "__jax_array__") && !has_attribute(Py_TYPE(o), "__array__"));
}

static bool ragged(int depth)
{
    PyErr_Format(PyExc_ValueError,
                 "setting an array element with a sequence. The requested array has an "
                 "inhomogeneous shape after %d dimensions.",
                 depth);
    return false;
}

static bool scan(sequence *s, PyObject *o, int depth)
{
    if (!is_row(o)) {
        if (s->ndim < 0)
            s->ndim = depth;
        if (s->ndim != depth)
            return ragged(depth < s->ndim ? depth : s->ndim);
        bool number = PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyBool_Check(o) ||
                      PyComplex_CheckExact(o);
        s->arrays |= !number;
        s->floats |= PyFloat_CheckExact(o);
        s->complexes |= PyComplex_CheckExact(o);
        s->all_bools &= PyBool_Check(o);
        s->any = true;
        if (vec_push(&s->leaves, o))
            return true;
        ext_raise();
        return false;
    }
    if (depth == MAX_DEPTH || (s->ndim >= 0 && depth >= s->ndim))
        return ragged(depth);
    PyObject *fast = PySequence_Fast(o, "not a sequence");
    if (!fast)
        return false;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    bool good = true;
    if (s->shape[depth] < 0)
        s->shape[depth] = n;
    else if (s->shape[depth] != n)
        good = ragged(depth);
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = scan(s, PySequence_Fast_GET_ITEM(fast, i), depth + 1);
    if (good && !n && s->ndim < 0)
        s->ndim = depth + 1;
    Py_DECREF(fast);
    return good;
}

static bool store(ct_array a, int64_t i, PyObject *o)
{
    switch ((ct_dtype)a->aval.dtype) {
    case CT_BOOL:
        ((uint8_t *)a->data)[i] = o == Py_True;
        return true;
    case CT_FLOAT32:
        ((float *)a->data)[i] = (float)PyFloat_AsDouble(o);
        return !PyErr_Occurred();
    case CT_FLOAT64:
        ((double *)a->data)[i] = PyFloat_AsDouble(o);
        return !PyErr_Occurred();
    case CT_COMPLEX64: {
        Py_complex c = PyComplex_AsCComplex(o);
        ((float *)a->data)[2 * i] = (float)c.real, ((float *)a->data)[2 * i + 1] = (float)c.imag;
        return !PyErr_Occurred();
    }
    case CT_COMPLEX128: {
        Py_complex c = PyComplex_AsCComplex(o);
        ((double *)a->data)[2 * i] = c.real, ((double *)a->data)[2 * i + 1] = c.imag;
        return !PyErr_Occurred();
    }
    default:
        break;
    }
    int overflow;
    long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow || (a->aval.dtype == CT_INT32 && (v > INT32_MAX || v < INT32_MIN)) ||
        (a->aval.dtype == CT_UINT32 && (v > UINT32_MAX || v < 0))) {
        PyErr_Format(PyExc_OverflowError, "Python integer %S out of bounds for %s", o,
                     ct_dtype_name((ct_dtype)a->aval.dtype));
        return false;
    }
    if (a->aval.dtype == CT_INT32 || a->aval.dtype == CT_UINT32)
        ((uint32_t *)a->data)[i] = (uint32_t)v;
    else
        ((int64_t *)a->data)[i] = v;
    return v != -1 || !PyErr_Occurred();
}

static ct_array of_numbers(const sequence *s, ct_dtype wanted)
{
    ct_dtype d = !s->any        ? dtype_default(FAMILY_FLOAT)
                 : s->complexes ? dtype_default(FAMILY_COMPLEX)
                 : s->floats    ? dtype_default(FAMILY_FLOAT)
                 : s->all_bools ? CT_BOOL
                                : dtype_default(FAMILY_INT);
    if (wanted == CT_UINT32 && d == CT_INT32)
        d = CT_UINT32; /* keeps values above 2^31 */
    if (dtype_is(wanted, FAMILY_FLOAT) && dtype_is(d, FAMILY_INT))
        d = dtype_default(FAMILY_FLOAT); /* holds ints of any size */
    ct_array a = array_new(d, false, s->ndim < 0 ? 0 : s->ndim, s->shape);
    if (is_poison(a)) {
        ext_raise();
        return NULL;
    }
    for (int64_t i = 0; i < s->leaves.n; i++)
        if (!store(a, i, s->leaves.at[i]))
            return NULL;
    return a;
}

/* Rows that hold arrays: jnp.stack along a new first axis, level by level. */
static ct_array stack(PyObject *o, int flags)
{
    if (!is_row(o))
        return ext_array(o, "array", flags);
    PyObject *f = ext_bound_object("numpy", "stack"), *fast = PySequence_Fast(o, "not a sequence"),
             *rows = fast ? PyList_New(0) : NULL, *out = NULL;
    bool good = f && rows;
    if (!f)
        PyErr_SetString(PyExc_NotImplementedError,
                        "an array of arrays needs jax.numpy.stack, which does not exist yet");
    for (Py_ssize_t i = 0; good && i < PySequence_Fast_GET_SIZE(fast); i++) {
        ct_array a = stack(PySequence_Fast_GET_ITEM(fast, i), flags);
        PyObject *row = a ? ext_wrap(a) : NULL;
        good = row && !PyList_Append(rows, row);
        Py_XDECREF(row);
    }
    if (good)
        out = PyObject_CallOneArg(f, rows);
    Py_XDECREF(rows);
    Py_XDECREF(fast);
    if (!out)
        return NULL;
    ct_array a = ext_value_of(out);
    object_retain(a);
    bool owned = scope_own(a);
    Py_DECREF(out);
    if (owned)
        return a;
    ext_raise();
    return NULL;
}

ct_array ext_array_of_sequence(PyObject *o, ct_dtype dtype, int flags)
{
    sequence s = {.ndim = -1, .all_bools = true};
    memset(s.shape, -1, sizeof s.shape);
    bool good = scan(&s, o, 0);
    ct_array a = !good ? NULL : s.arrays ? stack(o, flags) : of_numbers(&s, dtype);
    if (a && a->aval.weak)
        a = op_convert(a, (ct_dtype)a->aval.dtype, false);
    vec_free(&s.leaves);
    return a;
}

/* ---- integers ---- */

bool ext_int(PyObject *o, int64_t *out, const char *what)
{
    if (PyLong_CheckExact(o)) {
        *out = PyLong_AsLongLong(o);
        return *out != -1 || !PyErr_Occurred();
    }
    PyObject *i = PyNumber_Index(o);
    if (!i) {
        if (PyErr_ExceptionMatches(PyExc_TypeError) && !ext_is_value(o)) {
            PyErr_Clear();
            PyErr_Format(PyExc_TypeError, "%s must be an integer, got %R of type %s", what, o,
                         Py_TYPE(o)->tp_name);
        }
        return false;
    }
    *out = PyLong_AsLongLong(i);
    Py_DECREF(i);
    return *out != -1 || !PyErr_Occurred();
}

bool ext_ints(PyObject *o, ct_ints *out, arena *a, const char *what)
{
    bool single = PyLong_Check(o) || numpy_is_scalar(o) ||
                  (ext_is_value(o) ? ext_value_of(o)->aval.ndim == 0
                                   : PyIndex_Check(o) && !PySequence_Check(o));
    PyObject *fast = single ? NULL : PySequence_Fast(o, "");
    if (!single && !fast) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "%s must be an integer or a sequence of integers, got %R",
                     what, o);
        return false;
    }
    Py_ssize_t n = single ? 1 : PySequence_Fast_GET_SIZE(fast);
    int64_t *at = arena_alloc(a, sizeof *at * (size_t)(n + 1));
    bool good = at != NULL;
    if (!at)
        ext_raise();
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = ext_int(single ? o : PySequence_Fast_GET_ITEM(fast, i), &at[i], what);
    *out = n ? (ct_ints){n, at} : I_NONE;
    Py_XDECREF(fast);
    return good;
}
