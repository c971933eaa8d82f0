/* Kernels of the loop language built by hand: code against the same arithmetic in C, for row,
 * column and map shapes, tails and ragged runs. */
#include "array/array.h"
#include "compile/compile.h"
#include "kernel/far.h"
#include "test.h"

typedef struct builder {
    kernel_ir k;
    loop_node nodes[32];
    loop_access accesses[16];
    loop_store stores[8];
} builder;

static void start(builder *b, int ndim, const int64_t *extent, uint32_t reduced, int buffers)
{
    memset(b, 0, sizeof *b);
    b->k = (kernel_ir){.ndim = ndim,
                       .reduced = reduced,
                       .nbuffers = buffers,
                       .nodes = b->nodes,
                       .accesses = b->accesses,
                       .stores = b->stores};
    memcpy(b->k.extent, extent, (size_t)ndim * sizeof *extent);
}

static int body(const char *name)
{
    for (int i = 0; i < body_count; i++)
        if (!strcmp(body_names[i].name, name))
            return i;
    CHECK(!"no such body");
    return 0;
}

static int load(builder *b, int dtype, int from, int64_t offset, int64_t s0, int64_t s1, int64_t s2)
{
    b->accesses[b->k.naccesses] = (loop_access){from, offset, {s0, s1, s2}};
    b->nodes[b->k.nnodes] =
        (loop_node){.kind = LOOP_LOAD, .dtype = (uint8_t)dtype, .number = b->k.naccesses++};
    return b->k.nnodes++;
}

static int apply(builder *b, int dtype, const char *name, int x, int y)
{
    loop_node n = {.kind = LOOP_BODY, .dtype = (uint8_t)dtype, .number = body(name), .in = {x, y}};
    n.nin = body_names[n.number].nargs;
    b->nodes[b->k.nnodes] = n;
    return b->k.nnodes++;
}

static int reduce(builder *b, int dtype, const char *name, int x, uint64_t identity)
{
    b->nodes[b->k.nnodes] = (loop_node){.kind = LOOP_REDUCE,
                                        .dtype = (uint8_t)dtype,
                                        .nin = 1,
                                        .in = {x},
                                        .number = body(name),
                                        .bits = identity};
    return b->k.nnodes++;
}

static void store(builder *b, int node, int to, int64_t s0, int64_t s1, int64_t s2)
{
    b->stores[b->k.nstores++] = (loop_store){.node = node, .access = {to, 0, {s0, s1, s2}}};
}

static bool run(builder *b, void *const *buffers)
{
    const kernel_ir *kernels[] = {&b->k};
    code *c = code_compile(1, kernels);
    if (!CHECK(c))
        return printf("%s\n", ct_error_message()), false;
    int64_t units = kernel_shape_of(&b->k, host_vector_bytes()).units;
    /* In two parts, as threads would. */
    if (units > 1)
        c->kernels[0](buffers, 0, units / 2, kernel_far);
    c->kernels[0](buffers, units / 2, units, kernel_far);
    object_release(c);
    return true;
}

static float *floats(int64_t n)
{
    float *x = aligned_alloc(64, ((size_t)n * 4 + 127) / 64 * 64);
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)((i * 7919) % 2003) / 1000.0f - 1.0f;
    return x;
}

static void check_map(int64_t n)
{
    builder b;
    start(&b, 1, (int64_t[]){n}, 0, 2);
    int x = load(&b, CT_FLOAT32, 0, 0, 1, 0, 0);
    int y = apply(&b, CT_FLOAT32, "add_f32", apply(&b, CT_FLOAT32, "mul_f32", x, x), x);
    store(&b, y, 1, 1, 0, 0);
    float *in = floats(n), *out = floats(n + 1), guard = out[n];
    if (run(&b, (void *[]){in, out}))
        for (int64_t i = 0; i < n; i++)
            if (!CHECK(out[i] == in[i] * in[i] + in[i]))
                break;
    CHECK(out[n] == guard);
    free(in), free(out);
}

TEST(maps_of_every_length)
{
    int64_t sizes[] = {1, 7, 16, 31, 64, 100, 4096, 4097, 10000};
    for (size_t i = 0; i < countof(sizes); i++)
        check_map(sizes[i]);
}

/* Elements `step` apart are doubled where they are; those between stay as they are. The buffers end
 * with the last one. */
