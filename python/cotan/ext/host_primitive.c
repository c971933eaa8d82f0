/* The rows of primitives that Python made, and of the library's whose rules Python replaced: rules
 * are looked up when they are needed, by the functions of cotan/_rules.py. This file carries values
 * there and back, and checks what comes. */
#include "equations.h"
#include "transform/transform.h"

/* ---- calling Python's rules ---- */

/* The parameters as Python's rules take them. A primitive of Python keeps its dict. */
static PyObject *dict_of(const op *o, const void *params, int nin, const aval *in, int nout)
{
    return o->host ? Py_NewRef(((const host_object *)params)->data)
                   : ext_params_dict(o, params, nin, in, nout);
}

static PyObject *dict_of_call(const op *o, const void *params, int nin, const ct_array *in,
                              int nout)
{
    return dict_of(o, params, nin, nin ? &in[0]->aval : NULL, nout);
}

/* rules.name(primitive, ..., params): a new reference; steals the arguments; NULL on failure, which
 * is then recorded. */
static PyObject *ask(const op *o, const char *name, PyObject *a, PyObject *b, PyObject *dict)
{
    static PyObject *rules; /* kept: the module is never unloaded */
    if (!rules)
        rules = PyImport_ImportModule("cotan._rules");
    PyObject *f = rules ? PyObject_GetAttrString(rules, name) : NULL,
             *primitive = f ? ext_wrap_primitive(o) : NULL, *out = NULL;
    if (primitive && a && b && dict)
        out = PyObject_CallFunctionObjArgs(f, primitive, a, b, dict, NULL);
    Py_XDECREF(f);
    Py_XDECREF(primitive);
    Py_XDECREF(a);
    Py_XDECREF(b);
    Py_XDECREF(dict);
    return out;
}

static bool failed(PyGILState_STATE gil)
{
    ext_host_failed();
    PyGILState_Release(gil);
    return false;
}

/* Values out of a sequence of n, owned by the current scope; None is NULL where it may be. */
static bool take_values(const op *o, PyObject *sequence, int n, bool none, ct_array *out)
{
    PyObject *fast = PySequence_Fast(sequence, "a rule must return a sequence");
    bool good = fast != NULL;
    if (good && PySequence_Fast_GET_SIZE(fast) != n) {
        PyErr_Format(PyExc_TypeError, "a rule of the primitive '%s' returned %zd values, not %d",
                     o->name, PySequence_Fast_GET_SIZE(fast), n);
        good = false;
    }
    for (int i = 0; good && i < n; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
        out[i] = NULL;
        if (none && item == Py_None)
            continue;
        if (!(out[i] = ext_array(item, o->name, CONVERT_LISTS))) {
            good = false;
        } else if (ext_is_value(item)) {
            object_retain(out[i]); /* the object may go */
            good = scope_own(out[i]) || ext_raise();
        }
    }
    Py_XDECREF(fast);
    return good;
}

/* Two sequences of n in a pair. */
static bool take_pair(const op *o, PyObject *pair, PyObject **first, PyObject **second)
{
    if (PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) == 2) {
        *first = PyTuple_GET_ITEM(pair, 0);
        *second = PyTuple_GET_ITEM(pair, 1);
        return true;
    }
    PyErr_Format(PyExc_TypeError, "a rule of the primitive '%s' must return a pair", o->name);
    return false;
}

/* ---- the row of a primitive of Python ---- */

static bool host_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *avals = ask(o, "abstract_eval", ext_list_of_avals(nin, in), Py_NewRef(Py_None),
                          dict_of(o, params, nin, in, *nout));
    PyObject *fast = avals ? PySequence_Fast(avals, "abstract_eval must return a sequence") : NULL;
    Py_ssize_t n = fast ? PySequence_Fast_GET_SIZE(fast) : 0;
    bool good = fast && n <= *nout;
    if (fast && !good)
        PyErr_Format(PyExc_TypeError, "the primitive '%s' has %zd results, not %d", o->name, n,
                     *nout);
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = ext_aval_of(PySequence_Fast_GET_ITEM(fast, i), &out[i], a);
    Py_XDECREF(fast);
    Py_XDECREF(avals);
    if (!good)
        return failed(gil);
    *nout = (int)n;
    PyGILState_Release(gil);
    return true;
}

