/* Primitives as Python's objects: those of the library, and those that Python makes.
 *
 * Binding them, and their rules one by one, for Python's tables. Next: host_primitive.c. */
#include "equations.h"
#include "transform/transform.h"

PyTypeObject *ext_primitive_type;

/* ---- types of results ---- */

/* No operation has more results than this without a program or a shape that says so. */
static int most_results(const op *o, const void *params, int nin, const aval *in)
{
    int64_t most = 64 + nin;
    for (int i = 0; i < nin; i++)
        for (int k = 0; k < in[i].ndim; k++)
            most = in[i].shape[k] > most ? in[i].shape[k] : most;
    for (int i = 0; i < o->nfields; i++) {
        const void *at = (const char *)params + o->fields[i].offset;
        if (o->fields[i].kind == PARAM_JAXPR)
            most += (*(jaxpr *const *)at)->nout;
        else if (o->fields[i].kind == PARAM_JAXPRS && ((const jaxpr_list *)at)->n)
            most += ((const jaxpr_list *)at)->at[0]->nout;
    }
    return most < INT16_MAX ? (int)most : INT16_MAX;
}

aval *ext_result_avals(const op *o, const void *params, int nin, const aval *in, int *nout,
                       arena *memory)
{
    int most = o->flags & OP_MULTIPLE ? most_results(o, params, nin, in) : 1;
    aval *out = arena_alloc(memory, sizeof *out * (size_t)most);
    *nout = most;
    if (out && core_result_types(o, params, nin, in, nout, out, memory) && ct_ok())
        return out;
    ext_raise();
    return NULL;
}

/* ---- binding ---- */

/* Outside of transformations a primitive of Python is its implementation. */
static PyObject *implement(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *impl = PyObject_GetAttrString(self, "impl"),
             *out = impl ? PyObject_Vectorcall(impl, args, (size_t)n, names) : NULL;
    if (!impl && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Format(PyExc_NotImplementedError, "Evaluation rule for '%U' not implemented",
                     ((ext_primitive *)self)->name);
    Py_XDECREF(impl);
    return out;
}

static PyObject *dict_of(PyObject *const *values, PyObject *names)
{
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict && names && i < PyTuple_GET_SIZE(names); i++)
        if (PyDict_SetItem(dict, PyTuple_GET_ITEM(names, i), values[i]) < 0)
            Py_CLEAR(dict);
    return dict;
}

/* The results under the current trace; in a scope. */
static PyObject *bind_values(const ext_primitive *p, PyObject *const *args, int nin, PyObject *dict,
                             arena *memory)
{
    const op *o = p->op;
    void *params = arena_alloc(memory, o->params_size + sizeof(host_object));
    ct_array *in = arena_alloc(memory, sizeof *in * (size_t)(nin + 1));
    aval *avals = arena_alloc(memory, sizeof *avals * (size_t)(nin + 1));
    if (!params || !in || !avals)
        return ext_raise();
    if (!ext_params_read(o, dict, params, memory))
        return NULL;
    for (int i = 0; i < nin; i++) {
        if (!(in[i] = ext_array(args[i], o->name, 0)))
            return NULL;
        avals[i] = in[i]->aval;
    }
    int nout = 1;
    bool known =
        o->host && !p->multiple && !ext_declares_types(o); /* fails where types are needed */
    if (!known && !ext_result_avals(o, params, nin, avals, &nout, memory))
        return NULL;
    ct_array *out = arena_alloc(memory, sizeof *out * (size_t)(nout + 1));
    if (!out)
        return ext_raise();
    core_bind(o, params, nin, in, nout, out);
    if (!ct_ok())
        return ext_raise();
    return p->multiple ? ext_list_of_arrays(nout, out) : ext_wrap(out[0]);
}

/* bind(*arrays, **params) */
static PyObject *primitive_bind(PyObject *self, PyObject *const *args, Py_ssize_t n,
                                PyObject *names)
{
    ext_primitive *p = (ext_primitive *)self;
    if (p->op->host && !core_current)
        return implement(self, args, n, names);
    PyObject *dict = dict_of(args + n, names), *out = NULL;
    if (!dict)
        return NULL;
    arena memory = {0};
    ct_scope scope = ct_begin();
    out = bind_values(p, args, (int)n, dict, &memory);
    ct_end_(scope, NULL);
    arena_free(&memory);
    Py_DECREF(dict);
    return out;
}

