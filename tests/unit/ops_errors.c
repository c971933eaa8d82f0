/* What operations refuse: the exception class and the words that name operation, shapes and dtypes,
 * as JAX has them. */
#include "test.h"

#include "ops/rules.h"

static ct_array zeros(ct_dtype dtype, ct_ints shape)
{
    return op_full(&(aval){(uint8_t)dtype, false, (int32_t)shape.n, shape.at}, 0);
}
static ct_array matrix(void) { return zeros(CT_FLOAT32, I(2, 3)); }
static ct_array ints(void) { return zeros(CT_INT32, I(2, 3)); }
static ct_array flags(void) { return zeros(CT_BOOL, I(2, 3)); }

TEST(elementwise_shapes)
{
    CHECK_FAILS(op_add(zeros(CT_FLOAT32, I(2)), zeros(CT_FLOAT32, I(3))), CT_TYPE_ERROR,
                "add got incompatible shapes for broadcasting: (2,), (3,).");
    CHECK_FAILS(op_add(zeros(CT_FLOAT32, I(3)), matrix()), CT_TYPE_ERROR,
                "add: arrays must have the same number of dimensions, got {1, 2}");
    CHECK_FAILS(op_clamp(zeros(CT_FLOAT32, I(2)), matrix(), matrix()), CT_TYPE_ERROR,
                "got min.shape=(2,), operand.shape=(2, 3).");
    CHECK_FAILS(op_select_n(flags(), 2, (ct_array[]){matrix(), zeros(CT_FLOAT32, I(3))}),
                CT_TYPE_ERROR, "select cases must have the same shapes");
    CHECK_FAILS(op_select_n(zeros(CT_BOOL, I(2)), 2, (ct_array[]){matrix(), matrix()}),
                CT_TYPE_ERROR, "got `which` shape (2,) but case shape (2, 3).");
    ct_array wide = op_add(zeros(CT_FLOAT32, I(2, 1)), matrix());
    CHECK(ints_equal(aval_shape(&wide->aval), I(2, 3)));
}

TEST(elementwise_dtypes)
{
    CHECK_FAILS(op_sin(ints()), CT_TYPE_ERROR,
                "sin does not accept dtype int32. Accepted dtypes are subtypes of floating, "
                "complexfloating.");
    CHECK_FAILS(op_add(flags(), flags()), CT_TYPE_ERROR,
                "add does not accept dtype bool at position 0. Accepted dtypes at position 0 are "
                "subtypes of integer, floating, complexfloating.");
    CHECK_FAILS(op_add(matrix(), ints()), CT_TYPE_ERROR,
                "lax.add requires arguments to have the same dtypes, got float32, int32. (Tip: "
                "jnp.add is a similar function that does automatic "
                "type promotion on inputs).");
    CHECK_FAILS(
        op_lt(zeros(CT_COMPLEX64, I(2)), zeros(CT_COMPLEX64, I(2))), CT_TYPE_ERROR,
        "lt does not accept dtype complex64 at position 0. Accepted dtypes at position 0 are "
        "subtypes of integer, floating, bool.");
    CHECK_FAILS(op_and(matrix(), matrix()), CT_TYPE_ERROR,
                "and does not accept dtype float32 at position 0. Accepted dtypes at position 0 "
                "are subtypes of integer, bool.");
    CHECK_FAILS(op_pow(ints(), matrix()), CT_TYPE_ERROR, "pow does not accept dtype int32");
    CHECK_FAILS(op_pow(matrix(), zeros(CT_FLOAT16, I(2, 3))), CT_TYPE_ERROR,
                "two inexact dtypes must match, but got float32 and float16 respectively.");
    CHECK_FAILS(op_integer_pow(ints(), -1), CT_TYPE_ERROR,
                "Integers cannot be raised to negative powers, got integer_pow(int32");
    CHECK_FAILS(op_select_n(matrix(), 2, (ct_array[]){matrix(), matrix()}), CT_TYPE_ERROR,
                "select `which` must be boolean or integer type, got float32.");
    CHECK_FAILS(op_select_n(flags(), 3, (ct_array[]){matrix(), matrix(), matrix()}), CT_TYPE_ERROR,
                "select with boolean `which` cannot have > 2 cases.");
    CHECK_FAILS(op_select_n(flags(), 2, (ct_array[]){ints(), matrix()}), CT_TYPE_ERROR,
                "lax.select requires arguments to have the same dtypes, got int32, float32.");
    CHECK_FAILS(
        op_real(matrix()), CT_TYPE_ERROR,
        "real does not accept dtype float32. Accepted dtypes are subtypes of complexfloating.");
    CHECK_FAILS(op_abs(zeros(CT_UINT8, I(2))), CT_TYPE_ERROR, "abs does not accept dtype uint8.");
    CHECK_FAILS(op_round(ints(), 0), CT_TYPE_ERROR,
                "round does not accept dtype int32. Accepted dtypes are subtypes of floating.");
}

