#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_event.h"
#include "skyh_notefile.h"
#include "skyh_reviews.h"

static const double rad_deg = 180.0 / SKY_PI;

/* ------------------------------------------------------------------------------------- text */

enum { CELL_MAX = 48 };

/* A span in tenths of a second, held to what a column can show. */
static int tenths(int64_t span_ns)
{
    const int64_t tenth_ns = SKY_SECOND_NS / 10;
    const int64_t rounded = (span_ns + tenth_ns / 2) / tenth_ns;
    return (int)(rounded < 0 ? 0 : (rounded > 9999 ? 9999 : rounded));
}

/* A crossing: its instant, and the seconds to either side in which it surely was. */
static void crossing_text(const struct skyh_incident *incident, const struct sky_crossing *crossing,
                          char text[CELL_MAX])
{
    char utc[SKYH_UTC_TEXT_MAX];
    if (!crossing->known || !incident->utc_known) {
        (void)snprintf(text, CELL_MAX, "-");
        return;
    }
    const int before = tenths(crossing->time_ns - crossing->earliest_ns);
    const int after = tenths(crossing->latest_ns - crossing->time_ns);
    const int either = before > after ? before : after;
    (void)skyh_utc_text(crossing->time_ns + incident->utc_offset_ns, 1, utc);
    (void)snprintf(text, CELL_MAX, "%.10s +-%d.%d", utc + 11, either / 10, either % 10);
}

/* "12,345": metres are easier to read in threes. */
static void metres_text(double metres, char text[CELL_MAX])
{
    const long whole = lround(metres);
    const long size = whole < 0 ? -whole : whole;
    if (size < 1000) {
        (void)snprintf(text, CELL_MAX, "%ld", whole);
    } else {
        (void)snprintf(text, CELL_MAX, "%s%ld,%03ld", whole < 0 ? "-" : "", size / 1000,
                       size % 1000);
    }
}

/* What the record says under one line, in a word. Not to know is an answer too. */
static const char *line_verdict(const struct sky_incident_line *line)
{
    if (line->was_inside) {
        return line->started_inside ? "began inside" : "entered";
    }
    return line->deepest_m > line->deepest_u95_m ? "outside" : "undecided";
}

static void print_line(const struct skyh_incident *incident, size_t i)
{
    const struct sky_incident_line *const line = &incident->line[i].said;
    char entry[CELL_MAX], exit[CELL_MAX], depth[CELL_MAX], bound[CELL_MAX], place[CELL_MAX];
    crossing_text(incident, &line->entry, entry);
    crossing_text(incident, &line->exit, exit);
    metres_text(-line->deepest_m, depth);
    metres_text(line->deepest_u95_m, bound);
    (void)snprintf(place, CELL_MAX, "%.3f N %.3f E", line->deepest_lat_rad * rad_deg,
                   line->deepest_lon_rad * rad_deg);
    (void)printf("  %-26.26s %-12s %-16s %-16s %3.0f s %7s +-%-5s %5.3f  %s\n",
                 incident->line[i].name, line_verdict(line), entry, exit,
                 (double)line->dwell_ns * 1e-9, depth, bound, line->p_inside_max, place);
}

static void print_reasons(uint32_t reasons, const char *indent, size_t width)
{
    size_t used = 0;
    for (uint32_t bit = 0; bit < SKY_REASON_COUNT; bit++) {
        if ((reasons & 1U << bit) == 0) {
            continue;
        }
        const char *const words = sky_classify_reason(1U << bit);
        if (used > 0 && used + strlen(words) + 2 > width) {
            (void)printf(";\n%s", indent);
            used = 0;
        }
        (void)printf("%s%s", used > 0 ? "; " : "", words);
        used += strlen(words) + 2;
    }
    (void)printf("\n");
}

static void print_classification(const struct skyh_incident *incident)
{
    const struct sky_classification *const result = &incident->classification.result;
    const struct sky_track_features *const features = &incident->classification.features;
    if (!incident->classified) {
        (void)printf("  object    not classified: the incident is still open\n");
        return;
    }
    if (result->target == SKY_CLASS_UNKNOWN) {
        (void)printf("  object    class not decided (P %.2f that it is none of the known)\n",
                     result->probability[SKY_CLASS_UNKNOWN]);
    } else {
        (void)printf("  object    consistent with %s, P %.2f\n",
                     sky_classify_class_name(result->target), result->probability[result->target]);
    }
    (void)printf("            %.0f m/s on average, %.0f to %.0f m above the ellipsoid",
                 features->speed_mean_mps, features->height_min_m, features->height_max_m);
    if (features->rcs_samples > 0) {
        (void)printf(", radar cross section %ld dBsm", lround(features->rcs_mean_dbsm));
    }
    if (incident->classification.emitter != 0) {
        (void)printf(", says it is of category %u (I021/020)", incident->classification.emitter);
    }
    (void)printf("\n  because   ");
    print_reasons(result->reasons, "            ", 96);
}

