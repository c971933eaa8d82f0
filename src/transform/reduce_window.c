/* reduce_window: elements of windows that slide over arrays, combined by a program of the user's.
 *
 * Padding and the gaps of dilated operands are not elements: they are passed over. Evaluated as one
 * step for each element of a window, on the whole result at once. */
#include "ops/structured.h"
#include "transform/reduce.h"
#include "transform/scan.h"

static bool types(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                  arena *a)
{
    const params_window *p = params;
    window_axis axes[MAX_NDIM];
    int n = nin / 2;
    if (!gives_results(o, nout, n) || !window_axes(o, p, &in[0], axes))
        return false;
    int64_t *shape = ints_in(a, aval_shape(&in[0]));
    if (!shape)
        return false;
    for (int d = 0; d < in[0].ndim; d++)
        shape[d] = axes[d].out;
    for (int i = 0; i < n; i++) {
        if (in[i].dtype != in[n + i].dtype)
            return base_fail(CT_TYPE_ERROR,
                             "%s got inconsistent dtypes for operands and init_values: got operand "
                             "dtype %s and init_value dtype %s.",
                             o->name, DTYPE(&in[i]), DTYPE(&in[n + i])),
                   false;
        if (in[n + i].ndim)
            return base_fail(CT_TYPE_ERROR,
                             "%s expected init_values to be scalars but init_values have shape %s.",
                             o->name, SHAPE(&in[n + i])),
                   false;
        if (!ints_equal(aval_shape(&in[i]), aval_shape(&in[0])))
            return base_fail(CT_VALUE_ERROR, "%s takes operands of one shape, but got %s and %s",
                             o->name, SHAPE(&in[0]), SHAPE(&in[i])),
                   false;
        out[i] = (aval){in[i].dtype, false, in[0].ndim, shape};
    }
    return true;
}

/* ---- the steps ---- */

typedef struct windows {
    const jaxpr *j;
    int n, ndim;
    window_axis axes[MAX_NDIM];
    int_list shape;   /* of the results */
    bool holes;       /* some windows reach beyond the elements */
    ct_array *padded; /* the operands, then which places are elements */
} windows;

static bool pad_operands(windows *w, const ct_array *in)
{
    int_list triples = {.n = 0};
    bool cut = false;
    for (int d = 0; d < w->ndim; d++) {
        const window_axis *a = &w->axes[d];
        int_push(&triples, a->low);
        int_push(&triples, a->high);
        int_push(&triples, a->dilation - 1);
        w->holes |= a->low > 0 || a->high > 0 || a->dilation > 1;
        cut |= a->low < 0 || a->high < 0;
    }
    for (int i = 0; i < w->n; i++)
        w->padded[i] = w->holes || cut ? op_pad(in[i], in[w->n + i], ints_of(&triples)) : in[i];
    aval inside = {CT_BOOL, false, in[0]->aval.ndim, in[0]->aval.shape};
    w->padded[w->n] =
        w->holes ? op_pad(op_full(&inside, 1), array_scalar(CT_BOOL, false, 0), ints_of(&triples))
                 : NULL;
    return values_good(w->n + 1, w->padded);
}

/* The next elements of all windows joined to what there is so far. */
static bool join(const windows *w, ct_array *so_far, const ct_array *elements)
{
    ct_array *next = base_alloc((size_t)(w->n + 1) * sizeof *next);
    bool good = next && reduction_step(w->j, w->n, so_far, elements, next);
    for (int i = 0; i < w->n && good; i++)
        good = !is_poison(
            so_far[i] = w->holes ? op_select_n(elements[w->n], 2, (ct_array[]){so_far[i], next[i]})
                                 : next[i]);
    base_free(next);
    return good;
}

/* Element `number` of the window, as its place along each axis. */
static void place_of(const windows *w, int64_t number, int64_t *place)
{
    for (int d = w->ndim - 1; d >= 0; d--) {
        place[d] = number % w->axes[d].size;
        number /= w->axes[d].size;
    }
}

static ct_array element_known(const windows *w, ct_array x, int64_t number)
{
    int_list from = {.n = w->ndim}, to = from, by = from;
    place_of(w, number, from.at);
    for (int d = 0; d < w->ndim; d++) {
        from.at[d] *= w->axes[d].spread;
        by.at[d] = w->axes[d].stride;
        to.at[d] = from.at[d] + (w->shape.at[d] - 1) * by.at[d] + 1;
    }
    return op_slice(x, ints_of(&from), ints_of(&to), ints_of(&by));
}

/* The same where only the program will know the number. */
static ct_array element_at(const windows *w, ct_array x, ct_array number)
{
    ct_array starts[MAX_NDIM];
    int_list sizes = {.n = w->ndim}, from = sizes, by = sizes;
    int64_t before = 1;
    for (int d = w->ndim - 1; d >= 0; d--) {
        ct_array place = op_div(number, op_number((double)before, number));
        starts[d] = op_mul(op_rem(place, op_number((double)w->axes[d].size, number)),
                           op_number((double)w->axes[d].spread, number));
        before *= w->axes[d].size;
        from.at[d] = 0;
        by.at[d] = w->axes[d].stride;
        sizes.at[d] = (w->shape.at[d] - 1) * by.at[d] + 1;
    }
    ct_array reach = op_dynamic_slice(x, w->ndim, starts, ints_of(&sizes));
    return op_slice(reach, ints_of(&from), ints_of(&sizes), ints_of(&by));
}

