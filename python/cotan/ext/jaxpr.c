/* Jaxpr and ClosedJaxpr as Python's objects; building.c makes programs of them.
 *
 * Each has two forms, and makes the other when it is asked for: a traced one is a program of the
 * library whose equations become objects when they are read; one that Python put together is lists
 * of objects that become a program, verified, when it is run, printed or bound. The lists may be
 * changed in place: a program is made again when its lists are not what they were. */
#include "equations.h"
#include "transform/partial.h"

enum { CONSTVARS, INVARS, OUTVARS, EQNS, EFFECTS, DEBUG_INFO, JAXPR_FIELDS };
static const char *const jaxpr_fields[] = {"constvars", "invars",     "outvars", "eqns",
                                           "effects",   "debug_info", NULL};

typedef struct ext_jaxpr {
    PyObject_HEAD jaxpr *j;        /* the constants are its leading inputs; NULL until asked for */
    int nconsts;                   /* how many */
    PyObject *field[JAXPR_FIELDS]; /* NULL until asked for */
    PyObject *describe;            /* completes its debug_info; NULL: nothing does */
    PyObject *was[EQNS + 1];       /* tuples: the lists when j was made of them or they of j */
    PyObject *weakrefs;
} ext_jaxpr;

typedef struct ext_closed {
    PyObject_HEAD jaxpr *j; /* NULL until asked for */
    PyObject *jaxpr;        /* NULL until asked for */
    PyObject *consts;       /* a list */
    PyObject *weakrefs;
} ext_closed;

static PyTypeObject *jaxpr_type, *closed_type;

/* ---- the two forms of a Jaxpr ---- */

static bool same_items(PyObject *list, PyObject *was)
{
    Py_ssize_t n = PyList_GET_SIZE(list);
    if (!was || PyTuple_GET_SIZE(was) != n)
        return false;
    for (Py_ssize_t i = 0; i < n; i++)
        if (PyList_GET_ITEM(list, i) != PyTuple_GET_ITEM(was, i))
            return false;
    return true;
}

static bool remember(ext_jaxpr *o, int i)
{
    Py_XSETREF(o->was[i], PyList_AsTuple(o->field[i]));
    return o->was[i] != NULL;
}

static PyObject *jaxpr_field(PyObject *self, void *which);

/* The program with the constants as leading inputs: borrowed. NULL and an exception. */
static jaxpr *open_program(PyObject *self)
{
    ext_jaxpr *o = (ext_jaxpr *)self;
    bool same = o->j != NULL;
    for (int i = 0; i <= EQNS && same; i++)
        same = !o->field[i] || same_items(o->field[i], o->was[i]);
    if (same)
        return o->j;
    for (intptr_t i = 0; i <= EQNS; i++) { /* a traced one whose lists were changed needs all */
        PyObject *list = jaxpr_field(self, (void *)i);
        if (!list)
            return NULL;
        Py_DECREF(list);
    }
    jaxpr *j = ext_build_jaxpr(
        (ext_parts){o->field[CONSTVARS], o->field[INVARS], o->field[OUTVARS], o->field[EQNS]});
    if (!j)
        return NULL;
    if (o->j)
        object_release(o->j);
    o->j = j;
    o->nconsts = (int)PyList_GET_SIZE(o->field[CONSTVARS]);
    for (int i = 0; i <= EQNS; i++)
        if (!remember(o, i))
            return NULL;
    return j;
}

typedef struct var_list {
    jaxpr *j;
    var *const *vars;
} var_list;

static PyObject *var_item(const void *env, Py_ssize_t i)
{
    const var_list *l = env;
    return ext_wrap_var(l->j, l->vars[i]);
}

static PyObject *result_item(const void *env, Py_ssize_t i)
{
    jaxpr *j = (jaxpr *)(uintptr_t)env;
    return ext_wrap_atom(j, &j->out[i]);
}

typedef struct eqn_walk {
    jaxpr *j;
    const eqn **next;
} eqn_walk;

static PyObject *eqn_item(const void *env, Py_ssize_t i)
{
    const eqn_walk *w = env;
    const eqn *e = *w->next;
    *w->next = e->next;
    return ext_wrap_eqn(w->j, e);
}

