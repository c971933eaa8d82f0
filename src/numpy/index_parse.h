/* What a list of index items means for an array of a given shape: one part an axis or new axis, in
 * order. */
#ifndef COTAN_SRC_NUMPY_INDEX_PARSE_H
#define COTAN_SRC_NUMPY_INDEX_PARSE_H
#include "numpy/index.h"

enum { INDEX_LIMIT = 64 }; /* parts of one index: axes and new axes together */

typedef enum index_part_kind {
    PART_INTEGER,
    PART_SLICE,
    PART_NEWAXIS,
    PART_ARRAY,
    PART_SCALAR_MASK
} index_part_kind;
typedef struct index_part {
    uint8_t kind;  /* index_part_kind */
    bool unit;     /* a slice whose step is not written, 1 or -1 */
    int axis;      /* of the array that is indexed; -1 for parts that use none up */
    int64_t start; /* integer: as written; slice: first element taken; scalar mask: 0 or 1 */
    int64_t stop, step, size; /* slice: end, distance and number of elements */
    ct_array array;           /* PART_ARRAY: integers */
} index_part;
typedef struct index_plan {
    int n;
    bool has_arrays; /* arrays of any rank, or scalar masks */
    bool contiguous; /* integers and arrays stand next to each other: their axes land where they
                        stood; otherwise in front */
    index_part parts[INDEX_LIMIT];
} index_plan;
/* Expands ellipses, missing axes and masks. False after recording JAX's error. */
CT_NODISCARD bool index_parse(ct_array x, int64_t n, const index_item *items, index_plan *plan);

/* Axes of the array that an item uses up; -1 after recording an error. */
int index_consumed(const index_item *item);

/* Indexing and updating where items are runs (index_run.c). */
bool index_has_runs(int64_t n, const index_item *items);
ct_array index_by_runs(ct_array x, int64_t n, const index_item *items, const index_options *o);
ct_array index_update_runs(ct_array x, int64_t n, const index_item *items, index_update update,
                           ct_array values, const index_options *o);

/* In-bounds position of a static integer on an axis of this length, or -1. */
static inline int64_t index_position(int64_t index, int64_t length, bool keep_negative)
{
    int64_t i = index < 0 && !keep_negative ? index + length : index;
    return i >= 0 && i < length ? i : -1;
}

/* The gather that takes the parts: also a scatter's description. All lists point into the struct.
 */
typedef struct index_gather {
    ct_array indices;
    int slice_ndim, window_ndim, noffset, ncollapsed, nmap, nnewaxis, nreversed, nmasks;
    int64_t slice_shape[INDEX_LIMIT]; /* the result's, new axes included */
    int64_t window[INDEX_LIMIT];      /* slice_sizes */
    int64_t offset[INDEX_LIMIT], collapsed[INDEX_LIMIT], map[INDEX_LIMIT];
    int64_t newaxis[INDEX_LIMIT], reversed[INDEX_LIMIT];
    int64_t masks[INDEX_LIMIT]; /* axes of length 1 that x needs for scalar masks */
    bool plain;                 /* no index arrays: sorted and unique by construction */
    bool empty;                 /* slice_shape has a zero */
} index_gather;
CT_NODISCARD bool index_to_gather(ct_array x, index_plan *plan, const index_options *o,
                                  index_gather *g);

/* With every part a slice, new axis or in-bounds integer (clamped, when asked) and no trace at
 * work: the box of elements meant. */
typedef struct index_box {
    int ndim, copied;           /* axes of the result; of those the ones that move through x */
    int64_t offset;             /* of the first element, in elements */
    int64_t shape[INDEX_LIMIT]; /* of the result */
    int64_t lengths[INDEX_LIMIT],
        strides[INDEX_LIMIT]; /* the moving axes: elements and distance in x */
    bool whole;               /* one dense run of x */
} index_box;
typedef enum index_found { BOX_FOUND, BOX_OUTSIDE, BOX_UNSUITABLE } index_found;
index_found index_to_box(ct_array x, const index_plan *plan, bool clamp, bool keep_negative,
                         index_box *box);
#endif
