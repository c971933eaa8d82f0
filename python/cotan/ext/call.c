/* From Python's arguments to the flat form of fn_call and back: TUPLE(positional..., DICT of
 * keywords) and the leaves as arrays. */
#include "ext.h"

enum { FEW = 16 };
static treedef *plain_defs[FEW + 1]; /* n arguments that are leaves, no keywords */

static treedef *plain_def(int64_t n)
{
    if (!plain_defs[n]) {
        tree_node nodes[FEW + 2] = {{0}};
        for (int64_t i = 0; i < n; i++)
            nodes[i].kind = TREE_LEAF;
        nodes[n].kind = TREE_DICT;
        nodes[n + 1] = (tree_node){.kind = TREE_TUPLE, .arity = n + 1};
        plain_defs[n] = treedef_new(n + 2, nodes);
    }
    return plain_defs[n];
}

static bool is_number(PyObject *o)
{
    return PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyBool_Check(o);
}

/* Arrays, NumPy's among them, and numbers only: no flattening. */
static bool plain_call(ext_call *c, PyObject *const *args, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *o = args[i];
        if (Py_IS_TYPE(o, ext_array_impl))
            c->small[i] = ext_value_of(o);
        else if (!(is_number(o) || numpy_is_array(o)) || !(c->small[i] = ext_try_array(o, 0)))
            return false;
    }
    c->def = plain_def(n);
    if (c->def)
        object_retain(c->def);
    c->at = c->small;
    c->n = n;
    return c->def != NULL;
}

static bool listed(ct_ints list, int64_t i, int64_t n)
{
    for (int64_t k = 0; k < list.n; k++)
        if (list.at[k] == i || list.at[k] + n == i)
            return true;
    return false;
}

static bool push(ext_call *c, tree_node node)
{
    if (node.data && vec_push(&c->flat.nodes, node))
        return true;
    if (node.data && node.host)
        node.host->release(node.data);
    ext_raise();
    return false;
}

static bool push_static(ext_call *c, PyObject *o)
{
    if (PyObject_Hash(o) == -1) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        PyErr_Format(PyExc_ValueError,
                     "Non-hashable static arguments are not supported. An error occurred while "
                     "trying to hash an object of type %S, %S. "
                     "The error was:\n%s: %S",
                     (PyObject *)Py_TYPE(o), o, ((PyTypeObject *)type)->tp_name,
                     value ? value : Py_None);
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
        return false;
    }
    return push(c, tree_static_node(o));
}

