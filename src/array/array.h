/* Arrays, tracers and trees share one struct; buffers hold the elements. The array library without
 * transformations. */
#ifndef COTAN_SRC_ARRAY_H
#define COTAN_SRC_ARRAY_H

#include "base/base.h"
#include "cotan/array.h"

/* ---- dtypes (dtype.c) ---- */
typedef enum dtype_family {
    FAMILY_BOOL = 1,
    FAMILY_INT = 2,
    FAMILY_UINT = 4,
    FAMILY_FLOAT = 8,
    FAMILY_COMPLEX = 16,
    FAMILY_KEY = 32,
    FAMILY_FLOAT0 = 64
} dtype_family;
typedef struct dtype_info {
    const char *name, *short_name; /* "float32", "f32" */
    uint8_t family, bits, itemsize;
} dtype_info;
extern const dtype_info dtype_table[CT_DTYPE_COUNT];
static inline dtype_family dtype_family_of(ct_dtype d)
{
    return (dtype_family)dtype_table[d].family;
}
static inline bool dtype_is(ct_dtype d, int families) { return dtype_table[d].family & families; }
/* JAX's promotion of two (dtype, weak) pairs; *weak is the result's weakness. Keys and float0
 * promote only with themselves: CT_NO_DTYPE otherwise. */
ct_dtype dtype_promote(ct_dtype a, bool a_weak, ct_dtype b, bool b_weak, bool *weak);
/* What `what` says of two dtypes that do not promote together; false. */
bool dtype_fail_promotion(const char *what, ct_dtype a, bool a_weak, ct_dtype b, bool b_weak);
ct_dtype dtype_to_inexact(
    ct_dtype d); /* 64-bit ints -> float64 (canonical), other ints and bool -> float32 */
ct_dtype dtype_real_part(ct_dtype d);   /* complex64 -> float32; others unchanged */
ct_dtype dtype_canonical(ct_dtype d);   /* 64-bit types -> 32-bit ones unless jax_enable_x64 */
ct_dtype dtype_default(dtype_family f); /* int32/float32/complex64, or the 64-bit ones under x64 */
ct_dtype dtype_tangent(ct_dtype d);     /* itself for inexact types, else CT_FLOAT0 */
static inline bool dtype_inexact(ct_dtype d) { return dtype_is(d, FAMILY_FLOAT | FAMILY_COMPLEX); }
extern _Thread_local bool array_x64; /* jax_enable_x64 on this thread */
/* jax_numpy_dtype_promotion is "strict" on this thread: only Python's numbers promote. */
extern _Thread_local bool array_strict;
/* One stored element as a double (complex: the real part) and back, rounding to nearest even;
 * overflow as JAX's casts do. */
double dtype_decode(ct_dtype d, const void *at);
void dtype_encode(ct_dtype d, void *at, double value);

/* ---- abstract values ---- */
typedef struct aval {
    uint8_t dtype; /* ct_dtype */
    bool weak;
    int32_t ndim;
    const int64_t *shape;
    bool ref; /* a mutable array of this type: see ref_new */
} aval;
CT_NODISCARD bool aval_equal(const aval *a, const aval *b, bool compare_weak);
uint64_t aval_hash(const aval *a);
static inline ct_ints aval_shape(const aval *a) { return (ct_ints){a->ndim, a->shape}; }
int64_t shape_size(int64_t n, const int64_t *shape); /* product; arrays that exist never overflow */
static inline bool ints_equal(ct_ints a, ct_ints b)
{
    return a.n == b.n && (!a.n || !memcmp(a.at, b.at, (size_t)a.n * sizeof *a.at));
}
/* "float32[2,3]" and the jaxpr form "f32[2,3]" */
void aval_text(text *t, const aval *a, bool short_form);

/* ---- buffers ---- */
/* Memory of one array, 64-byte aligned when ours. Shared by reference, never written while shared.
 */
typedef struct buffer {
    object head;
    void *data;
    size_t bytes;
    void (*done)(void *context); /* NULL: ours, from array_memory */
    void *context;
    bool lent; /* by a caller who changes it after the call: who keeps it, copies (array_kept) */
    uint8_t *used; /* of random keys, under jax_debug_key_reuse: which are used up; or NULL */
} buffer;
/* Caching allocator: large blocks come from huge pages and are reused. */
CT_NODISCARD void *array_memory(size_t bytes);
void array_memory_free(void *data, size_t bytes);
extern const bool array_keeps_blocks;          /* false under a sanitizer */
CT_NODISCARD buffer *buffer_new(size_t bytes); /* one reference, not cleared */
/* Someone else's memory: done(context), if given, runs when the last reference goes. */
CT_NODISCARD buffer *buffer_borrow(void *data, size_t bytes, void (*done)(void *context),
                                   void *context);

