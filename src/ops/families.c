/* The rules that elementwise operations share: types, evaluation, batching, forward and reverse
 * derivatives.
 *
 * A row of ops.def gives the accepted dtypes and one derivative expression an operand; everything
 * else about an elementwise operation is here. Operands have one shape, except that scalars and
 * axes of size one broadcast. Next: table.c, which expands the rows. */
#include <stdio.h>

#include "ops/rules.h"

/* ---- types ---- */

static const char *accepted_names(int dtypes, char *out, size_t size)
{
    static const struct {
        int family;
        const char *name;
    } names[] = {{INTEGER, "integer"},
                 {FAMILY_INT, "signedinteger"},
                 {FAMILY_FLOAT, "floating"},
                 {FAMILY_COMPLEX, "complexfloating"},
                 {FAMILY_BOOL, "bool"}};
    size_t used = 0;
    out[0] = 0;
    for (size_t i = 0; i < countof(names); i++)
        if ((dtypes & names[i].family) == names[i].family &&
            !(i == 1 && (dtypes & INTEGER) == INTEGER) && used < size)
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[i].name);
    return out;
}

static bool reject_dtype(const op *o, int dtypes, int nin, int position, const aval *a)
{
    char names[128];
    if (a->dtype == CT_FLOAT0)
        base_fail(CT_TYPE_ERROR,
                  "Called %s with a float0 at position %d. float0 marks the tangent of an integer "
                  "or boolean value and supports no arithmetic; "
                  "a gradient may have been taken with respect to an integer argument.",
                  o->name, position);
    else if (nin == 1)
        base_fail(CT_TYPE_ERROR, "%s does not accept dtype %s. Accepted dtypes are subtypes of %s.",
                  o->name, DTYPE(a), accepted_names(dtypes, names, sizeof names));
    else
        base_fail(CT_TYPE_ERROR,
                  "%s does not accept dtype %s at position %d. Accepted dtypes at position %d are "
                  "subtypes of %s.",
                  o->name, DTYPE(a), position, position,
                  accepted_names(dtypes, names, sizeof names));
    return false;
}

static bool dtypes_differ(const op *o, int nin, const aval *in)
{
    static const char *const numpy_names[][2] = {{"add", "add"},
                                                 {"sub", "subtract"},
                                                 {"mul", "multiply"},
                                                 {"div", "divide"},
                                                 {"rem", "remainder"},
                                                 {"max", "maximum"},
                                                 {"min", "minimum"},
                                                 {"eq", "equal"},
                                                 {"ne", "not_equal"},
                                                 {"lt", "less"},
                                                 {"le", "less_equal"},
                                                 {"gt", "greater"},
                                                 {"ge", "greater_equal"},
                                                 {"and", "bitwise_and"},
                                                 {"or", "bitwise_or"},
                                                 {"xor", "bitwise_xor"},
                                                 {"atan2", "arctan2"},
                                                 {"nextafter", "nextafter"},
                                                 {"pow", "power"},
                                                 {"shift_left", "left_shift"},
                                                 {"concatenate", "concatenate"},
                                                 {"select", "where"}};
    text list = {0};
    for (int i = 0; i < nin; i++)
        text_add(&list, "%s%s", i ? ", " : "", DTYPE(&in[i]));
    char *dtypes = text_end(&list);
    const char *tip = NULL;
    for (size_t i = 0; i < countof(numpy_names); i++)
        if (!strcmp(numpy_names[i][0], o->name))
            tip = numpy_names[i][1];
    base_fail(CT_TYPE_ERROR, "lax.%s requires arguments to have the same dtypes, got %s.%s%s%s",
              o->name, dtypes ? dtypes : "different ones", tip ? " (Tip: jnp." : "", tip ? tip : "",
              tip ? " is a similar function that does automatic type promotion on inputs)." : "");
    base_free(dtypes);
    return false;
}

bool families_check_dtypes(const op *o, int dtypes, int nin, const aval *in, bool same)
{
    for (int i = 0; i < nin; i++)
        if (unlikely(!dtype_is((ct_dtype)in[i].dtype, dtypes)))
            return reject_dtype(o, dtypes, nin, i, &in[i]);
    for (int i = 1; same && i < nin; i++)
        if (unlikely(in[i].dtype != in[0].dtype))
            return dtypes_differ(o, nin, in);
    return true;
}

