/* What every scalar body may use: the BODY marker, bit casts, powers of two, constants.
 *
 * A body computes one element. Its name is body_<primitive>_<dtype>; operands come in the
 * primitive's order, a complex operand as two scalars (real, imaginary), a complex result through
 * two trailing pointers; bool is C's bool (i1 in bitcode). bfloat16 and float16 have conversions
 * only: their operations are convert, the float32 body, convert. Bodies stay one basic block at
 * clang -O1 so that the compiler can widen them: no loops, tables or library calls, ternaries over
 * values already computed, & and | between conditions, fusion written as __builtin_fma. Next:
 * bodies_arithmetic.c, bodies_f32.c. */
#ifndef COTAN_SRC_KERNEL_BODY_H
#define COTAN_SRC_KERNEL_BODY_H
#include <stdbool.h>
#include <stdint.h>

/* Always inlined: a call in a loop would keep it from being widened. */
#define HELPER static inline __attribute__((always_inline))
/* Inlined into loops likewise; external when the bodies are built on their own. */
#ifndef BODY
#define BODY HELPER
#endif

#define NAN32 __builtin_nanf("")
#define INF32 __builtin_inff()
#define NAN64 __builtin_nan("")
#define INF64 __builtin_inf()

HELPER uint32_t bits_of_f32(float x)
{
    uint32_t u;
    __builtin_memcpy(&u, &x, 4);
    return u;
}

HELPER float f32_of_bits(uint32_t u)
{
    float x;
    __builtin_memcpy(&x, &u, 4);
    return x;
}

HELPER uint64_t bits_of_f64(double x)
{
    uint64_t u;
    __builtin_memcpy(&u, &x, 8);
    return u;
}

HELPER double f64_of_bits(uint64_t u)
{
    double x;
    __builtin_memcpy(&x, &u, 8);
    return x;
}

HELPER float abs_f32(float x) { return f32_of_bits(bits_of_f32(x) & 0x7fffffffu); }
HELPER double abs_f64(double x) { return f64_of_bits(bits_of_f64(x) & 0x7fffffffffffffffu); }
HELPER float with_sign_f32(float magnitude, float sign)
{
    return f32_of_bits((bits_of_f32(magnitude) & 0x7fffffffu) | (bits_of_f32(sign) & 0x80000000u));
}
HELPER double with_sign_f64(double magnitude, double sign)
{
    return f64_of_bits((bits_of_f64(magnitude) & 0x7fffffffffffffffu) |
                       (bits_of_f64(sign) & 0x8000000000000000u));
}

/* x 2^k in two steps, so that k may reach past either end of the exponent range and subnormal
 * results round once. */
HELPER float scale_f32(float x, int32_t k)
{
    int32_t half = k >> 1;
    return x * f32_of_bits((uint32_t)(half + 127) << 23) *
           f32_of_bits((uint32_t)(k - half + 127) << 23);
}
/* The same for a k in the low bits of a 64-bit number. */
HELPER double scale_f64(double x, int32_t k)
{
    int32_t half = k >> 1;
    return x * f64_of_bits((uint64_t)(uint32_t)(half + 1023) << 52) *
           f64_of_bits((uint64_t)(uint32_t)(k - half + 1023) << 52);
}

/* Adding these rounds to an integer (half to even), which then stands in the low bits. */
#define ROUND32 0x1.8p23f
#define ROUND64 0x1.8p52

HELPER float fma_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
HELPER double fma_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }
#endif
