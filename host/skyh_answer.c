#include "skyh_answer.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "skyh_out.h"

/* ------------------------------------------------------------------------------------ finding */

/* Until when an incident lasted; one that is open lasts. */
static int64_t end_of(const struct skyh_incident *incident)
{
    return incident->said.state == SKY_INCIDENT_CLOSED ? incident->said.closed_ns : INT64_MAX;
}

static bool is_one(const struct skyh_incident *a, const struct skyh_incident *b, bool one_track)
{
    return a->run == b->run && strcmp(a->zone, b->zone) == 0 && a->said.opened_ns <= end_of(b) &&
           b->said.opened_ns <= end_of(a) && (!one_track || a->said.track_id == b->said.track_id);
}

static bool same_crossing(const struct sky_crossing *a, const struct sky_crossing *b)
{
    return a->known == b->known &&
           (!a->known || (a->time_ns == b->time_ns && a->earliest_ns == b->earliest_ns &&
                          a->latest_ns == b->latest_ns));
}

static bool same_number(double a, double b) { return fabs(a - b) <= 0.0; }

static bool same_line(const struct sky_incident_line *a, const struct sky_incident_line *b)
{
    return a->was_inside == b->was_inside && a->started_inside == b->started_inside &&
           a->entries == b->entries && same_crossing(&a->entry, &b->entry) &&
           same_crossing(&a->exit, &b->exit) && a->dwell_ns == b->dwell_ns &&
           same_number(a->deepest_m, b->deepest_m) &&
           same_number(a->deepest_u95_m, b->deepest_u95_m) &&
           same_number(a->p_inside_max, b->p_inside_max);
}

/* The line of that name; NULL if the incident has none. */
static const struct sky_incident_line *line_named(const struct skyh_incident *incident,
                                                  const char *name)
{
    for (size_t i = 0; i < incident->line_count; i++) {
        if (strcmp(incident->line[i].name, name) == 0) {
            return &incident->line[i].said;
        }
    }
    return NULL;
}

static bool is_same(const struct skyh_incident *a, const struct skyh_incident *b)
{
    bool same = a->said.opened_ns == b->said.opened_ns && end_of(a) == end_of(b) &&
                a->said.end == b->said.end && a->said.returns == b->said.returns &&
                a->line_count == b->line_count;
    for (size_t i = 0; i < a->line_count && same; i++) {
        const struct sky_incident_line *const other = line_named(b, a->line[i].name);
        same = other != NULL && same_line(&a->line[i].said, other);
    }
    return same;
}

static bool is_taken(const struct skyh_answer *answer, const struct skyh_incident *incident)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->pair[i].is == incident) {
            return true;
        }
    }
    return false;
}

static void match(struct skyh_answer *answer, const struct skyh_incidents *is, bool one_track)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct skyh_answer_pair *const pair = &answer->pair[i];
        for (size_t k = 0; k < is->count && pair->was != NULL && pair->is == NULL; k++) {
            if (is_one(pair->was, &is->incident[k], one_track) &&
                !is_taken(answer, &is->incident[k])) {
                pair->is = &is->incident[k];
                pair->same = is_same(pair->was, pair->is);
            }
        }
    }
}

static void count_pair(struct skyh_answer *answer, const struct skyh_answer_pair *pair)
{
    answer->same += pair->same ? 1 : 0;
    answer->gone += pair->is == NULL ? 1 : 0;
    answer->added += pair->was == NULL ? 1 : 0;
    answer->changed += pair->was != NULL && pair->is != NULL && !pair->same ? 1 : 0;
}

bool skyh_answer_find(struct skyh_answer *answer, const struct skyh_incidents *was,
                      const struct skyh_incidents *is)
{
    answer->pair = calloc(was->count + is->count + 1, sizeof *answer->pair);
    if (answer->pair == NULL) {
        return false;
    }
    for (size_t i = 0; i < was->count; i++) {
        answer->pair[answer->count++].was = &was->incident[i];
    }
    match(answer, is, true);
    match(answer, is, false);
    for (size_t k = 0; k < is->count; k++) {
        if (!is_taken(answer, &is->incident[k])) {
            answer->pair[answer->count++].is = &is->incident[k];
        }
    }
    for (size_t i = 0; i < answer->count; i++) {
        count_pair(answer, &answer->pair[i]);
    }
    return true;
}

void skyh_answer_done(struct skyh_answer *answer)
{
    free(answer->pair);
    memset(answer, 0, sizeof *answer);
}

/* --------------------------------------------------------------------------------------- words */

enum { FACT_MAX = 160 };

static const char *time_text(const struct skyh_incident *incident, int64_t time_ns, bool date,
                             char text[SKYH_UTC_TEXT_MAX])
{
    if (!incident->utc_known) {
        (void)snprintf(text, SKYH_UTC_TEXT_MAX, "%.3f s", (double)time_ns * 1e-9);
        return text;
    }
    (void)skyh_utc_text(time_ns + incident->utc_offset_ns, 3, text);
    return date ? text : text + 11;
}

