/* The loops of Fourier transforms, for float and double. */
#include "kernel/fft.h"
#include "kernel/loops.h"

#define T float
#define NAME(f) f##_f32
#include "kernel/fft_stages.h"
#define T double
#define NAME(f) f##_f64
#include "kernel/fft_stages.h"

const fft_loops *ISA(kernel_fft)(bool wide)
{
    static const fft_loops loops[2] = {{run_f32, gather_f32, scatter_f32},
                                       {run_f64, gather_f64, scatter_f64}};
    return &loops[wide];
}
