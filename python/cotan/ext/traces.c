/* Traces as objects: those of the library, and those that Python writes.
 *
 * A trace of Python is a subclass of Trace whose process_primitive(primitive, tracers, params)
 * gives tracers: objects of a subclass of Tracer that say their trace and their aval. In the
 * library each of these is a value of a trace that asks Python; a value that leaves the library
 * again is the same object. */
#include "equations.h"
#include "transform/custom.h"

PyTypeObject *ext_trace_type;

typedef struct ext_trace {
    PyObject_HEAD trace *t; /* one reference; NULL: evaluation, or one of Python before its first
                               use */
    PyObject *weakrefs;
} ext_trace;

/* ---- the library's side of a trace of Python ---- */

typedef struct host_trace {
    trace base;
    PyObject *object; /* weak: the object holds this; NULL when it is gone */
} host_trace;

static PyObject *results_of(host_trace *t, const op *o, const void *params, int nin,
                            const ct_array *in, int nout)
{
    PyObject *primitive = ext_wrap_primitive(o), *tracers = ext_list_of_arrays(nin, in),
             *dict = ext_params_dict(o, params, nin, nin ? &in[0]->aval : NULL, nout), *out = NULL;
    if (primitive && tracers && dict) {
        trace_context saved = trace_enter(NULL);
        out = PyObject_CallMethod(t->object, "process_primitive", "OOO", primitive, tracers, dict);
        trace_leave(saved);
    }
    Py_XDECREF(primitive);
    Py_XDECREF(tracers);
    Py_XDECREF(dict);
    return out;
}

/* One result, owned by the scope. */
static bool take_result(const op *o, PyObject *item, ct_array *out)
{
    *out = ext_array(item, o->name, 0);
    if (!*out)
        return false;
    object_retain(*out); /* the object may go */
    return scope_own(*out) || ext_raise();
}

static bool take_results(const op *o, PyObject *result, int nout, ct_array *out)
{
    if (!(o->flags & OP_MULTIPLE) && !o->host)
        return take_result(o, result, out);
    bool many = !o->host || ((ext_primitive *)o->host)->multiple;
    if (!many)
        return take_result(o, result, out);
    PyObject *fast = PySequence_Fast(result, "process_primitive must return a sequence of tracers");
    bool good = fast && PySequence_Fast_GET_SIZE(fast) == nout;
    if (fast && !good)
        PyErr_Format(PyExc_TypeError, "process_primitive returned %zd results of %s, not %d",
                     PySequence_Fast_GET_SIZE(fast), o->name, nout);
    for (int i = 0; i < nout && good; i++)
        good = take_result(o, PySequence_Fast_GET_ITEM(fast, i), &out[i]);
    Py_XDECREF(fast);
    return good;
}

static bool host_process(trace *base, const op *o, const void *params, int nin, const ct_array *in,
                         int nout, ct_array *out)
{
    host_trace *t = (host_trace *)base;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *result = NULL;
    if (t->object)
        result = results_of(t, o, params, nin, in, nout);
    else
        PyErr_Format(PyExc_RuntimeError, "%s: the trace of an operand does not exist any more",
                     o->name);
    bool good = result && take_results(o, result, nout, out);
    Py_XDECREF(result);
    if (!good)
        ext_host_failed();
    PyGILState_Release(gil);
    return good;
}

/* ---- functions with rules of their own ---- */

/* The operands, NULL for symbolic zeros; false and an exception. */
static bool read_operands(PyObject *const *args, Py_ssize_t n, ct_array *in)
{
    for (Py_ssize_t i = 0; i < n; i++)
        if (!(in[i] = Py_IS_TYPE(args[i], ext_zero) ? NULL : ext_array(args[i], "custom_jvp", 0)) &&
            PyErr_Occurred())
            return false;
    return true;
}

/* Lists of results one after the other; what is missing is zero, as many are given first. */
static PyObject *list_of_results(const leaves *out, const leaves *tangents)
{
    PyObject *list = PyList_New(out->n + tangents->n);
    for (int64_t i = 0; list && i < out->n + tangents->n; i++) {
        ct_array a = i < out->n ? out->at[i] : tangents->at[i - out->n];
        PyObject *item = ext_wrap(a ? a : array_zero(&zero_tangent(out->at[i - out->n])->aval));
        if (item)
            PyList_SET_ITEM(list, i, item);
        else
            Py_CLEAR(list);
    }
    return list;
}

