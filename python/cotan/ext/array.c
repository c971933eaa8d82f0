/* The array types: jax.Array, its concrete class ArrayImpl, PRNG key arrays and the tracers of each
 * transformation.
 *
 * One C struct serves them all; the class only tells Python what kind of value it is. Operators are
 * in operators.c, attributes in attributes.c. */
#include "ext.h"
#include "transform/transform.h"

PyTypeObject *ext_array_base, *ext_array_impl, *ext_key_array, *ext_tracer, *ext_zero;

/* Trace classes by the name that core gives them, and JAX's class of their tracers. */
static struct tracer_class {
    const char *trace, *name;
    PyTypeObject *type;
} tracer_classes[] = {
    {"JitTracer", "jax._src.interpreters.partial_eval.DynamicJaxprTracer", NULL},
    {"LinearizeTracer", "jax._src.interpreters.ad.LinearizeTracer", NULL},
    {"JVPTracer", "jax._src.interpreters.ad.JVPTracer", NULL},
    {"BatchTracer", "jax._src.interpreters.batching.BatchTracer", NULL},
};

static PyTypeObject *class_of(ct_array a)
{
    if (unlikely(a->aval.ref))
        return ext_ref_type;
    if (likely(is_array(a)))
        return dtype_is((ct_dtype)a->aval.dtype, FAMILY_KEY) ? ext_key_array : ext_array_impl;
    if (is_zero(a))
        return ext_zero;
    const char *name = a->trace ? a->trace->class->name : "";
    for (size_t i = 0; i < countof(tracer_classes); i++)
        if (!strcmp(tracer_classes[i].trace, name))
            return tracer_classes[i].type;
    return ext_tracer;
}

/* Freed objects of the commonest class wait here. */
static ext_value *spare[64];
static int spares;

PyObject *ext_wrap_array(ct_array a)
{
    if (a->host)
        return Py_NewRef((PyObject *)a->host);
    if (unlikely(ext_is_host_tracer(a)))
        return Py_NewRef((PyObject *)a->payload);
    if (unlikely(is_poison(a = array_kept(a))))
        return ext_raise();
    PyTypeObject *type = class_of(a);
    ext_value *o;
    if (type == ext_array_impl && spares) {
        o = spare[--spares];
        PyObject_Init((PyObject *)o, type);
    } else {
        o = PyObject_New(ext_value, type);
        if (!o)
            return NULL;
    }
    if (type->tp_basicsize > (Py_ssize_t)sizeof *o)
        ((ext_tracer_object *)o)->trace = ((ext_tracer_object *)o)->aval = NULL;
    object_retain(a);
    o->value = a;
    o->weakrefs = o->sharding = NULL;
    a->host = o;
    return (PyObject *)o;
}

PyObject *ext_wrap(ct_tree a)
{
    if (unlikely(!a || is_poison(a) || !ct_ok()))
        return ext_raise();
    if (unlikely(is_tree(a)))
        return ext_wrap_tree(a->def, a->count, a->leaves);
    return ext_wrap_array(a);
}

PyObject *ext_wrap_made(ct_tree result)
{
    bool made = unlikely(core_current) && result && is_array(result) && !result->host;
    return ext_wrap(made ? stage_known(result) : result);
}

PyObject *ext_finish(ct_scope scope, ct_tree result)
{
    PyObject *o = ext_wrap_made(result);
    ct_end_(scope, NULL);
    return o;
}

