/* The functions of the stubs as callables of Python: one object type, one argument parser that
 * reads the binding table. No function has code of its own here. */
#include "api/binding.h"
#include "ext.h"

typedef struct bound_function {
    PyObject_HEAD vectorcallfunc vectorcall;
    const bind_function *f;
    PyObject *name, *dict;
    PyObject **names; /* interned names of the parameters */
} bound_function;
static PyTypeObject *bound_type;
static PyObject *all_bound; /* "numpy.add" -> object */

/* ---- one argument ---- */

static bool missing_kind(const bind_param *p, const char *function)
{
    PyErr_Format(PyExc_NotImplementedError,
                 "%s: the argument %s is accepted only with its default, %s", function, p->name,
                 p->default_text ? p->default_text : "None");
    return false;
}

static bool is_default(const bind_param *p, PyObject *o)
{
    if (o == Py_None)
        return true;
    PyObject *s = PyObject_Repr(o);
    bool same = s && p->default_text && PyUnicode_CompareWithASCIIString(s, p->default_text) == 0;
    PyErr_Clear();
    Py_XDECREF(s);
    return same;
}

/* Places for results: those where they lie anyway, on the one device. */
static bool is_here(const bind_param *p, PyObject *o)
{
    if (strcmp(p->name, "device") != 0 && strcmp(p->name, "out_sharding") != 0)
        return false;
    PyObject *m = PyImport_ImportModule("cotan.sharding"),
             *here = m ? PyObject_CallMethod(m, "_is_here", "O", o) : NULL;
    bool good = here == Py_True;
    PyErr_Clear();
    Py_XDECREF(here);
    Py_XDECREF(m);
    return good;
}

static bool arrays_argument(PyObject *o, ct_arrays *out, arena *a, const char *function)
{
    PyObject *fast = PySequence_Fast(o, "");
    if (!fast) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "%s takes a sequence of arrays, not %R", function, o);
        return false;
    }
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    ct_array *at = arena_alloc(a, sizeof *at * (size_t)(n + 1));
    bool good = at != NULL;
    if (!at)
        ext_raise();
    for (Py_ssize_t i = 0; good && i < n; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
        good = (at[i] = ext_array(item, function, CONVERT_LISTS)) != NULL;
        if (good && ext_is_value(item) && !PyList_Check(o) &&
            !PyTuple_Check(o)) { /* made by iterating: it dies with `fast` */
            object_retain(at[i]);
            good = scope_own(at[i]);
        }
    }
    *out = (ct_arrays){n, at};
    Py_DECREF(fast);
    return good;
}

static bool flatten_pairs(PyObject *o, int64_t *at, int64_t *n, int64_t capacity, const char *name)
{
    if (PyUnicode_Check(o) || PyBytes_Check(o)) { /* whose items are strings again */
        PyErr_Format(PyExc_TypeError, "`%s` must be of integral type.", name);
        return false;
    }
    if (*n < capacity && (PyLong_Check(o) || !PySequence_Check(o)))
        return ext_int(o, &at[(*n)++], name);
    if (Py_EnterRecursiveCall(" while reading pairs of integers"))
        return false;
    PyObject *fast = PySequence_Fast(o, "pairs of integers are needed");
    bool good = fast != NULL;
    for (Py_ssize_t i = 0; good && i < PySequence_Fast_GET_SIZE(fast); i++)
        good = flatten_pairs(PySequence_Fast_GET_ITEM(fast, i), at, n, capacity, name);
    Py_XDECREF(fast);
    Py_LeaveRecursiveCall();
    return good;
}

static bool pairs_argument(PyObject *o, ct_ints *out, arena *a, const char *name)
{
    enum { MOST = 256 };
    int64_t *at = arena_alloc(a, sizeof *at * MOST), n = 0;
    if (!at) {
        ext_raise();
        return false;
    }
    bool good = flatten_pairs(o, at, &n, MOST, name);
    *out = n ? (ct_ints){n, at} : I_NONE;
    return good;
}

