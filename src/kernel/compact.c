/* Small matrices in vectors, for float and double. Like matmul.c compiled with contraction allowed.
 */
#include "kernel/compact.h"

#include <float.h>
#include <math.h>

#include "kernel/loops.h"
#include "kernel/vectors.h"

#define T float
#define INT int32_t
#define SQRT sqrtf
#define SMALLEST FLT_MIN
#define LANES LANES_F32
#define NAME(f) f##_f32
#include "kernel/compact_steps.h"
#define T double
#define INT int64_t
#define SQRT sqrt
#define SMALLEST DBL_MIN
#define LANES LANES_F64
#define NAME(f) f##_f64
#include "kernel/compact_steps.h"

const compact_loops *ISA(kernel_compact)(ct_dtype dtype)
{
    return dtype == CT_FLOAT32 ? &loops_f32 : dtype == CT_FLOAT64 ? &loops_f64 : NULL;
}
