/* x.at[index].set(values) and its relatives: two small helper objects that remember the array and
 * the index. */
#include "ext.h"
#include "numpy/index.h"

typedef struct at_object {
    PyObject_HEAD PyObject *array, *index; /* index: NULL for x.at itself */
} at_object;
static PyTypeObject *helper_type, *ref_type;

static PyObject *make(PyTypeObject *type, PyObject *array, PyObject *index)
{
    at_object *o = PyObject_New(at_object, type);
    if (o) {
        o->array = Py_NewRef(array);
        o->index = Py_XNewRef(index);
    }
    return (PyObject *)o;
}

static void at_dealloc(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    Py_XDECREF(((at_object *)self)->array);
    Py_XDECREF(((at_object *)self)->index);
    t->tp_free(self);
    Py_DECREF(t);
}

PyObject *ext_at(PyObject *self, void *closure) { return make(helper_type, self, NULL); }
static PyObject *helper_subscript(PyObject *self, PyObject *index)
{
    return make(ref_type, ((at_object *)self)->array, index);
}

static PyObject *at_repr(PyObject *self)
{
    at_object *o = (at_object *)self;
    return o->index ? PyUnicode_FromFormat("_IndexUpdateRef(%R, %R)", o->array, o->index)
                    : PyUnicode_FromFormat("_IndexUpdateHelper(%R)", o->array);
}

/* ---- options ---- */

static bool mode_option(PyObject *o, index_mode *mode)
{
    PyObject *name;
    if (!ext_word(o, &name))
        return false;
    const char *s = name ? PyUnicode_AsUTF8(name) : NULL;
    bool good = (s || !name) && index_mode_named(s, mode);
    Py_XDECREF(name);
    if (!good)
        ext_raise();
    return good;
}

static bool option(index_options *p, PyObject *name, PyObject *value, const char *method)
{
    const char *s = PyUnicode_AsUTF8(name);
    int truth = 0;
    if (!s)
        return false;
    if (!strcmp(s, "mode"))
        return mode_option(value, &p->mode);
    if (!strcmp(s, "fill_value")) {
        p->fill_given = value != Py_None;
        p->fill_value = p->fill_given ? PyFloat_AsDouble(value) : 0;
        return !PyErr_Occurred();
    }
    if (!strcmp(s, "out_sharding"))
        return true;
    bool sorted = !strcmp(s, "indices_are_sorted"), unique = !strcmp(s, "unique_indices"),
         wrap = !strcmp(s, "wrap_negative_indices");
    if (!sorted && !unique && !wrap) {
        PyErr_Format(PyExc_TypeError, "at[...].%s() got an unexpected keyword argument '%U'",
                     method, name);
        return false;
    }
    if ((truth = PyObject_IsTrue(value)) < 0)
        return false;
    if (sorted)
        p->indices_are_sorted = truth;
    else if (unique)
        p->unique_indices = truth;
    else
        p->keep_negative = !truth;
    return true;
}

static bool options(index_options *p, PyObject *const *args, Py_ssize_t n, PyObject *names,
                    const char *method)
{
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++)
        if (!option(p, PyTuple_GET_ITEM(names, k), args[n + k], method))
            return false;
    return true;
}

/* ---- updates ---- */

static PyObject *update(PyObject *self, index_update how, const char *method, PyObject *const *args,
                        Py_ssize_t n, PyObject *names)
{
    at_object *o = (at_object *)self;
    index_options p = {0};
    ext_index parsed;
    PyObject *rest = NULL, *value = n ? args[0] : NULL;
    Py_ssize_t given = n;
    if (!n && names && PyTuple_GET_SIZE(names) &&
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "values") == 0) {
        value = args[0];
        rest = names = PyTuple_GetSlice(names, 1, PY_SSIZE_T_MAX);
        given = 1;
        if (!names)
            return NULL;
    }
    if (!value || n > 1) {
        Py_XDECREF(rest);
        return PyErr_Format(PyExc_TypeError,
                            "at[...].%s() takes one positional argument, the values", method);
    }
    if (!options(&p, args, given, names, method)) {
        Py_XDECREF(rest);
        return NULL;
    }
    Py_XDECREF(rest);
    ct_scope scope = ct_begin();
    ct_array values = ext_array(value, method, CONVERT_LISTS), r = NULL;
    if (values && ext_parse_index(o->index, &parsed)) {
        r = numpy_index_update(ext_value_of(o->array), parsed.n, parsed.items, how, values, &p);
        arena_free(&parsed.arena);
        return ext_finish(scope, r);
    }
    ct_end_(scope, NULL);
    return NULL;
}