static PyObject *eqn_objects(jaxpr *j)
{
    const eqn *first = j->eqns;
    return ext_list((Py_ssize_t)j->neqns, eqn_item, &(eqn_walk){j, &first});
}

static PyObject *make_field(const ext_jaxpr *o, intptr_t i)
{
    switch (i) {
    case CONSTVARS:
        return ext_list(o->nconsts, var_item, &(var_list){o->j, o->j->in});
    case INVARS:
        return ext_list(o->j->nin - o->nconsts, var_item, &(var_list){o->j, o->j->in + o->nconsts});
    case OUTVARS:
        return ext_list(o->j->nout, result_item, o->j);
    case EQNS:
        return eqn_objects(o->j);
    case EFFECTS:
        return ext_effects(o->j ? o->j->effects : 0);
    }
    PyObject *info = ext_core_attribute("_debug_info"),
             *made = info ? PyObject_CallFunction(info, "zN", o->j ? o->j->name : NULL,
                                                  ext_source(o->j ? o->j->where : NULL))
                          : NULL;
    Py_XDECREF(info);
    if (made && o->describe)
        Py_SETREF(made, PyObject_CallOneArg(o->describe, made));
    return made;
}

/* _describe(f): the program's debug_info is f's of what it was. */
static PyObject *jaxpr_describe(PyObject *self, PyObject *f)
{
    Py_XSETREF(((ext_jaxpr *)self)->describe, Py_NewRef(f));
    Py_CLEAR(((ext_jaxpr *)self)->field[DEBUG_INFO]);
    Py_RETURN_NONE;
}

static PyObject *jaxpr_field(PyObject *self, void *which)
{
    ext_jaxpr *o = (ext_jaxpr *)self;
    intptr_t i = (intptr_t)which;
    if (!o->field[i]) {
        if (!(o->field[i] = make_field(o, i)) || (i <= EQNS && !remember(o, (int)i)))
            return NULL;
    }
    return Py_NewRef(o->field[i]);
}

static PyObject *wrap_open(jaxpr *j, int nconsts)
{
    ext_jaxpr *o = (ext_jaxpr *)jaxpr_type->tp_alloc(jaxpr_type, 0);
    if (!o)
        return NULL;
    object_retain(j);
    o->j = j;
    o->nconsts = nconsts;
    return (PyObject *)o;
}

static void jaxpr_dealloc(PyObject *self)
{
    ext_jaxpr *o = (ext_jaxpr *)self;
    PyTypeObject *t = Py_TYPE(self);
    if (o->weakrefs)
        PyObject_ClearWeakRefs(self);
    if (o->j)
        object_release(o->j);
    for (int i = 0; i < JAXPR_FIELDS; i++)
        Py_XDECREF(o->field[i]);
    for (int i = 0; i <= EQNS; i++)
        Py_XDECREF(o->was[i]);
    Py_XDECREF(o->describe);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *jaxpr_new_object(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"constvars", "invars",     "outvars", "eqns",
                                        "effects",   "debug_info", "is_high", NULL};
    PyObject *field[JAXPR_FIELDS] = {NULL};
    int is_high;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOO|OOp:Jaxpr", (char **)(uintptr_t)names,
                                     &field[0], &field[1], &field[2], &field[3], &field[4],
                                     &field[5], &is_high))
        return NULL;
    ext_jaxpr *o = (ext_jaxpr *)type->tp_alloc(type, 0);
    bool good = o != NULL;
    for (int i = 0; good && i <= EQNS; i++)
        good = (o->field[i] = PySequence_List(field[i])) != NULL;
    for (int i = EFFECTS; good && i < JAXPR_FIELDS; i++)
        if (field[i] && field[i] != Py_None)
            o->field[i] = Py_NewRef(field[i]);
    if (!good)
        Py_CLEAR(o);
    return (PyObject *)o;
}

static PyObject *jaxpr_check(PyObject *self, PyObject *unused)
{
    jaxpr *j = open_program(self);
    return j ? Py_NewRef(Py_None) : NULL;
}

static PyObject *jaxpr_replace(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return ext_replaced(self, args, kwargs, jaxpr_fields);
}

