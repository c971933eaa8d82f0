/* select_and_scatter_add and select_and_gather_add: each window picks the place of its extreme; a
 * source is added there, or a tangent read there.
 *
 * They are the reverse and forward derivatives of reduce_window_max and _min (window.c), and each
 * other's transposes. */
#include "kernel/kernel.h"
#include "ops/structured.h"

/* ---- picking ---- */

/* Windows over the first axes; what lies behind them is one block, whose elements pick on their
 * own. */
typedef struct pick_run {
    window_axis axes[MAX_NDIM];
    int ndim;
    int64_t block, windows, elements; /* elements of one window */
    bool largest;
    ct_dtype dtype; /* float32 or float64: what x is compared in */
    const void *x;
    void *memory;
    size_t bytes;
    const char *from; /* of the tangents or the source */
    char *to;
    size_t itemsize;
    kernel_map *combine; /* NULL: read, do not add */
    int64_t rows;        /* windows of one task */
    ct_status status;
} pick_run;

/* Room for one window at a time: the best value of each element of the block, which window element
 * it is, and where that one lies. */
typedef struct picked {
    double *best;
    int32_t *which;
    int64_t *places; /* in blocks; -1: padding */
} picked;

static void better_f32(int64_t n, const float *restrict x, float sign, int32_t k,
                       float *restrict best, int32_t *restrict which)
{
    for (int64_t c = 0; c < n; c++) {
        bool keep = best[c] * sign >= x[c] * sign;
        best[c] = keep ? best[c] : x[c];
        which[c] = keep ? which[c] : k;
    }
}

static void better_f64(int64_t n, const double *restrict x, double sign, int32_t k,
                       double *restrict best, int32_t *restrict which)
{
    for (int64_t c = 0; c < n; c++) {
        bool keep = best[c] * sign >= x[c] * sign;
        best[c] = keep ? best[c] : x[c];
        which[c] = keep ? which[c] : k;
    }
}

/* Compares one block of the operand with the best so far. */
static void challenge(const pick_run *r, picked *p, int64_t place, int32_t k, bool first)
{
    size_t itemsize = dtype_table[r->dtype].itemsize, bytes = (size_t)r->block * itemsize;
    const char *x = (const char *)r->x + (size_t)place * bytes;
    if (first) {
        memcpy(p->best, x, bytes);
        for (int64_t c = 0; c < r->block; c++)
            p->which[c] = k;
    } else if (r->dtype == CT_FLOAT32)
        better_f32(r->block, (const float *)(const void *)x, r->largest ? 1 : -1, k,
                   (float *)(void *)p->best, p->which);
    else
        better_f64(r->block, (const double *)(const void *)x, r->largest ? 1 : -1, k, p->best,
                   p->which);
}

/* Fills `which` for the window at linear position `at`; false when it holds padding only. The first
 * of equals stands. */
static bool pick(const pick_run *r, int64_t at, picked *p)
{
    int64_t place[MAX_NDIM], k[MAX_NDIM] = {0};
    bool found = false;
    for (int i = r->ndim - 1; i >= 0; i--) {
        place[i] = at % r->axes[i].out;
        at /= r->axes[i].out;
    }
    for (int32_t number = 0; number < r->elements; number++) {
        int64_t from = 0;
        for (int i = 0; i < r->ndim && from >= 0; i++) {
            int64_t inside = window_at(&r->axes[i], place[i], k[i]);
            from = inside < 0 ? -1 : from * r->axes[i].in + inside;
        }
        p->places[number] = from;
        if (from >= 0) {
            challenge(r, p, from, number, !found);
            found = true;
        }
        for (int i = r->ndim - 1; i >= 0 && ++k[i] == r->axes[i].size; i--)
            k[i] = 0;
    }
    return found;
}

