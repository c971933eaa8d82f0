/* oneDNN, a large library that is loaded when first needed (onednn.c), and used on one thread at a
 * time: our own pool cuts the work. */
#ifndef COTAN_SRC_KERNEL_ONEDNN_H
#define COTAN_SRC_KERNEL_ONEDNN_H
#include "base/base.h"

/* For dlsym; NULL when the library is not installed. */
void *kernel_onednn_library(void);
/* Keeps the calling thread's calls on it. */
void kernel_onednn_one_thread(void);

/* One spatial axis: place o of the result reads elements o * stride + k * spread - low of the
 * image, k < size. */
typedef struct onednn_axis {
    int64_t in, out, size, stride, spread, low;
} onednn_axis;
enum { ONEDNN_AXES = 3 };
/* A float32 convolution of images x (batch, in..., in_features) with a kernel (size...,
 * in_features, out_features) to y (batch, out..., out_features), or the derivative of one with
 * respect to its kernel, given x and y's cotangent. All extents are positive, low too or zero. */
typedef struct onednn_conv {
    bool derivative;
    int nspatial;
    int64_t batch, in_features, out_features;
    onednn_axis axes[ONEDNN_AXES];
} onednn_conv;
/* Reads x and kernel and writes y, or reads x and y and writes kernel. False when oneDNN is not
 * there, or has no fast way for this shape. */
CT_NODISCARD bool kernel_onednn_conv(const onednn_conv *c, const float *x, float *kernel, float *y,
                                     ct_status *status);
#endif
