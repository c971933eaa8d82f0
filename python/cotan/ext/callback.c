/* Functions of Python called from inside programs: pure_callback, io_callback, and jax.debug's
 * print and callback.
 *
 * An equation holds the function as a ct_fn that also knows the shapes and dtypes of its results.
 * Under vmap the function is called once for each element; derivatives of results are refused, as
 * in JAX. */
#include "ext.h"
#include "numpy/index.h"
#include "ops/ops.h"

typedef struct callback_fn {
    struct ct_function head;
    PyObject *callable; /* flat: takes arrays, returns a sequence of array-likes */
    int nout;
    aval *avals;
    arena memory;
} callback_fn;
typedef struct params_callback {
    ct_fn callback;
} params_callback;
static const param_field fields[] = {{"callback", PARAM_FN, offsetof(params_callback, callback)}};

static const char *callback_name(ct_fn f)
{
    return ext_callable_name(((callback_fn *)f)->callable);
}

static void callback_destroy(ct_fn f)
{
    arena_free(&((callback_fn *)f)->memory);
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_XDECREF(((callback_fn *)f)->callable);
    PyGILState_Release(gil);
}

static const fn_class callback_class = {.name = callback_name, .destroy = callback_destroy};
static callback_fn *function_of(const void *params)
{
    return (callback_fn *)((const params_callback *)params)->callback;
}

static bool abstract(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                     arena *a)
{
    const callback_fn *f = function_of(params);
    if (f->nout > *nout)
        return base_fail(CT_VALUE_ERROR, "%s: more than %d results", o->name, *nout), false;
    *nout = f->nout;
    for (int i = 0; i < f->nout; i++) {
        out[i] = f->avals[i];
        if (!(out[i].shape =
                  arena_copy(a, f->avals[i].shape, (size_t)f->avals[i].ndim * sizeof(int64_t))))
            return false;
    }
    return true;
}

static bool take_result(PyObject *o, const aval *want, ct_array *out)
{
    ct_array a = ext_array(o, "a callback's result", CONVERT_LISTS);
    if (!a)
        return false;
    if (!ints_equal(aval_shape(&a->aval), aval_shape(want)) ||
        dtype_canonical((ct_dtype)a->aval.dtype) != (ct_dtype)want->dtype) {
        text t = {0};
        text_add(&t, "a callback returned ");
        aval_text(&t, &a->aval, false);
        text_add(&t, " where its result_shape_dtypes say ");
        aval_text(&t, want, false);
        char *s = text_end(&t);
        PyErr_SetString(PyExc_ValueError,
                        s ? s : "a callback returned another shape or dtype than declared");
        base_free(s);
        return false;
    }
    object_retain(a); /* the object that holds it goes */
    *out = a;
    return scope_own(a);
}

static bool call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                 ct_array *out)
{
    const callback_fn *f = function_of(params);
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *args = PyTuple_New(nin), *result = NULL, *fast = NULL;
    for (int i = 0; args && i < nin; i++) {
        PyObject *a = ext_wrap_array(in[i]);
        if (!a)
            Py_CLEAR(args);
        else
            PyTuple_SET_ITEM(args, i, a);
    }
    result = args ? PyObject_Call(f->callable, args, NULL) : NULL;
    fast = result ? PySequence_Fast(result, "a callback must return a sequence") : NULL;
    bool good = fast != NULL;
    if (good && PySequence_Fast_GET_SIZE(fast) != nout) {
        PyErr_Format(PyExc_ValueError, "a callback returned %zd values where %d were declared",
                     PySequence_Fast_GET_SIZE(fast), nout);
        good = false;
    }
    for (int i = 0; good && i < nout; i++)
        good = take_result(PySequence_Fast_GET_ITEM(fast, i), &f->avals[i], &out[i]);
    Py_XDECREF(fast);
    Py_XDECREF(result);
    Py_XDECREF(args);
    if (!good)
        ext_host_failed();
    PyGILState_Release(gil);
    return good;
}

