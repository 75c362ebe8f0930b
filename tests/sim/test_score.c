/*
 * Tracks against what truly flew: figures of which the answers are known.
 */
#include <jansson.h>

#include "sky_tool.h"
#include "skyh_score.h"

static const double m_per_deg_lat = 111132.0; /* at 45 degrees, to a thousandth */

enum { SECONDS = 100 };

static FILE *begin_table(const char *name, const char *header)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *const stream = fopen(file, "we");
    assert_non_null(stream);
    (void)fprintf(stream, "%s\n", header);
    return stream;
}

/* North along 25 E at 100 m/s, into a square zone after 40 s and out of it after 80. */
static double lat_at(double t) { return 45.0 + 100.0 / m_per_deg_lat * t; }

static void put_zone_table(const char *name)
{
    FILE *const stream = begin_table(name, "zone,lat,lon");
    const double low = lat_at(40.0), high = lat_at(80.0);
    (void)fprintf(stream, "Z,%.9f,24.9\nZ,%.9f,25.1\nZ,%.9f,25.1\nZ,%.9f,24.9\n", low, low, high,
                  high);
    (void)fclose(stream);
}

static int make_scene(void **state)
{
    if (make_folder(state) != 0) {
        return -1;
    }
    FILE *stream = begin_table("truth.csv", "t,id,cls,lat,lon,alt,ve,vn,vu");
    for (int t = 0; t <= SECONDS; t++) {
        (void)fprintf(stream, "%d,one,uav,%.9f,25,3000,0,100,0\n", t, lat_at(t));
    }
    (void)fclose(stream);
    put_zone_table("zones.csv");
    put_zone_table("zones_true.csv");
    stream = begin_table("sensors.csv", "sensor,rmin,rmax,elmin,elmax");
    (void)fprintf(stream, "A,100,100000,0,90\n");
    (void)fclose(stream);
    stream = begin_table("pose.csv", "t,sensor,lat,lon,alt");
    (void)fprintf(stream, "0,A,45,24.8,0\n");
    (void)fclose(stream);
    stream = begin_table("meta.json", "{\"t0\": 0, \"t1\": 100, \"gospa_c\": 500}");
    (void)fclose(stream);
    return 0;
}

/* A track so far north of the truth, from and to these seconds, that says it is within sigma_m. */
static void put_track(FILE *stream, const char *id, int from, int to, double off_m, double sigma_m)
{
    for (int t = from; t <= to; t++) {
        (void)fprintf(stream, "%d,%s,%.9f,25,3000,0,100,0", t, id,
                      lat_at(t) + off_m / m_per_deg_lat);
        for (int i = 0; i < 6; i++) {
            for (int j = i; j < 6; j++) {
                (void)fprintf(stream, ",%g", i == j ? sigma_m * sigma_m : 0.0);
            }
        }
        (void)fprintf(stream, ",%d,1,%g\n", t, t >= 40 && t < 80 ? 1.0 : 0.0);
    }
}

static FILE *begin_tracks(void)
{
    return begin_table("tracks.csv",
                       "t,track_id,lat,lon,alt,ve,vn,vu,c00,c01,c02,c03,c04,c05,c11,c12,c13,c14,"
                       "c15,c22,c23,c24,c25,c33,c34,c35,c44,c45,c55,t_out,p_exist,p_Z");
}

static json_t *score(void)
{
    assert_int_equal(run("score --json --tracks tracks.csv ."), 0);
    json_t *const out = json_loads(said, 0, NULL);
    assert_non_null(out);
    return out;
}

static double of(const json_t *out, const char *key)
{
    const json_t *const value = json_object_get(out, key);
    if (!json_is_number(value)) {
        fail_msg("%s is no number", key);
    }
    return json_number_value(value);
}

static void a_track_that_is_off_by_30_m_scores_30_m(void **state)
{
    (void)state;
    FILE *const stream = begin_tracks();
    put_track(stream, "7", 0, SECONDS, 30.0, 30.0);
    (void)fclose(stream);
    json_t *const out = score();
    assert_near(of(out, "gospa_rms"), 30.0, 0.1);
    assert_near(of(out, "rmse_h"), 30.0, 0.1);
    assert_near(of(out, "p95_h"), 30.0, 0.1);
    assert_near(of(out, "anees2"), 0.5, 0.01); /* one of two components is off by one sigma */
    assert_near(of(out, "cover2_95"), 1.0, 0.0);
    assert_near(of(out, "siap_completeness"), 1.0, 0.0);
    assert_near(of(out, "siap_spurious"), 0.0, 0.0);
    const json_t *const zone = json_object_get(out, "zone_Z");
    assert_int_equal((int)of(zone, "episodes"), 1);
    assert_int_equal((int)of(zone, "detected"), 1);
    assert_near(of(zone, "lat_median"), 0.0, 0.02);
    assert_near(of(zone, "brier"), 0.0, 0.02); /* but for the seconds of the crossings themselves */
    json_decref(out);
}