/* Depth first: a sequence's length and its items, a string's length and its characters, None as
 * CT_NONE_INT. */
static bool flatten_nested(PyObject *o, int64_t *at, int64_t *n, int64_t capacity, const char *name)
{
    if (*n >= capacity) {
        PyErr_Format(PyExc_ValueError, "%s has too many entries", name);
        return false;
    }
    if (o == Py_None) {
        at[(*n)++] = CT_NONE_INT;
        return true;
    }
    if (PyUnicode_Check(o)) {
        Py_ssize_t length;
        const char *s = PyUnicode_AsUTF8AndSize(o, &length);
        if (!s || *n + 1 + length > capacity)
            return false;
        at[(*n)++] = length;
        for (Py_ssize_t i = 0; i < length; i++)
            at[(*n)++] = s[i];
        return true;
    }
    if (!PySequence_Check(o))
        return ext_int(o, &at[(*n)++], name);
    PyObject *fast = PySequence_Fast(o, "numbers, strings and sequences of these are needed");
    bool good = fast != NULL;
    if (fast)
        at[(*n)++] = PySequence_Fast_GET_SIZE(fast);
    for (Py_ssize_t i = 0; good && i < PySequence_Fast_GET_SIZE(fast); i++)
        good = flatten_nested(PySequence_Fast_GET_ITEM(fast, i), at, n, capacity, name);
    Py_XDECREF(fast);
    return good;
}

static bool nested_argument(PyObject *o, ct_ints *out, arena *a, const char *name)
{
    enum { MOST = 512 };
    int64_t *at = arena_alloc(a, sizeof *at * MOST), n = 0;
    if (!at) {
        ext_raise();
        return false;
    }
    bool good = flatten_nested(o, at, &n, MOST, name);
    *out = (ct_ints){n, at};
    return good;
}

static bool precision_argument(PyObject *o, int *out)
{
    static const struct {
        const char *name;
        int precision; /* the last ones are of lax.DotAlgorithmPreset */
    } words[] = {
        {"default", 1}, {"high", 2}, {"highest", 3}, {"f32_f32_f32", 3}, {"f64_f64_f64", 3}};
    if ((PyTuple_Check(o) || PyList_Check(o)) &&
        PySequence_Size(o) == 2) { /* one for each operand: the first decides */
        PyObject *first = PySequence_GetItem(o, 0);
        bool good = first && precision_argument(first, out);
        Py_XDECREF(first);
        return good;
    }
    *out = 0;
    if (o == Py_None)
        return true;
    PyObject *name = PyUnicode_Check(o) ? Py_NewRef(o) : PyObject_GetAttrString(o, "name"),
             *low = name ? PyObject_CallMethod(name, "lower", NULL) : NULL;
    for (size_t i = 0; low && i < sizeof words / sizeof *words; i++)
        if (PyUnicode_CompareWithASCIIString(low, words[i].name) == 0)
            *out = words[i].precision;
    Py_XDECREF(low);
    Py_XDECREF(name);
    if (*out)
        return true;
    PyErr_Clear();
    bool algorithm = !strncmp(Py_TYPE(o)->tp_name, "DotAlgorithm", 12);
    PyErr_Format(
        algorithm ? PyExc_NotImplementedError : PyExc_ValueError,
        "precision must be None, 'default', 'high' or 'highest', or the algorithm F32_F32_F32 "
        "or F64_F64_F64, not %R",
        o);
    return false;
}

bool ext_word(PyObject *o, PyObject **word)
{
    *word = o == Py_None         ? NULL
            : PyUnicode_Check(o) ? Py_NewRef(o)
                                 : PyObject_GetAttrString(o, "_name_");
    return *word || o == Py_None;
}

static bool accuracy_argument(PyObject *o, const char *function)
{
    const char *class = Py_TYPE(o)->tp_name;
    if (!strcmp(class, "AccuracyMode") || !strcmp(class, "Tolerance"))
        return true;
    PyErr_Format(PyExc_TypeError,
                 "%s: accuracy must be a lax.AccuracyMode, a lax.Tolerance or None, not %R",
                 function, o);
    return false;
}