/* ---- values ---- */
/* Concrete array, tracer, tree or poison. Concrete arrays are dense and row-major; there are no
 * views. Tracers carry a pointer to their trace and what that trace keeps for a value; only the
 * trace's own file looks at those fields. */
struct ct_value {
    object head;
    aval aval;
    int64_t size;
    union {
        struct {
            buffer *buffer;
            void *data;
        }; /* KIND_ARRAY */
        struct {
            struct trace *trace;
            ct_array primal, tangent;
            int64_t tag;
            void *payload;
        }; /* KIND_TRACER; KIND_REF: trace is its owner, primal its content (NULL: zeros) */
        struct {
            struct treedef *def;
            ct_array *leaves;
            int64_t count;
        }; /* KIND_TREE; the root is no bare leaf */
    };
    void *
        host; /* weak back pointer for the host language (Python's object of this value), or NULL */
    int64_t dims[]; /* aval.shape points here */
};
extern struct ct_value array_poison[1]; /* the immortal poison value */
static inline bool is_poison(ct_array a) { return unlikely(a == array_poison); }
static inline bool is_tracer(ct_array a) { return a->head.kind == KIND_TRACER; }
static inline bool is_array(ct_array a) { return a->head.kind == KIND_ARRAY; }
static inline bool is_tree(ct_array a) { return a->head.kind == KIND_TREE; }
/* A tangent or cotangent that is known to vanish: a type without elements, which rules that ask for
 * them are given, and may give back. No operation takes it. */
static inline bool is_zero(ct_array a) { return a->head.kind == KIND_ZERO; }
ct_array array_zero(const aval *a);
static inline bool is_ref(ct_array a) { return a->head.kind == KIND_REF; }

/* A new concrete array with uninitialised memory, owned by the current scope; poison when memory is
 * short. The shape is copied. Negative or overflowing sizes are a ValueError. */
ct_array array_new(ct_dtype dtype, bool weak, int64_t ndim, const int64_t *shape);
static inline ct_array array_like(const aval *a)
{
    return array_new((ct_dtype)a->dtype, a->weak && a->dtype != CT_FLOAT0, a->ndim, a->shape);
}
/* The same elements under another shape or dtype of the same size in bytes, or weakness: shares the
 * buffer. */
ct_array array_view(ct_array a, ct_dtype dtype, bool weak, int64_t ndim, const int64_t *shape);
/* The elements from the first-th on, as many as the shape holds: shares the buffer. */
ct_array array_part(ct_array a, int64_t first, int64_t ndim, const int64_t *shape);
/* A deleted array (donated, or deleted by hand) keeps its type and has no elements. */
static inline bool array_deleted(ct_array a) { return unlikely(!a->data) && a->size; }
/* The array itself, or a copy when its memory is only lent. */
ct_array array_kept(ct_array a);
/* Drops the elements. Memory that a program reads with the host released stays until the array
 * goes.
 */
void array_delete(ct_array a);
/* Records the failure of reading a deleted array; false. */
bool array_fail_deleted(ct_array a);
extern _Atomic int32_t array_readers; /* programs that run with the host released */
/* A tracer with the given aval (copied); the trace fills the rest. Destroying it releases primal
 * and tangent and calls trace_release. */
ct_array array_tracer(struct trace *trace, const aval *a);
/* A mutable array: a cell whose content is exchanged for another value of its type. The operations
 * get, swap and addupdate act on it at once under its owner (NULL: no trace); any other trace
 * writes them down or interprets them. content may be NULL. */
ct_array ref_new(struct trace *owner, const aval *type, ct_array content);
void ref_store(ct_array ref, ct_array content);
/* A scalar of the dtype with this value (converted as a C cast, exact where it can be). */
ct_array array_scalar(ct_dtype dtype, bool weak, double value);
ct_array array_scalar_int(ct_dtype dtype, bool weak, int64_t value);
/* The element as double / int64 (complex: real part). The array is concrete; poison reads as NaN
 * and 0. */
double array_get_double(ct_array a, int64_t index);
int64_t array_get_int(ct_array a, int64_t index);

/* ---- tree definitions: language neutral ---- */
typedef enum tree_kind {
    TREE_LEAF,
    TREE_NONE,
    TREE_TUPLE,
    TREE_LIST,
    TREE_DICT,
    TREE_CUSTOM,
    TREE_STATIC
} tree_kind;
/* What the host language supplies for node data it owns (dict keys, namedtuple types, registered
 * containers, static values). */
