/* reduce: arrays combined along axes by a program of the user's, any number of them at once.
 *
 * It is evaluated, compiled and differentiated as the scan that says what it means; as an operation
 * of its own it is what programs show. Next: reduce_window.c. */
#include "transform/reduce.h"

#include "ops/structured.h"
#include "transform/scan.h"

/* ---- the program ---- */

static bool closes_over_tracer(const jaxpr *j)
{
    for (int i = 0; i < j->nconsts; i++)
        if (is_tracer(j->consts[i])) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "Reduction computations can't close over Tracers: what they use must be a "
                      "known value, or one of the operands.");
            return true;
        }
    return false;
}

/* One scalar for each initial value, of its dtype. */
static bool gives_scalars(const char *who, const jaxpr *j, int64_t n, const aval *init)
{
    bool good = j->nout == n;
    for (int64_t i = 0; i < n && good; i++)
        good = !atom_aval(&j->out[i])->ndim && atom_aval(&j->out[i])->dtype == init[i].dtype;
    if (!good)
        base_fail(CT_VALUE_ERROR,
                  "%s: the computation must give one scalar for each initial value, of its dtype.",
                  who);
    return good;
}

/* The program of a function (so far, element) of trees like the initial values; *out_def is the
 * structure of what it gave, a new reference. */
