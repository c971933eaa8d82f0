/* Variables, literals and equations as Python's objects.
 *
 * Those of a traced program look at it when they are asked: an equation is a pointer until someone
 * reads its fields. Those that a program of Python makes hold what they were given; jaxpr.c turns
 * both into programs of the library. */
#include "equations.h"

PyTypeObject *ext_var_type, *ext_drop_var_type, *ext_literal_type, *ext_eqn_type;

PyObject *ext_core_attribute(const char *name)
{
    static PyObject *core; /* kept: cotan.core is never unloaded */
    if (!core && !(core = PyImport_ImportModule("cotan.core")))
        return NULL;
    return PyObject_GetAttrString(core, name);
}

/* The type of a mutable array of this type; takes over the reference. */
static PyObject *reference_to(PyObject *type)
{
    PyObject *m = PyImport_ImportModule("cotan.ref"),
             *o = m ? PyObject_CallMethod(m, "AbstractRef", "O", type) : NULL;
    Py_XDECREF(m);
    Py_DECREF(type);
    return o;
}

PyObject *ext_aval(const aval *a)
{
    PyObject *class = ext_core_attribute("ShapedArray"), *shape = PyTuple_New(a->ndim),
             *dtype = ext_dtype((ct_dtype)a->dtype), *o = NULL;
    for (int k = 0; shape && k < a->ndim; k++)
        PyTuple_SET_ITEM(shape, k, PyLong_FromLongLong(a->shape[k]));
    if (class && shape && dtype)
        o = PyObject_CallFunctionObjArgs(class, shape, dtype, a->weak ? Py_True : Py_False, NULL);
    Py_XDECREF(class);
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    return o && a->ref ? reference_to(o) : o;
}

PyObject *ext_list(Py_ssize_t n, PyObject *(*item)(const void *env, Py_ssize_t i), const void *env)
{
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list && i < n; i++) {
        PyObject *o = item(env, i);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    return list;
}

static PyObject *array_item(const void *env, Py_ssize_t i)
{
    ct_array a = ((const ct_array *)env)[i];
    return a ? ext_wrap(a) : Py_NewRef(Py_None);
}

PyObject *ext_list_of_arrays(int n, const ct_array *values)
{
    return ext_list(n, array_item, values);
}

static PyObject *aval_item(const void *env, Py_ssize_t i)
{
    return ext_aval(&((const aval *)env)[i]);
}

PyObject *ext_list_of_avals(int n, const aval *avals) { return ext_list(n, aval_item, avals); }

static void release_self(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    t->tp_free(self);
    Py_DECREF(t);
}

/* ---- variables ---- */

PyObject *ext_wrap_var(jaxpr *owner, var *v)
{
    if (v->host)
        return Py_NewRef((PyObject *)v->host);
    ext_var *o = PyObject_New(ext_var, ext_var_type);
    if (!o)
        return NULL;
    object_retain(owner);
    *o = (ext_var){.ob_base = o->ob_base, .owner = owner, .v = v};
    v->host = o;
    return (PyObject *)o;
}

static void var_dealloc(PyObject *self)
{
    ext_var *o = (ext_var *)self;
    if (o->weakrefs)
        PyObject_ClearWeakRefs(self);
    if (o->v && o->v->host == o)
        o->v->host = NULL;
    if (o->owner)
        object_release(o->owner);
    Py_XDECREF(o->aval);
    release_self(self);
}

static PyObject *var_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"aval", "initial_qdd", "final_qdd", NULL};
    PyObject *type_of, *initial, *final;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:Var", (char **)(uintptr_t)names, &type_of,
                                     &initial, &final))
        return NULL;
    ext_var *o = (ext_var *)type->tp_alloc(type, 0);
    if (o)
        o->aval = Py_NewRef(type_of);
    return (PyObject *)o;
}

static PyObject *var_aval(PyObject *self, void *closure)
{
    ext_var *o = (ext_var *)self;
    if (!o->aval && !(o->aval = ext_aval(&o->v->aval)))
        return NULL;
    return Py_NewRef(o->aval);
}

static PyObject *var_repr(PyObject *self)
{
    PyObject *a = var_aval(self, NULL), *s = a ? PyObject_CallMethod(a, "str_short", NULL) : NULL,
             *out = NULL;
    if (s)
        out = PyUnicode_FromFormat("Var(id=%zu):%U", (size_t)(uintptr_t)self, s);
    Py_XDECREF(s);
    Py_XDECREF(a);
    return out;
}

static PyObject *drop_var_repr(PyObject *self) { return PyUnicode_FromString("_"); }

/* ---- literals ---- */

