/* PyTreeDef: the structure of a pytree as an object of Python, over the library's treedef. */
#include "ext.h"

typedef struct tree_object {
    PyObject_HEAD treedef *def;
} tree_object;
static PyTypeObject *type;

PyObject *tree_wrap_def(treedef *d)
{
    tree_object *o = d ? PyObject_New(tree_object, type) : NULL;
    if (o)
        o->def = d;
    else
        object_release(d);
    return (PyObject *)o;
}

treedef *tree_def_of(PyObject *o)
{
    if (Py_IS_TYPE(o, type))
        return ((tree_object *)o)->def;
    PyErr_Format(PyExc_TypeError, "a PyTreeDef is needed, not %R", o);
    return NULL;
}

static void def_dealloc(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    object_release(((tree_object *)self)->def);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *def_repr(PyObject *self)
{
    text t = {0};
    treedef_text(&t, ((tree_object *)self)->def);
    char *s = text_end(&t);
    PyObject *o = s ? PyUnicode_FromString(s) : ext_raise();
    base_free(s);
    return o;
}

static Py_hash_t def_hash(PyObject *self)
{
    Py_hash_t h = (Py_hash_t)((tree_object *)self)->def->hash;
    return h == -1 ? -2 : h;
}

static PyObject *def_compare(PyObject *a, PyObject *b, int comparison)
{
    if ((comparison != Py_EQ && comparison != Py_NE) || !Py_IS_TYPE(b, type))
        Py_RETURN_NOTIMPLEMENTED;
    bool equal = treedef_equal(((tree_object *)a)->def, ((tree_object *)b)->def);
    return PyBool_FromLong(equal == (comparison == Py_EQ));
}

static PyObject *wrong_count(int64_t expected, Py_ssize_t got)
{
    return PyErr_Format(PyExc_ValueError, "Too %s leaves for PyTreeDef; expected %lld, got %zd",
                        got < expected ? "few" : "many", (long long)expected, got);
}

static PyObject *def_unflatten(PyObject *self, PyObject *leaves)
{
    treedef *d = ((tree_object *)self)->def;
    PyObject *fast = PySequence_Fast(leaves, "leaves must be iterable"), *out = NULL;
    if (!fast)
        return NULL;
    if (PySequence_Fast_GET_SIZE(fast) != treedef_leaves(d))
        wrong_count(treedef_leaves(d), PySequence_Fast_GET_SIZE(fast));
    else
        out = tree_unflatten(d, PySequence_Fast_ITEMS(fast));
    Py_DECREF(fast);
    return out;
}

static PyObject *def_flatten_up_to(PyObject *self, PyObject *tree)
{
    treedef *d = ((tree_object *)self)->def;
    int64_t n = treedef_leaves(d);
    PyObject *list = PyList_New(n);
    if (list &&
        !tree_flatten_up_to(d->count, d->nodes, tree, "the tree", ((PyListObject *)list)->ob_item))
        Py_CLEAR(list);
    return list;
}

static PyObject *def_children(PyObject *self, PyObject *unused)
{
    treedef *d = ((tree_object *)self)->def;
    int64_t n = d->nodes[d->count - 1].arity, first, leaves;
    PyObject *list = PyList_New(n);
    for (int64_t i = 0; list && i < n; i++) {
        treedef *c = treedef_child(d, i, &first, &leaves);
        PyObject *o = c ? tree_wrap_def(c) : ext_raise();
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    return list;
}

/* (type, metadata) of the root; None for a leaf. */
static PyObject *def_node_data(PyObject *self, PyObject *unused)
{
    treedef *d = ((tree_object *)self)->def;
    const tree_node *n = &d->nodes[d->count - 1];
    switch ((tree_kind)n->kind) {
    case TREE_TUPLE:
        return Py_BuildValue("(OO)", (PyObject *)&PyTuple_Type, Py_None);
    case TREE_LIST:
        return Py_BuildValue("(OO)", (PyObject *)&PyList_Type, Py_None);
    case TREE_NONE:
        return Py_BuildValue("(OO)", (PyObject *)Py_TYPE(Py_None), Py_None);
    case TREE_DICT: {
        PyObject *keys = n->data && n->host ? PySequence_List(n->data) : PyList_New(0);
        return keys ? Py_BuildValue("(ON)", (PyObject *)&PyDict_Type, keys) : NULL;
    }
    case TREE_CUSTOM:
        return Py_BuildValue("(OO)", tree_node_type(n), PyTuple_GET_ITEM((PyObject *)n->data, 1));
    case TREE_LEAF:
    case TREE_STATIC:
        break;
    }
    Py_RETURN_NONE;
}

/* The tree with another one in place of every leaf. */
static PyObject *def_compose(PyObject *self, PyObject *inner)
{
    treedef *d = ((tree_object *)self)->def, *i = tree_def_of(inner);
    if (!i)
        return NULL;
    vec(tree_node) nodes = {0};
    bool good = true;
    for (int64_t k = 0; good && k < d->count; k++) {
        bool leaf = d->nodes[k].kind == TREE_LEAF;
        for (int64_t j = 0; good && j < (leaf ? i->count : 1); j++) {
            tree_node n = leaf ? i->nodes[j] : d->nodes[k];
            good = vec_push(&nodes, n);
            if (good && n.host)
                n.host->retain(n.data);
        }
    }
    treedef *out = good ? treedef_new(nodes.n, nodes.at) : NULL;
    vec_free(&nodes);
    return out ? tree_wrap_def(out) : ext_raise();
}

static PyObject *def_reduce(PyObject *self, PyObject *unused)
{
    /* pickled as the structure with zeros for leaves */
    treedef *d = ((tree_object *)self)->def;
    int64_t n = treedef_leaves(d);
    PyObject *m = PyImport_ImportModule("cotan.tree_util"),
             *f = m ? PyObject_GetAttrString(m, "tree_structure") : NULL;
    PyObject *zero = PyLong_FromLong(0), *zeros = PyList_New(n), *tree = NULL;
    for (int64_t i = 0; zero && zeros && i < n; i++)
        PyList_SET_ITEM(zeros, i, Py_NewRef(zero));
    if (f && zero && zeros)
        tree = tree_unflatten(d, ((PyListObject *)zeros)->ob_item);
    PyObject *out = tree ? Py_BuildValue("(O(O))", f, tree) : NULL;
    Py_XDECREF(tree);
    Py_XDECREF(zeros);
    Py_XDECREF(zero);
    Py_XDECREF(f);
    Py_XDECREF(m);
    return out;
}

static PyObject *get_leaves(PyObject *self, void *c)
{
    return PyLong_FromLongLong(treedef_leaves(((tree_object *)self)->def));
}
static PyObject *get_nodes(PyObject *self, void *c)
{
    return PyLong_FromLongLong(((tree_object *)self)->def->count);
}

bool ext_init_registry(PyObject *module);

bool ext_init_trees(PyObject *module)
{
    static PyMethodDef methods[] = {
        {"unflatten", def_unflatten, METH_O, "The pytree of this structure with the given leaves."},
        {"flatten_up_to", def_flatten_up_to, METH_O, "The subtrees at this structure's leaves."},
        {"children", def_children, METH_NOARGS, "The structures of the root's children."},
        {"node_data", def_node_data, METH_NOARGS, "(type, metadata) of the root; None for a leaf."},
        {"compose", def_compose, METH_O, "This structure with another one in place of each leaf."},
        {"__reduce__", def_reduce, METH_NOARGS, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyGetSetDef getset[] = {{"num_leaves", get_leaves, NULL, NULL, NULL},
                                   {"num_nodes", get_nodes, NULL, NULL, NULL},
                                   {NULL, NULL, NULL, NULL, NULL}};
    static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)def_dealloc},
                                  {Py_tp_repr, (void *)def_repr},
                                  {Py_tp_hash, (void *)def_hash},
                                  {Py_tp_richcompare, (void *)def_compare},
                                  {Py_tp_methods, methods},
                                  {Py_tp_getset, getset},
                                  {0, NULL}};
    static PyType_Spec spec = {"jaxlib._jax.pytree.PyTreeDef", sizeof(tree_object), 0,
                               Py_TPFLAGS_DEFAULT, slots};
    type = ext_add_type(module, &spec, NULL);
    return type && ext_init_registry(module);
}
