/* Attributes and methods of arrays. Those that are functions of jax.numpy under another guise are
 * the function objects themselves (see binding.c, which puts them into the class); here stands what
 * only an object has. */
#include "ext.h"
#include "numpy/numpy.h"

static PyObject *shape_tuple(const aval *a)
{
    PyObject *t = PyTuple_New(a->ndim);
    for (int k = 0; t && k < a->ndim; k++) {
        PyObject *n = PyLong_FromLongLong(a->shape[k]);
        if (!n)
            Py_CLEAR(t);
        else
            PyTuple_SET_ITEM(t, k, n);
    }
    return t;
}

static PyObject *get_shape(PyObject *self, void *c)
{
    return shape_tuple(&ext_value_of(self)->aval);
}
static PyObject *get_dtype(PyObject *self, void *c)
{
    return ext_dtype((ct_dtype)ext_value_of(self)->aval.dtype);
}
static PyObject *get_ndim(PyObject *self, void *c)
{
    return PyLong_FromLong(ext_value_of(self)->aval.ndim);
}
static PyObject *get_size(PyObject *self, void *c)
{
    return PyLong_FromLongLong(
        shape_size(ext_value_of(self)->aval.ndim, ext_value_of(self)->aval.shape));
}
static PyObject *get_weak_type(PyObject *self, void *c)
{
    return PyBool_FromLong(ext_value_of(self)->aval.weak);
}
static PyObject *get_itemsize(PyObject *self, void *c)
{
    return PyLong_FromSize_t(ct_itemsize((ct_dtype)ext_value_of(self)->aval.dtype));
}
static PyObject *get_true(PyObject *self, void *c) { Py_RETURN_TRUE; }
static PyObject *get_none(PyObject *self, void *c) { Py_RETURN_NONE; }
static PyObject *get_priority(PyObject *self, void *c) { return PyLong_FromLong(100); }

static PyObject *get_nbytes(PyObject *self, void *c)
{
    ct_array a = ext_value_of(self);
    return PyLong_FromLongLong(shape_size(a->aval.ndim, a->aval.shape) *
                               (int64_t)ct_itemsize((ct_dtype)a->aval.dtype));
}

/* A function of jax.numpy on the array alone: x.T, x.real. */
static PyObject *get_by_function(PyObject *self, void *name)
{
    PyObject *f = ext_bound_object("numpy", name);
    if (!f)
        return PyErr_Format(PyExc_NotImplementedError,
                            "this attribute needs jax.numpy.%s, which does not exist yet",
                            (const char *)name);
    return PyObject_CallOneArg(f, self);
}

/* What Python's own files know: avals, devices, shardings. A function of cotan._face, borrowed. */
static PyObject *face(const char *name)
{
    static PyObject *module, *functions;
    if (!module && !(module = PyImport_ImportModule("cotan._face")))
        return NULL;
    if (!functions)
        functions = PyModule_GetDict(module);
    PyObject *f = PyDict_GetItemString(functions, name);
    if (!f && !PyErr_Occurred())
        PyErr_Format(PyExc_AttributeError, "cotan._face has no %s", name);
    return f;
}

static PyObject *from_python(PyObject *self, void *name)
{
    PyObject *f = face(name);
    return f ? PyObject_CallOneArg(f, self) : NULL;
}

/* What is the same for every array: the answer for the first. */
static PyObject *remembered(PyObject **answer, PyObject *self, const char *name)
{
    if (!*answer)
        *answer = from_python(self, (void *)(uintptr_t)name);
    return Py_XNewRef(*answer);
}

static PyObject *get_sharding(PyObject *self, void *c)
{
    static PyObject *everywhere;
    PyObject *named = ((ext_value *)self)->sharding;
    if (named)
        return Py_NewRef(named);
    return remembered(&everywhere, self, "array_sharding");
}

static PyObject *get_committed(PyObject *self, void *c)
{
    return PyBool_FromLong(((ext_value *)self)->sharding != NULL);
}

static PyObject *get_device(PyObject *self, void *c)
{
    static PyObject *only;
    return remembered(&only, self, "array_device");
}