static void add_picked(const pick_run *r, const picked *p, int64_t window)
{
    static const int64_t steps[2] = {1, 1};
    const char *from = r->from + (size_t)(window * r->block) * r->itemsize;
    if (r->itemsize == 4 && r->dtype == CT_FLOAT32 && !r->memory) { /* float32 itself */
        const float *source = (const float *)(const void *)from;
        for (int64_t c = 0; c < r->block; c++)
            ((float *)(void *)r->to)[p->places[p->which[c]] * r->block + c] += source[c];
        return;
    }
    for (int64_t c = 0; c < r->block; c++) {
        char *to = r->to + (size_t)(p->places[p->which[c]] * r->block + c) * r->itemsize;
        r->combine(1, to, (const void *const[]){to, from + (size_t)c * r->itemsize}, steps);
    }
}

static void read_picked(const pick_run *r, const picked *p, int64_t window, bool found)
{
    char *to = r->to + (size_t)(window * r->block) * r->itemsize;
    if (!found) {
        memset(to, 0, (size_t)r->block * r->itemsize);
        return;
    }
    for (int64_t c = 0; c < r->block; c++, to += r->itemsize)
        memcpy(to, r->from + (size_t)(p->places[p->which[c]] * r->block + c) * r->itemsize,
               r->itemsize);
}

static void pick_rows(void *context, int64_t begin, int64_t end)
{
    pick_run *r = context;
    picked p = {base_alloc((size_t)r->block * sizeof *p.best),
                base_alloc((size_t)r->block * sizeof *p.which),
                base_alloc((size_t)r->elements * sizeof *p.places)};
    if (p.best && p.which && p.places) {
        for (int64_t window = begin * r->rows; window < end * r->rows; window++) {
            bool found = pick(r, window, &p);
            if (!r->combine)
                read_picked(r, &p, window, found);
            else if (found)
                add_picked(r, &p, window);
        }
    } else {
        r->status = CT_OUT_OF_MEMORY_ERROR;
    }
    base_free(p.best);
    base_free(p.which);
    base_free(p.places);
}

/* The operand as something to compare by: float32 as it is, halves as float32, the rest as float64.
 */
static bool comparable(pick_run *r, const operand *x)
{
    ct_dtype dtype = (ct_dtype)x->aval.dtype;
    r->dtype =
        dtype_is(dtype, FAMILY_FLOAT) && dtype_table[dtype].bits <= 32 ? CT_FLOAT32 : CT_FLOAT64;
    r->x = x->data;
    if (r->dtype == dtype)
        return true;
    int64_t n = shape_size(x->aval.ndim, x->aval.shape), step = 1;
    r->bytes = (size_t)(n ? n : 1) * dtype_table[r->dtype].itemsize;
    r->x = r->memory = array_memory(r->bytes);
    if (!r->memory)
        return false;
    const void *source = x->data;
    kernel_convert(dtype, r->dtype)(n, r->memory, &source, &step);
    return true;
}

/* Adding to overlapping windows stays in one thread; the first axis is free when no window moves
 * over it. */
static ct_status pick_all(pick_run *r, const operand *x)
{
    r->block = window_block(r->axes, &r->ndim);
    r->windows = r->elements = 1;
    for (int i = 0; i < r->ndim; i++) {
        r->windows *= r->axes[i].out;
        r->elements *= r->axes[i].size;
    }
    if (!comparable(r, x))
        return CT_OUT_OF_MEMORY_ERROR;
    bool apart = r->ndim && r->axes[0].size == 1 && r->axes[0].out;
    r->rows = !r->combine ? 1 : apart ? r->windows / r->axes[0].out : r->windows;
    int64_t tasks = r->rows ? r->windows / r->rows : 0;
    base_parallel(tasks, 16384 / (r->rows * r->block * r->elements + 1) + 1, pick_rows, r);
    if (r->memory)
        array_memory_free(r->memory, r->bytes);
    return r->status;
}