/* One call for each element, in order; results are stacked. */
static bool vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                 const int *dims, int nout, ct_array *out, int *out_dims)
{
    ct_array *row = base_alloc(sizeof *row * (size_t)(nin + 1)),
             *rows = base_alloc(sizeof *rows * (size_t)(nout * b.size + nout + 1));
    bool good = row && rows;
    for (int64_t k = 0; good && k < b.size; k++) {
        for (int i = 0; i < nin; i++) {
            index_item item = {.kind = INDEX_INTEGER, .start = k};
            row[i] = dims[i] == NOT_MAPPED
                         ? in[i]
                         : numpy_index(batch_front(in[i], dims[i], b.size), 1, &item, NULL);
        }
        core_bind(o, params, nin, row, nout, rows + nout * b.size);
        for (int j = 0; j < nout; j++)
            rows[j * b.size + k] = op_expand_dims(rows[nout * b.size + j], I(0));
        good = ct_ok();
    }
    for (int j = 0; good && j < nout; j++) {
        out[j] = op_concatenate(b.size, rows + j * b.size, 0);
        out_dims[j] = 0;
        good = !is_poison(out[j]);
    }
    base_free(row);
    base_free(rows);
    return good;
}

/* Effects without results happen once and have no tangents. */
static bool jvp(const op *o, const void *params, int nin, const ct_array *primals,
                const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    if (nout)
        return base_fail(CT_VALUE_ERROR,
                         "%s does not support derivatives; give the function around it a rule with "
                         "jax.custom_jvp or jax.custom_vjp",
                         o->name),
               false;
    core_bind(o, params, nin, primals, nout, out);
    return ct_ok();
}

#define ROW(printed, more, number)                                                                 \
    {                                                                                              \
        .name = printed, .flags = OP_MULTIPLE | (more), .code = OP_COUNT + (number),               \
        .fields = fields, .nfields = 1, .params_size = sizeof(params_callback),                    \
        .abstract = abstract, .call = call, .jvp = jvp, .vmap = vmap                               \
    }
static const op kinds[] = {ROW("pure_callback", 0, 1), ROW("io_callback", OP_EFFECT, 2),
                           ROW("debug_callback", OP_EFFECT, 3)};

/* _callback(kind, function, [(shape, dtype), ...], *arrays) -> list of results */
static PyObject *callback(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    long kind = n >= 3 ? PyLong_AsLong(args[0]) : -1;
    if (kind < 0 || kind >= (long)countof(kinds) || !PyList_Check(args[2]))
        return PyErr_Format(PyExc_TypeError, "_callback(kind, function, results, *arrays)");
    ct_scope scope = ct_begin();
    callback_fn *f = (callback_fn *)fn_new(&callback_class, sizeof *f);
    int nin = (int)n - 3, nout = (int)PyList_GET_SIZE(args[2]);
    ct_array *values = PyMem_Calloc((size_t)(nin + nout + 1), sizeof *values);
    bool good =
        f && values && (f->avals = arena_alloc(&f->memory, sizeof *f->avals * (size_t)(nout + 1)));
    if (f)
        f->callable = Py_NewRef(args[1]);
    for (int i = 0; good && i < nout; i++) {
        PyObject *pair = PyList_GET_ITEM(args[2], i);
        ct_ints shape;
        ct_dtype d;
        good = ext_ints(PyTuple_GET_ITEM(pair, 0), &shape, &f->memory, "a result's shape") &&
               ext_dtype_code(PyTuple_GET_ITEM(pair, 1), &d, "a callback");
        if (good)
            f->avals[i] = (aval){.dtype = (uint8_t)d, .ndim = (int32_t)shape.n, .shape = shape.at};
        f->nout = i + 1;
    }
    for (int i = 0; good && i < nin; i++)
        good = (values[i] = ext_array(args[3 + i], "a callback", 0)) != NULL;
    PyObject *list = NULL;
    if (good) {
        core_bind(&kinds[kind], &(params_callback){&f->head}, nin, values, nout, values + nin);
        list = ct_ok() ? PyList_New(nout) : ext_raise();
    } else if (!PyErr_Occurred()) {
        ext_raise();
    }
    for (int i = 0; list && i < nout; i++) {
        PyObject *o = ext_wrap(values[nin + i]);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    ct_end_(scope, NULL);
    PyMem_Free(values);
    return list;
}

PyMethodDef ext_callback_methods[] = {
    {"_callback", EXT_FASTCALL(callback), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