static PyObject *method_devices(PyObject *self, PyObject *unused)
{
    PyObject *device = get_device(self, NULL), *set = device ? PySet_New(NULL) : NULL;
    if (set && PySet_Add(set, device) < 0)
        Py_CLEAR(set);
    Py_XDECREF(device);
    return set;
}

/* Avals in Python, by type: nobody changes them, so arrays of one type share theirs. */
PyObject *ext_get_aval(PyObject *self, void *unused)
{
    enum { DIMS = 6 };
    static struct known_aval {
        aval type;
        int64_t shape[DIMS];
        PyObject *made;
    } known[64];
    const aval *a = &ext_value_of(self)->aval;
    if (a->ndim > DIMS)
        return from_python(self, (void *)(uintptr_t) "array_aval");
    size_t bytes = (size_t)a->ndim * sizeof *a->shape;
    uint64_t h = base_hash(a->shape, bytes, (uint64_t)a->dtype * 2 + a->weak);
    struct known_aval *k = &known[h % countof(known)];
    if (k->made && aval_equal(&k->type, a, true))
        return Py_NewRef(k->made);
    PyObject *made = from_python(self, (void *)(uintptr_t) "array_aval");
    if (!made)
        return NULL;
    a = &ext_value_of(self)->aval;
    memcpy(k->shape, a->shape, bytes);
    k->type = *a;
    k->type.shape = k->shape;
    Py_XSETREF(k->made, Py_NewRef(made));
    return made;
}

static PyObject *call_python(PyObject *self, const char *name, PyObject *args, PyObject *kwargs)
{
    PyObject *f = face(name), *all = NULL, *out = NULL;
    if (f && (all = PyTuple_New(PyTuple_GET_SIZE(args) + 1))) {
        PyTuple_SET_ITEM(all, 0, Py_NewRef(self));
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++)
            PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
        out = PyObject_Call(f, all, kwargs);
    }
    Py_XDECREF(all);
    return out;
}

#define FROM_PYTHON(name)                                                                          \
    static PyObject *method_##name(PyObject *self, PyObject *args, PyObject *kwargs)               \
    {                                                                                              \
        return call_python(self, "array_" #name, args, kwargs);                                    \
    }
FROM_PYTHON(reshape)
FROM_PYTHON(transpose)
FROM_PYTHON(to_device)
FROM_PYTHON(addressable_data)
FROM_PYTHON(flatten)
FROM_PYTHON(choose)
FROM_PYTHON(compress)
FROM_PYTHON(clip)
FROM_PYTHON(copy)
FROM_PYTHON(tobytes)
FROM_PYTHON(namespace)

int ext_array_contains(PyObject *self, PyObject *item)
{
    PyObject *args = PyTuple_Pack(1, item);
    PyObject *found = args ? call_python(self, "array_contains", args, NULL) : NULL;
    int answer = found ? found == Py_True : -1;
    Py_XDECREF(args);
    Py_XDECREF(found);
    return answer;
}

static PyObject *method_true(PyObject *self, PyObject *unused) { Py_RETURN_TRUE; }
static PyObject *method_nbytes(PyObject *self, PyObject *unused) { return get_nbytes(self, NULL); }

/* astype(dtype, copy=False, device=None) */
static PyObject *method_astype(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *dtype = n ? args[0] : NULL;
    ct_dtype d = dtype_default(FAMILY_FLOAT);
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), "dtype") == 0)
            dtype = args[n + k];
    if (!dtype)
        return PyErr_Format(PyExc_TypeError,
                            "astype() missing 1 required positional argument: 'dtype'");
    if (dtype != Py_None && !ext_dtype_code(dtype, &d, "astype"))
        return NULL;
    ct_array a = ext_value_of(self);
    if (dtype_is((ct_dtype)a->aval.dtype, FAMILY_COMPLEX) &&
        !dtype_is(d, FAMILY_COMPLEX | FAMILY_BOOL) &&
        PyErr_WarnEx(
            PyExc_UserWarning,
            "Casting from complex to real dtypes discards the imaginary part. Take .real instead.",
            1) < 0)
        return NULL;
    ct_scope scope = ct_begin();
    return ext_finish(scope, op_convert(a, d, false));
}

