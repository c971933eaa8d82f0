/* The scan: a body run a known number of times, from a carry and a slice of xs to the next carry
 * and a slice of ys.
 *
 * Next: scan_rules.c (derivatives and batching), while.c (loops of unknown length). */
#include <stdio.h>

#include "transform/scan.h"

#include "cotan/control.h"

static const param_field scan_fields[] = {
    {"jaxpr", PARAM_JAXPR, offsetof(params_scan, jaxpr)},
    {"length", PARAM_INT, offsetof(params_scan, length)},
    {"num_carry", PARAM_INT, offsetof(params_scan, num_carry)},
    {"num_consts", PARAM_INT, offsetof(params_scan, num_consts)},
    {"reverse", PARAM_BOOL, offsetof(params_scan, reverse)},
    {"unroll", PARAM_INT, offsetof(params_scan, unroll)},
};

/* One axis more, of this length, in front. */
static bool stacked_aval(aval *x, int64_t length, arena *a)
{
    int64_t *shape = arena_alloc(a, (size_t)(x->ndim + 1) * sizeof *shape);
    if (!shape)
        return false;
    shape[0] = length;
    for (int k = 0; k < x->ndim; k++)
        shape[k + 1] = x->shape[k];
    x->shape = shape;
    x->ndim++;
    return true;
}

static bool scan_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    const params_scan *p = params;
    const jaxpr *j = p->jaxpr;
    (void)in;
    if (j->nin != nin || *nout < j->nout || p->num_consts < 0 || p->num_carry < 0 ||
        p->length < 0 || p->num_consts + p->num_carry > nin || p->num_carry > j->nout) {
        base_fail(CT_TYPE_ERROR, "%s of a program of %d inputs and %d results got %d operands",
                  o->name, j->nin, j->nout, nin);
        return false;
    }
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++) {
        out[i] = *atom_aval(&j->out[i]);
        if (i >= p->num_carry && !stacked_aval(&out[i], p->length, a))
            return false;
    }
    return true;
}

/* ---- evaluation ---- */

typedef struct scan_run {
    const params_scan *p;
    int nconsts, ncarry, nx, ny;
    ct_array *args, *carry, *results; /* of one step; carry holds references */
    const ct_array *xs;
    ct_array *ys;
} scan_run;

/* Runs the program of one step, or of `rows` steps at once, from slice `first` on. */
static bool scan_step(scan_run *r, jaxpr *j, int64_t first, int64_t rows)
{
    for (int k = 0; k < r->ncarry; k++)
        r->args[r->nconsts + k] = r->carry[k];
    for (int k = 0; k < r->nx; k++) {
        const aval *a = &j->in[r->nconsts + r->ncarry + k]->aval;
        int64_t size = shape_size(a->ndim, a->shape) / rows;
        ct_array slice = r->args[r->nconsts + r->ncarry + k] =
            array_part(r->xs[k], first * size, a->ndim, a->shape);
        if (is_poison(slice))
            return false;
    }
    if (!transform_run(j, j->nin, r->args, NULL, j->nout, r->results))
        return false;
    for (int k = 0; k < r->ncarry; k++)
        loop_set(&r->carry[k], r->results[k]);
    for (int k = 0; k < r->ny; k++) {
        ct_array y = r->results[r->ncarry + k];
        size_t bytes = (size_t)y->size * dtype_table[y->aval.dtype].itemsize;
        if (bytes)
            memcpy((char *)r->ys[k]->data + (size_t)first * (bytes / (size_t)rows), y->data, bytes);
    }
    return true;
}

/* Long scans run so many steps as one program, which loops without coming back here. */
enum { CHUNK = 256 };

static bool run_chunk(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const params_scan *p = env;
    *out = (leaves){p->jaxpr->nout, base_alloc((size_t)(p->jaxpr->nout + 1) * sizeof *out->at)};
    return out->at && scan_bind(p, (int)nin, in, p->jaxpr->nout, out->at);
}

