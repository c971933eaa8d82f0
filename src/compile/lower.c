/* From a group of nodes to a kernel of the loop language: loads with strides, bodies, reductions,
 * stores; then dimensions are merged where memory allows, and a reduction that is too large for one
 * unit becomes two kernels. Next: loops.c, llvm/kernel.c. */
#include "compile/lower.h"
#include "ops/ops.h"

/* ---- pieces ---- */
int32_t lower_node(lowering *l, loop_node n)
{
    bool pure = n.kind != LOOP_LOAD && n.kind != LOOP_STORE;
    for (int64_t i = l->nodes.n; pure && i-- > 0 && i > l->nodes.n - 48;) {
        const loop_node *k = &l->nodes.at[i];
        if (k->kind == n.kind && k->dtype == n.dtype && k->nin == n.nin && k->number == n.number &&
            k->second == n.second && k->bits == n.bits && !memcmp(k->in, n.in, sizeof n.in))
            return (int32_t)i;
    }
    if (l->nodes.n >= LOOP_NODES)
        base_fail(CT_RUNTIME_ERROR, "compile: a kernel grew beyond %d values", LOOP_NODES),
            l->ok = false;
    else if (!vec_push(&l->nodes, n))
        l->ok = false;
    return (int32_t)l->nodes.n - 1;
}

int32_t lower_body(lowering *l, int body, int dtype, int nin, const int32_t *in)
{
    loop_node n = {.kind = LOOP_BODY, .dtype = (uint8_t)dtype, .nin = (uint8_t)nin, .number = body};
    if (body < 0)
        base_fail(CT_RUNTIME_ERROR, "compile: a primitive without a body was fused"), l->ok = false;
    if (!l->ok)
        return 0;
    memcpy(n.in, in, (size_t)nin * sizeof *in);
    return lower_node(l, n);
}

int32_t lower_convert(lowering *l, int32_t x, int to)
{
    int from = l->ok ? l->nodes.at[x].dtype : to;
    if (from == to)
        return x;
    int direct = body_find_convert(from, to);
    if (direct >= 0)
        return lower_body(l, direct, to, 1, &x);
    x = lower_convert(l, x, compute_dtype(from));
    if (l->ok && l->nodes.at[x].dtype == compute_dtype(to) && compute_dtype(to) == to)
        return x;
    if (l->ok && l->nodes.at[x].dtype != compute_dtype(to)) {
        int middle = body_find_convert(l->nodes.at[x].dtype, compute_dtype(to));
        x = lower_body(l, middle, compute_dtype(to), 1, &x);
    }
    return to == compute_dtype(to)
               ? x
               : lower_body(l, body_find_convert(compute_dtype(to), to), to, 1, &x);
}

int32_t lower_constant(lowering *l, int dtype, uint64_t bits)
{
    return lower_node(l, (loop_node){.kind = LOOP_CONST, .dtype = (uint8_t)dtype, .bits = bits});
}

static int32_t buffer_of(lowering *l, int32_t v)
{
    int32_t root = l->g->values.at[v].alias;
    for (int64_t i = 0; i < l->buffers.n; i++)
        if (l->buffers.at[i] == root)
            return (int32_t)i;
    if (!vec_push(&l->buffers, root))
        l->ok = false;
    return (int32_t)l->buffers.n - 1;
}

/* ---- operands ---- */
int lower_dim(const lowering *l, const int8_t *dims, int d)
{
    return d < 0 || dims[d] < 0 ? -1 : l->dim_of[dims[d]];
}

loop_access lower_access(lowering *l, const view *v, const int8_t *dims)
{
    const value *x = &l->g->values.at[v->source];
    loop_access a = {.buffer = buffer_of(l, v->source), .offset = x->part_offset};
    const aval *memory = x->part_of < 0 ? &x->aval : &l->g->values.at[x->part_of].aval;
    int64_t stride = dtype_is((ct_dtype)memory->dtype, FAMILY_COMPLEX) ? 2 : 1;
    a.offset += v->part == 2;
    for (int d = x->aval.ndim; d-- > 0;) {
        a.offset += v->offset[d] * stride;
        int k = lower_dim(l, dims, v->dim[d]);
        if (k >= 0)
            a.stride[k] += v->scale[d] * stride;
        stride *= memory->shape[d];
    }
    return a;
}

static int32_t access_number(lowering *l, const loop_access *a)
{
    for (int64_t i = 0; i < l->accesses.n; i++) {
        const loop_access *b = &l->accesses.at[i];
        if (a->buffer == b->buffer && a->offset == b->offset &&
            !memcmp(a->stride, b->stride, sizeof a->stride))
            return (int32_t)i;
    }
    if (!vec_push(&l->accesses, *a))
        l->ok = false;
    return (int32_t)l->accesses.n - 1;
}

