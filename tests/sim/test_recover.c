/*
 * skywitness recover, as people run it: a log whose power went, and a copy that any reader takes.
 */
#include "sky_paper_audit.h"
#include "sky_tool.h"

enum { SECONDS = 24, RECORD_BYTES = 60000 };

static struct paper_log station;
static struct sky_note_signer signer;

static void write_bytes(const char *name, const void *bytes, size_t count)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static int shell(const char *words)
{
    char command[640];
    (void)snprintf(command, sizeof command, "cd %s && %s", folder, words);
    return system(command);
}

/* A log of several segments, the last of which ends in the middle of a group. */
static int make_torn_log(void **state)
{
    struct sky_journal *journal;
    char text[SKY_NOTE_KEY_TEXT_MAX];
    if (make_folder(state) != 0 || shell("mkdir log") != 0) {
        return -1;
    }
    signer = paper_signer("station.example/1", 1);
    sky_note_key_text(&signer.key, text);
    write_bytes("station.pub", text, strlen(text));
    const struct sky_seal_config seal = paper_seal(&signer);
    paper_signed_open(&station, &seal, 1, &journal);
    for (uint64_t seq = 1; seq <= SECONDS; seq++) {
        assert_int_equal(paper_datagram(journal, seq, RECORD_BYTES), 0);
        assert_int_equal(sky_journal_commit(journal, false), 0);
    }
    assert_true(station.segment_count > 1);
    const size_t torn_at = (size_t)station.group[station.group_count - 1].offset + 20000;
    for (size_t i = 0; i < station.segment_count; i++) {
        char name[64];
        const bool last = i + 1 == station.segment_count;
        (void)snprintf(name, sizeof name, "log/seg-%016zx.mcap", (size_t)station.segment[i].number);
        write_bytes(name, station.segment[i].bytes, last ? torn_at : station.segment[i].size);
    }
    (void)sky_journal_close(journal);
    return shell("cksum log/* >before.txt");
}

static int remove_log(void **state)
{
    paper_log_free(&station);
    return remove_folder(state);
}

static void a_copy_of_a_torn_log_is_closed_and_proves_as_much(void **state)
{
    (void)state;
    assert_int_equal(run("verify --no-replay --key station.pub log"), 2);
    char *const proven = strstr(said, "proven by the log's key: records");
    assert_non_null(proven);
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(proven, "\n"), proven);

    assert_int_equal(run("recover log -o copy"), 2);
    assert_non_null(strstr(said, ": lost: 20000 bytes: what was written last is not complete; "
                                 "records "));
    assert_non_null(strstr(said, ": was closed\n"));
    assert_int_equal(shell("cksum log/* | cmp - before.txt"), 0);

    assert_int_equal(run("verify --no-replay --key station.pub copy"), 2);
    assert_non_null(strstr(said, wanted));
    assert_null(strstr(said, "altered"));
    assert_non_null(strstr(said, "this is a copy, closed by a tool; 20000 bytes"));
    /* Once is enough. */
    assert_int_equal(run("recover copy -o again"), 0);
    assert_int_equal(shell("cmp copy/seg-*1.mcap again/seg-*1.mcap"), 0);
    assert_int_equal(run("recover --json log -o third"), 2);
    assert_non_null(strstr(said, "\"lost_bytes\": 20000"));
}

static void nothing_that_is_there_is_written_over(void **state)
{
    (void)state;
    assert_int_equal(shell("mkdir full && touch full/file out.mcap"), 0);
    assert_int_equal(run("recover log -o full"), 73);
    assert_int_equal(run("recover log -o log"), 73);
    assert_int_equal(run("recover log -o log/copy"), 73);
    assert_non_null(strstr(noted, "lies within log"));
    assert_int_equal(run("recover log/seg-0000000000000001.mcap -o out.mcap"), 73);
    assert_int_equal(run("recover log/seg-0000000000000001.mcap -o one.mcap"), 0);
    assert_int_equal(run("recover log"), 64);
    assert_int_equal(run("recover station.pub -o x"), 65);
    assert_int_equal(run("recover nothing -o x"), 66);
    assert_int_equal(shell("cksum log/* | cmp - before.txt"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_of_a_torn_log_is_closed_and_proves_as_much),
        cmocka_unit_test(nothing_that_is_there_is_written_over),
    };
    return cmocka_run_group_tests(tests, make_torn_log, remove_log);
}
