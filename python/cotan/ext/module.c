/* The module cotan._cotan: puts the types and functions of the other files together. */
#include "ext.h"

#include <time.h>

#include "ops/ops.h"

/* _as_array(object, dtype=None): lists, buffers and anything else that an array can be made of. */
static PyObject *as_array(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_dtype dtype = CT_NO_DTYPE;
    if (n < 1 || n > 2)
        return PyErr_Format(PyExc_TypeError, "_as_array(object, dtype=None)");
    if (n > 1 && args[1] != Py_None && !ext_dtype_code(args[1], &dtype, "array"))
        return NULL;
    ct_scope scope = ct_begin();
    PyObject *o = args[0];
    ct_array a = PyList_Check(o) || PyTuple_Check(o)
                     ? ext_array_of_sequence(o, dtype, CONVERT_LISTS)
                     : ext_array(o, "array", CONVERT_LISTS);
    if (a && dtype != CT_NO_DTYPE)
        a = op_convert(a, dtype, false);
    PyObject *out = a ? ext_wrap(a) : NULL;
    ct_end_(scope, NULL);
    return out;
}

static PyObject *weak_view(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !ext_is_value(args[0]))
        return PyErr_Format(PyExc_TypeError, "_with_weak_type(array, weak)");
    ct_array a = ext_value_of(args[0]);
    ct_scope scope = ct_begin();
    if (!is_array(a))
        return ext_finish(scope, op_convert(a, (ct_dtype)a->aval.dtype, args[1] == Py_True));
    return ext_finish(scope, array_view(a, (ct_dtype)a->aval.dtype, args[1] == Py_True,
                                        a->aval.ndim, a->aval.shape));
}

/* _placed(array, sharding): the same elements, said to lie so; tracers as they are. */
static PyObject *placed(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !ext_is_value(args[0]))
        return PyErr_Format(PyExc_TypeError, "_placed(array, sharding)");
    ct_array a = ext_value_of(args[0]);
    if (!is_array(a))
        return Py_NewRef(args[0]);
    ct_scope scope = ct_begin();
    PyObject *o = ext_finish(
        scope, array_view(a, (ct_dtype)a->aval.dtype, a->aval.weak, a->aval.ndim, a->aval.shape));
    if (o && is_array(ext_value_of(o)))
        Py_XSETREF(((ext_value *)o)->sharding, Py_NewRef(args[1]));
    return o;
}

static PyMethodDef functions[] = {
    {"_placed", EXT_FASTCALL(placed), METH_FASTCALL, NULL},
    {"_as_array", EXT_FASTCALL(as_array), METH_FASTCALL, NULL},
    {"_with_weak_type", EXT_FASTCALL(weak_view), METH_FASTCALL, NULL},
    {"from_dlpack", EXT_FASTCALL(ext_from_dlpack), METH_FASTCALL | METH_KEYWORDS,
     "from_dlpack(external_array, device=None, copy=None)\n--\n\nAn array that shares the memory "
     "of another library's."},
    {NULL, NULL, 0, NULL},
};

/* Other threads of Python run while a long kernel does; what it reads stays, whatever they delete.
 */
static void *let_go(void)
{
    if (!PyGILState_Check())
        return NULL;
    atomic_fetch_add(&array_readers, 1);
    return PyEval_SaveThread();
}

static void take_back(void *token)
{
    PyEval_RestoreThread(token);
    atomic_fetch_sub(&array_readers, 1);
}

/* Ctrl-C while the library computes. Long loops ask often: from time to time other threads get
 * their turn. */
static bool interrupted(void)
{
    static _Thread_local int64_t last; /* milliseconds */
    if (!PyGILState_Check())
        return false;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (ms - last >= 5) { /* as often as the interpreter itself */
        take_back(let_go());
        last = ms;
    }
    if (!PyErr_CheckSignals()) /* only the main thread ever sees a signal here */
        return false;
    ext_host_failed();
    return true;
}

static bool collect(void)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyGC_Collect();
    PyGILState_Release(gil);
    return true;
}

/* What refers to an escaped value, a line each. */
static void holders(text *t, ct_array tracer)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *m = tracer->host ? PyImport_ImportModule("cotan._debugging") : NULL,
             *lines = m ? PyObject_CallMethod(m, "holders", "O", (PyObject *)tracer->host) : NULL;
    for (Py_ssize_t i = 0; lines && i < PyList_GET_SIZE(lines); i++) {
        const char *line = PyUnicode_AsUTF8(PyList_GET_ITEM(lines, i));
        text_add(t, "\n  %s %s", i ? "which is" : "it is", line ? line : "?");
    }
    PyErr_Clear();
    Py_XDECREF(lines);
    Py_XDECREF(m);
    PyGILState_Release(gil);
}

static bool warn(const char *message)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    bool good = PyErr_WarnEx(PyExc_UserWarning, message, 1) == 0;
    if (!good)
        ext_host_failed();
    PyGILState_Release(gil);
    return good;
}

static bool fill(PyObject *m)
{
    PyMethodDef *const lists[] = {functions,
                                  ext_tree_methods,
                                  ext_treemap_methods,
                                  ext_treepath_methods,
                                  ext_transform_methods,
                                  ext_control_methods,
                                  ext_checkpoint_methods,
                                  ext_rules_methods,
                                  ext_binding_methods,
                                  ext_config_methods,
                                  ext_callback_methods,
                                  ext_jaxpr_methods,
                                  ext_stage_methods,
                                  ext_primitive_methods,
                                  ext_ref_methods,
                                  ext_checkify_methods,
                                  ext_source_methods,
                                  ext_traceback_methods,
                                  ext_trace_methods};
    for (size_t i = 0; i < countof(lists); i++)
        if (PyModule_AddFunctions(m, lists[i]) < 0)
            return false;
    core_here = ext_here;
    return ext_init_errors(m) && ext_init_tracebacks(m) && ext_init_array(m) &&
           ext_init_dtypes(m) && ext_init_at(m) && ext_init_refs(m) && ext_init_trees(m) &&
           ext_init_treekeys(m) && ext_init_functions(m) && ext_init_equations(m) &&
           ext_init_jaxprs(m) && ext_init_primitives(m) && ext_init_traces(m) &&
           ext_init_binding(m);
}

PyMODINIT_FUNC PyInit__cotan(void);
PyMODINIT_FUNC PyInit__cotan(void)
{
    static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                            "cotan._cotan",
                                            "The library as Python sees it.",
                                            -1,
                                            NULL,
                                            NULL,
                                            NULL,
                                            NULL,
                                            NULL};
    PyObject *m = PyModule_Create(&definition);
    if (m && !fill(m)) {
        Py_CLEAR(m);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ImportError, "cotan._cotan could not be set up");
    }
    base_interrupted = interrupted;
    base_warn = warn;
    core_collect = collect;
    core_holders = holders;
    base_host_release = let_go;
    base_host_resume = take_back;
    return m;
}