/* What was loaded before a store to the buffer is not what is there now. */
static bool stores_to(const lowering *l, const loop_node *n, int32_t memory)
{
    return n->kind == LOOP_STORE && l->accesses.at[n->number].buffer == memory;
}

int32_t lower_load(lowering *l, loop_access a, int dtype, int32_t at)
{
    int32_t number = access_number(l, &a);
    loop_node load = {.kind = LOOP_LOAD, .dtype = (uint8_t)dtype, .number = number};
    if (at >= 0)
        load.nin = 1, load.in[0] = at;
    for (int64_t i = l->nodes.n; i-- > 0 && !stores_to(l, &l->nodes.at[i], a.buffer);) {
        const loop_node *k = &l->nodes.at[i];
        if (k->kind == LOOP_LOAD && k->number == number && k->dtype == dtype &&
            k->nin == load.nin && k->in[0] == load.in[0])
            return (int32_t)i;
    }
    return lower_node(l, load);
}

void lower_store(lowering *l, loop_access a, int32_t x, lower_place at)
{
    if (!l->ok)
        return;
    loop_node store = {.kind = LOOP_STORE,
                       .dtype = l->nodes.at[x].dtype,
                       .nin = at.inside < 0 ? 2 : 3,
                       .number = access_number(l, &a),
                       .in = {x, at.at < 0 ? lower_constant(l, CT_INT32, 0) : at.at}};
    if (at.inside >= 0)
        store.in[2] = at.inside;
    lower_node(l, store);
}

/* part: of a complex one, as in a view. */
static int32_t literal(lowering *l, const value *x, int part)
{
    uint64_t bits = 0;
    int dtype = dtype_real_part((ct_dtype)x->aval.dtype);
    size_t size = dtype_table[dtype].itemsize;
    memcpy(&bits, (const char *)x->array->data + (part == 2 ? size : 0), size);
    return lower_constant(l, dtype, bits);
}

int32_t lower_index(lowering *l, int k, int64_t scale, int64_t offset, int dtype)
{
    uint64_t mask = dtype == CT_INT32 ? 0xffffffffu : ~(uint64_t)0;
    if (k < 0)
        return lower_constant(l, dtype, (uint64_t)offset & mask);
    int32_t n =
        lower_node(l, (loop_node){.kind = LOOP_INDEX, .dtype = (uint8_t)dtype, .number = k});
    if (scale != 1)
        n = lower_body(l, body_find("mul", dtype), dtype, 2,
                       (int32_t[]){n, lower_constant(l, dtype, (uint64_t)scale & mask)});
    if (offset)
        n = lower_body(l, body_find("add", dtype), dtype, 2,
                       (int32_t[]){n, lower_constant(l, dtype, (uint64_t)offset & mask)});
    return n;
}

/* An index as a value: where an iota is seen through v. */
static int32_t index_value(lowering *l, const view *v, const int8_t *dims)
{
    const node *iota = &l->g->nodes.at[l->g->values.at[v->source].index];
    int d = (int)((const params_iota *)iota->params)->dimension,
        to = l->g->values.at[v->source].aval.dtype, dtype = to == CT_INT64 ? CT_INT64 : CT_INT32;
    int32_t n = lower_index(l, lower_dim(l, dims, v->dim[d]), v->scale[d], v->offset[d], dtype);
    return lower_convert(l, n, to);
}

static bool made_here(const lowering *l, int32_t v)
{
    const value *x = &l->g->values.at[v];
    return x->alias == v && x->origin == FROM_NODE && x->group == l->at && !x->outside;
}

static int32_t seen(lowering *l, const view *v, const int8_t *dims)
{
    const value *x = &l->g->values.at[v->source];
    if (made_here(l, v->source) && l->node_of[v->source] >= 0)
        return l->node_of[v->source];
    int dtype = dtype_real_part((ct_dtype)x->aval.dtype);
    if (x->origin == FROM_CONST && !x->aval.ndim && loop_dtype(dtype))
        return literal(l, x, v->part);
    if (x->origin == FROM_NODE && l->g->nodes.at[x->index].role == ROLE_VIEW &&
        !l->g->nodes.at[x->index].nin)
        return index_value(l, v, dims);
    return lower_load(l, lower_access(l, v, dims), dtype, -1);
}

