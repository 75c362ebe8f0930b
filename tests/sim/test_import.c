/*
 * A recording of another system, as tables: into a log that replays, and out again as tables.
 */
#include "sky_codec.h"
#include "sky_math.h"
#include "sky_tool.h"
#include "skyh_log.h"
#include "skyh_recorder.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"
#define TABLES "--plots plots.csv --pose pose.csv --sensors sensors.csv --zones zones.csv"
#define HEADER "t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,sig_el_deg,sig_rdot"

enum { FLIGHT_S = 160, SCAN_S = 4 };
static const double deg = SKY_PI / 180.0;
static const double speed_mps = 80.0; /* due east, from outside into the zone */
static const double border_lon_deg = 25.2;
static const struct sky_lla station = {45.0 * SKY_PI / 180.0, 25.0 * SKY_PI / 180.0, 300.0};
static const struct sky_lla start = {45.05 * SKY_PI / 180.0, 25.1 * SKY_PI / 180.0, 4000.0};

static struct sky_lla true_place(double t_s)
{
    struct sky_geo_frame frame;
    assert_int_equal(sky_geo_frame_init(&frame, &start), SKY_OK);
    const struct sky_enu way = {speed_mps * t_s, 0.0, 0.0};
    return sky_geo_from_enu(&frame, &way);
}

static double true_entry_s(void)
{
    double before_s = 0.0, after_s = FLIGHT_S;
    while (after_s - before_s > 1e-6) {
        const double t_s = 0.5 * (before_s + after_s);
        *(true_place(t_s).lon_rad < border_lon_deg * deg ? &before_s : &after_s) = t_s;
    }
    return before_s;
}

static FILE *create(const char *name)
{
    char file[128];
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *const stream = fopen(file, "we");
    assert_non_null(stream);
    return stream;
}

static void write_text(const char *name, const char *text)
{
    FILE *const stream = create(name);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* What the radar says at t_s, with noise. */
static void write_plot(FILE *stream, const struct sky_geo_frame *radar, double t_s, uint64_t *seed)
{
    const struct sky_lla place = true_place(t_s), later = true_place(t_s + 0.01);
    const struct sky_enu at = sky_geo_to_enu(radar, &place), next = sky_geo_to_enu(radar, &later);
    const double range_m =
        sqrt(at.east_m * at.east_m + at.north_m * at.north_m + at.up_m * at.up_m);
    const double next_m =
        sqrt(next.east_m * next.east_m + next.north_m * next.north_m + next.up_m * next.up_m);
    const double elevation_rad = asin(at.up_m / range_m);
    const double apparent_rad = elevation_rad + sky_geo_refraction_rad(range_m, elevation_rad);
    (void)fprintf(stream, "%.6f,%.6f,A,%.3f,%.5f,%.4f,%.3f,35.0,0.15,0.35,1.5\n", t_s, t_s + 0.5,
                  range_m + 35.0 * test_normal(seed),
                  atan2(at.east_m, at.north_m) / deg + 0.15 * test_normal(seed),
                  apparent_rad / deg + 0.35 * test_normal(seed),
                  (next_m - range_m) / 0.01 + 1.5 * test_normal(seed));
}

/* Lines that no station can use, one behind each good plot. */
static const char *const garbage[] = {
    "rubbish",
    "%.3f,,A,1,2,3,4,5,6,7,8",
    "%.3f,x,A,20000,45,1,0,35,0.15,0.35,1.5",
    "%.3f,nan,A,nan,nan,nan,nan,nan,nan,nan,nan",
    "%.3f,,A,-5,45,1,0,35,0.15,0.35,1.5",
    "%.3f,,Z,20000,45,1,0,35,0.15,0.35,1.5",
    "%.3f,,A,1e300,1e300,1e300,1e300,1e300,1e300,1e300,1e300",
    ",,,,,,,,,,",
    "%.3f,,A,20000,45,1,0,35,0.15,0.35,1.5,9,9,9",
};

static void write_plots(const char *name, bool with_garbage)
{
    struct sky_geo_frame radar;
    uint64_t seed = 11;
    FILE *const stream = create(name);
    assert_int_equal(sky_geo_frame_init(&radar, &station), SKY_OK);
    (void)fprintf(stream, "%s\n", HEADER);
    for (int i = 0; i < FLIGHT_S / SCAN_S; i++) {
        const double t_s = 1.5 + i * SCAN_S;
        write_plot(stream, &radar, t_s, &seed);
        if (with_garbage) {
            const char *const line = garbage[(size_t)i % (sizeof garbage / sizeof garbage[0])];
            if (strncmp(line, "%.3f", 4) == 0) {
                (void)fprintf(stream, "%.3f", t_s);
            }
            (void)fprintf(stream, "%s\n", line + (line[0] == '%' ? 4 : 0));
        }
    }
    assert_int_equal(fclose(stream), 0);
}

static int make_tables(void **state)
{
    if (make_folder(state) != 0) {
        return -1;
    }
    write_plots("plots.csv", false);
    FILE *const stream = create("pose.csv");
    (void)fprintf(stream,
                  "t,sensor,lat,lon,alt,ve,vn,vu,sig_h,sig_v,heading_deg,sig_heading_deg\n");
    for (int t_s = -10; t_s <= FLIGHT_S; t_s++) {
        (void)fprintf(stream, "%d.000,A,45.000000000,25.000000000,300.000,0,0,0,2.53,4.55,0,0\n",
                      t_s);
    }
    assert_int_equal(fclose(stream), 0);
    write_text("sensors.csv",
               "sensor,scan_s,rotating,pd,fa_per_scan,rmin,rmax,elmin,elmax,vmax,notch_mps,"
               "pd_notch\nA,4.0,1,0.9,2,1500,100000,0.2,60,250,3.0,0.55\n");
    write_text("zones.csv", "zone,i,lat,lon,sigma_m\nHOME,0,44.5,25.2,25\nHOME,1,45.5,25.2,25\n"
                            "HOME,2,45.5,26,25\nHOME,3,44.5,26,25\nAWAY,0,44,20,\nAWAY,1,45,20,\n"
                            "AWAY,2,45,21,\n");
    return 0;
}

static bool same_files(const char *a, const char *b)
{
    char command[256];
    (void)snprintf(command, sizeof command, "cmp -s %s/%s %s/%s", folder, a, folder, b);
    return system(command) == 0;
}

/* A cell of a line, from 0. */
static double cell(const char *line, int column)
{
    for (; column > 0; column--) {
        line = strchr(line, ',') + 1;
    }
    return strtod(line, NULL);
}

static const char *last_line(const char *text)
{
    const char *last = text;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL && at[1] != '\0';) {
        last = ++at;
    }
    return last;
}

