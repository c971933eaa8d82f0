/* Taylor mode: every value carries its first derivatives along a path, up to some order.
 *
 * With x(t) and dx/dt known as series, an operation's derivative rule gives dy/dt, and so y, as a
 * series of one order less: the rule runs under a trace of that order. Linear operations act on
 * each term, products of two by Leibniz' rule. So each operation that has a derivative has a jet.
 */
#include "cotan/jet.h"
#include "ops/ops.h"
#include "transform/custom.h"

/* A tracer's primal is the value, its tangent the list of derivatives of order 1 to `order`. */
typedef struct jet_trace {
    trace base;
    int order;
    treedef *list;
} jet_trace;

typedef struct series {
    ct_array at;           /* the value */
    const ct_array *terms; /* NULL: all zero */
} series;

static series series_of(const jet_trace *t, ct_array a)
{
    if (!traced_by(a, &t->base))
        return (series){a, NULL};
    const ct_array *terms;
    tree_leaves(&a->tangent, &terms);
    return (series){a->primal, terms};
}

static ct_array wrap(jet_trace *t, ct_array at, const ct_array *terms)
{
    if (!terms || is_poison(at))
        return at;
    if (!values_good(t->order, terms))
        return array_poison;
    ct_array list = tree_new(t->list, t->order, terms);
    ct_array a = is_poison(list) ? array_poison : trace_tracer(&t->base, &at->aval);
    if (is_poison(a))
        return a;
    object_retain(at);
    object_retain(list);
    a->primal = at;
    a->tangent = list;
    return a;
}

static jet_trace *jet_new(int order);

static void jet_end(jet_trace *t)
{
    if (t)
        t->base.alive = false;
    object_release(t);
}

/* ---- operations ---- */

/* A rule that gives results and their tangents from values and theirs. */
typedef struct rule {
    const op *o;
    const void *params;
    custom_call *c; /* instead of o */
} rule;

static bool apply_rule(const rule *r, int n, const ct_array *primals, const ct_array *tangents,
                       leaves *out, leaves *out_tangents)
{
    if (r->c)
        return custom_forward(r->c, n, primals, tangents, out, out_tangents);
    return core_rules(r->o)->jvp(r->o, r->params, n, primals, tangents, (int)out->n, out->at,
                                 out_tangents->at);
}

/* The derivative of result i in `out` as terms of the trace, from the tangent that the rule gave
 * under the lower trace (NULL: no trace, order 1). */
static ct_array lift(jet_trace *t, const jet_trace *low, ct_array at, ct_array tangent)
{
    ct_array terms[64];
    series value = low ? series_of(low, at) : (series){at, NULL};
    if (!tangent || !dtype_inexact((ct_dtype)value.at->aval.dtype))
        return value.at;
    series slope = low ? series_of(low, tangent) : (series){tangent, NULL};
    terms[0] = slope.at;
    for (int k = 1; k < t->order; k++)
        terms[k] = slope.terms ? slope.terms[k - 1] : zero_tangent(value.at);
    return wrap(t, value.at, terms);
}

static bool by_rule(jet_trace *t, const rule *r, int n, const ct_array *in, leaves *out)
{
    jet_trace *low = t->order > 1 ? jet_new(t->order - 1) : NULL;
    if (t->order > 1 && !low)
        return false;
    if (low)
        low->base.parent = t->base.parent;
    ct_array *primals = base_alloc((size_t)(2 * n + 1) * sizeof *primals), *tangents = primals + n;
    leaves slopes = {out->n, base_zalloc((size_t)(out->n + 1) * sizeof *slopes.at)};
    bool good = primals && slopes.at;
    for (int i = 0; i < n && good; i++) {
        series s = series_of(t, in[i]);
        primals[i] = low ? wrap(low, s.at, s.terms) : s.at;
        tangents[i] = !s.terms ? NULL : low ? wrap(low, s.terms[0], s.terms + 1) : s.terms[0];
        good = values_good(1, &primals[i]) && values_good(1, &tangents[i]);
    }
    if (r->c)
        base_free(slopes.at), slopes = (leaves){0};
    trace_context saved = trace_enter(low ? &low->base : t->base.parent);
    good = good && apply_rule(r, n, primals, tangents, out, &slopes);
    trace_leave(saved);
    for (int64_t i = 0; i < out->n && good; i++)
        good = !is_poison(out->at[i] = lift(t, low, out->at[i], slopes.at[i]));
    leaves_free(&slopes);
    base_free(primals);
    jet_end(low);
    return good;
}

static ct_array term_of(series s, int k) { return k == 0 ? s.at : s.terms ? s.terms[k - 1] : NULL; }