/* ---- nodes ---- */
static int32_t power(lowering *l, int32_t x, int64_t y, int dtype)
{
    int mul = body_find("mul", dtype);
    int32_t square = x, result = -1;
    for (uint64_t p = (uint64_t)(y < 0 ? -y : y); p;) {
        if (p & 1)
            result =
                result < 0 ? square : lower_body(l, mul, dtype, 2, (int32_t[]){result, square});
        if (p >>= 1)
            square = lower_body(l, mul, dtype, 2, (int32_t[]){square, square});
    }
    if (y > 0)
        return result;
    int32_t one = lower_convert(l, lower_constant(l, CT_FLOAT32, 0x3f800000), dtype);
    return lower_body(l, body_find("div", dtype), dtype, 2, (int32_t[]){one, result});
}

int32_t lower_map(lowering *l, const node *n, const int32_t *in)
{
    int to = graph_out(l->g, n, 0)->aval.dtype, dtype = body_dtype(l->g, n);
    if (n->part) {
        loop_node body = {.kind = LOOP_BODY,
                          .dtype = (uint8_t)to,
                          .nin = (uint8_t)n->nin,
                          .second = n->part == 2,
                          .number = body_find(n->op->name, dtype)};
        memcpy(body.in, in, (size_t)n->nin * sizeof *in);
        return lower_node(l, body);
    }
    int32_t args[LOOP_INPUTS] = {0, 0, 0, 0};
    if (n->op->code == OP_convert_element_type)
        return lower_convert(l, in[0], to);
    if (n->op->code == OP_bitcast_convert_type)
        return lower_node(
            l, (loop_node){.kind = LOOP_BITS, .dtype = (uint8_t)to, .nin = 1, .in = {in[0]}});
    if (n->op->code == OP_select_n)
        return lower_node(l, (loop_node){.kind = LOOP_SELECT,
                                         .dtype = (uint8_t)to,
                                         .nin = 3,
                                         .in = {in[0], in[1], in[2]}});
    for (int i = 0; i < n->nin; i++)
        args[i] = lower_convert(
            l, in[i],
            n->op->code == OP_pow ? dtype : compute_dtype(graph_in(l->g, n, i)->aval.dtype));
    if (n->op->code == OP_integer_pow)
        return lower_convert(
            l, power(l, args[0], ((const params_integer_pow *)n->params)->y, dtype), to);
    const char *name = n->op->name;
    if (n->op->code == OP_round)
        name = ((const params_round *)n->params)->rounding_method == 1 ? "round_to_even" : "round";
    if (n->op->code == OP_add_any)
        name = "add";
    return lower_convert(l, lower_body(l, body_find(name, dtype), compute_dtype(to), n->nin, args),
                         to);
}

uint64_t lower_identity(int reduction, int dtype)
{
    int size = loop_itemsize(dtype);
    bool is_signed = dtype_is((ct_dtype)dtype, FAMILY_INT),
         is_float = dtype_is((ct_dtype)dtype, FAMILY_FLOAT);
    uint64_t ones = dtype == CT_BOOL ? 1
                    : size == 8      ? ~(uint64_t)0
                                     : ((uint64_t)1 << 8 * size) - 1,
             sign = (ones >> 1) + 1;
    switch (reduction) {
    case OP_reduce_prod:
        return !is_float ? 1 : dtype == CT_FLOAT64 ? 0x3ff0000000000000u : 0x3f800000u;
    case OP_reduce_max:
        return is_float    ? (dtype == CT_FLOAT64 ? 0xfff0000000000000u : 0xff800000u)
               : is_signed ? sign
                           : 0;
    case OP_reduce_min:
        return is_float    ? (dtype == CT_FLOAT64 ? 0x7ff0000000000000u : 0x7f800000u)
               : is_signed ? ones >> 1
                           : ones;
    case OP_reduce_and:
        return ones;
    }
    return 0;
}

static int32_t reduce_node(lowering *l, const node *n, int32_t x)
{
    int to = graph_out(l->g, n, 0)->aval.dtype, dtype = compute_dtype(to);
    x = lower_convert(l, x, dtype);
    if (l->out->k.reduced) {
        loop_node r = {.kind = LOOP_REDUCE,
                       .dtype = (uint8_t)dtype,
                       .nin = 1,
                       .in = {x},
                       .number = body_find(body_combining(n->op->code), dtype)};
        r.bits = lower_identity(n->op->code, dtype);
        x = lower_node(l, r);
    }
    /* Partial results keep the wider type; the second kernel rounds. */
    return l->gr->split ? x : lower_convert(l, x, to);
}

