#include <arpa/inet.h>
#include <string.h>

#include "sky_asterix.h"
#include "skyd_config_parse.h"

/* Refuses the value of a key that is set, or of one that is missing. */
static void refuse(struct skyd_parse *parse, const struct skyd_section *section, const char *name,
                   const char *text, const char *wrong)
{
    skyd_parse_refuse(parse, skyd_key_find(section->kind, name), skyd_section_line(section, name),
                      text, wrong);
}

static struct skyd_section *section_at(struct skyd_config *config, enum skyd_kind_id kind,
                                       uint32_t index)
{
    uint32_t i = 0;
    while (config->section[i].kind != kind || config->section[i].index != index) {
        i++;
    }
    return &config->section[i];
}

static bool is_cooperative(const struct skyd_config *config, const struct skyd_section *section)
{
    return section->kind == SKYD_RADAR &&
           config->engine.sensor[section->index].kind == SKY_SENSOR_COOPERATIVE;
}

/* What a radar measures means nothing to a sensor that reports places. */
static bool is_needed(const struct skyd_config *config, const struct skyd_section *section,
                      const struct skyd_key *key)
{
    return key->need == SKYD_NEED_ALWAYS && skyd_section_counts(section) &&
           (!is_cooperative(config, section) || strcmp(key->name, "scan_ms") == 0);
}

static void check_required(struct skyd_parse *parse, const struct skyd_section *section)
{
    const struct skyd_kind *const kind = &skyd_kinds[section->kind];
    for (size_t i = 0; i < kind->count; i++) {
        if (is_needed(parse->config, section, &kind->key[i]) && section->setting[i].line == 0) {
            char buffer[128];
            skyd_parse_fail(parse, section->line, "key '%s': missing in [%s%s%s]; expected %s",
                            kind->key[i].name, kind->name, kind->named ? "." : "", section->name,
                            skyd_key_expected(&kind->key[i], buffer));
        }
    }
}

/* A site is three numbers or none. */
static bool check_site(struct skyd_parse *parse, const struct skyd_section *section)
{
    static const char *const part[] = {"latitude_deg", "longitude_deg", "altitude_hae_m"};
    const bool any = skyd_section_is_set(section, part[0]) ||
                     skyd_section_is_set(section, part[1]) || skyd_section_is_set(section, part[2]);
    for (size_t i = 0; i < 3; i++) {
        if (any && !skyd_section_is_set(section, part[i])) {
            skyd_parse_fail(
                parse, section->line,
                "key '%s': missing; expected latitude_deg, longitude_deg and altitude_hae_m "
                "together",
                part[i]);
        }
    }
    return any;
}

static void check_station(struct skyd_parse *parse)
{
    struct skyd_config *const config = parse->config;
    const struct skyd_section *const station = &config->section[SKYD_STATION];
    config->has_gpsd = skyd_section_counts(&config->section[SKYD_GPSD]);
    config->engine.station.has_site = check_site(parse, station);
    if (!config->engine.station.has_site && !config->has_gpsd) {
        skyd_parse_fail(
            parse, station->line,
            "key 'latitude_deg': missing; expected the site of the station, or a [gpsd] section");
    }
    if (config->engine.station.moving && config->engine.station.has_site) {
        skyd_parse_fail(parse, skyd_section_line(station, "moving"),
                        "key 'moving': a station with a surveyed site stands still; expected no");
    }
}

/* Models of motion for what flies there, and then what the file says of them itself. */
static void take_motion(struct skyd_parse *parse)
{
    struct skyd_config *const config = parse->config;
    const struct skyd_section *const tracker = &config->section[SKYD_TRACKER];
    const enum sky_motion_kind motion =
        config->motion != 0 ? config->motion : sky_config_motion_seen(&config->engine);
    sky_config_motion(&config->engine.tracker, motion);
    for (size_t i = 0; i < skyd_kinds[SKYD_TRACKER].count; i++) {
        const struct skyd_key *const key = &skyd_kinds[SKYD_TRACKER].key[i];
        if (tracker->setting[i].line != 0) {
            skyd_parse_value(parse, tracker, key, tracker->setting[i].line,
                             skyd_section_value(config, tracker, key));
        }
    }
}

