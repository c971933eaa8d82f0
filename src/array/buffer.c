/* Where do array elements live?
 *
 * Small blocks (up to 1 KiB) come from per-thread free lists, one for each multiple of 64 bytes.
 * Larger ones are kept in one cache for the process, by size class, because memory fresh from the
 * system costs a page fault for every page: six times the time that writing it takes. From 1 MiB on
 * blocks are mapped in huge pages. Under a sanitizer nothing is kept, so that it sees each block's
 * end. Next: value.c. */
#define _GNU_SOURCE
#include "array/array.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
const bool array_keeps_blocks = false;
#else
const bool array_keeps_blocks = true;
#endif

enum {
    LINE = 64,
    SMALL_CLASSES = 17, /* index: lines in the block */
    SMALL_LIMIT = (SMALL_CLASSES - 1) * LINE,
    MOST_KEPT = 512, /* blocks of one small class that a thread keeps */
    HUGE_PAGE = 2 << 20,
    MAPPED_FROM = 1 << 20,
    STEPS = 8, /* large classes per doubling: an eighth is the most that is wasted */
    LARGE_CLASSES = 64 * STEPS,
};

typedef struct free_block {
    struct free_block *next;
} free_block;

/* ---- small blocks: this thread's lists ---- */

typedef struct small_list {
    free_block *first;
    int64_t count;
} small_list;
static _Thread_local small_list *small; /* [SMALL_CLASSES], NULL until the first block is freed */

static void free_small_lists(void)
{
    for (int i = 0; small && i < SMALL_CLASSES; i++)
        for (free_block *b = small[i].first, *next; b; b = next) {
            next = b->next;
            free(b);
        }
    free(small);
    small = NULL;
}

static void *small_new(size_t lines)
{
    if (likely(small) && small[lines].first) {
        free_block *b = small[lines].first;
        small[lines].first = b->next;
        small[lines].count--;
        return b;
    }
    return aligned_alloc(LINE, lines * LINE);
}

static void small_free(void *data, size_t lines)
{
    if (unlikely(!small) && array_keeps_blocks) {
        small = calloc(SMALL_CLASSES, sizeof *small);
        base_at_thread_exit(free_small_lists);
    }
    if (!small || small[lines].count >= MOST_KEPT) {
        free(data);
        return;
    }
    free_block *b = data;
    b->next = small[lines].first;
    small[lines].first = b;
    small[lines].count++;
}

/* ---- large blocks: one cache for the process ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static free_block *large[LARGE_CLASSES];
static size_t kept; /* bytes in `large` */

/* The class of a size, and the bytes that blocks of this class have. */
static int large_class(size_t bytes, size_t *rounded)
{
    size_t unit = bytes > MAPPED_FROM ? HUGE_PAGE : LINE;
    bytes = (bytes + unit - 1) / unit * unit;
    int log = 63 - __builtin_clzll(bytes);
    size_t step = (size_t)1 << log, part = (bytes - step) / (step / STEPS);
    if (step + part * (step / STEPS) < bytes)
        part++;
    *rounded = step + part * (step / STEPS);
    *rounded = (*rounded + unit - 1) / unit * unit;
    return log * STEPS + (int)part; /* part = STEPS is the next doubling's first class */
}

static size_t most_kept(void)
{
    static _Atomic size_t limit;
    if (!limit)
        limit = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE) / 8;
    return limit;
}

/* Maps a block that starts at a huge page's boundary: maps more and cuts off both ends. */
static void *map_block(size_t bytes)
{
    char *at =
        mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)at & (HUGE_PAGE - 1);
    if (before)
        munmap(at, before);
    if (before < HUGE_PAGE)
        munmap(at + before + bytes, HUGE_PAGE - before);
    madvise(at + before, bytes, MADV_HUGEPAGE);
    return at + before;
}

static void large_return(void *data, size_t rounded)
{
    if (rounded > MAPPED_FROM)
        munmap(data, rounded);
    else
        free(data);
}

