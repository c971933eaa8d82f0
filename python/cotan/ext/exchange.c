/* Elements out of arrays: Python numbers and lists, NumPy arrays, the buffer protocol, DLPack. All
 * refuse traced values with JAX's errors. */
#include "ext.h"
#include "kernel/kernel.h"

ct_array ext_concrete(PyObject *self, ct_code code, const char *context)
{
    ct_array a = ext_value_of(self), concrete;
    if (is_array(a)) {
        if (!array_deleted(a))
            return a;
        array_fail_deleted(a);
        ext_raise();
        return NULL;
    }
    if (code != CT_TRACER_ARRAY_ERROR && core_concrete(a, &concrete))
        return concrete;
    ct_clear_error();
    if (is_tracer(a) && a->trace && !a->trace->alive)
        core_fail_leaked(a, "a conversion");
    else
        core_fail_traced(code, a, context ? "%s" : NULL, context);
    ext_raise();
    return NULL;
}

static PyObject *element(ct_array a, int64_t i)
{
    switch (dtype_family_of((ct_dtype)a->aval.dtype)) {
    case FAMILY_BOOL:
        return PyBool_FromLong(array_get_int(a, i) != 0);
    case FAMILY_INT:
        return PyLong_FromLongLong(array_get_int(a, i));
    case FAMILY_UINT:
        return PyLong_FromUnsignedLongLong((uint64_t)array_get_int(a, i));
    case FAMILY_FLOAT:
        return PyFloat_FromDouble(array_get_double(a, i));
    case FAMILY_COMPLEX:
        if (a->aval.dtype == CT_COMPLEX64)
            return PyComplex_FromDoubles(((const float *)a->data)[2 * i],
                                         ((const float *)a->data)[2 * i + 1]);
        return PyComplex_FromDoubles(((const double *)a->data)[2 * i],
                                     ((const double *)a->data)[2 * i + 1]);
    case FAMILY_FLOAT0:
        return PyBool_FromLong(0);
    case FAMILY_KEY:
        break;
    }
    return PyErr_Format(PyExc_TypeError,
                        "a random key is no Python number; jax.random.key_data gives its words");
}

PyObject *ext_item(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_array a = ext_concrete(self, CT_CONCRETIZATION_ERROR,
                              "This occurred in the item() method of jax.Array");
    if (!a)
        return NULL;
    int64_t flat = 0;
    if (n == 0 && a->size != 1)
        return PyErr_Format(
            PyExc_ValueError,
            "can only convert an array of size 1 to a Python scalar; this one has shape %R",
            PyObject_GetAttrString(self, "shape"));
    if (n == 1 && PyTuple_Check(args[0]))
        return ext_item(self, &PyTuple_GET_ITEM(args[0], 0), PyTuple_GET_SIZE(args[0]));
    if (n > 1 && n != a->aval.ndim)
        return PyErr_Format(PyExc_ValueError, "item() wants one position or %d of them, got %zd",
                            a->aval.ndim, n);
    for (Py_ssize_t k = 0; k < n; k++) {
        int64_t i, size = n == 1 ? a->size : a->aval.shape[k];
        if (!ext_int(args[k], &i, "item()'s position"))
            return NULL;
        if (i < -size || i >= size)
            return PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for size %lld",
                                (long long)i, (long long)size);
        flat = flat * size + (i < 0 ? i + size : i);
    }
    return element(a, flat);
}

