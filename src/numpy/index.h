/* NumPy indexing: x[...] and x.at[...], on concrete arrays and tracers alike.
 *
 * A host language turns its subscript into a list of items, one an entry of the tuple, and calls
 * numpy_index or numpy_index_update. What the items mean together (ellipses, masks, where the
 * advanced axes land) is decided in index_parse.c; index.c and index_update.c write it in
 * operations. */
#ifndef COTAN_SRC_NUMPY_INDEX_H
#define COTAN_SRC_NUMPY_INDEX_H
#include "ops/params.h"

typedef enum index_kind {
    INDEX_INTEGER,  /* a static integer: start */
    INDEX_SLICE,    /* start:stop:step, each where given */
    INDEX_NEWAXIS,  /* None */
    INDEX_ELLIPSIS, /* ... */
    INDEX_ARRAY,    /* integers or booleans of any rank, traced or concrete; a traced scalar and
                       True/False count as arrays */
    INDEX_RUN,      /* `stop` elements from `array` on, a scalar that may be traced, `step` apart */
} index_kind;
typedef struct index_item {
    uint8_t kind; /* index_kind */
    bool start_given, stop_given, step_given;
    int64_t start, stop, step;
    ct_array array; /* borrowed */
} index_item;

/* What an index out of bounds does. The default clamps when reading and drops when writing. */
typedef enum index_mode {
    INDEX_MODE_DEFAULT,
    INDEX_CLIP,
    INDEX_FILL,
    INDEX_PROMISE_IN_BOUNDS,
    INDEX_ONE_HOT
} index_mode;
typedef struct index_options {
    index_mode mode;
    bool fill_given; /* fill_value is used with INDEX_FILL; not given: NaN, the smallest integer,
                        the largest unsigned, True */
    double fill_value;
    bool indices_are_sorted, unique_indices;
    bool keep_negative; /* wrap_negative_indices=False: a negative index is out of bounds */
} index_options;
/* "clip", "fill", "drop", "fill_or_drop", "promise_in_bounds", "one_hot", in letters of any size
 * (NULL: the default). False and a ValueError for other words. */
CT_NODISCARD bool index_mode_named(const char *name, index_mode *mode);

/* The same as a gather or scatter has it; `none` for the default. */
enum gather_mode index_mode_gather(index_mode mode, enum gather_mode none);

/* The value for indices out of bounds, given only in that mode. */
optional_float index_fill(ct_dtype dtype, const index_options *o);
/* Adds the axis's length to negative indices. */
ct_array index_wrap(ct_array index, int64_t length);

/* x[items]; options may be NULL. */
ct_array numpy_index(ct_array x, int64_t n, const index_item *items, const index_options *options);

/* x.at[items].set(values) and its relatives, in x's dtype; values broadcast to the shape of
 * x[items]. */
typedef enum index_update {
    INDEX_SET,
    INDEX_ADD,
    INDEX_SUBTRACT,
    INDEX_MULTIPLY,
    INDEX_DIVIDE,
    INDEX_POWER,
    INDEX_MIN,
    INDEX_MAX
} index_update;
ct_array numpy_index_update(ct_array x, int64_t n, const index_item *items, index_update update,
                            ct_array values, const index_options *options);
/* x.at[items].apply(f): f, a function of a scalar, applied to each element as often as an index
 * names it. */
ct_array numpy_index_apply(ct_array x, int64_t n, const index_item *items, ct_fn f,
                           const index_options *options);
/* The same as a scatter whose updates have this type (scatter_apply.c). */
ct_array numpy_scatter_apply(ct_array x, ct_array indices, const aval *updates, ct_fn f,
                             const params_scatter *p);
#endif
