/* Where in one piece of memory blocks lie that are in use at different times: each at the lowest
 * place that is free when its time begins. */
#include "compile/place.h"

#include <stdlib.h>

typedef struct gap {
    size_t offset, bytes;
} gap;
typedef struct placing {
    vec(gap) gaps; /* in order, none next to another */
    size_t end;    /* of what has ever been in use */
} placing;

static int by_first(const void *a, const void *b)
{
    const place_block *x = *(place_block *const *)a, *y = *(place_block *const *)b;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : (x > y) - (x < y);
}

static int by_last(const void *a, const void *b)
{
    const place_block *x = *(place_block *const *)a, *y = *(place_block *const *)b;
    return x->last != y->last ? (x->last > y->last) - (x->last < y->last) : (x > y) - (x < y);
}

static void take(placing *p, place_block *b)
{
    for (int64_t i = 0; i < p->gaps.n; i++) {
        gap *g = &p->gaps.at[i];
        bool ends = g->offset + g->bytes == p->end; /* the last one may grow */
        if (g->bytes < b->bytes && !ends)
            continue;
        b->offset = g->offset;
        if (g->bytes > b->bytes) {
            g->offset += b->bytes, g->bytes -= b->bytes;
            return;
        }
        if (b->offset + b->bytes > p->end)
            p->end = b->offset + b->bytes;
        p->gaps.n--;
        memmove(g, g + 1, (size_t)(p->gaps.n - i) * sizeof *g);
        return;
    }
    b->offset = p->end;
    p->end += b->bytes;
}

/* The first gap behind an offset. */
static int64_t gap_behind(const placing *p, size_t offset)
{
    int64_t low = 0, high = p->gaps.n;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (p->gaps.at[middle].offset > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool give(placing *p, const place_block *b)
{
    int64_t i = gap_behind(p, b->offset);
    gap *next = i < p->gaps.n ? &p->gaps.at[i] : NULL, *before = i ? &p->gaps.at[i - 1] : NULL;
    bool joins_next = next && b->offset + b->bytes == next->offset,
         joins_before = before && before->offset + before->bytes == b->offset;
    if (joins_before) {
        before->bytes += b->bytes;
        if (joins_next) {
            before->bytes += next->bytes;
            p->gaps.n--;
            memmove(next, next + 1, (size_t)(p->gaps.n - i) * sizeof *next);
        }
    } else if (joins_next) {
        next->offset = b->offset, next->bytes += b->bytes;
    } else {
        if (!vec_push(&p->gaps, (gap){0}))
            return false;
        gap *at = &p->gaps.at[i];
        memmove(at + 1, at, (size_t)(p->gaps.n - 1 - i) * sizeof *at);
        *at = (gap){b->offset, b->bytes};
    }
    return true;
}

bool place_blocks(int64_t n, place_block *blocks, size_t *bytes)
{
    placing p = {0};
    place_block **order = base_alloc((size_t)(2 * n + 1) * sizeof *order), **ends = order + n;
    if (!order)
        return false;
    for (int64_t i = 0; i < n; i++)
        order[i] = ends[i] = &blocks[i];
    qsort(order, (size_t)n, sizeof *order, by_first);
    qsort(ends, (size_t)n, sizeof *ends, by_last);
    bool good = true;
    for (int64_t i = 0, over = 0; i < n && good; i++) {
        for (; good && ends[over]->last < order[i]->first; over++)
            good = give(&p, ends[over]);
        take(&p, order[i]);
    }
    *bytes = p.end;
    vec_free(&p.gaps);
    base_free(order);
    return good;
}
