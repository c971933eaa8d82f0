/* cond, switch, scan, while_loop and fori_loop: values, and all compositions with grad, jvp, vmap
 * and jit, against the same loops written out; jaxprs against the text that JAX prints. */
#include "cotan/control.h"
#include "cotan/stages.h"
#include "core/core.h"
#include "ops/ops.h"
#include "test.h"

static bool close_to(ct_array a, const double *want, int64_t n)
{
    bool good = !is_poison(a) && is_array(a) && a->size == n;
    for (int64_t i = 0; i < n && good; i++)
        good = fabs(array_get_double(a, i) - want[i]) <= 2e-5 * (1 + fabs(want[i]));
    return good;
}
static bool is_near(ct_array a, double want) { return close_to(a, &want, 1); }
static bool same(ct_array a, ct_array b)
{
    bool good = !is_poison(a) && !is_poison(b) && is_array(a) && is_array(b) && a->size == b->size;
    for (int64_t i = 0; i < b->size && good; i++)
        good = fabs(array_get_double(a, i) - array_get_double(b, i)) <=
               2e-5 * (1 + fabs(array_get_double(b, i)));
    return good;
}

/* ---- cond ---- */

static ct_tree sine(ct_tree x) { return op_sin(x); }
static ct_tree cube(ct_tree x) { return op_integer_pow(x, 3); }
static ct_tree sine_or_cube(ct_tree x)
{
    return ct_call(ct_cond(sine, cube), op_gt(x, op_number(1, x)), x);
}
static ct_tree chosen(ct_tree i, ct_tree x)
{
    return ct_call(ct_branches(sine, cube, sine_or_cube), i, x);
}
static ct_tree by_predicate(ct_tree p, ct_tree x) { return ct_call(ct_cond(sine, cube), p, x); }

TEST(cond_takes_one_branch)
{
    CHECK(is_near(ct_call(by_predicate, true, 2.0), sin(2)));
    CHECK(is_near(ct_call(by_predicate, false, 2.0), 8));
    CHECK(is_near(ct_call(ct_jit(by_predicate), true, 2.0), sin(2)));
    CHECK(is_near(ct_call(chosen, 1, 2.0), 8));
    CHECK(is_near(ct_call(chosen, 7, 0.5), 0.125));
    CHECK(is_near(ct_call(ct_jit(chosen), -3, 0.5), sin(0.5)));
}

TEST(cond_has_derivatives_of_any_order)
{
    ct_fn first = ct_grad(sine_or_cube), second = ct_grad(first);
    CHECK(is_near(ct_call(first, 2.0), cos(2)));
    CHECK(is_near(ct_call(first, 0.5), 0.75));
    CHECK(is_near(ct_call(ct_jit(first), 2.0), cos(2)));
    CHECK(is_near(ct_call(ct_jit(first), 0.5), 0.75));
    CHECK(is_near(ct_call(second, 2.0), -sin(2)));
    CHECK(is_near(ct_call(ct_jit(second), 0.5), 3));
    CHECK(is_near(ct_call(ct_grad(ct_jit(ct_grad(ct_jit(sine_or_cube)))), 0.5), 3));
}

TEST(cond_under_vmap)
{
    ct_array x = ct_array_f32(I(2), 0.5, 2), p = op_gt(x, op_number(1, x));
    CHECK(close_to(ct_call(ct_vmap(by_predicate), p, x), (double[]){0.125, sin(2)}, 2));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(by_predicate)), p, x), (double[]){0.125, sin(2)}, 2));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(sine_or_cube)), x), (double[]){0.75, cos(2)}, 2));
    CHECK(
        close_to(ct_call(ct_jit(ct_vmap(ct_grad(sine_or_cube))), x), (double[]){0.75, cos(2)}, 2));
    CHECK(close_to(ct_call(ct_vmap(by_predicate, .in_axes = AXES(NONE, 0)), true, x),
                   (double[]){sin(0.5), sin(2)}, 2));
}

/* ---- scan ---- */