static PyObject *bind_tuple(PyObject *self, PyObject *operands, PyObject *params)
{
    PyObject *bind = PyObject_GetAttrString(self, "bind"),
             *out = bind ? PyObject_Call(bind, operands, params) : NULL;
    Py_XDECREF(bind);
    return out;
}

/* A call of functions that are not traced yet: what custom_jvp_call is before it is an equation. */
static PyObject *bind_functions(PyObject *self, PyObject *operands, PyObject *params)
{
    PyObject *m = PyImport_ImportModule("cotan.custom_derivatives"),
             *out = m ? PyObject_CallMethod(m, "_bind", "OOO", self, operands, params) : NULL;
    Py_XDECREF(m);
    return out;
}

/* bind_with_trace(trace, operands, [types,] params) */
static PyObject *bind_with_trace(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    PyObject *dict = n == 3 || n == 4 ? args[n - 1] : NULL;
    if (!dict || !PyDict_Check(dict))
        return PyErr_Format(PyExc_TypeError, "bind_with_trace(trace, operands, params)");
    PyObject *operands = PySequence_Fast(args[1], "bind_with_trace takes a sequence of operands"),
             *out = NULL;
    trace_context saved;
    if (operands && ext_bind_context(args[0], &saved)) {
        PyObject *tuple = PySequence_Tuple(operands);
        if (tuple && PyDict_GetItemString(dict, "subfuns"))
            out = bind_functions(self, tuple, dict);
        else
            out = tuple ? bind_tuple(self, tuple, dict) : NULL;
        Py_XDECREF(tuple);
        trace_leave(saved);
    }
    Py_XDECREF(operands);
    return out;
}

static PyObject *get_bind_params(PyObject *self, PyObject *params) { return Py_NewRef(params); }

/* ---- the rules of the library, for Python's tables ---- */

/* Reads an equation that is about to be interpreted by one rule. */
typedef struct application {
    arena memory;
    const op *o;
    void *params;
    int nin, nout;
    ct_array *in, *in2, *out, *out2;
    aval *avals, *out_avals;
} application;

static bool without_axis(aval *a, int axis, arena *memory)
{
    int64_t *shape = arena_alloc(memory, sizeof *shape * (size_t)(a->ndim + 1));
    if (!shape)
        return ext_raise(), false;
    if (axis < 0 || axis >= a->ndim)
        return PyErr_Format(PyExc_ValueError, "axis %d of an operand of %d dimensions", axis,
                            a->ndim),
               false;
    for (int i = 0, k = 0; k < a->ndim; k++)
        if (k != axis)
            shape[i++] = a->shape[k];
    a->shape = shape;
    a->ndim--;
    return true;
}

/* args: objects with an aval where there is no value. dims: mapped axes, or NULL. */
static bool apply_begin(application *x, PyObject *primitive, PyObject *args, const int *dims,
                        PyObject *dict)
{
    if (!PyObject_TypeCheck(primitive, ext_primitive_type) || !PyList_Check(args) ||
        !PyDict_Check(dict))
        return PyErr_Format(PyExc_TypeError, "a rule takes (primitive, list, ..., dict)"), false;
    x->o = ((ext_primitive *)primitive)->op;
    x->nin = (int)PyList_GET_SIZE(args);
    size_t n = (size_t)x->nin + 1;
    x->params = arena_alloc(&x->memory, x->o->params_size + sizeof(host_object));
    x->in = arena_alloc(&x->memory, 2 * n * sizeof *x->in);
    x->avals = arena_alloc(&x->memory, n * sizeof *x->avals);
    if (!x->params || !x->in || !x->avals)
        return ext_raise(), false;
    x->in2 = x->in + n;
    if (!ext_params_read(x->o, dict, x->params, &x->memory))
        return false;
    for (int i = 0; i < x->nin; i++) {
        PyObject *item = PyList_GET_ITEM(args, i);
        x->in[i] = ext_try_array(item, 0);
        if (x->in[i])
            x->avals[i] = x->in[i]->aval;
        else if (PyErr_Occurred() || !ext_aval_of(item, &x->avals[i], &x->memory))
            return false;
        if (dims && dims[i] != NOT_MAPPED && !without_axis(&x->avals[i], dims[i], &x->memory))
            return false;
    }
    x->out_avals = ext_result_avals(x->o, x->params, x->nin, x->avals, &x->nout, &x->memory);
    if (!x->out_avals)
        return false;
    size_t m = (size_t)x->nout + 1;
    x->out = arena_alloc(&x->memory, 2 * m * sizeof *x->out);
    if (!x->out)
        return ext_raise(), false;
    memset(x->out, 0, 2 * m * sizeof *x->out);
    x->out2 = x->out + m;
    return true;
}

