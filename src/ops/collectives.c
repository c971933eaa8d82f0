/* Collectives over named axes: sums, extremes, indices and exchanges between the examples of a vmap
 * with an axis name.
 *
 * Batching does the work: the vmap that owns the name turns the collective into an operation along
 * its mapped axis. Until then a collective is an operation like any other, whose result has the
 * operand's type. */
#include <stdio.h>

#include "ops/rules.h"

/* ---- axis names: "i,j" ---- */

static bool names_contain(const char *names, const char *name)
{
    size_t n = name ? strlen(name) : 0;
    for (const char *at = names; name && at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, name, n) && (!at[n] || at[n] == ','))
            return true;
    return false;
}

/* The names without one of them; base_free it. NULL when memory is short. */
static char *names_without(const char *names, const char *name)
{
    text rest = {0};
    for (const char *at = names; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        int n = (int)strcspn(at, ",");
        if ((size_t)n != strlen(name) || strncmp(at, name, (size_t)n))
            text_add(&rest, "%s%.*s", rest.n ? "," : "", n, at);
    }
    return text_end(&rest);
}

int64_t op_axis_size(const char *axes)
{
    int64_t size = 1;
    for (const char *at = axes; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char name[128];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
        axis_frame *f = core_find_axis(name);
        size *= f ? f->size : 0;
    }
    return size;
}

/* A collective that is evaluated has met no vmap of its name: the abstract rule says so before this
 * can run. */
static ct_status no_mapped_axis(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)params, (void)nin, (void)in, (void)nout, (void)out;
    return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                     "%s of values that are the same in all examples must run inside the vmap that "
                     "names its axis.",
                     o->name);
}

/* ---- psum, pmax, pmin ---- */

static bool reduce_axes_abstract(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    (void)o, (void)nin, (void)a;
    *nout = 1;
    *out = *in;
    out->weak = false;
    return op_axis_size(((const params_reduce_axes *)params)->axes) > 0;
}

/* What the collective is along an axis that the operand has, and for an operand that is the same in
 * all examples. */
static ct_array reduce_here(const op *o, ct_array x, int dim, int64_t size)
{
    if (dim == NOT_MAPPED)
        return o->code == OP_psum
                   ? mul(x, array_scalar((ct_dtype)x->aval.dtype, x->aval.weak, (double)size))
                   : x;
    int64_t axis = dim;
    ct_ints axes = {1, &axis};
    return o->code == OP_psum   ? op_reduce_sum(x, axes)
           : o->code == OP_pmax ? op_reduce_max(x, axes)
                                : op_reduce_min(x, axes);
}

static bool reduce_axes_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                             const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_reduce_axes *p = params;
    if (!names_contain(p->axes, b.axis_name))
        return same_dim_vmap(o, params, b, nin, in, dims, nout, out, out_dims);
    char *rest = names_without(p->axes, b.axis_name);
    if (!rest)
        return false;
    ct_scope scope = ct_begin();
    out[0] = reduce_here(o, in[0], dims[0], b.size);
    if (*rest)
        out[0] = core_bind1(o, &(params_reduce_axes){.axes = rest}, 1, out);
    out_dims[0] = NOT_MAPPED;
    base_free(rest);
    return ops_keep(scope, 1, out);
}

static bool psum_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)in, (void)in_avals, (void)nout;
    out[0] = cts[0] ? core_bind1(o, params, 1, cts) : NULL;
    return ops_good(out[0]);
}

#define REDUCE_AXES(row, ...)                                                                      \
    const op op_row_##row = {.name = #row,                                                         \
                             .flags = OP_COLLECTIVE,                                               \
                             .code = OP_##row,                                                     \
                             .operands = 1,                                                        \
                             .fields = fields_reduce_axes,                                         \
                             .nfields = nfields_reduce_axes,                                       \
                             .params_size = sizeof(params_reduce_axes),                            \
                             .abstract = reduce_axes_abstract,                                     \
                             .kernel = no_mapped_axis,                                             \
                             .vmap = reduce_axes_vmap,                                             \
                             __VA_ARGS__};                                                         \
    ct_array op_##row(ct_array x, const char *axes)                                                \
    {                                                                                              \
        return core_bind1(&op_row_##row, &(params_reduce_axes){.axes = axes}, 1, &x);              \
    }
REDUCE_AXES(psum, .jvp = linear_jvp, .transpose = psum_transpose)
REDUCE_AXES(pmax, )
REDUCE_AXES(pmin, )

/* ---- axis_index ---- */

static bool axis_index_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                                aval *out, arena *a)
{
    (void)o, (void)nin, (void)in, (void)a;
    *nout = 1;
    *out = (aval){CT_INT32, false, 0, NULL};
    return op_axis_size(((const params_axis *)params)->axis_name) > 0;
}