static void check_steps(int64_t n, int64_t step)
{
    int64_t size = (n - 1) * llabs(step) + 1, first = step < 0 ? size - 1 : 0;
    builder b;
    start(&b, 1, (int64_t[]){n}, 0, 2);
    int x = load(&b, CT_FLOAT32, 0, first, step, 0, 0);
    int i = load(&b, CT_INT64, 1, first, step, 0, 0);
    store(&b, apply(&b, CT_FLOAT32, "add_f32", x, x), 0, step, 0, 0);
    store(&b, apply(&b, CT_INT64, "add_i64", i, i), 1, step, 0, 0);
    b.stores[0].access.offset = b.stores[1].access.offset = first;
    float *xs = floats(size);
    int64_t *is = malloc((size_t)size * sizeof *is);
    for (int64_t k = 0; k < size; k++)
        xs[k] = (float)k, is[k] = k;
    if (run(&b, (void *[]){xs, is}))
        for (int64_t k = 0; k < size; k++)
            if (!CHECK(xs[k] == (float)(k % step ? k : 2 * k) && is[k] == (k % step ? k : 2 * k)))
                break;
    free(xs), free(is);
}

TEST(lanes_some_elements_apart)
{
    static const int64_t sizes[] = {3, 64, 1000, 5000}, steps[] = {-1, -3, 2, 3, 4, 5, 8, 10, 11};
    for (size_t i = 0; i < countof(sizes); i++)
        for (size_t k = 0; k < countof(steps); k++)
            check_steps(sizes[i], steps[k]);
}

TEST(a_transposed_operand_and_a_scalar_one)
{
    enum { M = 5, N = 37 };
    builder b;
    start(&b, 2, (int64_t[]){M, N}, 0, 3);
    int x = load(&b, CT_FLOAT32, 0, 0, 1, M, 0), s = load(&b, CT_FLOAT32, 1, 0, 0, 0, 0);
    store(&b, apply(&b, CT_FLOAT32, "sub_f32", x, s), 2, N, 1, 0);
    float *in = floats(M * N), *out = floats(M * N), scalar = 3;
    if (run(&b, (void *[]){in, &scalar, out}))
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                CHECK(out[i * N + j] == in[j * M + i] - 3);
    free(in), free(out);
}

/* Row softmax: two reductions and an elementwise result in one kernel. */
static void check_softmax(int64_t rows, int64_t n)
{
    builder b;
    start(&b, 2, (int64_t[]){rows, n}, 2, 3);
    int x = load(&b, CT_FLOAT32, 0, 0, n, 1, 0);
    int top = reduce(&b, CT_FLOAT32, "max_f32", x, 0xff800000);
    int e = apply(&b, CT_FLOAT32, "exp_f32", apply(&b, CT_FLOAT32, "sub_f32", x, top), 0);
    int sum = reduce(&b, CT_FLOAT32, "add_f32", e, 0);
    store(&b, apply(&b, CT_FLOAT32, "div_f32", e, sum), 1, n, 1, 0);
    store(&b, sum, 2, 1, 0, 0);
    float *in = floats(rows * n), *out = floats(rows * n), *sums = floats(rows);
    if (run(&b, (void *[]){in, out, sums}))
        for (int64_t r = 0; r < rows; r++) {
            double want = 0, most = -10;
            for (int64_t i = 0; i < n; i++)
                most = in[r * n + i] > most ? in[r * n + i] : most;
            for (int64_t i = 0; i < n; i++)
                want += exp(in[r * n + i] - most);
            CHECK(fabs(sums[r] - want) < 1e-5 * want);
            for (int64_t i = 0; i < n; i++)
                if (!CHECK(fabs(out[r * n + i] - exp(in[r * n + i] - most) / want) < 1e-6))
                    break;
        }
    free(in), free(out), free(sums);
}

TEST(softmax_of_rows)
{
    check_softmax(3, 10);
    check_softmax(1, 64);
    check_softmax(5, 1000);
}

static void check_columns(int64_t m, int64_t n)
{
    builder b;
    start(&b, 2, (int64_t[]){m, n}, 1, 2);
    int x = load(&b, CT_FLOAT32, 0, 0, n, 1, 0);
    store(&b, reduce(&b, CT_FLOAT32, "add_f32", x, 0), 1, 0, 1, 0);
    float *in = floats(m * n), *out = floats(n);
    if (run(&b, (void *[]){in, out}))
        for (int64_t j = 0; j < n; j++) {
            float want = 0;
            for (int64_t i = 0; i < m; i++)
                want += in[i * n + j];
            if (!CHECK(out[j] == want))
                break;
        }
    free(in), free(out);
}