static PyObject *apply_end(application *x, ct_scope scope, PyObject *result)
{
    ct_end_(scope, NULL);
    arena_free(&x->memory);
    return result;
}

/* _result_types(primitive, avals, params) -> [aval, ...] */
static PyObject *result_types(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    application x = {0};
    ct_scope scope = ct_begin();
    PyObject *out = n == 3 && apply_begin(&x, args[0], args[1], NULL, args[2])
                        ? ext_list_of_avals(x.nout, x.out_avals)
                        : NULL;
    return apply_end(&x, scope, out);
}

static bool no_rule(const application *x, const char *which)
{
    PyErr_Format(PyExc_NotImplementedError, "%s rule for '%s' not implemented", which, x->o->name);
    return false;
}

static bool all_arrays(const application *x)
{
    for (int i = 0; i < x->nin; i++)
        if (!x->in[i]) {
            PyErr_Format(PyExc_TypeError, "a rule of '%s' got an operand without a value",
                         x->o->name);
            return false;
        }
    return true;
}

/* A list's arrays, NULL for None; false and an exception. */
static bool read_values(PyObject *list, int n, ct_array *out, const char *what)
{
    if (!PyList_Check(list) || PyList_GET_SIZE(list) != n)
        return PyErr_Format(PyExc_TypeError, "%s takes %d values", what, n), false;
    for (int i = 0; i < n; i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        out[i] = item == Py_None ? NULL : ext_array(item, what, 0);
        if (item != Py_None && !out[i])
            return false;
    }
    return true;
}

/* _rule_jvp(primitive, primals, tangents, params) -> (results, tangents), None being zero */
static PyObject *rule_jvp(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    application x = {0};
    ct_scope scope = ct_begin();
    PyObject *out = NULL;
    if (n == 4 && apply_begin(&x, args[0], args[1], NULL, args[3]) && all_arrays(&x) &&
        read_values(args[2], x.nin, x.in2, "a rule's tangents") &&
        (x.o->jvp || no_rule(&x, "Differentiation"))) {
        bool any = false;
        for (int i = 0; i < x.nin; i++)
            any = any || x.in2[i];
        if (!any)
            core_bind(x.o, x.params, x.nin, x.in, x.nout, x.out);
        bool good = !any || x.o->jvp(x.o, x.params, x.nin, x.in, x.in2, x.nout, x.out, x.out2);
        PyObject *first = good && ct_ok() ? ext_list_of_arrays(x.nout, x.out) : NULL,
                 *second = first ? ext_list_of_arrays(x.nout, x.out2) : NULL;
        out = second ? Py_BuildValue("(NN)", first, second) : PyErr_Occurred() ? NULL : ext_raise();
    }
    return apply_end(&x, scope, out);
}

/* _rule_transpose(primitive, cotangents, operands, params): operands have an aval where they are
 * unknown -> their cotangents, None being zero or known */
static PyObject *rule_transpose(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    application x = {0};
    ct_scope scope = ct_begin();
    PyObject *out = NULL;
    if (n == 4 && apply_begin(&x, args[0], args[2], NULL, args[3]) &&
        read_values(args[1], x.nout, x.out, "a rule's cotangents") &&
        (x.o->transpose || no_rule(&x, "Transpose"))) {
        memset(x.in2, 0, sizeof *x.in2 * (size_t)x.nin);
        bool good =
            x.o->transpose(x.o, x.params, x.nin, x.in, x.avals, x.nout, x.out, x.in2) && ct_ok();
        out = good ? ext_list_of_arrays(x.nin, x.in2) : PyErr_Occurred() ? NULL : ext_raise();
    }
    return apply_end(&x, scope, out);
}