/* Gives everything kept back to the system; called under the lock. */
static void empty_cache(void)
{
    for (int i = 0; i < LARGE_CLASSES; i++) {
        size_t step = (size_t)1 << (i / STEPS), bytes = step + (size_t)(i % STEPS) * (step / STEPS),
               rounded;
        for (free_block *b = large[i]; b;) {
            free_block *next = b->next;
            large_class(bytes, &rounded);
            large_return(b, rounded);
            b = next;
        }
        large[i] = NULL;
    }
    kept = 0;
}

static void *large_new(size_t bytes)
{
    size_t rounded;
    int class = large_class(bytes, &rounded);
    pthread_mutex_lock(&lock);
    free_block *b = large[class];
    if (b) {
        large[class] = b->next;
        kept -= rounded;
    }
    pthread_mutex_unlock(&lock);
    if (b)
        return b;
    return rounded > MAPPED_FROM ? map_block(rounded) : aligned_alloc(LINE, rounded);
}

static void *large_new_or_retry(size_t bytes)
{
    void *data = large_new(bytes);
    if (likely(data))
        return data;
    pthread_mutex_lock(&lock);
    empty_cache();
    pthread_mutex_unlock(&lock);
    return large_new(bytes);
}

static void large_free(void *data, size_t bytes)
{
    size_t rounded;
    int class = large_class(bytes, &rounded);
    if (!array_keeps_blocks || rounded > most_kept()) {
        large_return(data, rounded);
        return;
    }
    pthread_mutex_lock(&lock);
    if (kept + rounded > most_kept())
        empty_cache(); /* sizes that are no longer asked for must not keep out those that are */
    free_block *b = data;
    b->next = large[class];
    large[class] = b;
    kept += rounded;
    pthread_mutex_unlock(&lock);
}

/* ---- what others call ---- */

void *array_memory(size_t bytes)
{
    if (unlikely(base_allocation_fails(bytes)))
        return NULL;
    void *data = NULL;
    if (bytes <= SMALL_LIMIT)
        data = small_new(bytes ? (bytes + LINE - 1) / LINE : 1);
    else if (bytes <= (size_t)1 << 46)
        data = large_new_or_retry(bytes);
    if (unlikely(!data))
        base_fail_memory(bytes);
    return data;
}

void array_memory_free(void *data, size_t bytes)
{
    if (!data)
        return;
    if (bytes <= SMALL_LIMIT)
        small_free(data, bytes ? (bytes + LINE - 1) / LINE : 1);
    else
        large_free(data, bytes);
}

/* ---- buffers: a line for the header; small data follow it in the same block ---- */

enum { INLINE_LIMIT = SMALL_LIMIT - LINE };

static void destroy_buffer(object *o)
{
    buffer *b = (buffer *)o;
    size_t inside = 0;
    base_free(b->used);
    if (b->done)
        b->done(b->context);
    else if (b->bytes <= INLINE_LIMIT)
        inside = b->bytes;
    else
        array_memory_free(b->data, b->bytes);
    array_memory_free(b, LINE + inside);
}

static const object_class buffer_class = {destroy_buffer};

buffer *buffer_new(size_t bytes)
{
    _Static_assert(sizeof(buffer) <= LINE, "the header fits in one line");
    bool inside = bytes <= INLINE_LIMIT;
    buffer *b = array_memory(LINE + (inside ? bytes : 0));
    if (unlikely(!b))
        return NULL;
    void *data = inside ? (char *)b + LINE : array_memory(bytes);
    if (unlikely(!data)) {
        array_memory_free(b, LINE);
        return NULL;
    }
    *b = (buffer){{&buffer_class, 1, KIND_OTHER}, data, bytes};
    return b;
}

static void nothing_to_do(void *context) { (void)context; }

buffer *buffer_borrow(void *data, size_t bytes, void (*done)(void *context), void *context)
{
    buffer *b = array_memory(LINE);
    if (b)
        *b = (buffer){{&buffer_class, 1, KIND_OTHER},
                      data,
                      bytes,
                      .done = done ? done : nothing_to_do,
                      .context = context};
    return b;
}
