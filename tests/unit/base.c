/* The ground floor: memory, arenas, texts, hash tables, scopes, errors, threads. */
#include "base/base.h"
#include "test.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(allocation_failure_is_injected_once)
{
    base_fail_allocation(1);
    void *first = base_alloc(8), *second = base_alloc(8);
    CHECK(first);
    CHECK(!second);
    CHECK_INT(ct_error_code(), CT_OUT_OF_MEMORY_ERROR);
    CHECK_TEXT(ct_error_message(), "Out of memory allocating 8 bytes.");
    CHECK(base_fail_allocation(-1));
    CHECK(!base_fail_allocation(-1));
    ct_clear_error();
    base_free(first);
}

TEST(arenas_align_and_grow)
{
    arena a = {0};
    for (size_t n = 0; n < 300; n++) {
        char *at = arena_alloc(&a, n * 7);
        if (!CHECK(at))
            break;
        CHECK_INT((uintptr_t)at % 16, 0);
        memset(at, 1, n * 7);
    }
    CHECK_TEXT(arena_string(&a, "abc"), "abc");
    CHECK(!arena_string(&a, NULL));
    arena_free(&a);
    CHECK(!a.blocks);
}

TEST(texts)
{
    text t = {0};
    for (int i = 0; i < 40; i++)
        text_add(&t, "%d,", i);
    text_bytes(&t, "end", 3);
    char *s = text_end(&t);
    CHECK(s && strlen(s) == 10 * 2 + 30 * 3 + 3 && !strcmp(s + strlen(s) - 6, "39,end"));
    base_free(s);
    text_add(&t, "%s", "lost");
    base_fail_allocation(0);
    text_add(&t, "%050d", 1);
    base_fail_allocation(-1);
    text_add(&t, "more");
    CHECK(!text_end(&t));
    CHECK_INT(ct_error_code(), CT_OUT_OF_MEMORY_ERROR);
    ct_clear_error();
}

static bool same_int(const void *value, const void *probe)
{
    return *(const int *)value == *(const int *)probe;
}

TEST(tables_find_what_was_added)
{
    enum { N = 2000 };
    static int values[N];
    table t = {0};
    for (int i = 0; i < N; i++) {
        values[i] = i;
        /* few distinct hashes: long runs */
        CHECK(table_add(&t, (uint64_t)(i % 97) << 30, &values[i]));
    }
    for (int i = 0; i < N; i += 3)
        CHECK(table_remove(&t, (uint64_t)(i % 97) << 30, same_int, &i) == &values[i]);
    for (int i = 0; i < N; i++)
        CHECK(table_find(&t, (uint64_t)(i % 97) << 30, same_int, &i) ==
              (i % 3 ? &values[i] : NULL));
    table_free(&t);
}

TEST(hashes_depend_on_every_byte_and_the_length)
{
    unsigned char bytes[40] = {0};
    for (size_t n = 1; n < sizeof bytes; n++) {
        uint64_t plain = base_hash(bytes, n, 1);
        CHECK(plain != base_hash(bytes, n - 1, 1));
        CHECK(plain != base_hash(bytes, n, 2));
        for (size_t i = 0; i < n; i++) {
            bytes[i] = 1;
            CHECK(plain != base_hash(bytes, n, 1));
            bytes[i] = 0;
        }
    }
}

static int alive;
static void destroy_counted(object *o)
{
    alive--;
    free(o);
}
static const object_class counted = {destroy_counted};
static object *new_counted(void)
{
    object *o = malloc(sizeof *o);
    *o = (object){&counted, 1, KIND_OTHER};
    alive++;
    return o;
}

TEST(scopes_release_all_but_what_is_kept)
{
    ct_scope outer = ct_begin();
    object *a = new_counted();
    if (!CHECK(scope_own(a))) /* a is gone then */
        return;
    ct_scope inner = ct_begin();
    object *b = new_counted(), *c = new_counted();
    if (!CHECK(scope_own(b) && scope_own(c)))
        return;
    scope_end(inner, b);
    CHECK_INT(alive, 2);
    inner = ct_begin();
    scope_end(inner, a); /* owned further out: gets a second owner */
    CHECK_INT(a->refs, 2);
    inner = ct_begin();
    object *d = new_counted();
    if (!CHECK(scope_own(d)))
        return;
    scope_end_many(inner, 3, (void *[]){d, a, d});
    CHECK_INT(d->refs, 2);
    CHECK_INT(alive, 3);
    ct_end(outer);
    CHECK_INT(alive, 0);
}

static void *own_and_leave(void *unused)
{
    (void)unused;
    CHECK(scope_own(new_counted()));
    base_fail(CT_VALUE_ERROR, "of this thread");
    return NULL;
}

TEST(threads_end_frees_what_their_scopes_own)
{
    pthread_t id;
    CHECK(!pthread_create(&id, NULL, own_and_leave, NULL));
    pthread_join(id, NULL);
    CHECK_INT(alive, 0);
    CHECK(ct_ok());
}

TEST(first_failure_stays)
{
    CHECK_INT(base_fail(CT_VALUE_ERROR, "add: %d and %d", 1, 2), CT_VALUE_ERROR);
    base_fail(CT_TYPE_ERROR, "later");
    base_fail_note("hint: %s", "none");
    CHECK_INT(ct_error_code(), CT_VALUE_ERROR);
    CHECK_TEXT(ct_error_message(), "add: 1 and 2\nhint: none");
    ct_clear_error();
    CHECK_TEXT(ct_error_message(), "");
}

typedef struct tally {
    _Atomic int64_t sum, calls, misaligned;
} tally;
static void add_range(void *context, int64_t begin, int64_t end)
{
    tally *t = context;
    for (int64_t i = begin; i < end; i++)
        t->sum += i;
    t->calls++;
    t->misaligned += begin % 10 != 0;
}
static void nested(void *context, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        base_parallel(100, 10, add_range, context);
}

static bool parallel_sums_right(void)
{
    tally t = {0};
    base_parallel(1003, 10, add_range, &t);
    return t.sum == 1003 * 1002 / 2 && !t.misaligned;
}

TEST(parallel_covers_the_range_once)
{
    for (int threads = 1; threads <= 4; threads++) {
        base_set_threads(threads);
        for (int i = 0; i < 50; i++)
            CHECK(parallel_sums_right());
        tally t = {0};
        base_parallel(20, 1, nested, &t);
        CHECK_INT(t.sum, 20 * 4950);
    }
    base_set_threads(0);
}

static void *parallel_in_thread(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++)
        CHECK(parallel_sums_right());
    return NULL;
}

TEST(two_threads_share_the_pool)
{
    base_set_threads(3);
    pthread_t id;
    CHECK(!pthread_create(&id, NULL, parallel_in_thread, NULL));
    parallel_in_thread(NULL);
    pthread_join(id, NULL);
    base_set_threads(0);
}

/* Lets the thread sanitizer go on in a child that starts threads of its own. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }

TEST(a_forked_child_has_a_pool_of_its_own)
{
    base_set_threads(2);
    CHECK(parallel_sums_right());
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        _exit(parallel_sums_right() ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
    base_set_threads(0);
}