/* The enum, or whoever gave the string, keeps it. */
static bool string_argument(PyObject *o, const char **out, const char *function, const char *name)
{
    PyObject *word = NULL;
    if (!ext_word(o, &word) || !PyUnicode_Check(word)) {
        PyErr_Clear();
        Py_XDECREF(word);
        PyErr_Format(PyExc_TypeError, "%s: the argument %s must be a string, not %R", function,
                     name, o);
        return false;
    }
    *out = PyUnicode_AsUTF8(word);
    Py_DECREF(word);
    return *out;
}

/* A function of the library that takes arrays alone is that function; any other callable is
 * Python's.
 */
static ct_fn function_argument(PyObject *o)
{
    const bind_function *f = Py_IS_TYPE(o, bound_type) ? ((bound_function *)o)->f : NULL;
    if (!f || f->how == BIND_CALL_ARGS)
        return ext_callable(o);
    ct_fn made = ct_function_((ct_c_function)f->call, f->how - BIND_CALL_1 + 1, f->name);
    if (!made)
        ext_raise();
    return made;
}

static bool float_argument(PyObject *o, double *out)
{
    *out = PyFloat_AsDouble(o);
    return *out != -1 || !PyErr_Occurred();
}

/* An array for a function that looks at its shape and dtype only: of ShapeDtypeStruct and the like,
 * one whose elements nobody has set. */
static ct_array shaped_argument(PyObject *o, arena *a, const char *what)
{
    ct_array made = ext_try_array(o, 0);
    if (made || PyErr_Occurred() || !PyObject_HasAttrString(o, "shape"))
        return made ? made : PyErr_Occurred() ? NULL : ext_array(o, what, 0);
    ct_ints shape;
    ct_dtype d;
    PyObject *dims = PyObject_GetAttrString(o, "shape"),
             *dtype = dims ? PyObject_GetAttrString(o, "dtype") : NULL;
    if (dtype && ext_ints(dims, &shape, a, "shape") && ext_dtype_code(dtype, &d, what) &&
        is_poison(made = array_new(d, false, shape.n, shape.at))) {
        ext_raise();
        made = NULL;
    }
    Py_XDECREF(dims);
    Py_XDECREF(dtype);
    return made;
}

/* Puts one argument into its place in the struct. Not given arguments never come here. */
static ct_array first_tracer(PyObject *o)
{
    if (ext_is_value(o))
        return is_tracer(ext_value_of(o)) ? ext_value_of(o) : NULL;
    ct_array found = NULL;
    if (PyTuple_Check(o) || PyList_Check(o))
        for (Py_ssize_t i = 0; !found && i < PySequence_Fast_GET_SIZE(o); i++)
            found = first_tracer(PySequence_Fast_GET_ITEM(o, i));
    return found;
}

/* ---- axes, some of them by the names that an enclosing vmap gave ---- */
static bool has_names(PyObject *o)
{
    bool named = PyUnicode_Check(o);
    if (PyTuple_Check(o) || PyList_Check(o))
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); i++)
            named |= PyUnicode_Check(PySequence_Fast_GET_ITEM(o, i));
    return named;
}

static bool axis_with_name(PyObject *o, int64_t *out, const char *what)
{
    if (!PyUnicode_Check(o))
        return ext_int(o, out, what);
    const char *name = PyUnicode_AsUTF8(o);
    if (name && core_number_axis(name, out))
        return true;
    if (name)
        ext_raise();
    return false;
}

static bool axes_with_names(PyObject *o, ct_ints *out, arena *a, const char *what)
{
    bool one = PyUnicode_Check(o);
    Py_ssize_t n = one ? 1 : PySequence_Fast_GET_SIZE(o);
    int64_t *axes = arena_alloc(a, sizeof *axes * (size_t)n);
    if (!axes)
        ext_raise();
    bool good = axes != NULL;
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = axis_with_name(one ? o : PySequence_Fast_GET_ITEM(o, i), &axes[i], what);
    *out = (ct_ints){n, axes};
    return good;
}

