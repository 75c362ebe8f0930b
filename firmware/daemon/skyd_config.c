#include "skyd_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sky_asterix.h"

/* A parse under way. */
struct parse {
    struct skyd_config *config;
    const char *bytes;
    size_t count;
    size_t at;
    int line;
    struct skyd_section *section; /* the one being read; NULL before the first */
    char *error;
    bool failed;
};

__attribute__((format(printf, 3, 4))) static void fail(struct parse *parse, int line,
                                                       const char *format, ...)
{
    if (parse->failed) {
        return; /* the first error is the one that counts */
    }
    parse->failed = true;
    const int used =
        line > 0 ? snprintf(parse->error, SKYD_ERROR_MAX, "%s:%d: ", parse->config->path, line)
                 : snprintf(parse->error, SKYD_ERROR_MAX, "%s: ", parse->config->path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parse->error + used, SKYD_ERROR_MAX - (size_t)used, format, arguments);
    va_end(arguments);
}

static struct skyd_setting *setting_of(struct skyd_section *section, const struct skyd_key *key)
{
    return &section->setting[key - skyd_kinds[section->kind].key];
}

static bool is_set(const struct skyd_section *section, const char *name)
{
    const struct skyd_key *const key = skyd_key_find(section->kind, name);
    return section->setting[key - skyd_kinds[section->kind].key].line != 0;
}

/* The line an error about a key is best reported at: its own, else its section's. */
static int line_of(const struct skyd_section *section, const char *name)
{
    const struct skyd_key *const key = skyd_key_find(section->kind, name);
    const int line = section->setting[key - skyd_kinds[section->kind].key].line;
    return line != 0 ? line : section->line;
}

static const char *value_of(const struct skyd_config *config, const struct skyd_section *section,
                            const struct skyd_key *key)
{
    const struct skyd_setting *const setting =
        &section->setting[key - skyd_kinds[section->kind].key];
    return setting->line != 0 ? config->text + setting->text_at : key->fallback;
}

/* The struct that a section's keys are offsets into. */
static void *target_of(struct skyd_config *config, const struct skyd_section *section)
{
    if (section->kind == SKYD_RADAR) {
        return &config->engine.sensor[section->index];
    }
    if (section->kind == SKYD_MODBUS) {
        return &config->modbus[section->index];
    }
    if (section->kind == SKYD_ASTERIX) {
        return &config->asterix[section->index];
    }
    return config;
}

static void refuse(struct parse *parse, const struct skyd_key *key, int line, const char *text,
                   const char *wrong)
{
    char buffer[128];
    fail(parse, line, "key '%s': '%s' %s; expected %s", key->name, text, wrong,
         skyd_key_expected(key, buffer));
}

/* Brings one value from text to where it belongs. line 0: it is the default. */
static void take_value(struct parse *parse, const struct skyd_section *section,
                       const struct skyd_key *key, int line, const char *text)
{
    /* inih takes ';' for the start of a comment only after a blank: printed, it would be one */
    const char *const wrong = text[0] == ';' ? "begins like a comment"
                                             : skyd_key_take(key, text, parse->config->path,
                                                             target_of(parse->config, section));
    if (wrong != NULL) {
        refuse(parse, key, line, text, wrong);
    }
}

/* Makes a section with every default in place. */
static struct skyd_section *add_section(struct parse *parse, enum skyd_kind_id kind, uint32_t index,
                                        const char *name)
{
    struct skyd_section *const section = &parse->config->section[parse->config->section_count++];
    section->kind = kind;
    section->index = index;
    snprintf(section->name, sizeof section->name, "%s", name);
    if (kind == SKYD_RADAR) {
        sky_config_sensor_default(&parse->config->engine.sensor[index]);
    }
    for (size_t i = 0; i < skyd_kinds[kind].count; i++) {
        const struct skyd_key *const key = &skyd_kinds[kind].key[i];
        if (key->need == SKYD_NEED_DEFAULT) {
            take_value(parse, section, key, 0, key->fallback);
        }
    }
    return section;
}

static bool good_name(const char *name)
{
    const size_t bytes = strlen(name);
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] <= ' ' || name[i] > '~') {
            return false;
        }
    }
    return bytes > 0 && bytes < SKYD_NAME_MAX;
}

