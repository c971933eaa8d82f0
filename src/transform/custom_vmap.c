/* custom_vmap: a function that says itself how it is batched.
 *
 * A call is traced, and becomes a custom_vmap_call of the program with the rule. Batching asks the
 * rule. Forward mode differentiates the program, and the rule with it; reverse mode takes the
 * program apart like jit's, so what it leaves is batched operation by operation. */
#include "cotan/rules.h"
#include "ops/ops.h"
#include "transform/call.h"

/* How a batched call is computed. Operands with batched[i] have the mapped axis in front; so have
 * results with out_batched[i]. */
typedef struct batch_rule batch_rule;
struct batch_rule {
    struct ct_function head;
    bool (*batch)(batch_rule *r, int64_t size, int n, const ct_array *in, const bool *batched,
                  int nout, ct_array *out, bool *out_batched);
};

typedef struct params_custom_vmap {
    jaxpr *call;
    ct_fn rule;
} params_custom_vmap;
static const param_field custom_vmap_fields[] = {
    {"call", PARAM_JAXPR, offsetof(params_custom_vmap, call)},
    {"rule", PARAM_FN, offsetof(params_custom_vmap, rule)},
};

/* ---- the user's rule ---- */

typedef struct tree_rule {
    batch_rule base;
    ct_fn rule;                /* (size, in_batched, args...) -> (out, out_batched) */
    treedef *in_def, *out_def; /* TUPLE(args..., {}); set when the call was traced */
    int consts;                /* leading operands that the program closes over */
} tree_rule;

static bool fail_rule(const tree_rule *r, const char *what, const treedef *a, const char *first,
                      const treedef *b, const char *second)
{
    text t = {0};
    text_add(&t, "structure of output %s custom vmap rule (%s)", what, fn_name(r->rule));
    text_add(&t, "%s", first);
    treedef_text(&t, a);
    text_add(&t, "%s", second);
    treedef_text(&t, b);
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", s ? s : "custom_vmap");
    base_free(s);
    return false;
}

/* What the rule gave: (out, out_batched), both in the structure of the result. */
static bool take_result(const tree_rule *r, const treedef *def, const ct_array *at, int nout,
                        ct_array *out, bool *out_batched)
{
    const tree_node *root = &def->nodes[def->count - 1];
    if (root->kind != TREE_TUPLE || root->arity != 2) {
        base_fail(CT_TYPE_ERROR,
                  "custom vmap rule (%s) must produce a pair of the output and which of it is "
                  "batched",
                  fn_name(r->rule));
        return false;
    }
    int64_t first[2], count[2];
    treedef *part[2] = {treedef_child(def, 0, &first[0], &count[0]),
                        treedef_child(def, 1, &first[1], &count[1])};
    bool good = part[0] && part[1];
    if (good && !treedef_equal(part[0], part[1]))
        good = fail_rule(r, "value and output batching specification returned by", part[0],
                         " do not match.\nOutput values: ", part[1], "\nBatching spec: ");
    if (good && !treedef_equal(part[0], r->out_def))
        good = fail_rule(r, "returned by", r->out_def,
                         " does not match that of original custom-vmapped function.\nOriginal "
                         "output: ",
                         part[0], "\nRule output: ");
    for (int i = 0; i < nout && good; i++) {
        ct_array flag;
        good = core_concrete(at[first[1] + i], &flag);
        if (!good)
            base_fail(CT_TYPE_ERROR,
                      "custom vmap rule (%s): which outputs are batched must be "
                      "known, not traced",
                      fn_name(r->rule));
        out[i] = at[first[0] + i];
        out_batched[i] = good && array_get_int(flag, 0);
    }
    object_release(part[0]);
    object_release(part[1]);
    return good;
}