/* What analysts decided about it; whose key is not among the reader's is said to be unknown. */
static void print_reviews(const struct skyh_incident *incident, const struct skyh_reviews *reviews)
{
    for (size_t i = 0; i < reviews->count; i++) {
        const struct skyh_review *const review = &reviews->review[i];
        if (skyh_review_is_of(review, incident)) {
            (void)printf("  review    %s by %s%s, %.19s UTC%s%s\n",
                         skyh_review_decision(review->decision), review->key.name,
                         review->known ? "" : " (a key that nobody vouched for)", review->time,
                         review->words[0] != '\0' ? ": " : "", review->words);
        }
    }
}

static void print_incident(const struct skyh_incident *incident, const struct skyh_reviews *reviews)
{
    static const char rule[] = "----------------------------------------------------------------"
                               "--------------------------------------------------------";
    char opened[SKYH_UTC_TEXT_MAX] = "-", closed[SKYH_UTC_TEXT_MAX] = "";
    const char *const kind =
        incident->classified ? sky_classify_kind_name(incident->classification.result.kind) : "";
    const struct sky_event_incident *const said = &incident->said;
    if (incident->utc_known) {
        (void)skyh_utc_text(said->opened_ns + incident->utc_offset_ns, 1, opened);
        if (said->state == SKY_INCIDENT_CLOSED) {
            (void)skyh_utc_text(said->closed_ns + incident->utc_offset_ns, 1, closed);
        }
    }
    if (said->id == 0) {
        (void)printf("no incident   %s  %s\n", incident->zone, kind);
        (void)printf("  run %" PRIu64 ", track %" PRIu32 "   watched from %s to %s UTC, %s\n",
                     incident->run, said->track_id, opened, closed[0] == '\0' ? "-" : closed + 11,
                     skyh_event_end(said->end));
    } else {
        (void)printf("incident %" PRIu64 ".%" PRIu32 "  %s%s%s\n", incident->run, said->id,
                     incident->zone, kind[0] == '\0' ? "" : "  ", kind);
        (void)printf("  track %" PRIu32 "   opened %s UTC%s%s%s, %s, turned back %" PRIu32
                     " time%s\n",
                     said->track_id, opened, closed[0] == '\0' ? "" : ", closed ",
                     closed[0] == '\0' ? "" : closed + 11, closed[0] == '\0' ? "" : " UTC",
                     skyh_event_end(said->end), said->returns, said->returns == 1 ? "" : "s");
    }
    print_classification(incident);
    print_reviews(incident, reviews);
    (void)printf("\n  %-26s %-12s %-16s %-16s %5s %14s %5s  %s\n", "under the line", "verdict",
                 "entered UTC, s", "left UTC, s", "spent", "deepest m, 95%", "P max", "there");
    (void)printf("  %.118s\n", rule);
    for (size_t i = 0; i < incident->line_count; i++) {
        print_line(incident, i);
    }
    (void)printf("\n");
}

/* ------------------------------------------------------------------------------------- JSON */

static json_t *instant_json(const struct skyh_incident *incident, int64_t time_ns)
{
    char utc[SKYH_UTC_TEXT_MAX];
    return incident->utc_known
               ? json_string(skyh_utc_rfc3339(time_ns + incident->utc_offset_ns, utc))
               : json_null();
}

static json_t *crossing_json(const struct skyh_incident *incident,
                             const struct sky_crossing *crossing)
{
    if (!crossing->known) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o}", "utc", instant_json(incident, crossing->time_ns),
                     "earliest_utc", instant_json(incident, crossing->earliest_ns), "latest_utc",
                     instant_json(incident, crossing->latest_ns));
}

static json_t *line_json(const struct skyh_incident *incident, size_t i)
{
    const struct sky_incident_line *const line = &incident->line[i].said;
    json_t *const deepest = json_pack(
        "{s:f, s:f, s:o, s:f, s:f, s:f}", "depth_m", -line->deepest_m, "u95_m", line->deepest_u95_m,
        "utc", instant_json(incident, line->deepest_ns), "lat_deg", line->deepest_lat_rad * rad_deg,
        "lon_deg", line->deepest_lon_rad * rad_deg, "alt_hae_m", line->deepest_alt_hae_m);
    return json_pack(
        "{s:I, s:s, s:s, s:b, s:s, s:b, s:b, s:o, s:o, s:I, s:f, s:o, s:f, s:f}", "line_id",
        (json_int_t)line->line_id, "name", incident->line[i].name, "party", incident->line[i].party,
        "accuracy_stated", incident->line[i].accuracy_stated, "verdict", line_verdict(line),
        "was_inside", line->was_inside, "started_inside", line->started_inside, "entry",
        crossing_json(incident, &line->entry), "exit", crossing_json(incident, &line->exit),
        "entries", (json_int_t)line->entries, "dwell_s", (double)line->dwell_ns * 1e-9, "deepest",
        deepest, "p_inside_max", line->p_inside_max, "p_inside_last", line->p_inside_last);
}

