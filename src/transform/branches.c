/* cond and switch as functions: each branch is staged, results must agree, and what the branches
 * close over becomes operands of all. Next: cond.c (the operation and its rules). */
#include "transform/cond.h"

#include "cotan/control.h"
#include "ops/ops.h"

/* ---- the branches ---- */

/* The branch that is traced k-th: of cond, the one for true comes first. */
static int64_t traced_kth(bool by_predicate, int64_t n, int64_t k)
{
    return by_predicate ? n - 1 - k : k;
}

/* The branch that is the same function as the one traced k-th and traced before it; -1: none. */
static int64_t traced_before(bool by_predicate, int64_t n, const ct_fn *branches, int64_t k)
{
    ct_fn f = branches[traced_kth(by_predicate, n, k)];
    for (int64_t i = 0; i < k; i++)
        if (branches[traced_kth(by_predicate, n, i)] == f)
            return traced_kth(by_predicate, n, i);
    return -1;
}

static int64_t position_of(ct_array x, int64_t n, const ct_array *list)
{
    int64_t i = 0;
    while (i < n && list[i] != x)
        i++;
    return i;
}

/* What the branches close over, each array once; returns how many there are. */
static int64_t gather_constants(bool by_predicate, int64_t n, jaxpr *const *programs,
                                ct_array *consts)
{
    int64_t total = 0;
    for (int64_t k = 0; k < n; k++) {
        const jaxpr *j = programs[traced_kth(by_predicate, n, k)];
        for (int c = 0; c < j->nconsts; c++)
            if (position_of(j->consts[c], total, consts) == total)
                consts[total++] = j->consts[c];
    }
    return total;
}

/* The program of one branch taking the constants of all branches in front. */
static jaxpr *with_all_constants(const jaxpr *j, int64_t total, const ct_array *consts)
{
    jaxpr *wide = jaxpr_consts_to_inputs(j);
    if (!wide)
        return NULL;
    var **in = arena_alloc(&wide->arena, (size_t)(total + j->nin + 1) * sizeof *in);
    bool good = in != NULL;
    for (int64_t i = 0; i < total && good; i++) {
        int64_t own = position_of(consts[i], j->nconsts, j->consts);
        in[i] = own < j->nconsts ? j->constvars[own] : jaxpr_var(wide, &consts[i]->aval);
        good = in[i] != NULL;
    }
    if (!good) {
        object_release(wide);
        return NULL;
    }
    memcpy(in + total, j->in, (size_t)j->nin * sizeof *in);
    wide->in = in;
    wide->nin = (int)total + j->nin;
    return wide;
}

/* Two branches that should agree, for messages. */
typedef struct disagreement {
    bool by_predicate;
    const ct_fn *branches;
    int64_t first, second; /* which of them */
} disagreement;

static disagreement disagreement_of(bool by_predicate, const ct_fn *branches, int64_t other)
{
    return by_predicate ? (disagreement){true, branches, 1, 0}
                        : (disagreement){false, branches, 0, other};
}

static void branch_name(text *t, const disagreement *d, int64_t i)
{
    if (d->by_predicate)
        text_add(t, "%s", i ? "true_fun" : "false_fun");
    else
        text_add(t, "branch %lld", (long long)i);
}

static void branch_place(text *t, const disagreement *d, int64_t i)
{
    branch_name(t, d, i);
    text_add(t, " is ");
    traced of = traced_function(d->branches[i], NULL, fn_name(d->branches[i]), NULL);
    traced_text(t, &of);
    text_add(t, "\n");
}

static void begin_message(text *t, const disagreement *d, const char *what)
{
    text_add(t, "%s %s\n\n", d->by_predicate ? "cond" : "switch", what);
    branch_place(t, d, d->first);
    branch_place(t, d, d->second);
    text_add(t, "\n");
}

