/* The Python side: what the files of the extension share.
 *
 * A Python object of an array holds one reference to a ct_array; value->host points back (weakly),
 * so that one value is one object. Every entry from Python opens a scope and closes it before
 * returning; a C failure becomes a Python exception by ext_raise. Start with array.c, then
 * convert.c (objects to arrays), tree.c (pytrees), callable.c (Python functions as ct_fn),
 * function.c (what jit, grad and vmap return), binding.c (the functions of the stubs). */
#ifndef COTAN_EXT_H
#define COTAN_EXT_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "core/core.h"
#include "cotan/transform.h"

/* ---- arrays (array.c) ---- */
typedef struct ext_value {
    PyObject_HEAD ct_array value; /* one reference */
    PyObject *weakrefs;
    PyObject *sharding; /* as a program named it; NULL: that of the only device */
} ext_value;
extern PyTypeObject *ext_array_base, *ext_array_impl, *ext_key_array, *ext_tracer, *ext_zero;
static inline bool ext_is_value(PyObject *o)
{
    PyTypeObject *t = Py_TYPE(o);
    return t == ext_array_impl || PyType_IsSubtype(t, ext_array_base);
}
/* The tracer of an object of a Tracer class of Python, owned by the scope; poison after an error
 * (traces.c). */
ct_array ext_host_tracer(PyObject *o);
static inline ct_array ext_value_of(PyObject *o)
{
    ct_array value = ((ext_value *)o)->value;
    return likely(value != NULL) ? value : ext_host_tracer(o);
}
typedef struct ext_tracer_object {
    ext_value head;
    PyObject *trace, *aval; /* of one that Python made, as Tracer.__init__ was told; else NULL */
} ext_tracer_object;
/* Whether a value stands for an object of Python, which is its payload. */
bool ext_is_host_tracer(ct_array a);
/* The Trace of a trace (NULL: evaluation): one object each. */
PyObject *ext_wrap_trace(trace *t);
/* Makes it the current trace until trace_leave(*saved); false and an exception for others. */
bool ext_bind_context(PyObject *trace_object, trace_context *saved);
extern PyTypeObject *ext_trace_type;
bool ext_init_traces(PyObject *module);
/* The Python object of a value (a new reference); the exception of the recorded failure for poison
 * and after failures. Trees come out as containers. */
PyObject *ext_wrap(ct_tree value);
/* The same of what a call gives: inside a function that is being staged a new array becomes a
 * tracer. */
PyObject *ext_wrap_made(ct_tree result);
/* The same for what is known to be an array or tracer and no failure. */
PyObject *ext_wrap_array(ct_array value);
/* Ends the scope and wraps its result. */
PyObject *ext_finish(ct_scope scope, ct_tree result);
bool ext_init_array(PyObject *module);
extern PyMethodDef ext_array_methods[];
extern PyGetSetDef ext_array_getset[], ext_zero_getset[];
PyObject *ext_get_aval(PyObject *array, void *unused);
int ext_array_contains(PyObject *array, PyObject *item);
extern const PyType_Slot ext_number_slots[];
PyObject *ext_richcompare(PyObject *a, PyObject *b, int op);
PyObject *ext_device_list(void);

/* ---- errors (error.c) ---- */
/* Turns the recorded failure into a Python exception and clears it. Always returns NULL. */
PyObject *ext_raise(void);
extern PyObject *ext_runtime_error; /* jax.errors.JaxRuntimeError */
/* The other way: the pending Python exception is put aside and a failure recorded; ext_raise brings
 * it back. */
void ext_host_failed(void);
/* The exception class of a code (borrowed). */
PyObject *ext_exception(ct_code code);

