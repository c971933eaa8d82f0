/* A compiled program: an array of steps over a table of addresses. Made by build.c, run by
 * program.c. */
#ifndef COTAN_SRC_COMPILE_PROGRAM_H
#define COTAN_SRC_COMPILE_PROGRAM_H
#include "compile/graph.h"

typedef enum step_kind {
    STEP_KERNEL, /* machine code over a range of units */
    STEP_OPAQUE, /* an operation's own kernel, on memory */
    STEP_CALL,   /* an operation that takes arrays */
} step_kind;
typedef struct step {
    uint8_t kind; /* step_kind */
    int32_t n;    /* buffers of a kernel */
    int32_t nin, nout;
    kernel_code *code;
    int64_t units, grain; /* grain: units a thread takes at least; units when the step is not worth
                             splitting */
    int32_t *slots;       /* of the buffers, or of the operands and results */
    const op *op;
    const void *params;
    operand *operands; /* addresses are filled in for each call */
    int64_t work;      /* rough nanoseconds */
} step;

typedef enum result_kind {
    RESULT_NEW,
    RESULT_INPUT,
    RESULT_CONST,
    RESULT_BOXED,
    RESULT_SAME
} result_kind;
typedef struct result {
    uint8_t kind;  /* result_kind */
    int32_t index; /* of the input, or the earlier result with the same memory */
    int32_t slot;
    aval aval;              /* of the result */
    int32_t nreuse, *reuse; /* inputs that RESULT_NEW may be written over when they are donated */
    bool view;              /* differs from the memory's owner in more than its identity */
    ct_array array;
} result;
typedef struct temporary {
    int32_t slot;
    size_t offset;
} temporary;
typedef struct boxed {
    int32_t slot;
    aval aval;
    bool made_by_call;
} boxed;

typedef struct program {
    arena arena;
    code *code; /* NULL: no kernels of its own */
    int32_t nin, nout, nslots, nsteps, ntemporaries, nboxed, nconsts;
    int32_t *input_slots; /* -1: not read */
    result *results;
    step *steps;
    temporary *temporaries;
    boxed *boxes; /* temporaries that are arrays because an operation takes or makes them */
    int32_t *const_slots;
    ct_array *consts;
    ct_array *folded; /* constants that only this program holds */
    int64_t nfolded;
    size_t temporary_bytes;
    _Atomic(void *) spare; /* the temporaries' memory between calls */
} program;

/* build.c: groups to steps, buffers to slots. NULL after base_fail. */
CT_NODISCARD program *program_build(const jaxpr *j);
/* reuse.c: fills the results' reuse; kernels by step, NULL for other steps. */
CT_NODISCARD bool plan_reuse(program *p, const jaxpr *j, const kernel_ir *const *kernels);
void program_free(program *p);
bool program_run(program *p, int nin, const ct_array *in, const bool *donated, int nout,
                 ct_array *out);
#endif