static void array_dealloc(PyObject *self)
{
    ext_value *o = (ext_value *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (o->weakrefs)
        PyObject_ClearWeakRefs(self);
    Py_CLEAR(o->sharding);
    if (o->value) {
        o->value->host = NULL;
        object_release(o->value);
    }
    if (type == ext_array_impl && spares < (int)countof(spare))
        spare[spares++] = o;
    else
        type->tp_free(self);
    Py_DECREF(type);
}

static void tracer_dealloc(PyObject *self)
{
    Py_CLEAR(((ext_tracer_object *)self)->trace);
    Py_CLEAR(((ext_tracer_object *)self)->aval);
    array_dealloc(self);
}

static PyObject *array_new_forbidden(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    return PyErr_Format(
        PyExc_TypeError,
        "%s objects are made by functions such as jax.numpy.array, not by calling the class",
        type->tp_name);
}

static PyObject *from_text(text *t)
{
    char *s = text_end(t);
    if (!s)
        return ext_raise();
    PyObject *o = PyUnicode_FromString(s);
    base_free(s);
    return o;
}

static void tracer_text(text *t, ct_array a);

/* A tracer's content in another one's text: a number, an array's str on one line, or a tracer. */
static void inner_text(text *t, ct_array a)
{
    if (is_tracer(a))
        tracer_text(t, a);
    else
        array_text(t, a, false);
}

static void tracer_text(text *t, ct_array a)
{
    PyTypeObject *c = class_of(a);
    text_add(t, c == tracer_classes[0].type   ? "JitTracer("
                : c == tracer_classes[1].type ? "GradTracer(primal="
                : c == tracer_classes[2].type ? "JVPTracer(primal="
                : c == tracer_classes[3].type ? "VmapTracer(aval="
                                              : "Tracer(");
    if ((c == tracer_classes[1].type || c == tracer_classes[2].type) && a->primal) {
        inner_text(t, a->primal);
        text_add(t, c == tracer_classes[1].type ? ", typeof(tangent)=" : ", tangent=");
        if (c == tracer_classes[2].type && a->tangent)
            inner_text(t, a->tangent);
        else
            aval_text(t, &a->aval, true);
    } else {
        aval_text(t, &a->aval, false);
        if (c == tracer_classes[3].type && a->primal) {
            text_add(t, ", batched=");
            aval_text(t, &a->primal->aval, false);
        }
    }
    text_add(t, ")");
}

/* With NumPy's print options changed, NumPy writes the elements: NULL without an exception when
 * they are as usual. */
static PyObject *other_text(PyObject *self, ct_array a, bool repr)
{
    if (likely(!numpy_prints_otherwise()) || dtype_is((ct_dtype)a->aval.dtype, FAMILY_KEY))
        return NULL;
    PyObject *m = PyImport_ImportModule("cotan._face"), *out = NULL;
    if (m)
        out = PyObject_CallMethod(m, "array_text", "Oi", self, repr);
    Py_XDECREF(m);
    return out;
}

static PyObject *array_repr(PyObject *self)
{
    ct_array a = ext_value_of(self);
    text t = {0};
    if (is_tracer(a))
        tracer_text(&t, a);
    else if (array_deleted(a))
        return array_fail_deleted(a), ext_raise();
    else {
        PyObject *other = other_text(self, a, true);
        if (other || PyErr_Occurred())
            return other;
        array_text(&t, a, true);
    }
    return from_text(&t);
}

static PyObject *array_str(PyObject *self)
{
    ct_array a = ext_value_of(self);
    if (is_tracer(a) || array_deleted(a))
        return array_repr(self);
    PyObject *other = other_text(self, a, false);
    if (other || PyErr_Occurred())
        return other;
    text t = {0};
    array_text(&t, a, false);
    return from_text(&t);
}

static Py_ssize_t array_length(PyObject *self)
{
    ct_scope scope = ct_begin();
    ct_array a = ext_value_of(self);
    Py_ssize_t n = a->aval.ndim ? (Py_ssize_t)a->aval.shape[0] : -1;
    if (is_poison(a))
        ext_raise();
    else if (n < 0)
        PyErr_SetString(PyExc_TypeError, "len() of unsized object");
    ct_end_(scope, NULL);
    return n;
}

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ext_value, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static bool has_constructor(const PyType_Spec *spec)
{
    for (const PyType_Slot *s = spec->slots; s->slot; s++)
        if (s->slot == Py_tp_new)
            return true;
    return false;
}

PyTypeObject *ext_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base)
{
    if (!base && !has_constructor(spec)) /* only the library makes these: not empty, by a call */
        spec->flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
    PyObject *t = PyType_FromModuleAndSpec(module, spec, (PyObject *)base);
    if (!t)
        return NULL;
    const char *dot = strrchr(spec->name, '.');
    if (PyModule_AddObjectRef(module, dot ? dot + 1 : spec->name, t) < 0)
        Py_CLEAR(t);
    return (PyTypeObject *)t;
}

