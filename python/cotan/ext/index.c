/* x[index]: a Python subscript becomes a list of index items, and src/numpy decides what they mean
 * together. Also iteration over rows. */
#include "ext.h"
#include "numpy/index.h"
#include "ops/ops.h"

static bool slice_part(PyObject *o, bool *given, int64_t *value)
{
    *given = o != Py_None;
    if (!*given)
        return true;
    if (PyLong_CheckExact(o)) {
        int overflow;
        *value = PyLong_AsLongLongAndOverflow(o, &overflow);
        if (overflow)
            *value = overflow < 0 ? INT64_MIN / 2 : INT64_MAX / 2;
        return true;
    }
    return ext_int(o, value, "a slice's bound");
}

static bool bad_slice(PyObject *slice)
{
    if (PyErr_ExceptionMatches(ext_exception(CT_TRACER_INTEGER_ERROR)))
        PyErr_Format(PyExc_IndexError,
                     "Slice entries must be static integers. Got %R. The size of the result must "
                     "be known while tracing: use jax.lax.dynamic_slice for a part of fixed size "
                     "at a traced position, or mark the bounds static (static_argnums).",
                     slice);
    return false;
}

static bool bad_index(PyObject *o)
{
    PyErr_Format(PyExc_TypeError,
                 "JAX arrays take integers, slices, None, Ellipsis and integer or boolean arrays "
                 "as indices, not %R of type %s",
                 o, Py_TYPE(o)->tp_name);
    return false;
}

/* jax.ds(start, size, stride): the attributes of _indexing.Slice. */
static bool run_item(PyObject *o, index_item *item)
{
    PyObject *start = PyObject_GetAttrString(o, "start"), *size = NULL, *stride = NULL;
    bool good = start && (size = PyObject_GetAttrString(o, "size")) &&
                (stride = PyObject_GetAttrString(o, "stride")) &&
                (item->array = ext_array(start, "ds", 0)) &&
                ext_int(size, &item->stop, "the size of a slice") &&
                ext_int(stride, &item->step, "the stride of a slice");
    if (good && (item->stop < 0 || item->step < 1)) {
        PyErr_Format(
            PyExc_ValueError,
            "a slice made by ds has a size of at least 0 and a stride of at least 1, got %R", o);
        good = false;
    }
    item->kind = INDEX_RUN;
    Py_XDECREF(start);
    Py_XDECREF(size);
    Py_XDECREF(stride);
    return good;
}

static bool is_run(PyObject *o)
{
    PyObject *module = PyImport_ImportModule("cotan._indexing"),
             *type = module ? PyObject_GetAttrString(module, "Slice") : NULL;
    bool run = type && (PyObject *)Py_TYPE(o) == type;
    Py_XDECREF(type);
    Py_XDECREF(module);
    return run;
}

/* A list or tuple inside an index is an array of places; NumPy's old reading of one that is the
 * whole index, as a tuple, is refused. */
static bool sequence_item(PyObject *o, bool whole, index_item *item)
{
    if (whole) {
        PyErr_Format(PyExc_TypeError, "Using a non-tuple sequence for multidimensional indexing is "
                                      "not allowed; use `arr[array(seq)]` instead of `arr[seq]`.");
        return false;
    }
    item->kind = INDEX_ARRAY;
    item->array = ext_array(o, "an index", CONVERT_LISTS);
    if (item->array && !is_poison(item->array) && !item->array->size)
        item->array =
            op_convert(item->array, dtype_default(FAMILY_INT), false); /* [] is no float */
    return item->array != NULL;
}

/* `whole`: o is all of the index, not a member of a tuple. */
static bool parse_item(PyObject *o, bool whole, index_item *item)
{
    if (PyBool_Check(o)) {
        item->kind = INDEX_ARRAY;
        item->array = array_scalar_int(CT_BOOL, false, o == Py_True);
    } else if (PyLong_Check(o)) {
        item->kind = INDEX_INTEGER;
        return ext_int(o, &item->start, "an index");
    } else if (PySlice_Check(o)) {
        PySliceObject *s = (PySliceObject *)o;
        item->kind = INDEX_SLICE;
        return (slice_part(s->start, &item->start_given, &item->start) &&
                slice_part(s->stop, &item->stop_given, &item->stop) &&
                slice_part(s->step, &item->step_given, &item->step)) ||
               bad_slice(o);
    } else if (o == Py_None) {
        item->kind = INDEX_NEWAXIS;
    } else if (o == Py_Ellipsis) {
        item->kind = INDEX_ELLIPSIS;
    } else if (PyUnicode_Check(o) || PyFloat_Check(o)) {
        return bad_index(o);
    } else if (PyList_Check(o) || PyTuple_Check(o)) {
        if (!sequence_item(o, whole, item))
            return false;
    } else {
        item->kind = INDEX_ARRAY;
        item->array = ext_try_array(o, 0);
        if (!item->array && !PyErr_Occurred() && PyIndex_Check(o)) {
            item->kind = INDEX_INTEGER;
            return ext_int(o, &item->start, "an index");
        }
        if (!item->array && !PyErr_Occurred() && is_run(o))
            return run_item(o, item);
        if (!item->array)
            return PyErr_Occurred() ? false : bad_index(o);
        /* a concrete integer scalar that came as an object of NumPy is as static as Python's */
        if (numpy_is_scalar(o) && item->array->aval.ndim == 0 &&
            dtype_is((ct_dtype)item->array->aval.dtype, FAMILY_INT | FAMILY_UINT)) {
            item->kind = INDEX_INTEGER;
            item->start = array_get_int(item->array, 0);
        }
    }
    if (item->kind != INDEX_ARRAY || !is_poison(item->array))
        return true;
    ext_raise();
    return false;
}

