/* Laws that every row of ops.def obeys, on samples from a table: forward derivatives against finite
 * differences, reverse ones against forward ones, batching against a loop. A row without a sample
 * fails. */
#include "test.h"

#include "ops_samples.h"

/* ---- operands ---- */

static uint32_t seed = 1;
static double uniform(double low, double high)
{
    seed = seed * 1664525 + 1013904223;
    return low + (high - low) * ((seed >> 8) + 0.5) / (1 << 24);
}

static ct_dtype dtype_for(const subject *s)
{
    if (s->s->dtype)
        return s->s->dtype;
    return s->s->apply || kernel_find(s->o->name, CT_FLOAT64) || s->o->code == OP_add_any
               ? CT_FLOAT64
               : CT_FLOAT32;
}

static ct_array random_array(const subject *s, int arg, int64_t ndim, const int64_t *shape,
                             double low, double high)
{
    ct_array x = array_new(CT_FLOAT64, false, ndim, shape);
    for (int64_t i = 0; i < x->size; i++)
        ((double *)x->data)[i] = uniform(low, high);
    (void)arg;
    return op_convert(x, dtype_for(s), false);
}

static ct_array operand_of(const subject *s, int arg, int64_t ndim, const int64_t *shape)
{
    bool second = arg && s->s->low2 < s->s->high2;
    return random_array(s, arg, ndim, shape, second ? s->s->low2 : s->s->low,
                        second ? s->s->high2 : s->s->high);
}

static double dot(ct_array a, ct_array b)
{
    double sum = 0;
    for (int64_t i = 0; a && b && i < a->size; i++)
        sum += array_get_double(a, i) * array_get_double(b, i);
    return sum;
}

static bool has_sample(const subject *s) { return s->o && s->s->nargs; }

static subject subject_at(int code) { return (subject){op_table[code], &samples[code]}; }

/* Stops after a failure, which would only repeat itself in what follows. */
static bool failed(const subject *s, const char *law)
{
    if (ct_ok())
        return false;
    if (ct_error_code() == CT_NOT_IMPLEMENTED_ERROR && strstr(ct_error_message(), "has no kernel"))
        printf("%s, %s: waits for a kernel\n", s->o->name, law);
    else
        TEST_FAILED("%s, %s: %s", s->o->name, law, ct_error_message());
    ct_clear_error();
    return true;
}

static bool test_exists(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "unit/%s.c", name);
    FILE *f = fopen(path, "r");
    if (f)
        fclose(f);
    return f;
}

TEST(every_row_has_a_sample)
{
    for (int i = 0; i < OP_COUNT; i++) {
        const sample *s = &samples[i];
        if (!s->nargs && !s->elsewhere)
            TEST_FAILED("%s has no sample", op_table[i]->name);
        else if (!s->nargs && !test_exists(s->elsewhere))
            TEST_FAILED("%s is said to be tested in %s.c", op_table[i]->name, s->elsewhere);
    }
}

TEST(every_row_says_how_many_operands_it_takes)
{
    enum { MOST = 9 };
    for (int i = 0; i < OP_COUNT; i++) {
        const op *o = op_table[i];
        if (!o->operands)
            TEST_FAILED("%s: .operands is a number, ANY_OPERANDS or NO_OPERANDS", o->name);
        if (o->operands > 0 && o->operands < MOST) { /* another number is refused, unread */
            aval in[1] = {{0}}, out[1];
            int n = 1;
            bool accepted = core_result_types(o, NULL, o->operands + 1, in, &n, out, NULL);
            CHECK(!accepted && ct_error_code() == CT_TYPE_ERROR);
            ct_clear_error();
        }
    }
}

/* ---- sizes 0 and 1: results have the broadcast shape, and derivatives that of the operand ---- */

static void check_size(subject *s, int64_t rows)
{
    ct_array x[MOST_OPERANDS], v[MOST_OPERANDS];
    for (int i = 0; i < s->s->nargs; i++) {
        x[i] = operand_of(s, i, 2, (int64_t[]){rows, 1});
        v[i] = operand_of(s, i, 2, (int64_t[]){rows, 1});
    }
    ct_array got = apply(s, x);
    if (ct_ok() && !ints_equal(aval_shape(&got->aval), I(rows, 1)))
        TEST_FAILED("%s of shape (%lld, 1) has shape %s", s->o->name, (long long)rows,
                    SHAPE(&got->aval));
    leaves out = {0}, tangents = {0};
    if (!s->s->rough && transform_jvp(flat_of(s), s->s->nargs, x, v, &out, &tangents) &&
        tangents.at[0])
        CHECK(ints_equal(aval_shape(&tangents.at[0]->aval), I(rows, 1)));
    base_free(out.at);
    base_free(tangents.at);
    failed(s, "sizes");
}

