/*
 * An analyst's decision beside a log: signed, bound to the log and the incident, and not believed
 * once anything of it is changed.
 */
#include "sky_tool.h"
#include "skyh_out.h"

#define EXAMPLE SKY_SOURCE_DIR "/host/examples/tinzaouatine"

static int make_records(void **state)
{
    return make_folder(state) != 0 || run("simulate " EXAMPLE "/short.json --log a.mcap") != 0 ||
                   run("simulate " EXAMPLE "/short.json --seed 2 --log b.mcap") != 0 ||
                   run("witness keygen analyst.example/1 a.key") != 0 ||
                   run("witness keygen other.example/1 b.key") != 0
               ? -1
               : 0;
}

static void shell(const char *words)
{
    char command[512];
    (void)snprintf(command, sizeof command, "cd %s && %s", folder, words);
    assert_int_equal(system(command), 0);
}

static int forget_reviews(void **state)
{
    (void)state;
    shell("rm -f *.review-*");
    return 0;
}

static void a_decision_shows_with_its_incident_and_the_log_stays_as_it_was(void **state)
{
    (void)state;
    shell("sha256sum a.mcap >before.sum");
    assert_int_equal(run("review a.mcap 1.1 confirm --key a.key --text 'seen on video'"), 0);
    assert_non_null(strstr(said, "a.mcap.review-1: incident 1.1, confirm by analyst.example/1"));
    assert_int_equal(run("review a.mcap 1.1 dismiss --key b.key"), 0);
    shell("sha256sum --quiet -c before.sum");
    assert_int_equal(run("classify --reviewer a.key.pub a.mcap"), 0);
    assert_non_null(strstr(said, "review    confirm by analyst.example/1, 20"));
    assert_non_null(strstr(said, ": seen on video\n"));
    assert_non_null(strstr(said, "dismiss by other.example/1 (a key that nobody vouched for), 20"));
    assert_int_equal(run("classify --json a.mcap"), 0);
    assert_non_null(strstr(said, "\"decision\": \"confirm\""));
    assert_non_null(strstr(said, "\"key_known\": false"));
    assert_int_equal(run("report a.mcap -o a.html"), 0);
    shell("grep -q '<p>Review: confirm by analyst.example/1 .*: seen on video</p>' a.html");
    shell("sed -i 's/^text seen/text unseen/' a.mcap.review-1");
    assert_int_equal(run("report a.mcap -o a.html"), 0);
    shell("grep -q '<p>Not shown: a.mcap.review-1, altered: ' a.html");
    shell("! grep -q 'seen on video' a.html");
}

/* Not a byte of it may change. */
static void whatever_is_changed_is_said_and_not_shown(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "s/^decision confirm/decision dismiss/",
        "s/^text seen/text never seen/",
        "s/^incident 1.1/incident 1.2/",
        "s/^time 2/time 1/",
        "s/^zone /zone x/",
        "s/^opened 2/opened 1/",
        "s/^skywitness review v1/skywitness review v2/",
        "s/^log /log 1/",
        "/^text/a more",
        "/^decision/d",
        "s/^key .*/key none/",
    };
    assert_int_equal(run("review a.mcap 1.1 confirm --key a.key --text seen"), 0);
    shell("cp a.mcap.review-1 whole");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char command[128];
        (void)snprintf(command, sizeof command, "sed '%s' whole >a.mcap.review-1", changes[i]);
        shell(command);
        assert_int_equal(run("classify a.mcap"), 0);
        if (strstr(noted, "a.mcap.review-1: not shown: ") == NULL ||
            strstr(said, "  review ") != NULL) {
            fail_msg("%s: %s", changes[i], noted);
        }
    }
}

static void a_review_of_another_log_is_foreign(void **state)
{
    (void)state;
    assert_int_equal(run("review a.mcap 1.1 confirm --key a.key"), 0);
    shell("cp a.mcap.review-1 b.mcap.review-1");
    assert_int_equal(run("classify b.mcap"), 0);
    assert_non_null(strstr(noted, "b.mcap.review-1: not shown: foreign: "));
    assert_null(strstr(said, "  review "));
}

static void a_mistake_is_named_and_signs_nothing(void **state)
{
    (void)state;
    assert_int_equal(run("review a.mcap 1.9 confirm --key a.key"), SKYH_EXIT_DATA);
    assert_non_null(strstr(noted, "1.9: no such incident"));
    assert_int_equal(run("review a.mcap 1.1 agree --key a.key"), SKYH_EXIT_USAGE);
    assert_int_equal(run("review a.mcap 1.1 confirm"), SKYH_EXIT_USAGE);
    assert_int_equal(run("review a.mcap 1.1 annotate --key a.key"), SKYH_EXIT_USAGE);
    assert_int_equal(run("review a.mcap 1.1 confirm --key a.key --text \"$(printf 'a\\nb')\""),
                     SKYH_EXIT_USAGE);
    assert_int_equal(run("review a.mcap 1.1 confirm --key none.key"), SKYH_EXIT_NO_INPUT);
    assert_int_equal(run("review none.mcap 1.1 confirm --key a.key"), SKYH_EXIT_NO_INPUT);
    shell("test ! -e a.mcap.review-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_decision_shows_with_its_incident_and_the_log_stays_as_it_was,
                                  forget_reviews),
        cmocka_unit_test_teardown(whatever_is_changed_is_said_and_not_shown, forget_reviews),
        cmocka_unit_test_teardown(a_review_of_another_log_is_foreign, forget_reviews),
        cmocka_unit_test_teardown(a_mistake_is_named_and_signs_nothing, forget_reviews),
    };
    return cmocka_run_group_tests(tests, make_records, remove_folder);
}
