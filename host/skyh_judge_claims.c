#include "skyh_judge_claims.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sky_math.h"
#include "skyh_curve.h"
#include "skyh_json.h"

const char skyh_claims_format[] =
    "CLAIMS is JSON: {\"about\", \"utc_offsets_h\", \"claims\": [...]}, and optionally "
    "\"shift_s\"\n"
    "(added to all times: a synthetic record has dates of its own) and \"speed_max_mps\" (150).\n"
    "\"utc_offsets_h\" lists the zones in which a time may be meant that states none.\n"
    "Each claim has \"id\", \"party\", \"says\", \"source\" and, but for a separation, \"zone\". "
    "It says\n"
    "  entered       optionally by at least \"depth_m\"\n"
    "  left          came out again\n"
    "  returned      turned back towards the zone after that\n"
    "  never inside\n"
    "  last contact, wreck\n"
    "                at \"lat_deg\", \"lon_deg\", known to \"place_resolution_m\"; optionally\n"
    "                \"border_m\" from the line, outside of the zone\n"
    "  separation    \"of\": [id, id], two places \"distance_m\" apart\n"
    "A length needs \"resolution_m\", its last digit: 9.5 km is 9500 with 100, that is 9450 to "
    "9550.\n"
    "A claim that states a time has \"at\": {\"local\": \"2025-04-01T00:08\", \"resolution_s\": "
    "60,\n"
    "\"utc_offset_h\": 1}; without utc_offset_h the zone is not stated, and every one is tried.\n";

/* A claim as its object has it. */
struct claim_object {
    struct skyh_claim claim;
    char says[16];
};

struct time_object {
    char local[32];
    double resolution_s;
    double utc_offset_h;
};

#define ROW(type, key, kind, member, low, high, unit, optional)                                    \
    {                                                                                              \
        key, kind, offsetof(struct type, member), sizeof((struct type *)NULL)->member, low, high,  \
            unit, optional                                                                         \
    }
#define OTHER(key, what, optional)                                                                 \
    {                                                                                              \
        key, SKYH_FIELD_OTHER, 0, 0, 0, 0, what, optional                                          \
    }
#define END OTHER(NULL, "", true)

static const struct skyh_field top_fields[] = {
    ROW(skyh_claims, "about", SKYH_FIELD_TEXT, about, 0, 0, "", false),
    ROW(skyh_claims, "shift_s", SKYH_FIELD_SECONDS, shift_ns, -4e9, 4e9, "s", true),
    ROW(skyh_claims, "speed_max_mps", SKYH_FIELD_NUMBER, speed_max_mps, 1, 1000, "m/s", true),
    OTHER("utc_offsets_h", "an array of hours", true),
    OTHER("claims", "an array of claims", false),
    END,
};

static const struct skyh_field claim_fields[] = {
    ROW(claim_object, "id", SKYH_FIELD_TEXT, claim.id, 0, 0, "", false),
    ROW(claim_object, "party", SKYH_FIELD_TEXT, claim.party, 0, 0, "", false),
    ROW(claim_object, "source", SKYH_FIELD_TEXT, claim.source, 0, 0, "", false),
    ROW(claim_object, "says", SKYH_FIELD_TEXT, says, 0, 0, "", false),
    ROW(claim_object, "zone", SKYH_FIELD_TEXT, claim.zone, 0, 0, "", true),
    ROW(claim_object, "depth_m", SKYH_FIELD_NUMBER, claim.depth_m, 0, 1e6, "m", true),
    ROW(claim_object, "lat_deg", SKYH_FIELD_DEGREES, claim.lat_rad, -89, 89, "degrees", true),
    ROW(claim_object, "lon_deg", SKYH_FIELD_DEGREES, claim.lon_rad, -180, 180, "degrees", true),
    ROW(claim_object, "place_resolution_m", SKYH_FIELD_NUMBER, claim.place_resolution_m, 0.01, 1e5,
        "m", true),
    ROW(claim_object, "border_m", SKYH_FIELD_NUMBER, claim.border_m, 0, 1e6, "m", true),
    ROW(claim_object, "distance_m", SKYH_FIELD_NUMBER, claim.distance_m, 0, 1e6, "m", true),
    ROW(claim_object, "resolution_m", SKYH_FIELD_NUMBER, claim.resolution_m, 0.01, 1e5, "m", true),
    OTHER("of", "an array of two ids", true),
    OTHER("at", "an object", true),
    END,
};

