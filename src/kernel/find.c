/* Which precompiled loop computes an operation: kernel_find and its relatives, and the choice of
 * instruction set.
 *
 * The first call gathers the entries of the chosen set into a hash table; later calls are one
 * probe. */
#include <pthread.h>
#include "kernel/compact.h"
#include "kernel/loops.h"

#if defined(__x86_64__)
static bool has_v4(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
const kernel_set *kernel_chosen(void) { return has_v4() ? &kernel_set_v4 : &kernel_set_v3; }
#else
const kernel_set *kernel_chosen(void) { return &kernel_set_base; }
#endif

kernel_entries
kernel_entries_special(void); /* loops_special.c: the same for every instruction set */

enum { SLOTS = 4096 }; /* a power of two, at least twice the entries */
static const kernel_entry *slots[SLOTS];
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static uint64_t hash_of(const char *primitive, ct_dtype dtype)
{
    return base_hash(primitive, strlen(primitive), (uint64_t)dtype);
}

static void fill_from(kernel_entries entries)
{
    for (int64_t i = 0; i < entries.n; i++) {
        uint64_t at = hash_of(entries.at[i].primitive, entries.at[i].dtype);
        while (slots[at % SLOTS])
            at++;
        slots[at % SLOTS] = &entries.at[i];
    }
}

static void fill(void)
{
    const kernel_set *set = kernel_chosen();
    for (int64_t i = 0; i < (int64_t)countof(set->entries) && set->entries[i]; i++)
        fill_from(set->entries[i]());
    fill_from(kernel_entries_special());
}

kernel_map *kernel_find(const char *primitive, ct_dtype dtype)
{
    pthread_once(&filled, fill);
    for (uint64_t at = hash_of(primitive, dtype); slots[at % SLOTS]; at++)
        if (slots[at % SLOTS]->dtype == dtype && !strcmp(slots[at % SLOTS]->primitive, primitive))
            return slots[at % SLOTS]->map;
    return NULL;
}

kernel_map *kernel_convert(ct_dtype from, ct_dtype to)
{
    return kernel_chosen()->convert(from, to);
}
kernel_reduction *kernel_reduce(const char *primitive, ct_dtype dtype)
{
    return kernel_chosen()->reduce(primitive, dtype);
}
kernel_reduction *kernel_arg(const char *primitive, ct_dtype dtype, ct_dtype index_dtype)
{
    return kernel_chosen()->arg(primitive, dtype, index_dtype);
}
kernel_scan *kernel_cumulative(const char *primitive, ct_dtype dtype)
{
    return kernel_chosen()->cumulative(primitive, dtype);
}

const compact_loops *compact_loops_of(ct_dtype dtype) { return kernel_chosen()->compact(dtype); }

void kernel_weigh(int64_t n, int64_t taps, const float *x, const int64_t *offset, const float *w,
                  float *y)
{
    kernel_chosen()->weigh(n, taps, x, offset, w, y);
}

int64_t kernel_in_range(const int32_t *index, int64_t n, const index_range *r, int64_t *to,
                        int64_t *from)
{
    return kernel_chosen()->in_range(index, n, r, to, from);
}
