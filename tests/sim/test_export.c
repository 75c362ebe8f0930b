/*
 * What is exported for other programs: the same places in every format, as those programs read
 * them. Each judge that is not on this machine is passed over with a word.
 */
#include <jansson.h>

#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"
#define READER SKY_SOURCE_DIR "/tests/arch/mcap_reader"

enum { PLACES_MAX = 2000, TEXT_MAX = 1 << 20 };

struct places {
    size_t count;
    struct {
        double lon_deg, lat_deg, alt_m;
    } at[PLACES_MAX];
};

static struct places told; /* by the table */
static char text[TEXT_MAX];

static void add(struct places *places, double lon_deg, double lat_deg, double alt_m)
{
    assert_true(places->count < PLACES_MAX);
    places->at[places->count].lon_deg = lon_deg;
    places->at[places->count].lat_deg = lat_deg;
    places->at[places->count].alt_m = alt_m;
    places->count++;
}

static const char *in_folder(const char *name)
{
    static char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    return file;
}

static void read_table(void)
{
    double t = 0.0, lat_deg = 0.0, lon_deg = 0.0, alt_m = 0.0;
    unsigned id = 0;
    read_text(in_folder("s.csv"), text, sizeof text);
    for (char *row = strchr(text, '\n'); row != NULL; row = strchr(row + 1, '\n')) {
        if (sscanf(row, "\n%lf,%u,%lf,%lf,%lf", &t, &id, &lat_deg, &lon_deg, &alt_m) == 5) {
            add(&told, lon_deg, lat_deg, alt_m);
        }
    }
}

static int export_all(void **state)
{
    if (make_folder(state) != 0 || run("simulate " EXAMPLE "/short.json --log s.mcap") != 0 ||
        run("export s.mcap --format tracks-csv -o s.csv --format geojson -o s.geojson --format kml "
            "-o s.kml --format mcap -o view.mcap --format asterix -o s.pcap") != 0) {
        return -1;
    }
    read_table();
    return told.count > 60 ? 0 : -1;
}

static void same(const struct places *read, double degrees, double metres)
{
    assert_int_equal(read->count, told.count);
    for (size_t i = 0; i < told.count; i++) {
        assert_near(read->at[i].lon_deg, told.at[i].lon_deg, degrees);
        assert_near(read->at[i].lat_deg, told.at[i].lat_deg, degrees);
        assert_near(read->at[i].alt_m, told.at[i].alt_m, metres);
    }
}

/* Runs a shell command in the test's folder; its output is in text. */
static int ask(const char *command)
{
    char line[2048];
    (void)snprintf(line, sizeof line, "cd %s && { %s ; } >judge.txt 2>judge.err", folder, command);
    const int status = system(line);
    read_text(in_folder("judge.txt"), text, sizeof text);
    return status;
}

static void needs(const char *program, const char *package)
{
    char line[128];
    (void)snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", program);
    if (system(line) != 0) {
        print_message("skipped: no %s here; Debian's package is %s\n", program, package);
        skip();
    }
}

static void geojson_has_every_place_of_the_table_with_its_instant(void **state)
{
    (void)state;
    static struct places read;
    json_error_t error;
    size_t i = 0, lines = 0, deepest = 0;
    json_t *feature = NULL;
    json_t *const file = json_load_file(in_folder("s.geojson"), 0, &error);
    assert_non_null(file);
    read.count = 0;
    json_array_foreach(json_object_get(file, "features"), i, feature)
    {
        const json_t *const properties = json_object_get(feature, "properties");
        const char *const what = json_string_value(json_object_get(properties, "what"));
        const json_t *const places =
            json_object_get(json_object_get(feature, "geometry"), "coordinates");
        assert_non_null(what);
        lines += strcmp(what, "line") == 0 ? 1 : 0;
        deepest += strcmp(what, "deepest") == 0 ? 1 : 0;
        if (strcmp(what, "track") != 0) {
            continue;
        }
        const size_t count = json_array_size(places);
        assert_int_equal(json_array_size(json_object_get(properties, "coordTimes")), count);
        assert_int_equal(json_array_size(json_object_get(properties, "sigmas_m")), count);
        for (size_t k = 0; k < count; k++) {
            const json_t *const at = json_array_get(places, k);
            add(&read, json_number_value(json_array_get(at, 0)),
                json_number_value(json_array_get(at, 1)), json_number_value(json_array_get(at, 2)));
        }
    }
    assert_int_equal(lines, 2);
    assert_int_equal(deepest, 2); /* one incident under two lines */
    same(&read, 1e-12, 1e-9);
    json_decref(file);
}