/* ---- where in the user's program (source.c) ---- */
/* The innermost place that is not of this package; NULL when there is none. */
const source_line *ext_here(void);
/* The first line of a function. */
const source_line *ext_first_line(PyCodeObject *code);
/* Whether the code is this package's, or of a library that asked to be left out as well. */
bool ext_is_internal(PyCodeObject *code);
/* (file, function, line, column), or None. */
PyObject *ext_source(const source_line *s);
extern PyMethodDef ext_source_methods[];

/* ---- tracebacks (traceback.c) ---- */
/* Takes this package's frames out of the pending exception's traceback, as the setting says. */
void ext_filter_traceback(void);
/* The function behind one that was made so that its tracebacks are filtered, borrowed; NULL for
 * others. */
PyObject *ext_behind_boundary(PyObject *o);
bool ext_init_tracebacks(PyObject *module);
extern PyMethodDef ext_traceback_methods[];
bool ext_init_errors(PyObject *module);

/* ---- objects to arrays (convert.c) ---- */
enum convert_flags { CONVERT_LISTS = 1, CONVERT_STRONG = 2, CONVERT_COPY = 4 };
/* The array that an object stands for: owned by the current scope or borrowed from the object. NULL
 * and a Python exception for others. `what` names the operation in messages. */
ct_array ext_array(PyObject *o, const char *what, int flags);
/* The same, but NULL without an exception when the object is of no such kind. */
ct_array ext_try_array(PyObject *o, int flags);
/* The dtype that a list is about to be converted to, where the caller knows (else CT_NO_DTYPE). */
extern _Thread_local ct_dtype ext_list_dtype;
/* A Python int in a dtype that holds it; NULL and OverflowError otherwise. */
ct_array ext_array_of_long(PyObject *o, ct_dtype dtype);
/* Whether the ints of a number or of nested sequences fit a dtype of integers; false: exception. */
bool ext_ints_fit(PyObject *o, ct_dtype dtype);
/* Nested sequences: rows are stacked. */
ct_array ext_array_of_sequence(PyObject *o, ct_dtype dtype, int flags);
bool ext_int(PyObject *o, int64_t *out, const char *what);
/* An int or a sequence of ints, into the arena. */
bool ext_ints(PyObject *o, ct_ints *out, arena *a, const char *what);

/* ---- NumPy without importing it (numpy.c) ---- */
/* Whether o is a numpy.ndarray (never imports NumPy), a numpy scalar, a numpy.dtype. */
bool numpy_is_array(PyObject *o);
bool numpy_is_scalar(PyObject *o);
bool numpy_is_dtype(PyObject *o);
/* jax_transfer_guard_host_to_device: what happens when a call makes an array of a number or of one
 * of NumPy's arrays. device_put is explicit. */
typedef enum ext_guard {
    GUARD_ALLOW,
    GUARD_LOG,
    GUARD_DISALLOW,
    GUARD_LOG_EXPLICIT,
    GUARD_DISALLOW_EXPLICIT
} ext_guard;
extern ext_guard ext_transfer_guard;
/* Whether NumPy's arrays may be read where they lie: arguments of calls that keep nothing. */
extern _Thread_local bool ext_lending;
ct_array numpy_to_array(PyObject *o); /* NULL and an exception for dtypes that JAX has not */
bool numpy_prints_otherwise(void);    /* whether the program changed NumPy's print options */
PyObject *numpy_module(void);         /* imports it; borrowed */
PyObject *numpy_from_array(ct_array a, bool copy);
ct_dtype numpy_dtype_code(PyObject *descr); /* CT_NO_DTYPE when there is none */

/* ---- dtypes (dtype.c) ---- */
PyObject *ext_dtype(ct_dtype d); /* the numpy.dtype (or key dtype) of a code: a new reference */
/* From anything that names a dtype; canonical unless `exact`. False and an exception otherwise.
 * `what` appears in the truncation warning. */
bool ext_dtype_code(PyObject *o, ct_dtype *out, const char *what);
bool ext_init_dtypes(PyObject *module);

