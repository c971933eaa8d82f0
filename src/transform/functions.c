/* The public derivatives grad, value_and_grad and jvp, over functions of trees.
 *
 * Argument numbers, auxiliary outputs and checks of dtypes are folded away here, so that the
 * interpreters see flat leaves only. Next: derivative.c (vjp and linearize), mapping.c (vmap),
 * custom_functions.c (custom rules). */
#include "cotan/transform.h"
#include "ops/ops.h"
#include "transform/functions.h"

/* ---- a function of some of its leaves, the others fixed ---- */

bool run_partial(void *env, int64_t n, const ct_array *in, leaves *out)
{
    partial_call *c = env;
    ct_array *all = base_alloc((size_t)(c->total + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, c->all, (size_t)c->total * sizeof *all);
    for (int64_t i = 0; i < n; i++)
        all[c->chosen ? c->chosen[i] : i] = in[i];
    object_release(c->out_def);
    bool good = fn_call(c->f, c->in_def, c->total, all, &c->out_def, &out->n, &out->at);
    base_free(all);
    return good;
}

bool split_aux(const char *who, treedef *out_def, bool has_aux, treedef **main, treedef **aux,
               int64_t *n_main)
{
    *aux = NULL;
    if (!has_aux) {
        *main = out_def;
        object_retain(out_def);
        *n_main = treedef_leaves(out_def);
        return true;
    }
    const tree_node *root = treedef_root(out_def);
    if (root->kind != TREE_TUPLE || root->arity != 2) {
        base_fail(CT_TYPE_ERROR,
                  "expected function with aux output to return a two-element tuple, but %s with "
                  "has_aux=True got a result of another structure",
                  who);
        return false;
    }
    int64_t first, n_aux;
    *main = treedef_child(out_def, 0, &first, n_main);
    *aux = treedef_child(out_def, 1, &first, &n_aux);
    return *main && *aux;
}

/* A tuple of two trees as (definition, leaves). */
static bool return_pair(treedef *a, const leaves *la, treedef *b, const leaves *lb,
                        treedef **out_def, int64_t *nout, ct_array **out)
{
    treedef *children[2] = {a, b};
    *out_def = treedef_join((tree_node){.kind = TREE_TUPLE}, 2, children);
    *nout = la->n + lb->n;
    *out = base_alloc((size_t)(*nout + 1) * sizeof **out);
    if (!*out_def || !*out)
        return false;
    memcpy(*out, la->at, (size_t)la->n * sizeof **out);
    memcpy(*out + la->n, lb->at, (size_t)lb->n * sizeof **out);
    return true;
}

/* ---- grad ---- */

typedef struct gradient {
    struct ct_function head;
    ct_fn f;
    int64_t *argnums, n;
    bool one, value, has_aux, holomorphic, allow_int;
} gradient;

static bool check_inputs(const gradient *g, int64_t n, const ct_array *in)
{
    const char *who = g->value ? "value_and_grad" : "grad";
    for (int64_t i = 0; i < n; i++) {
        ct_dtype d = (ct_dtype)in[i]->aval.dtype;
        if (in[i]->aval.ref) {
            base_fail(CT_TYPE_ERROR,
                      "%s with respect to a mutable array reference: differentiate with respect to "
                      "the value that it holds",
                      who);
            return false;
        }
        if (g->holomorphic && !dtype_is(d, FAMILY_COMPLEX)) {
            base_fail(CT_TYPE_ERROR,
                      "%s with holomorphic=True requires inputs with complex dtype, but got %s.",
                      who, ct_dtype_name(d));
            return false;
        }
        if (!dtype_inexact(d) && !g->allow_int) {
            base_fail(CT_TYPE_ERROR,
                      "%s requires real- or complex-valued inputs (input dtype that is a sub-dtype "
                      "of np.inexact), but got %s. If you want to use Boolean- or "
                      "integer-valued inputs, use vjp or set allow_int to True.",
                      who, ct_dtype_name(d));
            return false;
        }
    }
    return true;
}

static bool check_loss(const gradient *g, int64_t n, const ct_array *out)
{
    const char *who = g->value ? "value_and_grad" : "grad";
    if (n != 1) {
        base_fail(CT_TYPE_ERROR,
                  "Gradient only defined for scalar-output functions. Output had %lld leaves; "
                  "return one number, and the rest with has_aux=True.",
                  (long long)n);
        return false;
    }
    ct_dtype d = (ct_dtype)out[0]->aval.dtype;
    if (out[0]->aval.ndim) {
        text shape = {0};
        for (int i = 0; i < out[0]->aval.ndim; i++)
            text_add(&shape, i ? ", %lld" : "%lld", (long long)out[0]->aval.shape[i]);
        char *s = text_end(&shape);
        base_fail(CT_TYPE_ERROR,
                  "Gradient only defined for scalar-output functions. Output had shape: (%s%s).",
                  s ? s : "?", out[0]->aval.ndim == 1 ? "," : "");
        base_free(s);
        return false;
    }
    if (g->holomorphic ? !dtype_is(d, FAMILY_COMPLEX) : !dtype_is(d, FAMILY_FLOAT)) {
        if (g->holomorphic)
            base_fail(CT_TYPE_ERROR,
                      "%s with holomorphic=True requires outputs with complex dtype, but got %s.",
                      who, ct_dtype_name(d));
        else
            base_fail(CT_TYPE_ERROR,
                      "%s requires real-valued outputs (output dtype that is a sub-dtype of "
                      "np.floating), but got %s. %s outputs, use jax.vjp directly.",
                      who, ct_dtype_name(d),
                      dtype_is(d, FAMILY_COMPLEX)
                          ? "For holomorphic differentiation, pass holomorphic=True. For "
                            "differentiation of non-holomorphic functions involving complex"
                          : "For differentiation of functions with integer");
        return false;
    }
    return true;
}

static void argnums_text(const gradient *g, text *out)
{
    for (int64_t k = 0; k < g->n; k++)
        text_add(out, k ? ", %lld" : g->one ? "%lld" : "(%lld", (long long)g->argnums[k]);
    if (!g->one)
        text_add(out, g->n == 1 ? ",)" : ")");
}

/* Whether the caller passed the arguments to differentiate with respect to. */
static bool check_argnums(const gradient *g, int64_t given)
{
    int64_t most = 0;
    for (int64_t k = 0; k < g->n; k++) {
        most = g->argnums[k] > most ? g->argnums[k] : most;
        if (g->argnums[k] >= -given)
            continue;
        base_fail(CT_VALUE_ERROR,
                  "Positional argument indices, e.g. for `argnums`, must have value greater than "
                  "or equal to -len(args) and less than len(args), but got value %lld for "
                  "len(args) == %lld.",
                  (long long)g->argnums[k], (long long)given);
        return false;
    }
    if (most < given)
        return true;
    text shown = {0};
    argnums_text(g, &shown);
    char *argnums = text_end(&shown);
    base_fail(CT_TYPE_ERROR,
              "differentiating with respect to argnums=%s requires at least %lld positional "
              "arguments to be passed by the caller, but got only %lld positional arguments.",
              argnums ? argnums : "?", (long long)most + 1, (long long)given);
    base_free(argnums);
    return false;
}

/* The definition of the differentiated arguments (a tuple where several) and the positions of their
 * leaves. */
static treedef *choose_arguments(const gradient *g, const treedef *in_def, int64_t *n,
                                 int64_t *positions)
{
    int64_t args = treedef_root(in_def)->arity - 1;
    treedef *children[64];
    int64_t made = 0;
    bool good = g->n <= 64 && check_argnums(g, args);
    *n = 0;
    for (int64_t k = 0; k < g->n && good; k++) {
        int64_t i = g->argnums[k] < 0 ? g->argnums[k] + args : g->argnums[k], first, count;
        children[made] = treedef_child(in_def, i, &first, &count);
        good = children[made] != NULL;
        made += good;
        for (int64_t p = 0; p < count && good; p++)
            positions[(*n)++] = first + p;
    }
    treedef *chosen = NULL;
    if (good && g->one) {
        chosen = children[0];
        object_retain(chosen);
    } else if (good) {
        chosen = treedef_join((tree_node){.kind = TREE_TUPLE}, made, children);
    }
    for (int64_t k = 0; k < made; k++)
        object_release(children[k]);
    return chosen;
}

/* Evaluates, transposes: out_leaves are the results, cts the gradients of the chosen leaves. */
static bool gradient_run(const gradient *g, partial_call *c, int64_t n, const ct_array *chosen,
                         leaves *out, leaves *cts, treedef **main, treedef **aux)
{
    linear_map *l = NULL;
    int64_t n_main = 0;
    if (!check_inputs(g, n, chosen) ||
        !transform_linearize((flat){run_partial, c, fn_name(g->f),
                                    g->value ? "value_and_grad" : "grad", g->f, c->in_def},
                             n, chosen, out, &l))
        return false;
    bool good = split_aux(g->value ? "value_and_grad" : "grad", c->out_def, g->has_aux, main, aux,
                          &n_main) &&
                check_loss(g, n_main, out->at);
    ct_array *out_cts = good ? base_zalloc((size_t)(out->n + 1) * sizeof *out_cts) : NULL;
    if (out_cts) {
        const aval *loss = &out->at[0]->aval;
        out_cts[0] = array_scalar((ct_dtype)loss->dtype, loss->weak, 1);
        good = linear_transpose(l, out->n, out_cts, cts);
        for (int64_t i = 0; i < n && good; i++) {
            if (!cts->at[i])
                cts->at[i] = zero_tangent(chosen[i]);
            else if (cts->at[i]->aval.weak != chosen[i]->aval.weak && is_array(cts->at[i]))
                cts->at[i] =
                    array_view(cts->at[i], (ct_dtype)cts->at[i]->aval.dtype, chosen[i]->aval.weak,
                               cts->at[i]->aval.ndim, cts->at[i]->aval.shape);
            good = !is_poison(cts->at[i]);
        }
    }
    object_release(l);
    base_free(out_cts);
    return good && out_cts;
}

static bool gradient_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                          treedef **out_def, int64_t *nout, ct_array **out)
{
    gradient *g = (gradient *)base;
    ct_scope scope = ct_begin();
    int64_t n = 0, *positions = base_alloc((size_t)(nin * g->n + 1) * sizeof *positions);
    ct_array *chosen = base_alloc((size_t)(nin * g->n + 1) * sizeof *chosen);
    treedef *grads_def = positions && chosen ? choose_arguments(g, in_def, &n, positions) : NULL,
            *main = NULL, *aux = NULL, *value_def = NULL;
    partial_call c = {g->f, in_def, nin, in, positions, NULL};
    leaves results = {0}, cts = {0};
    bool good = grads_def != NULL;
    for (int64_t i = 0; i < n && good; i++)
        chosen[i] = in[positions[i]];
    good = good && gradient_run(g, &c, n, chosen, &results, &cts, &main, &aux);
    if (good && g->value) { /* ((value, aux), gradients) or (value, gradients) */
        value_def = c.out_def;
        good = return_pair(value_def, &results, grads_def, &cts, out_def, nout, out);
    } else if (good && g->has_aux) {
        leaves rest = {results.n - 1, results.at + 1};
        good = return_pair(grads_def, &cts, aux, &rest, out_def, nout, out);
    } else if (good) {
        *out_def = grads_def;
        object_retain(grads_def);
        *nout = cts.n;
        *out = cts.at;
        cts.at = NULL;
    }
    leaves kept = {good ? *nout : 0, good ? *out : NULL};
    leaves_keep(scope, &kept, NULL);
    leaves_free(&results);
    leaves_free(&cts);
    object_release(grads_def);
    object_release(main);
    object_release(aux);
    object_release(c.out_def);
    base_free(positions);
    base_free(chosen);
    return good;
}