static bool check_select(const op *o, const char *select_prim, const aval *x, const aval *other)
{
    if (!select_prim || (strcmp(select_prim, "ge") && strcmp(select_prim, "le"))) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s selects by ge or le, not by %s", o->name,
                  select_prim ? select_prim : "None");
        return false;
    }
    if (!dtype_is((ct_dtype)x->dtype, ORDERED) || other->dtype != x->dtype) {
        base_fail(CT_TYPE_ERROR, "%s requires arguments of one ordered dtype, got %s, %s.", o->name,
                  DTYPE(other), DTYPE(x));
        return false;
    }
    return true;
}

static int_list repeated(int64_t n, int64_t value)
{
    int_list l;
    l.n = n;
    for (int64_t i = 0; i < n; i++)
        l.at[i] = value;
    return l;
}

/* ---- select_and_gather_add ---- */

static params_window gather_window(const params_select_gather *p)
{
    return (params_window){p->base_dilation, p->padding, p->window_dilation, p->window_dimensions,
                           p->window_strides};
}

static bool abstract_gather_add(const op *o, const void *params, int nin, const aval *in, int *nout,
                                aval *out, arena *a)
{
    (void)nin;
    const params_select_gather *p = params;
    params_window w = gather_window(p);
    window_axis axes[MAX_NDIM];
    if (!ints_equal(aval_shape(&in[0]), aval_shape(&in[1]))) {
        base_fail(CT_TYPE_ERROR,
                  "select_and_gather_add tangents and operand shapes must match, got %s and %s.",
                  SHAPE(&in[0]), SHAPE(&in[1]));
        return false;
    }
    if (!check_select(o, p->select_prim, &in[1], &in[0]) || !window_axes(o, &w, &in[1], axes))
        return false;
    int64_t *shape = ints_in(a, aval_shape(&in[1]));
    if (!shape)
        return false;
    for (int i = 0; i < in[1].ndim; i++)
        shape[i] = axes[i].out;
    *nout = 1;
    out[0] = (aval){in[0].dtype, in[0].weak && in[1].weak, in[1].ndim, shape};
    return true;
}

static ct_status kernel_gather_add(const op *o, const void *params, int nin, const operand *in,
                                   int nout, operand *out)
{
    (void)nin, (void)nout;
    const params_select_gather *p = params;
    params_window w = gather_window(p);
    pick_run r = {.ndim = in[1].aval.ndim,
                  .largest = !strcmp(p->select_prim, "ge"),
                  .from = in[0].data,
                  .to = out->data,
                  .itemsize = dtype_table[out->aval.dtype].itemsize};
    return window_axes(o, &w, &in[1].aval, r.axes) ? pick_all(&r, &in[1]) : CT_TYPE_ERROR;
}

static bool jvp_first(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    (void)nout;
    out_primals[0] = core_bind1(o, params, nin, primals);
    out_tangents[0] =
        tangents[0] ? core_bind1(o, params, 2, (ct_array[]){tangents[0], primals[1]}) : NULL;
    return !is_poison(out_primals[0]) && !(out_tangents[0] && is_poison(out_tangents[0]));
}

/* Gaps of a dilated operand are filled with what no window picks; the gaps' share is cut out of the
 * result again. */
static ct_array spread_operand(ct_array x, ct_ints dilation, bool largest)
{
    int_list triples = repeated(3 * dilation.n, 0);
    for (int64_t i = 0; i < dilation.n; i++)
        triples.at[3 * i + 2] = dilation.at[i] - 1;
    return op_pad(x, op_number(largest ? -__builtin_inf() : __builtin_inf(), x), ints_of(&triples));
}