/* ---- data out (exchange.c) ---- */
int ext_getbuffer(PyObject *self, Py_buffer *view, int flags);
void ext_releasebuffer(PyObject *self, Py_buffer *view);
PyObject *ext_array_method(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names);
PyObject *ext_dlpack(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names);
PyObject *ext_dlpack_device(PyObject *self, PyObject *unused);
PyObject *ext_from_dlpack(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *names);
PyObject *ext_item(PyObject *self, PyObject *const *args, Py_ssize_t n);
PyObject *ext_tolist(PyObject *self, PyObject *unused);
/* The concrete array behind a value, or NULL and the exception of `code`; the context is that of
 * core_fail_traced. */
ct_array ext_concrete(PyObject *self, ct_code code, const char *context);
#define EXT_CONVERSION(type)                                                                       \
    "The problem arose with the `" type "` function. If trying to convert the data type of a "     \
    "value, try using `x.astype(" type ")` or `jnp.array(x, " type ")` instead."

/* ---- indexing (index.c, at.c) ---- */
PyObject *ext_subscript(PyObject *self, PyObject *index);
int ext_assign_subscript(PyObject *self, PyObject *index, PyObject *value);
PyObject *ext_iter(PyObject *self);
PyObject *ext_at(PyObject *self, void *closure);
bool ext_init_at(PyObject *module);
struct index_item;
typedef struct ext_index {
    struct index_item *items;
    int64_t n;
    arena arena;
} ext_index;
/* Parses a subscript; false and an exception for what is no index. Free the arena afterwards. */
bool ext_parse_index(PyObject *index, ext_index *out);

/* ---- mutable arrays (refs.c): their objects are ext_values, but no arrays ---- */
extern PyTypeObject *ext_ref_type;
extern PyMethodDef ext_ref_methods[], ext_checkify_methods[];
bool ext_init_refs(PyObject *module);

/* ---- pytrees (tree.c, treedef.c, treemap.c, treepath.c) ---- */
typedef struct flattening {
    vec(tree_node) nodes;
    vec(PyObject *) leaves; /* owned references */
} flattening;
enum flatten_flags { FLATTEN_NONE_IS_LEAF = 1, FLATTEN_NUMBERS_ARE_STATIC = 2 };
bool tree_flatten_into(flattening *f, PyObject *tree, PyObject *is_leaf, int flags);
/* Appends a node to what was taken apart; its data moves in. */
bool tree_push_node(flattening *f, tree_node node);
bool tree_push_leaf(flattening *f, PyObject *o); /* takes a reference */
/* Drops what came after the first so many nodes and leaves. */
void flattening_cut(flattening *f, int64_t nodes, int64_t leaves);
/* Leaves whose array is NULL become part of the structure, told apart by identity. */
void flattening_let_pass(flattening *f, ct_array *at);
void flattening_free(flattening *f); /* releases nodes' data and leaves */
treedef *
flattening_def(flattening *f); /* a treedef; the nodes' data moves into it. NULL: exception */
PyObject *flattening_leaves(flattening *f); /* a list, into which the leaves move */
/* Builds the containers again; takes no references from leaves. */
PyObject *tree_unflatten_nodes(int64_t count, const tree_node *nodes, int64_t n,
                               PyObject *const *leaves);
/* Leaves of `tree` where it has the given nodes as a prefix: appends owned references in order. */
bool tree_flatten_up_to(int64_t count, const tree_node *nodes, PyObject *tree, const char *what,
                        PyObject **leaves);
