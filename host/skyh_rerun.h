/**
 * skyh_rerun: recorded inputs through a fresh station, and what came out compared with the record.
 *
 * Every run of a log begins with a CONFIG input and is replayed on its own. An event counts as
 * reproduced only if its packed bytes are the recorded ones, in the recorded order. Where the log
 * lost inputs - damage, a missing segment - the station's state can no longer be the recorded one:
 * comparing stops there until the next run, and says so.
 */
#ifndef SKYH_RERUN_H
#define SKYH_RERUN_H

#include "sky_station.h"
#include "skyh_diff.h"
#include "skyh_log.h"
#include "skyh_settings.h"

/** What a rerun found. */
struct skyh_verdict {
    uint64_t runs;
    uint64_t inputs;
    uint64_t events;         /* recorded ones that were compared and are identical */
    uint64_t not_comparable; /* recorded ones after inputs were lost */
    uint64_t skipped_inputs; /* that no station could take: before a run's CONFIG */
    uint64_t torn_events;    /* recomputed, but cut off the end of a torn log */
    uint64_t incidents;      /* opened */
    uint64_t tracks;         /* confirmed */
    int64_t span_ns;         /* station time replayed, all runs together */
    bool lost;               /* inputs are missing: damage, a missing segment or beginning */
    bool different;          /* below: the first difference */
    uint64_t run;
    uint64_t seq;
    const char *topic; /* of the event that differs in a field; NULL: it is another matter */
    char field[SKYH_DIFF_MAX];
    char what[SKYH_DIFF_MAX]; /* "event 2 (/track): place.lat_rad: recorded ..., recomputed ..." */
};

/**
 * Called with every input once the station took it, then with each event it caused. run_end, which
 * may be NULL, is called while the station of a run is still there: before the next run's, and at
 * the finish.
 */
struct skyh_rerun_watch {
    void (*input)(struct skyh_rerun_watch *watch, const struct sky_input *input);
    void (*event)(struct skyh_rerun_watch *watch, const struct sky_event *event);
    void (*run_end)(struct skyh_rerun_watch *watch);
};

struct skyh_rerun;

/** Owns: skyh_rerun_close frees it (about 80 MiB of addresses; what is not touched costs nothing).
 */
struct skyh_rerun *skyh_rerun_open(bool compare, struct skyh_rerun_watch *watch);

/**
 * Before the first item: runs begin with other zones or settings than recorded. Borrows them. A run
 * that cannot begin that way is refused: its inputs are skipped, and skyh_rerun_refused says why.
 */
void skyh_rerun_change(struct skyh_rerun *rerun, const struct skyh_settings *settings);

/** Why the first run that was refused was; NULL if none was. */
const struct skyh_problem *skyh_rerun_refused(const struct skyh_rerun *rerun);

/** Takes the next item of a walk. */
void skyh_rerun_take(struct skyh_rerun *rerun, const struct skyh_log_item *item);

/** After the last item: closes the account. */
void skyh_rerun_finish(struct skyh_rerun *rerun);

/** The station as it is now, for what only it can say; a watch may ask within its calls. */
struct sky_station *skyh_rerun_station(struct skyh_rerun *rerun);

const struct skyh_verdict *skyh_rerun_verdict(const struct skyh_rerun *rerun);

void skyh_rerun_close(struct skyh_rerun *rerun);

#endif
