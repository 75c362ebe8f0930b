#include "sky_station.h"

#include <string.h>

#include "sky_gnss.h"
#include "sky_rows.h"

void sky_station_init(struct sky_station *station)
{
    station->running = false;
    station->last_seq = 0;
    station->last_time_ns = 0;
    station->plot_count = 0;
    sky_utc_init(&station->engine.utc);
}

static void reject(struct sky_station *station, const struct sky_input *input,
                   struct sky_outbox *outbox, enum sky_reject_reason reason, uint64_t count,
                   const char *item, uint32_t offset)
{
    struct sky_event_reject said = {.reason = reason, .count = count, .offset = offset};
    sky_engine_name(said.item, item);
    sky_engine_name(said.source, input->source);
    sky_engine_reject(&station->engine, outbox, input->seq, input->time_ns, &said);
}

/* Never fails: order was checked at the door, and decoders make steps the engine accepts. */
static void step_engine(struct sky_station *station, const struct sky_step *step,
                        struct sky_outbox *outbox)
{
    const enum sky_status status = sky_engine_step(&station->engine, step, outbox);
    (void)status;
}

static struct sky_step step_of(const struct sky_input *input, enum sky_step_kind kind)
{
    const struct sky_step step = {.seq = input->seq,
                                  .time_ns = input->time_ns,
                                  .realtime_ns = input->realtime_ns,
                                  .kind = kind};
    return step;
}

static void learn_dialects(struct sky_station *station)
{
    const struct sky_config *const config = &station->engine.config;
    station->dialect_count = 0;
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        const struct sky_sensor_config *const sensor = &config->sensor[i];
        if (sensor->has_sac_sic) {
            station->dialect[station->dialect_count++] = (struct sky_asterix_dialect){
                .sac = sensor->sac, .sic = sensor->sic, .edition = sensor->asterix_021};
        }
    }
}

static enum sky_status begin(struct sky_station *station, const struct sky_input *input)
{
    const char *why = NULL;

    if (sky_config_check(input->u.config.config, &why) != SKY_OK ||
        sky_zone_check(input->u.config.zones, &why) != SKY_OK) {
        return SKY_E_RANGE;
    }
    sky_engine_init(&station->engine, input->u.config.config, input->u.config.zones,
                    input->time_ns);
    learn_dialects(station);
    memset(station->map, 0, sizeof station->map);
    memset(station->head, 0, sizeof station->head);
    station->receiver = (struct sky_station_receiver){.jamming = -1, .antenna = -1};
    station->running = true;
    return SKY_OK;
}

static void step_plots(struct sky_station *station, const struct sky_input *input,
                       const struct sky_plot *plot, size_t count, struct sky_outbox *outbox)
{
    struct sky_step step = step_of(input, SKY_STEP_PLOTS);
    step.plot = plot;
    step.count = count;
    step_engine(station, &step, outbox);
}

static void say_reading(struct sky_station *station, const struct sky_input *input,
                        const char *item, double value, struct sky_outbox *outbox)
{
    struct sky_event_reading *const reading =
        &sky_engine_append(&station->engine, outbox, input->seq, input->time_ns, SKY_EVENT_READING)
             ->u.reading;
    sky_engine_name(reading->source, input->source);
    sky_engine_name(reading->item, item);
    reading->value = value;
}

/* Interference wavers: of 0 to 255 this much is news, and so is its end. */
enum { JAMMING_STEP = 32 };

/* What the receiver says of itself, whether its fix is good or not. */
static void say_receiver(struct sky_station *station, const struct sky_input *input,
                         struct sky_outbox *outbox)
{
    const struct sky_receiver_report *const now = &input->u.gnss.receiver;
    struct sky_station_receiver *const before = &station->receiver;
    if (!now->said) {
        return;
    }
    const int64_t change = (int64_t)now->jamming - before->jamming;
    const bool is_news = before->jamming < 0 || change >= JAMMING_STEP || change <= -JAMMING_STEP ||
                         (now->jamming == 0 && change != 0);
    if (now->jamming >= 0 && is_news) {
        before->jamming = now->jamming;
        say_reading(station, input, "gnss.jamming", now->jamming, outbox);
    }
    if (now->antenna >= 0 && now->antenna != before->antenna) {
        before->antenna = now->antenna;
        say_reading(station, input, "gnss.antenna", now->antenna, outbox);
    }
}