static inline PyObject *tree_unflatten(const treedef *d, PyObject *const *leaves)
{
    return tree_unflatten_nodes(d->count, d->nodes, treedef_leaves(d), leaves);
}
extern const tree_host ext_tree_host; /* of Python data */
tree_node tree_static_node(PyObject *value);
tree_node tree_passing_node(PyObject *value); /* compared by identity */
/* One step of a path: jax.tree_util.SequenceKey, DictKey, GetAttrKey, FlattenedIndexKey. */
typedef enum tree_key_kind { KEY_SEQUENCE, KEY_DICT, KEY_ATTRIBUTE, KEY_FLAT_INDEX } tree_key_kind;
PyObject *tree_key(tree_key_kind kind, PyObject *value);
/* The keys of one level, for paths: a new list of as many as there are children. */
PyObject *tree_node_keys(const tree_node *n, PyObject *object);
PyObject *tree_wrap_def(treedef *d); /* takes over the reference */
treedef *tree_def_of(PyObject *o);   /* borrowed; NULL and an exception for other objects */
PyObject *tree_node_type(
    const tree_node *n); /* the class of containers that the node stands for; NULL for leaves */
/* One level: children of a container as a new list; NULL without exception for a leaf. Fills the
 * node. */
PyObject *tree_children(PyObject *o, tree_node *node, int flags);
bool ext_init_trees(PyObject *module);
bool ext_init_treekeys(PyObject *module);
extern PyMethodDef ext_tree_methods[], ext_treemap_methods[], ext_treepath_methods[];

/* Objects to a tree of arrays and back. NULL and an exception when a leaf is no array. */
ct_tree ext_tree(PyObject *o, const char *what);
PyObject *ext_wrap_tree(const treedef *d, int64_t n, const ct_array *leaves);
/* Converts leaves in place of a flattening; out has room for all. */
bool ext_convert_leaves(const flattening *f, ct_array *out, const char *what);

/* ---- functions (callable.c) ---- */
/* A Python callable as a ct_fn owned by the current scope. */
ct_fn ext_callable(PyObject *callable);
bool ext_check_callable(PyObject *callable); /* false: a TypeError says what it is */
/* With has_aux, of a function whose result is a pair; its second part may hold any objects. */
ct_fn ext_callable_with_aux(PyObject *callable, bool has_aux);
/* A string, or the name of a member of an enum, as a new reference in *word; NULL for None. */
bool ext_word(PyObject *o, PyObject **word);
/* The same, and it keeps the callable alive: for rules, which programs hold longer than Python's
 * objects do. */
ct_fn ext_kept_callable(PyObject *callable);
/* The same for a rule that gives (out, residuals): plain numbers among the residuals reach the
 * backward rule as they are. */
ct_fn ext_forward_rule(PyObject *callable);
/* The same for what is only staged: descriptions of arrays (ShapeDtypeStruct) may stand for
 * results. */
ct_fn ext_shapes_of(PyObject *callable);
/* Visits the callables that f alone holds, and the functions f alone holds, where f belongs to an
 * object that also refers to what it was made of. */
int ext_visit_function(ct_fn f, PyObject *wrapped, visitproc visit, void *arg);
/* jit of a callable without options: one for each function of Python, so that jit(f) said twice
 * shares its programs. It doesn't keep the function alive. */
ct_fn ext_jitted(PyObject *callable);
/* A body of a loop or a branch, whose programs are kept for as long as the callable lives, if that
 * is a plain function. */
ct_fn ext_body(PyObject *callable);
const char *ext_callable_name(PyObject *callable); /* UTF-8, borrowed from the object */
/* What a callable calls its i-th positional argument, or that keyword argument. */
void ext_argument_name(PyObject *callable, int64_t i, const char *keyword, text *out);

/* ---- calls of transformed functions (call.c) ---- */
/* What happens to each argument on its way into the flat form of fn_call: most are flattened and
 * converted to arrays. */
