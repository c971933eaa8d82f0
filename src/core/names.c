/* Names of the parts of a program: a stack for the thread, written on each equation as "a/b".
 *
 * Stacks are kept for good, each once: programs name few parts, and equations only point. */
#include <pthread.h>

#include "core/core.h"
#include "cotan/stages.h"

_Thread_local const char *core_names;

typedef struct names {
    struct names *next;
    const char *below; /* the stack without its last name */
    char text[];
} names;

static names *names_of(const char *stack)
{
    return (names *)(uintptr_t)(stack - offsetof(names, text));
}

static names *make(const char *below, const char *name)
{
    size_t n = below ? strlen(below) + 1 : 0, m = strlen(name);
    names *s = base_alloc(sizeof *s + n + m + 1);
    if (!s)
        return NULL;
    s->below = below;
    if (n) {
        memcpy(s->text, below, n - 1);
        s->text[n - 1] = '/';
    }
    memcpy(s->text + n, name, m + 1);
    return s;
}

void ct_push_name(const char *name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static names *all;
    size_t n = core_names ? strlen(core_names) + 1 : 0;
    pthread_mutex_lock(&lock);
    names *s = all;
    while (s && (s->below != core_names || strcmp(s->text + n, name)))
        s = s->next;
    if (!s && (s = make(core_names, name))) {
        s->next = all;
        all = s;
    }
    pthread_mutex_unlock(&lock);
    if (s)
        core_names = s->text;
}

void ct_pop_name(void)
{
    if (core_names)
        core_names = names_of(core_names)->below;
}