/* After a failure: says what a traced value was to be used for. */
static bool must_be_known(const bind_param *p, PyObject *o)
{
    if (!PyErr_ExceptionMatches(ext_exception(CT_TRACER_INTEGER_ERROR)))
        return false;
    ct_array tracer = first_tracer(o);
    if (!tracer)
        return false;
    PyErr_Clear();
    if (p->kind == BIND_AXES) {
        core_fail_traced(CT_CONCRETIZATION_ERROR, tracer,
                         "The %s argument must be known statically.", p->name);
        ext_raise();
        return false;
    }
    text t = {0};
    core_origin(&t, tracer);
    char *origin = text_end(&t);
    bool one = ext_is_value(o);
    PyErr_Format(PyExc_TypeError,
                 "Shapes must be 1D sequences of concrete values of integer type, got %s%R%s.\nIf "
                 "using `jit`, try using `static_argnums` or applying `jit` to smaller "
                 "subfunctions.%s",
                 one ? "(" : "", o, one ? ",)" : "", origin ? origin : "");
    base_free(origin);
    return false;
}

static bool put(const bind_function *f, const bind_param *p, PyObject *o, char *args, arena *a)
{
    void *at = args + p->offset;
    bool none = o == Py_None;
    bool none_is_default = p->default_text && !strcmp(p->default_text, "None");
    int truth;
    switch ((bind_kind)p->kind) {
    case BIND_ARRAY:
        if (p->flags & BIND_SHAPED_OK)
            return (*(ct_array *)at = shaped_argument(o, a, f->name)) != NULL;
        return (*(ct_array *)at =
                    ext_array(o, f->name, p->flags & BIND_LIST_OK ? CONVERT_LISTS : 0)) != NULL;
    case BIND_ARRAY_OPT:
        return none || (*(ct_array *)at = ext_array(o, f->name, CONVERT_LISTS)) != NULL;
    case BIND_ARRAYS:
        return arrays_argument(o, at, a, f->name);
    case BIND_TREE:
        return (*(ct_tree *)at = ext_tree(o, f->name)) != NULL;
    case BIND_INT:
        return ext_int(o, at, p->name);
    case BIND_INT_OPT:
        if (none) {
            *(ct_opt_int *)at = none_is_default ? (ct_opt_int){0} : (ct_opt_int)GIVEN_NONE;
            return true;
        }
        ((ct_opt_int *)at)->given = true;
        return ext_int(o, &((ct_opt_int *)at)->value, p->name);
    case BIND_BOOL:
        if ((truth = PyObject_IsTrue(o)) >= 0)
            *(bool *)at = truth;
        return truth >= 0;
    case BIND_SWITCH:
        if (none)
            return true;
        if ((truth = PyObject_IsTrue(o)) >= 0)
            *(ct_switch *)at = truth ? CT_TRUE : CT_FALSE;
        return truth >= 0;
    case BIND_FLOAT:
        return float_argument(o, at);
    case BIND_FLOAT_OPT:
        if (none)
            return true;
        ((ct_opt_float *)at)->given = true;
        return float_argument(o, &((ct_opt_float *)at)->value);
    case BIND_STRING:
        return none || string_argument(o, at, f->name, p->name);
    case BIND_DTYPE:
        return none || ext_dtype_code(o, at, f->name);
    case BIND_AXES:
    case BIND_SHAPE:
        if (p->kind == BIND_AXES && has_names(o))
            return axes_with_names(o, at, a, p->name);
        if (none && p->kind == BIND_SHAPE && !p->default_text) {
            PyErr_Format(PyExc_TypeError,
                         "Shapes must be 1D sequences of concrete values of integer type, got "
                         "None as `%s`.",
                         p->name);
            return false;
        }
        if (none) {
            *(ct_ints *)at = none_is_default ? (ct_ints){0} : ALL_AXES;
            return true;
        }
        return ext_ints(o, at, a, p->name) || must_be_known(p, o);
    case BIND_PRECISION:
        return precision_argument(o, at);
    case BIND_PAIRS:
        return none || pairs_argument(o, at, a, p->name);
    case BIND_NESTED:
        return none || nested_argument(o, at, a, p->name);
    case BIND_FN:
        return (none && none_is_default) || (*(ct_fn *)at = function_argument(o)) != NULL;
    case BIND_ACCURACY:
        return none || accuracy_argument(o, f->name);
    case BIND_NONE:
        return is_default(p, o) || is_here(p, o) || missing_kind(p, f->name);
    }
    return false;
}