static const struct skyh_field time_fields[] = {
    ROW(time_object, "local", SKYH_FIELD_TEXT, local, 0, 0, "", false),
    ROW(time_object, "resolution_s", SKYH_FIELD_NUMBER, resolution_s, 0.001, 86400, "s", false),
    ROW(time_object, "utc_offset_h", SKYH_FIELD_NUMBER, utc_offset_h, -14, 14, "hours", true),
    END,
};

static const char *const sentences[] = {
    [SKYH_SAYS_ENTERED] = "entered",           [SKYH_SAYS_LEFT] = "left",
    [SKYH_SAYS_RETURNED] = "returned",         [SKYH_SAYS_NEVER_INSIDE] = "never inside",
    [SKYH_SAYS_LAST_CONTACT] = "last contact", [SKYH_SAYS_WRECK] = "wreck",
    [SKYH_SAYS_SEPARATION] = "separation",
};

const char *skyh_claims_sentence(enum skyh_sentence says) { return sentences[says]; }

double skyh_claims_apart_m(const struct skyh_claim *a, const struct skyh_claim *b)
{
    static const double rad_deg = 180.0 / SKY_PI;
    double bearing_deg = 0.0;
    const struct skyh_place from = {a->lat_rad * rad_deg, a->lon_rad * rad_deg};
    const struct skyh_place to = {b->lat_rad * rad_deg, b->lon_rad * rad_deg};
    return skyh_curve_distance_m(from, to, &bearing_deg);
}

static bool has(const struct skyh_node *object, const char *key)
{
    return json_object_get(object->value, key) != NULL;
}

/* What a sentence needs must be there, and nothing that says something else. */
static bool needs(const struct skyh_node *object, const char *key, const char *what,
                  struct skyh_problem *problem)
{
    const struct skyh_node node = skyh_json_member(object, key);
    return node.value != NULL || skyh_json_fail(&node, problem, "missing; expected %s", what);
}