/* view(dtype=None, type=None) */
static PyObject *method_view(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"dtype", "type", NULL};
    PyObject *dtype = Py_None, *type = Py_None;
    ct_dtype d;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:view", (char **)(uintptr_t)names, &dtype,
                                     &type))
        return NULL;
    if (type != Py_None)
        return PyErr_Format(PyExc_NotImplementedError,
                            "`type` argument of array.view() is not supported.");
    if (dtype == Py_None)
        return Py_NewRef(self);
    if (!ext_dtype_code(dtype, &d, "view"))
        return NULL;
    ct_scope scope = ct_begin();
    return ext_finish(scope, numpy_reinterpret(ext_value_of(self), d));
}

static PyObject *method_byteswap(PyObject *self, PyObject *unused)
{
    ct_scope scope = ct_begin();
    return ext_finish(scope, numpy_byteswap(ext_value_of(self)));
}

static PyObject *method_block(PyObject *self, PyObject *unused)
{
    ct_array a = ext_value_of(self);
    if (is_array(a) && array_deleted(a))
        return array_fail_deleted(a), ext_raise();
    return Py_NewRef(self);
} /* a call returns when its work is done */
static PyObject *method_nothing(PyObject *self, PyObject *unused) { Py_RETURN_NONE; }

static PyObject *method_delete(PyObject *self, PyObject *unused)
{
    (ct_delete)(ext_value_of(self)); /* not jax.numpy.delete */
    Py_RETURN_NONE;
}

static PyObject *method_is_deleted(PyObject *self, PyObject *unused)
{
    return PyBool_FromLong(ct_is_deleted(ext_value_of(self)));
}

/* A number formats as Python's, all digits of it; an array as its text, which takes no format. */
static PyObject *method_format(PyObject *self, PyObject *spec)
{
    ct_array a = ext_value_of(self);
    bool number = !a->aval.ndim && !is_tracer(a) && !dtype_is((ct_dtype)a->aval.dtype, FAMILY_KEY);
    if (!number && PyUnicode_Check(spec) && PyUnicode_GET_LENGTH(spec)) {
        const char *name = Py_TYPE(self)->tp_name, *dot = strrchr(name, '.');
        return PyErr_Format(PyExc_TypeError, "unsupported format string passed to %s.__format__",
                            dot ? dot + 1 : name);
    }
    PyObject *value = number ? ext_item(self, NULL, 0) : PyObject_Str(self),
             *out = value ? PyObject_Format(value, spec) : NULL;
    Py_XDECREF(value);
    return out;
}

static PyObject *method_complex(PyObject *self, PyObject *unused)
{
    ct_array a = ext_concrete(self, CT_CONCRETIZATION_ERROR, EXT_CONVERSION("complex"));
    if (!a)
        return NULL;
    if (a->aval.ndim)
        return PyErr_Format(
            PyExc_TypeError,
            "Only scalar arrays can be converted to Python scalars; got arr.ndim=%d", a->aval.ndim);
    PyObject *item = ext_item(self, NULL, 0),
             *out = item ? PyObject_CallOneArg((PyObject *)&PyComplex_Type, item) : NULL;
    Py_XDECREF(item);
    return out;
}

static PyObject *method_round(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    PyObject *f = ext_bound_object("numpy", "round");
    if (!f)
        return PyErr_Format(PyExc_NotImplementedError,
                            "round() of arrays needs jax.numpy.round, which does not exist yet");
    bool to_digits = n && args[0] != Py_None;
    PyObject *all[] = {self, n ? args[0] : NULL},
             *rounded = PyObject_Vectorcall(f, all, to_digits ? 2 : 1, NULL);
    if (to_digits || !rounded)
        return rounded;
    PyObject *whole = PyObject_CallMethod(rounded, "astype", "O", (PyObject *)&PyLong_Type);
    Py_DECREF(rounded);
    return whole;
}

