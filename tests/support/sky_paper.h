/**
 * sky_paper: a station made of paper - a site by a border, its radars, and inputs as wires bring
 * them. Needs no libm and no test framework, so that cross-built tests can use it.
 *
 * The border runs east to west about 5.5 km north of the station; a second claim lies 450 m farther
 * north. Everything is flat metres east, north, up of the station until it is encoded.
 */
#ifndef SKY_PAPER_H
#define SKY_PAPER_H

#include <string.h>

#include "sky_math.h"
#include "sky_station.h"

#define PAPER_TIME0_NS (1000 * SKY_SECOND_NS)
#define PAPER_UTC0_NS (INT64_C(1775000700) * SKY_SECOND_NS) /* 2026-03-31T23:45:00Z */

static const double paper_rad = SKY_PI / 180.0;

/* ---------------------------------------------------------------------------------------- zones */

static const struct sky_vertex paper_vertex[] = {
    /* 0: the north, as one side draws it */
    {200000000, 24000000},
    {200050000, 28000000},
    {199950000, 29500000},
    {200020000, 30000000},
    {200000000, 34000000},
    {208000000, 34000000},
    {208000000, 24000000},
    /* 7: and as the other does */
    {200040000, 24000000},
    {200090000, 28000000},
    {199990000, 29500000},
    {200060000, 30000000},
    {200040000, 34000000},
    {208000000, 34000000},
    {208000000, 24000000},
    /* 14: a box south-east of the station, with a hole in it */
    {198800000, 30000000},
    {198800000, 30800000},
    {199300000, 30800000},
    {199300000, 30000000},
    {198950000, 30200000},
    {199100000, 30200000},
    {199100000, 30500000},
    /* 21: a triangle above ground, where no ground is known */
    {199000000, 28000000},
    {199400000, 28000000},
    {199200000, 28700000},
};

static const struct sky_ring paper_ring[] = {
    {0, 7, 0}, {7, 7, 0}, {14, 4, 0}, {18, 3, 0}, {21, 3, 0}};

static const struct sky_line paper_line[] = {
    {.id = 11,
     .zone = 0,
     .rule = SKY_EDGE_PLANAR,
     .rule_stated = true,
     .accuracy_stated = true,
     .sigma_m = 50.0,
     .first_ring = 0,
     .ring_count = 1},
    {.id = 12,
     .zone = 0,
     .rule = SKY_EDGE_GEODESIC,
     .rule_stated = true,
     .accuracy_stated = true,
     .sigma_m = 100.0,
     .first_ring = 1,
     .ring_count = 1},
    {.id = 21,
     .zone = 1,
     .rule = SKY_EDGE_PLANAR,
     .rule_stated = true,
     .first_ring = 2,
     .ring_count = 2},
    {.id = 31,
     .zone = 2,
     .rule = SKY_EDGE_RHUMB,
     .rule_stated = true,
     .accuracy_stated = true,
     .sigma_m = 0.0,
     .first_ring = 4,
     .ring_count = 1},
};

static const struct sky_zone paper_zone[] = {
    {.id = 1,
     .floor = {.unlimited = true},
     .ceiling = {.unlimited = true},
     .first_line = 0,
     .line_count = 2},
    {.id = 2,
     .floor = {.height_m = 300.0, .datum = SKY_DATUM_AMSL},
     .ceiling = {.height_m = 3000.0, .datum = SKY_DATUM_HAE},
     .first_line = 2,
     .line_count = 1},
    {.id = 3,
     .floor = {.unlimited = true},
     .ceiling = {.height_m = 120.0, .datum = SKY_DATUM_AGL},
     .first_line = 3,
     .line_count = 1},
};

static const struct sky_zone_set paper_zones = {.zone_count = 3,
                                                .line_count = 4,
                                                .ring_count = 5,
                                                .vertex_count = 24,
                                                .zone = paper_zone,
                                                .line = paper_line,
                                                .ring = paper_ring,
                                                .vertex = paper_vertex,
                                                .geoid_undulation_m = 29.9,
                                                .has_geoid = true};

/* ---------------------------------------------------------------------------------- the station */

enum { PAPER_HEAD = 0, PAPER_HILL = 1, PAPER_SECOND = 2 };