static custom_call *call_in(PyObject *capsule) { return PyCapsule_GetPointer(capsule, NULL); }

/* fun(*primals) -> results */
static PyObject *run_primal(PyObject *capsule, PyObject *const *args, Py_ssize_t n)
{
    ct_scope scope = ct_begin();
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    leaves out = {0}, none = {0};
    bool good =
        in && read_operands(args, n, in) && call_in(capsule)->primal(call_in(capsule), n, in, &out);
    PyObject *list = good ? list_of_results(&out, &none) : PyErr_Occurred() ? NULL : ext_raise();
    leaves_free(&out);
    base_free(in);
    ct_end_(scope, NULL);
    return list;
}

/* jvp(*primals, *tangents) -> results and their tangents */
static PyObject *run_jvp(PyObject *capsule, PyObject *const *args, Py_ssize_t n)
{
    ct_scope scope = ct_begin();
    custom_call *c = call_in(capsule);
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    leaves out = {0}, tangents = {0};
    Py_ssize_t half = n / 2;
    bool good = in && read_operands(args, n, in);
    for (Py_ssize_t i = 0; good && i < half; i++)
        if (!in[half + i] && !c->symbolic)
            good = !is_poison(in[half + i] = zero_tangent(in[i]));
    good = good && c->jvp(c, half, in, in + half, &out, &tangents);
    PyObject *list = good               ? list_of_results(&out, &tangents)
                     : PyErr_Occurred() ? NULL
                                        : ext_raise();
    leaves_free(&out);
    leaves_free(&tangents);
    base_free(in);
    ct_end_(scope, NULL);
    return list;
}

static void release_call(PyObject *capsule) { object_release(call_in(capsule)); }

/* One of the call's functions as Python's interpreters take it: a WrappedFun of leaves. */
static PyObject *subfunction(custom_call *c, PyMethodDef *method)
{
    object_retain(c);
    PyObject *capsule = PyCapsule_New(c, NULL, release_call),
             *f = capsule ? PyCFunction_New(method, capsule) : NULL,
             *m = f ? PyImport_ImportModule("cotan.extend.linear_util") : NULL,
             *out = m ? PyObject_CallMethod(m, "wrap_init", "O", f) : NULL;
    if (!capsule)
        object_release(c);
    Py_XDECREF(m);
    Py_XDECREF(f);
    Py_XDECREF(capsule);
    return out;
}

static PyObject *custom_by_python(host_trace *t, custom_call *c, int64_t n, const ct_array *in,
                                  PyObject *method)
{
    static PyMethodDef primal = {"fun", EXT_FASTCALL(run_primal), METH_FASTCALL, NULL},
                       jvp = {"jvp", EXT_FASTCALL(run_jvp), METH_FASTCALL, NULL};
    PyObject *primitive = ext_wrap_primitive(&op_row_custom_jvp_call),
             *tracers = ext_list_of_arrays((int)n, in), *fun = subfunction(c, &primal),
             *rule = subfunction(c, &jvp), *out = NULL,
             *args = primitive && tracers && fun && rule
                         ? PyTuple_Pack(4, primitive, fun, rule, tracers)
                         : NULL,
             *names =
                 args ? Py_BuildValue("{sO}", "symbolic_zeros", c->symbolic ? Py_True : Py_False)
                      : NULL;
    if (names) {
        trace_context saved = trace_enter(NULL);
        out = PyObject_Call(method, args, names);
        trace_leave(saved);
    }
    Py_XDECREF(names);
    Py_XDECREF(args);
    Py_XDECREF(rule);
    Py_XDECREF(fun);
    Py_XDECREF(tracers);
    Py_XDECREF(primitive);
    return out;
}

static bool take_leaves(PyObject *result, leaves *out)
{
    PyObject *fast = PySequence_Fast(result, "process_custom_jvp_call must return tracers");
    int64_t n = fast ? PySequence_Fast_GET_SIZE(fast) : 0;
    *out = (leaves){n, base_zalloc((size_t)(n + 1) * sizeof *out->at)};
    bool good = fast && out->at;
    for (int64_t i = 0; i < n && good; i++)
        good = take_result(&op_row_custom_jvp_call, PySequence_Fast_GET_ITEM(fast, i), &out->at[i]);
    Py_XDECREF(fast);
    return good;
}

