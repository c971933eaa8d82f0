/* The interpreters, alone and composed: values against closed forms, jaxprs against the text that
 * JAX prints, errors against the classes that JAX raises. */
#include "cotan/rules.h"
#include "core/core.h"
#include "ops/ops.h"
#include "test.h"

static ct_array tanh_by_hand(ct_array x)
{
    ct_array y = op_exp(op_mul(op_number(-2, x), x));
    ct_array above = op_sub(op_number(1, x), y); /* named, since C does not order arguments */
    return op_div(above, op_add(op_number(1, x), y));
}

static ct_array sum_sin_x_x(ct_array x) { return op_reduce_sum(op_mul(op_sin(x), x), I(0)); }

static bool close_to(ct_array a, const double *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (is_poison(a) || a->size != n ||
            fabs(array_get_double(a, i) - want[i]) > 1e-5 * (1 + fabs(want[i])))
            return false;
    return true;
}

static bool is_near(ct_array a, double want) { return close_to(a, &want, 1); }

TEST(gradients_of_any_order)
{
    ct_fn first = ct_grad(tanh_by_hand);
    CHECK(is_near(ct_call(first, 1.0), 0.41997434));
    CHECK(is_near(ct_call(ct_grad(first), 1.0), -0.6397));
    CHECK(is_near(ct_call(ct_grad(ct_grad(first)), 1.0), 0.62162673));
}

TEST(jit_and_grad_commute)
{
    ct_fn g = ct_grad(tanh_by_hand);
    CHECK(is_near(ct_call(ct_jit(g), 1.0), 0.41997434));
    CHECK(is_near(ct_call(ct_grad(ct_jit(g)), 1.0), -0.6397));
    CHECK(is_near(ct_call(ct_jit(ct_grad(ct_jit(ct_grad(ct_jit(g))))), 1.0), 0.62162673));
}

TEST(vmap_is_a_loop)
{
    ct_array x = ct_array_f32(I(2, 3), 1, 2, 3, 4, 5, 6);
    double want[6];
    for (int i = 0; i < 6; i++)
        want[i] = sin(i + 1) + (i + 1) * cos(i + 1);
    ct_fn g = ct_grad(sum_sin_x_x);
    CHECK(close_to(ct_call(ct_vmap(g), x), want, 6));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(g)), x), want, 6));
    CHECK(close_to(ct_call(ct_vmap(ct_jit(g)), x), want, 6));
}

TEST(out_axes_move_the_mapped_axis)
{
    ct_array x = ct_array_f32(I(2, 3), 1, 2, 3, 4, 5, 6);
    ct_array y = ct_call(ct_vmap(op_neg, .out_axes = AXES(1)), x);
    CHECK_INT(ct_dim(y, 0), 3);
    CHECK(close_to(y, (double[]){-1, -4, -2, -5, -3, -6}, 6));
}

static ct_array branching(ct_array x)
{
    return ct_bool(op_gt(x, op_number(0, x))) ? op_sin(x) : op_neg(x);
}

TEST(control_flow_sees_concrete_values_under_grad)
{
    CHECK(is_near(ct_call(ct_grad(branching), 1.0), cos(1)));
    CHECK(is_near(ct_call(ct_grad(ct_grad(branching)), 1.0), -sin(1)));
    CHECK(is_near(ct_call(ct_grad(branching), -1.0), -1));
    ct_call(ct_jit(branching), 1.0);
    CHECK_INT(ct_error_code(), CT_TRACER_BOOL_ERROR);
    ct_clear_error();
}

static ct_array times(ct_array x, ct_array y) { return op_mul(x, y); }

TEST(jvp_and_vjp)
{
    ct_fn f = ct_function(times);
    ct_tree point = ct_tuple(ct_f32(3), ct_f32(4)), direction = ct_tuple(ct_f32(1), ct_f32(10));
    ct_tree both = ct_jvp_(f, point, direction, false);
    CHECK(is_near(ct_at(both, 0), 12));
    CHECK(is_near(ct_at(both, 1), 34));
    ct_fn pullback;
    ct_tree out = ct_vjp_(f, point, false, NULL, &pullback);
    CHECK(is_near(out, 12));
    ct_tree back = ct_call(pullback, ct_f32(2));
    CHECK(is_near(ct_at(back, 0), 8));
    CHECK(is_near(ct_at(back, 1), 6));
}