/* A recurrent step with a matrix that it closes over: h' = tanh(w h + x), y = sum(h' x). */
static ct_tree weights; /* what `step` closes over, while `rnn` runs */
static ct_tree next_state(ct_tree h, ct_tree x)
{
    static const int64_t contract[] = {1}, first[] = {0};
    params_dot_general p = {
        .dimension_numbers = {{1, contract}, {1, first}, {0, ct_no_ints}, {0, ct_no_ints}},
        .preferred_element_type = CT_FLOAT32};
    return op_tanh(op_add(op_dot_general(weights, h, &p), x));
}
static ct_tree output(ct_tree h, ct_tree x) { return op_reduce_sum(op_mul(h, x), I(0)); }
static ct_tree step(ct_tree h, ct_tree x)
{
    ct_tree next = next_state(h, x);
    return ct_tuple(next, output(next, x));
}

static ct_tree rnn(ct_tree w, ct_tree h, ct_tree xs)
{
    ct_tree outer = weights;
    weights = w;
    ct_tree result = ct_call(ct_scan(step), h, xs);
    weights = outer;
    ct_array last = ct_at(result, 0), ys = ct_at(result, 1);
    return op_add(op_reduce_sum(op_mul(last, last), I(0)), op_reduce_sum(op_sin(ys), I(0)));
}

static ct_tree rnn_written_out(ct_tree w, ct_tree h, ct_tree xs)
{
    ct_tree outer = weights, sum = NULL, rows[4];
    weights = w;
    op_unstack(xs, 0, rows);
    for (int i = 0; i < 4; i++) {
        h = next_state(h, rows[i]);
        ct_tree y = op_sin(output(h, rows[i]));
        sum = sum ? op_add(sum, y) : y;
    }
    weights = outer;
    return op_add(op_reduce_sum(op_mul(h, h), I(0)), sum);
}

static ct_array some_w(void) { return ct_array_f32(I(3, 3), .1, .2, .3, .4, -.5, .6, .7, .8, -.9); }
static ct_array some_h(void) { return ct_array_f32(I(3), .5, -.5, .25); }
static ct_array some_xs(void)
{
    return ct_array_f32(I(4, 3), 1, 2, 3, .2, .4, .6, -1, -2, -1, .1, .2, .3);
}

TEST(scan_is_a_loop)
{
    ct_array w = some_w(), h = some_h(), xs = some_xs();
    CHECK(same(ct_call(rnn, w, h, xs), ct_call(rnn_written_out, w, h, xs)));
    CHECK(same(ct_call(ct_jit(rnn), w, h, xs), ct_call(rnn_written_out, w, h, xs)));
}

TEST(scan_has_derivatives)
{
    ct_array w = some_w(), h = some_h(), xs = some_xs();
    for (int i = 0; i < 3; i++) {
        ct_fn g = ct_grad(rnn, .argnums = I(i));
        ct_array want = ct_call(ct_grad(rnn_written_out, .argnums = I(i)), w, h, xs);
        CHECK(same(ct_call(g, w, h, xs), want));
        CHECK(same(ct_call(ct_jit(g), w, h, xs), want));
    }
}

/* The directional derivative against a difference quotient. */
TEST(scan_derivative_is_the_limit)
{
    ct_array w = some_w(), h = some_h(), xs = some_xs();
    ct_array g = ct_call(ct_grad(rnn, .argnums = I(1)), w, h, xs);
    for (int i = 0; i < 3 && is_array(g); i++) {
        double e = 1e-2, at[3] = {.5, -.5, .25}, value[2];
        for (int side = 0; side < 2; side++) {
            double moved = at[i] + (side ? e : -e);
            ct_array x = ct_array_f32(I(3), i == 0 ? moved : at[0], i == 1 ? moved : at[1],
                                      i == 2 ? moved : at[2]);
            value[side] = ct_float(ct_call(rnn, w, x, xs));
        }
        CHECK_NEAR(array_get_double(g, i), (value[1] - value[0]) / (2 * e), 2e-3);
    }
}

static ct_tree grad_norm(ct_tree w, ct_tree h, ct_tree xs)
{
    ct_array g = ct_call(ct_grad(rnn, .argnums = I(1)), w, h, xs);
    return op_reduce_sum(op_mul(g, g), I(0));
}
static ct_tree grad_norm_written_out(ct_tree w, ct_tree h, ct_tree xs)
{
    ct_array g = ct_call(ct_grad(rnn_written_out, .argnums = I(1)), w, h, xs);
    return op_reduce_sum(op_mul(g, g), I(0));
}

