/* Parameters of equations as Python's dicts and back, by the field descriptions of the operation's
 * row: no operation has code of its own here. */
#include "equations.h"

/* ---- classes and enumerations of the Python side, by name ---- */

static PyObject *lax_class(const char *name)
{
    PyObject *lax = PyImport_ImportModule("cotan.lax"),
             *c = lax ? PyObject_GetAttrString(lax, name) : NULL;
    Py_XDECREF(lax);
    return c;
}

static PyObject *lax_enum(const char *name, int value)
{
    PyObject *c = lax_class(name), *o = c ? PyObject_CallFunction(c, "i", value) : NULL;
    Py_XDECREF(c);
    return o;
}

/* Of both operands. */
static PyObject *precision_pair(int value)
{
    PyObject *p = lax_enum("Precision", value);
    return p ? Py_BuildValue("(NO)", p, p) : NULL;
}

/* How many lists a record of dimension numbers has, and its class; 0 for other kinds. */
static int record_lists(int kind, const char **class)
{
    *class = kind == PARAM_GATHER    ? "GatherDimensionNumbers"
             : kind == PARAM_SCATTER ? "ScatterDimensionNumbers"
             : kind == PARAM_CONV    ? "ConvDimensionNumbers"
                                     : NULL;
    return kind == PARAM_CONV ? 3 : *class ? 5 : 0;
}

/* ---- functions ---- */

static const char *const rule_name = "a rule of a primitive";

static void rule_release(PyObject *capsule)
{
    ct_release_fn(PyCapsule_GetPointer(capsule, rule_name));
}

PyObject *ext_rule_capsule(ct_fn f, const op *o)
{
    PyObject *capsule = PyCapsule_New(f, rule_name, rule_release);
    if (!capsule)
        return NULL;
    ct_retain_fn(f);
    if (!PyCapsule_SetContext(capsule, (void *)(uintptr_t)o))
        return capsule;
    Py_DECREF(capsule);
    return NULL;
}

ct_fn ext_rule_of(PyObject *capsule, const op *o)
{
    return PyCapsule_IsValid(capsule, rule_name) && PyCapsule_GetContext(capsule) == o
               ? PyCapsule_GetPointer(capsule, rule_name)
               : NULL;
}

/* ---- the parameters of a primitive of Python: its dict ---- */

static uint64_t dict_hash(void *data)
{
    uint64_t h = 0; /* whatever the values are: arrays have no hash */
    PyObject *key, *value;
    for (Py_ssize_t at = 0; PyDict_Next(data, &at, &key, &value);)
        h += (uint64_t)PyObject_Hash(key);
    return h;
}

static bool dict_equal(void *a, void *b)
{
    int same = PyObject_RichCompareBool(a, b, Py_EQ);
    PyErr_Clear(); /* arrays have no truth value */
    return same > 0;
}

static void dict_retain(void *data) { Py_INCREF((PyObject *)data); }

static void dict_release(void *data)
{
    if (!Py_IsInitialized())
        return;
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF((PyObject *)data);
    PyGILState_Release(gil);
}

/* The i-th parameter in the order of names: "name=value"; nothing behind the last. */
static void dict_entry(void *data, int64_t i, text *out)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *keys = PyDict_Keys(data), *s = NULL;
    if (keys && !PyList_Sort(keys) && i < PyList_GET_SIZE(keys)) {
        PyObject *key = PyList_GET_ITEM(keys, (Py_ssize_t)i), *value = PyDict_GetItem(data, key);
        s = value ? PyUnicode_FromFormat("%S=%S", key, value) : NULL;
    }
    const char *chars = s ? PyUnicode_AsUTF8(s) : NULL;
    if (chars)
        text_add(out, "%s", chars);
    PyErr_Clear();
    Py_XDECREF(s);
    Py_XDECREF(keys);
    PyGILState_Release(gil);
}

const tree_host ext_params_host = {.hash = dict_hash,
                                   .equal = dict_equal,
                                   .retain = dict_retain,
                                   .release = dict_release,
                                   .entry = dict_entry};

/* ---- to Python ---- */

static PyObject *tuple_of_ints(ct_ints list)
{
    PyObject *t = PyTuple_New((Py_ssize_t)list.n);
    for (int64_t i = 0; t && i < list.n; i++)
        PyTuple_SET_ITEM(t, i, PyLong_FromLongLong(list.at[i]));
    return t;
}

