/* A test program: TEST(name) { CHECK(...); } as often as wanted, in one file that includes this
 * header once.
 *
 * Each test runs in a scope of its own with a clean error record, and fails when it leaves an error
 * pending or a CHECK fails. `program` runs all tests, `program name...` the named ones, `program
 * --list` names them. The last line says "N passed, N failed". COTAN_QUIET leaves out the lines of
 * tests that pass. `program --torture [name...]` runs each test with its n-th allocation failing,
 * for n = 0, 1, 2, ...: see tests/torture/torture.h. */
#ifndef COTAN_TEST_H
#define COTAN_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cotan/base.h"

typedef struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
} test;
static test *tests, **tests_end = &tests;
static int failed_checks;

#define TEST(id)                                                                                   \
    static void test_##id(void);                                                                   \
    static test test_record_##id = {#id, test_##id, NULL};                                         \
    __attribute__((constructor)) static void test_add_##id(void)                                   \
    {                                                                                              \
        *tests_end = &test_record_##id;                                                            \
        tests_end = &test_record_##id.next;                                                        \
    }                                                                                              \
    static void test_##id(void)

#define TEST_FAILED(...)                                                                           \
    (failed_checks++, printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"),    \
     (void)0)
static inline bool test_check(bool holds, const char *what, const char *file, int line)
{
    if (!holds) {
        failed_checks++;
        printf("%s:%d: not so: %s\n", file, line, what);
    }
    return holds;
}
/* Goes on after a failure; true when the condition held. */
#define CHECK(condition) test_check(condition, #condition, __FILE__, __LINE__)
#define CHECK_INT(got, want)                                                                       \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_)                                                                         \
            TEST_FAILED("%s is %lld, not %lld", #got, got_, want_);                                \
    } while (0)
/* Equal up to `tolerance`, relative to the larger of |want| and 1; NaN equals NaN. */
#define CHECK_NEAR(got, want, tolerance)                                                           \
    do {                                                                                           \
        double got_ = (got), want_ = (want);                                                       \
        if (!(got_ == want_ || (isnan(got_) && isnan(want_)) ||                                    \
              fabs(got_ - want_) <= (tolerance)*fmax(fabs(want_), 1)))                             \
            TEST_FAILED("%s is %.17g, not %.17g", #got, got_, want_);                              \
    } while (0)
#define CHECK_TEXT(got, want)                                                                      \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (!got_ || strcmp(got_, want_))                                                          \
            TEST_FAILED("%s is\n%s\nnot\n%s", #got, got_ ? got_ : "(null)", want_);                \
    } while (0)
/* The expression fails with this code and a message that contains `part`; clears the error. */
#define CHECK_FAILS(expression, expected_code, part)                                               \
    do {                                                                                           \
        ct_clear_error();                                                                          \
        (void)(expression);                                                                        \
        if (ct_error_code() != (expected_code) || !strstr(ct_error_message(), part))               \
            TEST_FAILED("%s: code %d, \"%s\"", #expression, (int)ct_error_code(),                  \
                        ct_error_message());                                                       \
        ct_clear_error();                                                                          \
    } while (0)

/* Names come after the option, if there is one. */
static bool test_wanted(const test *t, int n, char **names)
{
    bool any = false;
    for (int i = 1; i < n; i++) {
        if (!strcmp(names[i], t->name))
            return true;
        any |= strncmp(names[i], "--", 2) != 0;
    }
    return !any;
}

static bool test_passes(const test *t)
{
    failed_checks = 0;
    ct_clear_error();
    ct_scope scope = ct_begin();
    t->run();
    if (!ct_ok())
        TEST_FAILED("%s left an error: %s", t->name, ct_error_message());
    ct_end(scope);
    ct_clear_error();
    return !failed_checks;
}

#include "../torture/torture.h"

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--torture"))
        return torture(argc, argv);
    int passed = 0, failed = 0;
    bool list = argc == 2 && !strcmp(argv[1], "--list"), quiet = getenv("COTAN_QUIET");
    for (const test *t = tests; t; t = t->next) {
        if (list) {
            puts(t->name);
            continue;
        }
        if (!test_wanted(t, argc, argv))
            continue;
        bool good = test_passes(t);
        *(good ? &passed : &failed) += 1;
        if (!good || !quiet)
            printf("%s %s\n", good ? "ok  " : "FAIL", t->name);
        fflush(stdout);
    }
    if (!list)
        printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
#endif