static inline struct sky_lla paper_site(void)
{
    const struct sky_lla site = {19.95 * paper_rad, 2.97 * paper_rad, 620.0};
    return site;
}

/** A Modbus head at the station, a 2D ASTERIX radar on a hill, another at the station. */
static inline void paper_config(struct sky_config *ret)
{
    sky_config_default(ret);
    ret->sensor_count = 3;
    struct sky_sensor_config *const head = &ret->sensor[PAPER_HEAD];
    sky_config_sensor_default(head);
    memcpy(head->name, "head", 5);
    head->sigma_range_m = 15.0;
    head->sigma_azimuth_rad = 0.0025;
    head->sigma_elevation_rad = 0.003;
    head->sigma_radial_mps = 1.0;
    head->bias_sigma_range_m = 5.0;
    head->bias_sigma_azimuth_rad = 0.001;
    head->bias_sigma_elevation_rad = 0.001;
    head->range_max_m = 60e3;
    head->false_plots_per_scan = 1.0;
    head->scan_ns = SKY_SECOND_NS;
    head->latency_ns = SKY_SECOND_NS / 10;

    struct sky_sensor_config *const hill = &ret->sensor[PAPER_HILL];
    *hill = *head;
    memcpy(hill->name, "hill", 5);
    hill->at_station = false;
    hill->site.lat_rad = 19.90 * paper_rad;
    hill->site.lon_rad = 2.80 * paper_rad;
    hill->site.alt_hae_m = 900.0;
    hill->has_sac_sic = true;
    hill->sac = 25;
    hill->sic = 1;
    hill->measures_elevation = false;
    hill->sigma_range_m = 40.0;
    hill->scan_ns = 4 * SKY_SECOND_NS;
    hill->range_max_m = 200e3;
    hill->latency_ns = SKY_SECOND_NS / 2;

    struct sky_sensor_config *const second = &ret->sensor[PAPER_SECOND];
    *second = *hill;
    memcpy(second->name, "second", 7);
    second->at_station = true;
    second->sic = 2;
    second->azimuth_offset_rad = 0.01;
    second->scan_ns = 2 * SKY_SECOND_NS;
}

/* -------------------------------------------------------------------------------------- chance */

static inline uint64_t paper_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

static inline double paper_uniform(uint64_t *seed, double low, double high)
{
    return low + (high - low) * ((double)(paper_random(seed) >> 11) * 0x1p-53);
}

/** Near enough to a standard normal: twelve uniforms. */
static inline double paper_normal(uint64_t *seed)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) {
        sum += paper_uniform(seed, 0.0, 1.0);
    }
    return sum;
}

/* ------------------------------------------------------------------------------------- the wire */

/** A point in the station's metres, as a radar would see it. */
struct paper_sight {
    double range_m;
    double azimuth_rad;
    double elevation_rad; /* apparent */
    double height_hae_m;
};

static inline struct paper_sight paper_look(const struct sky_lla *from, const struct sky_enu *at)
{
    struct sky_geo_frame frame = {0};
    const struct sky_lla site = paper_site();
    enum sky_status status = sky_geo_frame_init(&frame, &site);
    const struct sky_lla place = sky_geo_from_enu(&frame, at);
    status = status == SKY_OK ? sky_geo_frame_init(&frame, from) : status;
    (void)status;
    const struct sky_enu seen = sky_geo_to_enu(&frame, &place);
    const double plan2 = seen.east_m * seen.east_m + seen.north_m * seen.north_m;
    struct paper_sight sight = {.range_m = sky_sqrt(plan2 + seen.up_m * seen.up_m),
                                .azimuth_rad = sky_atan2(seen.east_m, seen.north_m),
                                .elevation_rad = sky_atan2(seen.up_m, sky_sqrt(plan2)),
                                .height_hae_m = place.alt_hae_m};
    sight.elevation_rad += sky_geo_refraction_rad(sight.range_m, sight.elevation_rad);
    return sight;
}

/** One input after the other; what it points to lives until the next is made. */
struct paper_wire {
    uint64_t seq;
    uint64_t seed;
    uint8_t bytes[65507];
    size_t count;
    struct sky_config config;
};

