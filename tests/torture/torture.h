/* What happens when memory runs out at any one allocation? Nothing worse than an error.
 *
 * Each test runs in a forked child with its n-th allocation failing, for n = 0, 1, 2, ... until the
 * test makes fewer than n of them. A child may fail its checks, but must end by itself: no crash,
 * no hang, and under `make asan` no leak. From the 200th allocation on n grows by a tenth, and a
 * test is left after COTAN_TORTURE_SECONDS (default 1; 0: no limit). COTAN_TORTURE_FROM begins
 * further on, to look at one failure. The test's own code has to bear with poison too. */
#ifndef COTAN_TORTURE_H
#define COTAN_TORTURE_H

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern bool base_fail_allocation(int64_t n);

/* Of the leak sanitizer, where the program is built with it. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

enum { TORTURE_SURVIVED = 10, TORTURE_UNTOUCHED = 11, TORTURE_LEAKED = 12 };

static double torture_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void torture_child(const test *t, int64_t n)
{
    alarm(20);
    if (!freopen("/dev/null", "w", stdout))
        _exit(1);
    base_fail_allocation(n);
    test_passes(t);
    bool consumed = base_fail_allocation(-1);
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
        _exit(TORTURE_LEAKED);
    _exit(consumed ? TORTURE_SURVIVED : TORTURE_UNTOUCHED);
}

/* The exit status of the child whose n-th allocation fails, or minus the signal that ended it. */
static int torture_once(const test *t, int64_t n)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        torture_child(t, n);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool torture_test(const test *t, double seconds)
{
    double start = torture_clock();
    const char *from = getenv("COTAN_TORTURE_FROM");
    int64_t n = from ? atoll(from) : 0;
    for (;; n = n < 200 ? n + 1 : n + n / 10) {
        int status = torture_once(t, n);
        if (status == TORTURE_UNTOUCHED)
            break;
        if (status != TORTURE_SURVIVED) {
            printf("FAIL %s: allocation %lld failing: %s %d\n", t->name, (long long)n,
                   status < 0 ? "signal" : "status", status < 0 ? -status : status);
            return false;
        }
        if (seconds > 0 && torture_clock() - start > seconds)
            break;
    }
    printf("ok   %s: %lld allocations\n", t->name, (long long)n);
    return true;
}

static int torture(int argc, char **argv)
{
    const char *limit = getenv("COTAN_TORTURE_SECONDS");
    int passed = 0, failed = 0;
    for (const test *t = tests; t; t = t->next)
        if (test_wanted(t, argc, argv))
            *(torture_test(t, limit ? atof(limit) : 1) ? &passed : &failed) += 1;
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
#endif
