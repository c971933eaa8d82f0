/* select_and_scatter_add and select_and_gather_add: each window picks the place of its extreme; a source is added there, or a tangent read there.
 *
 * They are the reverse and forward derivatives of reduce_window_max and _min (window.c), and each other's transposes. */
#include "kernel/kernel.h"
#include "ops/structured.h"

/* ---- picking ---- */

typedef struct pick_run {
    window_axis axes[MAX_NDIM];
    int ndim;
    bool largest;
    const double *x;
} pick_run;

/* Offset of the extreme of the window at linear position `at` of the result; the first of equals; -1 when the window holds padding only. */
static int64_t pick(const pick_run *r, int64_t at)
{
    int64_t place[MAX_NDIM], k[MAX_NDIM] = {0}, best = -1;
    for (int i = r->ndim - 1; i >= 0; i--) {
        place[i] = at % r->axes[i].out;
        at /= r->axes[i].out;
    }
    for (;;) {
        int64_t from = 0;
        for (int i = 0; i < r->ndim && from >= 0; i++) {
            int64_t inside = window_at(&r->axes[i], place[i], k[i]);
            from = inside < 0 ? -1 : from * r->axes[i].in + inside;
        }
        if (from >= 0 && (best < 0 || !(r->largest ? r->x[best] >= r->x[from] : r->x[best] <= r->x[from])))
            best = from;
        int i = r->ndim - 1;
        while (i >= 0 && ++k[i] == r->axes[i].size)
            k[i--] = 0;
        if (i < 0)
            return best;
    }
}

/* The operand in double precision, to compare by. */
static double *comparable(const operand *x, size_t *bytes)
{
    int64_t n = shape_size(x->aval.ndim, x->aval.shape), step = 1;
    *bytes = (size_t)(n ? n : 1) * sizeof(double);
    double *wide = array_memory(*bytes);
    const void *source = x->data;
    if (wide)
        kernel_convert((ct_dtype)x->aval.dtype, CT_FLOAT64)(n, wide, &source, &step);
    return wide;
}

static bool check_select(const op *o, const char *select_prim, const aval *x, const aval *other)
{
    if (!select_prim || (strcmp(select_prim, "ge") && strcmp(select_prim, "le"))) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s selects by ge or le, not by %s", o->name, select_prim ? select_prim : "None");
        return false;
    }
    if (!dtype_is((ct_dtype)x->dtype, ORDERED) || other->dtype != x->dtype) {
        base_fail(CT_TYPE_ERROR, "%s requires arguments of one ordered dtype, got %s, %s.", o->name, DTYPE(other), DTYPE(x));
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

static params_window gather_window(const params_select_gather *p) { return (params_window){p->base_dilation, p->padding, p->window_dilation, p->window_dimensions, p->window_strides}; }

static bool abstract_gather_add(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out, arena *a)
{
    (void)nin;
    const params_select_gather *p = params;
    params_window w = gather_window(p);
    window_axis axes[MAX_NDIM];
    if (!ints_equal(aval_shape(&in[0]), aval_shape(&in[1]))) {
        base_fail(CT_TYPE_ERROR, "select_and_gather_add tangents and operand shapes must match, got %s and %s.", SHAPE(&in[0]), SHAPE(&in[1]));
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

static ct_status kernel_gather_add(const op *o, const void *params, int nin, const operand *in, int nout, operand *out)
{
    (void)nin, (void)nout;
    const params_select_gather *p = params;
    params_window w = gather_window(p);
    pick_run r = {.ndim = in[1].aval.ndim, .largest = !strcmp(p->select_prim, "ge")};
    size_t bytes, itemsize = dtype_table[out->aval.dtype].itemsize;
    if (!window_axes(o, &w, &in[1].aval, r.axes))
        return CT_TYPE_ERROR;
    double *x = comparable(&in[1], &bytes);
    if (!x)
        return CT_OUT_OF_MEMORY_ERROR;
    r.x = x;
    int64_t n = shape_size(out->aval.ndim, out->aval.shape);
    for (int64_t i = 0; i < n; i++) {
        int64_t from = pick(&r, i);
        char *to = (char *)out->data + (size_t)i * itemsize;
        if (from < 0)
            memset(to, 0, itemsize);
        else
            memcpy(to, (const char *)in[0].data + (size_t)from * itemsize, itemsize);
    }
    array_memory_free(x, bytes);
    return CT_OK;
}

static bool jvp_first(const op *o, const void *params, int nin, const ct_array *primals, const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)nout;
    out_primals[0] = core_bind1(o, params, nin, primals);
    out_tangents[0] = tangents[0] ? core_bind1(o, params, 2, (ct_array[]){tangents[0], primals[1]}) : NULL;
    return !is_poison(out_primals[0]) && !(out_tangents[0] && is_poison(out_tangents[0]));
}

/* Gaps of a dilated operand are filled with what no window picks; the gaps' share is cut out of the result again. */
static ct_array spread_operand(ct_array x, ct_ints dilation, bool largest)
{
    int_list triples = repeated(3 * dilation.n, 0);
    for (int64_t i = 0; i < dilation.n; i++)
        triples.at[3 * i + 2] = dilation.at[i] - 1;
    return op_pad(x, op_number(largest ? -__builtin_inf() : __builtin_inf(), x), ints_of(&triples));
}

static bool transpose_gather_add(const op *o, const void *params, int nin, const ct_array *in, const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in_avals, (void)nout;
    const params_select_gather *p = params;
    bool dilated = false;
    out[0] = out[1] = NULL;
    for (int64_t i = 0; i < p->window_dilation.n; i++) {
        if (p->window_dilation.at[i] != 1) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR, "VJP not implemented for select_and_gather (MaxPool) with window dilation, got window_dilation=%s.", INTS(p->window_dilation));
            return false;
        }
        dilated = dilated || p->base_dilation.at[i] != 1;
    }
    if (!cts[0])
        return true;
    ct_array x = dilated ? spread_operand(in[1], p->base_dilation, !strcmp(p->select_prim, "ge")) : in[1];
    params_select_scatter q = {p->padding, p->select_prim, p->window_dimensions, p->window_strides};
    out[0] = op_select_and_scatter_add(cts[0], x, &q);
    if (dilated && !is_poison(out[0])) {
        int_list zeros = repeated(p->base_dilation.n, 0);
        out[0] = op_slice(out[0], ints_of(&zeros), aval_shape(&out[0]->aval), p->base_dilation);
    }
    return !is_poison(out[0]);
}

