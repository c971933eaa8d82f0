/* Python callables as functions that the library can transform.
 *
 * Leaves come in as C values and become Python's objects in the shape of the arguments; the result
 * is taken apart again. An exception is put aside and surfaces as itself when the outermost call
 * returns (error.c). */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "equations.h"
#include "ops/ops.h"

#include <pthread.h>

/* What a result may hold besides arrays. */
typedef enum host_results {
    ARRAYS,
    FORWARD, /* (out, residuals), and numbers of Python's among these stay numbers */
    AUX,     /* (out, aux), and objects of any kind in aux */
    SHAPES   /* descriptions of arrays, in place of these */
} host_results;

typedef struct host_fn {
    struct ct_function head;
    PyObject *callable; /* or a weak reference to it */
    bool weak;
    host_results results;
} host_fn;

/* A new reference, or NULL and an exception when the function is gone. */
static PyObject *callable_of(const host_fn *f)
{
    if (!f->weak)
        return Py_NewRef(f->callable);
    PyObject *o = PyWeakref_GetObject(f->callable);
    return o != Py_None ? Py_NewRef(o)
                        : PyErr_Format(PyExc_ReferenceError,
                                       "the function of this program does not exist any more");
}

const char *ext_callable_name(PyObject *callable)
{
    PyObject *name = PyObject_GetAttrString(callable, "__name__");
    if (!name) {
        PyErr_Clear();
        PyObject *inner = PyObject_GetAttrString(callable, "func"); /* functools.partial */
        PyErr_Clear();
        const char *s = inner ? ext_callable_name(inner) : NULL;
        Py_XDECREF(inner);
        return s ? s : "<unnamed function>";
    }
    if (!PyUnicode_CheckExact(name)) {
        Py_DECREF(name);
        return "<unnamed function>";
    }
    PyUnicode_InternInPlace(&name); /* kept for good: traces and programs point to it */
    const char *s = PyUnicode_AsUTF8(name);
    return s ? s : "<unnamed function>";
}

/* functools.partial's type, borrowed; NULL before a program imported it. */
static PyObject *partial_type(void)
{
    static PyObject *type;
    PyObject *m = type ? NULL : PyImport_GetModule(PyUnicode_InternFromString("functools"));
    if (m) {
        type = PyObject_GetAttrString(m, "partial");
        Py_DECREF(m);
    }
    PyErr_Clear();
    return type;
}

/* What a partial calls, borrowed from it, and how many arguments it adds in front. */
static PyObject *behind_partial(PyObject *partial, int *bound)
{
    PyObject *f = PyObject_GetAttrString(partial, "func"),
             *args = PyObject_GetAttrString(partial, "args");
    *bound += args && PyTuple_Check(args) ? (int)PyTuple_GET_SIZE(args) : 0;
    Py_XDECREF(args);
    Py_XDECREF(f);
    PyErr_Clear();
    return f;
}

/* The plain function behind a callable, and how many leading parameters are filled already. */
static PyCodeObject *code_behind(PyObject *callable, int *bound)
{
    *bound = 0;
    for (int depth = 0; callable && depth < 16; depth++) {
        if (PyObject_TypeCheck(callable, &PyType_Type))
            return NULL;
        if (Py_IS_TYPE(callable, (PyTypeObject *)partial_type())) {
            callable = behind_partial(callable, bound);
            continue;
        }
        if (ext_behind_boundary(callable)) {
            callable = ext_behind_boundary(callable);
            continue;
        }
        if (PyMethod_Check(callable)) {
            ++*bound;
            callable = PyMethod_GET_FUNCTION(callable);
        } else if (Py_IS_TYPE(callable, ext_function_type) || Py_IS_TYPE(callable, ext_jit_type)) {
            callable = ((ext_function *)callable)->wrapped;
        } else {
            break;
        }
    }
    return callable && PyFunction_Check(callable) ? (PyCodeObject *)PyFunction_GET_CODE(callable)
                                                  : NULL;
}

