/* jax.Ref: mutable arrays. An object holds a reference of the library, concrete or traced. */
#include "ext.h"
#include "cotan/ref.h"
#include "numpy/refs.h"

PyTypeObject *ext_ref_type;

static PyObject *value_or_raise(ct_scope scope, ct_array a)
{
    PyObject *o = ext_wrap(a);
    ct_end_(scope, NULL);
    return o;
}

static PyObject *ref_subscript(PyObject *self, PyObject *index)
{
    ext_index i;
    ct_scope scope = ct_begin();
    ct_array a = ext_parse_index(index, &i) ? refs_get(ext_value_of(self), i.n, i.items) : NULL;
    PyObject *o = a ? ext_wrap(a) : NULL;
    arena_free(&i.arena);
    ct_end_(scope, NULL);
    return o;
}

/* The old part; NULL and an exception on failure. */
static PyObject *exchange(PyObject *self, PyObject *index, PyObject *value, const char *what)
{
    ext_index i;
    ct_scope scope = ct_begin();
    ct_array v = ext_array(value, what, 0);
    PyObject *o = NULL;
    if (v && ext_parse_index(index, &i)) {
        o = ext_wrap(refs_swap(ext_value_of(self), i.n, i.items, v));
        arena_free(&i.arena);
    }
    ct_end_(scope, NULL);
    return o;
}

static int ref_assign(PyObject *self, PyObject *index, PyObject *value)
{
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "elements of a mutable array cannot be deleted");
        return -1;
    }
    PyObject *old = exchange(self, index, value, "swap");
    Py_XDECREF(old);
    return old ? 0 : -1;
}

static Py_ssize_t ref_length(PyObject *self)
{
    const aval *a = &ext_value_of(self)->aval;
    if (a->ndim)
        return (Py_ssize_t)a->shape[0];
    PyErr_SetString(PyExc_TypeError, "len() of unsized object");
    return -1;
}

static PyObject *ref_repr(PyObject *self)
{
    ct_array r = ext_value_of(self);
    text t = {0};
    if (is_ref(r) && r->primal && is_array(r->primal)) {
        array_text(&t, r->primal, true);
        char *s = text_end(&t);
        PyObject *o =
            s ? PyUnicode_FromFormat("Ref%s", strncmp(s, "Array", 5) ? s : s + 5) : ext_raise();
        base_free(s);
        return o;
    }
    aval_text(&t, &r->aval, false);
    char *s = text_end(&t);
    PyObject *o = s ? PyUnicode_FromString(s) : ext_raise();
    base_free(s);
    return o;
}