TEST(sums_of_columns)
{
    check_columns(3, 5);
    check_columns(7, 64);
    check_columns(11, 200);
    check_columns(2, 1000);
}

TEST(ragged_runs_cover_everything_once)
{
    int64_t n = 10007, run_length = 1024, runs = (n + run_length - 1) / run_length;
    builder b;
    start(&b, 2, (int64_t[]){runs, run_length}, 2, 2);
    b.k.ragged = 1, b.k.ragged_total = n;
    int x = load(&b, CT_INT32, 0, 0, run_length, 1, 0);
    store(&b, reduce(&b, CT_INT32, "add_i32", x, 0), 1, 1, 0, 0);
    int32_t *in = malloc((size_t)n * 4), out[16], total = 0, want = 0;
    for (int32_t i = 0; i < n; i++)
        want += in[i] = i % 1000;
    if (run(&b, (void *[]){in, out}))
        for (int i = 0; i < runs; i++)
            total += out[i];
    CHECK(total == want);
    free(in);
}

TEST(comparison_select_and_bools_in_memory)
{
    enum { N = 45 };
    builder b;
    start(&b, 1, (int64_t[]){N}, 0, 4);
    int x = load(&b, CT_FLOAT32, 0, 0, 1, 0, 0), y = load(&b, CT_FLOAT32, 1, 0, 1, 0, 0);
    int less = apply(&b, CT_BOOL, "lt_f32", x, y);
    b.nodes[b.k.nnodes] =
        (loop_node){.kind = LOOP_SELECT, .dtype = CT_FLOAT32, .nin = 3, .in = {less, x, y}};
    store(&b, b.k.nnodes++, 2, 1, 0, 0);
    store(&b, less, 3, 1, 0, 0);
    float *p = floats(N), *q = floats(N), *out = floats(N);
    uint8_t flags[N + 1];
    flags[N] = 77;
    for (int i = 0; i < N; i++)
        q[i] = 0.25f;
    if (run(&b, (void *[]){p, q, out, flags}))
        for (int i = 0; i < N; i++)
            CHECK(flags[i] == (p[i] < q[i]) && out[i] == (p[i] < q[i] ? q[i] : p[i]));
    CHECK(flags[N] == 77);
    free(p), free(q), free(out);
}

/* Loads at computed places: one for each lane, one and a step for each lane, one for a whole row.
 */
static void check_places(int64_t rows, int64_t n)
{
    builder b;
    start(&b, 2, (int64_t[]){rows, n}, 0, 4);
    int lane = load(&b, CT_INT32, 1, 0, 0, 1, 0), row = load(&b, CT_INT32, 2, 0, 1, 0, 0);
    int each = load(&b, CT_FLOAT32, 0, 1, 0, 0, 0), stepped = load(&b, CT_FLOAT32, 0, 0, 0, 2, 0);
    int whole = load(&b, CT_FLOAT32, 0, 0, 0, 1, 0);
    const int nodes[] = {each, stepped, whole}, places[] = {lane, lane, row};
    for (int i = 0; i < 3; i++)
        b.nodes[nodes[i]].nin = 1, b.nodes[nodes[i]].in[0] = places[i];
    int sum =
        apply(&b, CT_FLOAT32, "add_f32", apply(&b, CT_FLOAT32, "add_f32", each, stepped), whole);
    store(&b, sum, 3, n, 1, 0);
    float *x = floats(4 * n + 8), *out = floats(rows * n);
    int32_t *at = malloc((size_t)n * 4), *from = malloc((size_t)rows * 4);
    for (int64_t i = 0; i < n; i++)
        at[i] = (int32_t)(i * 7919 % (2 * n));
    for (int64_t r = 0; r < rows; r++)
        from[r] = (int32_t)(r * 31 % (3 * n));
    if (run(&b, (void *[]){x, at, from, out}))
        for (int64_t i = 0; i < rows * n; i++) {
            int64_t l = i % n, r = i / n;
            if (!CHECK(out[i] == x[1 + at[l]] + x[2 * l + at[l]] + x[l + from[r]]))
                break;
        }
    free(x), free(out), free(at), free(from);
}