/* The TypeError for a leaf of a result that is no array; false. */
static bool bad_result(PyObject *callable, flattening *f, int64_t leaf)
{
    const traced *of = core_current ? &core_current->of : NULL;
    int bound;
    PyCodeObject *code = code_behind(callable, &bound);
    text t = {0}, path = {0};
    traced_text(&t, &(traced){.name = ext_callable_name(callable),
                              .where = code ? ext_first_line(code) : NULL});
    treedef *def = flattening_def(f);
    if (def)
        treedef_path(&path, def, leaf);
    char *function = text_end(&t), *component = text_end(&path);
    PyErr_Format(PyExc_TypeError,
                 "function %s traced for %s returned a value of type %S%s%s, which is not a valid "
                 "JAX type",
                 function ? function : "?", of && of->by ? of->by : "a transformation",
                 (PyObject *)Py_TYPE(f->leaves.at[leaf]),
                 component && *component ? " at output component " : "",
                 component ? component : "");
    object_release(def);
    base_free(component);
    base_free(function);
    return false;
}

static PyObject *wrap_leaves(const treedef *d, int64_t n, const ct_array *in)
{
    PyObject *small[32], **objects = n <= 32 ? small : PyMem_Malloc(sizeof *objects * (size_t)n),
                         *out = NULL;
    int64_t made = 0;
    for (; objects && made < n; made++)
        if (!(objects[made] = ext_wrap_array(in[made])))
            break;
    if (objects && made == n)
        out = tree_unflatten(d, objects);
    while (made)
        Py_DECREF(objects[--made]);
    if (objects != small)
        PyMem_Free(objects);
    return out;
}

static PyObject *invoke(PyObject *callable, const treedef *in_def, int64_t nin, const ct_array *in)
{
    const tree_node *root = &in_def->nodes[in_def->count - 1],
                    *keywords = &in_def->nodes[in_def->count - 2];
    PyObject *all = wrap_leaves(in_def, nin, in), *out = NULL;
    if (!all)
        return NULL;
    Py_ssize_t n = (Py_ssize_t)root->arity - 1;
    if (!keywords->arity) {
        out = PyObject_Vectorcall(callable, &PyTuple_GET_ITEM(all, 0), (size_t)n, NULL);
    } else {
        PyObject *positional = PyTuple_GetSlice(all, 0, n);
        out = positional ? PyObject_Call(callable, positional, PyTuple_GET_ITEM(all, n)) : NULL;
        Py_XDECREF(positional);
    }
    Py_DECREF(all);
    return out;
}

/* Some array of the shape and dtype that an object describes. */
static ct_array stand_in(PyObject *o)
{
    arena memory = {0};
    aval type;
    ct_array a = ext_try_aval(o, &type, &memory) ? op_full(&type, 0) : NULL;
    arena_free(&memory);
    if (a && is_poison(a))
        ext_raise();
    return a && is_poison(a) ? NULL : a;
}

static bool is_ours(PyObject *o)
{
    return ext_is_value(o) || Py_IS_TYPE(o, ext_zero) || Py_IS_TYPE(o, ext_ref_type);
}

/* One leaf of a result, owned by the scope from here on. NULL, and no exception when it is no
 * array. */
static ct_array result_leaf(PyObject *o, host_results what)
{
    bool zero = Py_IS_TYPE(o, ext_zero);
    ct_array a = zero ? ext_value_of(o) : ext_try_array(o, 0);
    if (!a && what == SHAPES && !PyErr_Occurred() && (a = stand_in(o)))
        return a;
    if (!a)
        return NULL;
    if (!is_ours(o))
        return a;
    object_retain(a); /* the object that holds it may go */
    if (scope_own(a))
        return a;
    ext_raise();
    return NULL;
}

