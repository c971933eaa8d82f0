/* Reductions over dimensions and windows, scans along one, sorting. */
#include <math.h>

#include "ops/rules.h"
#include "stablehlo/hlo.h"
#include "transform/reduce.h"

/* ---- what elements are combined by, and what that begins with ---- */

typedef enum combination { BY_ADD, BY_MUL, BY_MAX, BY_MIN, BY_AND, BY_OR, BY_XOR } combination;
static const char *const combiners[] = {"add", "multiply", "maximum", "minimum",
                                        "and", "or",       "xor"};

/* The least or greatest number of a dtype. */
static double extreme(ct_dtype d, bool greatest)
{
    int bits = dtype_table[d].bits;
    if (dtype_inexact(d))
        return greatest ? INFINITY : -INFINITY;
    if (dtype_is(d, FAMILY_INT))
        return greatest ? ldexp(1, bits - 1) - 1 : -ldexp(1, bits - 1);
    return !greatest ? 0 : d == CT_BOOL ? 1 : ldexp(1, bits) - 1;
}

static hlo_value *beginning(hlo *h, combination by, ct_dtype d)
{
    switch (by) {
    case BY_ADD:
    case BY_OR:
    case BY_XOR:
        return hlo_number(h, d, 0);
    case BY_MUL:
        return hlo_number(h, d, 1);
    case BY_MAX:
    case BY_MIN:
        return hlo_number(h, d, extreme(d, by == BY_MIN));
    case BY_AND:
        return hlo_number(h, d, dtype_is(d, FAMILY_INT) ? -1 : extreme(d, true));
    }
    return NULL;
}

/* What the rule writes, as a function of its own. */
static void as_function(hlo *h, hlo_eqn *q, hlo_rule *rule)
{
    const char *name = q->e->op->name;
    hlo_function *f = hlo_find(h, q->e->params, name, q->type);
    if (!f) {
        f = hlo_begin(h, name, 1, &q->in[0]->type);
        hlo_region *outside = h->at;
        h->at = f->body;
        hlo_value *in = f->body->args, *out = NULL;
        hlo_eqn inside = {q->e, &in, &out, q->type};
        rule(h, &inside);
        if (!h->failed)
            hlo_end(h, f, 1, &out);
        h->at = outside;
        hlo_keep(h, q->e->params, name, q->type, f);
    }
    hlo_op *o = hlo_call(h, f, 1, q->in);
    q->out[0] = o->out;
}

/* ---- over dimensions ---- */

static combination combination_of(int code)
{
    switch (code) {
    case OP_reduce_prod:
    case OP_cumprod:
        return BY_MUL;
    case OP_reduce_max:
    case OP_cummax:
    case OP_reduce_window_max:
        return BY_MAX;
    case OP_reduce_min:
    case OP_cummin:
    case OP_reduce_window_min:
        return BY_MIN;
    case OP_reduce_and:
        return BY_AND;
    case OP_reduce_or:
        return BY_OR;
    case OP_reduce_xor:
        return BY_XOR;
    }
    return BY_ADD;
}

hlo_value *hlo_any(hlo *h, hlo_value *x)
{
    int64_t all[MAX_NDIM];
    for (int k = 0; k < x->type.ndim; k++)
        all[k] = k;
    return hlo_put(h, hlo_scalar(CT_BOOL),
                   hlo_format(h,
                              "stablehlo.reduce($0 init: $1) applies stablehlo.or across "
                              "dimensions = %s : $s",
                              hlo_ints(h, x->type.ndim, all)),
                   x, hlo_number(h, CT_BOOL, 0));
}

/* "($0 init: $2), ($1 init: $3)" */
static const char *reduced_text(hlo *h, int n, ct_ints axes)
{
    text t = {0};
    text_add(&t, "stablehlo.reduce");
    for (int i = 0; i < n; i++)
        text_add(&t, "%s($%d init: $%d)", i ? ", " : "", i, n + i);
    text_add(&t, " across dimensions = %s : $s\n reducer$p  $r", hlo_ints(h, axes.n, axes.at));
    char *s = text_end(&t);
    const char *kept = hlo_format(h, "%s", s ? s : "");
    base_free(s);
    return kept;
}

