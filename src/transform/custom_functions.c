/* ct_custom_jvp and ct_custom_vjp: functions of trees with rules of their own, as custom_calls on
 * flat leaves.
 *
 * Arguments named in nondiff_argnums are handed to the rules first, as they are; static ones (host
 * objects) travel in the structure. */
#include "cotan/rules.h"
#include "ops/ops.h"
#include "transform/custom.h"

typedef struct custom_fn {
    struct ct_function head;
    ct_fn f, rule, backward; /* custom_vjp: rule is the forward function */
    int64_t *nondiff, n_nondiff;
    bool symbolic;
} custom_fn;

/* One call: the function, the structure of its arguments, and the leaves of the arguments that are
 * not differentiated. */
typedef struct tree_call {
    custom_call call;
    custom_fn *owner;
    treedef *in_def, *out_def, *residual_def;
    int64_t total, n_args;
    bool *fixed;      /* by argument */
    ct_array *leaves; /* all of them; those of differentiated arguments are NULL */
    aval *moving;     /* types of those that are */
    aval *results;    /* types of the results, where zeros are symbolic */
    arena memory;
} tree_call;

static bool take_leaves(const leaves *l, leaves *out)
{
    *out = (leaves){l->n, base_alloc((size_t)(l->n + 1) * sizeof *out->at)};
    if (out->at)
        memcpy(out->at, l->at, (size_t)l->n * sizeof *out->at);
    return out->at != NULL;
}

/* Fails with a message that ends in structures: "..., but got A" or "..., but got A <then> B". */
static bool fail_structures(const char *message, const treedef *a, const char *then,
                            const treedef *b)
{
    text t = {0};
    text_add(&t, "%s, but got ", message);
    treedef_text(&t, a);
    if (b) {
        text_add(&t, " %s ", then);
        treedef_text(&t, b);
    }
    char *s = text_end(&t);
    base_fail(CT_TYPE_ERROR, "%s.", s ? s : message);
    base_free(s);
    return false;
}

static bool is_sequence(const treedef *d)
{
    return treedef_root(d)->kind == TREE_TUPLE || treedef_root(d)->kind == TREE_LIST;
}

/* The two parts of what a rule gives: children of the root and their leaves. */
static bool two_parts(const custom_fn *f, const char *who, const char *meaning, const treedef *def,
                      const leaves *all, treedef *parts[2], leaves values[2])
{
    if (!is_sequence(def) || treedef_root(def)->arity != 2) {
        text t = {0};
        text_add(&t, "%s %s for function %s must produce a pair (list or tuple of length two) %s",
                 who, fn_name(f->rule), fn_name(f->f), meaning);
        char *s = text_end(&t);
        fail_structures(s ? s : who, def, NULL, NULL);
        base_free(s);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        int64_t first, count;
        parts[i] = treedef_child(def, i, &first, &count);
        if (!parts[i])
            return false;
        values[i] = (leaves){count, all->at + first};
    }
    return true;
}

static bool full_call(tree_call *c, ct_fn f, int64_t n, const ct_array *in, treedef **out_def,
                      leaves *out)
{
    ct_array *all = base_alloc((size_t)(c->total + 1) * sizeof *all);
    int64_t next = 0;
    for (int64_t i = 0; i < c->total && all; i++)
        all[i] = c->leaves[i] ? c->leaves[i] : in[next++];
    (void)n;
    bool good = all && fn_call(f, c->in_def, c->total, all, out_def, &out->n, &out->at);
    base_free(all);
    return good;
}

static void set_def(treedef **slot, treedef *def)
{
    object_retain(def);
    object_release(*slot);
    *slot = def;
}

static bool tree_primal(custom_call *base, int64_t n, const ct_array *in, leaves *out)
{
    tree_call *c = (tree_call *)base;
    treedef *def;
    if (!full_call(c, c->owner->f, n, in, &def, out))
        return false;
    set_def(&c->out_def, def);
    object_release(def);
    return true;
}

static void release_all(int64_t n, treedef **defs)
{
    for (int64_t i = 0; i < n; i++)
        object_release(defs[i]);
}

/* Calls a rule with (nondiff..., last...) where last are n_last trees given as definitions and
 * leaves. */
