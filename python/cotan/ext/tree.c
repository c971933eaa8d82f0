/* Pytrees of Python objects: taking containers apart into leaves and tree nodes, and building them
 * again.
 *
 * Nodes are those of array.h's treedef, in post-order; their data are Python objects: the sorted
 * keys of a dict, and for registered containers a pair (registration, auxiliary data). The objects
 * of the API are in treedef.c, tree_map and its kin in treemap.c, key paths in treepath.c. */
#include "ext.h"

/* ---- Python data in nodes ---- */

/* How a class is taken apart; `fields` for dataclasses, functions otherwise. */
typedef struct registration {
    PyObject_HEAD PyObject *type, *flatten, *unflatten, *with_keys, *data_fields, *meta_fields;
    char kind; /* 'f' functions, 'd' dataclass, 'n' namedtuple, 'o' OrderedDict, 'D' defaultdict,
                  's' static */
    unsigned int version; /* of a namedtuple's class, when `plain` was found out */
    bool plain;           /* made by nothing but collections.namedtuple's own __new__ */
} registration;
static PyTypeObject *registration_type;

/* Auxiliary data is only ever compared: equal objects of a careless class may hash differently. */
static uint64_t data_hash(void *data)
{
    PyObject *first = PyTuple_Check((PyObject *)data) && PyTuple_GET_SIZE((PyObject *)data)
                          ? PyTuple_GET_ITEM((PyObject *)data, 0)
                          : NULL;
    if (first && Py_IS_TYPE(first, registration_type))
        return (uint64_t)(uintptr_t)first >> 4;
    Py_hash_t h = PyObject_Hash(data);
    if (h == -1) {
        PyErr_Clear();
        return PyTuple_Check((PyObject *)data) ? (uint64_t)PyTuple_GET_SIZE((PyObject *)data) : 1;
    }
    return (uint64_t)h;
}

static bool data_equal(void *a, void *b)
{
    int equal = a == b ? 1 : PyObject_RichCompareBool(a, b, Py_EQ);
    if (equal < 0)
        PyErr_Clear();
    return equal > 0;
}

static void data_retain(void *data) { Py_XINCREF((PyObject *)data); }

static void data_release(void *data)
{
    if (data && Py_IsInitialized())
        Py_DECREF((PyObject *)data);
}

/* The registration in a custom node's data; NULL for the keys of a dict and for static values. */
static const registration *registered(PyObject *data)
{
    PyObject *first =
        PyTuple_Check(data) && PyTuple_GET_SIZE(data) == 2 ? PyTuple_GET_ITEM(data, 0) : NULL;
    return first && Py_IS_TYPE(first, registration_type) ? (const registration *)first : NULL;
}

static void object_repr(PyObject *o, text *out)
{
    PyObject *s = PyObject_Repr(o);
    const char *u = s ? PyUnicode_AsUTF8(s) : NULL;
    text_add(out, "%s", u ? u : "?");
    PyErr_Clear();
    Py_XDECREF(s);
}

/* Class[auxiliary data] of a custom node, the repr of other data. */
static void data_repr(void *data, text *out)
{
    const registration *r = registered(data);
    if (!r) {
        object_repr(data, out);
        return;
    }
    const char *name = ((PyTypeObject *)r->type)->tp_name, *dot = strrchr(name, '.');
    name = dot ? dot + 1 : name;
    text_add(out, r->kind == 'n' ? "namedtuple[%s" : "%s[", name);
    if (r->kind != 'n')
        object_repr(PyTuple_GET_ITEM((PyObject *)data, 1), out);
    text_add(out, "]");
}

/* The keys by which a registered container names its children, where that is a matter of its
 * class and auxiliary data: of an ordered or default dict. */
static PyObject *keys_in(const registration *r, PyObject *aux)
{
    return r->kind == 'o' ? aux : r->kind == 'D' ? PyTuple_GET_ITEM(aux, 1) : NULL;
}

/* ['key'] of a dict, .field of a dataclass; classes whose keys are found by a function of theirs
 * are named by position here, and by their own keys in treepath.c. */
static void data_entry(void *data, int64_t i, text *out)
{
    const registration *r = registered(data);
    PyObject *keys = r ? keys_in(r, PyTuple_GET_ITEM((PyObject *)data, 1)) : data,
             *fields = r ? r->data_fields : NULL;
    if (fields) {
        text_add(out, ".%s", PyUnicode_AsUTF8(PyTuple_GET_ITEM(fields, i)));
    } else if (keys) {
        text_add(out, "[");
        object_repr(PyTuple_GET_ITEM(keys, i), out);
        text_add(out, "]");
    } else {
        text_add(out, "[<flat index %lld>]", (long long)i);
    }
}

const tree_host ext_tree_host = {.hash = data_hash,
                                 .equal = data_equal,
                                 .retain = data_retain,
                                 .release = data_release,
                                 .repr = data_repr,
                                 .entry = data_entry};

tree_node tree_static_node(PyObject *value)
{
    return (tree_node){.kind = TREE_STATIC, .host = &ext_tree_host, .data = Py_NewRef(value)};
}

