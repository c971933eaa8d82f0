/* Trains a small network to read handwritten digits: the twin of digits.py, line for line, with the
 * same losses.
 *
 *     digits [DATA-FOLDER]
 */
#include <cotan.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SIDE = 8,
    PIXELS = SIDE * SIDE,
    CLASSES = 10,
    BATCH = 64,
    TEST = 360,
    EPOCHS = 30,
    LAYERS = 3
};
static const int64_t sizes[LAYERS + 1] = {PIXELS, 128, 64, CLASSES};

/* The bytes of an IDX file after its header, as an array of the given shape. */
static ct_array load(const char *folder, const char *name, size_t header, ct_ints shape)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return ct_fail(CT_IO_ERROR, "cannot open %s; give the folder of the digits as the argument",
                       path);
    static uint8_t bytes[1797 * PIXELS + 16];
    fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return ct_from_data(CT_UINT8, shape, bytes + header);
}

static ct_tree initial(ct_array key)
{
    ct_array keys = ct_random_split(key, .num = I(LAYERS));
    ct_tree layers[LAYERS];
    for (int i = 0; i < LAYERS; i++) {
        ct_array draws = ct_random_normal(ct_row(keys, i), I(sizes[i], sizes[i + 1]));
        ct_array w = ct_mul(draws, ct_sqrt(2.0 / sizes[i]));
        layers[i] = ct_dict("w", w, "b", ct_zeros(I(sizes[i + 1])));
    }
    return ct_list_(LAYERS, layers);
}

static ct_array dense(ct_tree layer, ct_array x)
{
    return ct_add(ct_dot(x, ct_get(layer, "w")), ct_get(layer, "b"));
}

static ct_array logits(ct_tree params, ct_array image)
{
    ct_array h = image;
    for (int i = 0; i < LAYERS - 1; i++)
        h = ct_nn_relu(dense(ct_at(params, i), h));
    return dense(ct_at(params, LAYERS - 1), h);
}

static ct_array loss(ct_tree params, ct_array images, ct_array labels)
{
    ct_fn batched = ct_vmap(logits, .in_axes = AXES(NONE, 0));
    ct_array scores = ct_nn_log_softmax(ct_call(batched, params, images));
    ct_array chosen = ct_sum(ct_mul(scores, ct_nn_one_hot(labels, CLASSES)), .axis = I(1));
    return ct_negative(ct_mean(chosen));
}

static ct_array accelerate(ct_array v, ct_array g)
{
    return ct_sub(ct_mul(0.9, v), ct_mul(0.1, g));
}
static ct_array rest(ct_array p) { return ct_zeros_like(p); }
static ct_array move(ct_array p, ct_array v) { return ct_add(p, v); }

/* One step of gradient descent with momentum: (params, velocity, images, labels) -> (params,
 * velocity, loss). */
static ct_tree step(ct_tree params, ct_tree velocity, ct_array images, ct_array labels)
{
    ct_tree both = ct_call(ct_value_and_grad(loss), params, images, labels);
    velocity = ct_map2(accelerate, velocity, ct_at(both, 1));
    return ct_tuple(ct_map2(move, params, velocity), velocity, ct_at(both, 0));
}

static ct_array accuracy(ct_tree params, ct_array images, ct_array labels)
{
    return ct_mean(ct_equal(ct_argmax(logits(params, images), .axis = GIVEN(1)), labels));
}

int main(int argc, char **argv)
{
    ct_scope program = ct_begin();
    const char *folder = argc > 1 ? argv[1] : "examples/data";
    ct_array images =
        ct_div(ct_astype(load(folder, "digits-images.idx", 16, I(1797, PIXELS)), CT_FLOAT32), 16.0);
    ct_array labels = ct_astype(load(folder, "digits-labels.idx", 8, I(1797)), CT_INT32);

    ct_array keys = ct_random_split(ct_random_key(0), .num = I(3));
    ct_array key = ct_row(keys, 0);
    ct_array order = ct_random_permutation(ct_row(keys, 1), ct_dim(images, 0));
    ct_array test = ct_rows(order, 0, TEST), train = ct_rows(order, TEST, ct_dim(order, 0));
    ct_tree params = initial(ct_row(keys, 2));
    ct_tree velocity = ct_map1(rest, params);

    ct_fn jitted = ct_jit(step);
    int steps = 0;
    for (int epoch = 0; epoch < EPOCHS && ct_ok(); epoch++) {
        ct_scope each = ct_begin(); /* what this epoch makes ends with it, except the state */
        ct_array pair = ct_random_split(key);
        ct_array shuffled = ct_random_permutation(ct_row(pair, 1), train);
        for (int i = 0; i < ct_dim(train, 0) / BATCH; i++) {
            ct_array batch = ct_rows(shuffled, i * BATCH, (i + 1) * BATCH);
            ct_tree state =
                ct_call(jitted, params, velocity, ct_pick(images, batch), ct_pick(labels, batch));
            params = ct_at(state, 0);
            velocity = ct_at(state, 1);
            if (++steps % 100 == 0 || steps == 1)
                printf("step %4d  loss %.6f\n", steps, ct_float(ct_at(state, 2)));
        }
        ct_tree kept = ct_end(each, ct_tuple(params, velocity, ct_row(pair, 0)));
        params = ct_at(kept, 0);
        velocity = ct_at(kept, 1);
        key = ct_at(kept, 2);
    }
    double share =
        ct_float(ct_call(ct_jit(accuracy), params, ct_pick(images, test), ct_pick(labels, test)));
    bool good = ct_ok();
    if (good)
        printf("accuracy on %d unseen digits: %.4f\n", TEST, share);
    else
        fprintf(stderr, "%s\n", ct_error_message());
    ct_end(program);
    return !good;
}
