/**
 * skyd_config_parse: a configuration on its way from text to structs, as those who read it
 * (skyd_config.c) and those who check it (skyd_config_check.c) share it.
 */
#ifndef SKYD_CONFIG_PARSE_H
#define SKYD_CONFIG_PARSE_H

#include "skyd_config.h"

/** A parse under way. */
struct skyd_parse {
    struct skyd_config *config;
    const char *bytes;
    size_t count;
    size_t at;
    int line;
    struct skyd_section *section; /* the one being read; NULL before the first */
    char *error;
    bool failed;
};

/** The parse has failed: the first error is the one that is told. line 0: of the whole file. */
__attribute__((format(printf, 3, 4))) void skyd_parse_fail(struct skyd_parse *parse, int line,
                                                           const char *format, ...);

/** Fails with "key 'x': 'text' is wrong; expected ...". */
void skyd_parse_refuse(struct skyd_parse *parse, const struct skyd_key *key, int line,
                       const char *text, const char *wrong);

/** Brings one value from text to where it belongs. line 0: it is the default. */
void skyd_parse_value(struct skyd_parse *parse, const struct skyd_section *section,
                      const struct skyd_key *key, int line, const char *text);

/** Whether a section is in force: [gpsd] and [sink] are not unless the file has them. */
bool skyd_section_counts(const struct skyd_section *section);

/** Whether the file sets a key of a section. */
bool skyd_section_is_set(const struct skyd_section *section, const char *name);

/** The line an error about a key is best reported at: its own, else its section's. */
int skyd_section_line(const struct skyd_section *section, const char *name);

/** The text in force: the file's, or the default. */
const char *skyd_section_value(const struct skyd_config *config, const struct skyd_section *section,
                               const struct skyd_key *key);

/** Checks what can be said only once the whole file is read, and sets what follows from it. */
void skyd_config_check(struct skyd_parse *parse);

#endif