static jaxpr *reduction_stage(const char *who, ct_fn f, ct_tree init, treedef **out_def)
{
    ct_array *in;
    int64_t n;
    treedef *def = fn_pack(2, (ct_tree[]){init, init}, &n, &in);
    aval *avals = def ? base_alloc((size_t)(n + 1) * sizeof *avals) : NULL;
    *out_def = NULL;
    for (int64_t i = 0; i < n && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? transform_stage_fn(f, "reduce", def, n, avals, out_def) : NULL;
    if (j && (closes_over_tracer(j) || !gives_scalars(who, j, n / 2, avals))) {
        object_release(j);
        object_release(*out_def);
        *out_def = NULL;
        j = NULL;
    }
    base_free(avals);
    base_free(in);
    object_release(def);
    return j;
}

/* The operands as one list; NULL: they do not have the types that the row takes. */
static ct_array *checked(const op *o, const void *params, int n, const ct_array *in,
                         const ct_array *init, arena *a)
{
    ct_array *all = arena_alloc(a, (size_t)(2 * n + 1) * sizeof *all);
    aval *avals = arena_alloc(a, (size_t)(3 * n + 1) * sizeof *avals);
    int nout = n;
    for (int i = 0; i < 2 * n && all && avals; i++) {
        all[i] = i < n ? in[i] : init[i - n];
        avals[i] = all[i]->aval;
    }
    bool good = all && avals && o->abstract(o, params, 2 * n, avals, &nout, avals + 2 * n, a);
    return good ? all : NULL;
}

ct_tree reduction_call_function(const op *o, const void *params, jaxpr **program, ct_fn f, int n,
                                const ct_array *in, ct_tree init, bool like_operands)
{
    arena memory = {0};
    treedef *def = NULL;
    const ct_array *scalars;
    ct_tree result = array_poison;
    tree_leaves(&init, &scalars);
    ct_array *all = checked(o, params, n, in, scalars, &memory),
             *out = arena_alloc(&memory, (size_t)n * sizeof *out);
    *program = all && out ? reduction_stage(o->name, f, init, &def) : NULL;
    if (*program && like_operands && !treedef_equal(def, tree_def(init))) {
        base_fail(CT_VALUE_ERROR, "%s output must have the same tree structure as the operands",
                  o->name);
    } else if (*program) {
        core_bind(o, params, 2 * n, all, n, out);
        result = values_good(n, out) ? tree_new(def, n, out) : result;
    }
    object_release(*program);
    object_release(def);
    arena_free(&memory);
    return result;
}

/* ---- one step ---- */

typedef struct mapped_program {
    const jaxpr *j;
    ct_ints shape;
} mapped_program;

/* Mapped over one axis after another. */
static bool run_mapped(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const mapped_program *s = env;
    flat whole = jaxpr_as_flat(s->j);
    if (!s->shape.n)
        return whole.call(whole.env, nin, in, out);
    mapped_program inner = {s->j, {s->shape.n - 1, s->shape.at + 1}};
    int *dims = base_zalloc((size_t)(nin + 1) * sizeof *dims);
    bool good =
        dims && transform_vmap((flat){run_mapped, &inner, s->j->name},
                               (batch){s->shape.at[0], NULL, NULL}, nin, in, dims, NULL, NULL, out);
    base_free(dims);
    return good;
}

bool program_each(const jaxpr *j, ct_ints shape, int nin, const ct_array *in, leaves *out)
{
    *out = (leaves){0};
    return run_mapped(&(mapped_program){j, shape}, nin, in, out);
}

bool reduction_step(const jaxpr *j, int n, const ct_array *so_far, const ct_array *elements,
                    ct_array *out)
{
    ct_array *in = base_alloc((size_t)(2 * n + 1) * sizeof *in);
    leaves results = {0};
    if (in) {
        memcpy(in, so_far, (size_t)n * sizeof *in);
        memcpy(in + n, elements, (size_t)n * sizeof *in);
    }
    bool good = in && program_each(j, aval_shape(&so_far[0]->aval), 2 * n, in, &results);
    for (int i = 0; i < n && good; i++)
        good = !is_poison(
            out[i] = op_convert(results.at[i], (ct_dtype)results.at[i]->aval.dtype, false));
    base_free(in);
    base_free(results.at);
    return good;
}

bool reduction_begin(int n, const ct_array *init, ct_ints shape, ct_array *out)
{
    for (int i = 0; i < n; i++) {
        out[i] = op_convert(init[i], (ct_dtype)init[i]->aval.dtype, false);
        if (shape.n)
            out[i] = op_broadcast_in_dim(out[i], shape, I_NONE);
    }
    return values_good(n, out);
}

/* ---- the rules of both rows ---- */

bool reduction_fits(const op *o, const void *params, int nin, const aval *in)
{
    const jaxpr *j = params_jaxpr(o, params);
    int n = nin / 2;
    bool good = j && n && nin == 2 * n && j->nin == nin && j->nout == n;
    for (int i = 0; i < nin && good; i++)
        good = !j->in[i]->aval.ndim && in[i].dtype == j->in[i]->aval.dtype &&
               in[i].dtype == in[i % n].dtype;
    for (int i = 0; i < n && good; i++)
        good = !atom_aval(&j->out[i])->ndim && atom_aval(&j->out[i])->dtype == in[i].dtype;
    if (!good && ct_ok())
        base_fail(CT_TYPE_ERROR,
                  "%s takes arrays and as many initial values, and a program of scalars of their "
                  "dtypes",
                  o->name);
    return good;
}

typedef struct lowering {
    const op *o;
    const void *params;
} lowering;

static bool reduce_axes(const params_reduction *p, int n, const ct_array *in, ct_array *out);

static bool run_lowered(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const lowering *l = env;
    int n = (int)nin / 2;
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    bool good = out->at && (l->o->code == OP_reduce ? reduce_axes(l->params, n, in, out->at)
                                                    : window_reduce(l->params, n, in, out->at));
    for (int i = 0; i < n && good; i++) {
        bool weak = l->o->code == OP_reduce && in[i]->aval.weak && in[n + i]->aval.weak;
        good = !is_poison(out->at[i] = op_convert(out->at[i], (ct_dtype)in[i]->aval.dtype, weak));
    }
    return good;
}

static void add_ints(text *t, ct_ints list)
{
    text_bytes(t, (const char *)&list.n, sizeof list.n);
    if (list.n > 0)
        text_bytes(t, (const char *)list.at, (size_t)list.n * sizeof *list.at);
}

/* What the lowered program depends on but for the program of the step, which keeps it. */
static void lowering_key(text *key, const op *o, const void *params, int nin, const aval *in)
{
    for (int i = 0; i < nin; i++) {
        add_ints(key, aval_shape(&in[i]));
        text_bytes(key, in[i].weak ? "w" : "s", 1);
    }
    for (int i = 0; i < o->nfields; i++)
        if (o->fields[i].kind == PARAM_INTS || o->fields[i].kind == PARAM_PAIRS)
            add_ints(key, *(const ct_ints *)((const char *)params + o->fields[i].offset));
}

/* The same, borrowed from the program of the step. */
static jaxpr *lowered(const op *o, const void *params, int nin, const aval *in)
{
    jaxpr *j = params_jaxpr(o, params);
    text key = {0};
    lowering_key(&key, o, params, nin, in);
    jaxpr *made = jaxpr_derived(j, o->name, key.n, key.at);
    if (!made) {
        made =
            transform_stage((flat){run_lowered, &(lowering){o, params}, o->name}, nin, in, o->name);
        if (made && !jaxpr_derive(j, o->name, key.n, key.at, made, 0, NULL)) {
            object_release(made);
            made = NULL;
        } else if (made) {
            object_release(made); /* j holds it */
        }
    }
    vec_free(&key);
    return made;
}

jaxpr *reduction_lower(const op *o, const void *params, int nin, const aval *in)
{
    jaxpr *j = lowered(o, params, nin, in);
    if (j)
        object_retain(j);
    return j;
}

static jaxpr *lowered_for(const op *o, const void *params, int nin, const ct_array *in)
{
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    for (int i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? lowered(o, params, nin, avals) : NULL;
    base_free(avals);
    return j;
}

bool reduction_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                    ct_array *out)
{
    jaxpr *j = lowered_for(o, params, nin, in);
    return j && transform_run(j, nin, in, NULL, nout, out);
}

bool reduction_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                   const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    jaxpr *j = lowered_for(o, params, nin, primals);
    leaves values = {0}, changes = {0};
    bool good = j && transform_jvp(jaxpr_as_flat(j), nin, primals, tangents, &values, &changes);
    if (good) {
        memcpy(out, values.at, (size_t)nout * sizeof *out);
        memcpy(out_tangents, changes.at, (size_t)nout * sizeof *out);
    }
    leaves_free(&values);
    leaves_free(&changes);
    return good;
}