TEST(elementwise_of_sizes_0_and_1)
{
    array_x64 = true;
    for (int i = 0; i < OP_COUNT; i++) {
        subject s = subject_at(i);
        if (!has_sample(&s) || s.s->apply)
            continue;
        ct_scope scope = ct_begin();
        check_size(&s, 0);
        check_size(&s, 1);
        ct_end(scope);
    }
}

/* ---- jvp = finite difference ---- */

static ct_array moved(ct_array x, ct_array v, double h)
{
    return op_add(x, op_mul(op_number(h, v), v));
}

static void check_jvp(subject *s, int64_t ndim)
{
    ct_array x[MOST_OPERANDS], v[MOST_OPERANDS], forth[MOST_OPERANDS], back[MOST_OPERANDS];
    int n = s->s->nargs;
    double h = dtype_for(s) == CT_FLOAT64 ? 1e-6 : 1e-2,
           tolerance = dtype_for(s) == CT_FLOAT64 ? 2e-6 : 3e-3;
    for (int i = 0; i < n; i++) {
        int64_t nd = s->s->apply || i == 0 ? 2 : ndim;
        x[i] = operand_of(s, i, nd, (int64_t[]){2, 3});
        v[i] = random_array(s, i, nd, (int64_t[]){2, 3}, -1, 1);
        forth[i] = moved(x[i], v[i], h), back[i] = moved(x[i], v[i], -h);
    }
    leaves out, tangents;
    if (transform_jvp(flat_of(s), n, x, v, &out, &tangents)) {
        ct_array a = apply(s, forth), b = apply(s, back), t = tangents.at[0];
        for (int64_t i = 0; ct_ok() && i < a->size; i++) {
            double want = (array_get_double(a, i) - array_get_double(b, i)) / (2 * h),
                   got = t ? array_get_double(t, i) : 0;
            if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
                TEST_FAILED("%s: tangent %lld is %.9g, the finite difference %.9g", s->o->name,
                            (long long)i, got, want);
        }
        base_free(out.at);
        base_free(tangents.at);
    }
    failed(s, "jvp");
}

TEST(jvp_is_finite_difference)
{
    array_x64 = true;
    for (int i = 0; i < OP_COUNT; i++) {
        subject s = subject_at(i);
        if (!has_sample(&s) || s.s->rough)
            continue;
        ct_scope scope = ct_begin();
        check_jvp(&s, 2);
        if (s.s->nargs > 1)
            check_jvp(&s, 0);
        ct_end(scope);
    }
}

/* ---- <u, J v> = <J^T u, v> ---- */

static void check_transpose(subject *s)
{
    ct_array x[MOST_OPERANDS], v[MOST_OPERANDS];
    int n = s->s->nargs;
    for (int i = 0; i < n; i++) {
        int64_t nd = s->s->apply || i == 0 ? 2 : i % 2 ? 0 : 2;
        x[i] = operand_of(s, i, nd, (int64_t[]){2, 3});
        v[i] = random_array(s, i, nd, (int64_t[]){2, 3}, -1, 1);
    }
    leaves out = {0}, jv = {0}, jtu = {0};
    linear_map *l = NULL;
    if (transform_linearize(flat_of(s), n, x, &out, &l) && linear_apply(l, n, v, &jv)) {
        ct_array u = random_array(s, 0, out.at[0]->aval.ndim, out.at[0]->aval.shape, -1, 1);
        double forward = dot(u, jv.at[0]), reverse = 0;
        if (linear_transpose(l, 1, &u, &jtu))
            for (int i = 0; i < n; i++)
                reverse += dot(jtu.at[i], v[i]);
        double tolerance = dtype_for(s) == CT_FLOAT64 ? 1e-12 : 1e-5;
        if (ct_ok() && !(fabs(forward - reverse) <= tolerance * fmax(1, fabs(forward))))
            TEST_FAILED("%s: <u, Jv> is %.12g, <J'u, v> is %.12g", s->o->name, forward, reverse);
    }
    failed(s, "transpose");
    object_release(l);
    base_free(out.at);
    base_free(jv.at);
    base_free(jtu.at);
}

