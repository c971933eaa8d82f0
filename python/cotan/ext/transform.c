/* The transformations as functions of Python: argument checking, and the library's ct_fn wrapped
 * again (function.c). */
#include "ext.h"
#include "transform/transform.h"

bool ext_argnums(PyObject *o, ct_ints *out, bool *one, const char *what)
{
    arena a = {0};
    ct_ints list;
    *one = PyLong_Check(o) || (PyIndex_Check(o) && !PySequence_Check(o));
    bool good = ext_ints(o, &list, &a, what);
    int64_t *at = good ? PyMem_Malloc(sizeof *at * (size_t)(list.n + 1)) : NULL;
    if (at)
        memcpy(at, list.at, sizeof *at * (size_t)list.n);
    arena_free(&a);
    *out = (ct_ints){list.n, at};
    if (good && !at)
        PyErr_NoMemory();
    return at != NULL;
}

/* JAX dropped this argument of the derivatives: it may be empty. */
static bool no_axes(PyObject *reduce_axes, const char *who)
{
    int given = reduce_axes ? PyObject_IsTrue(reduce_axes) : 0;
    if (given > 0)
        PyErr_Format(PyExc_NotImplementedError, "reduce_axes argument to %s is deprecated", who);
    return !given;
}

/* ---- grad ---- */

static PyObject *gradient(PyObject *args, PyObject *kwargs, bool value)
{
    static const char *const names[] = {"fun",       "argnums",     "has_aux", "holomorphic",
                                        "allow_int", "reduce_axes", NULL};
    PyObject *fun, *argnums = NULL, *reduce_axes = NULL;
    int has_aux = 0, holomorphic = 0, allow_int = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs,
                                     value ? "O|OpppO:value_and_grad" : "O|OpppO:grad",
                                     (char **)(uintptr_t)names, &fun, &argnums, &has_aux,
                                     &holomorphic, &allow_int, &reduce_axes))
        return NULL;
    if (!no_axes(reduce_axes, value ? "value_and_grad" : "grad"))
        return NULL;
    ct_ints list = I(0);
    bool one = true;
    if (argnums && !ext_argnums(argnums, &list, &one, "argnums"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable_with_aux(fun, has_aux);
    /* Other arguments pass through to functions of Python as they are; what Cotan made takes
     * arrays. */
    ext_policy p = {.only = list};
    if (f && ext_is_transformed(fun) && ((ext_function *)fun)->fn == f)
        p = (ext_policy){.lenient = ((ext_function *)fun)->policy.lenient};
    ct_fn g = f ? ct_grad_(&(ct_grad_args){.f = f,
                                           .argnums = list,
                                           .one = !one,
                                           .value = value,
                                           .has_aux = has_aux,
                                           .holomorphic = holomorphic,
                                           .allow_int = allow_int})
                : NULL;
    PyObject *out = ext_function_new(ext_function_type, fun, g, &p);
    ct_end_(scope, NULL);
    if (argnums)
        PyMem_Free((void *)(uintptr_t)list.at);
    return out;
}

static PyObject *grad(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return gradient(args, kwargs, false);
}
static PyObject *value_and_grad(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return gradient(args, kwargs, true);
}

/* ---- jvp, linearize, vjp ---- */

static PyObject *jvp(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"fun", "primals", "tangents", "has_aux", NULL};
    PyObject *fun, *primals, *tangents;
    int has_aux = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|p:jvp", (char **)(uintptr_t)names, &fun,
                                     &primals, &tangents, &has_aux))
        return NULL;
    if (!(PyTuple_Check(primals) || PyList_Check(primals)) ||
        !(PyTuple_Check(tangents) || PyList_Check(tangents)))
        return PyErr_Format(
            PyExc_TypeError,
            "primal and tangent arguments to jax.jvp must be tuples or lists; found %s and %s.",
            Py_TYPE(primals)->tp_name, Py_TYPE(tangents)->tp_name);
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable_with_aux(fun, has_aux);
    ct_tree p = f ? ext_tree(primals, "jvp") : NULL, t = p ? ext_tree(tangents, "jvp") : NULL;
    PyObject *out = t ? ext_wrap(ct_jvp_(f, p, t, has_aux)) : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* fun, *primals, has_aux=False */
