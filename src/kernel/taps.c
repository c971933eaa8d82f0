/* Weighted sums of places of one line: what convolutions of single channels are made of. Sums of
 * products are contracted here, as in every convolution. */
#include "kernel/loops.h"
#include "kernel/vectors.h"

typedef float lane_vector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
enum { AT_ONCE = 4 };

static inline __attribute__((always_inline)) void weigh(const int vectors, int64_t taps,
                                                        const float *x, const int64_t *offset,
                                                        const float *w, float *y)
{
    lane_vector sum[AT_ONCE] = {0};
    for (int64_t t = 0; t < taps; t++)
        for (int v = 0; v < vectors; v++)
            sum[v] += ((const lane_vector *)(const void *)(x + offset[t]))[v] * w[t];
    for (int v = 0; v < vectors; v++)
        ((lane_vector *)(void *)y)[v] = sum[v];
}

void ISA(kernel_weigh)(int64_t n, int64_t taps, const float *x, const int64_t *offset,
                       const float *w, float *y)
{
    int64_t i = 0;
    for (; i + AT_ONCE * LANES_F32 <= n; i += AT_ONCE * LANES_F32)
        weigh(AT_ONCE, taps, x + i, offset, w, y + i);
    for (; i + LANES_F32 <= n; i += LANES_F32)
        weigh(1, taps, x + i, offset, w, y + i);
    for (; i < n; i++) {
        float sum = 0;
        for (int64_t t = 0; t < taps; t++)
            sum += x[i + offset[t]] * w[t];
        y[i] = sum;
    }
}
