#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_judge_weigh.h"

static const char model[] =
    "Of a distance to one line the errors of track, station, time, line and drawing are "
    "integrated\n"
    "and common to all looks: none averages out. The mean of the best five looks in a row "
    "decides.\n"
    "Between two looks the object may have been where its speed allows; P is from what looks show\n"
    "to what pauses allow.\n"
    "Of how much nearer it came again, the track's errors alone count: the others shift both "
    "looks.\n"
    "The ratio is of the likelihoods with and without the sentence. Supported: P 0.95 or more.\n"
    "Contradicted: P 0.05 or less, and the flight was followed then without a pause of 15 s.\n"
    "A line's accuracy is what its source states, or else what the station was told to take.\n";

/* ------------------------------------------------------------------------------------- text */

static void reading_text(const struct skyh_ruling *finding, char text[24])
{
    const int minutes = (int)(finding->offset_ns / (60 * SKY_SECOND_NS));
    const int size = minutes < 0 ? -minutes : minutes;
    if (!finding->has_reading) {
        (void)snprintf(text, 24, "-");
    } else if (size % 60 == 0) {
        (void)snprintf(text, 24, "UTC%s%d", minutes < 0 ? "-" : "+", size / 60);
    } else {
        (void)snprintf(text, 24, "UTC%s%d:%02d", minutes < 0 ? "-" : "+", size / 60, size % 60);
    }
}

/* "0.998", or "0.02-0.41" where pauses leave it open. */
static void p_text(const struct skyh_ruling *finding, char text[24])
{
    if (!finding->has_p) {
        (void)snprintf(text, 24, "-");
    } else if (finding->p_high - finding->p_low < 0.0005) {
        (void)snprintf(text, 24, "%.3f", finding->p_high);
    } else {
        (void)snprintf(text, 24, "%.3f-%.3f", finding->p_low, finding->p_high);
    }
}

static void ratio_text(const struct skyh_ruling *finding, char text[24])
{
    if (!finding->has_p) {
        (void)snprintf(text, 24, "-");
    } else if (finding->ratio > 1e6 || finding->ratio < 1e-6) {
        (void)snprintf(text, 24, "%s", finding->ratio > 1.0 ? ">1e6" : "<1e-6");
    } else {
        (void)snprintf(text, 24, "%.3g", finding->ratio);
    }
}

static void print_sentence(const struct skyh_claims *claims, const struct skyh_claim *claim)
{
    char metres[32];
    (void)printf("%s  %s: %s", claim->id, claim->party, skyh_claims_sentence(claim->says));
    if (claim->has_depth) {
        (void)printf(" by at least %s m", skyh_judgment_metres(claim->depth_m, metres));
    }
    if (claim->has_place) {
        (void)printf(" at %.7f N %.7f E", claim->lat_rad * (180.0 / SKY_PI),
                     claim->lon_rad * (180.0 / SKY_PI));
    }
    if (claim->has_border) {
        (void)printf(", %s m from the border", skyh_judgment_metres(claim->border_m, metres));
    }
    if (claim->says == SKYH_SAYS_SEPARATION) {
        (void)printf(" of %s and %s %s m", claims->claim[claim->of[0]].id,
                     claims->claim[claim->of[1]].id,
                     skyh_judgment_metres(claim->distance_m, metres));
    }
    if (claim->at.known) {
        (void)printf(", at %s%s", claim->at.text,
                     claim->at.zone_stated ? "" : " (time zone not stated)");
    }
    (void)printf("\n    [%s]\n", claim->source);
}

/* Under several lines in a row the record may have nothing to say: once is enough. */
static bool is_same_silence(const struct skyh_ruling *a, const struct skyh_ruling *b)
{
    return a->claim == b->claim && !a->has_p && !b->has_p && a->offset_ns == b->offset_ns &&
           a->line[0] != '\0' && strcmp(a->text, b->text) == 0;
}

static void print_finding(const struct skyh_ruling *finding, bool all_lines)
{
    char reading[24], p[24], ratio[24];
    reading_text(finding, reading);
    p_text(finding, p);
    ratio_text(finding, ratio);
    (void)printf("    %-26.26s %-12s %-6s %-12s %11s %6s  %s\n",
                 finding->line[0] == '\0' || all_lines ? "any line" : finding->line, finding->part,
                 reading, skyh_judgment_verdict(finding->verdict), p, ratio, finding->text);
}