static void ref_dealloc(PyObject *self)
{
    ext_value *o = (ext_value *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (o->weakrefs)
        PyObject_ClearWeakRefs(self);
    o->value->host = NULL;
    object_release(o->value);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *get_shape(PyObject *self, void *c)
{
    const aval *a = &ext_value_of(self)->aval;
    PyObject *shape = PyTuple_New(a->ndim);
    for (int k = 0; shape && k < a->ndim; k++)
        PyTuple_SET_ITEM(shape, k, PyLong_FromLongLong(a->shape[k]));
    return shape;
}

static PyObject *get_ndim(PyObject *self, void *c)
{
    return PyLong_FromLong(ext_value_of(self)->aval.ndim);
}
static PyObject *get_size(PyObject *self, void *c)
{
    return PyLong_FromLongLong(ext_value_of(self)->size);
}
static PyObject *get_dtype(PyObject *self, void *c)
{
    return ext_dtype((ct_dtype)ext_value_of(self)->aval.dtype);
}
static PyObject *get_weak(PyObject *self, void *c)
{
    return PyBool_FromLong(ext_value_of(self)->aval.weak);
}

/* What Python computes of the object: aval, sharding. */
static PyObject *get_computed(PyObject *self, void *name)
{
    PyObject *m = PyImport_ImportModule("cotan.ref"),
             *o = m ? PyObject_CallMethod(m, name, "O", self) : NULL;
    Py_XDECREF(m);
    return o;
}

static PyObject *new_ref(PyObject *self, PyObject *value)
{
    ct_scope scope = ct_begin();
    ct_array a = ext_array(value, "new_ref", 0);
    if (!a) {
        ct_end_(scope, NULL);
        return NULL;
    }
    return value_or_raise(scope, ct_new_ref(a));
}

static bool is_reference(PyObject *o, const char *what)
{
    if (Py_IS_TYPE(o, ext_ref_type))
        return true;
    PyErr_Format(PyExc_TypeError, "%s takes a jax.Ref, got %s", what, Py_TYPE(o)->tp_name);
    return false;
}

static PyObject *freeze(PyObject *self, PyObject *ref)
{
    if (!is_reference(ref, "freeze"))
        return NULL;
    ct_scope scope = ct_begin();
    return value_or_raise(scope, ct_freeze(ext_value_of(ref)));
}

static PyObject *swap(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3)
        return PyErr_Format(PyExc_TypeError, "_ref_swap(ref, index, value)");
    return is_reference(args[0], "swap") ? exchange(args[0], args[1], args[2], "swap") : NULL;
}

static PyObject *add(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 3)
        return PyErr_Format(PyExc_TypeError, "_ref_add(ref, index, value)");
    if (!is_reference(args[0], "addupdate"))
        return NULL;
    ext_index i;
    ct_scope scope = ct_begin();
    ct_array v = ext_array(args[2], "addupdate", 0);
    bool good = v != NULL;
    if (good && (good = ext_parse_index(args[1], &i))) {
        if (!(good = refs_add(ext_value_of(args[0]), i.n, i.items, v)))
            ext_raise();
        arena_free(&i.arena);
    }
    ct_end_(scope, NULL);
    return good ? Py_NewRef(Py_None) : NULL;
}

PyMethodDef ext_ref_methods[] = {
    {"_new_ref", new_ref, METH_O, NULL},
    {"_freeze", freeze, METH_O,
     "_freeze(ref)\n--\n\nThe value of a reference, which is not used any more."},
    {"_ref_swap", EXT_FASTCALL(swap), METH_FASTCALL, NULL},
    {"_ref_add", EXT_FASTCALL(add), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

bool ext_init_refs(PyObject *module)
{
#define NAME(literal) ((void *)(uintptr_t)(literal))
    static PyGetSetDef getset[] = {
        {"shape", get_shape, NULL, "Lengths of the axes.", NULL},
        {"ndim", get_ndim, NULL, "How many axes.", NULL},
        {"size", get_size, NULL, "How many elements.", NULL},
        {"dtype", get_dtype, NULL, "Type of the elements.", NULL},
        {"weak_type", get_weak, NULL, "Whether the dtype gives way to others.", NULL},
        {"aval", get_computed, NULL, "The type of the reference.", NAME("aval_of")},
        {"sharding", get_computed, NULL, "Where the value lives.", NAME("sharding_of")},
        {NULL, NULL, NULL, NULL, NULL}};
    static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(ext_value, weakrefs), READONLY, NULL},
        {NULL, 0, 0, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)ref_dealloc},
                                  {Py_tp_repr, (void *)ref_repr},
                                  {Py_tp_getset, getset},
                                  {Py_tp_members, members},
                                  {Py_mp_subscript, (void *)ref_subscript},
                                  {Py_mp_ass_subscript, (void *)ref_assign},
                                  {Py_mp_length, (void *)ref_length},
                                  {0, NULL}};
    static PyType_Spec spec = {"jax._src.core.Ref", sizeof(ext_value), 0, Py_TPFLAGS_DEFAULT,
                               slots};
    ext_ref_type = ext_add_type(module, &spec, NULL);
    return ext_ref_type != NULL;
}
