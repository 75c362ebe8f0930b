#include "skyh_mapfile.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_geoid.h"
#include "skyh_out.h"

static const double deg_per_rad = 180.0 / SKY_PI;
static const int64_t gap_ns = 3 * SKY_SECOND_NS; /* a longer silence ends a piece */

enum { POINTS_MAX = 600 };

struct point {
    int64_t utc_ns;
    double lat_deg;
    double lon_deg;
    double alt_hae_m;
    double sigma_m; /* 1 sigma, horizontally, in its worst direction */
};

/* What is known of one track and not yet written. */
struct piece {
    uint64_t run;
    uint32_t id;
    uint32_t part; /* how many came before */
    double existence;
    bool cooperative;
    uint32_t icao_address;
    char callsign[9];
    size_t count; /* 0: free */
    struct point point[POINTS_MAX];
};

struct skyh_mapfile {
    enum skyh_mapfile_kind kind;
    FILE *out;
    bool any; /* a feature was written */
    struct skyh_geoid *geoid;
    struct piece piece[SKY_TRACKS_MAX];
};

/* ------------------------------------------------------------------------------- both: what is */

/* Cuts the way from one longitude to the next at the antimeridian: the latitude there. */
static bool crosses(double lon_deg, double lat_deg, double next_lon_deg, double next_lat_deg,
                    double *ret_lat_deg)
{
    const double way = next_lon_deg - lon_deg;
    if (fabs(way) <= 180.0) {
        return false;
    }
    const double whole = way > 0.0 ? way - 360.0 : way + 360.0;
    const double share =
        fabs(whole) > 0.0 ? ((whole > 0.0 ? 180.0 : -180.0) - lon_deg) / whole : 0.0;
    *ret_lat_deg = lat_deg + share * (next_lat_deg - lat_deg);
    return true;
}

/* Both formats write a border as parts of places. */
struct border {
    FILE *out;
    bool kml;
    bool in_part; /* a place is there before the next one */
    bool any;     /* a part is there before the next one */
};

static void put_place(struct border *border, double lon_deg, double lat_deg)
{
    if (!border->in_part) {
        (void)fputs(border->kml ? "<LineString><tessellate>1</tessellate><coordinates>"
                                : (border->any ? ",[" : "["),
                    border->out);
    } else {
        (void)fputc(border->kml ? ' ' : ',', border->out);
    }
    (void)fprintf(border->out, border->kml ? "%.7f,%.7f" : "[%.7f,%.7f]", lon_deg, lat_deg);
    border->in_part = true;
    border->any = true;
}

static void end_part(struct border *border)
{
    (void)fputs(border->kml ? "</coordinates></LineString>" : "]", border->out);
    border->in_part = false;
}

/* The border of a ring: edges that only close it are none. */
static void put_ring(struct border *border, const struct sky_zone_set *set,
                     const struct sky_ring *ring)
{
    double lat_deg = 0.0, lon_deg = 0.0, cut_deg = 0.0;
    for (uint32_t i = 0; i <= ring->count - ring->closing; i++) {
        const struct sky_vertex *const next = &set->vertex[ring->first + i % ring->count];
        const double next_lat_deg = (double)next->lat_e7 * 1e-7;
        const double next_lon_deg = (double)next->lon_e7 * 1e-7;
        if (i > 0 && crosses(lon_deg, lat_deg, next_lon_deg, next_lat_deg, &cut_deg)) {
            const double side_deg = lon_deg > 0.0 ? 180.0 : -180.0;
            put_place(border, side_deg, cut_deg);
            end_part(border);
            put_place(border, -side_deg, cut_deg);
        }
        put_place(border, next_lon_deg, next_lat_deg);
        lat_deg = next_lat_deg;
        lon_deg = next_lon_deg;
    }
    end_part(border);
}

static void put_border(FILE *out, const struct sky_zone_set *set, const struct sky_line *line,
                       bool kml)
{
    struct border border = {.out = out, .kml = kml};
    for (uint32_t r = 0; r < line->ring_count; r++) {
        put_ring(&border, set, &set->ring[line->first_ring + r]);
    }
}

static const char *rule_name(const struct sky_line *line)
{
    static const char *const names[] = {"", "planar", "geodesic", "rhumb"};
    return line->rule_stated ? names[line->rule] : "not stated";
}

/* -------------------------------------------------------------------------------------- GeoJSON */