/* The arguments of a computation on n pairs of scalars. */
static hlo_region *open_pairs(hlo *h, hlo_op *o, int n, hlo_value *const *in)
{
    aval types[2 * MAX_NDIM];
    for (int i = 0; i < n; i++)
        types[i] = types[n + i] = hlo_scalar((ct_dtype)in[i]->type.dtype);
    return hlo_open(h, o, 2 * n, types, NULL);
}

/* The greatest (least) complex number, of those with the same real part by the other. */
static void reduce_complex(hlo *h, hlo_eqn *q, combination by, ct_ints axes)
{
    hlo_value *in[] = {q->in[0], beginning(h, by, (ct_dtype)q->type->dtype)};
    hlo_op *o = hlo_add(h, reduced_text(h, 1, axes), 2, in, 1, q->type);
    hlo_region *r = open_pairs(h, o, 1, in);
    hlo_value *made = hlo_extreme(h, by == BY_MAX ? "GT" : "LT", &r->args[0], &r->args[1]);
    hlo_close(h, 1, &made);
    q->out[0] = o->out;
}

static void reduce_rule(hlo *h, hlo_eqn *q)
{
    combination by = combination_of(q->e->op->code);
    ct_ints axes = ((const params_reduce *)q->e->params)->axes;
    if (dtype_is((ct_dtype)q->type->dtype, FAMILY_COMPLEX) && (by == BY_MAX || by == BY_MIN)) {
        reduce_complex(h, q, by, axes);
        return;
    }
    q->out[0] = hlo_put(h, *q->type,
                        hlo_format(h,
                                   "stablehlo.reduce($0 init: $1) applies stablehlo.%s across "
                                   "dimensions = %s : $s",
                                   combiners[by], hlo_ints(h, axes.n, axes.at)),
                        q->in[0], beginning(h, by, (ct_dtype)q->type->dtype));
}

static void result_types(hlo *h, const hlo_eqn *q, aval *types)
{
    for (int i = 0; i < q->e->nout; i++)
        types[i] = q->e->out[i]
                       ? q->e->out[i]->aval
                       : hlo_type(h, (ct_dtype)q->in[i]->type.dtype, q->type->ndim, q->type->shape);
}

/* The program of a reduction in the operation's region. */
static void write_computation(hlo *h, hlo_op *o, const jaxpr *j, int n, hlo_value *const *in)
{
    hlo_region *r = open_pairs(h, o, n, in);
    hlo_value *args[2 * MAX_NDIM], *made[MAX_NDIM];
    for (int i = 0; i < r->nargs; i++)
        args[i] = &r->args[i];
    hlo_program(h, j, args, made);
    if (!h->failed)
        hlo_close(h, n, made);
}

enum { MOST_PAIRS = 5 }; /* as many operands as a template can name */

static void reduce_by_program(hlo *h, hlo_eqn *q)
{
    const params_reduction *p = q->e->params;
    aval types[MAX_NDIM];
    int n = q->e->nin / 2;
    if (n > MOST_PAIRS) {
        hlo_fail(h, CT_NOT_IMPLEMENTED_ERROR, "StableHLO of a reduction of more than %s arrays",
                 "five");
        return;
    }
    result_types(h, q, types);
    hlo_op *o = hlo_add(h, reduced_text(h, n, p->dimensions), q->e->nin, q->in, q->e->nout, types);
    write_computation(h, o, p->jaxpr, n, q->in);
    for (int i = 0; i < o->nout; i++)
        q->out[i] = &o->out[i];
}

