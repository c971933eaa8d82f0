/* The loop language: what a fused kernel is, between the jaxpr (above) and machine code (below).
 * Plain data, so a kernel can be hashed, cached and built by hand.
 *
 * A kernel has an iteration space of up to LOOP_DIMS dimensions, outermost first; some of them are
 * reduced. Nodes are values in the space, in topological order; operands come before their users.
 * The last dimension is the one that vectors run along (the lanes). Kernels are verified and
 * printed by loops.c, made from jaxprs by lower.c, and turned into code by llvm/emit.c. */
#ifndef COTAN_SRC_LOOPS_H
#define COTAN_SRC_LOOPS_H
#include "base/base.h"
#include "compile/bodies.h"

enum {
    LOOP_DIMS = 8,
    LOOP_INPUTS = 4,
    LOOP_NODES = 2048,
    LOOP_REDUCTIONS = 128,
    LOOP_BUFFERS = 512
};

/* Where a point of the space lies in a buffer: offset + sum of index times stride, in elements. */
typedef struct loop_access {
    int32_t buffer;
    int64_t offset, stride[LOOP_DIMS];
} loop_access;

typedef enum loop_kind {
    LOOP_LOAD,   /* access: number in accesses; in[0], if there, an integer: elements to add to
                    its offset */
    LOOP_CONST,  /* bits: the element's bytes */
    LOOP_INDEX,  /* the index along dimension `number`, int32 or int64 */
    LOOP_BODY,   /* body applied to in; number: body; second: its second result */
    LOOP_SELECT, /* in[0] (bool) ? in[2] : in[1] */
    LOOP_BITS,   /* in[0]'s bits as another dtype of the same size */
    LOOP_REDUCE, /* in[0] over all reduced dimensions; number: the combining body; bits: its
                    identity */
    LOOP_CARRY,  /* of a sequence: what the step before left in carry `number`; in[0]: what the
                    first step finds; second: differs between lanes */
    LOOP_STORE,  /* of a sequence: in[0] to access `number`, in[1] elements further on, where in[2]
                    (bool), if there, holds; loads and stores happen in the nodes' order */
} loop_kind;
typedef struct loop_node {
    uint8_t kind, dtype; /* loop_kind, ct_dtype */
    uint8_t nin, second;
    int32_t in[LOOP_INPUTS];
    int32_t number;
    uint64_t bits;
} loop_node;
typedef struct loop_store {
    int32_t node;
    bool stream; /* past the caches: the buffer is large and read by nobody soon */
    loop_access access;
    bool last; /* of a sequence: after the last step, and of a carry or what no step changes */
} loop_store;

typedef struct kernel_ir {
    int32_t ndim, nnodes, naccesses, nstores, nbuffers;
    uint32_t reduced; /* bit d: dimension d is reduced */
    int64_t extent[LOOP_DIMS];
    int32_t ragged; /* dimension d > 0 whose last run is short, d - 1 counting the runs; 0: none */
    int64_t ragged_total; /* elements over all runs */
    loop_node *nodes;
    loop_access *accesses;
    loop_store *stores;
    /* A sequence: dimension 0 is time, whose steps follow one another, and dimension 1 the lanes;
     * nothing is reduced. Values that no step changes are computed before the first. */
    bool sequence;
    int32_t ncarries, *next; /* of each carry: the node that a step leaves in it */
    int32_t test;            /* bool node, of carries: a lane goes on while it holds; -1: none */
    int32_t range;           /* buffer of a sequence_range */
} kernel_ir;

/* The steps that a call of a sequence runs. */
typedef struct sequence_range {
    int64_t first, last;
    uint8_t more; /* set when a lane would go on */
    int64_t done; /* set by a kernel of one unit with a test: steps that it ran */
} sequence_range;

/* Machine code takes the buffers' addresses, a range of units and what to call for arguments that a
 * body does not take (kernel_far). */
typedef void far_code(int32_t which, int64_t n, void *out, const void *in);
typedef void kernel_code(void *const *buffers, int64_t begin, int64_t end, far_code *far);

/* How a kernel is cut into units of work. Rows: vectors run along the reduced last dimension (or
 * there is none), a unit is a row or a block of one. Columns: the last dimension is kept, a unit is
 * a tile of columns. */
typedef struct kernel_shape {
    bool columns;
    int width, unroll; /* lanes, vectors per step */
    int64_t rows;      /* product of the kept dimensions but the last */
    int64_t
        block; /* elements of the last dimension in a unit (columns, or maps without reduction) */
    int64_t blocks; /* units along the last dimension */
    int64_t units;  /* rows * blocks */
    bool compact;   /* little work: one masked loop instead of an unrolled one and its tail, to save
                       compile time */
    int64_t work;   /* rough cost of a unit in nanoseconds, of one step of a sequence's unit */
} kernel_shape;
kernel_shape kernel_shape_of(const kernel_ir *k, int vector_bytes);

/* What the emitter and the verifier need to know of each node. */
typedef struct loop_place {
    bool inner;    /* changes inside a unit's loops */
    bool lanes;    /* differs between the lanes of a vector */
    int32_t depth; /* reductions to be finished before it */
} loop_place;
void loop_places(const kernel_ir *k, loop_place *places);
/* Does anything of a sequence differ between lanes? */
bool loop_has_lanes(const kernel_ir *k);
/* Does its address change inside a unit's loops? */
bool loop_moves(const kernel_ir *k, const loop_access *a);

/* False with a message when the kernel breaks a rule. */
CT_NODISCARD bool loop_verify(const kernel_ir *k);
void loop_text(text *t, const kernel_ir *k);
uint64_t loop_hash(const kernel_ir *k, uint64_t seed);
CT_NODISCARD bool loop_equal(const kernel_ir *a, const kernel_ir *b);

/* ---- machine code ---- */
/* Position-independent code of several kernels: one block of bytes, ready to be mapped or written
 * to a file. */
typedef struct code_blob {
    void *bytes; /* malloc'ed */
    uint64_t size;
    uint64_t *entries; /* malloc'ed: offset of each kernel */
} code_blob;
/* What libcotan_llvm.so exports as cotan_codegen. */
typedef struct codegen {
    const uint64_t *version; /* of codegen_version */
    /* Fills the message (256 bytes) on failure. debug: 3 prints LLVM IR, 4 assembly too, to stderr.
     */
    bool (*compile)(int n, const kernel_ir *const *kernels, int debug, code_blob *out,
                    char *message);
} codegen;
/* A hash of the code generator's sources, the bodies and LLVM's version, made by version.cmake. The
 * library and the generator must have the same one; it is part of every key of the disk cache. */
extern const uint64_t codegen_version;

/* Bytes of an element of the dtypes that kernels compute with. */
int loop_itemsize(int dtype);
/* What the scalar bodies take a dtype for; BODY_VOID if there are none on it. */
body_type loop_body_type(int dtype);
/* 64 with AVX-512, 32 with AVX2. */
int host_vector_bytes(void);
#endif
