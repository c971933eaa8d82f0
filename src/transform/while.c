/* Loops of unknown length: a body run while a condition holds; and counted loops, which are scans
 * where the count is known.
 *
 * Next: while_rules.c (derivatives and batching). */
#include "transform/while.h"

#include "cotan/control.h"
#include "transform/scan.h"

static const param_field while_fields[] = {
    {"body_jaxpr", PARAM_JAXPR, offsetof(params_while, body)},
    {"body_nconsts", PARAM_INT, offsetof(params_while, body_nconsts)},
    {"cond_jaxpr", PARAM_JAXPR, offsetof(params_while, cond)},
    {"cond_nconsts", PARAM_INT, offsetof(params_while, cond_nconsts)},
};

static bool while_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    const params_while *p = params;
    (void)in, (void)a;
    if (p->cond_nconsts < 0 || p->body_nconsts < 0 || nin != p->cond_nconsts + p->body->nin ||
        p->cond->nin != p->cond_nconsts + p->body->nout || p->cond->nout != 1 ||
        *nout < p->body->nout || p->body->nin - p->body_nconsts != p->body->nout) {
        base_fail(CT_TYPE_ERROR, "%s of a body of %d inputs and %d results got %d operands",
                  o->name, p->body->nin, p->body->nout, nin);
        return false;
    }
    *nout = p->body->nout;
    for (int i = 0; i < p->body->nout; i++)
        out[i] = *atom_aval(&p->body->out[i]);
    return true;
}

/* ---- evaluation ---- */

typedef struct while_run {
    const params_while *p;
    int n;
    ct_array *cond_args, *body_args; /* constants and, behind them, the carry */
    ct_array *carry, *next;          /* carry holds references */
} while_run;

/* Whether any element goes on; *which: NULL when all do. */
static bool test(while_run *r, bool *any, ct_array *which)
{
    memcpy(r->cond_args + r->p->cond_nconsts, r->carry, (size_t)r->n * sizeof *r->carry);
    if (!transform_run(r->p->cond, r->p->cond->nin, r->cond_args, NULL, 1, which))
        return false;
    const char *at = (*which)->data;
    int64_t size = (*which)->size, count = 0;
    for (int64_t i = 0; i < size; i++)
        count += at[i] != 0;
    *any = count;
    if (count == size)
        *which = NULL;
    return true;
}

ct_array while_choose(ct_array which, ct_array old, ct_array value)
{
    int axes = which->aval.ndim;
    int64_t few[16], *dims = few;
    if (value->aval.ndim > axes) {
        if (axes > 16)
            return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "while: a condition of %d axes", axes);
        for (int i = 0; i < axes; i++)
            dims[i] = i;
        which = op_broadcast_in_dim(which, aval_shape(&value->aval), (ct_ints){axes, dims});
    }
    return op_select_n(which, 2, (ct_array[]){old, value});
}

static bool while_step(while_run *r, bool *any)
{
    ct_array which;
    if (!test(r, any, &which))
        return false;
    if (!*any)
        return true;
    memcpy(r->body_args + r->p->body_nconsts, r->carry, (size_t)r->n * sizeof *r->carry);
    if (!transform_run(r->p->body, r->p->body->nin, r->body_args, NULL, r->n, r->next))
        return false;
    for (int k = 0; k < r->n; k++) {
        ct_array value = which ? while_choose(which, r->carry[k], r->next[k]) : r->next[k];
        if (is_poison(value))
            return false;
        loop_set(&r->carry[k], value);
    }
    return true;
}

static bool run_while(while_run *r)
{
    bool good = true, any = true;
    while (good && any) {
        ct_scope scope = ct_begin();
        good = while_step(r, &any);
        ct_end(scope);
        if (good && base_interrupted()) {
            base_fail(CT_INTERRUPTED, "interrupted in a while loop");
            good = false;
        }
    }
    return good;
}

/* The loop as a program, so that it is compiled as a whole. Borrowed. */
static bool run_whole(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const params_while *p = env;
    *out = (leaves){p->body->nout, base_alloc((size_t)(p->body->nout + 1) * sizeof *out->at)};
    return out->at && while_bind(p, (int)nin, in, p->body->nout, out->at);
}