static bool has_none_but(const struct skyh_node *object, const char *says,
                         const char *const allowed[], struct skyh_problem *problem)
{
    static const char *const all[] = {
        "depth_m", "lat_deg",      "lon_deg", "border_m", "distance_m", "place_resolution_m",
        "of",      "resolution_m", "zone",    "at",       NULL};
    for (size_t i = 0; all[i] != NULL; i++) {
        bool may = false;
        for (size_t k = 0; allowed[k] != NULL; k++) {
            may = may || strcmp(allowed[k], all[i]) == 0;
        }
        if (!may && has(object, all[i])) {
            const struct skyh_node node = skyh_json_member(object, all[i]);
            return skyh_json_fail(&node, problem, "not expected in a claim that says \"%s\"", says);
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------------ times */

static bool read_time(const struct skyh_node *node, struct skyh_claim_time *time,
                      struct skyh_problem *problem)
{
    struct time_object object = {0};
    char rfc3339[48];
    if (!skyh_json_fields(node, time_fields, &object, problem)) {
        return false;
    }
    const size_t length = strlen(object.local);
    (void)snprintf(rfc3339, sizeof rfc3339, "%s%s", object.local, length == 16 ? ":00Z" : "Z");
    if ((length != 16 && length != 19) || !skyh_utc_parse(rfc3339, &time->local_ns)) {
        const struct skyh_node local = skyh_json_member(node, "local");
        return skyh_json_fail(&local, problem,
                              "\"%s\" is no time; expected such as \"2025-04-01T00:08\"",
                              object.local);
    }
    time->known = true;
    (void)snprintf(time->text, sizeof time->text, "%s", object.local);
    time->resolution_ns = llround(object.resolution_s * 1e9);
    time->zone_stated = has(node, "utc_offset_h");
    time->offset_ns = llround(object.utc_offset_h * 3600e9);
    return true;
}

static bool read_offsets(const struct skyh_node *top, struct skyh_claims *claims,
                         struct skyh_problem *problem)
{
    const struct skyh_node list = skyh_json_member(top, "utc_offsets_h");
    if (list.value == NULL) {
        return true;
    }
    if (!skyh_json_array(&list, 1, SKYH_OFFSETS_MAX, &claims->offset_count, problem)) {
        return false;
    }
    for (size_t i = 0; i < claims->offset_count; i++) {
        const struct skyh_node node = skyh_json_element(&list, i);
        const double hours = json_number_value(node.value);
        if (!json_is_number(node.value) || !(hours >= -14.0 && hours <= 14.0)) {
            return skyh_json_fail(&node, problem, "expected a number of hours, -14 to 14");
        }
        claims->offset_ns[i] = llround(hours * 3600e9);
    }
    return true;
}

/* ----------------------------------------------------------------------------------- claims */

static bool read_place(const struct skyh_node *node, const char *says, struct skyh_claim *claim,
                       struct skyh_problem *problem)
{
    static const char *const allowed[] = {
        "lat_deg", "lon_deg", "place_resolution_m", "border_m", "resolution_m", "zone", "at", NULL};
    claim->has_place = true;
    claim->has_border = has(node, "border_m");
    return has_none_but(node, says, allowed, problem) &&
           needs(node, "zone", "the name of a zone of the record", problem) &&
           needs(node, "lat_deg", "a number in degrees", problem) &&
           needs(node, "lon_deg", "a number in degrees", problem) &&
           needs(node, "place_resolution_m", "a number in m", problem) &&
           (!claim->has_border || needs(node, "resolution_m", "a number in m", problem));
}

static bool read_separation(const struct skyh_node *node, const struct skyh_claims *claims,
                            struct skyh_claim *claim, struct skyh_problem *problem)
{
    static const char *const allowed[] = {"of", "distance_m", "resolution_m", NULL};
    const struct skyh_node of = skyh_json_member(node, "of");
    size_t count = 0;
    if (!has_none_but(node, "separation", allowed, problem) ||
        !needs(node, "distance_m", "a number in m", problem) ||
        !needs(node, "resolution_m", "a number in m", problem) ||
        !skyh_json_array(&of, 2, 2, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct skyh_node name = skyh_json_element(&of, i);
        const char *const text = json_is_string(name.value) ? json_string_value(name.value) : "";
        bool found = false;
        for (size_t k = 0; k < claims->count; k++) {
            if (claims->claim[k].has_place && strcmp(claims->claim[k].id, text) == 0) {
                claim->of[i] = k;
                found = true;
            }
        }
        if (!found) {
            return skyh_json_fail(
                &name, problem, "\"%s\" is none; expected the id of an earlier claim with a place",
                text);
        }
    }
    return true;
}

static bool read_movement(const struct skyh_node *node, const char *says, struct skyh_claim *claim,
                          struct skyh_problem *problem)
{
    static const char *const of_entry[] = {"depth_m", "resolution_m", "zone", "at", NULL};
    static const char *const of_others[] = {"zone", "at", NULL};
    claim->has_depth = has(node, "depth_m");
    return has_none_but(node, says, claim->says == SKYH_SAYS_ENTERED ? of_entry : of_others,
                        problem) &&
           needs(node, "zone", "the name of a zone of the record", problem) &&
           (!claim->has_depth || needs(node, "resolution_m", "a number in m", problem));
}

static bool read_sentence(const struct skyh_node *node, const char *says,
                          struct skyh_problem *problem, enum skyh_sentence *ret_says)
{
    for (int i = SKYH_SAYS_ENTERED; i <= SKYH_SAYS_SEPARATION; i++) {
        if (strcmp(sentences[i], says) == 0) {
            *ret_says = (enum skyh_sentence)i;
            return true;
        }
    }
    const struct skyh_node said = skyh_json_member(node, "says");
    return skyh_json_fail(&said, problem,
                          "\"%s\"; expected entered, left, returned, never inside, last contact, "
                          "wreck or separation",
                          says);
}

static bool read_claim(const struct skyh_node *node, struct skyh_claims *claims,
                       struct skyh_problem *problem)
{
    struct claim_object object = {0};
    struct skyh_claim *const claim = &object.claim;
    if (!skyh_json_fields(node, claim_fields, &object, problem) ||
        !read_sentence(node, object.says, problem, &claim->says)) {
        return false;
    }
    for (size_t i = 0; i < claims->count; i++) {
        if (strcmp(claims->claim[i].id, claim->id) == 0) {
            const struct skyh_node id = skyh_json_member(node, "id");
            return skyh_json_fail(&id, problem, "\"%s\" is taken; expected another", claim->id);
        }
    }
    const bool is_place = claim->says == SKYH_SAYS_LAST_CONTACT || claim->says == SKYH_SAYS_WRECK;
    const bool read = claim->says == SKYH_SAYS_SEPARATION
                          ? read_separation(node, claims, claim, problem)
                          : (is_place ? read_place(node, object.says, claim, problem)
                                      : read_movement(node, object.says, claim, problem));
    const struct skyh_node at = skyh_json_member(node, "at");
    if (!read || (at.value != NULL && !read_time(&at, &claim->at, problem))) {
        return false;
    }
    if (claim->at.known && !claim->at.zone_stated && claims->offset_count == 0) {
        const struct skyh_node offset = skyh_json_member(&at, "utc_offset_h");
        return skyh_json_fail(&offset, problem,
                              "missing; expected a number in hours, or utc_offsets_h at the top");
    }
    claims->claim[claims->count++] = *claim;
    return true;
}

static bool read_all(const struct skyh_node *top, struct skyh_claims *claims,
                     struct skyh_problem *problem)
{
    size_t count = 0;
    claims->speed_max_mps = 150.0;
    const struct skyh_node list = skyh_json_member(top, "claims");
    if (!skyh_json_fields(top, top_fields, claims, problem) ||
        !read_offsets(top, claims, problem) ||
        !skyh_json_array(&list, 1, SKYH_CLAIMS_MAX, &count, problem)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct skyh_node node = skyh_json_element(&list, i);
        if (!read_claim(&node, claims, problem)) {
            return false;
        }
    }
    return true;
}

bool skyh_claims_parse(const char *file, const char *text, size_t count,
                       struct skyh_claims *ret_claims, struct skyh_problem *problem)
{
    json_t *json = NULL;
    struct skyh_claims *const claims = calloc(1, sizeof *claims);
    if (claims == NULL) {
        return skyh_fail(problem, SKYH_EXIT_SOFTWARE, "out of memory");
    }
    bool sound = skyh_json_parse(file, text, count, &json, problem);
    if (sound) {
        const struct skyh_node top = skyh_json_top(file, json);
        sound = read_all(&top, claims, problem);
        json_decref(json);
    }
    if (sound) {
        *ret_claims = *claims;
    }
    free(claims);
    return sound;
}

bool skyh_claims_read(const char *file, struct skyh_claims *ret_claims,
                      struct skyh_problem *problem)
{
    char *bytes = NULL;
    size_t count = 0;
    if (!skyh_json_slurp(file, &bytes, &count, problem)) {
        return false;
    }
    const bool sound = skyh_claims_parse(file, bytes, count, ret_claims, problem);
    free(bytes);
    return sound;
}
