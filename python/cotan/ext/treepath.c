/* Key paths: where in a pytree each leaf stands. */
#include "ext.h"

typedef struct walk {
    PyObject *paths;   /* a list, one path a leaf */
    PyObject *is_leaf; /* may be NULL */
    bool takes_path;   /* is_leaf is asked about (path, x), not x */
    flattening flat;
} walk;

static bool leaf_found(walk *w, PyObject *path, PyObject *o)
{
    return !PyList_Append(w->paths, path) && tree_push_leaf(&w->flat, o);
}

/* 1, 0, or -1 after an exception. */
static int asked_for(const walk *w, PyObject *path, PyObject *o)
{
    if (!w->is_leaf)
        return 0;
    PyObject *given[] = {path, o}, *answer = w->takes_path
                                                 ? PyObject_Vectorcall(w->is_leaf, given, 2, NULL)
                                                 : PyObject_CallOneArg(w->is_leaf, o);
    int leaf = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return leaf;
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
    int leaf = asked_for(w, path, o);
    if (leaf)
        return leaf > 0 && leaf_found(w, path, o);
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
    if (good)
        good = tree_push_node(&w->flat, node);
    else if (node.host)
        node.host->release(node.data);
    Py_XDECREF(keys);
    Py_DECREF(children);
    return good;
}

/* _tree_paths(tree, is_leaf, takes_path) -> (paths, leaves, structure), in one walk: is_leaf may
 * remember what it saw. */
static PyObject *tree_paths(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3)
        return PyErr_Format(PyExc_TypeError, "_tree_paths(tree, is_leaf, takes_path)");
    walk w = {.paths = PyList_New(0),
              .is_leaf = args[1] == Py_None ? NULL : args[1],
              .takes_path = PyObject_IsTrue(args[2]) > 0};
    PyObject *empty = PyTuple_New(0), *out = NULL;
    if (w.paths && empty && descend(&w, empty, args[0])) {
        PyObject *leaves = flattening_leaves(&w.flat);
        treedef *d = leaves ? flattening_def(&w.flat) : NULL;
        PyObject *def = d ? tree_wrap_def(d) : NULL;
        out = def ? PyTuple_Pack(3, w.paths, leaves, def) : NULL;
        Py_XDECREF(leaves);
        Py_XDECREF(def);
    }
    Py_XDECREF(empty);
    Py_XDECREF(w.paths);
    flattening_free(&w.flat);
    return out;
}

PyMethodDef ext_treepath_methods[] = {
    {"_tree_paths", EXT_FASTCALL(tree_paths), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
