/* Values written out element by element, between expand.c, which does it for the programs of a
 * loop, expand_memory.c, for the arrays that stay in memory, and sequence.c, which makes a kernel
 * of the loop. */
#ifndef COTAN_SRC_COMPILE_EXPAND_H
#define COTAN_SRC_COMPILE_EXPAND_H
#include "compile/lower.h"
#include "compile/sequence.h"

/* A value in a kernel: the nodes of its elements, of a lane, row-major, the parts of a complex one
 * side by side; or an array in memory. */
typedef struct spread {
    int32_t *at; /* NULL: not yet asked for, or in memory */
    int32_t n;
    uint8_t parts;
    int8_t lead;     /* where the lanes' dimensions begin; -1: it has none */
    bool in_memory;  /* then: */
    bool sliced;     /* each step has a slice of its own */
    int32_t buffer;  /* the kernel's number for it */
    int32_t version; /* which of the buffer's contents it is: every update makes another */
    int32_t operand; /* the operation's operand that it is; -1: none */
} spread;

typedef struct sequence {
    lowering l;
    arena *a;
    lowered made;
    int ndims; /* of the lanes */
    const int64_t *lanes;
    vec(sequence_buffer) buffers;
    vec(int32_t) next;
    const op *op;
    const void *params;
    bool streams;  /* xs or ys along the lanes */
    bool *indexed; /* of each operand: read or written at computed places, so that it must be in
                      memory even if it is small */
    bool again;    /* one more was found to be so */
    bool testing;  /* in the test, which updates nothing */
    int64_t maps, elements; /* elementwise operations, and elements that they make of a lane */
    int32_t guard;          /* updates happen where this node holds; -1: everywhere */
    int32_t latest;         /* version */
    int32_t versions[LOOP_BUFFERS]; /* of each buffer, now */
} sequence;

/* One program on its way: a body, a test, a branch. */
typedef struct part {
    sequence *s;
    graph g;
    spread *values;
    uint8_t *reached; /* of each node */
    int depth;        /* of what is being reached */
    const spread *in;
} part;

/* The form of a value; false when it does not fit: too large beside its lanes, of a dtype without
 * bodies, or too much in all. */
CT_NODISCARD bool spread_shape(sequence *s, const aval *a, spread *out);
/* The kernel's number for a buffer. */
int32_t sequence_buffer_at(sequence *s, sequence_role role, int32_t index, ct_array array);
/* The elements of a value in memory, of each step's slice when `sliced`; stores them after each
 * step when `sliced`, else after the last. */
CT_NODISCARD bool spread_load(sequence *s, int32_t memory, const aval *a, spread *x, bool sliced);
CT_NODISCARD bool spread_store(sequence *s, int32_t memory, const aval *a, const spread *x,
                               bool sliced);
/* Real and imaginary part, or the dtype itself. */
int spread_dtype(int dtype);
/* The program's nodes among the kernel's; out: its results. False when it does not fit, or fails.
 */
CT_NODISCARD bool expand_program(sequence *s, const jaxpr *j, const spread *in, spread *out);

/* ---- between expand.c and expand_memory.c ---- */
static inline bool is_lane(const sequence *s, const spread *x, int64_t d)
{
    return x->lead >= 0 && d >= x->lead && d < x->lead + s->ndims;
}
/* Where the lanes' dimensions begin; -1: it has none. */
int spread_lead(const sequence *s, const aval *a);
/* The index of element e along the dimensions that are no lanes; and back. */
void spread_unravel(const sequence *s, const spread *x, const aval *a, int64_t e, int64_t *index);
int64_t spread_ravel(const sequence *s, const spread *x, const aval *a, const int64_t *index);
/* Where element i (a part of it) of a value in memory is; slices follow one another in time when
 * `sliced`. */
loop_access spread_access(const sequence *s, int32_t memory, const aval *a, const spread *x,
                          int64_t i, bool sliced);
/* A value that has been made, or is an input or constant: its nodes, NULL when it has none; its
 * nodes or the array in memory that it is, NULL when it does not fit. */
const spread *spread_of(part *p, int32_t v);
const spread *spread_anywhere(part *p, int32_t v);

/* expand_dot.c: a product of small matrices. */
CT_NODISCARD bool expand_dot(part *p, const node *n, spread *out);

/* ---- expand_memory.c ---- */
/* The value as an array in memory; false when it cannot be one. */
CT_NODISCARD bool memory_form(sequence *s, int32_t memory, const aval *a, bool sliced, spread *out);
/* A gather or dynamic slice of an array in memory; a scatter or update of one. */
CT_NODISCARD bool memory_read(part *p, const node *n, spread *out);
CT_NODISCARD bool memory_update(part *p, const node *n, spread *out);
/* Element i (and part) of an array in memory. */
int32_t memory_element(sequence *s, const spread *x, const aval *a, int64_t i);
/* Is it what the buffer holds now? */
bool memory_is_current(const sequence *s, const spread *x);
#endif