TEST(loads_at_computed_places)
{
    check_places(3, 5);
    check_places(2, 64);
    check_places(4, 1000);
}

/* ---- sequences ---- */
static int carry(builder *b, int dtype, int first, int number)
{
    b->nodes[b->k.nnodes] = (loop_node){.kind = LOOP_CARRY,
                                        .dtype = (uint8_t)dtype,
                                        .nin = 1,
                                        .in = {first},
                                        .number = number,
                                        .second = true};
    return b->k.nnodes++;
}

static void start_sequence(builder *b, int64_t n, int ncarries, int32_t *next, int buffers)
{
    start(b, 2, (int64_t[]){1, n}, 0, buffers);
    b->k.sequence = true, b->k.ncarries = ncarries, b->k.next = next;
    b->k.test = -1, b->k.range = buffers - 1;
}

/* c' = c * x[t] + c, ys[t] = c, on steps 1 to 3 of 4. */
static void check_sequence(int64_t n)
{
    builder b;
    int32_t next[1];
    start_sequence(&b, n, 1, next, 5);
    int c = carry(&b, CT_FLOAT32, load(&b, CT_FLOAT32, 0, 0, 0, 1, 0), 0);
    int x = load(&b, CT_FLOAT32, 1, 0, n, 1, 0);
    next[0] = apply(&b, CT_FLOAT32, "add_f32", apply(&b, CT_FLOAT32, "mul_f32", c, x), c);
    store(&b, c, 2, n, 1, 0);
    store(&b, c, 3, 0, 1, 0);
    b.stores[1].last = true;
    float *from = floats(n), *xs = floats(4 * n), *ys = floats(4 * n), *to = floats(n + 1),
          untouched = ys[0], guard = to[n];
    sequence_range range = {1, 4, 0};
    if (run(&b, (void *[]){from, xs, ys, to, &range}))
        for (int64_t i = 0; i < n; i++) {
            float want = from[i];
            for (int t = 1; t < 4; t++) {
                CHECK(ys[t * n + i] == want);
                want = want * xs[t * n + i] + want;
            }
            CHECK(to[i] == want);
        }
    CHECK(ys[0] == untouched && to[n] == guard && !range.more);
    free(from), free(xs), free(ys), free(to);
}

TEST(sequences_of_many_lanes)
{
    static const int64_t lengths[] = {1, 2, 3, 7, 16, 17, 64, 100, 500};
    for (size_t i = 0; i < countof(lengths); i++)
        check_sequence(lengths[i]);
}

/* Lanes count up to bounds of their own; `most` steps are allowed. */
static void check_counting(int64_t n, int64_t most)
{
    builder b;
    int32_t next[1];
    start_sequence(&b, n, 1, next, 4);
    int c = carry(&b, CT_INT32, load(&b, CT_INT32, 0, 0, 0, 1, 0), 0);
    int bound = load(&b, CT_INT32, 1, 0, 0, 1, 0);
    b.k.test = apply(&b, CT_BOOL, "lt_i32", c, bound);
    int one = b.k.nnodes++;
    b.nodes[one] = (loop_node){.kind = LOOP_CONST, .dtype = CT_INT32, .bits = 1};
    next[0] = apply(&b, CT_INT32, "add_i32", c, one);
    store(&b, c, 2, 0, 1, 0);
    b.stores[0].last = true;
    int32_t from[40], bounds[40], to[40];
    for (int i = 0; i < n; i++)
        from[i] = i % 3, bounds[i] = (i * 5) % 11;
    sequence_range range = {0, most, 0};
    bool more = false;
    if (run(&b, (void *[]){from, bounds, to, &range}))
        for (int i = 0; i < n; i++) {
            int want = from[i];
            for (int t = 0; t < most && want < bounds[i]; t++)
                want++;
            more |= want < bounds[i];
            CHECK(to[i] == want);
        }
    CHECK(range.more == more);
}

TEST(lanes_stop_by_themselves)
{
    check_counting(1, 100);
    check_counting(33, 100);
    check_counting(33, 4);
}

static int load_at(builder *b, int dtype, int from, int64_t lane, int at)
{
    int n = load(b, dtype, from, 0, 0, lane, 0);
    b->nodes[n].nin = 1, b->nodes[n].in[0] = at;
    return n;
}

