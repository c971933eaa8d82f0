/* Sorting along the middle axis, and the largest k of each row.
 *
 * Every key becomes an unsigned integer whose order is the wanted one (NaN last, the two zeros
 * equal), paired with its position; pairs are sorted by radix, or by insertion and merging when
 * they are few, and the positions then move all operands. Since positions break ties, every sort
 * here is stable. Several keys are sorted from the last to the first. */
#include "array/array.h"
#include "kernel/kernel.h"

/* A key and where it came from. Keys of 32 bits and positions below 2^32 share one word, which
 * halves the traffic. */
typedef struct item {
    uint64_t key, at;
} item;
enum { DIGIT = 11, BUCKETS = 1 << DIGIT, FEW = 40, GRAIN = 1 << 14 };

/* ---- keys ---- */
static uint64_t load_bits(const void *x, size_t size)
{
    uint64_t u = 0;
    memcpy(&u, x, size);
    return u;
}

typedef struct key_format {
    size_t part; /* bytes of one key */
    bool is_float, is_signed;
    uint64_t infinity; /* bits of it, for floats */
} key_format;

static key_format format_of(ct_dtype dtype)
{
    switch ((int)dtype) {
    case CT_FLOAT32:
    case CT_COMPLEX64:
        return (key_format){4, true, false, 0x7f800000u};
    case CT_FLOAT64:
    case CT_COMPLEX128:
        return (key_format){8, true, false, 0x7ff0000000000000u};
    case CT_FLOAT16:
        return (key_format){2, true, false, 0x7c00u};
    case CT_BFLOAT16:
        return (key_format){2, true, false, 0x7f80u};
    case CT_INT2:
    case CT_INT4:
    case CT_INT8:
    case CT_INT16:
    case CT_INT32:
    case CT_INT64:
        return (key_format){ct_itemsize(dtype), false, true, 0};
    default:
        return (key_format){ct_itemsize(dtype), false, false, 0};
    }
}

/* total: the order of bit patterns (-NaN first, -0 before 0), as top_k wants it. */
static inline uint64_t key_of(uint64_t bits, const key_format *f, bool total)
{
    uint64_t sign = (uint64_t)1 << (8 * f->part - 1), all = sign | (sign - 1);
    if (f->is_signed)
        return bits ^ sign;
    if (!f->is_float)
        return bits;
    if (!total && (bits & (sign - 1)) > f->infinity)
        return all;
    if (!total && bits == sign)
        bits = 0;
    return bits & sign ? ~bits & all : bits | sign;
}

/* ---- sorting words (key << 32 | position), bare 32-bit keys, and items ---- */

/* Turns counts into the places where each bucket begins; false when one bucket holds all n. */
static bool begin_buckets(int64_t n, int buckets, uint32_t *count)
{
    uint32_t sum = 0;
    for (int b = 0; b < buckets; b++) {
        uint32_t here = count[b];
        if (here == n)
            return false;
        count[b] = sum;
        sum += here;
    }
    return true;
}

/* Few buckets when their bookkeeping would outweigh a pass. */
static int digit_bits(int64_t n) { return n < 8192 ? 8 : DIGIT; }

#define NAME sort_words
#define T uint64_t
#define BASE 32
#include "kernel/sort_keys.h"

#define NAME sort_bare
#define T uint32_t
#define BASE 0
#include "kernel/sort_keys.h"

static void radix_items(int64_t n, item *x, item *room)
{
    uint32_t count[BUCKETS];
    item *from = x, *to = room;
    for (int shift = 0; shift < 64; shift += DIGIT) {
        memset(count, 0, sizeof count);
        for (int64_t i = 0; i < n; i++)
            count[from[i].key >> shift & (BUCKETS - 1)]++;
        if (!begin_buckets(n, BUCKETS, count))
            continue;
        for (int64_t i = 0; i < n; i++)
            to[count[from[i].key >> shift & (BUCKETS - 1)]++] = from[i];
        item *other = from;
        from = to, to = other;
    }
    if (from != x)
        memcpy(x, from, (size_t)n * sizeof *x);
}

