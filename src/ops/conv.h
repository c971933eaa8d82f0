/* A convolution of dense blocks: images (batch, spatial..., features), the kernel (spatial...,
 * features in, features out). Shared by conv.c, which makes it, and conv_shift.c. */
#ifndef COTAN_SRC_OPS_CONV_H
#define COTAN_SRC_OPS_CONV_H
#include "ops/structured.h"

typedef struct conv_run {
    int nspatial;
    window_axis axes[MAX_NDIM]; /* at least one */
    int64_t batch, groups, in_features, channels,
        out_features; /* of the result; in_features of one group */
    int64_t in_points, out_points, kernel_points;
    bool batch_groups;
    ct_dtype dtype, out_dtype;
    size_t itemsize;
    const char *x, *kernel;
    char *y;
    int64_t chunk, chunks; /* rows of patches at a time */
    _Atomic int status;
} conv_run;

/* conv_shift.c: what needs no patches; false when it is not of that kind. */
CT_NODISCARD bool conv_one_channel(const conv_run *r, ct_status *status);
CT_NODISCARD bool conv_spread(const conv_run *r, ct_status *status);
#endif
