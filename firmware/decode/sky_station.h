/**
 * sky_station: inputs as received, events out - the decoders and the engine in one.
 *
 * The daemon and the host tool both call this and nothing below it, so "what the device computed"
 * and "what replay computes" are the same function.
 */
#ifndef SKY_STATION_H
#define SKY_STATION_H

#include "sky_asterix.h"
#include "sky_engine.h"
#include "sky_input.h"
#include "sky_regmap.h"
#include "sky_regs.h"

/** A Modbus unit with a map of its own, and what was last said of it. */
struct sky_station_map {
    bool known;
    struct sky_regmap map;
    bool said[SKY_REGMAP_FIELDS_MAX];
    double value[SKY_REGMAP_FIELDS_MAX];
};

/** A head of the map of sky_regs, and what was last said of its health. */
struct sky_station_head {
    bool said;
    uint16_t status;
    uint32_t uptime_s;
};

/** What was last said of what the receiver says of itself; -1: nothing. */
struct sky_station_receiver {
    int32_t jamming;
    int32_t antenna;
};

/** Fields are private but for reading engine. As large as struct sky_engine: keep it static. */
struct sky_station {
    bool running; /* a CONFIG input was taken */
    uint64_t last_seq;
    int64_t last_time_ns;
    struct sky_engine engine;
    size_t dialect_count;
    struct sky_asterix_dialect dialect[SKY_SENSORS_MAX];
    struct sky_station_map map[SKY_MAPS_MAX];
    struct sky_station_head head[SKY_SENSORS_MAX];
    struct sky_station_receiver receiver;
    size_t plot_count;
    struct sky_plot plot[SKY_PLOTS_MAX];
    struct sky_plot group[SKY_PLOTS_MAX]; /* those of one sensor */
};

/** Before the first input. */
void sky_station_init(struct sky_station *station);

/**
 * Takes one input as received and sets outbox to the events it caused (possibly none).
 * A CONFIG input (re)starts the engine with the configuration and zones it carries, which are
 * copied and borrowed respectively; a new run may begin with any seq and time. The targets of a
 * datagram become one step per radar, in the order of the radars, and so do the lines of a plot
 * file. Simulated targets are refused, since a witness must not testify to what a test generator
 * drew; so are reports that their own receiver doubts, places signed by a radar and plots signed by
 * a cooperative sensor. Of bad blocks and bad lines 16 are named, by category, record, item and
 * byte, and the others counted. A head's health, the jamming and the antenna that the receiver
 * states, and the readings of a unit with a map of its own, are said when they change; a map that
 * is none is refused as "map". Service messages, source events other than SHUTDOWN, and clock steps
 * cause nothing here: they are evidence in the log. Returns SKY_E_STALE if seq does not rise or
 * time_ns goes back, SKY_E_RANGE if time_ns is negative or beyond 73 years, or if the first input
 * is not CONFIG or carries a configuration or zone set that fails its check; nothing is changed
 * then.
 */
SKY_NODISCARD enum sky_status sky_station_step(struct sky_station *station,
                                               const struct sky_input *input,
                                               struct sky_outbox *ret_outbox);

/**
 * UTC of an instant as the station knows it now; state SKY_CLOCK_NONE before the first input.
 */
struct sky_utc_estimate sky_station_utc(const struct sky_station *station, int64_t time_ns);

#endif