static void insert_items(int64_t n, item *x)
{
    for (int64_t i = 1; i < n; i++) {
        item moving = x[i];
        int64_t j = i;
        for (; j > 0 && x[j - 1].key > moving.key; j--)
            x[j] = x[j - 1];
        x[j] = moving;
    }
}

/* ---- one row ---- */
typedef struct sort_task {
    int64_t n, inner;
    int noperands, nkeys;
    void *const *operands;
    const ct_dtype *dtypes;
    _Atomic int status;
} sort_task;

typedef struct row {
    int64_t n, stride;  /* elements between neighbours */
    int64_t first;      /* element where it begins */
    uint64_t *order;    /* the permutation so far: n words */
    item *items, *room; /* or twice as many words */
    char *moved;        /* n elements of any operand */
} row;

/* Sorts the row's order by one key (a complex key has two parts, each a key). */
static void sort_by(const row *r, const void *operand, ct_dtype dtype, int part, bool first)
{
    key_format f = format_of(dtype);
    size_t itemsize = ct_itemsize(dtype);
    const char *at = (const char *)operand + (size_t)r->first * itemsize + (size_t)part * f.part;
    size_t step = (size_t)r->stride * itemsize;
    if (f.part <= 4 && first) {
        uint64_t *words = (uint64_t *)r->items;
        for (int64_t i = 0; i < r->n; i++)
            words[i] =
                key_of(load_bits(at + (size_t)i * step, f.part), &f, false) << 32 | (uint64_t)i;
        sort_words(r->n, words, words + r->n, (int)f.part * 8);
        for (int64_t i = 0; i < r->n; i++)
            r->order[i] = words[i] & UINT32_MAX;
        return;
    }
    for (int64_t i = 0; i < r->n; i++)
        r->items[i] = (item){key_of(load_bits(at + (size_t)r->order[i] * step, f.part), &f, false),
                             r->order[i]};
    if (r->n < 64)
        insert_items(r->n, r->items);
    else
        radix_items(r->n, r->items, r->room);
    for (int64_t i = 0; i < r->n; i++)
        r->order[i] = r->items[i].at;
}

#define GATHER(T)                                                                                  \
    static void gather_##T(const row *r, T *x, T *moved)                                           \
    {                                                                                              \
        for (int64_t i = 0; i < r->n; i++)                                                         \
            moved[i] = x[(int64_t)r->order[i] * r->stride];                                        \
        for (int64_t i = 0; i < r->n; i++)                                                         \
            x[i * r->stride] = moved[i];                                                           \
    }
typedef item item16;
GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)
GATHER(uint64_t)
GATHER(item16)

static void reorder(const row *r, void *operand, ct_dtype dtype)
{
    size_t size = ct_itemsize(dtype);
    void *x = (char *)operand + (size_t)r->first * size, *moved = r->moved;
    switch (size) {
    case 1:
        gather_uint8_t(r, x, moved);
        break;
    case 2:
        gather_uint16_t(r, x, moved);
        break;
    case 4:
        gather_uint32_t(r, x, moved);
        break;
    case 8:
        gather_uint64_t(r, x, moved);
        break;
    default:
        gather_item16(r, x, moved);
        break;
    }
}

static bool is_complex(ct_dtype dtype) { return dtype == CT_COMPLEX64 || dtype == CT_COMPLEX128; }

static void sort_row(const sort_task *t, row *r)
{
    bool first = true;
    for (int64_t i = 0; i < r->n; i++)
        r->order[i] = (uint64_t)i;
    for (int k = t->nkeys - 1; k >= 0; k--)
        for (int part = is_complex(t->dtypes[k]); part >= 0; part--, first = false)
            sort_by(r, t->operands[k], t->dtypes[k], part, first);
    for (int k = 0; k < t->noperands; k++)
        reorder(r, t->operands[k], t->dtypes[k]);
}