static bool vmap_gather_add(const op *o, const void *params, batch b, int nin, const ct_array *in, const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    const params_select_gather *p = params;
    int_list size = ints_insert(p->window_dimensions, 0, 1), strides = ints_insert(p->window_strides, 0, 1), base = ints_insert(p->base_dilation, 0, 1);
    int_list spread = ints_insert(p->window_dilation, 0, 1), padding = ints_insert(p->padding, 0, 0);
    padding = ints_insert(ints_of(&padding), 0, 0);
    params_select_gather q = {ints_of(&base), ints_of(&padding), p->select_prim, ints_of(&spread), ints_of(&size), ints_of(&strides)};
    ct_array tangent = batch_front(in[0], dims[0], b.size), x = batch_front(in[1], dims[1], b.size);
    out[0] = core_bind1(o, &q, 2, (ct_array[]){tangent, x});
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

/* ---- select_and_scatter_add ---- */

typedef struct plain_window { int_list ones; params_window window; } plain_window;

static void scatter_window_of(const params_select_scatter *p, plain_window *w)
{
    w->ones = repeated(p->window_dimensions.n, 1);
    w->window = (params_window){ints_of(&w->ones), p->padding, ints_of(&w->ones), p->window_dimensions, p->window_strides};
}

static bool abstract_scatter_add(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out, arena *a)
{
    (void)nin, (void)a;
    const params_select_scatter *p = params;
    plain_window w;
    window_axis axes[MAX_NDIM];
    scatter_window_of(p, &w);
    if (!check_select(o, p->select_prim, &in[1], &in[0]) || !window_axes(o, &w.window, &in[1], axes))
        return false;
    bool fits = in[0].ndim == in[1].ndim;
    for (int i = 0; i < in[1].ndim && fits; i++)
        fits = axes[i].out == in[0].shape[i];
    if (!fits) {
        base_fail(CT_TYPE_ERROR, "select_and_scatter_add: a source of shape %s does not match the windows of an operand of shape %s.", SHAPE(&in[0]), SHAPE(&in[1]));
        return false;
    }
    *nout = 1;
    out[0] = in[1];
    out[0].weak = in[0].weak && in[1].weak;
    return true;
}

static ct_status kernel_scatter_add(const op *o, const void *params, int nin, const operand *in, int nout, operand *out)
{
    (void)nin, (void)nout;
    static const int64_t steps[2] = {1, 1};
    const params_select_scatter *p = params;
    ct_dtype dtype = (ct_dtype)out->aval.dtype;
    size_t bytes, itemsize = dtype_table[dtype].itemsize;
    plain_window w;
    scatter_window_of(p, &w);
    pick_run r = {.ndim = in[1].aval.ndim, .largest = !strcmp(p->select_prim, "ge")};
    kernel_map *combine = kernel_find(dtype == CT_BOOL ? "or" : "add", dtype);
    if (!combine)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not implemented for dtype %s", o->name, dtype_table[dtype].name);
    if (!window_axes(o, &w.window, &in[1].aval, r.axes))
        return CT_TYPE_ERROR;
    double *x = comparable(&in[1], &bytes);
    if (!x)
        return CT_OUT_OF_MEMORY_ERROR;
    r.x = x;
    memset(out->data, 0, (size_t)shape_size(out->aval.ndim, out->aval.shape) * itemsize);
    int64_t n = shape_size(in[0].aval.ndim, in[0].aval.shape);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = pick(&r, i);
        char *to = (char *)out->data + (size_t)at * itemsize;
        if (at >= 0)
            combine(1, to, (const void *const[]){to, (const char *)in[0].data + (size_t)i * itemsize}, steps);
    }
    array_memory_free(x, bytes);
    return CT_OK;
}

