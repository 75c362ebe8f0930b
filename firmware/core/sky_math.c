#include "sky_math.h"

#include <stdint.h>
#include <string.h>

/*
 * The polynomials are minimax fits (Remez exchange, 60 digits, relative error of the function), so
 * their own error is below 2^-57; what remains is rounding. Coefficients stand from the lowest
 * power up. Summed in pairs: the shorter chain is twice as fast as Horner's.
 */
static double six_terms(const double c[6], double x)
{
    const double x2 = x * x;
    return (c[0] + c[1] * x) + x2 * ((c[2] + c[3] * x) + x2 * (c[4] + c[5] * x));
}

/* A quarter turn in three pieces; the first two are short, so that n times them is exact. */
static const double half_pi_high = 0x1.921fb544p+0;
static const double half_pi_middle = 0x1.0b4611a6p-34;
static const double half_pi_low = 0x1.3198a2e037073p-69;
static const double two_over_pi = 0x1.45f306dc9c883p-1;

/* What pi and pi/2 lose when they are rounded. */
static const double pi_tail = 0x1.1a62633145c07p-53;
static const double half_pi_tail = 0x1.1a62633145c07p-54;

/* An angle as the nearest number of quarter turns and a rest, |rest| <= pi/4 and a little. */
struct reduced {
    uint64_t quarter; /* modulo 4 */
    double rest;
    double tail; /* what rest lost by rounding */
};

static int64_t nearest_integer(double x) { return (int64_t)(x < 0.0 ? x - 0.5 : x + 0.5); }

/* Below it no quarter turn is nearer than none. */
static const double small_rad = 0.78;

/* angle - n * pi/2, kept in two doubles because the difference may cancel almost completely. */
static struct reduced reduce(double angle_rad)
{
    if (sky_abs(angle_rad) < small_rad) { /* as most are: what follows would leave it as it is */
        return (struct reduced){.quarter = 0, .rest = angle_rad, .tail = 0.0};
    }
    const int64_t quarter = nearest_integer(angle_rad * two_over_pi);
    const double n = (double)quarter;
    const double high = angle_rad - n * half_pi_high;
    const double middle = n * half_pi_middle;
    const double sum = high - middle;
    const double kept = high - sum; /* of middle; Knuth's two-sum, right for any sizes */
    const double lost = (high - (sum + kept)) + (kept - middle);
    const double low = lost - n * half_pi_low;
    const double rest = sum + low;
    return (struct reduced){(uint64_t)quarter & 3U, rest, (sum - rest) + low};
}

static const double sine_terms[] = {-0x1.5555555555549p-3,  0x1.111111110f87ep-7,
                                    -0x1.a01a019c12060p-13, 0x1.71de357817955p-19,
                                    -0x1.ae5e668884da6p-26, 0x1.5d93182856cc7p-33};
static const double cosine_terms[] = {0x1.555555555554cp-5,  -0x1.6c16c16c15181p-10,
                                      0x1.a01a019cb21f0p-16, -0x1.27e4f80a38c57p-22,
                                      0x1.1ee9ec1b7a203p-29, -0x1.8faeb72a44877p-37};

static double sin_of(const struct reduced *angle)
{
    const double x = angle->rest, z = x * x;
    return x + (angle->tail * (1.0 - 0.5 * z) + x * (z * six_terms(sine_terms, z)));
}

static double cos_of(const struct reduced *angle)
{
    const double x = angle->rest, z = x * x;
    const double half = 0.5 * z, near = 1.0 - half;
    const double rest = (1.0 - near) - half; /* what 1 - half lost */
    return near + (rest + (z * (z * six_terms(cosine_terms, z)) - x * angle->tail));
}

void sky_sincos(double angle_rad, double *ret_sin, double *ret_cos)
{
    const struct reduced angle = reduce(angle_rad);
    const double sine = sin_of(&angle), cosine = cos_of(&angle);
    const bool swap = (angle.quarter & 1U) != 0;
    const double sin_size = swap ? cosine : sine, cos_size = swap ? sine : cosine;
    *ret_sin = (angle.quarter & 2U) != 0 ? 0.0 - sin_size : sin_size;
    *ret_cos = ((angle.quarter + 1) & 2U) != 0 ? 0.0 - cos_size : cos_size;
}