/* A lone key of 32 bits needs no positions: its sorted keys are its values. False when it holds -0,
 * which a key does not tell from 0. */
static bool sort_lone(const sort_task *t, const row *r)
{
    key_format f = format_of(t->dtypes[0]);
    if (t->noperands != 1 || f.part != 4 || ct_itemsize(t->dtypes[0]) != 4)
        return false;
    uint32_t *x = (uint32_t *)t->operands[0] + r->first, *keys = (uint32_t *)r->items,
             *room = keys + r->n;
    int64_t negative_zeros = 0;
    for (int64_t i = 0; i < r->n; i++) {
        uint32_t bits = x[i * r->stride];
        negative_zeros += bits == 0x80000000u;
        keys[i] = (uint32_t)key_of(bits, &f, false);
    }
    if (f.is_float && negative_zeros)
        return false;
    sort_bare(r->n, keys, room, 32);
    for (int64_t i = 0; i < r->n; i++) {
        uint32_t key = keys[i], positive = key ^ 0x80000000u;
        uint32_t number = key >> 31 ? positive : ~key;
        x[i * r->stride] = f.is_signed         ? positive
                           : !f.is_float       ? key
                           : key == UINT32_MAX ? 0x7fc00000u
                                               : number;
    }
    return true;
}

static void sort_rows(void *context, int64_t begin, int64_t end)
{
    sort_task *t = context;
    size_t bytes = (size_t)t->n * (2 * sizeof(item) + 8 + 16) + 64;
    char *room = array_memory(bytes);
    if (!room) {
        t->status = CT_OUT_OF_MEMORY_ERROR;
        return;
    }
    row r = {.n = t->n, .stride = t->inner};
    r.items = (item *)(void *)room;
    r.room = r.items + t->n;
    r.order = (uint64_t *)(void *)(r.room + t->n);
    r.moved = (char *)(r.order + t->n);
    for (int64_t i = begin; i < end; i++) {
        r.first = i / t->inner * t->n * t->inner + i % t->inner;
        if (!sort_lone(t, &r))
            sort_row(t, &r);
    }
    array_memory_free(room, bytes);
}

ct_status kernel_sort(int64_t outer, int64_t n, int64_t inner, int noperands, int nkeys,
                      void *const *operands, const ct_dtype *dtypes, bool stable)
{
    (void)stable; /* always is */
    sort_task t = {n, inner, noperands, nkeys, operands, dtypes, CT_OK};
    if (n < 2 || outer * inner == 0)
        return CT_OK;
    if (n > UINT32_MAX)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "sort along an axis of %ld elements: at most 2^32 - 1 are supported.",
                         (long)n);
    base_parallel(outer * inner, GRAIN / n + 1, sort_rows, &t);
    return t.status == CT_OK
               ? CT_OK
               : base_fail((ct_code)t.status, "Out of memory sorting rows of %ld.", (long)n);
}

/* ---- top_k ---- */
typedef struct top_task {
    int64_t n, k;
    ct_dtype dtype;
    const char *in;
    char *values;
    int32_t *indices;
    _Atomic int status;
} top_task;