/* A JSON string. */
static void put_json(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            (void)fprintf(out, "\\%c", c);
        } else if (c < ' ') {
            (void)fprintf(out, "\\u%04x", c);
        } else {
            (void)fputc(c, out);
        }
    }
    (void)fputc('"', out);
}

static void put_member(FILE *out, const char *key, const char *text)
{
    (void)fprintf(out, ",\"%s\":", key);
    put_json(out, text);
}

static void put_instant(FILE *out, const char *key, bool known, int64_t utc_ns)
{
    char text[SKYH_UTC_TEXT_MAX];
    (void)fprintf(out, ",\"%s\":", key);
    if (known) {
        put_json(out, skyh_utc_rfc3339(utc_ns, text));
    } else {
        (void)fputs("null", out);
    }
}

static void geojson_line(FILE *out, const struct skyh_zonefile *zones, uint32_t i)
{
    const struct sky_line *const line = &zones->set.line[i];
    char hex[65];
    (void)fprintf(out,
                  "{\"type\":\"Feature\",\"properties\":{\"what\":\"line\",\"line_id\":%" PRIu32,
                  line->id);
    put_member(out, "zone", zones->names.zone[line->zone].name);
    put_member(out, "name", zones->names.line[i].name);
    put_member(out, "party", zones->names.line[i].party);
    put_member(out, "source", zones->names.line[i].source);
    put_member(out, "licence", zones->names.line[i].licence);
    put_member(out, "sha256", skyh_zonefile_hex(zones->names.line[i].sha256, hex));
    put_member(out, "edges", rule_name(line));
    if (line->accuracy_stated) {
        (void)fprintf(out, ",\"sigma_m\":%.9g", line->sigma_m);
    } else {
        (void)fputs(",\"sigma_m\":null", out);
    }
    (void)fputs("},\"geometry\":{\"type\":\"MultiLineString\",\"coordinates\":[", out);
    put_border(out, &zones->set, line, false);
    (void)fputs("]}}", out);
}

static void geojson_crossing(FILE *out, const char *key, const struct skyh_incident *incident,
                             const struct sky_crossing *crossing)
{
    put_instant(out, key, crossing->known && incident->utc_known,
                crossing->time_ns + incident->utc_offset_ns);
}

/* The deepest look under one line. */
static void geojson_deepest(FILE *out, const struct skyh_incident *incident, size_t i)
{
    const struct sky_incident_line *const line = &incident->line[i].said;
    (void)fprintf(out,
                  "{\"type\":\"Feature\",\"properties\":{\"what\":\"deepest\",\"run\":%" PRIu64
                  ",\"incident_id\":%" PRIu32 ",\"track_id\":%" PRIu32 ",\"line_id\":%" PRIu32,
                  incident->run, incident->said.id, incident->said.track_id, line->line_id);
    put_member(out, "zone", incident->zone);
    put_member(out, "name", incident->line[i].name);
    put_member(out, "verdict", skyh_incidents_verdict(line));
    if (incident->classified) {
        put_member(out, "kind", sky_classify_kind_name(incident->classification.result.kind));
        put_member(out, "target", sky_classify_class_name(incident->classification.result.target));
    }
    put_instant(out, "time", incident->utc_known, line->deepest_ns + incident->utc_offset_ns);
    geojson_crossing(out, "entered", incident, &line->entry);
    geojson_crossing(out, "left", incident, &line->exit);
    (void)fprintf(out,
                  ",\"distance_m\":%.3f,\"u95_m\":%.3f,\"p_inside_max\":%.6f},\"geometry\":{"
                  "\"type\":\"Point\",\"coordinates\":[%.9f,%.9f,%.3f]}}",
                  line->deepest_m, line->deepest_u95_m, line->p_inside_max,
                  line->deepest_lon_rad * deg_per_rad, line->deepest_lat_rad * deg_per_rad,
                  line->deepest_alt_hae_m);
}

