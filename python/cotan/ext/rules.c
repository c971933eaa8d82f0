/* Functions that bring rules of their own: what cotan/custom_derivatives.py and
 * cotan/custom_batching.py are made of. */
#include "ext.h"

#include "cotan/jet.h"
#include "cotan/rules.h"
#include "transform/transform.h"

/* (fun, rule) or (fun, forward, backward), then nondiff_argnums and symbolic_zeros. */
static PyObject *custom(PyObject *const *args, Py_ssize_t n, bool reverse)
{
    if (n != (reverse ? 5 : 4))
        return PyErr_Format(PyExc_TypeError, "wrong number of arguments");
    ct_ints nondiff;
    bool one, symbolic = args[n - 1] == Py_True;
    if (!ext_argnums(args[n - 2], &nondiff, &one, "nondiff_argnums"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_kept_callable(args[0]), made = NULL,
          rule = !f        ? NULL
                 : reverse ? ext_forward_rule(args[1])
                           : ext_kept_callable(args[1]);
    ct_fn backward = rule && reverse ? ext_kept_callable(args[2]) : NULL;
    if (rule && (!reverse || backward))
        made = reverse
                   ? ct_custom_vjp(f, rule, backward, .nondiff_argnums = nondiff,
                                   .symbolic_zeros = symbolic)
                   : ct_custom_jvp(f, rule, .nondiff_argnums = nondiff, .symbolic_zeros = symbolic);
    PyObject *out = PyErr_Occurred() ? NULL
                                     : ext_function_new(ext_function_type, args[0], made,
                                                        &(ext_policy){.lenient_at = nondiff});
    ct_end_(scope, NULL);
    PyMem_Free((void *)(uintptr_t)nondiff.at);
    return out;
}

/* _zero_tangent(x): zeros in the type of x's tangent. */
static PyObject *zero_tangent_of(PyObject *self, PyObject *x)
{
    ct_scope scope = ct_begin();
    ct_array a = ext_array(x, "zero_from_primal", 0);
    PyObject *out = a ? ext_wrap(zero_tangent(a)) : NULL;
    ct_end_(scope, NULL);
    return out;
}

static PyObject *custom_jvp(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return custom(args, n, false);
}
static PyObject *custom_vjp(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return custom(args, n, true);
}

/* _closure_convert(fun, examples, all): (converted, list of hoisted values) */
static PyObject *convert_closure(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3 || !PyTuple_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "_closure_convert(fun, examples, all)");
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    ct_tree examples = f ? ext_tree(args[1], "closure_convert") : NULL, hoisted = NULL;
    ct_fn made = examples ? closure_convert(f, examples, args[2] == Py_True, &hoisted) : NULL;
    PyObject *function = examples && !PyErr_Occurred()
                             ? ext_function_new(ext_function_type, args[0], made, NULL)
                             : NULL;
    PyObject *values = function ? ext_wrap(hoisted) : NULL;
    ct_end_(scope, NULL);
    PyObject *out = values ? Py_BuildValue("(OO)", function, values) : NULL;
    Py_XDECREF(values);
    Py_XDECREF(function);
    return out;
}

/* _custom_vmap(fun, rule) */
static PyObject *custom_vmap(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "_custom_vmap(fun, rule)");
    ct_scope scope = ct_begin();
    ct_fn f = ext_kept_callable(args[0]), rule = f ? ext_kept_callable(args[1]) : NULL;
    PyObject *out =
        rule ? ext_function_new(ext_function_type, args[0], ct_custom_vmap_(f, rule), NULL) : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _linear_call(fun, transpose, residuals, linear) */
static PyObject *linear_call(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 4)
        return PyErr_Format(PyExc_TypeError, "linear_call takes 4 arguments");
    ct_scope scope = ct_begin();
    ct_fn f = ext_kept_callable(args[0]), transpose = f ? ext_kept_callable(args[1]) : NULL;
    ct_tree res = transpose ? ext_tree(args[2], "linear_call") : NULL,
            linear = res ? ext_tree(args[3], "linear_call") : NULL;
    PyObject *out = linear ? ext_wrap(ct_linear_call_(f, transpose, res, linear)) : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _jet(fun, primals, series): (out, (terms of order 1, 2, ...)) */
static PyObject *jet(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3)
        return PyErr_Format(PyExc_TypeError, "_jet(fun, primals, series)");
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    ct_tree primals = f ? ext_tree(args[1], "jet") : NULL,
            series = primals ? ext_tree(args[2], "jet") : NULL;
    PyObject *out = series ? ext_wrap(ct_jet_(f, primals, series)) : NULL;
    ct_end_(scope, NULL);
    return out;
}

PyMethodDef ext_rules_methods[] = {
    {"_jet", EXT_FASTCALL(jet), METH_FASTCALL, NULL},
    {"_custom_vmap", EXT_FASTCALL(custom_vmap), METH_FASTCALL, NULL},
    {"_linear_call", EXT_FASTCALL(linear_call), METH_FASTCALL, NULL},
    {"_zero_tangent", zero_tangent_of, METH_O, NULL},
    {"_custom_jvp", EXT_FASTCALL(custom_jvp), METH_FASTCALL, NULL},
    {"_custom_vjp", EXT_FASTCALL(custom_vjp), METH_FASTCALL, NULL},
    {"_closure_convert", EXT_FASTCALL(convert_closure), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
