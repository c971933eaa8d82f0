/* Random keys that are used twice (jax_debug_key_reuse).
 *
 * Keys are used up by drawing from them and by splitting them. A program is looked through once
 * before it runs: which of its arguments' keys it uses up, whether it uses one twice, and which of
 * its results are fresh keys. Concrete keys remember in their buffer which of them are used up. */
#include "ops/ops.h"
#include "ops/params.h"
#include "transform/cond.h"
#include "transform/scan.h"
#include "transform/while.h"

/* What a result is: a fresh key, one that is used up, or (>= 0) an operand under another shape. */
enum { FRESH = -1, USED_UP = -2 };

typedef struct key_use {
    uint8_t **uses; /* by operand: NULL, or which of its keys are used up */
    int *gives;     /* by result */
} key_use;

static bool is_key(const aval *a) { return dtype_is((ct_dtype)a->dtype, FAMILY_KEY); }

static int64_t count(const aval *a)
{
    int64_t n = 1;
    for (int i = 0; i < a->ndim; i++)
        n *= a->shape[i];
    return n;
}

static bool make_use(key_use *u, int nin, int nout, arena *a)
{
    u->uses = arena_alloc(a, (size_t)(nin + 1) * sizeof *u->uses);
    u->gives = arena_alloc(a, (size_t)(nout + 1) * sizeof *u->gives);
    for (int i = 0; i < nin && u->uses; i++)
        u->uses[i] = NULL;
    for (int i = 0; i < nout && u->gives; i++)
        u->gives[i] = FRESH;
    return u->uses && u->gives;
}

static uint8_t *mask_of(const aval *a, bool all, arena *memory)
{
    size_t n = (size_t)count(a);
    uint8_t *mask = arena_alloc(memory, n + 1);
    if (mask)
        memset(mask, all, n + 1);
    return mask;
}

static bool use_all(key_use *u, int i, const aval *in, arena *a)
{
    return !is_key(&in[i]) || (u->uses[i] = mask_of(&in[i], true, a)) != NULL;
}

/* A slice uses up the keys that it takes. */
static bool use_slice(key_use *u, const params_slice *p, const aval *in, arena *a)
{
    uint8_t *mask = mask_of(in, false, a);
    int64_t n = count(in);
    for (int64_t k = 0; k < n && mask; k++) {
        bool inside = true;
        int64_t rest = k;
        for (int d = in->ndim; d-- > 0;) {
            int64_t at = rest % in->shape[d], step = p->strides.n ? p->strides.at[d] : 1;
            rest /= in->shape[d];
            inside = inside && at >= p->start_indices.at[d] && at < p->limit_indices.at[d] &&
                     (at - p->start_indices.at[d]) % step == 0;
        }
        mask[k] = inside;
    }
    return (u->uses[0] = mask) != NULL;
}

static bool uses_of(const op *o, const void *params, int nin, const aval *in, int nout, key_use *u,
                    arena *a);

/* ---- programs ---- */

typedef struct key_state {
    int32_t root; /* the variable whose keys these are */
    uint8_t *used;
    int64_t n;
} key_state;

static key_state *state_of(key_state *all, const var *v)
{
    int32_t id = v->id;
    while (all[id].root != id)
        id = all[id].root;
    return &all[id];
}

static bool begin_state(key_state *all, const var *v, bool used, arena *a)
{
    if (!is_key(&v->aval))
        return true;
    all[v->id] = (key_state){v->id, mask_of(&v->aval, used, a), count(&v->aval)};
    return all[v->id].used;
}

/* False where one of the keys is used up already. */
static bool use_keys(uint8_t *used, int64_t n, const uint8_t *mask, int64_t m)
{
    bool any = false;
    for (int64_t k = 0; k < m; k++)
        any = any || mask[k];
    for (int64_t k = 0; k < n; k++)
        if (n == m ? mask[k] : any) {
            if (used[k])
                return false;
            used[k] = 1;
        }
    return true;
}

