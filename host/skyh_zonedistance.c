#include "skyh_commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_assess.h"
#include "sky_math.h"
#include "skyh_zonefile.h"

static const double degree = SKY_PI / 180.0;
static const double pressure_sigma_m = 400.0; /* as sky_reading takes it */

static const struct skyh_option options[] = {
    {"--sigma", "M", "1 sigma of the place, per axis; then P(inside) is given too"},
    {"--datum", "NAME", "of ALT: HAE (without it), AMSL, or STD: pressure altitude"},
    {"--alt-sigma", "M", "1 sigma of ALT (0; 400 of a pressure altitude)"},
    {"--unstated", "M", "1 sigma of a line that states no accuracy (250)"},
    {NULL, NULL, NULL},
};

/* What was asked. */
struct question {
    const char *file;
    double lat_deg;
    double lon_deg;
    bool has_sigma;
    double sigma_m;
    bool has_alt;
    double alt_m;
    double alt_sigma_m;
    enum sky_datum datum;
    struct sky_incident_config config;
};

static const char *const datum_names[] = {"", "HAE", "AMSL", "AGL", "STD"};
static const char *const vertical_names[] = {"", "evaluated", "not evaluated",
                                             "evaluated across pressure and geometric height"};

/* --------------------------------------------------------------------------------- question */

static bool read_number(const char *what, const char *text, double low, double high,
                        double *ret_number, struct skyh_problem *problem)
{
    char *end = NULL;
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || !(number >= low && number <= high)) {
        return skyh_fail(problem, SKYH_EXIT_USAGE, "%s: %s; expected a number from %g to %g", what,
                         text, low, high);
    }
    *ret_number = number;
    return true;
}

static bool read_datum(const struct skyh_args *args, struct question *question,
                       struct skyh_problem *problem)
{
    const char *const name = skyh_args_value(args, "--datum");
    question->datum = SKY_DATUM_HAE;
    for (int datum = SKY_DATUM_HAE; name != NULL && datum <= SKY_DATUM_STD; datum++) {
        if (strcmp(name, datum_names[datum]) == 0 && datum != SKY_DATUM_AGL) {
            question->datum = (enum sky_datum)datum;
            return true;
        }
    }
    return name == NULL ||
           skyh_fail(problem, SKYH_EXIT_USAGE, "--datum: %s; expected HAE, AMSL or STD", name);
}

static bool read_question(const struct skyh_args *args, struct question *question,
                          struct skyh_problem *problem)
{
    struct sky_config config;
    sky_config_default(&config);
    question->config = config.incident;
    question->file = args->operand[0];
    question->has_sigma = skyh_args_given(args, "--sigma");
    question->has_alt = args->operand_count > 3;
    if (!read_number("LAT", args->operand[1], -89.0, 89.0, &question->lat_deg, problem) ||
        !read_number("LON", args->operand[2], -180.0, 180.0, &question->lon_deg, problem) ||
        (question->has_alt &&
         !read_number("ALT", args->operand[3], -1000.0, 1e5, &question->alt_m, problem)) ||
        !read_datum(args, question, problem)) {
        return false;
    }
    question->alt_sigma_m = question->datum == SKY_DATUM_STD ? pressure_sigma_m : 0.0;
    return skyh_args_number(args, "--sigma", 0.0, 1e5, &question->sigma_m, problem) &&
           skyh_args_number(args, "--alt-sigma", 0.0, 1e4, &question->alt_sigma_m, problem) &&
           skyh_args_number(args, "--unstated", 0.0, 1e5, &question->config.unstated_line_sigma_m,
                            problem);
}

/* The place as a track that stands there would have it. */
static bool fix(const struct question *question, const struct sky_zone_set *set,
                struct sky_fixing *ret_fixing, struct skyh_problem *problem)
{
    struct sky_fixing fixing = {.existence = 1.0};
    fixing.place = (struct sky_lla){.lat_rad = question->lat_deg * degree,
                                    .lon_rad = question->lon_deg * degree,
                                    .alt_hae_m = question->alt_m};
    fixing.cov[0][0] = fixing.cov[1][1] = question->sigma_m * question->sigma_m;
    fixing.cov[2][2] = question->alt_sigma_m * question->alt_sigma_m;
    fixing.heights = question->datum == SKY_DATUM_STD ? SKY_HEIGHT_PRESSURE : SKY_HEIGHT_GEOMETRIC;
    if (question->has_alt && question->datum == SKY_DATUM_AMSL) {
        double geoid_m = set->geoid_undulation_m;
        if (!sky_geoid_height(&set->geoid, fixing.place.lat_rad, fixing.place.lon_rad, &geoid_m) &&
            !set->has_geoid) {
            return skyh_fail(
                problem, SKYH_EXIT_DATA,
                "%s: no geoid there; expected ALT above the ellipsoid (--datum HAE), or "
                "a set built with --geoid egm96",
                question->file);
        }
        fixing.place.alt_hae_m += geoid_m;
    }
    *ret_fixing = fixing;
    return true;
}