/* Two at a time, as vectors of gcc and clang: the same as one after the other. */
typedef double two __attribute__((vector_size(16)));

static two six_terms_of_two(const double c[6], two x)
{
    const two x2 = x * x;
    return (c[0] + c[1] * x) + x2 * ((c[2] + c[3] * x) + x2 * (c[4] + c[5] * x));
}

/* sin_of and cos_of, where no quarter turn is taken away and so nothing is lost. */
void sky_sincos2(const double angle_rad[2], double ret_sin[2], double ret_cos[2])
{
    if (sky_abs(angle_rad[0]) >= small_rad || sky_abs(angle_rad[1]) >= small_rad) {
        sky_sincos(angle_rad[0], &ret_sin[0], &ret_cos[0]);
        sky_sincos(angle_rad[1], &ret_sin[1], &ret_cos[1]);
        return;
    }
    const two x = {angle_rad[0], angle_rad[1]}, z = x * x;
    const two half = 0.5 * z, near = 1.0 - half, rest = (1.0 - near) - half;
    const two sine = x + x * (z * six_terms_of_two(sine_terms, z));
    const two cosine = near + (rest + z * (z * six_terms_of_two(cosine_terms, z)));
    memcpy(ret_sin, &sine, sizeof sine);
    memcpy(ret_cos, &cosine, sizeof cosine);
}

double sky_sin(double angle_rad)
{
    double sine, cosine;
    sky_sincos(angle_rad, &sine, &cosine);
    return sine;
}

double sky_cos(double angle_rad)
{
    double sine, cosine;
    sky_sincos(angle_rad, &sine, &cosine);
    return cosine;
}

/*
 * The angle of (x, y) in the first half quadrant, 0 <= y <= x: turned back by the nearest of five
 * known angles, whose tangents are quarters, so that |u| <= 1/8 is left for the polynomial.
 */
static double small_angle(double y, double x)
{
    static const double known_high[] = {0.0, 0x1.f5b75f92c80ddp-3, 0x1.dac670561bb4fp-2,
                                        0x1.4978fa3269ee1p-1, 0x1.921fb54442d18p-1};
    static const double known_low[] = {0.0, 0x1.8ab6e3cf7afbdp-57, 0x1.a2b7f222f65e2p-56,
                                       0x1.2419a87f2a458p-56, 0x1.1a62633145c07p-55};
    static const double a[] = {-0x1.55555555554cbp-2, 0x1.9999999945492p-3,  -0x1.2492489bffff5p-3,
                               0x1.c71ba6321fda1p-4,  -0x1.74103c2aa560ap-4, 0x1.2cbc518a3730cp-4};
    const int known = (y > 0.125 * x) + (y > 0.375 * x) + (y > 0.625 * x) + (y > 0.875 * x);
    const double tangent = 0.25 * known;
    const double u = (y - tangent * x) / (x + tangent * y), z = u * u;
    return known_high[known] + (u + (u * (z * six_terms(a, z)) + known_low[known]));
}

double sky_atan2(double y, double x)
{
    const double wide = sky_abs(x), high = sky_abs(y);
    if (wide == 0.0 && high == 0.0) {
        return 0.0;
    }
    double angle_rad = high <= wide ? small_angle(high, wide)
                                    : SKY_PI / 2.0 - (small_angle(wide, high) - half_pi_tail);
    if (x < 0.0) {
        angle_rad = SKY_PI - (angle_rad - pi_tail);
    }
    return y < 0.0 ? 0.0 - angle_rad : angle_rad;
}

double sky_asin(double x)
{
    const double square = (1.0 - x) * (1.0 + x); /* of the cosine; negative beyond +-1 */
    return sky_atan2(x, square > 0.0 ? sky_sqrt(square) : 0.0);
}

static double from_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t to_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Pre: -1022 <= exponent <= 1023. */
static double power_of_two(int64_t exponent)
{
    return from_bits((uint64_t)(exponent + 1023) << 52);
}

/* The first piece is short: n times it is exact. */
static const double ln2_high = 0x1.62e42feep-1;
static const double ln2_low = 0x1.a39ef35793c76p-33;
static const double one_over_ln2 = 0x1.71547652b82fep+0;

