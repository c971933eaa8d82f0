/* Functions that are traced once for each kind of arguments: ct_jit, and what checkpoint makes.
 *
 * The cache key is the structure of the arguments (static ones are part of it) and their avals. A
 * program whose constants are tracers of an enclosing transformation closes over them by taking
 * them as inputs, and is not kept. Next: explain.c (why it was traced again). */
#include "transform/jitted.h"

#include <time.h>

#include "cotan/stages.h"
#include "ops/ops.h"
#include "transform/discharge.h"
#include "transform/kept.h"

/* ---- programs ---- */

static void specialization_destroy(object *o)
{
    specialization *s = (specialization *)o;
    object_release(s->in_def);
    object_release(s->out_def);
    object_release(s->open);
    object_release(s->j);
    base_free(s->donated);
    base_free(s->why);
    base_free(s);
}
static const object_class specialization_class = {specialization_destroy};

typedef struct probe {
    const treedef *in_def;
    int64_t n;
    const ct_array *in;
} probe;

static bool specialization_matches(const void *value, const void *key)
{
    const specialization *s = value;
    const probe *p = key;
    if (s->x64 != array_x64 || p->n != s->j->nin || !treedef_equal(s->in_def, p->in_def))
        return false;
    for (int64_t i = 0; i < p->n; i++)
        if (!aval_equal(&s->j->in[i]->aval, &p->in[i]->aval, true))
            return false;
    return true;
}

static uint64_t probe_hash(const probe *p)
{
    uint64_t h = p->in_def->hash;
    for (int64_t i = 0; i < p->n; i++) {
        const aval *a = &p->in[i]->aval;
        h = h * 0x9e3779b97f4a7c15u + (uint64_t)a->dtype + 64 * (uint64_t)a->weak +
            256 * (uint64_t)a->ndim;
        for (int k = 0; k < a->ndim; k++)
            h = (h ^ (uint64_t)a->shape[k]) * 0xff51afd7ed558ccdu;
    }
    return h ^ (h >> 29);
}

static bool *donated_leaves(const jitted *f, const treedef *in_def, int64_t n)
{
    if (!f->ndonate)
        return NULL;
    bool *donated = base_zalloc((size_t)n + 1);
    for (int64_t k = 0; k < f->ndonate && donated; k++) {
        int64_t first, count;
        if (f->donate[k] < 0 || f->donate[k] >= in_def->nodes[in_def->count - 1].arity - 1)
            continue;
        treedef *child = treedef_child(in_def, f->donate[k], &first, &count);
        object_release(child);
        memset(donated + first, 1, (size_t)count);
    }
    return donated;
}

/* Keeps the donations that a result can use: each result takes the first one of its type. Says
 * which are useless; false when the host makes an exception of that. */
static bool usable_donations(bool *donated, const jaxpr *j)
{
    text useless = {0};
    bool *taken = base_zalloc((size_t)j->nin + 1);
    int n = 0;
    for (int k = 0; k < j->nout && taken; k++)
        for (int i = 0; i < j->nin; i++)
            if (donated[i] && !taken[i] &&
                aval_equal(&j->in[i]->aval, atom_aval(&j->out[k]), false)) {
                taken[i] = true;
                break;
            }
    for (int i = 0; i < j->nin && taken; i++)
        if (donated[i] && !taken[i]) {
            text_add(&useless, n++ ? ", " : "Some donated buffers were not usable: ");
            aval_text(&useless, &j->in[i]->aval, false);
            donated[i] = false;
        }
    text_add(&useless, ". No result has their type.");
    char *message = text_end(&useless);
    bool good = taken && message && (!n || base_warn(message));
    base_free(message);
    base_free(taken);
    return good;
}

/* ---- why it was traced ---- */

/* The avals lie in the arena. */
static call_type type_of(const specialization *s, arena *a)
{
    aval *avals = arena_alloc(a, (size_t)(s->j->nin + 1) * sizeof *avals);
    for (int i = 0; i < s->j->nin && avals; i++)
        avals[i] = s->j->in[i]->aval;
    return (call_type){s->in_def, avals ? s->j->nin : 0, avals, s->x64};
}

enum { MOST_COMPARED = 64 };

