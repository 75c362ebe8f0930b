#include "skyh_report_page.h"

/* The style as host/skyh_report.css has it, made at build time. */
extern const unsigned char skyh_report_css[];
extern const unsigned long skyh_report_css_bytes;

/* The one script: it only moves a mark along what is drawn already. */
extern const unsigned char skyh_report_js[];
extern const unsigned long skyh_report_js_bytes;

/* As a Content-Security-Policy names what it lets in. */
static void put_hash(struct skyh_svg *page, const char *what, const unsigned char *bytes,
                     unsigned long count)
{
    uint8_t hash[32] = {0};
    char text[48];
    (void)skyh_zonefile_hash(bytes, count, hash);
    (void)sky_base64(hash, sizeof hash, text);
    skyh_svg_put(page, "; %s 'sha256-%s'", what, text);
}

void skyh_page_head(struct skyh_svg *page)
{
    skyh_svg_put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'");
    put_hash(page, "style-src", skyh_report_css, skyh_report_css_bytes);
    put_hash(page, "script-src", skyh_report_js, skyh_report_js_bytes);
    skyh_svg_put(page,
                 "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<title>Skywitness: record of an airspace</title>\n<style>");
    skyh_svg_put(page, "%.*s", (int)skyh_report_css_bytes, (const char *)skyh_report_css);
    skyh_svg_put(page,
                 "</style>\n</head>\n<body>\n<svg class=\"defs\" aria-hidden=\"true\"><defs>"
                 "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
                 "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0v6\"/></pattern>"
                 "</defs></svg>\n");
}

void skyh_page_tail(struct skyh_svg *page)
{
    skyh_svg_put(page, "<script>");
    skyh_svg_put(page, "%.*s", (int)skyh_report_js_bytes, (const char *)skyh_report_js);
    skyh_svg_put(page, "</script>\n</body>\n</html>\n");
}