static jaxpr *whole_of(const params_while *p, int nin)
{
    jaxpr *made = jaxpr_derived(p->body, "whole", sizeof p->cond, &p->cond);
    if (made)
        return made;
    params_while q = *p;
    q.body = jaxpr_again(p->body, p->body, "again");
    q.cond = jaxpr_again(p->cond, p->cond, "again");
    aval *avals = q.body && q.cond ? base_alloc((size_t)(nin + 1) * sizeof *avals) : NULL;
    for (int i = 0; i < nin && avals; i++)
        avals[i] =
            i < p->cond_nconsts ? p->cond->in[i]->aval : p->body->in[i - p->cond_nconsts]->aval;
    made = avals ? transform_stage((flat){run_whole, &q, p->body->name}, nin, avals, p->body->name)
                 : NULL;
    base_free(avals);
    bool kept = made && jaxpr_hold(made, p->cond) && /* the key stays its address */
                jaxpr_derive(p->body, "whole", sizeof p->cond, &p->cond, made, 0, NULL);
    object_release(made);
    return kept ? made : NULL;
}

/* True inside a loop that runs as a program; where the compiler leaves it to while_call, that
 * steps. */
static _Thread_local bool inside;

static bool while_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out)
{
    const params_while *p = params;
    (void)o;
    if (core_backend && !inside) {
        jaxpr *whole = whole_of(p, nin);
        inside = true;
        bool good = whole && transform_run(whole, nin, in, NULL, nout, out);
        inside = false;
        return good;
    }
    while_run r = {.p = p, .n = nout};
    ct_array *memory =
        base_zalloc((size_t)(p->cond->nin + p->body->nin + 2 * nout + 1) * sizeof *memory);
    if (!memory)
        return false;
    r.cond_args = memory;
    r.body_args = r.cond_args + p->cond->nin;
    r.carry = r.body_args + p->body->nin;
    r.next = r.carry + nout;
    memcpy(r.cond_args, in, (size_t)p->cond_nconsts * sizeof *in);
    memcpy(r.body_args, in + p->cond_nconsts, (size_t)p->body_nconsts * sizeof *in);
    for (int k = 0; k < nout; k++)
        loop_set(&r.carry[k], in[nin - nout + k]);
    trace_context saved = trace_enter(NULL);
    bool good = run_while(&r);
    trace_leave(saved);
    for (int k = 0; k < nout; k++) {
        if (good)
            good = !is_poison(out[k] = loop_give(&r.carry[k], atom_aval(&p->body->out[k])));
        else
            object_release(r.carry[k]);
    }
    base_free(memory);
    return good;
}

bool while_bind(const params_while *p, int nin, const ct_array *in, int nout, ct_array *out)
{
    core_bind(&op_row_while, p, nin, in, nout, out);
    return values_good(nout, out);
}

const op op_row_while = {
    .name = "while",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_while,
    .operands = ANY_OPERANDS,
    .fields = while_fields,
    .nfields = 4,
    .params_size = sizeof(params_while),
    .abstract = while_abstract,
    .fits = while_fits,
    .call = while_call,
    .jvp = while_jvp,
    .linearize = while_linearize,
    .transpose = while_transpose,
    .vmap = while_vmap,
};

/* ---- the functions ---- */

static bool uses(const jaxpr *j, const var *v)
{
    bool used = j->out[0].var == v;
    for (const eqn *e = j->eqns; e && !used; e = e->next)
        for (int i = 0; i < e->nin; i++)
            used = used || e->in[i].var == v;
    return used;
}

/* The condition with its constants as inputs, and without the carried values that became constants
 * of the body. Kept on its open form, and borrowed from that. */
static jaxpr *condition_for(jaxpr *open, const jaxpr *cond, int64_t n, const loop_settled *l)
{
    int64_t size = n * (int64_t)sizeof *l->result;
    jaxpr *made = jaxpr_derived(open, "settled", size, l->result);
    if (made || !(made = jaxpr_consts_to_inputs(cond)))
        return made;
    int nc = cond->nconsts, kept = nc;
    for (int64_t k = 0; k < n; k++)
        if (l->result[k] >= 0)
            made->in[kept++] = made->in[nc + k];
    made->nin = kept;
    bool good = jaxpr_derive(open, "settled", size, l->result, made, 0, NULL);
    object_release(made);
    return good ? made : NULL;
}

