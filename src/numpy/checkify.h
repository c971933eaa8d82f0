/* Checks as values: a program run so that failed checks are recorded instead of raised. */
#ifndef COTAN_SRC_CHECKIFY_H
#define COTAN_SRC_CHECKIFY_H
#include "core/core.h"

enum checkify_errors { CHECK_USER = 1, CHECK_NAN = 2, CHECK_DIV = 4, CHECK_INDEX = 8 };

/* check(predicate, values...): the message of `site` is known to the host language. */
CT_NODISCARD bool checkify_check(int64_t site, ct_array predicate, int n, const ct_array *values);
/* Told of a check that failed in a program that is not checkified; records the failure. */
extern void (*checkify_report)(int64_t site, int n, const ct_array *values);
/* Checks may be staged while this is positive. */
extern _Thread_local int checkify_staging;

/* What is known when a program was run with checks: the code of the first failure (-1: none) is a
 * result of its own, and so are the values of every site. */
typedef struct checkify_site {
    int64_t code;
    int nvalues;
} checkify_site;
typedef struct checkified {
    int64_t nsites;
    checkify_site *sites; /* base_free */
    int64_t n;            /* results: those of the program, the code, the sites' values */
    ct_array *results;    /* base_free */
} checkified;
CT_NODISCARD bool checkify_run(jaxpr *j, uint32_t errors, int64_t nin, const ct_array *in,
                               checkified *out);
/* What an automatic check with this code says of its values; NULL for codes of sites. */
const char *checkify_text(int64_t code);
/* Codes from CHECK_AUTOMATIC on are those of automatic checks. Two are sites only: the values
 * (index, axis, size) of failed index checks; a check of an error, whose first value is its code
 * and whose others are those three, where it may be an index check. */
enum {
    CHECK_AUTOMATIC = 1 << 28,
    CHECK_OUT_OF_BOUNDS = CHECK_AUTOMATIC - 1,
    CHECK_AGAIN = CHECK_AUTOMATIC - 2
};
/* The code of an automatic check whose text is `what` and then `name`; -1 after an error. */
int64_t check_code(const char *what, const char *name);
/* Which checks an operation calls for: enum checkify_errors; whether a program has such inside. */
uint32_t checks_of(const op *o);
bool checks_inside(const jaxpr *j, uint32_t errors);

typedef struct params_check {
    int64_t site;
    bool debug;
} params_check;
extern const op op_row_check;
#endif