static bool shapes_differ(const op *o, int nin, const aval *in)
{
    text list = {0};
    for (int i = 0; i < nin; i++)
        if (in[i].ndim)
            text_add(&list, "%s%s", list.n ? ", " : "", SHAPE(&in[i]));
    char *shapes = text_end(&list);
    base_fail(CT_TYPE_ERROR, "%s got incompatible shapes for broadcasting: %s.", o->name,
              shapes ? shapes : "");
    base_free(shapes);
    return false;
}

static bool ndims_differ(const op *o, int a, int b)
{
    base_fail(CT_TYPE_ERROR, "%s: arrays must have the same number of dimensions, got {%d, %d}",
              o->name, a < b ? a : b, a < b ? b : a);
    return false;
}

/* Merges one more operand's shape into out; *owned tells whether out's shape may be written. */
static bool broadcast_one(const op *o, int nin, const aval *in, const aval *a, aval *out,
                          int64_t **owned, arena *room)
{
    if (out->ndim != a->ndim)
        return ndims_differ(o, out->ndim, a->ndim);
    for (int d = 0; d < a->ndim; d++) {
        if (out->shape[d] == a->shape[d] || a->shape[d] == 1)
            continue;
        if (out->shape[d] != 1)
            return shapes_differ(o, nin, in);
        if (!*owned && !(*owned = ints_in(room, aval_shape(out))))
            return false;
        out->shape = *owned;
        (*owned)[d] = a->shape[d];
    }
    return true;
}

bool families_broadcast(const op *o, int nin, const aval *in, aval *out, arena *a)
{
    int64_t *owned = NULL;
    int first = 0;
    while (first < nin - 1 && !in[first].ndim)
        first++;
    *out = in[first];
    out->weak = true;
    for (int i = 0; i < nin; i++) {
        out->weak &= in[i].weak;
        if (i > first && in[i].ndim && !broadcast_one(o, nin, in, &in[i], out, &owned, a))
            return false;
    }
    return true;
}

bool families_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                       aval *out, arena *a)
{
    (void)params;
    *nout = 1;
    if (!families_check_dtypes(o, elementwise_rows[o->code].dtypes, nin, in, true) ||
        !families_broadcast(o, nin, in, out, a))
        return false;
    out->dtype = o->flags & TO_BOOL   ? CT_BOOL
                 : o->flags & TO_REAL ? (uint8_t)dtype_real_part((ct_dtype)in[0].dtype)
                                      : in[0].dtype;
    return true;
}

/* ---- evaluation ---- */

/* A map over a box whose axes are merged as far as all operands agree; the last axis runs inside
 * the kernel. */
typedef struct map_run {
    kernel_map *f;
    int nin, ndim; /* ndim counts the outer axes only */
    int64_t inner;
    int64_t size[MAX_NDIM];                  /* of the outer axes, outermost first */
    int64_t stride[MOST_OPERANDS][MAX_NDIM]; /* bytes, per operand */
    int64_t step[MOST_OPERANDS];             /* elements along the inner axis: 0 or 1 */
    size_t itemsize[MOST_OPERANDS], out_itemsize;
    const char *in[MOST_OPERANDS];
    char *out;
} map_run;

static void run_flat(void *context, int64_t begin, int64_t end)
{
    const map_run *r = context;
    const void *in[MOST_OPERANDS];
    for (int i = 0; i < r->nin; i++)
        in[i] = r->in[i] + (size_t)(begin * r->step[i]) * r->itemsize[i];
    r->f(end - begin, r->out + (size_t)begin * r->out_itemsize, in, r->step);
}

/* One more outer row: advances the coordinates, and the operands' addresses with them. */
static void next_row(const map_run *r, int64_t *at, const char **in)
{
    for (int d = r->ndim - 1; d >= 0; d--) {
        bool wrap = ++at[d] == r->size[d];
        for (int i = 0; i < r->nin; i++)
            in[i] += wrap ? -(r->size[d] - 1) * r->stride[i][d] : r->stride[i][d];
        if (!wrap)
            return;
        at[d] = 0;
    }
}