static bool fail_branches(text *t, const disagreement *d, const char *what)
{
    text_add(t, "\n\nRevise ");
    branch_name(t, d, d->first);
    text_add(t, " and/or ");
    branch_name(t, d, d->second);
    text_add(t, " so that %s.", what);
    char *s = text_end(t);
    base_fail(CT_TYPE_ERROR, "%s", s ? s : "cond branches must have equal output types");
    base_free(s);
    return false;
}

static bool fail_structures(const disagreement *d, treedef *const *defs)
{
    text t = {0};
    begin_message(&t, d, "branch outputs must have the same pytree structure, but they differ:");
    branch_name(&t, d, d->first);
    text_add(&t, " output has the structure ");
    treedef_text(&t, defs[d->first]);
    text_add(&t, " but ");
    branch_name(&t, d, d->second);
    text_add(&t, " output is ");
    treedef_text(&t, defs[d->second]);
    text_add(&t, ".");
    return fail_branches(&t, d, "they have the same pytree structure");
}

static bool fail_types(const disagreement *d, const treedef *def, int64_t leaf, const aval *x,
                       const aval *y)
{
    bool dtypes = x->dtype != y->dtype, shapes = !ints_equal(aval_shape(x), aval_shape(y));
    text t = {0}, at = {0};
    begin_message(&t, d, "branches must have equal output types but they differ.");
    text_add(&t, "The output of ");
    branch_name(&t, d, d->first);
    treedef_path(&at, def, leaf);
    char *path = text_end(&at);
    if (path && *path)
        text_add(&t, " at path %s", path);
    base_free(path);
    text_add(&t, " has type ");
    aval_text(&t, x, false);
    text_add(&t, " but the corresponding output of ");
    branch_name(&t, d, d->second);
    text_add(&t, " has type ");
    aval_text(&t, y, false);
    text_add(&t, ", so %s%s%s.", dtypes ? "the dtypes do not match" : "",
             dtypes && shapes ? ", and " : "", shapes ? "the shapes do not match" : "");
    return fail_branches(&t, d, "all output types match");
}

static bool same_results(bool by_predicate, int64_t n, const ct_fn *branches,
                         jaxpr *const *programs, treedef *const *defs)
{
    for (int64_t b = 1; b < n; b++) {
        disagreement d = disagreement_of(by_predicate, branches, b);
        const jaxpr *j = programs[d.first], *k = programs[d.second];
        if (!treedef_equal(defs[0], defs[b]))
            return fail_structures(&d, defs);
        for (int i = 0; i < j->nout; i++)
            if (!aval_equal(atom_aval(&j->out[i]), atom_aval(&k->out[i]), false))
                return fail_types(&d, defs[0], i, atom_aval(&j->out[i]), atom_aval(&k->out[i]));
    }
    return true;
}

/* The operand that a branch's i-th result is; -1 for other results. */
static int64_t forwarded(const jaxpr *j, int i)
{
    for (int64_t k = 0; k < j->nin; k++)
        if (j->out[i].var == j->in[k])
            return k;
    return -1;
}

/* The operand that the i-th result is in every branch, NULL if there is none. */
static ct_array passed_through(int64_t n, jaxpr *const *branches, const ct_array *operands, int i)
{
    ct_array through = NULL;
    for (int64_t b = 0; b < n; b++) {
        int64_t k = forwarded(branches[b], i);
        if (k < 0 || (b && operands[k] != through))
            return NULL;
        through = operands[k];
    }
    return through;
}

/* Binds cond without the results that are operands in every branch: those are the operands
 * themselves, so that they stay without a tangent, and without a batch axis, where operands are. */
