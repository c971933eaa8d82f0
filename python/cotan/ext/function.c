/* What jit, grad, vmap and their relatives return: a callable that remembers the ct_fn and looks
 * like the function it wraps. */
#include "cotan/stages.h"
#include "ext.h"
#include "transform/transform.h"

PyTypeObject *ext_function_type, *ext_jit_type;

/* The results, said to lie as the program asked. */
static PyObject *placed(PyObject *out, PyObject *shardings)
{
    PyObject *m = PyImport_ImportModule("cotan.sharding"),
             *made = m ? PyObject_CallMethod(m, "placed", "OO", out, shardings) : NULL;
    Py_XDECREF(m);
    Py_DECREF(out);
    return made;
}

/* A call with values of types above arrays: Python lowers them and calls again. */
static PyObject *high_call(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names)
{
    PyObject *m = PyImport_ImportModule("cotan.experimental.hijax"), *positional = PyTuple_New(n),
             *keywords = PyDict_New(), *out = NULL;
    bool good = m && positional && keywords;
    for (Py_ssize_t i = 0; i < n && good; i++)
        PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names) && good; i++)
        good = !PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, i), args[n + i]);
    if (good)
        out = PyObject_CallMethod(m, "_call", "OOO", self, positional, keywords);
    Py_XDECREF(m);
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return out;
}

static PyObject *high_types(PyObject *self, PyObject *dict)
{
    Py_XSETREF(ext_high_types, Py_NewRef(dict));
    Py_RETURN_NONE;
}

static PyObject *function_call(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
    ext_function *f = (ext_function *)self;
    if (unlikely(transform_disable_jit) && Py_IS_TYPE(self, ext_jit_type))
        return PyObject_Vectorcall(f->wrapped, args, nargs, names);
    ext_call c;
    if (names && !PyTuple_GET_SIZE(names))
        names = NULL;
    ct_scope scope = ct_begin();
    bool before = ext_lending;
    ext_lending = Py_IS_TYPE(self, ext_jit_type) && !core_current;
    bool good = ext_call_begin(&c, args, PyVectorcall_NARGS(nargs), names, &f->policy, f->wrapped);
    ext_lending = before;
    PyObject *out = good ? ext_call_run(f->fn, &c) : NULL;
    ext_call_end(&c);
    ct_end_(scope, NULL);
    if (!good && c.high)
        return high_call(self, args, PyVectorcall_NARGS(nargs), names);
    return out && unlikely(f->policy.out_shardings) ? placed(out, f->policy.out_shardings) : out;
}

static ct_ints copy_ints(ct_ints list)
{
    if (!list.at)
        return list;
    int64_t *at = PyMem_Malloc(sizeof *at * (size_t)(list.n + 1));
    if (at)
        memcpy(at, list.at, sizeof *at * (size_t)list.n);
    return (ct_ints){at ? list.n : 0, at};
}

PyObject *ext_function_new(PyTypeObject *type, PyObject *wrapped, ct_fn fn, const ext_policy *p)
{
    if (!fn)
        return PyErr_Occurred() ? NULL : ext_raise();
    ext_function *f = PyObject_GC_New(ext_function, type);
    if (!f)
        return NULL;
    object_retain(fn);
    f->vectorcall = function_call;
    f->wrapped = Py_NewRef(wrapped);
    f->dict = f->weakrefs = NULL;
    f->fn = fn;
    f->policy = p ? *p : (ext_policy){0};
    f->policy.statics = copy_ints(f->policy.statics);
    f->policy.only = copy_ints(f->policy.only);
    f->policy.lenient_at = copy_ints(f->policy.lenient_at);
    Py_XINCREF(f->policy.static_names);
    Py_XINCREF(f->policy.out_shardings);
    PyObject_GC_Track(f);
    return (PyObject *)f;
}

