/**
 * sky_input: everything that enters the station, as it was received.
 *
 * The log keeps these; replay feeds them back. Bytes are borrowed from whoever brought them and
 * are valid only during the call they are passed to.
 */
#ifndef SKY_INPUT_H
#define SKY_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_base.h"
#include "sky_config.h"
#include "sky_zone.h"

enum sky_input_kind {
    SKY_INPUT_CONFIG = 1,  /* the run begins; always the first input of a run */
    SKY_INPUT_TICK,        /* time passed; the only way the engine learns that it did */
    SKY_INPUT_GNSS,        /* one report of the receiver, through gpsd */
    SKY_INPUT_REGISTERS,   /* one consistent read of a Modbus head's table */
    SKY_INPUT_DATAGRAM,    /* one UDP datagram, ASTERIX hoped for */
    SKY_INPUT_SOURCE,      /* a source came, went, or lost something */
    SKY_INPUT_CLOCK_STEP,  /* the kernel's clock jumped against the monotonic one */
    SKY_INPUT_PLOT_ROWS,   /* lines of a plot file, as imported (sky_rows) */
    SKY_INPUT_REGISTER_MAP /* how to read a Modbus unit that has a map of its own (sky_regmap) */
};

/**
 * What a receiver said beside its reports, since the one before: attitude, the quality of the fix,
 * its pulse, interference. Only if `said`; then NaN, and -1 of what is counted, where gpsd gave
 * nothing.
 */
struct sky_receiver_report {
    bool said;
    bool has_pps;
    bool has_toff;
    double err_place_m; /* eph: of the place, horizontally; gpsd does not say at which confidence */
    double err_speed_mps; /* eps, epd, epc: 95 % */
    double err_course_deg;
    double err_climb_mps;
    double hdop;
    double vdop;
    double pdop;
    double tdop;
    double gst_rms_m; /* GST: 1 sigma as the receiver itself says */
    double gst_major_m;
    double gst_minor_m;
    double gst_major_deg;
    double gst_lat_m;
    double gst_lon_m;
    double gst_alt_m;
    double heading_deg; /* ATT, true */
    double pitch_deg;
    double roll_deg;
    int64_t pps_real_ns;      /* the second that the latest pulse began ... */
    int64_t pps_clock_ns;     /* ... and CLOCK_REALTIME as it did */
    int64_t pps_precision_ns; /* of the latter; > 0 */
    int64_t toff_real_ns;     /* the same of the first byte of a report on the serial line */
    int64_t toff_clock_ns;
    int32_t leap_s; /* GPS time less UTC */
    int32_t satellites_seen;
    int32_t jamming; /* 0 none .. 255 severe, as u-blox counts */
    int32_t antenna; /* 0 unknown, 1 good, 2 shorted, 3 open; or as the receiver has it */
    int32_t status;  /* gpsd's, 0 unknown, 1 normal, ... 8 simulated; mode says if there is a fix */
};

/** A receiver's report as gpsd gave it. NaN where gpsd gave nothing; sky_gnss decides what holds.
 */
struct sky_gnss_report {
    int32_t mode; /* 0 unknown, 1 no fix, 2 2D, 3 3D */
    bool has_time;
    int64_t utc_ns;
    double lat_deg;
    double lon_deg;
    double alt_hae_m;
    double alt_msl_m;
    double err_lon_m; /* epx, epy, epv: gpsd's 95 % estimates */
    double err_lat_m;
    double err_alt_m;
    double err_time_s; /* ept */
    double speed_mps;
    double course_deg; /* true */
    double climb_mps;
    int32_t satellites_used; /* -1: not said */
    const char *json;        /* the message behind it, not terminated; may be NULL with bytes 0 */
    size_t json_bytes;
    struct sky_receiver_report receiver;
};

enum sky_source_event {
    SKY_SOURCE_UP = 1,  /* opened or reopened; detail may carry the peer's identity */
    SKY_SOURCE_DOWN,    /* failed and closed; detail says why */
    SKY_SOURCE_SILENT,  /* nothing heard for longer than its deadline */
    SKY_SOURCE_HEARD,   /* heard again after SILENT */
    SKY_SOURCE_TORN,    /* count reads were inconsistent and given up */
    SKY_SOURCE_LOST,    /* count datagrams or reports were dropped before we could take them */
    SKY_SOURCE_SHUTDOWN /* the station stops in good order; source is empty */
};

struct sky_input {
    uint64_t seq;        /* 1, 2, 3, ... without gaps within a run */
    int64_t time_ns;     /* CLOCK_BOOTTIME at reception; never less than the input before */
    int64_t realtime_ns; /* CLOCK_REALTIME at the same moment, as read, unjudged */
    enum sky_input_kind kind;
    char source[SKY_NAME_MAX]; /* the adapter instance; "" for CONFIG, TICK and CLOCK_STEP */
    union {
        struct {
            const struct sky_config *config;
            const struct sky_zone_set *zones;
            const uint8_t *zone_bytes; /* the set as its file has it, for the record */
            size_t zone_byte_count;
            char boot_id[37]; /* of the kernel, as text */
            char software[SKY_NAME_MAX];
        } config;
        struct {
            bool synchronised; /* adjtimex: the kernel's clock is disciplined */
            int64_t error_ns;  /* adjtimex maxerror */
        } tick;
        struct sky_gnss_report gnss;
        struct {
            uint32_t sensor;      /* index into sky_config.sensor */
            const uint8_t *bytes; /* big-endian words: header, table, header again; or as the map
                                     says */
            size_t count;
            uint32_t map; /* 0: that of sky_regs, else the number of a map that came before */
        } registers;
        struct {
            uint32_t map; /* 1 .. SKY_MAPS_MAX */
            const char *text;
            size_t count;
        } register_map;
        struct {
            const uint8_t *bytes;
            size_t count;
            uint32_t peer_ipv4; /* sender, host order; 0 if unknown */
            uint16_t peer_port;
        } datagram;
        struct {
            const char *text;     /* whole lines, each with its line feed; not terminated */
            size_t count;         /* bytes */
            int64_t epoch_utc_ns; /* of t = 0 in these lines */
        } plot_rows;
        struct {
            enum sky_source_event event;
            uint64_t count;
            char detail[SKY_DETAIL_MAX];
        } source_event;
        struct {
            int64_t step_ns; /* realtime after minus before, beyond what monotonic time explains */
        } clock_step;
    } u;
};

#endif
