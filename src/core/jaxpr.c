/* Building, owning, evaluating and comparing jaxprs. Printing: print.c; reading: parse.c; checking:
 * verify.c. */
#include "core/core.h"

/* What was made of a jaxpr: its derivative for some nonzero inputs, its batched form, ... A list,
 * since it is short. */
struct derived {
    const char *purpose;
    int64_t n, nextra;
    void *key;
    bool *extra;
    jaxpr *made;
    uint64_t epoch; /* core_rules_epoch when it was made */
    struct derived *next;
};

static void free_derived(struct derived *d)
{
    while (d) {
        struct derived *next = d->next;
        object_release(d->made);
        base_free(d);
        d = next;
    }
}

static void jaxpr_destroy(object *o)
{
    jaxpr *j = (jaxpr *)o;
    if (j->compiled && core_backend)
        core_backend->release(j->compiled);
    free_derived(j->derived);
    for (int64_t i = 0; i < j->refs.held.n; i++)
        object_release(j->refs.held.at[i]);
    vec_free(&j->refs.held);
    arena_free(&j->arena);
    base_free(j);
}
static const object_class jaxpr_class = {jaxpr_destroy};

jaxpr *jaxpr_new(void)
{
    jaxpr *j = base_zalloc(sizeof *j);
    if (j)
        j->head = (object){&jaxpr_class, 1, KIND_OTHER};
    return j;
}

bool jaxpr_hold(jaxpr *j, void *o)
{
    object_retain(o);
    if (vec_push(&j->refs.held, (object *)o))
        return true;
    object_release(o);
    return false;
}

var *jaxpr_var(jaxpr *j, const aval *a)
{
    var *v = arena_alloc(&j->arena, sizeof *v + (size_t)a->ndim * sizeof(int64_t));
    if (!v)
        return NULL;
    int64_t *shape = (int64_t *)(v + 1);
    if (a->ndim)
        memcpy(shape, a->shape, (size_t)a->ndim * sizeof *shape);
    *v = (var){.aval = {a->dtype, a->weak, a->ndim, shape, a->ref}, .id = j->nvars++};
    return v;
}

uint32_t op_effects(const op *o, const void *params)
{
    uint32_t effects = o->effects ? o->effects(o, params) : o->flags & OP_EFFECT ? EFFECT_OTHER : 0;
    const jaxpr *inner;
    for (int64_t i = 0; (inner = params_program(o, params, i)); i++)
        effects |= inner->effects;
    return effects;
}

/* Interpreters and passes walk programs inside programs by recursion: none may be too deep for it.
 */
static bool take_depth(jaxpr *j, const op *o, const void *params)
{
    const jaxpr *inner;
    for (int64_t i = 0; (inner = params_program(o, params, i)); i++)
        if (j->depth <= inner->depth)
            j->depth = inner->depth + 1;
    if (likely(j->depth <= PROGRAM_DEPTH))
        return true;
    base_fail(CT_RECURSION_ERROR,
              "maximum recursion depth exceeded: %s would hold programs inside one another deeper "
              "than %d. Repeat a step by scan or fori_loop instead.",
              o->name, PROGRAM_DEPTH);
    return false;
}

eqn *jaxpr_eqn(jaxpr *j, eqn **tail, const op *o, const void *params, int nin, const atom *in,
               int nout, var *const *out)
{
    eqn *e = arena_alloc(&j->arena, sizeof *e);
    atom *ins = arena_copy(&j->arena, in, (size_t)nin * sizeof *in);
    var **outs = arena_copy(&j->arena, out, (size_t)nout * sizeof *out);
    const void *copy = params_copy(o, params, &j->arena, &j->refs);
    if (!e || !ins || !outs || !copy || !take_depth(j, o, copy))
        return NULL;
    *e = (eqn){.op = o,
               .params = copy,
               .nin = nin,
               .nout = nout,
               .in = ins,
               .out = outs,
               .name_stack = core_names,
               .source = core_line   ? core_line
                         : core_here ? core_here()
                                     : NULL};
    if (*tail)
        (*tail)->next = e;
    else
        j->eqns = e;
    *tail = e;
    j->neqns++;
    j->effects |= op_effects(o, copy);
    return e;
}