static void print_claim(const struct skyh_judgment *judgment, const struct skyh_claims *claims,
                        size_t claim)
{
    char watch[SKYH_RULING_TEXT_MAX] = "";
    print_sentence(claims, &claims->claim[claim]);
    const struct skyh_ruling *before = NULL;
    for (size_t i = 0; i < judgment->finding_count; i++) {
        const struct skyh_ruling *const finding = &judgment->finding[i];
        const struct skyh_ruling *const next = i + 1 < judgment->finding_count ? finding + 1 : NULL;
        if (finding->claim != claim || (before != NULL && is_same_silence(before, finding))) {
            continue;
        }
        before = finding;
        print_finding(finding, next != NULL && is_same_silence(finding, next));
        if (finding->watch[0] != '\0' && strcmp(watch, finding->watch) != 0) {
            (void)snprintf(watch, sizeof watch, "%s", finding->watch);
            (void)printf("      then: %s\n", watch);
        }
    }
    (void)printf("\n");
}

static void print_text(const struct skyh_judgment *judgment, const struct skyh_claims *claims,
                       const struct skyh_dossier *dossier)
{
    (void)printf("%s\n", claims->about);
    if (claims->shift_ns != 0) {
        (void)printf("All stated times are moved by %.0f s to meet this record.\n",
                     (double)claims->shift_ns * 1e-9);
    }
    for (size_t i = 0; i < dossier->run_count; i++) {
        char from[SKYH_UTC_TEXT_MAX], to[SKYH_UTC_TEXT_MAX];
        if (dossier->run[i].has_span) {
            (void)printf("Run %" PRIu64 " of the record: %s to %s UTC, made by %s.\n",
                         dossier->run[i].run, skyh_utc_text(dossier->run[i].from_utc_ns, 0, from),
                         skyh_utc_text(dossier->run[i].to_utc_ns, 0, to), dossier->run[i].software);
        }
    }
    if (dossier->rerun.different) {
        (void)printf("ALTERED OR MADE BY OTHER SOFTWARE: run %" PRIu64 ", input %" PRIu64 ": %s\n",
                     dossier->rerun.run, dossier->rerun.seq, dossier->rerun.what);
    }
    (void)printf("\n%s\n", model);
    (void)printf("    %-26s %-12s %-6s %-12s %11s %6s  %s\n\n", "under the line", "tested", "read",
                 "verdict", "P", "ratio", "measured");
    for (size_t i = 0; i < claims->count; i++) {
        print_claim(judgment, claims, i);
    }
    (void)printf("the claims against each other\n");
    for (size_t i = 0; i < judgment->comparison_count; i++) {
        const struct skyh_comparison *const comparison = &judgment->comparison[i];
        (void)printf("    %s, %s: %s: %s\n", claims->claim[comparison->a].id,
                     claims->claim[comparison->b].id, skyh_judgment_relation(comparison->relation),
                     comparison->text);
    }
    if (judgment->comparison_count == 0) {
        (void)printf("    no two of them speak of the same\n");
    }
}

/* ------------------------------------------------------------------------------------- JSON */

static json_t *finding_json(const struct skyh_ruling *finding)
{
    json_t *const out = json_pack("{s:s, s:s, s:s, s:s, s:s}", "line", finding->line, "tested",
                                  finding->part, "verdict", skyh_judgment_verdict(finding->verdict),
                                  "measured", finding->text, "on_watch", finding->watch);
    (void)json_object_set_new(out, "read_as_utc_offset_h",
                              finding->has_reading ? json_real((double)finding->offset_ns / 3600e9)
                                                   : json_null());
    (void)json_object_set_new(out, "p",
                              finding->has_p ? json_pack("[f, f]", finding->p_low, finding->p_high)
                                             : json_null());
    (void)json_object_set_new(out, "depth_interval_m",
                              finding->has_measured
                                  ? json_pack("[f, f]", finding->measured_m - finding->bound_m,
                                              finding->measured_m + finding->bound_m)
                                  : json_null());
    (void)json_object_set_new(out, "likelihood_ratio",
                              finding->has_p ? json_real(finding->ratio) : json_null());
    return out;
}

static json_t *claim_json(const struct skyh_judgment *judgment, const struct skyh_claims *claims,
                          size_t claim)
{
    json_t *const findings = json_array();
    for (size_t i = 0; i < judgment->finding_count; i++) {
        if (judgment->finding[i].claim == claim) {
            (void)json_array_append_new(findings, finding_json(&judgment->finding[i]));
        }
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", claims->claim[claim].id, "party",
                     claims->claim[claim].party, "says",
                     skyh_claims_sentence(claims->claim[claim].says), "source",
                     claims->claim[claim].source, "findings", findings);
}