static int store_at(builder *b, int x, int to, int64_t lane, int at, int where)
{
    b->accesses[b->k.naccesses] = (loop_access){to, 0, {0, lane}};
    b->nodes[b->k.nnodes] = (loop_node){.kind = LOOP_STORE,
                                        .dtype = b->nodes[x].dtype,
                                        .nin = where < 0 ? 2 : 3,
                                        .in = {x, at, where < 0 ? 0 : where},
                                        .number = b->k.naccesses++};
    return b->k.nnodes++;
}

/* Each lane has a row of 8: row[p + 1] = row[p] + row[p], then row[0] += row[p + 1] where p < 5; p
 * counts from a start of its own. */
static void check_updates(int64_t n)
{
    enum { ROW = 8, STEPS = 6 };
    builder b;
    int32_t next[1];
    start_sequence(&b, n, 1, next, 3);
    int64_t lane = n == 1 ? 0 : ROW;
    int p = carry(&b, CT_INT32, load(&b, CT_INT32, 0, 0, 0, 1, 0), 0);
    int zero = b.k.nnodes, one = zero + 1, five = zero + 2;
    for (int i = 0; i < 3; i++)
        b.nodes[b.k.nnodes++] =
            (loop_node){.kind = LOOP_CONST, .dtype = CT_INT32, .bits = (uint64_t[]){0, 1, 5}[i]};
    next[0] = apply(&b, CT_INT32, "add_i32", p, one);
    int old = load_at(&b, CT_FLOAT32, 1, lane, p);
    store_at(&b, apply(&b, CT_FLOAT32, "add_f32", old, old), 1, lane, next[0], -1);
    int sum = apply(&b, CT_FLOAT32, "add_f32", load_at(&b, CT_FLOAT32, 1, lane, zero),
                    load_at(&b, CT_FLOAT32, 1, lane, next[0]));
    store_at(&b, sum, 1, lane, zero, apply(&b, CT_BOOL, "lt_i32", p, five));
    int32_t starts[40];
    for (int i = 0; i < n; i++)
        starts[i] = i % 2;
    float *rows = floats(n * ROW + 1), *want = floats(n * ROW + 1);
    memcpy(want, rows, (size_t)(n * ROW + 1) * sizeof *want);
    sequence_range range = {0, STEPS, 0};
    if (run(&b, (void *[]){starts, rows, &range})) {
        for (int i = 0; i < n; i++)
            for (int t = 0; t < STEPS; t++) {
                float *row = want + i * ROW;
                int at = i % 2 + t;
                row[at + 1] = row[at] + row[at];
                row[0] += at < 5 ? row[at + 1] : 0;
            }
        CHECK(!memcmp(rows, want, (size_t)(n * ROW + 1) * sizeof *want));
    }
    free(rows), free(want);
}

TEST(updates_follow_one_another)
{
    check_updates(1);
    check_updates(3);
    check_updates(40);
}

TEST(malformed_sequences_are_refused)
{
    builder b;
    int32_t next[1] = {0};
    start_sequence(&b, 4, 1, next, 2);
    int c = carry(&b, CT_FLOAT32, load(&b, CT_FLOAT32, 0, 0, 0, 1, 0), 0);
    CHECK(loop_verify(&b.k));
    store_at(&b, c, 0, 1, c, -1); /* a place that is no integer */
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
    b.k.nnodes--, b.k.naccesses--;
    next[0] = 9;
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
    next[0] = 0, b.k.test = c;
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
    b.k.test = -1, b.nodes[c].number = 1;
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
    b.nodes[c].number = 0, b.k.sequence = false;
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
}

TEST(malformed_kernels_are_refused)
{
    builder b;
    start(&b, 1, (int64_t[]){8}, 0, 1);
    int x = load(&b, CT_FLOAT32, 0, 0, 1, 0, 0);
    int y = apply(&b, CT_FLOAT32, "neg_f32", x, 0);
    b.nodes[y].in[0] = y;
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
    b.nodes[y].in[0] = x;
    b.nodes[x].dtype = CT_INT32;
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
    b.nodes[x].dtype = CT_FLOAT32;
    int z = load(&b, CT_FLOAT32, 0, 0, 1, 0, 0);
    b.nodes[z].nin = 1, b.nodes[z].in[0] = x; /* at a place that is no integer */
    CHECK(!loop_verify(&b.k));
    ct_clear_error();
}
