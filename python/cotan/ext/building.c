/* Programs of the library from jaxprs that Python put together: variables, literals and equations
 * as objects. The operations say the types of their results; what is not well formed is a
 * TypeError. */
#include "equations.h"

typedef struct builder {
    jaxpr *j;
    eqn *tail;
    PyObject *vars; /* a Var's object -> its variable in j, as an int */
    arena memory;
} builder;

static var *known_var(const builder *b, PyObject *o)
{
    PyObject *address = PyDict_GetItemWithError(b->vars, o);
    return address ? PyLong_AsVoidPtr(address) : NULL;
}

static bool is_var(PyObject *o) { return PyObject_TypeCheck(o, ext_var_type); }

static var *define(builder *b, PyObject *o, const aval *a)
{
    if (!is_var(o)) {
        PyErr_Format(PyExc_TypeError, "a jaxpr binds variables (Var), but got %R", o);
        return NULL;
    }
    if (!Py_IS_TYPE(o, ext_drop_var_type) && known_var(b, o)) {
        PyErr_Format(PyExc_TypeError, "invalid jaxpr: the variable %R is assigned twice", o);
        return NULL;
    }
    var *v = jaxpr_var(b->j, a);
    PyObject *address = v ? PyLong_FromVoidPtr(v) : ext_raise();
    bool good = address && !PyDict_SetItem(b->vars, o, address);
    Py_XDECREF(address);
    return good ? v : NULL;
}

static bool aval_of_var(PyObject *o, aval *out, arena *memory)
{
    ext_var *v = (ext_var *)o;
    if (is_var(o) && v->v) {
        *out = v->v->aval;
        return true;
    }
    PyObject *a = PyObject_GetAttrString(o, "aval");
    bool good = a && ext_aval_of(a, out, memory);
    Py_XDECREF(a);
    return good;
}

static bool define_inputs(builder *b, PyObject *list, var **out)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        aval a;
        PyObject *o = PyList_GET_ITEM(list, i);
        if (!aval_of_var(o, &a, &b->memory) || !(out[i] = define(b, o, &a)))
            return false;
    }
    return true;
}

static bool atom_of(builder *b, PyObject *o, atom *out)
{
    *out = (atom){0};
    if (Py_IS_TYPE(o, ext_literal_type)) {
        out->literal = ext_literal_array(o);
        if (out->literal && out->literal->aval.ndim)
            return PyErr_Format(PyExc_TypeError, "a literal of a jaxpr is a scalar, got %R", o),
                   false;
        return out->literal && (jaxpr_hold(b->j, out->literal) || ext_raise());
    }
    if (is_var(o) && !(out->var = known_var(b, o)) && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "invalid jaxpr: the variable %R is used before it is defined",
                     o);
    else if (!is_var(o))
        PyErr_Format(PyExc_TypeError, "an operand of a jaxpr is a Var or a Literal, got %R", o);
    return out->var != NULL;
}

static atom *atoms_of(builder *b, PyObject *list)
{
    Py_ssize_t n = PyList_GET_SIZE(list);
    atom *atoms = arena_alloc(&b->j->arena, sizeof *atoms * (size_t)(n + 1));
    if (!atoms)
        return ext_raise(), NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        if (!atom_of(b, PyList_GET_ITEM(list, i), &atoms[i]))
            return NULL;
    return atoms;
}

static bool declared_otherwise(const op *o, const aval *declared, const aval *got)
{
    text t = {0};
    text_add(&t, "invalid jaxpr: a result of %s is declared as ", o->name);
    aval_text(&t, declared, true);
    text_add(&t, " but the operation gives ");
    aval_text(&t, got, true);
    char *s = text_end(&t);
    PyErr_SetString(PyExc_TypeError, s ? s : "invalid jaxpr");
    base_free(s);
    return false;
}