/* Linear in all operands together: each order by itself. */
static bool by_terms(jet_trace *t, const op *o, const void *params, int n, const ct_array *in,
                     int nout, ct_array *out)
{
    ct_array *at = base_alloc((size_t)(n + (t->order + 1) * nout + 1) * sizeof *at),
             *results = at + n, terms[64];
    bool good = at;
    trace_context saved = trace_enter(t->base.parent);
    for (int k = 0; k <= t->order && good; k++) {
        for (int i = 0; i < n && good; i++) {
            series s = series_of(t, in[i]);
            at[i] = term_of(s, k);
            if (!at[i])
                good = !is_poison(at[i] = zero_tangent(s.at));
        }
        if (good)
            core_bind(o, params, n, at, nout, results + k * nout);
        good = good && values_good(nout, results + k * nout);
    }
    trace_leave(saved);
    for (int i = 0; i < nout && good; i++) {
        for (int k = 1; k <= t->order; k++)
            terms[k - 1] = results[k * nout + i];
        good = !is_poison(out[i] = wrap(t, results[i], terms));
    }
    base_free(at);
    return good;
}

/* Bilinear: the k-th derivative of a product is the sum of binomial(k, i) x_i y_(k-i). */
static bool by_leibniz(jet_trace *t, const op *o, const void *params, const ct_array *in,
                       ct_array *out)
{
    series x = series_of(t, in[0]), y = series_of(t, in[1]);
    ct_array all[65];
    bool good = true;
    trace_context saved = trace_enter(t->base.parent);
    for (int k = 0; k <= t->order && good; k++) {
        double binomial = 1;
        all[k] = NULL;
        for (int i = 0; i <= k && good; binomial = binomial * (k - i) / (i + 1), i++) {
            ct_array pair[2] = {term_of(x, i), term_of(y, k - i)};
            if (!pair[0] || !pair[1])
                continue;
            ct_array part = core_bind1(o, params, 2, pair);
            if (binomial != 1 && !is_poison(part))
                part = op_mul(op_number(binomial, part), part);
            all[k] = all[k] ? op_add_any(all[k], part) : part;
            good = !is_poison(all[k]);
        }
        if (good && !all[k])
            good = !is_poison(all[k] = zero_tangent(all[0]));
    }
    trace_leave(saved);
    return good && !is_poison(out[0] = wrap(t, all[0], all + 1));
}

static bool jet_process(trace *base, const op *o, const void *params, int n, const ct_array *in,
                        int nout, ct_array *out)
{
    jet_trace *t = (jet_trace *)base;
    bool any = false, all_inexact = true;
    for (int i = 0; i < n; i++) {
        any = any || traced_by(in[i], base);
        all_inexact = all_inexact && dtype_inexact((ct_dtype)in[i]->aval.dtype);
    }
    if (!any) {
        core_bind_on(base->parent, o, params, n, in, nout, out);
        return values_good(nout, out);
    }
    if (o->code == OP_jit || o->code == OP_remat2)
        return jaxpr_eval(params_jaxpr(o, params), n, in, nout, out);
    if (o->flags & OP_LINEAR && all_inexact)
        return by_terms(t, o, params, n, in, nout, out);
    if (o->code == OP_mul || o->code == OP_dot_general || o->code == OP_conv_general_dilated)
        return by_leibniz(t, o, params, in, out);
    if (!core_rules(o)->jvp) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Taylor rule for '%s': it has no derivative", o->name);
        return false;
    }
    leaves results = {nout, out};
    return by_rule(t, &(rule){.o = o, .params = params}, n, in, &results);
}

/* custom_jvp by its rule; of custom_vjp, whose rule goes the other way, the function itself. */
static bool jet_custom(trace *base, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    jet_trace *t = (jet_trace *)base;
    bool any = false;
    for (int64_t i = 0; i < n; i++)
        any = any || traced_by(in[i], base);
    trace_context saved = trace_enter(any ? base : base->parent);
    bool good = !any         ? custom_apply(c, n, in, out)
                : c->reverse ? c->primal(c, n, in, out)
                             : by_rule(t, &(rule){.c = c}, (int)n, in, out);
    trace_leave(saved);
    return good;
}

static void jet_destroy(trace *base)
{
    object_release(((jet_trace *)base)->list);
    base_free(base);
}

static const trace_class jet_class = {"JetTracer", jet_process, jet_custom,
                                      NULL,        jet_destroy, true};

