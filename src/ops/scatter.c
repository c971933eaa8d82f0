/* scatter and its relatives: an array with windows of it overwritten by, or combined with, updates,
 * at the places that rows of indices name.
 *
 * Updates are taken in their row-major order, so that of several for one place the last one stands.
 * The walk is in indexed.c; the derivatives are in scatter_rules.c. */
#include <pthread.h>

#include "kernel/bodies_arithmetic.c"
#include "kernel/kernel.h"
#include "ops/structured.h"

/* ---- types ---- */

gather_dims scatter_inverse(const scatter_dims *d)
{
    return (gather_dims){d->update_window_dims, d->inserted_window_dims,
                         d->scatter_dims_to_operand_dims, d->operand_batching_dims,
                         d->scatter_indices_batching_dims};
}

int_list scatter_window(const scatter_dims *d, const aval *x, const aval *updates)
{
    int_list window;
    window.n = x->ndim;
    for (int64_t axis = 0, at = 0; axis < x->ndim; axis++)
        window.at[axis] = ints_contain(d->inserted_window_dims, axis) ||
                                  ints_contain(d->operand_batching_dims, axis)
                              ? 1
                              : updates->shape[d->update_window_dims.at[at++]];
    return window;
}

static bool check_window(const scatter_dims *d, const aval *x, const aval *updates)
{
    int64_t window =
        d->update_window_dims.n + d->inserted_window_dims.n + d->operand_batching_dims.n;
    if (window != x->ndim) {
        base_fail(CT_TYPE_ERROR,
                  "Scatter op has window of size %lld; doesn't match operand of rank %d.",
                  (long long)window, (int)x->ndim);
        return false;
    }
    int_list sizes = scatter_window(d, x, updates);
    for (int64_t axis = 0; axis < x->ndim; axis++)
        if (sizes.at[axis] > x->shape[axis] && !ints_contain(d->inserted_window_dims, axis) &&
            !ints_contain(d->operand_batching_dims, axis)) {
            base_fail(
                CT_TYPE_ERROR,
                "Bounds of the window dimensions of updates must not exceed the bounds of the "
                "corresponding dimensions of operand. For dimension %lld, updates bound is "
                "%lld, operand bound is %lld.",
                (long long)axis, (long long)sizes.at[axis], (long long)x->shape[axis]);
            return false;
        }
    return true;
}

static bool check_rows(const scatter_dims *d, const aval *indices, const aval *updates)
{
    int64_t row = 0;
    for (int64_t axis = 0; axis < updates->ndim; axis++) {
        if (ints_contain(d->update_window_dims, axis))
            continue;
        if (updates->shape[axis] != indices->shape[row]) {
            base_fail(
                CT_TYPE_ERROR,
                "Bounds of the scatter dimensions of updates must be the same as the bounds of the "
                "corresponding dimensions of scatter indices. For scatter dimension %lld, "
                "updates bound is %lld, indices bound is %lld.",
                (long long)axis, (long long)updates->shape[axis], (long long)indices->shape[row]);
            return false;
        }
        row++;
    }
    return true;
}

static bool check_dtypes(const op *o, const aval *x, const aval *updates)
{
    if (x->dtype != updates->dtype) {
        base_fail(CT_TYPE_ERROR,
                  "lax.scatter requires arguments to have the same dtypes, got %s, %s. (Tip: "
                  "x.at[...] promotes its updates.)",
                  DTYPE(x), DTYPE(updates));
        return false;
    }
    int accepted = o->code == OP_scatter                                    ? STORED
                   : o->code == OP_scatter_min || o->code == OP_scatter_max ? ANYTHING
                                                                            : NUMBER;
    if (!dtype_is((ct_dtype)x->dtype, accepted)) {
        base_fail(CT_TYPE_ERROR, "%s does not accept dtype %s.", o->name, DTYPE(x));
        return false;
    }
    return true;
}

static const indexed_names scatter_names = {"scatter",
                                            "update_window_dims",
                                            "inserted_window_dims",
                                            "scatter_dims_to_operand_dims",
                                            "operand_batching_dims",
                                            "scatter_indices_batching_dims"};

