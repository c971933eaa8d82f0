/* Jaxprs as Python's objects: make_jaxpr, eval_shape and what reads their equations. */
#include "ext.h"
#include "transform/transform.h"

typedef struct jaxpr_object {
    PyObject_HEAD jaxpr *j;
} jaxpr_object;
static PyTypeObject *jaxpr_type;

jaxpr *ext_jaxpr_of(PyObject *program)
{
    if (Py_IS_TYPE(program, jaxpr_type))
        return ((jaxpr_object *)program)->j;
    PyErr_Format(PyExc_TypeError, "expected a program, got %s", Py_TYPE(program)->tp_name);
    return NULL;
}

static void jaxpr_dealloc(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    object_release(((jaxpr_object *)self)->j);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *jaxpr_repr(PyObject *self)
{
    text t = {0};
    jaxpr_text(&t, ((jaxpr_object *)self)->j);
    char *s = text_end(&t);
    PyObject *o = s ? PyUnicode_FromString(s) : ext_raise();
    base_free(s);
    return o;
}

/* ---- avals as Python sees them: (shape, dtype code, weak) ---- */

static PyObject *aval_tuple(const aval *a)
{
    PyObject *shape = PyTuple_New(a->ndim);
    for (int k = 0; shape && k < a->ndim; k++)
        PyTuple_SET_ITEM(shape, k, PyLong_FromLongLong(a->shape[k]));
    return shape ? Py_BuildValue("(NiO)", shape, (int)a->dtype, a->weak ? Py_True : Py_False)
                 : NULL;
}

static bool named_attribute(PyObject *o, const char *name, PyObject **out)
{
    *out = PyObject_GetAttrString(o, name);
    PyErr_Clear();
    return *out != NULL;
}

/* The aval of an array-like, or of anything with a shape and a dtype; false (with an exception or
 * not) for others. The shape lies in the arena. */
static bool aval_of(PyObject *o, aval *out, arena *memory)
{
    ct_array a = ext_try_array(o, 0);
    if (a) {
        *out = a->aval;
        return true;
    }
    if (PyErr_Occurred())
        return false;
    PyObject *shape = NULL, *dtype = NULL, *weak = NULL;
    ct_ints dims;
    ct_dtype d;
    bool good = named_attribute(o, "shape", &shape) && named_attribute(o, "dtype", &dtype);
    good = good && ext_ints(shape, &dims, memory, "shape") &&
           ext_dtype_code(dtype, &d, "an argument's dtype");
    if (good) {
        *out = (aval){.dtype = (uint8_t)d, .ndim = (int32_t)dims.n, .shape = dims.at};
        out->weak = named_attribute(o, "weak_type", &weak) && weak == Py_True;
    }
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    Py_XDECREF(weak);
    return good;
}

static jaxpr *stage(PyObject *fun, PyObject *args, PyObject *kwargs, const ext_policy *p,
                    treedef **in_def, treedef **out_def)
{
    ext_call c = {0};
    arena memory = {0};
    PyObject *names = kwargs && PyDict_GET_SIZE(kwargs) ? PyDict_Keys(kwargs) : NULL,
             *name_tuple = names ? PyList_AsTuple(names) : NULL;
    Py_ssize_t n = PyTuple_GET_SIZE(args), k = name_tuple ? PyTuple_GET_SIZE(name_tuple) : 0;
    PyObject **all = PyMem_Malloc(sizeof *all * (size_t)(n + k + 1));
    jaxpr *j = NULL;
    *out_def = *in_def = NULL;
    for (Py_ssize_t i = 0; all && i < n; i++)
        all[i] = PyTuple_GET_ITEM(args, i);
    for (Py_ssize_t i = 0; all && i < k; i++)
        all[n + i] = PyDict_GetItem(kwargs, PyTuple_GET_ITEM(name_tuple, i));
    if (all && ext_call_flatten(&c, all, n, name_tuple, p)) {
        aval *avals = arena_alloc(&memory, sizeof *avals * (size_t)(c.flat.leaves.n + 1));
        bool good = avals != NULL;
        for (int64_t i = 0; good && i < c.flat.leaves.n; i++)
            good = aval_of(c.flat.leaves.at[i], &avals[i], &memory) ||
                   (!PyErr_Occurred() && ext_bad_leaf(fun, c.def, i, c.flat.leaves.at[i]));
        ct_fn f = good ? ext_callable(fun) : NULL;
        if (f && (!(j = transform_stage_fn(f, c.def, c.flat.leaves.n, avals, out_def)) || !ct_ok()))
            ext_raise();
        if (j) {
            *in_def = c.def;
            object_retain(c.def);
        }
    }
    ext_call_end(&c);
    arena_free(&memory);
    PyMem_Free(all);
    Py_XDECREF(names);
    Py_XDECREF(name_tuple);
    return j;
}

/* _stage(fun, static_argnums, static_argnames, args, kwargs) -> (jaxpr, in_tree, out_tree) */
static PyObject *stage_function(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_ints statics;
    bool one;
    if (n != 5 || !ext_argnums(args[1], &statics, &one, "static_argnums"))
        return n == 5 ? NULL : PyErr_Format(PyExc_TypeError, "_stage takes 5 arguments");
    ext_policy p = {.statics = statics.n ? statics : (ct_ints){0},
                    .static_names = args[2] == Py_None ? NULL : args[2]};
    treedef *in_def, *out_def;
    ct_scope scope = ct_begin();
    jaxpr *j = stage(args[0], args[3], args[4], &p, &in_def, &out_def);
    ct_end_(scope, NULL);
    PyMem_Free((void *)(uintptr_t)statics.at);
    if (!j)
        return NULL;
    jaxpr_object *o = PyObject_New(jaxpr_object, jaxpr_type);
    if (!o)
        return NULL;
    o->j = j;
    return Py_BuildValue("(NNN)", (PyObject *)o, tree_wrap_def(in_def), tree_wrap_def(out_def));
}

static PyObject *avals_list(int n, var *const *vars, const atom *atoms)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list && i < n; i++) {
        PyObject *t = aval_tuple(vars ? &vars[i]->aval : atom_aval(&atoms[i]));
        if (!t)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, t);
    }
    return list;
}

