/* checkpoint: the same derivatives with fewer values kept; what policies keep; what the compiler
 * makes of it. */
#include "cotan.h"

#include "compile/program.h"
#include "ops/ops.h"
#include "test.h"
#include "transform/transform.h"

static ct_array f(ct_array x) { return op_sin(op_cos(op_sin(x))); }
static ct_array sum(ct_array x) { return op_reduce_sum(x, I(0)); }
static ct_array named(ct_array x)
{
    return op_sin(ct_checkpoint_name(op_cos(ct_checkpoint_name(op_sin(x), "first")), "second"));
}

static bool near_f(ct_array got, double x)
{
    double want = -cos(cos(sin(x))) * sin(sin(x)) * cos(x);
    return !is_poison(got) && fabs(array_get_double(got, 0) - want) < 1e-6;
}

TEST(derivatives_are_the_same)
{
    ct_fn g = ct_grad(ct_checkpoint(f));
    CHECK(near_f(ct_call(g, 0.5), 0.5));
    CHECK(near_f(ct_call(ct_jit(g), 0.5), 0.5));
    CHECK(near_f(ct_call(ct_grad(ct_checkpoint(ct_checkpoint(f))), 0.5), 0.5));
    CHECK(near_f(ct_call(ct_vmap(g), ct_array_f32(I(2), 0.5, 1)), 0.5));
    ct_array second = ct_call(ct_grad(g), 0.5), want = ct_call(ct_grad(ct_grad(f)), 0.5);
    CHECK(!is_poison(second) && !is_poison(want) &&
          fabs(array_get_double(second, 0) - array_get_double(want, 0)) < 1e-6);
}

/* How many values the derivative keeps. */
static int64_t residuals(ct_fn checkpointed)
{
    char *lines = ct_saved_residuals(checkpointed, ct_array_f32(I(2), 0.5, 1));
    int64_t n = lines ? 0 : -1;
    for (const char *s = lines; s && *s; s++)
        n += *s == '\n';
    free(lines);
    return n;
}

static bool saves_cosines(void *env, const char *operation, const char *name)
{
    (void)name;
    ++*(int *)env;
    return !strcmp(operation, "cos");
}

TEST(policies_decide_what_is_kept)
{
    CHECK_INT(residuals(ct_function(f)), 3);
    CHECK_INT(residuals(ct_checkpoint(f)), 1);
    CHECK_INT(residuals(ct_checkpoint(f, .policy = ct_save_nothing())), 1);
    CHECK_INT(residuals(ct_checkpoint(f, .policy = ct_save_everything())), 3);
    CHECK_INT(residuals(ct_checkpoint(f, .policy = ct_save_dots())), 1);
    CHECK_INT(residuals(ct_checkpoint(named, .policy = ct_save_only_these_names("first"))), 2);
    CHECK_INT(residuals(ct_checkpoint(named, .policy = ct_save_only_these_names("neither"))), 1);
    CHECK_INT(residuals(ct_checkpoint(named, .policy = ct_save_any_names_but_these("x"))), 3);
    ct_fn both = ct_save_from_both_policies(ct_save_only_these_names("first"),
                                            ct_save_only_these_names("second"));
    CHECK_INT(residuals(ct_checkpoint(named, .policy = both)), 3);
    int asked = 0;
    CHECK_INT(residuals(ct_checkpoint(f, .policy = ct_policy(saves_cosines, &asked, NULL))), 3);
    CHECK(asked >= 3);
}

/* The bytes of the temporaries of a gradient of many layers. */
static ct_array layers(ct_array x, bool checkpoints, bool allow_cse)
{
    ct_fn layer = checkpoints ? ct_checkpoint(f, .allow_cse = allow_cse) : ct_function(f);
    for (int i = 0; i < 12; i++)
        x = ct_call(layer, x);
    return sum(x);
}
static ct_array plain(ct_array x) { return layers(x, false, false); }
static ct_array checked(ct_array x) { return layers(x, true, false); }
static ct_array merged(ct_array x) { return layers(x, true, true); }

static bool run_gradient(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    (void)nin;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    return out->at && !is_poison(out->at[0] = ct_call(*(ct_fn *)env, in[0]));
}

static int64_t temporary_bytes(ct_fn gradient)
{
    aval a = {.dtype = CT_FLOAT32, .ndim = 1, .shape = (int64_t[]){1 << 16}};
    jaxpr *j = transform_stage((flat){run_gradient, &gradient, "gradient"}, 1, &a, "gradient");
    program *p = j ? program_build(j) : NULL;
    int64_t bytes = p ? (int64_t)p->temporary_bytes : -1;
    if (p)
        program_free(p);
    object_release(j);
    return bytes;
}

TEST(recomputing_bounds_memory)
{
    int64_t kept = temporary_bytes(ct_grad(plain)), again = temporary_bytes(ct_grad(checked)),
            undone = temporary_bytes(ct_grad(merged));
    CHECK(kept >= 0 && again >= 0 && undone >= 0);
    CHECK(2 * again < kept);
    CHECK(again < undone);
}