static PyObject *tuple_of_groups(ct_ints list, int64_t size)
{
    PyObject *t = PyTuple_New((Py_ssize_t)(list.n / size));
    for (int64_t i = 0; t && i < list.n / size; i++) {
        PyObject *group = tuple_of_ints((ct_ints){size, list.at + i * size});
        if (!group)
            Py_CLEAR(t);
        else
            PyTuple_SET_ITEM(t, i, group);
    }
    return t;
}

static PyObject *tuple_of_bools(ct_ints list)
{
    PyObject *t = PyTuple_New((Py_ssize_t)list.n);
    for (int64_t i = 0; t && i < list.n; i++)
        PyTuple_SET_ITEM(t, i, PyBool_FromLong(list.at[i] != 0));
    return t;
}

static PyObject *tuple_of_nones(int n)
{
    PyObject *t = PyTuple_New(n);
    for (int i = 0; t && i < n; i++)
        PyTuple_SET_ITEM(t, i, Py_NewRef(Py_None));
    return t;
}

static PyObject *silent_object(silent_value v, int nin, int nout)
{
    switch (v) {
    case SILENT_NONE:
        break;
    case SILENT_FALSE:
        return Py_NewRef(Py_False);
    case SILENT_EMPTY:
        return PyTuple_New(0);
    case SILENT_IN:
        return tuple_of_nones(nin);
    case SILENT_OUT:
        return tuple_of_nones(nout);
    }
    return Py_NewRef(Py_None);
}

static PyObject *tuple_of_names(const char *names)
{
    PyObject *list = PyList_New(0);
    for (const char *s = names; list && s && *s;) {
        size_t length = strcspn(s, ",");
        PyObject *name = PyUnicode_FromStringAndSize(s, (Py_ssize_t)length);
        if (!name || PyList_Append(list, name) < 0)
            Py_CLEAR(list);
        Py_XDECREF(name);
        s += length + (s[length] == ',');
    }
    PyObject *t = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return t;
}

static PyObject *record_of(int kind, const ct_ints *lists)
{
    const char *name;
    int n = record_lists(kind, &name);
    PyObject *class = lax_class(name), *args = class ? PyTuple_New(n) : NULL;
    for (int i = 0; args && i < n; i++) {
        PyObject *t = tuple_of_ints(lists[i]);
        if (!t)
            Py_CLEAR(args);
        else
            PyTuple_SET_ITEM(args, i, t);
    }
    PyObject *o = args ? PyObject_Call(class, args, NULL) : NULL;
    Py_XDECREF(args);
    Py_XDECREF(class);
    return o;
}

static PyObject *tuple_of_programs(const jaxpr_list *list)
{
    PyObject *t = PyTuple_New((Py_ssize_t)list->n);
    for (int64_t i = 0; t && i < list->n; i++) {
        PyObject *o = ext_wrap_jaxpr(list->at[i]);
        if (!o)
            Py_CLEAR(t);
        else
            PyTuple_SET_ITEM(t, i, o);
    }
    return t;
}

/* What a parameter may depend on besides its field. */
typedef struct application {
    const op *o;
    int nin, nout;
    const aval *first;
} application;