static bool transpose_scatter_add(const op *o, const void *params, int nin, const ct_array *in, const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in_avals, (void)nout;
    const params_select_scatter *p = params;
    int_list ones = repeated(p->window_dimensions.n, 1);
    params_select_gather q = {ints_of(&ones), p->padding, p->select_prim, ints_of(&ones), p->window_dimensions, p->window_strides};
    out[1] = NULL;
    out[0] = cts[0] ? op_select_and_gather_add(cts[0], in[1], &q) : NULL;
    return !(out[0] && is_poison(out[0]));
}

static bool vmap_scatter_add(const op *o, const void *params, batch b, int nin, const ct_array *in, const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    const params_select_scatter *p = params;
    int_list size = ints_insert(p->window_dimensions, 0, 1), strides = ints_insert(p->window_strides, 0, 1), padding = ints_insert(p->padding, 0, 0);
    padding = ints_insert(ints_of(&padding), 0, 0);
    params_select_scatter q = {ints_of(&padding), p->select_prim, ints_of(&size), ints_of(&strides)};
    ct_array source = batch_front(in[0], dims[0], b.size), x = batch_front(in[1], dims[1], b.size);
    out[0] = core_bind1(o, &q, 2, (ct_array[]){source, x});
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

/* ---- the derivative of the extremes ---- */

bool jvp_window_extreme(const op *o, const void *params, int nin, const ct_array *primals, const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)nout;
    const params_window *p = params;
    out_primals[0] = core_bind1(o, p, nin, primals);
    params_select_gather q = {p->base_dilation, p->padding, o->code == OP_reduce_window_max ? "ge" : "le", p->window_dilation, p->window_dimensions, p->window_strides};
    out_tangents[0] = is_poison(out_primals[0]) ? array_poison : op_select_and_gather_add(tangents[0], primals[0], &q);
    return !is_poison(out_tangents[0]);
}

/* ---- the rows ---- */

const op op_row_select_and_gather_add = {
    .name = "select_and_gather_add", .code = OP_select_and_gather_add, .fields = fields_select_gather, .nfields = nfields_select_gather, .params_size = sizeof(params_select_gather),
    .abstract = abstract_gather_add, .kernel = kernel_gather_add, .jvp = jvp_first, .transpose = transpose_gather_add, .vmap = vmap_gather_add,
};
const op op_row_select_and_scatter_add = {
    .name = "select_and_scatter_add", .code = OP_select_and_scatter_add, .fields = fields_select_scatter, .nfields = nfields_select_scatter, .params_size = sizeof(params_select_scatter),
    .abstract = abstract_scatter_add, .kernel = kernel_scatter_add, .jvp = jvp_first, .transpose = transpose_scatter_add, .vmap = vmap_scatter_add,
};

ct_array op_select_and_gather_add(ct_array tangent, ct_array x, const params_select_gather *p) { return core_bind1(&op_row_select_and_gather_add, p, 2, (ct_array[]){tangent, x}); }
ct_array op_select_and_scatter_add(ct_array source, ct_array x, const params_select_scatter *p) { return core_bind1(&op_row_select_and_scatter_add, p, 2, (ct_array[]){source, x}); }
