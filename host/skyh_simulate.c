#include "skyh_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_live.h"
#include "skyh_recorder.h"
#include "skyh_world.h"
#include "skyh_zonesource.h"

static const int64_t unsynchronised_ns = 16 * SKY_SECOND_NS; /* what Linux says then */

static const struct skyh_option options[] = {
    {"--log", "OUT", "write a log: OUT.mcap, or a directory of segments"},
    {"--key", "FILE", "--log: sign it with this key, which witness keygen made for a station"},
    {"--live", NULL, "play it in real time to gpsd and a station"},
    {"--truth", "FILE.csv",
     "write what truly flew, twice a second, with its distance to every line"},
    {"--zones", "FILE", "use this zone file, not the scenario's own zones"},
    {"--seed", "N", "another seed than the scenario's"},
    {"--wait", "S", "--live: wait so long for the peers to come (60)"},
    {"--settle", "S", "--live: and so long before the flight begins (5)"},
    {"--address", "IPV4", "--live: serve here, and send ASTERIX here (127.0.0.1)"},
    {"--port", "NAME=PORT", "--live: another port for a source; may be repeated"},
    {"--device", "NAME=PATH", "--live: serve a Modbus head on a serial device, 115200 8N1, unit 1"},
    {NULL, NULL, NULL},
};

/* Everything a simulation needs; large. */
struct simulation {
    struct skyh_scenario scenario;
    struct skyh_zonefile zones;
    struct skyh_world world;
    struct skyh_live_config live;
    const char *key; /* of the log, or NULL */
    bool recorded_one;
    bool flew;
    struct skyh_recorded recorded;
    struct skyh_flown flown;
};

/* The scenario's own zones are built in memory, by the code of zones build. */
static bool build_zones(struct simulation *simulation, struct skyh_problem *problem)
{
    const struct skyh_scenario *const scenario = &simulation->scenario;
    const char *files[SKYH_ZONE_FILES_MAX];
    struct skyh_zone_build *const build = calloc(1, sizeof *build);
    struct skyh_notes *const notes = calloc(1, sizeof *notes);
    struct skyh_wishes wishes = {0};
    uint8_t *bytes = NULL;
    size_t count = 0;
    bool built = build != NULL && notes != NULL;
    for (uint32_t i = 0; i < scenario->zone_file_count; i++) {
        files[i] = scenario->zone_file[i];
    }
    if (!built) {
        (void)skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    } else {
        built =
            skyh_zonesource_read(build, files, scenario->zone_file_count, &wishes, notes, problem);
    }
    if (built) {
        (void)snprintf(build->name, sizeof build->name, "%s", build->zone[0].name);
        built = skyh_zonefile_pack(build, &bytes, &count, problem);
    }
    if (build != NULL) {
        skyh_zonefile_done(build);
    }
    free(build);
    free(notes);
    return built &&
           skyh_zonefile_take(&simulation->zones, "the scenario's zones", bytes, count, problem);
}

/* ------------------------------------------------------------------------------------ truth */

static void write_truth_header(FILE *out, const struct skyh_zonefile *zones)
{
    (void)fprintf(out, "time_s,utc,target,lat_deg,lon_deg,alt_hae_m,heading_deg,speed_mps");
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        (void)fprintf(out, ",line_%" PRIu32 "_distance_m", zones->set.line[i].id);
    }
    (void)fprintf(out, "\n");
}