static void take_gnss(struct sky_station *station, const struct sky_input *input,
                      struct sky_outbox *outbox)
{
    struct sky_gnss_fix fix;
    const char *item = "";

    say_receiver(station, input, outbox);
    if (sky_gnss_decode(&input->u.gnss, &fix, &item) != SKY_OK) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, 1, item, 0);
        return;
    }
    struct sky_step step = step_of(input, SKY_STEP_GNSS);
    step.fix = &fix;
    step_engine(station, &step, outbox);
}

/* Health: what a head says of itself, as far as that is new. */
static void say_health(struct sky_station *station, const struct sky_input *input,
                       const struct sky_regs_header *header, struct sky_outbox *outbox)
{
    static const struct {
        enum sky_regs_status bit;
        const char *item;
    } health[] = {
        {SKY_REGS_TIME_VALID, "head.time_valid"},
        {SKY_REGS_NORTH_VALID, "head.north_valid"},
        {SKY_REGS_TRANSMITTING, "head.transmitting"},
        {SKY_REGS_BLANKED, "head.blanked"},
        {SKY_REGS_FAULT, "head.fault"},
        {SKY_REGS_TRUNCATED, "head.truncated"},
    };
    struct sky_station_head *const head = &station->head[input->u.registers.sensor];

    for (size_t i = 0; i < sizeof health / sizeof health[0]; i++) {
        const unsigned now = header->status & health[i].bit;
        if (!head->said || now != (head->status & (unsigned)health[i].bit)) {
            say_reading(station, input, health[i].item, now != 0 ? 1.0 : 0.0, outbox);
        }
    }
    if (head->said && header->uptime_s < head->uptime_s) {
        say_reading(station, input, "head.restarted_s_ago", header->uptime_s, outbox);
    }
    *head = (struct sky_station_head){
        .said = true, .status = header->status, .uptime_s = header->uptime_s};
}

static void say_readings(struct sky_station *station, const struct sky_input *input,
                         struct sky_station_map *own, struct sky_outbox *outbox)
{
    for (uint32_t i = 0; i < own->map.field_count; i++) {
        const struct sky_regmap_field *const field = &own->map.field[i];
        double value = 0.0;
        if (field->role != SKY_REGMAP_READING ||
            !sky_regmap_value(&own->map, field, input->u.registers.bytes, 0, &value) ||
            (own->said[i] && value - own->value[i] == 0.0)) {
            continue;
        }
        own->said[i] = true;
        own->value[i] = value;
        say_reading(station, input, field->name, value, outbox);
    }
}

/* By the map that the unit has for itself. */
static void take_mapped(struct sky_station *station, const struct sky_input *input,
                        struct sky_outbox *outbox)
{
    const uint32_t sensor = input->u.registers.sensor;
    const uint32_t number = input->u.registers.map;
    struct sky_station_map *const own = &station->map[number <= SKY_MAPS_MAX ? number - 1 : 0];
    const char *item = "map";
    uint32_t offset = 0;
    size_t count = 0;

