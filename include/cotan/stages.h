/* The stages of a jitted function: what it traced and why, what a program costs, programs compiled
 * ahead of time, and names for parts of a program. */
#ifndef COTAN_STAGES_H
#define COTAN_STAGES_H
#include "cotan/transform.h"
#ifdef __cplusplus
extern "C" {
#endif

/* ---- the cache of a jitted function ---- */
typedef struct ct_cache_info {
    int64_t hits, misses; /* calls that found a program, calls that traced one */
    int64_t size;         /* programs kept */
} ct_cache_info;
/* All zero for functions that are not jitted. */
CT_API ct_cache_info ct_jit_cache_info(ct_fn f);
/* One paragraph a program: how often it ran, for which arguments, and what was new about them when
 * it was traced. free() it; NULL after an error. */
CT_API char *ct_jit_cache_text(ct_fn f);
/* Positions of the arguments whose memory is given away. */
CT_API ct_ints ct_jit_donated(ct_fn f);
/* Whether arguments that nothing reads are arguments of the compiled program all the same. */
CT_API bool ct_jit_keeps_unused(ct_fn f);
/* Forgets the programs of every jitted function. */
CT_API void ct_clear_caches(void);

/* ---- what a program costs: counted on its jaxpr, before anything is fused ---- */
typedef struct ct_cost {
    double flops;           /* additions, multiplications and the like; a product counts two */
    double transcendentals; /* exp, sin, ... */
    double bytes;           /* read and written by all operations */
} ct_cost;
/* Of f for arguments like these. False after an error. */
CT_NODISCARD CT_API bool ct_cost_of(ct_fn f, int n, const ct_tree *args, ct_cost *cost);

/* ---- ahead of time ---- */
/* f traced and compiled for arguments like these. The function returned takes such arguments only
 * (TypeError for others, and for traced values). */
CT_API ct_fn ct_compile_(ct_fn f, int n, const ct_tree *args);

/* The program of f for arguments like these as StableHLO, which other compilers read (free() it);
 * NULL after an error. Operations that StableHLO does not have are calls of their name. */
CT_API char *ct_stablehlo_text(ct_fn f, int n, const ct_tree *args);

/* ---- names for parts of a program ---- */
/* Equations written from here on carry the name, inside those of enclosing scopes: "loss/norm". */
CT_API void ct_push_name(const char *name);
CT_API void ct_pop_name(void);

#ifndef __cplusplus
#define ct_count_cost(f, cost, ...)                                                                \
    ct_cost_of(ct_function(f), CT_COUNT(__VA_ARGS__), (ct_tree[]){CT_MAP(CT_VALUE, __VA_ARGS__)},  \
               cost)
#define ct_compile(f, ...)                                                                         \
    ct_compile_(ct_function(f), CT_COUNT(__VA_ARGS__), (ct_tree[]){CT_MAP(CT_VALUE, __VA_ARGS__)})
#define ct_stablehlo(f, ...)                                                                       \
    ct_stablehlo_text(ct_function(f), CT_COUNT(__VA_ARGS__),                                       \
                      (ct_tree[]){CT_MAP(CT_VALUE, __VA_ARGS__)})
#endif
#ifdef __cplusplus
}
#endif
#endif