static void write_truth_row(FILE *out, const struct simulation *simulation, const char *target,
                            double time_s, const struct skyh_state *state)
{
    const double rad_deg = 180.0 / SKY_PI;
    const struct sky_zone_set *const set = &simulation->zones.set;
    char utc[SKYH_UTC_TEXT_MAX];
    const int64_t utc_ns =
        simulation->world.start_utc_ns + (int64_t)llround(time_s * 1000.0) * 1000000;
    (void)fprintf(out, "%.1f,%s,%s,%.8f,%.8f,%.2f,%.3f,%.3f", time_s, skyh_utc_rfc3339(utc_ns, utc),
                  target, state->place.lat_rad * rad_deg, state->place.lon_rad * rad_deg,
                  state->place.alt_hae_m, state->heading_rad * rad_deg, state->speed_mps);
    for (uint32_t i = 0; i < set->line_count; i++) {
        struct sky_nearest nearest;
        sky_zone_nearest(set, i, state->place.lat_rad, state->place.lon_rad, SKY_ZONE_NO_EDGE,
                         &nearest);
        (void)fprintf(out, ",%.2f", nearest.distance_m);
    }
    (void)fprintf(out, "\n");
}

static bool write_truth(const struct simulation *simulation, const char *file,
                        struct skyh_problem *problem)
{
    FILE *const out = fopen(file, "we");
    if (out == NULL) {
        return skyh_fail(problem, SKYH_EXIT_NO_OUTPUT, "%s: %s", file, strerror(errno));
    }
    write_truth_header(out, &simulation->zones);
    const int64_t steps = simulation->scenario.duration_ns / (SKY_SECOND_NS / 2);
    for (int64_t step = 0; step <= steps; step++) {
        const double time_s = 0.5 * (double)step;
        for (uint32_t i = 0; i < simulation->scenario.target_count; i++) {
            struct skyh_state state;
            if (skyh_flight_at(&simulation->world.flight[i], time_s, &state)) {
                write_truth_row(out, simulation, simulation->scenario.target[i].name, time_s,
                                &state);
            }
        }
    }
    const bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        return skyh_fail(problem, SKYH_EXIT_IO, "%s: cannot be written", file);
    }
    return true;
}

/* ------------------------------------------------------------------------------------- live */

/* "NAME=REST": which source, and the rest. */
static bool split_source(const struct skyh_scenario *scenario, const char *option, const char *text,
                         uint32_t *ret_source, const char **ret_rest, struct skyh_problem *problem)
{
    const char *const equals = strchr(text, '=');
    for (uint32_t source = 0; equals != NULL && source <= scenario->radar_count; source++) {
        const char *const name = skyh_scenario_source(scenario, source);
        if (strlen(name) == (size_t)(equals - text) &&
            strncmp(name, text, (size_t)(equals - text)) == 0) {
            *ret_source = source;
            *ret_rest = equals + 1;
            return true;
        }
    }
    return skyh_fail(problem, SKYH_EXIT_USAGE,
                     "%s: %s; expected NAME=VALUE with the name of the gnss or of a radar", option,
                     text);
}

static bool take_port(struct skyh_live_config *live, const struct skyh_scenario *scenario,
                      const char *text, struct skyh_problem *problem)
{
    uint32_t source = 0;
    const char *rest = "";
    if (!split_source(scenario, "--port", text, &source, &rest, problem)) {
        return false;
    }
    char *end = NULL;
    const long port = strtol(rest, &end, 10);
    if (end == rest || *end != '\0' || port < 1 || port > 65535) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--port: %s; expected a port from 1 to 65535",
                         text);
    }
    live->port[source] = (uint16_t)port;
    return true;
}

static bool take_device(struct skyh_live_config *live, const struct skyh_scenario *scenario,
                        const char *text, struct skyh_problem *problem)
{
    uint32_t source = 0;
    const char *rest = "";
    if (!split_source(scenario, "--device", text, &source, &rest, problem)) {
        return false;
    }
    if (source == 0 || scenario->radar[source - 1].kind != SKYH_SENSOR_MODBUS) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "--device: %s; expected the name of a Modbus head", text);
    }
    live->device[source] = rest;
    return true;
}

