/**
 * sky_report: what a station says of its tracks and sensors - tracks, how they stand to every line,
 * who came in or left, incidents, and how each sensor is doing.
 *
 * Far from every line nothing is assessed: a distance cannot change faster than the track moves, so
 * how far it is beyond assess_within_m says for how long nothing can come of it. That is of
 * borders: what crosses an edge that only closes a ring may be noticed late.
 *
 * Time in the budget. UTC's sigma acts through the track's velocity while the clock is in holdover
 * or better. With a worse clock an assessment holds on the station's own axis, and the event's utc
 * says how badly that is tied to the world's.
 */
#ifndef SKY_REPORT_H
#define SKY_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "sky_base.h"
#include "sky_engine.h"

/** What the tracker's latest call brought about, track by track. */
void sky_report_tracks(struct sky_engine *engine, struct sky_outbox *outbox);

/** Between looks a track that was seen a moment ago may pass a line: notices that. */
void sky_report_between_looks(struct sky_engine *engine, struct sky_outbox *outbox);

/** The sensors: once a minute, and when calibration or consistency changes. */
void sky_report_sensors(struct sky_engine *engine, struct sky_outbox *outbox);

/** Ends every open incident: the run is over. */
void sky_report_stop(struct sky_engine *engine, struct sky_outbox *outbox);

/**
 * The believed track in a slot (< SKY_TRACKS_MAX) at time_ns by the looks up to then
 * (sky_track_at), existence as it is believed now. Returns false, with ret_track untouched, if the
 * slot has none or time_ns is before what it kept. For reading a running engine: changes nothing
 * and says nothing. `change` is 0.
 */
bool sky_report_track_at(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                         struct sky_event_track *ret_track);

/** The same track against every line of the zone set. Pre: sky_report_track_at is true. */
void sky_report_assess_at(const struct sky_engine *engine, size_t slot, int64_t time_ns,
                          struct sky_assessment ret_assessment[SKY_LINES_MAX]);

#endif