TEST(scan_has_second_derivatives)
{
    ct_array w = some_w(), h = some_h(), xs = some_xs();
    ct_array want = ct_call(ct_grad(grad_norm_written_out, .argnums = I(1)), w, h, xs);
    CHECK(same(ct_call(ct_grad(grad_norm, .argnums = I(1)), w, h, xs), want));
    CHECK(same(ct_call(ct_jit(ct_grad(grad_norm, .argnums = I(1))), w, h, xs), want));
}

TEST(scan_under_vmap)
{
    ct_array w = some_w(), xs = some_xs(), hs = ct_array_f32(I(2, 3), .5, -.5, .25, 1, 2, 3);
    ct_fn g = ct_grad(rnn, .argnums = I(1)), plain = ct_grad(rnn_written_out, .argnums = I(1));
    ct_array want = ct_call(ct_vmap(plain, .in_axes = AXES(NONE, 0, NONE)), w, hs, xs);
    CHECK(same(ct_call(ct_vmap(g, .in_axes = AXES(NONE, 0, NONE)), w, hs, xs), want));
    CHECK(same(ct_call(ct_jit(ct_vmap(g, .in_axes = AXES(NONE, 0, NONE))), w, hs, xs), want));
    /* only the weights are mapped: the carry becomes mapped on the way */
    ct_array ws = op_stack(2, (ct_array[]){w, op_neg(w)}, 0);
    CHECK(
        same(ct_call(ct_vmap(rnn, .in_axes = AXES(0, NONE, NONE)), ws, some_h(), xs),
             ct_call(ct_vmap(rnn_written_out, .in_axes = AXES(0, NONE, NONE)), ws, some_h(), xs)));
}

/* The tangent reaches the second carried value only after a step, the third is an integer. */
static ct_tree late_scale;
static ct_tree late_step(ct_tree carry, ct_tree x)
{
    ct_array u = ct_at(carry, 0), v = ct_at(carry, 1), i = ct_at(carry, 2);
    return ct_tuple(ct_tuple(v, op_add(op_mul(late_scale, x), v), op_add(i, op_number(1, i))),
                    op_mul(u, op_convert(i, CT_FLOAT32, false)));
}
static ct_tree late(ct_tree a)
{
    ct_tree outer = late_scale;
    late_scale = a;
    ct_tree r = ct_call(ct_scan(late_step), ct_tuple(ct_f32(0), ct_f32(0), ct_i32(0)),
                        ct_array_f32(I(3), 1, 2, 3));
    late_scale = outer;
    ct_tree carry = ct_at(r, 0);
    return op_add(op_add(op_mul(op_number(2, a), ct_at(carry, 0)), ct_at(carry, 1)),
                  op_reduce_sum(ct_at(r, 1), I(0)));
}

TEST(tangents_of_a_carry_grow)
{
    CHECK(is_near(ct_call(late, ct_f32(2)), 28));
    CHECK(is_near(ct_call(ct_grad(late), ct_f32(2)), 14));
    CHECK(is_near(ct_call(ct_jit(ct_grad(late)), ct_f32(2)), 14));
    CHECK(is_near(
        ct_at(ct_jvp_(ct_function(late), ct_tuple(ct_f32(2)), ct_tuple(ct_f32(1)), false), 1), 14));
}

static ct_tree running(ct_tree c, ct_tree x) { return ct_tuple(op_add(c, x), op_mul(c, x)); }
static ct_tree keep_going(ct_tree c, ct_tree x)
{
    return (void)x, ct_tuple(op_mul(c, op_number(2, c)), c);
}
static ct_tree shorter(ct_tree c, ct_tree x)
{
    return (void)x, ct_tuple(op_slice(c, I(0), I(2), (ct_ints){0}), c);
}
static ct_tree no_pair(ct_tree c, ct_tree x) { return (void)x, c; }