static json_t *stay_json(const struct sky_stay *stay)
{
    if (stay->to_ns == 0) {
        return json_null();
    }
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "lasted_s",
                     (double)(stay->to_ns - stay->from_ns) * 1e-9, "slow_s",
                     (double)stay->slow_ns * 1e-9, "flown_m", stay->flown_m, "reached_m",
                     stay->reach_m, "chord_m", stay->chord_m);
}

static json_t *classification_json(const struct skyh_incident *incident)
{
    const struct sky_classification *const result = &incident->classification.result;
    const struct sky_track_features *const features = &incident->classification.features;
    json_t *const probability = json_object(), *const reasons = json_array();
    for (int target = 0; target < SKY_CLASS_COUNT; target++) {
        (void)json_object_set_new(probability, sky_classify_class_name((enum sky_class)target),
                                  json_real(result->probability[target]));
    }
    for (uint32_t bit = 0; bit < SKY_REASON_COUNT; bit++) {
        if ((result->reasons & 1U << bit) != 0) {
            (void)json_array_append_new(reasons, json_string(sky_classify_reason(1U << bit)));
        }
    }
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:{s:f, s:f, s:f, s:f, s:f, s:f}}", "kind",
        sky_classify_kind_name(result->kind), "class", sky_classify_class_name(result->target),
        "probability", probability, "reasons", reasons, "emitter_category",
        incident->classification.emitter != 0
            ? json_integer((json_int_t)incident->classification.emitter)
            : json_null(),
        "longest_stay", stay_json(&incident->classification.stay), "features", "speed_mean_mps",
        features->speed_mean_mps, "speed_max_mps", features->speed_max_mps, "height_min_m",
        features->height_min_m, "height_max_m", features->height_max_m, "climb_max_mps",
        features->climb_max_mps, "turn_max_degps", features->turn_max_radps * rad_deg);
}

static json_t *reviews_json(const struct skyh_incident *incident,
                            const struct skyh_reviews *reviews)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < reviews->count; i++) {
        const struct skyh_review *const review = &reviews->review[i];
        if (skyh_review_is_of(review, incident)) {
            (void)json_array_append_new(
                list, json_pack("{s:s, s:s, s:b, s:s, s:s, s:s}", "decision",
                                skyh_review_decision(review->decision), "reviewer",
                                review->key.name, "key_known", review->known, "time", review->time,
                                "text", review->words, "file", review->file));
        }
    }
    return list;
}

static json_t *incident_json(const struct skyh_incident *incident,
                             const struct skyh_reviews *reviews)
{
    const struct sky_event_incident *const said = &incident->said;
    json_t *const lines = json_array();
    for (size_t i = 0; i < incident->line_count; i++) {
        (void)json_array_append_new(lines, line_json(incident, i));
    }
    return json_pack("{s:I, s:I, s:I, s:s, s:I, s:s, s:o, s:o, s:b, s:I, s:f, s:o, s:o, s:o}",
                     "run", (json_int_t)incident->run, "id", (json_int_t)said->id, "zone_id",
                     (json_int_t)said->zone_id, "zone", incident->zone, "track_id",
                     (json_int_t)said->track_id, "end", skyh_event_end(said->end), "opened_utc",
                     instant_json(incident, said->opened_ns), "closed_utc",
                     said->state == SKY_INCIDENT_CLOSED ? instant_json(incident, said->closed_ns)
                                                        : json_null(),
                     "started_inside", said->started_inside, "returns", (json_int_t)said->returns,
                     "closest_outside_m", said->closest_outside_m, "lines", lines, "classification",
                     incident->classified ? classification_json(incident) : json_null(), "reviews",
                     reviews_json(incident, reviews));
}