static bool tree_batch(batch_rule *base, int64_t size, int n, const ct_array *in,
                       const bool *batched, int nout, ct_array *out, bool *out_batched)
{
    tree_rule *r = (tree_rule *)base;
    for (int i = 0; i < r->consts; i++)
        if (batched[i]) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "custom vmap rule (%s) of a function that closes over a mapped value; make "
                      "it an argument",
                      fn_name(r->rule));
            return false;
        }
    arena memory = {0};
    int64_t args = r->in_def->nodes[r->in_def->count - 1].arity - 1, m = n - r->consts, nresult;
    treedef **children = arena_alloc(&memory, (size_t)(args + 3) * sizeof *children), *flags = NULL,
            *whole = NULL, *def = NULL;
    ct_array *values = arena_alloc(&memory, (size_t)(2 * m + 2) * sizeof *values), *result = NULL;
    bool good = children && values;
    int64_t made = 0, first, count;
    for (; made <= args && good; made += good)
        good = (children[made + 2] = treedef_child(r->in_def, made, &first, &count)) != NULL;
    if (good && (flags = treedef_join((tree_node){.kind = TREE_TUPLE}, args, children + 2))) {
        children[0] = treedef_leaf();
        children[1] = flags;
        whole = treedef_join((tree_node){.kind = TREE_TUPLE}, args + 3, children);
        object_release(children[0]);
    }
    if ((good = whole != NULL)) {
        values[0] = array_scalar(CT_INT32, true, (double)size);
        for (int64_t i = 0; i < m; i++) {
            values[1 + i] = array_scalar(CT_BOOL, false, batched[r->consts + i]);
            values[1 + m + i] = in[r->consts + i];
        }
        good = values_good(2 * m + 1, values) &&
               fn_call(r->rule, whole, 2 * m + 1, values, &def, &nresult, &result) &&
               take_result(r, def, result, nout, out, out_batched);
    }
    for (int64_t i = 0; i < made; i++)
        object_release(children[i + 2]);
    object_release(flags);
    object_release(whole);
    object_release(def);
    base_free(result);
    arena_free(&memory);
    return good;
}

static ct_fn tree_rule_of(ct_fn f) { return ((tree_rule *)f)->rule; }

static void tree_rule_destroy(ct_fn f)
{
    tree_rule *r = (tree_rule *)f;
    object_release(r->rule);
    object_release(r->in_def);
    object_release(r->out_def);
}

static const fn_class tree_rule_class = {.of = tree_rule_of, .destroy = tree_rule_destroy};

/* ---- its derivative ---- */

/* Operands: primals, then the tangents of those with nonzero[i]; results: primals, then tangents of
 * those with out_nonzero[i]. */
typedef struct forward_rule {
    batch_rule base;
    batch_rule *inner;
    int n, nout;
    bool *nonzero, *out_nonzero;
} forward_rule;

typedef struct inner_call {
    batch_rule *inner;
    int64_t size;
    const bool *batched;
    int nout;
    bool *out_batched;
} inner_call;

static bool run_inner(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const inner_call *c = env;
    *out = (leaves){c->nout, base_alloc((size_t)(c->nout + 1) * sizeof *out->at)};
    return out->at && c->inner->batch(c->inner, c->size, (int)n, in, c->batched, c->nout, out->at,
                                      c->out_batched);
}