/* All operators stand in the base class; a subclass of it needs nothing of its own. */
static PyTypeObject *add_base(PyObject *module)
{
    PyType_Slot fixed[] = {
        {Py_tp_doc, (void *)(uintptr_t) "The class of arrays, traced or concrete; made by "
                                        "jax.numpy's functions."},
        {Py_tp_new, (void *)array_new_forbidden},
        {Py_tp_dealloc, (void *)array_dealloc},
        {Py_tp_repr, (void *)array_repr},
        {Py_tp_str, (void *)array_str},
        {Py_tp_hash, (void *)PyObject_HashNotImplemented},
        {Py_tp_richcompare, (void *)ext_richcompare},
        {Py_tp_iter, (void *)ext_iter},
        {Py_tp_methods, ext_array_methods},
        {Py_tp_getset, ext_array_getset},
        {Py_tp_members, members},
        {Py_mp_length, (void *)array_length},
        {Py_sq_contains, (void *)ext_array_contains},
        {Py_mp_subscript, (void *)ext_subscript},
        {Py_mp_ass_subscript, (void *)ext_assign_subscript},
    };
    PyType_Slot slots[64];
    size_t n = countof(fixed);
    memcpy(slots, fixed, sizeof fixed);
    for (const PyType_Slot *s = ext_number_slots; s->slot; s++)
        slots[n++] = *s;
    slots[n] = (PyType_Slot){0, NULL};
    PyType_Spec spec = {"jax.Array", sizeof(ext_value), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                        slots};
    return ext_add_type(module, &spec, NULL);
}

/* ---- tracers: the library's, and those of classes that Python writes ---- */

/* Tracer(trace, aval), or Tracer(trace) where the class of Python says the aval. */
static PyObject *tracer_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    return type == ext_tracer ? array_new_forbidden(type, args, kwargs) : type->tp_alloc(type, 0);
}

static int tracer_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    ext_tracer_object *o = (ext_tracer_object *)self;
    PyObject *given[] = {NULL, NULL};
    static const char *const names[] = {"trace", "aval", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:Tracer", (char **)(uintptr_t)names,
                                     &given[0], &given[1]))
        return -1;
    if (given[0])
        Py_XSETREF(o->trace, Py_NewRef(given[0]));
    if (given[1])
        Py_XSETREF(o->aval, Py_NewRef(given[1]));
    return 0;
}

static PyObject *tracer_get_trace(PyObject *self, void *c)
{
    ext_tracer_object *o = (ext_tracer_object *)self;
    return o->head.value ? ext_wrap_trace(o->head.value->trace)
                         : Py_NewRef(o->trace ? o->trace : Py_None);
}

static int tracer_set_trace(PyObject *self, PyObject *value, void *c)
{
    Py_XSETREF(((ext_tracer_object *)self)->trace, Py_XNewRef(value));
    return 0;
}

static PyObject *tracer_get_aval(PyObject *self, void *c)
{
    PyObject *told = ((ext_tracer_object *)self)->aval;
    return told ? Py_NewRef(told) : ext_get_aval(self, c);
}

static int tracer_set_aval(PyObject *self, PyObject *value, void *c)
{
    Py_XSETREF(((ext_tracer_object *)self)->aval, Py_XNewRef(value));
    return 0;
}

/* What it is asked for may make a value of it, which goes when that is answered. */
static PyObject *tracer_getattr(PyObject *self, PyObject *name)
{
    if (((ext_value *)self)->value)
        return PyObject_GenericGetAttr(self, name);
    ct_scope scope = ct_begin();
    PyObject *out = PyObject_GenericGetAttr(self, name);
    ct_end_(scope, NULL);
    if (ct_ok())
        return out;
    Py_XDECREF(out);
    return ext_raise();
}