static void geojson_piece(FILE *out, const struct piece *piece)
{
    char text[SKYH_UTC_TEXT_MAX];
    const bool single = piece->count == 1;
    (void)fprintf(out,
                  "{\"type\":\"Feature\",\"properties\":{\"what\":\"track\",\"run\":%" PRIu64
                  ",\"track_id\":%" PRIu32 ",\"part\":%" PRIu32 ",\"existence\":%.6f,"
                  "\"cooperative\":%s",
                  piece->run, piece->id, piece->part, piece->existence,
                  piece->cooperative ? "true" : "false");
    if (piece->icao_address != 0) {
        (void)fprintf(out, ",\"icao_address\":\"%06" PRIX32 "\"", piece->icao_address);
    }
    if (piece->callsign[0] != '\0') {
        put_member(out, "callsign", piece->callsign);
    }
    (void)fputs(",\"coordTimes\":[", out);
    for (size_t i = 0; i < piece->count; i++) {
        (void)fputs(i > 0 ? "," : "", out);
        put_json(out, skyh_utc_rfc3339(piece->point[i].utc_ns, text));
    }
    (void)fputs("],\"sigmas_m\":[", out);
    for (size_t i = 0; i < piece->count; i++) {
        (void)fprintf(out, "%s%.1f", i > 0 ? "," : "", piece->point[i].sigma_m);
    }
    (void)fprintf(out, "]},\"geometry\":{\"type\":\"%s\",\"coordinates\":%s",
                  single ? "Point" : "LineString", single ? "" : "[");
    for (size_t i = 0; i < piece->count; i++) {
        (void)fprintf(out, "%s[%.9f,%.9f,%.3f]", i > 0 ? "," : "", piece->point[i].lon_deg,
                      piece->point[i].lat_deg, piece->point[i].alt_hae_m);
    }
    (void)fprintf(out, "%s}}", single ? "" : "]");
}

static void begin_collection(FILE *out)
{
    (void)fputs("{\"type\":\"FeatureCollection\",\"features\":[\n", out);
}

static void end_collection(FILE *out) { (void)fputs("\n]}\n", out); }

void skyh_mapfile_lines(FILE *out, const struct skyh_zonefile *zones)
{
    begin_collection(out);
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        (void)fputs(i > 0 ? ",\n" : "", out);
        geojson_line(out, zones, i);
    }
    end_collection(out);
}

void skyh_mapfile_incident(FILE *out, const struct skyh_incident *incident)
{
    begin_collection(out);
    for (size_t i = 0; i < incident->line_count; i++) {
        (void)fputs(i > 0 ? ",\n" : "", out);
        geojson_deepest(out, incident, i);
    }
    end_collection(out);
}

/* ------------------------------------------------------------------------------------------ KML */

/* Text between tags. */
static void put_xml(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        default:
            (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
            break;
        }
    }
}

static void kml_element(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "<%s>", name);
    put_xml(out, text);
    (void)fprintf(out, "</%s>", name);
}

static void kml_data(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "<Data name=\"%s\">", name);
    kml_element(out, "value", text);
    (void)fputs("</Data>", out);
}

static double height_amsl_m(const struct skyh_mapfile *map, double lat_rad, double lon_rad,
                            double alt_hae_m)
{
    return alt_hae_m - skyh_geoid_height_m(map->geoid, lat_rad, lon_rad);
}

static void kml_line(FILE *out, const struct skyh_zonefile *zones, uint32_t i)
{
    /* Red, blue, green and violet, as KML has them: opacity, blue, green, red. */
    static const char *const colours[] = {"ff004ac0", "ffa86000", "ff557a00", "ff8a41a8"};
    const struct sky_line *const line = &zones->set.line[i];
    const uint32_t n = i - zones->set.zone[line->zone].first_line;
    char hex[65], sigma[40] = "not stated";
    if (line->accuracy_stated) {
        (void)snprintf(sigma, sizeof sigma, "%.9g m (1 sigma)", line->sigma_m);
    }
    (void)fputs("<Placemark>", out);
    kml_element(out, "name", zones->names.line[i].name);
    (void)fprintf(out, "<Style><LineStyle><color>%s</color><width>2</width></LineStyle></Style>",
                  colours[n % 4]);
    (void)fputs("<ExtendedData>", out);
    kml_data(out, "zone", zones->names.zone[line->zone].name);
    kml_data(out, "party", zones->names.line[i].party);
    kml_data(out, "source", zones->names.line[i].source);
    kml_data(out, "licence", zones->names.line[i].licence);
    kml_data(out, "accuracy", sigma);
    kml_data(out, "sha256", skyh_zonefile_hex(zones->names.line[i].sha256, hex));
    (void)fputs("</ExtendedData><MultiGeometry>", out);
    put_border(out, &zones->set, line, true);
    (void)fputs("</MultiGeometry></Placemark>\n", out);
}