TEST(reductions)
{
    CHECK_FAILS(op_reduce_sum(matrix(), I(2)), CT_VALUE_ERROR,
                "reduction axes (2,) contains out-of-bounds indices for float32");
    CHECK_FAILS(op_reduce_sum(matrix(), I(0, 0)), CT_VALUE_ERROR,
                "duplicate value in 'axes' of reduction: (0, 0)");
    CHECK_FAILS(op_reduce_sum(flags(), I(0)), CT_TYPE_ERROR,
                "reduce_sum does not accept dtype bool. Accepted dtypes are subtypes of number.");
    CHECK_FAILS(op_reduce_or(matrix(), I(0)), CT_TYPE_ERROR,
                "logical reduction requires operand dtype bool or int, got float32.");
    CHECK_FAILS(op_cumsum(matrix(), 2, false), CT_VALUE_ERROR,
                "axis 2 is out of bounds for array of shape (2, 3)");
    CHECK_FAILS(op_argmax(matrix(), 2, CT_INT32), CT_VALUE_ERROR, "Invalid axis");
    CHECK_FAILS(op_argmax(matrix(), 0, CT_FLOAT32), CT_TYPE_ERROR,
                "index_dtype must be an integer type, but got float32");
    CHECK_FAILS(op_argmax(zeros(CT_FLOAT32, I(0, 3)), 0, CT_INT32), CT_VALUE_ERROR,
                "argmin and argmax require non-empty reduced dimension.");
}

TEST(shapes)
{
    CHECK_FAILS(op_reshape(matrix(), I(7)), CT_TYPE_ERROR,
                "cannot reshape array of shape (2, 3) (size 6) into shape (7,) (size 7)");
    CHECK_FAILS(op_transpose(matrix(), I(0)), CT_TYPE_ERROR,
                "transpose permutation isn't a permutation of operand dimensions, got permutation "
                "(0,) for operand shape (2, 3).");
    CHECK_FAILS(op_rev(matrix(), I(2)), CT_TYPE_ERROR,
                "rev dimensions must all be less than operand ndim, got dimensions (2,) for "
                "operand ndim 2.");
    CHECK_FAILS(op_rev(matrix(), I(0, 0)), CT_TYPE_ERROR,
                "rev dimensions must be unique, got (0, 0).");
    CHECK_FAILS(op_squeeze(matrix(), I(1)), CT_VALUE_ERROR,
                "cannot select an axis to squeeze out which has size not equal to one, got "
                "shape=(2, 3) and dimensions=(1,)");
    CHECK_FAILS(
        op_broadcast_in_dim(matrix(), I(3, 2), I(0, 1)), CT_TYPE_ERROR,
        "got operand of shape (2, 3), target broadcast shape (3, 2), broadcast_dimensions (0, 1)");
    CHECK_FAILS(op_broadcast_in_dim(matrix(), I(2, 3), I(0)), CT_TYPE_ERROR,
                "broadcast_in_dim broadcast_dimensions must have length equal to operand ndim; got "
                "broadcast_dimensions (0,)");
    CHECK_FAILS(op_broadcast_in_dim(matrix(), I(2, 3, 3), I(0, 5)), CT_TYPE_ERROR,
                "must be a subset of output dimensions, got (0, 5) for operand ndim 2 and shape "
                "(2, 3, 3).");
    CHECK_FAILS(op_tile(matrix(), I(2)), CT_TYPE_ERROR,
                "reps length must be equal to the ndim of x, got len(reps)=1 and x.ndim=2.");
    CHECK_FAILS(
        op_iota(CT_FLOAT32, I(2, 3), 2), CT_VALUE_ERROR,
        "iota dimension must be between 0 and len(shape), got dimension=2 for shape=(2, 3)");
    CHECK_FAILS(op_iota(CT_BOOL, I(2), 0), CT_TYPE_ERROR, "iota does not accept dtype bool.");
    CHECK_FAILS(
        op_bitcast(zeros(CT_INT8, I(2)), CT_INT32), CT_VALUE_ERROR,
        "Attempting to convert array of shape (2,) from int8 of size 8 to int32 of size 32");
}

