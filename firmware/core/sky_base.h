/**
 * sky_base: the few words every module speaks - status codes, limits, the arithmetic contract.
 *
 * Units live in names: _ns, _m, _mps, _rad, _m2. Inside the core every angle is in radians, every
 * length in metres, every instant in int64_t nanoseconds on the station's monotonic axis
 * (CLOCK_BOOTTIME), given with every input. The core cannot ask what time it is.
 */
#ifndef SKY_BASE_H
#define SKY_BASE_H

#include <float.h>
#include <stdint.h>

/* Same inputs, same bits: plain IEEE 754 binary64 and nothing cleverer. */
_Static_assert(sizeof(double) == 8 && DBL_MANT_DIG == 53, "the core needs IEEE 754 binary64");
_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16, /* 16: an FP16 core such as A76 */
               "the core needs double arithmetic without excess precision");
#ifdef __FAST_MATH__
#error "the core must not be built with -ffast-math"
#endif

enum {
    SKY_TRACKS_MAX = 256,   /* aircraft followed at once, tentative ones included */
    SKY_SENSORS_MAX = 8,    /* radars a station listens to */
    SKY_ZONES_MAX = 16,     /* watched zones in one zone set */
    SKY_LINES_MAX = 32,     /* claimed lines in one zone set, all zones together */
    SKY_ZONE_LINES_MAX = 8, /* claimed lines of one zone */
    SKY_MAPS_MAX = 8,       /* Modbus units with a register map of their own */
    SKY_PLOTS_MAX = 1024,   /* plots handed to the engine in one step */
    SKY_NAME_MAX = 32,      /* bytes of a sensor or source name, final zero included */
    SKY_DETAIL_MAX = 128    /* bytes of a diagnostic text, final zero included */
};

/** What a function says about an input it could not use. Zero is success. */
enum sky_status {
    SKY_OK = 0,
    SKY_E_RANGE,    /* a value lies outside its documented range; nothing was changed */
    SKY_E_CAPACITY, /* a fixed table is full; nothing was changed */
    SKY_E_STALE,    /* the input is older than state it would change; nothing was changed */
    SKY_E_CORRUPT   /* bytes do not decode; nothing was produced */
};

#define SKY_NODISCARD __attribute__((warn_unused_result))

#define SKY_SECOND_NS INT64_C(1000000000)

#endif