static bool follow_eqn(key_state *all, const eqn *e, arena *a)
{
    aval *in = arena_alloc(a, (size_t)(e->nin + 1) * sizeof *in);
    key_use u;
    for (int i = 0; i < e->nin && in; i++)
        in[i] = *atom_aval(&e->in[i]);
    if (!in || !uses_of(e->op, e->params, e->nin, in, e->nout, &u, a))
        return false;
    for (int i = 0; i < e->nin; i++) {
        if (!u.uses[i] || !e->in[i].var)
            continue;
        key_state *s = state_of(all, e->in[i].var);
        if (!use_keys(s->used, s->n, u.uses[i], count(&in[i]))) {
            base_fail(CT_KEY_REUSE_ERROR, "In %s, argument %d is already consumed.", e->op->name,
                      i);
            return false;
        }
    }
    for (int i = 0; i < e->nout; i++) {
        if (!e->out[i] || !is_key(&e->out[i]->aval))
            continue;
        if (u.gives[i] >= 0 && e->in[u.gives[i]].var)
            all[e->out[i]->id].root = state_of(all, e->in[u.gives[i]].var)->root;
        else if (!begin_state(all, e->out[i], u.gives[i] == USED_UP, a))
            return false;
    }
    return true;
}

/* Arguments, then constants, are the operands. */
static bool uses_of_program(const jaxpr *j, key_use *u, arena *a)
{
    int n = j->nin + j->nconsts;
    key_state *all = arena_alloc(a, (size_t)(j->nvars + 1) * sizeof *all);
    bool good = make_use(u, n, j->nout, a) && all;
    for (int i = 0; i < n && good; i++)
        good = begin_state(all, i < j->nin ? j->in[i] : j->constvars[i - j->nin], false, a);
    for (const eqn *e = j->eqns; e && good; e = e->next) {
        eqn_context before = eqn_enter(e);
        good = follow_eqn(all, e, a);
        eqn_leave(e, before, good);
    }
    for (int i = 0; i < n && good; i++) {
        const var *v = i < j->nin ? j->in[i] : j->constvars[i - j->nin];
        if (is_key(&v->aval) && memchr(all[v->id].used, 1, (size_t)all[v->id].n))
            u->uses[i] = all[v->id].used;
    }
    for (int i = 0; i < j->nout && good; i++) {
        const var *v = j->out[i].var;
        if (!v || !is_key(&v->aval))
            continue;
        const key_state *s = state_of(all, v);
        u->gives[i] = memchr(s->used, 1, (size_t)s->n) ? USED_UP : FRESH;
        for (int k = 0; k < j->nin; k++)
            if (s->root == j->in[k]->id)
                u->gives[i] = k;
    }
    return good;
}

/* ---- control flow ---- */

static bool fail_repeated(const char *what, const char *why)
{
    base_fail(CT_KEY_REUSE_ERROR,
              "%s function leads to key reuse when repeatedly executed, because %s", what, why);
    return false;
}

/* A body of a loop: constants are the same in every step, and what a step uses up of the carry it
 * must give back fresh. */
static bool check_body(const char *what, const key_use *u, int consts, int carry)
{
    for (int i = 0; i < consts; i++)
        if (u->uses[i])
            return fail_repeated(what, "key constants are repeatedly consumed");
    for (int i = 0; i < carry; i++)
        if (u->uses[consts + i] && u->gives[i] != FRESH)
            return fail_repeated(what, "consumed inputs don't match sourced outputs");
    return true;
}

static bool uses_of_scan(const params_scan *p, int nin, const aval *in, int nout, key_use *u,
                         arena *a)
{
    key_use body;
    int consts = (int)p->num_consts, carry = (int)p->num_carry;
    if (!make_use(u, nin, nout, a) || !uses_of_program(p->jaxpr, &body, a) ||
        !check_body("scan body", &body, consts, carry))
        return false;
    for (int i = consts; i < nin; i++)
        if (body.uses[i] && !use_all(u, i, in, a))
            return false;
    for (int i = 0; i < nout; i++)
        u->gives[i] = body.gives[i] >= 0 && (body.gives[i] != consts + i || i >= carry) ? USED_UP
                      : body.gives[i] >= 0                                              ? consts + i
                                           : body.gives[i];
    return true;
}