/* Below four segments there is nothing that could go: the newest two are needed. */
static void check_ring(struct skyd_parse *parse)
{
    const struct skyd_config *const config = parse->config;
    const uint64_t least = 4 * config->segment_bytes;
    if (config->ring_bytes > 0 && config->ring_bytes < least) {
        skyd_parse_fail(parse, skyd_section_line(&config->section[SKYD_LOG], "ring_mib"),
                        "key 'ring_mib': %llu is out of range; expected 0, for no limit, or at "
                        "least 4 segments, %llu",
                        (unsigned long long)(config->ring_bytes >> 20),
                        (unsigned long long)(least >> 20));
    }
}

static void check_limits(struct skyd_parse *parse)
{
    const struct sky_config *const engine = &parse->config->engine;
    const struct skyd_section *const tracker = &parse->config->section[SKYD_TRACKER];
    const struct skyd_section *const incident = &parse->config->section[SKYD_INCIDENT];
    const double *const accel = engine->tracker.accel_psd_m2ps3;
    if (accel[0] > accel[1] || accel[1] > accel[2]) {
        const char *const key =
            accel[0] > accel[1] ? "accel_psd_ordinary_m2ps3" : "accel_psd_wild_m2ps3";
        skyd_parse_fail(
            parse, skyd_section_line(tracker, key),
            "key '%s': steady, ordinary and wild are %g, %g and %g; expected them ascending", key,
            accel[0], accel[1], accel[2]);
    }
    if (engine->tracker.lose_ns < engine->tracker.coast_ns) {
        skyd_parse_fail(parse, skyd_section_line(tracker, "lose_s"),
                        "key 'lose_s': shorter than coast_s; expected at least that");
    }
    if (engine->incident.looks_of < engine->incident.looks_inside) {
        skyd_parse_fail(parse, skyd_section_line(incident, "looks_of"),
                        "key 'looks_of': %u is out of range; expected at least looks_inside, %u",
                        engine->incident.looks_of, engine->incident.looks_inside);
    }
}

/* Unless the file knows better, an ASTERIX radar's numbers have the steps of its format. */
static void take_steps(const struct skyd_section *section, struct sky_sensor_config *sensor)
{
    if (sensor->has_sac_sic && !skyd_section_is_set(section, "quantum_range_m")) {
        sensor->quantum_range_m = SKY_ASTERIX_STEP_RANGE_M;
    }
    if (sensor->has_sac_sic && !skyd_section_is_set(section, "quantum_azimuth_deg")) {
        sensor->quantum_azimuth_rad = SKY_ASTERIX_STEP_AZIMUTH_RAD;
    }
}

static void check_coverage(struct skyd_parse *parse, const struct skyd_section *section,
                           const struct sky_sensor_config *sensor)
{
    if (sensor->range_min_m >= sensor->range_max_m) {
        skyd_parse_fail(parse, skyd_section_line(section, "range_min_m"),
                        "key 'range_min_m': %g is out of range; expected less than range_max_m, %g",
                        sensor->range_min_m, sensor->range_max_m);
    }
    if (sensor->elevation_min_rad >= sensor->elevation_max_rad) {
        skyd_parse_fail(
            parse, skyd_section_line(section, "elevation_min_deg"),
            "key 'elevation_min_deg': not below elevation_max_deg; expected less than that");
    }
}

