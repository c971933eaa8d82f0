/* jax.checkpoint and its policies: cotan/ad_checkpoint.py has the names, transform/checkpoint.c the
 * operation. */
#include "ext.h"

#include <ctype.h>

#include "cotan/checkpoint.h"
#include "transform/partial.h"

/* ---- policies ---- */

/* The strings of a tuple, borrowed from it. */
static ct_fn with_names(PyObject *names, ct_fn (*make)(int64_t, const char *const *))
{
    Py_ssize_t n = PyTuple_GET_SIZE(names);
    const char **at = PyMem_Malloc(sizeof *at * (size_t)(n + 1));
    bool good = at;
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = (at[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i))) != NULL;
    ct_fn f = good ? make(n, at) : NULL;
    PyMem_Free(at);
    return f;
}

static ct_fn policy_of(PyObject *o);

/* A description (kind, ...) that ad_checkpoint.py put on the policies that the library has. */
static ct_fn described(PyObject *d)
{
    static const struct {
        const char *name;
        ct_fn (*make)(void);
    } plain[] = {{"everything", ct_save_everything},
                 {"nothing", ct_save_nothing},
                 {"dots", ct_save_dots},
                 {"dots_with_no_batch_dims", ct_save_dots_with_no_batch_dims}};
    PyObject *kind = PyTuple_GET_ITEM(d, 0);
    for (size_t i = 0; i < countof(plain); i++)
        if (!PyUnicode_CompareWithASCIIString(kind, plain[i].name))
            return plain[i].make();
    if (!PyUnicode_CompareWithASCIIString(kind, "only"))
        return with_names(PyTuple_GET_ITEM(d, 1), ct_save_only_these_names_);
    if (!PyUnicode_CompareWithASCIIString(kind, "but"))
        return with_names(PyTuple_GET_ITEM(d, 1), ct_save_any_names_but_these_);
    ct_fn first = policy_of(PyTuple_GET_ITEM(d, 1)),
          second = first ? policy_of(PyTuple_GET_ITEM(d, 2)) : NULL;
    return second ? ct_save_from_both_policies(first, second) : NULL;
}

/* As JAX prints a function: its address is no part of a program. */
static char *shown_without_address(const char *s)
{
    text t = {0};
    while (*s) {
        bool address = s[0] == '0' && s[1] == 'x';
        text_bytes(&t, s, address ? 2 : 1);
        for (s += address ? 2 : 1; address && isxdigit((unsigned char)*s); s++)
            text_bytes(&t, "X", 1);
    }
    return text_end(&t);
}

/* A policy of Python as the library's, owned by the scope; NULL and an exception on failure. */
static ct_fn policy_of(PyObject *o)
{
    PyObject *d = PyObject_GetAttrString(o, "_saves"), *shown = d ? PyObject_Repr(o) : NULL;
    if (!d) {
        PyErr_Clear();
        PyErr_Format(PyExc_NotImplementedError, "checkpoint: a policy that is a function: %R", o);
    }
    const char *utf8 = shown ? PyUnicode_AsUTF8(shown) : NULL;
    ct_fn f = utf8 ? described(d) : NULL;
    char *s = f ? shown_without_address(utf8) : NULL;
    if (utf8 && !PyErr_Occurred() && (!s || !policy_rename(f, s)))
        f = (ct_fn)ext_raise();
    base_free(s);
    Py_XDECREF(shown);
    Py_XDECREF(d);
    return f;
}

/* ---- functions ---- */

/* _checkpoint(fun, static_argnums, static_argnames (a frozenset or None), prevent_cse, policy) */
static PyObject *checkpoint(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 5)
        return PyErr_Format(PyExc_TypeError, "_checkpoint takes 5 arguments");
    ct_ints statics;
    bool one;
    if (!ext_argnums(args[1], &statics, &one, "static_argnums"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]), keeps = f && args[4] != Py_None ? policy_of(args[4]) : NULL;
    ext_policy p = {.statics = statics.n ? statics : (ct_ints){0},
                    .static_names = args[2] == Py_None ? NULL : args[2]};
    PyObject *out = NULL;
    if (f && !PyErr_Occurred())
        out = ext_function_new(ext_function_type, args[0],
                               ct_checkpoint_(&(ct_checkpoint_args){
                                   .f = f, .policy = keeps, .allow_cse = args[3] == Py_False}),
                               &p);
    ct_end_(scope, NULL);
    PyMem_Free((void *)(uintptr_t)statics.at);
    return out;
}

/* _checkpoint_name(tree, name) */
static PyObject *checkpoint_name(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !PyUnicode_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "checkpoint_name takes a pytree and a string");
    const char *name = PyUnicode_AsUTF8(args[1]);
    ct_scope scope = ct_begin();
    ct_tree x = name ? ext_tree(args[0], "checkpoint_name") : NULL;
    PyObject *out = x ? ext_wrap(ct_checkpoint_name(x, name)) : NULL;
    ct_end_(scope, NULL);
    return out;
}

PyMethodDef ext_checkpoint_methods[] = {
    {"_checkpoint", EXT_FASTCALL(checkpoint), METH_FASTCALL, NULL},
    {"_checkpoint_name", EXT_FASTCALL(checkpoint_name), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