/* ------------------------------------------------------------------------------------ import */

static void tables_become_a_log_that_replays_identically(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_string_equal(noted, "");
    assert_non_null(strstr(said, "a.mcap: 40 plots and 171 fixes: "));
    assert_int_equal(run("replay --check a.mcap"), 0);
    assert_non_null(strstr(said, "\nidentical: "));
    assert_int_equal(run("import " TABLES " -o b.mcap"), 0);
    assert_true(same_files("a.mcap", "b.mcap"));
}

static void the_clock_of_an_imported_station_is_good_before_the_first_plot(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("replay --events a.mcap"), 0);
    const char *const clock = strstr(said, "2026-01-01 23:59:50");
    assert_non_null(clock);
    assert_null(strstr(said, "reject"));
    assert_null(strstr(said, "UTC unknown"));
}

/* What one input must be, given the one before: in order of time, then fix, plots, tick. */
static void check_input(const struct sky_input *input, int64_t *before_ns, int *before_rank)
{
    const int rank = input->kind == SKY_INPUT_GNSS        ? 1
                     : input->kind == SKY_INPUT_PLOT_ROWS ? 2
                     : input->kind == SKY_INPUT_TICK      ? 3
                                                          : 0;
    const int64_t second_ns = input->realtime_ns % SKY_SECOND_NS;
    assert_true(input->time_ns >= *before_ns);
    assert_true(rank == 0 || input->time_ns > *before_ns || rank > *before_rank);
    *before_ns = input->time_ns;
    *before_rank = rank;
    if (rank == 1) {
        assert_near(input->u.gnss.err_lon_m, 2.53 * 1.96, 1e-9);
        assert_near(input->u.gnss.err_alt_m, 4.55 * 1.96, 1e-9);
        assert_int_equal(input->u.gnss.mode, 3);
        assert_int_equal(input->u.gnss.utc_ns, input->realtime_ns);
    } else if (rank == 2) {
        assert_int_equal(second_ns, 0);
        assert_int_equal(input->realtime_ns - input->u.plot_rows.epoch_utc_ns,
                         (int64_t)(cell(input->u.plot_rows.text, 1) * 1e9));
    } else if (rank == 3) {
        assert_int_equal(second_ns, 0);
        assert_true(input->u.tick.synchronised);
    }
}

