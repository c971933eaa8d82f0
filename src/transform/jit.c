/* The jit operation (a call of a jaxpr) with its rules, and ct_jit: a function that is traced once
 * for each kind of arguments.
 *
 * The cache key is the structure of the arguments (static ones are part of it) and their avals. A
 * program whose constants are tracers of an enclosing transformation closes over them by taking
 * them as inputs, and is not kept. Next: program.c makes the derived programs. */
#include <pthread.h>

#include "cotan/transform.h"
#include "ops/ops.h"
#include "transform/transform.h"

/* ---- the operation ---- */

static bool jit_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    const jaxpr *j = ((const params_call *)params)->jaxpr;
    (void)o, (void)nin, (void)in, (void)a;
    if (*nout < j->nout)
        return false;
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

bool transform_run(jaxpr *j, int nin, const ct_array *in, const bool *donated, int nout,
                   ct_array *out)
{
    return core_backend ? core_backend->run(j, nin, in, donated, nout, out)
                        : jaxpr_eval(j, nin, in, nout, out);
}

static bool jit_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                     ct_array *out)
{
    (void)o;
    return transform_run(((const params_call *)params)->jaxpr, nin, in, NULL, nout, out);
}

static void bind_program(const params_call *like, jaxpr *j, int nin, const ct_array *in,
                         ct_array *out)
{
    params_call p = {.jaxpr = j, .name = j->name, .inlined = like->inlined};
    core_bind(&op_row_jit, &p, nin, in, j->nout, out);
}

bool jit_forward(trace *t, const void *params, jaxpr *j, int keep, int nin, const ct_array *in,
                 ct_array *out)
{
    arena memory = {0};
    int *input = arena_alloc(&memory, (size_t)(j->nout - keep + 1) * sizeof *input);
    bool *may = arena_alloc(&memory, (size_t)nin + 1);
    ct_array *results = arena_alloc(&memory, (size_t)(j->nout + 1) * sizeof *results);
    bool good = input && may && results;
    if (good)
        memset(may, 1, (size_t)nin);
    jaxpr *shorter = good ? jaxpr_forward(j, keep, may, input) : NULL;
    if (shorter && shorter->nout) {
        trace_context saved = trace_enter(t);
        bind_program(params, shorter, nin, in, results);
        trace_leave(saved);
    }
    good = shorter && values_good(shorter->nout, results);
    for (int k = 0; k < j->nout && good; k++)
        out[k] = k < keep || input[k - keep] < 0 ? *results++ : in[input[k - keep]];
    arena_free(&memory);
    return good;
}