static PyObject *field_object(const application *e, const param_field *f, const void *at)
{
    switch ((param_kind)f->kind) {
    case PARAM_INT:
        return PyLong_FromLongLong(*(const int64_t *)at);
    case PARAM_BOOL:
        return PyBool_FromLong(*(const bool *)at);
    case PARAM_FLOAT:
        return PyFloat_FromDouble(*(const double *)at);
    case PARAM_FLOAT_OR_NONE: {
        const optional_float *x = at;
        return x->given ? PyFloat_FromDouble(x->value) : Py_NewRef(Py_None);
    }
    case PARAM_DTYPE:
        return *(const ct_dtype *)at ? ext_dtype(*(const ct_dtype *)at) : Py_NewRef(Py_None);
    case PARAM_INTS_OR_NONE:
        if (!((const ct_ints *)at)->at)
            return Py_NewRef(Py_None);
        return tuple_of_ints(*(const ct_ints *)at);
    case PARAM_INTS:
        return tuple_of_ints(*(const ct_ints *)at);
    case PARAM_PAIRS:
        return tuple_of_groups(*(const ct_ints *)at, 2);
    case PARAM_TRIPLES:
        return tuple_of_groups(*(const ct_ints *)at, 3);
    case PARAM_LABEL:
    case PARAM_STRING: {
        const char *s = *(const char *const *)at;
        return s ? PyUnicode_FromString(s) : Py_NewRef(Py_None);
    }
    case PARAM_AXES:
        return tuple_of_names(*(const char *const *)at);
    case PARAM_MODE:
        return lax_enum("GatherScatterMode", *(const int *)at);
    case PARAM_ALGORITHM:
        return lax_enum("RandomAlgorithm", *(const int *)at);
    case PARAM_PRECISION:
        if (!*(const int *)at)
            return Py_NewRef(Py_None);
        return precision_pair(*(const int *)at - 1);
    case PARAM_DOT: {
        const dot_dims *d = at;
        return Py_BuildValue("((NN)(NN))", tuple_of_ints(d->lhs_contract),
                             tuple_of_ints(d->rhs_contract), tuple_of_ints(d->lhs_batch),
                             tuple_of_ints(d->rhs_batch));
    }
    case PARAM_GATHER:
    case PARAM_SCATTER:
    case PARAM_CONV:
        return record_of(f->kind, at);
    case PARAM_DONATED: {
        ct_ints list = *(const ct_ints *)at;
        if (list.n)
            return tuple_of_bools(list);
        PyObject *t = PyTuple_New(e->nin);
        for (int i = 0; t && i < e->nin; i++)
            PyTuple_SET_ITEM(t, i, Py_NewRef(Py_False));
        return t;
    }
    case PARAM_JAXPR:
        return ext_wrap_jaxpr(*(jaxpr *const *)at);
    case PARAM_JAXPRS:
        return tuple_of_programs(at);
    case PARAM_FN:
    case PARAM_RULE:
        return *(const ct_fn *)at ? ext_rule_capsule(*(const ct_fn *)at, e->o) : Py_NewRef(Py_None);
    case PARAM_AVALS: {
        const aval_list *list = at;
        PyObject *avals = ext_list_of_avals((int)list->n, list->at),
                 *t = avals ? PyList_AsTuple(avals) : NULL;
        Py_XDECREF(avals);
        return t;
    }
    case PARAM_HOST: {
        const host_object *h = at;
        return Py_NewRef(h->host ? (PyObject *)h->data : Py_None);
    }
    case PARAM_NONE:
        break;
    case PARAM_EMPTY:
        return PyTuple_New(0);
    case PARAM_COMBINER: {
        const jaxpr *j = e->first ? core_combiner(e->o, (ct_dtype)e->first->dtype) : NULL;
        PyObject *closed = j ? ext_wrap_jaxpr((jaxpr *)(uintptr_t)j) : NULL,
                 *inner = closed ? PyObject_GetAttrString(closed, "jaxpr") : NULL;
        Py_XDECREF(closed);
        return j ? inner : Py_NewRef(Py_None);
    }
    case PARAM_SILENT:
        return silent_object((silent_value)f->offset, e->nin, e->nout);
    }
    return Py_NewRef(Py_None);
}

