/* What runs when a thread ends? The cleanups that its scope, error record and free lists
 * registered.
 *
 * The main thread's end is the process's end, where the system takes everything back. */
#include "base/base.h"

#include <pthread.h>

enum { MOST_CLEANUPS = 8 };
static _Thread_local void (*cleanups[MOST_CLEANUPS])(void);
static _Thread_local int count;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void run_cleanups(void *unused)
{
    (void)unused;
    void (*now[MOST_CLEANUPS])(void);
    int n = count;
    memcpy(now, cleanups, sizeof now);
    count = 0; /* what one cleanup makes another collect is registered anew, and the system calls
                  again */
    for (int i = 0; i < n; i++)
        now[i]();
}

static void make_key(void) { pthread_key_create(&key, run_cleanups); }

void base_at_thread_exit(void (*cleanup)(void))
{
    for (int i = 0; i < count; i++)
        if (cleanups[i] == cleanup)
            return;
    if (count == MOST_CLEANUPS)
        return;
    pthread_once(&once, make_key);
    cleanups[count++] = cleanup;
    pthread_setspecific(key, &key);
}