static jet_trace *jet_new(int order)
{
    jet_trace *t = base_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->base = (trace){.head = {&trace_object_class, 1, KIND_OTHER},
                      .class = &jet_class,
                      .parent = core_current,
                      .alive = true,
                      .refs = REFS_OWNED,
                      .of = {.by = "jet"}};
    t->order = order;
    treedef *leaf = treedef_leaf(), *children[64];
    for (int i = 0; i < order && i < 64; i++)
        children[i] = leaf;
    t->list = leaf ? treedef_join((tree_node){.kind = TREE_LIST}, order, children) : NULL;
    object_release(leaf);
    if (t->list)
        return t;
    jet_end(t);
    return NULL;
}

/* ---- functions ---- */

enum { MOST_TERMS = 32 };

/* Inputs as tracers: primals[i] with the terms series[i]. */
static bool wrap_inputs(jet_trace *t, int64_t n, ct_tree primals, ct_tree all, ct_tree *in)
{
    const ct_array *given;
    int64_t total = tree_leaves(&all, &given);
    const tree_node *list = treedef_root(tree_def(all)) - 1;
    for (int64_t i = n; i-- > 0; list -= list->nodes) {
        ct_array x = ct_at(primals, i), terms[MOST_TERMS];
        if (is_poison(x))
            return false;
        if (is_tree(x) || !dtype_inexact((ct_dtype)x->aval.dtype)) {
            base_fail(is_tree(x) ? CT_VALUE_ERROR : CT_TYPE_ERROR,
                      "jet: primal value at position %lld is not an array of floats", (long long)i);
            return false;
        }
        if (list->leaves != t->order || list->nodes != t->order + 1) {
            base_fail(CT_VALUE_ERROR,
                      "jet terms have inconsistent lengths for different arguments");
            return false;
        }
        total -= t->order;
        for (int k = 0; k < t->order; k++) {
            ct_array term = given[total + k];
            if (!ints_equal(aval_shape(&term->aval), aval_shape(&x->aval))) {
                base_fail(CT_VALUE_ERROR,
                          "jet: term %d for argument %lld is not an array of the primal's shape", k,
                          (long long)i);
                return false;
            }
            terms[k] = op_convert(term, (ct_dtype)x->aval.dtype, x->aval.weak);
        }
        if (is_poison(in[i] = wrap(t, x, terms)))
            return false;
    }
    return true;
}

/* (out, [first derivatives, second, ...]), each in the structure of the result. */
static ct_tree split_result(const jet_trace *t, treedef *def, int64_t n, ct_array *at)
{
    ct_tree parts[MOST_TERMS];
    ct_array *terms = base_alloc((size_t)(n + 1) * sizeof *terms);
    bool good = terms;
    for (int k = 0; k < t->order && good; k++) {
        for (int64_t i = 0; i < n && good; i++) {
            series s = series_of(t, at[i]);
            good = !is_poison(terms[i] = s.terms ? s.terms[k] : zero_tangent(s.at));
        }
        good = good && !is_poison(parts[k] = tree_new(def, n, terms));
    }
    for (int64_t i = 0; i < n && good; i++)
        terms[i] = series_of(t, at[i]).at;
    ct_tree out =
        good ? ct_tuple(tree_new(def, n, terms), ct_tuple_(t->order, parts)) : array_poison;
    base_free(terms);
    return out;
}

ct_tree ct_jet_(ct_fn f, ct_tree primals, ct_tree all)
{
    if (!f || !primals || !all || is_poison(primals) || is_poison(all))
        return array_poison;
    int64_t n = ct_len(primals), order = n && ct_len(all) == n ? ct_len(ct_at(all, 0)) : 0;
    if (!ct_ok())
        return array_poison;
    if (order < 1 || order > MOST_TERMS)
        return ct_fail(CT_VALUE_ERROR,
                       "jet takes as many lists of terms as arguments, each of 1 to %d terms",
                       MOST_TERMS);
    ct_scope scope = ct_begin();
    jet_trace *t = jet_new((int)order);
    ct_tree *in = base_alloc((size_t)n * sizeof *in), out = array_poison;
    int64_t nin, nout = 0;
    ct_array *leaves_in = NULL, *results = NULL;
    treedef *def = NULL, *out_def = NULL;
    if (t && in && wrap_inputs(t, n, primals, all, in) &&
        (def = fn_pack(n, in, &nin, &leaves_in))) {
        trace_context saved = trace_enter(&t->base);
        bool good = fn_call(f, def, nin, leaves_in, &out_def, &nout, &results);
        trace_leave(saved);
        if (good)
            out = split_result(t, out_def, nout, results);
    }
    base_free(results);
    base_free(leaves_in);
    base_free(in);
    object_release(def);
    object_release(out_def);
    jet_end(t);
    return ct_end_(scope, out);
}
