/* Names of element types, in both directions: Python's types, jnp.float32 and its kin, strings,
 * NumPy's dtypes and scalar types.
 *
 * NumPy is imported only when somebody looks at a dtype object. */
#include "ext.h"

static PyObject *dtypes[CT_DTYPE_COUNT], *known, *code_name;

static PyObject *make_dtype(ct_dtype d)
{
    const char *name = ct_dtype_name(d);
    if (dtype_is(d, FAMILY_KEY) || d == CT_FLOAT0) {
        PyObject *m = PyImport_ImportModule("cotan.dtypes");
        PyObject *o = m ? PyObject_CallMethod(m, "_special", "i", (int)d) : NULL;
        Py_XDECREF(m);
        return o;
    }
    PyObject *np = numpy_module(), *argument = NULL, *o = NULL;
    if (!np)
        return NULL;
    bool extended = dtype_table[d].bits < 8 ? d != CT_BOOL
                                            : d == CT_BFLOAT16 || (dtype_is(d, FAMILY_FLOAT) &&
                                                                   dtype_table[d].bits <= 8);
    if (extended) {
        PyObject *m = PyImport_ImportModule("ml_dtypes");
        argument = m ? PyObject_GetAttrString(m, name) : NULL;
        Py_XDECREF(m);
    } else {
        argument = PyUnicode_FromString(name);
    }
    if (argument)
        o = PyObject_CallMethod(np, "dtype", "O", argument);
    Py_XDECREF(argument);
    return o;
}

PyObject *ext_dtype(ct_dtype d)
{
    if (!dtypes[d])
        dtypes[d] = make_dtype(d);
    return Py_XNewRef(dtypes[d]);
}

/* NumPy knows all the spellings that are no plain name. */
static ct_dtype by_numpy(PyObject *o)
{
    PyObject *np = numpy_module(), *d = np ? PyObject_CallMethod(np, "dtype", "O", o) : NULL;
    if (!d)
        return CT_NO_DTYPE;
    ct_dtype code = numpy_dtype_code(d);
    if (code == CT_NO_DTYPE)
        PyErr_Format(PyExc_TypeError,
                     "JAX has no arrays of dtype %S; only arrays of numeric types are supported",
                     d);
    Py_DECREF(d);
    return code;
}

static ct_dtype slow_code(PyObject *o)
{
    PyObject *code = NULL;
    if (_PyObject_LookupAttr(o, code_name, &code) < 0)
        return CT_NO_DTYPE;
    if (code && PyLong_Check(code)) { /* jnp.float32, and the key dtypes */
        ct_dtype d = (ct_dtype)PyLong_AsLong(code);
        Py_DECREF(code);
        return d;
    }
    Py_XDECREF(code);
    if (PyUnicode_Check(o)) {
        const char *name = PyUnicode_AsUTF8(o);
        ct_dtype d = name ? ct_dtype_named(name) : CT_NO_DTYPE;
        return d != CT_NO_DTYPE ? d : by_numpy(o);
    }
    if (numpy_is_dtype(o)) {
        ct_dtype d = numpy_dtype_code(o);
        return d != CT_NO_DTYPE ? d : by_numpy(o);
    }
    if (ext_is_value(o))
        return (ct_dtype)ext_value_of(o)->aval.dtype;
    if (!PyType_Check(o)) {
        PyObject *d = NULL;
        if (_PyObject_LookupAttrId(o, &(_Py_Identifier){.string = "dtype", .index = -1}, &d) < 0)
            return CT_NO_DTYPE;
        if (d) {
            ct_dtype c = slow_code(d);
            Py_DECREF(d);
            return c;
        }
    }
    return by_numpy(o);
}

static bool truncation_warning(ct_dtype from, ct_dtype to, const char *what)
{
    return PyErr_WarnFormat(PyExc_UserWarning, 1,
                            "Explicitly requested dtype %s requested in %s is not available, and "
                            "will be truncated to dtype %s. To enable more dtypes, set the "
                            "jax_enable_x64 configuration option or the JAX_ENABLE_X64 shell "
                            "environment variable.",
                            ct_dtype_name(from), what, ct_dtype_name(to)) == 0;
}

