/* All scalar bodies as external functions, without calls between them: the build compiles this file
 * to LLVM bitcode for the compiler of fused kernels.
 *
 * Includes reach every subject: arithmetic, elementary functions of float32, float64, conversions.
 * Read body.h first. */
#define BODY __attribute__((always_inline)) /* into each other */
#include "kernel/bodies_complex.c"
