/* The binding table: what the generator makes of the stubs in api/, and what a host language walks
 * to call the library.
 *
 * One entry a function: how to call it, and for each parameter its name, kind, default and place in
 * the argument struct. tools/generate.py writes the table (build/generated/binding.c); python/
 * reads it. Nothing about single functions stands anywhere else. */
#ifndef COTAN_SRC_BINDING_H
#define COTAN_SRC_BINDING_H
#include "array/array.h"
#include "cotan/arguments.h"

typedef enum bind_kind {
    BIND_ARRAY, /* ct_array: anything jnp.asarray takes; lists only where the stub says ArrayLike |
                   list */
    BIND_ARRAY_OPT, /* ct_array or NULL for None */
    BIND_ARRAYS,    /* ct_arrays: a sequence of array-likes (an array counts as its rows) */
    BIND_TREE,      /* ct_tree: a pytree of array-likes */
    BIND_INT,       /* int64_t */
    BIND_INT_OPT,   /* ct_opt_int: None means not given */
    BIND_BOOL,      /* bool, default False */
    BIND_SWITCH,    /* ct_switch: bool whose default is True, or None */
    BIND_FLOAT,     /* double */
    BIND_FLOAT_OPT, /* ct_opt_float */
    BIND_STRING,    /* const char *, NULL for None; members of an enum give their name */
    BIND_DTYPE, /* ct_dtype, CT_NO_DTYPE for None; Python's int, float, bool, complex and all NumPy
                   spellings */
    BIND_AXES,  /* ct_ints from int, sequence of ints or None (zero list) */
    BIND_SHAPE, /* ct_ints from int or sequence of ints; None only where optional (zero list) */
    BIND_PRECISION, /* int, as PARAM_PRECISION */
    BIND_PAIRS,     /* ct_ints from nested pairs, an int, or a flat pair: flattened; the function
                       canonicalises */
    BIND_NESTED,    /* ct_ints from numbers, strings and nested sequences, depth first: a sequence
                       gives its length and then its items, a string its length and then its
                       characters, None CT_NONE_INT. ((1,), (0,)) is 2 1 1 1 0. Tuple classes
                       count as sequences. At most 512 numbers. */
    BIND_FN,        /* ct_fn from a callable */
    BIND_ACCURACY,  /* None, lax.AccuracyMode or lax.Tolerance: all are satisfied */
    BIND_NONE, /* accepted for compatibility: anything but the default is NotImplementedError naming
                  it */
} bind_kind;

/* A parameter that was left out stays zero in the argument struct: the call itself fills in
 * defaults. Where the default is not None, an explicit None is {true, CT_NONE_INT} for BIND_INT_OPT
 * and ALL_AXES for BIND_AXES and BIND_SHAPE. BIND_SWITCH: CT_TRUE, CT_FALSE, CT_DEFAULT for None.
 */
enum bind_flags {
    BIND_REQUIRED = 1,
    BIND_POSITIONAL_ONLY = 2,
    BIND_KEYWORD_ONLY = 4,
    BIND_LIST_OK = 8,
    BIND_VARIADIC = 16,  /* *args: BIND_ARRAYS */
    BIND_SHAPED_OK = 32, /* anything with shape and dtype */
    BIND_WIDE_OK = 64,   /* ints of 64 bits, of which the lower half counts without x64 */
};
typedef struct bind_param {
    const char *name;
    uint8_t kind, flags;
    uint16_t offset;          /* in the argument struct */
    const char *default_text; /* as Python shows it; NULL when required */
    int64_t default_int;      /* for information, as the two below */
    double default_float;
    const char *default_string;
} bind_param;

/* How the C function is called. */
typedef enum bind_call {
    BIND_CALL_1,
    BIND_CALL_2,
    BIND_CALL_3,    /* ct_array f(ct_array, ...): all parameters are required arrays */
    BIND_CALL_ARGS, /* ct_tree f(const args *) */
} bind_call;
typedef struct bind_function {
    const char *module; /* "numpy", "lax", "random", "nn" */
    const char *name;   /* "cumsum" */
    const char *doc, *signature;
    void (*call)(void);  /* cast by `how` */
    uint8_t how;         /* bind_call */
    bool jitted;         /* staged as an inner jit of this name; the call itself sees to it */
    bool ufunc;          /* has the methods reduce, accumulate, at, outer and reduceat */
    const char *returns; /* the stub's annotation: "Array", "tuple[Array, Array]", ... */
    uint16_t args_size;
    int16_t nparams;
    const bind_param *params;
} bind_function;
extern const bind_function bind_functions[];
extern const int bind_function_count;
#endif