static bool abstract_scatter(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)nin, (void)a;
    const params_scatter *p = params;
    const scatter_dims *d = &p->dimension_numbers;
    gather_dims g = scatter_inverse(d);
    if (!check_dtypes(o, &in[0], &in[2]) ||
        !indexed_check(&scatter_names, &g, &in[0], &in[1], in[2].ndim))
        return false;
    if (in[2].ndim != in[1].ndim - 1 + d->update_window_dims.n) {
        base_fail(CT_TYPE_ERROR, "Updates tensor must be of rank %lld; got %d.",
                  (long long)(in[1].ndim - 1 + d->update_window_dims.n), (int)in[2].ndim);
        return false;
    }
    if (!check_window(d, &in[0], &in[2]) || !check_rows(d, &in[1], &in[2]))
        return false;
    if (p->mode == GATHER_ONE_HOT) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s has no one_hot mode", o->name);
        return false;
    }
    *nout = 1;
    out[0] = in[0];
    return true;
}

/* ---- the kernel ---- */

typedef struct scatter_run scatter_run;
/* n units of updates, numbers from[k], go to bytes to[k] of the result. */
typedef void scatter_units(const scatter_run *s, int64_t n, const int64_t *to, const int64_t *from);
struct scatter_run {
    const indexed_plan *plan;
    char *out;
    const char *updates;
    int64_t elements; /* in a unit */
    scatter_units *units;
    kernel_map *combine; /* NULL: overwrite */
    int64_t parts;
};

static void set_units(const scatter_run *s, int64_t n, const int64_t *to, const int64_t *from)
{
    size_t unit = (size_t)s->plan->unit;
    for (int64_t k = 0; k < n; k++)
        memcpy(s->out + to[k], s->updates + (size_t)from[k] * unit, unit);
}

static void set_words(const scatter_run *s, int64_t n, const int64_t *to, const int64_t *from)
{
    for (int64_t k = 0; k < n; k++)
        memcpy(s->out + to[k], s->updates + from[k] * 4, 4);
}

/* Rows lie anywhere, which the processor does not foresee. */
static void fetch_unit(const scatter_run *s, int64_t to, int64_t from)
{
    enum { LINE = 64, MOST = 512 };
    int64_t unit = s->plan->unit < MOST ? s->plan->unit : MOST;
    for (int64_t i = 0; i < unit; i += LINE) {
        __builtin_prefetch(s->out + to + i, 1);
        __builtin_prefetch(s->updates + from * s->plan->unit + i);
    }
}

static void combine_units(const scatter_run *s, int64_t n, const int64_t *to, const int64_t *from)
{
    enum { AHEAD = 4 };
    static const int64_t steps[2] = {1, 1};
    for (int64_t k = 0; k < n; k++) {
        if (k + AHEAD < n)
            fetch_unit(s, to[k + AHEAD], from[k + AHEAD]);
        char *at = s->out + to[k];
        const void *pair[] = {at, s->updates + from[k] * s->plan->unit};
        s->combine(s->elements, at, pair, steps);
    }
}

/* Single elements, as histograms and segment sums have them. */
#define ELEMENTS(P, S, T)                                                                          \
    static void P##_##S(const scatter_run *s, int64_t n, const int64_t *to, const int64_t *from)   \
    {                                                                                              \
        const T *updates = (const T *)(const void *)s->updates;                                    \
        for (int64_t k = 0; k < n; k++) {                                                          \
            T *at = (T *)(void *)(s->out + to[k]);                                                 \
            *at = body_##P##_##S(*at, updates[from[k]]);                                           \
        }                                                                                          \
    }
#define COMBINERS(X) X(add) X(max) X(min)
#define ELEMENTS_OF(P) ELEMENTS(P, f32, float) ELEMENTS(P, i32, int32_t)
COMBINERS(ELEMENTS_OF)

