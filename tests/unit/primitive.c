/* Primitives made by a C program: every rule under every transformation, and what is said where one
 * is missing or wrong. */
#include "cotan/primitive.h"
#include "core/core.h"
#include "cotan/numpy.h"
#include "test.h"

/* ---- x^n, with a program and derivatives of its own ---- */

typedef struct power_params {
    bool checked;
    int64_t n;
} power_params;
static ct_primitive power_p;

static ct_array power(ct_array x, int64_t n)
{
    return ct_bind(power_p, &((power_params){.n = n}), x);
}

static bool power_lower(const void *params, int n, const ct_array *in, ct_array *out)
{
    const power_params *p = params;
    (void)n;
    out[0] = in[0];
    for (int64_t i = 1; i < p->n; i++)
        out[0] = ct_mul(out[0], in[0]);
    return true;
}

static bool power_jvp(const void *params, int n, const ct_array *primals, const ct_array *tangents,
                      ct_array *out, ct_array *out_tangents)
{
    const power_params *p = params;
    (void)n;
    out[0] = power(primals[0], p->n);
    ct_array slope =
        ct_mul((double)p->n, p->n > 1 ? power(primals[0], p->n - 1) : ct_weak_float(1));
    out_tangents[0] = ct_mul(tangents[0], slope);
    return true;
}

static bool power_vmap(const void *params, int64_t size, int n, const ct_array *in, const int *axes,
                       ct_array *out, int *out_axes)
{
    const power_params *p = params;
    (void)size, (void)n;
    out[0] = power(in[0], p->n);
    out_axes[0] = axes[0];
    return true;
}

static const ct_field power_fields[] = {
    {"checked", CT_FIELD_BOOL, offsetof(power_params, checked)},
    {"n", CT_FIELD_INT, offsetof(power_params, n)},
};
static const ct_rules power_rules = {.name = "power",
                                     .operands = 1,
                                     .params_size = sizeof(power_params),
                                     .fields = power_fields,
                                     .nfields = 2,
                                     .lower = power_lower,
                                     .jvp = power_jvp,
                                     .vmap = power_vmap};

static bool have_power(void) { return power_p || (power_p = ct_primitive_new(&power_rules)); }

static ct_array cube(ct_array x) { return power(x, 3); }
static ct_array cube_plus(ct_array x) { return ct_add(cube(x), x); }

TEST(a_primitive_goes_through_all_transformations)
{
    if (!have_power())
        return;
    CHECK_NEAR(ct_float(cube(ct_f32(2))), 8, 1e-6);
    CHECK_NEAR(ct_float(ct_call(ct_jit(cube_plus), 2.0)), 10, 1e-6);
    CHECK_NEAR(ct_float(ct_call(ct_grad(cube), 2.0)), 12, 1e-6);
    CHECK_NEAR(ct_float(ct_call(ct_jit(ct_grad(ct_jit(ct_grad(cube)))), 2.0)), 12, 1e-6);
    ct_array x = ct_array_f32(I(3), 1, 2, 3), y = ct_call(ct_vmap(ct_grad(cube)), x);
    for (int i = 0; i < 3 && !is_poison(y); i++)
        CHECK_NEAR(array_get_double(y, i), 3 * (i + 1) * (i + 1), 1e-6);
}

TEST(a_primitive_prints_with_its_parameters)
{
    if (!have_power())
        return;
    char *s = ct_jaxpr(cube_plus, 2.0);
    if (s)
        CHECK_TEXT(s,
                   "{ lambda ; a:f32[]. let\n    b:f32[] = power[checked=False n=3] a\n    c:f32[] "
                   "= add b a\n  in (c,) }");
    free(s);
}

TEST(a_compiled_program_contains_the_lowering)
{
    if (!have_power())
        return;
    ct_fn f = ct_jit(cube_plus);
    ct_array x = ct_array_f32(I(4), 1, 2, 3, 4), y = ct_call(f, x), z = cube_plus(x);
    for (int i = 0; i < 4 && !is_poison(y) && !is_poison(z); i++)
        CHECK(array_get_double(y, i) == array_get_double(z, i));
}

/* ---- two results of other types, linear, evaluated on memory ---- */

static bool ends_types(const void *params, int n, const ct_type *in, ct_type *out)
{
    (void)params, (void)n;
    out[0] = out[1] = (ct_type){.dtype = in[0].dtype};
    return true;
}

static bool ends_evaluate(const void *params, int n, const ct_array *in, ct_array *out)
{
    const void *data;
    (void)params, (void)n;
    if (!ct_data(in[0], &data))
        return false;
    const float *at = data;
    out[0] = ct_f32(at[0]);
    out[1] = ct_f32(at[ct_size(in[0]) - 1]);
    return true;
}

static ct_primitive ends_p;

static bool ends_jvp(const void *params, int n, const ct_array *primals, const ct_array *tangents,
                     ct_array *out, ct_array *out_tangents)
{
    return ct_bind_all(ends_p, params, n, primals, out) &&
           ct_bind_all(ends_p, params, n, tangents, out_tangents);
}