static void run_rows(void *context, int64_t begin, int64_t end)
{
    const map_run *r = context;
    int64_t at[MAX_NDIM], rest = begin;
    const char *in[MOST_OPERANDS];
    memcpy(in, r->in, sizeof in);
    for (int d = r->ndim - 1; d >= 0; d--) {
        at[d] = rest % r->size[d];
        rest /= r->size[d];
        for (int i = 0; i < r->nin; i++)
            in[i] += at[d] * r->stride[i][d];
    }
    char *out = r->out + (size_t)(begin * r->inner) * r->out_itemsize;
    for (int64_t row = begin; row < end; row++) {
        r->f(r->inner, out, (const void *const *)in, r->step);
        out += (size_t)r->inner * r->out_itemsize;
        next_row(r, at, in);
    }
}

/* Which operands broadcast along axis d of out, as bits. */
static int broadcast_bits(int nin, const operand *in, const aval *out, int d)
{
    int bits = 0;
    for (int i = 0; i < nin; i++)
        bits |= (!in[i].aval.ndim || in[i].aval.shape[d] != out->shape[d]) << i;
    return bits;
}

/* Merged axes from the innermost outwards: axis k has size sizes[k], and bits[k] says who
 * broadcasts along it. */
static int merge_axes(int nin, const operand *in, const aval *out, int64_t *sizes, int *bits)
{
    int n = 0;
    for (int d = out->ndim - 1; d >= 0; d--) {
        if (out->shape[d] == 1)
            continue;
        int b = broadcast_bits(nin, in, out, d);
        if (n && bits[n - 1] == b)
            sizes[n - 1] *= out->shape[d];
        else
            sizes[n] = out->shape[d], bits[n++] = b;
    }
    if (!n)
        sizes[0] = 1, bits[0] = 0, n = 1;
    return n;
}

enum { GRAIN = 32768 };

ct_status families_run_map(kernel_map *f, int nin, const operand *in, const operand *out)
{
    map_run r = {.f = f,
                 .nin = nin,
                 .out = out->data,
                 .out_itemsize = dtype_table[out->aval.dtype].itemsize};
    int64_t sizes[MAX_NDIM], total = shape_size(out->aval.ndim, out->aval.shape);
    int bits[MAX_NDIM];
    if (!total)
        return CT_OK;
    int n = merge_axes(nin, in, &out->aval, sizes, bits);
    r.inner = sizes[0];
    r.ndim = n - 1;
    for (int i = 0; i < nin; i++) {
        r.in[i] = in[i].data;
        r.itemsize[i] = dtype_table[in[i].aval.dtype].itemsize;
        r.step[i] = !(bits[0] >> i & 1);
        int64_t stride = r.step[i] ? sizes[0] * (int64_t)r.itemsize[i] : (int64_t)r.itemsize[i];
        for (int k = 1; k < n; k++) {
            bool shared = bits[k] >> i & 1;
            r.size[n - 1 - k] = sizes[k];
            r.stride[i][n - 1 - k] = shared ? 0 : stride;
            stride *= shared ? 1 : sizes[k];
        }
    }
    if (n == 1)
        base_parallel(total, GRAIN, run_flat, &r);
    else
        base_parallel(total / r.inner, r.inner < GRAIN ? GRAIN / r.inner : 1, run_rows, &r);
    return CT_OK;
}

static kernel_map *find_kernel(const op *o, ct_dtype dtype)
{
    static _Atomic(kernel_map *) cache[OP_COUNT][CT_DTYPE_COUNT];
    kernel_map *f = atomic_load_explicit(&cache[o->code][dtype], memory_order_relaxed);
    if (unlikely(!f)) {
        f = kernel_find(o->code == OP_add_any ? "add" : o->name, dtype);
        if (!f)
            base_fail(
                CT_NOT_IMPLEMENTED_ERROR,
                "%s has no kernel for operands of dtype %s; convert them to another dtype first.",
                o->name, dtype_table[dtype].name);
        atomic_store_explicit(&cache[o->code][dtype], f, memory_order_relaxed);
    }
    return f;
}

ct_status families_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                          operand *out)
{
    ct_dtype dtype = (ct_dtype)in[0].aval.dtype;
    if (unlikely(ops_narrow(dtype)) && o->code != OP_nextafter)
        return ops_widened(o, params, nin, in, nout, out);
    kernel_map *f = find_kernel(o, dtype);
    return f ? families_run_map(f, nin, in, &out[0]) : ct_error_code();
}

/* ---- derivatives ---- */

ct_array ops_sum(int n, const ct_array *terms)
{
    ct_array sum = NULL;
    for (int i = 0; i < n; i++)
        if (terms[i])
            sum = sum ? op_add_any(sum, terms[i]) : terms[i];
    return sum;
}

