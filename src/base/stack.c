/* Is there stack left for another function inside this one?
 *
 * Functions of users nest as deep as they like, and so do the interpreters that run them. A quarter
 * of the stack is left for what transforms and compiles a program afterwards. */
#define _GNU_SOURCE
#include "base/base.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

/* The main thread's stack ends where the kernel put the program's name; the C library reads all of
 * /proc/self/maps to say so. */
static const char *lowest_of_main(void)
{
    const char *end = (const char *)getauxval(AT_EXECFN);
    struct rlimit size;
    if (!end || gettid() != getpid() || getrlimit(RLIMIT_STACK, &size) ||
        size.rlim_cur >= (rlim_t)(uintptr_t)end)
        return NULL;
    return end - size.rlim_cur / 4 * 3;
}

static const char *find_lowest(void)
{
    pthread_attr_t attributes;
    void *at = NULL;
    size_t bytes = 0;
    if (!pthread_getattr_np(pthread_self(), &attributes)) {
        pthread_attr_getstack(&attributes, &at, &bytes);
        pthread_attr_destroy(&attributes);
    }
    return (const char *)at + bytes / 4;
}

bool base_has_stack(void)
{
    static _Thread_local const char *lowest;
    if (unlikely(!lowest) && !(lowest = lowest_of_main()))
        lowest = find_lowest();
    const char *here = __builtin_frame_address(0);
    if (likely(here > lowest))
        return true;
    base_fail(CT_RECURSION_ERROR,
              "maximum recursion depth exceeded: the stack has no room for more functions inside "
              "one another");
    return false;
}