PyObject *ext_params_dict(const op *o, const void *params, int nin, const aval *first, int nout)
{
    if (o->host) /* a primitive of Python keeps the dict that it was bound with */
        return PyDict_Copy(((const host_object *)params)->data);
    PyObject *dict = PyDict_New();
    for (int i = 0; dict && i < o->nfields; i++) {
        const param_field *f = &o->fields[i];
        if (f->kind == PARAM_LABEL)
            continue;
        const void *at = param_has_storage(f) ? (const char *)params + f->offset : NULL;
        PyObject *value = field_object(&(application){o, nin, nout, first}, f, at);
        if (!value || PyDict_SetItemString(dict, f->name, value) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

/* ---- from Python ---- */

typedef struct reader {
    const op *o;
    const param_field *f;
    arena *memory;
} reader;

static bool wrong(const reader *r, PyObject *value, const char *wanted)
{
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "%s: the parameter '%s' must be %s, got %R", r->o->name,
                     r->f->name, wanted, value);
    return false;
}

static bool read_ints(const reader *r, PyObject *value, ct_ints *out)
{
    if (!ext_ints(value, out, r->memory, r->f->name))
        return false;
    if (!out->n)
        out->at = ct_no_ints;
    return true;
}

/* Sequences of `size` integers each, laid out in one list. */
static bool read_groups(const reader *r, PyObject *value, int64_t size, ct_ints *out)
{
    PyObject *fast = PySequence_Fast(value, "a sequence is wanted");
    if (!fast)
        return false;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    int64_t *at = arena_alloc(r->memory, sizeof *at * (size_t)(n * size + 1));
    bool good = at != NULL;
    for (Py_ssize_t i = 0; good && i < n; i++) {
        ct_ints group;
        good = ext_ints(PySequence_Fast_GET_ITEM(fast, i), &group, r->memory, r->f->name);
        if (good && group.n != size)
            good = wrong(r, value, size == 2 ? "pairs of integers" : "triples of integers");
        if (good)
            memcpy(at + i * size, group.at, sizeof *at * (size_t)size);
    }
    Py_DECREF(fast);
    *out = (ct_ints){n * size, n ? at : ct_no_ints};
    return good;
}

static bool read_lists(const reader *r, PyObject *value, int n, ct_ints *out)
{
    PyObject *fast = PySequence_Fast(value, "a sequence is wanted");
    bool good = fast && (PySequence_Fast_GET_SIZE(fast) == n ||
                         wrong(r, value, "a record of lists of integers"));
    for (int i = 0; good && i < n; i++)
        good = read_ints(r, PySequence_Fast_GET_ITEM(fast, i), &out[i]);
    Py_XDECREF(fast);
    return good;
}

static bool read_dot(const reader *r, PyObject *value, dot_dims *out)
{
    PyObject *contract, *batches;
    ct_ints pair[2];
    if (!PyTuple_Check(value) || !PyArg_ParseTuple(value, "OO", &contract, &batches) ||
        !read_lists(r, contract, 2, pair))
        return wrong(r, value, "a pair of pairs of dimensions");
    out->lhs_contract = pair[0];
    out->rhs_contract = pair[1];
    if (!read_lists(r, batches, 2, pair))
        return false;
    out->lhs_batch = pair[0];
    out->rhs_batch = pair[1];
    return true;
}

static bool read_string(const reader *r, PyObject *value, const char **out)
{
    *out = NULL;
    if (value == Py_None)
        return true;
    PyObject *name = PyUnicode_Check(value) ? Py_NewRef(value) : PyObject_Str(value);
    const char *s = name ? PyUnicode_AsUTF8(name) : NULL;
    *out = s ? arena_string(r->memory, s) : NULL;
    Py_XDECREF(name);
    return *out || wrong(r, value, "a string");
}

static bool read_axes(const reader *r, PyObject *value, const char **out)
{
    PyObject *comma = PyUnicode_FromString(","), *joined = NULL;
    if (PyUnicode_Check(value))
        joined = Py_NewRef(value);
    else if (comma)
        joined = PyUnicode_Join(comma, value);
    const char *s = joined ? PyUnicode_AsUTF8(joined) : NULL;
    *out = s ? arena_string(r->memory, s) : NULL;
    Py_XDECREF(joined);
    Py_XDECREF(comma);
    return *out || wrong(r, value, "names of axes");
}

/* A member of an enumeration, or its value; `first` is the number of the first member. */
static bool read_enum(const reader *r, PyObject *value, int first, int *out)
{
    if (PyTuple_Check(value) && PyTuple_GET_SIZE(value)) /* one precision for each operand */
        value = PyTuple_GET_ITEM(value, 0);
    *out = 0;
    if (value == Py_None)
        return true;
    PyObject *number =
        PyLong_Check(value) ? Py_NewRef(value) : PyObject_GetAttrString(value, "value");
    int64_t i = 0;
    bool good = number && ext_int(number, &i, r->f->name);
    Py_XDECREF(number);
    *out = (int)i + first;
    return good || wrong(r, value, "a member of an enumeration");
}

static bool read_programs(const reader *r, PyObject *value, jaxpr_list *out)
{
    PyObject *fast = PySequence_Fast(value, "a sequence of jaxprs is wanted");
    if (!fast)
        return false;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    jaxpr **at = arena_alloc(r->memory, sizeof(jaxpr *) * (size_t)(n + 1));
    bool good = at != NULL;
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = (at[i] = ext_jaxpr_of(PySequence_Fast_GET_ITEM(fast, i))) != NULL;
    Py_DECREF(fast);
    *out = (jaxpr_list){n, at};
    return good;
}

static bool read_avals(const reader *r, PyObject *value, aval_list *out)
{
    PyObject *fast = PySequence_Fast(value, "a sequence of types is wanted");
    if (!fast)
        return false;
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    aval *at = arena_alloc(r->memory, sizeof *at * (size_t)(n + 1));
    bool good = at != NULL;
    for (Py_ssize_t i = 0; good && i < n; i++)
        good = ext_aval_of(PySequence_Fast_GET_ITEM(fast, i), &at[i], r->memory);
    Py_DECREF(fast);
    *out = (aval_list){n, at};
    return good;
}

static bool read_field(const reader *r, PyObject *value, void *at)
{
    const char *class;
    switch ((param_kind)r->f->kind) {
    case PARAM_INT:
        return ext_int(value, at, r->f->name);
    case PARAM_BOOL: {
        int truth = PyObject_IsTrue(value);
        *(bool *)at = truth > 0;
        return truth >= 0;
    }
    case PARAM_FLOAT:
        *(double *)at = PyFloat_AsDouble(value);
        return !PyErr_Occurred();
    case PARAM_FLOAT_OR_NONE:
        if (value != Py_None)
            *(optional_float *)at = (optional_float){true, PyFloat_AsDouble(value)};
        return !PyErr_Occurred();
    case PARAM_DTYPE:
        return value == Py_None || ext_dtype_code(value, at, r->o->name);
    case PARAM_INTS_OR_NONE:
        return value == Py_None || read_ints(r, value, at);
    case PARAM_INTS:
        return read_ints(r, value, at);
    case PARAM_PAIRS:
        return read_groups(r, value, 2, at);
    case PARAM_TRIPLES:
        return read_groups(r, value, 3, at);
    case PARAM_LABEL:
    case PARAM_STRING:
        return read_string(r, value, at);
    case PARAM_AXES:
        return read_axes(r, value, at);
    case PARAM_MODE:
        return read_enum(r, value, 0, at);
    case PARAM_ALGORITHM:
        return read_enum(r, value, 0, at) &&
               ((*(int *)at >= 0 && *(int *)at <= 2) || wrong(r, value, "a RandomAlgorithm"));
    case PARAM_PRECISION:
        return read_enum(r, value, 1, at);
    case PARAM_DOT:
        return read_dot(r, value, at);
    case PARAM_GATHER:
    case PARAM_SCATTER:
    case PARAM_CONV:
        return read_lists(r, value, record_lists(r->f->kind, &class), at);
    case PARAM_DONATED: {
        ct_ints list;
        if (!read_ints(r, value, &list))
            return false;
        for (int64_t i = 0; i < list.n; i++)
            if (list.at[i])
                *(ct_ints *)at = list;
        return true;
    }
    case PARAM_JAXPR:
        return (*(jaxpr **)at = ext_jaxpr_of(value)) != NULL;
    case PARAM_JAXPRS:
        return read_programs(r, value, at);
    case PARAM_FN:
    case PARAM_RULE:
        *(ct_fn *)at = ext_rule_of(value, r->o);
        return *(ct_fn *)at || value == Py_None ||
               wrong(r, value, "what another equation of this primitive has");
    case PARAM_AVALS:
        return read_avals(r, value, at);
    case PARAM_HOST:
        if (value != Py_None)
            *(host_object *)at = (host_object){&ext_tree_host, value};
        return true;
    case PARAM_NONE:
    case PARAM_EMPTY:
    case PARAM_COMBINER:
    case PARAM_SILENT:
        return true;
    }
    return true;
}

/* The first name in the dict that is no parameter, as an exception. */
static bool refuse_unknown(const op *o, PyObject *dict)
{
    PyObject *key, *value;
    for (Py_ssize_t at = 0; PyDict_Next(dict, &at, &key, &value);) {
        bool known = false;
        for (int i = 0; i < o->nfields && !known; i++)
            known = PyUnicode_Check(key) && o->fields[i].kind != PARAM_LABEL &&
                    PyUnicode_CompareWithASCIIString(key, o->fields[i].name) == 0;
        if (!known) {
            PyErr_Format(PyExc_TypeError, "%s got an unexpected parameter %R", o->name, key);
            return false;
        }
    }
    return true;
}

bool ext_params_read(const op *o, PyObject *dict, void *out, arena *memory)
{
    if (o->host) {
        *(host_object *)out = (host_object){&ext_params_host, dict};
        return true;
    }
    memset(out, 0, o->params_size);
    Py_ssize_t found = 0;
    for (int i = 0; i < o->nfields; i++) {
        reader r = {o, &o->fields[i], memory};
        if (r.f->kind == PARAM_LABEL)
            continue;
        PyObject *value = dict ? PyDict_GetItemString(dict, r.f->name) : NULL;
        found += value != NULL;
        bool optional = r.f->kind == PARAM_DTYPE && o->code == OP_conj; /* that of the operand */
        if (!value && param_has_storage(r.f) && !optional) {
            PyErr_Format(PyExc_TypeError, "%s is missing the parameter '%s'", o->name, r.f->name);
            return false;
        }
        if (value && param_has_storage(r.f) && !read_field(&r, value, (char *)out + r.f->offset)) {
            if (!PyErr_Occurred())
                ext_raise();
            return false;
        }
    }
    if (o->label)
        o->label(out);
    return !dict || found == PyDict_GET_SIZE(dict) || refuse_unknown(o, dict);
}