/* A result, where it is a pair in which the second part may hold more than arrays; *main is how
 * many leaves have to be arrays. Of a forward rule, plain numbers among the residuals stay:
 * backward rules branch on them. */
static bool flatten_result(flattening *f, PyObject *result, host_results what, int64_t *main)
{
    bool pair = (what == FORWARD || what == AUX) && PyTuple_CheckExact(result) &&
                PyTuple_GET_SIZE(result) == 2;
    if (!tree_flatten_into(f, pair ? PyTuple_GET_ITEM(result, 0) : result, NULL, 0))
        return false;
    *main = pair && what == AUX ? f->leaves.n : INT64_MAX;
    return !pair || (tree_flatten_into(f, PyTuple_GET_ITEM(result, 1), NULL,
                                       what == FORWARD ? FLATTEN_NUMBERS_ARE_STATIC : 0) &&
                     tree_push_node(f, (tree_node){.kind = TREE_TUPLE, .arity = 2}));
}

static bool take_apart(PyObject *callable, PyObject *result, host_results what, treedef **out_def,
                       int64_t *nout, ct_array **out)
{
    if (ext_is_value(result)) { /* the common case */
        *out = base_alloc(sizeof **out);
        if (!*out) {
            ext_raise();
            return false;
        }
        (*out)[0] = result_leaf(result, what);
        *nout = 1;
        *out_def = treedef_leaf();
        return (*out)[0] != NULL;
    }
    flattening f = {0};
    int64_t main = 0;
    bool good = flatten_result(&f, result, what, &main);
    *out = good ? base_alloc(sizeof **out * (size_t)(f.leaves.n + 1)) : NULL;
    if (good && !*out)
        ext_raise();
    good = good && *out;
    for (int64_t i = 0; good && i < f.leaves.n; i++) {
        bool passes = i >= main && !is_ours(f.leaves.at[i]); /* numbers and NumPy's arrays too */
        (*out)[i] = passes ? NULL : result_leaf(f.leaves.at[i], what);
        if (!(*out)[i] && !passes)
            good = !PyErr_Occurred() && bad_result(callable, &f, i);
    }
    if (good && main < f.leaves.n)
        flattening_let_pass(&f, *out);
    *nout = f.leaves.n;
    *out_def = good ? flattening_def(&f) : NULL;
    flattening_free(&f);
    return *out_def != NULL;
}

static bool host_call(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in,
                      treedef **out_def, int64_t *nout, ct_array **out)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    const host_fn *h = (host_fn *)f;
    PyObject *callable = callable_of(h);
    PyObject *result = callable ? invoke(callable, in_def, nin, in) : NULL;
    bool good = result && take_apart(callable, result, h->results, out_def, nout, out);
    Py_XDECREF(result);
    Py_XDECREF(callable);
    if (!good) {
        ext_host_failed();
        base_free(*out);
        *out = NULL;
        *out_def = NULL;
    }
    PyGILState_Release(gil);
    return good;
}

static const char *host_name(ct_fn f)
{
    PyObject *callable = callable_of((host_fn *)f);
    const char *name = callable ? ext_callable_name(callable) : NULL; /* interned: it stays */
    PyErr_Clear();
    Py_XDECREF(callable);
    return name;
}

/* ---- what it calls its arguments ---- */

static const char *variable(PyCodeObject *code, int i)
{
    PyObject *names = PyCode_GetVarnames(code);
    const char *s =
        names && i < PyTuple_GET_SIZE(names) ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, i)) : NULL;
    PyErr_Clear();
    Py_XDECREF(names); /* the code object keeps them */
    return s;
}

