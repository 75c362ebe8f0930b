#include "sky_regs.h"

#include <math.h>
#include <string.h>

#include "sky_fuzz.h"

static struct sky_plot plot[SKY_REGS_TARGETS_MAX];

/* What sky_obs.h promises of every plot. */
static void check_plot(const struct sky_plot *p)
{
    must(p->slant_range_m >= 0.0 && p->slant_range_m <= 1e6);
    must(p->azimuth_rad >= 0.0 && p->azimuth_rad < 6.283185307179587);
    must(fabs(p->elevation_rad) <= 1.5707963267948967);
    must(isfinite(p->radial_speed_mps) && isfinite(p->rcs_dbsm) && isfinite(p->snr_db));
    must(p->time_sigma_ns >= 0);
    if ((p->has & SKY_PLOT_SIGMAS) != 0) {
        must(p->sigma_range_m > 0.0 && p->sigma_azimuth_rad > 0.0 && p->sigma_elevation_rad >= 0.0);
    }
}

static void decode(const uint8_t *data, size_t bytes)
{
    struct sky_regs_header header;
    size_t count = 0;
    const char *item = NULL;
    uint32_t offset = 0;
    const enum sky_status status =
        sky_regs_decode(data, bytes, 3, &header, plot, &count, &item, &offset);
    if (status != SKY_OK) {
        must(item && offset <= bytes / 2);
        return;
    }
    must(count <= header.target_count && header.target_count <= SKY_REGS_TARGETS_MAX);
    for (size_t i = 0; i < count; i++) {
        must(plot[i].sensor == 3);
        check_plot(&plot[i]);
    }
}

/* Makes lengths, sequences and checksum agree, so that what stands behind them is reached too. */
static size_t repair(uint8_t *block, size_t bytes)
{
    enum { HEADER = 2 * SKY_REGS_HEADER_WORDS, TARGET = 2 * SKY_REGS_TARGET_WORDS };
    static const uint8_t identity[] = {0x53, 0x57, 1, 0, 0, 16, 0, SKY_REGS_TARGETS_MAX};
    const size_t targets = (bytes - 2 * HEADER) / TARGET;
    uint16_t word[SKY_REGS_TARGETS_MAX * SKY_REGS_TARGET_WORDS];
    memcpy(block, identity, sizeof identity);
    block[11] &= 0xFE;
    block[12] = 0;
    block[13] = (uint8_t)targets;
    memcpy(block + 30, block + 10, 2);
    for (size_t i = 0; i < targets; i++) {
        memcpy(block + HEADER + TARGET * i + 30, block + 10, 2);
    }
    for (size_t i = 0; i < targets * TARGET / 2; i++) {
        word[i] = (uint16_t)(block[HEADER + 2 * i] << 8 | block[HEADER + 2 * i + 1]);
    }
    const uint16_t crc = sky_regs_crc(word, targets * TARGET / 2);
    sky_regs_to_bytes(&crc, 1, block + 28);
    memcpy(block + HEADER + TARGET * targets, block, HEADER);
    return 2 * HEADER + TARGET * targets;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint8_t block[2 * SKY_REGS_BLOCK_WORDS_MAX];
    decode(data, bytes);
    if (bytes >= 4 * SKY_REGS_HEADER_WORDS && bytes <= sizeof block) {
        memcpy(block, data, bytes);
        decode(block, repair(block, bytes));
    }
    return 0;
}