static scatter_units *units_for(int code, ct_dtype dtype, const indexed_plan *plan,
                                int64_t elements)
{
    if (code == OP_scatter)
        return plan->unit == 4 ? set_words : set_units;
    if (elements != 1)
        return combine_units;
#define CHOOSE(P)                                                                                  \
    if (code == OP_scatter_##P && (dtype == CT_FLOAT32 || dtype == CT_INT32))                      \
        return dtype == CT_FLOAT32 ? P##_f32 : P##_i32;
    COMBINERS(CHOOSE)
    return combine_units;
}

enum { BLOCK = 256 };

static void visit_scatter(void *context, const indexed_plan *p, const indexed_run *r)
{
    const scatter_run *s = context;
    int64_t to[BLOCK], from[BLOCK], n = 0;
    (void)p;
    for (int64_t j = 0; j < r->n; j++) {
        int64_t start = r->starts[j * r->row];
        to[n] = start + r->offset + j * r->stride;
        from[n] = r->at + j;
        n += start >= 0;
        if (n == BLOCK || j == r->n - 1) {
            s->units(s, n, to, from);
            n = 0;
        }
    }
}

/* Those rows whose indices lie in a part of the result, for each part: what a place receives comes
 * in one order, however many parts there are. */
static void scatter_parts(void *context, int64_t begin, int64_t end)
{
    const scatter_run *s = context;
    const indexed_plan *p = s->plan;
    int64_t to[BLOCK + 16], from[BLOCK + 16], places = p->last + 1;
    for (int64_t part = begin; part < end; part++) {
        int64_t first = places * part / s->parts, past = places * (part + 1) / s->parts;
        index_range range = {(int32_t)first, (int32_t)(past - first), (int32_t)p->last,
                             (int32_t)p->index_stride, p->clamp};
        scatter_run here = *s;
        for (int64_t at = 0; at < p->units; at += BLOCK) {
            int64_t n = p->units - at < BLOCK ? p->units - at : BLOCK;
            n = kernel_in_range(p->index + at, n, &range, to, from);
            here.updates = s->updates + at * p->unit;
            here.units(&here, n, to, from);
        }
    }
}

/* Places that do not overlap can be shared between threads. Wide units are not: all parts would
 * draw all of the updates through the caches, and memory is what limits them. */
static void scatter(scatter_run *s)
{
    enum { WORTH_SHARING = 1 << 17, WIDE = 64 }; /* bytes */
    const indexed_plan *p = s->plan;
    if (!p->index || p->last >= INT32_MAX || p->index_stride > INT32_MAX) {
        indexed_walk(p, 0, p->units, visit_scatter, s);
        return;
    }
    bool shared =
        p->unit <= p->index_stride && p->unit < WIDE && p->units * p->unit >= WORTH_SHARING;
    s->parts = shared ? base_threads() : 1;
    base_parallel(s->parts, 1, scatter_parts, s);
}

const char *scatter_combiner(int code)
{
    return code == OP_scatter_add   ? "add"
           : code == OP_scatter_sub ? "sub"
           : code == OP_scatter_mul ? "mul"
           : code == OP_scatter_min ? "min"
                                    : "max";
}

/* The same as a program, for those who look at equations. */
static jaxpr *combining_program(const op *o, ct_dtype dtype)
{
    aval a = {.dtype = (uint8_t)dtype};
    jaxpr *j = jaxpr_new();
    eqn *tail = NULL;
    var *v[3] = {NULL};
    bool good = j != NULL;
    for (int i = 0; i < 3 && good; i++)
        good = (v[i] = jaxpr_var(j, &a)) != NULL;
    atom in[] = {{.var = v[0]}, {.var = v[1]}}, out = {.var = v[2]};
    good = good &&
           jaxpr_eqn(j, &tail, op_named(scatter_combiner(o->code)), NULL, 2, in, 1, &v[2]) &&
           (j->in = arena_copy(&j->arena, v, 2 * sizeof *v)) &&
           (j->out = arena_copy(&j->arena, &out, sizeof out));
    if (good) {
        j->nin = 2;
        j->nout = 1;
        good = jaxpr_finish(j);
    }
    if (!good && j)
        object_release(j);
    return good ? j : NULL;
}

static const jaxpr *combiner_program(const op *o, ct_dtype dtype)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static jaxpr *made[OP_COUNT][CT_DTYPE_COUNT]; /* kept for good */
    if (o->code == OP_scatter)
        return NULL;
    pthread_mutex_lock(&lock);
    if (!made[o->code][dtype])
        made[o->code][dtype] = combining_program(o, dtype);
    jaxpr *j = made[o->code][dtype];
    pthread_mutex_unlock(&lock);
    return j;
}
__attribute__((constructor)) static void announce(void) { core_combiner = combiner_program; }