static bool axis_index_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                            const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)dims, (void)nout;
    bool mine = names_contain(((const params_axis *)params)->axis_name, b.axis_name);
    out[0] = mine ? op_iota(CT_INT32, I(b.size), 0) : core_bind1(o, params, nin, in);
    out_dims[0] = mine ? 0 : NOT_MAPPED;
    return !is_poison(out[0]);
}

const op op_row_axis_index = {.name = "axis_index",
                              .flags = OP_COLLECTIVE,
                              .code = OP_axis_index,
                              .operands = NO_OPERANDS,
                              .fields = fields_axis,
                              .nfields = nfields_axis,
                              .params_size = sizeof(params_axis),
                              .abstract = axis_index_abstract,
                              .kernel = no_mapped_axis,
                              .jvp = zero_jvp,
                              .vmap = axis_index_vmap};

ct_array op_axis_index(const char *axis_name)
{
    return core_bind1(&op_row_axis_index, &(params_axis){.axis_name = axis_name}, 0, NULL);
}

/* ---- all_gather: every example gets all of them along a new axis, or joined along an existing one
 * (tiled) ---- */

static bool all_gather_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                                aval *out, arena *a)
{
    (void)nin;
    const params_all_gather *p = params;
    int64_t axis = p->all_gather_dimension;
    *nout = 1;
    if (axis < 0 || axis > in->ndim - p->tiled)
        return base_fail(CT_VALUE_ERROR,
                         "%s dimension %lld is out of bounds for an operand of shape %s.", o->name,
                         (long long)axis, SHAPE(in)),
               false;
    int_list shape = p->tiled ? ints_insert(aval_shape(in), -1, 0)
                              : ints_insert(aval_shape(in), axis, p->axis_size);
    if (p->tiled)
        shape.at[axis] *= p->axis_size;
    *out = (aval){in->dtype, false, (int32_t)shape.n, ints_in(a, ints_of(&shape))};
    return out->shape && op_axis_size(p->axis_name) > 0;
}

/* Merges axis and the one after it. */
static ct_array fold_axis(ct_array x, int64_t axis)
{
    if (is_poison(x))
        return x;
    int_list shape = ints_without(aval_shape(&x->aval), I(axis));
    shape.at[axis] *= x->aval.shape[axis];
    return op_reshape(x, ints_of(&shape));
}

static bool all_gather_elsewhere(const op *o, const params_all_gather *p, int nin,
                                 const ct_array *in, const int *dims, ct_array *out, int *out_dims)
{
    params_all_gather q = *p;
    out_dims[0] = dims[0];
    if (dims[0] != NOT_MAPPED) {
        bool before = dims[0] <= q.all_gather_dimension;
        q.all_gather_dimension += before;
        out_dims[0] += !before && !q.tiled;
    }
    out[0] = core_bind1(o, &q, nin, in);
    return !is_poison(out[0]);
}

static bool all_gather_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                            const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_all_gather *p = params;
    (void)nout;
    if (!names_contain(p->axis_name, b.axis_name))
        return all_gather_elsewhere(o, p, nin, in, dims, out, out_dims);
    if (strchr(p->axis_name, ','))
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "all_gather over several axis names is not supported inside vmap; gather "
                         "one axis at a time."),
               false;
    ct_scope scope = ct_begin();
    ct_array x = dims[0] == NOT_MAPPED ? batch_front(in[0], NOT_MAPPED, b.size) : in[0];
    out[0] = op_moveaxis(x, dims[0] == NOT_MAPPED ? 0 : dims[0], p->all_gather_dimension);
    if (p->tiled)
        out[0] = fold_axis(out[0], p->all_gather_dimension);
    out_dims[0] = NOT_MAPPED;
    return ops_keep(scope, 1, out);
}

/* Everybody's cotangents summed, and of those one's own part. */
static bool all_gather_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                 const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)nout;
    const params_all_gather *p = params;
    int64_t axis = p->all_gather_dimension;
    out[0] = NULL;
    if (!cts[0])
        return true;
    ct_scope scope = ct_begin();
    ct_array sum = op_psum(cts[0], p->axis_name), index = op_axis_index(p->axis_name),
             starts[MAX_NDIM];
    ct_array zero = op_number(0, index);
    int_list sizes = ints_insert(aval_shape(&cts[0]->aval), -1, 0);
    for (int d = 0; d < cts[0]->aval.ndim; d++)
        starts[d] = zero;
    starts[axis] = p->tiled ? mul(index, op_number((double)in_avals->shape[axis], index)) : index;
    sizes.at[axis] = p->tiled ? in_avals->shape[axis] : 1;
    out[0] = op_dynamic_slice(sum, sizes.n, starts, ints_of(&sizes));
    if (!p->tiled)
        out[0] = op_squeeze(out[0], I(axis));
    return ops_keep(scope, 1, out);
}