bool ext_declares_types(const op *o)
{
    return PyObject_HasAttrString((PyObject *)o->host, "abstract_eval") ||
           PyObject_HasAttrString((PyObject *)o->host, "effectful_abstract_eval");
}

static bool check_results(const op *o, const void *params, int nin, const ct_array *in, int nout,
                          const ct_array *out)
{
    arena memory = {0};
    aval *avals = arena_alloc(&memory, sizeof *avals * (size_t)(nin + nout + 1)),
         *want = avals + nin;
    bool good = avals != NULL;
    for (int i = 0; i < nin && good; i++)
        avals[i] = in[i]->aval;
    int n = nout;
    good = good && o->abstract(o, params, nin, avals, &n, want, &memory) && n == nout;
    for (int i = 0; i < n && good; i++)
        if (!aval_equal(&want[i], &out[i]->aval, false)) {
            text t = {0};
            text_add(&t, "the implementation of the primitive '%s' gives ", o->name);
            aval_text(&t, &out[i]->aval, false);
            text_add(&t, " where its abstract evaluation says ");
            aval_text(&t, &want[i], false);
            char *s = text_end(&t);
            base_fail(CT_TYPE_ERROR, "%s", s ? s : "a result has another type than declared");
            base_free(s);
            good = false;
        }
    arena_free(&memory);
    return good;
}

static bool host_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *result = ask(o, "evaluate", ext_list_of_arrays(nin, in), Py_NewRef(Py_None),
                           dict_of_call(o, params, nin, in, nout));
    bool good = result && take_values(o, result, nout, false, out);
    Py_XDECREF(result);
    if (!good)
        return failed(gil);
    good = !ext_declares_types(o) || check_results(o, params, nin, in, nout, out);
    PyGILState_Release(gil);
    return good;
}

static bool host_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *pair =
                 ask(o, "jvp", ext_list_of_arrays(nin, primals), ext_list_of_arrays(nin, tangents),
                     dict_of_call(o, params, nin, primals, nout)),
             *first, *second;
    bool good = pair && take_pair(o, pair, &first, &second) &&
                take_values(o, first, nout, false, out) &&
                take_values(o, second, nout, true, out_tangents);
    Py_XDECREF(pair);
    if (!good)
        return failed(gil);
    PyGILState_Release(gil);
    return true;
}

/* Values, or avals where the value is unknown. */
typedef struct operands {
    const ct_array *in;
    const aval *avals;
} operands;

static PyObject *known_item(const void *env, Py_ssize_t i)
{
    const operands *x = env;
    return x->in[i] ? ext_wrap(x->in[i]) : ext_aval(&x->avals[i]);
}

static bool host_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *result = ask(o, "transpose", ext_list_of_arrays(nout, cts),
                           ext_list(nin, known_item, &(operands){in, in_avals}),
                           dict_of(o, params, nin, in_avals, nout));
    bool good = result && take_values(o, result, nin, true, out);
    Py_XDECREF(result);
    if (!good)
        return failed(gil);
    for (int i = 0; i < nin; i++)
        out[i] = in[i] ? NULL : out[i];
    PyGILState_Release(gil);
    return true;
}

PyObject *ext_dim_item(const void *env, Py_ssize_t i)
{
    int dim = ((const int *)env)[i];
    return dim == NOT_MAPPED ? Py_NewRef(Py_None) : PyLong_FromLong(dim);
}

