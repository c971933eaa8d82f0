/* The first page, in C: gradients of any order, pairwise distances without a loop, per-example
 * gradients, a compiled training step, a jaxpr. */
#include <cotan.h>
#include <stdio.h>
#include <stdlib.h>

static ct_array my_tanh(ct_array x)
{
    ct_array y = ct_exp(ct_mul(-2.0, x));
    return ct_div(ct_sub(1.0, y), ct_add(1.0, y));
}

static ct_array predict(ct_tree params, ct_array inputs)
{
    ct_array outputs = inputs;
    for (int i = 0; i < ct_len(params); i++) {
        ct_tree layer = ct_at(params, i);
        outputs = ct_add(ct_dot(inputs, ct_get(layer, "W")), ct_get(layer, "b"));
        inputs = ct_maximum(outputs, 0.0);
    }
    return outputs;
}

static ct_array loss(ct_tree params, ct_array inputs, ct_array targets)
{
    return ct_sum(ct_square(ct_sub(predict(params, inputs), targets)));
}

static ct_array l1(ct_array x, ct_array y) { return ct_sum(ct_abs(ct_sub(x, y))); }

/* One step of gradient descent, leaf by leaf. */
static ct_array descend(ct_array p, ct_array g) { return ct_sub(p, ct_mul(0.001, g)); }

static ct_array log_ratio(ct_array x)
{
    ct_array up = ct_log(x),
             down = ct_log(
                 2.0); /* named, since C does not order arguments and the jaxpr shows the order */
    return ct_div(up, down);
}

int main(void)
{
    ct_scope scope = ct_begin();

    ct_fn grad_tanh = ct_grad(my_tanh); /* a C function is a ct_fn wherever one is wanted */
    printf("%.7f\n", ct_float(ct_call(grad_tanh, 1.0)));
    ct_fn third = ct_grad(ct_grad(grad_tanh));
    printf("%.7f\n", ct_float(ct_call(third, 1.0)));

    ct_fn rows = ct_vmap(l1, .in_axes = AXES(0, NONE));
    ct_fn pairwise = ct_vmap(rows, .in_axes = AXES(NONE, 0));
    ct_array xs = ct_random_normal(ct_random_key(0), I(100, 3));
    ct_print_shapes(ct_call(pairwise, xs, xs));

    ct_tree params = ct_list(ct_dict("W", ct_ones(I(3, 4)), "b", ct_zeros(I(4))));
    ct_array inputs = xs, targets = ct_zeros(I(100, 4));
    ct_fn per_example = ct_jit(ct_vmap(ct_grad(loss), .in_axes = AXES(NONE, 0, 0)));
    ct_print_shapes(ct_call(per_example, params, inputs, targets));

    ct_fn gradients = ct_jit(ct_grad(loss));
    for (int step = 0; step < 10; step++) {
        ct_scope each = ct_begin(); /* temporaries of this step end here */
        params =
            ct_end(each, ct_map2(descend, params, ct_call(gradients, params, inputs, targets)));
    }
    printf("%.4f\n", ct_float(loss(params, inputs, targets)));

    char *jaxpr = ct_jaxpr(log_ratio, 1.0);
    if (jaxpr)
        puts(jaxpr);
    free(jaxpr);

    bool good = ct_ok();
    if (!good)
        fprintf(stderr, "%s\n", ct_error_message());
    ct_end(scope);
    return !good;
}
