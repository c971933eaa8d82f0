/* The loops of Fourier transforms, for float and double. */
#include "kernel/fft.h"
#include "kernel/loops.h"
#include "kernel/vectors.h"

#define T float
#define LANES LANES_F32
#define NAME(f) f##_f32
#include "kernel/fft_stages.h"
#define T double
#define LANES LANES_F64
#define NAME(f) f##_f64
#include "kernel/fft_stages.h"

const fft_loops *ISA(kernel_fft)(bool wide)
{
    static const fft_loops loops[2] = {{run_f32, gather_f32, scatter_f32, split_f32, join_f32},
                                       {run_f64, gather_f64, scatter_f64, split_f64, join_f64}};
    return &loops[wide];
}
