#include "skyh_report_page.h"

/* The style as host/skyh_report.css has it, made at build time. */
extern const unsigned char skyh_report_css[];
extern const unsigned long skyh_report_css_bytes;

/* Base64, as a Content-Security-Policy has hashes. */
static void base64(const uint8_t hash[32], char text[48])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;
    for (size_t i = 0; i < 33; i += 3) {
        const uint32_t third = i + 2 < 32 ? hash[i + 2] : 0U;
        const uint32_t bits = (uint32_t)hash[i] << 16 | (uint32_t)hash[i + 1] << 8 | third;
        for (int k = 3; k >= 0; k--) {
            text[at++] = digits[bits >> (6 * k) & 63U];
        }
    }
    text[43] = '=';
    text[44] = '\0';
}

void skyh_page_head(struct skyh_svg *page)
{
    uint8_t hash[32] = {0};
    char text[48];
    (void)skyh_zonefile_hash(skyh_report_css, skyh_report_css_bytes, hash);
    base64(hash, text);
    skyh_svg_put(page,
                 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'sha256-%s'\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<title>Skywitness: record of an airspace</title>\n<style>",
                 text);
    skyh_svg_put(page, "%.*s", (int)skyh_report_css_bytes, (const char *)skyh_report_css);
    skyh_svg_put(page,
                 "</style>\n</head>\n<body>\n<svg class=\"defs\" aria-hidden=\"true\"><defs>"
                 "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
                 "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0v6\"/></pattern>"
                 "</defs></svg>\n");
}