static bool transpose_gather_add(const op *o, const void *params, int nin, const ct_array *in,
                                 const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in_avals, (void)nout;
    const params_select_gather *p = params;
    bool dilated = false;
    out[0] = out[1] = NULL;
    for (int64_t i = 0; i < p->window_dilation.n; i++) {
        if (p->window_dilation.at[i] != 1) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "VJP not implemented for select_and_gather (MaxPool) with window dilation, "
                      "got window_dilation=%s.",
                      INTS(p->window_dilation));
            return false;
        }
        dilated = dilated || p->base_dilation.at[i] != 1;
    }
    if (!cts[0])
        return true;
    ct_array x =
        dilated ? spread_operand(in[1], p->base_dilation, !strcmp(p->select_prim, "ge")) : in[1];
    params_select_scatter q = {p->padding, p->select_prim, p->window_dimensions, p->window_strides};
    out[0] = op_select_and_scatter_add(cts[0], x, &q);
    if (dilated && !is_poison(out[0])) {
        int_list zeros = repeated(p->base_dilation.n, 0);
        out[0] = op_slice(out[0], ints_of(&zeros), aval_shape(&out[0]->aval), p->base_dilation);
    }
    return !is_poison(out[0]);
}

static bool vmap_gather_add(const op *o, const void *params, batch b, int nin, const ct_array *in,
                            const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    const params_select_gather *p = params;
    int_list size = ints_insert(p->window_dimensions, 0, 1),
             strides = ints_insert(p->window_strides, 0, 1),
             base = ints_insert(p->base_dilation, 0, 1);
    int_list spread = ints_insert(p->window_dilation, 0, 1),
             padding = ints_insert(p->padding, 0, 0);
    padding = ints_insert(ints_of(&padding), 0, 0);
    params_select_gather q = {ints_of(&base),   ints_of(&padding), p->select_prim,
                              ints_of(&spread), ints_of(&size),    ints_of(&strides)};
    ct_array tangent = batch_front(in[0], dims[0], b.size), x = batch_front(in[1], dims[1], b.size);
    out[0] = core_bind1(o, &q, 2, (ct_array[]){tangent, x});
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

/* ---- select_and_scatter_add ---- */

typedef struct plain_window {
    int_list ones;
    params_window window;
} plain_window;

static void scatter_window_of(const params_select_scatter *p, plain_window *w)
{
    w->ones = repeated(p->window_dimensions.n, 1);
    w->window = (params_window){ints_of(&w->ones), p->padding, ints_of(&w->ones),
                                p->window_dimensions, p->window_strides};
}

static bool abstract_scatter_add(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    (void)nin, (void)a;
    const params_select_scatter *p = params;
    plain_window w;
    window_axis axes[MAX_NDIM];
    scatter_window_of(p, &w);
    if (!check_select(o, p->select_prim, &in[1], &in[0]) ||
        !window_axes(o, &w.window, &in[1], axes))
        return false;
    bool fits = in[0].ndim == in[1].ndim;
    for (int i = 0; i < in[1].ndim && fits; i++)
        fits = axes[i].out == in[0].shape[i];
    if (!fits) {
        base_fail(CT_TYPE_ERROR,
                  "select_and_scatter_add: a source of shape %s does not match the windows of an "
                  "operand of shape %s.",
                  SHAPE(&in[0]), SHAPE(&in[1]));
        return false;
    }
    *nout = 1;
    out[0] = in[1];
    out[0].weak = in[0].weak && in[1].weak;
    return true;
}

static ct_status kernel_scatter_add(const op *o, const void *params, int nin, const operand *in,
                                    int nout, operand *out)
{
    (void)nin, (void)nout;
    const params_select_scatter *p = params;
    ct_dtype dtype = (ct_dtype)out->aval.dtype;
    size_t itemsize = dtype_table[dtype].itemsize;
    plain_window w;
    scatter_window_of(p, &w);
    pick_run r = {.ndim = in[1].aval.ndim,
                  .largest = !strcmp(p->select_prim, "ge"),
                  .from = in[0].data,
                  .to = out->data,
                  .itemsize = itemsize,
                  .combine = kernel_find(dtype == CT_BOOL ? "or" : "add", dtype)};
    if (ops_narrow(dtype))
        return ops_widened(o, params, nin, in, nout, out);
    if (!r.combine)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not implemented for dtype %s", o->name,
                         dtype_table[dtype].name);
    memset(out->data, 0, (size_t)shape_size(out->aval.ndim, out->aval.shape) * itemsize);
    return window_axes(o, &w.window, &in[1].aval, r.axes) ? pick_all(&r, &in[1]) : CT_TYPE_ERROR;
}