/* A trace that has no process_custom_jvp_call sees the function's operations one by one. */
static bool host_custom(trace *base, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    host_trace *t = (host_trace *)base;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *method = t->object && !c->reverse
                           ? PyObject_GetAttrString(t->object, "process_custom_jvp_call")
                           : NULL;
    bool good = false;
    if (method) {
        PyObject *result = custom_by_python(t, c, n, in, method);
        good = result && take_leaves(result, out);
        Py_XDECREF(result);
        if (!good)
            ext_host_failed();
    } else {
        PyErr_Clear();
        trace_context saved = trace_enter(base);
        good = c->primal(c, n, in, out);
        trace_leave(saved);
    }
    Py_XDECREF(method);
    PyGILState_Release(gil);
    return good;
}

static void release_tracer(trace *t, ct_array dying)
{
    (void)t;
    if (!dying->payload || !Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF((PyObject *)dying->payload);
    PyGILState_Release(gil);
}

static void host_destroy(trace *t) { base_free(t); }

static const trace_class host_class = {"HostTracer",   host_process, host_custom,
                                       release_tracer, host_destroy, false};

bool ext_is_host_tracer(ct_array a) { return is_tracer(a) && a->trace->class == &host_class; }

/* The library's trace of an object; borrowed. Evaluation is NULL without an exception. */
static trace *trace_of(PyObject *o)
{
    ext_trace *wrapper = (ext_trace *)o;
    if (!PyObject_TypeCheck(o, ext_trace_type)) {
        PyErr_Format(PyExc_TypeError, "a Trace is wanted, but got %S", (PyObject *)Py_TYPE(o));
        return NULL;
    }
    bool of_python = Py_TYPE(o)->tp_flags & Py_TPFLAGS_BASETYPE;
    if (wrapper->t || !of_python)
        return wrapper->t;
    host_trace *t = base_zalloc(sizeof *t);
    if (!t)
        return ext_raise(), NULL;
    t->base = (trace){.head = {&trace_object_class, 1, KIND_OTHER},
                      .class = &host_class,
                      .alive = true,
                      .of = {.by = Py_TYPE(o)->tp_name}};
    t->object = o;
    t->base.host = o;
    return wrapper->t = &t->base;
}

/* The base class would ask the value, which asks the object. */
static bool says_its_type(PyObject *tracer)
{
    if (((ext_tracer_object *)tracer)->aval)
        return true;
    static PyObject *name;
    if (!name && !(name = PyUnicode_InternFromString("aval")))
        return false;
    return _PyType_Lookup(Py_TYPE(tracer), name) != _PyType_Lookup(ext_tracer, name);
}

ct_array ext_host_tracer(PyObject *tracer)
{
    bool python = PyType_IsSubtype(Py_TYPE(tracer), ext_tracer);
    PyObject *of = python ? ((ext_tracer_object *)tracer)->trace : NULL, *type = NULL;
    trace *t = of ? trace_of(of) : NULL;
    arena memory = {0};
    aval a;
    ct_array made = NULL;
    if (!t && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError,
                     "%s: a Tracer of Python must name its trace with "
                     "Tracer.__init__(self, trace), or set self._trace",
                     Py_TYPE(tracer)->tp_name);
    if (t && !says_its_type(tracer)) {
        PyErr_Format(PyExc_NotImplementedError,
                     "%s: a Tracer of Python must say its aval: give it to Tracer.__init__(self, "
                     "trace, aval), or override aval",
                     Py_TYPE(tracer)->tp_name);
        t = NULL;
    }
    if (t && (type = PyObject_GetAttrString(tracer, "aval")) && ext_aval_of(type, &a, &memory)) {
        made = trace_tracer(t, &a);
        if (!is_poison(made))
            made->payload = Py_NewRef(tracer);
    }
    arena_free(&memory);
    Py_XDECREF(type);
    if (!made) {
        ext_host_failed();
        made = array_poison;
    }
    return made;
}

/* ---- the objects ---- */

/* Classes of the library's traces by the name of their tracers; evaluation comes first. */
static struct library_trace {
    const char *tracer, *name;
    PyTypeObject *type;
} library_traces[] = {
    {"", "jax._src.core.EvalTrace", NULL},
    {"JitTracer", "jax._src.interpreters.partial_eval.DynamicJaxprTrace", NULL},
    {"LinearizeTracer", "jax._src.interpreters.ad.LinearizeTrace", NULL},
    {"JVPTracer", "jax._src.interpreters.ad.JVPTrace", NULL},
    {"BatchTracer", "jax._src.interpreters.batching.BatchTrace", NULL},
};

static PyTypeObject *class_of(const trace *t)
{
    for (size_t i = 1; i < countof(library_traces); i++)
        if (!strcmp(library_traces[i].tracer, t->class->name))
            return library_traces[i].type;
    return library_traces[1].type; /* what else writes operations down */
}

PyObject *ext_wrap_trace(trace *t)
{
    static PyObject *evaluation; /* kept for good */
    if (t && t->host)
        return Py_NewRef((PyObject *)t->host);
    if (!t && evaluation)
        return Py_NewRef(evaluation);
    PyTypeObject *type = t ? class_of(t) : library_traces[0].type;
    ext_trace *o = (ext_trace *)type->tp_alloc(type, 0);
    if (!o)
        return NULL;
    if (!t)
        return Py_NewRef(evaluation = (PyObject *)o);
    object_retain(t);
    o->t = t;
    t->host = o;
    return (PyObject *)o;
}

static PyObject *trace_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (type == ext_trace_type || !(type->tp_flags & Py_TPFLAGS_BASETYPE))
        return PyErr_Format(PyExc_TypeError,
                            "%s: write a subclass of Trace that has a method "
                            "process_primitive(primitive, tracers, params)",
                            type->tp_name);
    return type->tp_alloc(type, 0);
}