static void inputs_are_in_the_order_of_their_reception(void **state)
{
    (void)state;
    char file[128];
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_log_item item;
    struct sky_arena arena = {.bytes = malloc(SKY_CODEC_ARENA_BYTES),
                              .capacity = SKY_CODEC_ARENA_BYTES};
    int64_t before_ns = 0;
    int before_rank = 0;
    size_t plots = 0;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    (void)snprintf(file, sizeof file, "%s/a.mcap", folder);
    assert_true(skyh_log_open(&log, file, &problem));
    while (skyh_log_next(&log, &item)) {
        struct sky_input input;
        struct sky_utc_estimate utc;
        if (item.scan.found == SKY_SCAN_RECORD && sky_codec_is_input(item.scan.channel)) {
            assert_int_equal(sky_codec_unpack_input(item.scan.channel, item.scan.bytes,
                                                    item.scan.count, &arena, &input, &utc),
                             SKY_OK);
            check_input(&input, &before_ns, &before_rank);
            plots += input.kind == SKY_INPUT_PLOT_ROWS ? 1 : 0;
        }
    }
    assert_int_equal(plots, FLIGHT_S / SCAN_S);
    skyh_log_close(&log);
    free(arena.bytes);
}

static void lines_that_make_no_sense_are_recorded_and_cost_only_themselves(void **state)
{
    (void)state;
    write_plots("garbage.csv", true);
    assert_int_equal(run("import --plots garbage.csv --pose pose.csv --sensors sensors.csv "
                         "--zones zones.csv -o g.mcap"),
                     0);
    assert_non_null(strstr(said, "g.mcap: 80 plots"));
    assert_string_equal(noted, "skywitness import: garbage.csv:3: t_recv cannot be used, here and "
                               "in 39 more lines; expected numbers that never go back: took the "
                               "time of the line before\n");
    assert_int_equal(run("replay --check g.mcap"), 0);
    assert_int_equal(run("replay --events g.mcap"), 0);
    assert_non_null(strstr(said, "reject"));
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv -o a.csv a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv -o g.csv g.mcap"), 0);
    assert_true(same_files("a.csv", "g.csv"));
}

static void refuses(int exit_code, const char *tables, const char *reason)
{
    assert_int_equal(run("import %s -o x.mcap", tables), exit_code);
    assert_string_equal(noted, reason);
    assert_string_equal(said, "");
}

#define BUT_ZONES "--plots plots.csv --pose pose.csv --sensors sensors.csv --zones "

static void what_cannot_be_imported_is_said_in_one_line(void **state)
{
    (void)state;
    refuses(64, "--plots plots.csv",
            "skywitness import: --pose: missing; see skywitness import --help\n");
    refuses(64, TABLES " --motion birds",
            "skywitness import: --motion: birds; expected aircraft, mixed or drones\n");
    refuses(64, TABLES " --epoch today",
            "skywitness import: --epoch: today; expected an instant such as "
            "2026-01-02T00:00:00Z\n");
    refuses(64, TABLES " --epoch 2025-03-31T23:00:00Z",
            "skywitness import: --epoch: the first row would be at t = -10.000 before 2026-01-01 "
            "or after 2105-01-01, dates that a station refuses\n");
    refuses(66, "--plots none.csv --pose pose.csv --sensors sensors.csv --zones zones.csv",
            "skywitness import: none.csv: No such file or directory\n");
    refuses(65, "--plots pose.csv --pose pose.csv --sensors sensors.csv --zones zones.csv",
            "skywitness import: pose.csv:1: another header; expected " HEADER "\n");
    write_text("bad.csv", "zone,i,lat,lon,sigma_m\nH,0,44,25,9\nH,2,45,25,9\n");
    refuses(65, BUT_ZONES "bad.csv",
            "skywitness import: bad.csv:3: i: 2; expected 1: vertices of zone H in their order\n");
    write_text("bad.csv", "zone,i,lat,lon,sigma_m\nH,0,44,25,9\nH,1,45,25,8\n");
    refuses(65, BUT_ZONES "bad.csv",
            "skywitness import: bad.csv:3: sigma_m: another than in the rows above of zone H; "
            "expected one for the whole line\n");
    write_text("bad.csv", "zone,i,lat,lon,sigma_m\nH,0,44,25,9\nH,1,95,25,9\n");
    refuses(65, BUT_ZONES "bad.csv",
            "skywitness import: bad.csv:3: lat: \"95\"; expected a number from -89 to 89\n");
    write_text("bad.csv", "zone,i,lat,lon,sigma_m\nH,0,44,25,9\nH,1,45,26,9\nH,2,44,26,9\n"
                          "H,3,45,25,9\n");
    assert_int_equal(run("import " BUT_ZONES "bad.csv -o x.mcap"), 65);
    assert_non_null(strstr(noted, "crosses"));
    assert_int_equal(run("import " TABLES " -o none/x.mcap"), 73);
}

