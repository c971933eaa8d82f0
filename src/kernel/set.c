/* One instruction set's loops, gathered: built once per set like the loops themselves. */
#include "kernel/compact.h"
#include "kernel/fft.h"
#include "kernel/loops.h"

const kernel_set ISA(kernel_set) = {
    .entries = {ISA(kernel_entries_arithmetic), ISA(kernel_entries_f32), ISA(kernel_entries_f64),
                ISA(kernel_entries_complex)},
    .convert = ISA(kernel_convert),
    .arg = ISA(kernel_arg),
    .cumulative = ISA(kernel_cumulative),
    .gemm_of = ISA(kernel_gemm_of),
    .reduce = ISA(kernel_reduce),
    .in_range = ISA(kernel_in_range),
    .fft = ISA(kernel_fft),
    .compact = ISA(kernel_compact),
    .turned = ISA(kernel_turned),
    .weigh = ISA(kernel_weigh),
    .threefry = ISA(kernel_threefry),
    .threefry_bits = ISA(kernel_threefry_bits),
};