static bool transpose_scatter_add(const op *o, const void *params, int nin, const ct_array *in,
                                  const aval *in_avals, int nout, const ct_array *cts,
                                  ct_array *out)
{
    (void)o, (void)nin, (void)in_avals, (void)nout;
    const params_select_scatter *p = params;
    int_list ones = repeated(p->window_dimensions.n, 1);
    params_select_gather q = {ints_of(&ones), p->padding,           p->select_prim,
                              ints_of(&ones), p->window_dimensions, p->window_strides};
    out[1] = NULL;
    out[0] = cts[0] ? op_select_and_gather_add(cts[0], in[1], &q) : NULL;
    return !(out[0] && is_poison(out[0]));
}

static bool vmap_scatter_add(const op *o, const void *params, batch b, int nin, const ct_array *in,
                             const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    const params_select_scatter *p = params;
    int_list size = ints_insert(p->window_dimensions, 0, 1),
             strides = ints_insert(p->window_strides, 0, 1),
             padding = ints_insert(p->padding, 0, 0);
    padding = ints_insert(ints_of(&padding), 0, 0);
    params_select_scatter q = {ints_of(&padding), p->select_prim, ints_of(&size),
                               ints_of(&strides)};
    ct_array source = batch_front(in[0], dims[0], b.size), x = batch_front(in[1], dims[1], b.size);
    out[0] = core_bind1(o, &q, 2, (ct_array[]){source, x});
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

/* ---- the derivative of the extremes ---- */

bool jvp_window_extreme(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out_primals,
                        ct_array *out_tangents)
{
    (void)nout;
    const params_window *p = params;
    out_primals[0] = core_bind1(o, p, nin, primals);
    params_select_gather q = {
        p->base_dilation,   p->padding,           o->code == OP_reduce_window_max ? "ge" : "le",
        p->window_dilation, p->window_dimensions, p->window_strides};
    out_tangents[0] = is_poison(out_primals[0])
                          ? array_poison
                          : op_select_and_gather_add(tangents[0], primals[0], &q);
    return !is_poison(out_tangents[0]);
}

/* ---- the rows ---- */

const op op_row_select_and_gather_add = {
    .name = "select_and_gather_add",
    .code = OP_select_and_gather_add,
    .operands = 2,
    .fields = fields_select_gather,
    .nfields = nfields_select_gather,
    .params_size = sizeof(params_select_gather),
    .abstract = abstract_gather_add,
    .kernel = kernel_gather_add,
    .jvp = jvp_first,
    .transpose = transpose_gather_add,
    .vmap = vmap_gather_add,
};
const op op_row_select_and_scatter_add = {
    .name = "select_and_scatter_add",
    .code = OP_select_and_scatter_add,
    .operands = 2,
    .fields = fields_select_scatter,
    .nfields = nfields_select_scatter,
    .params_size = sizeof(params_select_scatter),
    .abstract = abstract_scatter_add,
    .kernel = kernel_scatter_add,
    .jvp = jvp_first,
    .transpose = transpose_scatter_add,
    .vmap = vmap_scatter_add,
};

ct_array op_select_and_gather_add(ct_array tangent, ct_array x, const params_select_gather *p)
{
    return core_bind1(&op_row_select_and_gather_add, p, 2, (ct_array[]){tangent, x});
}
ct_array op_select_and_scatter_add(ct_array source, ct_array x, const params_select_scatter *p)
{
    return core_bind1(&op_row_select_and_scatter_add, p, 2, (ct_array[]){source, x});
}
