/* The one loop that moves data: an N-d box from one strided layout to another (kernel_copy).
 *
 * It drops axes of length 1, orders the rest by the destination's strides, merges neighbours that
 * lie side by side in both layouts, and then copies rows; where the source runs along another axis
 * than the destination it copies square blocks, so that both sides use whole cache lines. Big boxes
 * are split over the pool. */
#include <stdlib.h>
#include "kernel/loops.h"

typedef struct axis {
    int64_t n, dst, src;
} axis;
enum { MAX_AXES = 64, BLOCK = 32, TILE = 16, SPLIT = 1 << 15 };

typedef struct box {
    int ndim;
    axis axes[MAX_AXES]; /* the last runs fastest in dst */
    size_t itemsize;
    bool streams; /* past the caches: it is large, and every row begins on a line */
} box;

static bool runs_outside(const axis *a, const axis *b)
{
    int64_t da = llabs(a->dst), db = llabs(b->dst);
    return da != db ? da > db : llabs(a->src) >= llabs(b->src);
}

/* Keeps the axes sorted, outermost first: an insertion. */
static void add_axis(box *b, axis a)
{
    int at = b->ndim++;
    for (; at > 0 && !runs_outside(&b->axes[at - 1], &a); at--)
        b->axes[at] = b->axes[at - 1];
    b->axes[at] = a;
}

static void merge_axes(box *b)
{
    int kept = 0;
    for (int i = 0; i < b->ndim; i++) {
        axis a = b->axes[i], *outer = kept ? &b->axes[kept - 1] : NULL;
        if (outer && outer->dst == a.dst * a.n && outer->src == a.src * a.n)
            *outer = (axis){outer->n * a.n, a.dst, a.src};
        else
            b->axes[kept++] = a;
    }
    b->ndim = kept;
}

/* ---- one row: constant item sizes make each case a plain loop ---- */
/* Items lie as their parts do: a complex64 on a boundary of four bytes, an array of the host
 * anywhere. */
#define ITEM(T, bytes) typedef T item##bytes __attribute__((aligned(1), may_alias))
ITEM(uint8_t, 1);
ITEM(uint16_t, 2);
ITEM(uint32_t, 4);
ITEM(uint64_t, 8);
typedef struct item16 {
    item8 a, b;
} item16;
#define ROW(T)                                                                                     \
    static void row_##T(int64_t n, char *dst, int64_t ds, const char *src, int64_t ss)             \
    {                                                                                              \
        if (ds == sizeof(T) && ss == 0) {                                                          \
            T same = *(const T *)src, *o = (T *)dst;                                               \
            for (int64_t i = 0; i < n; i++)                                                        \
                o[i] = same;                                                                       \
        } else if (ds == sizeof(T)) {                                                              \
            T *o = (T *)dst;                                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                o[i] = *(const T *)(src + i * ss);                                                 \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++)                                                        \
                *(T *)(dst + i * ds) = *(const T *)(src + i * ss);                                 \
        }                                                                                          \
    }
ROW(item1)
ROW(item2)
ROW(item4)
ROW(item8)
ROW(item16)

static void row_bytes(int64_t n, char *dst, int64_t ds, const char *src, int64_t ss,
                      size_t itemsize)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(dst + i * ds, src + i * ss, itemsize);
}

static void copy_row(size_t itemsize, int64_t n, char *dst, int64_t ds, const char *src, int64_t ss)
{
    if (ds == (int64_t)itemsize && ss == ds) {
        memcpy(dst, src, (size_t)n * itemsize);
        return;
    }
    switch (itemsize) {
    case 1:
        row_item1(n, dst, ds, src, ss);
        break;
    case 2:
        row_item2(n, dst, ds, src, ss);
        break;
    case 4:
        row_item4(n, dst, ds, src, ss);
        break;
    case 8:
        row_item8(n, dst, ds, src, ss);
        break;
    case 16:
        row_item16(n, dst, ds, src, ss);
        break;
    default:
        row_bytes(n, dst, ds, src, ss, itemsize);
        break;
    }
}

/* Are the rows of the plane columns of the source, of items that lie together on both sides? */
static bool is_turned(const box *b)
{
    enum { WORTH_TILES = 4 };
    int64_t size = (int64_t)b->itemsize;
    const axis *outer = &b->axes[b->ndim - 2], *inner = outer + 1;
    return (size == 4 || size == 8) && inner->dst == size && outer->src == size &&
           outer->n >= WORTH_TILES && inner->n >= WORTH_TILES;
}

