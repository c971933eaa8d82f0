/* Threefry-2x32 with 20 rounds, the random bits of jax.random: counter-based, so every element is
 * computed by itself and the loops widen.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). Under
 * JAX's partitionable layout draw i hashes the two halves of i. */
#include "kernel/loops.h"

typedef struct pair {
    uint32_t a, b;
} pair;

static inline uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

static inline pair mix(pair x, int by)
{
    x.a += x.b;
    x.b = rotate(x.b, by) ^ x.a;
    return x;
}

static inline pair mix_four(pair x, int r0, int r1, int r2, int r3)
{
    return mix(mix(mix(mix(x, r0), r1), r2), r3);
}
static inline pair inject(pair x, uint32_t a, uint32_t b) { return (pair){x.a + a, x.b + b}; }

static inline pair threefry(uint32_t k0, uint32_t k1, pair x)
{
    uint32_t k2 = k0 ^ k1 ^ 0x1bd11bdau;
    x = inject(x, k0, k1);
    x = inject(mix_four(x, 13, 15, 26, 6), k1, k2 + 1);
    x = inject(mix_four(x, 17, 29, 16, 24), k2, k0 + 2);
    x = inject(mix_four(x, 13, 15, 26, 6), k0, k1 + 3);
    x = inject(mix_four(x, 17, 29, 16, 24), k1, k2 + 4);
    return inject(mix_four(x, 13, 15, 26, 6), k2, k0 + 5);
}

void ISA(kernel_threefry)(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step,
                          const uint32_t *x0, const uint32_t *x1, uint32_t *y0, uint32_t *y1)
{
    if (n <= 0)
        return;
    if (!key_step) {
        uint32_t a = k0[0], b = k1[0];
        INDEPENDENT for (int64_t i = 0; i < n; i++)
        {
            pair y = threefry(a, b, (pair){x0[i], x1[i]});
            y0[i] = y.a, y1[i] = y.b;
        }
        return;
    }
    INDEPENDENT for (int64_t i = 0; i < n; i++)
    {
        pair y = threefry(k0[i], k1[i], (pair){x0[i], x1[i]});
        y0[i] = y.a, y1[i] = y.b;
    }
}

/* Draws first .. first + n - 1, whose numbers share their upper half. */
static void bits_32(const uint32_t key[2], int64_t first, int64_t n, uint32_t *out)
{
    uint32_t k0 = key[0], k1 = key[1], high = (uint32_t)((uint64_t)first >> 32),
             low = (uint32_t)first;
    INDEPENDENT for (int64_t i = 0; i < n; i++)
    {
        pair y = threefry(k0, k1, (pair){high, low + (uint32_t)i});
        out[i] = y.a ^ y.b;
    }
}

static void bits_64(const uint32_t key[2], int64_t first, int64_t n, uint64_t *out)
{
    uint32_t k0 = key[0], k1 = key[1], high = (uint32_t)((uint64_t)first >> 32),
             low = (uint32_t)first;
    INDEPENDENT for (int64_t i = 0; i < n; i++)
    {
        pair y = threefry(k0, k1, (pair){high, low + (uint32_t)i});
        out[i] = (uint64_t)y.a << 32 | y.b;
    }
}

/* Narrow draws are the low bits of the 32-bit ones. */
static void bits_narrow(const uint32_t key[2], int64_t first, int64_t n, int width, void *out)
{
    uint32_t wide[CHUNK];
    for (int64_t at = 0; at < n; at += CHUNK) {
        int64_t m = n - at < CHUNK ? n - at : CHUNK;
        bits_32(key, first + at, m, wide);
        for (int64_t i = 0; i < m && width == 8; i++)
            ((uint8_t *)out)[at + i] = (uint8_t)wide[i];
        for (int64_t i = 0; i < m && width == 16; i++)
            ((uint16_t *)out)[at + i] = (uint16_t)wide[i];
    }
}

void ISA(kernel_threefry_bits)(const uint32_t key[2], int64_t first, int64_t n, int bit_width,
                               void *out)
{
    char *at = out;
    while (n > 0) {
        int64_t before_carry = ((int64_t)1 << 32) - (first & 0xffffffff),
                m = n < before_carry ? n : before_carry;
        if (bit_width == 32)
            bits_32(key, first, m, (uint32_t *)at);
        else if (bit_width == 64)
            bits_64(key, first, m, (uint64_t *)at);
        else
            bits_narrow(key, first, m, bit_width, at);
        at += m * (bit_width / 8), first += m, n -= m;
    }
}