static void number(var *v, int32_t *next)
{
    v->id = (*next)++;
    v->uses = 0;
}

static void use(const atom *a)
{
    if (a->var)
        a->var->uses++;
}

bool jaxpr_finish(jaxpr *j)
{
    int32_t next = 0;
    for (int i = 0; i < j->nconsts; i++)
        number(j->constvars[i], &next);
    for (int i = 0; i < j->nin; i++)
        number(j->in[i], &next);
    for (eqn *e = j->eqns; e; e = e->next)
        for (int i = 0; i < e->nout; i++)
            if (e->out[i])
                number(e->out[i], &next);
    j->nvars = next;
    for (eqn *e = j->eqns; e; e = e->next)
        for (int i = 0; i < e->nin; i++)
            use(&e->in[i]);
    for (int i = 0; i < j->nout; i++)
        use(&j->out[i]);
#ifdef COTAN_VERIFY
    return jaxpr_verify(j);
#else
    return likely(!core_checks.programs) || jaxpr_verify(j);
#endif
}

/* ---- derived programs ---- */

static struct derived *find_derived(const jaxpr *j, const char *purpose, int64_t n, const void *key)
{
    for (struct derived *d = j->derived; d; d = d->next)
        if (d->n == n && d->epoch == core_rules_epoch && !strcmp(d->purpose, purpose) &&
            (!n || !memcmp(d->key, key, (size_t)n)))
            return d;
    return NULL;
}

jaxpr *jaxpr_derived(const jaxpr *j, const char *purpose, int64_t n, const void *key)
{
    struct derived *d = find_derived(j, purpose, n, key);
    return d ? d->made : NULL;
}

const bool *jaxpr_derived_extra(const jaxpr *j, const char *purpose, int64_t n, const void *key)
{
    struct derived *d = find_derived(j, purpose, n, key);
    return d ? d->extra : NULL;
}

bool jaxpr_derive(jaxpr *j, const char *purpose, int64_t n, const void *key, jaxpr *made,
                  int64_t nextra, const bool *extra)
{
    struct derived *d = base_alloc(sizeof *d + (size_t)(n + nextra));
    if (!d)
        return false;
    char *keys = (char *)(d + 1);
    if (n)
        memcpy(keys, key, (size_t)n);
    if (nextra)
        memcpy(keys + n, extra, (size_t)nextra);
    object_retain(made);
    *d = (struct derived){purpose,          n,         nextra, keys, (bool *)(keys + n), made,
                          core_rules_epoch, j->derived};
    j->derived = d;
    return true;
}

/* ---- evaluation ---- */

/* Values by variable id; each is retained by the environment until its last use, so that long
 * programs keep little alive. */
typedef struct environment {
    ct_array *values;
    int32_t *left; /* uses to come */
} environment;

static ct_array read_atom(const environment *env, const atom *a)
{
    return a->var ? env->values[a->var->id] : a->literal;
}

static void done_with(environment *env, const atom *a)
{
    if (a->var && --env->left[a->var->id] == 0) {
        object_release(env->values[a->var->id]);
        env->values[a->var->id] = NULL;
    }
}

static void define(environment *env, const var *v, ct_array value)
{
    if (!v || !v->uses)
        return;
    object_retain(value);
    env->values[v->id] = value;
    env->left[v->id] = v->uses;
}

eqn_context eqn_enter(const eqn *e)
{
    eqn_context before = {core_names, core_line};
    if (e->name_stack)
        core_names = e->name_stack;
    if (e->source)
        core_line = e->source;
    return before;
}

void eqn_leave(const eqn *e, eqn_context before, bool good)
{
    core_names = before.names;
    core_line = before.line;
    if (likely(good) || !e->source || !e->source->file)
        return;
    text t = {0};
    source_text(&t, e->source);
    char *s = text_end(&t);
    if (s)
        base_fail_at(s);
    base_free(s);
}