/* The last two axes. In blocks when the source runs along the outer one. */
static void copy_plane(const box *b, const axis *outer, char *dst, const char *src)
{
    const axis *inner = &b->axes[b->ndim - 1];
    int64_t block = inner->n, tall = outer->n;
    if (is_turned(b)) {
        kernel_chosen()->turned(&(turned_plane){outer->n, inner->n, b->itemsize, dst, src,
                                                outer->dst, inner->src, b->streams});
        return;
    }
    if (llabs(outer->src) < llabs(inner->src) && outer->src)
        block = BLOCK, tall = 4 * BLOCK;
    for (int64_t i0 = 0; i0 < outer->n; i0 += tall)
        for (int64_t j = 0; j < inner->n; j += block)
            for (int64_t i = i0; i < outer->n && i < i0 + tall; i++) {
                int64_t m = inner->n - j < block ? inner->n - j : block;
                copy_row(b->itemsize, m, dst + i * outer->dst + j * inner->dst, inner->dst,
                         src + i * outer->src + j * inner->src, inner->src);
            }
}

/* Which of the outer axes goes with the inner one in planes: the one the source runs along, moved
 * next to it. */
static void choose_plane(box *b)
{
    int best = b->ndim - 2;
    for (int i = 0; i < b->ndim - 1; i++)
        if (b->axes[i].src &&
            (!b->axes[best].src || llabs(b->axes[i].src) < llabs(b->axes[best].src)))
            best = i;
    axis chosen = b->axes[best];
    for (int i = best; i < b->ndim - 2; i++)
        b->axes[i] = b->axes[i + 1];
    b->axes[b->ndim - 2] = chosen;
}

static void copy_box(const box *b, int level, char *dst, const char *src)
{
    const axis *a = &b->axes[level];
    if (level == b->ndim - 1)
        copy_row(b->itemsize, a->n, dst, a->dst, src, a->src);
    else if (level == b->ndim - 2)
        copy_plane(b, a, dst, src);
    else
        for (int64_t i = 0; i < a->n; i++)
            copy_box(b, level + 1, dst + i * a->dst, src + i * a->src);
}

typedef struct copy_task {
    const box *whole;
    int split;    /* the axis that is shared out */
    int64_t unit; /* so many of it at a time */
    char *dst;
    const char *src;
} copy_task;

static void copy_piece(void *context, int64_t begin, int64_t end)
{
    const copy_task *t = context;
    box piece = *t->whole;
    axis *a = &piece.axes[t->split];
    begin *= t->unit, end = end * t->unit < a->n ? end * t->unit : a->n;
    a->n = end - begin;
    copy_box(&piece, 0, t->dst + begin * a->dst, t->src + begin * a->src);
}

static bool streams(const box *b, int64_t size, const void *dst)
{
    enum { STREAM_FROM = 8 << 20, LINE = 64 };
    uintptr_t places = (uintptr_t)dst;
    for (int i = 0; i < b->ndim - 1; i++)
        places |= (uintptr_t)b->axes[i].dst;
    return size * (int64_t)b->itemsize >= STREAM_FROM && !(places % LINE);
}

void kernel_copy(int ndim, const int64_t *shape, size_t itemsize, void *dst,
                 const int64_t *dst_strides, const void *src, const int64_t *src_strides)
{
    box b = {.itemsize = itemsize};
    int64_t size = 1;
    for (int i = 0; i < ndim; i++) {
        size *= shape[i];
        if (shape[i] != 1)
            add_axis(&b, (axis){shape[i], dst_strides[i], src_strides[i]});
    }
    if (size == 0)
        return;
    merge_axes(&b);
    if (b.ndim == 0) {
        memcpy(dst, src, itemsize);
        return;
    }
    if (b.ndim > 2 || (b.ndim == 2 && size > BLOCK))
        choose_plane(&b);
    bool turned = b.ndim > 1 && is_turned(&b);
    b.streams = turned && streams(&b, size, dst);
    copy_task t = {&b, 0, 1, dst, src};
    for (int i = 1; i < b.ndim; i++) /* the longest axis shares out best */
        if (b.axes[i].n > b.axes[t.split].n && b.axes[t.split].n < 16)
            t.split = i;
    if (turned && t.split >= b.ndim - 2)
        t.unit = TILE;
    int64_t n = (b.axes[t.split].n + t.unit - 1) / t.unit, grain = SPLIT / (size / n) + 1;
    base_parallel(n, size < 2 * SPLIT ? n : grain, copy_piece, &t);
}
