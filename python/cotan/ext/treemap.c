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

static PyObject *is_leaf_option(PyObject *const *args, Py_ssize_t n, PyObject *names,
                                Py_ssize_t position)
{
    PyObject *f = n > position ? args[position] : keyword(args, n, names, "is_leaf");
    return f == Py_None ? NULL : f;
}

static PyObject *first_argument(PyObject *const *args, Py_ssize_t n, PyObject *names,
                                const char *function)
{
    PyObject *t = n ? args[0] : keyword(args, n, names, "tree");
    return t ? t
             : PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: 'tree'",
                            function);
}

static PyObject *leaf_list(flattening *f)
{
    PyObject *list = PyList_New(f->leaves.n);
    for (int64_t i = 0; list && i < f->leaves.n; i++)
        PyList_SET_ITEM(list, i, f->leaves.at[i]);
    if (list)
        f->leaves.n = 0;
    return list;
}

static PyObject *tree_flatten(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *tree = first_argument(args, n, names, "tree_flatten"), *out = NULL;
    flattening f = {0};
    if (tree && tree_flatten_into(&f, tree, is_leaf_option(args, n, names, 1), 0)) {
        treedef *d = flattening_def(&f);
        PyObject *list = d ? leaf_list(&f) : NULL, *def = list ? tree_wrap_def(d) : NULL;
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
    PyObject *tree = first_argument(args, n, names, "tree_leaves"),
             *none = keyword(args, n, names, "none_is_leaf"), *out = NULL;
    flattening f = {0};
    if (tree && tree_flatten_into(&f, tree, is_leaf_option(args, n, names, 1),
                                  none == Py_True ? FLATTEN_NONE_IS_LEAF : 0))
        out = leaf_list(&f);
    flattening_free(&f);
    return out;
}

static PyObject *tree_structure(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    PyObject *tree = first_argument(args, n, names, "tree_structure"), *out = NULL;
    flattening f = {0};
    if (tree && tree_flatten_into(&f, tree, is_leaf_option(args, n, names, 1), 0)) {
        treedef *d = flattening_def(&f);
        out = d ? tree_wrap_def(d) : NULL;
    }
    flattening_free(&f);
    return out;
}

static PyObject *tree_unflatten_call(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2)
        return PyErr_Format(PyExc_TypeError,
                            "tree_unflatten(treedef, leaves) takes 2 arguments, got %zd", n);
    return tree_def_of(args[0]) ? PyObject_CallMethod(args[0], "unflatten", "(O)", args[1]) : NULL;
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
    PyObject *f = n ? args[0] : keyword(args, n, names, "f");
    PyObject *tree = keyword(args, n, names, "tree");
    if (!f || (n < 2 && !tree))
        return PyErr_Format(PyExc_TypeError, "map() missing %s",
                            f ? "1 required positional argument: 'tree'"
                              : "2 required positional arguments: 'f' and 'tree'");
    PyObject *is_leaf = is_leaf_option(args, n, names, PY_SSIZE_T_MAX);
    if (n < 2)
        return map_trees(f, &tree, 1, is_leaf);
    if (n - 1 > 16)
        return PyErr_Format(PyExc_NotImplementedError, "tree_map takes up to 16 trees, got %zd",
                            n - 1);
    return map_trees(f, args + 1, n - 1, is_leaf);
}

