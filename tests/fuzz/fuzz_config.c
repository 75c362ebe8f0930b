#include <stdio.h>
#include <string.h>

#include "sky_fuzz.h"
#include "skyd_config.h"

static struct skyd_config config;
static struct sky_config before;
static char error[SKYD_ERROR_MAX];

/* An error is one line that begins with the file. */
static void check_error(void)
{
    must(strncmp(error, "etc/fuzz.ini:", 13) == 0);
    must(strlen(error) < SKYD_ERROR_MAX);
}

/* What was accepted is in range, and reads back from what is printed as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char printed[4 * SKYD_CONFIG_BYTES_MAX];
    const char *field = NULL;
    if (skyd_config_parse(&config, "etc/fuzz.ini", (const char *)data, bytes, error) != 0) {
        check_error();
        return 0;
    }
    must(sky_config_check(&config.engine, &field) == SKY_OK);
    must(config.modbus_count <= SKYD_MODBUS_MAX && config.asterix_count <= SKYD_ASTERIX_MAX);
    for (uint32_t i = 0; i < config.modbus_count; i++) {
        must(config.modbus[i].source.sensor < config.engine.sensor_count);
    }
    memcpy(&before, &config.engine, sizeof before);
    FILE *const stream = fmemopen(printed, sizeof printed, "w");
    must(stream != NULL);
    skyd_config_print(&config, stream);
    fclose(stream);
    must(skyd_config_parse(&config, "etc/fuzz.ini", printed, strlen(printed), error) == 0);
    must(memcmp(&before, &config.engine, sizeof before) == 0);
    return 0;
}