TEST(scan_in_either_direction_and_without_xs)
{
    ct_array xs = ct_array_f32(I(3), 1, 2, 3);
    ct_tree r = ct_call(ct_scan(running, .reverse = true), ct_f32(0), xs);
    CHECK(is_near(ct_at(r, 0), 6));
    CHECK(close_to(ct_at(r, 1), (double[]){5, 6, 0}, 3));
    r = ct_call(ct_scan(keep_going, .length = 4), ct_f32(1));
    CHECK(is_near(ct_at(r, 0), 16));
    CHECK(close_to(ct_at(r, 1), (double[]){1, 2, 4, 8}, 4));
    r = ct_call(ct_scan(keep_going, .no_steps = true), ct_f32(1));
    CHECK(is_near(ct_at(r, 0), 1));
    CHECK_INT(ct_dim(ct_at(r, 1), 0), 0);
}

TEST(scan_errors_name_what_is_wrong)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    CHECK_FAILS(
        ct_call(ct_scan(shorter), x, x), CT_TYPE_ERROR,
        "has type float32[3] but the corresponding output carry component has type float32[2]");
    CHECK_FAILS(ct_call(ct_scan(no_pair), x, x), CT_TYPE_ERROR,
                "scan body output must be a pair, got float32[3].");
    CHECK_FAILS(ct_call(ct_scan(running), ct_f32(0)), CT_VALUE_ERROR,
                "scan got no values to scan over and `length` not provided.");
    CHECK_FAILS(ct_call(ct_scan(running, .length = 5), ct_f32(0), x), CT_VALUE_ERROR,
                "disagrees with leading axis sizes [3].");
    CHECK_FAILS(ct_call(ct_scan(running), ct_f32(0), ct_f32(1)), CT_VALUE_ERROR,
                "no leading axis to scan over: 1.0.");
}

/* ---- while and fori ---- */

static ct_tree bound;
static ct_tree small(ct_tree c) { return op_lt(c, op_number(10, c)); }
static ct_tree double_up(ct_tree c) { return op_add(op_mul(c, op_number(2, c)), bound); }
static ct_tree doubled(ct_tree y)
{
    ct_tree outer = bound;
    bound = y;
    ct_tree result = ct_call(ct_while_loop(small, double_up), y);
    bound = outer;
    return result;
}

TEST(while_goes_on_as_long_as_the_condition_holds)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    CHECK(is_near(ct_call(doubled, ct_f32(1)), 15));
    CHECK(is_near(ct_call(ct_jit(doubled), ct_f32(1)), 15));
    CHECK(close_to(ct_call(ct_vmap(doubled), x), (double[]){15, 14, 21}, 3));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(doubled)), x), (double[]){15, 14, 21}, 3));
}

/* Newton's method: as many steps as each element needs, and what sqrt is not defined at nearby. */
static ct_tree far(ct_tree v)
{
    ct_array y = ct_at(v, 0), error = op_sub(op_mul(y, y), ct_at(v, 1));
    return op_gt(op_abs(error), op_number(1e-4, error));
}
static ct_tree nearer(ct_tree v)
{
    ct_array y = ct_at(v, 0), x = ct_at(v, 1);
    return ct_tuple(op_mul(op_number(0.5, y), op_add(y, op_div(x, y))), x);
}
static ct_tree root(ct_tree x)
{
    return ct_at(ct_call(ct_while_loop(far, nearer), ct_tuple(op_number(1, x), x)), 0);
}
static ct_tree sum_of_roots(ct_tree x) { return op_reduce_sum(ct_call(ct_vmap(root), x), I(0)); }