/* Closes over the constants of both programs. */
static bool while_closed(loop_part test, loop_part step, int64_t n, const ct_array *carry,
                         leaves *out)
{
    arena memory = {0};
    loop_settled l = {0};
    jaxpr *cond = test.j, *body = step.j, *settled = NULL;
    int nc = cond->nconsts, nb = body->nconsts;
    jaxpr *open = kept_opened(&step), *open_test = kept_opened(&test);
    ct_array *in = arena_alloc(&memory, (size_t)(nc + 2 * (nb + n) + n + 1) * sizeof *in),
             *operands = in + nb + n, *results = operands + nc + nb + n;
    bool *may = arena_alloc(&memory, (size_t)n + 1);
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    bool good = open && open_test && in && may && out->at;
    for (int64_t k = 0; k < n && good; k++)
        may[k] = !uses(cond, cond->in[k]);
    good = good && loop_settle(open, (loop_shape){nb, (int)n, 0, 0}, may, &l, &memory) &&
           (settled = condition_for(open_test, cond, n, &l));
    if (good) {
        memcpy(in, body->consts, (size_t)nb * sizeof *in);
        memcpy(in + nb, carry, (size_t)n * sizeof *in);
        memcpy(operands, cond->consts, (size_t)nc * sizeof *in);
        loop_settle_operands(&l, in, operands + nc);
        params_while p = {l.j, l.shape.consts, settled, nc};
        good = while_bind(&p, nc + l.j->nin, operands, l.j->nout, results);
    }
    if (good)
        loop_settle_results(&l, n, in, results, out->at);
    object_release(l.j);
    object_release(open);
    object_release(open_test);
    arena_free(&memory);
    if (!good)
        leaves_free(out);
    return good;
}

typedef struct while_fn {
    struct ct_function head;
    ct_fn test, step;
    char *variable;
    int64_t unroll;
} while_fn;

static jaxpr *stage_test(ct_fn f, const treedef *in_def, int64_t n, const ct_array *carry)
{
    treedef *out_def = NULL;
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = carry[i]->aval;
    jaxpr *j = avals ? transform_stage_fn(f, "while_cond", in_def, n, avals, &out_def) : NULL;
    base_free(avals);
    bool good = j;
    if (j && out_def->nodes[out_def->count - 1].kind != TREE_LEAF) {
        text t = {0};
        treedef_text(&t, out_def);
        char *s = text_end(&t);
        base_fail(CT_TYPE_ERROR, "cond_fun must return a boolean scalar, but got pytree %s.",
                  s ? s : "of several values");
        base_free(s);
        good = false;
    } else if (j && (atom_aval(&j->out[0])->ndim || atom_aval(&j->out[0])->dtype != CT_BOOL)) {
        text t = {0};
        aval_text(&t, atom_aval(&j->out[0]), false);
        char *s = text_end(&t);
        base_fail(
            CT_TYPE_ERROR,
            "cond_fun must return a boolean scalar, but got output type(s) [ShapedArray(%s%s)].",
            s ? s : "?", atom_aval(&j->out[0])->weak ? ", weak_type=True" : "");
        base_free(s);
        good = false;
    }
    object_release(out_def);
    if (good)
        return j;
    object_release(j);
    return NULL;
}

static bool while_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                          treedef **out_def, int64_t *nout, ct_array **out)
{
    const while_fn *w = (const while_fn *)base;
    leaves results = {0};
    int64_t first, count;
    if (in_def->nodes[in_def->count - 1].arity != 2) {
        base_fail(CT_TYPE_ERROR, "while_loop takes one initial value, got %lld",
                  (long long)in_def->nodes[in_def->count - 1].arity - 1);
        return false;
    }
    loop_body b = {.who = "while_loop",
                   .variable = w->variable,
                   .f = w->step,
                   .in_def = (treedef *)(uintptr_t)in_def,
                   .carry_def = treedef_child(in_def, 0, &first, &count)};
    ct_array *carry = base_alloc((size_t)(nin + 1) * sizeof *carry);
    bool good = b.carry_def && carry;
    if (good)
        memcpy(carry, in, (size_t)nin * sizeof *carry);
    bool done = false;
    if (good && transform_disable_jit)
        good = plain_while(&b, w->test, nin, in, &done, &results);
    jaxpr *test_program = good && !done ? stage_test(w->test, in_def, nin, carry) : NULL;
    jaxpr *body = test_program ? loop_stage(&b, nin, carry, 0, NULL) : NULL;
    bool changed = false;
    for (int64_t i = 0; i < nin && body; i++)
        changed = changed || carry[i] != in[i];
    if (changed) {
        object_release(test_program);
        test_program = stage_test(w->test, in_def, nin, carry);
    }
    good = done || (body && test_program &&
                    while_closed((loop_part){w->test, test_program}, (loop_part){w->step, body},
                                 nin, carry, &results));
    object_release(test_program);
    object_release(body);
    object_release(b.out_def);
    base_free(carry);
    *out_def = good ? b.carry_def : NULL;
    if (!good)
        object_release(b.carry_def);
    *nout = results.n;
    *out = results.at;
    return good;
}

