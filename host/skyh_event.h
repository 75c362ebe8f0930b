/**
 * skyh_event: events of a station in words, one line each.
 */
#ifndef SKYH_EVENT_H
#define SKYH_EVENT_H

#include "sky_engine.h"

enum { SKYH_EVENT_TEXT_MAX = 256 };

/** "track", "assessment", ...; static storage. */
const char *skyh_event_name(enum sky_event_kind kind);

/** What the event says, without its time; returns text. */
char *skyh_event_text(const struct sky_event *event, char text[SKYH_EVENT_TEXT_MAX]);

/** "opened", "crossed", ... */
const char *skyh_event_change(enum sky_incident_change change);

/** "left", "lost inside", ... */
const char *skyh_event_end(enum sky_incident_end end);

/** "none", "RTC", "GNSS", ... */
const char *skyh_event_clock(enum sky_clock_state state);

#endif