static void name_section(struct skyd_config *config, const struct skyd_section *section)
{
    if (section->kind == SKYD_RADAR) {
        struct sky_sensor_config *const sensor = &config->engine.sensor[section->index];
        snprintf(sensor->name, sizeof sensor->name, "%s", section->name);
        config->engine.sensor_count = section->index + 1;
    } else if (section->kind == SKYD_MODBUS) {
        struct skyd_modbus_config *const modbus = &config->modbus[section->index];
        snprintf(modbus->source.name, sizeof modbus->source.name, "modbus.%s", section->name);
        config->modbus_count = section->index + 1;
    } else {
        struct skyd_asterix_config *const asterix = &config->asterix[section->index];
        snprintf(asterix->source.name, sizeof asterix->source.name, "asterix.%s", section->name);
        config->asterix_count = section->index + 1;
    }
}

static void open_named(struct parse *parse, enum skyd_kind_id kind, const char *name)
{
    uint32_t index = 0;
    for (uint32_t i = 0; i < parse->config->section_count; i++) {
        struct skyd_section *const section = &parse->config->section[i];
        if (section->kind == kind && strcmp(section->name, name) == 0) {
            parse->section = section;
            return;
        }
        index += section->kind == kind;
    }
    if (!good_name(name)) {
        fail(parse, parse->line,
             "section [%s.%s]: bad name; expected 1 to %d printable characters without spaces",
             skyd_kinds[kind].name, name, SKYD_NAME_MAX - 1);
    } else if (index == skyd_kinds[kind].max) {
        fail(parse, parse->line, "section [%s.%s]: one too many; expected at most %u [%s.NAME]",
             skyd_kinds[kind].name, name, skyd_kinds[kind].max, skyd_kinds[kind].name);
    } else {
        parse->section = add_section(parse, kind, index, name);
        parse->section->line = parse->line;
        name_section(parse->config, parse->section);
    }
}

static void open_section(struct parse *parse, const char *name)
{
    for (enum skyd_kind_id kind = 0; kind < SKYD_KIND_COUNT; kind++) {
        const size_t bytes = strlen(skyd_kinds[kind].name);
        if (skyd_kinds[kind].named && strncmp(name, skyd_kinds[kind].name, bytes) == 0 &&
            name[bytes] == '.') {
            open_named(parse, kind, name + bytes + 1);
            return;
        }
        if (!skyd_kinds[kind].named && strcmp(name, skyd_kinds[kind].name) == 0) {
            parse->section = &parse->config->section[kind];
            parse->section->line = parse->section->line ? parse->section->line : parse->line;
            return;
        }
    }
    fail(
        parse, parse->line,
        "section [%s]: unknown; expected [station], [tracker], [incident], [zones], [log], [gpsd], "
        "[radar.NAME], [modbus.NAME] or [asterix.NAME]",
        name);
}

/*
 * Hands inih one line at a time, counting. Headings are looked at here as well, since inih does not
 * report a section without keys and a misspelt one must not pass.
 */
static char *next_line(char *buffer, int room, void *stream)
{
    struct parse *const parse = stream;
    if (parse->at >= parse->count || parse->failed) {
        return NULL;
    }
    const char *const from = parse->bytes + parse->at;
    const char *const newline = memchr(from, '\n', parse->count - parse->at);
    const size_t bytes = newline ? (size_t)(newline - from) : parse->count - parse->at;
    parse->at += bytes + (newline != NULL);
    parse->line++;

    if (bytes > (size_t)room - 2) {
        fail(parse, parse->line, "line of %zu bytes; expected at most %d", bytes, room - 2);
        return NULL;
    }
    if (memchr(from, '\0', bytes) != NULL) {
        fail(parse, parse->line, "a zero byte; expected text");
        return NULL;
    }
    memcpy(buffer, from, bytes);
    buffer[bytes] = '\0';
    const char first = buffer[strspn(buffer, " \t\r")];
    if ((buffer[0] == ' ' || buffer[0] == '\t') && strchr(";#", first) == NULL) {
        fail(parse, parse->line, "begins with a space; expected keys and headings without");
        return NULL; /* inih would take it for more of the value before */
    }
    const char *const bracket = buffer[0] == '[' ? strchr(buffer, ']') : NULL;
    if (bracket != NULL) {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(bracket - buffer) - 1, buffer + 1);
        open_section(parse, name);
    }
    return buffer;
}