/* What is new compared to the closest program that there is; NULL when there is none. */
static char *reason(jitted *f, const call_type *now)
{
    arena scratch = {0};
    call_type closest = {0};
    int64_t least = INT64_MAX;
    pthread_mutex_lock(&f->lock);
    for (int64_t i = 0, seen = 0; i < f->cache.capacity && seen < MOST_COMPARED; i++) {
        if (!f->cache.slots[i].value)
            continue;
        seen++;
        call_type other = type_of(f->cache.slots[i].value, &scratch);
        int64_t distance = call_distance(now, &other);
        if (!closest.in_def || distance < least) {
            closest = other;
            least = distance;
        }
    }
    text t = {0};
    if (closest.in_def && closest.n == treedef_leaves(closest.in_def))
        call_explain(&t, f->f, now, &closest);
    pthread_mutex_unlock(&f->lock);
    arena_free(&scratch);
    return t.n ? text_end(&t) : NULL;
}

void (*transform_observer)(const jit_event *e);

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- tracing ---- */

static bool any_tracer(int64_t n, const ct_array *values)
{
    for (int64_t i = 0; i < n; i++)
        if (is_tracer(values[i]))
            return true;
    return false;
}

static bool open_constants(const jitted *f, specialization *s)
{
    if (!any_tracer(s->j->nconsts, s->j->consts) && !(f->opens_all && s->j->nconsts))
        return true;
    s->open = jaxpr_consts_to_inputs(s->j);
    return s->open;
}

static specialization *fail_tracing(const jitted *f)
{
    text t = {0};
    traced of = traced_function(f->f, NULL, fn_name(f->f), f->by);
    traced_text(&t, &of);
    char *function = text_end(&t);
    base_fail(CT_RUNTIME_ERROR, "re-tracing function %s for `%s`, but 'no_tracing' is set",
              function ? function : "?", f->by);
    base_free(function);
    return NULL;
}

static specialization *specialize(jitted *f, const probe *p)
{
    specialization *s = base_zalloc(sizeof *s);
    aval *avals = base_alloc((size_t)(p->n + 1) * sizeof *avals);
    f->misses++;
    if (unlikely(core_checks.no_tracing))
        return fail_tracing(f);
    if (s && avals) {
        s->head = (object){&specialization_class, 1, KIND_OTHER};
        for (int64_t i = 0; i < p->n; i++)
            avals[i] = p->in[i]->aval;
        s->why = reason(f, &(call_type){p->in_def, p->n, avals, array_x64});
        double start = transform_observer ? seconds_now() : 0;
        s->j = transform_stage_fn(f->f, f->by, p->in_def, p->n, avals, &s->out_def);
        if (transform_observer && s->j)
            transform_observer(&(jit_event){.kind = JIT_TRACED,
                                            .f = f->f,
                                            .j = s->j,
                                            .seconds = seconds_now() - start,
                                            .why = s->why});
        s->in_def = (treedef *)(uintptr_t)p->in_def;
        object_retain(s->in_def);
        s->donated = s->j ? donated_leaves(f, p->in_def, p->n) : NULL;
        s->x64 = array_x64;
    }
    base_free(avals);
    if (s && (!s->j || !open_constants(f, s) ||
              (f->ndonate && (!s->donated || !usable_donations(s->donated, s->j))))) {
        if (s->head.class)
            object_release(s);
        else
            base_free(s);
        return NULL;
    }
    return s;
}

/* Compiles ahead of the first run, so that it can be told how long that took. */
static void compile_observed(const jitted *f, const specialization *s)
{
    double start = seconds_now();
    if (core_backend && !s->j->compiled && core_backend->compile(s->j) == CT_OK)
        transform_observer(&(jit_event){
            .kind = JIT_COMPILED, .f = f->f, .j = s->j, .seconds = seconds_now() - start});
}

/* A program that closes over mutable arrays takes them as its last inputs. */
static bool apply_with_refs(const jitted *f, const specialization *s, int64_t n, const ct_array *in,
                            ct_array *out)
{
    jaxpr *open = jaxpr_close_refs(s->j);
    ct_array *all = base_alloc((size_t)(n + s->j->nconsts + 1) * sizeof *all);
    bool good = open && all;
    if (good) {
        memcpy(all, in, (size_t)n * sizeof *all);
        n += jaxpr_ref_consts(s->j, all + n);
        good = f->bind(f, open, (int)n, all, out);
    }
    base_free(all);
    return good;
}

