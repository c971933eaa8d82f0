/* Programs from functions of Python: what make_jaxpr, eval_shape and the stages of jit begin with.
 */
#include "equations.h"
#include "transform/transform.h"

static bool named_attribute(PyObject *o, const char *name, PyObject **out)
{
    *out = PyObject_GetAttrString(o, name);
    PyErr_Clear();
    return *out != NULL;
}

bool ext_try_aval(PyObject *o, aval *out, arena *memory)
{
    ct_array a = ext_try_array(o, 0);
    if (a) {
        *out = a->aval;
        return true;
    }
    if (PyErr_Occurred())
        return false;
    PyObject *shape = NULL, *dtype = NULL, *weak = NULL, *ref = NULL;
    ct_ints dims;
    ct_dtype d;
    bool good = named_attribute(o, "shape", &shape) && named_attribute(o, "dtype", &dtype) &&
                ext_ints(shape, &dims, memory, "shape") &&
                ext_dtype_code(dtype, &d, "an argument's dtype");
    if (good) {
        *out = (aval){.dtype = (uint8_t)d, .ndim = (int32_t)dims.n, .shape = dims.at};
        out->weak = named_attribute(o, "weak_type", &weak) && weak == Py_True;
        out->ref = named_attribute(o, "is_ref", &ref) && ref == Py_True;
    }
    Py_XDECREF(shape);
    Py_XDECREF(dtype);
    Py_XDECREF(weak);
    Py_XDECREF(ref);
    return good;
}

bool ext_aval_of(PyObject *o, aval *out, arena *memory)
{
    if (ext_try_aval(o, out, memory))
        return true;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "expected an abstract array (a ShapedArray), got %R", o);
    return false;
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
            good = ext_try_aval(c.flat.leaves.at[i], &avals[i], &memory) ||
                   (!PyErr_Occurred() && ext_bad_leaf(fun, c.def, i, c.flat.leaves.at[i]));
        ct_fn f = good ? ext_shapes_of(fun) : NULL;
        if (f && (!(j = transform_stage_fn(f, "jit", c.def, c.flat.leaves.n, avals, out_def)) ||
                  !ct_ok()))
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

/* Names of axes that the program is written for, from a tuple of pairs (name, size): the frames,
 * innermost last, of which core_axes is the last. NULL: exception. */
static axis_frame *name_axes(PyObject *env)
{
    Py_ssize_t n = env ? PyTuple_GET_SIZE(env) : 0;
    axis_frame *frames = PyMem_Calloc((size_t)n + 1, sizeof *frames), *outer = core_axes;
    if (!frames)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; frames && i < n; i++) {
        long long size;
        if (!PyTuple_Check(PyTuple_GET_ITEM(env, i)) ||
            !PyArg_ParseTuple(PyTuple_GET_ITEM(env, i), "sL:axis_env", &frames[i].name, &size)) {
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_TypeError, "axis_env is pairs (name, size), got %R",
                             PyTuple_GET_ITEM(env, i));
            core_axes = outer;
            PyMem_Free(frames);
            return NULL;
        }
        frames[i].size = size;
        frames[i].outer = core_axes;
        core_axes = &frames[i];
    }
    return frames;
}

/* _stage(fun, static_argnums, static_argnames, args, kwargs, axis_env=()) -> (ClosedJaxpr, in_tree,
 * out_tree) */
static PyObject *stage_function(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    ct_ints statics;
    bool one;
    if (n < 5 || n > 6 || (n == 6 && !PyTuple_Check(args[5])))
        return PyErr_Format(PyExc_TypeError, "_stage takes 5 or 6 arguments");
    axis_frame *outer = core_axes, *frames = name_axes(n == 6 ? args[5] : NULL);
    if (!frames || !ext_argnums(args[1], &statics, &one, "static_argnums")) {
        core_axes = outer;
        PyMem_Free(frames);
        return NULL;
    }
    ext_policy p = {.statics = statics.n ? statics : (ct_ints){0},
                    .static_names = args[2] == Py_None ? NULL : args[2]};
    treedef *in_def, *out_def;
    ct_scope scope = ct_begin();
    jaxpr *j = stage(args[0], args[3], args[4], &p, &in_def, &out_def);
    ct_end_(scope, NULL);
    core_axes = outer;
    PyMem_Free(frames);
    PyMem_Free((void *)(uintptr_t)statics.at);
    if (!j)
        return NULL;
    PyObject *closed = ext_wrap_jaxpr(j);
    object_release(j);
    return closed ? Py_BuildValue("(NNN)", closed, tree_wrap_def(in_def), tree_wrap_def(out_def))
                  : NULL;
}

PyMethodDef ext_jaxpr_methods[] = {
    {"_stage", EXT_FASTCALL(stage_function), METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