static void while_fn_destroy(ct_fn base)
{
    while_fn *w = (while_fn *)base;
    object_release(w->test);
    object_release(w->step);
    base_free(w->variable);
}

static const fn_class while_class = {.call = while_fn_call, .destroy = while_fn_destroy};

static ct_fn loop_fn(const fn_class *class, ct_fn step, ct_fn test_fn, int64_t unroll,
                     const char *variable)
{
    while_fn *w = step ? (while_fn *)fn_new(class, sizeof *w) : NULL;
    if (!w)
        return NULL;
    object_retain(step);
    w->step = step;
    if (test_fn)
        object_retain(test_fn);
    w->test = test_fn;
    w->unroll = unroll;
    return !variable || (w->variable = loop_string(variable)) ? &w->head : NULL;
}

ct_fn ct_while_loop_(ct_fn test_fn, ct_fn step, const char *variable)
{
    return test_fn ? loop_fn(&while_class, step, test_fn, 0, variable) : NULL;
}

/* ---- counted loops ---- */

static bool run_below(void *env, int64_t n, const ct_array *in, leaves *out)
{
    (void)env, (void)n;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    return out->at && !is_poison(out->at[0] = op_lt(in[0], in[1]));
}

/* (i, carry...) -> (i + 1, carry...) as (i, upper, carry...) -> (i + 1, upper, carry...) */
static bool run_beside_upper(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const jaxpr *j = env;
    ct_array *given = base_alloc((size_t)(n + 1) * sizeof *given);
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    bool good = given && out->at;
    if (good) {
        given[0] = in[0];
        memcpy(given + 1, in + 2, (size_t)(n - 2) * sizeof *given);
        good = jaxpr_eval(j, (int)n - 1, given, (int)n - 1, out->at + 1);
    }
    if (good) {
        out->at[0] = out->at[1];
        out->at[1] = in[1];
    }
    base_free(given);
    return good;
}

/* values: index, upper bound, carry. */
static bool count_by_while(const jaxpr *body, int64_t n, const ct_array *values, leaves *out)
{
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = values[i]->aval;
    jaxpr *below =
        avals ? transform_stage((flat){run_below, NULL, "cond_fun"}, n, avals, "cond_fun") : NULL;
    jaxpr *wide =
        below ? transform_stage((flat){run_beside_upper, (void *)(uintptr_t)body, body->name}, n,
                                avals, body->name)
              : NULL;
    bool good =
        wide && while_closed((loop_part){NULL, below}, (loop_part){NULL, wide}, n, values, out);
    object_release(below);
    object_release(wide);
    base_free(avals);
    return good;
}

/* Brings the bounds to one type: integers where one is weak; floats that have it already. */
static bool agree_on_bounds(ct_array bounds[2])
{
    ct_array a = bounds[0], b = bounds[1];
    const unsigned whole = FAMILY_INT | FAMILY_UINT;
    bool alike = a->aval.dtype == b->aval.dtype;
    bool good = alike ? dtype_is((ct_dtype)a->aval.dtype, whole | FAMILY_FLOAT)
                      : dtype_is((ct_dtype)a->aval.dtype, whole) &&
                            dtype_is((ct_dtype)b->aval.dtype, whole) &&
                            (a->aval.weak || b->aval.weak);
    if (!good) {
        base_fail(CT_TYPE_ERROR,
                  "lower and upper arguments to fori_loop must have equal types, got %s and %s",
                  ct_dtype_name((ct_dtype)a->aval.dtype), ct_dtype_name((ct_dtype)b->aval.dtype));
        return false;
    }
    if (alike)
        return true; /* the index is as weak as the lower bound */
    bool weak;
    ct_dtype d = dtype_promote((ct_dtype)a->aval.dtype, a->aval.weak, (ct_dtype)b->aval.dtype,
                               b->aval.weak, &weak);
    for (int i = 0; i < 2; i++)
        if (is_poison(bounds[i] = op_convert(bounds[i], d, weak)))
            return false;
    return true;
}