static bool take_dims(const op *o, PyObject *sequence, int n, const ct_array *values, int *out)
{
    PyObject *fast = PySequence_Fast(sequence, "a batching rule must return axes");
    bool good = fast && PySequence_Fast_GET_SIZE(fast) == n;
    if (fast && !good)
        PyErr_Format(PyExc_TypeError, "the batching rule of '%s' returned %zd axes, not %d",
                     o->name, PySequence_Fast_GET_SIZE(fast), n);
    for (int i = 0; good && i < n; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
        int64_t dim = NOT_MAPPED;
        good = item == Py_None || ext_int(item, &dim, "a mapped axis");
        dim += dim < 0 && item != Py_None ? values[i]->aval.ndim : 0;
        if (good && item != Py_None && (dim < 0 || dim >= values[i]->aval.ndim)) {
            PyErr_Format(PyExc_ValueError,
                         "the batching rule of '%s' returned axis %R of a result "
                         "of %d dimensions",
                         o->name, item, values[i]->aval.ndim);
            good = false;
        }
        out[i] = (int)dim;
    }
    Py_XDECREF(fast);
    return good;
}

static bool host_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *axes = ext_list(nin, ext_dim_item, dims), *first, *second;
    PyObject *pair = ask(o, "batch", ext_list_of_arrays(nin, in),
                         axes ? Py_BuildValue("(LzN)", (long long)b.size, b.axis_name, axes) : NULL,
                         dict_of_call(o, params, nin, in, nout));
    bool good = pair && take_pair(o, pair, &first, &second) &&
                take_values(o, first, nout, false, out) &&
                take_dims(o, second, nout, out, out_dims);
    Py_XDECREF(pair);
    if (!good)
        return failed(gil);
    PyGILState_Release(gil);
    return true;
}

static jaxpr *host_lower(const op *o, const void *params, int nin, const aval *in)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *closed = ask(o, "lower", ext_list_of_avals(nin, in), Py_NewRef(Py_None),
                           dict_of(o, params, nin, in, 1));
    jaxpr *j = closed && closed != Py_None ? ext_jaxpr_of(closed) : NULL;
    if (j)
        object_retain(j);
    else if (closed != Py_None)
        ext_host_failed();
    Py_XDECREF(closed);
    PyGILState_Release(gil);
    return j;
}

static const param_field host_fields[] = {{"", PARAM_HOST, 0}};

op *ext_host_row(PyObject *self, const char *name)
{
    static int count;
    op *o = base_zalloc(sizeof *o + strlen(name) + 1);
    if (!o)
        return NULL;
    char *copy = (char *)(o + 1);
    memcpy(copy, name, strlen(name) + 1);
    enum { FIRST = OP_COUNT + 1000 };
    *o = (op){.name = copy,
              .flags = OP_MULTIPLE,
              .code = FIRST + count++,
              .operands = ANY_OPERANDS,
              .fields = host_fields,
              .nfields = 1,
              .params_size = sizeof(host_object),
              .abstract = host_abstract,
              .call = host_call,
              .jvp = host_jvp,
              .transpose = host_transpose,
              .vmap = host_vmap,
              .lower = host_lower,
              .host = self};
    return o;
}

/* ---- other rules for the library's primitives ---- */

/* The library's rows with some rules of Python, by code: kept for good, as rows are. */
static op *replaced[OP_COUNT];

bool ext_replace_rule(const op *o, int kind, bool by_python)
{
    op *row = replaced[o->code];
    if (!row && !(row = replaced[o->code] = base_alloc(sizeof *row)))
        return false;
    if (core_rules(o) != row)
        *row = *o;
    switch ((enum rule_kind)kind) {
    case RULE_JVP:
        row->jvp = by_python ? host_jvp : o->jvp;
        row->linearize = by_python ? NULL : o->linearize;
        break;
    case RULE_TRANSPOSE:
        row->transpose = by_python ? host_transpose : o->transpose;
        break;
    case RULE_BATCH:
        row->vmap = by_python ? host_vmap : o->vmap;
        break;
    case RULE_LOWERING:
        row->lower = by_python ? host_lower : o->lower;
        break;
    }
    bool own = row->jvp == o->jvp && row->transpose == o->transpose && row->vmap == o->vmap &&
               row->lower == o->lower;
    return core_replace_rules(o, own ? NULL : row);
}