static bool uses_of_while(const params_while *p, int nin, const aval *in, int nout, key_use *u,
                          arena *a)
{
    key_use cond, body;
    int first = (int)p->cond_nconsts, consts = (int)p->body_nconsts;
    if (!make_use(u, nin, nout, a) || !uses_of_program(p->cond, &cond, a) ||
        !uses_of_program(p->body, &body, a))
        return false;
    for (int i = 0; i < p->cond->nin; i++)
        if (cond.uses[i])
            return fail_repeated("while_loop cond", "it consumes keys that the body has too");
    if (!check_body("while_loop body", &body, consts, nout))
        return false;
    for (int i = 0; i < nout; i++) {
        int at = first + consts + i;
        if (body.uses[consts + i] && !use_all(u, at, in, a))
            return false;
        u->gives[i] = body.gives[i] < 0 ? body.gives[i] : at;
    }
    return true;
}

static bool uses_of_cond(const params_cond *p, int nin, int nout, key_use *u, arena *a)
{
    if (!make_use(u, nin, nout, a))
        return false;
    for (int64_t b = 0; b < p->branches.n; b++) {
        key_use branch;
        if (!uses_of_program(p->branches.at[b], &branch, a))
            return false;
        for (int i = 0; i + 1 < nin; i++) {
            uint8_t **all = &u->uses[i + 1], *one = branch.uses[i];
            for (int64_t k = 0; *all && one && k < count(&p->branches.at[b]->in[i]->aval); k++)
                (*all)[k] |= one[k];
            *all = *all ? *all : one;
        }
        for (int i = 0; i < nout; i++) {
            int gives = branch.gives[i] < 0 ? branch.gives[i] : branch.gives[i] + 1;
            u->gives[i] = !b || u->gives[i] == gives ? gives : USED_UP;
        }
    }
    return true;
}

/* ---- operations ---- */

static bool uses_of(const op *o, const void *params, int nin, const aval *in, int nout, key_use *u,
                    arena *a)
{
    switch (o->code) {
    case OP_jit:
    case OP_remat2:
        return uses_of_program(params_jaxpr(o, params), u, a);
    case OP_scan:
        return uses_of_scan(params, nin, in, nout, u, a);
    case OP_while:
        return uses_of_while(params, nin, in, nout, u, a);
    case OP_cond:
        return uses_of_cond(params, nin, nout, u, a);
    }
    if (!make_use(u, nin, nout, a))
        return false;
    switch (o->code) {
    case OP_random_seed:
    case OP_random_wrap:
    case OP_random_unwrap:
    case OP_random_clone:
    case OP_random_fold_in:
    case OP_eq:
    case OP_ne:
    case OP_debug_callback:
        return true;
    case OP_broadcast_in_dim:
    case OP_copy:
    case OP_convert_element_type:
    case OP_reshape:
    case OP_squeeze:
    case OP_dynamic_slice:
    case OP_gather:
        u->gives[0] = 0;
        return true;
    case OP_dynamic_update_slice:
        u->gives[0] = 0;
        return use_all(u, 1, in, a);
    case OP_scatter:
        u->gives[0] = 0;
        return use_all(u, 2, in, a);
    case OP_slice:
        return !is_key(&in[0]) || use_slice(u, params, in, a);
    case OP_concatenate:
        u->gives[0] = nin == 1 ? 0 : FRESH;
        break;
    case OP_random_bits:
    case OP_random_split:
    case OP_random_gamma:
        break;
    default: /* what is not known uses keys up */
        for (int i = 0; i < nout; i++)
            u->gives[i] = USED_UP;
    }
    for (int i = 0; i < nin; i++)
        if (!(o->code == OP_concatenate && nin == 1) && !use_all(u, i, in, a))
            return false;
    return true;
}