/* Where the dimensions of what a member runs over lie in the space. */
static void member_dims(const lowering *l, const node *n, int8_t dims[LOOP_DIMS])
{
    if (n->role == ROLE_REDUCE) {
        for (int d = 0; d < l->gr->ndim; d++)
            dims[d] = (int8_t)d;
        return;
    }
    memcpy(dims, graph_out(l->g, n, 0)->dims, LOOP_DIMS);
}

static void lower_member(lowering *l, int32_t index)
{
    const node *n = &l->g->nodes.at[index];
    int8_t dims[LOOP_DIMS];
    int32_t in[LOOP_INPUTS] = {0, 0, 0, 0}, made = -1;
    member_dims(l, n, dims);
    for (int i = n->role == ROLE_LOOKUP; i < operand_count(l->g, n); i++) {
        view v;
        view_operand(l->g, n, i, &v);
        in[i] = seen(l, &v, dims);
        if (!l->ok)
            return;
    }
    if (n->role == ROLE_LOOKUP)
        made = lower_lookup(l, n, in + 1, dims);
    else if (n->role == ROLE_MAP)
        made = lower_map(l, n, in);
    else if (n->role == ROLE_REDUCE)
        made = reduce_node(l, n, in[0]);
    else if (n->nin)
        made = in[0];
    else {
        view v;
        view_identity(l->g, n->out[0], &v);
        made = index_value(l, &v, dims);
    }
    l->node_of[n->out[0]] = made;
}

static void store_members(lowering *l)
{
    enum { STREAM_FROM = 16 << 20 };
    for (int64_t m = 0; m < l->gr->members.n && l->ok; m++) {
        int32_t v = l->g->nodes.at[l->gr->members.at[m]].out[0];
        const value *x = &l->g->values.at[v];
        if (!x->stored || x->outside)
            continue;
        view own;
        view_identity(l->g, v, &own);
        loop_store s = {.node = l->node_of[v],
                        .stream = x->bytes >= STREAM_FROM,
                        .access = lower_access(l, &own, x->dims)};
        if (!vec_push(&l->stores, s))
            l->ok = false;
    }
}

/* ---- dimensions ---- */
static bool merges(const loop_access *a, int d, int64_t extent)
{
    return a->stride[d] == a->stride[d + 1] * extent;
}

static bool can_merge(const lowering *l, int d)
{
    const kernel_ir *k = &l->out->k;
    if ((k->reduced >> d & 1) != (k->reduced >> (d + 1) & 1))
        return false;
    for (int64_t i = 0; i < l->nodes.n; i++)
        if (l->nodes.at[i].kind == LOOP_INDEX &&
            (l->nodes.at[i].number == d || l->nodes.at[i].number == d + 1))
            return false;
    for (int64_t i = 0; i < l->accesses.n; i++)
        if (!merges(&l->accesses.at[i], d, k->extent[d + 1]))
            return false;
    for (int64_t i = 0; i < l->stores.n; i++)
        if (!merges(&l->stores.at[i].access, d, k->extent[d + 1]))
            return false;
    return true;
}

static void drop_stride(loop_access *a, int d, int ndim)
{
    memmove(&a->stride[d], &a->stride[d + 1], (size_t)(ndim - d - 1) * sizeof *a->stride);
    a->stride[ndim - 1] = 0;
}

static void merge(lowering *l, int d)
{
    kernel_ir *k = &l->out->k;
    k->extent[d + 1] *= k->extent[d];
    memmove(&k->extent[d], &k->extent[d + 1], (size_t)(k->ndim - d - 1) * sizeof *k->extent);
    uint32_t below = k->reduced & ((1u << d) - 1);
    k->reduced = below | (k->reduced >> (d + 1)) << d;
    for (int64_t i = 0; i < l->accesses.n; i++)
        drop_stride(&l->accesses.at[i], d, k->ndim);
    for (int64_t i = 0; i < l->stores.n; i++)
        drop_stride(&l->stores.at[i].access, d, k->ndim);
    for (int64_t i = 0; i < l->nodes.n; i++)
        if (l->nodes.at[i].kind == LOOP_INDEX && l->nodes.at[i].number > d)
            l->nodes.at[i].number--;
    k->ndim--;
}

static void insert_stride(loop_access *a, int d, int ndim, int64_t stride)
{
    memmove(&a->stride[d + 1], &a->stride[d], (size_t)(ndim - d) * sizeof *a->stride);
    a->stride[d] = stride;
}

/* Indices once dimension d is counted in runs: the one of d is put together from the run's and the
 * one within the run; those behind move on. */