static inline struct sky_input paper_input(struct paper_wire *wire, int64_t time_ns,
                                           enum sky_input_kind kind, const char *source)
{
    struct sky_input input;
    memset(&input, 0, sizeof input);
    input.seq = ++wire->seq;
    input.time_ns = time_ns;
    input.realtime_ns = PAPER_UTC0_NS + (time_ns - PAPER_TIME0_NS);
    input.kind = kind;
    sky_engine_name(input.source, source);
    return input;
}

static inline struct sky_input paper_begin(struct paper_wire *wire, int64_t time_ns)
{
    struct sky_input input = paper_input(wire, time_ns, SKY_INPUT_CONFIG, "");
    input.u.config.config = &wire->config;
    input.u.config.zones = &paper_zones;
    return input;
}

static inline struct sky_input paper_tick(struct paper_wire *wire, int64_t time_ns,
                                          bool synchronised)
{
    struct sky_input input = paper_input(wire, time_ns, SKY_INPUT_TICK, "");
    input.u.tick.synchronised = synchronised;
    input.u.tick.error_ns = 2000000;
    return input;
}

/** A good 3D report of a receiver at a point. */
static inline struct sky_input paper_gnss(struct paper_wire *wire, int64_t time_ns,
                                          const struct sky_enu *at)
{
    struct sky_input input = paper_input(wire, time_ns, SKY_INPUT_GNSS, "gps0");
    struct sky_gnss_report *const report = &input.u.gnss;
    struct sky_geo_frame frame = {0};
    const struct sky_lla site = paper_site();
    const enum sky_status status = sky_geo_frame_init(&frame, &site);
    (void)status;
    const struct sky_lla place = sky_geo_from_enu(&frame, at);

    report->mode = 3;
    report->has_time = true;
    report->utc_ns = input.realtime_ns - SKY_SECOND_NS / 5;
    report->lat_deg = place.lat_rad / paper_rad;
    report->lon_deg = place.lon_rad / paper_rad;
    report->alt_hae_m = place.alt_hae_m;
    report->alt_msl_m = place.alt_hae_m - 29.9;
    report->err_lon_m = 4.0;
    report->err_lat_m = 5.0;
    report->err_alt_m = 9.0;
    report->err_time_s = 0.005;
    report->speed_mps = 0.0;
    report->course_deg = 0.0;
    report->climb_mps = 0.0;
    report->satellites_used = 11;
    return input;
}

static inline void paper_put16(struct paper_wire *wire, uint32_t word)
{
    wire->bytes[wire->count++] = (uint8_t)(word >> 8 & 0xFF);
    wire->bytes[wire->count++] = (uint8_t)(word & 0xFF);
}

/** Begins a register block; targets follow, then paper_registers. */
static inline void paper_table(struct paper_wire *wire) { wire->count = 32; }

static inline uint32_t paper_angle16(double angle_rad)
{
    return (uint32_t)(int32_t)(angle_rad / (2.0 * SKY_PI) * 65536.0 + 65536.5) & 0xFFFF;
}

static inline void paper_target(struct paper_wire *wire, const struct sky_enu *at,
                                double radial_mps, double rcs_dbsm)
{
    const struct sky_lla site = paper_site();
    const struct paper_sight sight = paper_look(&site, at);
    const double range_m = sight.range_m + 15.0 * paper_normal(&wire->seed);
    const double azimuth_rad = sight.azimuth_rad + 0.0025 * paper_normal(&wire->seed);
    const double elevation_rad = sight.elevation_rad + 0.003 * paper_normal(&wire->seed);
    const uint32_t range_dm = (uint32_t)(range_m * 10.0);
    const double speed_cmps = 100.0 * (radial_mps + paper_normal(&wire->seed));

    paper_put16(wire, 0xFFFF); /* no number of its own */
    paper_put16(wire, 1);      /* valid */
    paper_put16(wire, 20);     /* ms old */
    paper_put16(wire, range_dm >> 16);
    paper_put16(wire, range_dm & 0xFFFF);
    paper_put16(wire, paper_angle16(azimuth_rad));
    paper_put16(wire, paper_angle16(elevation_rad));
    paper_put16(wire, (uint32_t)(int32_t)speed_cmps & 0xFFFF);
    paper_put16(wire, (uint32_t)(int32_t)(rcs_dbsm * 10.0) & 0xFFFF);
    for (int i = 9; i < 15; i++) {
        paper_put16(wire, i == 9 ? 0x8000 : 0xFFFF);
    }
    paper_put16(wire, 42); /* sequence */
}