/* ------------------------------------------------------------------------------------ export */

static void exported_tracks_are_where_the_aircraft_was(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv a.mcap"), 0);
    assert_string_equal(noted, "");
    static const char header[] =
        "t,track_id,lat,lon,alt,ve,vn,vu,c00,c01,c02,c03,c04,c05,c11,c12,c13,c14,c15,c22,c23,c24,"
        "c25,c33,c34,c35,c44,c45,c55,t_out,p_exist,p_HOME,p_AWAY\n";
    assert_true(strncmp(said, header, strlen(header)) == 0);
    const char *const first = said + strlen(header), *const last = last_line(said);
    assert_true(cell(first, 0) < 60.0);
    assert_true(cell(first, 31) < 0.05);
    assert_near(cell(last, 0), 158.0, 3.0);
    assert_near(cell(last, 29), cell(last, 0), 0.0);
    assert_true(cell(last, 30) > 0.99);
    assert_true(cell(last, 31) > 0.99);
    assert_near(cell(last, 32), 0.0, 0.0);
    const struct sky_lla place = true_place(cell(last, 0));
    const double north_m = (cell(last, 2) * deg - place.lat_rad) * 6.37e6;
    const double east_m = (cell(last, 3) * deg - place.lon_rad) * 6.37e6 * cos(place.lat_rad);
    assert_near(north_m, 0.0, 4.0 * sqrt(cell(last, 14)));
    assert_near(east_m, 0.0, 4.0 * sqrt(cell(last, 8)));
    assert_true(sqrt(cell(last, 8)) < 100.0 && sqrt(cell(last, 14)) < 100.0);
    assert_near(cell(last, 5), speed_mps, 15.0);
    assert_near(cell(last, 6), 0.0, 15.0);
}

static void seconds_are_told_when_their_plots_are_in(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        double least_s;
        double most_s;
    } cases[] = {{"", 2.5, 3.0}, {"--delay 0", 0.0, 0.0}, {"--delay 0.25", 0.25, 1.0}};
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(run("export --format tracks-csv %s a.mcap", cases[i].option), 0);
        const char *line = strchr(said, '\n') + 1;
        for (int row = 0; row < 50; row++, line = strchr(line, '\n') + 1) {
            const double delay_s = cell(line, 29) - cell(line, 0);
            assert_true(delay_s >= cases[i].least_s - 1e-6 && delay_s <= cases[i].most_s + 1e-6);
        }
        assert_near(cell(last_line(said), 29), cell(last_line(said), 0), 0.0); /* the end */
    }
    assert_int_equal(run("export --format tracks-csv --delay 6 a.mcap"), 64);
}

/* Every row a later second than the row before, none left out; how many. The tracks are one. */
static int check_seconds(void)
{
    int rows = 0;
    double before_s = 0.0;
    for (const char *line = strchr(said, '\n') + 1; *line != '\0'; rows++) {
        const double t_s = cell(line, 0);
        assert_true(rows == 0 || t_s == before_s + 1.0);
        before_s = t_s;
        line = strchr(line, '\n') + 1;
    }
    return rows;
}

static void every_second_is_told_even_when_many_are_due_at_once(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv a.mcap"), 0);
    const int rows = check_seconds();
    assert_true(rows > 100);
    assert_int_equal(run("export --format tracks-csv --delay 5 a.mcap"), 0);
    assert_in_range(check_seconds(), rows - 5, rows + 5);
}

enum { STEP_AT_S = 80 };
static int step_s; /* by how much it steps back */

/* The same input of a station that has no UTC but its kernel's, until GNSS says another. */
static void step_utc(struct sky_input *input, int64_t since_ns)
{
    if (input->kind == SKY_INPUT_GNSS) {
        input->u.gnss.has_time = since_ns >= STEP_AT_S * SKY_SECOND_NS;
        input->u.gnss.utc_ns -= step_s * SKY_SECOND_NS;
    } else if (input->kind == SKY_INPUT_TICK) {
        input->u.tick.synchronised = false;
    }
}

