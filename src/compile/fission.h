/* Loop fission: products that need not be in a scan, out of it. */
#ifndef COTAN_SRC_COMPILE_FISSION_H
#define COTAN_SRC_COMPILE_FISSION_H
#include "compile/compile.h"
#include "ops/ops.h"
#include "transform/partial.h"
#include "transform/scan.h"

/* A product without batch dimensions that contracts one dimension of each operand, or none; whether
 * it contracts one. */
bool fission_product(const eqn *e);
bool fission_contracts(const eqn *e);
/* Its multiply-adds. */
int64_t fission_work(const eqn *e);

/* distribute.c: the scan's body with calls inlined, and with products of a concatenation, or of
 * which parts are taken, as products of the parts where that lets some leave the loop. Borrowed:
 * kept on the body. */
CT_NODISCARD jaxpr *fission_body(const params_scan *p);
/* fission.c: the scan and what left it as a program of the same operands and results: one
 * reference; NULL: nothing leaves it, or after a failure. */
jaxpr *fission_scan(const params_scan *p, int nin, const aval *in);
#endif
