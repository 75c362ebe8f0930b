/*
 * What a stock viewer shows on its map, as messages of an MCAP file: foxglove.LocationFix and
 * foxglove.GeoJSON, packed by hand, since both have next to no fields.
 */
#include "skyh_export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"

/* Channels, behind those of logs. */
enum { VIEW_LINES = 100, VIEW_INCIDENTS, VIEW_TRACKS };

enum { VARINT = 0, FIXED64 = 1, BYTES = 2 }; /* wire types */

extern const unsigned char sky_proto_foxglove_set[];
extern const unsigned long sky_proto_foxglove_set_bytes;

static const double deg_per_rad = 180.0 / SKY_PI;

struct packed {
    uint8_t bytes[256];
    size_t count;
};

static size_t put_varint(uint8_t *bytes, uint64_t value)
{
    size_t count = 0;
    for (; value > 127; value >>= 7) {
        bytes[count++] = (uint8_t)(value | 128U);
    }
    bytes[count++] = (uint8_t)value;
    return count;
}

static void put_tag(struct packed *out, unsigned field, unsigned type)
{
    out->count += put_varint(out->bytes + out->count, field << 3 | type);
}

static void put_double(struct packed *out, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++) {
        out->bytes[out->count++] = (uint8_t)(bits >> (8 * i));
    }
}

static void put_block(struct packed *out, unsigned field, const void *bytes, size_t count)
{
    put_tag(out, field, BYTES);
    out->count += put_varint(out->bytes + out->count, count);
    memcpy(out->bytes + out->count, bytes, count);
    out->count += count;
}

static void declare(struct skyh_exporter *exporter, uint16_t id, const char *topic,
                    const char *type)
{
    const struct skyh_mcapfile_channel channel = {.topic = topic,
                                                  .type = type,
                                                  .descriptor = sky_proto_foxglove_set,
                                                  .descriptor_bytes = sky_proto_foxglove_set_bytes};
    skyh_mcapfile_declare(exporter->mcap, id, &channel);
}

static void put(struct skyh_exporter *exporter, uint16_t channel, int64_t utc_ns,
                const uint8_t *bytes, size_t count)
{
    const uint64_t at_ns = utc_ns > 0 ? (uint64_t)utc_ns : 0;
    const struct skyh_mcapfile_message message = {.channel = channel,
                                                  .log_time_ns = at_ns,
                                                  .publish_time_ns = at_ns,
                                                  .bytes = bytes,
                                                  .count = count};
    skyh_mcapfile_put(exporter->mcap, &message);
}

void skyh_export_view_track(struct skyh_exporter *exporter, const struct sky_event_track *track,
                            int64_t utc_ns)
{
    static const size_t upper[9] = {0, 1, 2, 1, 6, 7, 2, 7, 11}; /* of cov, by rows of 3 by 3 */
    struct packed fix = {.count = 0}, time = {.count = 0}, covariance = {.count = 0};
    char frame[48];
    const double place[3] = {track->place.lat_rad * deg_per_rad, track->place.lon_rad * deg_per_rad,
                             track->place.alt_hae_m};
    for (unsigned i = 0; i < 3; i++) {
        put_tag(&fix, i + 1, FIXED64);
        put_double(&fix, place[i]);
    }
    for (size_t i = 0; i < 9; i++) {
        put_double(&covariance, track->cov[upper[i]]);
    }
    put_block(&fix, 4, covariance.bytes, covariance.count);
    put_tag(&fix, 5, VARINT);
    fix.bytes[fix.count++] = 3; /* KNOWN */
    put_tag(&time, 1, VARINT);
    time.count += put_varint(time.bytes + time.count, (uint64_t)(utc_ns / SKY_SECOND_NS));
    if (utc_ns % SKY_SECOND_NS != 0) {
        put_tag(&time, 2, VARINT);
        time.count += put_varint(time.bytes + time.count, (uint64_t)(utc_ns % SKY_SECOND_NS));
    }
    put_block(&fix, 6, time.bytes, time.count);
    (void)snprintf(frame, sizeof frame, "track %" PRIu64 ".%" PRIu32, exporter->runs, track->id);
    put_block(&fix, 7, frame, strlen(frame));
    declare(exporter, VIEW_TRACKS, "/view/tracks", "foxglove.LocationFix");
    put(exporter, VIEW_TRACKS, utc_ns, fix.bytes, fix.count);
}

/* A document as a foxglove.GeoJSON. */
static void put_document(struct skyh_exporter *exporter, uint16_t channel, int64_t utc_ns,
                         const char *text, size_t count)
{
    uint8_t *const bytes = malloc(count + 16);
    if (bytes == NULL) {
        return;
    }
    bytes[0] = 1U << 3 | BYTES;
    const size_t head = 1 + put_varint(bytes + 1, count);
    memcpy(bytes + head, text, count);
    put(exporter, channel, utc_ns, bytes, head + count);
    free(bytes);
}

void skyh_export_view_lines(struct skyh_exporter *exporter, int64_t utc_ns)
{
    char *text = NULL;
    size_t count = 0;
    FILE *const stream = open_memstream(&text, &count);
    if (stream == NULL) {
        return;
    }
    skyh_mapfile_lines(stream, &exporter->zones);
    if (fclose(stream) == 0) {
        declare(exporter, VIEW_LINES, "/view/lines", "foxglove.GeoJSON");
        put_document(exporter, VIEW_LINES, utc_ns, text, count);
    }
    free(text);
}

void skyh_export_view_incident(struct skyh_exporter *exporter, uint32_t id, int64_t utc_ns)
{
    for (size_t i = 0; i < exporter->incidents.count; i++) {
        const struct skyh_incident *const incident = &exporter->incidents.incident[i];
        char *text = NULL;
        size_t count = 0;
        FILE *const stream = incident->run == exporter->runs && incident->said.id == id
                                 ? open_memstream(&text, &count)
                                 : NULL;
        if (stream == NULL) {
            continue;
        }
        skyh_mapfile_incident(stream, incident);
        if (fclose(stream) == 0) {
            declare(exporter, VIEW_INCIDENTS, "/view/incidents", "foxglove.GeoJSON");
            put_document(exporter, VIEW_INCIDENTS, utc_ns, text, count);
        }
        free(text);
    }
}
