/**
 * sky_tool: the desktop tool as people run it, in a folder of its own, and what it said.
 *
 * For test programs that are built with SKY_SKYWITNESS, the tool's path.
 */
#ifndef SKY_TOOL_H
#define SKY_TOOL_H

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sky_test.h"

static char folder[64];
static char said[65536]; /* standard output of the latest command ... */
static char noted[8192]; /* ... and its standard error */

/* Reads what fits of a file. */
static inline void read_text(const char *file, char *text, size_t capacity)
{
    FILE *const stream = fopen(file, "rbe");
    assert_non_null(stream);
    const size_t count = fread(text, 1, capacity - 1, stream);
    text[count] = '\0';
    (void)fclose(stream);
}

/* Runs `skywitness ARGUMENTS` in the test's folder and returns its exit code. */
static inline int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline int run(const char *format, ...)
{
    char arguments[1024], command[2048];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    (void)snprintf(command, sizeof command, "cd %s && %s %s >out.txt 2>err.txt", folder,
                   SKY_SKYWITNESS, arguments);
    const int status = system(command);
    char file[128];
    (void)snprintf(file, sizeof file, "%s/out.txt", folder);
    read_text(file, said, sizeof said);
    (void)snprintf(file, sizeof file, "%s/err.txt", folder);
    read_text(file, noted, sizeof noted);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static inline int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/skyh-test-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#endif