static void count_in_runs(lowering *l, int d, int64_t run)
{
    lowering before = *l;
    int32_t *now = base_alloc((size_t)(before.nodes.n + 1) * sizeof *now);
    l->nodes.at = NULL, l->nodes.n = l->nodes.capacity = 0;
    l->ok = l->ok && now;
    for (int64_t i = 0; i < before.nodes.n && l->ok; i++) {
        loop_node x = before.nodes.at[i];
        bool counted = x.kind == LOOP_INDEX && x.number == d;
        for (int k = 0; k < x.nin; k++)
            x.in[k] = now[x.in[k]];
        x.number += x.kind == LOOP_INDEX && x.number >= d;
        l->ok = vec_push(&l->nodes, x);
        now[i] = (int32_t)l->nodes.n - 1;
        if (counted) {
            int32_t first = lower_index(l, d, run, 0, x.dtype);
            now[i] =
                lower_body(l, body_find("add", x.dtype), x.dtype, 2, (int32_t[]){first, now[i]});
        }
    }
    for (int64_t i = 0; i < l->stores.n && l->ok; i++)
        l->stores.at[i].node = now[l->stores.at[i].node];
    for (int64_t m = 0; m < l->gr->members.n && l->ok; m++) {
        int32_t *made = &l->node_of[l->g->nodes.at[l->gr->members.at[m]].out[0]];
        *made = *made < 0 ? *made : now[*made];
    }
    vec_free(&before.nodes);
    base_free(now);
}

/* Cuts the outermost reduced dimension into runs, counted by a new kept dimension before it, whose
 * place is returned. */
static int cut(lowering *l)
{
    enum { RUN_ELEMENTS = 1 << 16, MOST_RUNS = 128, ALIGNED_RUN = 1024 };
    kernel_ir *k = &l->out->k;
    int d = 0;
    while (!(k->reduced >> d & 1))
        d++;
    int64_t inner = 1, extent = k->extent[d];
    for (int e = d + 1; e < k->ndim; e++)
        inner *= k->extent[e];
    int64_t run = RUN_ELEMENTS / inner + 1;
    if (run * MOST_RUNS < extent)
        run = (extent + MOST_RUNS - 1) / MOST_RUNS;
    if (d == k->ndim - 1)
        run = (run + ALIGNED_RUN - 1) / ALIGNED_RUN * ALIGNED_RUN;
    if (run > extent)
        run = extent;
    int64_t runs = (extent + run - 1) / run;
    memmove(&k->extent[d + 1], &k->extent[d], (size_t)(k->ndim - d) * sizeof *k->extent);
    k->extent[d] = runs, k->extent[d + 1] = run;
    uint32_t below = k->reduced & ((1u << d) - 1);
    k->reduced = below | (k->reduced >> d) << (d + 1);
    for (int64_t i = 0; i < l->accesses.n; i++)
        insert_stride(&l->accesses.at[i], d, k->ndim, l->accesses.at[i].stride[d] * run);
    for (int64_t i = 0; i < l->stores.n; i++)
        insert_stride(&l->stores.at[i].access, d, k->ndim, l->stores.at[i].access.stride[d] * run);
    k->ndim++;
    count_in_runs(l, d, run);
    if (extent % run)
        k->ragged = d + 1, k->ragged_total = extent;
    return d;
}

/* The space's dimensions in the kernel's order. Rows of a few elements would leave most lanes of a
 * vector empty: where they are reduced, they come before the kept dimensions that they follow,
 * along which vectors run then. */
static int dimension_order(const group *gr, int order[LOOP_DIMS])
{
    enum { SHORT_ROW = 10, MANY_ROWS = 16 };
    int n = 0;
    for (int d = 0; d < gr->ndim; d++)
        if (gr->extent[d] != 1)
            order[n++] = d;
    int tail = n;
    int64_t row = 1;
    while (tail > 0 && (gr->reduced >> order[tail - 1] & 1))
        row *= gr->extent[order[--tail]];
    int head = tail;
    while (head > 0 && !(gr->reduced >> order[head - 1] & 1))
        head--;
    int64_t along = head < tail ? gr->extent[order[tail - 1]] : 0;
    if (gr->split || tail == n || tail == head || row > SHORT_ROW ||
        (along < MANY_ROWS && along <= 2 * row))
        return n;
    int turned[LOOP_DIMS];
    for (int i = head; i < n; i++)
        turned[i] = order[i < head + n - tail ? i + tail - head : i - (n - tail)];
    memcpy(order + head, turned + head, (size_t)(n - head) * sizeof *order);
    return n;
}

