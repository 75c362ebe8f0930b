/**
 * sky_codec: core structs to protocol buffers and back - the only place that knows both.
 *
 * Packing never allocates; unpacking allocates from an arena of fixed size that the caller owns, so
 * hostile bytes can ask for no more than that. Strings are checked as UTF-8. Numbers keep their
 * bits: a double that is packed and unpacked is the same double.
 */
#ifndef SKY_CODEC_H
#define SKY_CODEC_H

#include <stddef.h>

#include "sky_engine.h"
#include "sky_input.h"

/** The log's channels; also their ids in the file. One message type each. */
enum sky_channel {
    SKY_CHANNEL_CONFIG = 1,
    SKY_CHANNEL_TICK,
    SKY_CHANNEL_GNSS,
    SKY_CHANNEL_REGISTERS,
    SKY_CHANNEL_DATAGRAM,
    SKY_CHANNEL_SOURCE,
    SKY_CHANNEL_CLOCK_STEP,
    SKY_CHANNEL_POSE,
    SKY_CHANNEL_CLOCK,
    SKY_CHANNEL_TRACK,
    SKY_CHANNEL_ASSESSMENT,
    SKY_CHANNEL_INCIDENT,
    SKY_CHANNEL_INCIDENT_LINE,
    SKY_CHANNEL_CLASSIFICATION,
    SKY_CHANNEL_REJECT,
    SKY_CHANNEL_PLOT_ROWS,
    SKY_CHANNEL_ALERT,
    SKY_CHANNEL_SENSOR,
    SKY_CHANNEL_READING,
    SKY_CHANNEL_REGISTER_MAP,
    SKY_CHANNEL_END /* one past the last */
};

/** "/input/gnss", "/event/track", ...; static storage. Pre: a channel above. */
const char *sky_codec_topic(enum sky_channel channel);

/** Fully qualified message type, "skywitness.v1.Gnss"; static storage. */
const char *sky_codec_type(enum sky_channel channel);

/** The serialised FileDescriptorSet that holds every type, embedded at build time. */
const uint8_t *sky_codec_descriptor_set(size_t *ret_bytes);

/** True for channels that carry inputs, false for those that carry events. */
bool sky_codec_is_input(enum sky_channel channel);

/**
 * The largest packed record. Inputs with borrowed bytes are bounded by what their source can bring
 * (a datagram by 65,507 bytes, a gpsd message by 16 KiB, a zone set by SKY_CODEC_ZONES_MAX); lines
 * of a plot file by whoever imports them, to SKY_CODEC_ZONES_MAX as well.
 */
enum { SKY_CODEC_ZONES_MAX = 2 * 1024 * 1024, SKY_CODEC_RECORD_MAX = SKY_CODEC_ZONES_MAX + 65536 };

/**
 * An arena of this size holds every record whose zone set has fewer than 100,000 rings. Untouched
 * pages of it cost nothing.
 */
enum { SKY_CODEC_ARENA_BYTES = 64 * 1024 * 1024 };

/**
 * Packs an input with the station's UTC estimate at its time. Sets *ret_channel and *ret_bytes.
 * NaN in a GNSS report means "not said" and is left out; text that is not UTF-8 gets '?' in its
 * place.
 * Returns SKY_E_CAPACITY if it does not fit capacity or has more zone bytes or sensors than may be,
 * SKY_E_RANGE if its kind is none; nothing was written then.
 */
SKY_NODISCARD enum sky_status sky_codec_pack_input(const struct sky_input *input,
                                                   const struct sky_utc_estimate *utc,
                                                   uint8_t *buffer, size_t capacity,
                                                   enum sky_channel *ret_channel,
                                                   size_t *ret_bytes);

/**
 * Packs an event. The packed bytes are the event's identity: replay compares them. Private fields
 * of an incident's line are left out. Errors as above.
 */
SKY_NODISCARD enum sky_status sky_codec_pack_event(const struct sky_event *event, uint8_t *buffer,
                                                   size_t capacity, enum sky_channel *ret_channel,
                                                   size_t *ret_bytes);

/** Memory for unpacking. Reset by every call that takes it; what it returned is then gone. */
struct sky_arena {
    uint8_t *bytes; /* owned by the caller, aligned to 16 */
    size_t capacity;
    size_t used;
};

/**
 * Unpacks an input; what it points to lies in the arena.
 * Returns SKY_E_CORRUPT if bytes are not a valid record of that channel (bad wire format, missing
 * field, unknown enumeration value, text too long or not UTF-8, zone set that fails
 * sky_zone_check), SKY_E_CAPACITY if the arena is too small. Values that the engine checks itself,
 * such as the ranges of a configuration, are left to it.
 */
SKY_NODISCARD enum sky_status sky_codec_unpack_input(enum sky_channel channel, const uint8_t *bytes,
                                                     size_t count, struct sky_arena *arena,
                                                     struct sky_input *ret_input,
                                                     struct sky_utc_estimate *ret_utc);

/** Unpacks an event; plain data, nothing points into the arena afterwards. Errors as above. */
SKY_NODISCARD enum sky_status sky_codec_unpack_event(enum sky_channel channel, const uint8_t *bytes,
                                                     size_t count, struct sky_arena *arena,
                                                     struct sky_event *ret_event);

/** Names that people know zones and lines by, borrowed from the arena; "" where none is given. */
struct sky_zone_names {
    const char *set_name;
    struct { /* in the order of sky_zone_set.zone */
        uint32_t id;
        const char *name;
        const char *authority;
    } zone[SKY_ZONES_MAX];
    struct { /* in the order of sky_zone_set.line */
        uint32_t id;
        const char *name;
        const char *party;
        const char *source;
        const char *licence;
        uint8_t sha256[32]; /* of the file the line was read from */
    } line[SKY_LINES_MAX];
};

/**
 * Reads a zone set (message skywitness.zones.v1.ZoneSet). ret_names may be NULL. Both point into
 * the arena. Errors as sky_codec_unpack_input; *ret_reason (static storage) says what is wrong.
 */
SKY_NODISCARD enum sky_status sky_codec_unpack_zones(const uint8_t *bytes, size_t count,
                                                     struct sky_arena *arena,
                                                     struct sky_zone_set *ret_zones,
                                                     struct sky_zone_names *ret_names,
                                                     const char **ret_reason);

#endif