static bool add_keywords(ext_call *c, PyObject *const *values, PyObject *names, const ext_policy *p)
{
    Py_ssize_t n = names ? PyTuple_GET_SIZE(names) : 0;
    if (!n) {
        if (vec_push(&c->flat.nodes, (tree_node){.kind = TREE_DICT}))
            return true;
        ext_raise();
        return false;
    }
    PyObject *sorted = PyTuple_New(n);
    Py_ssize_t order[64];
    if (!sorted || n > 64) {
        Py_XDECREF(sorted);
        if (n > 64)
            PyErr_SetString(PyExc_TypeError, "more than 64 keyword arguments");
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) { /* insertion sort: keywords are few */
        Py_ssize_t k = i;
        for (; k > 0 && PyUnicode_Compare(PyTuple_GET_ITEM(names, order[k - 1]),
                                          PyTuple_GET_ITEM(names, i)) > 0;
             k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    bool good = true;
    for (Py_ssize_t k = 0; good && k < n; k++) {
        PyObject *name = PyTuple_GET_ITEM(names, order[k]), *o = values[order[k]];
        PyTuple_SET_ITEM(sorted, k, Py_NewRef(name));
        int is_static = p->static_names ? PySet_Contains(p->static_names, name) : 0;
        if (is_static)
            good = is_static > 0 && push_static(c, o);
        else if (p->only.at)
            good = push(c, tree_passing_node(o));
        else
            good = tree_flatten_into(&c->flat, o, NULL, 0);
    }
    if (!good) {
        for (Py_ssize_t k = 0; k < n; k++)
            if (!PyTuple_GET_ITEM(sorted, k))
                PyTuple_SET_ITEM(sorted, k, Py_NewRef(Py_None));
        Py_DECREF(sorted);
        return false;
    }
    return push(c,
                (tree_node){.kind = TREE_DICT, .arity = n, .host = &ext_tree_host, .data = sorted});
}

/* One argument: a tree of arrays and of numbers, which stay numbers, or passed through as it is. */
static bool flatten_arrays(ext_call *c, PyObject *o)
{
    int64_t nodes = c->flat.nodes.n, leaves = c->flat.leaves.n;
    if (!tree_flatten_into(&c->flat, o, NULL, FLATTEN_NUMBERS_ARE_STATIC))
        return false;
    for (int64_t i = leaves; i < c->flat.leaves.n; i++) {
        if (ext_try_array(c->flat.leaves.at[i], 0))
            continue;
        if (PyErr_Occurred())
            return false;
        flattening_cut(&c->flat, nodes, leaves);
        return push(c, tree_passing_node(o));
    }
    return true;
}

static bool flatten(ext_call *c, PyObject *const *args, Py_ssize_t n, PyObject *names,
                    const ext_policy *p)
{
    *c = (ext_call){0};
    for (Py_ssize_t i = 0; i < n; i++) {
        bool good;
        if (p->statics.n && listed(p->statics, i, n))
            good = push_static(c, args[i]);
        else if (p->only.at && !listed(p->only, i, n))
            good = push(c, tree_passing_node(args[i]));
        else if (p->lenient_at.n && listed(p->lenient_at, i, n))
            good = flatten_arrays(c, args[i]);
        else
            good = tree_flatten_into(&c->flat, args[i], NULL, 0);
        if (!good)
            return false;
    }
    if (!add_keywords(c, args + n, names, p))
        return false;
    if (vec_push(&c->flat.nodes, (tree_node){.kind = TREE_TUPLE, .arity = n + 1}))
        return true;
    ext_raise();
    return false;
}

bool ext_call_flatten(ext_call *c, PyObject *const *args, Py_ssize_t n, PyObject *names,
                      const ext_policy *p)
{
    return flatten(c, args, n, names, p) && (c->def = flattening_def(&c->flat)) != NULL;
}

bool ext_bad_leaf(PyObject *function, const treedef *def, int64_t leaf, PyObject *o)
{
    text path = {0};
    ct_fn f = def ? ext_kept_callable(function) : NULL;
    if (f)
        fn_leaf_path(f, def, leaf, &path);
    char *at = f ? text_end(&path) : NULL;
    PyErr_Format(PyExc_TypeError,
                 "Error interpreting argument to %R as an abstract array. The problematic value is "
                 "of type %S and was passed to the function at path %s.\n"
                 "This typically means that a transformed function was called with a non-array "
                 "argument; jit takes such arguments when they are marked as static with "
                 "static_argnums or static_argnames.",
                 function, (PyObject *)Py_TYPE(o), at ? at : "?");
    base_free(at);
    return false;
}

PyObject *ext_high_types;

static bool has_high_values(const ext_call *c)
{
    for (int64_t i = 0; ext_high_types && i < c->flat.leaves.n; i++)
        if (PyDict_Contains(ext_high_types, (PyObject *)Py_TYPE(c->flat.leaves.at[i])) > 0)
            return true;
    return false;
}

static bool convert(ext_call *c, const ext_policy *p, PyObject *function)
{
    if ((c->high = has_high_values(c)))
        return false;
    c->at =
        c->flat.leaves.n <= FEW ? c->small : PyMem_Malloc(sizeof *c->at * (size_t)c->flat.leaves.n);
    if (!c->at) {
        PyErr_NoMemory();
        return false;
    }
    for (int64_t i = 0; i < c->flat.leaves.n; i++) {
        PyObject *o = c->flat.leaves.at[i];
        if ((c->at[i] = ext_try_array(o, 0)))
            continue;
        if (PyErr_Occurred())
            return false;
        if (!p->lenient)
            return ext_bad_leaf(function, c->def = flattening_def(&c->flat), i, o);
    }
    if (p->lenient)
        flattening_let_pass(&c->flat, c->at);
    c->n = c->flat.leaves.n;
    return true;
}

bool ext_call_begin(ext_call *c, PyObject *const *args, Py_ssize_t n, PyObject *names,
                    const ext_policy *p, PyObject *function)
{
    c->flat = (flattening){0};
    c->high = false;
    c->def = NULL;
    c->at = c->small;
    if (n <= FEW && !names && !p->statics.n && !p->lenient_at.n &&
        (!p->only.at || (n == 1 && p->only.n == 1)) && plain_call(c, args, n))
        return true;
    if (PyErr_Occurred())
        return false;
    if (!flatten(c, args, n, names, p) || !convert(c, p, function))
        return false;
    return (c->def = flattening_def(&c->flat)) != NULL;
}

void ext_call_end(ext_call *c)
{
    object_release(c->def);
    flattening_free(&c->flat);
    if (c->at != c->small)
        PyMem_Free(c->at);
}

PyObject *ext_wrap_tree(const treedef *d, int64_t n, const ct_array *leaves)
{
    if (d->count == 1 && n == 1)
        return ext_wrap_array(leaves[0]);
    PyObject *small[64], **objects = n <= 64 ? small : PyMem_Malloc(sizeof *objects * (size_t)n),
                         *out = NULL;
    int64_t made = 0;
    for (; objects && made < n; made++)
        if (!(objects[made] = ext_wrap_array(leaves[made])))
            break;
    if (objects && made == n)
        out = tree_unflatten(d, objects);
    while (made)
        Py_DECREF(objects[--made]);
    if (objects != small)
        PyMem_Free(objects);
    return out;
}

PyObject *ext_call_run(ct_fn f, const ext_call *c)
{
    treedef *out_def = NULL;
    int64_t nout = 0;
    ct_array *out = NULL;
    bool good = fn_call(f, c->def, c->n, c->at, &out_def, &nout, &out) && ct_ok();
    PyObject *result = NULL;
    if (!good)
        ext_raise();
    else
        result = ext_wrap_tree(out_def, nout, out);
    object_release(out_def);
    base_free(out);
    return result;
}

ct_tree ext_tree(PyObject *o, const char *what)
{
    flattening f = {0};
    ct_tree t = NULL;
    ct_array *leaves = NULL;
    bool good = tree_flatten_into(&f, o, NULL, 0) &&
                (leaves = PyMem_Malloc(sizeof *leaves * (size_t)(f.leaves.n + 1)));
    for (int64_t i = 0; good && i < f.leaves.n; i++)
        good = (leaves[i] = ext_array(f.leaves.at[i], what, 0)) != NULL;
    int64_t n = f.leaves.n;
    treedef *d = good ? flattening_def(&f) : NULL;
    if (d && is_poison(t = tree_new(d, n, leaves))) {
        ext_raise();
        t = NULL;
    }
    object_release(d);
    PyMem_Free(leaves);
    flattening_free(&f);
    return t;
}