static bool call_rule(tree_call *c, ct_fn rule, int n_last, treedef *const *last_defs,
                      const leaves *last, treedef **out_def, leaves *out)
{
    treedef *children[72];
    int64_t n = 0, total = 0, borrowed;
    ct_array *all =
        base_alloc((size_t)(c->total + (last ? last[0].n + (n_last > 1 ? last[1].n : 0) : 0) + 1) *
                   sizeof *all);
    bool good = all != NULL;
    for (int64_t i = 0; i < c->n_args && good; i++) {
        if (!c->fixed[i])
            continue;
        int64_t first, count;
        good = (children[n] = treedef_child(c->in_def, i, &first, &count)) != NULL;
        if (!good)
            break;
        n++;
        memcpy(all + total, c->leaves + first, (size_t)count * sizeof *all);
        total += count;
    }
    borrowed = n;
    for (int i = 0; i < n_last && good; i++) {
        children[n++] = last_defs[i];
        memcpy(all + total, last[i].at, (size_t)last[i].n * sizeof *all);
        total += last[i].n;
    }
    treedef *keywords = good ? treedef_join((tree_node){.kind = TREE_DICT}, 0, NULL) : NULL,
            *def = NULL;
    if (keywords) {
        children[n] = keywords;
        def = treedef_join((tree_node){.kind = TREE_TUPLE}, n + 1, children);
    }
    good = def && fn_call(rule, def, total, all, out_def, &out->n, &out->at);
    release_all(borrowed, children);
    object_release(keywords);
    object_release(def);
    base_free(all);
    return good;
}

/* The differentiated arguments as one tuple. */
static treedef *differentiated_tuple(const tree_call *c)
{
    treedef *children[64] = {NULL};
    int64_t n = 0, first, count;
    bool good = true;
    for (int64_t i = 0; good && i < c->n_args && n < 64; i++)
        if (!c->fixed[i])
            good = (children[n++] = treedef_child(c->in_def, i, &first, &count)) != NULL;
    treedef *def = good ? treedef_join((tree_node){.kind = TREE_TUPLE}, n, children) : NULL;
    release_all(n, children);
    return def;
}

static aval *copy_types(int64_t n, const ct_array *values, arena *memory)
{
    aval *types = arena_alloc(memory, (size_t)(n + 1) * sizeof *types);
    for (int64_t i = 0; i < n && types; i++) {
        types[i] = values[i]->aval;
        types[i].shape =
            arena_copy(memory, types[i].shape, (size_t)types[i].ndim * sizeof *types[i].shape);
        if (!types[i].shape)
            return NULL;
    }
    return types;
}

/* Zeros that are known to be: as values for the rule, owned by the scope. */
static bool name_zeros(int64_t n, const ct_array *in, const aval *types, leaves *out)
{
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    for (int64_t i = 0; i < n && out->at; i++) {
        out->at[i] = in[i];
        if (in[i])
            continue;
        aval t = types[i];
        t.dtype = (uint8_t)dtype_tangent((ct_dtype)t.dtype);
        if (is_poison(out->at[i] = array_zero(&t)))
            return false;
    }
    return out->at;
}

static bool check_jvp_structures(const custom_fn *f, treedef *const parts[2])
{
    if (treedef_equal(parts[0], parts[1]))
        return true;
    text t = {0};
    text_add(&t,
             "Custom JVP rule %s for function %s must produce primal and tangent outputs with "
             "equal container (pytree) structures",
             fn_name(f->rule), fn_name(f->f));
    char *s = text_end(&t);
    fail_structures(s ? s : "Custom JVP rule", parts[0], "and", parts[1]);
    base_free(s);
    return false;
}

static bool tree_jvp(custom_call *base, int64_t n, const ct_array *primals,
                     const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    tree_call *c = (tree_call *)base;
    treedef *tuple = differentiated_tuple(c), *def = NULL, *parts[2] = {NULL, NULL};
    leaves given[2] = {{n, (ct_array *)(uintptr_t)primals}}, all = {0}, values[2];
    bool good = tuple && name_zeros(n, tangents, c->moving, &given[1]) &&
                call_rule(c, c->owner->rule, 2, (treedef *[]){tuple, tuple}, given, &def, &all) &&
                two_parts(c->owner, "Custom JVP rule", "representing primal and tangent outputs",
                          def, &all, parts, values) &&
                check_jvp_structures(c->owner, parts) && take_leaves(&values[0], out) &&
                take_leaves(&values[1], out_tangents);
    if (good)
        set_def(&c->out_def, parts[0]);
    leaves_free(&given[1]);
    release_all(2, parts);
    object_release(tuple);
    object_release(def);
    base_free(all.at);
    return good;
}