static bool forward_batch(batch_rule *base, int64_t size, int total, const ct_array *in,
                          const bool *batched, int nresults, ct_array *out, bool *out_batched)
{
    const forward_rule *r = (const forward_rule *)base;
    arena memory = {0};
    ct_array *primals = arena_alloc(&memory, (size_t)(2 * r->n + 1) * sizeof *primals),
             *tangents = primals + r->n;
    bool *maps = arena_alloc(&memory, (size_t)r->n + 1);
    leaves results = {0}, result_tangents = {0};
    bool good = primals && maps;
    (void)total;
    for (int i = 0, next = r->n; i < r->n && good; i++) {
        int k = r->nonzero[i] ? next++ : -1;
        maps[i] = batched[i] || (k >= 0 && batched[k]);
        primals[i] = maps[i] && !batched[i] ? batch_front(in[i], NOT_MAPPED, size) : in[i];
        tangents[i] = k < 0                    ? NULL
                      : maps[i] && !batched[k] ? batch_front(in[k], NOT_MAPPED, size)
                                               : in[k];
        good = values_good(1, &primals[i]) && values_good(1, &tangents[i]);
    }
    inner_call c = {r->inner, size, maps, r->nout, out_batched};
    good = good && transform_jvp((flat){run_inner, &c, fn_name(&r->inner->head)}, r->n, primals,
                                 tangents, &results, &result_tangents);
    int n = r->nout;
    for (int i = 0; i < r->nout && good; i++) {
        out[i] = results.at[i];
        if (!r->out_nonzero[i])
            continue;
        ct_array t = result_tangents.at[i];
        out_batched[n] = out_batched[i];
        good = !is_poison(out[n++] = t ? t : zero_tangent(out[i]));
    }
    (void)nresults;
    leaves_free(&results);
    leaves_free(&result_tangents);
    arena_free(&memory);
    return good;
}

static ct_fn forward_rule_of(ct_fn f) { return &((forward_rule *)f)->inner->head; }

static void forward_rule_destroy(ct_fn f)
{
    forward_rule *r = (forward_rule *)f;
    object_release(r->inner);
    base_free(r->nonzero);
}

static const fn_class forward_rule_class = {.of = forward_rule_of, .destroy = forward_rule_destroy};