double sky_exp(double x)
{
    static const double e[] = {0x1.0000000000000p-1,  0x1.5555555555555p-3,  0x1.555555555555ap-5,
                               0x1.11111111110eep-7,  0x1.6c16c16c1467ep-10, 0x1.a01a01a02bfc5p-13,
                               0x1.a01a01afb8a82p-16, 0x1.71de3a1406013p-19, 0x1.27e4c82dab59dp-22,
                               0x1.ae6525ddd17dap-26, 0x1.1f9101c82a4a5p-29, 0x1.60734f26992cdp-33};
    const double held = x < -746.0 ? -746.0 : (x > 710.0 ? 710.0 : x);
    const int64_t n = nearest_integer(held * one_over_ln2);
    const double high = held - (double)n * ln2_high, low = (double)n * ln2_low;
    const double r = high - low, lost = (high - r) - low;
    const double r3 = r * r * r;
    const double bend = six_terms(e, r) + r3 * r3 * six_terms(e + 6, r); /* (e^r - 1 - r) / r^2 */
    const double size = 1.0 + (r + (r * (r * bend) + lost));
    return size * power_of_two(n / 2) * power_of_two(n - n / 2); /* two steps: 2^n may overflow */
}

double sky_log(double x)
{
    static const double l[] = {0x1.5555555555593p-1, 0x1.999999997fb30p-2, 0x1.2492494217ab9p-2,
                               0x1.c71c51e7f74d9p-3, 0x1.7466462b7322dp-3, 0x1.39a0f53256b4cp-3,
                               0x1.2f0d8c2e2fbecp-3};
    const bool tiny = x < 0x1p-1022; /* subnormal: its exponent field says nothing */
    const uint64_t bits = to_bits(tiny ? x * 0x1p54 : x);
    double n = (double)(bits >> 52) - (tiny ? 1077.0 : 1023.0);
    double m = from_bits((bits & 0x000fffffffffffffU) | 0x3ff0000000000000U);
    if (m > 0x1.6a09e667f3bcdp+0) { /* the square root of 2 */
        m *= 0.5;
        n += 1.0;
    }
    /* log(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + series), s = f / (2 + f) */
    const double f = m - 1.0, s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    const double series = z * (l[0] + z * six_terms(l + 1, z));
    const double rest = s * (half + series) + n * ln2_low;
    return n * ln2_high - ((half - rest) - f);
}

/*
 * Near zero the series z + z^3/3 + z^5/(3 5) + ... times the density, all terms of one sign; in the
 * tails the continued fraction of Mills' ratio (Abramowitz and Stegun, 26.2.11 and 26.2.14).
 */
double sky_normal_cdf(double z)
{
    static const double one_over_sqrt_2pi = 0x1.9884533d43651p-2;
    const double size = sky_abs(z);
    const double density = one_over_sqrt_2pi * sky_exp(-0.5 * size * size);
    if (size < 2.5) {
        double term = size, sum = size;
        for (int n = 3; term > 1e-17; n += 2) {
            term *= size * size / (double)n;
            sum += term;
        }
        return z < 0.0 ? 0.5 - density * sum : 0.5 + density * sum;
    }
    if (z > 9.0) {
        return 1.0; /* to within 1e-18 */
    }
    double below = size;
    for (int n = 8 + (int)(360.0 / (size * size)); n > 0; n--) { /* leave 2e-15 of the value */
        below = size + (double)n / below;
    }
    return z < 0.0 ? density / below : 1.0 - density / below;
}

/* Angles of up to half a turn stay as they are, but for -pi. */
double sky_wrap_pi(double angle_rad)
{
    const int64_t turns =
        sky_abs(angle_rad) <= SKY_PI ? 0 : nearest_integer(angle_rad * (0.25 * two_over_pi));
    const double n = 4.0 * (double)turns;
    const double rest = ((angle_rad - n * half_pi_high) - n * half_pi_middle) - n * half_pi_low;
    if (rest > SKY_PI) {
        return rest - 2.0 * SKY_PI;
    }
    return rest <= -SKY_PI ? rest + 2.0 * SKY_PI : rest;
}