static ct_fn gradient_of(ct_fn f) { return ((gradient *)f)->f; }

static void gradient_destroy(ct_fn f)
{
    object_release(((gradient *)f)->f);
    base_free(((gradient *)f)->argnums);
}

static const fn_class gradient_class = {
    .call = gradient_call, .of = gradient_of, .destroy = gradient_destroy};

ct_fn ct_grad_(const ct_grad_args *args)
{
    if (!args->f)
        return NULL;
    ct_ints argnums = args->argnums.at ? args->argnums : I(0);
    gradient *g = (gradient *)fn_new(&gradient_class, sizeof *g);
    if (!g)
        return NULL;
    object_retain(args->f);
    g->f = args->f;
    g->argnums = base_alloc((size_t)(argnums.n + 1) * sizeof *g->argnums);
    if (!g->argnums)
        return NULL;
    memcpy(g->argnums, argnums.at, (size_t)argnums.n * sizeof *g->argnums);
    g->n = argnums.n;
    g->one = argnums.n == 1 && !args->one;
    g->value = args->value;
    g->has_aux = args->has_aux;
    g->holomorphic = args->holomorphic;
    g->allow_int = args->allow_int;
    return &g->head;
}

/* ---- jvp ---- */

treedef *pack_tuple(const char *who, ct_tree args, int64_t *n, ct_array **in)
{
    *in = NULL;
    if (!args || is_poison(args))
        return NULL;
    if (!is_tree(args) || (treedef_root(args->def)->kind != TREE_TUPLE &&
                           treedef_root(args->def)->kind != TREE_LIST)) {
        base_fail(CT_TYPE_ERROR, "primal and tangent arguments to %s must be tuples or lists", who);
        return NULL;
    }
    int64_t count = ct_len(args);
    ct_tree *items = base_alloc((size_t)(count + 1) * sizeof *items);
    for (int64_t i = 0; i < count && items; i++)
        items[i] = ct_at(args, i);
    treedef *def = items ? fn_pack(count, items, n, in) : NULL;
    base_free(items);
    return def;
}