/* The first of the greatest (least) elements: NaN counts as such. */
static void write_arg(hlo *h, hlo_eqn *q)
{
    const params_arg *p = q->e->params;
    bool greatest = q->e->op->code == OP_argmax;
    hlo_value *x = q->in[0];
    ct_dtype d = (ct_dtype)x->type.dtype;
    hlo_value *in[4] = {x};
    in[1] = hlo_emit(h, hlo_of(&x->type, p->index_dtype),
                     hlo_format(h, "stablehlo.iota dim = %lld : $t", (long long)p->axes.at[0]), 0,
                     NULL);
    in[2] = hlo_number(h, d, extreme(d, !greatest));
    in[3] = hlo_number(h, p->index_dtype, 0);
    aval types[] = {hlo_of(q->type, d), *q->type};
    hlo_op *o = hlo_add(h, reduced_text(h, 2, p->axes), 4, in, 2, types);
    hlo_region *r = open_pairs(h, o, 2, in);
    hlo_value *a = &r->args[0], *i = &r->args[1], *b = &r->args[2], *k = &r->args[3];
    hlo_value *better = hlo_compare(h, greatest ? "GT" : "LT", a, b);
    hlo_value *first = hlo_binary(h, "or", better, hlo_compare(h, "NE", a, a));
    hlo_value *equal = hlo_compare(h, "EQ", a, b);
    hlo_value *earlier = hlo_binary(h, "and", equal, hlo_compare(h, "LT", i, k));
    hlo_value *keep = hlo_binary(h, "or", first, earlier);
    hlo_value *value = hlo_select(h, first, a, b);
    hlo_value *made[] = {value, hlo_select(h, keep, i, k)};
    hlo_close(h, 2, made);
    q->out[0] = &o->out[1];
}

static void arg_rule(hlo *h, hlo_eqn *q) { as_function(h, q, write_arg); }

/* ---- over windows ---- */

static const char *padding_text(hlo *h, ct_ints padding)
{
    text t = {0};
    bool same = true;
    for (int64_t i = 0; i < padding.n; i++)
        same &= padding.at[i] == padding.at[0];
    if (same)
        text_add(&t, "%lld", (long long)padding.at[0]);
    for (int64_t i = 0; i < padding.n && !same; i += 2)
        text_add(&t, "%s[%lld, %lld]%s", i ? ", " : "[", (long long)padding.at[i],
                 (long long)padding.at[i + 1], i + 2 == padding.n ? "]" : "");
    char *s = text_end(&t);
    const char *kept =
        hlo_format(h, "dense<%s> : tensor<%lldx2xi64>", s ? s : "", (long long)padding.n / 2);
    base_free(s);
    return kept;
}

static const char *window_text(hlo *h, const params_window *w)
{
    return hlo_format(h,
                      "\"stablehlo.reduce_window\"($a) <{base_dilations = %s, padding = %s, "
                      "window_dilations = %s, window_dimensions = %s, window_strides = %s}> ($R) "
                      ": $s",
                      hlo_array(h, w->base_dilation), padding_text(h, w->padding),
                      hlo_array(h, w->window_dilation), hlo_array(h, w->window_dimensions),
                      hlo_array(h, w->window_strides));
}

static hlo_value *windowed(hlo *h, hlo_eqn *q, const params_window *w, combination by,
                           hlo_value *init)
{
    hlo_value *in[] = {q->in[0], init};
    hlo_op *o = hlo_add(h, window_text(h, w), 2, in, 1, q->type);
    hlo_region *r = open_pairs(h, o, 1, in);
    hlo_value *made = hlo_binary(h, combiners[by], &r->args[0], &r->args[1]);
    hlo_close(h, 1, &made);
    return o->out;
}

/* As a scalar of its own. */
static hlo_value *begins(hlo *h, combination by, ct_dtype d)
{
    hlo_value *init = beginning(h, by, d);
    return hlo_broadcast(h, init, 0, NULL, init->type);
}

static void window_rule(hlo *h, hlo_eqn *q)
{
    combination by = combination_of(q->e->op->code);
    q->out[0] = windowed(h, q, q->e->params, by, begins(h, by, (ct_dtype)q->type->dtype));
}

static void window_by_program(hlo *h, hlo_eqn *q)
{
    const params_window_reduction *p = q->e->params;
    aval types[MAX_NDIM];
    int n = q->e->nin / 2;
    result_types(h, q, types);
    hlo_op *o = hlo_add(h, window_text(h, &p->window), q->e->nin, q->in, q->e->nout, types);
    write_computation(h, o, p->jaxpr, n, q->in);
    for (int i = 0; i < o->nout; i++)
        q->out[i] = &o->out[i];
}

