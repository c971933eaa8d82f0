/* Functions whose bodies reduce their argument only within limits (sine and its relatives). What
 * lies beyond, infinity and NaN go to the C library: in the eager loops (loops_far.h) and, through
 * kernel_far, in compiled kernels. */
#ifndef COTAN_SRC_KERNEL_FAR_H
#define COTAN_SRC_KERNEL_FAR_H
#include <stdint.h>

#define FAR_FUNCTIONS(X)                                                                           \
    X(sin)                                                                                         \
    X(cos)                                                                                         \
    X(tan)
/* The bits of the largest magnitude that a body takes: 2^47 and 2^30. */
#define FAR_LIMIT_F32 0x57000000u
#define FAR_LIMIT_F64 0x41d0000000000000u
/* Up to here nothing is reduced, and body_<function>_near gives the same bits: 0.78. */
#define NEAR_LIMIT_F32 0x3f47ae14u
#define NEAR_LIMIT_F64 0x3fe8f5c28f5c28f6u

#define FAR_ENUM(P) FAR_##P##_f32, FAR_##P##_f64,
typedef enum far_function { FAR_FUNCTIONS(FAR_ENUM) FAR_COUNT } far_function;

/* Replaces the results of the elements that the body of function `which` cannot take. */
void kernel_far(int32_t which, int64_t n, void *out, const void *in);
#endif
