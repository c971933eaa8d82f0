/* Thread-local switches of the library that jax.config turns: 64-bit types, jit on or off. */
#include "ext.h"
#include "numpy/numpy.h"
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

static PyObject *set_strict_promotion(PyObject *self, PyObject *on)
{
    array_strict = PyObject_IsTrue(on) > 0;
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

/* ---- switches by name: what is checked (core/check.c), and what is refused ---- */

static PyObject *set_switch(PyObject *self, PyObject *args)
{
    static const struct {
        const char *name;
        bool *flag;
    } switches[] = {
        {"nans", &core_checks.nans},
        {"infs", &core_checks.infs},
        {"programs", &core_checks.programs},
        {"leaks", &core_checks.leaks},
        {"no_tracing", &core_checks.no_tracing},
        {"keys", &core_checks.keys},
        {"no_execution", &core_checks.no_execution},
        {"no_f16_sums", &core_checks.no_f16_sums},
        {"in_halves", &generators_in_halves},
    };
    const char *name;
    int on;
    if (!PyArg_ParseTuple(args, "sp", &name, &on))
        return NULL;
    for (size_t i = 0; i < countof(switches); i++)
        if (!strcmp(name, switches[i].name)) {
            *switches[i].flag = on;
            Py_RETURN_NONE;
        }
    return PyErr_Format(PyExc_ValueError, "nothing is switched by %s", name);
}

/* 0, 1 or 2: allowed, allowed with a warning, refused. */
static PyObject *set_rank_promotion(PyObject *self, PyObject *level)
{
    long n = PyLong_AsLong(level);
    if (n < RANKS_ALLOWED || n > RANKS_REFUSED)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "no such level %ld", n);
    numpy_rank_promotion = (numpy_ranks)n;
    Py_RETURN_NONE;
}
static PyObject *set_raw_keys(PyObject *self, PyObject *level)
{
    random_raw_keys = (int)PyLong_AsLong(level);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}
static PyObject *set_typed_keys(PyObject *self, PyObject *on)
{
    random_typed_keys = PyObject_IsTrue(on) > 0;
    Py_RETURN_NONE;
}

PyMethodDef ext_config_methods[] = {
    {"_set_switch", set_switch, METH_VARARGS, NULL},
    {"set_raw_keys", set_raw_keys, METH_O, NULL},
    {"set_typed_keys", set_typed_keys, METH_O, NULL},
    {"get_x64", get_x64, METH_NOARGS, NULL},
    {"set_x64", set_x64, METH_O, NULL},
    {"set_transfer_guard", set_transfer_guard, METH_O, NULL},
    {"set_strict_promotion", set_strict_promotion, METH_O, NULL},
    {"set_rank_promotion", set_rank_promotion, METH_O, NULL},
    {"set_prng", set_prng, METH_O, NULL},
    {"get_disable_jit", get_disable_jit, METH_NOARGS, NULL},
    {"set_disable_jit", set_disable_jit, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