static void print_json(const struct skyh_incidents *incidents, const struct skyh_log *log,
                       const struct skyh_reviews *reviews)
{
    json_t *const list = json_array(), *const near = json_array();
    for (size_t i = 0; i < incidents->count; i++) {
        (void)json_array_append_new(list, incident_json(&incidents->incident[i], reviews));
    }
    for (size_t i = 0; i < incidents->approach_count; i++) {
        (void)json_array_append_new(near, incident_json(&incidents->approach[i], reviews));
    }
    json_t *const out = json_pack("{s:I, s:I, s:I, s:o, s:o}", "runs", (json_int_t)incidents->runs,
                                  "damages", (json_int_t)log->damages, "torn_ends",
                                  (json_int_t)log->torn, "incidents", list, "approaches", near);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

/* ---------------------------------------------------------------------------------- command */

static const struct skyh_option options[] = {
    {"--reviewer", "KEY", "the public key of an analyst who is known; may be repeated"},
    {NULL, NULL, NULL},
};

enum { REVIEWERS_MAX = 12 };

/* Those beside the log; what does not hold is said, and shown nowhere. */
static bool read_reviews(struct skyh_reviews *reviews, struct skyh_log *log,
                         const struct skyh_args *args, struct skyh_problem *problem)
{
    struct sky_note_key key[REVIEWERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->option[i].name, "--reviewer") != 0) {
            continue;
        }
        if (count == REVIEWERS_MAX) {
            return skyh_fail(problem, SKYH_EXIT_USAGE, "--reviewer: expected at most %d",
                             REVIEWERS_MAX);
        }
        if (!skyh_notefile_key(args->option[i].value, &key[count++], problem)) {
            return false;
        }
    }
    if (!skyh_reviews_read(reviews, args->operand[0], log, key, count, problem)) {
        return false;
    }
    for (size_t i = 0; i < reviews->count; i++) {
        if (!reviews->review[i].holds) {
            skyh_note("classify", "%s: not shown: %s", reviews->review[i].file,
                      reviews->review[i].wrong);
        }
    }
    return true;
}

static int classify(struct skyh_log *log, const struct skyh_args *args,
                    struct skyh_problem *problem)
{
    struct skyh_incidents incidents = {.seek_approaches = true};
    struct skyh_reviews reviews = {0};
    int exit_code = SKYH_EXIT_OK;
    if (!read_reviews(&reviews, log, args, problem) ||
        !skyh_incidents_collect(&incidents, log, "classify", problem)) {
        exit_code = skyh_report("classify", problem);
    } else if (args->json) {
        print_json(&incidents, log, &reviews);
        exit_code = skyh_log_exit(log);
    } else {
        for (size_t i = 0; i < incidents.count; i++) {
            print_incident(&incidents.incident[i], &reviews);
        }
        for (size_t i = 0; i < incidents.approach_count; i++) {
            print_incident(&incidents.approach[i], &reviews);
        }
        if (incidents.count == 0) {
            (void)printf("no incident in %" PRIu64 " run%s\n", incidents.runs,
                         incidents.runs == 1 ? "" : "s");
        }
        exit_code = skyh_log_exit(log);
    }
    if (incidents.unreadable > 0) {
        skyh_note("classify", "%s: %" PRIu64 " records cannot be decoded", args->operand[0],
                  incidents.unreadable);
    }
    if (incidents.orphans > 0) {
        skyh_note("classify",
                  "%s: the beginning of a run is missing; %" PRIu64 " records stand without it",
                  args->operand[0], incidents.orphans);
    }
    if (incidents.unreadable + incidents.orphans > 0) {
        exit_code = exit_code == SKYH_EXIT_OK ? SKYH_EXIT_DAMAGED : exit_code;
    }
    skyh_reviews_done(&reviews);
    skyh_incidents_done(&incidents);
    return exit_code;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    const int exit_code = skyh_log_open(&log, args->operand[0], &problem)
                              ? classify(&log, args, &problem)
                              : skyh_report("classify", &problem);
    skyh_log_close(&log);
    return exit_code;
}

const struct skyh_command skyh_classify = {
    .name = "classify",
    .operands = "LOG",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "one block per incident: what it was under every line, and why",
    .about =
        "Prints every incident of LOG (a file, or a directory of segments): the zone, the kind of\n"
        "incident, what kind of object fits and why, and for each claimed line when it was\n"
        "entered and left (with the seconds before and after in which that surely happened),\n"
        "how long, and the deepest point with its 95 % bound. Then every track that came near a "
        "zone\n"
        "(1 km, or its bound) or was lost on its way to it without an incident: near misses,\n"
        "grazes, and what nobody can tell. Reviews beside the log (see review) that hold are "
        "shown;\n"
        "others are named.\n",
    .exits = "  0   printed, also if there is no incident\n"
             "  2   the log is torn or damaged; what is there is printed\n"
             "  64  usage   65  not a log   66  cannot be read\n",
    .example = "  skywitness classify flight.mcap\n"
               "  skywitness classify --json flight.mcap | jq '.incidents[].lines[].deepest'\n",
    .options = options,
    .run = run,
};