/* "entered 23:08:11.250, left 23:09:00.125, 1610.2 m deep, +-120.4 m". */
static void fact_text(const struct skyh_incident *incident, const struct sky_incident_line *line,
                      char text[FACT_MAX])
{
    char in[SKYH_UTC_TEXT_MAX], out[SKYH_UTC_TEXT_MAX];
    const bool entry = line->entry.known, exit = line->exit.known;
    (void)snprintf(
        text, FACT_MAX, "%s%s%s%s%s, %.1f m %s, +-%.1f m", skyh_incidents_verdict(line),
        entry ? " " : "", entry ? time_text(incident, line->entry.time_ns, false, in) : "",
        exit ? ", left " : "", exit ? time_text(incident, line->exit.time_ns, false, out) : "",
        fabs(line->deepest_m), line->deepest_m < 0.0 ? "deep" : "away", line->deepest_u95_m);
}

static void print_fact(FILE *stream, const char *when, const struct skyh_incident *incident,
                       const struct sky_incident_line *line)
{
    char fact[FACT_MAX] = "not watched";
    if (line != NULL) {
        fact_text(incident, line, fact);
    }
    (void)fprintf(stream, "      %-11s %s\n", when, fact);
}

static void print_lines(const struct skyh_answer_pair *pair, FILE *stream)
{
    const struct skyh_incident *const of[2] = {pair->was, pair->is};
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < of[side]->line_count; i++) {
            const char *const name = of[side]->line[i].name;
            const struct sky_incident_line *const was = line_named(pair->was, name);
            const struct sky_incident_line *const is = line_named(pair->is, name);
            if ((side == 1 && was != NULL) || (was != NULL && is != NULL && same_line(was, is))) {
                continue;
            }
            (void)fprintf(stream, "    %s\n", name);
            print_fact(stream, "recorded", pair->was, was);
            print_fact(stream, "recomputed", pair->is, is);
        }
    }
}

static const char *change_of(const struct skyh_answer_pair *pair)
{
    if (pair->was == NULL) {
        return "new";
    }
    if (pair->is == NULL) {
        return "gone";
    }
    return pair->same ? "same" : "changed";
}

static void print_pair(const struct skyh_answer_pair *pair, FILE *stream)
{
    const struct skyh_incident *const any = pair->was != NULL ? pair->was : pair->is;
    char opened[SKYH_UTC_TEXT_MAX], fact[FACT_MAX];
    (void)fprintf(stream, "  %-8s %s, track %" PRIu32 ", run %" PRIu64 ", opened %s\n",
                  change_of(pair), any->zone, any->said.track_id, any->run,
                  time_text(any, any->said.opened_ns, true, opened));
    if (pair->was != NULL && pair->is != NULL) {
        print_lines(pair, stream);
        return;
    }
    for (size_t i = 0; i < any->line_count; i++) {
        fact_text(any, &any->line[i].said, fact);
        (void)fprintf(stream, "    %s: %s\n", any->line[i].name, fact);
    }
}

void skyh_answer_print(const struct skyh_answer *answer, FILE *stream)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (!answer->pair[i].same) {
            print_pair(&answer->pair[i], stream);
        }
    }
}

/* ---------------------------------------------------------------------------------------- JSON */

static json_t *instant_json(const struct skyh_incident *incident, bool known, int64_t time_ns)
{
    char utc[SKYH_UTC_TEXT_MAX];
    return known && incident->utc_known
               ? json_string(skyh_utc_rfc3339(time_ns + incident->utc_offset_ns, utc))
               : json_null();
}

static json_t *line_json(const struct skyh_incident *incident, const char *name,
                         const struct sky_incident_line *line)
{
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:f, s:f, s:f}", "line", name, "verdict",
                     skyh_incidents_verdict(line), "entries", (json_int_t)line->entries,
                     "entry_utc", instant_json(incident, line->entry.known, line->entry.time_ns),
                     "exit_utc", instant_json(incident, line->exit.known, line->exit.time_ns),
                     "dwell_s", (double)line->dwell_ns * 1e-9, "depth_m", -line->deepest_m, "u95_m",
                     line->deepest_u95_m);
}

static json_t *incident_json(const struct skyh_incident *incident)
{
    if (incident == NULL) {
        return json_null();
    }
    json_t *const lines = json_array();
    for (size_t i = 0; i < incident->line_count; i++) {
        (void)json_array_append_new(
            lines, line_json(incident, incident->line[i].name, &incident->line[i].said));
    }
    return json_pack("{s:I, s:I, s:o, s:o, s:o}", "id", (json_int_t)incident->said.id, "track",
                     (json_int_t)incident->said.track_id, "opened_utc",
                     instant_json(incident, true, incident->said.opened_ns), "closed_utc",
                     instant_json(incident, incident->said.state == SKY_INCIDENT_CLOSED,
                                  incident->said.closed_ns),
                     "lines", lines);
}

struct json_t *skyh_answer_json(const struct skyh_answer *answer)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < answer->count; i++) {
        const struct skyh_answer_pair *const pair = &answer->pair[i];
        const struct skyh_incident *const any = pair->was != NULL ? pair->was : pair->is;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:o, s:o}", "change", change_of(pair), "zone",
                            any->zone, "run", (json_int_t)any->run, "recorded",
                            incident_json(pair->was), "recomputed", incident_json(pair->is)));
    }
    return list;
}
