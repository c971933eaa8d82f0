/* Tracebacks as the user reads them: without the frames of this package and of libraries that asked
 * to be left out, as jax_traceback_filtering says.
 *
 * Exceptions pass here where they leave a function of the user's on their way through the library
 * (error.c), where they leave a function of this package that is written in Python (a boundary),
 * and where nobody catches them (__main__.py). */
#include "ext.h"

enum filtering { FILTER_OFF, FILTER_HIDE, FILTER_REMOVE, FILTER_QUIETLY };
static int filtering = FILTER_QUIETLY;

static bool is_internal(const PyTracebackObject *t)
{
    PyCodeObject *code = PyFrame_GetCode(t->tb_frame);
    bool internal = ext_is_internal(code);
    Py_DECREF(code);
    return internal;
}

/* IPython and pytest skip frames with such a variable. */
static void hide(PyObject *traceback)
{
    for (PyTracebackObject *t = (PyTracebackObject *)traceback; t; t = t->tb_next) {
        PyObject *locals = is_internal(t) ? PyFrame_GetLocals(t->tb_frame) : NULL;
        if (locals)
            PyObject_SetItem(locals, PyUnicode_InternFromString("__tracebackhide__"), Py_True);
        Py_XDECREF(locals);
        PyErr_Clear();
    }
}

/* The same without internal frames: a new reference, NULL with *removed false where there are none,
 * or with an exception. */
static PyObject *without_internal(PyObject *traceback, bool *removed)
{
    vec(PyTracebackObject *) kept = {0};
    *removed = false;
    bool good = true;
    for (PyTracebackObject *t = (PyTracebackObject *)traceback; t && good; t = t->tb_next)
        if (is_internal(t))
            *removed = true;
        else if (!(good = vec_push(&kept, t)))
            ext_raise();
    PyObject *next = good && *removed ? Py_NewRef(Py_None) : NULL;
    while (next && kept.n) {
        PyTracebackObject *t = kept.at[--kept.n];
        PyObject *made = PyObject_CallFunction((PyObject *)&PyTraceBack_Type, "NOii", next,
                                               t->tb_frame, t->tb_lasti, t->tb_lineno);
        next = made;
    }
    vec_free(&kept);
    return next;
}

/* What is said about the rest, by jax_traceback_filtering's value. */
static bool note_removal(PyObject *exception, PyObject *traceback)
{
    PyObject *m = PyImport_ImportModule("cotan.traceback_util"),
             *done = m ? PyObject_CallMethod(m, "_note_removal", "OOi", exception, traceback,
                                             filtering == FILTER_QUIETLY)
                       : NULL;
    Py_XDECREF(m);
    Py_XDECREF(done);
    return done;
}

void ext_filter_traceback(void)
{
    PyObject *type, *value, *traceback;
    if (filtering == FILTER_OFF)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    if (traceback && filtering == FILTER_HIDE) {
        hide(traceback);
    } else if (traceback && type) {
        bool removed;
        PyObject *rest = without_internal(traceback, &removed);
        PyErr_NormalizeException(&type, &value, &traceback);
        if (rest && note_removal(value, traceback)) {
            Py_SETREF(traceback, rest == Py_None ? NULL : Py_NewRef(rest));
            PyException_SetTraceback(value, rest);
        }
        Py_XDECREF(rest);
        PyErr_Clear(); /* the exception matters more than how it looks */
    }
    PyErr_Restore(type, value, traceback);
}

/* ---- functions of this package that are written in Python and call the user's ---- */

typedef struct boundary {
    PyObject_HEAD vectorcallfunc vectorcall;
    PyObject *wrapped, *weakrefs;
} boundary;
static PyTypeObject *boundary_type;

static PyObject *boundary_call(PyObject *self, PyObject *const *args, size_t n, PyObject *names)
{
    PyObject *out = PyObject_Vectorcall(((boundary *)self)->wrapped, args, n, names);
    if (unlikely(!out))
        ext_filter_traceback();
    return out;
}