/* Objects that only pass through are told apart by identity. */
static uint64_t pass_hash(void *data) { return (uint64_t)(uintptr_t)data >> 4; }
static bool pass_equal(void *a, void *b) { return a == b; }
static const tree_host pass_host = {.hash = pass_hash,
                                    .equal = pass_equal,
                                    .retain = data_retain,
                                    .release = data_release,
                                    .repr = data_repr,
                                    .entry = data_entry};

tree_node tree_passing_node(PyObject *value)
{
    return (tree_node){.kind = TREE_STATIC, .host = &pass_host, .data = Py_NewRef(value)};
}

/* ---- the order of a dict's keys, remembered ---- */

/* Sorting is the cost of taking a dict apart, and programs meet the same keys again and again: the
 * order is kept under the keys' identities. */
typedef struct key_order {
    int64_t n;
    PyObject **inserted; /* strong */
    PyObject *sorted;    /* tuple */
    int32_t *place;      /* place[i]: where the i-th inserted key is in sorted order */
} key_order;
static key_order orders[256];

static void order_clear(key_order *k)
{
    for (int64_t i = 0; i < k->n; i++)
        Py_DECREF(k->inserted[i]);
    base_free(k->inserted);
    base_free(k->place);
    Py_CLEAR(k->sorted);
    *k = (key_order){0};
}

static bool order_fits(const key_order *k, PyObject *dict)
{
    if (!k->sorted || k->n != PyDict_GET_SIZE(dict))
        return false;
    Py_ssize_t position = 0;
    PyObject *key, *value;
    for (int64_t i = 0; PyDict_Next(dict, &position, &key, &value); i++)
        if (key != k->inserted[i])
            return false;
    return true;
}

static bool order_make(key_order *k, PyObject *dict)
{
    order_clear(k);
    PyObject *list = PyDict_Keys(dict), *index = list ? PyDict_New() : NULL;
    if (!index || PyList_Sort(list) < 0) {
        if (index && PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            PyErr_SetString(PyExc_ValueError,
                            "Comparator raised exception while sorting pytree dictionary keys.");
        }
        Py_XDECREF(index);
        Py_XDECREF(list);
        return false;
    }
    int64_t n = PyList_GET_SIZE(list);
    k->inserted = base_alloc(sizeof *k->inserted * (size_t)(n + 1));
    k->place = base_alloc(sizeof *k->place * (size_t)(n + 1));
    k->sorted = PyList_AsTuple(list);
    bool good = k->inserted && k->place && k->sorted;
    if (!k->inserted || !k->place)
        ext_raise();
    for (int64_t i = 0; good && i < n; i++) {
        PyObject *at = PyLong_FromLongLong(i);
        good = at && !PyDict_SetItem(index, PyTuple_GET_ITEM(k->sorted, i), at);
        Py_XDECREF(at);
    }
    Py_ssize_t position = 0;
    PyObject *key, *value;
    for (int64_t i = 0; good && PyDict_Next(dict, &position, &key, &value); i++) {
        PyObject *at = PyDict_GetItemWithError(index, key);
        good = at != NULL;
        k->place[i] = good ? (int32_t)PyLong_AsLong(at) : 0;
        k->inserted[i] = Py_NewRef(key);
        k->n = i + 1;
    }
    Py_DECREF(index);
    Py_DECREF(list);
    if (!good)
        order_clear(k);
    return good;
}

static const key_order *order_of(PyObject *dict)
{
    uint64_t h = (uint64_t)PyDict_GET_SIZE(dict);
    Py_ssize_t position = 0;
    PyObject *key, *value;
    for (int i = 0; i < 3 && PyDict_Next(dict, &position, &key, &value); i++)
        h = base_mix(h, (uint64_t)(uintptr_t)key);
    key_order *k = &orders[h % countof(orders)];
    return order_fits(k, dict) || order_make(k, dict) ? k : NULL;
}

/* ---- registered containers ---- */

static PyObject *registry; /* type -> registration */
static PyObject *ordered_dict, *default_dict;

static void registration_dealloc(PyObject *self)
{
    registration *r = (registration *)self;
    PyTypeObject *t = Py_TYPE(self);
    Py_XDECREF(r->type);
    Py_XDECREF(r->flatten);
    Py_XDECREF(r->unflatten);
    Py_XDECREF(r->with_keys);
    Py_XDECREF(r->data_fields);
    Py_XDECREF(r->meta_fields);
    t->tp_free(self);
    Py_DECREF(t);
}

static bool is_builtin_container(PyObject *type)
{
    return type == (PyObject *)&PyList_Type || type == (PyObject *)&PyTuple_Type ||
           type == (PyObject *)&PyDict_Type || type == (PyObject *)Py_TYPE(Py_None);
}

