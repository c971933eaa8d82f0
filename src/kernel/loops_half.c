/* bfloat16 and float16 operands through the float32 loops, a chunk at a time. */
#include "kernel/loops.h"
#include "kernel/bodies_convert.c"

static void widen_bf16(int64_t n, float *out, const uint16_t *in)
{
    INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = body_convert_bf16_f32(in[i]);
}
static void narrow_bf16(int64_t n, uint16_t *out, const float *in)
{
    INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = body_convert_f32_bf16(in[i]);
}
static void widen_f16(int64_t n, float *out, const uint16_t *in)
{
    INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = body_convert_f16_f32(in[i]);
}
static void narrow_f16(int64_t n, uint16_t *out, const float *in)
{
    INDEPENDENT for (int64_t i = 0; i < n; i++) out[i] = body_convert_f32_f16(in[i]);
}
const half_format ISA(kernel_bf16) = {widen_bf16, narrow_bf16};
const half_format ISA(kernel_f16) = {widen_f16, narrow_f16};

void ISA(kernel_map_half)(int64_t n, void *out, const void *const *in, const int64_t *step,
                          int operands, kernel_map *map, const half_format *format, bool narrow)
{
    float wide[3][CHUNK], result[CHUNK];
    const void *operand[3] = {wide[0], wide[1], wide[2]};
    for (int64_t first = 0; first < n; first += CHUNK) {
        int64_t m = n - first < CHUNK ? n - first : CHUNK;
        for (int k = 0; k < operands; k++)
            if (step[k] || first == 0)
                format->widen(step[k] ? m : 1, wide[k], (const uint16_t *)in[k] + first * step[k]);
        map(m, narrow ? (void *)result : (char *)out + first, operand, step);
        if (narrow)
            format->narrow(m, (uint16_t *)out + first, result);
    }
}
