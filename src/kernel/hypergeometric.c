/* The hypergeometric functions 1F1 and 2F1, and their derivatives by the parameters, from the power
 * series after the argument has been moved where all terms help (A&S 13.1.27, 15.1.20, 15.3.4). */
#include <math.h>
#include <stdbool.h>
#include "kernel/special.h"

typedef long double wide;
#define CLOSE 1e-20L
enum { MOST = 200000, SETTLED = 3 }; /* terms; small ones in a row that end a sum */

/* A function's value and its derivatives by a, b and c. */
typedef struct series {
    wide value, a, b, c;
} series;

/* The sum of (a)_k (b)_k / (c)_k x^k / k!; without (b)_k when there is no b. */
static wide sum_values(wide a, wide b, bool has_b, wide c, wide x)
{
    wide term = 1, sum = 1;
    for (int k = 0, small = 0; k < MOST && small < SETTLED; k++) {
        term *= (a + k) * (has_b ? b + k : 1) / ((c + k) * (k + 1)) * x;
        sum += term;
        small = fabsl(term) <= CLOSE * fabsl(sum) ? small + 1 : 0;
        if (!isfinite(term))
            break;
    }
    return sum;
}

/* The same with its derivatives. */
static series sum_series(wide a, wide b, bool has_b, wide c, wide x)
{
    series s = {.value = 1};
    wide term = 1, by_a = 0, by_b = 0, by_c = 0;
    for (int k = 0, small = 0; k < MOST && small < SETTLED; k++) {
        wide factor = x / ((c + k) * (k + 1)), up = a + k, other = has_b ? b + k : 1;
        by_a = by_a * up * other * factor + term * other * factor; /* of the product, by a */
        by_b = has_b ? by_b * up * other * factor + term * up * factor : 0;
        by_c = (by_c - term / (c + k)) * up * other * factor;
        term *= up * other * factor;
        s.value += term;
        s.a += by_a;
        s.b += by_b;
        s.c += by_c;
        wide size = fabsl(term) + fabsl(by_a) + fabsl(by_b) + fabsl(by_c);
        small =
            size <= CLOSE * (fabsl(s.value) + fabsl(s.a) + fabsl(s.b) + fabsl(s.c)) ? small + 1 : 0;
        if (!isfinite(size))
            break;
    }
    return s;
}

/* Kummer: M(a, c, x) = e^x M(c - a, c, -x). */
static series kummer(wide a, wide c, wide x)
{
    if (x >= 0)
        return sum_series(a, 0, false, c, x);
    series s = sum_series(c - a, 0, false, c, -x);
    wide scale = expl(x);
    return (series){scale * s.value, -scale * s.a, 0, scale * (s.a + s.c)};
}

double special_hyp1f1(double a, double b, double x)
{
    if (isnan(a) || isnan(b) || isnan(x))
        return NAN;
    if (a == 0 || x == 0)
        return 1;
    if (b == 0)
        return INFINITY;
    if (a == b)
        return exp(x);
    if (x < -10000) /* the first term for x to -infinity, A&S 13.5.1 */
        return tgamma(b) / tgamma(b - a) * pow(-x, -a);
    if (x < 0)
        return (double)(expl(x) * sum_values((wide)b - a, 0, false, b, -(wide)x));
    return (double)sum_values(a, 0, false, b, x);
}

double special_hyp1f1_grad_a(double a, double b, double x) { return (double)kummer(a, b, x).a; }

double special_hyp1f1_grad_b(double a, double b, double x) { return (double)kummer(a, b, x).c; }

/* Pfaff: F(a, b; c; x) = (1 - x)^-a F(a, c - b; c; x / (x - 1)) for negative x. */
static series gauss(wide a, wide b, wide c, wide x)
{
    if (x >= 0)
        return sum_series(a, b, true, c, x);
    series s = sum_series(a, c - b, true, c, x / (x - 1));
    wide scale = powl(1 - x, -a);
    return (series){scale * s.value, scale * (s.a - logl(1 - x) * s.value), -scale * s.b,
                    scale * (s.b + s.c)};
}

static bool counts_down(double a) { return a <= 0 && a == floor(a); }

double special_hyp2f1(double a, double b, double c, double x)
{
    if (isnan(a) || isnan(b) || isnan(c) || isnan(x))
        return NAN;
    if (x == 0 || ((a == 0 || b == 0) && c != 0))
        return 1;
    bool ends = counts_down(a) || counts_down(b);
    if (counts_down(c) && !((counts_down(a) && a > c) || (counts_down(b) && b > c)))
        return INFINITY;
    double d = c - a - b;
    if (x == 1 && !ends)
        return d > 0 ? tgamma(c) * tgamma(d) / (tgamma(c - a) * tgamma(c - b)) : INFINITY;
    if (x > 1 && !ends)
        return NAN;
    if (ends || x >= 0)
        return (double)sum_values(a, b, true, c, x);
    return (double)(powl(1 - (wide)x, -(wide)a) *
                    sum_values(a, (wide)c - b, true, c, x / ((wide)x - 1)));
}

double special_hyp2f1_grad_a(double a, double b, double c, double x)
{
    return (double)gauss(a, b, c, x).a;
}

double special_hyp2f1_grad_c(double a, double b, double c, double x)
{
    return (double)gauss(a, b, c, x).c;
}
