/* A compiled program: an array of steps over a table of addresses. Made by build.c, run by
 * program.c. */
#ifndef COTAN_SRC_COMPILE_PROGRAM_H
#define COTAN_SRC_COMPILE_PROGRAM_H
#include "compile/graph.h"
#include "compile/sequence.h"

typedef enum step_kind {
    STEP_KERNEL,   /* machine code over a range of units */
    STEP_OPAQUE,   /* an operation's own kernel, on memory */
    STEP_CALL,     /* an operation that takes arrays */
    STEP_CONTROL,  /* a loop or a branch: programs inside this one */
    STEP_SEQUENCE, /* a loop that is one kernel */
} step_kind;
typedef struct step {
    uint8_t kind; /* step_kind */
    int32_t n;    /* slots: buffers of a kernel, else operands, results and scratch memory */
    int32_t nin, nout;
    kernel_code *code;
    int64_t units, grain; /* grain: units a thread takes at least; units when the step is not worth
                             splitting */
    int32_t *slots;       /* of the buffers, or of the operands and results */
    struct control *control;
    struct sequence_plan *sequence;
    const op *op;
    const void *params;
    uint32_t omitted;  /* bit k: result k has no memory, as nobody reads it */
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
    object **held; /* constants and programs that only this program holds */
    int64_t nheld;
    size_t temporary_bytes;
    int64_t work;                 /* of all steps */
    _Atomic(void *) spare;        /* the temporaries' memory between calls */
    struct program *inner, *next; /* programs of its control steps: a list */
} program;

/* ---- running ---- */
/* Long work lets the host's other threads run, and asks now and then whether it shall stop. */
typedef struct watch {
    int64_t since; /* rough nanoseconds since it last asked */
    int32_t loops; /* running now, one in another: they let the host go until the outermost ends */
    bool let_go;
    void *token; /* of base_host_release, meanwhile */
} watch;
enum { NOTABLE_WORK = 1000000 }; /* ns */
void watch_let_go(watch *w);
void watch_take_back(watch *w); /* if it is let go */
/* Around a loop of so much work, as far as is known. */
void watch_begin_loop(watch *w, int64_t work);
void watch_end_loop(watch *w);
/* False after CT_INTERRUPTED. */
CT_NODISCARD bool watch_poll(watch *w);
static inline bool watch_work(watch *w, int64_t work)
{
    enum { POLL_EVERY = 5000000 };
    return likely((w->since += work) <= POLL_EVERY) || watch_poll(w);
}

/* One run of a program: its table of addresses. */
typedef struct activation {
    const program *p;
    void **slots;
    ct_array *boxes; /* by slot; NULL when the program has no boxed values */
    const ct_array *in;
    bool *donated; /* by input: donated, and its memory is still free for a result; NULL: none */
    watch *watch;
} activation;
bool program_steps(const activation *a);
/* The addresses of a step's slots: in few, or in a block that the caller frees; NULL without
 * memory. */
enum { FEW_SLOTS = 64 };
void **step_addresses(const activation *a, const step *s, void *few[FEW_SLOTS]);
/* Units of a kernel from `first` on, in parallel when they are more than grain. */
void program_kernel(kernel_code *kernel, void *const *buffers, int64_t first, int64_t units,
                    int64_t grain);

/* ---- loops and branches: control.c ---- */
/* Does the operation run inside the program? Not when its bodies need arrays (callbacks, say). */
bool control_is_native(const op *o, const void *params);
/* Its programs: the body, the test; or the branches. NULL: no more. */
jaxpr *control_program(const op *o, const void *params, int64_t i);
/* The step's plan: where operands and results of n built programs are; s has op, params and
 * operands. *scratch: bytes of memory it wants while it runs. */
CT_NODISCARD bool control_plan(arena *a, step *s, int64_t n, program *const *programs,
                               size_t *scratch);
bool control_run(const activation *a, const step *s);
/* The operand whose memory may be given for result k too; -1: none. */
int32_t control_in_place(const step *s, int32_t k);
/* sequence_run.c: the same for a loop that is one kernel. */
CT_NODISCARD bool sequence_prepare(arena *a, step *s, const sequence_kernel *k, size_t *scratch);
bool sequence_run(const activation *a, const step *s);
int32_t sequence_in_place(const step *s, int32_t k);

/* build.c: groups to steps, buffers to slots. NULL after base_fail. */
CT_NODISCARD program *program_build(jaxpr *j);
typedef struct slot_memory {
    size_t bytes; /* 0: memory that is not the program's own */
    bool result;
} slot_memory;
/* reuse.c: gives a value that a step updates and nobody reads later the slot of what the step makes
 * of it. */
CT_NODISCARD bool plan_updates(int64_t n, step *steps, graph *g, int32_t nslots,
                               const slot_memory *slots);
/* Fills the results' reuse; kernels by step, NULL for other steps. */
CT_NODISCARD bool plan_reuse(program *p, const jaxpr *j, const kernel_ir *const *kernels);
void program_free(program *p);
bool program_run(program *p, int nin, const ct_array *in, const bool *donated, int nout,
                 ct_array *out);
#endif