/* Elements never change, so a copy is another array over the same memory. */
static PyObject *method_copy_protocol(PyObject *self, PyObject *unused)
{
    ct_array a = ext_value_of(self);
    if (!is_array(a))
        return Py_NewRef(self);
    ct_scope scope = ct_begin();
    return ext_finish(
        scope, array_view(a, (ct_dtype)a->aval.dtype, a->aval.weak, a->aval.ndim, a->aval.shape));
}

static PyObject *method_pointer(PyObject *self, PyObject *unused)
{
    ct_array a =
        ext_concrete(self, CT_CONCRETIZATION_ERROR, "This occurred in unsafe_buffer_pointer()");
    return a ? PyLong_FromVoidPtr(a->data) : NULL;
}

static PyObject *method_platform(PyObject *self, PyObject *unused)
{
    return PyUnicode_FromString("cpu");
}

/* Pickled as a NumPy array and a weak flag, keys as their words and implementation. */
static PyObject *method_reduce(PyObject *self, PyObject *unused)
{
    if (dtype_is((ct_dtype)ext_value_of(self)->aval.dtype, FAMILY_KEY))
        return from_python(self, (void *)(uintptr_t) "array_pickled_key");
    PyObject *f = face("_restore_array"), *out = NULL,
             *n = f ? PyObject_CallMethod(self, "__array__", NULL) : NULL;
    if (n)
        out = Py_BuildValue("O(OO)", f, n, ext_value_of(self)->aval.weak ? Py_True : Py_False);
    Py_XDECREF(n);
    return out;
}