static ct_array tangent_of(const op *o, int nin, const ct_array *primals, const ct_array *tangents,
                           ct_array result)
{
    ct_array terms[MOST_OPERANDS] = {NULL};
    for (int i = 0; i < nin; i++) {
        derivative *by = elementwise_rows[o->code].by[i];
        if (tangents[i] && by)
            terms[i] = by(tangents[i], result, primals[0], nin > 1 ? primals[1] : NULL,
                          nin > 2 ? primals[2] : NULL, nin > 3 ? primals[3] : NULL);
        if (terms[i])
            terms[i] = ops_broadcast_to(terms[i], aval_shape(&result->aval));
    }
    return ops_sum(nin, terms);
}

static bool all_given(int n, const ct_array *values)
{
    for (int i = 0; i < n; i++)
        if (!values[i])
            return false;
    return true;
}

bool families_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                  const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array values[2] = {core_bind1(o, params, nin, primals), NULL};
    if (is_poison(values[0]))
        values[1] = NULL;
    else if (o->flags & LINEAR && all_given(nin, tangents))
        values[1] = core_bind1(o, params, nin, tangents);
    else
        values[1] = tangent_of(o, nin, primals, tangents, values[0]);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

static bool not_linear(const op *o)
{
    base_fail(CT_NOT_IMPLEMENTED_ERROR,
              "%s is not linear in the operands it is transposed with respect to; reverse-mode "
              "derivatives are only "
              "defined for functions that forward mode made linear.",
              o->name);
    return false;
}

bool families_transpose(const op *o, const void *params, int nin, const ct_array *in,
                        const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)params, (void)nout;
    int unknown = 0;
    for (int i = 0; i < nin; i++)
        unknown += !in[i];
    for (int i = 0; i < nin; i++) {
        out[i] = NULL;
        if (in[i] || !cts[0])
            continue;
        bool linear = o->flags & LINEAR ||
                      (unknown == 1 && (o->flags & BILINEAR || (o->flags & LINEAR_X && i == 0)));
        if (!linear)
            return not_linear(o);
        ct_scope scope = ct_begin();
        out[i] = elementwise_rows[o->code].by[i](cts[0], NULL, in[0], nin > 1 ? in[1] : NULL, NULL,
                                                 NULL);
        out[i] = ops_unbroadcast(out[i], &in_avals[i]);
        if (!ops_keep(scope, 1, &out[i]))
            return false;
    }
    return true;
}

/* ---- batching ---- */

/* All mapped operands agree in shape and mapped axis, and the others are scalars: nothing moves. */
static bool aligned(int nin, const ct_array *in, const int *dims, int first)
{
    for (int i = 0; i < nin; i++)
        if (in[i]->aval.ndim &&
            (dims[i] != dims[first] ||
             !ints_equal(aval_shape(&in[i]->aval), aval_shape(&in[first]->aval))))
            return false;
    return true;
}

/* The mapped axis (or one of size 1) in front, then trailing axes of size 1 up to ndim, so that the
 * operation's own broadcasting does the rest. */
static ct_array to_front(ct_array x, int dim, int ndim)
{
    if (!x->aval.ndim)
        return x;
    x = batch_front(x, dim, 1);
    if (dim == NOT_MAPPED || x->aval.ndim == ndim)
        return x;
    int_list axes = ints_range(x->aval.ndim, ndim - x->aval.ndim);
    return op_expand_dims(x, ints_of(&axes));
}

bool families_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                   const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)nout;
    int first = 0, ndim = 0;
    while (first < nin - 1 && dims[first] == NOT_MAPPED)
        first++;
    out_dims[0] = dims[first];
    if (aligned(nin, in, dims, first)) {
        out[0] = core_bind1(o, params, nin, in);
        return !is_poison(out[0]);
    }
    ct_scope scope = ct_begin();
    ct_array moved[MOST_OPERANDS];
    for (int i = 0; i < nin; i++) {
        int n = in[i]->aval.ndim ? in[i]->aval.ndim + (dims[i] == NOT_MAPPED) : 0;
        ndim = n > ndim ? n : ndim;
    }
    for (int i = 0; i < nin; i++)
        moved[i] = to_front(in[i], dims[i], ndim);
    out[0] = core_bind1(o, params, nin, moved);
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}