static PyObject *nested(ct_array a, int axis, int64_t *next)
{
    if (axis == a->aval.ndim)
        return element(a, (*next)++);
    PyObject *list = PyList_New(a->aval.shape[axis]);
    for (int64_t i = 0; list && i < a->aval.shape[axis]; i++) {
        PyObject *o = nested(a, axis + 1, next);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    return list;
}

PyObject *ext_tolist(PyObject *self, PyObject *unused)
{
    ct_array a = ext_concrete(self, CT_CONCRETIZATION_ERROR,
                              "This occurred in the tolist() method of jax.Array");
    int64_t next = 0;
    return a ? nested(a, 0, &next) : NULL;
}

/* ---- the buffer protocol ---- */

static const char *format_of(ct_dtype d)
{
    switch (d) {
    case CT_BOOL:
        return "?";
    case CT_INT8:
        return "b";
    case CT_INT16:
        return "h";
    case CT_INT32:
        return "i";
    case CT_INT64:
        return "q";
    case CT_UINT8:
        return "B";
    case CT_UINT16:
        return "H";
    case CT_UINT32:
        return "I";
    case CT_UINT64:
        return "Q";
    case CT_FLOAT16:
        return "e";
    case CT_FLOAT32:
        return "f";
    case CT_FLOAT64:
        return "d";
    case CT_COMPLEX64:
        return "Zf";
    case CT_COMPLEX128:
        return "Zd";
    default:
        return NULL;
    }
}

/* What an exported view keeps: the memory, whatever becomes of the array, and the axes. */
typedef struct exported {
    buffer *memory;
    Py_ssize_t dims[];
} exported;

int ext_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    ct_array a = ext_value_of(self);
    const char *format = is_array(a) ? format_of((ct_dtype)a->aval.dtype) : NULL;
    if (!format || flags & PyBUF_WRITABLE) {
        PyErr_SetString(PyExc_BufferError, format ? "arrays are immutable: no writable buffer"
                                                  : "no buffer format for this dtype");
        view->obj = NULL;
        return -1;
    }
    int ndim = a->aval.ndim;
    Py_ssize_t stride = (Py_ssize_t)ct_itemsize((ct_dtype)a->aval.dtype);
    exported *e = array_deleted(a)
                      ? NULL
                      : PyMem_Malloc(sizeof *e + sizeof *e->dims * (size_t)(2 * ndim + 1));
    if (!e) {
        view->obj = NULL;
        if (array_deleted(a))
            array_fail_deleted(a), ext_raise();
        else
            PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t *dims = e->dims;
    object_retain(a->buffer);
    e->memory = a->buffer;
    *view = (Py_buffer){.buf = a->data,
                        .obj = Py_NewRef(self),
                        .len = (Py_ssize_t)a->size * stride,
                        .itemsize = stride,
                        .readonly = 1,
                        .ndim = ndim,
                        .format = (char *)(uintptr_t)format,
                        .shape = dims,
                        .strides = dims + ndim,
                        .internal = e};
    for (int k = ndim; k-- > 0; stride *= (Py_ssize_t)a->aval.shape[k]) {
        dims[k] = (Py_ssize_t)a->aval.shape[k];
        dims[ndim + k] = stride;
    }
    return 0;
}

void ext_releasebuffer(PyObject *self, Py_buffer *view)
{
    object_release(((exported *)view->internal)->memory);
    PyMem_Free(view->internal);
}

/* __array__(dtype=None, copy=None) */
PyObject *ext_array_method(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *dtype = n > 0 ? args[0] : Py_None, *copy = n > 1 ? args[1] : Py_None;
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
        PyObject *name = PyTuple_GET_ITEM(names, k);
        if (PyUnicode_CompareWithASCIIString(name, "dtype") == 0)
            dtype = args[n + k];
        else if (PyUnicode_CompareWithASCIIString(name, "copy") == 0)
            copy = args[n + k];
    }
    ct_array a = ext_concrete(self, CT_TRACER_ARRAY_ERROR, NULL);
    PyObject *np = a ? numpy_module() : NULL, *out = NULL;
    if (!np)
        return NULL;
    if (dtype_is((ct_dtype)a->aval.dtype, FAMILY_KEY)) {
        PyErr_SetString(PyExc_TypeError, "JAX array with PRNG key dtype cannot be converted to a "
                                         "NumPy array. Use jax.random.key_data(arr) if you wish to "
                                         "extract the underlying integer array.");
        return NULL;
    }
    if (format_of((ct_dtype)a->aval.dtype)) {
        PyObject *view = PyMemoryView_FromObject(self);
        out = view ? PyObject_CallMethod(np, "asarray", "O", view) : NULL;
        Py_XDECREF(view);
        if (out && copy == Py_True)
            Py_SETREF(out, PyObject_CallMethod(out, "copy", NULL));
    } else {
        out = numpy_from_array(a, true);
    }
    if (out && dtype != Py_None)
        Py_SETREF(out, PyObject_CallMethod(np, "asarray", "OO", out, dtype));
    return out;
}