bool reduction_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                         const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                         ct_array *out_tangents)
{
    arena memory = {0};
    jaxpr *j = lowered_for(o, params, nin, primals), *known = NULL, *linear = NULL;
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + nout + 1));
    for (int i = 0; i < nin && nonzero; i++)
        nonzero[i] = tangents[i] != NULL;
    bool good = j && nonzero && jaxpr_linearize(j, nonzero, nonzero + nin, &known, &linear);
    int kept = good ? known->nout - nout : 0, m = kept, next = 0;
    ct_array *values = arena_alloc(&memory, (size_t)(2 * nout + kept + nin + 1) * sizeof *values),
             *operands = values + nout, *changes = operands + kept + nin;
    good = good && values;
    if (good) {
        trace_context saved = trace_enter(linearize_parent(t));
        good = jaxpr_eval(known, nin, primals, known->nout, values);
        trace_leave(saved);
    }
    for (int i = 0; i < nin && good; i++)
        if (tangents[i])
            operands[m++] = tangents[i];
    if (good) {
        trace_context saved = trace_enter(stage_as_trace(linearize_tangents(t)));
        good = jaxpr_eval(linear, m, operands, linear->nout, changes);
        trace_leave(saved);
    }
    for (int i = 0; i < nout && good; i++) {
        out[i] = values[i];
        out_tangents[i] = nonzero[nin + i] ? changes[next++] : NULL;
    }
    arena_free(&memory);
    return good;
}

/* ---- batching ---- */