TEST(while_has_derivatives_of_any_order)
{
    ct_tree r = ct_jvp_(ct_function(doubled), ct_tuple(ct_f32(1)), ct_tuple(ct_f32(1)), false);
    CHECK(is_near(ct_at(r, 1), 15));
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    r = ct_jvp_(ct_vmap(doubled), ct_tuple(x), ct_tuple(op_full_like(x, 1)), false);
    CHECK(close_to(ct_at(r, 1), (double[]){15, 7, 7}, 3));
    CHECK(is_near(ct_call(ct_grad(doubled), ct_f32(1)), 15));
    CHECK(is_near(ct_call(ct_jit(ct_grad(doubled)), ct_f32(1)), 15));
    CHECK(is_near(ct_call(ct_grad(ct_jit(doubled)), ct_f32(1)), 15));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(ct_grad(doubled))), x), (double[]){15, 7, 7}, 3));
    ct_array squares = ct_array_f32(I(3), 1, 4, 9);
    double slopes[] = {0, 0.25, 1.0 / 6}; /* of an element that takes no step: that of a constant */
    CHECK(close_to(ct_call(ct_vmap(ct_grad(root)), squares), slopes, 3));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(ct_grad(root))), squares), slopes, 3));
    CHECK(close_to(ct_call(ct_grad(sum_of_roots), squares), slopes, 3));
    CHECK(close_to(ct_call(ct_jit(ct_grad(sum_of_roots)), squares), slopes, 3));
    CHECK(is_near(ct_call(ct_grad(ct_grad(root)), ct_f32(4)), -1.0 / 32));
    CHECK(is_near(ct_call(ct_jit(ct_grad(ct_grad(root))), ct_f32(4)), -1.0 / 32));
    CHECK(is_near(ct_call(ct_grad(ct_jit(ct_grad(root))), ct_f32(4)), -1.0 / 32));
    CHECK_FAILS(
        ct_call(ct_while_loop(op_neg, op_neg), x), CT_TYPE_ERROR,
        "cond_fun must return a boolean scalar, but got output type(s) [ShapedArray(float32[3])].");
}

static ct_tree sine_times(ct_tree i, ct_tree c)
{
    return op_mul(op_sin(c), op_convert(i, CT_FLOAT32, false));
}
static ct_tree five_times(ct_tree c) { return ct_call(ct_fori_loop(sine_times), 1, 5, c); }
static ct_tree n_times(ct_tree n, ct_tree c) { return ct_call(ct_fori_loop(sine_times), 1, n, c); }

TEST(counted_loops)
{
    double v = 1, d = 1, e = 1;
    for (int i = 1; i < 5; i++) {
        d *= cos(v) * i;
        v = sin(v) * i;
        e = i < 3 ? v : e;
    }
    CHECK(is_near(ct_call(five_times, ct_f32(1)), v));
    CHECK(is_near(ct_call(ct_grad(five_times), ct_f32(1)), d));
    CHECK(is_near(ct_call(ct_jit(ct_grad(five_times)), ct_f32(1)), d));
    CHECK(is_near(ct_call(ct_jit(n_times), 5, ct_f32(1)), v));
    CHECK(is_near(ct_call(ct_jit(ct_grad(n_times, .argnums = I(1))), 5, ct_f32(1)), d));
    CHECK(close_to(
        ct_call(ct_vmap(n_times, .in_axes = AXES(0, NONE)), ct_array_i32(I(2), 3, 5), ct_f32(1)),
        (double[]){e, v}, 2));
}

/* doubled, where the argument is positive: elsewhere it does not end */
static ct_tree as_it_is(ct_tree x) { return x; }
static ct_tree doubled_if_positive(ct_tree x)
{
    return ct_call(ct_cond(doubled, as_it_is), op_gt(x, op_number(0, x)), x);
}

TEST(elements_take_no_steps_of_other_branches)
{
    ct_array x = ct_array_f32(I(3), 1, -1, 2);
    CHECK(close_to(ct_call(ct_vmap(doubled_if_positive), x), (double[]){15, -1, 14}, 3));
    CHECK(close_to(ct_call(ct_jit(ct_vmap(ct_grad(doubled_if_positive))), x), (double[]){15, 1, 7},
                   3));
}

/* ---- solutions, barriers ---- */

static ct_tree times_bound(ct_tree x) { return op_mul(bound, x); }
static ct_tree over_bound(ct_tree b) { return op_div(b, bound); }
static ct_tree quotient(ct_tree a, ct_tree b)
{
    ct_tree outer = bound;
    bound = a;
    ct_fn solve =
        ct_custom_linear_solve(.matvec = ct_function(times_bound), .solve = ct_function(over_bound),
                               .transpose_solve = ct_function(over_bound));
    ct_tree x = ct_call(solve, b);
    bound = outer;
    return x;
}
static ct_tree guarded(ct_tree x)
{
    ct_tree pair = ct_optimization_barrier(ct_tuple(x, op_mul(x, x)));
    return op_mul(ct_at(pair, 0), ct_at(pair, 1));
}

