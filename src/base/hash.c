/* How are bytes hashed, and how are things found by their hash?
 *
 * The byte hash multiplies 64 x 64 bits and folds the product (the idea of wyhash). The table
 * stores pointers by a full hash, probes linearly, and closes gaps on removal, so there are no
 * tombstones. Next: object.c. */
#include "base/base.h"

#include <stdlib.h>

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const unsigned char *at, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, at, n);
    return word;
}

uint64_t base_hash(const void *bytes, size_t n, uint64_t seed)
{
    const uint64_t first = 0xa0761d6478bd642fu, second = 0xe7037ed1a0b428dbu;
    const unsigned char *at = bytes;
    uint64_t h = seed ^ first;
    size_t left = n;
    for (; left > 16; left -= 16, at += 16)
        h = fold(load(at, 8) ^ second, load(at + 8, 8) ^ h);
    uint64_t low = left ? load(at, left < 8 ? left : 8) : 0,
             high = left > 8 ? load(at + 8, left - 8) : 0;
    h = fold(low ^ second, high ^ h);
    return fold(h ^ first, (uint64_t)n ^ second);
}

static int64_t home(const table *t, uint64_t hash)
{
    return (int64_t)(hash * 0x9e3779b97f4a7c15u >> 20) & (t->capacity - 1);
}

/* The slot that holds what is sought, or -1. */
static int64_t find(const table *t, uint64_t hash, table_equal *equal, const void *probe)
{
    if (!t->used)
        return -1;
    for (int64_t i = home(t, hash); t->slots[i].value; i = (i + 1) & (t->capacity - 1))
        if (t->slots[i].hash == hash && equal(t->slots[i].value, probe))
            return i;
    return -1;
}

void *table_find(const table *t, uint64_t hash, table_equal *equal, const void *probe)
{
    int64_t i = find(t, hash, equal, probe);
    return i < 0 ? NULL : t->slots[i].value;
}

static void place(table *t, uint64_t hash, void *value)
{
    int64_t i = home(t, hash);
    while (t->slots[i].value)
        i = (i + 1) & (t->capacity - 1);
    t->slots[i] = (struct table_slot){hash, value};
}

static bool rehash(table *t, int64_t capacity)
{
    table bigger = {base_zalloc((size_t)capacity * sizeof *t->slots), t->used, capacity};
    if (!bigger.slots)
        return false;
    for (int64_t i = 0; i < t->capacity; i++)
        if (t->slots[i].value)
            place(&bigger, t->slots[i].hash, t->slots[i].value);
    base_free(t->slots);
    *t = bigger;
    return true;
}

bool table_add(table *t, uint64_t hash, void *value)
{
    if (t->used * 4 >= t->capacity * 3 && !rehash(t, t->capacity ? t->capacity * 2 : 16))
        return false;
    place(t, hash, value);
    t->used++;
    return true;
}

void *table_remove(table *t, uint64_t hash, table_equal *equal, const void *probe)
{
    int64_t gap = find(t, hash, equal, probe), mask = t->capacity - 1;
    if (gap < 0)
        return NULL;
    void *value = t->slots[gap].value;
    /* Move back each follower whose home lies at or before the gap, going round. */
    for (int64_t i = (gap + 1) & mask; t->slots[i].value; i = (i + 1) & mask) {
        int64_t from_home = (i - home(t, t->slots[i].hash)) & mask, from_gap = (i - gap) & mask;
        if (from_home >= from_gap) {
            t->slots[gap] = t->slots[i];
            gap = i;
        }
    }
    t->slots[gap] = (struct table_slot){0};
    t->used--;
    return value;
}

void table_free(table *t)
{
    base_free(t->slots);
    *t = (table){0};
}