/* ---- all arguments ---- */

static bool variadic_argument(const bind_function *f, const bind_param *p, PyObject *const *values,
                              Py_ssize_t n, char *args, arena *a)
{
    if (p->kind == BIND_NONE) /* options in their old positions: copy, order */
        return true;
    ct_array *at = arena_alloc(a, sizeof *at * (size_t)(n + 1));
    if (!at) {
        ext_raise();
        return false;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (!(at[i] = ext_array(values[i], f->name, CONVERT_LISTS)))
            return false;
    *(ct_arrays *)(void *)(args + p->offset) = (ct_arrays){n, at};
    return true;
}

static bool too_many(const bind_function *f, Py_ssize_t most, Py_ssize_t given)
{
    PyErr_Format(PyExc_TypeError, "%s() takes %zd positional argument%s but %zd %s given", f->name,
                 most, most == 1 ? "" : "s", given, given == 1 ? "was" : "were");
    return false;
}

/* A list of numbers is converted with its dtype in mind (values above 2^31 fit uint32), which is a
 * later argument. */
static ct_dtype dtype_ahead(const bind_function *f, PyObject *const *values, Py_ssize_t n,
                            PyObject *names)
{
    ct_dtype d = CT_NO_DTYPE;
    PyObject *given = NULL;
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++)
        if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, k), "dtype") == 0)
            given = values[n + k];
    for (Py_ssize_t i = 1; !given && i < n && i < f->nparams; i++)
        if (f->params[i].kind == BIND_DTYPE)
            given = values[i];
    if (given && given != Py_None && !ext_dtype_code(given, &d, NULL))
        PyErr_Clear(); /* reported when the argument's turn comes */
    return d;
}

/* The functions that make an array of numbers do not wrap ints that their dtype cannot hold. */
static bool makes_array(const bind_function *f)
{
    return !strcmp(f->name, "array") || !strcmp(f->name, "asarray");
}

/* After put has failed: an int beyond the default integers is fine where the call names a dtype
 * that holds it, or where the lower half counts. */
static bool put_large_int(const bind_function *f, const bind_param *p, PyObject *o, char *args,
                          PyObject *const *values, Py_ssize_t n, PyObject *names)
{
    if (!PyErr_ExceptionMatches(PyExc_OverflowError) || !PyLong_Check(o) ||
        (p->kind != BIND_ARRAY && p->kind != BIND_ARRAY_OPT))
        return false;
    PyObject *type, *value, *traceback;
    if (p->flags & BIND_WIDE_OK) {
        PyErr_Clear();
        long long wide = PyLong_AsLongLong(o);
        if (PyErr_Occurred())
            return false;
        return !is_poison(*(ct_array *)(args + p->offset) = ct_weak_int((int32_t)wide));
    }
    PyErr_Fetch(&type, &value, &traceback);
    ct_dtype d = dtype_ahead(f, values, n, names);
    PyErr_Restore(type, value, traceback);
    if (d == CT_NO_DTYPE)
        return false;
    PyErr_Clear();
    return (*(ct_array *)(args + p->offset) = ext_array_of_long(o, d)) != NULL;
}