static registration *registration_add(PyObject *type, char kind)
{
    if (PyDict_Contains(registry, type) || is_builtin_container(type)) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "Duplicate custom PyTreeDef type registration for %R.",
                         type);
        return NULL;
    }
    registration *r = PyObject_New(registration, registration_type);
    if (!r)
        return NULL;
    memset(&r->type, 0, sizeof *r - offsetof(registration, type));
    r->type = Py_NewRef(type);
    r->kind = kind;
    int failed = PyDict_SetItem(registry, type, (PyObject *)r);
    Py_DECREF(r);
    return failed ? NULL : r;
}

static registration *registration_of(PyObject *o)
{
    PyTypeObject *t = Py_TYPE(o);
    registration *r = (registration *)PyDict_GetItemWithError(registry, (PyObject *)t);
    if (r || PyErr_Occurred())
        return r;
    if (PyTuple_Check(o)) { /* a namedtuple registers itself */
        PyObject *fields = NULL;
        if (_PyObject_LookupAttr((PyObject *)t, PyUnicode_InternFromString("_fields"), &fields) <
                0 ||
            !fields)
            return NULL;
        r = registration_add((PyObject *)t, 'n');
        if (r)
            r->data_fields = fields;
        else
            Py_DECREF(fields);
        return r;
    }
    return NULL;
}

/* Whether objects of a class are containers. */
static PyObject *is_tree_node(PyObject *self, PyObject *type)
{
    if (is_builtin_container(type))
        Py_RETURN_TRUE;
    int known = PyDict_Contains(registry, type);
    if (!known && PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type))
        known = PyObject_HasAttrString(type, "_fields");
    return known < 0 ? NULL : PyBool_FromLong(known);
}

static PyObject *register_functions(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n < 3)
        return PyErr_Format(
            PyExc_TypeError,
            "register_pytree_node(type, flatten, unflatten, flatten_with_keys=None)");
    registration *r = registration_add(args[0], 'f');
    if (!r)
        return NULL;
    r->flatten = Py_NewRef(args[1]);
    r->unflatten = Py_NewRef(args[2]);
    r->with_keys = n > 3 && args[3] != Py_None ? Py_NewRef(args[3]) : NULL;
    Py_RETURN_NONE;
}

static PyObject *register_fields(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3 || !PyTuple_Check(args[1]) || !PyTuple_Check(args[2]))
        return PyErr_Format(PyExc_TypeError, "register_fields(type, data_fields, meta_fields)");
    registration *r = registration_add(args[0], 'd');
    if (!r)
        return NULL;
    r->data_fields = Py_NewRef(args[1]);
    r->meta_fields = Py_NewRef(args[2]);
    Py_RETURN_NONE;
}

static PyObject *register_static(PyObject *self, PyObject *type)
{
    return registration_add(type, 's') ? Py_NewRef(type) : NULL;
}

/* ---- taking apart ---- */

bool tree_push_node(flattening *f, tree_node node)
{
    if (vec_push(&f->nodes, node))
        return true;
    if (node.host)
        node.host->release(node.data);
    ext_raise();
    return false;
}

bool tree_push_leaf(flattening *f, PyObject *o)
{
    if (!tree_push_node(f, (tree_node){.kind = TREE_LEAF}))
        return false;
    if (!vec_push(&f->leaves, o)) {
        ext_raise();
        return false;
    }
    Py_INCREF(o);
    return true;
}

static bool flatten_one(flattening *f, PyObject *o, PyObject *is_leaf, int flags);

static bool flatten_items(flattening *f, PyObject *const *items, Py_ssize_t n, PyObject *is_leaf,
                          int flags)
{
    for (Py_ssize_t i = 0; i < n; i++)
        if (!flatten_one(f, items[i], is_leaf, flags))
            return false;
    return true;
}

static bool flatten_dict(flattening *f, PyObject *o, PyObject *is_leaf, int flags)
{
    Py_ssize_t n = PyDict_GET_SIZE(o), position = 0;
    if (!n)
        return tree_push_node(f, (tree_node){.kind = TREE_DICT});
    const key_order *k = order_of(o);
    if (!k)
        return false;
    PyObject *keys = Py_NewRef(k->sorted), *key, *value, *small[64],
             **values = n <= 64 ? small : PyMem_Malloc(sizeof *values * (size_t)n);
    bool good = values != NULL;
    if (!values)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; good && PyDict_Next(o, &position, &key, &value); i++)
        values[k->place[i]] = Py_NewRef(value); /* flatten functions may change the dict */
    bool done = good && flatten_items(f, values, n, is_leaf, flags);
    for (Py_ssize_t i = 0; good && i < n; i++)
        Py_DECREF(values[i]);
    if (values != small)
        PyMem_Free(values);
    if (!done) {
        Py_DECREF(keys);
        return false;
    }
    return tree_push_node(
        f, (tree_node){.kind = TREE_DICT, .arity = n, .host = &ext_tree_host, .data = keys});
}

static PyObject *attributes(PyObject *o, PyObject *names)
{
    PyObject *t = PyTuple_New(PyTuple_GET_SIZE(names));
    for (Py_ssize_t i = 0; t && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *v = PyObject_GetAttr(o, PyTuple_GET_ITEM(names, i));
        if (!v) {
            Py_DECREF(t);
            return NULL;
        }
        PyTuple_SET_ITEM(t, i, v);
    }
    return t;
}