static ct_array sin_times(ct_array x, ct_array y) { return op_mul(op_sin(x), y); }

static ct_fn sin_times_form;

/* What a pull-back keeps, as the result of a jitted function. */
static ct_tree residuals_of(ct_array x, ct_array y)
{
    ct_fn pull;
    ct_vjp_(ct_function(sin_times), ct_tuple(x, y), false, NULL, &pull);
    ct_release_fn(sin_times_form);
    sin_times_form = ct_retain_fn(ct_derivative_form(pull));
    return ct_residuals(pull);
}

static ct_tree pulled(ct_tree residuals, ct_array cotangent)
{
    ct_fn pull = ct_with_residuals(sin_times_form, residuals);
    return pull ? ct_call(pull, cotangent) : ct_f32(0);
}

TEST(derivatives_are_data)
{
    ct_tree kept = ct_call(ct_jit(residuals_of), ct_f32(1), ct_f32(4));
    CHECK_INT(ct_len(kept), 3);
    ct_tree back = ct_call(ct_jit(pulled), kept, ct_f32(2));
    CHECK(is_near(ct_at(back, 0), 8 * cos(1)));
    CHECK(is_near(ct_at(back, 1), 2 * sin(1)));
    ct_fn pull, other;
    ct_vjp_(ct_function(sin_times), ct_tuple(ct_f32(1), ct_f32(4)), false, NULL, &pull);
    ct_vjp_(ct_function(sin_times), ct_tuple(ct_f32(2), ct_f32(5)), false, NULL, &other);
    CHECK(ct_same_derivative(pull, other));
    CHECK(ct_derivative_hash(pull) == ct_derivative_hash(other));
    int arguments = 0;
    for (int i = 0; i < 3; i++)
        arguments += ct_residual_argument(pull, i) == 1;
    CHECK_INT(arguments, 1); /* y itself */
    ct_tree moved = ct_call(ct_with_residuals(pull, ct_residuals(other)), ct_f32(1));
    CHECK(is_near(ct_at(moved, 0), 5 * cos(2)));
    ct_linearize_(ct_function(sin_times), ct_tuple(ct_f32(1), ct_f32(4)), false, NULL, &other);
    CHECK(!ct_same_derivative(pull, other));
    CHECK(is_near(ct_call(ct_with_residuals(other, ct_residuals(other)), ct_f32(1), ct_f32(0)),
                  4 * cos(1)));
    ct_release_fn(sin_times_form);
    sin_times_form = NULL;
}

TEST(residuals_of_other_functions_are_refused)
{
    CHECK(is_poison(ct_residuals(ct_function(times))));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    ct_fn pull;
    ct_vjp_(ct_function(times), ct_tuple(ct_f32(1), ct_f32(4)), false, NULL, &pull);
    CHECK(!ct_with_residuals(pull, ct_tuple(ct_f32(1))));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    CHECK(!ct_with_residuals(pull, ct_tuple(ct_f32(1), ct_array_f32(I(2), 1, 2))));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    CHECK(is_poison(ct_call(ct_derivative_form(pull), 1.0)));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
}

static ct_tree twice_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), t = ct_at(tangents, 0);
    return ct_tuple(op_sin(x), op_mul(op_number(100, t), t));
}

TEST(custom_jvp_under_every_transformation)
{
    ct_fn f = ct_custom_jvp(op_sin, twice_rule);
    CHECK(is_near(ct_call(f, 1.0), sin(1)));
    CHECK(is_near(ct_call(ct_grad(f), 1.0), 100));
    CHECK(is_near(ct_call(ct_jit(ct_grad(f)), 1.0), 100));
    CHECK(is_near(ct_call(ct_grad(ct_jit(f)), 1.0), 100));
    CHECK(
        close_to(ct_call(ct_vmap(ct_grad(f)), ct_array_f32(I(2), 1, 2)), (double[]){100, 100}, 2));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(ct_grad(ct_jit(f)))), ct_array_f32(I(2), 1, 2)),
                   (double[]){100, 100}, 2));
}

static ct_tree sees_zeros(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), y = ct_at(primals, 1), t = ct_at(tangents, 0);
    bool zero = ct_is_zero(t);
    return ct_tuple(op_mul(x, y), zero ? ct_zero(x) : op_mul(op_number(10, t), t));
}
static ct_array first_alone(ct_array x)
{
    return ct_call(ct_custom_jvp(times, sees_zeros, .symbolic_zeros = true), x, 3.0);
}
static ct_array second_alone(ct_array x)
{
    return ct_call(ct_custom_jvp(times, sees_zeros, .symbolic_zeros = true), 3.0, x);
}

