/* Functions of Python as callbacks: pure_callback, io_callback, jax.debug.callback and print.
 *
 * A callback takes flat arrays and returns a sequence of array-likes; which arrays make up which
 * arguments is known to _callback.py. What the operations do is in transform/callback.c. */
#include "transform/callback.h"
#include "ext.h"

typedef struct host_callback {
    struct ct_function head;
    PyObject *callable; /* flat: takes arrays, returns a sequence of array-likes */
} host_callback;

static const char *callback_name(ct_fn f)
{
    return ext_callable_name(((host_callback *)f)->callable);
}

static void callback_destroy(ct_fn f)
{
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_XDECREF(((host_callback *)f)->callable);
    PyGILState_Release(gil);
}

static PyObject *call(PyObject *callable, int64_t nin, const ct_array *in)
{
    PyObject *args = PyTuple_New(nin), *result;
    for (int64_t i = 0; args && i < nin; i++) {
        PyObject *a = ext_wrap_array(in[i]);
        if (!a)
            Py_CLEAR(args);
        else
            PyTuple_SET_ITEM(args, i, a);
    }
    result = args ? PyObject_Call(callable, args, NULL) : NULL;
    PyObject *fast = result ? PySequence_Fast(result, "a callback must return a sequence") : NULL;
    Py_XDECREF(result);
    Py_XDECREF(args);
    return fast;
}

/* The results; *out_def is not needed by anyone and stays NULL. */
static bool callback_call(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in,
                          treedef **out_def, int64_t *nout, ct_array **out)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *results = call(((host_callback *)f)->callable, nin, in);
    bool good = results != NULL;
    *nout = good ? PySequence_Fast_GET_SIZE(results) : 0;
    *out = good ? base_alloc((size_t)(*nout + 1) * sizeof **out) : NULL;
    for (int64_t i = 0; good && *out && i < *nout; i++) {
        ct_array a =
            ext_array(PySequence_Fast_GET_ITEM(results, i), "a callback's result", CONVERT_LISTS);
        good = a != NULL;
        if (good) { /* the object that holds it goes */
            object_retain(a);
            good = scope_own(a);
            (*out)[i] = a;
        }
    }
    Py_XDECREF(results);
    if (PyErr_Occurred())
        ext_host_failed();
    PyGILState_Release(gil);
    return good && *out;
}

static const fn_class callback_class = {
    .call = callback_call, .name = callback_name, .destroy = callback_destroy};

/* A (shape, dtype) of a result; the shape lies in the arena. */
static bool result_type(PyObject *pair, aval *out, arena *memory)
{
    ct_ints shape;
    ct_dtype d;
    if (!ext_ints(PyTuple_GET_ITEM(pair, 0), &shape, memory, "a result's shape") ||
        !ext_dtype_code(PyTuple_GET_ITEM(pair, 1), &d, "a callback"))
        return false;
    *out = (aval){.dtype = (uint8_t)d, .ndim = (int32_t)shape.n, .shape = shape.at};
    return true;
}

static bool optional_text(PyObject *o, const char **out)
{
    *out = o == Py_None ? NULL : PyUnicode_AsUTF8(o);
    return *out || o == Py_None;
}

/* _callback(kind, function, [(shape, dtype), ...], ordered, partitioned, vmap_method, format,
 * *arrays) -> list of results */
static PyObject *callback(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    static const op *const kinds[] = {&op_row_pure_callback, &op_row_io_callback,
                                      &op_row_debug_callback, &op_row_debug_print};
    enum { ARRAYS = 7 };
    long kind = n >= ARRAYS ? PyLong_AsLong(args[0]) : -1;
    if (kind < 0 || kind >= (long)countof(kinds) || !PyList_Check(args[2]))
        return PyErr_Format(PyExc_TypeError, "_callback(kind, function, results, ...)");
    arena memory = {0};
    ct_scope scope = ct_begin();
    host_callback *f = (host_callback *)fn_new(&callback_class, sizeof *f);
    int nin = (int)n - ARRAYS, nout = (int)PyList_GET_SIZE(args[2]);
    ct_array *values = PyMem_Calloc((size_t)(nin + nout + 1), sizeof *values);
    aval *results = arena_alloc(&memory, sizeof *results * (size_t)(nout + 1));
    bool good = f && values && results;
    if (f)
        f->callable = Py_NewRef(args[1]);
    for (int i = 0; good && i < nout; i++)
        good = result_type(PyList_GET_ITEM(args[2], i), &results[i], &memory);
    for (int i = 0; good && i < nin; i++)
        good = (values[i] = ext_array(args[ARRAYS + i], "a callback", 0)) != NULL;
    params_callback p = {.ordered = args[3] == Py_True,
                         .partitioned = args[4] == Py_True,
                         .results = {nout, results}};
    good = good && optional_text(args[5], &p.vmap_method) && optional_text(args[6], &p.format);
    PyObject *list = NULL;
    if (good) {
        p.callback = &f->head;
        list = callback_bind(kinds[kind], &p, nin, values, values + nin) ? PyList_New(nout)
                                                                         : ext_raise();
    } else if (!PyErr_Occurred()) {
        ext_raise();
    }
    for (int i = 0; list && i < nout; i++) {
        PyObject *o = ext_wrap(values[nin + i]);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    ct_end_(scope, NULL);
    arena_free(&memory);
    PyMem_Free(values);
    return list;
}

PyMethodDef ext_callback_methods[] = {
    {"_callback", EXT_FASTCALL(callback), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