static void check_radar(struct skyd_parse *parse, uint32_t index)
{
    struct sky_config *const engine = &parse->config->engine;
    struct sky_sensor_config *const sensor = &engine->sensor[index];
    const struct skyd_section *const section = section_at(parse->config, SKYD_RADAR, index);
    const bool has_site = check_site(parse, section);
    if (is_cooperative(parse->config, section)) {
        sensor->at_station = !has_site; /* it stands nowhere */
    } else if (has_site == sensor->at_station) {
        skyd_parse_fail(parse, skyd_section_line(section, "at_station"),
                        "key 'at_station': %s; expected either yes or a site of its own",
                        has_site ? "yes, but a site is given too" : "no, but no site is given");
    }
    if (skyd_section_is_set(section, "sac") != skyd_section_is_set(section, "sic")) {
        skyd_parse_fail(parse, section->line, "key '%s': missing; expected sac and sic together",
                        skyd_section_is_set(section, "sac") ? "sic" : "sac");
    }
    sensor->has_sac_sic = skyd_section_is_set(section, "sac");
    take_steps(section, sensor);
    check_coverage(parse, section, sensor);
    for (uint32_t i = 0; i < index; i++) {
        const struct sky_sensor_config *const other = &engine->sensor[i];
        if (sensor->has_sac_sic && other->has_sac_sic && sensor->sac == other->sac &&
            sensor->sic == other->sic) {
            skyd_parse_fail(parse, skyd_section_line(section, "sic"),
                            "key 'sic': %u/%u is [radar.%s]'s already; expected another",
                            sensor->sac, sensor->sic, other->name);
        }
    }
}

static bool is_address(const char *text, bool ipv6_too)
{
    struct in6_addr address;
    return strcmp(text, "localhost") == 0 || inet_pton(AF_INET, text, &address) == 1 ||
           (ipv6_too && inet_pton(AF_INET6, text, &address) == 1);
}

/* Splits "host:port". */
static bool read_endpoint(const char *text, char *ret_host, size_t room, uint16_t *ret_port)
{
    const char *const colon = strrchr(text, ':');
    double port = 0.0;
    if (colon == NULL || (size_t)(colon - text) >= room ||
        colon[1 + strspn(colon + 1, "0123456789")] != '\0' || !skyd_key_number(colon + 1, &port) ||
        !(port >= 1.0 && port <= 65535.0)) {
        return false;
    }
    snprintf(ret_host, room, "%.*s", (int)(colon - text), text);
    *ret_port = (uint16_t)port;
    return true;
}

/* Whose plots a unit brings: those of one radar, or none if it is an instrument. */
static void check_unit(struct skyd_parse *parse, struct skyd_modbus_config *modbus,
                       const struct skyd_section *section, uint32_t index)
{
    const struct skyd_config *const config = parse->config;
    if (!skyd_section_is_set(section, "radar")) {
        if (!skyd_section_is_set(section, "map")) {
            skyd_parse_fail(
                parse, section->line,
                "key 'radar': missing, and map as well; expected the NAME of a [radar.NAME] "
                "section, or the map of an instrument");
        }
        return;
    }
    modbus->source.sensor = config->engine.sensor_count;
    for (uint32_t i = 0; i < config->engine.sensor_count; i++) {
        if (strcmp(config->engine.sensor[i].name, modbus->radar) == 0) {
            modbus->source.sensor = i;
        }
    }
    if (modbus->source.sensor == config->engine.sensor_count) {
        refuse(parse, section, "radar", modbus->radar, "is not in this file");
    }
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(config->modbus[i].radar, modbus->radar) == 0) {
            refuse(parse, section, "radar", modbus->radar, "has another [modbus.NAME] already");
        }
    }
}

static void check_modbus(struct skyd_parse *parse, uint32_t index)
{
    struct skyd_config *const config = parse->config;
    struct skyd_modbus_config *const modbus = &config->modbus[index];
    const struct skyd_section *const section = section_at(config, SKYD_MODBUS, index);
    const bool tcp = skyd_section_is_set(section, "tcp");
    if (tcp == skyd_section_is_set(section, "rtu")) {
        skyd_parse_fail(parse, section->line, "key 'tcp': %s; expected either tcp or rtu",
                        tcp ? "stands beside rtu" : "missing, and rtu as well");
    }
    modbus->source.mode = tcp ? SKY_SRC_MODBUS_TCP : SKY_SRC_MODBUS_RTU;
    if (tcp && (!read_endpoint(modbus->tcp, modbus->source.host, sizeof modbus->source.host,
                               &modbus->source.port) ||
                !is_address(modbus->source.host, false))) {
        refuse(parse, section, "tcp", modbus->tcp, "is no IPv4 address (or localhost) and port");
    }
    for (uint32_t i = 0; i < index && !tcp; i++) {
        const struct sky_src_modbus_config *const other = &config->modbus[i].source;
        if (strcmp(other->device, modbus->source.device) == 0 &&
            (other->unit == modbus->source.unit || other->baud != modbus->source.baud ||
             other->parity != modbus->source.parity ||
             other->stop_bits != modbus->source.stop_bits ||
             other->rs485 != modbus->source.rs485)) {
            skyd_parse_fail(
                parse, skyd_section_line(section, "rtu"),
                "key 'rtu': %s is [%s]'s as well; expected another unit, and the same baud, "
                "parity, stop_bits and rs485",
                modbus->source.device, other->name);
        }
    }
    check_unit(parse, modbus, section, index);
}