static PyObject *get_in_avals(PyObject *self, void *c)
{
    jaxpr *j = ((jaxpr_object *)self)->j;
    return avals_list(j->nin, j->in, NULL);
}
static PyObject *get_out_avals(PyObject *self, void *c)
{
    jaxpr *j = ((jaxpr_object *)self)->j;
    return avals_list(j->nout, NULL, j->out);
}

static PyObject *get_consts(PyObject *self, void *c)
{
    jaxpr *j = ((jaxpr_object *)self)->j;
    PyObject *list = PyList_New(j->nconsts);
    for (int i = 0; list && i < j->nconsts; i++) {
        PyObject *o = ext_wrap_array(j->consts[i]);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    return list;
}

/* Runs the program on flat arguments: jax.core.eval_jaxpr and calling a ClosedJaxpr. */
static PyObject *jaxpr_run(PyObject *self, PyObject *args)
{
    jaxpr *j = ((jaxpr_object *)self)->j;
    if (PyTuple_GET_SIZE(args) != j->nin)
        return PyErr_Format(PyExc_TypeError, "this jaxpr takes %d arguments, got %zd", j->nin,
                            PyTuple_GET_SIZE(args));
    ct_scope scope = ct_begin();
    ct_array *in = PyMem_Malloc(sizeof *in * (size_t)(j->nin + 1)),
             *out = PyMem_Calloc((size_t)(j->nout + 1), sizeof *out);
    bool good = in && out;
    for (int i = 0; good && i < j->nin; i++)
        good = (in[i] = ext_array(PyTuple_GET_ITEM(args, i), "a jaxpr", 0)) != NULL;
    PyObject *list = NULL;
    if (good && (!jaxpr_eval(j, j->nin, in, j->nout, out) || !ct_ok()))
        ext_raise();
    else if (good)
        list = PyList_New(j->nout);
    for (int i = 0; list && i < j->nout; i++) {
        PyObject *o = ext_wrap_array(out[i]);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    PyMem_Free(in);
    PyMem_Free(out);
    ct_end_(scope, NULL);
    return list;
}

PyMethodDef ext_jaxpr_methods[] = {
    {"_stage", EXT_FASTCALL(stage_function), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

bool ext_init_jaxprs(PyObject *module)
{
    static PyGetSetDef getset[] = {{"_in_avals", get_in_avals, NULL, NULL, NULL},
                                   {"_out_avals", get_out_avals, NULL, NULL, NULL},
                                   {"consts", get_consts, NULL, "Values of the constants.", NULL},
                                   {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef methods[] = {{"_run", jaxpr_run, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)jaxpr_dealloc},
                                  {Py_tp_repr, (void *)jaxpr_repr},
                                  {Py_tp_getset, getset},
                                  {Py_tp_methods, methods},
                                  {0, NULL}};
    static PyType_Spec spec = {"cotan._cotan.Program", sizeof(jaxpr_object), 0, Py_TPFLAGS_DEFAULT,
                               slots};
    jaxpr_type = ext_add_type(module, &spec, NULL);
    return jaxpr_type != NULL;
}