/* Runs or binds the program; out has j->nout entries. */
static bool apply_specialization(const jitted *f, const specialization *s, int64_t n,
                                 const ct_array *in, ct_array *out)
{
    if (unlikely(s->j->effects & EFFECT_REF) && !refs_are_distinct(f->f, s->in_def, s->j, n, in))
        return false;
    if (!core_current && !any_tracer(n, in)) {
        if (unlikely(transform_observer != NULL))
            compile_observed(f, s);
        return transform_run(s->j, (int)n, in, s->donated, s->j->nout, out);
    }
    if (unlikely(jaxpr_has_ref_consts(s->j)))
        return apply_with_refs(f, s, n, in, out);
    return f->bind(f, s->j, (int)n, in, out);
}

/* A program that closes over tracers takes them as leading inputs; that of checkpoint all it closes
 * over. */
static bool apply_closed(const jitted *f, const specialization *s, int64_t n, const ct_array *in,
                         ct_array *out)
{
    int total = s->j->nconsts + (int)n;
    ct_array *all = base_alloc((size_t)(total + 1) * sizeof *all);
    bool good = all;
    if (good) {
        memcpy(all, s->j->consts, (size_t)s->j->nconsts * sizeof *all);
        memcpy(all + s->j->nconsts, in, (size_t)n * sizeof *all);
        good = f->bind(f, s->open, total, all, out);
    }
    base_free(all);
    return good;
}

_Thread_local bool transform_disable_jit;

static const fn_class jitted_class = {
    .call = jitted_call, .of = jitted_of, .destroy = jitted_destroy};

bool jitted_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                 treedef **out_def, int64_t *nout, ct_array **out)
{
    jitted *f = (jitted *)base;
    if (transform_disable_jit && f->head.class == &jitted_class)
        return fn_call(f->f, in_def, nin, in, out_def, nout, out);
    probe p = {in_def, nin, in};
    uint64_t hash = probe_hash(&p);
    pthread_mutex_lock(&f->lock);
    specialization *s = table_find(&f->cache, hash, specialization_matches, &p);
    if (s) {
        object_retain(s);
        s->hits++;
        f->hits++;
    }
    pthread_mutex_unlock(&f->lock);
    if (!s) {
        s = specialize(f, &p);
        if (!s)
            return false;
        if (!any_tracer(s->j->nconsts, s->j->consts)) {
            pthread_mutex_lock(&f->lock);
            if (table_add(&f->cache, hash, s))
                object_retain(s);
            pthread_mutex_unlock(&f->lock);
        }
    }
    *nout = s->j->nout;
    *out = base_alloc((size_t)(*nout + 1) * sizeof **out);
    bool good = *out && (s->open ? apply_closed(f, s, nin, in, *out)
                                 : apply_specialization(f, s, nin, in, *out));
    if (good) {
        *out_def = s->out_def;
        object_retain(*out_def);
    } else {
        base_free(*out);
        *out = NULL;
    }
    object_release(s);
    return good;
}

ct_fn jitted_of(ct_fn base) { return ((jitted *)base)->f; }

static void clear_cache(jitted *f)
{
    pthread_mutex_lock(&f->lock);
    table old = f->cache;
    f->cache = (table){0};
    f->hits = f->misses = 0;
    pthread_mutex_unlock(&f->lock);
    for (int64_t i = 0; i < old.capacity; i++)
        object_release(old.slots[i].value);
    table_free(&old);
}

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static jitted *all;

static void enlist(jitted *f)
{
    pthread_mutex_lock(&all_lock);
    f->next = all;
    f->link = &all;
    if (all)
        all->link = &f->next;
    all = f;
    pthread_mutex_unlock(&all_lock);
}

void jitted_destroy(ct_fn base)
{
    jitted *f = (jitted *)base;
    pthread_mutex_lock(&all_lock);
    if (f->link) {
        *f->link = f->next;
        if (f->next)
            f->next->link = f->link;
    }
    pthread_mutex_unlock(&all_lock);
    clear_cache(f);
    pthread_mutex_destroy(&f->lock);
    base_free(f->donate);
    object_release(f->f);
}

static jitted *as_jitted(ct_fn f)
{
    return f && f->class->call == jitted_call ? (jitted *)f : NULL;
}