/* Children as a tuple, and auxiliary data. */
static PyObject *open_registered(const registration *r, PyObject *o, PyObject **aux)
{
    *aux = NULL;
    PyObject *pair, *children = NULL;
    switch (r->kind) {
    case 'n':
        *aux = Py_NewRef(Py_None);
        return Py_NewRef(o); /* a tuple itself */
    case 's':
        *aux = Py_NewRef(o);
        return PyTuple_New(0);
    case 'd':
        *aux = attributes(o, r->meta_fields);
        return *aux ? attributes(o, r->data_fields) : NULL;
    case 'o': { /* keeps its own order */
        PyObject *keys = PySequence_Tuple(o), *values = keys ? PyMapping_Values(o) : NULL;
        *aux = keys;
        children = values ? PySequence_Tuple(values) : NULL;
        Py_XDECREF(values);
        return children;
    }
    case 'D': {
        const key_order *k = order_of(o);
        PyObject *factory = k ? PyObject_GetAttrString(o, "default_factory") : NULL;
        *aux = factory ? PyTuple_Pack(2, factory, k->sorted) : NULL;
        Py_XDECREF(factory);
        if (!*aux || !(children = PyTuple_New(k->n)))
            return NULL;
        for (int64_t i = 0; i < k->n; i++)
            PyTuple_SET_ITEM(
                children, i,
                Py_XNewRef(PyDict_GetItemWithError(o, PyTuple_GET_ITEM(k->sorted, i))));
        return children;
    }
    default:
        break;
    }
    pair = PyObject_CallOneArg(r->flatten, o);
    if (!pair)
        return NULL;
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_Format(PyExc_ValueError,
                     "The to_iterable function for a custom PyTree node should return a (children, "
                     "aux_data) tuple, but that of %R returned %R",
                     r->type, pair);
    } else if ((children = PySequence_Tuple(PyTuple_GET_ITEM(pair, 0)))) {
        *aux = Py_NewRef(PyTuple_GET_ITEM(pair, 1));
    } else if (PyErr_ExceptionMatches(PyExc_TypeError) &&
               !PyObject_HasAttrString(PyTuple_GET_ITEM(pair, 0), "__iter__")) {
        PyErr_Format(PyExc_ValueError,
                     "The to_iterable function for a custom PyTree node should return a (children, "
                     "aux_data) tuple where 'children' is iterable, but that of %R returned %R",
                     r->type, pair);
    }
    Py_DECREF(pair);
    return children;
}

static bool registered_node(registration *r, PyObject *aux, Py_ssize_t n, tree_node *node)
{
    PyObject *data = PyTuple_Pack(2, (PyObject *)r, aux);
    *node = (tree_node){.kind = TREE_CUSTOM, .arity = n, .host = &ext_tree_host, .data = data};
    return data != NULL;
}

static bool flatten_registered(flattening *f, registration *r, PyObject *o, PyObject *is_leaf,
                               int flags)
{
    PyObject *aux, *children = open_registered(r, o, &aux);
    tree_node node;
    bool good = children &&
                flatten_items(f, &PyTuple_GET_ITEM(children, 0), PyTuple_GET_SIZE(children),
                              is_leaf, flags) &&
                registered_node(r, aux, PyTuple_GET_SIZE(children), &node) &&
                tree_push_node(f, node);
    Py_XDECREF(children);
    Py_XDECREF(aux);
    return good;
}

static bool flatten_one(flattening *f, PyObject *o, PyObject *is_leaf, int flags)
{
    if (is_leaf) {
        PyObject *answer = PyObject_CallOneArg(is_leaf, o);
        int leaf = answer ? PyObject_IsTrue(answer) : -1;
        Py_XDECREF(answer);
        if (leaf)
            return leaf > 0 && tree_push_leaf(f, o);
    }
    PyTypeObject *t = Py_TYPE(o);
    if (flags & FLATTEN_NUMBERS_ARE_STATIC &&
        (t == &PyBool_Type || t == &PyLong_Type || t == &PyFloat_Type || t == &PyComplex_Type))
        return tree_push_node(f, tree_static_node(o));
    if (t == ext_array_impl || t == &PyLong_Type || t == &PyFloat_Type)
        return tree_push_leaf(f, o);
    if (o == Py_None)
        return flags & FLATTEN_NONE_IS_LEAF ? tree_push_leaf(f, o)
                                            : tree_push_node(f, (tree_node){.kind = TREE_NONE});
    if (t != &PyTuple_Type && t != &PyList_Type && t != &PyDict_Type) {
        registration *r = registration_of(o);
        if (!r)
            return !PyErr_Occurred() && tree_push_leaf(f, o);
        if (Py_EnterRecursiveCall(" while flattening a pytree"))
            return false;
        bool good = flatten_registered(f, r, o, is_leaf, flags);
        Py_LeaveRecursiveCall();
        return good;
    }
    if (Py_EnterRecursiveCall(" while flattening a pytree"))
        return false;
    bool good;
    if (t == &PyDict_Type)
        good = flatten_dict(f, o, is_leaf, flags);
    else if (t == &PyTuple_Type)
        good = flatten_items(f, &PyTuple_GET_ITEM(o, 0), PyTuple_GET_SIZE(o), is_leaf, flags) &&
               tree_push_node(f, (tree_node){.kind = TREE_TUPLE, .arity = PyTuple_GET_SIZE(o)});
    else
        good = flatten_items(f, ((PyListObject *)o)->ob_item, PyList_GET_SIZE(o), is_leaf, flags) &&
               tree_push_node(f, (tree_node){.kind = TREE_LIST, .arity = PyList_GET_SIZE(o)});
    Py_LeaveRecursiveCall();
    return good;
}