TEST(solutions_have_derivatives)
{
    ct_array a = ct_f32(4), b = ct_f32(6), as = ct_array_f32(I(2), 4, 2);
    CHECK(is_near(ct_call(ct_jit(quotient), a, b), 1.5));
    CHECK(is_near(ct_call(ct_jit(ct_grad(quotient)), a, b), -6.0 / 16));
    CHECK(is_near(ct_call(ct_grad(quotient, .argnums = I(1)), a, b), 0.25));
    CHECK(is_near(ct_call(ct_grad(ct_grad(quotient)), a, b), 12.0 / 64));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(quotient), .in_axes = AXES(0, NONE)), as, b),
                   (double[]){-6.0 / 16, -6.0 / 4}, 2));
    CHECK(is_near(ct_call(ct_jit(ct_grad(guarded)), b), 108));
    CHECK(close_to(ct_call(ct_vmap(ct_grad(guarded)), as), (double[]){48, 12}, 2));
    ct_fn only =
        ct_custom_linear_solve(.matvec = ct_function(op_neg), .solve = ct_function(op_neg));
    CHECK_FAILS(ct_call(ct_grad(only), b), CT_TYPE_ERROR, "transpose_solve required");
}

/* ---- programs ---- */

static bool prints(char *got, const char *want)
{
    jaxpr *read = got ? jaxpr_parse(got) : NULL;
    text again = {0};
    if (read)
        jaxpr_text(&again, read);
    char *second = read ? text_end(&again) : NULL;
    bool good = got && second && !strcmp(got, want) && !strcmp(second, want);
    if (!good)
        printf("%s\nread back as\n%s\nnot\n%s\n", got ? got : "(null)", second ? second : "(null)",
               want);
    object_release(read);
    free(got);
    base_free(second);
    return good;
}

TEST(programs_as_jax_prints_them)
{
    CHECK(prints(ct_jaxpr(ct_scan(running), ct_f32(1), ct_array_f32(I(3), 1, 2, 3)),
                 "{ lambda ; a:f32[] b:f32[3]. let\n"
                 "    c:f32[] d:f32[3] = scan[\n"
                 "      jaxpr={ lambda ; e:f32[] f:f32[]. let\n"
                 "          g:f32[] = add e f\n"
                 "          h:f32[] = mul e f\n"
                 "        in (g, h) }\n"
                 "      length=3\n"
                 "      num_carry=1\n"
                 "      num_consts=0\n"
                 "      reverse=False\n"
                 "      unroll=1\n"
                 "    ] a b\n"
                 "  in (c, d) }"));
    CHECK(prints(ct_jaxpr(doubled, ct_f32(1)),
                 "{ lambda ; a:f32[]. let\n"
                 "    b:f32[] = while[\n"
                 "      body_jaxpr={ lambda ; c:f32[] d:f32[]. let\n"
                 "          e:f32[] = mul d 2.0:f32[]\n"
                 "          f:f32[] = add e c\n"
                 "        in (f,) }\n"
                 "      body_nconsts=1\n"
                 "      cond_jaxpr={ lambda ; g:f32[]. let h:bool[] = lt g 10.0:f32[] in (h,) }\n"
                 "      cond_nconsts=0\n"
                 "    ] a a\n"
                 "  in (b,) }"));
}

TEST(programs_that_are_no_loops)
{
    static const char *const bad[] = {
        "{ lambda ; a:f32[]. let b:f32[] = scan[length=3 num_carry=1 num_consts=0 reverse=False "
        "unroll=1] a in (b,) }",
        "{ lambda ; a:f32[]. let b:f32[] = scan[jaxpr={ lambda ; c:f32[]. let  in (c,) } length=3 "
        "num_carry=9 num_consts=0 reverse=False unroll=1] a in (b,) }",
        "{ lambda ; a:f32[]. let b:f32[] = while[body_jaxpr={ lambda ; c:f32[]. let  in (c,) } "
        "body_nconsts=0 cond_nconsts=0] a in (b,) }",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jaxpr *j = jaxpr_parse(bad[i]);
        CHECK(!j && !ct_ok());
        object_release(j);
        ct_clear_error();
    }
}