TEST(rules_may_see_symbolic_zeros)
{
    CHECK(is_near(ct_call(ct_grad(first_alone), 2.0), 10));
    CHECK(is_near(ct_call(ct_grad(second_alone), 2.0), 0));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(ct_grad(first_alone))), ct_array_f32(I(2), 1, 2)),
                   (double[]){10, 10}, 2));
    ct_array zero = ct_zero(ct_f32(1));
    CHECK(is_poison(op_sin(zero)));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
}

static ct_tree told(ct_tree perturbed, ct_tree x, ct_tree y)
{
    return ct_tuple(op_mul(x, y), ct_tuple(ct_at(perturbed, 0), ct_at(perturbed, 1), x, y));
}
static ct_tree tells(ct_tree residuals, ct_tree ct)
{
    ct_array x = ct_at(residuals, 2), y = ct_at(residuals, 3);
    bool first = ct_bool(ct_at(residuals, 0)), second = ct_bool(ct_at(residuals, 1));
    return ct_tuple(first ? op_mul(y, ct) : ct_none(),
                    second ? op_mul(op_number(10, x), op_mul(x, ct)) : ct_none());
}
static ct_array of_first(ct_array x)
{
    return ct_call(ct_custom_vjp(times, told, tells, .symbolic_zeros = true), x, 3.0);
}
static ct_array of_second(ct_array x)
{
    return ct_call(ct_custom_vjp(times, told, tells, .symbolic_zeros = true), 3.0, x);
}

TEST(forward_rules_may_see_what_is_perturbed)
{
    CHECK(is_near(ct_call(ct_grad(of_first), 2.0), 3));
    CHECK(is_near(ct_call(ct_grad(of_second), 2.0), 30));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(of_second)), ct_array_f32(I(2), 1, 2)),
                   (double[]){30, 30}, 2));
}

static ct_tree hundredfold(ct_tree size, ct_tree batched, ct_tree x)
{
    (void)size;
    return ct_tuple(op_mul(op_number(100, x), x), ct_at(batched, 0));
}

TEST(custom_vmap_asks_its_rule)
{
    ct_fn f = ct_custom_vmap(op_sin, hundredfold);
    ct_array x = ct_array_f32(I(2), 1, 2);
    CHECK(is_near(ct_call(f, 1.0), sin(1)));
    CHECK(close_to(ct_call(ct_vmap(f), x), (double[]){100, 200}, 2));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(ct_jit(f))), x), (double[]){100, 200}, 2));
    CHECK(is_near(ct_call(ct_grad(f), 1.0), cos(1)));
    ct_tree both = ct_jvp_(ct_vmap(f), ct_tuple(x), ct_tuple(x), false);
    CHECK(!is_poison(both) && close_to(ct_at(both, 1), (double[]){100, 200}, 2));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(f)), x), (double[]){cos(1), cos(2)}, 2));
}

static ct_tree tenfold(ct_tree r, ct_tree ct) { return op_mul(op_number(10, r), op_mul(r, ct)); }
static ct_array called_linearly(ct_array x) { return ct_linear_call(times, tenfold, 3.0, x); }

TEST(linear_call_has_its_own_transpose)
{
    CHECK(is_near(ct_call(called_linearly, 2.0), 6));
    CHECK(is_near(ct_call(ct_grad(called_linearly), 2.0), 30));
    CHECK(is_near(ct_call(ct_jit(ct_grad(ct_jit(called_linearly))), 2.0), 30));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(called_linearly)), ct_array_f32(I(2), 1, 2)),
                   (double[]){30, 30}, 2));
}

static ct_tree keep_input(ct_tree x) { return ct_tuple(op_sin(x), x); }
static ct_tree scaled(ct_tree x, ct_tree ct) { return ct_tuple(op_mul(x, ct)); }

TEST(custom_vjp_under_every_transformation)
{
    ct_fn f = ct_custom_vjp(op_sin, keep_input, scaled);
    CHECK(is_near(ct_call(ct_grad(f), 3.0), 3));
    CHECK(is_near(ct_call(ct_jit(ct_grad(ct_jit(f))), 3.0), 3));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(f)), ct_array_f32(I(2), 1, 2)), (double[]){1, 2}, 2));
    ct_jvp_(f, ct_tuple(ct_f32(1)), ct_tuple(ct_f32(1)), false);
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
}

