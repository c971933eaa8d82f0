/* The types that optional arguments have. In every argument struct zero means "not given", so that
 * ct_sum(x) and ct_sum(x, .axis = I(0), .keepdims = true) both read as they should. */
#ifndef COTAN_ARGUMENTS_H
#define COTAN_ARGUMENTS_H
#include "cotan/array.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Several arrays: ct_concatenate(ARRAYS(x, y)). */
typedef struct ct_arrays {
    int64_t n;
    const ct_array *at;
} ct_arrays;
#ifndef __cplusplus
#define ARRAYS(...)                                                                                \
    ((ct_arrays){sizeof((ct_array[]){__VA_ARGS__}) / sizeof(ct_array),                             \
                 (const ct_array[]){__VA_ARGS__}})
#endif

/* Numbers that may be left out: .axis = GIVEN(1). */
typedef struct ct_opt_int {
    bool given;
    int64_t value;
} ct_opt_int;
typedef struct ct_opt_float {
    bool given;
    double value;
} ct_opt_float;
#define GIVEN(number)                                                                              \
    {                                                                                              \
        true, number                                                                               \
    }
/* None given on purpose, where leaving the argument out means something else (axis = -1, say). */
#define CT_NONE_INT INT64_MIN
#define GIVEN_NONE                                                                                 \
    {                                                                                              \
        true, CT_NONE_INT                                                                          \
    }
#define ALL_AXES ((ct_ints){-1, NULL})

/* Booleans whose default is true, or that have three states: .keepdims = true and = CT_FALSE both
 * work. */
typedef enum ct_switch { CT_DEFAULT, CT_TRUE, CT_FALSE } ct_switch;

/* How precisely products of matrices are computed. */
typedef enum ct_precision {
    CT_PRECISION_NONE,
    CT_PRECISION_DEFAULT,
    CT_PRECISION_HIGH,
    CT_PRECISION_HIGHEST
} ct_precision;

#ifdef __cplusplus
}
#endif
#endif