static PyObject *used_item(const void *j, Py_ssize_t i)
{
    return PyBool_FromLong(((const jaxpr *)j)->in[i]->uses > 0);
}

/* _dce([which results are used, ...]) -> (the program of those, which of its constants and inputs
 * are used, all of which it still takes) */
static PyObject *jaxpr_used_part(PyObject *self, PyObject *used)
{
    jaxpr *j = open_program(self), *made = NULL;
    if (!j || !PyList_Check(used) || PyList_GET_SIZE(used) != j->nout)
        return j ? PyErr_Format(PyExc_ValueError,
                                "one flag for each of %d results is wanted, "
                                "but got %R",
                                j->nout, used)
                 : NULL;
    bool *flags = PyMem_Malloc((size_t)j->nout + 1);
    ct_scope scope = ct_begin();
    for (int i = 0; flags && i < j->nout; i++)
        flags[i] = PyObject_IsTrue(PyList_GET_ITEM(used, i)) > 0;
    if (flags)
        made = jaxpr_dce(j, flags, NULL);
    PyObject *of = made ? wrap_open(made, ((ext_jaxpr *)self)->nconsts) : ext_raise(),
             *live = of ? ext_list(made->nin, used_item, made) : NULL,
             *out = live ? PyTuple_Pack(2, of, live) : NULL;
    Py_XDECREF(of);
    Py_XDECREF(live);
    PyMem_Free(flags);
    ct_end_(scope, NULL);
    return out;
}

/* As JAX prints it. Its constants are so many leading inputs, or where that is negative its own. */
static PyObject *text_of(const jaxpr *j, int nconsts, int comments)
{
    jaxpr shown = *j; /* with the leading inputs as the constants that they are */
    if (nconsts >= 0) {
        shown.constvars = j->in;
        shown.nconsts = nconsts;
        shown.in += nconsts;
        shown.nin -= nconsts;
    }
    text t = {0};
    jaxpr_text_commented(&t, &shown, comments);
    char *s = text_end(&t);
    PyObject *o = s ? PyUnicode_FromString(s) : ext_raise();
    base_free(s);
    return o;
}

static PyObject *jaxpr_repr(PyObject *self)
{
    jaxpr *j = open_program(self);
    return j ? text_of(j, ((ext_jaxpr *)self)->nconsts, 0) : NULL;
}

/* The results of running j on values, which are `first` and then `second`. */
static PyObject *run(jaxpr *j, PyObject *first, PyObject *second)
{
    Py_ssize_t n = PySequence_Fast_GET_SIZE(first), m = PySequence_Fast_GET_SIZE(second);
    if (n + m != j->nin)
        return PyErr_Format(PyExc_TypeError, "this jaxpr takes %d values, got %zd", j->nin, n + m);
    ct_scope scope = ct_begin();
    ct_array *in = PyMem_Malloc(sizeof *in * (size_t)(n + m + 1)),
             *out = PyMem_Calloc((size_t)(j->nout + 1), sizeof *out);
    bool good = in && out;
    for (Py_ssize_t i = 0; good && i < n + m; i++)
        good = (in[i] = ext_array(i < n ? PySequence_Fast_GET_ITEM(first, i)
                                        : PySequence_Fast_GET_ITEM(second, i - n),
                                  "a jaxpr", 0)) != NULL;
    PyObject *list = NULL;
    if (good && (!jaxpr_eval(j, j->nin, in, j->nout, out) || !ct_ok()))
        ext_raise();
    else if (good)
        list = ext_list_of_arrays(j->nout, out);
    PyMem_Free(in);
    PyMem_Free(out);
    ct_end_(scope, NULL);
    return list;
}

/* _run(consts, args): what the program gives for them. */
static PyObject *jaxpr_run(PyObject *self, PyObject *args)
{
    PyObject *consts, *operands, *out = NULL;
    jaxpr *j = open_program(self);
    if (!j || !PyArg_ParseTuple(args, "OO", &consts, &operands))
        return NULL;
    PyObject *first = PySequence_Fast(consts, "constants are a sequence"),
             *second = first ? PySequence_Fast(operands, "arguments are a sequence") : NULL;
    if (second) {
        object_retain(j); /* a rule of Python may change the lists meanwhile */
        out = run(j, first, second);
        object_release(j);
    }
    Py_XDECREF(second);
    Py_XDECREF(first);
    return out;
}

