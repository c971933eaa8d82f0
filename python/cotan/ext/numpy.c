/* NumPy's arrays in and out, without importing NumPy before the program does.
 *
 * The fields read here are the part of NumPy's array and dtype structs whose layout its ABI has
 * kept since 1.0, through 2.x. Nothing of NumPy is called to compute. Other exporters of the buffer
 * protocol come in by convert.c. */
#include "ext.h"

typedef struct numpy_array {
    PyObject_HEAD char *data;
    int ndim;
    Py_ssize_t *shape, *strides; /* npy_intp */
    PyObject *base, *descr;
    int flags;
} numpy_array;
typedef struct numpy_descr {
    PyObject_HEAD PyTypeObject *scalar;
    char kind, type, byteorder, former_flags;
    int type_num;
} numpy_descr;

static PyObject *module;
static PyTypeObject *array_type, *scalar_type, *dtype_type;

/* Finds the types once NumPy is loaded by anybody. */
static bool loaded(void)
{
    if (likely(array_type != NULL))
        return true;
    PyObject *m = PyDict_GetItemString(PyImport_GetModuleDict(), "numpy");
    if (!m)
        return false;
    PyObject *a = PyObject_GetAttrString(m, "ndarray"), *g = PyObject_GetAttrString(m, "generic"),
             *d = PyObject_GetAttrString(m, "dtype");
    if (!a || !g || !d) { /* half imported: ask again later */
        PyErr_Clear();
        Py_XDECREF(a);
        Py_XDECREF(g);
        Py_XDECREF(d);
        return false;
    }
    module = Py_NewRef(m);
    scalar_type = (PyTypeObject *)g;
    dtype_type = (PyTypeObject *)d;
    array_type = (PyTypeObject *)a;
    return true;
}

PyObject *numpy_module(void)
{
    if (loaded())
        return module;
    PyObject *m = PyImport_ImportModule("numpy");
    if (!m)
        return NULL;
    Py_DECREF(m);
    return loaded() ? module : NULL;
}

bool numpy_is_array(PyObject *o) { return loaded() && PyObject_TypeCheck(o, array_type); }
bool numpy_is_scalar(PyObject *o) { return loaded() && PyObject_TypeCheck(o, scalar_type); }
bool numpy_is_dtype(PyObject *o) { return loaded() && PyObject_TypeCheck(o, dtype_type); }

bool numpy_prints_otherwise(void)
{
    static PyObject *options, *usual; /* a context variable and its default */
    if (!loaded())
        return false;
    if (!options) {
        PyObject *m = PyDict_GetItemString(PyImport_GetModuleDict(), "numpy._core.printoptions");
        options = m ? PyObject_GetAttrString(m, "format_options") : NULL;
        usual = options ? PyObject_GetAttrString(m, "default_format_options_dict") : NULL;
        PyErr_Clear();
    }
    PyObject *now = NULL;
    if (!usual || PyContextVar_Get(options, NULL, &now) < 0) {
        PyErr_Clear();
        return false;
    }
    Py_XDECREF(now);
    return now && now != usual;
}

ct_dtype numpy_dtype_code(PyObject *o)
{
    static const uint8_t builtin[] = {
        CT_BOOL,    CT_INT8,     CT_UINT8,     CT_INT16,      CT_UINT16, CT_INT32,
        CT_UINT32,  CT_INT64,    CT_UINT64,    CT_INT64,      CT_UINT64, CT_FLOAT32,
        CT_FLOAT64, CT_NO_DTYPE, CT_COMPLEX64, CT_COMPLEX128,
    };
    const numpy_descr *d = (const numpy_descr *)o;
    if (d->type_num >= 0 && d->type_num < (int)countof(builtin))
        return (ct_dtype)builtin[d->type_num];
    if (d->type_num == 23)
        return CT_FLOAT16;
    if (d->type_num == 20) { /* void: float0 is the structured type of one field of that name */
        PyObject *names = PyObject_GetAttrString(o, "names");
        bool float0 = names && PyTuple_Check(names) && PyTuple_GET_SIZE(names) == 1 &&
                      PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "float0") == 0;
        Py_XDECREF(names);
        PyErr_Clear();
        return float0 ? CT_FLOAT0 : CT_NO_DTYPE;
    }
    if (d->type_num < 24)
        return CT_NO_DTYPE;
    const char *name = strrchr(d->scalar->tp_name, '.');
    return ct_dtype_named(name ? name + 1 : d->scalar->tp_name);
}

