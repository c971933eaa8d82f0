/* Which of many indices lie in a range: what lets threads share a scatter, each taking the part of
 * the result that is its own. */
#include "kernel/loops.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

/* Indices i to n, one by one without branches. */
static int64_t one_by_one(const int32_t *index, int64_t i, int64_t n, const index_range *r,
                          int64_t found, int64_t *to, int64_t *from)
{
    for (; i < n; i++) {
        int32_t x = index[i];
        if (r->clamp)
            x = x < 0 ? 0 : x > r->last ? r->last : x;
        to[found] = (int64_t)x * r->stride;
        from[found] = i;
        found += (uint32_t)x - (uint32_t)r->first < (uint32_t)r->count;
    }
    return found;
}

#if defined(__AVX512F__)
/* Two vectors of eight products; factors fit 32 bits. */
static void store_wide(int64_t *out, __m512i x, __m512i factor)
{
    __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(x)),
            high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(x, 1));
    _mm512_storeu_si512(out, _mm512_mul_epi32(low, factor));
    _mm512_storeu_si512(out + 8, _mm512_mul_epi32(high, factor));
}

int64_t ISA(kernel_in_range)(const int32_t *index, int64_t n, const index_range *r, int64_t *to,
                             int64_t *from)
{
    const __m512i first = _mm512_set1_epi32(r->first), count = _mm512_set1_epi32(r->count),
                  last = _mm512_set1_epi32(r->last), stride = _mm512_set1_epi64(r->stride),
                  one = _mm512_set1_epi64(1), sixteen = _mm512_set1_epi32(16);
    __m512i at = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    int64_t found = 0, i = 0;
    for (; i + 16 <= n; i += 16, at = _mm512_add_epi32(at, sixteen)) {
        __m512i x = _mm512_loadu_si512(index + i);
        if (r->clamp)
            x = _mm512_min_epi32(_mm512_max_epi32(x, _mm512_setzero_si512()), last);
        __mmask16 in = _mm512_cmplt_epu32_mask(_mm512_sub_epi32(x, first), count);
        store_wide(to + found, _mm512_maskz_compress_epi32(in, x), stride);
        store_wide(from + found, _mm512_maskz_compress_epi32(in, at), one);
        found += __builtin_popcount(in);
    }
    return one_by_one(index, i, n, r, found, to, from);
}
#else
int64_t ISA(kernel_in_range)(const int32_t *index, int64_t n, const index_range *r, int64_t *to,
                             int64_t *from)
{
    return one_by_one(index, 0, n, r, 0, to, from);
}
#endif
