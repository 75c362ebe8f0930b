/*
 * What somebody does to a log who has the card, and what skywitness verify says of it: a station's
 * log as files, changed by hand, by its owner with all of its keys, or replaced.
 */
#include <sys/stat.h>

#include "sky_paper_forge.h"
#include "sky_tool.h"

enum { SECONDS = 24, RECORD_BYTES = 60000, SEGMENTS = 3 };

static struct sky_note_signer signer;
static struct paper_log station; /* three segments, in good order */
static struct paper_log copy;    /* of it, to be changed */

static void write_bytes(const char *name, const void *bytes, size_t count)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
    char words[512], command[640];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(words, sizeof words, format, list);
    va_end(list);
    (void)snprintf(command, sizeof command, "cd %s && %s", folder, words);
    assert_int_equal(system(command), 0);
}

/* The segments as a station keeps them, in the folder `log`. */
static void write_log(const struct paper_log *log)
{
    shell("rm -rf log && mkdir log");
    for (size_t i = 0; i < log->segment_count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "log/seg-%016zx.mcap", (size_t)log->segment[i].number);
        write_bytes(name, log->segment[i].bytes, log->segment[i].size);
    }
}

/* Another log of the same station: `seconds` of records of so many bytes. */
static void record_log(struct paper_log *log, const struct sky_note_signer *by, uint64_t seconds,
                       size_t bytes)
{
    struct sky_journal *journal;
    const struct sky_seal_config seal = paper_seal(by);
    paper_signed_open(log, &seal, 1, &journal);
    for (uint64_t seq = 1; seq <= seconds; seq++) {
        assert_int_equal(paper_datagram(journal, seq, bytes), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
    assert_int_equal(sky_journal_close(journal), 0);
}

/* A copy of the station's log to be changed. */
static struct paper_log *copied(void)
{
    paper_log_free(&copy);
    copy = station;
    for (size_t i = 0; i < copy.segment_count; i++) {
        copy.segment[i].bytes = malloc(copy.segment[i].size);
        assert_non_null(copy.segment[i].bytes);
        memcpy(copy.segment[i].bytes, station.segment[i].bytes, copy.segment[i].size);
    }
    return &copy;
}

static uint8_t *group_at(struct paper_log *log, size_t group)
{
    struct paper_segment *segment = log->segment;
    while (segment->number != log->group[group].segment) {
        segment++;
    }
    return segment->bytes + log->group[group].offset;
}

static void assert_verify(int exit_code, const char *options, const char *words)
{
    const int code = run("verify --no-replay --key station.pub %s log", options);
    if (code != exit_code || strstr(said, words) == NULL) {
        fail_msg("expected %d and \"%s\", not %d:\n%s%s", exit_code, words, code, said, noted);
    }
}

/* What a witness keeps: the note of the last checkpoint in a group. */
static void keep_checkpoint(size_t group, const char *name)
{
    const struct sky_journal_work *const work = &station.group[group];
    assert_true(work->note_bytes > 0);
    write_bytes(name, group_at(&station, group) + work->note_at, work->note_bytes);
}

static int make_station(void **state)
{
    char text[SKY_NOTE_KEY_TEXT_MAX];
    if (make_folder(state) != 0) {
        return -1;
    }
    signer = paper_signer("station.example/1", 1);
    sky_note_key_text(&signer.key, text);
    write_bytes("station.pub", text, strlen(text));
    record_log(&station, &signer, SECONDS, RECORD_BYTES);
    assert_int_equal(station.segment_count, SEGMENTS);
    keep_checkpoint(station.group_count - 1, "witness.note");
    return 0;
}

static int remove_station(void **state)
{
    paper_log_free(&station);
    paper_log_free(&copy);
    return remove_folder(state);
}

static void an_untouched_log_is_proven(void **state)
{
    (void)state;
    write_log(&station);
    assert_verify(0, "", "log: proven");
    assert_verify(0, "--checkpoint witness.note", "log: proven");
}

/* What tests/arch/second_reader says, which was written from FORMAT.md and not from our code. */
static void assert_second_reader(int exit_code, const char *words)
{
    char command[512], text[1024];
    (void)snprintf(command, sizeof command,
                   "cd %s && python3 %s station.pub log/seg-*.mcap >second.txt 2>&1", folder,
                   SKY_SOURCE_DIR "/tests/arch/second_reader/second_reader.py");
    const int status = system(command);
    (void)snprintf(command, sizeof command, "%s/second.txt", folder);
    read_text(command, text, sizeof text);
    if (WEXITSTATUS(status) != exit_code || strstr(text, words) == NULL) {
        fail_msg("expected %d and \"%s\", not %d: %s", exit_code, words, WEXITSTATUS(status), text);
    }
}

/* The records of two groups in each other's place, with every checksum as it must be. */
static void swap_groups(struct paper_log *log)
{
    static uint8_t other[1 << 17];
    const size_t count = log->group[2].count;
    assert_true(count == log->group[3].count && count <= sizeof other);
    memcpy(other, group_at(log, 2), count);
    memcpy(group_at(log, 2), group_at(log, 3), count);
    memcpy(group_at(log, 3), other, count);
    paper_fit_checksums(log, 0);
}

static void a_second_reader_says_the_same(void **state)
{
    (void)state;
    char wanted[64];
    if (system("command -v python3 >/dev/null") != 0) {
        print_message("skipped: no python3\n");
        skip();
    }
    write_log(&station);
    assert_int_equal(run("verify --no-replay --key station.pub log"), 0);
    const char *const count = strstr(said, " records, "); /* "... \n124 records, ..." */
    const char *line = count;
    while (line > said && line[-1] != '\n') {
        line--;
    }
    (void)snprintf(wanted, sizeof wanted, "%.*s records, ", (int)(count - line), line);
    assert_second_reader(0, wanted);
    static const struct {
        size_t segment, back; /* from its end; 0: the middle of a group */
        const char *words;
    } flip[] = {{0, 0, "the body's checksum"}, {1, 20, "the summary's checksum"}};
    for (size_t i = 0; i < sizeof flip / sizeof *flip; i++) {
        struct paper_segment *const segment = &copied()->segment[flip[i].segment];
        segment->bytes[flip[i].back > 0 ? segment->size - flip[i].back
                                        : copy.group[1].offset + 5000] ^= 4;
        write_log(&copy);
        assert_second_reader(1, flip[i].words);
    }
    swap_groups(copied());
    write_log(&copy);
    assert_second_reader(1, "groups are missing");
}

static void records_in_another_order_are_altered(void **state)
{
    (void)state;
    swap_groups(copied());
    write_log(&copy);
    assert_verify(1, "", "log: altered");
}

static void a_record_twice_is_altered(void **state)
{
    (void)state;
    struct paper_log *const log = copied();
    memcpy(group_at(log, 3), group_at(log, 2), log->group[2].count);
    paper_fit_checksums(log, 0);
    write_log(log);
    assert_verify(1, "", "log: altered");
}

static void segments_that_changed_names_are_altered(void **state)
{
    (void)state;
    write_log(&station);
    shell("mv log/seg-0000000000000001.mcap x && "
          "mv log/seg-0000000000000002.mcap log/seg-0000000000000001.mcap && "
          "mv x log/seg-0000000000000002.mcap");
    assert_verify(1, "", "segment 1 comes after segment 2");
    write_log(&station);
    shell("cp log/seg-0000000000000002.mcap log/seg-0000000000000003.mcap"); /* over another */
    assert_verify(1, "", "segment 2 comes after segment 2");
    write_log(&station);
    shell("rm log/seg-0000000000000002.mcap");
    assert_verify(1, "", "are missing");
}

/* The card is put back to how it was: whole runs are gone, and nothing in it says so. */
static void a_card_that_was_put_back_is_altered_for_whoever_holds_a_checkpoint(void **state)
{
    (void)state;
    static struct paper_log before;
    record_log(&before, &signer, SECONDS / 2, RECORD_BYTES);
    write_log(&before);
    assert_verify(0, "", "log: proven");
    assert_verify(1, "--checkpoint witness.note", "it was cut or put back");
    paper_log_free(&before);
}

static void a_schema_with_another_field_name_is_altered(void **state)
{
    (void)state;
    static const char word[] = "range_m";
    struct paper_log *const log = copied();
    uint8_t *const bytes = log->segment[1].bytes;
    size_t at = 0, check_at = 8;
    while (memcmp(bytes + at, word, sizeof word - 1) != 0) {
        at++;
    }
    memcpy(bytes + at, "slant_m", sizeof word - 1);
    while (bytes[check_at] != SKY_MCAP_PREAMBLE_CHECK) {
        check_at += 9 + paper_take_u64(bytes + check_at + 1);
    }
    paper_put_u32(bytes + check_at + 9, sky_mcap_crc(bytes, check_at));
    write_log(log);
    assert_verify(1, "", "what each field means, is not what was recorded");
}

static void a_log_signed_with_another_key_is_altered(void **state)
{
    (void)state;
    static struct paper_log other;
    const struct sky_note_signer forger = paper_signer("station.example/1", 2);
    record_log(&other, &forger, SECONDS, RECORD_BYTES);
    write_log(&other);
    assert_verify(1, "", "not the one expected");
    assert_int_equal(run("verify --no-replay log"), 3); /* nobody vouches for its own key */
    paper_log_free(&other);
}

static void a_log_cut_at_a_segments_end_goes_on_elsewhere(void **state)
{
    (void)state;
    write_log(&station);
    shell("rm log/seg-0000000000000003.mcap");
    assert_verify(2, "", "the run goes on behind the last segment");
    assert_verify(1, "--checkpoint witness.note", "it was cut or put back");
}

static void another_log_of_the_same_station_is_altered_for_whoever_holds_a_checkpoint(void **state)
{
    (void)state;
    static struct paper_log other;
    record_log(&other, &signer, SECONDS, RECORD_BYTES - 1);
    write_log(&other);
    assert_verify(0, "", "log: proven");
    assert_verify(1, "--checkpoint witness.note", "another log");
    /* Beside the log that has the checkpoint, too. */
    shell("mkdir -p both && rm -rf both/other && mv log both/other");
    write_log(&station);
    assert_int_equal(
        run("verify --no-replay --key station.pub --checkpoint witness.note log both/other"), 1);
    assert_non_null(strstr(said, "log: proven"));
    assert_non_null(strstr(said, "both/other: altered"));
    paper_log_free(&other);
}

static void turn_the_clock_back(struct forge *forge, enum forge_part part, size_t group,
                                void *thing)
{
    struct sky_mcap_group *const header = thing;
    if (part == FORGE_HEADER && group >= forge->at) {
        header->boottime_ns -= 600 * SKY_SECOND_NS;
        header->realtime_ns -= 600 * SKY_SECOND_NS;
    }
}

/* By the owner, who has every key: what came later is to look as if it had been before. */
static void a_clock_that_was_turned_back_is_altered(void **state)
{
    (void)state;
    static struct forge forge;
    memset(&forge, 0, sizeof forge);
    forge.log = copied();
    forge.signer = signer;
    forge.seal = paper_seal(&signer);
    forge.change = turn_the_clock_back;
    forge.at = 5;
    forge_log(&forge);
    write_log(&copy);
    assert_verify(1, "", "the station's time or count goes back");
}

/* ---- logs that were made on the desk ---- */

static const char short_scenario[] = SKY_SOURCE_DIR "/host/examples/tinzaouatine/short.json";

static void a_log_made_on_the_desk_is_proven_if_it_was_signed(void **state)
{
    (void)state;
    assert_int_equal(run("witness keygen desk.example/1 desk.key"), 0);
    assert_int_equal(run("witness keygen --witness w.example/1 w.key"), 0);
    assert_int_equal(run("simulate %s --log desk.mcap --key desk.key", short_scenario), 0);
    if (run("verify --key desk.key.pub desk.mcap") != 0) {
        fail_msg("%s%s", said, noted);
    }
    assert_non_null(strstr(said, "of desk.example/1"));
    assert_non_null(strstr(said, "replay: "));
    /* Unsigned it has nobody who vouches for it; and a witness's key signs no log. */
    assert_int_equal(run("simulate %s --log plain.mcap", short_scenario), 0);
    assert_int_equal(run("verify plain.mcap"), 3);
    assert_int_equal(run("verify --key desk.key.pub plain.mcap"), 1);
    assert_int_equal(run("simulate %s --log no.mcap --key w.key", short_scenario), 65);
    assert_non_null(strstr(noted, "not a station's key"));
    assert_int_equal(run("simulate %s --log no.mcap --key desk.key.pub", short_scenario), 66);
    assert_int_equal(run("simulate %s --truth no.csv --key desk.key", short_scenario), 64);
    shell("! ls no.mcap no.csv 2>/dev/null");
}

static void an_imported_log_is_proven_if_it_was_signed(void **state)
{
    (void)state;
    static const char plots[] = "t,t_recv,sensor,range_m,az_deg,el_deg,rdot_mps,sig_r,sig_az_deg,"
                                "sig_el_deg,sig_rdot\n1,1.1,a,5000,10,2,1,15,0.2,0.2,1\n"
                                "3,3.1,a,5010,10,2,1,15,0.2,0.2,1\n";
    static const char pose[] =
        "t,sensor,lat,lon,alt,ve,vn,vu,sig_h,sig_v,sig_heading_deg\n"
        "0,a,20,3,500,0,0,0,3,5,0.5\n1,a,20,3,500,0,0,0,3,5,0.5\n2,a,20,3,500,0,0,0,3,5,0.5\n";
    static const char sensors[] = "sensor,scan_s,rotating,pd,fa_per_scan,rmin,rmax,elmin,elmax,"
                                  "vmax,notch_mps,pd_notch\na,2,1,0.9,1,100,30000,-5,40,300,2,1\n";
    static const char zones[] = "zone,i,lat,lon,sigma_m\nz,0,20,3,\nz,1,21,3,\nz,2,21,4,\n";
    write_bytes("plots.csv", plots, sizeof plots - 1);
    write_bytes("pose.csv", pose, sizeof pose - 1);
    write_bytes("sensors.csv", sensors, sizeof sensors - 1);
    write_bytes("zones.csv", zones, sizeof zones - 1);
    if (run("import --plots plots.csv --pose pose.csv --sensors sensors.csv --zones zones.csv "
            "--key desk.key -o import.mcap") != 0 ||
        run("verify --key desk.key.pub import.mcap") != 0) {
        fail_msg("%s%s", said, noted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_log_is_proven),
        cmocka_unit_test(a_second_reader_says_the_same),
        cmocka_unit_test(records_in_another_order_are_altered),
        cmocka_unit_test(a_record_twice_is_altered),
        cmocka_unit_test(segments_that_changed_names_are_altered),
        cmocka_unit_test(a_card_that_was_put_back_is_altered_for_whoever_holds_a_checkpoint),
        cmocka_unit_test(a_schema_with_another_field_name_is_altered),
        cmocka_unit_test(a_log_signed_with_another_key_is_altered),
        cmocka_unit_test(a_log_cut_at_a_segments_end_goes_on_elsewhere),
        cmocka_unit_test(another_log_of_the_same_station_is_altered_for_whoever_holds_a_checkpoint),
        cmocka_unit_test(a_clock_that_was_turned_back_is_altered),
        cmocka_unit_test(a_log_made_on_the_desk_is_proven_if_it_was_signed),
        cmocka_unit_test(an_imported_log_is_proven_if_it_was_signed),
    };
    return cmocka_run_group_tests(tests, make_station, remove_station);
}