static void what_is_missed_and_what_is_false_costs_half_a_cut_off_each(void **state)
{
    (void)state;
    FILE *const stream = begin_tracks();
    put_track(stream, "far", 0, SECONDS, 5000.0, 30.0); /* one missed and one false each second */
    (void)fclose(stream);
    json_t *const out = score();
    assert_near(of(out, "gospa_rms"), 500.0, 1e-9);
    assert_near(of(out, "missed_per_frame"), 1.0, 0.0);
    assert_near(of(out, "false_per_frame"), 1.0, 0.0);
    assert_near(of(out, "siap_completeness"), 0.0, 0.0);
    assert_near(of(out, "siap_spurious"), 1.0, 0.0);
    assert_null(json_object_get(out, "rmse_h"));
    const json_t *const zone = json_object_get(out, "zone_Z");
    assert_int_equal((int)of(zone, "detected"), 0);
    assert_int_equal((int)of(zone, "false_enter_no_truth"), 1);
    json_decref(out);
}

static void a_second_track_of_one_flight_is_a_switch_and_not_a_miss(void **state)
{
    (void)state;
    FILE *const stream = begin_tracks();
    put_track(stream, "1", 0, 49, 0.0, 30.0);
    put_track(stream, "2", 52, SECONDS, 0.0, 30.0);
    (void)fclose(stream);
    json_t *const out = score();
    assert_int_equal((int)of(out, "id_switches"), 1);
    assert_int_equal((int)of(out, "fragments"), 1); /* a row holds for 1.5 s: one second without */
    assert_near(of(out, "siap_completeness"), 100.0 / 101.0, 1e-9);
    assert_near(of(out, "gospa_loc_rms"), 0.0, 0.01);
    json_decref(out);
}

static void least_cost_is_found_whichever_way_the_table_lies(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int n = 0; n < 200; n++) {
        double cost[12], turned[12];
        long tall[4], wide[3];
        double least = 1e300, found = 0.0, other = 0.0;
        for (int i = 0; i < 12; i++) {
            cost[i] = test_uniform(&seed, 0.0, 10.0);
            turned[i % 4 * 3 + i / 4] = cost[i];
        }
        for (int a = 0; a < 4; a++) {
            for (int b = 0; b < 4; b++) {
                for (int c = 0; c < 4; c++) {
                    if (a != b && b != c && a != c) {
                        least = fmin(least, cost[a] + cost[4 + b] + cost[8 + c]);
                    }
                }
            }
        }
        assert_true(skyh_score_assign(cost, 3, 4, wide));
        assert_true(skyh_score_assign(turned, 4, 3, tall));
        for (int i = 0; i < 3; i++) {
            found += cost[i * 4 + wide[i]];
        }
        for (int i = 0; i < 4; i++) {
            other += tall[i] < 0 ? 0.0 : turned[i * 3 + tall[i]];
        }
        assert_near(found, least, 1e-9);
        assert_near(other, least, 1e-9);
    }
}

static void tables_that_are_wrong_say_where(void **state)
{
    (void)state;
    FILE *stream = begin_table("bad.csv", "t,track_id,lat,lon,alt,ve,vn,vu");
    (void)fprintf(stream, "0,1,45,25,0,0,0,0\n1,1,95,25,0,0,0,0\n");
    (void)fclose(stream);
    assert_int_equal(run("score --tracks bad.csv ."), 65);
    assert_int_equal(strncmp(noted, "skywitness score: bad.csv:3: lat: ", 34), 0);
    stream = begin_table("back.csv", "t,track_id,lat,lon,alt,ve,vn,vu");
    (void)fprintf(stream, "5,1,45,25,0,0,0,0\n1,1,45,25,0,0,0,0\n");
    (void)fclose(stream);
    assert_int_equal(run("score --tracks back.csv ."), 65);
    assert_non_null(strstr(noted, "back.csv:3: t: before the row above of track 1; expected rows "
                                  "of a track by time\n"));
    assert_int_equal(run("score --tracks tracks.csv nowhere"), 66);
    assert_int_equal(run("score ."), 64);
    assert_int_equal(run("score nowhere.mcap ."), 66);
    assert_int_equal(run("score --tracks tracks.csv --smooth ."), 64);
}

static void words_and_numbers_are_of_one_score(void **state)
{
    (void)state;
    FILE *const stream = begin_tracks();
    put_track(stream, "7", 0, SECONDS, 30.0, 30.0);
    (void)fclose(stream);
    assert_int_equal(run("score --tracks tracks.csv ."), 0);
    assert_non_null(strstr(said, "1 truths, 1 tracks, 100 s; cut-off 500 m\n"));
    assert_non_null(strstr(said, "  GOSPA, rms                               30.0 m\n"));
    assert_non_null(strstr(said, "  entries that were declared                  1 of 1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_track_that_is_off_by_30_m_scores_30_m),
        cmocka_unit_test(what_is_missed_and_what_is_false_costs_half_a_cut_off_each),
        cmocka_unit_test(a_second_track_of_one_flight_is_a_switch_and_not_a_miss),
        cmocka_unit_test(least_cost_is_found_whichever_way_the_table_lies),
        cmocka_unit_test(tables_that_are_wrong_say_where),
        cmocka_unit_test(words_and_numbers_are_of_one_score),
    };
    return cmocka_run_group_tests(tests, make_scene, remove_folder);
}