static inline struct sky_input paper_registers(struct paper_wire *wire, int64_t time_ns,
                                               int64_t utc_ns)
{
    struct sky_input input = paper_input(wire, time_ns, SKY_INPUT_REGISTERS, "bus0");
    const size_t table_bytes = wire->count - 32;
    uint16_t words[SKY_REGS_TARGETS_MAX * SKY_REGS_TARGET_WORDS];
    for (size_t i = 0; i < table_bytes / 2; i++) {
        words[i] = (uint16_t)(wire->bytes[32 + 2 * i] << 8 | wire->bytes[33 + 2 * i]);
    }
    const uint32_t utc_s = (uint32_t)(utc_ns / SKY_SECOND_NS);
    const uint32_t targets = (uint32_t)(table_bytes / 32);
    const uint32_t header[16] = {SKY_REGS_MAGIC,
                                 SKY_REGS_MAP_MAJOR << 8,
                                 SKY_REGS_TARGET_WORDS,
                                 SKY_REGS_TARGETS_MAX,
                                 SKY_REGS_NORTH_VALID | SKY_REGS_TRANSMITTING |
                                     (utc_ns > 0 ? SKY_REGS_TIME_VALID : 0U),
                                 42,
                                 targets,
                                 1000,
                                 utc_s >> 16,
                                 utc_s & 0xFFFF,
                                 (uint32_t)(utc_ns % SKY_SECOND_NS / 1000000),
                                 5,
                                 0,
                                 0,
                                 sky_regs_crc(words, table_bytes / 2),
                                 42};
    const size_t end = wire->count;
    wire->count = 0;
    for (int i = 0; i < 16; i++) {
        paper_put16(wire, header[i]);
    }
    wire->count = end;
    for (int i = 0; i < 16; i++) {
        paper_put16(wire, header[i]);
    }
    input.u.registers.sensor = PAPER_HEAD;
    input.u.registers.bytes = wire->bytes;
    input.u.registers.count = wire->count;
    return input;
}

/** Begins a datagram of one category 048 block; records follow, then paper_datagram. */
static inline void paper_block(struct paper_wire *wire)
{
    wire->count = 0;
    wire->bytes[wire->count++] = 48;
    paper_put16(wire, 0); /* length, set at the end */
}

/** A target report of one of the two ASTERIX radars, by its SIC; utc_ns 0: without a time. */
static inline void paper_record(struct paper_wire *wire, uint8_t sic, const struct sky_enu *at,
                                int64_t utc_ns, bool mode_c, uint32_t icao)
{
    const struct sky_lla from = sic == 1 ? wire->config.sensor[PAPER_HILL].site : paper_site();
    const struct paper_sight sight = paper_look(&from, at);
    const double offset_rad = sic == 2 ? -0.01 : 0.0;
    const double range_m = sight.range_m + 40.0 * paper_normal(&wire->seed);
    const double azimuth_rad = sight.azimuth_rad + offset_rad + 0.0025 * paper_normal(&wire->seed);
    const uint32_t day_128 = (uint32_t)(utc_ns % (86400 * SKY_SECOND_NS) / 7812500);
    const bool timed = utc_ns > 0;

    /* 010 140 020 040 - 090 - then, extended, 220 */
    wire->bytes[wire->count++] =
        (uint8_t)(0xB0 | (timed ? 0x40 : 0) | (mode_c ? 0x04 : 0) | (icao != 0 ? 0x01 : 0));
    if (icao != 0) {
        wire->bytes[wire->count++] = 0x80;
    }
    wire->bytes[wire->count++] = 25;
    wire->bytes[wire->count++] = sic;
    if (timed) {
        wire->bytes[wire->count++] = (uint8_t)(day_128 >> 16);
        paper_put16(wire, day_128 & 0xFFFF);
    }
    wire->bytes[wire->count++] = 0x20; /* PSR */
    paper_put16(wire, (uint32_t)(range_m * 256.0 / 1852.0));
    paper_put16(wire, paper_angle16(azimuth_rad));
    if (mode_c) {
        paper_put16(wire, (uint32_t)(sight.height_hae_m / 0.3048 / 25.0) & 0x3FFF);
    }
    if (icao != 0) {
        wire->bytes[wire->count++] = (uint8_t)(icao >> 16);
        paper_put16(wire, icao & 0xFFFF);
    }
}