bool tree_flatten_into(flattening *f, PyObject *tree, PyObject *is_leaf, int flags)
{
    return flatten_one(f, tree, is_leaf && is_leaf != Py_None ? is_leaf : NULL, flags);
}

void flattening_cut(flattening *f, int64_t nodes, int64_t leaves)
{
    while (f->nodes.n > nodes) {
        const tree_node *last = &f->nodes.at[--f->nodes.n];
        if (last->host)
            last->host->release(last->data);
    }
    while (f->leaves.n > leaves)
        Py_DECREF(f->leaves.at[--f->leaves.n]);
}

void flattening_let_pass(flattening *f, ct_array *at)
{
    int64_t leaf = 0, kept = 0;
    for (int64_t k = 0; k < f->nodes.n; k++) {
        if (f->nodes.at[k].kind != TREE_LEAF)
            continue;
        PyObject *o = f->leaves.at[leaf];
        if (at[leaf]) {
            at[kept] = at[leaf];
            f->leaves.at[kept++] = o;
        } else {
            f->nodes.at[k] = tree_passing_node(o);
            Py_DECREF(o);
        }
        leaf++;
    }
    f->leaves.n = kept;
}

void flattening_free(flattening *f)
{
    flattening_cut(f, 0, 0);
    vec_free(&f->nodes);
    vec_free(&f->leaves);
}

treedef *flattening_def(flattening *f)
{
    treedef *d = treedef_new(f->nodes.n, f->nodes.at);
    if (!d) {
        ext_raise();
        return NULL;
    }
    f->nodes.n = 0;
    return d;
}

PyObject *flattening_leaves(flattening *f)
{
    PyObject *list = PyList_New(f->leaves.n);
    for (int64_t i = 0; list && i < f->leaves.n; i++)
        PyList_SET_ITEM(list, i, f->leaves.at[i]);
    if (list)
        f->leaves.n = 0;
    return list;
}

PyObject *tree_children(PyObject *o, tree_node *node, int flags)
{
    *node = (tree_node){0};
    if (o == Py_None && !(flags & FLATTEN_NONE_IS_LEAF)) {
        node->kind = TREE_NONE;
        return PyList_New(0);
    }
    if (PyTuple_CheckExact(o) || PyList_CheckExact(o)) {
        *node = (tree_node){.kind = PyList_CheckExact(o) ? TREE_LIST : TREE_TUPLE,
                            .arity = PySequence_Size(o)};
        return PySequence_List(o);
    }
    if (PyDict_CheckExact(o)) {
        const key_order *k = order_of(o);
        PyObject *list = k ? PyList_New(k->n) : NULL;
        for (int64_t i = 0; list && i < k->n; i++)
            PyList_SET_ITEM(list, i,
                            Py_XNewRef(PyDict_GetItemWithError(o, PyTuple_GET_ITEM(k->sorted, i))));
        if (list && k->n)
            *node = (tree_node){.kind = TREE_DICT,
                                .arity = k->n,
                                .host = &ext_tree_host,
                                .data = Py_NewRef(k->sorted)};
        else if (list) /* as flattening leaves it: no keys, nothing to hold */
            node->kind = TREE_DICT;
        return list;
    }
    registration *r = registration_of(o);
    if (!r)
        return NULL;
    PyObject *aux, *children = open_registered(r, o, &aux);
    if (children && !registered_node(r, aux, PyTuple_GET_SIZE(children), node))
        Py_CLEAR(children);
    Py_XDECREF(aux);
    PyObject *list = children ? PySequence_List(children) : NULL;
    Py_XDECREF(children);
    return list;
}

/* ---- building ---- */

/* A dict with a tuple's keys and no values to speak of, remembered under the tuple's identity: a
 * copy of one that is the right size already is the quickest way to a dict. */