static bool jit_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)o;
    const params_call *p = params;
    bool *nonzero = base_alloc((size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    ct_array *in = base_alloc((size_t)(2 * nin + 2 * nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    bool good = nonzero && in;
    int n = nin;
    for (int i = 0; i < nin && good; i++) {
        in[i] = primals[i];
        nonzero[i] = tangents[i] != NULL;
        if (tangents[i])
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? jaxpr_jvp(p->jaxpr, nonzero, false, out_nonzero) : NULL;
    good = made != NULL;
    if (good) {
        bind_program(p, made, n, in, results);
        good = values_good(made->nout, results);
        int next = nout;
        for (int i = 0; i < nout && good; i++) {
            out[i] = results[i];
            out_tangents[i] = out_nonzero[i] ? results[next++] : NULL;
        }
    }
    base_free(nonzero);
    base_free(in);
    return good;
}

static bool jit_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                          const ct_array *primals, const ct_array *tangents, int nout,
                          ct_array *out, ct_array *out_tangents)
{
    (void)o;
    const params_call *p = params;
    bool *nonzero = base_alloc((size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    if (!nonzero)
        return false;
    for (int i = 0; i < nin; i++)
        nonzero[i] = tangents[i] != NULL;
    jaxpr *known, *tangent;
    bool good = jaxpr_linearize(p->jaxpr, nonzero, out_nonzero, &known, &tangent);
    ct_array *results =
        good ? base_alloc((size_t)(known->nout + nin + nout + 1) * sizeof *results) : NULL;
    good = results && jit_forward(linearize_parent(t), p, known, nout, nin, primals, results);
    if (good)
        memcpy(out, results, (size_t)nout * sizeof *out);
    if (good && tangent->nout) {
        ct_array *in = results + nout,
                 *out_values = results + known->nout + nin; /* residuals, then tangents */
        int n = known->nout - nout;
        for (int i = 0; i < nin; i++)
            if (tangents[i])
                in[n++] = tangents[i];
        good = jit_forward(stage_as_trace(linearize_tangents(t)), p, tangent, tangent->nout, n, in,
                           out_values);
        int next = 0;
        for (int i = 0; i < nout && good; i++)
            out_tangents[i] = out_nonzero[i] ? out_values[next++] : NULL;
    }
    base_free(nonzero);
    base_free(results);
    return good;
}

static bool jit_transpose(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)in_avals;
    const params_call *p = params;
    bool *flags = base_alloc((size_t)(nin + nout + 1)), *ct_nonzero = flags + nin;
    ct_array *values = base_alloc((size_t)(2 * nin + nout + 1) * sizeof *values),
             *results = values + nin + nout;
    bool good = flags && values;
    int n = 0;
    for (int i = 0; i < nin && good; i++) {
        flags[i] = in[i] == NULL;
        if (in[i])
            values[n++] = in[i];
    }
    for (int i = 0; i < nout && good; i++) {
        ct_nonzero[i] = cts[i] != NULL;
        if (cts[i])
            values[n++] = cts[i];
    }
    jaxpr *made = good ? jaxpr_transpose(p->jaxpr, flags, ct_nonzero) : NULL;
    good = made != NULL;
    if (good) {
        bind_program(p, made, n, values, results);
        good = values_good(made->nout, results);
        int next = 0;
        for (int i = 0; i < nin && good; i++)
            out[i] = flags[i] ? results[next++] : NULL;
    }
    base_free(flags);
    base_free(values);
    return good;
}

static bool jit_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o;
    const params_call *p = params;
    bool *mapped = base_alloc((size_t)(nin + nout + 1)), *out_mapped = mapped + nin;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    bool good = mapped && values;
    for (int i = 0; i < nin && good; i++) {
        mapped[i] = dims[i] != NOT_MAPPED;
        good = !is_poison(values[i] = mapped[i] ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    jaxpr *made = good ? jaxpr_vmap(p->jaxpr, b, mapped, false, out_mapped) : NULL;
    good = made != NULL;
    if (good) {
        bind_program(p, made, nin, values, out);
        good = values_good(nout, out);
        for (int i = 0; i < nout; i++)
            out_dims[i] = out_mapped[i] ? 0 : NOT_MAPPED;
    }
    base_free(mapped);
    base_free(values);
    return good;
}

const op op_row_jit = {
    .name = "jit",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_jit,
    .fields = fields_call,
    .params_size = sizeof(params_call),
    .nfields = nfields_call,
    .abstract = jit_abstract,
    .call = jit_call,
    .jvp = jit_jvp,
    .transpose = jit_transpose,
    .vmap = jit_vmap,
    .linearize = jit_linearize,
};

/* ---- tracing a tree function ---- */

typedef struct traced_call {
    ct_fn f;
    const treedef *in_def;
    treedef *out_def;
} traced_call;

static bool run_traced(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    traced_call *c = env;
    object_release(c->out_def);
    return fn_call(c->f, c->in_def, nin, in, &c->out_def, &out->n, &out->at);
}

jaxpr *transform_stage_fn(ct_fn f, const treedef *in_def, int64_t n, const aval *in,
                          treedef **out_def)
{
    traced_call c = {f, in_def, NULL};
    jaxpr *j = transform_stage((flat){run_traced, &c, fn_name(f)}, n, in, fn_name(f));
    if (!j) {
        object_release(c.out_def);
        c.out_def = NULL;
    }
    *out_def = c.out_def;
    return j;
}

/* ---- jitted functions ---- */

typedef struct specialization {
    treedef *in_def, *out_def;
    jaxpr *j;
    bool *donated; /* NULL: none */
    bool x64;
} specialization;

typedef struct jitted {
    struct ct_function head;
    ct_fn f;
    table cache;
    pthread_mutex_t lock;
    int64_t *donate;
    int64_t ndonate;
    bool keep_unused, inlined;
} jitted;

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

static void specialization_free(specialization *s)
{
    object_release(s->in_def);
    object_release(s->out_def);
    object_release(s->j);
    base_free(s->donated);
    base_free(s);
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

static specialization *specialize(const jitted *f, const probe *p)
{
    specialization *s = base_zalloc(sizeof *s);
    aval *avals = base_alloc((size_t)(p->n + 1) * sizeof *avals);
    if (s && avals) {
        for (int64_t i = 0; i < p->n; i++)
            avals[i] = p->in[i]->aval;
        s->j = transform_stage_fn(f->f, p->in_def, p->n, avals, &s->out_def);
        s->in_def = (treedef *)(uintptr_t)p->in_def;
        object_retain(s->in_def);
        s->donated = s->j ? donated_leaves(f, p->in_def, p->n) : NULL;
        s->x64 = array_x64;
    }
    base_free(avals);
    if (s && (!s->j || (f->ndonate && (!s->donated || !usable_donations(s->donated, s->j))))) {
        specialization_free(s);
        return NULL;
    }
    return s;
}

static bool any_tracer(int64_t n, const ct_array *values)
{
    for (int64_t i = 0; i < n; i++)
        if (is_tracer(values[i]))
            return true;
    return false;
}

/* Runs or binds the program; out has j->nout entries. */
static bool apply_specialization(const jitted *f, const specialization *s, int64_t n,
                                 const ct_array *in, ct_array *out)
{
    if (!core_current && !any_tracer(n, in))
        return transform_run(s->j, (int)n, in, s->donated, s->j->nout, out);
    params_call p = {
        .jaxpr = s->j, .name = s->j->name, .keep_unused = f->keep_unused, .inlined = f->inlined};
    core_bind(&op_row_jit, &p, (int)n, in, s->j->nout, out);
    return values_good(s->j->nout, out);
}

/* A program that closes over tracers takes them as leading inputs. */
static bool apply_closed(const jitted *f, const specialization *s, int64_t n, const ct_array *in,
                         ct_array *out)
{
    jaxpr *open = jaxpr_consts_to_inputs(s->j);
    int total = s->j->nconsts + (int)n;
    ct_array *all = base_alloc((size_t)(total + 1) * sizeof *all);
    bool good = open && all;
    if (good) {
        memcpy(all, s->j->consts, (size_t)s->j->nconsts * sizeof *all);
        memcpy(all + s->j->nconsts, in, (size_t)n * sizeof *all);
        params_call p = {.jaxpr = open, .name = open->name, .inlined = f->inlined};
        core_bind(&op_row_jit, &p, total, all, open->nout, out);
        good = values_good(open->nout, out);
    }
    object_release(open);
    base_free(all);
    return good;
}

_Thread_local bool transform_disable_jit;

static bool jitted_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                        treedef **out_def, int64_t *nout, ct_array **out)
{
    jitted *f = (jitted *)base;
    if (transform_disable_jit)
        return fn_call(f->f, in_def, nin, in, out_def, nout, out);
    probe p = {in_def, nin, in};
    uint64_t hash = probe_hash(&p);
    pthread_mutex_lock(&f->lock);
    specialization *s = table_find(&f->cache, hash, specialization_matches, &p);
    pthread_mutex_unlock(&f->lock);
    bool keep = s;
    if (!s) {
        s = specialize(f, &p);
        if (!s)
            return false;
        if (!any_tracer(s->j->nconsts, s->j->consts)) {
            pthread_mutex_lock(&f->lock);
            keep = table_add(&f->cache, hash, s);
            pthread_mutex_unlock(&f->lock);
        }
    }
    *nout = s->j->nout;
    *out = base_alloc((size_t)(*nout + 1) * sizeof **out);
    bool good = *out && (keep ? apply_specialization(f, s, nin, in, *out)
                              : apply_closed(f, s, nin, in, *out));
    if (good) {
        *out_def = s->out_def;
        object_retain(*out_def);
    } else {
        base_free(*out);
        *out = NULL;
    }
    if (!keep)
        specialization_free(s);
    return good;
}

static const char *jitted_name(ct_fn base) { return fn_name(((jitted *)base)->f); }

void ct_jit_clear_cache(ct_fn base)
{
    jitted *f = (jitted *)base;
    for (int64_t i = 0; i < f->cache.capacity; i++)
        if (f->cache.slots[i].value)
            specialization_free(f->cache.slots[i].value);
    table_free(&f->cache);
    f->cache = (table){0};
}

static void jitted_destroy(ct_fn base)
{
    jitted *f = (jitted *)base;
    ct_jit_clear_cache(base);
    pthread_mutex_destroy(&f->lock);
    base_free(f->donate);
    object_release(f->f);
}

static const fn_class jitted_class = {jitted_call, jitted_name, jitted_destroy};

int64_t ct_jit_cache_size(ct_fn f)
{
    return f->class == &jitted_class ? ((jitted *)f)->cache.used : 0;
}

ct_fn ct_jit_(const ct_jit_args *args)
{
    if (!args->f)
        return NULL;
    jitted *f = (jitted *)fn_new(&jitted_class, sizeof *f);
    if (!f)
        return NULL;
    object_retain(args->f);
    f->f = args->f;
    pthread_mutex_init(&f->lock, NULL);
    f->keep_unused = args->keep_unused;
    f->inlined = args->inlined;
    if (args->donate_argnums.n) {
        f->donate = base_alloc((size_t)args->donate_argnums.n * sizeof *f->donate);
        if (!f->donate)
            return NULL;
        memcpy(f->donate, args->donate_argnums.at,
               (size_t)args->donate_argnums.n * sizeof *f->donate);
        f->ndonate = args->donate_argnums.n;
    }
    return &f->head;
}

char *ct_jaxpr_text(ct_fn f, int n, const ct_tree *args)
{
    int64_t nin;
    ct_array *in;
    treedef *out_def = NULL, *def = f ? fn_pack(n, args, &nin, &in) : NULL;
    if (!def)
        return NULL;
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    for (int64_t i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? transform_stage_fn(f, def, nin, avals, &out_def) : NULL;
    text t = {0};
    if (j)
        jaxpr_text(&t, j);
    object_release(out_def);
    object_release(def);
    base_free(avals);
    base_free(in);
    bool made = j;
    object_release(j);
    return made ? text_end(&t) : NULL;
}