/* ---- in ---- */

typedef void strided_copy(char *to, const char *from, Py_ssize_t stride, int64_t n);

#define COPY(name, type)                                                                           \
    static void copy_##name(char *to, const char *from, Py_ssize_t stride, int64_t n)              \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++, from += stride) {                                          \
            type v;                                                                                \
            memcpy(&v, from, sizeof v);                                                            \
            memcpy(to + i * (int64_t)sizeof v, &v, sizeof v);                                      \
        }                                                                                          \
    }
#define NARROW(name, wide, narrow)                                                                 \
    static void copy_##name(char *to, const char *from, Py_ssize_t stride, int64_t n)              \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++, from += stride) {                                          \
            wide v;                                                                                \
            memcpy(&v, from, sizeof v);                                                            \
            ((narrow *)(void *)to)[i] = (narrow)v;                                                 \
        }                                                                                          \
    }
typedef struct {
    char bytes[16];
} sixteen;
COPY(1, char)
COPY(2, uint16_t)
COPY(4, uint32_t)
COPY(8, uint64_t)
COPY(16, sixteen)
NARROW(f64, double, float)
NARROW(i64, int64_t, int32_t)
NARROW(u64, uint64_t, uint32_t)
NARROW(c128, _Complex double, _Complex float)

static strided_copy *copier(ct_dtype from, ct_dtype to)
{
    if (from == to)
        switch (ct_itemsize(from)) {
        case 1:
            return copy_1;
        case 2:
            return copy_2;
        case 4:
            return copy_4;
        case 8:
            return copy_8;
        default:
            return copy_16;
        }
    switch (from) {
    case CT_FLOAT64:
        return copy_f64;
    case CT_INT64:
        return copy_i64;
    case CT_UINT64:
        return copy_u64;
    default:
        return copy_c128; /* canonical types differ from their source only for the four 64-bit
                             families */
    }
}

static void copy_in(char *to, size_t item, const char *from, int ndim, const Py_ssize_t *shape,
                    const Py_ssize_t *strides, strided_copy *copy)
{
    if (ndim <= 1) {
        copy(to, from, ndim ? strides[0] : 0, ndim ? shape[0] : 1);
        return;
    }
    size_t step = item;
    for (int k = 1; k < ndim; k++)
        step *= (size_t)shape[k];
    for (Py_ssize_t i = 0; i < shape[0]; i++)
        copy_in(to + (size_t)i * step, item, from + i * strides[0], ndim - 1, shape + 1,
                strides + 1, copy);
}

static bool contiguous(const numpy_array *n, size_t item)
{
    Py_ssize_t expected = (Py_ssize_t)item;
    for (int k = n->ndim; k-- > 0; expected *= n->shape[k])
        if (n->shape[k] != 1 && n->strides[k] != expected)
            return false;
    return true;
}

static ct_array bad_dtype(PyObject *o, PyObject *descr)
{
    PyObject *shown = numpy_is_scalar(o) ? PyObject_Repr(o) : NULL;
    PyErr_Clear();
    if (shown)
        PyErr_Format(PyExc_TypeError,
                     "Value %U with dtype %S is not a valid JAX array type. Only arrays of numeric "
                     "types are supported by JAX.",
                     shown, descr);
    else
        PyErr_Format(PyExc_TypeError,
                     "Value of type %s with dtype %S is not a valid JAX array type. Only arrays of "
                     "numeric types are supported by JAX.",
                     Py_TYPE(o)->tp_name, descr);
    Py_XDECREF(shown);
    return NULL;
}

static ct_array swapped(PyObject *o)
{
    PyObject *descr = PyObject_CallMethod(((numpy_array *)o)->descr, "newbyteorder", "s", "=");
    PyObject *native = descr ? PyObject_CallMethod(o, "astype", "O", descr) : NULL;
    Py_XDECREF(descr);
    ct_array a = native ? numpy_to_array(native) : NULL;
    Py_XDECREF(native);
    return a;
}