static ct_array leaked;
static ct_array leak(ct_array x) { return leaked = ct_retain(x), op_sin(x); }

TEST(a_leaked_tracer_says_so)
{
    ct_call(ct_jit(leak), 1.0);
    if (!CHECK(leaked))
        return;
    op_add(leaked, leaked);
    CHECK_INT(ct_error_code(), CT_UNEXPECTED_TRACER_ERROR);
    ct_clear_error();
    ct_release(leaked);
}

TEST(bad_calls_are_errors)
{
    ct_call(ct_grad(sum_sin_x_x), ct_array_i32(I(2), 1, 2));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    ct_call(ct_grad(op_sin), ct_array_f32(I(2), 1, 2));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    ct_call(ct_grad(tanh_by_hand, .argnums = I(3)), 1.0);
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    ct_call(ct_vmap(times), ct_array_f32(I(2), 1, 2), ct_array_f32(I(3), 1, 2, 3));
    CHECK_INT(ct_error_code(), CT_VALUE_ERROR);
    ct_clear_error();
}

/* ---- the text of jaxprs ---- */

static void check_text(char *got, const char *want)
{
    if (!got || strcmp(got, want))
        TEST_FAILED("got:\n%s\nwant:\n%s", got ? got : ct_error_message(), want);
    jaxpr *read = got ? jaxpr_parse(got) : NULL;
    if (!CHECK(read != NULL)) {
        printf("%s\n", ct_error_message());
        ct_clear_error();
    } else {
        text again = {0};
        jaxpr_text(&again, read);
        char *s = text_end(&again);
        if (!s || strcmp(s, got))
            TEST_FAILED("read back as:\n%s", s ? s : "");
        base_free(s);
        object_release(read);
    }
    base_free(got);
}

TEST(jaxprs_print_as_in_jax_and_read_back)
{
    check_text(ct_jaxpr(tanh_by_hand, 1.0), "{ lambda ; a:f32[]. let\n"
                                            "    b:f32[] = mul -2.0:f32[] a\n"
                                            "    c:f32[] = exp b\n"
                                            "    d:f32[] = sub 1.0:f32[] c\n"
                                            "    e:f32[] = add 1.0:f32[] c\n"
                                            "    f:f32[] = div d e\n"
                                            "  in (f,) }");
    check_text(ct_jaxpr(ct_grad(sum_sin_x_x), ct_array_f32(I(3), 1, 2, 3)),
               "{ lambda ; a:f32[3]. let\n"
               "    b:f32[3] = sin a\n"
               "    c:f32[3] = cos a\n"
               "    d:f32[3] = mul b a\n"
               "    _:f32[] = reduce_sum[axes=(0,) out_sharding=None] d\n"
               "    e:f32[3] = broadcast_in_dim 1.0:f32[]\n"
               "    f:f32[3] = mul b e\n"
               "    g:f32[3] = mul e a\n"
               "    h:f32[3] = mul g c\n"
               "    i:f32[3] = add_any f h\n"
               "  in (i,) }");
    check_text(ct_jaxpr(ct_jit(op_sin), 1.0),
               "{ lambda ; a:f32[]. let\n"
               "    b:f32[] = jit[\n"
               "      name=op_sin\n"
               "      jaxpr={ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }\n"
               "    ] a\n"
               "  in (b,) }");
}

TEST(bad_jaxpr_text_is_an_error)
{
    static const char *const bad[] = {
        "",
        "{",
        "{ lambda ; a:f32[]. let b:f32[] = sin c in (b,) }",
        "{ lambda ; a:f32[]. let b:f32[2] = sin a in (b,) }",
        "{ lambda ; a:f32[]. let b:f32[] = no_such_thing a in (b,) }",
        "{ lambda ; a:f32[99999999999999999999]. let in (a,) }",
        "{ lambda ; a:f32[]. let a:f32[] = sin a in (a,) }",
        "{ lambda ; a:f32[2]. let b:f32[] = reduce_sum[axes=(7,) out_sharding=None] a in (b,) }",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jaxpr *j = jaxpr_parse(bad[i]);
        CHECK(!j && !ct_ok());
        object_release(j);
        ct_clear_error();
    }
}
