/**
 * skyh_scenario: a scenario file - what truly flew, and with what it was watched.
 *
 * The truth is synthetic by definition; a file says so in "about". Sensors are described by what
 * the station knows about them (its configuration) and err as that says: random errors per plot,
 * and biases drawn once per run. README.md of host/examples documents every field.
 */
#ifndef SKYH_SCENARIO_H
#define SKYH_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "sky_config.h"
#include "skyh_out.h"

enum {
    SKYH_TARGETS_MAX = 128,
    SKYH_LEGS_MAX = 256, /* of one target */
    SKYH_FAULTS_MAX = 32,
    SKYH_ZONE_FILES_MAX = 8,
    SKYH_PATH_MAX = 512
};

enum skyh_leg_kind { SKYH_LEG_STRAIGHT = 1, SKYH_LEG_TURN, SKYH_LEG_CLIMB };

/** A part of a flight in which rates are constant. */
struct skyh_leg {
    enum skyh_leg_kind kind;
    double duration_s;
    double speed_mps;  /* at its end; reached evenly from the speed before */
    double turn_radps; /* positive: to the right */
    double climb_mps;
};

/** What truly flew. It is there from start_s on, and gone after its last leg. */
struct skyh_target {
    char name[SKY_NAME_MAX];
    double rcs_dbsm;
    double start_s;
    struct sky_lla start;
    double heading_rad;
    double speed_mps;
    uint32_t leg_count;
    struct skyh_leg leg[SKYH_LEGS_MAX];
};

enum skyh_sensor_kind { SKYH_SENSOR_ASTERIX = 1, SKYH_SENSOR_MODBUS };

/** A radar as it is simulated: what the station is told of it, and how it is reached live. */
struct skyh_radar {
    enum skyh_sensor_kind kind;
    struct sky_sensor_config config;
    uint16_t live_port; /* to send ASTERIX to, or to serve Modbus at */
};

/** The station's receiver. */
struct skyh_receiver {
    char name[SKY_NAME_MAX];
    double sigma_horizontal_m; /* from fix to fix, per axis */
    double sigma_vertical_m;
    double sigma_slow_m; /* wanders over minutes and does not average out */
    double geoid_undulation_m;
    uint32_t satellites;
    uint32_t live_port; /* where NMEA 0183 is served for gpsd */
};

/** A source that is away for a while. */
struct skyh_fault {
    uint32_t source; /* 0: the receiver; i + 1: radar i */
    int64_t from_ns; /* since the start */
    int64_t to_ns;
};

/** A whole scenario. Plain data; large, keep it static or on the heap. */
struct skyh_scenario {
    char about[1024];
    char start_utc[SKYH_UTC_TEXT_MAX]; /* as the file has it */
    int64_t start_utc_ns;
    int64_t duration_ns;
    uint32_t seed;
    struct sky_lla station; /* where it truly stands */
    bool surveyed;          /* and whether it was told so, or finds out by GNSS */
    struct skyh_receiver receiver;
    struct sky_config config; /* of the station; its sensors are those of radar[] */
    uint32_t radar_count;
    struct skyh_radar radar[SKY_SENSORS_MAX];
    uint32_t target_count;
    struct skyh_target target[SKYH_TARGETS_MAX];
    uint32_t fault_count;
    struct skyh_fault fault[SKYH_FAULTS_MAX];
    uint32_t zone_file_count;
    char zone_file[SKYH_ZONE_FILES_MAX][SKYH_PATH_MAX]; /* relative to the working directory */
};

/**
 * Reads and checks a scenario. Every fault is one line with file and place; see skyh_json.
 * file is used for messages and as the base of relative paths.
 */
bool skyh_scenario_parse(const char *file, const char *text, size_t count,
                         struct skyh_scenario *ret_scenario, struct skyh_problem *problem);

/** Reads the file, then as skyh_scenario_parse. */
bool skyh_scenario_read(const char *file, struct skyh_scenario *ret_scenario,
                        struct skyh_problem *problem);

/** The name of a source: 0 is the receiver, i + 1 radar i. */
const char *skyh_scenario_source(const struct skyh_scenario *scenario, uint32_t source);

#endif
