/* Thread-local switches of the library that jax.config turns: 64-bit types, jit on or off. */
#include "ext.h"
#include "transform/transform.h"

static PyObject *get_x64(PyObject *self, PyObject *unused) { return PyBool_FromLong(array_x64); }
static PyObject *set_x64(PyObject *self, PyObject *on)
{
    array_x64 = PyObject_IsTrue(on) > 0;
    Py_RETURN_NONE;
}

static PyObject *get_disable_jit(PyObject *self, PyObject *unused) { return PyBool_FromLong(transform_disable_jit); }
static PyObject *set_disable_jit(PyObject *self, PyObject *on)
{
    transform_disable_jit = PyObject_IsTrue(on) > 0;
    Py_RETURN_NONE;
}

PyMethodDef ext_config_methods[] = {
    {"get_x64", get_x64, METH_NOARGS, NULL},
    {"set_x64", set_x64, METH_O, NULL},
    {"get_disable_jit", get_disable_jit, METH_NOARGS, NULL},
    {"set_disable_jit", set_disable_jit, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
