/* Where in the user's program an operation comes from: the innermost frame of Python that is not
 * one of this package's, nor of a library that asked to be left out.
 *
 * Asked for by every equation that is written down, so what was found for a place in the bytecode
 * is remembered; line and column are worked out once. */
#include "ext.h"

typedef struct known_place {
    PyCodeObject *code; /* one reference */
    int at;             /* offset of the instruction */
    bool internal;      /* to be skipped, wherever it stands */
    const source_line *where;
} known_place;
enum { REMEMBERED = 1024 };
static known_place remembered[REMEMBERED];
static PyObject *excluded;       /* prefixes of file names: a list that programs change */
static Py_ssize_t excluded_then; /* how many there were when places were remembered */

static bool is_internal_file(PyObject *name)
{
    const char *file = PyUnicode_AsUTF8(name), *prefix;
    bool internal = !file || !strncmp(file, "<frozen ", 8);
    for (Py_ssize_t i = 0; !internal && excluded && i < PyList_GET_SIZE(excluded); i++)
        if ((prefix = PyUnicode_AsUTF8(PyList_GET_ITEM(excluded, i))))
            internal = !strncmp(file, prefix, strlen(prefix));
        else
            PyErr_Clear(); /* no text */
    if (!file)
        PyErr_Clear();
    return internal;
}

bool ext_is_internal(PyCodeObject *code) { return is_internal_file(code->co_filename); }

static const source_line *source_at(PyCodeObject *code, int at)
{
    int line = 0, column = 0, end_line, end_column;
    const char *file = PyUnicode_AsUTF8(code->co_filename),
               *function = PyUnicode_AsUTF8(code->co_qualname);
    if (at < 0)
        line = code->co_firstlineno;
    else if (!PyCode_Addr2Location(code, at, &line, &column, &end_line, &end_column))
        PyErr_Clear();
    if (file && function)
        return core_source(file, function, line, column < 0 ? 0 : column);
    PyErr_Clear();
    return NULL;
}

static void forget_places(void)
{
    excluded_then = PyList_GET_SIZE(excluded);
    for (int i = 0; i < REMEMBERED; i++)
        Py_CLEAR(remembered[i].code);
}

static const known_place *look_up(PyCodeObject *code, int at)
{
    if (unlikely(excluded && PyList_GET_SIZE(excluded) != excluded_then))
        forget_places();
    known_place *k = &remembered[base_mix((uint64_t)(uintptr_t)code, (uint64_t)at) % REMEMBERED];
    if (unlikely(k->code != code || k->at != at)) {
        Py_INCREF(code);
        Py_XSETREF(k->code, code);
        k->at = at;
        k->internal = at >= 0 && ext_is_internal(code);
        k->where = k->internal ? NULL : source_at(code, at);
    }
    return k;
}

/* Called wherever equations are written; a thread that Python does not know has no frames. */
const source_line *ext_here(void)
{
    if (!_PyThreadState_UncheckedGet())
        return NULL;
    PyFrameObject *f = PyEval_GetFrame();
    const known_place *k = NULL;
    Py_XINCREF(f);
    while (f) {
        PyCodeObject *code = PyFrame_GetCode(f);
        k = look_up(code, PyFrame_GetLasti(f));
        Py_DECREF(code);
        if (likely(!k->internal))
            break;
        PyFrameObject *back = PyFrame_GetBack(f);
        Py_DECREF(f);
        f = back;
    }
    Py_XDECREF(f);
    return f ? k->where : NULL;
}

const source_line *ext_first_line(PyCodeObject *code) { return look_up(code, -1)->where; }

/* ---- for Python ---- */

/* The list of what file names begin with whose frames are no user's. */
static PyObject *excluded_paths(PyObject *self, PyObject *unused)
{
    if (!excluded)
        excluded = PyList_New(0);
    return Py_XNewRef(excluded);
}

static PyObject *ask_internal(PyObject *self, PyObject *name)
{
    if (!PyUnicode_Check(name))
        return PyErr_Format(PyExc_TypeError, "a file's name was expected, got %R", name);
    return PyBool_FromLong(is_internal_file(name));
}

PyObject *ext_source(const source_line *s)
{
    if (!s || !s->file)
        Py_RETURN_NONE;
    return Py_BuildValue("(ssii)", s->file, s->function, s->line, s->column);
}

/* (file, function, line, column) of the caller's code, or None. */
static PyObject *current_source(PyObject *self, PyObject *unused) { return ext_source(ext_here()); }

static PyObject *current_names(PyObject *self, PyObject *unused)
{
    return PyUnicode_FromString(core_names ? core_names : "");
}

/* _swap_source(place): equations come from there until it is swapped back; what was set before. */
static PyObject *swap_line(PyObject *self, PyObject *place)
{
    const char *file, *function;
    int line, column;
    if (place != Py_None && !PyTuple_Check(place))
        return PyErr_Format(PyExc_TypeError, "_swap_source((file, function, line, column))");
    if (place != Py_None && !PyArg_ParseTuple(place, "ssii", &file, &function, &line, &column))
        return NULL;
    PyObject *before = ext_source(core_line);
    core_line = place == Py_None ? NULL : core_source(file, function, line, column);
    return before;
}

PyMethodDef ext_source_methods[] = {
    {"_excluded_paths", excluded_paths, METH_NOARGS, NULL},
    {"_is_internal_file", ask_internal, METH_O, NULL},
    {"_current_source", current_source, METH_NOARGS, NULL},
    {"_current_names", current_names, METH_NOARGS, NULL},
    {"_swap_source", swap_line, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
