/* Talk to an accelerator on a board: see bitfront_host.h. C99, no dynamic memory, no dependencies but libm's floor. */
#include "bitfront_host.h"

#include <math.h>
#include <string.h>

uint16_t bf_crc16(uint16_t sum, const uint8_t *data, size_t size) {
    for (size_t index = 0; index < size; index++) {
        sum ^= (uint16_t)(data[index] << 8);
        for (int bit = 0; bit < 8; bit++) {
            sum = (uint16_t)((sum & 0x8000) ? (sum << 1) ^ 0x1021 : sum << 1);
        }
    }
    return sum;
}

int bf_quantize(const double window[BF_ROWS * BF_COLUMNS], int32_t integers[BF_VALUES]) {
    for (int row = 0; row < BF_ROWS; row++) {
        const double *values = window + row * BF_COLUMNS;
        for (int column = 0; column < BF_COLUMNS; column++) {
            if (!isfinite(values[column])) return BF_NOT_FINITE;
        }
        if (row < BF_ROWS - BF_SENT_ROWS) continue;
        for (int column = 0; column < BF_FEATURES; column++) {
            double nearest = (values[column] - bf_input_offset[column]) / bf_input_step[column] + 0.5;
            /* Limited before it is made an integer: a value may be as far off as it likes. */
            if (nearest < BF_LOW) nearest = BF_LOW;
            if (nearest > BF_HIGH) nearest = BF_HIGH;
            *integers++ = (int32_t)floor(nearest);
        }
    }
    return BF_OK;
}

void bf_forecast(const double window[BF_ROWS * BF_COLUMNS], const int32_t integers[BF_OUTPUTS],
                 double forecast[BF_OUTPUTS]) {
    for (int output = 0; output < BF_OUTPUTS; output++) {
        /* Rounded before it is added, as in the golden model: no fused multiply-add. */
        volatile double product = bf_output_step[output] * integers[output];
        forecast[output] = bf_output_offset[output] + product;
        if (bf_plus_column[output] >= 0) {
            int row = BF_ROWS - 1 - bf_plus_rows_back[output];
            forecast[output] += window[row * BF_COLUMNS + bf_plus_column[output]];
        }
    }
}

int bf_decide(const double forecast[BF_OUTPUTS]) {
    int best = 0;
    for (int output = 1; output < BF_OUTPUTS; output++) {
        if (forecast[output] > forecast[best]) best = output;
    }
    return best;
}

int bf_is_anomaly(const double forecast[BF_OUTPUTS], const double actual[BF_OUTPUTS]) {
    for (int output = 0; output < BF_OUTPUTS; output++) {
        if (fabs(actual[output] - forecast[output]) > bf_limit[output]) return 1;
    }
    return 0;
}

/* Send the frame of `size` payload bytes that lie at frame + 4. */
static int send(const bf_port *port, uint8_t *frame, uint8_t kind, size_t size) {
    frame[0] = BF_START_REQUEST;
    frame[1] = kind;
    frame[2] = (uint8_t)(size >> 8);
    frame[3] = (uint8_t)size;
    uint16_t sum = bf_crc16(0xFFFF, frame + 1, size + 3);
    frame[size + 4] = (uint8_t)(sum >> 8);
    frame[size + 5] = (uint8_t)sum;
    return port->write(port->context, frame, size + 6) ? BF_PORT : BF_OK;
}

/* Receive a frame of that kind with `size` payload bytes; the code of an error goes to port->refusal. */
static int receive(bf_port *port, uint8_t kind, uint8_t *payload, size_t size) {
    uint8_t head[4], tail[2], code;
    do {
        if (port->read(port->context, head, 1)) return BF_PORT;
    } while (head[0] != BF_START_REPLY);
    if (port->read(port->context, head + 1, 3)) return BF_PORT;
    int refused = head[1] == BF_KIND_ERROR;
    size_t length = (size_t)head[2] << 8 | head[3];
    if (length != (refused ? 1 : size)) return BF_ANSWER;
    uint8_t *into = refused ? &code : payload;
    if (length > 0 && port->read(port->context, into, length)) return BF_PORT;
    if (port->read(port->context, tail, 2)) return BF_PORT;
    uint16_t sum = bf_crc16(0xFFFF, head + 1, 3);
    sum = bf_crc16(sum, into, length);
    if (bf_crc16(sum, tail, 2) != 0) return BF_ANSWER;
    if (refused) {
        port->refusal = code;
        return BF_REFUSED;
    }
    return head[1] == kind ? BF_OK : BF_ANSWER;
}

int bf_check(bf_port *port) {
    uint8_t frame[6], found[4];
    int status = send(port, frame, BF_KIND_IDENTIFY, 0);
    if (status == BF_OK) status = receive(port, BF_KIND_IDENTIFY, found, sizeof found);
    if (status != BF_OK) return status;
    return memcmp(found, bf_identity, sizeof found) == 0 ? BF_OK : BF_OTHER;
}

int bf_reset(bf_port *port) {
    uint8_t frame[6];
    int status = send(port, frame, BF_KIND_RESET, 0);
    return status == BF_OK ? receive(port, BF_KIND_RESET, frame, 0) : status;
}

int bf_infer(bf_port *port, const int32_t integers[BF_VALUES], int32_t outputs[BF_OUTPUTS]) {
    static uint8_t frame[BF_VALUES * BF_INPUT_BYTES + 6];
    uint8_t answer[BF_OUTPUTS * BF_OUTPUT_BYTES];
    uint8_t *next = frame + 4;
    for (int value = 0; value < BF_VALUES; value++) {
        for (int byte = BF_INPUT_BYTES - 1; byte >= 0; byte--) {
            *next++ = (uint8_t)((uint32_t)integers[value] >> (8 * byte));
        }
    }
    int status = send(port, frame, BF_KIND_WINDOW, BF_VALUES * BF_INPUT_BYTES);
    if (status == BF_OK) status = receive(port, BF_KIND_WINDOW, answer, sizeof answer);
    if (status != BF_OK) return status;
    for (int output = 0; output < BF_OUTPUTS; output++) {
        const uint8_t *bytes = answer + output * BF_OUTPUT_BYTES;
        uint32_t value = bytes[0] & 0x80 ? UINT32_MAX : 0;
        for (int byte = 0; byte < BF_OUTPUT_BYTES; byte++) value = value << 8 | bytes[byte];
        outputs[output] = (int32_t)value;
    }
    return BF_OK;
}

int bf_predict(bf_port *port, const double window[BF_ROWS * BF_COLUMNS], double forecast[BF_OUTPUTS]) {
    static int32_t integers[BF_VALUES];
    int32_t outputs[BF_OUTPUTS];
    int status = bf_quantize(window, integers);
    if (status == BF_OK) status = bf_infer(port, integers, outputs);
    if (status == BF_OK) bf_forecast(window, outputs, forecast);
    return status;
}
