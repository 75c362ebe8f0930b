/*
 * What strangers hand a witness or a judge: requests and policies of any bytes are taken or refused
 * with a reason, and nobody's signature makes a quorum.
 */
#include <stdlib.h>
#include <string.h>

#include "skyh_policy.h"
#include "skyh_witness.h"

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static void try_request(const char *text, size_t count)
{
    static struct skyh_request request;
    static const struct sky_note_key nobody = {.name = "n", .algorithm = SKY_NOTE_ED25519};
    static const struct skyh_seen unseen;
    struct skyh_problem problem = {.exit_code = 0};
    if (skyh_request_read("r", text, count, &request, &problem)) {
        check(request.proof.count <= SKY_MERKLE_PROOF_MAX);
        const enum skyh_answer answer = skyh_request_judge(&request, &nobody, &unseen);
        check(answer == SKYH_ANSWER_UNKNOWN || answer == SKYH_ANSWER_UNSIGNED);
    } else {
        check(problem.exit_code == SKYH_EXIT_DATA && problem.text[0] != '\0');
    }
    skyh_notefile_free(&request.note);
}

static void try_policy(const char *text)
{
    static struct skyh_policy policy;
    static const struct sky_note note;
    struct skyh_problem problem = {.exit_code = 0};
    if (skyh_policy_parse("p", text, &policy, &problem)) {
        check(policy.none || policy.quorum < policy.member_count);
        check(skyh_policy_satisfied(&policy, &note) == policy.none);
    } else {
        check(problem.exit_code == SKYH_EXIT_DATA && problem.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char *const text = malloc(bytes + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, bytes);
    text[bytes] = '\0';
    try_request(text, bytes);
    try_policy(text);
    free(text);
    return 0;
}