static bool ends_transpose(const void *params, int n, const ct_array *in, const ct_type *types,
                           const ct_array *cts, ct_array *out)
{
    (void)params, (void)n, (void)in;
    ct_array i = ct_arange((double)types[0].shape[0]);
    ct_array first = ct_where(ct_equal(i, 0), cts[0] ? cts[0] : ct_f32(0), 0.0);
    ct_array last =
        ct_where(ct_equal(i, (double)types[0].shape[0] - 1), cts[1] ? cts[1] : ct_f32(0), 0.0);
    out[0] = ct_add(first, last);
    return true;
}

static const ct_rules ends_rules = {.name = "ends",
                                    .operands = 1,
                                    .results = 2,
                                    .types = ends_types,
                                    .evaluate = ends_evaluate,
                                    .jvp = ends_jvp,
                                    .transpose = ends_transpose};

static bool have_ends(void) { return ends_p || (ends_p = ct_primitive_new(&ends_rules)); }

static ct_array product_of_ends(ct_array x)
{
    ct_tree both = ct_bind(ends_p, NULL, x);
    return ct_mul(ct_at(both, 0), ct_at(both, 1));
}

TEST(several_results_evaluated_on_memory)
{
    if (!have_ends())
        return;
    ct_array x = ct_array_f32(I(3), 2, 5, 7);
    CHECK_NEAR(ct_float(product_of_ends(x)), 14, 1e-6);
    CHECK_NEAR(ct_float(ct_call(ct_jit(product_of_ends), x)), 14, 1e-6); /* calls evaluate */
    ct_array g = ct_call(ct_grad(product_of_ends), x),
             h = ct_call(ct_jit(ct_grad(product_of_ends)), x);
    static const double want[] = {7, 0, 2};
    for (int i = 0; i < 3 && !is_poison(g) && !is_poison(h); i++)
        CHECK(array_get_double(g, i) == want[i] && array_get_double(h, i) == want[i]);
}

TEST(missing_rules_say_which)
{
    if (!have_ends() || !have_power())
        return;
    CHECK_FAILS(
        ct_call(ct_vmap(product_of_ends), ct_from_data(CT_FLOAT32, I(1, 2), (float[]){1, 2})),
        CT_NOT_IMPLEMENTED_ERROR, "Batching rule for 'ends' not implemented");
    CHECK_FAILS(ct_bind(power_p, &(power_params){.n = 2}, 1.0, 2.0), CT_TYPE_ERROR,
                "power takes 1 operand, but got 2");
    CHECK_FAILS(ct_primitive_new(&(ct_rules){.name = "nothing"}), CT_VALUE_ERROR, "needs a name");
    CHECK_FAILS(ct_bind(NULL, NULL, 1.0), CT_OK, "");
}

/* ---- rules that do not keep their word ---- */

static bool wrong_type(const void *params, int n, const ct_array *in, ct_array *out)
{
    (void)params, (void)n, (void)in;
    out[0] = ct_i32(1);
    return true;
}
static bool nothing(const void *params, int n, const ct_array *in, ct_array *out)
{
    (void)params, (void)n, (void)in, (void)out;
    return true;
}
static bool wrong_axis(const void *params, int64_t size, int n, const ct_array *in, const int *axes,
                       ct_array *out, int *out_axes)
{
    (void)params, (void)size, (void)n, (void)axes;
    out[0] = in[0];
    out_axes[0] = 5;
    return true;
}

static ct_primitive liar;
static ct_array lie(ct_array x) { return ct_bind(liar, NULL, x); }

TEST(what_rules_give_is_checked)
{
    static ct_primitive typed, empty;
    if (!typed)
        typed = ct_primitive_new(
            &(ct_rules){.name = "typed", .evaluate = wrong_type, .vmap = wrong_axis});
    if (!empty)
        empty = ct_primitive_new(&(ct_rules){.name = "empty", .lower = nothing});
    if (!typed || !empty)
        return;
    liar = typed;
    CHECK_FAILS(lie(ct_f32(1)), CT_TYPE_ERROR, "not of the type that its types rule gives");
    CHECK_FAILS(ct_call(ct_jit(lie), 1.0), CT_TYPE_ERROR, "not of the type");
    CHECK_FAILS(ct_call(ct_vmap(lie), ct_array_f32(I(2), 1, 2)), CT_VALUE_ERROR, "axis 5");
    CHECK_FAILS(ct_call(ct_grad(lie), 1.0), CT_NOT_IMPLEMENTED_ERROR,
                "Differentiation rule for 'typed'");
    liar = empty;
    CHECK_FAILS(lie(ct_f32(1)), CT_TYPE_ERROR, "left result 0 empty");
    CHECK_FAILS(ct_call(ct_jit(lie), 1.0), CT_TYPE_ERROR, "left result 0 empty");
}