static PyObject *in_aval_item(const void *env, Py_ssize_t i)
{
    return ext_aval(&((var *const *)env)[i]->aval);
}

static PyObject *out_aval_item(const void *env, Py_ssize_t i)
{
    return ext_aval(atom_aval(&((const atom *)env)[i]));
}

static PyObject *avals_of(const jaxpr *j, int first, bool results)
{
    return results ? ext_list(j->nout, out_aval_item, j->out)
                   : ext_list(j->nin - first, in_aval_item, j->in + first);
}

static PyObject *jaxpr_avals(PyObject *self, void *results)
{
    jaxpr *j = open_program(self);
    return j ? avals_of(j, ((ext_jaxpr *)self)->nconsts, results) : NULL;
}

/* ---- closed ones ---- */

PyObject *ext_wrap_jaxpr(jaxpr *j)
{
    if (j->host)
        return Py_NewRef((PyObject *)j->host);
    ext_closed *o = (ext_closed *)closed_type->tp_alloc(closed_type, 0);
    if (!o)
        return NULL;
    object_retain(j);
    o->j = j;
    j->host = o;
    return (PyObject *)o;
}

static void closed_dealloc(PyObject *self)
{
    ext_closed *o = (ext_closed *)self;
    PyTypeObject *t = Py_TYPE(self);
    if (o->weakrefs)
        PyObject_ClearWeakRefs(self);
    if (o->j) {
        if (o->j->host == o)
            o->j->host = NULL;
        object_release(o->j);
    }
    Py_XDECREF(o->jaxpr);
    Py_XDECREF(o->consts);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *closed_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"jaxpr", "consts", NULL};
    PyObject *inner, *consts;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O:ClosedJaxpr", (char **)(uintptr_t)names,
                                     jaxpr_type, &inner, &consts))
        return NULL;
    ext_closed *o = (ext_closed *)type->tp_alloc(type, 0);
    if (!o)
        return NULL;
    o->jaxpr = Py_NewRef(inner);
    if (!(o->consts = PySequence_List(consts)))
        Py_CLEAR(o);
    return (PyObject *)o;
}

static PyObject *closed_jaxpr(PyObject *self, void *closure)
{
    ext_closed *o = (ext_closed *)self;
    if (!o->jaxpr) {
        jaxpr *open = o->j->nconsts ? jaxpr_consts_to_inputs(o->j) : o->j;
        if (!open)
            return ext_raise();
        o->jaxpr = wrap_open(open, o->j->nconsts);
        if (open != o->j)
            object_release(open);
    }
    return Py_XNewRef(o->jaxpr);
}

static PyObject *closed_consts(PyObject *self, void *closure)
{
    ext_closed *o = (ext_closed *)self;
    if (!o->consts)
        o->consts = ext_list_of_arrays(o->j->nconsts, o->j->consts);
    return Py_XNewRef(o->consts);
}

/* The open program with its constants bound to the values. */
static jaxpr *close_over(jaxpr *open, PyObject *consts)
{
    int n = (int)PyList_GET_SIZE(consts);
    ct_scope scope = ct_begin();
    ct_array *given = PyMem_Malloc(sizeof *given * (size_t)(n + 1));
    bool good = given != NULL;
    for (int i = 0; good && i < n; i++)
        good =
            (given[i] = ext_array(PyList_GET_ITEM(consts, i), "a constant", CONVERT_LISTS)) != NULL;
    jaxpr *j = good ? jaxpr_inputs_to_consts(open, n, given) : NULL;
    if (good && !j)
        ext_raise();
    PyMem_Free(given);
    ct_end_(scope, NULL);
    return j;
}

