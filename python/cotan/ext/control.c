/* jax.lax's control flow over functions of Python: cond and switch (transform/branches.c), scan
 * (scan.c), while_loop and fori_loop (while.c), map and associative_scan (lax/control.c), and the
 * solvers (solve.c, lax/root.c). */
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
        return PyErr_Format(PyExc_ValueError, "switch takes at most %d branches, got %zd", MOST,
                            count);
    bool by_predicate = PyObject_IsTrue(args[1]);
    ct_scope scope = ct_begin();
    bool good = true;
    for (Py_ssize_t i = 0; i < count && good; i++) {
        Py_ssize_t first = 0; /* a function given twice is one */
        while (PyTuple_GET_ITEM(args[0], first) != PyTuple_GET_ITEM(args[0], i))
            first++;
        fns[i] = first < i ? fns[first] : ext_body(PyTuple_GET_ITEM(args[0], i));
        good = fns[i] != NULL;
    }
    PyObject *out = NULL;
    if (good) {
        ct_fn chosen = by_predicate ? ct_cond_(fns[1], fns[0]) : ct_switch_(count, fns);
        out = ext_function_new(ext_function_type, PyTuple_GET_ITEM(args[0], 0), chosen, NULL);
    }
    ct_end_(scope, NULL);
    return out;
}

/* The name of the n-th parameter, for messages; NULL for what is no plain function. */
static const char *parameter_name(PyObject *f, int n)
{
    PyObject *code = PyFunction_Check(f) ? PyFunction_GetCode(f) : NULL;
    if (!code || ((PyCodeObject *)code)->co_argcount <= n)
        return NULL;
    PyObject *names = PyCode_GetVarnames((PyCodeObject *)code);
    const char *name = names ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, n)) : NULL;
    Py_XDECREF(names); /* the code object holds the string */
    PyErr_Clear();
    return name;
}