static PyObject *wrap_literal(ct_array a)
{
    ext_literal *o = PyObject_New(ext_literal, ext_literal_type);
    if (!o)
        return NULL;
    object_retain(a);
    *o = (ext_literal){.ob_base = o->ob_base, .value = a};
    return (PyObject *)o;
}

static void literal_dealloc(PyObject *self)
{
    ext_literal *o = (ext_literal *)self;
    if (o->value)
        object_release(o->value);
    Py_XDECREF(o->val);
    Py_XDECREF(o->aval);
    release_self(self);
}

static PyObject *literal_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"val", "aval", NULL};
    PyObject *val, *type_of;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:Literal", (char **)(uintptr_t)names, &val,
                                     &type_of))
        return NULL;
    ext_literal *o = (ext_literal *)type->tp_alloc(type, 0);
    if (o) {
        o->val = Py_NewRef(val);
        o->aval = Py_NewRef(type_of);
    }
    return (PyObject *)o;
}

/* A number of Python where it has the same type when it is read again, else NumPy's scalar. */
static PyObject *literal_object(ct_array a)
{
    ct_dtype d = (ct_dtype)a->aval.dtype;
    if (a->aval.weak && d == dtype_default(FAMILY_FLOAT))
        return PyFloat_FromDouble(array_get_double(a, 0));
    if (a->aval.weak && d == dtype_default(FAMILY_INT))
        return PyLong_FromLongLong(array_get_int(a, 0));
    if (d == CT_BOOL)
        return PyBool_FromLong((long)array_get_int(a, 0));
    PyObject *array = a->aval.weak ? NULL : numpy_from_array(a, true), *empty = PyTuple_New(0);
    PyObject *o = a->aval.weak ? ext_wrap_array(a) : NULL;
    if (array && empty)
        o = PyObject_GetItem(array, empty);
    Py_XDECREF(array);
    Py_XDECREF(empty);
    return o;
}

static PyObject *literal_val(PyObject *self, void *closure)
{
    ext_literal *o = (ext_literal *)self;
    if (!o->val && !(o->val = literal_object(o->value)))
        return NULL;
    return Py_NewRef(o->val);
}

static PyObject *literal_aval(PyObject *self, void *closure)
{
    ext_literal *o = (ext_literal *)self;
    if (!o->aval && !(o->aval = ext_aval(&o->value->aval)))
        return NULL;
    return Py_NewRef(o->aval);
}

static PyObject *literal_repr(PyObject *self)
{
    PyObject *val = literal_val(self, NULL), *s = val ? PyObject_Str(val) : NULL,
             *out = s ? PyUnicode_FromFormat("Literal(%U)", s) : NULL;
    Py_XDECREF(s);
    Py_XDECREF(val);
    return out;
}

ct_array ext_literal_array(PyObject *literal)
{
    ext_literal *o = (ext_literal *)literal;
    if (o->value)
        return o->value;
    arena memory = {0};
    aval want;
    ct_array a = NULL;
    if (ext_aval_of(o->aval, &want, &memory) && (a = ext_array(o->val, "a literal", CONVERT_LISTS)))
        a = op_convert(a, (ct_dtype)want.dtype, want.weak);
    arena_free(&memory);
    if (a && is_poison(a)) {
        ext_raise();
        return NULL;
    }
    return a;
}

/* ---- atoms ---- */

PyObject *ext_wrap_atom(jaxpr *owner, const atom *a)
{
    return a->var ? ext_wrap_var(owner, a->var) : wrap_literal(a->literal);
}

/* ---- equations ---- */

enum { INVARS, OUTVARS, PRIMITIVE, PARAMS, EFFECTS, SOURCE_INFO, CTX };
static const char *const eqn_fields[] = {"invars",  "outvars",     "primitive", "params",
                                         "effects", "source_info", "ctx",       NULL};

PyObject *ext_wrap_eqn(jaxpr *owner, const eqn *e)
{
    ext_eqn *o = PyObject_New(ext_eqn, ext_eqn_type);
    if (!o)
        return NULL;
    object_retain(owner);
    *o = (ext_eqn){.ob_base = o->ob_base, .owner = owner, .e = e};
    return (PyObject *)o;
}

static void eqn_dealloc(PyObject *self)
{
    ext_eqn *o = (ext_eqn *)self;
    if (o->owner)
        object_release(o->owner);
    for (size_t i = 0; i < countof(o->field); i++)
        Py_XDECREF(o->field[i]);
    release_self(self);
}