static void print_json(const struct skyh_judgment *judgment, const struct skyh_claims *claims,
                       const struct skyh_dossier *dossier, const struct skyh_log *log)
{
    json_t *const list = json_array(), *const comparisons = json_array();
    for (size_t i = 0; i < claims->count; i++) {
        (void)json_array_append_new(list, claim_json(judgment, claims, i));
    }
    for (size_t i = 0; i < judgment->comparison_count; i++) {
        const struct skyh_comparison *const comparison = &judgment->comparison[i];
        (void)json_array_append_new(
            comparisons,
            json_pack("{s:s, s:s, s:s, s:s}", "a", claims->claim[comparison->a].id, "b",
                      claims->claim[comparison->b].id, "relation",
                      skyh_judgment_relation(comparison->relation), "why", comparison->text));
    }
    json_t *const out =
        json_pack("{s:s, s:s, s:f, s:b, s:I, s:I, s:o, s:o}", "about", claims->about, "model",
                  model, "shift_s", (double)claims->shift_ns * 1e-9, "altered",
                  dossier->rerun.different, "damages", (json_int_t)log->damages, "torn_ends",
                  (json_int_t)log->torn, "claims", list, "comparisons", comparisons);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    (void)printf("\n");
    json_decref(out);
}

/* ---------------------------------------------------------------------------------- command */

static int judge(struct skyh_log *log, const struct skyh_claims *claims,
                 const struct skyh_args *args, struct skyh_problem *problem)
{
    struct skyh_dossier *const dossier = calloc(1, sizeof *dossier);
    struct skyh_judgment judgment = {0};
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (dossier == NULL) {
        skyh_note("judge", "out of memory");
        return exit_code;
    }
    if (!skyh_dossier_collect(dossier, log, "judge", problem) ||
        !skyh_judgment_make(&judgment, dossier, claims, args->operand[1], problem)) {
        exit_code = skyh_report("judge", problem);
    } else {
        if (args->json) {
            print_json(&judgment, claims, dossier, log);
        } else {
            print_text(&judgment, claims, dossier);
        }
        if (dossier->cut) {
            skyh_note("judge", "%s: more tracks than can be judged at once; the first were",
                      args->operand[0]);
        }
        exit_code = skyh_dossier_exit(dossier, log);
    }
    skyh_judgment_done(&judgment);
    skyh_dossier_done(dossier);
    free(dossier);
    return exit_code;
}

static int run(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_claims *const claims = calloc(1, sizeof *claims);
    int exit_code = SKYH_EXIT_SOFTWARE;
    if (claims == NULL) {
        skyh_note("judge", "out of memory");
    } else if (!skyh_claims_read(args->operand[1], claims, &problem) ||
               !skyh_log_open(&log, args->operand[0], &problem)) {
        exit_code = skyh_report("judge", &problem);
    } else {
        exit_code = judge(&log, claims, args, &problem);
    }
    skyh_log_close(&log);
    free(claims);
    return exit_code;
}

const struct skyh_command skyh_judge = {
    .name = "judge",
    .operands = "LOG CLAIMS",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "each party's sentences against the record, and against each other",
    .about =
        "Tests every sentence of CLAIMS against the record under each line, and the sentences\n"
        "against each other. The object is whatever has an incident in LOG, or, if there is\n"
        "none, every track. What is tested:\n"
        "  entered by D  that it was inside at any look of the stated time, and so deep, less "
        "half\n"
        "                the last stated digit; and how deep it may have been between two looks\n"
        "  left          that it was outside at any look after one inside\n"
        "  returned      that after leaving it came nearer again by 50 m or more\n"
        "  never inside  the opposite of entered\n"
        "  a place       on which side it lies; whether the stated distance fits (two-sided\n"
        "                p-value); how far from there the track ended. A track lost elsewhere\n"
        "                contradicts nothing, unless a time is stated\n"
        "  separation    of two places, along the geodesic, within the stated digits\n"
        "Of a distance to one line the errors of track, station, time, line and drawing are\n"
        "integrated; all are common to the looks, so none averages out; the mean of the best\n"
        "five looks in a row decides, so that one that errs by luck decides nothing. Of a\n"
        "difference of two distances the track's errors alone count. The ratio is\n"
        "of the largest likelihoods with and without the sentence. Supported: P is 0.95 or\n"
        "more. Contradicted: 0.05 or less, and the flight was followed then without a pause of\n"
        "15 s. Else undetermined.\n\n",
    .about_input = skyh_claims_format,
    .exits = "  0   judged\n"
             "  2   the log is torn, damaged or altered; what is there was judged\n"
             "  64  usage   65  not a log, or a claims file with a mistake   66  cannot be read\n",
    .example = "  skywitness judge long.mcap host/examples/tinzaouatine/claims.json\n"
               "  skywitness judge --json long.mcap claims.json | jq '.comparisons[]'\n",
    .options = NULL,
    .run = run,
};