static void check_asterix(struct skyd_parse *parse, uint32_t index)
{
    struct skyd_asterix_config *const asterix = &parse->config->asterix[index];
    const struct skyd_section *const section = section_at(parse->config, SKYD_ASTERIX, index);
    struct in_addr address;
    if (!read_endpoint(asterix->listen, asterix->source.address, sizeof asterix->source.address,
                       &asterix->source.port) ||
        inet_pton(AF_INET, asterix->source.address, &address) != 1) {
        refuse(parse, section, "listen", asterix->listen, "is no IPv4 address and port");
    }
    if (skyd_section_is_set(section, "group") &&
        (inet_pton(AF_INET, asterix->source.group, &address) != 1 ||
         !IN_MULTICAST(ntohl(address.s_addr)))) {
        refuse(parse, section, "group", asterix->source.group, "is no multicast address");
    }
}

/* A station that heard its own tracks would believe itself. */
static void check_sink(struct skyd_parse *parse)
{
    struct skyd_config *const config = parse->config;
    struct skyd_sink_config *const sink = &config->sink;
    const struct skyd_section *const section = &config->section[SKYD_SINK];
    struct in_addr address = {0};
    config->has_sink = skyd_section_counts(section);
    if (!config->has_sink) {
        return;
    }
    if (!read_endpoint(sink->to, sink->udp.address, sizeof sink->udp.address, &sink->udp.port) ||
        inet_pton(AF_INET, sink->udp.address, &address) != 1 || address.s_addr == INADDR_ANY) {
        refuse(parse, section, "to", sink->to, "is no IPv4 address and port");
    }
    for (uint32_t i = 0; i < config->engine.sensor_count; i++) {
        const struct sky_sensor_config *const sensor = &config->engine.sensor[i];
        if (sensor->has_sac_sic && sensor->sac == sink->sender.sac &&
            sensor->sic == sink->sender.sic) {
            skyd_parse_fail(parse, skyd_section_line(section, "sic"),
                            "key 'sic': %u/%u is [radar.%s]'s already; expected another",
                            sensor->sac, sensor->sic, sensor->name);
        }
    }
}

void skyd_config_check(struct skyd_parse *parse)
{
    struct skyd_config *const config = parse->config;
    for (uint32_t i = 0; i < config->section_count; i++) {
        check_required(parse, &config->section[i]);
    }
    check_station(parse);
    take_motion(parse);
    check_limits(parse);
    check_ring(parse);
    for (uint32_t i = 0; i < config->engine.sensor_count; i++) {
        check_radar(parse, i);
    }
    for (uint32_t i = 0; i < config->modbus_count; i++) {
        check_modbus(parse, i);
    }
    for (uint32_t i = 0; i < config->asterix_count; i++) {
        check_asterix(parse, i);
    }
    check_sink(parse);
    if (!is_address(config->gpsd.host, true)) {
        refuse(parse, &config->section[SKYD_GPSD], "host", config->gpsd.host, "is no address");
    }
    const char *field = NULL;
    if (!parse->failed && sky_config_check(&config->engine, &field) != SKY_OK) {
        skyd_parse_fail(parse, 0, "field '%s' of the engine's configuration is out of range",
                        field);
    }
}
