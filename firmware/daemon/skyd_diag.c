#include "skyd_diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, BURST = 5 };
static const int64_t window_ns = INT64_C(10000000000);

static const char *word(enum skyd_level level)
{
    switch (level) {
    case SKYD_ERROR:
        return "error: ";
    case SKYD_WARNING:
        return "warning: ";
    case SKYD_INFO:
        return "";
    case SKYD_DEBUG:
        return "debug: ";
    }
    return "";
}

/* One line is one write, so that lines of several threads do not mix. */
__attribute__((format(printf, 3, 0))) static void say(enum skyd_level level, uint64_t held,
                                                      const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    const bool journal = getenv("JOURNAL_STREAM") != NULL;
    int used = journal ? snprintf(line, sizeof line, "<%d>", (int)level)
                       : snprintf(line, sizeof line, "skywitnessd: %s", word(level));
    const int said = vsnprintf(line + used, sizeof line - 64 - (size_t)used, format, arguments);
    used = used + said < (int)sizeof line - 64 ? used + said : (int)sizeof line - 65;
    if (held > 0) {
        used += snprintf(line + used, sizeof line - (size_t)used, " (%llu more held back)",
                         (unsigned long long)held);
    }
    line[used] = '\n';
    if (write(STDERR_FILENO, line, (size_t)used + 1) < 0) {
        return; /* nobody is left to tell */
    }
}

void skyd_say(enum skyd_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(level, 0, format, arguments);
    va_end(arguments);
}

void skyd_say_limited(struct skyd_limit *limit, int64_t now_ns, enum skyd_level level,
                      const char *format, ...)
{
    if (limit->said == 0 || now_ns - limit->since_ns >= window_ns) {
        limit->since_ns = now_ns;
        limit->said = 0;
    }
    if (limit->said == BURST) {
        limit->held++;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    say(level, limit->held, format, arguments);
    va_end(arguments);
    limit->said++;
    limit->held = 0;
}