void ct_jit_clear_cache(ct_fn f)
{
    if (as_jitted(f))
        clear_cache(as_jitted(f));
}

static bool retain_living(jitted *f)
{
    _Atomic int32_t *refs = &f->head.head.refs;
    int32_t n = atomic_load(refs);
    while (n > 0 && !atomic_compare_exchange_weak(refs, &n, n + 1))
        continue;
    return n > 0;
}

/* Freed programs may free other jitted functions, which leave the list: so it is copied first. */
_Atomic uint64_t transform_epoch;

void ct_clear_caches(void)
{
    transform_epoch++;
    vec(jitted *) found = {0};
    kept_clear();
    pthread_mutex_lock(&all_lock);
    for (jitted *f = all; f; f = f->next)
        if (vec_reserve(&found, 1) && retain_living(f))
            found.at[found.n++] = f;
    pthread_mutex_unlock(&all_lock);
    for (int64_t i = 0; i < found.n; i++) {
        clear_cache(found.at[i]);
        object_release(found.at[i]);
    }
    vec_free(&found);
}

ct_cache_info ct_jit_cache_info(ct_fn f)
{
    const jitted *j = as_jitted(f);
    return j ? (ct_cache_info){j->hits, j->misses, j->cache.used} : (ct_cache_info){0};
}

ct_ints ct_jit_donated(ct_fn f)
{
    const jitted *j = as_jitted(f);
    return j ? (ct_ints){j->ndonate, j->donate} : (ct_ints){0};
}

static void program_text(text *t, const specialization *s)
{
    text_add(t, "%s(", s->j->name ? s->j->name : "program");
    for (int i = 0; i < s->j->nin; i++) {
        text_add(t, i ? ", " : "");
        aval_text(t, &s->j->in[i]->aval, false);
    }
    text_add(t, "): %lld hits; %s\n", (long long)s->hits, s->why ? s->why : "the first");
}

char *ct_jit_cache_text(ct_fn base)
{
    jitted *f = as_jitted(base);
    text t = {0};
    if (f) {
        pthread_mutex_lock(&f->lock);
        for (int64_t i = 0; i < f->cache.capacity; i++)
            if (f->cache.slots[i].value)
                program_text(&t, f->cache.slots[i].value);
        pthread_mutex_unlock(&f->lock);
    }
    return text_end(&t);
}

int64_t ct_jit_cache_size(ct_fn f) { return as_jitted(f) ? as_jitted(f)->cache.used : 0; }

/* ---- jit ---- */

typedef struct jit_fn {
    jitted base;
    bool keep_unused, inlined;
} jit_fn;

static bool bind_jit(const jitted *f, jaxpr *j, int nin, const ct_array *in, ct_array *out)
{
    const jit_fn *g = (const jit_fn *)f;
    params_call p = {
        .jaxpr = j, .name = j->name, .keep_unused = g->keep_unused, .inlined = g->inlined};
    core_bind(&op_row_jit, &p, nin, in, j->nout, out);
    return values_good(j->nout, out);
}

bool ct_jit_keeps_unused(ct_fn f)
{
    const jitted *j = as_jitted(f);
    return j && j->bind == bind_jit && ((const jit_fn *)f)->keep_unused;
}

jitted *jitted_new(const fn_class *class, size_t size, ct_fn f, const char *by, jitted_bind *bind)
{
    jitted *made = f ? (jitted *)fn_new(class, size) : NULL;
    if (!made)
        return NULL;
    object_retain(f);
    made->f = f;
    made->by = by;
    made->bind = bind;
    pthread_mutex_init(&made->lock, NULL);
    enlist(made);
    return made;
}

ct_fn ct_jit_(const ct_jit_args *args)
{
    jit_fn *f = (jit_fn *)jitted_new(&jitted_class, sizeof *f, args->f, "jit", bind_jit);
    if (!f)
        return NULL;
    f->keep_unused = args->keep_unused;
    f->inlined = args->inlined;
    if (args->donate_argnums.n) {
        f->base.donate = base_alloc((size_t)args->donate_argnums.n * sizeof *f->base.donate);
        if (!f->base.donate)
            return NULL;
        memcpy(f->base.donate, args->donate_argnums.at,
               (size_t)args->donate_argnums.n * sizeof *f->base.donate);
        f->base.ndonate = args->donate_argnums.n;
    }
    return &f->base.head;
}