/* _scan(function, length or None, reverse, unroll): the function of (init, xs). */
static PyObject *scan(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t length = 0, unroll = 1;
    if (n != 4)
        return PyErr_Format(PyExc_TypeError, "_scan(function, length, reverse, unroll)");
    if ((args[1] != Py_None && !ext_int(args[1], &length, "scan: length")) ||
        !ext_int(args[3], &unroll, "scan: unroll"))
        return NULL;
    int reverse = PyObject_IsTrue(args[2]);
    if (reverse < 0)
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_body(args[0]);
    PyObject *out =
        f ? ext_function_new(ext_function_type, args[0],
                             ct_scan_(&(ct_scan_args){.f = f,
                                                      .length = length,
                                                      .no_steps = args[1] != Py_None && !length,
                                                      .reverse = reverse,
                                                      .unroll = unroll,
                                                      .variable = parameter_name(args[0], 0)}),
                             NULL)
          : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _while_loop(cond, body): the function of the initial value. */
static PyObject *while_loop(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "_while_loop(cond_fun, body_fun)");
    ct_scope scope = ct_begin();
    ct_fn test = ext_body(args[0]), step = test ? ext_body(args[1]) : NULL;
    PyObject *out =
        step ? ext_function_new(ext_function_type, args[1],
                                ct_while_loop_(test, step, parameter_name(args[1], 0)), NULL)
             : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _fori_loop(body, unroll): the function of (lower, upper, init). */
static PyObject *fori_loop(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t unroll = 1;
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "_fori_loop(body_fun, unroll)");
    if (!ext_int(args[1], &unroll, "fori_loop: unroll"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn step = ext_body(args[0]);
    PyObject *out =
        step ? ext_function_new(ext_function_type, args[0],
                                ct_fori_loop_(step, unroll, parameter_name(args[0], 1)), NULL)
             : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _linear_solve(matvec, solve, transpose_solve or None, symmetric, has_aux): the function of b. */
static PyObject *linear_solve(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 5)
        return PyErr_Format(PyExc_TypeError,
                            "_linear_solve(matvec, solve, transpose_solve, symmetric, has_aux)");
    ct_scope scope = ct_begin();
    ct_fn fns[3] = {NULL};
    bool good = true;
    for (int i = 0; i < 3 && good; i++)
        good = args[i] == Py_None || (fns[i] = ext_callable(args[i]));
    PyObject *out =
        good ? ext_function_new(
                   ext_function_type, args[0],
                   ct_custom_linear_solve_(&(ct_linear_solve_args){.matvec = fns[0],
                                                                   .solve = fns[1],
                                                                   .transpose_solve = fns[2],
                                                                   .symmetric = args[3] == Py_True,
                                                                   .has_aux = args[4] == Py_True}),
                   NULL)
             : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _map(function, batch_size): the function of xs. */
static PyObject *map_slices(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t size = 0;
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "_map(function, batch_size)");
    if (!ext_int(args[1], &size, "map: batch_size"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    PyObject *out = f ? ext_function_new(ext_function_type, args[0],
                                         ct_map_slices_(&(ct_map_slices_args){f, size}), NULL)
                      : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* _associative_scan(function, reverse, axis): the function of the elements. */
static PyObject *associative_scan(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t axis = 0;
    if (n != 3)
        return PyErr_Format(PyExc_TypeError, "_associative_scan(function, reverse, axis)");
    int reverse = PyObject_IsTrue(args[1]);
    if (reverse < 0 || !ext_int(args[2], &axis, "associative_scan: axis"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    PyObject *out =
        f ? ext_function_new(ext_function_type, args[0],
                             ct_associative_scan_(&(ct_associative_scan_args){f, reverse, axis}),
                             NULL)
          : NULL;
    ct_end_(scope, NULL);
    return out;
}

/* A solver of Python for a linear function of the library. */
static ct_tree solve_tangent(void *env, ct_fn derivative, ct_tree y)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *g = ext_function_new(ext_function_type, env, derivative, NULL),
             *of = g ? ext_wrap(y) : NULL,
             *x = of ? PyObject_CallFunctionObjArgs(env, g, of, NULL) : NULL;
    ct_tree out = x ? ext_tree(x, "custom_root") : NULL;
    if (out) {
        object_retain(out); /* the objects that hold it may go */
        if (!scope_own(out))
            out = array_poison;
    } else {
        ext_host_failed();
        out = array_poison;
    }
    Py_XDECREF(x);
    Py_XDECREF(of);
    Py_XDECREF(g);
    PyGILState_Release(gil);
    return out;
}

static void release_object(void *o)
{
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF((PyObject *)o);
    PyGILState_Release(gil);
}

/* _custom_root(f, solve of a guess, tangent_solve, has_aux): the function of the initial guess. */
static PyObject *custom_root(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 4)
        return PyErr_Format(PyExc_TypeError, "_custom_root(f, solve, tangent_solve, has_aux)");
    ct_scope scope = ct_begin();
    ct_fn f = ext_kept_callable(args[0]), solve = f ? ext_kept_callable(args[1]) : NULL;
    PyObject *out = NULL;
    if (solve)
        out =
            ext_function_new(ext_function_type, args[0],
                             ct_custom_root_(&(ct_custom_root_args){.f = f,
                                                                    .solve = solve,
                                                                    .tangent_solve = solve_tangent,
                                                                    .env = Py_NewRef(args[2]),
                                                                    .done = release_object,
                                                                    .has_aux = args[3] == Py_True}),
                             NULL);
    ct_end_(scope, NULL);
    return out;
}

/* _optimization_barrier(tree) */
static PyObject *optimization_barrier(PyObject *self, PyObject *x)
{
    ct_scope scope = ct_begin();
    ct_tree tree = ext_tree(x, "optimization_barrier");
    PyObject *out = tree ? ext_wrap(ct_optimization_barrier(tree)) : NULL;
    ct_end_(scope, NULL);
    return out;
}

PyMethodDef ext_control_methods[] = {
    {"_linear_solve", EXT_FASTCALL(linear_solve), METH_FASTCALL, NULL},
    {"_optimization_barrier", optimization_barrier, METH_O, NULL},
    {"_map", EXT_FASTCALL(map_slices), METH_FASTCALL, NULL},
    {"_associative_scan", EXT_FASTCALL(associative_scan), METH_FASTCALL, NULL},
    {"_custom_root", EXT_FASTCALL(custom_root), METH_FASTCALL, NULL},
    {"_scan", EXT_FASTCALL(scan), METH_FASTCALL, NULL},
    {"_while_loop", EXT_FASTCALL(while_loop), METH_FASTCALL, NULL},
    {"_fori_loop", EXT_FASTCALL(fori_loop), METH_FASTCALL, NULL},
    {"_branches", EXT_FASTCALL(branches), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
