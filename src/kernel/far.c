/* What compiled kernels call when a vector holds arguments beyond the limits of a body;
 * compile/llvm/far.c emits the calls. */
#include "kernel/far.h"

#include <math.h>
#include "kernel/body.h"

#define FAR_CASE(P, S, T, LIMIT, EXACT)                                                            \
    case FAR_##P##_##S:                                                                            \
        for (int64_t i = 0; i < n; i++)                                                            \
            if (bits_of_##S(abs_##S(((const T *)in)[i])) > LIMIT)                                  \
                ((T *)out)[i] = EXACT(((const T *)in)[i]);                                         \
        break;
#define FAR_CASES(P)                                                                               \
    FAR_CASE(P, f32, float, FAR_LIMIT_F32, P##f) FAR_CASE(P, f64, double, FAR_LIMIT_F64, P)

void kernel_far(int32_t which, int64_t n, void *out, const void *in)
{
    switch ((far_function)which) {
        FAR_FUNCTIONS(FAR_CASES)
    case FAR_COUNT:
        break;
    }
}