/* reduce(function, tree, initializer=..., is_leaf=None) */
static PyObject *tree_reduce(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *f = n ? args[0] : NULL, *tree = n > 1 ? args[1] : keyword(args, n, names, "tree");
    PyObject *value = n > 2 ? args[2] : keyword(args, n, names, "initializer");
    if (!f || !tree)
        return PyErr_Format(
            PyExc_TypeError,
            "reduce(function, tree, initializer=..., is_leaf=None) needs a function and a tree");
    flattening flat = {0};
    if (!tree_flatten_into(&flat, tree, is_leaf_option(args, n, names, 3), 0)) {
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
    PyObject *tree = first_argument(args, n, names, "tree_all");
    flattening f = {0};
    int all = tree && tree_flatten_into(&f, tree, is_leaf_option(args, n, names, 1), 0) ? 1 : -1;
    for (int64_t i = 0; all > 0 && i < f.leaves.n; i++)
        all = PyObject_IsTrue(f.leaves.at[i]);
    flattening_free(&f);
    return all < 0 ? NULL : PyBool_FromLong(all);
}

static PyObject *tree_transpose(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3)
        return PyErr_Format(PyExc_TypeError,
                            "tree_transpose(outer, inner, tree) takes 3 arguments");
    treedef *outer = tree_def_of(args[0]), *inner = NULL;
    flattening f = {0}, first = {0};
    PyObject *out = NULL, **flat = NULL;
    if (!outer || (args[1] != Py_None && !(inner = tree_def_of(args[1]))))
        return NULL;
    if (inner)
        object_retain(inner);
    int64_t no = treedef_leaves(outer);
    PyObject **subtrees = PyMem_Calloc((size_t)no + 1, sizeof *subtrees);
    bool good = subtrees && tree_flatten_up_to(outer->count, outer->nodes, args[2],
                                               "tree_transpose's outer structure", subtrees);
    if (good && !inner) {
        good = no > 0 && tree_flatten_into(&first, subtrees[0], NULL, 0) &&
               (inner = flattening_def(&first));
        if (!no)
            PyErr_SetString(PyExc_TypeError, "the inner structure of an empty tree is unknown: "
                                             "give tree_transpose the inner treedef");
    }
    int64_t ni = good ? treedef_leaves(inner) : 0;
    flat = good ? PyMem_Calloc((size_t)(no * ni) + 1, sizeof *flat) : NULL;
    for (int64_t o = 0; flat && good && o < no; o++)
        good = tree_flatten_up_to(inner->count, inner->nodes, subtrees[o],
                                  "tree_transpose's inner structure", flat + o * ni);
    PyObject **column = good && flat ? PyMem_Calloc((size_t)(no + 1), sizeof *column) : NULL,
             **rows = column ? PyMem_Calloc((size_t)(ni + 1), sizeof *rows) : NULL;
    for (int64_t i = 0; rows && good && i < ni; i++) {
        for (int64_t o = 0; o < no; o++)
            column[o] = flat[o * ni + i];
        good = (rows[i] = tree_unflatten(outer, column)) != NULL;
    }
    if (rows && good)
        out = tree_unflatten(inner, rows);
    for (int64_t i = 0; rows && i < ni; i++)
        Py_XDECREF(rows[i]);
    for (int64_t i = 0; flat && i < no * ni; i++)
        Py_XDECREF(flat[i]);
    for (int64_t o = 0; subtrees && o < no; o++)
        Py_XDECREF(subtrees[o]);
    PyMem_Free(rows);
    PyMem_Free(column);
    PyMem_Free(flat);
    PyMem_Free(subtrees);
    flattening_free(&first);
    flattening_free(&f);
    object_release(inner);
    return out;
}

/* all_leaves(iterable): whether none of the objects is a container. */
static PyObject *all_leaves(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *fast = n ? PySequence_Fast(args[0], "an iterable is needed") : NULL,
             *is_leaf = is_leaf_option(args, n, names, 1);
    bool all = true;
    for (Py_ssize_t i = 0; fast && all && i < PySequence_Fast_GET_SIZE(fast); i++) {
        flattening f = {0};
        all = tree_flatten_into(&f, PySequence_Fast_GET_ITEM(fast, i), is_leaf, 0) &&
              f.nodes.n == 1 && f.nodes.at[0].kind == TREE_LEAF;
        flattening_free(&f);
    }
    Py_XDECREF(fast);
    return fast && !PyErr_Occurred() ? PyBool_FromLong(all) : NULL;
}

static PyObject *treedef_tuple(PyObject *self, PyObject *defs)
{
    PyObject *fast = PySequence_Fast(defs, "an iterable of PyTreeDefs is needed");
    if (!fast)
        return NULL;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    treedef **children = PyMem_Malloc(sizeof *children * (size_t)(n + 1)), *out = NULL;
    bool good = children != NULL;
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = (children[i] = tree_def_of(PySequence_Fast_GET_ITEM(fast, i))) != NULL;
    if (good && !(out = treedef_join((tree_node){.kind = TREE_TUPLE}, n, children)))
        ext_raise();
    PyMem_Free(children);
    Py_DECREF(fast);
    return out ? tree_wrap_def(out) : NULL;
}

#define ROW(name, function, doc)                                                                   \
    {                                                                                              \
        name, EXT_FASTCALL(function), METH_FASTCALL | METH_KEYWORDS, doc                           \
    }
PyMethodDef ext_treemap_methods[] = {
    ROW("tree_flatten", tree_flatten, "(leaves, structure) of a pytree."),
    ROW("tree_leaves", tree_leaves_of, "The leaves of a pytree as a list."),
    ROW("tree_structure", tree_structure, "The structure of a pytree."),
    {"tree_unflatten", EXT_FASTCALL(tree_unflatten_call), METH_FASTCALL,
     "The pytree of a structure with the given leaves."},
    ROW("tree_map", tree_map,
        "A function applied leaf by leaf to pytrees of one structure; results stand in the same "
        "structure."),
    ROW("tree_reduce", tree_reduce, "Leaves combined two by two from left to right."),
    ROW("tree_all", tree_all, "Whether all leaves are true."),
    {"tree_transpose", EXT_FASTCALL(tree_transpose), METH_FASTCALL,
     "A tree of trees turned inside out."},
    ROW("all_leaves", all_leaves, "Whether none of the objects is a container."),
    {"treedef_tuple", treedef_tuple, METH_O, "The structure of a tuple of such trees."},
    {NULL, NULL, 0, NULL},
};