/* ---- concrete keys ---- */

static int64_t first_key(ct_array x)
{
    return ((const char *)x->data - (const char *)x->buffer->data) /
           (int64_t)dtype_table[x->aval.dtype].itemsize;
}

/* Whether any of the marked keys is used up. */
static bool any_used(ct_array x, const uint8_t *mask)
{
    int64_t first = first_key(x);
    for (int64_t k = 0; x->buffer->used && k < x->size; k++)
        if ((!mask || mask[k]) && x->buffer->used[first + k])
            return true;
    return false;
}

static bool mark_used(ct_array x, const uint8_t *mask)
{
    size_t n = x->buffer->bytes / dtype_table[x->aval.dtype].itemsize;
    if (!x->buffer->used && !(x->buffer->used = base_zalloc(n + 1)))
        return false;
    for (int64_t k = 0; k < x->size; k++)
        if (!mask || mask[k])
            x->buffer->used[first_key(x) + k] = 1;
    return true;
}

static bool concrete_key(ct_array x)
{
    return is_array(x) && is_key(&x->aval) && !array_deleted(x) && x->size;
}

static bool check_keys(const key_use *u, int n, const ct_array *in, const char *who)
{
    for (int i = 0; i < n; i++)
        if (u->uses[i] && concrete_key(in[i]) && any_used(in[i], u->uses[i])) {
            base_fail(CT_KEY_REUSE_ERROR, "Previously-consumed key passed to %s at index %d", who,
                      i);
            return false;
        }
    return true;
}

static bool update_keys(const key_use *u, int n, const ct_array *in, int nout, const ct_array *out)
{
    for (int i = 0; i < n; i++)
        if (u->uses[i] && concrete_key(in[i]) && !mark_used(in[i], u->uses[i]))
            return false;
    for (int i = 0; i < nout; i++) {
        if (!concrete_key(out[i]))
            continue;
        bool used = u->gives[i] == USED_UP ||
                    (u->gives[i] >= 0 && concrete_key(in[u->gives[i]]) &&
                     out[i]->buffer != in[u->gives[i]]->buffer && any_used(in[u->gives[i]], NULL));
        if (used && !mark_used(out[i], NULL))
            return false;
    }
    return true;
}

/* Steps of loops that run one by one were looked at with their loop. */
static _Thread_local bool inside;

bool keys_run(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out, keys_run_fn *run)
{
    if (inside)
        return run(j, nin, in, nout, out);
    arena memory = {0};
    key_use u;
    ct_array *all = arena_alloc(&memory, (size_t)(nin + j->nconsts + 1) * sizeof *all);
    bool good = all && uses_of_program(j, &u, &memory);
    int n = nin + j->nconsts;
    for (int i = 0; i < n && good; i++)
        all[i] = i < nin ? in[i] : j->consts[i - nin];
    good = good && check_keys(&u, n, all, "jit-compiled function");
    if (good) {
        inside = true;
        good = run(j, nin, in, nout, out);
        inside = false;
    }
    good = good && update_keys(&u, n, all, nout, out);
    arena_free(&memory);
    return good;
}

static bool eval_with_keys(const op *o, const void *params, int nin, const ct_array *in, int nout,
                           ct_array *out)
{
    if (inside || o->code == OP_jit) /* keys_run looks at programs */
        return core_eval(o, params, nin, in, nout, out);
    arena memory = {0};
    key_use u;
    aval *avals = arena_alloc(&memory, (size_t)(nin + 1) * sizeof *avals);
    for (int i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    bool good = avals && uses_of(o, params, nin, avals, nout, &u, &memory) &&
                check_keys(&u, nin, in, o->name);
    if (good) {
        inside = o->flags & OP_CALL;
        good = core_eval(o, params, nin, in, nout, out);
        inside = false;
    }
    good = good && update_keys(&u, nin, in, nout, out);
    arena_free(&memory);
    return good;
}

__attribute__((constructor)) static void install(void) { core_eval_keys = eval_with_keys; }