static void set_space(lowering *l)
{
    kernel_ir *k = &l->out->k;
    int order[LOOP_DIMS], n = dimension_order(l->gr, order);
    for (int d = 0; d < l->gr->ndim; d++)
        l->dim_of[d] = -1;
    for (int i = 0; i < n; i++) {
        int d = order[i];
        l->dim_of[d] = (int8_t)k->ndim;
        if (l->gr->reduced >> d & 1)
            k->reduced |= 1u << k->ndim;
        k->extent[k->ndim++] = l->gr->extent[d];
    }
    if (!k->ndim)
        k->extent[k->ndim++] = 1;
}

static bool keep(lowering *l, lowered *out)
{
    arena *a = &l->g->arena;
    kernel_ir *k = &out->k;
    k->nnodes = (int32_t)l->nodes.n, k->naccesses = (int32_t)l->accesses.n,
    k->nstores = (int32_t)l->stores.n, k->nbuffers = (int32_t)l->buffers.n;
    k->nodes = arena_copy(a, l->nodes.at, (size_t)l->nodes.n * sizeof *k->nodes);
    k->accesses = arena_alloc(a, (size_t)(l->accesses.n + 1) * sizeof *k->accesses);
    k->stores = arena_copy(a, l->stores.at, (size_t)l->stores.n * sizeof *k->stores);
    out->buffers = arena_copy(a, l->buffers.at, (size_t)l->buffers.n * sizeof *out->buffers);
    if (!k->nodes || !k->accesses || !k->stores || !out->buffers)
        return false;
    if (l->accesses.n)
        memcpy(k->accesses, l->accesses.at, (size_t)l->accesses.n * sizeof *k->accesses);
    return true;
}

/* ---- splitting ---- */
/* Adds the stores of the partial results to the first kernel and builds the second, which reduces
 * over the runs. */
static bool lower_runs(lowering *l, lowering *m, size_t *partial_bytes)
{
    lowered *second = m->out;
    kernel_ir *k = &l->out->k;
    int run_dim = cut(l);
    int64_t runs = k->extent[run_dim], kept = 1;
    second->k = (kernel_ir){.ndim = 1, .extent = {runs}, .reduced = 1};
    int64_t stride[LOOP_DIMS] = {0};
    for (int d = k->ndim; d-- > 0;)
        if (!(k->reduced >> d & 1) && d != run_dim)
            stride[d] = kept, kept *= k->extent[d];
    if (kept > 1)
        second->k.ndim = 2, second->k.extent[1] = kept;
    int32_t partial = (int32_t)l->buffers.n;
    if (!vec_push(&l->buffers, -1) || !vec_push(&m->buffers, -1))
        return false;
    size_t bytes = 0;
    for (int64_t i = 0; i < l->gr->members.n && l->ok && m->ok; i++) {
        const node *n = &l->g->nodes.at[l->gr->members.at[i]];
        if (n->role != ROLE_REDUCE)
            continue;
        int to = graph_out(l->g, n, 0)->aval.dtype, dtype = compute_dtype(to),
            size = loop_itemsize(dtype);
        loop_access a = {.buffer = partial, .offset = (int64_t)(bytes / (size_t)size)};
        memcpy(a.stride, stride, sizeof stride);
        a.stride[run_dim] = kept;
        if (!vec_push(&l->stores, (loop_store){.node = l->node_of[n->out[0]], .access = a}))
            return false;
        loop_access from = {.buffer = 0, .offset = a.offset, .stride = {kept, kept > 1}};
        if (!vec_push(&m->accesses, from))
            return false;
        int32_t x = lower_node(m, (loop_node){.kind = LOOP_LOAD,
                                              .dtype = (uint8_t)dtype,
                                              .number = (int32_t)m->accesses.n - 1});
        x = lower_node(m, (loop_node){.kind = LOOP_REDUCE,
                                      .dtype = (uint8_t)dtype,
                                      .nin = 1,
                                      .in = {x},
                                      .number = body_find(body_combining(n->op->code), dtype),
                                      .bits = lower_identity(n->op->code, dtype)});
        x = lower_convert(m, x, to);
        loop_access result = {.buffer = buffer_of(m, n->out[0]), .stride = {0, kept > 1}};
        if (!vec_push(&m->stores, (loop_store){.node = x, .access = result}))
            return false;
        bytes += ((size_t)(runs * kept) * (size_t)size + 63) & ~(size_t)63;
    }
    *partial_bytes = bytes;
    return l->ok && m->ok;
}

