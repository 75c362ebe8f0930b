#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skyd_config.h"

/* Reads a whole file of at most room bytes. Returns the bytes read, or a negative errno. */
static ssize_t read_whole(const char *path, void *buffer, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    size_t used = 0;
    ssize_t got = 1;
    while (got > 0 && used < room) {
        got = read(fd, (char *)buffer + used, room - used);
        used += got > 0 ? (size_t)got : 0;
    }
    char more = 0;
    if (got > 0 && read(fd, &more, 1) > 0) {
        errno = EFBIG;
        got = -1;
    }
    const ssize_t result = got < 0 ? -errno : (ssize_t)used;
    close(fd);
    return result;
}

int skyd_config_read(struct skyd_config *ret_config, const char *path,
                     char ret_error[SKYD_ERROR_MAX])
{
    static char bytes[SKYD_CONFIG_BYTES_MAX];
    if (strlen(path) >= SKYD_PATH_MAX) {
        snprintf(ret_error, SKYD_ERROR_MAX, "the path of the configuration is too long");
        return -ENAMETOOLONG;
    }
    const ssize_t count = read_whole(path, bytes, sizeof bytes);
    if (count < 0) {
        snprintf(ret_error, SKYD_ERROR_MAX, "%s: cannot be read: %s", path, strerror((int)-count));
        return (int)count;
    }
    return skyd_config_parse(ret_config, path, bytes, (size_t)count, ret_error);
}

int skyd_config_zones(const struct skyd_config *config, struct skyd_zones *ret_zones,
                      char ret_error[SKYD_ERROR_MAX])
{
    char place[SKYD_PATH_MAX + 16];
    skyd_config_place(config, "zones", "file", place);
    const ssize_t count = read_whole(config->zones_file, ret_zones->bytes, sizeof ret_zones->bytes);
    if (count < 0) {
        snprintf(ret_error, SKYD_ERROR_MAX, "%s: key 'file': %s: %s; expected a built zone set",
                 place, config->zones_file, strerror((int)-count));
        return -EINVAL;
    }
    ret_zones->byte_count = (size_t)count;
    struct sky_arena arena = {.bytes = ret_zones->arena_bytes,
                              .capacity = sizeof ret_zones->arena_bytes};
    const char *reason = "not a zone set";
    if (sky_codec_unpack_zones(ret_zones->bytes, ret_zones->byte_count, &arena, &ret_zones->set,
                               NULL, &reason) != SKY_OK) {
        snprintf(ret_error, SKYD_ERROR_MAX,
                 "%s: key 'file': %s: %s; expected a zone set made by 'skywitness zones build'",
                 place, config->zones_file, reason);
        return -EINVAL;
    }
    return 0;
}

int skyd_config_maps(struct skyd_config *config, struct skyd_maps *ret_maps,
                     char ret_error[SKYD_ERROR_MAX])
{
    for (uint32_t i = 0; i < config->modbus_count; i++) {
        struct skyd_modbus_config *const modbus = &config->modbus[i];
        struct sky_regmap *const map = &ret_maps->map[i];
        struct sky_regmap_fault fault = {0};
        if (modbus->map_file[0] == '\0') {
            continue;
        }
        const ssize_t count = read_whole(modbus->map_file, ret_maps->text[i], SKY_REGMAP_TEXT_MAX);
        if (count < 0) {
            snprintf(ret_error, SKYD_ERROR_MAX, "%s: %s; expected the register map of [%s]",
                     modbus->map_file, strerror((int)-count), modbus->source.name);
            return -EINVAL;
        }
        if (sky_regmap_parse(ret_maps->text[i], (size_t)count, map, &fault) != SKY_OK) {
            snprintf(ret_error, SKYD_ERROR_MAX, "%s:%d: %s", modbus->map_file, fault.line,
                     fault.what);
            return -EINVAL;
        }
        if (map->is_radar != (modbus->radar[0] != '\0')) {
            snprintf(ret_error, SKYD_ERROR_MAX, "%s: the map of %s, but [%s] has %s radar",
                     modbus->map_file, map->is_radar ? "a radar" : "an instrument",
                     modbus->source.name, map->is_radar ? "no" : "a");
            return -EINVAL;
        }
        modbus->source.map = map;
        modbus->source.map_number = i + 1;
        modbus->source.map_text = ret_maps->text[i];
        modbus->source.map_bytes = (size_t)count;
    }
    return 0;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int skyd_config_log_place(const struct skyd_config *config, char ret_error[SKYD_ERROR_MAX])
{
    char parent[SKYD_PATH_MAX];
    snprintf(parent, sizeof parent, "%s", config->log_directory);
    char *const slash = strrchr(parent, '/');
    if (slash == NULL) {
        snprintf(parent, sizeof parent, ".");
    } else {
        slash[slash == parent] = '\0';
    }
    struct stat status;
    const bool exists = stat(config->log_directory, &status) == 0;
    if (exists ? is_folder(config->log_directory) : is_folder(parent)) {
        return 0;
    }
    char place[SKYD_PATH_MAX + 16];
    skyd_config_place(config, "log", "directory", place);
    snprintf(ret_error, SKYD_ERROR_MAX, "%s: key 'directory': %s %s; expected a folder", place,
             exists ? config->log_directory : parent,
             exists ? "is not a folder" : "is not there, and it should hold the log's folder");
    return -EINVAL;
}
