/* Random keys and bits against values recorded from JAX 0.10.2. */
#include "ops/ops.h"
#include "test.h"

static ct_array key(int64_t seed)
{
    return op_random_seed(array_scalar_int(CT_INT32, false, seed), CT_KEY_THREEFRY);
}

static void check_words(ct_array words, int64_t n, const uint32_t *want)
{
    if (!CHECK(is_array(words)) || !CHECK(words->size == n))
        return;
    for (int64_t i = 0; i < n; i++)
        CHECK_INT((uint32_t)array_get_int(words, i), want[i]);
}

TEST(seeds)
{
    check_words(op_random_unwrap(key(42)), 2, (uint32_t[]){0, 42});
    check_words(op_random_unwrap(key(-1)), 2, (uint32_t[]){0, 4294967295u});
    check_words(op_random_unwrap(op_random_seed(
                    array_scalar_int(CT_INT64, false, ((int64_t)1 << 40) + 5), CT_KEY_THREEFRY)),
                2, (uint32_t[]){256, 5});
    CHECK_FAILS(op_random_seed(ct_f32(1.5), CT_KEY_THREEFRY), CT_TYPE_ERROR, "must be an integer");
}

TEST(split_and_fold_in)
{
    check_words(
        op_random_unwrap(op_random_split(key(0), I(3))), 6,
        (uint32_t[]){1797259609u, 2579123966u, 928981903u, 3453687069u, 4146024105u, 2718843009u});
    ct_array seven = array_scalar_int(CT_UINT32, false, 7);
    check_words(op_random_unwrap(op_random_fold_in(key(0), seven)), 2,
                (uint32_t[]){2716826189u, 292468403u});
    ct_array twice = op_random_split(op_random_split(key(0), I(5)), I(2));
    CHECK(twice->aval.ndim == 2 && twice->aval.shape[0] == 5 && twice->aval.shape[1] == 2);
    ct_array words = op_random_unwrap(twice);
    CHECK_INT((uint32_t)array_get_int(words, 0), 4165894930u);
    CHECK_INT((uint32_t)array_get_int(words, 19), 1072554200u);
}

TEST(bits)
{
    check_words(op_random_bits(key(0), 32, I(3)), 3,
                (uint32_t[]){4070199207u, 4202968722u, 1427181096u});
    check_words(op_random_bits(key(0), 8, I(3)), 3, (uint32_t[]){167, 146, 40});
    check_words(op_random_bits(key(0), 16, I(3)), 3, (uint32_t[]){20391, 13970, 3624});
    ct_array wide = op_random_bits(key(0), 64, I(3));
    CHECK((uint64_t)array_get_int(wide, 0) == 7719171245655871230u &&
          (uint64_t)array_get_int(wide, 2) == 17807037942121513089u);
    ct_array large = op_random_bits(key(0), 32, I(70000)), small = op_random_bits(key(0), 32, I(3));
    CHECK_INT(array_get_int(large, 2), array_get_int(small, 2));
    CHECK_FAILS(op_random_bits(key(0), 12, I(3)), CT_TYPE_ERROR, "field width");
    CHECK_FAILS(op_random_bits(ct_f32(0), 32, I(3)), CT_TYPE_ERROR, "key array");
}

TEST(wrapping)
{
    ct_array data = ct_from_data(CT_UINT32, I(2, 2), (uint32_t[]){1, 2, 3, 4});
    ct_array keys = op_random_wrap(data, CT_KEY_THREEFRY);
    CHECK(keys->aval.dtype == CT_KEY_THREEFRY && keys->aval.ndim == 1 && keys->size == 2);
    check_words(op_random_unwrap(op_random_clone(keys)), 4, (uint32_t[]){1, 2, 3, 4});
    CHECK_FAILS(
        op_random_wrap(ct_from_data(CT_UINT32, I(3), (uint32_t[]){1, 2, 3}), CT_KEY_THREEFRY),
        CT_TYPE_ERROR, "end with (2,)");
}

TEST(hash_broadcasts)
{
    ct_array out[2], same[2];
    ct_array k1 = ct_from_data(CT_UINT32, I(2, 1), (uint32_t[]){1, 2}),
             k2 = ct_from_data(CT_UINT32, I(2, 1), (uint32_t[]){3, 4});
    ct_array x = ct_from_data(CT_UINT32, I(1, 3), (uint32_t[]){5, 6, 7});
    op_threefry2x32(k1, k2, x, x, out);
    CHECK(out[0]->size == 6);
    ct_array second = ct_from_data(CT_UINT32, I(3), (uint32_t[]){5, 6, 7});
    op_threefry2x32(array_scalar_int(CT_UINT32, false, 2), array_scalar_int(CT_UINT32, false, 4),
                    second, second, same);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(array_get_int(out[0], 3 + i), array_get_int(same[0], i));
        CHECK_INT(array_get_int(out[1], 3 + i), array_get_int(same[1], i));
    }
}

TEST(bits_from_a_state)
{
    ct_array out[2], state = ct_from_data(CT_UINT32, I(4), (uint32_t[]){0, 1, 2, 3});
    params_rng_bit_generator p = {.dtype = CT_UINT32, .shape = I(3)};
    op_rng_bit_generator(state, &p, out);
    check_words(out[0], 4, (uint32_t[]){0, 1, 3, 3});
    check_words(out[1], 3, (uint32_t[]){895509795u, 3230209149u, 3834998268u});
    p = (params_rng_bit_generator){.algorithm = 1, .dtype = CT_UINT32, .shape = I(3)};
    op_rng_bit_generator(state, &p, out);
    check_words(out[0], 4, (uint32_t[]){0, 1, 4, 3});
    check_words(out[1], 3, (uint32_t[]){2689575991u, 2205648888u, 150810639u});
    p.dtype = CT_FLOAT32;
    CHECK_FAILS(op_rng_bit_generator(state, &p, out), CT_TYPE_ERROR, "unsupported dtype float32");
}

TEST(numbers_without_a_key)
{
    ct_array x = op_rng_uniform(ct_f32(2), ct_f32(3), I(100));
    for (int i = 0; i < 100; i++)
        CHECK(array_get_double(x, i) >= 2 && array_get_double(x, i) < 3);
    CHECK_FAILS(op_rng_uniform(ct_f32(2), ct_i32(3), I(1)), CT_VALUE_ERROR, "identical dtypes");
}