static int take_line(void *user, const char *section_name, const char *name, const char *value)
{
    struct parse *const parse = user;
    (void)section_name; /* next_line has seen its heading */
    if (parse->failed) {
        return 0;
    }
    if (parse->section == NULL) {
        fail(parse, parse->line, "key '%s': stands before any section; expected a [section] first",
             name);
        return 0;
    }
    struct skyd_section *const section = parse->section;
    const struct skyd_kind *const kind = &skyd_kinds[section->kind];
    const struct skyd_key *const key = skyd_key_find(section->kind, name);
    if (key == NULL) {
        fail(parse, parse->line,
             "key '%s': unknown in [%s%s]; expected one of the keys that "
             "--print-config lists there",
             name, kind->name, kind->named ? ".NAME" : "");
        return 0;
    }
    struct skyd_setting *const setting = setting_of(section, key);
    if (setting->line != 0) {
        fail(parse, parse->line, "key '%s': set before in line %d; expected once", name,
             setting->line);
        return 0;
    }
    struct skyd_config *const config = parse->config;
    const size_t bytes = strlen(value) + 1;
    if (bytes > sizeof config->text - config->text_bytes) {
        fail(parse, parse->line, "key '%s': too much text in this file", name);
        return 0;
    }
    memcpy(config->text + config->text_bytes, value, bytes);
    *setting = (struct skyd_setting){parse->line, (uint32_t)config->text_bytes};
    config->text_bytes += bytes;
    take_value(parse, section, key, parse->line, value);
    return parse->failed ? 0 : 1;
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
    return key->need == SKYD_NEED_ALWAYS &&
           (!is_cooperative(config, section) || strcmp(key->name, "scan_ms") == 0);
}

static void check_required(struct parse *parse, const struct skyd_section *section)
{
    const struct skyd_kind *const kind = &skyd_kinds[section->kind];
    for (size_t i = 0; i < kind->count; i++) {
        if (is_needed(parse->config, section, &kind->key[i]) && section->setting[i].line == 0) {
            char buffer[128];
            fail(parse, section->line, "key '%s': missing in [%s%s%s]; expected %s",
                 kind->key[i].name, kind->name, kind->named ? "." : "", section->name,
                 skyd_key_expected(&kind->key[i], buffer));
        }
    }
}

/* A site is three numbers or none. */
static bool check_site(struct parse *parse, const struct skyd_section *section)
{
    static const char *const part[] = {"latitude_deg", "longitude_deg", "altitude_hae_m"};
    const bool any =
        is_set(section, part[0]) || is_set(section, part[1]) || is_set(section, part[2]);
    for (size_t i = 0; i < 3; i++) {
        if (any && !is_set(section, part[i])) {
            fail(parse, section->line,
                 "key '%s': missing; expected latitude_deg, longitude_deg and altitude_hae_m "
                 "together",
                 part[i]);
        }
    }
    return any;
}

static void check_station(struct parse *parse)
{
    struct skyd_config *const config = parse->config;
    const struct skyd_section *const station = &config->section[SKYD_STATION];
    config->has_gpsd = config->section[SKYD_GPSD].line != 0;
    config->engine.station.has_site = check_site(parse, station);
    if (!config->engine.station.has_site && !config->has_gpsd) {
        fail(parse, station->line,
             "key 'latitude_deg': missing; expected the site of the station, or a [gpsd] section");
    }
    if (config->engine.station.moving && config->engine.station.has_site) {
        fail(parse, line_of(station, "moving"),
             "key 'moving': a station with a surveyed site stands still; expected no");
    }
}

/* Models of motion for what flies there, and then what the file says of them itself. */
static void take_motion(struct parse *parse)
{
    struct skyd_config *const config = parse->config;
    const struct skyd_section *const tracker = &config->section[SKYD_TRACKER];
    const enum sky_motion_kind motion =
        config->motion != 0 ? config->motion : sky_config_motion_seen(&config->engine);
    sky_config_motion(&config->engine.tracker, motion);
    for (size_t i = 0; i < skyd_kinds[SKYD_TRACKER].count; i++) {
        const struct skyd_key *const key = &skyd_kinds[SKYD_TRACKER].key[i];
        if (tracker->setting[i].line != 0) {
            take_value(parse, tracker, key, tracker->setting[i].line,
                       value_of(config, tracker, key));
        }
    }
}

