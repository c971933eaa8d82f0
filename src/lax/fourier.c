/* The discrete Fourier transform. */
#include "kernel/kernel.h"
#include "lax/lax.h"

#include <strings.h>

ct_array lax_fft(const ct_lax_fft_args *a)
{
    static const char *const types[] = {[FOURIER_FORWARD] = "fft",
                                        [FOURIER_INVERSE] = "ifft",
                                        [FOURIER_OF_REAL] = "rfft",
                                        [FOURIER_TO_REAL] = "irfft"};
    ct_array x = a->x;
    int type = 0;
    while (type < 4 && strcasecmp(a->fft_type, types[type]))
        type++;
    if (type == 4)
        return ct_fail(CT_VALUE_ERROR, "Unknown FFT type '%s'", a->fft_type);
    ct_dtype d = dtype_of(x);
    bool wide = d == CT_FLOAT64 || d == CT_COMPLEX128;
    if (type == FOURIER_OF_REAL && dtype_is(d, FAMILY_COMPLEX))
        return ct_fail(CT_VALUE_ERROR, "only real valued inputs supported for rfft");
    if (type != FOURIER_OF_REAL)
        x = op_convert(x, wide ? CT_COMPLEX128 : CT_COMPLEX64, false);
    return is_poison(x) ? x : op_fft(x, type, a->fft_lengths);
}
