/* Kernels that split their own work over the pool: random bits, fills. Each piece calls the chosen
 * instruction set's loop. */
#include "kernel/loops.h"

enum { GRAIN = 1 << 15 }; /* elements worth handing to another thread */

typedef struct bits_task {
    const uint32_t *key;
    int64_t first;
    int bit_width;
    char *out;
} bits_task;

static void draw(void *context, int64_t begin, int64_t end)
{
    const bits_task *t = context;
    kernel_chosen()->threefry_bits(t->key, t->first + begin, end - begin, t->bit_width,
                                   t->out + begin * (t->bit_width / 8));
}

void kernel_threefry_bits(const uint32_t key[2], int64_t first, int64_t n, int bit_width, void *out)
{
    bits_task t = {key, first, bit_width, out};
    base_parallel(n, GRAIN, draw, &t);
}

typedef struct hash_task {
    const uint32_t *k0, *k1, *x0, *x1;
    int64_t key_step;
    uint32_t *y0, *y1;
} hash_task;

static void hash(void *context, int64_t begin, int64_t end)
{
    const hash_task *t = context;
    int64_t k = begin * t->key_step;
    kernel_chosen()->threefry(end - begin, t->k0 + k, t->k1 + k, t->key_step, t->x0 + begin,
                              t->x1 + begin, t->y0 + begin, t->y1 + begin);
}

void kernel_threefry(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step,
                     const uint32_t *x0, const uint32_t *x1, uint32_t *y0, uint32_t *y1)
{
    hash_task t = {k0, k1, x0, x1, key_step, y0, y1};
    base_parallel(n, GRAIN, hash, &t);
}

typedef struct fill_task {
    size_t itemsize;
    char *dst;
    const void *element;
} fill_task;

static void fill(void *context, int64_t begin, int64_t end)
{
    const fill_task *t = context;
    char *at = t->dst + (size_t)begin * t->itemsize;
    size_t bytes = (size_t)(end - begin) * t->itemsize, done = t->itemsize;
    memcpy(at, t->element, t->itemsize);
    while (done < bytes) { /* what is there, up to a page, is copied behind itself */
        size_t block = done < 4096 ? done : 4096 - 4096 % t->itemsize;
        size_t more = bytes - done < block ? bytes - done : block;
        memcpy(at + done, at, more);
        done += more;
    }
}

void kernel_fill(int64_t n, size_t itemsize, void *dst, const void *element)
{
    if (n <= 0 || itemsize == 0)
        return;
    static const char zeros[16];
    if (itemsize <= sizeof zeros && !memcmp(element, zeros, itemsize)) {
        memset(dst, 0, (size_t)n * itemsize);
        return;
    }
    fill_task t = {itemsize, dst, element};
    base_parallel(n, GRAIN, fill, &t);
}