static PyObject *dict_like(PyObject *keys)
{
    static struct {
        PyObject *keys, *dict; /* strong */
    } known[256];
    size_t at = ((uintptr_t)keys >> 4) % countof(known);
    if (known[at].keys != keys) {
        PyObject *dict = PyDict_New();
        for (Py_ssize_t i = 0; dict && i < PyTuple_GET_SIZE(keys); i++)
            if (PyDict_SetItem(dict, PyTuple_GET_ITEM(keys, i), Py_None) < 0)
                Py_CLEAR(dict);
        if (!dict)
            return NULL;
        Py_XSETREF(known[at].dict, dict);
        Py_XSETREF(known[at].keys, Py_NewRef(keys));
    }
    return PyDict_Copy(known[at].dict);
}

static PyObject *build_dict(const tree_node *n, PyObject *const *items)
{
    PyObject *d = n->host ? dict_like(n->data) : PyDict_New();
    for (int64_t i = 0; d && i < n->arity; i++) {
        PyObject *key = n->host ? Py_NewRef(PyTuple_GET_ITEM((PyObject *)n->data, i))
                                : PyUnicode_FromString(((char **)n->data)[i]);
        if (!key || PyDict_SetItem(d, key, items[i]) < 0)
            Py_CLEAR(d);
        Py_XDECREF(key);
    }
    return d;
}

static PyObject *items_tuple(const tree_node *n, PyObject *const *items)
{
    PyObject *t = PyTuple_New(n->arity);
    for (int64_t i = 0; t && i < n->arity; i++)
        PyTuple_SET_ITEM(t, i, Py_NewRef(items[i]));
    return t;
}

static PyObject *build_dataclass(const registration *r, PyObject *aux, PyObject *const *items)
{
    PyObject *kwargs = PyDict_New(), *none = PyTuple_New(0), *out = NULL;
    bool good = kwargs && none;
    for (Py_ssize_t i = 0; good && i < PyTuple_GET_SIZE(r->data_fields); i++)
        good = !PyDict_SetItem(kwargs, PyTuple_GET_ITEM(r->data_fields, i), items[i]);
    for (Py_ssize_t i = 0; good && i < PyTuple_GET_SIZE(r->meta_fields); i++)
        good =
            !PyDict_SetItem(kwargs, PyTuple_GET_ITEM(r->meta_fields, i), PyTuple_GET_ITEM(aux, i));
    if (good)
        out = PyObject_Call(r->type, none, kwargs);
    Py_XDECREF(kwargs);
    Py_XDECREF(none);
    return out;
}

static PyObject *build_mapping(PyObject *type, PyObject *keys, PyObject *factory,
                               PyObject *const *items)
{
    PyObject *d = factory ? PyObject_CallOneArg(type, factory) : PyObject_CallNoArgs(type);
    for (Py_ssize_t i = 0; d && i < PyTuple_GET_SIZE(keys); i++)
        if (PyObject_SetItem(d, PyTuple_GET_ITEM(keys, i), items[i]) < 0)
            Py_CLEAR(d);
    return d;
}

/* Whether the class makes its tuples as collections.namedtuple wrote it, in a function of Python
 * that only calls tuple.__new__. Asked again when the class has changed. */
static bool is_plain(registration *r)
{
    PyTypeObject *t = (PyTypeObject *)r->type;
    if (t->tp_version_tag && t->tp_version_tag == r->version)
        return r->plain;
    PyObject *make = PyObject_GetAttrString(r->type, "__new__"),
             *usual = PyObject_GetAttrString((PyObject *)&PyTuple_Type, "__new__");
    PyObject *called = make && PyFunction_Check(make)
                           ? PyDict_GetItemString(PyFunction_GET_GLOBALS(make), "_tuple_new")
                           : NULL;
    r->plain = called && called == usual && Py_IS_TYPE(t, &PyType_Type) &&
               t->tp_init == PyTuple_Type.tp_init;
    r->version = t->tp_version_tag;
    Py_XDECREF(make);
    Py_XDECREF(usual);
    PyErr_Clear();
    return r->plain;
}

static PyObject *build_namedtuple(registration *r, int64_t n, PyObject *const *items)
{
    if (!is_plain(r) || n != PyTuple_GET_SIZE(r->data_fields))
        return PyObject_Vectorcall(r->type, items, (size_t)n, NULL);
    PyTypeObject *t = (PyTypeObject *)r->type;
    PyObject *o = t->tp_alloc(t, n);
    for (int64_t i = 0; o && i < n; i++)
        PyTuple_SET_ITEM(o, i, Py_NewRef(items[i]));
    return o;
}

static PyObject *build_registered(const tree_node *n, PyObject *const *items)
{
    registration *r = (registration *)PyTuple_GET_ITEM((PyObject *)n->data, 0);
    PyObject *aux = PyTuple_GET_ITEM((PyObject *)n->data, 1);
    switch (r->kind) {
    case 'n':
        return build_namedtuple(r, n->arity, items);
    case 's':
        return Py_NewRef(aux);
    case 'd':
        return build_dataclass(r, aux, items);
    case 'o':
        return build_mapping(r->type, aux, NULL, items);
    case 'D':
        return build_mapping(r->type, PyTuple_GET_ITEM(aux, 1), PyTuple_GET_ITEM(aux, 0), items);
    default:
        break;
    }
    PyObject *children = items_tuple(n, items);
    PyObject *out =
        children ? PyObject_CallFunctionObjArgs(r->unflatten, aux, children, NULL) : NULL;
    Py_XDECREF(children);
    return out;
}