bool ext_parse_index(PyObject *index, ext_index *out)
{
    bool many = PyTuple_Check(index);
    int64_t n = many ? PyTuple_GET_SIZE(index) : 1;
    *out = (ext_index){.n = n};
    out->items = arena_alloc(&out->arena, sizeof *out->items * (size_t)(n + 1));
    if (!out->items) {
        ext_raise();
        return false;
    }
    memset(out->items, 0, sizeof *out->items * (size_t)(n + 1));
    for (int64_t i = 0; i < n; i++)
        if (!parse_item(many ? PyTuple_GET_ITEM(index, i) : index, !many, &out->items[i])) {
            arena_free(&out->arena);
            return false;
        }
    return true;
}

PyObject *ext_subscript(PyObject *self, PyObject *index)
{
    ct_scope scope = ct_begin();
    if (!PyTuple_Check(index)) { /* the common case needs no memory */
        index_item item = {0};
        ct_array r =
            parse_item(index, true, &item) ? numpy_index(ext_value_of(self), 1, &item, NULL) : NULL;
        if (r)
            return ext_finish(scope, r);
        ct_end_(scope, NULL);
        return NULL;
    }
    ext_index parsed;
    if (!ext_parse_index(index, &parsed)) {
        ct_end_(scope, NULL);
        return NULL;
    }
    ct_array r = numpy_index(ext_value_of(self), parsed.n, parsed.items, NULL);
    arena_free(&parsed.arena);
    return ext_finish(scope, r);
}

int ext_assign_subscript(PyObject *self, PyObject *index, PyObject *value)
{
    PyErr_SetString(PyExc_TypeError,
                    value ? "JAX arrays are immutable and do not support in-place item assignment. "
                            "Instead of x[idx] = y, use x = x.at[idx].set(y) "
                            "or another .at[] method."
                          : "JAX arrays are immutable: items cannot be deleted. jax.numpy.delete "
                            "returns a copy without them.");
    return -1;
}

/* ---- rows ---- */

typedef struct row_iterator {
    PyObject_HEAD PyObject *array;
    int64_t next;
} row_iterator;

static void iterator_dealloc(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    Py_XDECREF(((row_iterator *)self)->array);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *iterator_next(PyObject *self)
{
    row_iterator *it = (row_iterator *)self;
    ct_array a = ext_value_of(it->array);
    if (it->next >= a->aval.shape[0])
        return NULL;
    ct_scope scope = ct_begin();
    index_item item = {.kind = INDEX_INTEGER, .start = it->next++};
    return ext_finish(scope, numpy_index(a, 1, &item, NULL));
}

static PyObject *iterator_length(PyObject *self, PyObject *unused)
{
    row_iterator *it = (row_iterator *)self;
    return PyLong_FromLongLong(ext_value_of(it->array)->aval.shape[0] - it->next);
}

static PyMethodDef iterator_methods[] = {{"__length_hint__", iterator_length, METH_NOARGS, NULL},
                                         {NULL, NULL, 0, NULL}};

PyObject *ext_iter(PyObject *self)
{
    static PyTypeObject *type;
    if (!type) {
        static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)iterator_dealloc},
                                      {Py_tp_iter, (void *)PyObject_SelfIter},
                                      {Py_tp_iternext, (void *)iterator_next},
                                      {Py_tp_methods, iterator_methods},
                                      {0, NULL}};
        static PyType_Spec spec = {"cotan.row_iterator", sizeof(row_iterator), 0,
                                   Py_TPFLAGS_DEFAULT, slots};
        type = (PyTypeObject *)PyType_FromSpec(&spec);
        if (!type)
            return NULL;
    }
    if (!ext_value_of(self)->aval.ndim)
        return PyErr_Format(PyExc_TypeError, "iteration over a 0-d array");
    row_iterator *it = PyObject_New(row_iterator, type);
    if (it) {
        it->array = Py_NewRef(self);
        it->next = 0;
    }
    return (PyObject *)it;
}
