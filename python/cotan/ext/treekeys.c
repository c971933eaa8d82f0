/* One step of a path into a pytree: SequenceKey, DictKey, GetAttrKey and FlattenedIndexKey of
 * jax.tree_util. They differ in the name of their field and in how a path shows them. Next:
 * treepath.c. */
#include "ext.h"

typedef struct key_object {
    PyObject_HEAD PyObject *value;
} key_object;

static PyTypeObject *base;
static struct key_class {
    const char *name, *field, *text; /* text: as str() shows it, %R or %S of the value */
    PyTypeObject *type;
} classes[] = {
    [KEY_SEQUENCE] = {"jax.tree_util.SequenceKey", "idx", "[%R]", NULL},
    [KEY_DICT] = {"jax.tree_util.DictKey", "key", "[%R]", NULL},
    [KEY_ATTRIBUTE] = {"jax.tree_util.GetAttrKey", "name", ".%S", NULL},
    [KEY_FLAT_INDEX] = {"jax.tree_util.FlattenedIndexKey", "key", "[<flat index %S>]", NULL},
};

static PyObject *value_of(PyObject *self) { return ((key_object *)self)->value; }

static const struct key_class *class_of(PyObject *self)
{
    size_t k = 0;
    while (k + 1 < countof(classes) && !PyType_IsSubtype(Py_TYPE(self), classes[k].type))
        k++;
    return &classes[k];
}

static PyObject *key_make(PyTypeObject *type, PyObject *value)
{
    PyObject *self = type->tp_alloc(type, 0);
    if (self)
        ((key_object *)self)->value = Py_NewRef(value);
    return self;
}

PyObject *tree_key(tree_key_kind kind, PyObject *value)
{
    return key_make(classes[kind].type, value);
}

static PyObject *key_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    size_t k = 0;
    while (k < countof(classes) && !PyType_IsSubtype(type, classes[k].type))
        k++;
    if (k == countof(classes))
        return PyErr_Format(PyExc_TypeError, "cannot create '%s' instances", type->tp_name);
    const char *field = classes[k].field;
    Py_ssize_t given = PyTuple_GET_SIZE(args), named = kwargs ? PyDict_GET_SIZE(kwargs) : 0;
    PyObject *value =
        given ? PyTuple_GET_ITEM(args, 0) : (named ? PyDict_GetItemString(kwargs, field) : NULL);
    if (value && given + named == 1)
        return key_make(type, value);
    PyObject *all = kwargs ? PyDict_Keys(kwargs) : PyList_New(0);
    if (all)
        PyErr_Format(PyExc_TypeError, "%s() takes one argument, '%s', but got %zd and %S",
                     classes[k].name, field, given, all);
    Py_XDECREF(all);
    return NULL;
}

static void key_dealloc(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    Py_XDECREF(value_of(self));
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *key_compare(PyObject *a, PyObject *b, int comparison)
{
    if (comparison != Py_EQ && comparison != Py_NE)
        Py_RETURN_NOTIMPLEMENTED;
    if (Py_TYPE(a) != Py_TYPE(b))
        return PyBool_FromLong(comparison == Py_NE);
    return PyObject_RichCompare(value_of(a), value_of(b), comparison);
}

static Py_hash_t key_hash(PyObject *self)
{
    Py_hash_t h = PyObject_Hash(value_of(self));
    if (h == -1)
        return -1;
    h = (Py_hash_t)base_mix((uint64_t)h, (uint64_t)(uintptr_t)Py_TYPE(self));
    return h == -1 ? -2 : h;
}

static PyObject *key_repr(PyObject *self)
{
    const char *name = Py_TYPE(self)->tp_name, *dot = strrchr(name, '.');
    return PyUnicode_FromFormat("%s(%s=%R)", dot ? dot + 1 : name, class_of(self)->field,
                                value_of(self));
}

static PyObject *key_str(PyObject *self)
{
    return PyUnicode_FromFormat(class_of(self)->text, value_of(self));
}

static PyObject *key_reduce(PyObject *self, PyObject *unused)
{
    return Py_BuildValue("(O(O))", (PyObject *)Py_TYPE(self), value_of(self));
}

static bool add_class(PyObject *module, struct key_class *c)
{
    PyMemberDef members[] = {
        {(char *)(uintptr_t)c->field, T_OBJECT, offsetof(key_object, value), READONLY, NULL},
        {NULL, 0, 0, 0, NULL}};
    PyType_Slot slots[] = {{Py_tp_members, members}, {0, NULL}};
    PyType_Spec spec = {c->name, sizeof(key_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                        slots};
    c->type = ext_add_type(module, &spec, base);
    PyObject *fields = c->type ? Py_BuildValue("(s)", c->field) : NULL;
    int failed =
        fields ? PyObject_SetAttrString((PyObject *)c->type, "__match_args__", fields) : -1;
    Py_XDECREF(fields);
    return !failed;
}

bool ext_init_treekeys(PyObject *module)
{
    static PyMethodDef methods[] = {{"__reduce__", key_reduce, METH_NOARGS, NULL},
                                    {NULL, NULL, 0, NULL}};
    static PyMemberDef members[] = {
        {"_value", T_OBJECT, offsetof(key_object, value), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)key_new},
        {Py_tp_dealloc, (void *)key_dealloc},
        {Py_tp_richcompare, (void *)key_compare},
        {Py_tp_hash, (void *)key_hash},
        {Py_tp_repr, (void *)key_repr},
        {Py_tp_str, (void *)key_str},
        {Py_tp_methods, methods},
        {Py_tp_members, members},
        {Py_tp_doc, (void *)(uintptr_t) "One step of a path into a pytree."},
        {0, NULL}};
    static PyType_Spec spec = {"jax.tree_util.KeyEntry", sizeof(key_object), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    base = ext_add_type(module, &spec, NULL);
    for (size_t k = 0; base && k < countof(classes); k++)
        if (!add_class(module, &classes[k]))
            return false;
    return base != NULL;
}