static jaxpr *chunk_of(const params_scan *p)
{
    const char *purpose = p->reverse ? "reverse chunk" : "chunk";
    jaxpr *j = p->jaxpr, *made = jaxpr_derived(j, purpose, 0, NULL);
    if (made)
        return made;
    arena memory = {0};
    params_scan q = *p;
    q.length = CHUNK;
    q.jaxpr = jaxpr_again(j, j, "again");
    aval *avals = q.jaxpr ? arena_alloc(&memory, (size_t)(j->nin + 1) * sizeof *avals) : NULL;
    bool good = avals;
    for (int i = 0; i < j->nin && good; i++) {
        avals[i] = j->in[i]->aval;
        if (i >= p->num_consts + p->num_carry)
            good = stacked_aval(&avals[i], CHUNK, &memory);
    }
    made = good ? transform_stage((flat){run_chunk, &q, j->name}, j->nin, avals, j->name) : NULL;
    arena_free(&memory);
    bool kept = made && jaxpr_derive(j, purpose, 0, NULL, made, 0, NULL);
    object_release(made);
    return kept ? made : NULL;
}

static bool run_scan(scan_run *r, const ct_array *init)
{
    int64_t length = r->p->length;
    jaxpr *chunk = length >= 2 * CHUNK ? chunk_of(r->p) : NULL;
    bool good = chunk || length < 2 * CHUNK;
    for (int k = 0; k < r->ncarry; k++)
        loop_set(&r->carry[k], init[k]);
    for (int64_t step = 0, rows; step < length && good; step += rows) {
        ct_scope scope = ct_begin();
        rows = chunk && length - step >= CHUNK ? CHUNK : 1;
        good = scan_step(r, rows > 1 ? chunk : r->p->jaxpr,
                         r->p->reverse ? length - step - rows : step, rows);
        ct_end(scope);
        if (good && base_interrupted()) {
            base_fail(CT_INTERRUPTED, "interrupted in step %lld of a scan", (long long)step);
            good = false;
        }
    }
    return good;
}

static bool scan_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    const params_scan *p = params;
    const jaxpr *j = p->jaxpr;
    scan_run r = {.p = p, .nconsts = (int)p->num_consts, .ncarry = (int)p->num_carry};
    r.nx = nin - r.nconsts - r.ncarry;
    r.ny = nout - r.ncarry;
    r.xs = in + r.nconsts + r.ncarry;
    r.ys = out + r.ncarry;
    arena memory = {0};
    aval *avals = arena_alloc(&memory, (size_t)(nout + 1) * sizeof *avals);
    r.args = arena_alloc(&memory, (size_t)(nin + r.ncarry + nout + 1) * sizeof *r.args);
    bool good = avals && r.args && scan_abstract(o, params, nin, NULL, &nout, avals, &memory);
    for (int k = 0; k < r.ny && good; k++)
        good = !is_poison(r.ys[k] = array_like(&avals[r.ncarry + k]));
    if (good) {
        r.carry = r.args + nin;
        r.results = r.carry + r.ncarry;
        memset(r.carry, 0, (size_t)r.ncarry * sizeof *r.carry);
        memcpy(r.args, in, (size_t)r.nconsts * sizeof *r.args);
        trace_context saved = trace_enter(NULL);
        good = run_scan(&r, in + r.nconsts);
        trace_leave(saved);
        for (int k = 0; k < r.ncarry; k++) {
            if (good)
                good = !is_poison(out[k] = loop_give(&r.carry[k], atom_aval(&j->out[k])));
            else
                object_release(r.carry[k]);
        }
    }
    arena_free(&memory);
    return good;
}

bool scan_bind(const params_scan *p, int nin, const ct_array *in, int nout, ct_array *out)
{
    core_bind(&op_row_scan, p, nin, in, nout, out);
    return values_good(nout, out);
}

const op op_row_scan = {
    .name = "scan",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_scan,
    .operands = ANY_OPERANDS,
    .fields = scan_fields,
    .nfields = 6,
    .params_size = sizeof(params_scan),
    .abstract = scan_abstract,
    .fits = scan_fits,
    .call = scan_call,
    .jvp = scan_jvp,
    .linearize = scan_linearize,
    .transpose = scan_transpose,
    .vmap = scan_vmap,
};

/* ---- the function ---- */