static void check_limits(struct parse *parse)
{
    const struct sky_config *const engine = &parse->config->engine;
    const struct skyd_section *const tracker = &parse->config->section[SKYD_TRACKER];
    const struct skyd_section *const incident = &parse->config->section[SKYD_INCIDENT];
    const double *const accel = engine->tracker.accel_psd_m2ps3;
    if (accel[0] > accel[1] || accel[1] > accel[2]) {
        const char *const key =
            accel[0] > accel[1] ? "accel_psd_ordinary_m2ps3" : "accel_psd_wild_m2ps3";
        fail(parse, line_of(tracker, key),
             "key '%s': steady, ordinary and wild are %g, %g and %g; expected them ascending", key,
             accel[0], accel[1], accel[2]);
    }
    if (engine->tracker.lose_ns < engine->tracker.coast_ns) {
        fail(parse, line_of(tracker, "lose_s"),
             "key 'lose_s': shorter than coast_s; expected at least that");
    }
    if (engine->incident.looks_of < engine->incident.looks_inside) {
        fail(parse, line_of(incident, "looks_of"),
             "key 'looks_of': %u is out of range; expected at least looks_inside, %u",
             engine->incident.looks_of, engine->incident.looks_inside);
    }
}

/* Unless the file knows better, an ASTERIX radar's numbers have the steps of its format. */
static void take_steps(const struct skyd_section *section, struct sky_sensor_config *sensor)
{
    if (sensor->has_sac_sic && !is_set(section, "quantum_range_m")) {
        sensor->quantum_range_m = SKY_ASTERIX_STEP_RANGE_M;
    }
    if (sensor->has_sac_sic && !is_set(section, "quantum_azimuth_deg")) {
        sensor->quantum_azimuth_rad = SKY_ASTERIX_STEP_AZIMUTH_RAD;
    }
}

static void check_coverage(struct parse *parse, const struct skyd_section *section,
                           const struct sky_sensor_config *sensor)
{
    if (sensor->range_min_m >= sensor->range_max_m) {
        fail(parse, line_of(section, "range_min_m"),
             "key 'range_min_m': %g is out of range; expected less than range_max_m, %g",
             sensor->range_min_m, sensor->range_max_m);
    }
    if (sensor->elevation_min_rad >= sensor->elevation_max_rad) {
        fail(parse, line_of(section, "elevation_min_deg"),
             "key 'elevation_min_deg': not below elevation_max_deg; expected less than that");
    }
}

