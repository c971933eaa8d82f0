/* Describes the fields of every parameter struct in params.h, so that printing, hashing, comparing
 * and copying need no code per operation. */
#include "ops/params.h"

#define R(owner, kind, type, name, shown) {shown, PARAM_##kind, offsetof(params_##owner, name)},
#define F(owner, kind, type, name) R(owner, kind, type, name, #name)
#define N(owner, name) {#name, PARAM_NONE, 0},
#define E(owner, name) {#name, PARAM_EMPTY, 0},
#define C(owner, name) {#name, PARAM_COMBINER, 0},
#define S(owner, name, silent) {#name, PARAM_SILENT, SILENT_##silent},
#define P(name, ...) const param_field fields_##name[] = {__VA_ARGS__};
PARAMS_LIST(P)
