/* Special functions that iterate, as scalars in double: too long to widen, called once an element.
 */
#ifndef COTAN_SRC_KERNEL_SPECIAL_H
#define COTAN_SRC_KERNEL_SPECIAL_H

double special_lgamma(double x);
double special_digamma(double x);
double special_bessel_i0e(double x);
double special_bessel_i1e(double x);
double special_igamma(double a, double x);        /* P(a, x), regularized, lower */
double special_igammac(double a, double x);       /* Q(a, x) = 1 - P(a, x) */
double special_igamma_grad_a(double a, double x); /* dP/da */
double special_random_gamma_grad(double a, double x);
double special_zeta(double s, double q); /* Hurwitz */
double special_polygamma(double n, double x);
double special_regularized_incomplete_beta(double a, double b, double x);
double special_rem(double x, double y);
/* integrals.c */
double special_expn(double n, double x);
double special_expi(double x);
double special_sinint(double x);
double special_cosint(double x);
double special_erfcx(double x);
double special_dawsn(double x);
double special_fresnel_sin(double x);
double special_fresnel_cos(double x);
double special_spence(double x);
double special_owens_t(double h, double a);
double special_bessel_jn(double n, double x);
double special_legendre(double n, double m, double x); /* normalized, of order m */
/* hypergeometric.c */
double special_hyp1f1(double a, double b, double x);
double special_hyp1f1_grad_a(double a, double b, double x);
double special_hyp1f1_grad_b(double a, double b, double x);
double special_hyp2f1(double a, double b, double c, double x);
double special_hyp2f1_grad_a(double a, double b, double c, double x);
double special_hyp2f1_grad_c(double a, double b, double c, double x);
#endif