const op op_row_all_gather = {.name = "all_gather",
                              .flags = OP_COLLECTIVE,
                              .code = OP_all_gather,
                              .operands = 1,
                              .fields = fields_all_gather,
                              .nfields = nfields_all_gather,
                              .params_size = sizeof(params_all_gather),
                              .abstract = all_gather_abstract,
                              .kernel = no_mapped_axis,
                              .jvp = linear_jvp,
                              .transpose = all_gather_transpose,
                              .vmap = all_gather_vmap};

ct_array op_all_gather(ct_array x, const char *axis_name, int64_t dimension, bool tiled)
{
    int64_t size = op_axis_size(axis_name);
    params_all_gather p = {.all_gather_dimension = dimension,
                           .axis_name = axis_name,
                           .axis_size = size,
                           .tiled = tiled};
    return size ? core_bind1(&op_row_all_gather, &p, 1, &x) : array_poison;
}

/* ---- all_to_all: part j of example i becomes part i of example j ---- */

static bool all_to_all_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                                aval *out, arena *a)
{
    (void)nin;
    const params_all_to_all *p = params;
    int64_t size = op_axis_size(p->axis_name), split = p->split_axis, concat = p->concat_axis;
    *nout = 1;
    if (!size)
        return false;
    if (split < 0 || split >= in->ndim || concat < 0 || concat >= in->ndim ||
        in->shape[split] % size || (!p->tiled && in->shape[split] != size))
        return base_fail(CT_VALUE_ERROR,
                         "%s requires the size of the mapped axis axis_name to equal "
                         "x.shape[split_axis] (or to divide it, when tiled), but they are %lld "
                         "and %lld respectively.",
                         o->name, (long long)size,
                         (long long)(split >= 0 && split < in->ndim ? in->shape[split] : -1)),
               false;
    int_list shape = ints_insert(aval_shape(in), -1, 0);
    if (p->tiled) {
        shape.at[split] /= size;
        shape.at[concat] *= size;
    } else {
        shape = ints_without(aval_shape(in), I(split));
        shape = ints_insert(ints_of(&shape), concat, size);
    }
    *out = (aval){in->dtype, false, in->ndim, ints_in(a, ints_of(&shape))};
    return out->shape;
}

/* With the mapped axis in front: what is split off becomes the mapped axis, the old one goes to the
 * place of concatenation. */
static ct_array exchange(ct_array x, const params_all_to_all *p, int64_t size)
{
    if (is_poison(x))
        return x;
    int64_t split = p->split_axis + 1;
    if (p->tiled) {
        int_list shape = ints_insert(aval_shape(&x->aval), split, size);
        shape.at[split + 1] /= size;
        x = op_moveaxis(op_reshape(x, ints_of(&shape)), split, 0);
        x = op_moveaxis(x, 1, p->concat_axis + 1);
        return fold_axis(x, p->concat_axis + 1);
    }
    x = op_moveaxis(x, split, 0);
    return op_moveaxis(x, 1, p->concat_axis + 1);
}

static bool all_to_all_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                            const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_all_to_all p = *(const params_all_to_all *)params;
    if (!names_contain(p.axis_name, b.axis_name)) {
        p.split_axis += dims[0] != NOT_MAPPED && dims[0] <= p.split_axis;
        p.concat_axis += dims[0] != NOT_MAPPED && dims[0] <= p.concat_axis;
        return same_dim_vmap(o, &p, b, nin, in, dims, nout, out, out_dims);
    }
    ct_scope scope = ct_begin();
    out[0] = exchange(batch_front(in[0], dims[0], b.size), &p, b.size);
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

static bool all_to_all_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                 const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)in_avals, (void)nout;
    const params_all_to_all *p = params;
    out[0] = cts[0] ? op_all_to_all(cts[0], p->axis_name, p->concat_axis, p->split_axis, p->tiled)
                    : NULL;
    return ops_good(out[0]);
}

const op op_row_all_to_all = {.name = "all_to_all",
                              .flags = OP_COLLECTIVE,
                              .code = OP_all_to_all,
                              .operands = 1,
                              .fields = fields_all_to_all,
                              .nfields = nfields_all_to_all,
                              .params_size = sizeof(params_all_to_all),
                              .abstract = all_to_all_abstract,
                              .kernel = no_mapped_axis,
                              .jvp = linear_jvp,
                              .transpose = all_to_all_transpose,
                              .vmap = all_to_all_vmap};