_Thread_local bool ext_lending;

static void give_back(void *array)
{
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF((PyObject *)array);
    PyGILState_Release(gil);
}

/* The elements where they lie, until the call is over. Small ones are copied faster. */
static ct_array lend(PyObject *o, ct_dtype d, const int64_t *shape)
{
    const numpy_array *n = (const numpy_array *)o;
    ct_array a = ct_borrow_data(d, (ct_ints){n->ndim, shape}, n->data, give_back, Py_NewRef(o));
    if (!is_poison(a))
        a->buffer->lent = true;
    return a;
}

static bool lendable(const numpy_array *n, size_t item)
{
    enum { LEAST = 16384 };
    size_t bytes = item;
    for (int k = 0; k < n->ndim; k++)
        bytes *= (size_t)n->shape[k];
    return ext_lending && bytes >= LEAST && (uintptr_t)n->data % item == 0;
}

static ct_array from_array(PyObject *o)
{
    const numpy_array *n = (const numpy_array *)o;
    const numpy_descr *d = (const numpy_descr *)n->descr;
    if (d->byteorder == '>')
        return swapped(o);
    ct_dtype from = numpy_dtype_code(n->descr), to = dtype_canonical(from);
    if (from == CT_NO_DTYPE)
        return bad_dtype(o, n->descr);
    int64_t shape[64];
    for (int k = 0; k < n->ndim; k++)
        shape[k] = n->shape[k];
    size_t item = ct_itemsize(from);
    bool dense = from == to && from != CT_FLOAT0 && contiguous(n, item),
         lent = dense && lendable(n, item);
    ct_array a = lent ? lend(o, to, shape) : array_new(to, false, n->ndim, shape);
    if (is_poison(a)) {
        ext_raise();
        return NULL;
    }
    if (lent || !a->size || from == CT_FLOAT0)
        return a;
    if (dense)
        memcpy(a->data, n->data, (size_t)a->size * item);
    else
        copy_in(a->data, ct_itemsize(to), n->data, n->ndim, n->shape, n->strides, copier(from, to));
    return a;
}

ct_array numpy_to_array(PyObject *o)
{
    if (PyObject_TypeCheck(o, array_type))
        return from_array(o);
    PyObject *zero_dim = PyObject_CallMethod(o, "__array__", NULL);
    if (!zero_dim)
        return NULL;
    ct_array a = from_array(zero_dim);
    Py_DECREF(zero_dim);
    return a;
}

/* ---- out ---- */

/* A view of the array's memory; dtypes that the buffer protocol cannot name travel as bytes of
 * their size and are renamed. */
PyObject *numpy_from_array(ct_array a, bool copy)
{
    PyObject *np = numpy_module(), *o = np ? ext_wrap_array(a) : NULL,
             *dtype = o ? ext_dtype((ct_dtype)a->aval.dtype) : NULL, *out = NULL;
    PyObject *shape = dtype ? PyTuple_New(a->aval.ndim) : NULL;
    for (int k = 0; shape && k < a->aval.ndim; k++)
        PyTuple_SET_ITEM(shape, k, PyLong_FromLongLong(a->aval.shape[k]));
    Py_ssize_t bytes = (Py_ssize_t)((size_t)a->size * ct_itemsize((ct_dtype)a->aval.dtype));
    PyObject *view =
        shape ? PyMemoryView_FromMemory(a->size ? (char *)a->data : (char *)(uintptr_t) "", bytes,
                                        PyBUF_READ)
              : NULL;
    if (a->aval.dtype == CT_FLOAT0 || !a->size) {
        out = shape ? PyObject_CallMethod(np, "zeros", "OO", shape, dtype) : NULL;
    } else if (view) {
        /* ndarray(shape, dtype, buffer) keeps the memory view alive, not the array: copy, unless
         * the buffer protocol serves */
        PyObject *flat = PyObject_CallMethod(np, "ndarray", "OOO", shape, dtype, view);
        out = flat ? PyObject_CallMethod(flat, "copy", NULL) : NULL;
        Py_XDECREF(flat);
    }
    Py_XDECREF(view);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    Py_XDECREF(o);
    (void)copy;
    return out;
}
