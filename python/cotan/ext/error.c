/* Failures of the library as Python exceptions, and Python exceptions on their way through the
 * library.
 *
 * An exception raised inside a callback is put aside here while C unwinds by poison, and comes back
 * unchanged in ext_raise. The classes are JAX's. */
#include "ext.h"

static PyObject *classes[CT_CODE_COUNT];
static _Thread_local PyObject *aside[3];

PyObject *ext_exception(ct_code code)
{
    PyObject *c = classes[code];
    return c ? c : PyExc_RuntimeError;
}

void ext_host_failed(void)
{
    ext_filter_traceback();
    if (aside[0]) /* the first one stays, as in the library */
        PyErr_Clear();
    else
        PyErr_Fetch(&aside[0], &aside[1], &aside[2]);
    ct_fail(CT_HOST_ERROR, "an exception of Python is pending");
}

/* The classes that JAX's documents explain. */
static bool explained(ct_code code)
{
    return code == CT_CONCRETIZATION_ERROR || code == CT_TRACER_BOOL_ERROR ||
           code == CT_TRACER_INTEGER_ERROR || code == CT_TRACER_ARRAY_ERROR ||
           code == CT_UNEXPECTED_TRACER_ERROR || code == CT_NONCONCRETE_INDEX_ERROR ||
           code == CT_KEY_REUSE_ERROR;
}

static void raise_failure(ct_code code)
{
    PyObject *class = ext_exception(code);
    if (explained(code))
        PyErr_Format(class, "%s\nSee https://docs.jax.dev/en/latest/errors.html#jax.errors.%s",
                     ct_error_message(), ((PyTypeObject *)class)->tp_name);
    else
        PyErr_SetString(class, ct_error_message());
}

PyObject *ext_raise(void)
{
    ct_code code = ct_error_code();
    if (code == CT_HOST_ERROR && aside[0]) {
        PyErr_Restore(aside[0], aside[1], aside[2]);
        aside[0] = aside[1] = aside[2] = NULL;
    } else if (code == CT_OK) {
        PyErr_SetString(PyExc_SystemError, "an operation failed without saying why");
    } else if (code == CT_INTERRUPTED) {
        if (!PyErr_CheckSignals())
            PyErr_SetNone(PyExc_KeyboardInterrupt);
    } else {
        raise_failure(code);
    }
    ct_clear_error();
    return NULL;
}

PyObject *ext_runtime_error;

static PyObject *add_class(PyObject *module, const char *name, PyObject *base, const char *doc)
{
    char full[64];
    snprintf(full, sizeof full, "jax.errors.%s", name);
    PyObject *c = PyErr_NewExceptionWithDoc(full, doc, base, NULL);
    if (c && PyModule_AddObjectRef(module, name, c) < 0)
        Py_CLEAR(c);
    return c;
}

bool ext_init_errors(PyObject *module)
{
    PyObject *type_error =
        add_class(module, "JAXTypeError", PyExc_TypeError, "A TypeError of a transformation.");
    PyObject *index_error =
        add_class(module, "JAXIndexError", PyExc_IndexError, "An IndexError of a transformation.");
    if (!type_error || !index_error)
        return false;
    PyObject *concrete = add_class(module, "ConcretizationTypeError", type_error,
                                   "A traced value was asked for its concrete value.");
    if (!concrete)
        return false;
    classes[CT_CONCRETIZATION_ERROR] = concrete;
    classes[CT_TRACER_BOOL_ERROR] = add_class(module, "TracerBoolConversionError", concrete,
                                              "A traced value was used as a condition.");
    classes[CT_TRACER_INTEGER_ERROR] =
        add_class(module, "TracerIntegerConversionError", type_error,
                  "A traced value was used where Python wants an integer.");
    classes[CT_TRACER_ARRAY_ERROR] = add_class(module, "TracerArrayConversionError", type_error,
                                               "A traced value was handed to NumPy.");
    classes[CT_UNEXPECTED_TRACER_ERROR] =
        add_class(module, "UnexpectedTracerError", type_error,
                  "A traced value was used after its function had returned.");
    classes[CT_NONCONCRETE_INDEX_ERROR] = add_class(
        module, "NonConcreteBooleanIndexError", index_error, "A traced mask was used as an index.");
    classes[CT_TYPE_PROMOTION_ERROR] = PyErr_NewExceptionWithDoc(
        "jax.dtypes.TypePromotionError", "Values of these dtypes do not promote to one.",
        PyExc_ValueError, NULL);
    if (PyModule_AddObjectRef(module, "TypePromotionError", classes[CT_TYPE_PROMOTION_ERROR]) < 0)
        return false;
    classes[CT_RUNTIME_ERROR] = PyExc_RuntimeError;
    ext_runtime_error = classes[CT_CALLBACK_ERROR] =
        add_class(module, "JaxRuntimeError", PyExc_RuntimeError, "The runtime failed.");
    classes[CT_TYPE_ERROR] = PyExc_TypeError;
    classes[CT_VALUE_ERROR] = PyExc_ValueError;
    classes[CT_INDEX_ERROR] = PyExc_IndexError;
    classes[CT_KEY_ERROR] = PyExc_KeyError;
    classes[CT_NAME_ERROR] = PyExc_NameError;
    classes[CT_ATTRIBUTE_ERROR] = PyExc_AttributeError;
    classes[CT_OVERFLOW_ERROR] = PyExc_OverflowError;
    classes[CT_ZERO_DIVISION_ERROR] = PyExc_ZeroDivisionError;
    classes[CT_RECURSION_ERROR] = PyExc_RecursionError;
    classes[CT_FLOATING_POINT_ERROR] = PyExc_FloatingPointError;
    classes[CT_NOT_IMPLEMENTED_ERROR] = PyExc_NotImplementedError;
    classes[CT_OUT_OF_MEMORY_ERROR] = PyExc_MemoryError;
    classes[CT_IO_ERROR] = PyExc_OSError;
    classes[CT_ASSERTION_ERROR] = PyExc_AssertionError;
    classes[CT_KEY_REUSE_ERROR] =
        add_class(module, "KeyReuseError", PyExc_RuntimeError, "A random key was used twice.");
    return ext_runtime_error && classes[CT_TRACER_BOOL_ERROR] && classes[CT_TRACER_INTEGER_ERROR] &&
           classes[CT_TRACER_ARRAY_ERROR] && classes[CT_UNEXPECTED_TRACER_ERROR] &&
           classes[CT_NONCONCRETE_INDEX_ERROR] && classes[CT_KEY_REUSE_ERROR];
}
