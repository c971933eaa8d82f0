/* ct_custom_jvp and ct_custom_vjp: functions of trees with rules of their own, as custom_calls on
 * flat leaves.
 *
 * Arguments named in nondiff_argnums are handed to the rules first, as they are; static ones (host
 * objects) travel in the structure. */
#include "cotan/transform.h"
#include "ops/ops.h"
#include "transform/custom.h"

typedef struct custom_fn {
    struct ct_function head;
    ct_fn f, rule, backward; /* custom_vjp: rule is the forward function */
    int64_t *nondiff, n_nondiff;
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
} tree_call;

static const tree_node *root_of(const treedef *d) { return &d->nodes[d->count - 1]; }

static bool take_leaves(const leaves *l, leaves *out)
{
    *out = (leaves){l->n, base_alloc((size_t)(l->n + 1) * sizeof *out->at)};
    if (out->at)
        memcpy(out->at, l->at, (size_t)l->n * sizeof *out->at);
    return out->at != NULL;
}

/* Slices of a two-part result: children of the root and their leaves. */
static bool two_parts(const char *who, const treedef *def, const leaves *all, treedef *parts[2],
                      leaves values[2])
{
    if ((root_of(def)->kind != TREE_TUPLE && root_of(def)->kind != TREE_LIST) ||
        root_of(def)->arity != 2) {
        base_fail(CT_TYPE_ERROR, "%s must produce a pair (list or tuple of length two)", who);
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

static bool tree_jvp(custom_call *base, int64_t n, const ct_array *primals,
                     const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    tree_call *c = (tree_call *)base;
    treedef *tuple = differentiated_tuple(c), *def = NULL, *parts[2] = {NULL, NULL};
    leaves given[2] = {{n, (ct_array *)(uintptr_t)primals}, {n, (ct_array *)(uintptr_t)tangents}},
           all = {0}, values[2];
    bool good = tuple &&
                call_rule(c, c->owner->rule, 2, (treedef *[]){tuple, tuple}, given, &def, &all) &&
                two_parts("Custom JVP rule", def, &all, parts, values);
    if (good && !treedef_equal(parts[0], parts[1])) {
        base_fail(CT_TYPE_ERROR, "Custom JVP rule must produce primal and tangent outputs with "
                                 "equal container (pytree) structures");
        good = false;
    }
    good = good && take_leaves(&values[0], out) && take_leaves(&values[1], out_tangents);
    if (good)
        set_def(&c->out_def, parts[0]);
    release_all(2, parts);
    object_release(tuple);
    object_release(def);
    base_free(all.at);
    return good;
}

static bool tree_forward(custom_call *base, int64_t n, const ct_array *in, leaves *out,
                         leaves *residuals)
{
    tree_call *c = (tree_call *)base;
    treedef *def = NULL, *parts[2] = {NULL, NULL};
    leaves all = {0}, values[2];
    bool good = full_call(c, c->owner->rule, n, in, &def, &all) &&
                two_parts("Custom VJP fwd rule", def, &all, parts, values) &&
                take_leaves(&values[0], out) && take_leaves(&values[1], residuals);
    if (good) {
        set_def(&c->out_def, parts[0]);
        set_def(&c->residual_def, parts[1]);
    }
    release_all(2, parts);
    object_release(def);
    base_free(all.at);
    return good;
}

/* Spreads the cotangents that the user returned over the leaves of the differentiated arguments;
 * None stands for zeros of a whole subtree. */
static bool spread_cotangents(const tree_call *c, const treedef *def, const leaves *given,
                              leaves *out)
{
    treedef *tuple = differentiated_tuple(c);
    if (!tuple)
        return false;
    int64_t want = treedef_leaves(tuple), args = root_of(tuple)->arity;
    *out = (leaves){want, base_zalloc((size_t)(want + 1) * sizeof *out->at)};
    bool good = out->at != NULL;
    if (good && (root_of(def)->arity != args ||
                 (root_of(def)->kind != TREE_TUPLE && root_of(def)->kind != TREE_LIST))) {
        base_fail(CT_TYPE_ERROR,
                  "Custom VJP bwd rule must produce an output with the same container (pytree) "
                  "structure as the args tuple of the primal function: "
                  "a tuple of %lld entries",
                  (long long)args);
        good = false;
    }
    for (int64_t i = 0; i < args && good; i++) {
        int64_t first, count, from, n;
        treedef *w = treedef_child(tuple, i, &first, &count), *g = treedef_child(def, i, &from, &n);
        good = w && g;
        if (good && root_of(g)->kind != TREE_NONE) {
            good = n == count;
            if (good)
                memcpy(out->at + first, given->at + from, (size_t)n * sizeof *out->at);
            else
                base_fail(CT_TYPE_ERROR,
                          "Custom VJP bwd rule: the cotangent of argument %lld has %lld leaves, "
                          "but the argument has %lld",
                          (long long)i, (long long)n, (long long)count);
        }
        object_release(w);
        object_release(g);
    }
    object_release(tuple);
    return good;
}

static bool tree_backward(custom_call *base, const leaves *residuals, int64_t nout,
                          const ct_array *cts, leaves *in_cts)
{
    tree_call *c = (tree_call *)base;
    treedef *def = NULL;
    leaves given[2] = {*residuals, {nout, (ct_array *)(uintptr_t)cts}}, all = {0};
    bool good = call_rule(c, c->owner->backward, 2, (treedef *[]){c->residual_def, c->out_def},
                          given, &def, &all) &&
                spread_cotangents(c, def, &all, in_cts);
    object_release(def);
    base_free(all.at);
    return good;
}

static const char *tree_call_name(ct_fn f) { return fn_name(((tree_call *)f)->owner->f); }

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
}

static const fn_class tree_call_class = {.name = tree_call_name, .destroy = tree_call_destroy};

static tree_call *tree_call_new(custom_fn *owner, const treedef *in_def, int64_t nin,
                                const ct_array *in)
{
    tree_call *c = (tree_call *)fn_new(&tree_call_class, sizeof *c);
    if (!c)
        return NULL;
    c->call.reverse = owner->backward != NULL;
    c->call.primal = tree_primal;
    c->call.jvp = tree_jvp;
    c->call.forward = tree_forward;
    c->call.backward = tree_backward;
    object_retain(owner);
    c->owner = owner;
    c->in_def = (treedef *)(uintptr_t)in_def;
    object_retain(c->in_def);
    c->n_args = root_of(in_def)->arity - 1;
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
        }
    }
    return c;
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
    if (!good || !c->out_def)
        return false;
    *out_def = c->out_def;
    object_retain(*out_def);
    *nout = results.n;
    *out = results.at;
    return true;
}

