/* What programs ask about the transformations they run under, and how they step out of them. */
#include "ext.h"
#include "transform/transform.h"

/* _trace_state() -> (number of the current trace, 0 outside of all; classes of the traces from the
 * innermost out; names of mapped axes from the innermost out) */
static PyObject *trace_state(PyObject *self, PyObject *unused)
{
    static uint64_t last;
    if (core_current && !core_current->serial)
        core_current->serial = ++last;
    PyObject *classes = PyList_New(0), *axes = PyList_New(0);
    for (trace *t = core_current; classes && t; t = t->parent) {
        PyObject *name = PyUnicode_FromString(t->class->name);
        if (!name || PyList_Append(classes, name) < 0)
            Py_CLEAR(classes);
        Py_XDECREF(name);
    }
    for (axis_frame *f = core_axes; axes && f; f = f->outer) {
        PyObject *name = f->name ? PyUnicode_FromString(f->name) : NULL;
        if (f->name && (!name || PyList_Append(axes, name) < 0))
            Py_CLEAR(axes);
        Py_XDECREF(name);
    }
    unsigned long long number = core_current ? core_current->serial : 0;
    if (classes && axes)
        return Py_BuildValue("(KNN)", number, classes, axes);
    Py_XDECREF(classes);
    Py_XDECREF(axes);
    return NULL;
}

/* _fold_constants(flag) -> the flag before: whether operations on known values are evaluated while
 * a program is written down. */
static PyObject *fold_constants(PyObject *self, PyObject *flag)
{
    bool before = stage_folds_constants;
    int truth = PyObject_IsTrue(flag);
    if (truth < 0)
        return NULL;
    stage_folds_constants = truth;
    return PyBool_FromLong(before);
}

PyMethodDef ext_trace_methods[] = {
    {"_trace_state", trace_state, METH_NOARGS, NULL},
    {"_fold_constants", fold_constants, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