bool reduction_fronts(batch b, int nin, const ct_array *in, const int *dims, ct_array *out,
                      bool *init_mapped)
{
    *init_mapped = false;
    for (int i = 0; i < nin; i++) {
        bool initial = i >= nin / 2;
        *init_mapped |= initial && dims[i] != NOT_MAPPED;
        out[i] = initial && dims[i] == NOT_MAPPED ? in[i] : batch_front(in[i], dims[i], b.size);
    }
    return values_good(nin, out);
}

bool reduction_vmap_all(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims)
{
    bool *mapped = base_alloc((size_t)(nin + nout + 1));
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    bool good = mapped && avals;
    for (int i = 0; i < nin && good; i++) {
        avals[i] = in[i]->aval;
        mapped[i] = i < nin / 2 || dims[i] != NOT_MAPPED;
        if (mapped[i]) { /* in front */
            avals[i].ndim--;
            avals[i].shape++;
        }
    }
    if (good)
        memset(mapped + nin, 1, (size_t)nout);
    jaxpr *j = good ? lowered(o, params, nin, avals) : NULL,
          *made = j ? jaxpr_vmap(j, b, mapped, mapped + nin) : NULL;
    good = made && jaxpr_eval(made, nin, in, nout, out);
    for (int i = 0; i < nout; i++)
        out_dims[i] = 0;
    base_free(mapped);
    base_free(avals);
    return good;
}

static bool reduce_vmap_rule(const op *o, const void *params, batch b, int nin, const ct_array *in,
                             const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_reduction p = *(const params_reduction *)params;
    int_list axes = ints_raised(p.dimensions);
    ct_array *fronts = base_alloc((size_t)(nin + 1) * sizeof *fronts);
    bool init_mapped, good = fronts && reduction_fronts(b, nin, in, dims, fronts, &init_mapped);
    if (good && init_mapped) {
        good = reduction_vmap_all(o, params, b, nin, fronts, dims, nout, out, out_dims);
    } else if (good) {
        p.dimensions = ints_of(&axes);
        core_bind(o, &p, nin, fronts, nout, out);
        good = values_good(nout, out);
        for (int i = 0; i < nout; i++)
            out_dims[i] = 0;
    }
    base_free(fronts);
    return good;
}

/* ---- reduce: types ---- */

static bool check_initial(const op *o, int n, const aval *in)
{
    for (int i = 0; i < n; i++) {
        if (in[n + i].ndim)
            return base_fail(CT_VALUE_ERROR, "%s found non-scalar initial value: [%s]", o->name,
                             SHAPE(&in[n + i])),
                   false;
        if (in[i].dtype != in[n + i].dtype)
            return base_fail(CT_TYPE_ERROR,
                             "%s operand dtypes should match corresponding initial value dtypes, "
                             "got an operand of dtype %s and an initial value of dtype %s",
                             o->name, DTYPE(&in[i]), DTYPE(&in[n + i])),
                   false;
        if (!ints_equal(aval_shape(&in[i]), aval_shape(&in[0])))
            return base_fail(CT_VALUE_ERROR, "%s takes operands of one shape, but got %s and %s",
                             o->name, SHAPE(&in[0]), SHAPE(&in[i])),
                   false;
    }
    return true;
}

static bool check_dimensions(const op *o, ct_ints axes, int64_t ndim)
{
    for (int64_t i = 0; i < axes.n; i++) {
        if (axes.at[i] >= ndim || axes.at[i] < -ndim)
            return base_fail(CT_INDEX_ERROR,
                             "%s: axis %lld is out of bounds for an array with %lld axes", o->name,
                             (long long)axes.at[i], (long long)ndim),
                   false;
        if (axes.at[i] < 0 || ints_contain((ct_ints){i, axes.at}, axes.at[i]))
            return base_fail(CT_VALUE_ERROR,
                             "%s: dimensions must be different axes, none counted from the end, "
                             "but got %s",
                             o->name, INTS(axes)),
                   false;
    }
    return true;
}