static bool fun_and_primals(PyObject *args, PyObject *kwargs, const char *who, PyObject **fun,
                            PyObject **primals, int *has_aux)
{
    *has_aux = 0;
    if (!PyTuple_GET_SIZE(args)) {
        PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: 'fun'", who);
        return false;
    }
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (kwargs && PyDict_Next(kwargs, &position, &key, &value)) {
        if (PyUnicode_CompareWithASCIIString(key, "has_aux") == 0)
            *has_aux = PyObject_IsTrue(value);
        else if (PyUnicode_CompareWithASCIIString(key, "reduce_axes") != 0) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", who, key);
            return false;
        } else if (!no_axes(value, who)) {
            return false;
        }
    }
    *fun = PyTuple_GET_ITEM(args, 0);
    *primals = PyTuple_GetSlice(args, 1, PY_SSIZE_T_MAX);
    return *primals != NULL;
}

static PyObject *differentiate(PyObject *args, PyObject *kwargs, const char *who,
                               ct_tree (*how)(ct_fn, ct_tree, bool, ct_tree *, ct_fn *))
{
    PyObject *fun, *primals, *out = NULL;
    int has_aux;
    if (!fun_and_primals(args, kwargs, who, &fun, &primals, &has_aux))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable_with_aux(fun, has_aux), derivative = NULL;
    ct_tree p = f ? ext_tree(primals, who) : NULL, aux = NULL;
    PyObject *value = p ? ext_wrap(how(f, p, has_aux, &aux, &derivative)) : NULL;
    PyObject *function = value ? ext_function_new(ext_function_type, fun, derivative, NULL) : NULL;
    PyObject *extra = function && has_aux ? ext_wrap(aux) : NULL;
    if (extra)
        out = PyTuple_Pack(3, value, function, extra);
    else if (function && !has_aux)
        out = PyTuple_Pack(2, value, function);
    Py_XDECREF(extra);
    Py_XDECREF(function);
    Py_XDECREF(value);
    ct_end_(scope, NULL);
    Py_DECREF(primals);
    return out;
}

static PyObject *vjp(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return differentiate(args, kwargs, "vjp", ct_vjp_);
}
static PyObject *linearize(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return differentiate(args, kwargs, "linearize", ct_linearize_);
}

static ct_fn derivative_of(PyObject *o)
{
    if (ext_is_transformed(o))
        return ((ext_function *)o)->fn;
    PyErr_Format(PyExc_TypeError, "expected a derivative, but got %S", (PyObject *)Py_TYPE(o));
    return NULL;
}

static PyObject *residual_values(ct_fn f)
{
    ct_tree kept = ct_residuals(f);
    int64_t n = is_poison(kept) ? 0 : ct_len(kept);
    PyObject *values = is_poison(kept) ? ext_raise() : PyList_New(n);
    for (int64_t i = 0; values && i < n; i++) {
        PyObject *value = ext_wrap_array(ct_at(kept, i));
        if (!value)
            Py_CLEAR(values);
        else
            PyList_SET_ITEM(values, i, value);
    }
    return values;
}

static PyObject *residual_leaves(ct_fn f, Py_ssize_t n)
{
    PyObject *at = PyList_New(n);
    for (Py_ssize_t i = 0; at && i < n; i++) {
        PyObject *leaf = PyLong_FromLongLong(ct_residual_argument(f, i));
        if (!leaf)
            Py_CLEAR(at);
        else
            PyList_SET_ITEM(at, i, leaf);
    }
    return at;
}

static PyObject *def_of(ct_fn f, bool result)
{
    treedef *d = derivative_def(f, result);
    return d ? tree_wrap_def(d) : ext_raise();
}

/* _derivative_parts(derivative) -> (form, [value, ...], [which leaf of the arguments it is, or -1,
 * ...], the arguments' structure, the result's) */
static PyObject *derivative_parts(PyObject *self, PyObject *derivative)
{
    ct_fn f = derivative_of(derivative);
    if (!f)
        return NULL;
    ct_scope scope = ct_begin();
    PyObject *parts[5] = {NULL}, *out = NULL; /* the form does not keep the user's function */
    parts[0] = ext_function_new(ext_function_type, Py_None, ct_derivative_form(f), NULL);
    parts[1] = parts[0] ? residual_values(f) : NULL;
    parts[2] = parts[1] ? residual_leaves(f, PyList_GET_SIZE(parts[1])) : NULL;
    parts[3] = parts[2] ? def_of(f, false) : NULL;
    parts[4] = parts[3] ? def_of(f, true) : NULL;
    if (parts[4])
        out = PyTuple_Pack(5, parts[0], parts[1], parts[2], parts[3], parts[4]);
    for (int i = 0; i < 5; i++)
        Py_XDECREF(parts[i]);
    ct_end_(scope, NULL);
    return out;
}