bool scan_closed(loop_part part, int64_t length, bool reverse, int64_t unroll, int64_t ncarry,
                 const ct_array *carry, int64_t nxs, const ct_array *xs, leaves *out)
{
    arena memory = {0};
    const jaxpr *body = part.j;
    loop_shape s = {body->nconsts, (int)ncarry, (int)nxs, body->nout - (int)ncarry};
    loop_settled l = {0};
    jaxpr *open = kept_opened(&part);
    int64_t n = s.consts + ncarry + nxs;
    ct_array *in = arena_alloc(&memory, (size_t)(2 * n + body->nout + 1) * sizeof *in),
             *operands = in + n, *results = operands + n;
    bool *may = arena_alloc(&memory, (size_t)ncarry + 1);
    *out = (leaves){body->nout, base_alloc((size_t)(body->nout + 1) * sizeof *out->at)};
    bool good = open && in && may && out->at;
    if (good) {
        memset(may, 1, (size_t)ncarry);
        good = loop_settle(open, s, may, &l, &memory);
    }
    if (good) {
        memcpy(in, body->consts, (size_t)s.consts * sizeof *in);
        memcpy(in + s.consts, carry, (size_t)ncarry * sizeof *in);
        if (nxs)
            memcpy(in + s.consts + ncarry, xs, (size_t)nxs * sizeof *in);
        params_scan p = {.jaxpr = l.j,
                         .length = length,
                         .num_carry = l.shape.carry,
                         .num_consts = l.shape.consts,
                         .reverse = reverse,
                         .unroll = unroll};
        loop_settle_operands(&l, in, operands);
        good = scan_bind(&p, l.j->nin, operands, l.j->nout, results);
    }
    if (good)
        loop_settle_results(&l, out->n, in, results, out->at);
    object_release(l.j);
    object_release(open);
    arena_free(&memory);
    if (!good)
        leaves_free(out);
    return good;
}

typedef struct scan_fn {
    struct ct_function head;
    ct_fn f;
    int64_t length, unroll;
    bool has_length, reverse;
    char *variable;
} scan_fn;

static bool fail_lengths(const char *before, int64_t n, const ct_array *xs, const char *after)
{
    text t = {0};
    text_add(&t, "%s", before);
    for (int64_t i = 0; i < n; i++)
        text_add(&t, i ? ", %lld" : "%lld", (long long)xs[i]->aval.shape[0]);
    text_add(&t, "%s", after);
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", s ? s : "scan got values with different leading axis sizes");
    base_free(s);
    return false;
}

static bool fail_scalars(int64_t n, const ct_array *xs)
{
    text t = {0};
    const char *before = "scan got value with no leading axis to scan over: ";
    for (int64_t i = 0; i < n; i++)
        if (!xs[i]->aval.ndim) {
            text_add(&t, "%s", before);
            array_text(&t, xs[i], false);
            before = ", ";
        }
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s.", s ? s : "scan got a scalar to scan over");
    base_free(s);
    return false;
}

static bool scan_length(const scan_fn *s, int64_t n, const ct_array *xs, int64_t *length)
{
    bool same = true;
    for (int64_t i = 0; i < n; i++) {
        if (!xs[i]->aval.ndim)
            return fail_scalars(n, xs);
        same = same && xs[i]->aval.shape[0] == xs[0]->aval.shape[0];
    }
    if (s->has_length) {
        *length = s->length;
        if (n && (!same || xs[0]->aval.shape[0] != s->length)) {
            char before[96];
            snprintf(before, sizeof before,
                     "scan got `length` argument of %lld which disagrees with leading axis sizes [",
                     (long long)s->length);
            return fail_lengths(before, n, xs, "].");
        }
        return true;
    }
    if (!n) {
        base_fail(CT_VALUE_ERROR, "scan got no values to scan over and `length` not provided.");
        return false;
    }
    *length = xs[0]->aval.shape[0];
    return same || fail_lengths("scan got values with different leading axis sizes: ", n, xs, ".");
}

/* The arguments (init, xs) as those of one call; an absent xs is None. */
static treedef *body_arguments(const treedef *in_def)
{
    int64_t args = in_def->nodes[in_def->count - 1].arity - 1, first, count;
    if (args != 1 && args != 2) {
        base_fail(CT_TYPE_ERROR, "scan takes the initial carry and xs, got %lld arguments",
                  (long long)args);
        return NULL;
    }
    treedef *parts[3] = {treedef_child(in_def, 0, &first, &count),
                         args == 2 ? treedef_child(in_def, 1, &first, &count)
                                   : treedef_new(1, &(tree_node){.kind = TREE_NONE}),
                         treedef_child(in_def, args, &first, &count)};
    treedef *def = parts[0] && parts[1] && parts[2]
                       ? treedef_join((tree_node){.kind = TREE_TUPLE}, 3, parts)
                       : NULL;
    for (int i = 0; i < 3; i++)
        object_release(parts[i]);
    return def;
}

