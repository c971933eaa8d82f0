/* A loop as one kernel, between sequence.c, which makes it, and control.c, which runs it. */
#ifndef COTAN_SRC_COMPILE_SEQUENCE_H
#define COTAN_SRC_COMPILE_SEQUENCE_H
#include "compile/graph.h"

/* What a buffer of the kernel is to the loop. */
typedef enum sequence_role {
    SEQUENCE_OPERAND, /* of the operation: constants and xs */
    SEQUENCE_ARRAY,   /* a constant of the body */
    SEQUENCE_FROM,    /* a carried value before the first step */
    SEQUENCE_TO,      /* a carried value after the last */
    SEQUENCE_STATE,   /* a carried array that steps update where it is: in the result's memory */
    SEQUENCE_RESULT,  /* of the operation: ys */
    SEQUENCE_STEPS,   /* a sequence_range */
} sequence_role;
typedef struct sequence_buffer {
    uint8_t role; /* sequence_role */
    int32_t index;
    ct_array array;
} sequence_buffer;

typedef struct sequence_kernel {
    kernel_ir k;
    sequence_buffer *buffers;
} sequence_kernel;

/* Makes a kernel of the loop in the arena if it can: values must be small but for common leading
 * dimensions (the lanes), and all operations elementwise or moves within the small rest. *made says
 * whether; false only after an error. */
CT_NODISCARD bool sequence_lower(arena *a, const op *o, const void *params, sequence_kernel *out,
                                 bool *made);
#endif
