/* Threefry, and the generators that XLA calls RngBitGenerator: Philox for the bits, with keys that
 * are split by threefry (rbg) or by Philox itself (unsafe_rbg).
 *
 * Philox has one stream for all keys of an array, that of the first: what vmap over keys gives in
 * JAX. Sources: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". */
#include "ops/generators.h"

#include "kernel/kernel.h"

enum { CHUNK = 256, GRAIN = 16384 };

static int bytes_of(int bit_width) { return bit_width / 8; }

/* ---- threefry2x32: a draw hashes its number ---- */

static void hash_numbers(const uint32_t *key, int64_t first, int64_t n, int64_t stride,
                         uint32_t *out)
{
    uint32_t high[CHUNK], low[CHUNK], y0[CHUNK], y1[CHUNK];
    for (int64_t done = 0; done < n; done += CHUNK) {
        int64_t count = n - done < CHUNK ? n - done : CHUNK;
        for (int64_t i = 0; i < count; i++) {
            high[i] = (uint32_t)((uint64_t)(first + done + i) >> 32);
            low[i] = (uint32_t)(first + done + i);
        }
        kernel_threefry(count, key, key + 1, 0, high, low, y0, y1);
        for (int64_t i = 0; i < count; i++) {
            out[(done + i) * stride] = y0[i];
            out[(done + i) * stride + 1] = y1[i];
        }
    }
}

bool generators_in_halves;

/* Words 0 .. n - 1 of what hashing the counters 0 .. n - 1 gives, one half of them with the other:
 * the first half, or what it became, and then the second. */
static void hash_halves(const uint32_t *key, int64_t n, uint32_t *out)
{
    int64_t half = (n + 1) / 2;
    uint32_t first[CHUNK], second[CHUNK], y0[CHUNK], y1[CHUNK];
    for (int64_t done = 0; done < half; done += CHUNK) {
        int64_t count = half - done < CHUNK ? half - done : CHUNK;
        for (int64_t i = 0; i < count; i++) {
            first[i] = (uint32_t)(done + i);
            second[i] = half + done + i < n ? (uint32_t)(half + done + i) : 0;
        }
        kernel_threefry(count, key, key + 1, 0, first, second, y0, y1);
        for (int64_t i = 0; i < count; i++) {
            out[done + i] = y0[i];
            if (half + done + i < n)
                out[half + done + i] = y1[i];
        }
    }
}

/* One word holds several draws, or two words one, whose upper half is from the first half. */
static void bits_in_halves(const uint32_t *key, int64_t n, int bit_width, void *out)
{
    int64_t words = (n * bit_width + 31) / 32;
    uint32_t *all = array_memory((size_t)words * sizeof *all);
    if (!all)
        return base_fail(CT_OUT_OF_MEMORY_ERROR, "out of memory for %lld random bits",
                         (long long)n * bit_width),
               (void)0;
    hash_halves(key, words, all);
    if (bit_width == 64)
        for (int64_t i = 0; i < n; i++)
            ((uint64_t *)out)[i] = (uint64_t)all[i] << 32 | all[n + i];
    else
        memcpy(out, all, (size_t)(n * bytes_of(bit_width)));
    array_memory_free(all, (size_t)words * sizeof *all);
}

static void threefry_seed(uint64_t seed, bool wide, uint32_t *key)
{
    key[0] = wide ? (uint32_t)(seed >> 32) : 0;
    key[1] = (uint32_t)seed;
}

static void threefry_split(const uint32_t *keys, int64_t n, int64_t each, uint32_t *out)
{
    for (int64_t i = 0; i < n; i++)
        if (generators_in_halves)
            hash_halves(keys + 2 * i, 2 * each, out + 2 * i * each);
        else
            hash_numbers(keys + 2 * i, 0, each, 2, out + 2 * i * each);
}

static void threefry_child(const uint32_t *key, int64_t i, uint32_t *out)
{
    hash_numbers(key, i, 1, 2, out);
}

static void threefry_fold_in(const uint32_t *key, uint32_t message, uint32_t first, int64_t index,
                             uint32_t *out)
{
    (void)first, (void)index;
    hash_numbers(key, message, 1, 2, out);
}

typedef struct draw {
    const uint32_t *key;
    int bit_width;
    char *out;
} draw;

static void threefry_piece(void *context, int64_t begin, int64_t end)
{
    const draw *d = context;
    kernel_threefry_bits(d->key, begin, end - begin, d->bit_width,
                         d->out + begin * bytes_of(d->bit_width));
}

static void threefry_bits(const uint32_t *keys, int64_t n, int64_t each, int bit_width, void *out)
{
    for (int64_t i = 0; i < n && each; i++) {
        draw d = {keys + 2 * i, bit_width, (char *)out + i * each * bytes_of(bit_width)};
        if (generators_in_halves)
            bits_in_halves(d.key, each, bit_width, d.out);
        else
            base_parallel(each, GRAIN, threefry_piece, &d);
    }
}