static bool check_tangents(int64_t n, const ct_array *primals, const ct_array *tangents)
{
    for (int64_t i = 0; i < n; i++) {
        const aval *p = &primals[i]->aval, *t = &tangents[i]->aval;
        if (!ints_equal(aval_shape(p), aval_shape(t))) {
            base_fail(CT_VALUE_ERROR,
                      "jvp called with different primal and tangent shapes: leaf %lld has %d and "
                      "%d dimensions or other sizes",
                      (long long)i, p->ndim, t->ndim);
            return false;
        }
        if (dtype_tangent((ct_dtype)p->dtype) != (ct_dtype)t->dtype) {
            base_fail(CT_TYPE_ERROR,
                      "primal and tangent arguments to jax.jvp do not match; dtypes must be equal, "
                      "or in case of int/bool primal dtype the tangent dtype must be "
                      "float0. Got primal dtype %s and so expected tangent dtype %s, but got "
                      "tangent dtype %s instead.",
                      ct_dtype_name((ct_dtype)p->dtype),
                      ct_dtype_name(dtype_tangent((ct_dtype)p->dtype)),
                      ct_dtype_name((ct_dtype)t->dtype));
            return false;
        }
    }
    return true;
}

ct_tree ct_jvp_(ct_fn f, ct_tree primals, ct_tree tangents, bool has_aux)
{
    ct_scope scope = ct_begin();
    int64_t n = 0, nt = 0, n_main = 0;
    ct_array *in, *in_tangents = NULL;
    treedef *def = f ? pack_tuple("jax.jvp", primals, &n, &in) : NULL;
    treedef *tangent_def = def ? pack_tuple("jax.jvp", tangents, &nt, &in_tangents) : NULL,
            *main = NULL, *aux = NULL;
    partial_call c = {f, def, n, in, NULL, NULL};
    leaves out = {0}, out_tangents = {0};
    ct_tree result = array_poison;
    bool good = tangent_def;
    if (good && !treedef_equal(def, tangent_def)) {
        base_fail(CT_TYPE_ERROR,
                  "primal and tangent arguments to jax.jvp must have the same tree structure");
        good = false;
    }
    good = good && check_tangents(n, in, in_tangents);
    for (int64_t i = 0; i < n && good; i++)
        if (in_tangents[i]->aval.dtype == CT_FLOAT0)
            in_tangents[i] = NULL;
    good = good &&
           transform_jvp((flat){run_partial, &c, fn_name(f), "jvp", f, c.in_def}, n, in,
                         in_tangents, &out, &out_tangents) &&
           split_aux("jvp", c.out_def, has_aux, &main, &aux, &n_main);
    if (good) {
        for (int64_t i = 0; i < n_main; i++)
            if (!out_tangents.at[i])
                out_tangents.at[i] = zero_tangent(out.at[i]);
        ct_tree parts[3] = {tree_new(main, n_main, out.at),
                            tree_new(main, n_main, out_tangents.at)};
        if (has_aux)
            parts[2] = tree_new(aux, out.n - n_main, out.at + n_main);
        result = ct_tuple_(has_aux ? 3 : 2, parts);
    }
    leaves_free(&out);
    leaves_free(&out_tangents);
    object_release(def);
    object_release(tangent_def);
    object_release(main);
    object_release(aux);
    object_release(c.out_def);
    if (f) {
        base_free(in_tangents);
        if (def)
            base_free(in);
    }
    return ct_end_(scope, result);
}