static PyObject *eqn_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *field[EXT_EQN_FIELDS] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOOO!|OOO:JaxprEqn", (char **)(uintptr_t)eqn_fields, &field[INVARS],
            &field[OUTVARS], &field[PRIMITIVE], &PyDict_Type, &field[PARAMS], &field[EFFECTS],
            &field[SOURCE_INFO], &field[CTX]))
        return NULL;
    ext_eqn *o = (ext_eqn *)type->tp_alloc(type, 0);
    if (!o)
        return NULL;
    bool good = (o->field[INVARS] = PySequence_List(field[INVARS])) &&
                (o->field[OUTVARS] = PySequence_List(field[OUTVARS]));
    for (int i = PRIMITIVE; good && i < EXT_EQN_FIELDS; i++)
        if (field[i] && field[i] != Py_None)
            o->field[i] = Py_NewRef(field[i]);
    if (!good)
        Py_CLEAR(o);
    return (PyObject *)o;
}

static PyObject *operand_item(const void *env, Py_ssize_t i)
{
    const ext_eqn *o = env;
    return ext_wrap_atom(o->owner, &o->e->in[i]);
}

/* The type of a result that has no variable. */
static PyObject *unnamed_result(const ext_eqn *o, int i)
{
    const eqn *e = o->e;
    arena memory = {0};
    aval *in = arena_alloc(&memory, sizeof *in * (size_t)(e->nin + 1)),
         *out = arena_alloc(&memory, sizeof *out * (size_t)(e->nout + 1));
    for (int k = 0; in && k < e->nin; k++)
        in[k] = *atom_aval(&e->in[k]);
    int n = e->nout;
    PyObject *a = NULL, *v = NULL;
    if (in && out && e->op->abstract &&
        e->op->abstract(e->op, e->params, e->nin, in, &n, out, &memory))
        a = ext_aval(&out[i]);
    else
        ext_raise();
    if (a)
        v = PyObject_CallOneArg((PyObject *)ext_drop_var_type, a);
    Py_XDECREF(a);
    arena_free(&memory);
    return v;
}

static PyObject *result_item(const void *env, Py_ssize_t i)
{
    const ext_eqn *o = env;
    var *v = o->e->out[i];
    return v ? ext_wrap_var(o->owner, v) : unnamed_result(o, (int)i);
}

PyObject *ext_effects(uint32_t effects)
{
    PyObject *all = ext_core_attribute("_effects"),
             *set = all ? PyObject_CallFunction(all, "I", effects) : NULL;
    Py_XDECREF(all);
    return set;
}

static PyObject *source_info(const eqn *e)
{
    PyObject *class = ext_core_attribute("SourceInfo"),
             *info = class ? PyObject_CallFunction(class, "Ns", ext_source(e->source),
                                                   e->name_stack ? e->name_stack : "")
                           : NULL;
    Py_XDECREF(class);
    return info;
}

static PyObject *make_field(const ext_eqn *o, intptr_t i)
{
    switch (o->e ? i : i + EXT_EQN_FIELDS) {
    case INVARS:
        return ext_list(o->e->nin, operand_item, o);
    case OUTVARS:
        return ext_list(o->e->nout, result_item, o);
    case PRIMITIVE:
        return ext_wrap_primitive(o->e->op);
    case PARAMS:
        return ext_params_dict(o->e->op, o->e->params, o->e->nin,
                               o->e->nin ? atom_aval(&o->e->in[0]) : NULL, o->e->nout);
    case EFFECTS:
        return ext_effects(op_effects(o->e->op, o->e->params));
    case EFFECTS + EXT_EQN_FIELDS:
        return ext_core_attribute("no_effects");
    case SOURCE_INFO:
        return source_info(o->e);
    case SOURCE_INFO + EXT_EQN_FIELDS:
        return ext_core_attribute("_no_source");
    case CTX:
    case CTX + EXT_EQN_FIELDS:
        return ext_core_attribute("_no_context");
    }
    return Py_NewRef(Py_None);
}

PyObject *ext_eqn_field(PyObject *self, void *which)
{
    ext_eqn *o = (ext_eqn *)self;
    intptr_t i = (intptr_t)which;
    if (!o->field[i] && !(o->field[i] = make_field(o, i)))
        return NULL;
    return Py_NewRef(o->field[i]);
}

PyObject *ext_replaced(PyObject *self, PyObject *args, PyObject *kwargs, const char *const *names)
{
    if (PyTuple_GET_SIZE(args))
        return PyErr_Format(PyExc_TypeError, "replace() takes keyword arguments only");
    PyObject *all = kwargs ? PyDict_Copy(kwargs) : PyDict_New();
    for (; all && *names; names++) {
        if (PyDict_GetItemString(all, *names))
            continue;
        PyObject *value = PyObject_GetAttrString(self, *names);
        if (!value || PyDict_SetItemString(all, *names, value) < 0)
            Py_CLEAR(all);
        Py_XDECREF(value);
    }
    PyObject *empty = all ? PyTuple_New(0) : NULL,
             *o = empty ? PyObject_Call((PyObject *)Py_TYPE(self), empty, all) : NULL;
    Py_XDECREF(empty);
    Py_XDECREF(all);
    return o;
}

