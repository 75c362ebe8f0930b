#include "sky_nis.h"

#include <string.h>

#include "sky_math.h"

/* A sample counts 1/e as much after so many others. */
static const double samples_remembered = 100.0;

/* No single plot decides: a glint, or a plot of something else, counts as 5 sigma at most. */
static const double square_max = 25.0;

/* Fewer samples say nothing yet. */
static const double samples_min = 8.0;

/* The normal quantile of one in 10,000 to either side, and the means of healthy radars. */
static const double normal_quantile = 3.7190164854556804;
static const double healthy_low = 0.6;
static const double healthy_high = 1.15;

/* What is out of bounds comes back only this part of the way from the bound to 1. */
static const double way_back = 1.0 / 3.0;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

void sky_nis_init(struct sky_nis *nis)
{
    memset(nis, 0, sizeof *nis);
    for (uint32_t i = 0; i < SKY_COMPONENTS; i++) {
        nis->mean2[i] = 1.0;
    }
}

double sky_nis_mean(const struct sky_nis *nis, enum sky_component component)
{
    return nis->mean2[component];
}

/* Quantile of chi-square over its degrees of freedom (Wilson and Hilferty, PNAS 17, 1931). */
static double chi_square_quantile(double freedom, double normal)
{
    const double variance = 2.0 / (9.0 * freedom);
    const double root = larger(1.0 - variance + normal * sky_sqrt(variance), 0.0);
    return root * root * root;
}

void sky_nis_bounds(const struct sky_nis *nis, enum sky_component component, double *ret_low,
                    double *ret_high)
{
    const double weight = nis->weight[component];
    const double samples = weight * weight / larger(nis->weight2[component], 1.0);
    const double freedom = larger(samples, 1.0);
    *ret_low = component == SKY_COMPONENT_HEIGHT
                   ? 0.0
                   : healthy_low * chi_square_quantile(freedom, -normal_quantile);
    *ret_high = healthy_high * chi_square_quantile(freedom, normal_quantile);
}

static bool is_out(const struct sky_nis *nis, enum sky_component component, bool was_out)
{
    double low, high;
    sky_nis_bounds(nis, component, &low, &high);
    const double back = was_out ? way_back : 0.0;
    const double mean = nis->mean2[component];
    return mean < low + back * (1.0 - low) || mean > high - back * (high - 1.0);
}

static void take(struct sky_nis *nis, uint32_t component, double z)
{
    const double kept = 1.0 - 1.0 / samples_remembered;
    nis->weight[component] = kept * nis->weight[component] + 1.0;
    nis->weight2[component] = kept * kept * nis->weight2[component] + 1.0;
    nis->mean2[component] +=
        (smaller(z * z, square_max) - nis->mean2[component]) / nis->weight[component];
}

bool sky_nis_add(struct sky_nis *nis, const struct sky_innovation *innovation)
{
    uint32_t out = nis->out;
    for (uint32_t i = 0; i < SKY_COMPONENTS; i++) {
        const uint32_t bit = 1U << i;
        if ((innovation->has & bit) == 0) {
            continue;
        }
        take(nis, i, innovation->z[i]);
        if (nis->weight[i] >= samples_min) {
            out = is_out(nis, (enum sky_component)i, (out & bit) != 0) ? out | bit : out & ~bit;
        }
    }
    const bool changed = out != nis->out;
    nis->out = out;
    return changed;
}