static bool read_dims(PyObject *list, int n, int *dims, int64_t *size, PyObject *values)
{
    if (!PyList_Check(list) || PyList_GET_SIZE(list) != n)
        return PyErr_Format(PyExc_TypeError, "a batching rule takes %d axes", n), false;
    for (int i = 0; i < n; i++) {
        PyObject *item = PyList_GET_ITEM(list, i), *value = PyList_GET_ITEM(values, i);
        int64_t dim = NOT_MAPPED;
        if (item != Py_None && !ext_int(item, &dim, "a mapped axis"))
            return false;
        dims[i] = (int)dim;
        ct_array a = dim == NOT_MAPPED ? NULL : ext_try_array(value, 0);
        if (a && dim < a->aval.ndim)
            *size = a->aval.shape[dim];
    }
    return true;
}

/* _rule_batch(primitive, operands, axes (None: not mapped), axis name or None, params) -> (results,
 * their axes) */
static PyObject *rule_batch(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    application x = {0};
    ct_scope scope = ct_begin();
    PyObject *out = NULL;
    batch b = {.size = 1};
    int nin = n == 5 && PyList_Check(args[1]) ? (int)PyList_GET_SIZE(args[1]) : 0;
    int *dims = arena_alloc(&x.memory, sizeof *dims * (size_t)(nin + 1));
    if (dims && n == 5 && read_dims(args[2], nin, dims, &b.size, args[1]) &&
        apply_begin(&x, args[0], args[1], dims, args[4]) && all_arrays(&x) &&
        (x.o->vmap || no_rule(&x, "Batching"))) {
        b.axis_name = args[3] == Py_None ? NULL : PyUnicode_AsUTF8(args[3]);
        int *out_dims = arena_alloc(&x.memory, sizeof *dims * (size_t)(x.nout + 1));
        for (int i = 0; out_dims && i < x.nout; i++)
            out_dims[i] = NOT_MAPPED;
        bool good = out_dims &&
                    x.o->vmap(x.o, x.params, b, x.nin, x.in, dims, x.nout, x.out, out_dims) &&
                    ct_ok();
        PyObject *first = good ? ext_list_of_arrays(x.nout, x.out) : NULL,
                 *second = first ? ext_list(x.nout, ext_dim_item, out_dims) : NULL;
        out = second ? Py_BuildValue("(NN)", first, second) : PyErr_Occurred() ? NULL : ext_raise();
    }
    return apply_end(&x, scope, out);
}

/* ---- the type ---- */

static PyObject *new_object(const op *o)
{
    ext_primitive *p = (ext_primitive *)ext_primitive_type->tp_alloc(ext_primitive_type, 0);
    if (p && !(p->name = PyUnicode_FromString(o->name)))
        Py_CLEAR(p);
    if (p) {
        p->op = o;
        p->multiple = o->flags & OP_MULTIPLE;
    }
    return (PyObject *)p;
}

PyObject *ext_wrap_primitive(const op *o)
{
    static PyObject *made; /* a dict by address, kept for good, as rows are */
    if (o->host)
        return Py_NewRef((PyObject *)o->host);
    PyObject *address = PyLong_FromVoidPtr((void *)(uintptr_t)o), *known = NULL;
    if (address && (made || (made = PyDict_New())))
        known = Py_XNewRef(PyDict_GetItemWithError(made, address));
    if (!known && !PyErr_Occurred() && (known = new_object(o)) &&
        PyDict_SetItem(made, address, known) < 0)
        Py_CLEAR(known);
    Py_XDECREF(address);
    return known;
}

/* _primitive(name): that of the library, or None. */
static PyObject *primitive_named(PyObject *self, PyObject *name)
{
    const char *s = PyUnicode_AsUTF8(name);
    const op *o = s ? op_named(s) : NULL;
    return o ? ext_wrap_primitive(o) : s ? Py_NewRef(Py_None) : NULL;
}

/* _primitive_is_own(object): whether it is a primitive that Python made. */
static PyObject *primitive_is_own(PyObject *self, PyObject *o)
{
    return PyBool_FromLong(PyObject_TypeCheck(o, ext_primitive_type) &&
                           ((ext_primitive *)o)->op->host != NULL);
}