void ext_argument_name(PyObject *callable, int64_t i, const char *keyword, text *out)
{
    int bound;
    PyCodeObject *code = code_behind(callable, &bound);
    if (!code) {
        if (keyword)
            text_add(out, "kwargs['%s']", keyword);
        else
            text_add(out, "args[%lld]", (long long)i);
        return;
    }
    int named = code->co_argcount + code->co_kwonlyargcount;
    bool star = code->co_flags & CO_VARARGS;
    if (keyword) {
        for (int k = 0; k < named; k++) {
            const char *s = variable(code, k);
            if (s && !strcmp(s, keyword)) {
                text_add(out, "%s", keyword);
                return;
            }
        }
        const char *rest = variable(code, named + star);
        text_add(out, "%s['%s']", rest ? rest : "kwargs", keyword);
        return;
    }
    int64_t position = i + bound;
    const char *s = variable(code, position < code->co_argcount ? (int)position : named);
    if (position < code->co_argcount)
        text_add(out, "%s", s ? s : "?");
    else
        text_add(out, "%s[%lld]", s ? s : "args", (long long)(position - code->co_argcount));
}

static void host_argument(ct_fn f, int64_t i, const char *keyword, text *out)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *callable = callable_of((host_fn *)f);
    if (callable)
        ext_argument_name(callable, i, keyword, out);
    PyErr_Clear();
    Py_XDECREF(callable);
    PyGILState_Release(gil);
}

static const source_line *host_where(ct_fn f)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    int bound;
    PyObject *callable = callable_of((host_fn *)f);
    PyCodeObject *code = callable ? code_behind(callable, &bound) : NULL;
    const source_line *where = code ? ext_first_line(code) : NULL;
    PyErr_Clear();
    Py_XDECREF(callable);
    PyGILState_Release(gil);
    return where;
}

static void host_destroy(ct_fn f)
{
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_XDECREF(((host_fn *)f)->callable);
    PyGILState_Release(gil);
}

static const fn_class host_class = {.call = host_call,
                                    .name = host_name,
                                    .argument = host_argument,
                                    .where = host_where,
                                    .destroy = host_destroy};

/* ---- for the garbage collector ---- */

typedef struct traversal {
    PyObject *wrapped; /* what a function at this depth was made of */
    visitproc visit;
    void *arg;
    int stopped;
} traversal;

static void visit_function(void *env, ct_fn f)
{
    traversal *t = env;
    bool shared = ext_is_transformed(t->wrapped) && ((ext_function *)t->wrapped)->fn == f;
    /* A reference that is held elsewhere may outlive the objects: its callables stay. */
    if (t->stopped || atomic_load(&f->head.refs) != 1 + shared)
        return;
    if (f->class == &host_class)
        t->stopped = t->visit(((host_fn *)f)->callable, t->arg);
    else if (f->class->inner || f->class->of) {
        PyObject *outer = t->wrapped;
        if (shared)
            t->wrapped = ((ext_function *)t->wrapped)->wrapped;
        if (f->class->inner)
            f->class->inner(f, visit_function, t);
        else
            visit_function(t, f->class->of(f));
        t->wrapped = outer;
    }
}

int ext_visit_function(ct_fn f, PyObject *wrapped, visitproc visit, void *arg)
{
    traversal t = {wrapped, visit, arg, 0};
    visit_function(&t, f);
    return t.stopped;
}

ct_fn ext_callable(PyObject *callable)
{
    if (ext_is_transformed(callable)) {
        ext_function *t = (ext_function *)
            callable; /* already one of ours, unless arguments need special treatment */
        if (!t->policy.statics.at && !t->policy.static_names && !t->policy.only.at)
            return t->fn;
    }
    return ext_kept_callable(callable);
}

bool ext_check_callable(PyObject *callable)
{
    int bound;
    PyCodeObject *code = code_behind(callable, &bound);
    if (!PyCallable_Check(callable))
        PyErr_Format(PyExc_TypeError, "Expected a callable value, got %S", callable);
    else if (code && code->co_flags & CO_GENERATOR)
        PyErr_Format(PyExc_TypeError, "Expected a function, got a generator function: %S",
                     callable);
    return !PyErr_Occurred();
}

