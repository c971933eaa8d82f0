/* Planes whose rows are the source's columns: tiles of as many rows as a vector has lanes, turned
 * in registers, so that both sides use whole cache lines. Next: copy.c. */
#include "kernel/loops.h"
#include "kernel/vectors.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* Past the caches; to is the boundary of a vector. */
static inline void stream(void *to, const void *vector)
{
#if defined(__AVX512F__)
    _mm512_stream_si512(to, *(const __m512i *)vector);
#elif defined(__AVX2__)
    _mm256_stream_si256(to, *(const __m256i *)vector);
#else
    memcpy(to, vector, VECTOR_BYTES);
#endif
}

/* Row i of the result is column i of the source; what is left beside whole tiles goes one by one.
 */
#define PLANE                                                                                      \
    static void NAME(plane)(const turned_plane *p)                                                 \
    {                                                                                              \
        int64_t rows = p->rows - p->rows % LANES, cols = p->cols - p->cols % LANES;                \
        for (int64_t i = 0; i < rows; i += LANES)                                                  \
            for (int64_t j = 0; j < cols; j += LANES) {                                            \
                NAME(vector) tile[LANES];                                                          \
                const char *from = p->src + j * p->src_row + i * (int64_t)sizeof(T);               \
                char *to = p->dst + i * p->dst_row + j * (int64_t)sizeof(T);                       \
                _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++) tile[r] =                 \
                    NAME(load_vector)((const void *)(from + r * p->src_row));                      \
                NAME(turn)(tile);                                                                  \
                if (p->streams)                                                                    \
                    _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++)                       \
                        stream(to + r * p->dst_row, &tile[r]);                                     \
                else                                                                               \
                    _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++)                       \
                        NAME(store_vector)((void *)(to + r * p->dst_row), tile[r]);                \
            }                                                                                      \
        for (int64_t i = 0; i < p->rows; i++)                                                      \
            for (int64_t j = i < rows ? cols : 0; j < p->cols; j++)                                \
                memcpy(p->dst + i * p->dst_row + j * (int64_t)sizeof(T),                           \
                       p->src + j * p->src_row + i * (int64_t)sizeof(T), sizeof(T));               \
    }

#define T uint32_t
#define LANES LANES_F32
#define NAME(f) f##_of_4
#include "kernel/turn.h"
PLANE
#undef T
#undef LANES
#undef NAME

#define T uint64_t
#define LANES LANES_F64
#define NAME(f) f##_of_8
#include "kernel/turn.h"
PLANE
#undef T
#undef LANES
#undef NAME

void ISA(kernel_turned)(const turned_plane *p)
{
    if (p->itemsize == 4)
        plane_of_4(p);
    else
        plane_of_8(p);
#if defined(__AVX2__)
    if (p->streams)
        _mm_sfence();
#endif
}
