/* Where does memory come from, and how does the torture run make it fail?
 *
 * Everything goes through base_alloc, base_zalloc and base_realloc, so one countdown can make any
 * allocation fail. Array elements come from src/array/buffer.c, which counts its requests here too.
 * Next: arena.c. */
#include "base/base.h"

#include <stdlib.h>

/* Allocations until one fails; negative: none will. `armed` is all that the fast path reads. */
static _Atomic int64_t countdown = -1;
static _Atomic bool armed, consumed;

bool base_fail_allocation(int64_t n)
{
    bool was = atomic_exchange(&consumed, false);
    atomic_store(&countdown, n);
    atomic_store(&armed, n >= 0);
    return was;
}

bool base_allocation_fails(size_t bytes)
{
    if (likely(!atomic_load_explicit(&armed, memory_order_relaxed)))
        return false;
    if (atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    atomic_store(&consumed, true);
    atomic_store(&armed, false);
    base_fail_memory(bytes);
    return true;
}

static void *checked(void *block, size_t bytes)
{
    if (unlikely(!block))
        base_fail_memory(bytes);
    return block;
}

void *base_alloc(size_t bytes)
{
    if (unlikely(base_allocation_fails(bytes)))
        return NULL;
    return checked(malloc(bytes ? bytes : 1), bytes);
}

void *base_zalloc(size_t bytes)
{
    if (unlikely(base_allocation_fails(bytes)))
        return NULL;
    return checked(calloc(1, bytes ? bytes : 1), bytes);
}

void *base_realloc(void *old, size_t bytes)
{
    if (unlikely(base_allocation_fails(bytes)))
        return NULL;
    return checked(realloc(old, bytes ? bytes : 1), bytes);
}

void base_free(void *block) { free(block); }

bool base_mul(int64_t a, int64_t b, int64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool base_add(int64_t a, int64_t b, int64_t *sum) { return !__builtin_add_overflow(a, b, sum); }

bool base_grow(void **at, int64_t *capacity, int64_t needed, size_t element)
{
    if (*capacity < 0) /* a text that already failed */
        return false;
    if (needed <= *capacity)
        return true;
    int64_t wanted = *capacity * 2 > needed ? *capacity * 2 : needed, bytes;
    if (wanted < 8)
        wanted = 8;
    if (!base_mul(wanted, (int64_t)element, &bytes)) {
        base_fail_memory(SIZE_MAX);
        return false;
    }
    void *grown = base_realloc(*at, (size_t)bytes);
    if (!grown)
        return false;
    *at = grown;
    *capacity = wanted;
    return true;
}
