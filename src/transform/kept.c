/* Programs of loop bodies and branches, traced once for each kind of arguments.
 *
 * The host keeps a function of this class beside each of its own (ct_kept), for as long as that
 * lives. What closes over tracers or mutable arrays, or was traced inside named axes, is traced
 * anew each time. */
#include "transform/kept.h"

#include <pthread.h>

#include "cotan/transform.h"

typedef struct kept_program {
    object head;
    const char *by;
    const char *names; /* core_names, which its equations carry */
    bool counts, x64;
    treedef *in_def, *out_def;
    jaxpr *j, *open; /* open: with constants as inputs; it holds j, so j cannot hold it */
} kept_program;

typedef struct kept_fn {
    struct ct_function head;
    ct_fn f;
    table programs;
    uint64_t epoch;
    pthread_mutex_t lock;
} kept_fn;

static _Atomic uint64_t epoch; /* of caches: goes up when they are cleared */

void kept_clear(void) { epoch++; }

static void program_destroy(object *o)
{
    kept_program *p = (kept_program *)o;
    object_release(p->in_def);
    object_release(p->out_def);
    object_release(p->open);
    object_release(p->j);
    base_free(p);
}
static const object_class program_class = {program_destroy};

static bool program_matches(const void *value, const void *probe)
{
    const kept_program *p = value;
    const kept_key *k = probe;
    if (p->by != k->by || p->names != core_names || p->counts != k->counts || p->x64 != array_x64 ||
        p->j->nin != k->n || !treedef_equal(p->in_def, k->in_def))
        return false;
    for (int64_t i = 0; i < k->n; i++)
        if (!aval_equal(&p->j->in[i]->aval, &k->in[i], true))
            return false;
    return true;
}

static uint64_t key_hash(const kept_key *k)
{
    uint64_t h = base_mix(k->in_def->hash, (uint64_t)k->n);
    for (int64_t i = 0; i < k->n; i++)
        h = base_mix(h, aval_hash(&k->in[i]));
    return h;
}

static void forget(table *programs)
{
    for (int64_t i = 0; i < programs->capacity; i++)
        object_release(programs->slots[i].value);
    table_free(programs);
}

static bool kept_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                      treedef **out_def, int64_t *nout, ct_array **out)
{
    return fn_call(((kept_fn *)base)->f, in_def, nin, in, out_def, nout, out);
}

static ct_fn kept_of(ct_fn base) { return ((kept_fn *)base)->f; }

static void kept_destroy(ct_fn base)
{
    kept_fn *k = (kept_fn *)base;
    forget(&k->programs);
    object_release(k->f);
    pthread_mutex_destroy(&k->lock);
}

static const fn_class kept_class = {.call = kept_call, .of = kept_of, .destroy = kept_destroy};

ct_fn ct_kept(ct_fn f)
{
    kept_fn *k = f ? (kept_fn *)fn_new(&kept_class, sizeof *k) : NULL;
    if (!k)
        return NULL;
    pthread_mutex_init(&k->lock, NULL);
    object_retain(f);
    k->f = f;
    return &k->head;
}

/* What was traced under another setting is no program of this function any more. */
static table outdated(kept_fn *k)
{
    table old = {0};
    if (k->epoch != epoch) {
        old = k->programs;
        k->programs = (table){0};
        k->epoch = epoch;
    }
    return old;
}

static bool in_named_axes(void)
{
    const axis_frame *f = core_axes;
    while (f && !f->name)
        f = f->outer;
    return f;
}

static bool may_keep(ct_fn f)
{
    return f->class == &kept_class && !in_named_axes() && !stage_folds_constants &&
           !core_checks.leaks;
}

jaxpr *kept_find(ct_fn f, const kept_key *key, treedef **out_def)
{
    if (!may_keep(f))
        return NULL;
    kept_fn *k = (kept_fn *)f;
    jaxpr *j = NULL;
    pthread_mutex_lock(&k->lock);
    table old = outdated(k);
    const kept_program *p = table_find(&k->programs, key_hash(key), program_matches, key);
    if (p) {
        j = p->j;
        *out_def = p->out_def;
        object_retain(j);
        object_retain(*out_def);
    }
    pthread_mutex_unlock(&k->lock);
    forget(&old);
    return j;
}

static bool is_closed(const jaxpr *j)
{
    for (int i = 0; i < j->nconsts; i++)
        if (!is_array(j->consts[i]) || j->consts[i]->aval.ref)
            return false;
    return !(j->effects & EFFECT_REF);
}

void kept_add(ct_fn f, const kept_key *key, jaxpr *j, treedef *out_def)
{
    if (!may_keep(f) || !is_closed(j))
        return;
    kept_fn *k = (kept_fn *)f;
    kept_program *p = base_zalloc(sizeof *p);
    if (!p)
        return; /* it is traced again next time */
    *p = (kept_program){.head = {&program_class, 1, KIND_OTHER},
                        .by = key->by,
                        .names = core_names,
                        .counts = key->counts,
                        .x64 = array_x64,
                        .in_def = (treedef *)(uintptr_t)key->in_def,
                        .out_def = out_def,
                        .j = j};
    object_retain(p->in_def);
    object_retain(p->out_def);
    object_retain(p->j);
    pthread_mutex_lock(&k->lock);
    table old = outdated(k);
    bool added = table_add(&k->programs, key_hash(key), p);
    pthread_mutex_unlock(&k->lock);
    forget(&old);
    if (!added)
        object_release(p);
}

jaxpr *kept_opened(const loop_part *part)
{
    jaxpr *open = jaxpr_consts_to_inputs(part->j);
    if (!open || !part->f || part->f->class != &kept_class)
        return open;
    kept_fn *k = (kept_fn *)part->f;
    pthread_mutex_lock(&k->lock);
    for (int64_t i = 0; i < k->programs.capacity; i++) {
        kept_program *p = k->programs.slots[i].value;
        if (!p || p->j != part->j)
            continue;
        jaxpr *first = p->open ? p->open : open;
        object_retain(first);
        if (p->open)
            object_release(open);
        p->open = open = first;
        break;
    }
    pthread_mutex_unlock(&k->lock);
    return open;
}