static inline struct sky_input paper_datagram(struct paper_wire *wire, int64_t time_ns)
{
    struct sky_input input = paper_input(wire, time_ns, SKY_INPUT_DATAGRAM, "udp0");
    wire->bytes[1] = (uint8_t)(wire->count >> 8 & 0xFF);
    wire->bytes[2] = (uint8_t)(wire->count & 0xFF);
    input.u.datagram.bytes = wire->bytes;
    input.u.datagram.count = wire->count;
    input.u.datagram.peer_ipv4 = 0xC0000201U;
    input.u.datagram.peer_port = 30000;
    return input;
}

static inline struct sky_input paper_source(struct paper_wire *wire, int64_t time_ns,
                                            enum sky_source_event event)
{
    struct sky_input input = paper_input(wire, time_ns, SKY_INPUT_SOURCE, "");
    input.u.source_event.event = event;
    return input;
}

/* ------------------------------------------------------------------------- every bit of an event
 */

/** Told every field of an event, in the order of the declarations; never padding. */
struct paper_reader {
    void (*whole)(struct paper_reader *reader, uint64_t value);
    void (*real)(struct paper_reader *reader, double value);
    uint64_t hash;
    uint64_t not_finite;
};

static inline void paper_reals(struct paper_reader *reader, const double *value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        reader->real(reader, value[i]);
    }
}

static inline void paper_text(struct paper_reader *reader, const char *text, size_t size)
{
    for (size_t i = 0; i < size && text[i] != '\0'; i++) {
        reader->whole(reader, (uint8_t)text[i]);
    }
    reader->whole(reader, 0);
}

static inline void paper_read_place(struct paper_reader *reader, const struct sky_lla *place)
{
    reader->real(reader, place->lat_rad);
    reader->real(reader, place->lon_rad);
    reader->real(reader, place->alt_hae_m);
}

static inline void paper_read_crossing(struct paper_reader *reader,
                                       const struct sky_crossing *crossing)
{
    reader->whole(reader, crossing->known);
    reader->whole(reader, (uint64_t)crossing->time_ns);
    reader->whole(reader, (uint64_t)crossing->earliest_ns);
    reader->whole(reader, (uint64_t)crossing->latest_ns);
}

static inline void paper_read_track(struct paper_reader *reader,
                                    const struct sky_event_track *track)
{
    reader->whole(reader, track->id);
    reader->whole(reader, track->change);
    reader->whole(reader, track->status);
    paper_read_place(reader, &track->place);
    reader->real(reader, track->vel_east_mps);
    reader->real(reader, track->vel_north_mps);
    reader->real(reader, track->vel_up_mps);
    paper_reals(reader, track->cov, 21);
    reader->real(reader, track->existence);
    reader->whole(reader, track->sensors);
    reader->whole(reader, track->last_sensor);
    reader->real(reader, track->last_distance2);
    reader->whole(reader, track->last_dimension);
    reader->whole(reader, track->icao_address);
    paper_text(reader, track->callsign, sizeof track->callsign);
    reader->whole(reader, track->height_from_pressure);
    paper_reals(reader, track->model, SKY_MODES_MAX);
}

static inline void paper_read_alert(struct paper_reader *reader,
                                    const struct sky_event_alert *alert)
{
    reader->whole(reader, alert->track_id);
    reader->whole(reader, alert->zone_id);
    reader->whole(reader, alert->line_id);
    reader->whole(reader, alert->inside);
    reader->whole(reader, alert->first);
    reader->real(reader, alert->p);
    reader->whole(reader, alert->crossing_known);
    reader->whole(reader, (uint64_t)alert->crossing_ns);
}