static bool split(lowering *l, lowered *second, size_t *partial_bytes)
{
    lowering m = {.g = l->g, .gr = l->gr, .at = l->at, .out = second, .ok = true};
    bool ok = lower_runs(l, &m, partial_bytes) && keep(&m, second);
    vec_free(&m.nodes), vec_free(&m.accesses), vec_free(&m.stores), vec_free(&m.buffers);
    return ok;
}

/* ---- rows of a few elements ---- */

/* May vectors run along dimension d of a place? Lanes a few elements apart are shuffled. */
static bool runs_along(const loop_access *a, int d, int dtype, int64_t most)
{
    int64_t step = a->stride[d];
    return step == 1 || (loop_itemsize(dtype) >= 4 && step > 1 && step <= most);
}

static void swap_strides(loop_access *a, int d)
{
    int64_t held = a->stride[d];
    a->stride[d] = a->stride[d + 1], a->stride[d + 1] = held;
}

/* Is this a map over rows that would leave most lanes of a vector empty, so that vectors had better
 * run across them? */
static bool has_short_rows(const lowering *l)
{
    enum { SHORT_ROW = 4, MANY_ROWS = 64, MOST_LOADED = 10, MOST_STORED = 4 };
    const kernel_ir *k = &l->out->k;
    int d = k->ndim - 2;
    if (k->reduced || d < 0 || k->extent[d + 1] > SHORT_ROW || k->extent[d] < MANY_ROWS)
        return false;
    for (int64_t i = 0; i < l->nodes.n; i++) {
        const loop_node *n = &l->nodes.at[i];
        const loop_access *a = n->kind == LOOP_LOAD ? &l->accesses.at[n->number] : NULL;
        if (a && (n->nin || (a->stride[d] && !runs_along(a, d, n->dtype, MOST_LOADED))))
            return false;
    }
    for (int64_t i = 0; i < l->stores.n; i++)
        if (!runs_along(&l->stores.at[i].access, d, l->nodes.at[l->stores.at[i].node].dtype,
                        MOST_STORED))
            return false;
    return true;
}

/* The last two dimensions change places. */
static void turn_rows(lowering *l)
{
    kernel_ir *k = &l->out->k;
    int d = k->ndim - 2;
    int64_t row = k->extent[d + 1];
    k->extent[d + 1] = k->extent[d], k->extent[d] = row;
    for (int64_t i = 0; i < l->accesses.n; i++)
        swap_strides(&l->accesses.at[i], d);
    for (int64_t i = 0; i < l->stores.n; i++)
        swap_strides(&l->stores.at[i].access, d);
    for (int64_t i = 0; i < l->nodes.n; i++)
        if (l->nodes.at[i].kind == LOOP_INDEX && l->nodes.at[i].number >= d)
            l->nodes.at[i].number = 2 * d + 1 - l->nodes.at[i].number;
}

/* Element i along dimension d, which is there no more. */
static loop_access at_element(loop_access a, int d, int ndim, int64_t i)
{
    a.offset += i * a.stride[d];
    drop_stride(&a, d, ndim);
    return a;
}

/* A reduction's operands, one after the other. */
static int32_t combine_all(lowering *l, const loop_node *reduction, int64_t n, const int32_t *in)
{
    int32_t all = lower_constant(l, reduction->dtype, reduction->bits);
    for (int64_t e = 0; e < n; e++)
        all = lower_body(l, reduction->number, reduction->dtype, 2, (int32_t[]){all, in[e]});
    return all;
}

/* A node, element e along dimension d; now: of each node, its elements. */
static int32_t element_node(lowering *l, const lowering *before, int64_t i, int d, int64_t e,
                            const int32_t *now)
{
    const kernel_ir *k = &before->out->k;
    loop_node x = before->nodes.at[i];
    int64_t n = k->extent[d];
    if (x.kind == LOOP_REDUCE)
        return e ? now[i * n] : combine_all(l, &x, n, now + x.in[0] * n);
    if (x.kind == LOOP_INDEX && x.number == d)
        return lower_constant(l, x.dtype, (uint64_t)e);
    if (x.kind == LOOP_LOAD)
        return lower_load(l, at_element(before->accesses.at[x.number], d, k->ndim, e), x.dtype, -1);
    x.number -= x.kind == LOOP_INDEX && x.number > d;
    for (int in = 0; in < x.nin; in++)
        x.in[in] = now[x.in[in] * n + e];
    return lower_node(l, x);
}

/* Each node as often as dimension d has elements, which ends it: what lies side by side along it is
 * then loaded and stored together. If it is reduced, it is the only such. */