/* The operation says the types of its results; what the variables say may differ in weakness. */
static bool define_results(builder *b, const op *o, const void *params, int nin, const atom *in,
                           PyObject *list, var **out)
{
    Py_ssize_t n = PyList_GET_SIZE(list);
    aval *operands = arena_alloc(&b->memory, sizeof *operands * (size_t)(nin + 1));
    if (!operands)
        return ext_raise(), false;
    for (int i = 0; i < nin; i++)
        operands[i] = *atom_aval(&in[i]);
    int count;
    aval *given = ext_result_avals(o, params, nin, operands, &count, &b->memory);
    if (!given)
        return false;
    if (count != n) {
        PyErr_Format(PyExc_TypeError, "invalid jaxpr: %s has %d results, but %zd are bound",
                     o->name, count, n);
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        aval declared;
        PyObject *v = PyList_GET_ITEM(list, i);
        if (!aval_of_var(v, &declared, &b->memory))
            return false;
        if (!aval_equal(&declared, &given[i], false))
            return declared_otherwise(o, &declared, &given[i]);
        if (!(out[i] = define(b, v, &given[i])))
            return false;
    }
    return true;
}

static bool add_eqn(builder *b, PyObject *o)
{
    if (!PyObject_TypeCheck(o, ext_eqn_type))
        return PyErr_Format(PyExc_TypeError, "an equation of a jaxpr is a JaxprEqn, got %R", o),
               false;
    PyObject *field[4];
    bool good = true;
    for (intptr_t i = 0; i < 4; i++)
        good = (field[i] = ext_eqn_field(o, (void *)i)) && good;
    if (good && !PyObject_TypeCheck(field[2], ext_primitive_type)) {
        PyErr_Format(PyExc_TypeError, "an equation's primitive is a Primitive, got %R", field[2]);
        good = false;
    }
    const op *row = good ? ((ext_primitive *)field[2])->op : NULL;
    void *params = row ? arena_alloc(&b->memory, row->params_size + sizeof(host_object)) : NULL;
    atom *in = params ? atoms_of(b, field[0]) : NULL;
    var **out =
        in ? arena_alloc(&b->memory, sizeof *out * (size_t)(PyList_GET_SIZE(field[1]) + 1)) : NULL;
    int nin = in ? (int)PyList_GET_SIZE(field[0]) : 0;
    good = out && ext_params_read(row, field[3], params, &b->memory) &&
           define_results(b, row, params, nin, in, field[1], out);
    if (good &&
        !jaxpr_eqn(b->j, &b->tail, row, params, nin, in, (int)PyList_GET_SIZE(field[1]), out)) {
        ext_raise();
        good = false;
    }
    for (int i = 0; i < 4; i++)
        Py_XDECREF(field[i]);
    if (!good && !PyErr_Occurred())
        ext_raise();
    return good;
}

static bool build_into(builder *b, ext_parts p)
{
    Py_ssize_t nconsts = PyList_GET_SIZE(p.constvars), nin = PyList_GET_SIZE(p.invars);
    jaxpr *j = b->j;
    j->in = arena_alloc(&j->arena, sizeof *j->in * (size_t)(nconsts + nin + 1));
    if (!j->in)
        return ext_raise(), false;
    if (!define_inputs(b, p.constvars, j->in) || !define_inputs(b, p.invars, j->in + nconsts))
        return false;
    j->nin = (int)(nconsts + nin);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(p.eqns); i++)
        if (!add_eqn(b, PyList_GET_ITEM(p.eqns, i)))
            return false;
    if (!(j->out = atoms_of(b, p.outvars)))
        return false;
    j->nout = (int)PyList_GET_SIZE(p.outvars);
    return (jaxpr_finish(j) && jaxpr_verify(j)) || ext_raise();
}

jaxpr *ext_build_jaxpr(ext_parts p)
{
    builder b = {.j = jaxpr_new(), .vars = PyDict_New()};
    ct_scope scope = ct_begin();
    bool good = b.j && b.vars && build_into(&b, p);
    ct_end_(scope, NULL);
    Py_XDECREF(b.vars);
    arena_free(&b.memory);
    if (good)
        return b.j;
    if (!b.j)
        ext_raise();
    else
        object_release(b.j);
    return NULL;
}