/* forward(args...), or forward(perturbed, args...) where zeros are symbolic: a tuple of trees like
 * the arguments of booleans. */
static bool call_forward(tree_call *c, int64_t n, const ct_array *in, const bool *perturbed,
                         treedef **def, leaves *all)
{
    ct_fn rule = c->owner->rule;
    if (!c->call.symbolic)
        return full_call(c, rule, n, in, def, all);
    int64_t args = c->n_args, next = 0;
    ct_array *values = base_alloc((size_t)(2 * c->total + 1) * sizeof *values);
    treedef **children = base_zalloc((size_t)(args + 2) * sizeof *children), *flags = NULL,
            *whole = NULL;
    bool good = values && children;
    for (int64_t i = 0; i < c->total && good; i++) {
        bool moves = !c->leaves[i];
        values[i] = array_scalar(CT_BOOL, false, moves && perturbed[next]);
        values[c->total + i] = moves ? in[next++] : c->leaves[i];
        good = !is_poison(values[i]);
    }
    for (int64_t i = 0, first, count; i <= args && good; i++)
        good = (children[i + 1] = treedef_child(c->in_def, i, &first, &count)) != NULL;
    if (good && (flags = treedef_join((tree_node){.kind = TREE_TUPLE}, args, children + 1))) {
        children[0] = flags;
        whole = treedef_join((tree_node){.kind = TREE_TUPLE}, args + 2, children);
    }
    /* Keywords have no leaves: the structure holds positional arguments alone. */
    good = whole && fn_call(rule, whole, treedef_leaves(whole), values, def, &all->n, &all->at);
    for (int64_t i = 0; i < args + 2 && children; i++)
        object_release(children[i]);
    object_release(whole);
    base_free(children);
    base_free(values);
    return good;
}

static bool tree_forward(custom_call *base, int64_t n, const ct_array *in, const bool *perturbed,
                         leaves *out, leaves *residuals)
{
    tree_call *c = (tree_call *)base;
    treedef *def = NULL, *parts[2] = {NULL, NULL};
    leaves all = {0}, values[2];
    bool good = call_forward(c, n, in, perturbed, &def, &all) &&
                two_parts(c->owner, "Custom VJP fwd rule",
                          "where the first element represents the primal output and the second "
                          "element represents residuals (i.e. values stored from the forward pass "
                          "for use on the backward pass)",
                          def, &all, parts, values) &&
                take_leaves(&values[0], out) && take_leaves(&values[1], residuals);
    if (good) {
        set_def(&c->out_def, parts[0]);
        set_def(&c->residual_def, parts[1]);
    }
    if (good && c->call.symbolic)
        good = (c->results = copy_types(out->n, out->at, &c->memory)) != NULL;
    release_all(2, parts);
    object_release(def);
    base_free(all.at);
    return good;
}

/* ---- what the backward function gives ---- */

/* Spreads the cotangents that the user returned over the leaves of the differentiated arguments:
 * None stands for zeros of a whole subtree, an array for itself at each of a subtree's leaves.
 * False where the structures differ. */
static bool spread(const treedef *want, const treedef *got, const ct_array **values, ct_array **out)
{
    const tree_node *a = treedef_root(want), *b = treedef_root(got);
    if (b->kind == TREE_NONE || b->kind == TREE_LEAF) {
        ct_array value = b->kind == TREE_LEAF ? *(*values)++ : NULL;
        for (int64_t n = treedef_leaves(want); n > 0; n--)
            *(*out)++ = value;
        return true;
    }
    if (!tree_node_equal(a, b))
        return false;
    bool good = true;
    for (int64_t i = 0, first, count; i < a->arity && good; i++) {
        treedef *w = treedef_child(want, i, &first, &count),
                *g = treedef_child(got, i, &first, &count);
        good = w && g && spread(w, g, values, out);
        object_release(w);
        object_release(g);
    }
    return good;
}