TEST(joining_and_cutting)
{
    ct_array row = zeros(CT_FLOAT32, I(2)), wide = zeros(CT_FLOAT32, I(2, 4)), none[2];
    CHECK_FAILS(op_concatenate(2, (ct_array[]){matrix(), wide}, 0), CT_TYPE_ERROR,
                "concatenating along dimension 0 for shapes (2, 3), (2, 4).");
    CHECK_FAILS(
        op_concatenate(2, (ct_array[]){matrix(), row}, 0), CT_TYPE_ERROR,
        "Cannot concatenate arrays with different numbers of dimensions: got (2, 3), (2,).");
    CHECK_FAILS(op_concatenate(2, (ct_array[]){matrix(), matrix()}, 2), CT_TYPE_ERROR,
                "concatenate dimension out of bounds: dimension 2");
    CHECK_FAILS(op_concatenate(2, (ct_array[]){matrix(), ints()}, 0), CT_TYPE_ERROR,
                "lax.concatenate requires arguments to have the same dtypes, got float32, int32.");
    CHECK_FAILS(op_stack(2, (ct_array[]){matrix(), row}, 0), CT_VALUE_ERROR,
                "All input arrays must have the same shape. Got (2, 3), (2,).");
    CHECK_FAILS(op_split(matrix(), I(1, 1), 1, none), CT_VALUE_ERROR,
                "Sum of sizes 2 must be equal to dimension 1 of the operand shape");
    CHECK_FAILS(op_slice(matrix(), I(0, 0), I(3, 3), (ct_ints){0}), CT_TYPE_ERROR,
                "slice limit_indices must be less than or equal to operand shape, got "
                "limit_indices (3, 3)");
    CHECK_FAILS(op_slice(matrix(), I(1, 0), I(0, 1), (ct_ints){0}), CT_TYPE_ERROR,
                "slice limit_indices must be greater than or equal to start_indices");
    CHECK_FAILS(op_dynamic_slice(matrix(), 2,
                                 (ct_array[]){op_number(0, ints()), op_number(0, ints())}, I(3, 3)),
                CT_TYPE_ERROR,
                "slice slice_sizes must be less than or equal to operand shape, got slice_sizes "
                "(3, 3) for operand shape (2, 3).");
    CHECK_FAILS(op_dynamic_slice(matrix(), 2,
                                 (ct_array[]){op_number(0, matrix()), op_number(0, matrix())},
                                 I(1, 1)),
                CT_TYPE_ERROR, "must be integers of the same type");
    CHECK_FAILS(op_pad(matrix(), op_number(0, matrix()), I(0, 0, 0)), CT_VALUE_ERROR,
                "length of padding_config must equal the number of axes of operand");
    CHECK_FAILS(op_pad(matrix(), op_number(0, ints()), I(0, 0, 0, 0, 0, 0)), CT_TYPE_ERROR,
                "pad operand and padding_value must be same dtype: got float32 and int32.");
    CHECK_FAILS(op_pad(matrix(), op_number(0, matrix()), I(-2, -2, 0, 0, 0, 0)), CT_VALUE_ERROR,
                "Dimension size after padding is not at least 0");
}

TEST(collectives_need_a_name)
{
    CHECK_FAILS(op_psum(matrix(), "i"), CT_NAME_ERROR, "unbound axis name: i");
}