void eqn_bind(const eqn *e, const ct_array *in, ct_array *out)
{
    eqn_context before = eqn_enter(e);
    core_bind(e->op, e->params, e->nin, in, e->nout, out);
    eqn_leave(e, before, ct_ok());
}

static bool eval_eqn(environment *env, const eqn *e)
{
    enum { FEW = 24 };
    ct_array few[2 * FEW];
    bool many = e->nin > FEW || e->nout > FEW;
    ct_array *in = many ? base_alloc((size_t)(e->nin + e->nout) * sizeof *in) : few;
    if (!in)
        return false;
    ct_array *out = in + (many ? e->nin : FEW);
    for (int i = 0; i < e->nin; i++)
        in[i] = read_atom(env, &e->in[i]);
    ct_scope scope = ct_begin();
    eqn_bind(e, in, out);
    bool good = true;
    for (int i = 0; i < e->nout; i++) {
        good = good && !is_poison(out[i]);
        define(env, e->out[i], out[i]);
    }
    scope_end(scope, NULL);
    for (int i = 0; i < e->nin; i++)
        done_with(env, &e->in[i]);
    if (many)
        base_free(in);
    return good;
}

bool jaxpr_eval(const jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out)
{
    if (nin != j->nin || nout != j->nout) {
        base_fail(CT_TYPE_ERROR,
                  "the program takes %d inputs and gives %d results, but got %d and %d", j->nin,
                  j->nout, nin, nout);
        return false;
    }
    environment env = {base_zalloc((size_t)j->nvars * sizeof(ct_array) + 1),
                       base_zalloc((size_t)j->nvars * sizeof(int32_t) + 1)};
    bool good = base_has_stack() && env.values && env.left;
    for (int i = 0; i < j->nconsts && good; i++)
        define(&env, j->constvars[i], j->consts[i]);
    for (int i = 0; i < j->nin && good; i++)
        define(&env, j->in[i], in[i]);
    for (const eqn *e = j->eqns; e && good; e = e->next)
        good = eval_eqn(&env, e);
    for (int i = 0; i < nout; i++) {
        out[i] = good ? read_atom(&env, &j->out[i]) : array_poison;
        if (!good)
            continue;
        object_retain(out[i]);
        if (!scope_own(out[i]))
            out[i] = array_poison;
    }
    for (int i = 0; i < j->nvars && env.values; i++)
        object_release(env.values[i]);
    base_free(env.values);
    base_free(env.left);
    return good;
}

/* ---- copies, equality ---- */

jaxpr *jaxpr_with_same_equations(const jaxpr *j)
{
    jaxpr *copy = jaxpr_new();
    if (!copy)
        return NULL;
    if (!jaxpr_hold(copy, (void *)(uintptr_t)j)) {
        object_release(copy);
        return NULL;
    }
    copy->nout = j->nout;
    copy->nvars = j->nvars;
    copy->neqns = j->neqns;
    copy->out = j->out;
    copy->eqns = j->eqns;
    copy->effects = j->effects;
    copy->depth = j->depth;
    copy->name = j->name;
    copy->where = j->where;
    return copy;
}

