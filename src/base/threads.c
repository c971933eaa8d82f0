/* How is work spread over cores, and what runs when a thread ends?
 *
 * One pool for the process, started by the first parallel call and grown on demand. A caller posts
 * a job (on its own stack), works on it too, and waits only for workers that joined. Nobody ever
 * waits for the pool: a nested call, or one made while another thread's job is posted, runs in its
 * own thread. After a fork the child starts a pool anew. */
#define _GNU_SOURCE
#include "base/base.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct job {
    void (*body)(void *context, int64_t begin, int64_t end);
    void *context;
    int64_t n, piece;
    _Atomic int64_t next; /* where the next piece begins */
    int seats;            /* workers that may still join; under the lock */
    _Atomic int workers;  /* joined and not done; changes under the lock */
} job;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t posted_changed = PTHREAD_COND_INITIALIZER,
                      worker_left = PTHREAD_COND_INITIALIZER;
static job *posted;                 /* under the lock */
static _Atomic uint32_t post_count; /* lets idle workers spin for a moment before they sleep */
static int started;                 /* worker threads; under the lock */
static _Atomic int chosen_threads;
static _Thread_local bool inside;

static bool never(void) { return false; }
bool (*base_interrupted)(void) = never;

static void *release_nothing(void) { return NULL; }
static void resume_nothing(void *token) { (void)token; }
void *(*base_host_release)(void) = release_nothing;
void (*base_host_resume)(void *token) = resume_nothing;

enum {
    SPINS = 1500
}; /* some 20 to 50 us: longer than a gap between two jobs of one program, shorter than a time slice
    */

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void run_pieces(job *j)
{
    inside = true;
    for (int64_t begin; (begin = atomic_fetch_add(&j->next, j->piece)) < j->n;)
        j->body(j->context, begin, j->n - begin < j->piece ? j->n : begin + j->piece);
    inside = false;
}

static void *worker(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        job *j = posted;
        if (j && j->seats > 0) {
            j->seats--;
            atomic_fetch_add(&j->workers, 1);
            pthread_mutex_unlock(&lock);
            run_pieces(j);
            pthread_mutex_lock(&lock);
            if (atomic_fetch_sub(&j->workers, 1) == 1)
                pthread_cond_broadcast(
                    &worker_left); /* j may be gone from here on once the lock is free */
            continue;
        }
        uint32_t seen = atomic_load(&post_count);
        pthread_mutex_unlock(&lock);
        for (int i = 0;
             i < SPINS && atomic_load_explicit(&post_count, memory_order_relaxed) == seen; i++)
            pause_briefly();
        pthread_mutex_lock(&lock);
        while (atomic_load(&post_count) == seen)
            pthread_cond_wait(&posted_changed, &lock);
    }
    return NULL;
}

/* The child of a fork has no workers, and may have inherited any state of the lock. */
static void forget_pool(void)
{
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&posted_changed, NULL);
    pthread_cond_init(&worker_left, NULL);
    posted = NULL;
    started = 0;
}

static void start_workers(int wanted)
{
    static bool registered;
    if (!registered)
        registered = pthread_atfork(NULL, NULL, forget_pool) == 0;
    pthread_attr_t attributes;
    if (started >= wanted || pthread_attr_init(&attributes))
        return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (pthread_t id; started < wanted && pthread_create(&id, &attributes, worker, NULL) == 0;)
        started++;
    pthread_attr_destroy(&attributes);
}

/* False when another thread's job is posted: the caller then works alone. */
static bool post(job *j)
{
    pthread_mutex_lock(&lock);
    bool is_free = !posted;
    if (is_free) {
        start_workers(j->seats);
        posted = j;
        atomic_fetch_add(&post_count, 1);
        if (j->seats == 1)
            pthread_cond_signal(&posted_changed);
        else
            pthread_cond_broadcast(&posted_changed);
    }
    pthread_mutex_unlock(&lock);
    return is_free;
}

static void withdraw(job *j)
{
    pthread_mutex_lock(&lock);
    posted = NULL;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < SPINS && atomic_load_explicit(&j->workers, memory_order_relaxed); i++)
        pause_briefly();
    pthread_mutex_lock(&lock);
    while (atomic_load(&j->workers))
        pthread_cond_wait(&worker_left, &lock);
    pthread_mutex_unlock(&lock);
}

void base_parallel(int64_t n, int64_t grain,
                   void (*body)(void *context, int64_t begin, int64_t end), void *context)
{
    if (n <= 0)
        return;
    grain = grain < 1 ? 1 : grain;
    int threads = inside || n <= grain ? 1 : base_threads();
    if (threads == 1) {
        body(context, 0, n);
        return;
    }
    /* Four pieces a thread even out unequal speeds; each a multiple of the grain. */
    int64_t grains = (n - 1) / grain + 1, piece = ((grains - 1) / (threads * 4) + 1) * grain;
    int64_t pieces = (n - 1) / piece + 1;
    job j = {body, context, n, piece, 0, (int)(pieces < threads ? pieces : threads) - 1, 0};
    if (!post(&j)) {
        body(context, 0, n);
        return;
    }
    run_pieces(&j);
    withdraw(&j);
}

static int default_threads(void)
{
    static _Atomic int known;
    int threads = atomic_load(&known);
    if (threads)
        return threads;
    const char *wanted = getenv("COTAN_THREADS");
    threads = wanted ? atoi(wanted) : 0;
    cpu_set_t cores;
    if (threads < 1)
        threads = sched_getaffinity(0, sizeof cores, &cores) == 0
                      ? CPU_COUNT(&cores)
                      : (int)sysconf(_SC_NPROCESSORS_ONLN);
    threads = threads < 1 ? 1 : threads > 1024 ? 1024 : threads;
    atomic_store(&known, threads);
    return threads;
}

int base_threads(void)
{
    int chosen = atomic_load_explicit(&chosen_threads, memory_order_relaxed);
    return chosen ? chosen : default_threads();
}

void base_set_threads(int threads)
{
    atomic_store(&chosen_threads, threads < 0 ? 0 : threads > 1024 ? 1024 : threads);
}