static bool parse(const bound_function *b, PyObject *const *values, Py_ssize_t n, PyObject *names,
                  char *args, arena *a)
{
    const bind_function *f = b->f;
    uint64_t given = 0;
    Py_ssize_t positional = 0;
    if (n && f->nparams && f->params[0].flags & BIND_LIST_OK &&
        (PyList_Check(values[0]) || PyTuple_Check(values[0]) || PyLong_CheckExact(values[0]))) {
        ct_dtype dtype = dtype_ahead(f, values, n, names);
        if (dtype && makes_array(f) && !ext_ints_fit(values[0], dtype))
            return false;
        if (PyList_Check(values[0]))
            ext_list_dtype = dtype;
    }
    bool rest = false; /* *args took what was left */
    for (; positional < f->nparams && !(f->params[positional].flags & BIND_KEYWORD_ONLY);
         positional++) {
        const bind_param *p = &f->params[positional];
        if (p->flags & BIND_VARIADIC) {
            if (!variadic_argument(f, p, values + positional, n > positional ? n - positional : 0,
                                   args, a))
                return false;
            given |= (uint64_t)1 << positional;
            rest = true;
            break;
        }
        if (positional < n) {
            if (!put(f, p, values[positional], args, a) &&
                !put_large_int(f, p, values[positional], args, values, n, names))
                return false;
            given |= (uint64_t)1 << positional;
        }
    }
    if (n > positional && !rest)
        return too_many(f, positional, n);
    for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
        PyObject *name = PyTuple_GET_ITEM(names, k);
        int i = 0;
        while (i < f->nparams && b->names[i] != name)
            i++;
        for (int j = 0; i == f->nparams && j < f->nparams; j++)
            if (PyUnicode_CompareWithASCIIString(name, f->params[j].name) == 0)
                i = j, j = f->nparams;
        if (i == f->nparams || f->params[i].flags & (BIND_POSITIONAL_ONLY | BIND_VARIADIC)) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", f->name,
                         name);
            return false;
        }
        if (given >> i & 1) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", f->name,
                         name);
            return false;
        }
        if (!put(f, &f->params[i], values[n + k], args, a) &&
            !put_large_int(f, &f->params[i], values[n + k], args, values, n, names))
            return false;
        given |= (uint64_t)1 << i;
    }
    for (int i = 0; i < f->nparams; i++)
        if (f->params[i].flags & BIND_REQUIRED && !(given >> i & 1)) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument '%s'", f->name,
                         f->params[i].name);
            return false;
        }
    return true;
}

static ct_tree call_direct(const bind_function *f, const ct_array *x)
{
    switch ((bind_call)f->how) {
    case BIND_CALL_1:
        return ((ct_array(*)(ct_array))f->call)(x[0]);
    case BIND_CALL_2:
        return ((ct_array(*)(ct_array, ct_array))f->call)(x[0], x[1]);
    case BIND_CALL_3:
        return ((ct_array(*)(ct_array, ct_array, ct_array))f->call)(x[0], x[1], x[2]);
    case BIND_CALL_ARGS:
        break;
    }
    return ((ct_tree(*)(const void *))f->call)(x);
}

static PyObject *bound_call(PyObject *self, PyObject *const *values, size_t nargs, PyObject *names)
{
    const bound_function *b = (bound_function *)self;
    const bind_function *f = b->f;
    _Alignas(16) char args[1024];
    arena a = {0};
    if (f->args_size > sizeof args)
        return PyErr_Format(PyExc_SystemError, "%s: the argument struct is larger than expected",
                            f->name);
    memset(args, 0, f->args_size);
    ct_scope scope = ct_begin();
    PyObject *out = NULL;
    bool before = ext_lending;
    ext_lending = !core_current;
    bool good = parse(b, values, PyVectorcall_NARGS(nargs), names, args, &a);
    ext_lending = before;
    if (good) {
        bool checked = unlikely(core_checks_values()) && !core_current;
        if (checked)
            core_checks_begin();
        ct_tree result = call_direct(f, (const ct_array *)(void *)args);
        out = !checked || core_checks_end(result) ? ext_wrap_made(result) : ext_raise();
    }
    ext_list_dtype = CT_NO_DTYPE;
    arena_free(&a);
    ct_end_(scope, NULL);
    return out;
}