/* Keeps the k smallest words in a heap with the largest on top. */
static void sink(uint64_t *heap, int64_t k, int64_t at)
{
    uint64_t moving = heap[at];
    for (int64_t child; (child = 2 * at + 1) < k; at = child) {
        if (child + 1 < k && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= moving)
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

/* Whether one of n 4-byte values comes after `limit`, in the order of the values as signed
 * integers: most blocks of a long row hold none. */
static bool some_above(const int32_t *x, int64_t n, const key_format *f, int32_t limit)
{
    int32_t turned = f->is_float ? INT32_MAX : 0,
            flip = f->is_float || f->is_signed ? 0 : INT32_MIN, any = 0;
    for (int64_t i = 0; i < n; i++)
        any |= ((x[i] ^ (x[i] >> 31 & turned)) ^ flip) > limit;
    return any;
}

/* Descending keys, ties by position: the order of (~key, position). */
static void top_words(const top_task *t, const char *row_in, uint64_t *words, int32_t *indices)
{
    key_format f = format_of(t->dtype);
    uint64_t all = ((uint64_t)1 << (8 * f.part)) - 1;
    bool select = t->k < t->n / 4;
    int64_t kept = 0;
    enum { BLOCK = 16 };
    for (int64_t i = 0; i < t->n; i++) {
        if (select && kept == t->k && f.part == 4 && i % BLOCK == 0 && i + BLOCK <= t->n) {
            int32_t limit = (int32_t)((uint32_t)(all ^ words[0] >> 32) ^ 0x80000000u);
            if (!some_above((const int32_t *)(const void *)(row_in + (size_t)i * 4), BLOCK, &f,
                            limit)) {
                i += BLOCK - 1;
                continue;
            }
        }
        uint64_t word = (all ^ key_of(load_bits(row_in + (size_t)i * f.part, f.part), &f, true))
                            << 32 |
                        (uint64_t)i;
        if (!select || kept < t->k) {
            words[kept++] = word;
            if (select && kept == t->k)
                for (int64_t j = t->k / 2; j-- > 0;)
                    sink(words, t->k, j);
        } else if (word < words[0]) {
            words[0] = word;
            sink(words, t->k, 0);
        }
    }
    sort_words(kept, words, words + t->n, (int)f.part * 8);
    for (int64_t i = 0; i < t->k; i++)
        indices[i] = (int32_t)(words[i] & UINT32_MAX);
}

static void top_items(const top_task *t, const char *row_in, item *items, int32_t *indices)
{
    key_format f = format_of(t->dtype);
    for (int64_t i = 0; i < t->n; i++)
        items[i] =
            (item){~key_of(load_bits(row_in + (size_t)i * f.part, f.part), &f, true), (uint64_t)i};
    radix_items(t->n, items, items + t->n);
    for (int64_t i = 0; i < t->k; i++)
        indices[i] = (int32_t)items[i].at;
}

static void top_rows(void *context, int64_t begin, int64_t end)
{
    top_task *t = context;
    size_t size = ct_itemsize(t->dtype);
    size_t bytes = (size_t)t->n * 2 * (size <= 4 ? 8 : sizeof(item));
    item *room = array_memory(bytes);
    if (!room) {
        t->status = CT_OUT_OF_MEMORY_ERROR;
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        const char *row_in = t->in + (size_t)(i * t->n) * size;
        char *values = t->values + (size_t)(i * t->k) * size;
        int32_t *indices = t->indices + i * t->k;
        if (size <= 4)
            top_words(t, row_in, (uint64_t *)(void *)room, indices);
        else
            top_items(t, row_in, room, indices);
        for (int64_t j = 0; j < t->k; j++)
            memcpy(values + (size_t)j * size, row_in + (size_t)indices[j] * size, size);
    }
    array_memory_free(room, bytes);
}

ct_status kernel_top_k(int64_t rows, int64_t n, int64_t k, ct_dtype dtype, const void *in,
                       void *values, int32_t *indices)
{
    top_task t = {n, k, dtype, in, values, indices, CT_OK};
    if (rows <= 0 || k <= 0)
        return CT_OK;
    if (n > INT32_MAX)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "top_k along an axis of %ld elements: its indices are 32-bit.", (long)n);
    base_parallel(rows, GRAIN / n + 1, top_rows, &t);
    return t.status == CT_OK
               ? CT_OK
               : base_fail((ct_code)t.status, "Out of memory selecting from rows of %ld.", (long)n);
}
