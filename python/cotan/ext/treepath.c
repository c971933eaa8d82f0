/* Key paths: where in a pytree each leaf stands. */
#include "ext.h"

typedef struct walk {
    PyObject *paths, *leaves, *is_leaf; /* paths may be NULL: not wanted */
    flattening *f;
} walk;

static bool leaf_found(walk *w, PyObject *path, PyObject *o)
{
    return !PyList_Append(w->paths, path) && !PyList_Append(w->leaves, o);
}

static PyObject *longer(PyObject *path, PyObject *key)
{
    Py_ssize_t n = PyTuple_GET_SIZE(path);
    PyObject *t = PyTuple_New(n + 1);
    for (Py_ssize_t i = 0; t && i < n; i++)
        PyTuple_SET_ITEM(t, i, Py_NewRef(PyTuple_GET_ITEM(path, i)));
    if (t)
        PyTuple_SET_ITEM(t, n, Py_NewRef(key));
    return t;
}

static bool descend(walk *w, PyObject *path, PyObject *o)
{
    if (w->is_leaf) {
        PyObject *answer = PyObject_CallOneArg(w->is_leaf, o);
        int leaf = answer ? PyObject_IsTrue(answer) : -1;
        Py_XDECREF(answer);
        if (leaf)
            return leaf > 0 && leaf_found(w, path, o);
    }
    tree_node node;
    PyObject *children = tree_children(o, &node, 0);
    if (!children)
        return !PyErr_Occurred() && leaf_found(w, path, o);
    PyObject *keys = tree_node_keys(&node, o);
    bool good = keys != NULL && !Py_EnterRecursiveCall(" while walking a pytree");
    if (good) {
        for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(children); i++) {
            PyObject *below = longer(path, PyList_GET_ITEM(keys, i));
            good = below && descend(w, below, PyList_GET_ITEM(children, i));
            Py_XDECREF(below);
        }
        Py_LeaveRecursiveCall();
    }
    if (node.host)
        node.host->release(node.data);
    Py_XDECREF(keys);
    Py_DECREF(children);
    return good;
}

/* _tree_paths(tree, is_leaf) -> (paths, leaves) */
static PyObject *tree_paths(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 2)
        return PyErr_Format(PyExc_TypeError, "_tree_paths(tree, is_leaf)");
    walk w = {.paths = PyList_New(0),
              .leaves = PyList_New(0),
              .is_leaf = args[1] == Py_None ? NULL : args[1]};
    PyObject *empty = PyTuple_New(0), *out = NULL;
    if (w.paths && w.leaves && empty && descend(&w, empty, args[0]))
        out = PyTuple_Pack(2, w.paths, w.leaves);
    Py_XDECREF(empty);
    Py_XDECREF(w.paths);
    Py_XDECREF(w.leaves);
    return out;
}

PyMethodDef ext_treepath_methods[] = {
    {"_tree_paths", EXT_FASTCALL(tree_paths), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