static bool configure_live(struct simulation *simulation, const struct skyh_args *args,
                           struct skyh_problem *problem)
{
    struct skyh_live_config *const live = &simulation->live;
    const struct skyh_scenario *const scenario = &simulation->scenario;
    const char *const address = skyh_args_value(args, "--address");
    live->address = address != NULL ? address : "127.0.0.1";
    live->wait_s = 60.0;
    live->settle_s = 5.0;
    live->port[0] = (uint16_t)scenario->receiver.live_port;
    for (uint32_t i = 0; i < scenario->radar_count; i++) {
        live->port[i + 1] = scenario->radar[i].live_port;
    }
    for (size_t i = 0; i < args->option_count; i++) {
        const char *const name = args->option[i].name, *const value = args->option[i].value;
        if (strcmp(name, "--port") == 0 && !take_port(live, scenario, value, problem)) {
            return false;
        }
        if (strcmp(name, "--device") == 0 && !take_device(live, scenario, value, problem)) {
            return false;
        }
    }
    return skyh_args_number(args, "--wait", 0.0, 3600.0, &live->wait_s, problem) &&
           skyh_args_number(args, "--settle", 0.0, 600.0, &live->settle_s, problem);
}

/* -------------------------------------------------------------------------------------- log */

/* What is recorded of an emission, and the buffers that it borrows. */
struct reception {
    struct sky_input input;
    char tpv[SKYH_TPV_MAX];
    uint8_t block[2 * SKY_REGS_BLOCK_WORDS_MAX];
};

static int record_emission(struct skyh_recorder *recorder, const struct skyh_scenario *scenario,
                           const struct skyh_emission *emission, struct reception *reception)
{
    const char *const source = skyh_scenario_source(scenario, emission->source);
    struct sky_input *const input = &reception->input;
    memset(input, 0, sizeof *input);
    switch (emission->kind) {
    case SKYH_EMIT_SOURCE:
        return skyh_recorder_source(recorder, emission->time_ns, source, emission->event,
                                    emission->event == SKY_SOURCE_UP ? "simulated"
                                                                     : "fault in scenario");
    case SKYH_EMIT_EPOCH:
        input->kind = SKY_INPUT_GNSS;
        input->u.gnss = skyh_feed_report(emission->epoch, reception->tpv,
                                         skyh_feed_tpv(emission->epoch, reception->tpv));
        break;
    case SKYH_EMIT_DATAGRAM:
        input->kind = SKY_INPUT_DATAGRAM;
        input->u.datagram.bytes = emission->datagram;
        input->u.datagram.count = emission->datagram_bytes;
        break;
    case SKYH_EMIT_REGISTERS:
        input->kind = SKY_INPUT_REGISTERS;
        input->u.registers.sensor = emission->source - 1;
        input->u.registers.bytes = reception->block;
        input->u.registers.count = skyh_feed_block(emission->registers, reception->block);
        break;
    }
    return skyh_recorder_take(recorder, input, emission->time_ns, source);
}

/* Ticks up to an instant, that instant included. */
static int record_ticks(struct skyh_recorder *recorder, int64_t tick_ns, int64_t until_ns,
                        int64_t *next_ns)
{
    int error = 0;
    for (; error == 0 && *next_ns <= until_ns; *next_ns += tick_ns) {
        error = skyh_recorder_tick(recorder, *next_ns, false, unsynchronised_ns);
    }
    return error;
}

/* Emissions and ticks, in order of time; then the station stops in good order. */
static int record_world(struct skyh_recorder *recorder, struct skyh_world *world,
                        struct reception *reception)
{
    const struct skyh_scenario *const scenario = world->scenario;
    const int64_t tick_ns = scenario->config.tick_ns;
    struct skyh_progress progress;
    struct skyh_emission emission;
    int64_t next_tick_ns = tick_ns;
    int error = 0;
    skyh_progress_begin(&progress, "simulating");
    while (error == 0 && skyh_world_next(world, &emission)) {
        error = record_ticks(recorder, tick_ns, emission.time_ns, &next_tick_ns);
        if (error == 0) {
            error = record_emission(recorder, scenario, &emission, reception);
        }
        skyh_progress_update(&progress, (double)emission.time_ns / (double)scenario->duration_ns,
                             "");
    }
    if (error == 0) {
        error = record_ticks(recorder, tick_ns, scenario->duration_ns, &next_tick_ns);
    }
    if (error == 0) {
        error = skyh_recorder_source(recorder, scenario->duration_ns, "", SKY_SOURCE_SHUTDOWN, "");
    }
    skyh_progress_end(&progress);
    return error;
}

