/* jax.experimental.checkify for Python: the check operation, and programs run with checks. */
#include "ext.h"
#include "numpy/checkify.h"

static PyObject *list_of(int64_t n, const ct_array *values)
{
    PyObject *list = PyList_New(n);
    for (int64_t i = 0; list && i < n; i++) {
        PyObject *o = ext_wrap_array(values[i]);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    return list;
}

/* A check failed while a program ran: Python has its message. */
static void report(int64_t site, int n, const ct_array *values)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *m = PyImport_ImportModule("cotan.experimental.checkify"),
             *list = m ? list_of(n, values) : NULL,
             *o = list ? PyObject_CallMethod(m, "_report", "LO", (long long)site, list) : NULL;
    Py_XDECREF(o);
    Py_XDECREF(list);
    Py_XDECREF(m);
    if (PyErr_Occurred())
        ext_host_failed();
    PyGILState_Release(gil);
}

/* _check(site, predicate, *values) */
static PyObject *check(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t site;
    if (n < 2 || !ext_int(args[0], &site, "a check"))
        return n < 2 ? PyErr_Format(PyExc_TypeError, "_check(site, predicate, *values)") : NULL;
    checkify_report = report;
    ct_scope scope = ct_begin();
    ct_array *in = PyMem_Calloc((size_t)n, sizeof *in);
    bool good = in != NULL;
    for (Py_ssize_t i = 1; good && i < n; i++)
        good = (in[i - 1] = ext_array(args[i], "checkify.check", 0)) != NULL;
    if (good && !(good = checkify_check(site, in[0], (int)n - 2, in + 1)))
        ext_raise();
    PyMem_Free(in);
    ct_end_(scope, NULL);
    return good ? Py_NewRef(Py_None) : NULL;
}

/* _checkify(program, errors, leaves) -> (results, code, [(site, [values])]) */
static PyObject *checkify(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    jaxpr *j = n == 3 ? ext_jaxpr_of(args[0]) : NULL;
    long errors = j ? PyLong_AsLong(args[1]) : -1;
    if (errors < 0 || !PyList_Check(args[2]))
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "_checkify");
    Py_ssize_t nin = PyList_GET_SIZE(args[2]);
    ct_scope scope = ct_begin();
    ct_array *in = PyMem_Calloc((size_t)nin + 1, sizeof *in);
    bool good = in != NULL;
    for (Py_ssize_t i = 0; good && i < nin; i++)
        good = (in[i] = ext_array(PyList_GET_ITEM(args[2], i), "checkify", 0)) != NULL;
    checkified c = {0};
    PyObject *out = NULL;
    if (good && !checkify_run(j, (uint32_t)errors, nin, in, &c)) {
        ext_raise();
    } else if (good) {
        PyObject *results = list_of(j->nout, c.results), *sites = PyList_New(c.nsites),
                 *code = ext_wrap_array(c.results[j->nout]);
        const ct_array *next = c.results + j->nout + 1;
        for (int64_t i = 0; sites && i < c.nsites; i++) {
            PyObject *values = list_of(c.sites[i].nvalues, next);
            PyList_SET_ITEM(sites, i,
                            values ? Py_BuildValue("(LN)", (long long)c.sites[i].code, values)
                                   : Py_NewRef(Py_None));
            next += c.sites[i].nvalues;
        }
        if (results && sites && code && !PyErr_Occurred())
            out = PyTuple_Pack(3, results, code, sites);
        Py_XDECREF(results);
        Py_XDECREF(sites);
        Py_XDECREF(code);
    }
    base_free(c.results);
    base_free(c.sites);
    PyMem_Free(in);
    ct_end_(scope, NULL);
    return out;
}

static PyObject *text_of(PyObject *self, PyObject *code)
{
    int64_t c;
    if (!ext_int(code, &c, "a code"))
        return NULL;
    const char *s = checkify_text(c);
    return s ? PyUnicode_FromString(s) : Py_NewRef(Py_None);
}

static PyObject *staging(PyObject *self, PyObject *by)
{
    checkify_staging += (int)PyLong_AsLong(by);
    Py_RETURN_NONE;
}

PyMethodDef ext_checkify_methods[] = {
    {"_check", EXT_FASTCALL(check), METH_FASTCALL, NULL},
    {"_checkify", EXT_FASTCALL(checkify), METH_FASTCALL, NULL},
    {"_checkify_text", text_of, METH_O, NULL},
    {"_checkify_staging", staging, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
