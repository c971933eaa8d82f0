/* Rows of a table of kernels, one for each dtype that a primitive has a loop for: {name, dtype,
 * loop}. By width: integers whose sign makes no difference; by type: integers where it does. */
#ifndef COTAN_SRC_KERNEL_BY_DTYPE_H
#define COTAN_SRC_KERNEL_BY_DTYPE_H
#define BY_WIDTH(OP)                                                                               \
    {#OP, CT_INT8, OP##_u8}, {#OP, CT_INT16, OP##_u16}, {#OP, CT_INT32, OP##_u32},                 \
        {#OP, CT_INT64, OP##_u64}, {#OP, CT_UINT8, OP##_u8}, {#OP, CT_UINT16, OP##_u16},           \
        {#OP, CT_UINT32, OP##_u32}, {#OP, CT_UINT64, OP##_u64},
#define BY_TYPE(OP)                                                                                \
    {#OP, CT_INT8, OP##_i8}, {#OP, CT_INT16, OP##_i16}, {#OP, CT_INT32, OP##_i32},                 \
        {#OP, CT_INT64, OP##_i64}, {#OP, CT_UINT8, OP##_u8}, {#OP, CT_UINT16, OP##_u16},           \
        {#OP, CT_UINT32, OP##_u32}, {#OP, CT_UINT64, OP##_u64},
#define BY_FLOAT(OP)                                                                               \
    {#OP, CT_FLOAT32, OP##_f32}, {#OP, CT_FLOAT64, OP##_f64}, {#OP, CT_BFLOAT16, OP##_bf16},       \
        {#OP, CT_FLOAT16, OP##_f16},
#endif