static bool run_fori(loop_body *b, const while_fn *w, int64_t n, ct_array *values, leaves *out)
{
    ct_array lower = NULL, upper = NULL;
    bool counted = core_concrete(values[0], &lower) &&
                   core_concrete(values[1], &upper); /* before a conversion is traced */
    if (!agree_on_bounds(values))
        return false;
    ct_array limit = values[1], index = counted ? ct_weak_int(array_get_int(lower, 0)) : values[0];
    values[1] = index; /* the body's carry is the index and what follows */
    if (counted && transform_disable_jit)
        return plain_fori(b, array_get_int(lower, 0), array_get_int(upper, 0), n - 1, values + 1,
                          out);
    jaxpr *body = loop_stage(b, n - 1, values + 1, 0, NULL);
    bool good = body;
    if (good && counted) {
        int64_t from = array_get_int(lower, 0), to = array_get_int(upper, 0);
        int64_t steps = to > from ? to - from : 0;
        good = scan_closed((loop_part){w->step, body}, steps, false, loop_unroll(w->unroll, steps),
                           n - 1, values + 1, 0, NULL, out);
    } else if (good && w->unroll != 1 && w->unroll != CT_UNROLL_ALL) {
        base_fail(CT_VALUE_ERROR,
                  "Can only use `unroll` in `fori_loop` if the loop bounds are statically known.");
        good = false;
    } else if (good) {
        values[0] = values[1];
        values[1] = limit;
        good = count_by_while(body, n, values, out);
        if (good)
            memmove(out->at + 1, out->at + 2, (size_t)(n - 2) * sizeof *out->at);
    }
    if (good) { /* without the index */
        out->n = n - 2;
        memmove(out->at, out->at + 1, (size_t)out->n * sizeof *out->at);
    }
    object_release(body);
    return good;
}

static bool fori_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                         treedef **out_def, int64_t *nout, ct_array **out)
{
    const while_fn *w = (const while_fn *)base;
    leaves results = {0};
    int64_t first, count, args = in_def->nodes[in_def->count - 1].arity;
    bool good = args == 4 && in_def->nodes[0].kind == TREE_LEAF &&
                in_def->nodes[1].kind == TREE_LEAF && !in[0]->aval.ndim && !in[1]->aval.ndim;
    if (!good) {
        base_fail(CT_TYPE_ERROR,
                  "fori_loop takes scalars as lower and upper bounds and one initial value");
        return false;
    }
    treedef *parts[3] = {treedef_leaf(), treedef_child(in_def, 2, &first, &count),
                         treedef_child(in_def, 3, &first, &count)};
    loop_body b = {.who = "fori_loop",
                   .variable = w->variable,
                   .f = w->step,
                   .carry_def = parts[1],
                   .counts = true};
    b.in_def =
        parts[1] && parts[2] ? treedef_join((tree_node){.kind = TREE_TUPLE}, 3, parts) : NULL;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    good = b.in_def && values;
    if (good)
        memcpy(values, in, (size_t)nin * sizeof *values);
    good = good && run_fori(&b, w, nin, values, &results);
    object_release(b.out_def);
    object_release(b.in_def);
    object_release(parts[2]);
    base_free(values);
    *out_def = good ? parts[1] : NULL;
    if (!good) {
        object_release(parts[1]);
        leaves_free(&results);
    }
    *nout = results.n;
    *out = results.at;
    return good;
}

static const fn_class fori_class = {.call = fori_fn_call, .destroy = while_fn_destroy};

ct_fn ct_fori_loop_(ct_fn step, int64_t unroll, const char *variable)
{
    return loop_fn(&fori_class, step, NULL, unroll, variable);
}
