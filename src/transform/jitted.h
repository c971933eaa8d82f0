/* Functions that keep the programs that were traced of them, one for each kind of arguments: of jit
 * (jitted.c) and of checkpoint (checkpoint.c). */
#ifndef COTAN_SRC_JITTED_H
#define COTAN_SRC_JITTED_H
#include <pthread.h>

#include "transform/transform.h"

typedef struct specialization {
    object head; /* a call holds a reference while it runs: the cache may be cleared meanwhile */
    treedef *in_def, *out_def;
    jaxpr *j;
    jaxpr *open;   /* the same with its constants as leading inputs, if it is to be called so */
    bool *donated; /* NULL: none */
    bool x64;
    int64_t hits;
    char *why; /* what was new about the arguments; NULL for the first program */
} specialization;

typedef struct jitted jitted;
/* Binds the operation that runs this program; out has room for its results. */
typedef bool jitted_bind(const jitted *f, jaxpr *j, int nin, const ct_array *in, ct_array *out);
struct jitted {
    struct ct_function head;
    ct_fn f;
    const char *by; /* "jit", "checkpoint": for messages */
    jitted_bind *bind;
    bool opens_all; /* programs take all their constants as inputs, not tracers alone */
    table cache;
    pthread_mutex_t lock;
    int64_t *donate;
    int64_t ndonate, hits, misses;
    struct jitted *next, **link; /* all of them: for ct_clear_caches */
};

/* A zeroed struct of this size that starts with a `jitted`, owned by the scope. NULL when f is. */
jitted *jitted_new(const fn_class *class, size_t size, ct_fn f, const char *by, jitted_bind *bind);
/* For the class. */
CT_NODISCARD bool jitted_call(ct_fn f, const treedef *in_def, int64_t nin, const ct_array *in,
                              treedef **out_def, int64_t *nout, ct_array **out);
ct_fn jitted_of(ct_fn f);
void jitted_destroy(ct_fn f);
#endif
