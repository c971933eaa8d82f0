/* The scalar bodies of src/kernel as the compiler sees them: names and costs in the main library,
 * instructions in the code generator.
 *
 * Both lists are written at build time by llvm/decode.c from the bitcode of src/kernel/bodies.c;
 * body numbers index both. */
#ifndef COTAN_SRC_COMPILE_BODIES_H
#define COTAN_SRC_COMPILE_BODIES_H
#include <stdint.h>

typedef enum body_type {
    BODY_VOID,
    BODY_I1,
    BODY_I8,
    BODY_I16,
    BODY_I32,
    BODY_I64,
    BODY_F16,
    BODY_BF16,
    BODY_F32,
    BODY_F64
} body_type;

/* What the passes need: which bodies there are, of what types, and how long they take. */
typedef struct body_name {
    const char *name; /* "sin_f32": primitive and dtype; the list is sorted by it */
    uint8_t nargs, nresults;
    uint16_t cost;               /* instructions */
    uint8_t args[6], results[2]; /* body_type */
} body_name;
extern const body_name body_names[];
extern const int body_count;

/* What the code generator needs. An operand counts arguments first, then instructions; ~operand
 * indexes body_constants when negative. */
typedef struct body_instruction {
    uint8_t opcode;    /* LLVMOpcode */
    uint8_t type;      /* body_type of the result */
    uint8_t predicate; /* of icmp and fcmp */
    uint8_t nin;
    int16_t in[4];
    int16_t intrinsic; /* index into body_intrinsics; -1: a plain instruction */
} body_instruction;
typedef struct body_constant {
    uint8_t type;
    uint8_t poison;
    uint64_t bits;
} body_constant;
typedef struct body_intrinsic {
    const char *name;
    uint8_t scalar_operands; /* bit i: operand i is an immediate */
} body_intrinsic;
typedef struct body_code {
    int32_t first, count; /* in body_instructions */
    uint8_t nargs, nresults;
    int16_t result_values[2]; /* operands */
} body_code;
extern const body_code body_codes[];
extern const body_instruction body_instructions[];
extern const body_constant body_constants[];
extern const body_intrinsic body_intrinsics[];
#endif
