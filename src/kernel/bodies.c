/* All scalar bodies as external functions: the build compiles this file to LLVM bitcode for the compiler of fused kernels.
 *
 * Includes reach every subject: arithmetic, elementary functions of float32, float64, conversions. Read body.h first. */
#define BODY
#include "kernel/bodies_complex.c"