typedef struct ext_policy {
    ct_ints statics;        /* positions of static arguments, negative from the end: parts of the
                               structure, hashed */
    PyObject *static_names; /* a set of the names of static keyword arguments, or NULL */
    ct_ints only;       /* unless the zero list: only these positions are flattened, everything else
                           passes through as it is */
    bool lenient;       /* leaves that are no arrays pass through instead of raising TypeError */
    ct_ints lenient_at; /* arguments whose numbers stay numbers, and that pass through as they are
                           unless all their other leaves are arrays */
    PyObject *out_shardings; /* what results say of where they lie, or NULL */
} ext_policy;
typedef struct ext_call {
    treedef *def;
    int64_t n;
    ct_array *at;
    ct_array small[16];
    flattening flat; /* keeps the leaves' objects alive */
    bool high;       /* refused for a value of a type above arrays; no exception is set */
} ext_call;
/* Inside a scope. False and a Python exception on failure; end it in both cases. `function` is the
 * callable that messages name. */
bool ext_call_begin(ext_call *c, PyObject *const *args, Py_ssize_t n, PyObject *names,
                    const ext_policy *p, PyObject *function);
void ext_call_end(ext_call *c);
/* Classes of values of types above arrays (experimental/hijax.py), a dict; NULL: none. */
extern PyObject *ext_high_types;
/* The structure and the leaves without converting them: for shapes only. */
bool ext_call_flatten(ext_call *c, PyObject *const *args, Py_ssize_t n, PyObject *names,
                      const ext_policy *p);
/* The TypeError for an argument that is no array; false. `def` is the structure of the call. */
bool ext_bad_leaf(PyObject *function, const treedef *def, int64_t leaf, PyObject *o);
PyObject *ext_call_run(ct_fn f, const ext_call *c);

/* ---- what transformations return (function.c), and the transformations (transform.c) ---- */
typedef struct ext_function {
    PyObject_HEAD vectorcallfunc vectorcall;
    PyObject *wrapped, *dict, *weakrefs;
    ct_fn fn; /* one reference */
    ext_policy policy;
} ext_function;
extern PyTypeObject *ext_function_type, *ext_jit_type;
static inline bool ext_is_transformed(PyObject *o)
{
    return Py_IS_TYPE(o, ext_function_type) || Py_IS_TYPE(o, ext_jit_type);
}
/* Takes its own reference of f, and copies the policy. NULL and an exception when f is NULL. */
PyObject *ext_function_new(PyTypeObject *type, PyObject *wrapped, ct_fn f, const ext_policy *p);
bool ext_init_functions(PyObject *module);
extern PyMethodDef ext_transform_methods[];

/* ---- control.c ---- */
extern PyMethodDef ext_control_methods[];

/* ---- checkpoint.c, rules.c ---- */
extern PyMethodDef ext_checkpoint_methods[], ext_rules_methods[];
/* An integer or a sequence of them, in memory that PyMem_Free frees. */
bool ext_argnums(PyObject *o, ct_ints *out, bool *one, const char *what);

/* ---- the stubs' functions (binding.c) ---- */
bool ext_init_binding(PyObject *module);
extern PyMethodDef ext_binding_methods[];
/* The C function of a stub, by module and name; NULL when it doesn't exist. */
struct bind_function;
const struct bind_function *ext_bound(const char *module, const char *name);
/* Its Python object (borrowed, made once). */
PyObject *ext_bound_object(const char *module, const char *name);

/* ---- configuration (config.c), jaxprs as objects (equations.h) ---- */
extern PyMethodDef ext_config_methods[];
bool ext_init_equations(PyObject *module);
bool ext_init_jaxprs(PyObject *module);
bool ext_init_primitives(PyObject *module);
/* The program of a ClosedJaxpr, or of a Jaxpr without constants: borrowed from the object. NULL and
 * an exception for others. */
jaxpr *ext_jaxpr_of(PyObject *o);
extern PyMethodDef ext_jaxpr_methods[], ext_primitive_methods[], ext_callback_methods[],
    ext_stage_methods[], ext_trace_methods[];

/* Adds a heap type to the module under its short name. */
PyTypeObject *ext_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base);
#define EXT_FASTCALL(function) ((PyCFunction)(void (*)(void))(function))
#endif
