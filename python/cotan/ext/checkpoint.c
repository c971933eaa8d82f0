/* jax.checkpoint and its policies: cotan/ad_checkpoint.py has the names, transform/checkpoint.c the
 * operation. */
#include "equations.h"

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

/* A policy that is a function of Python: (primitive, *avals, **params) -> an answer. */
typedef struct host_policy {
    policy base;
    PyObject *callable;
    char *text;
} host_policy;

static PyObject *ask(PyObject *callable, const op *o, const void *params, int nin, const aval *in)
{
    PyObject *given = PyTuple_New(nin + 1), *named = NULL, *answer = NULL;
    bool good = given;
    if (good) {
        PyTuple_SET_ITEM(given, 0, ext_wrap_primitive(o));
        good = PyTuple_GET_ITEM(given, 0);
    }
    for (int i = 0; good && i < nin; i++) {
        PyTuple_SET_ITEM(given, i + 1, ext_aval(&in[i]));
        good = PyTuple_GET_ITEM(given, i + 1);
    }
    if (good && (named = ext_params_dict(o, params, nin, in, 1)))
        answer = PyObject_Call(callable, given, named);
    Py_XDECREF(given);
    Py_XDECREF(named);
    return answer;
}

/* True, False, or what ad_checkpoint.py makes of other answers. */
static bool understand(PyObject *answer, bool *save)
{
    if (PyBool_Check(answer)) {
        *save = answer == Py_True;
        return true;
    }
    PyObject *m = PyImport_ImportModule("cotan.ad_checkpoint"),
             *meant = m ? PyObject_CallMethod(m, "_meaning", "O", answer) : NULL;
    *save = meant == Py_True;
    Py_XDECREF(m);
    Py_XDECREF(meant);
    return meant;
}

static bool host_saves(const policy *p, const op *o, const void *params, int nin, const aval *in,
                       bool *save)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = ask(((const host_policy *)p)->callable, o, params, nin, in);
    bool good = answer && understand(answer, save);
    Py_XDECREF(answer);
    if (!good)
        ext_host_failed();
    PyGILState_Release(gil);
    return good;
}

static const char *host_policy_text(ct_fn f) { return ((host_policy *)f)->text; }

static void host_policy_destroy(ct_fn f)
{
    base_free(((host_policy *)f)->text);
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_XDECREF(((host_policy *)f)->callable);
    PyGILState_Release(gil);
}

static const fn_class host_policy_class = {.name = host_policy_text,
                                           .destroy = host_policy_destroy};

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

static ct_fn host_policy_new(PyObject *callable, char *text_)
{
    host_policy *p = (host_policy *)fn_new(&host_policy_class, sizeof *p);
    if (!p) {
        base_free(text_);
        return (ct_fn)ext_raise();
    }
    p->base.saves = host_saves;
    p->callable = Py_NewRef(callable);
    p->text = text_;
    return &p->base.head;
}

/* A policy of Python as the library's, owned by the scope; NULL and an exception on failure. */
static ct_fn policy_of(PyObject *o)
{
    if (!PyCallable_Check(o)) {
        PyErr_Format(PyExc_TypeError, "checkpoint: the policy must be callable, got %R", o);
        return NULL;
    }
    PyObject *shown = PyObject_Repr(o);
    const char *utf8 = shown ? PyUnicode_AsUTF8(shown) : NULL;
    char *s = utf8 ? shown_without_address(utf8) : NULL;
    Py_XDECREF(shown);
    if (!s)
        return utf8 ? (ct_fn)ext_raise() : NULL;
    PyObject *d = PyObject_GetAttrString(o, "_saves");
    PyErr_Clear();
    if (!d)
        return host_policy_new(o, s);
    ct_fn f = described(d);
    if (!PyErr_Occurred() && (!f || !policy_rename(f, s)))
        f = (ct_fn)ext_raise();
    base_free(s);
    Py_DECREF(d);
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

/* ---- what is kept ---- */

/* (aval, argument or None, description) */
static PyObject *residual_item(const void *env, Py_ssize_t i)
{
    const jaxpr *j = env;
    int argument = residual_argument(j, (int)i);
    text t = {0};
    residual_text(&t, j, (int)i);
    char *s = text_end(&t);
    PyObject *a = s ? ext_aval(atom_aval(&j->out[i])) : ext_raise(),
             *n = argument < 0 ? Py_NewRef(Py_None) : PyLong_FromLong(argument);
    PyObject *out = a && n ? Py_BuildValue("(OOsi)", a, n, s, residual_rank(j, (int)i)) : NULL;
    Py_XDECREF(a);
    Py_XDECREF(n);
    base_free(s);
    return out;
}

/* _saved_residuals(fun, tuple of arrays): what fun keeps, each with its rank in the listing. */
static PyObject *saved_residuals(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2 || !PyTuple_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "_saved_residuals(fun, args)");
    int count = (int)PyTuple_GET_SIZE(args[1]);
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    arena memory = {0};
    ct_tree *items = f ? arena_alloc(&memory, sizeof *items * (size_t)(count + 1)) : NULL;
    bool good = items;
    for (int i = 0; good && i < count; i++)
        good = (items[i] = ext_array(PyTuple_GET_ITEM(args[1], i), "saved_residuals", 0)) != NULL;
    aval *avals = good ? arena_alloc(&memory, sizeof *avals * (size_t)(count + 1)) : NULL;
    int64_t nin = 0;
    ct_array *in = NULL;
    treedef *def = avals ? fn_pack(count, items, &nin, &in) : NULL;
    for (int64_t i = 0; def && i < nin; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = def ? transform_residuals(f, def, nin, avals) : NULL;
    PyObject *out = j ? ext_list(j->nout, residual_item, j) : PyErr_Occurred() ? NULL : ext_raise();
    object_release(j);
    object_release(def);
    base_free(in);
    arena_free(&memory);
    ct_end_(scope, NULL);
    return out;
}

PyMethodDef ext_checkpoint_methods[] = {
    {"_saved_residuals", EXT_FASTCALL(saved_residuals), METH_FASTCALL, NULL},
    {"_checkpoint", EXT_FASTCALL(checkpoint), METH_FASTCALL, NULL},
    {"_checkpoint_name", EXT_FASTCALL(checkpoint_name), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