/* jnp.reshape leaves an array of NumPy one of NumPy's: programs compute with known values so. */
static PyObject *reshape_call(PyObject *self, PyObject *const *values, size_t nargs,
                              PyObject *names)
{
    static PyObject *name;
    bool host = PyVectorcall_NARGS(nargs) == 2 && !names &&
                (numpy_is_array(values[0]) || numpy_is_scalar(values[0])) &&
                !ext_is_value(values[1]);
    if (!host)
        return bound_call(self, values, nargs, names);
    if (!name && !(name = PyUnicode_InternFromString("reshape")))
        return NULL;
    return PyObject_VectorcallMethod(name, values, 2, NULL);
}

/* ---- the object ---- */

static PyObject *bound_get(PyObject *self, PyObject *instance, PyObject *type)
{
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

static void
bound_dealloc(PyObject *self) /* made once and kept, but a program may delete what it likes */
{
    bound_function *b = (bound_function *)self;
    PyTypeObject *t = Py_TYPE(self);
    for (int i = 0; i < b->f->nparams; i++)
        Py_XDECREF(b->names[i]);
    PyMem_Free(b->names);
    Py_XDECREF(b->name);
    Py_XDECREF(b->dict);
    t->tp_free(self);
    Py_DECREF(t);
}

static PyObject *bound_repr(PyObject *self)
{
    const bind_function *f = ((bound_function *)self)->f;
    return PyUnicode_FromFormat("<function jax.%s.%s>", f->module, f->name);
}
static PyObject *bound_name(PyObject *self, void *c)
{
    return Py_NewRef(((bound_function *)self)->name);
}
static PyObject *bound_reduce(PyObject *self, PyObject *unused)
{
    return Py_NewRef(((bound_function *)self)->name);
}

static PyObject *bound_doc(PyObject *self, void *c)
{
    const char *doc = ((bound_function *)self)->f->doc;
    return doc ? PyUnicode_FromString(doc) : Py_NewRef(Py_None);
}

static PyObject *bound_signature(PyObject *self, void *c)
{
    const char *s = ((bound_function *)self)->f->signature;
    PyObject *m = PyImport_ImportModule("cotan._face"),
             *out = m ? PyObject_CallMethod(m, "signature_of", "s", s ? s : "()") : NULL;
    Py_XDECREF(m);
    return out;
}

static PyObject *bound_getattr(PyObject *self, PyObject *name)
{
    if (PyUnicode_CompareWithASCIIString(name, "__module__") == 0)
        return PyUnicode_FromFormat("jax.%s", ((bound_function *)self)->f->module);
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value || !((bound_function *)self)->f->ufunc ||
        !PyErr_ExceptionMatches(PyExc_AttributeError))
        return value;
    PyErr_Clear(); /* reduce, accumulate, at, outer, reduceat */
    PyObject *m = PyImport_ImportModule("cotan.numpy._ufunc");
    value = m ? PyObject_CallMethod(m, "attribute", "OO", self, name) : NULL;
    Py_XDECREF(m);
    return value;
}

static PyObject *bound_new(const bind_function *f)
{
    bound_function *b = PyObject_New(bound_function, bound_type);
    if (!b)
        return NULL;
    bool reshapes = !strcmp(f->name, "reshape") && !strcmp(f->module, "numpy");
    b->vectorcall = reshapes ? reshape_call : bound_call;
    b->f = f;
    b->dict = NULL;
    b->name = PyUnicode_InternFromString(f->name);
    b->names = PyMem_Calloc((size_t)f->nparams + 1, sizeof *b->names);
    bool good = b->name && b->names;
    for (int i = 0; good && i < f->nparams; i++)
        good = (b->names[i] = PyUnicode_InternFromString(f->params[i].name)) != NULL;
    if (!good)
        Py_CLEAR(b);
    return (PyObject *)b;
}

/* ---- finding them ---- */