static PyObject *boundary_get(PyObject *self, PyObject *instance, PyObject *type)
{
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static PyObject *boundary_getattr(PyObject *self, PyObject *name)
{
    PyObject *wrapped = ((boundary *)self)->wrapped;
    if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
        return Py_NewRef(wrapped);
    return PyUnicode_CompareWithASCIIString(name, "__class__") == 0
               ? PyObject_GenericGetAttr(self, name)
               : PyObject_GetAttr(wrapped, name);
}

static int boundary_setattr(PyObject *self, PyObject *name, PyObject *value)
{
    return PyObject_SetAttr(((boundary *)self)->wrapped, name, value);
}

static PyObject *boundary_repr(PyObject *self)
{
    return PyObject_Repr(((boundary *)self)->wrapped);
}

static int boundary_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((boundary *)self)->wrapped);
    return 0;
}

static void boundary_dealloc(PyObject *self)
{
    PyTypeObject *t = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((boundary *)self)->weakrefs)
        PyObject_ClearWeakRefs(self);
    Py_XDECREF(((boundary *)self)->wrapped);
    t->tp_free(self);
    Py_DECREF(t);
}

PyObject *ext_behind_boundary(PyObject *o)
{
    return Py_IS_TYPE(o, boundary_type) ? ((boundary *)o)->wrapped : NULL;
}

/* _boundary(f): f, without this package's frames in the tracebacks of what it raises. */
static PyObject *make_boundary(PyObject *self, PyObject *f)
{
    boundary *b = PyObject_GC_New(boundary, boundary_type);
    if (!b)
        return NULL;
    b->vectorcall = boundary_call;
    b->wrapped = Py_NewRef(f);
    b->weakrefs = NULL;
    PyObject_GC_Track(b);
    return (PyObject *)b;
}

static PyObject *boundary_reduce(PyObject *self, PyObject *unused)
{
    return PyObject_GetAttrString(((boundary *)self)->wrapped, "__qualname__");
}

/* ---- for Python ---- */

/* _set_filtering(number of the mode) */
static PyObject *set_filtering(PyObject *self, PyObject *mode)
{
    long m = PyLong_AsLong(mode);
    if (m == -1 && PyErr_Occurred())
        return NULL;
    filtering = (int)m;
    Py_RETURN_NONE;
}

/* _filter_traceback(traceback): what is left of it; None where nothing is. */
static PyObject *filter(PyObject *self, PyObject *traceback)
{
    bool removed;
    if (!PyTraceBack_Check(traceback))
        return PyErr_Format(PyExc_TypeError, "expected a traceback, got %R", traceback);
    PyObject *rest = without_internal(traceback, &removed);
    return rest || PyErr_Occurred() ? rest : Py_NewRef(traceback);
}

PyMethodDef ext_traceback_methods[] = {
    {"_boundary", make_boundary, METH_O, NULL},
    {"_set_filtering", set_filtering, METH_O, NULL},
    {"_filter_traceback", filter, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

bool ext_init_tracebacks(PyObject *module)
{
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(boundary, vectorcall), READONLY, NULL},
        {"__weaklistoffset__", T_PYSSIZET, offsetof(boundary, weakrefs), READONLY, NULL},
        {NULL, 0, 0, 0, NULL}};
    static PyMethodDef methods[] = {{"__reduce__", boundary_reduce, METH_NOARGS, NULL},
                                    {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)boundary_dealloc},
                                  {Py_tp_traverse, (void *)boundary_traverse},
                                  {Py_tp_call, (void *)PyVectorcall_Call},
                                  {Py_tp_descr_get, (void *)boundary_get},
                                  {Py_tp_getattro, (void *)boundary_getattr},
                                  {Py_tp_setattro, (void *)boundary_setattr},
                                  {Py_tp_repr, (void *)boundary_repr},
                                  {Py_tp_members, members},
                                  {Py_tp_methods, methods},
                                  {0, NULL}};
    static PyType_Spec spec = {"cotan._cotan.boundary", sizeof(boundary), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                                   Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
                               slots};
    return (boundary_type = ext_add_type(module, &spec, NULL)) != NULL;
}
