/* What Python asks of programs before they run: running one on flat arguments, its cost and memory,
 * names of its parts, and who is told of tracing and compiling. */
#include "cotan/stages.h"
#include "ext.h"
#include "stablehlo/stablehlo.h"
#include "transform/transform.h"

static PyObject *wrap_list(int n, const ct_array *values)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list && i < n; i++) {
        PyObject *o = ext_wrap_array(values[i]);
        if (!o)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, o);
    }
    return list;
}

/* _execute(program, leaves) -> list of results; NotImplemented when the types differ from those the
 * program was traced for, the class of a tracer when there is one. */
static PyObject *execute(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    jaxpr *j = n == 2 ? ext_jaxpr_of(args[0]) : NULL;
    if (!j || !PyList_Check(args[1]))
        return j ? PyErr_Format(PyExc_TypeError, "_execute(program, leaves)") : NULL;
    Py_ssize_t nin = PyList_GET_SIZE(args[1]);
    ct_scope scope = ct_begin();
    ct_array *in = PyMem_Calloc((size_t)(nin + j->nout + 1), sizeof *in), *out = in + nin;
    PyObject *result = NULL;
    bool good = in != NULL;
    for (Py_ssize_t i = 0; good && !result && i < nin; i++) {
        PyObject *o = PyList_GET_ITEM(args[1], i);
        good = (in[i] = ext_array(o, "a compiled function", 0)) != NULL;
        if (good && is_tracer(in[i]))
            result = Py_NewRef((PyObject *)Py_TYPE(o));
    }
    if (good && !result) {
        if (!jaxpr_accepts(j, nin, in))
            result = Py_NewRef(Py_NotImplemented);
        else if (!transform_run(j, (int)nin, in, NULL, j->nout, out) || !ct_ok())
            ext_raise();
        else
            result = wrap_list(j->nout, out);
    }
    PyMem_Free(in);
    ct_end_(scope, NULL);
    return result;
}

/* _compile(program): None, or the exception. */
static PyObject *compile(PyObject *self, PyObject *program)
{
    jaxpr *j = ext_jaxpr_of(program);
    if (!j)
        return NULL;
    if (core_backend && core_backend->compile(j) != CT_OK)
        return ext_raise();
    Py_RETURN_NONE;
}

/* _cost(program) -> (flops, transcendentals, bytes) */
static PyObject *cost(PyObject *self, PyObject *program)
{
    jaxpr *j = ext_jaxpr_of(program);
    if (!j)
        return NULL;
    ct_cost c = {0};
    jaxpr_cost(j, &c);
    return Py_BuildValue("(ddd)", c.flops, c.transcendentals, c.bytes);
}

static size_t bytes_of(const aval *a)
{
    return (size_t)shape_size(a->ndim, a->shape) * dtype_table[a->dtype].itemsize;
}

/* _memory(program) -> (arguments, results, temporaries, machine code) in bytes */
static PyObject *memory(PyObject *self, PyObject *program)
{
    jaxpr *j = ext_jaxpr_of(program);
    if (!j || !compile(self, program))
        return NULL;
    size_t in = 0, out = 0, temporary = 0, code = 0;
    for (int i = 0; i < j->nin; i++)
        in += bytes_of(&j->in[i]->aval);
    for (int i = 0; i < j->nout; i++)
        out += bytes_of(atom_aval(&j->out[i]));
    if (core_backend && j->compiled)
        core_backend->memory(j->compiled, &temporary, &code);
    return Py_BuildValue("(nnnn)", (Py_ssize_t)in, (Py_ssize_t)out, (Py_ssize_t)temporary,
                         (Py_ssize_t)code);
}