static PyObject *eqn_replace(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return ext_replaced(self, args, kwargs, eqn_fields);
}

static PyObject *eqn_repr(PyObject *self)
{
    PyObject *maker = ext_core_attribute("_program_of"),
             *program = maker ? PyObject_CallOneArg(maker, self) : NULL;
    jaxpr *j = program ? ext_jaxpr_of(program) : NULL;
    text t = {0};
    if (j)
        eqn_text(&t, j->eqns);
    char *s = text_end(&t);
    PyObject *out = j && s ? PyUnicode_FromString(s) : PyErr_Occurred() ? NULL : ext_raise();
    base_free(s);
    Py_XDECREF(program);
    Py_XDECREF(maker);
    return out;
}

/* ---- types ---- */

#define FIELD(name, number)                                                                        \
    {                                                                                              \
        name, ext_eqn_field, NULL, NULL, (void *)(intptr_t)(number)                                \
    }

static bool add_atoms(PyObject *module)
{
    static PyMemberDef members[] = {
        {"__weaklistoffset__", T_PYSSIZET, offsetof(ext_var, weakrefs), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyGetSetDef var_getset[] = {{"aval", var_aval, NULL, "The type of its values.", NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};
    static PyType_Slot var_slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "A variable of a jaxpr: equal to itself only."},
        {Py_tp_new, (void *)var_new},
        {Py_tp_dealloc, (void *)var_dealloc},
        {Py_tp_repr, (void *)var_repr},
        {Py_tp_getset, var_getset},
        {Py_tp_members, members},
        {0, NULL}};
    static PyType_Slot drop_slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "A result that nothing reads."},
        {Py_tp_repr, (void *)drop_var_repr},
        {0, NULL}};
    static PyGetSetDef literal_getset[] = {{"val", literal_val, NULL, "The number.", NULL},
                                           {"aval", literal_aval, NULL, "Its type.", NULL},
                                           {NULL, NULL, NULL, NULL, NULL}};
    static PyType_Slot literal_slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "A number that stands in an equation."},
        {Py_tp_new, (void *)literal_new},
        {Py_tp_dealloc, (void *)literal_dealloc},
        {Py_tp_repr, (void *)literal_repr},
        {Py_tp_getset, literal_getset},
        {0, NULL}};
    static PyType_Spec var_spec = {"jax._src.core.Var", sizeof(ext_var), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, var_slots};
    static PyType_Spec drop_spec = {"jax._src.core.DropVar", sizeof(ext_var), 0, Py_TPFLAGS_DEFAULT,
                                    drop_slots};
    static PyType_Spec literal_spec = {"jax._src.core.Literal", sizeof(ext_literal), 0,
                                       Py_TPFLAGS_DEFAULT, literal_slots};
    return (ext_var_type = ext_add_type(module, &var_spec, NULL)) &&
           (ext_drop_var_type = ext_add_type(module, &drop_spec, ext_var_type)) &&
           (ext_literal_type = ext_add_type(module, &literal_spec, NULL));
}

bool ext_init_equations(PyObject *module)
{
    static PyGetSetDef getset[] = {
        FIELD("invars", INVARS), FIELD("outvars", OUTVARS),      FIELD("primitive", PRIMITIVE),
        FIELD("params", PARAMS), FIELD("effects", EFFECTS),      FIELD("source_info", SOURCE_INFO),
        FIELD("ctx", CTX),       {NULL, NULL, NULL, NULL, NULL},
    };
    static PyMethodDef methods[] = {
        {"replace", EXT_FASTCALL(eqn_replace), METH_VARARGS | METH_KEYWORDS,
         "The same equation with other fields."},
        {NULL, NULL, 0, NULL},
    };
    static PyType_Slot slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "An equation: outvars = primitive[params] invars."},
        {Py_tp_new, (void *)eqn_new},
        {Py_tp_dealloc, (void *)eqn_dealloc},
        {Py_tp_repr, (void *)eqn_repr},
        {Py_tp_getset, getset},
        {Py_tp_methods, methods},
        {0, NULL}};
    static PyType_Spec spec = {"jax._src.core.JaxprEqn", sizeof(ext_eqn), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    return add_atoms(module) && (ext_eqn_type = ext_add_type(module, &spec, NULL));
}
