/* Values written out element by element, between expand.c, which does it for the programs of a
 * loop, and sequence.c, which makes a kernel of the loop. */
#ifndef COTAN_SRC_COMPILE_EXPAND_H
#define COTAN_SRC_COMPILE_EXPAND_H
#include "compile/lower.h"
#include "compile/sequence.h"

/* The nodes of a value's elements, of a lane: row-major, the parts of a complex one side by side.
 */
typedef struct spread {
    int32_t *at; /* NULL: not yet asked for */
    int32_t n;
    uint8_t parts;
    int8_t lead; /* where the lanes' dimensions begin; -1: it has none */
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
    bool streams; /* xs or ys along the lanes */
} sequence;

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
#endif