/* What each window's extreme stood for is where the source is added. */
static void select_and_scatter_rule(hlo *h, hlo_eqn *q)
{
    const params_select_scatter *p = q->e->params;
    bool greatest = !strcmp(p->select_prim, "ge");
    hlo_value *source = q->in[0], *x = q->in[1];
    ct_dtype d = (ct_dtype)x->type.dtype;
    int64_t n = x->type.ndim, zeros[MAX_NDIM] = {0}, low[MAX_NDIM], high[MAX_NDIM];
    int64_t padded[MAX_NDIM], end[MAX_NDIM], none[2 * MAX_NDIM] = {0};
    for (int64_t k = 0; k < n; k++) {
        low[k] = p->padding.at[2 * k];
        high[k] = p->padding.at[2 * k + 1];
        padded[k] = x->type.shape[k] + low[k] + high[k];
        end[k] = low[k] + x->type.shape[k];
    }
    hlo_value *edge = hlo_number(h, d, extreme(d, !greatest));
    x = hlo_put(h, hlo_type(h, d, n, padded),
                hlo_format(h, "stablehlo.pad $a, low = %s, high = %s, interior = %s : $s",
                           hlo_ints(h, n, low), hlo_ints(h, n, high), hlo_ints(h, n, zeros)),
                x, edge);
    hlo_value *in[] = {x, source, hlo_number(h, d, 0)};
    hlo_op *o = hlo_add(
        h,
        hlo_format(h,
                   "\"stablehlo.select_and_scatter\"($a) <{padding = %s, window_dimensions = %s, "
                   "window_strides = %s}> ($R, $R) : $s",
                   padding_text(h, (ct_ints){2 * n, none}), hlo_array(h, p->window_dimensions),
                   hlo_array(h, p->window_strides)),
        3, in, 1, &x->type);
    hlo_region *r = open_pairs(h, o, 1, in);
    hlo_value *made = hlo_compare(h, greatest ? "GE" : "LE", &r->args[0], &r->args[1]);
    hlo_close(h, 1, &made);
    r = open_pairs(h, o, 1, in);
    made = hlo_binary(h, "add", &r->args[0], &r->args[1]);
    hlo_close(h, 1, &made);
    q->out[0] = hlo_slice(h, o->out, low, end, NULL, *q->type);
}

/* A window that reaches from the beginning (the end) to the element. */
static void write_cumulative(hlo *h, hlo_eqn *q)
{
    const params_cumulative *p = q->e->params;
    combination by = combination_of(q->e->op->code);
    int64_t n = q->type->ndim, ones[MAX_NDIM], size[MAX_NDIM], padding[2 * MAX_NDIM] = {0};
    for (int64_t k = 0; k < n; k++)
        ones[k] = size[k] = 1;
    size[p->axis] = q->type->shape[p->axis];
    padding[2 * p->axis + p->reverse] = size[p->axis] - 1;
    params_window w = {.base_dilation = {n, ones},
                       .padding = {2 * n, padding},
                       .window_dilation = {n, ones},
                       .window_dimensions = {n, size},
                       .window_strides = {n, ones}};
    ct_dtype d = (ct_dtype)q->type->dtype;
    q->out[0] = windowed(h, q, &w, by, by == BY_MUL ? beginning(h, by, d) : begins(h, by, d));
}

static void cumulative_rule(hlo *h, hlo_eqn *q) { as_function(h, q, write_cumulative); }

/* ---- sorting ---- */

/* Numbers in the order that is total: zeros alike, all NaN last. */
static hlo_value *sort_key(hlo *h, hlo_value *x)
{
    ct_dtype d = (ct_dtype)x->type.dtype;
    if (!dtype_is(d, FAMILY_FLOAT))
        return x;
    hlo_value *zero = hlo_compare(h, "EQ", x, hlo_number(h, d, 0));
    hlo_value *plain = hlo_select(h, zero, hlo_number(h, d, 0), x);
    hlo_value *nan = hlo_compare(h, "NE", x, x);
    return hlo_select(h, nan, hlo_number(h, d, NAN), plain);
}