static bool reduce_types(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    const params_reduction *p = params;
    int n = nin / 2;
    if (!gives_results(o, nout, n) || !check_initial(o, n, in) ||
        !check_dimensions(o, p->dimensions, in[0].ndim))
        return false;
    int_list kept = ints_without(aval_shape(&in[0]), p->dimensions);
    int64_t *shape = ints_in(a, ints_of(&kept));
    for (int i = 0; i < n && shape; i++)
        out[i] = (aval){in[i].dtype, in[i].weak && in[n + i].weak, (int32_t)kept.n, shape};
    return shape;
}

/* ---- reduce: the scan that it is ---- */

/* The reduced axes as one in front. */
static ct_array rows_of(ct_array x, ct_ints axes, ct_ints kept_axes, int64_t count)
{
    int_list order = {.n = 0}, shape = {.n = 1, .at = {count}};
    for (int64_t d = 0; d < x->aval.ndim; d++)
        if (ints_contain(axes, d))
            int_push(&order, d);
    for (int64_t i = 0; i < kept_axes.n; i++) {
        int_push(&order, kept_axes.at[i]);
        int_push(&shape, x->aval.shape[kept_axes.at[i]]);
    }
    return op_reshape(op_transpose(x, ints_of(&order)), ints_of(&shape));
}

static bool run_body(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    int n = (int)nin / 2;
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    return out->at && reduction_step(env, n, in, in + n, out->at);
}

static bool reduce_axes(const params_reduction *p, int n, const ct_array *in, ct_array *out)
{
    arena memory = {0};
    const aval *x = &in[0]->aval;
    int_list all = ints_range(0, x->ndim), kept_axes = ints_without(ints_of(&all), p->dimensions),
             kept = ints_without(aval_shape(x), p->dimensions);
    int64_t count = 1;
    for (int64_t i = 0; i < p->dimensions.n; i++)
        count *= x->shape[p->dimensions.at[i]];
    ct_array *rows = arena_alloc(&memory, (size_t)(n + 1) * sizeof *rows);
    aval *avals = arena_alloc(&memory, (size_t)(2 * n + 1) * sizeof *avals);
    leaves results = {0};
    bool good = rows && avals && reduction_begin(n, in + n, ints_of(&kept), out);
    for (int i = 0; i < n && good; i++) {
        rows[i] = rows_of(in[i], p->dimensions, ints_of(&kept_axes), count);
        avals[i] = out[i]->aval;
        avals[n + i] = (aval){in[i]->aval.dtype, false, (int32_t)kept.n, kept.at};
        good = !is_poison(rows[i] = op_convert(rows[i], (ct_dtype)in[i]->aval.dtype, false));
    }
    jaxpr *body = good ? transform_stage((flat){run_body, p->jaxpr, p->jaxpr->name}, 2 * n, avals,
                                         p->jaxpr->name)
                       : NULL;
    good = body && scan_closed((loop_part){NULL, body}, count, false, 1, n, out, n, rows, &results);
    if (good)
        memcpy(out, results.at, (size_t)n * sizeof *out);
    leaves_free(&results);
    object_release(body);
    arena_free(&memory);
    return good;
}

static const param_field reduce_fields[] = {
    {"computation", PARAM_FN, offsetof(params_reduction, computation)},
    {"dimensions", PARAM_INTS, offsetof(params_reduction, dimensions)},
    {"jaxpr", PARAM_JAXPR, offsetof(params_reduction, jaxpr)},
};

const op op_row_reduce = {
    .name = "reduce",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_reduce,
    .operands = ANY_OPERANDS,
    .fields = reduce_fields,
    .nfields = 3,
    .params_size = sizeof(params_reduction),
    .abstract = reduce_types,
    .fits = reduction_fits,
    .call = reduction_call,
    .jvp = reduction_jvp,
    .linearize = reduction_linearize,
    .vmap = reduce_vmap_rule,
    .lower = reduction_lower,
};