/* (carry, ys) as a tuple, whatever pair the body returned. */
static treedef *pair_def(const treedef *out_def)
{
    int64_t first, count;
    treedef *parts[2] = {treedef_child(out_def, 0, &first, &count),
                         treedef_child(out_def, 1, &first, &count)};
    treedef *def =
        parts[0] && parts[1] ? treedef_join((tree_node){.kind = TREE_TUPLE}, 2, parts) : NULL;
    object_release(parts[0]);
    object_release(parts[1]);
    return def;
}

static bool run_body_scan(const scan_fn *s, treedef *args, int64_t ncarry, int64_t nin,
                          const ct_array *in, treedef **out_def, leaves *results)
{
    int64_t first, count, length, nx = nin - ncarry;
    arena memory = {0};
    loop_body b = {.who = "scan",
                   .variable = s->variable,
                   .f = s->f,
                   .in_def = args,
                   .carry_def = treedef_child(args, 0, &first, &count),
                   .pair = true};
    aval *rest = arena_alloc(&memory, (size_t)(nx + 1) * sizeof *rest);
    ct_array *carry = arena_alloc(&memory, (size_t)(ncarry + 1) * sizeof *carry);
    bool good = b.carry_def && rest && carry && scan_length(s, nx, in + ncarry, &length);
    if (good && transform_disable_jit) {
        good = plain_scan(&b, length, s->reverse, ncarry, nin, in, results) &&
               (*out_def = pair_def(b.out_def));
        object_release(b.carry_def);
        object_release(b.out_def);
        return arena_free(&memory), good;
    }
    if (good)
        memcpy(carry, in, (size_t)ncarry * sizeof *carry);
    for (int64_t i = 0; i < nx && good; i++) {
        rest[i] = in[ncarry + i]->aval;
        rest[i].ndim--;
        rest[i].shape++;
    }
    jaxpr *body = good ? loop_stage(&b, ncarry, carry, nx, rest) : NULL;
    good = body && (*out_def = pair_def(b.out_def)) &&
           scan_closed((loop_part){s->f, body}, length, s->reverse, loop_unroll(s->unroll, length),
                       ncarry, carry, nx, in + ncarry, results);
    object_release(body);
    object_release(b.carry_def);
    object_release(b.out_def);
    arena_free(&memory);
    return good;
}

static bool scan_fn_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                         treedef **out_def, int64_t *nout, ct_array **out)
{
    const scan_fn *s = (const scan_fn *)base;
    leaves results = {0};
    *out_def = NULL;
    treedef *args = body_arguments(in_def);
    int64_t first, ncarry = 0;
    treedef *carry = args ? treedef_child(args, 0, &first, &ncarry) : NULL;
    bool good = carry && run_body_scan(s, args, ncarry, nin, in, out_def, &results);
    object_release(carry);
    object_release(args);
    if (!good) {
        object_release(*out_def);
        *out_def = NULL;
    }
    *nout = results.n;
    *out = results.at;
    return good;
}

static void scan_fn_destroy(ct_fn base)
{
    object_release(((scan_fn *)base)->f);
    base_free(((scan_fn *)base)->variable);
}

static const fn_class scan_class = {.call = scan_fn_call, .destroy = scan_fn_destroy};

ct_fn ct_scan_(const ct_scan_args *args)
{
    scan_fn *s = args->f ? (scan_fn *)fn_new(&scan_class, sizeof *s) : NULL;
    if (!s)
        return NULL;
    object_retain(args->f);
    s->f = args->f;
    s->length = args->length;
    s->has_length = args->length || args->no_steps;
    s->reverse = args->reverse;
    s->unroll = args->unroll ? args->unroll : 1;
    if (s->has_length && s->length < 0) {
        base_fail(CT_VALUE_ERROR, "scan got a negative `length` argument: %lld.",
                  (long long)s->length);
        return NULL;
    }
    return !args->variable || (s->variable = loop_string(args->variable)) ? &s->head : NULL;
}