static inline void paper_read_sensor(struct paper_reader *reader,
                                     const struct sky_event_sensor *sensor)
{
    reader->whole(reader, sensor->sensor);
    reader->whole(reader, sensor->registration.state);
    reader->whole(reader, sensor->registration.pairs);
    paper_reals(reader, sensor->registration.bias, SKY_BIASES);
    paper_reals(reader, sensor->registration.bias_sigma, SKY_BIASES);
    paper_reals(reader, sensor->nis, SKY_COMPONENTS);
    reader->whole(reader, sensor->nis_out);
    reader->real(reader, sensor->detection_probability);
    reader->real(reader, sensor->false_plots_per_scan);
    reader->whole(reader, sensor->plots);
    reader->whole(reader, sensor->used);
}

static inline void paper_read_assessment(struct paper_reader *reader,
                                         const struct sky_assessment *assessment)
{
    reader->whole(reader, assessment->track_id);
    reader->whole(reader, assessment->zone_id);
    reader->whole(reader, assessment->line_id);
    reader->whole(reader, (uint64_t)assessment->time_ns);
    reader->real(reader, assessment->distance_m);
    reader->real(reader, assessment->u95_m);
    reader->real(reader, assessment->p_inside);
    reader->whole(reader, assessment->vertical);
    reader->real(reader, assessment->p_vertical);
    reader->real(reader, assessment->existence);
    reader->real(reader, assessment->sigma_track_m);
    reader->real(reader, assessment->sigma_pose_m);
    reader->real(reader, assessment->sigma_time_m);
    reader->real(reader, assessment->sigma_line_m);
    reader->whole(reader, assessment->line_accuracy_stated);
    reader->whole(reader, assessment->line_rule_stated);
    reader->real(reader, assessment->sigma_rule_m);
    reader->real(reader, assessment->bearing_rad);
    reader->real(reader, assessment->nearest_lat_rad);
    reader->real(reader, assessment->nearest_lon_rad);
    reader->whole(reader, assessment->edge);
}

static inline void paper_read_incident(struct paper_reader *reader,
                                       const struct sky_event_incident *incident)
{
    reader->whole(reader, incident->id);
    reader->whole(reader, incident->zone_id);
    reader->whole(reader, incident->track_id);
    reader->whole(reader, incident->change);
    reader->whole(reader, incident->state);
    reader->whole(reader, incident->end);
    reader->whole(reader, (uint64_t)incident->opened_ns);
    reader->whole(reader, (uint64_t)incident->closed_ns);
    reader->whole(reader, incident->started_inside);
    reader->whole(reader, incident->returns);
    reader->real(reader, incident->closest_outside_m);
}

static inline void paper_read_line(struct paper_reader *reader,
                                   const struct sky_incident_line *line)
{
    reader->whole(reader, line->line_id);
    reader->whole(reader, line->side);
    reader->whole(reader, line->was_inside);
    reader->whole(reader, line->started_inside);
    paper_read_crossing(reader, &line->entry);
    paper_read_crossing(reader, &line->exit);
    reader->whole(reader, line->entries);
    reader->whole(reader, (uint64_t)line->dwell_ns);
    reader->real(reader, line->deepest_m);
    reader->real(reader, line->deepest_u95_m);
    reader->whole(reader, (uint64_t)line->deepest_ns);
    reader->real(reader, line->deepest_lat_rad);
    reader->real(reader, line->deepest_lon_rad);
    reader->real(reader, line->deepest_alt_hae_m);
    reader->real(reader, line->p_inside_max);
    reader->real(reader, line->distance_last_m);
    reader->real(reader, line->u95_last_m);
    reader->real(reader, line->p_inside_last);
}