/* _stablehlo(program, name, structure of the results, donated (a list), keeps unused) -> text */
static PyObject *stablehlo(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    jaxpr *j = n == 5 ? ext_jaxpr_of(args[0]) : NULL;
    stablehlo_options o = {.name = j ? PyUnicode_AsUTF8(args[1]) : NULL,
                           .out_def = j ? tree_def_of(args[2]) : NULL,
                           .keep_unused = j && args[4] == Py_True};
    if (!o.name || !o.out_def || !PyList_Check(args[3]) || PyList_GET_SIZE(args[3]) != j->nin)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "_stablehlo");
    bool *donated = PyMem_Calloc((size_t)j->nin + 1, 1);
    for (int i = 0; i < j->nin && donated; i++)
        donated[i] = PyList_GET_ITEM(args[3], i) == Py_True;
    o.donated = donated;
    text t = {0};
    bool good = donated && stablehlo_text(&t, j, &o);
    char *s = text_end(&t);
    PyObject *out = good && s ? PyUnicode_FromString(s) : ext_raise();
    base_free(s);
    PyMem_Free(donated);
    return out;
}

/* _argument_path(fun, structure of the call, leaf): "x['w']" */
static PyObject *argument_path(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_fn f;
    Py_ssize_t leaf = n == 3 ? PyLong_AsSsize_t(args[2]) : -1;
    treedef *d = leaf >= 0 ? tree_def_of(args[1]) : NULL;
    if (!d)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "_argument_path");
    ct_scope scope = ct_begin();
    text t = {0};
    PyObject *out = NULL;
    if ((f = ext_kept_callable(args[0]))) {
        fn_leaf_path(f, d, leaf, &t);
        char *s = text_end(&t);
        out = s ? PyUnicode_FromString(s) : ext_raise();
        base_free(s);
    }
    ct_end_(scope, NULL);
    return out;
}

static PyObject *push_name(PyObject *self, PyObject *name)
{
    const char *s = PyUnicode_AsUTF8(name);
    if (!s)
        return NULL;
    ct_push_name(s);
    Py_RETURN_NONE;
}

static PyObject *pop_name(PyObject *self, PyObject *unused)
{
    ct_pop_name();
    Py_RETURN_NONE;
}

static PyObject *clear_caches(PyObject *self, PyObject *unused)
{
    ct_clear_caches();
    Py_RETURN_NONE;
}

/* ---- who is told of tracing and compiling ---- */

static PyObject *observer;

static void observe(const jit_event *e)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *types = PyTuple_New(e->j->nin);
    for (int i = 0; types && i < e->j->nin; i++) {
        text t = {0};
        aval_text(&t, &e->j->in[i]->aval, false);
        char *s = text_end(&t);
        PyTuple_SET_ITEM(types, i, PyUnicode_FromString(s ? s : "?"));
        base_free(s);
    }
    PyObject *o = types ? PyObject_CallFunction(observer, "isOdz", (int)e->kind, fn_name(e->f),
                                                types, e->seconds, e->why)
                        : NULL;
    if (!o)
        PyErr_WriteUnraisable(observer);
    Py_XDECREF(o);
    Py_XDECREF(types);
    PyGILState_Release(gil);
}

/* _set_observer(f or None): f(kind, name, types, seconds, why) */
static PyObject *set_observer(PyObject *self, PyObject *f)
{
    Py_XSETREF(observer, f == Py_None ? NULL : Py_NewRef(f));
    transform_observer = observer ? observe : NULL;
    Py_RETURN_NONE;
}

PyMethodDef ext_stage_methods[] = {
    {"_execute", EXT_FASTCALL(execute), METH_FASTCALL, NULL},
    {"_compile", compile, METH_O, NULL},
    {"_cost", cost, METH_O, NULL},
    {"_memory", memory, METH_O, NULL},
    {"_stablehlo", EXT_FASTCALL(stablehlo), METH_FASTCALL, NULL},
    {"_argument_path", EXT_FASTCALL(argument_path), METH_FASTCALL, NULL},
    {"_push_name", push_name, METH_O, NULL},
    {"_pop_name", pop_name, METH_NOARGS, NULL},
    {"_clear_caches", clear_caches, METH_NOARGS, NULL},
    {"_set_observer", set_observer, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