static bool record(struct simulation *simulation, const char *log, struct skyh_problem *problem)
{
    const struct skyh_recording recording = {
        .config = &simulation->scenario.config,
        .zones = &simulation->zones,
        .how = "simulated",
        .boot = simulation->scenario.seed,
        .start_utc_ns = simulation->world.start_utc_ns,
        .key = simulation->key,
    };
    struct skyh_recorder *recorder = NULL;
    struct reception *const reception = malloc(sizeof *reception);
    if (reception == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "%s: out of memory", log);
    }
    bool recorded = skyh_recorder_open(&recording, log, &recorder, problem);
    if (recorded) {
        const int error = record_world(recorder, &simulation->world, reception);
        recorded = skyh_recorder_close(recorder, error, &simulation->recorded, problem);
    }
    free(reception);
    return recorded;
}

/* ---------------------------------------------------------------------------------- command */

static bool prepare(struct simulation *simulation, const struct skyh_args *args,
                    struct skyh_problem *problem)
{
    double seed = 0.0;
    const char *const zones = skyh_args_value(args, "--zones");
    if (!skyh_args_given(args, "--log") && !skyh_args_given(args, "--live") &&
        !skyh_args_given(args, "--truth")) {
        return skyh_fail(problem, SKYH_EXIT_USAGE,
                         "nothing to do; expected --log OUT, --live or --truth FILE.csv");
    }
    if (simulation->key != NULL && !skyh_args_given(args, "--log")) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--key: nothing to sign; expected --log OUT");
    }
    if (!skyh_args_number(args, "--seed", 0.0, 4294967295.0, &seed, problem) ||
        !skyh_scenario_read(args->operand[0], &simulation->scenario, problem)) {
        return false;
    }
    if (seed != floor(seed)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "--seed: %s; expected a whole number",
                         skyh_args_value(args, "--seed"));
    }
    if (skyh_args_given(args, "--seed")) {
        simulation->scenario.seed = (uint32_t)seed;
    }
    return zones != NULL ? skyh_zonefile_open(&simulation->zones, zones, problem)
                         : build_zones(simulation, problem);
}

static bool simulate(struct simulation *simulation, const struct skyh_args *args,
                     struct skyh_problem *problem)
{
    const char *const truth = skyh_args_value(args, "--truth");
    const char *const log = skyh_args_value(args, "--log");
    simulation->key = skyh_args_value(args, "--key");
    if (!prepare(simulation, args, problem) || !configure_live(simulation, args, problem) ||
        !skyh_world_make(&simulation->world, &simulation->scenario,
                         simulation->scenario.start_utc_ns, problem)) {
        return false;
    }
    if (log != NULL) {
        simulation->recorded_one = record(simulation, log, problem);
        if (!simulation->recorded_one) {
            return false;
        }
    }
    if (skyh_args_given(args, "--live")) {
        simulation->flew =
            skyh_live_run(&simulation->scenario, &simulation->live, &simulation->flown, problem);
        if (!simulation->flew) {
            return false;
        }
        simulation->world.start_utc_ns = simulation->flown.start_utc_ns;
    }
    return truth == NULL || write_truth(simulation, truth, problem);
}