static int trace_init(PyObject *self, PyObject *args, PyObject *kwargs) { return 0; }

static void trace_dealloc(PyObject *self)
{
    ext_trace *o = (ext_trace *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (o->weakrefs)
        PyObject_ClearWeakRefs(self);
    if (o->t) {
        o->t->host = NULL;
        if (o->t->class == &host_class) {
            ((host_trace *)o->t)->object = NULL;
            o->t->alive = false;
        }
        object_release(o->t);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *trace_repr(PyObject *self)
{
    const char *name = Py_TYPE(self)->tp_name, *last = strrchr(name, '.');
    return PyUnicode_FromString(last ? last + 1 : name);
}

static PyObject *trace_process(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    return PyErr_Format(PyExc_NotImplementedError,
                        "%s must override process_primitive(primitive, tracers, params)",
                        Py_TYPE(self)->tp_name);
}

/* JAX's older name for what a trace is known by. */
static PyObject *trace_main(PyObject *self, void *c) { return Py_NewRef(self); }

static PyObject *trace_invalidate(PyObject *self, PyObject *unused)
{
    trace *t = trace_of(self);
    if (t)
        t->alive = false;
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *trace_full_raise(PyObject *self, PyObject *value) { return Py_NewRef(value); }

/* The library's traces take any value as it is. */
static PyObject *trace_stage_value(PyObject *self, PyObject *value)
{
    if (Py_TYPE(self)->tp_flags & Py_TPFLAGS_BASETYPE)
        return PyErr_Format(PyExc_NotImplementedError, "%s must override stage_value(value)",
                            Py_TYPE(self)->tp_name);
    return Py_NewRef(value);
}

static PyObject *trace_is_valid(PyObject *self, PyObject *unused)
{
    trace *t = trace_of(self);
    return PyErr_Occurred() ? NULL : PyBool_FromLong(!t || t->alive);
}

bool ext_init_traces(PyObject *module)
{
    static PyMethodDef methods[] = {
        {"process_primitive", EXT_FASTCALL(trace_process), METH_FASTCALL,
         "What an operation means: process_primitive(primitive, tracers, params) -> tracers."},
        {"stage_value", trace_stage_value, METH_O, "A value as a tracer of this trace."},
        {"full_raise", trace_full_raise, METH_O, "The value itself."},
        {"invalidate", trace_invalidate, METH_NOARGS, "Ends the trace: its tracers are dead."},
        {"is_valid", trace_is_valid, METH_NOARGS, "Whether it has not ended."},
        {NULL, NULL, 0, NULL}};
    static PyGetSetDef getset[] = {{"main", trace_main, NULL, "The trace.", NULL},
                                   {NULL, NULL, NULL, NULL, NULL}};
    static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(ext_trace, weakrefs), READONLY, NULL},
        {NULL, 0, 0, 0, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "The base of interpreters of operations."},
        {Py_tp_new, (void *)trace_new},
        {Py_tp_init, (void *)trace_init},
        {Py_tp_dealloc, (void *)trace_dealloc},
        {Py_tp_repr, (void *)trace_repr},
        {Py_tp_methods, methods},
        {Py_tp_members, members},
        {Py_tp_getset, getset},
        {0, NULL}};
    PyType_Spec spec = {"jax._src.core.Trace", sizeof(ext_trace), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    ext_trace_type = ext_add_type(module, &spec, NULL);
    static PyType_Slot none[] = {{0, NULL}};
    for (size_t i = 0; ext_trace_type && i < countof(library_traces); i++) {
        PyType_Spec each = {library_traces[i].name, sizeof(ext_trace), 0, Py_TPFLAGS_DEFAULT, none};
        if (!(library_traces[i].type = ext_add_type(module, &each, ext_trace_type)))
            return false;
    }
    return ext_trace_type != NULL;
}

/* ---- which trace interprets operations ---- */

/* _swap_trace(trace) -> the one before, which it takes the place of */
static PyObject *swap_trace(PyObject *self, PyObject *o)
{
    trace *t = trace_of(o);
    if (PyErr_Occurred())
        return NULL;
    if (t && !t->alive)
        return PyErr_Format(PyExc_RuntimeError, "the trace %R has ended", o);
    PyObject *before = ext_wrap_trace(core_current);
    if (before)
        core_current = t;
    return before;
}

/* _leave_trace(trace, before): puts back what _swap_trace(trace) took the place of. A block that is
 * left late, as by a generator that an exception abandoned, changes nothing. */
static PyObject *leave_trace(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    trace *t = n == 2 ? trace_of(args[0]) : NULL, *before = n == 2 ? trace_of(args[1]) : NULL;
    if (PyErr_Occurred())
        return NULL;
    if (core_current == t)
        core_current = before && before->alive ? before : NULL;
    Py_RETURN_NONE;
}

/* _eval_trace() */
static PyObject *eval_trace(PyObject *self, PyObject *unused) { return ext_wrap_trace(NULL); }

bool ext_bind_context(PyObject *o, trace_context *saved)
{
    trace *t = trace_of(o);
    if (PyErr_Occurred())
        return false;
    if (t && !t->alive) {
        PyErr_Format(PyExc_RuntimeError, "the trace %R has ended", o);
        return false;
    }
    *saved = trace_enter(t);
    return true;
}

/* _trace_state() -> (number of the current trace, 0 outside of all; classes of the traces from the
 * innermost out; names of mapped axes from the innermost out) */
static PyObject *trace_state(PyObject *self, PyObject *unused)
{
    static uint64_t last;
    if (core_current && !core_current->serial)
        core_current->serial = ++last;
    PyObject *classes = PyList_New(0), *axes = PyList_New(0);
    for (trace *t = core_current; classes && t; t = t->parent) {
        PyObject *name = PyUnicode_FromString(t->class->name);
        if (!name || PyList_Append(classes, name) < 0)
            Py_CLEAR(classes);
        Py_XDECREF(name);
    }
    for (axis_frame *f = core_axes; axes && f; f = f->outer) {
        PyObject *name = f->name ? PyUnicode_FromString(f->name) : NULL;
        if (f->name && (!name || PyList_Append(axes, name) < 0))
            Py_CLEAR(axes);
        Py_XDECREF(name);
    }
    unsigned long long number = core_current ? core_current->serial : 0;
    if (classes && axes)
        return Py_BuildValue("(KNN)", number, classes, axes);
    Py_XDECREF(classes);
    Py_XDECREF(axes);
    return NULL;
}

/* _fold_constants(flag) -> the flag before: whether operations on known values are evaluated while
 * a program is written down. */
static PyObject *fold_constants(PyObject *self, PyObject *flag)
{
    bool before = stage_folds_constants;
    int truth = PyObject_IsTrue(flag);
    if (truth < 0)
        return NULL;
    stage_folds_constants = truth;
    return PyBool_FromLong(before);
}

PyMethodDef ext_trace_methods[] = {
    {"_trace_state", trace_state, METH_NOARGS, NULL},
    {"_fold_constants", fold_constants, METH_O, NULL},
    {"_swap_trace", swap_trace, METH_O, NULL},
    {"_leave_trace", EXT_FASTCALL(leave_trace), METH_FASTCALL, NULL},
    {"_eval_trace", eval_trace, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