    if (number > SKY_MAPS_MAX || !own->known) {
        reject(station, input, outbox, SKY_REJECT_UNKNOWN_SENSOR, 1, "map", 0);
        return;
    }
    if (own->map.is_radar && sensor >= station->engine.config.sensor_count) {
        reject(station, input, outbox, SKY_REJECT_UNKNOWN_SENSOR, 1, "sensor", 0);
        return;
    }
    if (input->u.registers.count != 2 * (size_t)own->map.count) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, 1, "block.length", 0);
        return;
    }
    say_readings(station, input, own, outbox);
    if (!own->map.is_radar) {
        return;
    }
    if (sky_regmap_plots(&own->map, input->u.registers.bytes, input->u.registers.count, sensor,
                         station->plot, &count, &item, &offset) != SKY_OK) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, 1, item, offset);
        return;
    }
    step_plots(station, input, station->plot, count, outbox);
}

static void take_register_map(struct sky_station *station, const struct sky_input *input,
                              struct sky_outbox *outbox)
{
    const uint32_t number = input->u.register_map.map;
    struct sky_regmap_fault fault = {0};

    if (number == 0 || number > SKY_MAPS_MAX) {
        reject(station, input, outbox, SKY_REJECT_UNKNOWN_SENSOR, 1, "map", 0);
        return;
    }
    struct sky_station_map *const own = &station->map[number - 1];
    if (sky_regmap_parse(input->u.register_map.text, input->u.register_map.count, &own->map,
                         &fault) != SKY_OK) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, 1, "map", (uint32_t)fault.line);
        return;
    }
    own->known = true;
    memset(own->said, 0, sizeof own->said);
}

static void take_registers(struct sky_station *station, const struct sky_input *input,
                           struct sky_outbox *outbox)
{
    const uint32_t sensor = input->u.registers.sensor;
    struct sky_regs_header header;
    const char *item = "";
    uint32_t offset = 0;
    size_t count = 0;

    if (input->u.registers.map != 0) {
        take_mapped(station, input, outbox);
        return;
    }
    if (sensor >= station->engine.config.sensor_count) {
        reject(station, input, outbox, SKY_REJECT_UNKNOWN_SENSOR, 1, "sensor", 0);
        return;
    }
    const enum sky_status status =
        sky_regs_check(input->u.registers.bytes, input->u.registers.count, &header, &item, &offset);
    if (status == SKY_OK) {
        say_health(station, input, &header, outbox);
    }
    if (status != SKY_OK ||
        sky_regs_decode(input->u.registers.bytes, input->u.registers.count, sensor, &header,
                        station->plot, &count, &item, &offset) != SKY_OK) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, 1, item, offset);
        return;
    }
    step_plots(station, input, station->plot, count, outbox);
}

/* Hands on the plots gathered so far: one step per sensor, in the order they came. */
static void hand_on(struct sky_station *station, const struct sky_input *input,
                    struct sky_outbox *outbox)
{
    for (uint32_t sensor = 0; sensor < station->engine.config.sensor_count; sensor++) {
        size_t count = 0;
        for (size_t i = 0; i < station->plot_count; i++) {
            if (station->plot[i].sensor == sensor) {
                station->group[count++] = station->plot[i];
            }
        }
        if (count > 0) {
            step_plots(station, input, station->group, count, outbox);
        }
    }
    station->plot_count = 0;
}

/* The radar that signs so, or SKY_SENSORS_MAX. */
static uint32_t sensor_of(const struct sky_config *config, const struct sky_asterix_record *record)
{
    for (uint32_t i = 0; i < config->sensor_count; i++) {
        if (config->sensor[i].has_sac_sic && record->has_source &&
            config->sensor[i].sac == record->sac && config->sensor[i].sic == record->sic) {
            return i;
        }
    }
    return SKY_SENSORS_MAX;
}

/* Bad parts of an input that are named one by one; a flood of them must not become one of events.
 */
enum { NAMED_MAX = 16 };

/* What of a datagram could not be used for one cause, and the category of the latest of it. */
struct refusal {
    uint64_t count;
    uint8_t category;
};

/* What of a datagram or of plot rows could not be used. */
struct refusals {
    uint64_t malformed;
    struct refusal unknown_sensor;
    struct refusal other_kind;
    struct refusal simulated;
    struct refusal suspect;
    struct refusal unknown_category;
};