static inline void paper_read_classification(struct paper_reader *reader,
                                             const struct sky_event_classification *said)
{
    const struct sky_track_features *const features = &said->features;
    reader->whole(reader, said->incident_id);
    reader->whole(reader, said->result.kind);
    reader->whole(reader, said->result.target);
    paper_reals(reader, said->result.probability, SKY_CLASS_COUNT);
    reader->whole(reader, said->result.reasons);
    reader->whole(reader, features->samples);
    reader->real(reader, features->speed_mean_mps);
    reader->real(reader, features->speed_max_mps);
    reader->real(reader, features->height_mean_m);
    reader->real(reader, features->height_min_m);
    reader->real(reader, features->height_max_m);
    reader->real(reader, features->climb_max_mps);
    reader->real(reader, features->turn_max_radps);
    reader->real(reader, features->hover_share);
    reader->real(reader, features->rcs_mean_dbsm);
    reader->whole(reader, features->rcs_samples);
    reader->whole(reader, said->emitter);
    reader->whole(reader, (uint64_t)said->stay.from_ns);
    reader->whole(reader, (uint64_t)said->stay.to_ns);
    reader->whole(reader, (uint64_t)said->stay.slow_ns);
    reader->real(reader, said->stay.flown_m);
    reader->real(reader, said->stay.reach_m);
    reader->real(reader, said->stay.chord_m);
}

static inline void paper_read_event(struct paper_reader *reader, const struct sky_event *event)
{
    reader->whole(reader, event->cause_seq);
    reader->whole(reader, (uint64_t)event->time_ns);
    reader->whole(reader, (uint64_t)event->utc.utc_ns);
    reader->whole(reader, (uint64_t)event->utc.sigma_ns);
    reader->whole(reader, event->utc.state);
    reader->whole(reader, event->kind);
    switch (event->kind) {
    case SKY_EVENT_POSE:
        paper_read_place(reader, &event->u.pose.place);
        reader->real(reader, event->u.pose.sigma_horizontal_m);
        reader->real(reader, event->u.pose.sigma_vertical_m);
        reader->real(reader, event->u.pose.heading_rad);
        reader->real(reader, event->u.pose.heading_sigma_rad);
        reader->whole(reader, event->u.pose.fixes_used);
        break;
    case SKY_EVENT_CLOCK:
        break;
    case SKY_EVENT_TRACK:
        paper_read_track(reader, &event->u.track);
        break;
    case SKY_EVENT_ASSESSMENT:
        paper_read_assessment(reader, &event->u.assessment);
        break;
    case SKY_EVENT_INCIDENT:
        paper_read_incident(reader, &event->u.incident);
        break;
    case SKY_EVENT_INCIDENT_LINE:
        reader->whole(reader, event->u.incident_line.incident_id);
        paper_read_line(reader, &event->u.incident_line.line);
        break;
    case SKY_EVENT_CLASSIFICATION:
        paper_read_classification(reader, &event->u.classification);
        break;
    case SKY_EVENT_REJECT:
        reader->whole(reader, event->u.reject.reason);
        reader->whole(reader, event->u.reject.count);
        reader->whole(reader, event->u.reject.offset);
        paper_text(reader, event->u.reject.item, SKY_NAME_MAX);
        paper_text(reader, event->u.reject.source, SKY_NAME_MAX);
        break;
    case SKY_EVENT_ALERT:
        paper_read_alert(reader, &event->u.alert);
        break;
    case SKY_EVENT_SENSOR:
        paper_read_sensor(reader, &event->u.sensor);
        break;
    case SKY_EVENT_READING:
        paper_text(reader, event->u.reading.source, SKY_NAME_MAX);
        paper_text(reader, event->u.reading.item, SKY_NAME_MAX);
        reader->real(reader, event->u.reading.value);
        break;
    }
}

static inline void paper_hash_whole(struct paper_reader *reader, uint64_t value)
{
    for (int i = 0; i < 8; i++) { /* FNV-1a */
        reader->hash = (reader->hash ^ (value & 0xFF)) * UINT64_C(0x100000001B3);
        value >>= 8;
    }
}

static inline void paper_hash_real(struct paper_reader *reader, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    reader->not_finite += sky_is_finite(value) ? 0 : 1;
    paper_hash_whole(reader, bits);
}

/** Digests events, and counts what is not a finite number. */
static inline struct paper_reader paper_digest(void)
{
    const struct paper_reader reader = {paper_hash_whole, paper_hash_real,
                                        UINT64_C(0xCBF29CE484222325), 0};
    return reader;
}

static inline void paper_read_all(struct paper_reader *reader, const struct sky_outbox *outbox)
{
    for (size_t i = 0; i < outbox->count; i++) {
        paper_read_event(reader, &outbox->event[i]);
    }
}

#endif
