/* jax.tree and jax.tree_util: functions over pytrees of any Python objects. */
#include "ext.h"

/* Finds keyword `name` among the trailing keywords. */
static PyObject *keyword(PyObject *const *args, Py_ssize_t n, PyObject *names, const char *name)
{
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), name) == 0)
            return args[n + k];
    return NULL;
}

static int position_of(PyObject *name, const char *const *params)
{
    int i = 0;
    while (params[i] && PyUnicode_CompareWithASCIIString(name, params[i]) != 0)
        i++;
    return params[i] ? i : -1;
}

/* Arguments in the order of the parameters, NULL where none was given or None. False after a
 * TypeError: too many, unknown, or fewer than the first `required`. */
static bool take(const char *who, PyObject *const *args, Py_ssize_t n, PyObject *names,
                 int required, const char *const *params, PyObject **out)
{
    int count = 0;
    for (; params[count]; count++)
        out[count] = count < n ? args[count] : NULL;
    if (n > count) {
        PyErr_Format(PyExc_TypeError, "%s() takes %d positional arguments but %zd were given", who,
                     count, n);
        return false;
    }
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
        PyObject *name = PyTuple_GET_ITEM(names, k);
        int i = position_of(name, params);
        if (i < 0 || out[i]) {
            PyErr_Format(PyExc_TypeError, "%s() got %s argument '%U'", who,
                         i < 0 ? "an unexpected keyword" : "multiple values for", name);
            return false;
        }
        out[i] = args[n + k];
    }
    for (int i = 0; i < count; i++)
        if (i < required && !out[i]) {
            PyErr_Format(PyExc_TypeError, "%s() missing a required argument: '%s'", who, params[i]);
            return false;
        } else if (i >= required && out[i] == Py_None) {
            out[i] = NULL;
        }
    return true;
}

static PyObject *tree_flatten(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const char *const params[] = {"tree", "is_leaf", NULL};
    PyObject *given[2], *out = NULL;
    flattening f = {0};
    if (take("tree_flatten", args, n, names, 1, params, given) &&
        tree_flatten_into(&f, given[0], given[1], 0)) {
        treedef *d = flattening_def(&f);
        PyObject *list = d ? flattening_leaves(&f) : NULL, *def = list ? tree_wrap_def(d) : NULL;
        out = def ? PyTuple_Pack(2, list, def) : NULL;
        Py_XDECREF(list);
        Py_XDECREF(def);
    }
    flattening_free(&f);
    return out;
}

static PyObject *tree_leaves_of(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    static const char *const params[] = {"tree", "is_leaf", "none_is_leaf", NULL};
    PyObject *given[3], *out = NULL;
    flattening f = {0};
    if (take("tree_leaves", args, n, names, 1, params, given) &&
        tree_flatten_into(&f, given[0], given[1], given[2] == Py_True ? FLATTEN_NONE_IS_LEAF : 0))
        out = flattening_leaves(&f);
    flattening_free(&f);
    return out;
}

static PyObject *tree_structure(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    static const char *const params[] = {"tree", "is_leaf", NULL};
    PyObject *given[2], *out = NULL;
    flattening f = {0};
    if (take("tree_structure", args, n, names, 1, params, given) &&
        tree_flatten_into(&f, given[0], given[1], 0)) {
        treedef *d = flattening_def(&f);
        out = d ? tree_wrap_def(d) : NULL;
    }
    flattening_free(&f);
    return out;
}

static PyObject *tree_unflatten_call(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                     PyObject *names)
{
    static const char *const params[] = {"treedef", "leaves", NULL};
    PyObject *given[2];
    return take("tree_unflatten", args, n, names, 2, params, given) && tree_def_of(given[0])
               ? PyObject_CallMethod(given[0], "unflatten", "(O)", given[1])
               : NULL;
}