static bool bind_branches(int64_t n, jaxpr **branches, int nin, const ct_array *in, leaves *out)
{
    int all = branches[0]->nout, kept = 0;
    *out = (leaves){all, base_zalloc((size_t)(all + 1) * sizeof *out->at)};
    int *keep = base_alloc((size_t)(all + 1) * sizeof *keep);
    ct_array *results = base_alloc((size_t)(all + 1) * sizeof *results);
    bool good = out->at && keep && results;
    for (int i = 0; i < all && good; i++)
        if (!(out->at[i] = passed_through(n, branches, in + 1, i)))
            keep[kept++] = i;
    for (int64_t b = 0; b < n && good && kept < all; b++) {
        atom *atoms = arena_alloc(&branches[b]->arena, (size_t)(kept + 1) * sizeof *atoms);
        good = atoms != NULL;
        for (int i = 0; i < kept && good; i++)
            atoms[i] = branches[b]->out[keep[i]];
        branches[b]->out = good ? atoms : branches[b]->out;
        branches[b]->nout = good ? kept : all;
    }
    good = good && cond_bind(branches, n, nin, in, kept, results);
    for (int i = 0; i < kept && good; i++)
        out->at[keep[i]] = results[i];
    base_free(keep);
    base_free(results);
    if (!good)
        leaves_free(out);
    return good;
}

static bool control_cond(ct_array index, bool by_predicate, int64_t n, const ct_fn *branches,
                         const treedef *in_def, int64_t nin, const ct_array *in, treedef **out_def,
                         leaves *out)
{
    arena memory = {0};
    jaxpr **programs = arena_alloc(&memory, (size_t)(2 * n) * sizeof *programs),
          **wide = programs + n;
    treedef **defs = arena_alloc(&memory, (size_t)n * sizeof *defs);
    aval *avals = arena_alloc(&memory, (size_t)(nin + 1) * sizeof *avals);
    *out = (leaves){0};
    *out_def = NULL;
    if (!programs || !defs || !avals)
        return arena_free(&memory), false;
    memset(programs, 0, (size_t)(2 * n) * sizeof *programs);
    memset(defs, 0, (size_t)n * sizeof *defs);
    for (int64_t i = 0; i < nin; i++)
        avals[i] = in[i]->aval;
    bool good = true;
    for (int64_t k = 0; k < n && good; k++) {
        int64_t b = traced_kth(by_predicate, n, k);
        int64_t same = traced_before(by_predicate, n, branches, k);
        if (same >= 0) {
            object_retain(programs[b] = programs[same]);
            object_retain(defs[b] = defs[same]);
            continue;
        }
        good = (programs[b] = transform_stage_fn(branches[b], by_predicate ? "cond" : "switch",
                                                 in_def, nin, avals, &defs[b])) != NULL;
    }
    good = good && same_results(by_predicate, n, branches, programs, defs);
    int64_t total = 0;
    for (int64_t b = 0; b < n && good; b++)
        total += programs[b]->nconsts;
    ct_array *operands =
        good ? arena_alloc(&memory, (size_t)(1 + total + nin + 1) * sizeof *operands) : NULL;
    good = operands != NULL;
    total = good ? gather_constants(by_predicate, n, programs, operands + 1) : 0;
    for (int64_t b = 0; b < n && good; b++)
        good = (wide[b] = with_all_constants(programs[b], total, operands + 1)) != NULL;
    if (good) {
        operands[0] = index;
        memcpy(operands + 1 + total, in, (size_t)nin * sizeof *operands);
        good = bind_branches(n, wide, (int)(1 + total + nin), operands, out);
    }
    if (good) {
        *out_def = defs[0];
        object_retain(defs[0]);
    }
    for (int64_t b = 0; b < n; b++) {
        object_release(programs[b]);
        object_release(wide[b]);
        object_release(defs[b]);
    }
    arena_free(&memory);
    return good;
}

/* ---- as functions of trees ---- */

typedef struct cond_fn {
    struct ct_function head;
    int64_t n;
    bool by_predicate;
    ct_fn branches[];
} cond_fn;

/* The arguments without the first: the operands' definition. */
static treedef *operands_def(const treedef *in_def, int64_t *first)
{
    int64_t args = in_def->nodes[in_def->count - 1].arity, start, count;
    treedef **children = base_alloc((size_t)(args + 1) * sizeof *children), *def = NULL;
    int64_t made = 0;
    treedef *head = treedef_child(in_def, 0, &start, first);
    object_release(head);
    while (children && made < args - 1 &&
           (children[made] = treedef_child(in_def, made + 1, &start, &count)))
        made++;
    if (children && made == args - 1)
        def = treedef_join((tree_node){.kind = TREE_TUPLE}, made, children);
    while (made)
        object_release(children[--made]);
    base_free(children);
    return def;
}