static void refuse(struct refusal *refusal, uint8_t category)
{
    refusal->count++;
    refusal->category = category;
}

static void gather(struct sky_station *station, const struct sky_input *input,
                   const struct sky_plot *plot, uint32_t sensor, struct sky_outbox *outbox)
{
    if (station->plot_count == SKY_PLOTS_MAX) {
        hand_on(station, input, outbox);
    }
    station->plot[station->plot_count] = *plot;
    station->plot[station->plot_count].sensor = sensor;
    station->plot_count++;
}

/* A radar measures from where it stands; of other places only reports can come. */
static bool is_of_kind(const struct sky_sensor_config *sensor, const struct sky_plot *plot)
{
    return (sensor->kind == SKY_SENSOR_COOPERATIVE) == ((plot->has & SKY_PLOT_PLACE) != 0);
}

static void take_target(struct sky_station *station, const struct sky_input *input,
                        const struct sky_asterix_record *record, struct refusals *refusals,
                        struct sky_outbox *outbox)
{
    const struct sky_config *const config = &station->engine.config;
    const uint32_t sensor = sensor_of(config, record);

    if (sensor == SKY_SENSORS_MAX) {
        refuse(&refusals->unknown_sensor, record->category);
    } else if (record->simulated) {
        refuse(&refusals->simulated, record->category);
    } else if (record->suspect) {
        refuse(&refusals->suspect, record->category);
    } else if (!is_of_kind(&config->sensor[sensor], &record->plot)) {
        refuse(&refusals->other_kind, record->category);
    } else {
        gather(station, input, &record->plot, sensor, outbox);
    }
}

static void take_record(struct sky_station *station, const struct sky_input *input,
                        const struct sky_asterix_record *record, struct refusals *refusals,
                        struct sky_outbox *outbox)
{
    switch (record->kind) {
    case SKY_ASTERIX_TARGET:
        take_target(station, input, record, refusals, outbox);
        break;
    case SKY_ASTERIX_SKIPPED:
        refuse(&refusals->unknown_category, record->category);
        break;
    case SKY_ASTERIX_NO_POSITION:
    case SKY_ASTERIX_SERVICE:
        break; /* no detection; the radar's own state is in the log as it came */
    }
}

/* A text being put together; what does not fit is cut off. */
struct text {
    char at[SKY_NAME_MAX];
    size_t count;
};

static void put_text(struct text *text, const char *more)
{
    for (; *more != '\0' && text->count < sizeof text->at - 1; more++) {
        text->at[text->count++] = *more;
    }
}

/* With zeros in front up to so many digits. */
static void put_number(struct text *text, uint32_t number, unsigned digits)
{
    char figures[11] = {0};
    size_t first = sizeof figures - 1;
    while (number > 0 || digits > 0) {
        figures[--first] = (char)('0' + number % 10);
        number /= 10;
        digits -= digits > 0 ? 1 : 0;
    }
    put_text(text, figures + first);
}

/* Such as "CAT048 record 2 I048/250", or of a block "CAT048 block length". */
static void reject_part(struct sky_station *station, const struct sky_input *input,
                        const struct sky_asterix_walk *walk, const char *item, uint32_t offset,
                        struct sky_outbox *outbox)
{
    struct text text = {.count = 0};
    put_text(&text, "CAT");
    put_number(&text, walk->category, 3);
    if (walk->record > 0) {
        put_text(&text, " record ");
        put_number(&text, walk->record, 1);
    }
    put_text(&text, " ");
    put_text(&text, item);
    reject(station, input, outbox, SKY_REJECT_MALFORMED, 1, text.at, offset);
}

/* Which item says that a target is simulated. */
static const char *item_of_simulation(uint8_t category)
{
    switch (category) {
    case 21:
        return "/040 simulated";
    case 62:
        return "/080 simulated";
    default:
        return "/020 simulated";
    }
}