ct_array op_all_to_all(ct_array x, const char *axis_name, int64_t split_axis, int64_t concat_axis,
                       bool tiled)
{
    params_all_to_all p = {.axis_name = axis_name,
                           .concat_axis = concat_axis,
                           .split_axis = split_axis,
                           .tiled = tiled};
    return core_bind1(&op_row_all_to_all, &p, 1, &x);
}

/* ---- ppermute: example `destination` gets the value of example `source`; others get zeros ---- */

static bool check_perm(ct_ints perm, int64_t size)
{
    for (int64_t i = 0; i < perm.n; i++) {
        bool again = false;
        for (int64_t j = i % 2; j < i; j += 2)
            again |= perm.at[j] == perm.at[i];
        if (again || perm.at[i] < 0 || perm.at[i] >= size)
            return base_fail(CT_VALUE_ERROR,
                             "ppermute: sources and destinations must be unique indices below the "
                             "axis size %lld, got perm=%s",
                             (long long)size, INTS(perm)),
                   false;
    }
    return true;
}

static bool ppermute_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                              aval *out, arena *a)
{
    (void)o, (void)nin, (void)a;
    const params_ppermute *p = params;
    int64_t size = op_axis_size(p->axis_name);
    *nout = 1;
    *out = *in;
    return size > 0 && check_perm(p->perm, size);
}

static ct_array part_at(ct_array x, int64_t dim, int64_t index)
{
    int_list low = ints_range(0, x->aval.ndim), high = ints_insert(aval_shape(&x->aval), -1, 0);
    for (int64_t d = 0; d < low.n; d++)
        low.at[d] = d == dim ? index : 0;
    high.at[dim] = index + 1;
    return op_slice(x, ints_of(&low), ints_of(&high), (ct_ints){0});
}

static ct_array permuted(ct_array x, int64_t dim, ct_ints perm)
{
    int64_t size = x->aval.shape[dim];
    ct_array *parts = base_alloc((size_t)size * sizeof *parts), zero = NULL;
    for (int64_t i = 0; parts && i < size; i++) {
        parts[i] = NULL;
        for (int64_t j = 0; j + 1 < perm.n; j += 2)
            if (perm.at[j + 1] == i)
                parts[i] = part_at(x, dim, perm.at[j]);
        if (!parts[i])
            parts[i] = zero ? zero : (zero = op_full_like(part_at(x, dim, 0), 0));
    }
    ct_array joined = parts ? op_concatenate(size, parts, dim) : array_poison;
    base_free(parts);
    return joined;
}

static bool ppermute_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                          const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_ppermute *p = params;
    if (!names_contain(p->axis_name, b.axis_name))
        return same_dim_vmap(o, params, b, nin, in, dims, nout, out, out_dims);
    if (!check_perm(p->perm, b.size))
        return false;
    ct_scope scope = ct_begin();
    ct_array x = dims[0] == NOT_MAPPED ? batch_front(in[0], NOT_MAPPED, b.size) : in[0];
    out_dims[0] = dims[0] == NOT_MAPPED ? 0 : dims[0];
    out[0] = is_poison(x) ? x : permuted(x, out_dims[0], p->perm);
    return ops_keep(scope, 1, out);
}

static bool ppermute_transpose(const op *o, const void *params, int nin, const ct_array *in,
                               const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)in_avals, (void)nout;
    const params_ppermute *p = params;
    int64_t *inverse = base_alloc((size_t)(p->perm.n + 1) * sizeof *inverse);
    for (int64_t i = 0; inverse && i < p->perm.n; i++)
        inverse[i] = p->perm.at[i ^ 1];
    out[0] = !cts[0]   ? NULL
             : inverse ? op_ppermute(cts[0], p->axis_name, (ct_ints){p->perm.n, inverse})
                       : array_poison;
    base_free(inverse);
    return ops_good(out[0]);
}

const op op_row_ppermute = {.name = "ppermute",
                            .flags = OP_COLLECTIVE,
                            .code = OP_ppermute,
                            .operands = 1,
                            .fields = fields_ppermute,
                            .nfields = nfields_ppermute,
                            .params_size = sizeof(params_ppermute),
                            .abstract = ppermute_abstract,
                            .kernel = no_mapped_axis,
                            .jvp = linear_jvp,
                            .transpose = ppermute_transpose,
                            .vmap = ppermute_vmap};

ct_array op_ppermute(ct_array x, const char *axis_name, ct_ints pairs)
{
    return core_bind1(&op_row_ppermute, &(params_ppermute){.axis_name = axis_name, .perm = pairs},
                      1, &x);
}