/* --------------------------------------------------------------------------------- an answer */

/* Where in its line an edge of the set is. */
static void find_edge(const struct sky_zone_set *set, uint32_t line, uint32_t edge,
                      uint32_t *ret_ring, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < set->line[line].ring_count; i++) {
        const struct sky_ring *const ring = &set->ring[set->line[line].first_ring + i];
        if (edge >= ring->first && edge < ring->first + ring->count) {
            *ret_ring = i;
            *ret_index = edge - ring->first;
        }
    }
}

static void print_line(const struct question *question, const struct skyh_zonefile *zones,
                       uint32_t line, const struct sky_assessment *answer)
{
    uint32_t ring = 0, index = 0;
    const bool inside = answer->distance_m < 0.0;
    find_edge(&zones->set, line, answer->edge, &ring, &index);
    (void)printf("  line %" PRIu32 "  %s%s%s\n", answer->line_id, zones->names.line[line].name,
                 zones->names.line[line].party[0] == '\0' ? "" : ", as claimed by ",
                 zones->names.line[line].party);
    (void)printf("    %s       %.1f m %s, +-%.1f m (95 %%)\n", inside ? "inside " : "outside",
                 fabs(answer->distance_m), inside ? "deep" : "away", answer->u95_m);
    (void)printf("    nearest point %.7f %.7f, bearing %.2f deg, ring %" PRIu32 " edge %" PRIu32
                 "\n",
                 answer->nearest_lat_rad / degree, answer->nearest_lon_rad / degree,
                 answer->bearing_rad / degree, ring, index);
    if (question->has_sigma) {
        (void)printf("    P(inside)     %.6f\n", answer->p_inside);
    }
    (void)printf("    budget        1 sigma: place %.1f m, line %.1f m%s, edges %.2f m%s\n",
                 answer->sigma_track_m, answer->sigma_line_m,
                 answer->line_accuracy_stated ? "" : " (not stated: as --unstated)",
                 answer->sigma_rule_m,
                 answer->line_rule_stated ? "" : " (their rule is not stated)");
}

static json_t *line_json(const struct question *question, const struct skyh_zonefile *zones,
                         uint32_t line, const struct sky_assessment *answer)
{
    uint32_t ring = 0, index = 0;
    find_edge(&zones->set, line, answer->edge, &ring, &index);
    json_t *const out =
        json_pack("{s:I, s:s, s:s, s:b, s:f, s:f, s:f, s:f, s:{s:f, s:f}, s:I, s:I}", "line_id",
                  (json_int_t)answer->line_id, "name", zones->names.line[line].name, "party",
                  zones->names.line[line].party, "inside", answer->distance_m < 0.0, "distance_m",
                  answer->distance_m, "depth_m", -answer->distance_m, "u95_m", answer->u95_m,
                  "bearing_deg", answer->bearing_rad / degree, "nearest", "lat_deg",
                  answer->nearest_lat_rad / degree, "lon_deg", answer->nearest_lon_rad / degree,
                  "ring", (json_int_t)ring, "edge", (json_int_t)index);
    (void)json_object_set_new(out, "p_inside",
                              question->has_sigma ? json_real(answer->p_inside) : json_null());
    (void)json_object_set_new(out, "budget",
                              json_pack("{s:f, s:f, s:b, s:f, s:b}", "sigma_place_m",
                                        answer->sigma_track_m, "sigma_line_m", answer->sigma_line_m,
                                        "line_accuracy_stated", answer->line_accuracy_stated,
                                        "sigma_rule_m", answer->sigma_rule_m, "edge_rule_stated",
                                        answer->line_rule_stated));
    return out;
}

/* ----------------------------------------------------------------------------------- answers */

static void print_text(const struct question *question, const struct skyh_zonefile *zones,
                       const struct sky_fixing *fixing)
{
    (void)printf("%.7f %.7f against %s (%s)\n", question->lat_deg, question->lon_deg,
                 question->file, zones->names.set_name);
    for (uint32_t z = 0; z < zones->set.zone_count; z++) {
        const struct sky_zone *const zone = &zones->set.zone[z];
        struct sky_assessment answer = {.vertical = SKY_VERTICAL_NOT_EVALUATED};
        (void)printf("zone %" PRIu32 "  %s\n", zone->id, zones->names.zone[z].name);
        for (uint32_t i = zone->first_line; i < zone->first_line + zone->line_count; i++) {
            sky_assess(&zones->set, i, &question->config, fixing, SKY_ZONE_NO_EDGE, &answer);
            print_line(question, zones, i, &answer);
        }
        if (question->has_alt && answer.vertical == SKY_VERTICAL_NOT_EVALUATED) {
            (void)printf("  height    %.0f m %s against its limits: not evaluated\n",
                         question->alt_m, datum_names[question->datum]);
        } else if (question->has_alt) {
            (void)printf("  height    %.0f m %s: between its limits with P %.6f, %s\n",
                         question->alt_m, datum_names[question->datum], answer.p_vertical,
                         vertical_names[answer.vertical]);
        }
    }
}