jaxpr *jaxpr_consts_to_inputs(const jaxpr *j)
{
    jaxpr *copy = jaxpr_with_same_equations(j);
    if (!copy)
        return NULL;
    int n = j->nconsts + j->nin;
    copy->in = arena_alloc(&copy->arena, (size_t)(n + 1) * sizeof *copy->in);
    if (!copy->in) {
        object_release(copy);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        copy->in[i] = i < j->nconsts ? j->constvars[i] : j->in[i - j->nconsts];
    copy->nin = n;
    return copy;
}

jaxpr *jaxpr_inputs_to_consts(const jaxpr *j, int n, const ct_array *consts)
{
    jaxpr *copy = jaxpr_with_same_equations(j);
    if (!copy)
        return NULL;
    bool good = true;
    for (int i = 0; i < n && good; i++)
        good = jaxpr_hold(copy, consts[i]);
    copy->consts = arena_copy(&copy->arena, consts, (size_t)n * sizeof *consts);
    if (!good || !copy->consts) {
        object_release(copy);
        return NULL;
    }
    copy->nconsts = n;
    copy->constvars = j->in;
    copy->in = j->in + n;
    copy->nin = j->nin - n;
    return copy;
}

static bool atoms_equal(const atom *a, const atom *b)
{
    if (a->var || b->var)
        return a->var && b->var && a->var->id == b->var->id;
    return aval_equal(&a->literal->aval, &b->literal->aval, true) &&
           (a->literal == b->literal || !memcmp(a->literal->data, b->literal->data,
                                                dtype_table[a->literal->aval.dtype].itemsize));
}

static bool eqns_equal(const eqn *a, const eqn *b)
{
    if (a->op != b->op || a->nin != b->nin || a->nout != b->nout ||
        !params_equal(a->op, a->params, b->params))
        return false;
    for (int i = 0; i < a->nin; i++)
        if (!atoms_equal(&a->in[i], &b->in[i]))
            return false;
    for (int i = 0; i < a->nout; i++)
        if (!a->out[i] != !b->out[i] || (a->out[i] && a->out[i]->id != b->out[i]->id))
            return false;
    return true;
}

bool jaxpr_equal(const jaxpr *a, const jaxpr *b)
{
    if (a == b)
        return true;
    if (a->nconsts != b->nconsts || a->nin != b->nin || a->nout != b->nout ||
        a->neqns != b->neqns || a->nvars != b->nvars)
        return false;
    for (int i = 0; i < a->nconsts; i++)
        if (a->consts[i] != b->consts[i])
            return false;
    for (int i = 0; i < a->nin; i++)
        if (!aval_equal(&a->in[i]->aval, &b->in[i]->aval, true))
            return false;
    for (const eqn *x = a->eqns, *y = b->eqns; x && y; x = x->next, y = y->next)
        if (!eqns_equal(x, y))
            return false;
    for (int i = 0; i < a->nout; i++)
        if (!atoms_equal(&a->out[i], &b->out[i]))
            return false;
    return true;
}

static uint64_t atom_hash(const atom *a)
{
    if (a->var)
        return (uint64_t)a->var->id;
    const struct ct_value *l = a->literal;
    return base_mix(aval_hash(&l->aval),
                    base_hash(l->data, dtype_table[l->aval.dtype].itemsize, 0));
}

/* Constants count with their avals alone: the compiler takes them as inputs, so programs that
 * differ in them share code. */
static uint64_t hash_of(const jaxpr *j)
{
    uint64_t h = base_mix((uint64_t)j->nin, (uint64_t)j->nout);
    for (int i = 0; i < j->nconsts; i++)
        h = base_mix(h, aval_hash(&j->constvars[i]->aval));
    for (int i = 0; i < j->nin; i++)
        h = base_mix(h, aval_hash(&j->in[i]->aval));
    for (const eqn *e = j->eqns; e; e = e->next) {
        h = base_mix(h, params_hash(e->op, e->params));
        for (int i = 0; i < e->nin; i++)
            h = base_mix(h, atom_hash(&e->in[i]));
        for (int i = 0; i < e->nout; i++)
            h = base_mix(h, e->out[i] ? aval_hash(&e->out[i]->aval) : 0);
    }
    for (int i = 0; i < j->nout; i++)
        h = base_mix(h, atom_hash(&j->out[i]));
    return h;
}

uint64_t jaxpr_hash(const jaxpr *j)
{
    uint64_t h = atomic_load_explicit(&j->hash, memory_order_relaxed);
    if (!h) {
        h = hash_of(j) | 1;
        atomic_store_explicit(&((jaxpr *)(uintptr_t)j)->hash, h, memory_order_relaxed);
    }
    return h;
}