static void check_radar(struct parse *parse, uint32_t index)
{
    struct sky_config *const engine = &parse->config->engine;
    struct sky_sensor_config *const sensor = &engine->sensor[index];
    const struct skyd_section *const section = section_at(parse->config, SKYD_RADAR, index);
    const bool has_site = check_site(parse, section);
    if (is_cooperative(parse->config, section)) {
        sensor->at_station = !has_site; /* it stands nowhere */
    } else if (has_site == sensor->at_station) {
        fail(parse, line_of(section, "at_station"),
             "key 'at_station': %s; expected either yes or a site of its own",
             has_site ? "yes, but a site is given too" : "no, but no site is given");
    }
    if (is_set(section, "sac") != is_set(section, "sic")) {
        fail(parse, section->line, "key '%s': missing; expected sac and sic together",
             is_set(section, "sac") ? "sic" : "sac");
    }
    sensor->has_sac_sic = is_set(section, "sac");
    take_steps(section, sensor);
    check_coverage(parse, section, sensor);
    for (uint32_t i = 0; i < index; i++) {
        const struct sky_sensor_config *const other = &engine->sensor[i];
        if (sensor->has_sac_sic && other->has_sac_sic && sensor->sac == other->sac &&
            sensor->sic == other->sic) {
            fail(parse, line_of(section, "sic"),
                 "key 'sic': %u/%u is [radar.%s]'s already; expected another", sensor->sac,
                 sensor->sic, other->name);
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
static void check_unit(struct parse *parse, struct skyd_modbus_config *modbus,
                       const struct skyd_section *section, uint32_t index)
{
    const struct skyd_config *const config = parse->config;
    const struct skyd_key *const key = skyd_key_find(SKYD_MODBUS, "radar");
    if (!is_set(section, "radar")) {
        if (!is_set(section, "map")) {
            fail(parse, section->line,
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
        refuse(parse, key, line_of(section, "radar"), modbus->radar, "is not in this file");
    }
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(config->modbus[i].radar, modbus->radar) == 0) {
            refuse(parse, key, line_of(section, "radar"), modbus->radar,
                   "has another [modbus.NAME] already");
        }
    }
}

static void check_modbus(struct parse *parse, uint32_t index)
{
    struct skyd_config *const config = parse->config;
    struct skyd_modbus_config *const modbus = &config->modbus[index];
    const struct skyd_section *const section = section_at(config, SKYD_MODBUS, index);
    const bool tcp = is_set(section, "tcp");
    if (tcp == is_set(section, "rtu")) {
        fail(parse, section->line, "key 'tcp': %s; expected either tcp or rtu",
             tcp ? "stands beside rtu" : "missing, and rtu as well");
    }
    modbus->source.mode = tcp ? SKY_SRC_MODBUS_TCP : SKY_SRC_MODBUS_RTU;
    if (tcp && (!read_endpoint(modbus->tcp, modbus->source.host, sizeof modbus->source.host,
                               &modbus->source.port) ||
                !is_address(modbus->source.host, false))) {
        refuse(parse, skyd_key_find(SKYD_MODBUS, "tcp"), line_of(section, "tcp"), modbus->tcp,
               "is no IPv4 address (or localhost) and port");
    }
    for (uint32_t i = 0; i < index && !tcp; i++) {
        const struct sky_src_modbus_config *const other = &config->modbus[i].source;
        if (strcmp(other->device, modbus->source.device) == 0 &&
            (other->unit == modbus->source.unit || other->baud != modbus->source.baud ||
             other->parity != modbus->source.parity ||
             other->stop_bits != modbus->source.stop_bits ||
             other->rs485 != modbus->source.rs485)) {
            fail(parse, line_of(section, "rtu"),
                 "key 'rtu': %s is [%s]'s as well; expected another unit, and the same baud, "
                 "parity, stop_bits and rs485",
                 modbus->source.device, other->name);
        }
    }
    check_unit(parse, modbus, section, index);
}

static void check_asterix(struct parse *parse, uint32_t index)
{
    struct skyd_asterix_config *const asterix = &parse->config->asterix[index];
    const struct skyd_section *const section = section_at(parse->config, SKYD_ASTERIX, index);
    struct in_addr address;
    if (!read_endpoint(asterix->listen, asterix->source.address, sizeof asterix->source.address,
                       &asterix->source.port) ||
        inet_pton(AF_INET, asterix->source.address, &address) != 1) {
        refuse(parse, skyd_key_find(SKYD_ASTERIX, "listen"), line_of(section, "listen"),
               asterix->listen, "is no IPv4 address and port");
    }
    if (is_set(section, "group") && (inet_pton(AF_INET, asterix->source.group, &address) != 1 ||
                                     !IN_MULTICAST(ntohl(address.s_addr)))) {
        refuse(parse, skyd_key_find(SKYD_ASTERIX, "group"), line_of(section, "group"),
               asterix->source.group, "is no multicast address");
    }
}

/* What can be said only once the whole file is read. */
static void finish(struct parse *parse)
{
    struct skyd_config *const config = parse->config;
    for (uint32_t i = 0; i < config->section_count; i++) {
        check_required(parse, &config->section[i]);
    }
    check_station(parse);
    take_motion(parse);
    check_limits(parse);
    for (uint32_t i = 0; i < config->engine.sensor_count; i++) {
        check_radar(parse, i);
    }
    for (uint32_t i = 0; i < config->modbus_count; i++) {
        check_modbus(parse, i);
    }
    for (uint32_t i = 0; i < config->asterix_count; i++) {
        check_asterix(parse, i);
    }
    if (!is_address(config->gpsd.host, true)) {
        refuse(parse, skyd_key_find(SKYD_GPSD, "host"),
               line_of(&config->section[SKYD_GPSD], "host"), config->gpsd.host, "is no address");
    }
    const char *field = NULL;
    if (!parse->failed && sky_config_check(&config->engine, &field) != SKY_OK) {
        fail(parse, 0, "field '%s' of the engine's configuration is out of range", field);
    }
}

int skyd_config_parse(struct skyd_config *ret_config, const char *path, const char *bytes,
                      size_t count, char ret_error[SKYD_ERROR_MAX])
{
    struct parse parse = {.config = ret_config, .bytes = bytes, .count = count, .error = ret_error};
    memset(ret_config, 0, sizeof *ret_config);
    snprintf(ret_config->path, sizeof ret_config->path, "%s", path);
    snprintf(ret_config->gpsd.name, sizeof ret_config->gpsd.name, "gpsd");
    sky_config_default(&ret_config->engine);
    for (enum skyd_kind_id kind = 0; kind < SKYD_RADAR; kind++) {
        add_section(&parse, kind, 0, "");
    }
    const int line = ini_parse_stream(next_line, &parse, take_line, &parse);
    if (line > 0) {
        fail(&parse, line, "cannot be read; expected '[section]' or 'key = value'");
    }
    if (!parse.failed) {
        finish(&parse);
    }
    return parse.failed ? -EINVAL : 0;
}

/* Reads a whole file of at most room bytes. Returns the bytes read, or a negative errno. */
static ssize_t read_whole(const char *path, void *buffer, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used < room) {
        got = read(fd, (char *)buffer + used, room - used);
        used += got > 0 ? (size_t)got : 0;
    }
    char more = 0;
    if (got > 0 && read(fd, &more, 1) > 0) {
        errno = EFBIG;
        got = -1;
    }
    const ssize_t result = got < 0 ? -errno : (ssize_t)used;
    close(fd);
    return result;
}

int skyd_config_read(struct skyd_config *ret_config, const char *path,
                     char ret_error[SKYD_ERROR_MAX])
{
    static char bytes[SKYD_CONFIG_BYTES_MAX];
    if (strlen(path) >= SKYD_PATH_MAX) {
        snprintf(ret_error, SKYD_ERROR_MAX, "the path of the configuration is too long");
        return -ENAMETOOLONG;
    }
    const ssize_t count = read_whole(path, bytes, sizeof bytes);
    if (count < 0) {
        snprintf(ret_error, SKYD_ERROR_MAX, "%s: cannot be read: %s", path, strerror((int)-count));
        return (int)count;
    }
    return skyd_config_parse(ret_config, path, bytes, (size_t)count, ret_error);
}

static void print_key(const struct skyd_config *config, const struct skyd_section *section,
                      const struct skyd_key *key, FILE *stream)
{
    const struct skyd_setting *const setting =
        &section->setting[key - skyd_kinds[section->kind].key];
    const char *const value = value_of(config, section, key);
    char origin[SKYD_PATH_MAX + 16] = "default";
    if (setting->line != 0) {
        snprintf(origin, sizeof origin, "%s:%d", config->path, setting->line);
    }
    if (setting->line == 0 && key->need != SKYD_NEED_DEFAULT) {
        fprintf(stream, "; %s is not set\n", key->name);
    } else if (strlen(value) + strlen(origin) > 140) { /* inih reads lines of up to 198 bytes */
        fprintf(stream, "; %s\n%s=%s\n", origin, key->name, value);
    } else {
        fprintf(stream, "%s = %-*s ; %s\n", key->name, (int)(32 - strlen(key->name)), value,
                origin);
    }
}

void skyd_config_print(const struct skyd_config *config, FILE *stream)
{
    for (uint32_t i = 0; i < config->section_count; i++) {
        const struct skyd_section *const section = &config->section[i];
        const struct skyd_kind *const kind = &skyd_kinds[section->kind];
        if (section->kind == SKYD_GPSD && !config->has_gpsd) {
            fprintf(stream, "\n; [gpsd] is not set\n");
            continue;
        }
        fprintf(stream, "%s[%s%s%s]\n", i > 0 ? "\n" : "", kind->name, kind->named ? "." : "",
                section->name);
        for (size_t k = 0; k < kind->count; k++) {
            print_key(config, section, &kind->key[k], stream);
        }
    }
}

void skyd_config_place(const struct skyd_config *config, const char *section, const char *key,
                       char ret_place[SKYD_PATH_MAX + 16])
{
    for (enum skyd_kind_id kind = 0; kind < SKYD_RADAR; kind++) {
        if (strcmp(skyd_kinds[kind].name, section) == 0) {
            snprintf(ret_place, SKYD_PATH_MAX + 16, "%s:%d", config->path,
                     line_of(&config->section[kind], key));
        }
    }
}

int skyd_config_zones(const struct skyd_config *config, struct skyd_zones *ret_zones,
                      char ret_error[SKYD_ERROR_MAX])
{
    char place[SKYD_PATH_MAX + 16];
    skyd_config_place(config, "zones", "file", place);
    const ssize_t count = read_whole(config->zones_file, ret_zones->bytes, sizeof ret_zones->bytes);
    if (count < 0) {
        snprintf(ret_error, SKYD_ERROR_MAX, "%s: key 'file': %s: %s; expected a built zone set",
                 place, config->zones_file, strerror((int)-count));
        return -EINVAL;
    }
    ret_zones->byte_count = (size_t)count;
    struct sky_arena arena = {.bytes = ret_zones->arena_bytes,
                              .capacity = sizeof ret_zones->arena_bytes};
    const char *reason = "not a zone set";
    if (sky_codec_unpack_zones(ret_zones->bytes, ret_zones->byte_count, &arena, &ret_zones->set,
                               NULL, &reason) != SKY_OK) {
        snprintf(ret_error, SKYD_ERROR_MAX,
                 "%s: key 'file': %s: %s; expected a zone set made by 'skywitness zones build'",
                 place, config->zones_file, reason);
        return -EINVAL;
    }
    return 0;
}

int skyd_config_maps(struct skyd_config *config, struct skyd_maps *ret_maps,
                     char ret_error[SKYD_ERROR_MAX])
{
    for (uint32_t i = 0; i < config->modbus_count; i++) {
        struct skyd_modbus_config *const modbus = &config->modbus[i];
        struct sky_regmap *const map = &ret_maps->map[i];
        struct sky_regmap_fault fault = {0};
        if (modbus->map_file[0] == '\0') {
            continue;
        }
        const ssize_t count = read_whole(modbus->map_file, ret_maps->text[i], SKY_REGMAP_TEXT_MAX);
        if (count < 0) {
            snprintf(ret_error, SKYD_ERROR_MAX, "%s: %s; expected the register map of [%s]",
                     modbus->map_file, strerror((int)-count), modbus->source.name);
            return -EINVAL;
        }
        if (sky_regmap_parse(ret_maps->text[i], (size_t)count, map, &fault) != SKY_OK) {
            snprintf(ret_error, SKYD_ERROR_MAX, "%s:%d: %s", modbus->map_file, fault.line,
                     fault.what);
            return -EINVAL;
        }
        if (map->is_radar != (modbus->radar[0] != '\0')) {
            snprintf(ret_error, SKYD_ERROR_MAX, "%s: the map of %s, but [%s] has %s radar",
                     modbus->map_file, map->is_radar ? "a radar" : "an instrument",
                     modbus->source.name, map->is_radar ? "no" : "a");
            return -EINVAL;
        }
        modbus->source.map = map;
        modbus->source.map_number = i + 1;
        modbus->source.map_text = ret_maps->text[i];
        modbus->source.map_bytes = (size_t)count;
    }
    return 0;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int skyd_config_log_place(const struct skyd_config *config, char ret_error[SKYD_ERROR_MAX])
{
    char parent[SKYD_PATH_MAX];
    snprintf(parent, sizeof parent, "%s", config->log_directory);
    char *const slash = strrchr(parent, '/');
    if (slash == NULL) {
        snprintf(parent, sizeof parent, ".");
    } else {
        slash[slash == parent] = '\0';
    }
    struct stat status;
    const bool exists = stat(config->log_directory, &status) == 0;
    if (exists ? is_folder(config->log_directory) : is_folder(parent)) {
        return 0;
    }
    char place[SKYD_PATH_MAX + 16];
    skyd_config_place(config, "log", "directory", place);
    snprintf(ret_error, SKYD_ERROR_MAX, "%s: key 'directory': %s %s; expected a folder", place,
             exists ? config->log_directory : parent,
             exists ? "is not a folder" : "is not there, and it should hold the log's folder");
    return -EINVAL;
}