static struct skyh_recorder *record_as(const struct sky_input *configured,
                                       struct sky_config *config, struct skyh_zonefile *zones)
{
    const size_t count = configured->u.config.zone_byte_count;
    uint8_t *const bytes = malloc(count + 1);
    char file[128];
    struct skyh_problem problem;
    struct skyh_recorder *recorder = NULL;
    assert_non_null(bytes);
    memcpy(bytes, configured->u.config.zone_bytes, count);
    assert_true(skyh_zonefile_take(zones, "zones", bytes, count, &problem));
    *config = *configured->u.config.config;
    const struct skyh_recording recording = {
        .config = config,
        .zones = zones,
        .how = "stepped",
        .boot = 1,
        .start_utc_ns = configured->realtime_ns,
    };
    (void)snprintf(file, sizeof file, "%s/stepped.mcap", folder);
    assert_true(skyh_recorder_open(&recording, file, &recorder, &problem));
    return recorder;
}

/* stepped.mcap: the inputs of a.mcap, but UTC goes back half-way. */
static void record_stepped(int seconds)
{
    step_s = seconds;
    static struct sky_config config;
    static struct skyh_zonefile zones;
    struct skyh_recorder *recorder = NULL;
    struct skyh_recorded recorded;
    struct skyh_problem problem;
    struct skyh_log log = {0};
    struct skyh_log_item item;
    struct sky_arena arena = {.bytes = malloc(SKY_CODEC_ARENA_BYTES),
                              .capacity = SKY_CODEC_ARENA_BYTES};
    char file[128];
    int64_t start_ns = 0;
    (void)snprintf(file, sizeof file, "%s/a.mcap", folder);
    assert_true(skyh_log_open(&log, file, &problem));
    while (skyh_log_next(&log, &item)) {
        static struct sky_input input;
        struct sky_utc_estimate utc;
        if (item.scan.found != SKY_SCAN_RECORD || !sky_codec_is_input(item.scan.channel)) {
            continue;
        }
        assert_int_equal(sky_codec_unpack_input(item.scan.channel, item.scan.bytes, item.scan.count,
                                                &arena, &input, &utc),
                         SKY_OK);
        if (input.kind == SKY_INPUT_CONFIG) {
            start_ns = input.time_ns;
            recorder = record_as(&input, &config, &zones);
        } else {
            char source[SKY_DETAIL_MAX];
            (void)snprintf(source, sizeof source, "%s", input.source);
            step_utc(&input, input.time_ns - start_ns);
            assert_int_equal(skyh_recorder_take(recorder, &input, input.time_ns - start_ns, source),
                             0);
        }
    }
    assert_true(skyh_recorder_close(recorder, 0, &recorded, &problem));
    skyh_zonefile_close(&zones);
    skyh_log_close(&log);
    free(arena.bytes);
}

static void no_second_is_told_twice_when_utc_steps_back(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv a.mcap"), 0);
    const double last_s = cell(last_line(said), 0);
    record_stepped(3);
    assert_int_equal(run("export --format tracks-csv stepped.mcap"), 0);
    assert_true(check_seconds() > 50);
    assert_near(cell(last_line(said), 0), last_s - 3.0, 1.0);
}

static void after_a_clock_that_was_far_ahead_seconds_are_told_as_they_were(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv a.mcap"), 0);
    const double last_s = cell(last_line(said), 0);
    record_stepped(7200);
    assert_int_equal(run("export --format tracks-csv stepped.mcap"), 0);
    assert_near(cell(last_line(said), 0), last_s - 7200.0, 1.0);
}

static void an_entry_is_exported_once_with_its_time(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format events-csv a.mcap"), 0);
    static const char header[] = "t_decl,zone,kind,track_id,t_event,p\n";
    assert_true(strncmp(said, header, strlen(header)) == 0);
    const char *const line = said + strlen(header);
    assert_ptr_equal(line, last_line(said));
    assert_non_null(strstr(line, ",HOME,enter,"));
    assert_near(cell(line, 4), true_entry_s(), 4.0);
    assert_true(cell(line, 0) >= cell(line, 4));
    assert_near(cell(line, 0), true_entry_s(), 10.0);
    assert_true(cell(line, 5) >= 0.95);
}

