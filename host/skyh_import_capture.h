/**
 * skyh_import_capture: the log that a station would have made of a capture of its radars' feeds, of
 * the log of its receiver, or of both.
 *
 * The station is the one that a daemon's configuration file describes; its radars, zones and ports
 * hold. What was captured arrives when the capture says that it did, and the capturing machine's
 * clock takes the place of the station's: disciplined, and right within 10 ms.
 */
#ifndef SKYH_IMPORT_CAPTURE_H
#define SKYH_IMPORT_CAPTURE_H

#include "skyh_args.h"

/** `skywitness import --capture` and `--nmea`; returns its exit code. */
int skyh_import_capture(const struct skyh_args *args);

#endif