static void kml_deepest(const struct skyh_mapfile *map, const struct skyh_incident *incident,
                        size_t i)
{
    FILE *const out = map->out;
    const struct sky_incident_line *const line = &incident->line[i].said;
    char text[2 * SKYH_NAME_TEXT_MAX + 160], utc[SKYH_UTC_TEXT_MAX];
    (void)snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu32 " under %s: %s", incident->run,
                   incident->said.id, incident->line[i].name, skyh_incidents_verdict(line));
    (void)fputs("<Placemark>", out);
    kml_element(out, "name", text);
    (void)snprintf(text, sizeof text,
                   "Deepest look: %.0f m %s the line, 95 %% bound %.0f m; P(inside) at most %.3f.",
                   fabs(line->deepest_m), line->deepest_m < 0.0 ? "inside" : "outside",
                   line->deepest_u95_m, line->p_inside_max);
    kml_element(out, "description", text);
    if (incident->utc_known) {
        (void)fprintf(out, "<TimeStamp><when>%s</when></TimeStamp>",
                      skyh_utc_rfc3339(line->deepest_ns + incident->utc_offset_ns, utc));
    }
    (void)fprintf(
        out,
        "<Point><extrude>1</extrude><altitudeMode>absolute</altitudeMode><coordinates>"
        "%.9f,%.9f,%.3f</coordinates></Point></Placemark>\n",
        line->deepest_lon_rad * deg_per_rad, line->deepest_lat_rad * deg_per_rad,
        height_amsl_m(map, line->deepest_lat_rad, line->deepest_lon_rad, line->deepest_alt_hae_m));
}

static void kml_piece(const struct skyh_mapfile *map, const struct piece *piece)
{
    FILE *const out = map->out;
    char text[SKYH_UTC_TEXT_MAX];
    (void)fprintf(out, "<Placemark><name>track %" PRIu64 ".%" PRIu32 "</name>", piece->run,
                  piece->id);
    (void)fputs("<ExtendedData>", out);
    if (piece->callsign[0] != '\0') {
        kml_data(out, "callsign", piece->callsign);
    }
    (void)snprintf(text, sizeof text, "%.6f", piece->existence);
    kml_data(out, "existence", text);
    (void)fputs("</ExtendedData><gx:Track><altitudeMode>absolute</altitudeMode>\n", out);
    for (size_t i = 0; i < piece->count; i++) {
        (void)fprintf(out, "<when>%s</when>\n", skyh_utc_rfc3339(piece->point[i].utc_ns, text));
    }
    for (size_t i = 0; i < piece->count; i++) {
        const struct point *const at = &piece->point[i];
        (void)fprintf(out, "<gx:coord>%.9f %.9f %.3f</gx:coord>\n", at->lon_deg, at->lat_deg,
                      height_amsl_m(map, at->lat_deg / deg_per_rad, at->lon_deg / deg_per_rad,
                                    at->alt_hae_m));
    }
    (void)fputs("</gx:Track></Placemark>\n", out);
}

/* ----------------------------------------------------------------------------------------- file */

static void put_separator(struct skyh_mapfile *map)
{
    if (map->any) {
        (void)fputs(",\n", map->out);
    }
    map->any = true;
}

static void begin_geojson(struct skyh_mapfile *map, const struct skyh_zonefile *zones,
                          const struct skyh_incidents *incidents)
{
    begin_collection(map->out);
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        put_separator(map);
        geojson_line(map->out, zones, i);
    }
    for (size_t n = 0; n < incidents->count; n++) {
        for (size_t i = 0; i < incidents->incident[n].line_count; i++) {
            put_separator(map);
            geojson_deepest(map->out, &incidents->incident[n], i);
        }
    }
}

static void begin_kml(struct skyh_mapfile *map, const struct skyh_zonefile *zones,
                      const struct skyh_incidents *incidents)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<kml xmlns=\"http://www.opengis.net/kml/2.2\" "
                "xmlns:gx=\"http://www.google.com/kml/ext/2.2\">\n<Document>\n",
                map->out);
    kml_element(map->out, "name", zones->names.set_name);
    kml_element(map->out, "description",
                map->geoid != NULL
                    ? "Lines are claims as their sources draw them. Heights are above mean sea "
                      "level (EGM96)."
                    : "Lines are claims as their sources draw them. Heights are above the WGS-84 "
                      "ellipsoid: no geoid was at hand.");
    (void)fputs("\n<Folder><name>Lines</name>\n", map->out);
    for (uint32_t i = 0; i < zones->set.line_count; i++) {
        kml_line(map->out, zones, i);
    }
    (void)fputs("</Folder>\n<Folder><name>Incidents</name>\n", map->out);
    for (size_t n = 0; n < incidents->count; n++) {
        for (size_t i = 0; i < incidents->incident[n].line_count; i++) {
            kml_deepest(map, &incidents->incident[n], i);
        }
    }
    (void)fputs("</Folder>\n<Folder><name>Tracks</name>\n", map->out);
}