static ct_array row_sum(ct_array x) { return op_reduce_sum(x, I(0)); }
static ct_array product(ct_array a, ct_array b) { return op_mul(a, b); }

TEST(a_function_of_every_slice)
{
    ct_array x = ct_array_f32(I(3, 2), 1, 2, 3, 4, 5, 6);
    for (int size = 0; size < 5; size++) {
        ct_array sums = ct_call(ct_map_slices(row_sum, .batch_size = size), x);
        CHECK(same(sums, ct_array_f32(I(3), 3, 7, 11)));
    }
    CHECK(is_poison(ct_call(ct_map_slices(row_sum, .batch_size = -1), x)));
    CHECK_INT(ct_error_code(), CT_VALUE_ERROR);
    ct_clear_error();
}

TEST(partial_results)
{
    ct_array x = ct_array_f32(I(5), 1, 2, 3, 4, 5);
    CHECK(same(ct_call(ct_associative_scan(product), x), ct_array_f32(I(5), 1, 2, 6, 24, 120)));
    CHECK(same(ct_call(ct_jit(ct_associative_scan(product, .reverse = true)), x),
               ct_array_f32(I(5), 120, 120, 60, 20, 5)));
    CHECK(is_poison(ct_call(ct_associative_scan(product, .axis = 1), x)));
    CHECK_INT(ct_error_code(), CT_VALUE_ERROR);
    ct_clear_error();
}

/* x^2 = a by Newton's steps. */
typedef struct square_root {
    ct_array a;
} square_root;

static ct_tree distance(void *env, int n, const ct_tree *args)
{
    (void)n;
    return op_sub(op_square(args[0]), ((square_root *)env)->a);
}

static ct_tree newton(void *env, int n, const ct_tree *args)
{
    ct_array x = args[0], two = op_number(2, x);
    (void)n;
    for (int i = 0; i < 8; i++)
        x = op_div(op_add(x, op_div(((square_root *)env)->a, x)), two);
    return x;
}

static ct_tree divide(void *env, ct_fn derivative, ct_tree y)
{
    (void)env;
    return op_div(y, ct_call(derivative, op_number(1, y)));
}

static ct_array root_of(ct_array a)
{
    square_root r = {a};
    ct_fn root =
        ct_custom_root(.f = ct_closure(distance, &r, NULL, "distance"),
                       .solve = ct_closure(newton, &r, NULL, "newton"), .tangent_solve = divide);
    return ct_call(root, op_number(1, a));
}

TEST(derivatives_of_a_root)
{
    CHECK_NEAR(ct_float(ct_call(ct_function(root_of), 4.0)), 2, 1e-6);
    CHECK_NEAR(ct_float(ct_call(ct_grad(root_of), 4.0)), 0.25, 1e-6);
    CHECK_NEAR(ct_float(ct_call(ct_jit(ct_grad(ct_grad(root_of))), 4.0)), -1 / 32.0, 1e-6);
}

/* ---- bodies that are kept ---- */

static int traced_steps;
static ct_tree counted_step(ct_tree carry, ct_tree x)
{
    traced_steps++;
    return ct_tuple(op_add(op_mul(carry, op_number(2, carry)), x), carry);
}

TEST(a_kept_body_is_traced_once)
{
    ct_fn step = ct_kept(ct_function(counted_step)), loop = ct_scan(step);
    ct_array xs = ct_array_f32(I(3), 1, 1, 1);
    traced_steps = 0;
    CHECK(is_near(ct_at(ct_call(loop, 1.0f, xs), 0), 15));
    CHECK(is_near(ct_at(ct_call(loop, 1.0f, xs), 0), 15));
    CHECK_INT(traced_steps, 1);
    CHECK(is_near(ct_at(ct_call(ct_scan(ct_function(counted_step)), 1.0f, xs), 0), 15));
    CHECK_INT(traced_steps, 2);
    ct_clear_caches();
    CHECK(is_near(ct_at(ct_call(loop, 1.0f, xs), 0), 15));
    CHECK_INT(traced_steps, 3);
    CHECK(!ct_kept(NULL));
}