static void write_out(lowering *l, int d)
{
    kernel_ir *k = &l->out->k;
    lowering before = *l;
    int64_t n = k->extent[d];
    bool reduced = k->reduced;
    int32_t *now = base_alloc((size_t)(before.nodes.n * n + 1) * sizeof *now);
    l->nodes.at = NULL, l->nodes.n = l->nodes.capacity = 0;
    l->accesses.at = NULL, l->accesses.n = l->accesses.capacity = 0;
    l->stores.at = NULL, l->stores.n = l->stores.capacity = 0;
    l->ok = l->ok && now;
    for (int64_t i = 0; i < before.nodes.n; i++)
        for (int64_t e = 0; e < n && l->ok; e++)
            now[i * n + e] = element_node(l, &before, i, d, e, now);
    for (int64_t e = 0; e < n; e++)
        for (int64_t i = 0; i < before.stores.n && l->ok; i++) {
            loop_store s = before.stores.at[i];
            if (reduced && e && !s.access.stride[d])
                continue;
            s.node = now[s.node * n + e], s.access = at_element(s.access, d, k->ndim, e);
            l->ok = vec_push(&l->stores, s);
        }
    memmove(&k->extent[d], &k->extent[d + 1], (size_t)(k->ndim - d - 1) * sizeof *k->extent);
    k->ndim--, k->reduced = 0;
    vec_free(&before.nodes), vec_free(&before.accesses), vec_free(&before.stores);
    base_free(now);
}

enum { WORTH_WRITING_OUT = 24, MOST_WRITTEN_OUT = 4 };

/* Reductions over a few elements are sums of those. */
static void write_short_sums_out(lowering *l)
{
    enum { MOST_LOADED = 10, MANY = 64 };
    const kernel_ir *k = &l->out->k;
    int d = 0, last = k->ndim - 1;
    while (k->reduced && !(k->reduced >> d & 1))
        d++;
    last -= last == d;
    if (k->reduced != 1u << d || l->gr->split || last < 0 || k->extent[d] > MOST_WRITTEN_OUT ||
        l->nodes.n > WORTH_WRITING_OUT || shape_size(k->ndim, k->extent) < MANY * k->extent[d])
        return;
    for (int64_t i = 0; i < l->nodes.n; i++) {
        const loop_node *n = &l->nodes.at[i];
        const loop_access *a = n->kind == LOOP_LOAD ? &l->accesses.at[n->number] : NULL;
        if (a && (n->nin || (a->stride[last] && !runs_along(a, last, n->dtype, MOST_LOADED))))
            return;
    }
    write_out(l, d);
}

/* Rows of a few elements, written out where that is not too much. */
static void turn_short_rows(lowering *l)
{
    if (!has_short_rows(l))
        return;
    if (l->nodes.n <= WORTH_WRITING_OUT)
        write_out(l, l->out->k.ndim - 1);
    else
        turn_rows(l);
}

/* ---- a group ---- */
static bool lower(lowering *l, lowered *out, int *n, size_t *partial_bytes)
{
    l->node_of = base_alloc((size_t)(l->g->values.n + 1) * sizeof *l->node_of);
    if (!l->node_of)
        return false;
    for (int64_t m = 0; m < l->gr->members.n; m++)
        l->node_of[l->g->nodes.at[l->gr->members.at[m]].out[0]] = -1;
    set_space(l);
    for (int64_t m = 0; m < l->gr->members.n && l->ok; m++)
        lower_member(l, l->gr->members.at[m]);
    if (l->ok)
        store_members(l);
    if (!l->ok)
        return false;
    for (int d = 0; d + 1 < out->k.ndim;)
        if (can_merge(l, d))
            merge(l, d);
        else
            d++;
    write_short_sums_out(l);
    turn_short_rows(l);
    *n = 1;
    if (l->gr->split && out->k.reduced) {
        if (!split(l, &out[1], partial_bytes))
            return false;
        *n = 2;
    }
    return keep(l, out);
}

bool lower_group(graph *g, const group *gr, lowered *out, int *n, size_t *partial_bytes)
{
    lowering l = {
        .g = g, .gr = gr, .at = g->nodes.at[gr->members.at[0]].group, .out = out, .ok = true};
    out[0] = out[1] = (lowered){.buffers = NULL};
    bool ok = lower(&l, out, n, partial_bytes);
    vec_free(&l.nodes), vec_free(&l.accesses), vec_free(&l.stores), vec_free(&l.buffers);
    base_free(l.node_of);
    return ok;
}
