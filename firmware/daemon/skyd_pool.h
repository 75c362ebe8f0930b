/**
 * skyd_pool: memory for the crypto library, which takes and gives back a few small pieces for each
 * signature. From the time the station is ready they come from here, and nothing is allocated.
 */
#ifndef SKYD_POOL_H
#define SKYD_POOL_H

#include <stdbool.h>

/**
 * Puts the pool in front of malloc for the crypto library. Must be called before anything else of
 * it. False if it was too late: then it goes on with malloc.
 */
bool skyd_pool_install(void);

/** From now on small pieces come from the pool; before, from malloc. */
void skyd_pool_begin(void);

#endif