static void fail_scalar(const char *what, const aval *got)
{
    text t = {0};
    if (got)
        aval_text(&t, got, false);
    else
        text_add(&t, "a container");
    char *s = text_end(&t);
    base_fail(CT_TYPE_ERROR,
              "%s must be a scalar, got %s. To choose for each element, use jax.numpy.where or "
              "jax.vmap.",
              what, s ? s : "an array");
    base_free(s);
}

static bool cond_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                         treedef **out_def, int64_t *nout, ct_array **out)
{
    cond_fn *c = (cond_fn *)base;
    int64_t first = 0;
    const char *what = c->by_predicate ? "Pred" : "Branch index";
    treedef *def = operands_def(in_def, &first);
    if (!def)
        return false;
    leaves results = {0};
    bool good = first == 1 && in[0]->aval.ndim == 0;
    if (!good)
        fail_scalar(what, first == 1 ? &in[0]->aval : NULL);
    else if (!dtype_is((ct_dtype)in[0]->aval.dtype,
                       c->by_predicate ? FAMILY_BOOL | FAMILY_INT | FAMILY_UINT | FAMILY_FLOAT
                                       : FAMILY_INT | FAMILY_UINT)) {
        base_fail(CT_TYPE_ERROR, "%s type must be %s, got %s.", what,
                  c->by_predicate ? "either boolean or number" : "an integer",
                  ct_dtype_name((ct_dtype)in[0]->aval.dtype));
        good = false;
    }
    ct_array index = good ? in[0] : NULL;
    if (good && c->by_predicate && index->aval.dtype != CT_BOOL)
        index = op_ne(index, op_number(0, index));
    index = good ? op_convert(index, CT_INT32, false) : NULL;
    if (good && !c->by_predicate) /* out of range: the nearest branch, as the program says it too */
        index = op_clamp(op_number(0, index), index, op_number((double)c->n - 1, index));
    ct_array known;
    good = good && !is_poison(index);
    if (good && transform_disable_jit && core_concrete(index, &known)) {
        good =
            fn_call(c->branches[cond_which(known, c->n)], def, nin - 1, in + 1, out_def, nout, out);
        object_release(def);
        return good;
    }
    good = good && control_cond(index, c->by_predicate, c->n, c->branches, def, nin - 1, in + 1,
                                out_def, &results);
    object_release(def);
    *nout = results.n;
    *out = results.at;
    return good;
}

static void cond_fn_destroy(ct_fn base)
{
    cond_fn *c = (cond_fn *)base;
    for (int64_t i = 0; i < c->n; i++)
        object_release(c->branches[i]);
}

static const fn_class cond_class = {.call = cond_fn_call, .destroy = cond_fn_destroy};

static ct_fn choose(int64_t n, const ct_fn *branches, bool by_predicate)
{
    cond_fn *c = (cond_fn *)fn_new(&cond_class, sizeof *c + (size_t)n * sizeof(ct_fn));
    if (!c)
        return NULL;
    c->by_predicate = by_predicate;
    for (int64_t i = 0; i < n; i++) {
        if (!branches[i])
            return NULL;
        object_retain(branches[i]);
        c->branches[c->n++] = branches[i];
    }
    return &c->head;
}

ct_fn ct_cond_(ct_fn on_true, ct_fn on_false)
{
    return choose(2, (ct_fn[]){on_false, on_true}, true);
}

ct_fn ct_switch_(int64_t n, const ct_fn *branches)
{
    if (n > 0)
        return choose(n, branches, false);
    base_fail(CT_VALUE_ERROR, "Empty branch sequence");
    return NULL;
}