/* Of records that are whole, and not used: the item that says so, such as "I048/020 simulated". */
static void say_refusal(struct sky_station *station, const struct sky_input *input,
                        const struct refusal *refusal, enum sky_reject_reason reason,
                        const char *item, struct sky_outbox *outbox)
{
    struct text text = {.count = 0};
    if (refusal->count == 0) {
        return;
    }
    if (item[0] == '/') {
        put_text(&text, "I");
        put_number(&text, refusal->category, 3);
    }
    put_text(&text, item);
    reject(station, input, outbox, reason, refusal->count, text.at, 0);
}

static void say_refusals(struct sky_station *station, const struct sky_input *input,
                         const struct refusals *refusals, struct sky_outbox *outbox)
{
    if (refusals->malformed > NAMED_MAX) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, refusals->malformed - NAMED_MAX,
               "further blocks", 0);
    }
    say_refusal(station, input, &refusals->unknown_sensor, SKY_REJECT_UNKNOWN_SENSOR, "/010",
                outbox);
    say_refusal(station, input, &refusals->other_kind, SKY_REJECT_UNKNOWN_SENSOR,
                "/010 kind of sensor", outbox);
    say_refusal(station, input, &refusals->simulated, SKY_REJECT_IMPLAUSIBLE,
                item_of_simulation(refusals->simulated.category), outbox);
    say_refusal(station, input, &refusals->suspect, SKY_REJECT_IMPLAUSIBLE, "/040 suspect", outbox);
    say_refusal(station, input, &refusals->unknown_category, SKY_REJECT_UNKNOWN_CATEGORY,
                "category", outbox);
}

static void take_datagram(struct sky_station *station, const struct sky_input *input,
                          struct sky_outbox *outbox)
{
    struct sky_asterix_walk walk = {.bytes = input->u.datagram.bytes,
                                    .count = input->u.datagram.count,
                                    .dialect = station->dialect,
                                    .dialect_count = station->dialect_count};
    struct refusals refusals = {0};
    struct sky_asterix_record record;
    const char *item = "";
    uint32_t offset = 0;
    enum sky_status status = SKY_OK;

    station->plot_count = 0;
    while ((status = sky_asterix_next(&walk, &record, &item, &offset)) != SKY_E_STALE) {
        if (status == SKY_OK) {
            take_record(station, input, &record, &refusals, outbox);
        } else if (refusals.malformed++ < NAMED_MAX) {
            reject_part(station, input, &walk, item, offset, outbox);
        }
    }
    hand_on(station, input, outbox);
    say_refusals(station, input, &refusals, outbox);
}

static void take_row(struct sky_station *station, const struct sky_input *input, size_t from,
                     size_t count, struct refusals *refusals, struct sky_outbox *outbox)
{
    struct sky_plot plot;
    struct sky_row_fault fault;
    const enum sky_status status =
        sky_rows_plot(&station->engine.config, input->u.plot_rows.epoch_utc_ns,
                      input->u.plot_rows.text + from, count, &plot, &fault);

    if (status == SKY_OK) {
        gather(station, input, &plot, plot.sensor, outbox);
    } else if (status == SKY_E_RANGE) {
        refusals->unknown_sensor.count++;
    } else if (refusals->malformed++ < NAMED_MAX) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, 1,
               fault.column != NULL ? fault.column : "columns", (uint32_t)(from + fault.offset));
    }
}

static void take_plot_rows(struct sky_station *station, const struct sky_input *input,
                           struct sky_outbox *outbox)
{
    const char *const text = input->u.plot_rows.text;
    const size_t count = input->u.plot_rows.count;
    struct refusals refusals = {0};