/* _primitives(): those of the library. */
static PyObject *library_primitives(PyObject *self, PyObject *unused)
{
    PyObject *list = PyList_New(0);
    for (int i = 0; list && i < OP_COUNT; i++) {
        PyObject *p = op_table[i] ? ext_wrap_primitive(op_table[i]) : NULL;
        if (op_table[i] && (!p || PyList_Append(list, p) < 0))
            Py_CLEAR(list);
        Py_XDECREF(p);
    }
    return list;
}

/* _has_rule(primitive of the library, kind): whether the library has such a rule. */
static PyObject *has_rule(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t kind;
    if (n != 2 || !PyObject_TypeCheck(args[0], ext_primitive_type) ||
        !ext_int(args[1], &kind, "a kind of rules"))
        return PyErr_Occurred() ? NULL
                                : PyErr_Format(PyExc_TypeError, "_has_rule(primitive, kind)");
    const op *o = ((ext_primitive *)args[0])->op;
    bool has[] = {[RULE_JVP] = o->jvp != NULL,
                  [RULE_TRANSPOSE] = o->transpose != NULL,
                  [RULE_BATCH] = o->vmap != NULL,
                  [RULE_LOWERING] = o->lower != NULL};
    return PyBool_FromLong(kind >= 0 && kind < (int)countof(has) && has[kind]);
}

/* _replace_rule(primitive of the library, kind, by_python) */
static PyObject *replace_rule(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    int64_t kind;
    if (n != 3 || !PyObject_TypeCheck(args[0], ext_primitive_type) ||
        ((ext_primitive *)args[0])->op->code >= OP_COUNT ||
        !ext_int(args[1], &kind, "a kind of rules"))
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "_replace_rule(primitive, kind, by_python)");
    if (!ext_replace_rule(((ext_primitive *)args[0])->op, (int)kind, args[2] == Py_True))
        return ext_raise();
    Py_RETURN_NONE;
}

/* The string among the arguments, borrowed; NULL if there is none. */
static PyObject *name_among(PyObject *args, PyObject *kwargs)
{
    PyObject *name = PyTuple_GET_SIZE(args) ? PyTuple_GET_ITEM(args, 0) : NULL;
    name = !name && kwargs ? PyDict_GetItemString(kwargs, "name") : name;
    return name && PyUnicode_Check(name) ? name : NULL;
}

static bool give_name(ext_primitive *p, PyObject *name)
{
    const char *s = PyUnicode_AsUTF8(name);
    op *row = s ? ext_host_row((PyObject *)p, s) : NULL;
    if (!row)
        return PyErr_Occurred() ? false : (ext_raise(), false);
    base_free((void *)(uintptr_t)p->op);
    p->op = row;
    Py_XSETREF(p->name, Py_NewRef(name));
    return true;
}

/* A class derived from Primitive may name itself in __init__ only; until then it has its type's. */
static PyObject *primitive_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    ext_primitive *p = (ext_primitive *)type->tp_alloc(type, 0);
    PyObject *name = name_among(args, kwargs), *of_type = name ? NULL : PyType_GetName(type);
    bool good = p && (name || of_type) && give_name(p, name ? name : of_type);
    Py_XDECREF(of_type);
    if (!good)
        Py_CLEAR(p);
    return Py_XNewRef(p); /* one reference stays with the row */
}

static void primitive_dealloc(PyObject *self)
{
    ext_primitive *p = (ext_primitive *)self;
    PyTypeObject *t = Py_TYPE(self);
    if (p->weakrefs)
        PyObject_ClearWeakRefs(self);
    Py_XDECREF(p->name);
    Py_XDECREF(p->dict);
    t->tp_free(self);
    Py_DECREF(t);
}

/* multiple_results may be an attribute of the class as well. */
static int primitive_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    ext_primitive *p = (ext_primitive *)self;
    PyObject *name = name_among(args, kwargs),
             *many = PyObject_GetAttrString((PyObject *)Py_TYPE(self), "multiple_results");
    if (!name)
        PyErr_SetString(PyExc_TypeError, "Primitive(name) takes a string");
    p->multiple |= many == Py_True;
    Py_XDECREF(many);
    bool same = name && p->name && PyObject_RichCompareBool(name, p->name, Py_EQ) == 1;
    return name && (same || give_name(p, name)) ? 0 : -1;
}