static bool spread_cotangents(const tree_call *c, const treedef *def, const leaves *given,
                              leaves *out)
{
    treedef *tuple = differentiated_tuple(c);
    if (!tuple)
        return false;
    int64_t want = treedef_leaves(tuple);
    *out = (leaves){want, base_zalloc((size_t)(want + 1) * sizeof *out->at)};
    const ct_array *values = given->at;
    ct_array *at = out->at;
    bool good = at;
    const tree_node *root = treedef_root(def);
    good = good && root->arity == treedef_root(tuple)->arity && is_sequence(def);
    for (int64_t i = 0, first, count; i < root->arity && good; i++) {
        treedef *w = treedef_child(tuple, i, &first, &count),
                *g = treedef_child(def, i, &first, &count);
        good = w && g && spread(w, g, &values, &at);
        object_release(w);
        object_release(g);
    }
    if (!good && out->at && ct_ok())
        fail_structures("Custom VJP bwd rule must produce an output with the same container "
                        "(pytree) structure as the args tuple of the primal function, and in "
                        "particular must produce a tuple of length equal to the number of "
                        "arguments to the primal function",
                        def, "for the arguments", tuple);
    object_release(tuple);
    return good;
}

/* The shape of a cotangent is its argument's; its dtype may be another. */
static bool check_cotangents(const tree_call *c, const leaves *cts)
{
    for (int64_t i = 0; i < cts->n; i++) {
        const aval *want = &c->moving[i], *got = cts->at[i] ? &cts->at[i]->aval : want;
        if (!dtype_inexact((ct_dtype)want->dtype))
            continue; /* of an integer nothing is used */
        if (ints_equal(aval_shape(want), aval_shape(got)))
            continue;
        text t = {0};
        text_add(&t,
                 "Custom VJP bwd rule must produce an output with the same type as the args "
                 "tuple of the primal function, but at leaf %lld of the output the bwd rule "
                 "produced an output of type ",
                 (long long)i);
        aval_text(&t, got, false);
        text_add(&t, " corresponding to an input of type ");
        aval_text(&t, want, false);
        text_add(&t, ", so %sthe shapes do not match",
                 want->dtype == got->dtype ? "" : "the dtypes do not match, and ");
        char *s = text_end(&t);
        base_fail(CT_VALUE_ERROR, "%s", s ? s : "Custom VJP bwd rule");
        base_free(s);
        return false;
    }
    return true;
}

static bool tree_backward(custom_call *base, const leaves *residuals, int64_t nout,
                          const ct_array *cts, leaves *in_cts)
{
    tree_call *c = (tree_call *)base;
    treedef *def = NULL;
    leaves given[2] = {*residuals}, all = {0};
    bool good = name_zeros(nout, cts, c->results, &given[1]) &&
                call_rule(c, c->owner->backward, 2, (treedef *[]){c->residual_def, c->out_def},
                          given, &def, &all) &&
                spread_cotangents(c, def, &all, in_cts) && check_cotangents(c, in_cts);
    leaves_free(&given[1]);
    object_release(def);
    base_free(all.at);
    return good;
}

static ct_fn tree_call_of(ct_fn f) { return ((tree_call *)f)->owner->f; }

static void tree_call_destroy(ct_fn f)
{
    tree_call *c = (tree_call *)f;
    object_release(c->owner);
    object_release(c->in_def);
    object_release(c->out_def);
    object_release(c->residual_def);
    for (int64_t i = 0; i < c->total && c->leaves; i++)
        object_release(c->leaves[i]);
    base_free(c->leaves);
    base_free(c->fixed);
    arena_free(&c->memory);
}

static const fn_class tree_call_class = {.of = tree_call_of, .destroy = tree_call_destroy};

static void fail_tracer(const custom_fn *f)
{
    base_fail(CT_UNEXPECTED_TRACER_ERROR,
              "Found a tracer passed as an argument to the custom_vjp function %s in a position "
              "indicated by nondiff_argnums as non-differentiable. Pass arrays as other arguments, "
              "whose cotangent the backward function gives as None, and keep nondiff_argnums for "
              "what is no array, such as functions.",
              fn_name(f->f));
}