PyMethodDef ext_array_methods[] = {
    {"item", EXT_FASTCALL(ext_item), METH_FASTCALL,
     "The element at the given position (the only one by default) as a Python number."},
    {"tolist", ext_tolist, METH_NOARGS, "The elements as nested lists of Python numbers."},
    {"block_until_ready", method_block, METH_NOARGS,
     "Waits until the array's value is there; returns the array."},
    {"copy_to_host_async", method_nothing, METH_NOARGS, NULL},
    {"is_ready", method_true, METH_NOARGS, "Whether the value is there, which it always is."},
    {"on_device_size_in_bytes", method_nbytes, METH_NOARGS, "Bytes of all elements."},
    {"platform", method_platform, METH_NOARGS, "The kind of device that holds the array."},
    {"clone", method_copy_protocol, METH_NOARGS, "Another array over the same elements."},
    {"tobytes", EXT_FASTCALL(method_tobytes), METH_VARARGS | METH_KEYWORDS,
     "The elements as bytes."},
    {"__array_namespace__", EXT_FASTCALL(method_namespace), METH_VARARGS | METH_KEYWORDS,
     "The module with the array API's functions."},
    {"delete", method_delete, METH_NOARGS,
     "Drops the elements; reading them is an error from then on."},
    {"is_deleted", method_is_deleted, METH_NOARGS,
     "Whether the elements are gone: the array was donated, or deleted."},
    {"__array__", EXT_FASTCALL(ext_array_method), METH_FASTCALL | METH_KEYWORDS, NULL},
    {"__dlpack__", EXT_FASTCALL(ext_dlpack), METH_FASTCALL | METH_KEYWORDS, NULL},
    {"__dlpack_device__", ext_dlpack_device, METH_NOARGS, NULL},
    {"unsafe_buffer_pointer", method_pointer, METH_NOARGS,
     "Address of the elements, valid while the array lives and is not deleted."},
    {"__format__", method_format, METH_O, NULL},
    {"__complex__", method_complex, METH_NOARGS, NULL},
    {"__round__", EXT_FASTCALL(method_round), METH_FASTCALL, NULL},
    {"__copy__", method_copy_protocol, METH_NOARGS, NULL},
    {"__deepcopy__", method_copy_protocol, METH_O, NULL},
    {"__reduce__", method_reduce, METH_NOARGS, NULL},
    {"copy", EXT_FASTCALL(method_copy), METH_VARARGS | METH_KEYWORDS, "A copy of the array."},
    {"devices", method_devices, METH_NOARGS, "The set of devices that hold the array."},
    {"astype", EXT_FASTCALL(method_astype), METH_FASTCALL | METH_KEYWORDS,
     "The array converted to another dtype."},
    {"reshape", EXT_FASTCALL(method_reshape), METH_VARARGS | METH_KEYWORDS,
     "The same elements under another shape."},
    {"transpose", EXT_FASTCALL(method_transpose), METH_VARARGS | METH_KEYWORDS,
     "The array with its axes permuted."},
    {"view", EXT_FASTCALL(method_view), METH_VARARGS | METH_KEYWORDS,
     "The same bits under another dtype."},
    {"byteswap", method_byteswap, METH_NOARGS,
     "The array with the bytes of each element in the opposite order."},
    {"flatten", EXT_FASTCALL(method_flatten), METH_VARARGS | METH_KEYWORDS,
     "The elements in one dimension."},
    {"choose", EXT_FASTCALL(method_choose), METH_VARARGS | METH_KEYWORDS, NULL},
    {"compress", EXT_FASTCALL(method_compress), METH_VARARGS | METH_KEYWORDS, NULL},
    {"clip", EXT_FASTCALL(method_clip), METH_VARARGS | METH_KEYWORDS,
     "The elements limited to an interval."},
    {"to_device", EXT_FASTCALL(method_to_device), METH_VARARGS | METH_KEYWORDS, NULL},
    {"addressable_data", EXT_FASTCALL(method_addressable_data), METH_VARARGS | METH_KEYWORDS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyObject *no_flat(PyObject *self, void *unused)
{
    return PyErr_Format(PyExc_NotImplementedError, "JAX Arrays do not implement the arr.flat "
                                                   "property: consider arr.flatten() instead.");
}

#define NAME(literal) ((void *)(uintptr_t)(literal))
PyGetSetDef ext_array_getset[] = {
    {"shape", get_shape, NULL, "Lengths of the axes.", NULL},
    {"dtype", get_dtype, NULL, "Element type.", NULL},
    {"ndim", get_ndim, NULL, "Number of axes.", NULL},
    {"size", get_size, NULL, "Number of elements.", NULL},
    {"weak_type", get_weak_type, NULL, "Whether the dtype yields to another operand's.", NULL},
    {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL},
    {"nbytes", get_nbytes, NULL, "Bytes of all elements.", NULL},
    {"flat", no_flat, NULL, NULL, NULL},
    {"T", get_by_function, NULL, "The array with its axes reversed.", NAME("transpose")},
    {"mT", get_by_function, NULL, "The array with its last two axes exchanged.",
     NAME("matrix_transpose")},
    {"real", get_by_function, NULL, "Real part.", NAME("real")},
    {"imag", get_by_function, NULL, "Imaginary part.", NAME("imag")},
    {"at", ext_at, NULL, "x.at[index].set(value) and its relatives: updated copies.", NULL},
    {"aval", ext_get_aval, NULL, "Shape and dtype as an abstract value.", NULL},
    {"sharding", get_sharding, NULL, "Where the array lives.", NULL},
    {"device", get_device, NULL, "The device that holds the array.", NULL},
    {"format", from_python, NULL, "The layout and the place of the elements.",
     NAME("array_format")},
    {"addressable_shards", from_python, NULL, NULL, NAME("array_shards")},
    {"global_shards", from_python, NULL, NULL, NAME("array_shards")},
    {"is_fully_replicated", get_true, NULL, NULL, NULL},
    {"is_fully_addressable", get_true, NULL, NULL, NULL},
    {"committed", get_committed, NULL, "Whether a program said where the array lies.", NULL},
    {"_committed", get_committed, NULL, NULL, NULL},
    {"traceback", get_none, NULL, NULL, NULL},
    {"__array_priority__", get_priority, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyGetSetDef ext_zero_getset[] = {
    {"shape", get_shape, NULL, "Lengths of the axes.", NULL},
    {"dtype", get_dtype, NULL, "Element type.", NULL},
    {"ndim", get_ndim, NULL, "Number of axes.", NULL},
    {"size", get_size, NULL, "Number of elements.", NULL},
    {"weak_type", get_weak_type, NULL, "Whether the dtype yields to another operand's.", NULL},
    {"aval", ext_get_aval, NULL, "Shape and dtype as an abstract value.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