/* ---- Philox4x32 with ten rounds ---- */

/* Block i of the stream of four words: the key's lower half keys the rounds, and the counter is the
 * whole key, halves exchanged, plus i. */
static void philox(const uint32_t *key, uint64_t i, uint32_t out[4])
{
    uint64_t low = (uint64_t)key[3] << 32 | key[2], high = (uint64_t)key[1] << 32 | key[0];
    uint32_t k0 = key[0], k1 = key[1];
    high += low + i < low;
    low += i;
    uint32_t a = (uint32_t)low, b = (uint32_t)(low >> 32), c = (uint32_t)high,
             d = (uint32_t)(high >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p = (uint64_t)0xd2511f53u * a, q = (uint64_t)0xcd9e8d57u * c;
        a = (uint32_t)(q >> 32) ^ b ^ k0;
        b = (uint32_t)q;
        c = (uint32_t)(p >> 32) ^ d ^ k1;
        d = (uint32_t)p;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

/* Draws begin .. end: each takes a word of the stream, or two. */
static void philox_piece(void *context, int64_t begin, int64_t end)
{
    const draw *d = context;
    int words = d->bit_width == 64 ? 2 : 1;
    uint32_t block[4];
    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * words;
        if (i == begin || at % 4 == 0)
            philox(d->key, (uint64_t)at / 4, block);
        uint32_t word = block[at % 4];
        if (d->bit_width == 8)
            ((uint8_t *)d->out)[i] = (uint8_t)word;
        else if (d->bit_width == 16)
            ((uint16_t *)(void *)d->out)[i] = (uint16_t)word;
        else if (d->bit_width == 32)
            ((uint32_t *)(void *)d->out)[i] = word;
        else
            ((uint64_t *)(void *)d->out)[i] = (uint64_t)block[at % 4 + 1] << 32 | word;
    }
}

static void philox_bits(const uint32_t *keys, int64_t n, int64_t each, int bit_width, void *out)
{
    draw d = {keys, bit_width, out};
    if (n && each)
        base_parallel(n * each, GRAIN, philox_piece, &d);
}

/* ---- rbg: two threefry keys side by side ---- */

static void rbg_seed(uint64_t seed, bool wide, uint32_t *key)
{
    threefry_seed(seed, wide, key);
    threefry_seed(seed, wide, key + 2);
}

static void rbg_split(const uint32_t *keys, int64_t n, int64_t each, uint32_t *out)
{
    for (int64_t i = 0; i < 2 * n; i++)
        hash_numbers(keys + 2 * i, 0, each, 4, out + i / 2 * 4 * each + i % 2 * 2);
}

static void rbg_child(const uint32_t *key, int64_t i, uint32_t *out)
{
    threefry_child(key, i, out);
    threefry_child(key + 2, i, out + 2);
}

static void rbg_fold_in(const uint32_t *key, uint32_t message, uint32_t first, int64_t index,
                        uint32_t *out)
{
    threefry_fold_in(key, message, first, index, out);
    threefry_fold_in(key + 2, message, first, index, out + 2);
}

/* ---- unsafe_rbg: ten blocks of the stream count as a hash ---- */

static void unsafe_child(const uint32_t *key, int64_t i, uint32_t *out)
{
    philox(key, 10 * (uint64_t)i, out);
}

static void unsafe_split(const uint32_t *keys, int64_t n, int64_t each, uint32_t *out)
{
    for (int64_t i = 0; i < n * each; i++)
        unsafe_child(keys, i, out + 4 * i);
}

static void unsafe_fold_in(const uint32_t *key, uint32_t message, uint32_t first, int64_t index,
                           uint32_t *out)
{
    (void)message;
    uint32_t seeded[4], block[4];
    rbg_seed(first, false, seeded);
    philox(seeded, 10 * (uint64_t)index + 9, block);
    for (int i = 0; i < 4; i++)
        out[i] = key[i] ^ block[i];
}

/* ---- the table ---- */

static const generator generators[] = {
    {"threefry2x32", "fry", 2, threefry_seed, threefry_split, threefry_child, threefry_fold_in,
     threefry_bits},
    {"rbg", "rbg", 4, rbg_seed, rbg_split, rbg_child, rbg_fold_in, philox_bits},
    {"unsafe_rbg", "urbg", 4, rbg_seed, unsafe_split, unsafe_child, unsafe_fold_in, philox_bits},
};

const generator *generator_of(ct_dtype key)
{
    bool known = key >= CT_KEY_THREEFRY && key <= CT_KEY_UNSAFE_RBG;
    return known ? &generators[key - CT_KEY_THREEFRY] : NULL;
}

ct_dtype generator_named(const char *name)
{
    for (size_t i = 0; i < countof(generators); i++)
        if (!strcmp(name, generators[i].name) || !strcmp(name, generators[i].tag))
            return (ct_dtype)(CT_KEY_THREEFRY + i);
    return CT_NO_DTYPE;
}