static json_t *zone_json(const struct question *question, const struct skyh_zonefile *zones,
                         const struct sky_fixing *fixing, uint32_t z)
{
    const struct sky_zone *const zone = &zones->set.zone[z];
    struct sky_assessment answer = {.vertical = SKY_VERTICAL_NOT_EVALUATED};
    json_t *const lines = json_array();
    for (uint32_t i = zone->first_line; i < zone->first_line + zone->line_count; i++) {
        sky_assess(&zones->set, i, &question->config, fixing, SKY_ZONE_NO_EDGE, &answer);
        (void)json_array_append_new(lines, line_json(question, zones, i, &answer));
    }
    json_t *const out = json_pack("{s:I, s:s, s:o}", "zone_id", (json_int_t)zone->id, "name",
                                  zones->names.zone[z].name, "lines", lines);
    const bool evaluated = question->has_alt && answer.vertical != SKY_VERTICAL_NOT_EVALUATED;
    (void)json_object_set_new(out, "vertical",
                              question->has_alt ? json_string(vertical_names[answer.vertical])
                                                : json_null());
    (void)json_object_set_new(out, "p_vertical",
                              evaluated ? json_real(answer.p_vertical) : json_null());
    return out;
}

static void print_json(const struct question *question, const struct skyh_zonefile *zones,
                       const struct sky_fixing *fixing)
{
    char hex[65];
    json_t *const list = json_array();
    for (uint32_t z = 0; z < zones->set.zone_count; z++) {
        (void)json_array_append_new(list, zone_json(question, zones, fixing, z));
    }
    json_t *const out = json_pack("{s:s, s:s, s:f, s:f, s:o}", "file", question->file, "sha256",
                                  skyh_zonefile_hex(zones->sha256, hex), "lat_deg",
                                  question->lat_deg, "lon_deg", question->lon_deg, "zones", list);
    (void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    (void)printf("\n");
    json_decref(out);
}

/* Large. */
struct inquiry {
    struct skyh_zonefile zones;
    struct question question;
    struct sky_fixing fixing;
};

static bool answer(const struct skyh_args *args, struct inquiry *inquiry,
                   struct skyh_problem *problem)
{
    struct question *const question = &inquiry->question;
    struct skyh_zonefile *const zones = &inquiry->zones;
    if (!read_question(args, question, problem) ||
        !skyh_zonefile_open(zones, question->file, problem) ||
        !fix(question, &zones->set, &inquiry->fixing, problem)) {
        return false;
    }
    if (args->json) {
        print_json(question, zones, &inquiry->fixing);
    } else {
        print_text(question, zones, &inquiry->fixing);
    }
    return true;
}

static int run_distance(const struct skyh_args *args)
{
    struct skyh_problem problem;
    struct inquiry *const inquiry = calloc(1, sizeof *inquiry);
    if (inquiry == NULL) {
        skyh_note("zones distance", "out of memory");
        return SKYH_EXIT_SOFTWARE;
    }
    const int exit_code =
        answer(args, inquiry, &problem) ? SKYH_EXIT_OK : skyh_report("zones distance", &problem);
    skyh_zonefile_close(&inquiry->zones);
    free(inquiry);
    return exit_code;
}

const struct skyh_command skyh_zones_distance = {
    .name = "zones distance",
    .operands = "FILE.zones LAT LON [ALT]",
    .operands_min = 3,
    .operands_max = 4,
    .summary = "how far a place is from every line of a zone file",
    .about =
        "Prints for every line of FILE whether the place (degrees, WGS-84; south and west are\n"
        "negative) is inside its zone, how deep or how far away along the geodesic, within what\n"
        "bound, and the nearest point: what a station says of an aircraft there. distance_m in\n"
        "the JSON is negative inside, depth_m is minus it.\n"
        "\n"
        "The 95 % bound is made of the place (--sigma), the line's stated accuracy (or\n"
        "--unstated), and how its edges are drawn. With ALT, in metres, the zone's floor and\n"
        "ceiling are evaluated too, where there is something to compare them with: limits above\n"
        "ground are not evaluated, those above mean sea level need a geoid in FILE, and pressure\n"
        "altitudes against geometric limits are widened, and that is said.\n",
    .exits = "  0   printed   64  usage   65  not a zone file   66  cannot be read\n",
    .example = "  skywitness zones distance border.zones 19.8679828 2.8939169 3000 --sigma 30\n"
               "  skywitness zones distance --json border.zones -19.5 -68.25\n",
    .options = options,
    .run = run_distance,
};
