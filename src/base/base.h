/* The ground floor: memory, arenas, growable buffers, hash tables, strings, threads' error record.
 * Knows nothing of arrays.
 *
 * Memory: base_alloc and arena_alloc return NULL when memory is short, having recorded
 * CT_OUT_OF_MEMORY_ERROR; the torture run makes the n-th call fail for n = 0, 1, 2, ... Every
 * caller copes. */
#ifndef COTAN_SRC_BASE_H
#define COTAN_SRC_BASE_H

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include "cotan/base.h"

#define countof(array) (sizeof(array) / sizeof((array)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- memory ---- */
CT_NODISCARD void *base_alloc(size_t bytes);              /* 16-byte aligned, not cleared */
CT_NODISCARD void *base_zalloc(size_t bytes);             /* cleared */
CT_NODISCARD void *base_realloc(void *old, size_t bytes); /* on failure the old block stays valid */
void base_free(void *block);
/* a * b and a + b, false on overflow. */
CT_NODISCARD bool base_mul(int64_t a, int64_t b, int64_t *product);
CT_NODISCARD bool base_add(int64_t a, int64_t b, int64_t *sum);

/* Torture: fails the n-th allocation from now (0 = the next); -1 switches it off. Returns whether a
 * pending failure was consumed. */
CT_API bool base_fail_allocation(int64_t n);

/* For allocators that do not end in base_alloc: whether this request is the one that fails
 * (recorded when so). */
CT_NODISCARD bool base_allocation_fails(size_t bytes);
/* Records CT_OUT_OF_MEMORY_ERROR without allocating. */
void base_fail_memory(size_t bytes);

/* ---- arenas: bump allocation, freed as a whole ---- */
typedef struct arena {
    struct arena_block *blocks;
    char *next, *limit;
} arena;
CT_NODISCARD void *
arena_alloc(arena *a, size_t bytes); /* 16-byte aligned, not cleared; a zeroed arena is ready */
CT_NODISCARD void *arena_copy(arena *a, const void *data, size_t bytes);
CT_NODISCARD char *arena_string(arena *a, const char *s); /* a copy; NULL stays NULL */
void arena_free(arena *a);

/* ---- growable array of any element type: struct { T *at; int64_t n, capacity; } ---- */
CT_NODISCARD bool base_grow(void **at, int64_t *capacity, int64_t needed, size_t element);
#define vec(T)                                                                                     \
    struct {                                                                                       \
        T *at;                                                                                     \
        int64_t n, capacity;                                                                       \
    }
#define vec_reserve(v, more)                                                                       \
    ((v)->n + (more) <= (v)->capacity ||                                                           \
     base_grow((void **)&(v)->at, &(v)->capacity, (v)->n + (more), sizeof *(v)->at))
#define vec_push(v, ...) (vec_reserve(v, 1) && ((v)->at[(v)->n++] = (__VA_ARGS__), true))
#define vec_free(v) (base_free((v)->at), (v)->at = NULL, (v)->n = (v)->capacity = 0)

/* ---- strings ---- */
typedef vec(char) text; /* not NUL-terminated until text_end */
void text_add(text *t, const char *format, ...) CT_PRINTF(2, 3);
void text_add_v(text *t, const char *format, va_list rest);
void text_bytes(text *t, const char *bytes, size_t n);
void text_quoted(text *t, const char *s); /* as Python's repr of a str */
CT_NODISCARD char *text_end(
    text *t); /* terminates and hands over the block (base_free it); NULL when memory was short */

/* ---- hashing ---- */
uint64_t base_hash(const void *bytes, size_t n, uint64_t seed);
static inline uint64_t base_mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccdu;
    return h ^ (h >> 32);
}

/* Open addressing from a 64-bit hash to pointers; the caller compares. A zeroed table is ready. */
typedef struct table {
    struct table_slot {
        uint64_t hash;
        void *value;
    } * slots;
    int64_t used, capacity;
} table;
typedef bool table_equal(const void *value, const void *probe);
void *table_find(const table *t, uint64_t hash, table_equal *equal, const void *probe);
CT_NODISCARD bool table_add(table *t, uint64_t hash,
                            void *value); /* caller made sure it is not there */