/* The places of what ogrinfo prints as "LINESTRING Z (2.8 19.9 5452,2.8 19.9 5476)". */
static void read_strings(struct places *ret_places)
{
    ret_places->count = 0;
    for (char *at = text; (at = strstr(at, "LINESTRING Z (")) != NULL;) {
        double lon_deg = 0.0, lat_deg = 0.0, alt_m = 0.0;
        int used = 0;
        at += strlen("LINESTRING Z (");
        while (sscanf(at, "%lf %lf %lf%n", &lon_deg, &lat_deg, &alt_m, &used) == 3) {
            add(ret_places, lon_deg, lat_deg, alt_m);
            at += used + 1;
        }
    }
}

static void ogrinfo_reads_the_same_places_in_geojson(void **state)
{
    (void)state;
    static struct places read;
    needs("ogrinfo", "gdal-bin");
    assert_int_equal(ask("ogrinfo -q -al -where \"what='track'\" s.geojson"), 0);
    read_strings(&read);
    same(&read, 1e-9, 1e-3);
}

/* Its heights are above mean sea level, which is some 30.4 m above the ellipsoid there. */
static void ogrinfo_reads_the_same_places_in_kml_above_the_sea(void **state)
{
    (void)state;
    static struct places read;
    needs("ogrinfo", "gdal-bin");
    if (ask("ogrinfo --formats | grep -q LIBKML") != 0) {
        print_message("skipped: ogrinfo without LIBKML does not know tracks with instants\n");
        skip();
    }
    assert_int_equal(ask("ogrinfo -q -al s.kml Tracks"), 0);
    read_strings(&read);
    for (size_t i = 0; i < read.count; i++) {
        read.at[i].alt_m += 30.4;
    }
    same(&read, 1e-9, 0.1);
    assert_int_equal(ask("ogrinfo -q -al s.kml Lines"), 0);
    assert_non_null(strstr(text, "LINESTRING ((3.2300808 19.5,"));
    assert_int_equal(ask("ogrinfo -q -al s.kml Incidents"), 0);
    assert_non_null(strstr(text, "POINT Z (2.8"));
}

static void mcap_core_reads_the_same_places_and_all_of_the_log(void **state)
{
    (void)state;
    static struct places read;
    char command[1024];
    size_t lines = 0, incidents = 0, others = 0, records = 0;
    (void)snprintf(command, sizeof command, READER "/modules.sh %s/mcap_reader", SKY_BUILD_DIR);
    if (ask(command) != 0) {
        print_message("%s", text);
        skip();
    }
    (void)snprintf(command, sizeof command,
                   "cp " READER "/read_views.mjs %s/mcap_reader && node "
                   "%s/mcap_reader/read_views.mjs view.mcap",
                   SKY_BUILD_DIR, SKY_BUILD_DIR);
    assert_int_equal(ask(command), 0);
    read.count = 0;
    for (char *row = strtok(text, "\n"); row != NULL; row = strtok(NULL, "\n")) {
        double lon_deg = 0.0, lat_deg = 0.0, alt_m = 0.0;
        if (sscanf(row, "/view/lines %zu", &lines) == 1 ||
            sscanf(row, "/view/incidents %zu", &incidents) == 1 ||
            sscanf(row, "log %zu", &others) == 1) {
            continue;
        }
        assert_int_equal(sscanf(row, "%lf %lf %lf", &lon_deg, &lat_deg, &alt_m), 3);
        add(&read, lon_deg, lat_deg, alt_m);
    }
    same(&read, 1e-9, 1e-3);
    assert_int_equal(lines, 2);
    assert_int_equal(incidents, 2);
    assert_int_equal(run("info s.mcap --json"), 0);
    assert_int_equal(sscanf(strstr(said, "\"records\":"), "\"records\": %zu", &records), 1);
    assert_true(others >= records); /* and what the log says of itself */
}