/* ---- DLPack ---- */

typedef struct dl_tensor {
    void *data;
    struct {
        int32_t type, id;
    } device;
    int32_t ndim;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} dl_tensor;
typedef struct dl_managed {
    dl_tensor tensor;
    void *context;
    void (*deleter)(struct dl_managed *self);
} dl_managed;
enum { DL_INT, DL_UINT, DL_FLOAT, DL_BFLOAT = 4, DL_COMPLEX = 5, DL_BOOL = 6, DL_CPU = 1 };

static void dl_delete(dl_managed *m)
{
    object_release(m->context);
    base_free(m);
}

static void capsule_destroy(PyObject *capsule)
{
    dl_managed *m =
        PyCapsule_IsValid(capsule, "dltensor") ? PyCapsule_GetPointer(capsule, "dltensor") : NULL;
    if (m)
        m->deleter(m);
}

static int dl_code(ct_dtype d)
{
    if (d == CT_BFLOAT16)
        return DL_BFLOAT;
    switch (dtype_family_of(d)) {
    case FAMILY_BOOL:
        return DL_BOOL;
    case FAMILY_INT:
        return DL_INT;
    case FAMILY_UINT:
        return DL_UINT;
    case FAMILY_FLOAT:
        return dtype_table[d].bits >= 16 ? DL_FLOAT : -1;
    case FAMILY_COMPLEX:
        return DL_COMPLEX;
    case FAMILY_KEY:
    case FAMILY_FLOAT0:
        break;
    }
    return -1;
}

PyObject *ext_dlpack(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    ct_array a = ext_concrete(self, CT_TRACER_ARRAY_ERROR,
                              "This occurred in the __dlpack__() method of jax.Array");
    if (!a)
        return NULL;
    int code = dl_code((ct_dtype)a->aval.dtype);
    if (code < 0)
        return PyErr_Format(PyExc_TypeError, "DLPack has no type for %s",
                            ct_dtype_name((ct_dtype)a->aval.dtype));
    /* a header of its own keeps the memory, whatever becomes of the array */
    ct_scope scope = ct_begin();
    a = array_view(a, (ct_dtype)a->aval.dtype, false, a->aval.ndim, a->aval.shape);
    dl_managed *m = is_poison(a) ? NULL : base_zalloc(sizeof *m);
    if (m) {
        object_retain(a);
        m->context = a;
    }
    ct_end_(scope, NULL);
    if (!m)
        return ext_raise();
    m->deleter = dl_delete;
    m->tensor.data = a->data;
    m->tensor.device.type = DL_CPU;
    m->tensor.ndim = a->aval.ndim;
    m->tensor.shape = (int64_t *)(uintptr_t)a->aval.shape;
    m->tensor.dtype.code = (uint8_t)code;
    m->tensor.dtype.bits = (uint8_t)(8 * ct_itemsize((ct_dtype)a->aval.dtype));
    m->tensor.dtype.lanes = 1;
    PyObject *capsule = PyCapsule_New(m, "dltensor", capsule_destroy);
    if (!capsule)
        dl_delete(m);
    return capsule;
}

PyObject *ext_dlpack_device(PyObject *self, PyObject *unused)
{
    return Py_BuildValue("(ii)", DL_CPU, 0);
}