/* _with_residuals(derivative, values) */
static PyObject *with_residuals(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_fn f = n == 2 ? derivative_of(args[0]) : NULL;
    if (!f)
        return NULL;
    ct_scope scope = ct_begin();
    ct_tree values = ext_tree(args[1], "a derivative");
    PyObject *out = values ? ext_function_new(ext_function_type, ((ext_function *)args[0])->wrapped,
                                              ct_with_residuals(f, values), NULL)
                           : NULL;
    ct_end_(scope, NULL);
    return out;
}

static PyObject *same_derivative(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_fn a = n == 2 ? derivative_of(args[0]) : NULL, b = a ? derivative_of(args[1]) : NULL;
    if (!b)
        return NULL;
    bool same = ct_same_derivative(a, b);
    return ct_ok() ? PyBool_FromLong(same) : ext_raise();
}

static PyObject *derivative_hash(PyObject *self, PyObject *derivative)
{
    ct_fn f = derivative_of(derivative);
    if (!f)
        return NULL;
    uint64_t hash = ct_derivative_hash(f);
    return ct_ok() ? PyLong_FromUnsignedLongLong(hash) : ext_raise();
}

/* _linear_transpose(fun, primals): primals give shapes only. */
static PyObject *transpose_linear(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "_linear_transpose(fun, primals)");
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    ct_tree p = f ? ext_tree(args[1], "linear_transpose") : NULL;
    PyObject *out =
        p ? ext_function_new(ext_function_type, args[0], ct_linear_transpose_(f, p), NULL) : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* ---- vmap ---- */

/* One axis number or None, of the axes that a caller gave. */
static bool axis_of(PyObject *o, int *axis, const char *what, PyObject *whole)
{
    int64_t i;
    if (o != Py_None && !PyLong_Check(o)) {
        PyErr_Format(PyExc_TypeError,
                     o == whole ? "%s must be an int, None, or a tuple of entries corresponding to "
                                  "the positional arguments passed to the function, but got %S."
                                : "%s must be an int, None, or (nested) container with those types "
                                  "as leaves, but got %S.",
                     what, whole);
        return false;
    }
    if (o == Py_None) {
        *axis = NONE;
        return true;
    }
    if (!ext_int(o, &i, what))
        return false;
    *axis = (int)i;
    return true;
}

/* A prefix tree of axes; None is a leaf of it. The block at `tree->at` is the caller's to free with
 * PyMem_Free, the definition to release. */
static bool axes_of(PyObject *o, ct_axes_tree *tree, const char *what)
{
    flattening f = {0};
    bool good = tree_flatten_into(&f, o, NULL, FLATTEN_NONE_IS_LEAF);
    int *at = good ? PyMem_Malloc(sizeof *at * (size_t)(f.leaves.n + 1)) : NULL;
    good = at != NULL;
    for (int64_t i = 0; good && i < f.leaves.n; i++)
        good = axis_of(f.leaves.at[i], &at[i], what, o);
    *tree = (ct_axes_tree){.n = f.leaves.n, .at = at};
    if (good && !(tree->def = flattening_def(&f)))
        good = false;
    flattening_free(&f);
    return good;
}

static PyObject *vmap(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"fun",       "in_axes",        "out_axes",  "axis_name",
                                        "axis_size", "spmd_axis_name", "sum_match", NULL};
    PyObject *fun, *in = NULL, *out_axes = NULL, *name = Py_None, *size = Py_None, *spmd = NULL,
                   *match = NULL, *out = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOOOOO:vmap", (char **)(uintptr_t)names, &fun,
                                     &in, &out_axes, &name, &size, &spmd, &match))
        return NULL;
    int64_t axis_size = 0;
    if (size != Py_None && !ext_int(size, &axis_size, "vmap axis_size"))
        return NULL;
    PyObject *shown =
        name != Py_None && !PyUnicode_Check(name) ? PyObject_Repr(name) : Py_NewRef(name);
    ct_scope scope = ct_begin();
    ct_vmap_args a = {.axis_size = axis_size,
                      .axis_name = shown && shown != Py_None ? PyUnicode_AsUTF8(shown) : NULL};
    bool good = (!in || axes_of(in, &a.in_tree, "vmap in_axes")) &&
                (!out_axes || axes_of(out_axes, &a.out_tree, "vmap out_axes"));
    if (good && (a.f = ext_callable(fun)))
        out =
            ext_function_new(ext_function_type, fun, ct_vmap_(&a), &(ext_policy){.lenient = true});
    ct_end_(scope, NULL);
    object_release((void *)(uintptr_t)a.in_tree.def);
    object_release((void *)(uintptr_t)a.out_tree.def);
    PyMem_Free((void *)(uintptr_t)a.in_tree.at);
    PyMem_Free((void *)(uintptr_t)a.out_tree.at);
    Py_XDECREF(shown);
    return out;
}