static void print_json(const struct simulation *simulation, const char *log)
{
    char utc[SKYH_UTC_TEXT_MAX];
    json_t *const out =
        json_pack("{s:s, s:s, s:f, s:I}", "about", simulation->scenario.about, "start_utc",
                  skyh_utc_rfc3339(simulation->world.start_utc_ns, utc), "duration_s",
                  (double)simulation->scenario.duration_ns * 1e-9, "seed",
                  (json_int_t)simulation->scenario.seed);
    if (simulation->recorded_one) {
        const struct skyh_recorded *const recorded = &simulation->recorded;
        (void)json_object_set_new(out, "log",
                                  json_pack("{s:s, s:I, s:I, s:I, s:I}", "path", log, "inputs",
                                            (json_int_t)recorded->inputs, "events",
                                            (json_int_t)recorded->events, "segments",
                                            (json_int_t)recorded->segments, "bytes",
                                            (json_int_t)recorded->bytes));
    }
    if (simulation->flew) {
        const struct skyh_flown *const flown = &simulation->flown;
        (void)json_object_set_new(
            out, "live",
            json_pack("{s:I, s:I, s:I, s:I}", "fixes", (json_int_t)flown->epochs, "datagrams",
                      (json_int_t)flown->datagrams, "scans", (json_int_t)flown->scans,
                      "modbus_requests", (json_int_t)flown->modbus_requests));
    }
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

static void print_text(const struct simulation *simulation, const char *log)
{
    const double duration_s = (double)simulation->scenario.duration_ns * 1e-9;
    if (simulation->recorded_one) {
        (void)printf("%s: %.0f s of a synthetic flight, seed %" PRIu32 ": %" PRIu64
                     " inputs, %" PRIu64 " events, %.1f MB in %" PRIu64 " segment%s\n",
                     log, duration_s, simulation->scenario.seed, simulation->recorded.inputs,
                     simulation->recorded.events, (double)simulation->recorded.bytes * 1e-6,
                     simulation->recorded.segments, simulation->recorded.segments == 1 ? "" : "s");
    }
    if (simulation->flew) {
        char utc[SKYH_UTC_TEXT_MAX];
        (void)printf("flew %.0f s from %s UTC: %" PRIu64 " fixes, %" PRIu64 " datagrams, %" PRIu64
                     " scans of Modbus heads read in %" PRIu64 " requests\n",
                     duration_s, skyh_utc_text(simulation->flown.start_utc_ns, 0, utc),
                     simulation->flown.epochs, simulation->flown.datagrams, simulation->flown.scans,
                     simulation->flown.modbus_requests);
    }
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct simulation *const simulation = calloc(1, sizeof *simulation);
    if (simulation == NULL) {
        skyh_note("simulate", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    int exit_code = SKYH_EXIT_OK;
    if (!simulate(simulation, args, &problem)) {
        exit_code = skyh_report("simulate", &problem);
    } else if (args->json) {
        print_json(simulation, skyh_args_value(args, "--log"));
    } else {
        print_text(simulation, skyh_args_value(args, "--log"));
    }
    skyh_world_done(&simulation->world);
    skyh_zonefile_close(&simulation->zones);
    free(simulation);
    return exit_code;
}

const struct skyh_command skyh_simulate = {
    .name = "simulate",
    .operands = "SCENARIO",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "fly a scenario: into a log, or live to gpsd and a station",
    .about =
        "Moves the targets of SCENARIO (JSON; host/examples has two and describes the fields) and\n"
        "lets its sensors err as they say. --log gives the readings to the station's own code and\n"
        "writes the log that a real station would have; the same seed gives the same log on every\n"
        "machine, but for what signs it with --key. --live plays the same readings in real time: "
        "NMEA over TCP for gpsd, Modbus\n"
        "heads over TCP or a serial device, ASTERIX over UDP; it ends by itself.\n",
    .exits = "  0   done\n"
             "  64  usage   65  the scenario or a zone is wrong   66  a file cannot be read\n"
             "  69  an address cannot be used, or the peers did not come   73, 74  cannot write\n",
    .example = "  skywitness simulate host/examples/tinzaouatine/short.json --log short.mcap\n"
               "  skywitness simulate host/examples/tinzaouatine/short.json --live --wait 30\n",
    .options = options,
    .run = run,
};