/* (so far..., number) -> (so far...) */
static bool run_numbered(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const windows *w = env;
    ct_array *elements = base_alloc((size_t)(w->n + 1) * sizeof *elements);
    *out = (leaves){w->n, base_alloc((size_t)(w->n + 1) * sizeof *out->at)};
    bool good = elements && out->at;
    for (int i = 0; i < w->n + w->holes && good; i++)
        good = !is_poison(elements[i] = element_at(w, w->padded[i], in[nin - 1]));
    if (good) {
        memcpy(out->at, in, (size_t)w->n * sizeof *in);
        good = join(w, out->at, elements);
    }
    base_free(elements);
    return good;
}

static bool run_loop(windows *w, int64_t count, ct_array *so_far)
{
    aval *avals = base_alloc((size_t)(w->n + 1) * sizeof *avals);
    leaves results = {0};
    for (int i = 0; i < w->n && avals; i++)
        avals[i] = so_far[i]->aval;
    if (avals)
        avals[w->n] = (aval){.dtype = CT_INT32};
    jaxpr *body =
        avals ? transform_stage((flat){run_numbered, w, "window"}, w->n + 1, avals, "window")
              : NULL;
    ct_array numbers = op_iota(CT_INT32, (ct_ints){1, &count}, 0);
    bool good =
        body && !is_poison(numbers) &&
        scan_closed((loop_part){NULL, body}, count, false, 1, w->n, so_far, 1, &numbers, &results);
    if (good)
        memcpy(so_far, results.at, (size_t)w->n * sizeof *so_far);
    leaves_free(&results);
    object_release(body);
    base_free(avals);
    return good;
}

static bool run_steps(windows *w, int64_t count, ct_array *so_far)
{
    enum { FEW = 64 }; /* steps that are written out */
    if (count > FEW)
        return run_loop(w, count, so_far);
    ct_array *elements = base_alloc((size_t)(w->n + 1) * sizeof *elements);
    bool good = elements;
    for (int64_t k = 0; k < count && good; k++) {
        for (int i = 0; i < w->n + w->holes && good; i++)
            good = !is_poison(elements[i] = element_known(w, w->padded[i], k));
        good = good && join(w, so_far, elements);
    }
    base_free(elements);
    return good;
}

bool window_reduce(const params_window_reduction *p, int n, const ct_array *in, ct_array *out)
{
    const aval *x = &in[0]->aval;
    windows w = {.j = p->jaxpr, .n = n, .ndim = x->ndim, .shape = {.n = x->ndim}};
    if (!window_axes(&op_row_reduce_window, &p->window, x, w.axes))
        return false;
    int64_t count = 1;
    for (int d = 0; d < w.ndim; d++) {
        w.shape.at[d] = w.axes[d].out;
        count *= w.axes[d].size;
    }
    if (!reduction_begin(n, in + n, ints_of(&w.shape), out))
        return false;
    if (!shape_size(w.shape.n, w.shape.at))
        return true;
    w.padded = base_alloc((size_t)(n + 1) * sizeof *w.padded);
    bool good = w.padded && pad_operands(&w, in) && run_steps(&w, count, out);
    base_free(w.padded);
    return good;
}

/* ---- batching: an axis over which no window moves ---- */

static bool vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                 const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_window_reduction p = *(const params_window_reduction *)params;
    params_window *w = &p.window;
    int_list size = ints_insert(w->window_dimensions, 0, 1),
             strides = ints_insert(w->window_strides, 0, 1),
             base = ints_insert(w->base_dilation, 0, 1),
             spread = ints_insert(w->window_dilation, 0, 1),
             padding = ints_insert(w->padding, 0, 0);
    padding = ints_insert(ints_of(&padding), 0, 0);
    ct_array *fronts = base_alloc((size_t)(nin + 1) * sizeof *fronts);
    bool init_mapped, good = fronts && reduction_fronts(b, nin, in, dims, fronts, &init_mapped);
    if (good && init_mapped) {
        good = reduction_vmap_all(o, params, b, nin, fronts, dims, nout, out, out_dims);
    } else if (good) {
        *w = (params_window){ints_of(&base), ints_of(&padding), ints_of(&spread), ints_of(&size),
                             ints_of(&strides)};
        core_bind(o, &p, nin, fronts, nout, out);
        good = values_good(nout, out);
        for (int i = 0; i < nout; i++)
            out_dims[i] = 0;
    }
    base_free(fronts);
    return good;
}

static const param_field fields[] = {
    {"base_dilation", PARAM_INTS, offsetof(params_window_reduction, window.base_dilation)},
    {"consts", PARAM_EMPTY, 0},
    {"jaxpr", PARAM_JAXPR, offsetof(params_window_reduction, jaxpr)},
    {"padding", PARAM_PAIRS, offsetof(params_window_reduction, window.padding)},
    {"window_dilation", PARAM_INTS, offsetof(params_window_reduction, window.window_dilation)},
    {"window_dimensions", PARAM_INTS, offsetof(params_window_reduction, window.window_dimensions)},
    {"window_strides", PARAM_INTS, offsetof(params_window_reduction, window.window_strides)},
};

const op op_row_reduce_window = {
    .name = "reduce_window",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_reduce_window,
    .operands = ANY_OPERANDS,
    .fields = fields,
    .nfields = 7,
    .params_size = sizeof(params_window_reduction),
    .abstract = types,
    .fits = reduction_fits,
    .call = reduction_call,
    .jvp = reduction_jvp,
    .linearize = reduction_linearize,
    .vmap = vmap,
    .lower = reduction_lower,
};