/* Category 062 has steps of 180 / 2^25 degrees and 6.25 ft. */
static void tshark_reads_the_same_places_in_asterix(void **state)
{
    (void)state;
    static struct places read;
    needs("tshark", "tshark");
    assert_int_equal(ask("tshark -r s.pcap -T fields -E separator=/s -e asterix.062_105_LON -e "
                         "asterix.062_105_LAT -e asterix.062_130_VALUE"),
                     0);
    read.count = 0;
    for (char *row = strtok(text, "\n"); row != NULL; row = strtok(NULL, "\n")) {
        double lon_deg = 0.0, lat_deg = 0.0, alt_ft = 0.0;
        assert_int_equal(sscanf(row, "%lf %lf %lf", &lon_deg, &lat_deg, &alt_ft), 3);
        add(&read, lon_deg, lat_deg, 0.3048 * alt_ft);
    }
    same(&read, 0.6 * 180.0 / 33554432.0, 0.51 * 6.25 * 0.3048);
}

static void a_cut_log_becomes_a_finished_file_for_viewers(void **state)
{
    (void)state;
    assert_int_equal(ask("head -c 450000 s.mcap >cut.mcap"), 0);
    assert_int_equal(run("export cut.mcap --format mcap -o cut-view.mcap --format geojson -o "
                         "cut.geojson --format kml -o cut.kml"),
                     SKYH_EXIT_DAMAGED);
    assert_non_null(strstr(noted, "cut.mcap"));
    assert_null(strchr(strchr(noted, '\n') + 1, '\n')); /* said once */
    static const char magic[] = "\x89MCAP0\r\n";
    FILE *const file = fopen(in_folder("cut-view.mcap"), "rbe");
    char end[8];
    assert_non_null(file);
    assert_int_equal(fseek(file, -8, SEEK_END), 0);
    assert_int_equal(fread(end, 1, 8, file), 8);
    (void)fclose(file);
    assert_memory_equal(end, magic, 8);
    json_error_t error;
    json_t *const map = json_load_file(in_folder("cut.geojson"), 0, &error);
    assert_non_null(map);
    assert_true(json_array_size(json_object_get(map, "features")) >= 3);
    json_decref(map);
    read_text(in_folder("cut.kml"), text, sizeof text);
    assert_non_null(strstr(text, "</gx:Track>"));
    assert_non_null(strstr(text, "</kml>"));
}

static void an_unknown_format_is_told_which_there_are(void **state)
{
    (void)state;
    assert_int_equal(run("export s.mcap --format shapefile"), SKYH_EXIT_USAGE);
    assert_non_null(strstr(noted, "expected tracks-csv"));
    assert_non_null(strstr(noted, "geojson"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geojson_has_every_place_of_the_table_with_its_instant),
        cmocka_unit_test(ogrinfo_reads_the_same_places_in_geojson),
        cmocka_unit_test(ogrinfo_reads_the_same_places_in_kml_above_the_sea),
        cmocka_unit_test(mcap_core_reads_the_same_places_and_all_of_the_log),
        cmocka_unit_test(tshark_reads_the_same_places_in_asterix),
        cmocka_unit_test(a_cut_log_becomes_a_finished_file_for_viewers),
        cmocka_unit_test(an_unknown_format_is_told_which_there_are),
    };
    return cmocka_run_group_tests(tests, export_all, remove_folder);
}