TEST(transpose_is_adjoint)
{
    array_x64 = true;
    for (int i = 0; i < OP_COUNT; i++) {
        subject s = subject_at(i);
        if (!has_sample(&s) || s.s->rough)
            continue;
        ct_scope scope = ct_begin();
        check_transpose(&s);
        ct_end(scope);
    }
}

/* ---- vmap = loop ---- */

enum { BATCH = 4 };

static ct_array example(ct_array x, int dim, int64_t index)
{
    if (dim == NOT_MAPPED || is_poison(x))
        return x;
    ct_array first = op_moveaxis(x, dim, 0);
    if (is_poison(first))
        return first;
    ct_array part =
        array_new((ct_dtype)x->aval.dtype, false, x->aval.ndim - 1, first->aval.shape + 1);
    size_t bytes = (size_t)part->size * dtype_table[x->aval.dtype].itemsize;
    if (!is_poison(part))
        if (!is_poison(part))
            memcpy(part->data, (char *)first->data + (size_t)index * bytes, bytes);
    return part;
}

static void check_vmap(subject *s, const int *dims, int64_t ndim)
{
    ct_array x[MOST_OPERANDS], one[MOST_OPERANDS];
    int n = s->s->nargs;
    for (int i = 0; i < n; i++) {
        int64_t shape[3] = {2, 3}, nd = s->s->apply || i == 0 ? 2 : ndim;
        int_list whole = dims[i] == NOT_MAPPED ? ints_insert((ct_ints){nd, shape}, -1, 0)
                                               : ints_insert((ct_ints){nd, shape}, dims[i], BATCH);
        x[i] = operand_of(s, i, whole.n, whole.at);
    }
    leaves out = {0};
    if (transform_vmap(flat_of(s), (batch){BATCH, NULL}, n, x, dims, NULL, NULL, &out))
        for (int64_t b = 0; b < BATCH; b++) {
            for (int i = 0; i < n; i++)
                one[i] = example(x[i], dims[i], b);
            ct_array want = apply(s, one), got = example(out.at[0], 0, b);
            if (!ct_ok())
                break;
            size_t bytes = (size_t)want->size * dtype_table[want->aval.dtype].itemsize;
            if (want->aval.dtype != got->aval.dtype ||
                !ints_equal(aval_shape(&want->aval), aval_shape(&got->aval)) ||
                memcmp(want->data, got->data, bytes))
                TEST_FAILED("%s: example %lld of vmap over axes (%d, %d, %d) differs from the "
                            "loop; shape %s, not %s",
                            s->o->name, (long long)b, dims[0], dims[1], dims[2], SHAPE(&got->aval),
                            SHAPE(&want->aval));
        }
    base_free(out.at);
    failed(s, "vmap");
}

TEST(vmap_is_loop)
{
    static const int choices[][3] = {{0, 0, 0},
                                     {1, 1, 1},
                                     {2, 0, 1},
                                     {0, NOT_MAPPED, NOT_MAPPED},
                                     {NOT_MAPPED, 0, 0},
                                     {1, NOT_MAPPED, 0},
                                     {NOT_MAPPED, 1, NOT_MAPPED}};
    array_x64 = true;
    for (int i = 0; i < OP_COUNT; i++) {
        subject s = subject_at(i);
        if (!has_sample(&s))
            continue;
        for (size_t c = 0; c < countof(choices); c++) {
            bool mapped = false;
            int dims[MOST_OPERANDS];
            for (int k = 0; k < MOST_OPERANDS; k++) {
                dims[k] = choices[c][k % 3];
                mapped |= k < s.s->nargs && dims[k] != NOT_MAPPED;
            }
            if (!mapped)
                continue;
            ct_scope scope = ct_begin();
            check_vmap(&s, dims, 2);
            for (int k = 1; k < MOST_OPERANDS; k++)
                dims[k] = dims[k] > 0 ? 0 : dims[k];
            if (s.s->nargs > 1)
                check_vmap(&s, dims, 0);
            ct_end(scope);
        }
    }
}