static PyObject *primitive_repr(PyObject *self) { return Py_NewRef(((ext_primitive *)self)->name); }

/* def_impl(f), def_abstract_eval(f) and their like keep f under a name, and return it. */
static PyObject *keep(PyObject *self, PyObject *f, const char *name)
{
    return PyObject_SetAttrString(self, name, f) < 0 ? NULL : Py_NewRef(f);
}
static PyObject *def_impl(PyObject *self, PyObject *f) { return keep(self, f, "impl"); }
static PyObject *def_abstract_eval(PyObject *self, PyObject *f)
{
    return keep(self, f, "abstract_eval");
}
static PyObject *def_effectful(PyObject *self, PyObject *f)
{
    return keep(self, f, "effectful_abstract_eval");
}

PyMethodDef ext_primitive_methods[] = {
    {"_primitive", primitive_named, METH_O, NULL},
    {"_primitive_is_own", primitive_is_own, METH_O, NULL},
    {"_result_types", EXT_FASTCALL(result_types), METH_FASTCALL, NULL},
    {"_primitives", library_primitives, METH_NOARGS, NULL},
    {"_has_rule", EXT_FASTCALL(has_rule), METH_FASTCALL, NULL},
    {"_replace_rule", EXT_FASTCALL(replace_rule), METH_FASTCALL, NULL},
    {"_rule_jvp", EXT_FASTCALL(rule_jvp), METH_FASTCALL, NULL},
    {"_rule_transpose", EXT_FASTCALL(rule_transpose), METH_FASTCALL, NULL},
    {"_rule_batch", EXT_FASTCALL(rule_batch), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

bool ext_init_primitives(PyObject *module)
{
    static PyMethodDef methods[] = {
        {"bind", EXT_FASTCALL(primitive_bind), METH_FASTCALL | METH_KEYWORDS,
         "The primitive on arrays, under the current transformations."},
        {"bind_with_trace", EXT_FASTCALL(bind_with_trace), METH_FASTCALL,
         "The same under a given trace: bind_with_trace(trace, operands, params)."},
        {"get_bind_params", get_bind_params, METH_O, "What bind takes, of an equation's params."},
        {"def_impl", def_impl, METH_O, "How it is evaluated: f(*arrays, **params)."},
        {"def_abstract_eval", def_abstract_eval, METH_O,
         "The types of its results: f(*avals, **params)."},
        {"def_effectful_abstract_eval", def_effectful, METH_O,
         "The same, and the effects: a pair."},
        {NULL, NULL, 0, NULL},
    };
    static PyMemberDef members[] = {
        {"name", T_OBJECT_EX, offsetof(ext_primitive, name), READONLY, "As jaxprs print it."},
        {"multiple_results", T_BOOL, offsetof(ext_primitive, multiple), 0,
         "Whether bind returns a list."},
        {"__dictoffset__", T_PYSSIZET, offsetof(ext_primitive, dict), READONLY, NULL},
        {"__weaklistoffset__", T_PYSSIZET, offsetof(ext_primitive, weakrefs), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyGetSetDef getset[] = {
        {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "An operation that transformations interpret."},
        {Py_tp_new, (void *)primitive_new},
        {Py_tp_init, (void *)primitive_init},
        {Py_tp_dealloc, (void *)primitive_dealloc},
        {Py_tp_repr, (void *)primitive_repr},
        {Py_tp_methods, methods},
        {Py_tp_members, members},
        {Py_tp_getset, getset},
        {0, NULL}};
    static PyType_Spec spec = {"jax._src.core.Primitive", sizeof(ext_primitive), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    ext_primitive_type = ext_add_type(module, &spec, NULL);
    /* What interpreters ask of any primitive; programs set them on their own. */
    static const char *const kinds[] = {"call_primitive", "map_primitive", "ref_primitive",
                                        "skip_canonicalization"};
    bool good = ext_primitive_type != NULL;
    for (size_t i = 0; good && i < countof(kinds); i++)
        good = !PyObject_SetAttrString((PyObject *)ext_primitive_type, kinds[i], Py_False);
    return good && !PyObject_SetAttrString((PyObject *)ext_primitive_type, "is_effectful", Py_None);
}
