#include <string.h>

#include "sky_fuzz.h"
#include "skyh_flight.h"
#include "skyh_scenario.h"

static struct skyh_scenario scenario;

/* What is refused has one line that begins with the file; what is taken can be flown. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct skyh_problem problem = {0};
    const char *field = NULL;
    if (!skyh_scenario_parse("s.json", (const char *)data, bytes, &scenario, &problem)) {
        must(problem.exit_code == SKYH_EXIT_DATA);
        must(strncmp(problem.text, "s.json: ", 8) == 0);
        return 0;
    }
    must(sky_config_check(&scenario.config, &field) == SKY_OK);
    must(scenario.radar_count > 0 && scenario.zone_file_count > 0);
    for (uint32_t i = 0; i < scenario.target_count && i < 2; i++) {
        struct skyh_flight flight = {0};
        struct skyh_state at;
        if (scenario.target[i].leg[0].duration_s < 1000.0) {
            must(skyh_flight_make(&flight, &scenario.target[i], &problem));
            (void)skyh_flight_at(&flight, scenario.target[i].start_s, &at);
            skyh_flight_done(&flight);
        }
    }
    return 0;
}
