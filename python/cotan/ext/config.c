/* Thread-local switches of the library that jax.config turns: 64-bit types, jit on or off. */
#include "ext.h"
#include "ops/generators.h"
#include "random/random.h"
#include "transform/transform.h"

static PyObject *get_x64(PyObject *self, PyObject *unused) { return PyBool_FromLong(array_x64); }
static PyObject *set_x64(PyObject *self, PyObject *on)
{
    array_x64 = PyObject_IsTrue(on) > 0;
    Py_RETURN_NONE;
}

static PyObject *get_disable_jit(PyObject *self, PyObject *unused)
{
    return PyBool_FromLong(transform_disable_jit);
}
static PyObject *set_disable_jit(PyObject *self, PyObject *on)
{
    transform_disable_jit = PyObject_IsTrue(on) > 0;
    Py_RETURN_NONE;
}

static PyObject *set_prng(PyObject *self, PyObject *name)
{
    const char *asked = PyUnicode_AsUTF8(name);
    ct_dtype keys = asked ? generator_named(asked) : CT_NO_DTYPE;
    if (!generator_of(keys))
        return asked ? PyErr_Format(PyExc_ValueError, "unrecognized PRNG implementation %R", name)
                     : NULL;
    random_default = keys;
    Py_RETURN_NONE;
}

/* The level's number; the level before. */
static PyObject *set_transfer_guard(PyObject *self, PyObject *level)
{
    long n = PyLong_AsLong(level), before = ext_transfer_guard;
    if (n < GUARD_ALLOW || n > GUARD_DISALLOW_EXPLICIT)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "no transfer guard %ld", n);
    ext_transfer_guard = (ext_guard)n;
    return PyLong_FromLong(before);
}

/* ---- debug_nans and debug_infs: results are looked at before Python gets them ---- */

bool ext_debug_nans, ext_debug_infs;

static PyObject *set_debug(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "set_debug(nans, infs)");
    ext_debug_nans = PyObject_IsTrue(args[0]) > 0;
    ext_debug_infs = PyObject_IsTrue(args[1]) > 0;
    Py_RETURN_NONE;
}

static bool bad_element(ct_array a, const char **what)
{
    if (!is_array(a) || !dtype_inexact((ct_dtype)a->aval.dtype))
        return false;
    for (int64_t i = 0; i < a->size; i++) {
        double v = array_get_double(a, i);
        *what = v != v ? "nan" : "inf";
        if (v != v ? ext_debug_nans : ext_debug_infs && (v - v != 0))
            return true;
    }
    return false;
}

bool ext_refuse_nans(int64_t n, const ct_array *values, const char *where)
{
    const char *what;
    for (int64_t i = 0; i < n; i++)
        if (bad_element(values[i], &what)) {
            PyErr_Format(PyExc_FloatingPointError, "invalid value (%s) encountered in %s", what,
                         where);
            return true;
        }
    return false;
}

PyMethodDef ext_config_methods[] = {
    {"set_debug", EXT_FASTCALL(set_debug), METH_FASTCALL, NULL},
    {"get_x64", get_x64, METH_NOARGS, NULL},
    {"set_x64", set_x64, METH_O, NULL},
    {"set_transfer_guard", set_transfer_guard, METH_O, NULL},
    {"set_prng", set_prng, METH_O, NULL},
    {"get_disable_jit", get_disable_jit, METH_NOARGS, NULL},
    {"set_disable_jit", set_disable_jit, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