static int function_traverse(PyObject *self, visitproc visit, void *arg)
{
    ext_function *f = (ext_function *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(f->wrapped);
    Py_VISIT(f->dict);
    return ext_visit_function(f->fn, f->wrapped, visit, arg);
}

static int function_clear(PyObject *self)
{
    Py_CLEAR(((ext_function *)self)->dict);
    return 0;
}

static void function_dealloc(PyObject *self)
{
    ext_function *f = (ext_function *)self;
    PyTypeObject *t = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (f->weakrefs)
        PyObject_ClearWeakRefs(self);
    object_release(f->fn);
    Py_XDECREF(f->wrapped);
    Py_XDECREF(f->dict);
    Py_XDECREF(f->policy.static_names);
    Py_XDECREF(f->policy.out_shardings);
    PyMem_Free((void *)(uintptr_t)f->policy.statics.at);
    PyMem_Free((void *)(uintptr_t)f->policy.only.at);
    PyMem_Free((void *)(uintptr_t)f->policy.lenient_at.at);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *function_get(PyObject *self, PyObject *instance, PyObject *type)
{
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

/* Own attributes first, then those of the wrapped function. */
static PyObject *function_getattr(PyObject *self, PyObject *name)
{
    if (PyUnicode_CompareWithASCIIString(name, "__module__") ==
        0) /* the class has an entry of its own by this name */
        return PyObject_GetAttr(((ext_function *)self)->wrapped, name);
    PyObject *o = PyObject_GenericGetAttr(self, name);
    if (o || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return o;
    const char *s = PyUnicode_AsUTF8(name);
    if (!s || (s[0] == '_' && s[1] == '_' && strcmp(s, "__annotations__") &&
               strcmp(s, "__code__") && strcmp(s, "__defaults__") && strcmp(s, "__kwdefaults__")))
        return NULL;
    PyErr_Clear();
    PyObject *theirs = PyObject_GetAttr(((ext_function *)self)->wrapped, name);
    if (theirs)
        return theirs;
    PyErr_Clear();
    return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute '%U'",
                        Py_TYPE(self)->tp_name, name);
}

static PyObject *get_wrapped(PyObject *self, void *c)
{
    return Py_NewRef(((ext_function *)self)->wrapped);
}

static PyObject *get_from_wrapped(PyObject *self, void *name)
{
    PyObject *o = PyObject_GetAttrString(((ext_function *)self)->wrapped, name);
    if (o)
        return o;
    PyErr_Clear();
    if (!strcmp(name, "__name__") || !strcmp(name, "__qualname__"))
        return PyUnicode_FromString(ext_callable_name(((ext_function *)self)->wrapped));
    Py_RETURN_NONE;
}

static PyObject *function_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<%s of %R>",
                                Py_IS_TYPE(self, ext_jit_type) ? "PjitFunction" : "transformation",
                                ((ext_function *)self)->wrapped);
}

/* ---- what only jitted functions have ---- */

static PyObject *jit_cache_size(PyObject *self, PyObject *unused)
{
    return PyLong_FromLongLong(ct_jit_cache_size(((ext_function *)self)->fn));
}

static PyObject *jit_clear_cache(PyObject *self, PyObject *unused)
{
    ct_jit_clear_cache(((ext_function *)self)->fn);
    Py_RETURN_NONE;
}

static PyObject *jit_cache_info(PyObject *self, PyObject *unused)
{
    ct_fn f = ((ext_function *)self)->fn;
    ct_cache_info i = ct_jit_cache_info(f);
    char *reasons = ct_jit_cache_text(f);
    PyObject *m = reasons ? PyImport_ImportModule("cotan._stages") : ext_raise(),
             *out = m ? PyObject_CallMethod(m, "cache_info", "LLLs", (long long)i.hits,
                                            (long long)i.misses, (long long)i.size, reasons)
                      : NULL;
    Py_XDECREF(m);
    base_free(reasons);
    return out;
}

static PyObject *through_python(PyObject *self, const char *name, PyObject *args, PyObject *kwargs)
{
    PyObject *m = PyImport_ImportModule("cotan._stages"),
             *f = m ? PyObject_GetAttrString(m, name) : NULL, *all = NULL, *first = NULL,
             *out = NULL;
    first = f ? PyTuple_Pack(1, self) : NULL;
    all = first ? PySequence_Concat(first, args) : NULL;
    if (all)
        out = PyObject_Call(f, all, kwargs);
    Py_XDECREF(all);
    Py_XDECREF(first);
    Py_XDECREF(f);
    Py_XDECREF(m);
    return out;
}

static PyObject *jit_lower(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return through_python(self, "lower", args, kwargs);
}
static PyObject *jit_trace(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return through_python(self, "trace", args, kwargs);
}
static PyObject *jit_eval_shape(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return through_python(self, "eval_shape", args, kwargs);
}

/* (static_argnums, static_argnames) for _stages. */
static PyObject *get_statics(PyObject *self, void *c)
{
    const ext_policy *p = &((ext_function *)self)->policy;
    PyObject *nums = PyTuple_New(p->statics.n);
    for (int64_t i = 0; nums && i < p->statics.n; i++)
        PyTuple_SET_ITEM(nums, i, PyLong_FromLongLong(p->statics.at[i]));
    return nums ? Py_BuildValue("(NO)", nums, p->static_names ? p->static_names : Py_None) : NULL;
}

static PyObject *get_donated(PyObject *self, void *c)
{
    ct_ints list = ct_jit_donated(((ext_function *)self)->fn);
    PyObject *nums = PyTuple_New(list.n);
    for (int64_t i = 0; nums && i < list.n; i++)
        PyTuple_SET_ITEM(nums, i, PyLong_FromLongLong(list.at[i]));
    return nums;
}

static PyObject *get_keeps_unused(PyObject *self, void *c)
{
    return PyBool_FromLong(ct_jit_keeps_unused(((ext_function *)self)->fn));
}

bool ext_init_functions(PyObject *module)
{
#define NAME(literal) ((void *)(uintptr_t)(literal))
    static PyGetSetDef getset[] = {
        {"_statics", get_statics, NULL, NULL, NULL},
        {"_donated", get_donated, NULL, NULL, NULL},
        {"_keeps_unused", get_keeps_unused, NULL, NULL, NULL},
        {"__wrapped__", get_wrapped, NULL, NULL, NULL},
        {"__name__", get_from_wrapped, NULL, NULL, NAME("__name__")},
        {"__qualname__", get_from_wrapped, NULL, NULL, NAME("__qualname__")},
        {"__doc__", get_from_wrapped, NULL, NULL, NAME("__doc__")},
        {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    static PyMemberDef members[] = {
        {"__dictoffset__", T_PYSSIZET, offsetof(ext_function, dict), READONLY, NULL},
        {"__weaklistoffset__", T_PYSSIZET, offsetof(ext_function, weakrefs), READONLY, NULL},
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(ext_function, vectorcall), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyMethodDef jit_methods[] = {
        {"_cache_size", jit_cache_size, METH_NOARGS, "How many programs are in the cache."},
        {"cache_info", jit_cache_info, METH_NOARGS,
         "Hits, misses, the number of programs, and why each of them was traced."},
        {"clear_cache", jit_clear_cache, METH_NOARGS, "Forgets all compiled programs."},
        {"lower", EXT_FASTCALL(jit_lower), METH_VARARGS | METH_KEYWORDS,
         "The program for arguments like these, not compiled yet."},
        {"trace", EXT_FASTCALL(jit_trace), METH_VARARGS | METH_KEYWORDS,
         "The jaxpr for arguments like these."},
        {"eval_shape", EXT_FASTCALL(jit_eval_shape), METH_VARARGS | METH_KEYWORDS,
         "Shapes and dtypes of the result for arguments like these."},
        {NULL, NULL, 0, NULL},
    };
    PyType_Slot slots[] = {{Py_tp_dealloc, (void *)function_dealloc},
                           {Py_tp_traverse, (void *)function_traverse},
                           {Py_tp_clear, (void *)function_clear},
                           {Py_tp_call, (void *)PyVectorcall_Call},
                           {Py_tp_descr_get, (void *)function_get},
                           {Py_tp_getattro, (void *)function_getattr},
                           {Py_tp_repr, (void *)function_repr},
                           {Py_tp_getset, getset},
                           {Py_tp_members, members},
                           {0, NULL},
                           {0, NULL}};
    unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                     Py_TPFLAGS_METHOD_DESCRIPTOR;
    PyType_Spec spec = {"cotan._cotan.Transformed", sizeof(ext_function), 0, flags, slots};
    ext_function_type = ext_add_type(module, &spec, NULL);
    slots[9] = (PyType_Slot){Py_tp_methods, jit_methods};
    PyType_Spec jit_spec = {"jaxlib._jax.PjitFunction", sizeof(ext_function), 0, flags, slots};
    ext_jit_type = ext_add_type(module, &jit_spec, NULL);
    static PyMethodDef functions[] = {
        {"_high_types", high_types, METH_O, "Says which classes are of types above arrays."},
        {NULL, NULL, 0, NULL}};
    return ext_function_type && ext_jit_type && !PyModule_AddFunctions(module, functions);
}