static PyGetSetDef tracer_getset[] = {
    {"_trace", tracer_get_trace, tracer_set_trace, "What interprets operations on it.", NULL},
    {"aval", tracer_get_aval, tracer_set_aval, "Shape and dtype as an abstract value.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};
static const PyType_Slot tracer_slots[] = {
    {Py_tp_new, (void *)tracer_new},         {Py_tp_init, (void *)tracer_init},
    {Py_tp_dealloc, (void *)tracer_dealloc}, {Py_tp_getattro, (void *)tracer_getattr},
    {Py_tp_getset, tracer_getset},           {0, NULL}};

/* Heap types keep the pointer of the spec's name, so names are literals; slots are copied. */
static PyTypeObject *add_subclass(PyObject *module, const char *name, PyTypeObject *base,
                                  const PyType_Slot *more)
{
    PyType_Slot none[] = {{0, NULL}};
    int size =
        base == ext_tracer || more == tracer_slots ? sizeof(ext_tracer_object) : sizeof(ext_value);
    PyType_Spec spec = {name, size, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                        more ? (PyType_Slot *)(uintptr_t)more : none};
    return ext_add_type(module, &spec, base);
}

/* ---- symbolic zeros: what rules of custom_jvp and custom_vjp may be given ---- */

/* SymbolicZero(aval): anything with a shape and a dtype. */
static PyObject *zero_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"aval", NULL};
    PyObject *like, *shape = NULL, *dtype = NULL, *weak = NULL, *out = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:SymbolicZero", (char **)(uintptr_t)names,
                                     &like))
        return NULL;
    arena memory = {0};
    ct_ints dims;
    ct_dtype d;
    if ((shape = PyObject_GetAttrString(like, "shape")) &&
        (dtype = PyObject_GetAttrString(like, "dtype")) &&
        ext_ints(shape, &dims, &memory, "shape") && ext_dtype_code(dtype, &d, "a zero's dtype")) {
        weak = PyObject_GetAttrString(like, "weak_type");
        PyErr_Clear();
        ct_scope scope = ct_begin();
        out = ext_wrap(array_zero(&(aval){(uint8_t)d, weak == Py_True, (int32_t)dims.n, dims.at}));
        ct_end_(scope, NULL);
    }
    arena_free(&memory);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    Py_XDECREF(weak);
    return out;
}

static PyObject *zero_repr(PyObject *self) { return PyUnicode_FromString("SymbolicZero"); }

static PyTypeObject *add_zero(PyObject *module)
{
    static PyType_Slot slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "A tangent or cotangent that is known to be zero."},
        {Py_tp_new, (void *)zero_new},
        {Py_tp_dealloc, (void *)array_dealloc},
        {Py_tp_repr, (void *)zero_repr},
        {Py_tp_getset, ext_zero_getset},
        {Py_tp_members, members},
        {0, NULL}};
    PyType_Spec spec = {"jax._src.ad_util.SymbolicZero", sizeof(ext_value), 0, Py_TPFLAGS_DEFAULT,
                        slots};
    return ext_add_type(module, &spec, NULL);
}

bool ext_init_array(PyObject *module)
{
    static const PyType_Slot impl[] = {{Py_bf_getbuffer, (void *)ext_getbuffer},
                                       {Py_bf_releasebuffer, (void *)ext_releasebuffer},
                                       {0, NULL}};
    static const PyType_Slot library_tracer[] = {{Py_tp_new, (void *)array_new_forbidden},
                                                 {0, NULL}};
    ext_array_base = add_base(module);
    if (!ext_array_base)
        return false;
    ext_array_impl = add_subclass(module, "jaxlib._jax.ArrayImpl", ext_array_base, impl);
    ext_key_array = add_subclass(module, "jax._src.prng.PRNGKeyArray", ext_array_base, NULL);
    ext_tracer = add_subclass(module, "jax._src.core.Tracer", ext_array_base, tracer_slots);
    ext_zero = add_zero(module);
    if (!ext_array_impl || !ext_key_array || !ext_tracer || !ext_zero)
        return false;
    for (size_t i = 0; i < countof(tracer_classes); i++)
        if (!(tracer_classes[i].type =
                  add_subclass(module, tracer_classes[i].name, ext_tracer, library_tracer)))
            return false;
    return true;
}
