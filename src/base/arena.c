/* How is memory that dies together allocated? By bumping a pointer through blocks that double in
 * size.
 *
 * Jaxprs, traces and compiler passes live in arenas: nothing in them is freed one by one. Next:
 * text.c. */
#include "base/base.h"

struct arena_block {
    struct arena_block *older;
    size_t bytes;
};

enum { FIRST_BLOCK = 1024, LARGEST_STEP = 1 << 20, ALIGNMENT = 16 };

static bool add_block(arena *a, size_t needed)
{
    size_t bytes = a->blocks ? a->blocks->bytes * 2 : FIRST_BLOCK;
    if (bytes > LARGEST_STEP)
        bytes = LARGEST_STEP;
    if (needed > SIZE_MAX - sizeof(struct arena_block)) {
        base_fail_memory(needed);
        return false;
    }
    if (bytes < needed + sizeof(struct arena_block))
        bytes = needed + sizeof(struct arena_block);
    struct arena_block *b = base_alloc(bytes);
    if (!b)
        return false;
    *b = (struct arena_block){a->blocks, bytes};
    a->blocks = b;
    a->next = (char *)(b + 1);
    a->limit = (char *)b + bytes;
    return true;
}

void *arena_alloc(arena *a, size_t bytes)
{
    _Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "blocks keep the alignment");
    if (unlikely(bytes > SIZE_MAX - ALIGNMENT)) {
        base_fail_memory(bytes);
        return NULL;
    }
    size_t rounded = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (unlikely((!a->blocks || (size_t)(a->limit - a->next) < rounded)) && !add_block(a, rounded))
        return NULL;
    void *result = a->next;
    a->next += rounded;
    return result;
}

void *arena_copy(arena *a, const void *data, size_t bytes)
{
    void *copy = arena_alloc(a, bytes);
    if (copy && bytes)
        memcpy(copy, data, bytes);
    return copy;
}

char *arena_string(arena *a, const char *s) { return s ? arena_copy(a, s, strlen(s) + 1) : NULL; }

void arena_free(arena *a)
{
    for (struct arena_block *b = a->blocks, *older; b; b = older) {
        older = b->older;
        base_free(b);
    }
    *a = (arena){0};
}