bool ext_dtype_code(PyObject *o, ct_dtype *out, const char *what)
{
    if (o == (PyObject *)&PyFloat_Type)
        return *out = dtype_default(FAMILY_FLOAT), true;
    if (o == (PyObject *)&PyLong_Type)
        return *out = dtype_default(FAMILY_INT), true;
    if (o == (PyObject *)&PyBool_Type)
        return *out = CT_BOOL, true;
    if (o == (PyObject *)&PyComplex_Type)
        return *out = dtype_default(FAMILY_COMPLEX), true;
    /* A cache by identity: dtypes and types live as long as the program. */
    PyObject *key = PyLong_FromVoidPtr(o), *seen = key ? PyDict_GetItemWithError(known, key) : NULL;
    ct_dtype d = seen ? (ct_dtype)PyLong_AsLong(PyTuple_GET_ITEM(seen, 0)) : CT_NO_DTYPE;
    if (!seen && key) {
        d = slow_code(o);
        if (d != CT_NO_DTYPE && (PyType_Check(o) || numpy_is_dtype(o))) {
            PyObject *entry = Py_BuildValue("(iO)", (int)d, o);
            if (entry)
                PyDict_SetItem(known, key, entry);
            Py_XDECREF(entry);
        }
    }
    Py_XDECREF(key);
    if (d == CT_NO_DTYPE) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "%R is no dtype", o);
        return false;
    }
    *out = what ? dtype_canonical(d) : d;
    return *out == d || truncation_warning(d, *out, what);
}

/* _cotan.dtype_code(x, exact=False), _cotan.dtype_of_code(code): for the Python faces. */
static PyObject *dtype_code(PyObject *self, PyObject *o)
{
    ct_dtype d;
    return ext_dtype_code(o, &d, NULL) ? PyLong_FromLong(d) : NULL;
}

static PyObject *dtype_of_code(PyObject *self, PyObject *o)
{
    long d = PyLong_AsLong(o);
    if (d <= CT_NO_DTYPE || d >= CT_DTYPE_COUNT)
        return PyErr_Format(PyExc_ValueError, "no dtype has the code %ld", d);
    return ext_dtype((ct_dtype)d);
}

static PyObject *dtype_names(PyObject *self, PyObject *unused)
{
    PyObject *d = PyDict_New();
    for (int k = 1; d && k < CT_DTYPE_COUNT; k++) {
        PyObject *v = PyLong_FromLong(k);
        if (!v || PyDict_SetItemString(d, ct_dtype_name((ct_dtype)k), v) < 0)
            Py_CLEAR(d);
        Py_XDECREF(v);
    }
    return d;
}

static PyObject *canonical_dtype(PyObject *self, PyObject *o)
{
    ct_dtype d;
    return ext_dtype_code(o, &d, NULL) ? ext_dtype(dtype_canonical(d)) : NULL;
}

/* _tangent_dtype(x): of the tangents of values of a dtype. */
static PyObject *tangent_dtype(PyObject *self, PyObject *o)
{
    ct_dtype d;
    return ext_dtype_code(o, &d, NULL) ? ext_dtype(dtype_tangent(d)) : NULL;
}

/* _result_type(*args): arrays, numbers and dtypes promoted together. Numbers are weak, dtypes
 * strong. */
static PyObject *result_type(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_dtype d = CT_NO_DTYPE;
    bool weak = true;
    if (!n)
        return PyErr_Format(PyExc_ValueError, "at least one array or dtype is required");
    for (Py_ssize_t i = 0; i < n; i++) {
        ct_dtype e = CT_NO_DTYPE;
        bool e_weak = false;
        ct_scope scope = ct_begin();
        PyObject *o = args[i];
        ct_array a =
            PyType_Check(o) || PyUnicode_Check(o) || numpy_is_dtype(o) ? NULL : ext_try_array(o, 0);
        if (a) {
            e = (ct_dtype)a->aval.dtype;
            e_weak = a->aval.weak;
        } else if (!PyErr_Occurred() && ext_dtype_code(o, &e, NULL)) {
            e_weak = o == (PyObject *)&PyLong_Type || o == (PyObject *)&PyFloat_Type ||
                     o == (PyObject *)&PyComplex_Type;
            e = dtype_canonical(e);
        }
        ct_end_(scope, NULL);
        if (e == CT_NO_DTYPE)
            return NULL;
        ct_dtype before = d;
        bool weak_before = weak;
        d = i ? dtype_promote(d, weak, e, e_weak, &weak) : e;
        weak = i ? weak : e_weak;
        if (d == CT_NO_DTYPE) {
            dtype_fail_promotion("result_type", before, weak_before, e, e_weak);
            return ext_raise();
        }
    }
    return ext_dtype(d);
}

static PyMethodDef functions[] = {
    {"_result_type", EXT_FASTCALL(result_type), METH_FASTCALL, NULL},
    {"dtype_code", dtype_code, METH_O, NULL},
    {"_tangent_dtype", tangent_dtype, METH_O, NULL},
    {"dtype_of_code", dtype_of_code, METH_O, NULL},
    {"dtype_names", dtype_names, METH_NOARGS, NULL},
    {"canonical_dtype", canonical_dtype, METH_O,
     "canonical_dtype(dtype)\n--\n\nThe dtype that arrays of this one have: of 32 bits without "
     "jax_enable_x64."},
    {NULL, NULL, 0, NULL},
};

bool ext_init_dtypes(PyObject *module)
{
    known = PyDict_New();
    code_name = PyUnicode_InternFromString("_cotan_code");
    return known && code_name && !PyModule_AddFunctions(module, functions);
}