/* The program of a closed jaxpr that Python made; made again when its parts were changed. */
static jaxpr *closed_program(ext_closed *o)
{
    PyObject *inner = closed_jaxpr((PyObject *)o, NULL);
    Py_XDECREF(inner); /* o keeps it */
    jaxpr *open = inner ? open_program(inner) : NULL;
    if (!open)
        return NULL;
    int wanted = ((ext_jaxpr *)inner)->nconsts;
    if (o->consts && PyList_GET_SIZE(o->consts) != wanted) {
        PyErr_Format(PyExc_TypeError, "a jaxpr with %d constants is closed over %zd values", wanted,
                     PyList_GET_SIZE(o->consts));
        return NULL;
    }
    if (o->j && (o->j == open || (o->j->eqns == open->eqns && o->j->out == open->out)))
        return o->j;
    jaxpr *j = wanted ? close_over(open, o->consts) : open;
    if (j && !wanted)
        object_retain(j);
    if (!j)
        return NULL;
    if (o->j) {
        if (o->j->host == o)
            o->j->host = NULL;
        object_release(o->j);
    }
    o->j = j;
    if (!j->host)
        j->host = o;
    return j;
}

jaxpr *ext_jaxpr_of(PyObject *o)
{
    if (PyObject_TypeCheck(o, closed_type)) {
        ext_closed *c = (ext_closed *)o;
        return c->j && !c->jaxpr ? c->j : closed_program(c);
    }
    if (PyObject_TypeCheck(o, jaxpr_type)) {
        jaxpr *j = open_program(o);
        if (j && ((ext_jaxpr *)o)->nconsts)
            return PyErr_Format(PyExc_TypeError, "a Jaxpr with constants must be closed over their "
                                                 "values: use ClosedJaxpr(jaxpr, consts)"),
                   NULL;
        return j;
    }
    PyErr_Format(PyExc_TypeError, "expected a jaxpr, got %R", o);
    return NULL;
}

static PyObject *closed_repr(PyObject *self)
{
    jaxpr *j = ext_jaxpr_of(self);
    return j ? text_of(j, -1, 0) : NULL;
}

static PyObject *closed_run(PyObject *self, PyObject *args)
{
    jaxpr *j = ext_jaxpr_of(self);
    PyObject *empty = j ? PyTuple_New(0) : NULL, *out = NULL;
    if (empty) {
        object_retain(j);
        out = run(j, empty, args);
        object_release(j);
    }
    Py_XDECREF(empty);
    return out;
}

static PyObject *closed_check(PyObject *self, PyObject *unused)
{
    return ext_jaxpr_of(self) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *closed_avals(PyObject *self, void *results)
{
    jaxpr *j = ext_jaxpr_of(self);
    return j ? avals_of(j, 0, results) : NULL;
}

static PyObject *closed_replace(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"jaxpr", "consts", NULL};
    return ext_replaced(self, args, kwargs, names);
}

/* What a closed jaxpr passes on to the jaxpr inside. */
static PyObject *closed_field(PyObject *self, void *which)
{
    PyObject *inner = closed_jaxpr(self, NULL), *o = inner ? jaxpr_field(inner, which) : NULL;
    Py_XDECREF(inner);
    return o;
}

static int truth_of(PyObject *kwargs, const char *name)
{
    PyObject *o = kwargs ? PyDict_GetItemString(kwargs, name) : NULL;
    return o ? PyObject_IsTrue(o) : 0;
}

/* pretty_print(*, source_info=False, name_stack=False, **settings): JAX's other settings change
 * nothing that is printed here. */
static PyObject *pretty_print(PyObject *self, PyObject *args, PyObject *kwargs)
{
    int places = truth_of(kwargs, "source_info"), names = truth_of(kwargs, "name_stack");
    if (places < 0 || names < 0)
        return NULL;
    bool closed = PyObject_TypeCheck(self, closed_type);
    jaxpr *j = closed ? ext_jaxpr_of(self) : open_program(self);
    return j ? text_of(j, closed ? -1 : ((ext_jaxpr *)self)->nconsts,
                       (places ? COMMENT_SOURCE : 0) | (names ? COMMENT_NAMES : 0))
             : NULL;
}

/* ---- types ---- */

#define ROW(name, getter, which, doc)                                                              \
    {                                                                                              \
        name, getter, NULL, doc, (void *)(intptr_t)(which)                                         \
    }