void *table_remove(table *t, uint64_t hash, table_equal *equal, const void *probe);
void table_free(table *t);

/* ---- reference-counted objects and scopes ---- */
typedef enum ct_kind {
    KIND_ARRAY,
    KIND_TRACER,
    KIND_TREE,
    KIND_REF,
    KIND_POISON,
    KIND_ZERO,
    KIND_FUNCTION,
    KIND_OTHER
} ct_kind;
struct object;
typedef struct object_class {
    void (*destroy)(struct object *o); /* releases what it holds and frees it */
} object_class;
/* Every reference-counted thing begins with this header. */
typedef struct object {
    const object_class *class;
    _Atomic int32_t refs; /* INT32_MAX / 2 and above: immortal */
    uint8_t kind;         /* ct_kind */
} object;
#define OBJECT_IMMORTAL (INT32_MAX / 2)
static inline void object_retain(void *o)
{
    if (likely(atomic_load_explicit(&((object *)o)->refs, memory_order_relaxed) < OBJECT_IMMORTAL))
        atomic_fetch_add_explicit(&((object *)o)->refs, 1, memory_order_relaxed);
}
void object_release(void *o); /* NULL is fine */
/* Hands one reference to the current scope. On failure releases it and returns false. */
CT_NODISCARD bool scope_own(void *o);
/* Releases everything owned since the mark except `keep`, whose reference moves to the enclosing
 * scope. */
void scope_end(ct_scope scope, void *keep);
/* As scope_end for several: the n objects in keep (borrowed, from any scope) survive into the
 * enclosing scope. */
void scope_end_many(ct_scope scope, int64_t n, void *const *keep);

/* ---- errors ---- */
/* Records a failure unless one is pending; returns the code, so that `return base_fail(...)` serves
 * status functions. */
ct_code base_fail(ct_code code, const char *format, ...) CT_PRINTF(2, 3);
ct_code base_fail_v(ct_code code, const char *format, va_list rest);
/* Adds a line to the pending message (a hint, where it happened). */
void base_fail_note(const char *format, ...) CT_PRINTF(1, 2);
/* Notes the place in the host program that the failed operation comes from, unless one is noted. */
void base_fail_at(const char *place);
/* Records of machine-room functions: CT_OK or the code that is recorded. */
typedef ct_code ct_status;

/* ---- threads (threads.c): one lazily started pool for the whole process ---- */
/* Calls body(context, begin, end) over [0, n) in pieces of at least `grain`; returns when all are
 * done. Runs in the caller's thread when one piece suffices, when threads = 1, or when already
 * inside a parallel region (a task never waits on its own pool). Every piece begins at a multiple
 * of `grain`, so a body that works in blocks of `grain` gives the same result on any number of
 * threads. */
void base_parallel(int64_t n, int64_t grain,
                   void (*body)(void *context, int64_t begin, int64_t end), void *context);
int base_threads(void);             /* COTAN_THREADS or the number of cores this process may use */
void base_set_threads(int threads); /* 0: default */

/* Runs `cleanup` when this thread ends (each once a registration). */
void base_at_thread_exit(void (*cleanup)(void));

/* Whether functions may nest deeper on this thread's stack; false after a RecursionError. */
CT_NODISCARD bool base_has_stack(void);

/* ---- host hook: long native work polls this about every 10 ms; true asks to stop (Ctrl-C) ---- */
extern bool (*base_interrupted)(void);
/* Around native work of notable length, so that the host's other threads may run: release hands out
 * a token (NULL: nothing was released), resume takes it. */
/* Tells the user what does no harm to the result; stderr without a host language. False: the host
 * turned the warning into an exception, which is pending there (recorded as CT_HOST_ERROR). */
extern bool (*base_warn)(const char *message);
extern void *(*base_host_release)(void);
extern void (*base_host_resume)(void *token);

#endif