/* f on the i-th leaf of each tree, into out; stops at the first exception. */
static int64_t map_leaves(PyObject *f, int64_t n, Py_ssize_t trees, PyObject **const *leaves,
                          PyObject **out)
{
    PyObject *call[17];
    for (int64_t i = 0; i < n; i++) {
        for (Py_ssize_t t = 0; t < trees; t++)
            call[t + 1] = leaves[t][i];
        out[i] =
            PyObject_Vectorcall(f, call + 1, (size_t)trees | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        if (!out[i])
            return i;
    }
    return n;
}

static PyObject *map_trees(PyObject *f, PyObject *const *trees, Py_ssize_t count, PyObject *is_leaf)
{
    flattening first = {0};
    PyObject **leaves[16] = {0}, **results = NULL, *out = NULL;
    bool good = tree_flatten_into(&first, trees[0], is_leaf, 0);
    int64_t n = first.leaves.n, made = 0;
    leaves[0] = first.leaves.at;
    Py_ssize_t opened = 1;
    for (Py_ssize_t t = 1; good && t < count; t++) {
        leaves[t] = PyMem_Calloc((size_t)n + 1, sizeof *leaves[t]);
        good = leaves[t] &&
               tree_flatten_up_to(first.nodes.n, first.nodes.at, trees[t], "tree_map", leaves[t]);
        opened = t + 1;
    }
    PyObject *small[64];
    results = !good ? NULL : n <= 64 ? small : PyMem_Malloc(sizeof *results * (size_t)n);
    if (results) {
        made = map_leaves(f, n, count, leaves, results);
        if (made == n)
            out = tree_unflatten_nodes(first.nodes.n, first.nodes.at, n, results);
        for (int64_t i = 0; i < made; i++)
            Py_DECREF(results[i]);
        if (results != small)
            PyMem_Free(results);
    }
    for (Py_ssize_t t = 1; t < opened; t++) {
        for (int64_t i = 0; leaves[t] && i < n; i++)
            Py_XDECREF(leaves[t][i]);
        PyMem_Free(leaves[t]);
    }
    flattening_free(&first);
    return out;
}

static PyObject *tree_map(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const char *const params[] = {"f", "tree", "is_leaf", NULL};
    PyObject *given[3], *is_leaf;
    if (n >= 2 && !names)
        is_leaf = NULL;
    else if (n < 2 || PyTuple_GET_SIZE(names) > 1 ||
             !(is_leaf = keyword(args, n, names, "is_leaf")))
        return take("tree_map", args, n < 2 ? n : 2, names, 2, params, given)
                   ? map_trees(given[0], &given[1], 1, given[2])
                   : NULL;
    if (n - 1 > 16)
        return PyErr_Format(PyExc_NotImplementedError, "tree_map takes up to 16 trees, got %zd",
                            n - 1);
    return map_trees(args[0], args + 1, n - 1, is_leaf == Py_None ? NULL : is_leaf);
}

/* reduce(function, tree, initializer=..., is_leaf=None) */
static PyObject *tree_reduce(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const char *const params[] = {"function", "tree", "initializer", "is_leaf", NULL};
    PyObject *given[4];
    if (!take("tree_reduce", args, n, names, 2, params, given))
        return NULL;
    PyObject *f = given[0],
             *value = n > 2 ? args[2] : keyword(args, n, names, "initializer"); /* None is one */
    flattening flat = {0};
    if (!tree_flatten_into(&flat, given[1], given[3], 0)) {
        flattening_free(&flat);
        return NULL;
    }
    int64_t i = value ? 0 : 1;
    if (!value && !flat.leaves.n)
        PyErr_SetString(PyExc_TypeError, "reduce() of empty iterable with no initial value");
    PyObject *total = value           ? Py_NewRef(value)
                      : flat.leaves.n ? Py_NewRef(flat.leaves.at[0])
                                      : NULL;
    for (; total && i < flat.leaves.n; i++)
        Py_SETREF(total, PyObject_CallFunctionObjArgs(f, total, flat.leaves.at[i], NULL));
    flattening_free(&flat);
    return total;
}

static PyObject *tree_all(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const char *const params[] = {"tree", "is_leaf", NULL};
    PyObject *given[2];
    flattening f = {0};
    int all = take("tree_all", args, n, names, 1, params, given) &&
                      tree_flatten_into(&f, given[0], given[1], 0)
                  ? 1
                  : -1;
    for (int64_t i = 0; all > 0 && i < f.leaves.n; i++)
        all = PyObject_IsTrue(f.leaves.at[i]);
    flattening_free(&f);
    return all < 0 ? NULL : PyBool_FromLong(all);
}

/* The structure of the first of the outer structure's subtrees; a new reference. */
static treedef *first_subtree(const treedef *outer, PyObject *tree)
{
    int64_t n = treedef_leaves(outer);
    PyObject **subtrees = PyMem_Calloc((size_t)n + 1, sizeof *subtrees);
    flattening f = {0};
    treedef *first = NULL;
    if (!n)
        PyErr_SetString(PyExc_IndexError, "the inner structure of an empty tree is unknown: "
                                          "give tree_transpose the inner treedef");
    else if (subtrees &&
             tree_flatten_up_to(outer->count, outer->nodes, tree,
                                "tree_transpose's outer structure", subtrees) &&
             tree_flatten_into(&f, subtrees[0], NULL, 0))
        first = flattening_def(&f);
    for (int64_t i = 0; subtrees && i < n; i++)
        Py_XDECREF(subtrees[i]);
    PyMem_Free(subtrees);
    flattening_free(&f);
    return first;
}

static bool transposable(flattening *f, PyObject *outer, treedef *inner, int64_t leaves)
{
    if (f->leaves.n == leaves)
        return true;
    object_retain(inner);
    PyObject *given = tree_wrap_def(flattening_def(f)), *within = tree_wrap_def(inner),
             *wanted = given && within ? PyObject_CallMethod(outer, "compose", "O", within) : NULL;
    if (wanted)
        PyErr_Format(PyExc_TypeError, "Mismatch\n%S\n != \n%S", given, wanted);
    Py_XDECREF(wanted);
    Py_XDECREF(within);
    Py_XDECREF(given);
    return false;
}

/* Leaves [outer][inner] as trees of the outer structure in one of the inner structure. Containers
 * may say in their structure what they hold, so nothing but the number of leaves is compared. */
static PyObject *turned(const treedef *outer, const treedef *inner, PyObject **leaves)
{
    int64_t no = treedef_leaves(outer), ni = treedef_leaves(inner);
    PyObject **column = PyMem_Calloc((size_t)no + 1, sizeof *column),
             **rows = PyMem_Calloc((size_t)ni + 1, sizeof *rows), *out = NULL;
    bool good = column && rows;
    for (int64_t i = 0; i < ni && good; i++) {
        for (int64_t o = 0; o < no; o++)
            column[o] = leaves[o * ni + i];
        good = (rows[i] = tree_unflatten(outer, column)) != NULL;
    }
    if (good)
        out = tree_unflatten(inner, rows);
    for (int64_t i = 0; rows && i < ni; i++)
        Py_XDECREF(rows[i]);
    PyMem_Free(rows);
    PyMem_Free(column);
    return out;
}

static PyObject *tree_transpose(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    static const char *const params[] = {"outer_treedef", "inner_treedef", "pytree_to_transpose",
                                         NULL};
    PyObject *given[3], *out = NULL;
    treedef *outer = NULL, *inner = NULL;
    flattening f = {0};
    if (!take("tree_transpose", args, n, names, 3, params, given) ||
        !(outer = tree_def_of(given[0])))
        return NULL;
    if (given[1] == Py_None)
        inner = first_subtree(outer, given[2]);
    else if ((inner = tree_def_of(given[1])))
        object_retain(inner);
    if (inner && tree_flatten_into(&f, given[2], NULL, 0) &&
        transposable(&f, given[0], inner, treedef_leaves(outer) * treedef_leaves(inner)))
        out = turned(outer, inner, f.leaves.at);
    flattening_free(&f);
    object_release(inner);
    return out;
}

/* all_leaves(iterable): whether none of the objects is a container. */
static PyObject *all_leaves(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const char *const params[] = {"iterable", "is_leaf", NULL};
    PyObject *given[2], *fast = take("all_leaves", args, n, names, 1, params, given)
                                    ? PySequence_Fast(given[0], "an iterable is needed")
                                    : NULL;
    bool all = true;
    for (Py_ssize_t i = 0; fast && all && i < PySequence_Fast_GET_SIZE(fast); i++) {
        flattening f = {0};
        all = tree_flatten_into(&f, PySequence_Fast_GET_ITEM(fast, i), given[1], 0) &&
              f.nodes.n == 1 && f.nodes.at[0].kind == TREE_LEAF;
        flattening_free(&f);
    }
    Py_XDECREF(fast);
    return fast && !PyErr_Occurred() ? PyBool_FromLong(all) : NULL;
}

static PyObject *treedef_tuple(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    static const char *const params[] = {"treedefs", NULL};
    PyObject *defs, *fast = take("treedef_tuple", args, n, names, 1, params, &defs)
                                ? PySequence_Fast(defs, "an iterable of PyTreeDefs is needed")
                                : NULL;
    if (!fast)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    treedef **children = PyMem_Malloc(sizeof *children * (size_t)(count + 1)), *out = NULL;
    bool good = children != NULL;
    for (Py_ssize_t i = 0; good && i < count; i++)
        good = (children[i] = tree_def_of(PySequence_Fast_GET_ITEM(fast, i))) != NULL;
    if (good && !(out = treedef_join((tree_node){.kind = TREE_TUPLE}, count, children)))
        ext_raise();
    PyMem_Free(children);
    Py_DECREF(fast);
    return out ? tree_wrap_def(out) : NULL;
}

#define ROW(name, function, signature, doc)                                                        \
    {                                                                                              \
        name, EXT_FASTCALL(function), METH_FASTCALL | METH_KEYWORDS, name signature "\n--\n\n" doc \
    }
PyMethodDef ext_treemap_methods[] = {
    ROW("tree_flatten", tree_flatten, "(tree, is_leaf=None)", "(leaves, structure) of a pytree."),
    ROW("tree_leaves", tree_leaves_of, "(tree, is_leaf=None)", "The leaves of a pytree as a list."),
    ROW("tree_structure", tree_structure, "(tree, is_leaf=None)", "The structure of a pytree."),
    ROW("tree_unflatten", tree_unflatten_call, "(treedef, leaves)",
        "The pytree of a structure with the given leaves."),
    ROW("tree_map", tree_map, "(f, tree, *rest, is_leaf=None)",
        "A function applied leaf by leaf to pytrees of one structure; results stand in the same "
        "structure."),
    ROW("tree_reduce", tree_reduce, "(function, tree, initializer=..., is_leaf=None)",
        "Leaves combined two by two from left to right."),
    ROW("tree_all", tree_all, "(tree, *, is_leaf=None)", "Whether all leaves are true."),
    ROW("tree_transpose", tree_transpose, "(outer_treedef, inner_treedef, pytree_to_transpose)",
        "A tree of trees turned inside out."),
    ROW("all_leaves", all_leaves, "(iterable, is_leaf=None)",
        "Whether none of the objects is a container."),
    ROW("treedef_tuple", treedef_tuple, "(treedefs)", "The structure of a tuple of such trees."),
    {NULL, NULL, 0, NULL},
};