static PyObject *key_of(const char *module, const char *name)
{
    return PyUnicode_FromFormat("%s.%s", module, name);
}

const bind_function *ext_bound(const char *module, const char *name)
{
    PyObject *o = ext_bound_object(module, name);
    return o ? ((bound_function *)o)->f : NULL;
}

PyObject *ext_bound_object(const char *module, const char *name)
{
    PyObject *key = key_of(module, name), *o = key ? PyDict_GetItemWithError(all_bound, key) : NULL;
    Py_XDECREF(key);
    return o && Py_IS_TYPE(o, bound_type) ? o : NULL;
}

/* bound_functions(module) -> {name: function} */
static PyObject *bound_functions(PyObject *self, PyObject *module)
{
    const char *wanted = PyUnicode_AsUTF8(module);
    PyObject *d = wanted ? PyDict_New() : NULL;
    for (int i = 0; d && i < bind_function_count; i++) {
        const bind_function *f = &bind_functions[i];
        if (strcmp(f->module, wanted))
            continue;
        PyObject *o = ext_bound_object(f->module, f->name);
        if (!o || PyDict_SetItemString(d, f->name, o) < 0)
            Py_CLEAR(d);
    }
    return d;
}

PyMethodDef ext_binding_methods[] = {
    {"bound_functions", bound_functions, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

/* The methods of arrays that are functions of jax.numpy with the array in first place. */
static const char *const methods[] = {
    "all",       "any",          "argmax",    "argmin",   "argpartition", "argsort", "conj",
    "conjugate", "cumprod",      "cumsum",    "diagonal", "dot",          "max",     "mean",
    "min",       "nonzero",      "partition", "prod",     "ptp",          "ravel",   "repeat",
    "round",     "searchsorted", "sort",      "squeeze",  "std",          "sum",     "swapaxes",
    "take",      "trace",        "var",
};

bool ext_init_binding(PyObject *module)
{
    static PyGetSetDef getset[] = {
        {"__name__", bound_name, NULL, NULL, NULL},
        {"__qualname__", bound_name, NULL, NULL, NULL},
        {"__doc__", bound_doc, NULL, NULL, NULL},
        {"__signature__", bound_signature, NULL, NULL, NULL},
        {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(bound_function, vectorcall), READONLY, NULL},
        {"__dictoffset__", T_PYSSIZET, offsetof(bound_function, dict), READONLY, NULL},
        {NULL, 0, 0, 0, NULL}};
    static PyMethodDef reduce[] = {{"__reduce__", bound_reduce, METH_NOARGS, NULL},
                                   {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_dealloc, (void *)bound_dealloc},
                                  {Py_tp_call, (void *)PyVectorcall_Call},
                                  {Py_tp_descr_get, (void *)bound_get},
                                  {Py_tp_getattro, (void *)bound_getattr},
                                  {Py_tp_repr, (void *)bound_repr},
                                  {Py_tp_getset, getset},
                                  {Py_tp_members, members},
                                  {Py_tp_methods, reduce},
                                  {0, NULL}};
    static PyType_Spec spec = {
        "cotan._cotan.function", sizeof(bound_function), 0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR, slots};
    bound_type = ext_add_type(module, &spec, NULL);
    all_bound = PyDict_New();
    if (!bound_type || !all_bound)
        return false;
    for (int i = 0; i < bind_function_count; i++) {
        const bind_function *f = &bind_functions[i];
        PyObject *key = key_of(f->module, f->name), *o = key ? bound_new(f) : NULL;
        bool good = o && !PyDict_SetItem(all_bound, key, o);
        Py_XDECREF(key);
        Py_XDECREF(o);
        if (!good)
            return false;
    }
    for (size_t i = 0; i < countof(methods); i++) {
        PyObject *o = ext_bound_object("numpy", methods[i]);
        if (o && PyObject_SetAttrString((PyObject *)ext_array_base, methods[i], o) < 0)
            return false;
    }
    return !PyErr_Occurred();
}