static tree_call *tree_call_new(custom_fn *owner, const treedef *in_def, int64_t nin,
                                const ct_array *in)
{
    tree_call *c = (tree_call *)fn_new(&tree_call_class, sizeof *c);
    if (!c)
        return NULL;
    c->call.reverse = owner->backward != NULL;
    c->call.symbolic = owner->symbolic;
    c->call.rule = fn_name(owner->rule);
    c->call.backward_rule = owner->backward ? fn_name(owner->backward) : NULL;
    c->call.primal = tree_primal;
    c->call.jvp = tree_jvp;
    c->call.forward = tree_forward;
    c->call.backward = tree_backward;
    object_retain(owner);
    c->owner = owner;
    c->in_def = (treedef *)(uintptr_t)in_def;
    object_retain(c->in_def);
    c->call.in_def = owner->n_nondiff ? NULL : in_def;
    c->n_args = treedef_root(in_def)->arity - 1;
    c->fixed = base_zalloc((size_t)c->n_args + 1);
    c->leaves = base_zalloc((size_t)(nin + 1) * sizeof *c->leaves);
    if (!c->fixed || !c->leaves)
        return NULL;
    c->total = nin;
    for (int64_t k = 0; k < owner->n_nondiff; k++) {
        int64_t i = owner->nondiff[k] < 0 ? owner->nondiff[k] + c->n_args : owner->nondiff[k],
                first, count;
        if (i < 0 || i >= c->n_args)
            continue;
        c->fixed[i] = true;
        treedef *child = treedef_child(in_def, i, &first, &count);
        if (!child)
            return NULL;
        object_release(child);
        for (int64_t p = first; p < first + count; p++) {
            object_retain(in[p]);
            c->leaves[p] = in[p];
            if (c->call.reverse && is_tracer(in[p]))
                return fail_tracer(owner), NULL;
        }
    }
    ct_array *moving = base_alloc((size_t)(nin + 1) * sizeof *moving);
    int64_t n = 0;
    for (int64_t i = 0; i < nin && moving; i++)
        if (!c->leaves[i])
            moving[n++] = in[i];
    c->moving = moving ? copy_types(n, moving, &c->memory) : NULL;
    base_free(moving);
    return c->moving ? c : NULL;
}

static bool custom_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                           treedef **out_def, int64_t *nout, ct_array **out)
{
    custom_fn *f = (custom_fn *)base;
    tree_call *c = tree_call_new(f, in_def, nin, in);
    ct_array *moving = base_alloc((size_t)(nin + 1) * sizeof *moving);
    int64_t n = 0;
    for (int64_t i = 0; i < nin && c && moving; i++)
        if (!c->leaves[i])
            moving[n++] = in[i];
    leaves results = {0};
    bool good = c && moving && custom_apply(&c->call, n, moving, &results);
    base_free(moving);
    if (!good || !c->out_def) {
        leaves_free(&results);
        return false;
    }
    *out_def = c->out_def;
    object_retain(*out_def);
    *nout = results.n;
    *out = results.at;
    return true;
}

static ct_fn custom_fn_of(ct_fn f) { return ((custom_fn *)f)->f; }

static void custom_fn_destroy(ct_fn base)
{
    custom_fn *f = (custom_fn *)base;
    object_release(f->f);
    object_release(f->rule);
    object_release(f->backward);
    base_free(f->nondiff);
}

static void custom_fn_inner(ct_fn base, void (*visit)(void *env, ct_fn inner), void *env)
{
    custom_fn *f = (custom_fn *)base;
    visit(env, f->f);
    visit(env, f->rule);
    if (f->backward)
        visit(env, f->backward);
}

static const fn_class custom_fn_class = {.call = custom_fn_call,
                                         .of = custom_fn_of,
                                         .destroy = custom_fn_destroy,
                                         .inner = custom_fn_inner};

static custom_fn *make(ct_fn f, ct_fn rule, ct_fn backward, ct_ints nondiff, bool symbolic)
{
    custom_fn *c = f && rule ? (custom_fn *)fn_new(&custom_fn_class, sizeof *c) : NULL;
    if (!c)
        return NULL;
    object_retain(f);
    object_retain(rule);
    if (backward)
        object_retain(backward);
    c->f = f;
    c->rule = rule;
    c->backward = backward;
    c->symbolic = symbolic;
    c->nondiff = base_alloc((size_t)(nondiff.n + 1) * sizeof *c->nondiff);
    if (!c->nondiff)
        return NULL;
    if (nondiff.n)
        memcpy(c->nondiff, nondiff.at, (size_t)nondiff.n * sizeof *c->nondiff);
    c->n_nondiff = nondiff.n;
    return c;
}

ct_fn ct_custom_jvp_(const ct_custom_jvp_args *a)
{
    return (ct_fn)make(a->f, a->rule, NULL, a->nondiff_argnums, a->symbolic_zeros);
}
ct_fn ct_custom_vjp_(const ct_custom_vjp_args *a)
{
    return a->backward
               ? (ct_fn)make(a->f, a->forward, a->backward, a->nondiff_argnums, a->symbolic_zeros)
               : NULL;
}

bool ct_is_zero(ct_array x) { return x && is_zero(x); }
ct_array ct_zero(ct_array like)
{
    return like && !is_poison(like) ? array_zero(&like->aval) : array_poison;
}