static ct_dtype dl_dtype(const dl_tensor *t)
{
    char name[24];
    static const char *const families[] = {"int", "uint", "float", NULL, "bfloat", "complex", NULL};
    if (t->dtype.code == DL_BOOL)
        return CT_BOOL;
    if (t->dtype.lanes != 1 || t->dtype.code >= countof(families) || !families[t->dtype.code])
        return CT_NO_DTYPE;
    snprintf(name, sizeof name, "%s%d", families[t->dtype.code], t->dtype.bits);
    return ct_dtype_named(name);
}

/* Whether the elements lie row by row, as arrays keep them. */
static bool dense(const dl_tensor *t)
{
    int64_t run = 1;
    for (int k = t->ndim; k-- > 0 && t->strides; run *= t->shape[k])
        if (t->shape[k] != 1 && t->strides[k] != run)
            return false;
    return true;
}

static ct_array copy_tensor(const dl_tensor *t, ct_dtype d, const char *from)
{
    ct_array a = array_new(d, false, t->ndim, t->shape);
    int64_t item = (int64_t)ct_itemsize(d);
    if (is_poison(a) || !a->size)
        return a;
    int64_t *steps = base_alloc(sizeof *steps * (size_t)(2 * t->ndim + 1)), run = item;
    if (!steps)
        return array_poison;
    for (int k = t->ndim; k-- > 0; run *= t->shape[k])
        steps[k] = run, steps[t->ndim + k] = t->strides ? t->strides[k] * item : run;
    kernel_copy(t->ndim, t->shape, (size_t)item, a->data, steps, from, steps + t->ndim);
    base_free(steps);
    return a;
}

static void dl_done(void *context)
{
    dl_managed *m = context;
    if (!m->deleter || !Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure(); /* the owner may be Python's */
    m->deleter(m);
    PyGILState_Release(gil);
}

/* copy: 1 always, 0 never, -1 where the elements do not lie as arrays keep them. */
static PyObject *from_capsule(PyObject *capsule, int copy)
{
    dl_managed *m = PyCapsule_GetPointer(capsule, "dltensor");
    if (!m)
        return NULL;
    const dl_tensor *t = &m->tensor;
    ct_dtype d = dl_dtype(t);
    if (d == CT_NO_DTYPE || t->device.type != DL_CPU)
        return PyErr_Format(
            PyExc_TypeError,
            "from_dlpack: no JAX array for DLPack type %d of %d bits on device type %d",
            t->dtype.code, t->dtype.bits, t->device.type);
    char *from = (char *)t->data + t->byte_offset;
    bool share = copy != 1 && dense(t) && (uintptr_t)from % ct_itemsize(d) == 0;
    if (!share && copy == 0)
        return PyErr_Format(PyExc_ValueError,
                            "from_dlpack: these elements do not lie row by row, so copy=False "
                            "cannot be met; leave copy out.");
    ct_scope scope = ct_begin();
    PyCapsule_SetName(capsule, "used_dltensor");
    ct_array a = share ? ct_borrow_data(d, (ct_ints){t->ndim, t->shape}, from, dl_done, m)
                       : copy_tensor(t, d, from);
    if (!share)
        dl_done(m);
    return ext_finish(scope, a);
}

/* from_dlpack(x, device=None, copy=None): x has __dlpack__, or is a capsule. The memory is shared
 * unless copy is true or the elements lie otherwise. */
PyObject *ext_from_dlpack(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    if (n < 1)
        return PyErr_Format(PyExc_TypeError, "from_dlpack() needs an array");
    PyObject *capsule = PyCapsule_CheckExact(args[0])
                            ? Py_NewRef(args[0])
                            : PyObject_CallMethod(args[0], "__dlpack__", NULL);
    PyObject *wanted = n > 2 ? args[2] : Py_None;
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), "copy") == 0)
            wanted = args[n + k];
    int copy = wanted == Py_None ? -1 : PyObject_IsTrue(wanted);
    PyObject *out = capsule && !PyErr_Occurred() ? from_capsule(capsule, copy) : NULL;
    Py_XDECREF(capsule);
    return out;
}