static PyObject *build(const tree_node *n, PyObject *const *items)
{
    PyObject *list;
    switch ((tree_kind)n->kind) {
    case TREE_LEAF:
        break;
    case TREE_NONE:
        Py_RETURN_NONE;
    case TREE_STATIC:
        return Py_NewRef((PyObject *)n->data);
    case TREE_TUPLE:
        return items_tuple(n, items);
    case TREE_LIST:
        list = PyList_New(n->arity);
        for (int64_t i = 0; list && i < n->arity; i++)
            PyList_SET_ITEM(list, i, Py_NewRef(items[i]));
        return list;
    case TREE_DICT:
        return build_dict(n, items);
    case TREE_CUSTOM:
        return build_registered(n, items);
    }
    return NULL;
}

PyObject *tree_unflatten_nodes(int64_t count, const tree_node *nodes, int64_t nleaves,
                               PyObject *const *leaves)
{
    PyObject *small[64],
        **stack = count <= 64 ? small : PyMem_Malloc(sizeof *stack * (size_t)count), *out = NULL;
    int64_t top = 0, next = 0;
    bool good = stack != NULL;
    if (!good)
        PyErr_NoMemory();
    for (int64_t k = 0; good && k < count; k++) {
        const tree_node *n = &nodes[k];
        if (n->kind == TREE_LEAF) {
            stack[top++] = Py_NewRef(leaves[next++]);
            continue;
        }
        PyObject *made = build(n, stack + top - n->arity);
        for (int64_t i = 0; i < n->arity; i++)
            Py_DECREF(stack[--top]);
        good = made != NULL;
        if (good)
            stack[top++] = made;
    }
    if (good)
        out = stack[--top];
    while (good ? false : top > 0)
        Py_DECREF(stack[--top]);
    if (stack != small)
        PyMem_Free(stack);
    return out;
}

/* ---- prefixes ---- */

static const char *kind_names[] = {"leaf", "None", "tuple", "list", "dict", "custom", "static"};

PyObject *tree_node_type(const tree_node *n)
{
    switch ((tree_kind)n->kind) {
    case TREE_TUPLE:
        return (PyObject *)&PyTuple_Type;
    case TREE_LIST:
        return (PyObject *)&PyList_Type;
    case TREE_DICT:
        return (PyObject *)&PyDict_Type;
    case TREE_NONE:
        return (PyObject *)Py_TYPE(Py_None);
    case TREE_CUSTOM:
        return ((registration *)PyTuple_GET_ITEM((PyObject *)n->data, 0))->type;
    case TREE_LEAF:
    case TREE_STATIC:
        break;
    }
    return NULL;
}

static bool mismatch(const tree_node *n, const tree_node *have, PyObject *o, const char *what)
{
    PyObject *expected = tree_node_type(n);
    if (expected != (PyObject *)Py_TYPE(o))
        PyErr_Format(PyExc_ValueError,
                     "pytree structure error: different types in %s: the first tree has a subtree "
                     "of type\n    %S\nbut the same place of the "
                     "other holds\n    %S.",
                     what, expected ? expected : Py_None, (PyObject *)Py_TYPE(o));
    else if (n->arity != have->arity)
        PyErr_Format(PyExc_ValueError,
                     "pytree structure error: different lengths of %s in %s: %lld in the first "
                     "tree, %lld in the other.",
                     kind_names[n->kind], what, (long long)n->arity, (long long)have->arity);
    else
        PyErr_Format(PyExc_ValueError,
                     "pytree structure error: different pytree metadata in %s: a subtree of type\n "
                     "   %S\nhas metadata\n    %R\nin the "
                     "first tree and\n    %R\nin the other.",
                     what, expected ? expected : Py_None, (PyObject *)n->data,
                     (PyObject *)have->data);
    return false;
}

static bool same_node(const tree_node *a, const tree_node *b)
{
    if (a->kind != b->kind || a->arity != b->arity)
        return false;
    if (a->host && b->host)
        return data_equal(a->data, b->data);
    return !a->host == !b->host;
}

/* Walks the nodes from the root down, with the objects that wait in a stack; children come off it
 * last first, as post-order read backwards wants them. */
