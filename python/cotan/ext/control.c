/* jax.lax.cond and jax.lax.switch: functions of Python chosen by the library (transform/cond.c). */
#include "ext.h"

#include "cotan/control.h"

/* _branches(functions, by_predicate): the function of (index or predicate, *operands). */
static PyObject *branches(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !PyTuple_Check(args[0]))
        return PyErr_Format(PyExc_TypeError, "_branches(functions, by_predicate)");
    enum { MOST = 256 };
    ct_fn fns[MOST];
    Py_ssize_t count = PyTuple_GET_SIZE(args[0]);
    if (count > MOST)
        return PyErr_Format(PyExc_ValueError, "switch takes at most %d branches, got %zd", MOST, count);
    bool by_predicate = PyObject_IsTrue(args[1]);
    ct_scope scope = ct_begin();
    bool good = true;
    for (Py_ssize_t i = 0; i < count && good; i++)
        good = (fns[i] = ext_callable(PyTuple_GET_ITEM(args[0], i))) != NULL;
    PyObject *out = NULL;
    if (good) {
        ct_fn chosen = by_predicate ? ct_cond_(fns[1], fns[0]) : ct_switch_(count, fns);
        out = ext_function_new(ext_function_type, PyTuple_GET_ITEM(args[0], 0), chosen, NULL);
    }
    ct_end_(scope, NULL);
    return out;
}

PyMethodDef ext_control_methods[] = {
    {"_branches", EXT_FASTCALL(branches), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