static bool custom_vmap_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                            const ct_array *tangents, int nout, ct_array *out,
                            ct_array *out_tangents)
{
    const params_custom_vmap *p = params;
    forward_rule *r = (forward_rule *)fn_new(&forward_rule_class, sizeof *r);
    if (!r)
        return false;
    object_retain(p->rule);
    r->base.batch = forward_batch;
    r->inner = (batch_rule *)p->rule;
    r->n = nin;
    r->nout = nout;
    r->nonzero = base_alloc((size_t)(nin + nout + 1));
    ct_array *in = base_alloc((size_t)(2 * nin + 2 * nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    bool good = r->nonzero && in;
    int n = nin, next = nout;
    r->out_nonzero = good ? r->nonzero + nin : NULL;
    for (int i = 0; i < nin && good; i++) {
        in[i] = primals[i];
        if ((r->nonzero[i] = tangents[i] != NULL))
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? jaxpr_jvp(p->call, r->nonzero, true, r->out_nonzero) : NULL;
    params_custom_vmap q = {made, &r->base.head};
    good = made && call_bind(o, &q, made, n, in, results);
    for (int i = 0; i < nout && good; i++) {
        out[i] = results[i];
        out_tangents[i] = r->out_nonzero[i] ? results[next++] : NULL;
    }
    base_free(in);
    return good;
}

/* ---- the operation ---- */

static bool custom_vmap_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                             const int *dims, int nout, ct_array *out, int *out_dims)
{
    batch_rule *r = (batch_rule *)((const params_custom_vmap *)params)->rule;
    bool *batched = base_zalloc((size_t)(nin + nout + 1)), *out_batched = batched + nin;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    bool good = batched && values;
    (void)o;
    for (int i = 0; i < nin && good; i++) {
        batched[i] = dims[i] != NOT_MAPPED;
        good = !is_poison(values[i] = batched[i] ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    good = good && r->batch(r, b.size, nin, values, batched, nout, out, out_batched);
    for (int i = 0; i < nout && good; i++) {
        out_dims[i] = out_batched[i] ? 0 : NOT_MAPPED;
        const aval *a = &out[i]->aval;
        if (out_batched[i] && (!a->ndim || a->shape[0] != b.size)) {
            base_fail(CT_VALUE_ERROR,
                      "custom vmap rule (%s): output %d is said to be batched, but its first axis "
                      "does not have the batch's size %lld",
                      fn_name(&r->head), i, (long long)b.size);
            good = false;
        }
    }
    base_free(batched);
    base_free(values);
    return good;
}

static bool custom_vmap_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                                  const ct_array *primals, const ct_array *tangents, int nout,
                                  ct_array *out, ct_array *out_tangents)
{
    (void)o;
    jaxpr *j = ((const params_custom_vmap *)params)->call;
    params_call p = {.jaxpr = j, .name = j->name};
    return op_row_jit.linearize(&op_row_jit, &p, t, nin, primals, tangents, nout, out,
                                out_tangents);
}

const op op_row_custom_vmap_call = {
    .name = "custom_vmap_call",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_custom_vmap_call,
    .operands = ANY_OPERANDS,
    .fits = custom_fits,
    .fields = custom_vmap_fields,
    .params_size = sizeof(params_custom_vmap),
    .nfields = 2,
    .abstract = call_abstract,
    .call = call_run,
    .jvp = custom_vmap_jvp,
    .vmap = custom_vmap_vmap,
    .linearize = custom_vmap_linearize,
};

/* ---- functions ---- */

typedef struct custom_vmap_fn {
    struct ct_function head;
    ct_fn f, rule;
} custom_vmap_fn;

static bool custom_vmap_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                             treedef **out_def, int64_t *nout, ct_array **out)
{
    const custom_vmap_fn *f = (const custom_vmap_fn *)base;
    tree_rule *r = (tree_rule *)fn_new(&tree_rule_class, sizeof *r);
    arena memory = {0};
    aval *avals = arena_alloc(&memory, (size_t)(nin + 1) * sizeof *avals);
    for (int64_t i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    treedef *def = NULL;
    jaxpr *j =
              r && avals ? transform_stage_fn(f->f, "custom_vmap", in_def, nin, avals, &def) : NULL,
          *open = j ? jaxpr_consts_to_inputs(j) : NULL;
    int total = open ? open->nin : 0;
    ct_array *all = arena_alloc(&memory, (size_t)(total + 1) * sizeof *all);
    *nout = open ? open->nout : 0;
    *out = base_alloc((size_t)(*nout + 1) * sizeof **out);
    bool good = open && all && *out;
    if (good) {
        object_retain(f->rule);
        object_retain((void *)(uintptr_t)in_def);
        object_retain(def);
        r->base.batch = tree_batch;
        r->rule = f->rule;
        r->in_def = (treedef *)(uintptr_t)in_def;
        r->out_def = def;
        r->consts = j->nconsts;
        memcpy(all, j->consts, (size_t)j->nconsts * sizeof *all);
        memcpy(all + j->nconsts, in, (size_t)nin * sizeof *all);
        params_custom_vmap p = {open, &r->base.head};
        core_bind(&op_row_custom_vmap_call, &p, total, all, open->nout, *out);
        good = values_good(open->nout, *out);
    }
    object_release(open);
    object_release(j);
    arena_free(&memory);
    if (good) {
        *out_def = def;
    } else {
        object_release(def);
        base_free(*out);
        *out = NULL;
    }
    return good;
}

static ct_fn custom_vmap_of(ct_fn f) { return ((custom_vmap_fn *)f)->f; }

static void custom_vmap_destroy(ct_fn f)
{
    object_release(((custom_vmap_fn *)f)->f);
    object_release(((custom_vmap_fn *)f)->rule);
}

static void custom_vmap_inner(ct_fn f, void (*visit)(void *env, ct_fn inner), void *env)
{
    visit(env, ((custom_vmap_fn *)f)->f);
    visit(env, ((custom_vmap_fn *)f)->rule);
}

static const fn_class custom_vmap_class = {.call = custom_vmap_call,
                                           .of = custom_vmap_of,
                                           .destroy = custom_vmap_destroy,
                                           .inner = custom_vmap_inner};

ct_fn ct_custom_vmap_(ct_fn f, ct_fn rule)
{
    custom_vmap_fn *made =
        f && rule ? (custom_vmap_fn *)fn_new(&custom_vmap_class, sizeof *made) : NULL;
    if (!made)
        return NULL;
    object_retain(f);
    object_retain(rule);
    made->f = f;
    made->rule = rule;
    return &made->head;
}