bool tree_flatten_up_to(int64_t count, const tree_node *nodes, PyObject *tree, const char *what,
                        PyObject **leaves)
{
    int64_t next = 0;
    for (int64_t k = 0; k < count; k++)
        next += nodes[k].kind == TREE_LEAF;
    int64_t total = next;
    PyObject *agenda = PyList_New(0);
    bool good = agenda && !PyList_Append(agenda, tree);
    for (int64_t k = count; good && k-- > 0;) {
        const tree_node *n = &nodes[k];
        Py_ssize_t last = PyList_GET_SIZE(agenda) - 1;
        PyObject *o = Py_NewRef(PyList_GET_ITEM(agenda, last));
        good = !PyList_SetSlice(agenda, last, last + 1, NULL);
        if (n->kind == TREE_LEAF) {
            leaves[--next] = o;
            continue;
        }
        tree_node have;
        PyObject *children = tree_children(o, &have, 0);
        if (!children && !PyErr_Occurred())
            good = mismatch(n, &have, o, what);
        else
            good = good && children && (same_node(n, &have) || mismatch(n, &have, o, what));
        for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(children); i++)
            good = !PyList_Append(agenda, PyList_GET_ITEM(children, i));
        if (children && have.host)
            have.host->release(have.data);
        Py_XDECREF(children);
        Py_DECREF(o);
    }
    Py_XDECREF(agenda);
    for (int64_t i = next; !good && i < total; i++)
        Py_CLEAR(leaves[i]);
    return good;
}

/* ---- keys of one level ---- */

/* What flatten_with_keys calls the children. */
static PyObject *told_keys(const registration *r, PyObject *container)
{
    PyObject *pair = PyObject_CallOneArg(r->with_keys, container),
             *items = pair ? PySequence_GetItem(pair, 0) : NULL,
             *fast =
                 items ? PySequence_Fast(items, "flatten_with_keys must return (key, child) pairs")
                       : NULL,
             *list = fast ? PyList_New(0) : NULL;
    for (Py_ssize_t i = 0; list && i < PySequence_Fast_GET_SIZE(fast); i++) {
        PyObject *key = PySequence_GetItem(PySequence_Fast_GET_ITEM(fast, i), 0);
        if (!key || PyList_Append(list, key) < 0)
            Py_CLEAR(list);
        Py_XDECREF(key);
    }
    Py_XDECREF(fast);
    Py_XDECREF(items);
    Py_XDECREF(pair);
    return list;
}

static PyObject *number_key(tree_key_kind kind, int64_t i)
{
    PyObject *n = PyLong_FromLongLong(i), *key = n ? tree_key(kind, n) : NULL;
    Py_XDECREF(n);
    return key;
}

static PyObject *key_of(const tree_node *n, int64_t i)
{
    if (n->kind == TREE_DICT)
        return tree_key(KEY_DICT, PyTuple_GET_ITEM((PyObject *)n->data, i));
    if (n->kind != TREE_CUSTOM)
        return number_key(KEY_SEQUENCE, i);
    const registration *r = (registration *)PyTuple_GET_ITEM((PyObject *)n->data, 0);
    PyObject *keys = keys_in(r, PyTuple_GET_ITEM((PyObject *)n->data, 1));
    return keys             ? tree_key(KEY_DICT, PyTuple_GET_ITEM(keys, i))
           : r->data_fields ? tree_key(KEY_ATTRIBUTE, PyTuple_GET_ITEM(r->data_fields, i))
                            : number_key(KEY_FLAT_INDEX, i);
}

PyObject *tree_node_keys(const tree_node *n, PyObject *container)
{
    const registration *r =
        n->kind == TREE_CUSTOM ? (registration *)PyTuple_GET_ITEM((PyObject *)n->data, 0) : NULL;
    if (r && r->kind == 'f' && r->with_keys)
        return told_keys(r, container);
    PyObject *list = PyList_New(n->arity);
    for (int64_t i = 0; list && i < n->arity; i++) {
        PyObject *key = key_of(n, i);
        if (key)
            PyList_SET_ITEM(list, i, key);
        else
            Py_CLEAR(list);
    }
    return list;
}

PyMethodDef ext_tree_methods[] = {
    {"register_functions", EXT_FASTCALL(register_functions), METH_FASTCALL, NULL},
    {"register_fields", EXT_FASTCALL(register_fields), METH_FASTCALL, NULL},
    {"register_static", register_static, METH_O, NULL},
    {"is_tree_node", is_tree_node, METH_O,
     "is_tree_node(typ)\n--\n\nWhether objects of a class are pytrees' nodes."},
    {NULL, NULL, 0, NULL},
};

static bool builtin(const char *name, char kind, PyObject **out)
{
    PyObject *m = PyImport_ImportModule("collections");
    *out = m ? PyObject_GetAttrString(m, name) : NULL;
    Py_XDECREF(m);
    return *out && registration_add(*out, kind);
}

bool ext_init_registry(PyObject *module); /* treedef.c calls it */
bool ext_init_registry(PyObject *module)
{
    static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)registration_dealloc}, {0, NULL}};
    static PyType_Spec spec = {"cotan._cotan.registration", sizeof(registration), 0,
                               Py_TPFLAGS_DEFAULT, slots};
    registry = PyDict_New();
    registration_type = ext_add_type(module, &spec, NULL);
    PyObject *shown = registry ? PyDictProxy_New(registry) : NULL;
    int failed = shown ? PyModule_AddObjectRef(module, "_registered", shown) : -1;
    Py_XDECREF(shown);
    return !failed && registration_type && builtin("OrderedDict", 'o', &ordered_dict) &&
           builtin("defaultdict", 'D', &default_dict);
}