ct_fn ext_kept_callable(PyObject *callable)
{
    if (!ext_check_callable(callable))
        return NULL;
    host_fn *f = (host_fn *)fn_new(&host_class, sizeof *f);
    if (!f) {
        ext_raise();
        return NULL;
    }
    f->callable = Py_NewRef(callable);
    return &f->head;
}

static ct_fn callable_with(PyObject *callable, host_results results)
{
    host_fn *f = (host_fn *)ext_kept_callable(callable);
    if (f)
        f->results = results;
    return (ct_fn)f;
}

ct_fn ext_callable_with_aux(PyObject *callable, bool has_aux)
{
    ct_fn f = ext_callable(callable);
    if (f && has_aux && f->class == &host_class)
        ((host_fn *)f)->results = AUX;
    return f;
}

ct_fn ext_forward_rule(PyObject *callable) { return callable_with(callable, FORWARD); }

ct_fn ext_shapes_of(PyObject *callable)
{
    return ext_is_transformed(callable) ? ext_callable(callable) : callable_with(callable, SHAPES);
}

/* ---- the programs of a function, however often it is wrapped ---- */

/* Functions of the library beside those of Python that they are made of: weak reference to a
 * function -> capsule. */
typedef struct companions {
    PyObject *known, *forget;
    PyMethodDef definition;
    ct_fn (*make)(ct_fn f);
} companions;

static PyObject *forget(PyObject *known, PyObject *weak)
{
    if (PyDict_DelItem(known, weak) < 0)
        PyErr_Clear();
    Py_RETURN_NONE;
}

static ct_fn make_jitted(ct_fn f) { return ct_jit_(&(ct_jit_args){.f = f}); }
static companions jitted = {.definition = {"forget", forget, METH_O, NULL}, .make = make_jitted},
                  kept = {.definition = {"forget", forget, METH_O, NULL}, .make = ct_kept};

static void capsule_release(PyObject *capsule)
{
    ct_release_fn(PyCapsule_GetPointer(capsule, "ct_fn"));
}

static ct_fn remember(companions *c, PyObject *function)
{
    if (!ext_check_callable(function))
        return NULL;
    PyObject *weak = PyWeakref_NewRef(function, c->forget);
    host_fn *f = weak ? (host_fn *)fn_new(&host_class, sizeof *f) : NULL;
    if (!f) {
        Py_XDECREF(weak);
        return weak ? (ext_raise(), NULL) : NULL;
    }
    f->callable = Py_NewRef(weak);
    f->weak = true;
    ct_fn made = c->make(&f->head);
    PyObject *capsule =
        made ? PyCapsule_New(ct_retain_fn(made), "ct_fn", capsule_release) : ext_raise();
    bool good = capsule && !PyDict_SetItem(c->known, weak, capsule);
    Py_XDECREF(capsule);
    Py_DECREF(weak);
    return good ? made : NULL;
}

static ct_fn companion_of(companions *c, PyObject *function)
{
    if (!c->known && !(c->known = PyDict_New()))
        return NULL;
    if (!c->forget && !(c->forget = PyCFunction_New(&c->definition, c->known)))
        return NULL;
    PyObject *weak = PyWeakref_NewRef(function, NULL),
             *found = weak ? PyDict_GetItemWithError(c->known, weak) : NULL;
    Py_XDECREF(weak);
    return found              ? PyCapsule_GetPointer(found, "ct_fn")
           : PyErr_Occurred() ? NULL
                              : remember(c, function);
}

ct_fn ext_jitted(PyObject *callable)
{
    if (!PyFunction_Check(callable)) {
        ct_fn f = ext_callable(callable);
        return f ? ct_jit_(&(ct_jit_args){.f = f}) : NULL;
    }
    return companion_of(&jitted, callable);
}

ct_fn ext_body(PyObject *callable)
{
    return PyFunction_Check(callable) ? companion_of(&kept, callable) : ext_callable(callable);
}