static ct_status kernel_scatter(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    if (o->code != OP_scatter && ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    const params_scatter *p = params;
    ct_dtype dtype = (ct_dtype)in[0].aval.dtype;
    size_t itemsize = dtype_table[dtype].itemsize;
    size_t bytes = (size_t)shape_size(in[0].aval.ndim, in[0].aval.shape) * itemsize;
    if (bytes && out->data != in[0].data)
        memcpy(out->data, in[0].data, bytes);
    if (!bytes || shape_size(in[2].aval.ndim, in[2].aval.shape) == 0)
        return CT_OK;
    kernel_map *combine = NULL;
    if (o->code != OP_scatter && !(combine = kernel_find(scatter_combiner(o->code), dtype)))
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not implemented for dtype %s", o->name,
                         dtype_table[dtype].name);
    gather_dims d = scatter_inverse(&p->dimension_numbers);
    int_list window = scatter_window(&p->dimension_numbers, &in[0].aval, &in[2].aval);
    indexed_plan plan;
    if (!indexed_plan_make(&plan, &d, &in[0], &in[1], &in[2].aval, ints_of(&window),
                           p->mode == GATHER_CLIP))
        return CT_OUT_OF_MEMORY_ERROR;
    int64_t elements = plan.unit / (int64_t)itemsize;
    scatter(&(scatter_run){.plan = &plan,
                           .out = out->data,
                           .updates = in[2].data,
                           .elements = elements,
                           .units = units_for(o->code, dtype, &plan, elements),
                           .combine = combine});
    indexed_plan_free(&plan);
    return CT_OK;
}

/* ---- batching ---- */

static bool vmap_scatter(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    params_scatter p = *(const params_scatter *)params;
    scatter_dims *d = &p.dimension_numbers;
    ct_array x = batch_front(in[0], dims[0], b.size), updates = batch_front(in[2], dims[2], b.size),
             indices = in[1];
    int_list window = ints_raised(d->update_window_dims),
             inserted = ints_raised(d->inserted_window_dims),
             map = ints_raised(d->scatter_dims_to_operand_dims);
    int_list x_batching = ints_raised(d->operand_batching_dims),
             i_batching = ints_raised(d->scatter_indices_batching_dims);
    if (dims[1] == NOT_MAPPED) {
        window = ints_insert(ints_of(&window), 0, 0);
    } else {
        indices = batch_front(indices, dims[1], b.size);
        x_batching = ints_insert(ints_of(&x_batching), 0, 0);
        i_batching = ints_insert(ints_of(&i_batching), 0, 0);
        d->scatter_indices_batching_dims = ints_of(&i_batching);
    }
    d->update_window_dims = ints_of(&window);
    d->inserted_window_dims = ints_of(&inserted);
    d->scatter_dims_to_operand_dims = ints_of(&map);
    d->operand_batching_dims = ints_of(&x_batching);
    out[0] = op_scatter(o, x, indices, updates, &p);
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

ct_array op_scatter(const op *o, ct_array x, ct_array indices, ct_array updates,
                    const params_scatter *p)
{
    return core_bind1(o, p, 3, (ct_array[]){x, indices, updates});
}

#define SCATTER(row, printed, ...)                                                                 \
    const op op_row_##row = {.name = printed,                                                      \
                             .flags = OP_DATA_MOVEMENT | OP_IN_PLACE,                              \
                             .code = OP_##row,                                                     \
                             .operands = 3,                                                        \
                             .fields = fields_scatter,                                             \
                             .nfields = nfields_scatter,                                           \
                             .params_size = sizeof(params_scatter),                                \
                             .abstract = abstract_scatter,                                         \
                             .kernel = kernel_scatter,                                             \
                             .vmap = vmap_scatter,                                                 \
                             __VA_ARGS__};
SCATTER(scatter, "scatter", .jvp = jvp_scatter, .transpose = transpose_scatter)
SCATTER(scatter_add, "scatter-add", .jvp = jvp_scatter_linear,
        .transpose = transpose_scatter_linear)
SCATTER(scatter_sub, "scatter-sub", .jvp = jvp_scatter_linear,
        .transpose = transpose_scatter_linear)
SCATTER(scatter_mul, "scatter-mul", .jvp = jvp_scatter_mul, .transpose = transpose_scatter_mul)
SCATTER(scatter_min, "scatter-min", .jvp = jvp_scatter_extreme)
SCATTER(scatter_max, "scatter-max", .jvp = jvp_scatter_extreme)
