/**
 * skyh_commands: the verbs of skywitness. Each is one file and one entry here.
 */
#ifndef SKYH_COMMANDS_H
#define SKYH_COMMANDS_H

#include "skyh_args.h"

extern const struct skyh_command skyh_simulate;
extern const struct skyh_command skyh_replay;
extern const struct skyh_command skyh_verify;
extern const struct skyh_command skyh_classify;
extern const struct skyh_command skyh_judge;
extern const struct skyh_command skyh_review;
extern const struct skyh_command skyh_report_command;
extern const struct skyh_command skyh_info;
extern const struct skyh_command skyh_recover;
extern const struct skyh_command skyh_import;
extern const struct skyh_command skyh_export;
extern const struct skyh_command skyh_score_command;
extern const struct skyh_command skyh_watch;
extern const struct skyh_command skyh_zones_build;
extern const struct skyh_command skyh_zones_info;
extern const struct skyh_command skyh_zones_distance;
extern const struct skyh_command skyh_witness_keygen;
extern const struct skyh_command skyh_witness_request;
extern const struct skyh_command skyh_witness_cosign;
extern const struct skyh_command skyh_witness_serve;
extern const struct skyh_command skyh_witness_submit;
extern const struct skyh_command skyh_witness_check;
extern const struct skyh_command skyh_witness_proof;

#endif