#define UPDATE(name, how)                                                                          \
    static PyObject *ref_##name(PyObject *self, PyObject *const *args, Py_ssize_t n,               \
                                PyObject *names)                                                   \
    {                                                                                              \
        return update(self, how, #name, args, n, names);                                           \
    }
UPDATE(set, INDEX_SET)
UPDATE(add, INDEX_ADD)
UPDATE(subtract, INDEX_SUBTRACT)
UPDATE(multiply, INDEX_MULTIPLY)
UPDATE(divide, INDEX_DIVIDE)
UPDATE(power, INDEX_POWER)
UPDATE(min, INDEX_MIN)
UPDATE(max, INDEX_MAX)

static PyObject *ref_get(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    at_object *o = (at_object *)self;
    index_options p = {0};
    ext_index parsed;
    if (n)
        return PyErr_Format(PyExc_TypeError, "at[...].get() takes keyword arguments only");
    if (!options(&p, args, n, names, "get"))
        return NULL;
    ct_scope scope = ct_begin();
    if (!ext_parse_index(o->index, &parsed)) {
        ct_end_(scope, NULL);
        return NULL;
    }
    ct_array r = numpy_index(ext_value_of(o->array), parsed.n, parsed.items, &p);
    arena_free(&parsed.arena);
    return ext_finish(scope, r);
}

static PyObject *ref_apply(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    at_object *o = (at_object *)self;
    index_options p = {0};
    ext_index parsed;
    if (n != 1 || !PyCallable_Check(args[0]))
        return PyErr_Format(
            PyExc_TypeError,
            "at[...].apply() takes one positional argument, a function of an array");
    if (!options(&p, args, n, names, "apply"))
        return NULL;
    ct_scope scope = ct_begin();
    ct_fn f = ext_callable(args[0]);
    if (!f || !ext_parse_index(o->index, &parsed)) {
        ct_end_(scope, NULL);
        return NULL;
    }
    ct_array r = numpy_index_apply(ext_value_of(o->array), parsed.n, parsed.items, f, &p);
    arena_free(&parsed.arena);
    return ext_finish(scope, r);
}

#define ROW(name, doc)                                                                             \
    {                                                                                              \
#name, EXT_FASTCALL(ref_##name), METH_FASTCALL | METH_KEYWORDS, doc                        \
    }
static PyMethodDef ref_methods[] = {
    ROW(set, "A copy with x[index] = values."),
    ROW(add, "A copy with x[index] += values."),
    ROW(subtract, "A copy with x[index] -= values."),
    ROW(multiply, "A copy with x[index] *= values."),
    ROW(divide, "A copy with x[index] /= values."),
    ROW(power, "A copy with x[index] **= values."),
    ROW(min, "A copy with the smaller of x[index] and values."),
    ROW(max, "A copy with the larger of x[index] and values."),
    ROW(get, "x[index], with a choice of what an index out of bounds does."),
    ROW(apply, "A copy with a function applied to x[index]."),
    {"mul", EXT_FASTCALL(ref_multiply), METH_FASTCALL | METH_KEYWORDS, NULL},
    {NULL, NULL, 0, NULL},
};

bool ext_init_at(PyObject *module)
{
    static PyType_Slot helper[] = {{Py_tp_dealloc, (void *)at_dealloc},
                                   {Py_tp_repr, (void *)at_repr},
                                   {Py_mp_subscript, (void *)helper_subscript},
                                   {0, NULL}};
    static PyType_Slot ref[] = {{Py_tp_dealloc, (void *)at_dealloc},
                                {Py_tp_repr, (void *)at_repr},
                                {Py_tp_methods, ref_methods},
                                {0, NULL}};
    static PyType_Spec helper_spec = {"jax._src.numpy.array_methods._IndexUpdateHelper",
                                      sizeof(at_object), 0, Py_TPFLAGS_DEFAULT, helper};
    static PyType_Spec ref_spec = {"jax._src.numpy.array_methods._IndexUpdateRef",
                                   sizeof(at_object), 0, Py_TPFLAGS_DEFAULT, ref};
    helper_type = ext_add_type(module, &helper_spec, NULL);
    ref_type = ext_add_type(module, &ref_spec, NULL);
    return helper_type && ref_type;
}