/* ---- jit ---- */

/* _jit(fun, static_argnums, static_argnames (a frozenset or None), donate_argnums, keep_unused,
 * inline, out_shardings): numbers and names are resolved by _face.jit. */
static PyObject *make_jit(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 7)
        return PyErr_Format(PyExc_TypeError, "_jit takes 7 arguments");
    ct_ints statics, donated;
    bool one;
    if (!ext_argnums(args[1], &statics, &one, "static_argnums") ||
        !ext_argnums(args[3], &donated, &one, "donate_argnums"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    ext_policy p = {.statics = statics.n ? statics : (ct_ints){0},
                    .static_names = args[2] == Py_None ? NULL : args[2],
                    .out_shardings = args[6] == Py_None ? NULL : args[6]};
    PyObject *out = NULL;
    if (f)
        out = ext_function_new(
            ext_jit_type, args[0],
            ct_jit_(&(ct_jit_args){.f = f,
                                   .donate_argnums = donated.n ? donated : (ct_ints){0},
                                   .keep_unused = args[4] == Py_True,
                                   .inlined = args[5] == Py_True}),
            &p);
    ct_end_(scope, NULL);
    PyMem_Free((void *)(uintptr_t)statics.at);
    PyMem_Free((void *)(uintptr_t)donated.at);
    return out;
}

/* jit(fun, **options): without options there is nothing to resolve. */
static PyObject *jit(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    if (n == 1 && !names) {
        ct_scope scope = ct_begin();
        ct_fn f = ext_jitted(args[0]);
        PyObject *out = f                  ? ext_function_new(ext_jit_type, args[0], f, NULL)
                        : PyErr_Occurred() ? NULL
                                           : ext_raise();
        ct_end_(scope, NULL);
        return out;
    }
    PyObject *m = PyImport_ImportModule("cotan._face"),
             *f = m ? PyObject_GetAttrString(m, "jit") : NULL;
    PyObject *out = f ? PyObject_Vectorcall(f, args, (size_t)n, names) : NULL;
    Py_XDECREF(f);
    Py_XDECREF(m);
    return out;
}

#define ROW(name, signature, doc)                                                                  \
    {                                                                                              \
#name, EXT_FASTCALL(name), METH_VARARGS | METH_KEYWORDS, #name signature "\n--\n\n" doc    \
    }
PyMethodDef ext_transform_methods[] = {
    ROW(grad, "(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False, reduce_axes=())",
        "A function that computes the gradient of fun with respect to the arguments in argnums."),
    ROW(value_and_grad,
        "(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False, reduce_axes=())",
        "A function that computes the value of fun and its gradient."),
    ROW(jvp, "(fun, primals, tangents, has_aux=False)",
        "The value of fun and its directional derivative along tangents."),
    {"_vjp", EXT_FASTCALL(vjp), METH_VARARGS | METH_KEYWORDS, NULL},
    {"_linearize", EXT_FASTCALL(linearize), METH_VARARGS | METH_KEYWORDS, NULL},
    {"_derivative_parts", derivative_parts, METH_O, NULL},
    {"_with_residuals", EXT_FASTCALL(with_residuals), METH_FASTCALL, NULL},
    {"_same_derivative", EXT_FASTCALL(same_derivative), METH_FASTCALL, NULL},
    {"_derivative_hash", derivative_hash, METH_O, NULL},
    ROW(vmap,
        "(fun, in_axes=0, out_axes=0, axis_name=None, axis_size=None, spmd_axis_name=None, "
        "sum_match=False)",
        "fun mapped over axes of its arguments."),
    {"jit", EXT_FASTCALL(jit), METH_FASTCALL | METH_KEYWORDS,
     "jit(fun=..., /, *, in_shardings=None, out_shardings=None, static_argnums=None, "
     "static_argnames=None, donate_argnums=None, donate_argnames=None, keep_unused=False, "
     "device=None, backend=None, inline=False, compiler_options=None)\n--\n\n"
     "fun compiled, once for each combination of argument shapes, dtypes and static values."},
    {"_jit", EXT_FASTCALL(make_jit), METH_FASTCALL, NULL},
    {"_linear_transpose", EXT_FASTCALL(transpose_linear), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