    station->plot_count = 0;
    size_t from = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '\n') {
            take_row(station, input, from, i - from, &refusals, outbox);
            from = i + 1;
        }
    }
    if (from < count) { /* a last line that lacks its line feed */
        take_row(station, input, from, count - from, &refusals, outbox);
    }
    hand_on(station, input, outbox);
    if (refusals.malformed > NAMED_MAX) {
        reject(station, input, outbox, SKY_REJECT_MALFORMED, refusals.malformed - NAMED_MAX,
               "further rows", 0);
    }
    say_refusal(station, input, &refusals.unknown_sensor, SKY_REJECT_UNKNOWN_SENSOR, "sensor",
                outbox);
}

static const int64_t error_most_ns = 3600 * SKY_SECOND_NS; /* what sky_utc expects at most */

static void take_tick(struct sky_station *station, const struct sky_input *input,
                      struct sky_outbox *outbox)
{
    struct sky_step step = step_of(input, SKY_STEP_TICK);
    step.synchronised = input->u.tick.synchronised;
    const int64_t error_ns = input->u.tick.error_ns; /* a log may say anything */
    step.error_ns = error_ns < error_most_ns ? error_ns : error_most_ns;
    step_engine(station, &step, outbox);
}

static void take_source(struct sky_station *station, const struct sky_input *input,
                        struct sky_outbox *outbox)
{
    if (input->u.source_event.event == SKY_SOURCE_SHUTDOWN) {
        const struct sky_step step = step_of(input, SKY_STEP_SHUTDOWN);
        step_engine(station, &step, outbox);
    }
}

static void take(struct sky_station *station, const struct sky_input *input,
                 struct sky_outbox *outbox)
{
    switch (input->kind) {
    case SKY_INPUT_CONFIG:
        break; /* taken already */
    case SKY_INPUT_TICK:
        take_tick(station, input, outbox);
        break;
    case SKY_INPUT_GNSS:
        take_gnss(station, input, outbox);
        break;
    case SKY_INPUT_REGISTERS:
        take_registers(station, input, outbox);
        break;
    case SKY_INPUT_DATAGRAM:
        take_datagram(station, input, outbox);
        break;
    case SKY_INPUT_SOURCE:
        take_source(station, input, outbox);
        break;
    case SKY_INPUT_CLOCK_STEP:
        break; /* evidence; the next tick brings the kernel's new opinion */
    case SKY_INPUT_PLOT_ROWS:
        take_plot_rows(station, input, outbox);
        break;
    case SKY_INPUT_REGISTER_MAP:
        take_register_map(station, input, outbox);
        break;
    }
}

/* The core says "" where it does not know who brought a thing. */
static void sign_rejects(const struct sky_input *input, struct sky_outbox *outbox)
{
    for (size_t i = 0; i < outbox->count; i++) {
        struct sky_event *const event = &outbox->event[i];
        if (event->kind == SKY_EVENT_REJECT && event->u.reject.source[0] == '\0') {
            sky_engine_name(event->u.reject.source, input->source);
        }
    }
}

/* The monotonic axis begins with the boot; sums of two of its instants never overflow. */
static bool time_is_possible(int64_t time_ns) { return time_ns >= 0 && time_ns <= INT64_MAX / 4; }

enum sky_status sky_station_step(struct sky_station *station, const struct sky_input *input,
                                 struct sky_outbox *ret_outbox)
{
    if (!time_is_possible(input->time_ns)) {
        return SKY_E_RANGE;
    }
    if (input->kind == SKY_INPUT_CONFIG) {
        if (begin(station, input) != SKY_OK) {
            return SKY_E_RANGE;
        }
    } else if (!station->running) {
        return SKY_E_RANGE;
    } else if (input->seq <= station->last_seq || input->time_ns < station->last_time_ns) {
        return SKY_E_STALE;
    }
    station->last_seq = input->seq;
    station->last_time_ns = input->time_ns;
    ret_outbox->count = 0;
    take(station, input, ret_outbox);
    sign_rejects(input, ret_outbox);
    return SKY_OK;
}

struct sky_utc_estimate sky_station_utc(const struct sky_station *station, int64_t time_ns)
{
    return sky_utc_at(&station->engine.utc, time_ns);
}