typedef struct tree_host {
    uint64_t (*hash)(void *data);
    bool (*equal)(void *a, void *b);
    void (*retain)(void *data);
    void (*release)(void *data);
    /* What stands for the data in a treedef's text: "namedtuple[P]" or "Class[auxiliary data]" of a
     * custom node, the repr of a static value. Unused for dicts. */
    void (*repr)(void *data, text *out);
    /* How a path names the i-th child: "['a']" for a dict (the key's repr in brackets), ".x" for a
     * named field. */
    void (*entry)(void *data, int64_t i, text *out);
} tree_host;
typedef struct tree_node {
    uint8_t kind;          /* tree_kind */
    int64_t arity;         /* children */
    int64_t leaves, nodes; /* in the whole subtree, itself counted */
    const tree_host *host; /* of data; NULL: data is one owned block of C memory (dict: char **
                              keys, strings behind them; NULL otherwise) */
    void *data;            /* dict: the keys; custom: type and auxiliary data; static: the value */
} tree_node;
/* Nodes in post-order: children before their parent, the root last. TREE_STATIC has no leaves: a
 * static argument is part of the structure. */
typedef struct treedef {
    object head;
    uint64_t hash;
    int64_t count;
    tree_node nodes[];
} treedef;
/* Builds a treedef from post-order nodes (copied; takes over one reference of each node's data).
 * arity must be set; the rest is computed. */
CT_NODISCARD treedef *treedef_new(int64_t count, const tree_node *nodes);
treedef *treedef_leaf(void); /* the bare leaf; immortal */
bool treedef_equal(const treedef *a, const treedef *b);
bool tree_node_equal(const tree_node *a, const tree_node *b); /* container and arity */
static inline const tree_node *treedef_root(const treedef *d) { return &d->nodes[d->count - 1]; }
static inline int64_t treedef_leaves(const treedef *d) { return treedef_root(d)->leaves; }
/* The root's i-th child as a treedef of its own (new reference), and the range of its leaves. */
CT_NODISCARD treedef *treedef_child(const treedef *d, int64_t i, int64_t *first_leaf,
                                    int64_t *leaves);
/* A node of the given kind over the children (consumes nothing; data as in tree_node). */
CT_NODISCARD treedef *treedef_join(tree_node root, int64_t n, treedef *const *children);
/* "PyTreeDef({'a': *, 'b': (*, *)})" */
void treedef_text(text *t, const treedef *d);
/* Path of a leaf as JAX prints it: "['a'][0].x" */
void treedef_path(text *t, const treedef *d, int64_t leaf);
/* The root of the i-th child of a node of d. */
const tree_node *treedef_child_root(const tree_node *parent, int64_t i);
/* The i-th key of a dict node as Python's repr has it: "'a'". */
void treedef_key_text(text *t, const tree_node *dict, int64_t i);
/* A value of this structure: the leaf itself for a bare leaf. Owned by the current scope. */
ct_tree tree_new(treedef *d, int64_t n, const ct_array *leaves);
/* A tree's or leaf's definition (borrowed) and leaves (borrowed). */
const treedef *tree_def(ct_tree t);
int64_t tree_leaves(const ct_tree *t, const ct_array **leaves);

/* ---- numbers as text (number.c) ---- */
/* The fewest decimal digits that read back as the same value of type d (float16, float32 or
 * float64): 0.d1d2d3... x 10^point. */
typedef struct decimal {
    bool negative;
    int count, point; /* zero has no digits */
    char digits[24];
} decimal;
void decimal_of(decimal *out, double value, ct_dtype d);
/* No more than `places` digits behind the decimal point (of the number, or of its mantissa),
 * rounding the value itself. */
void decimal_round(decimal *out, double value, int places, bool scientific);
/* At least `places` digits behind the point of the mantissa, further ones of the value as it is
 * stored. */
void decimal_extend(decimal *out, double value, int places);
/* "12.5" with at least `least` digits behind the point, and "1.25e+01" with an exponent of at least
 * `width` digits. A whole number ends in a point. */
void decimal_positional(text *t, const decimal *d, int least);
void decimal_scientific(text *t, const decimal *d, int least, int width);
/* One finite or other number by itself, as str() of a NumPy scalar: "0.1", "1e-08", "nan"; whole
 * numbers end in `whole` (".0" or ""). */
void decimal_scalar(text *t, double value, ct_dtype d, const char *whole);

/* ---- printing (print.c): the number formatting of NumPy, which JAX uses ---- */
void array_text(text *t, ct_array a, bool repr);
/* A tree as Python's repr of the container, with the leaves' reprs or only their types
 * ("float32[2,3]"). */
void tree_text(text *t, ct_tree tree, bool types);
/* How a tracer prints itself; set by core. Without it, "Tracer(float32[3])". */
extern void (*array_tracer_text)(text *t, ct_array tracer);

/* What a tracer needs from its trace when it dies; set by core. */
extern void (*array_trace_release)(struct trace *trace, ct_array dying);
/* The concrete array behind a tracer whose value is known (under grad, say); false: there is none.
 * Set by core; NULL until the first tracer. */
extern bool (*array_concrete)(ct_array a, ct_array *concrete);
#endif
