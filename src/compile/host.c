/* Which vectors this machine has. Shared with the code generator. */
#include "compile/loops.h"

int host_vector_bytes(void)
{
    static int bytes;
    if (!bytes) {
        __builtin_cpu_init();
        bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
        bytes = wide ? 64 : 32;
    }
    return bytes;
}