static void several_tables_come_from_one_pass(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv -o t.csv --format events-csv -o e.csv "
                         "--format sensors-csv -o s.csv a.mcap"),
                     0);
    assert_int_equal(run("export --format tracks-csv a.mcap"), 0);
    assert_true(same_files("out.txt", "t.csv"));
    assert_int_equal(run("export --format events-csv a.mcap"), 0);
    assert_true(same_files("out.txt", "e.csv"));
    assert_int_equal(run("export --format sensors-csv a.mcap"), 0);
    assert_true(same_files("out.txt", "s.csv"));
    assert_true(strncmp(said, "t,sensor,registration,pairs,bias_r,", 35) == 0);
    assert_non_null(strstr(said, ",A,alone,0,"));
    assert_int_equal(run("export --format tracks-csv --format events-csv -o e.csv a.mcap"), 64);
    assert_int_equal(run("export --format tracks-csv -o a --format tracks-csv -o b a.mcap"), 64);
}

static void seconds_count_from_the_epoch_of_the_tables(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv -o t.csv a.mcap"), 0);
    assert_int_equal(run("import " TABLES " --epoch 2027-05-06T07:08:09Z -o b.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv -o u.csv b.mcap"), 0);
    assert_true(same_files("t.csv", "u.csv"));
    assert_int_equal(run("export --format tracks-csv a.mcap --epoch 2026-01-01T23:59:00Z"), 0);
    assert_near(cell(last_line(said), 0), 218.0, 3.0);
}

static void unlikely_tracks_are_left_out_on_demand(void **state)
{
    (void)state;
    assert_int_equal(run("import " TABLES " -o a.mcap"), 0);
    assert_int_equal(run("export --format tracks-csv --existence 1 a.mcap"), 0);
    const size_t sure = strlen(said);
    assert_int_equal(run("export --format tracks-csv --existence 0 a.mcap"), 0);
    assert_true(strlen(said) >= sure);
    assert_int_equal(run("export --format tracks-csv --existence 2 a.mcap"), 64);
}

static void a_zone_with_several_lines_has_a_column_for_each(void **state)
{
    (void)state;
    assert_int_equal(run("simulate %s/short.json --log s.mcap", EXAMPLE), 0);
    assert_int_equal(run("export --format tracks-csv s.mcap"), 0);
    const char *const end = strchr(said, '\n');
    const char *const first = strstr(said, ",p_Algerian airspace near Tin Zaouatine,");
    const char *const second =
        strstr(said, ",p_Algerian airspace near Tin Zaouatine:World Data Bank II");
    assert_true(first != NULL && first < end);
    assert_true(second != NULL && second < end);
}

static void what_cannot_be_exported_has_its_exit_code(void **state)
{
    (void)state;
    assert_int_equal(run("export --format tracks-csv none.mcap"), 66);
    assert_int_equal(run("export --format tracks-csv plots.csv"), 65);
    assert_int_equal(run("export --format shapefile a.mcap"), 64);
    assert_int_equal(run("export a.mcap"), 64);
    assert_int_equal(run("export --format tracks-csv -o none/t.csv a.mcap"), 73);
    assert_int_equal(run("export --format events-csv --epoch now a.mcap"), 64);
    char command[256];
    (void)snprintf(command, sizeof command, "head -c -5000 %s/a.mcap >%s/cut.mcap", folder, folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("export --format tracks-csv cut.mcap"), 2);
    assert_true(strncmp(said, "t,track_id,", 11) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_become_a_log_that_replays_identically),
        cmocka_unit_test(the_clock_of_an_imported_station_is_good_before_the_first_plot),
        cmocka_unit_test(inputs_are_in_the_order_of_their_reception),
        cmocka_unit_test(lines_that_make_no_sense_are_recorded_and_cost_only_themselves),
        cmocka_unit_test(what_cannot_be_imported_is_said_in_one_line),
        cmocka_unit_test(exported_tracks_are_where_the_aircraft_was),
        cmocka_unit_test(seconds_are_told_when_their_plots_are_in),
        cmocka_unit_test(every_second_is_told_even_when_many_are_due_at_once),
        cmocka_unit_test(no_second_is_told_twice_when_utc_steps_back),
        cmocka_unit_test(after_a_clock_that_was_far_ahead_seconds_are_told_as_they_were),
        cmocka_unit_test(an_entry_is_exported_once_with_its_time),
        cmocka_unit_test(several_tables_come_from_one_pass),
        cmocka_unit_test(seconds_count_from_the_epoch_of_the_tables),
        cmocka_unit_test(unlikely_tracks_are_left_out_on_demand),
        cmocka_unit_test(a_zone_with_several_lines_has_a_column_for_each),
        cmocka_unit_test(what_cannot_be_exported_has_its_exit_code),
    };
    return cmocka_run_group_tests(tests, make_tables, remove_folder);
}