struct skyh_mapfile *skyh_mapfile_open(enum skyh_mapfile_kind kind, FILE *out,
                                       const struct skyh_zonefile *zones,
                                       const struct skyh_incidents *incidents)
{
    struct skyh_mapfile *const map = calloc(1, sizeof *map);
    if (map == NULL) {
        return NULL;
    }
    map->kind = kind;
    map->out = out;
    switch (kind) {
    case SKYH_MAPFILE_GEOJSON:
        begin_geojson(map, zones, incidents);
        break;
    case SKYH_MAPFILE_KML:
        map->geoid = skyh_geoid_open();
        begin_kml(map, zones, incidents);
        break;
    }
    return map;
}

bool skyh_mapfile_has_geoid(const struct skyh_mapfile *map) { return map->geoid != NULL; }

static void put_piece(struct skyh_mapfile *map, const struct piece *piece)
{
    switch (map->kind) {
    case SKYH_MAPFILE_GEOJSON:
        put_separator(map);
        geojson_piece(map->out, piece);
        break;
    case SKYH_MAPFILE_KML:
        kml_piece(map, piece);
        break;
    }
}

/* The piece of this track, or room for one: the oldest of the others is written for it. */
static struct piece *piece_of(struct skyh_mapfile *map, uint64_t run, uint32_t id)
{
    struct piece *oldest = &map->piece[0];
    for (size_t i = 0; i < SKY_TRACKS_MAX; i++) {
        struct piece *const piece = &map->piece[i];
        if (piece->count > 0 && piece->run == run && piece->id == id) {
            return piece;
        }
        if (oldest->count > 0 &&
            (piece->count == 0 ||
             piece->point[piece->count - 1].utc_ns < oldest->point[oldest->count - 1].utc_ns)) {
            oldest = piece;
        }
    }
    if (oldest->count > 0) {
        put_piece(map, oldest);
    }
    oldest->count = 0;
    oldest->part = 0;
    oldest->run = run;
    oldest->id = id;
    return oldest;
}

static double worst_sigma_m(const struct sky_event_track *track)
{
    const double half = 0.5 * (track->cov[0] - track->cov[6]);
    const double mean = 0.5 * (track->cov[0] + track->cov[6]);
    return sky_sqrt(mean + sky_sqrt(half * half + track->cov[1] * track->cov[1]));
}

void skyh_mapfile_put(struct skyh_mapfile *map, uint64_t run, const struct sky_event_track *track,
                      int64_t utc_ns)
{
    struct piece *const piece = piece_of(map, run, track->id);
    const struct point at = {.utc_ns = utc_ns,
                             .lat_deg = track->place.lat_rad * deg_per_rad,
                             .lon_deg = track->place.lon_rad * deg_per_rad,
                             .alt_hae_m = track->place.alt_hae_m,
                             .sigma_m = worst_sigma_m(track)};
    if (piece->count > 0) {
        const struct point last = piece->point[piece->count - 1];
        const bool apart = utc_ns - last.utc_ns > gap_ns || utc_ns < last.utc_ns ||
                           fabs(at.lon_deg - last.lon_deg) > 180.0;
        if (apart || piece->count == POINTS_MAX) {
            put_piece(map, piece);
            piece->part++;
            piece->count = apart ? 0 : 1; /* it goes on from its last point */
            piece->point[0] = last;
        }
    }
    piece->existence = track->existence;
    piece->cooperative = track->cooperative;
    piece->icao_address = track->icao_address;
    memcpy(piece->callsign, track->callsign, sizeof piece->callsign);
    piece->point[piece->count++] = at;
}

void skyh_mapfile_close(struct skyh_mapfile *map)
{
    if (map == NULL) {
        return;
    }
    for (size_t i = 0; i < SKY_TRACKS_MAX; i++) {
        if (map->piece[i].count > 0) {
            put_piece(map, &map->piece[i]);
        }
    }
    switch (map->kind) {
    case SKYH_MAPFILE_GEOJSON:
        end_collection(map->out);
        break;
    case SKYH_MAPFILE_KML:
        (void)fputs("</Folder>\n</Document>\n</kml>\n", map->out);
        break;
    }
    skyh_geoid_close(map->geoid);
    free(map);
}