static const char *custom_fn_name(ct_fn f) { return fn_name(((custom_fn *)f)->f); }

static void custom_fn_destroy(ct_fn base)
{
    custom_fn *f = (custom_fn *)base;
    object_release(f->f);
    object_release(f->rule);
    object_release(f->backward);
    base_free(f->nondiff);
}

static const fn_class custom_fn_class = {
    .call = custom_fn_call, .name = custom_fn_name, .destroy = custom_fn_destroy};

static ct_fn make(ct_fn f, ct_fn rule, ct_fn backward, ct_ints nondiff)
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
    c->nondiff = base_alloc((size_t)(nondiff.n + 1) * sizeof *c->nondiff);
    if (!c->nondiff)
        return NULL;
    if (nondiff.n)
        memcpy(c->nondiff, nondiff.at, (size_t)nondiff.n * sizeof *c->nondiff);
    c->n_nondiff = nondiff.n;
    return &c->head;
}

ct_fn ct_custom_jvp_(ct_fn f, ct_fn rule, ct_ints nondiff_argnums)
{
    return make(f, rule, NULL, nondiff_argnums);
}
ct_fn ct_custom_vjp_(ct_fn f, ct_fn forward, ct_fn backward, ct_ints nondiff_argnums)
{
    return backward ? make(f, forward, backward, nondiff_argnums) : NULL;
}