static hlo_value *sort_compare(hlo *h, const char *how, hlo_value *x, hlo_value *y)
{
    return dtype_is((ct_dtype)x->type.dtype, FAMILY_FLOAT)
               ? hlo_compare_as(h, how, x, y, "TOTALORDER")
               : hlo_compare(h, how, x, y);
}

/* Lexicographic in the first `keys` pairs. */
static hlo_value *sorted_before(hlo *h, hlo_region *r, int64_t keys)
{
    hlo_value *x[MAX_NDIM], *y[MAX_NDIM], *before = NULL;
    for (int64_t i = 0; i < keys; i++) {
        x[i] = sort_key(h, &r->args[2 * i]);
        y[i] = sort_key(h, &r->args[2 * i + 1]);
    }
    for (int64_t i = keys; i-- > 0;) {
        hlo_value *less = sort_compare(h, "LT", x[i], y[i]);
        if (!before) {
            before = less;
            continue;
        }
        hlo_value *equal = sort_compare(h, "EQ", x[i], y[i]);
        before = hlo_binary(h, "or", less, hlo_binary(h, "and", equal, before));
    }
    return before;
}

static void sort_rule(hlo *h, hlo_eqn *q)
{
    const params_sort *p = q->e->params;
    int n = q->e->nin < MAX_NDIM ? q->e->nin : MAX_NDIM;
    aval types[MAX_NDIM], scalars[2 * MAX_NDIM];
    for (int i = 0; i < n; i++) {
        types[i] = q->in[i]->type;
        scalars[2 * i] = scalars[2 * i + 1] = hlo_scalar((ct_dtype)types[i].dtype);
    }
    hlo_op *o = hlo_add(
        h,
        hlo_format(h, "\"stablehlo.sort\"($a) <{dimension = %lld : i64, is_stable = %s}> ($R) : $s",
                   (long long)p->dimension, p->is_stable ? "true" : "false"),
        n, q->in, n, types);
    hlo_region *r = hlo_open(h, o, 2 * n, scalars, NULL);
    hlo_value *before = sorted_before(h, r, p->num_keys);
    hlo_close(h, 1, &before);
    for (int i = 0; i < o->nout; i++)
        q->out[i] = &o->out[i];
}

static void top_k_rule(hlo *h, hlo_eqn *q)
{
    const params_top_k *p = q->e->params;
    aval types[] = {*q->type, hlo_of(q->type, CT_INT32)};
    hlo_op *o = hlo_add(h, hlo_format(h, "chlo.top_k($a, k = %lld) : $i -> ($t)", (long long)p->k),
                        1, q->in, 2, types);
    if (!o->out)
        return;
    o->out[0].hint = "values";
    o->out[1].hint = "indices";
    q->out[0] = &o->out[0];
    q->out[1] = &o->out[1];
}

hlo_rule *hlo_reduction_rule(int code)
{
    switch (code) {
    case OP_reduce_sum:
    case OP_reduce_prod:
    case OP_reduce_max:
    case OP_reduce_min:
    case OP_reduce_and:
    case OP_reduce_or:
    case OP_reduce_xor:
        return reduce_rule;
    case OP_reduce:
        return reduce_by_program;
    case OP_argmax:
    case OP_argmin:
        return arg_rule;
    case OP_reduce_window_sum:
    case OP_reduce_window_max:
    case OP_reduce_window_min:
        return window_rule;
    case OP_select_and_scatter_add:
        return select_and_scatter_rule;
    case OP_reduce_window:
        return window_by_program;
    case OP_cumsum:
    case OP_cumprod:
    case OP_cummax:
    case OP_cummin:
        return cumulative_rule;
    case OP_sort:
        return sort_rule;
    case OP_top_k:
        return top_k_rule;
    }
    return NULL;
}