#define FIELDS(getter)                                                                             \
    ROW("constvars", getter, CONSTVARS, "Variables of the constants."),                            \
        ROW("invars", getter, INVARS, "Variables of the arguments."),                              \
        ROW("outvars", getter, OUTVARS, "The results: variables or literals."),                    \
        ROW("eqns", getter, EQNS, "The equations, in order."),                                     \
        ROW("effects", getter, EFFECTS, "What it does besides computing."),                        \
        ROW("debug_info", getter, DEBUG_INFO, "Where it comes from.")
#define AVALS(getter)                                                                              \
    ROW("in_avals", getter, 0, "Types of the arguments."),                                         \
        ROW("out_avals", getter, 1, "Types of the results.")
#define METHODS(replace, run, check)                                                               \
    {"replace", EXT_FASTCALL(replace), METH_VARARGS | METH_KEYWORDS,                               \
     "The same with other parts."},                                                                \
        {"pretty_print", EXT_FASTCALL(pretty_print), METH_VARARGS | METH_KEYWORDS, "Its text."},   \
        {"_check", check, METH_NOARGS, NULL}, {"_run", run, METH_VARARGS, NULL},                   \
    {                                                                                              \
        NULL, NULL, 0, NULL                                                                        \
    }
#define WEAK(type)                                                                                 \
    {                                                                                              \
        {"__weaklistoffset__", T_PYSSIZET, offsetof(type, weakrefs), READONLY, NULL},              \
        {                                                                                          \
            NULL, 0, 0, 0, NULL                                                                    \
        }                                                                                          \
    }

bool ext_init_jaxprs(PyObject *module)
{
    static PyMemberDef open_weak[] = WEAK(ext_jaxpr), closed_weak[] = WEAK(ext_closed);
    static PyGetSetDef open_getset[] = {
        FIELDS(jaxpr_field), AVALS(jaxpr_avals), {NULL, NULL, NULL, NULL, NULL}};
    static PyGetSetDef closed_getset[] = {
        FIELDS(closed_field),
        AVALS(closed_avals),
        ROW("jaxpr", closed_jaxpr, 0, "The program itself."),
        ROW("consts", closed_consts, 0, "Values of its constants."),
        ROW("literals", closed_consts, 0, "The same, by an older name."),
        {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef open_methods[] = {{"_dce", jaxpr_used_part, METH_O, NULL},
                                         {"_describe", jaxpr_describe, METH_O, NULL},
                                         METHODS(jaxpr_replace, jaxpr_run, jaxpr_check)};
    static PyMethodDef closed_methods[] = {METHODS(closed_replace, closed_run, closed_check)};
    static PyType_Slot open_slots[] = {
        {Py_tp_doc,
         (void *)(uintptr_t) "A program: equations over variables, constants left open."},
        {Py_tp_new, (void *)jaxpr_new_object},
        {Py_tp_dealloc, (void *)jaxpr_dealloc},
        {Py_tp_repr, (void *)jaxpr_repr},
        {Py_tp_getset, open_getset},
        {Py_tp_methods, open_methods},
        {Py_tp_members, open_weak},
        {0, NULL}};
    static PyType_Slot closed_slots[] = {
        {Py_tp_doc, (void *)(uintptr_t) "A Jaxpr with the values of its constants."},
        {Py_tp_new, (void *)closed_new},
        {Py_tp_dealloc, (void *)closed_dealloc},
        {Py_tp_repr, (void *)closed_repr},
        {Py_tp_getset, closed_getset},
        {Py_tp_methods, closed_methods},
        {Py_tp_members, closed_weak},
        {0, NULL}};
    static PyType_Spec open_spec = {"jax._src.core.Jaxpr", sizeof(ext_jaxpr), 0, Py_TPFLAGS_DEFAULT,
                                    open_slots};
    static PyType_Spec closed_spec = {"jax._src.core.ClosedJaxpr", sizeof(ext_closed), 0,
                                      Py_TPFLAGS_DEFAULT, closed_slots};
    return (jaxpr_type = ext_add_type(module, &open_spec, NULL)) &&
           (closed_type = ext_add_type(module, &closed_spec, NULL));
}
