/* Send the windows of a file through stdout and stdin with the exported host code, and write the forecasts.
 *
 * In between a bit is flipped in a frame, another frame ends too early, and the accelerator is reset: each must be
 * answered as it should be, and the next window as if nothing had happened.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bitfront_host.h"

enum { INTACT, FLIPPED, TRUNCATED };

typedef struct {
    int damage;
} wire;

static void need(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static int write_all(void *context, const uint8_t *data, size_t size) {
    wire *own = context;
    if (own->damage == TRUNCATED) size -= 3;
    for (size_t index = 0; index < size; index++) {
        uint8_t byte = data[index];
        if (own->damage == FLIPPED && index == 6) byte ^= 0x10;
        if (write(1, &byte, 1) != 1) return 1;
    }
    own->damage = INTACT;
    return 0;
}

static int read_all(void *context, uint8_t *data, size_t size) {
    (void)context;
    while (size > 0) {
        ssize_t got = read(0, data, size);
        if (got <= 0) return 1;
        data += got;
        size -= (size_t)got;
    }
    return 0;
}

int main(int count, char **arguments) {
    static double window[BF_ROWS * BF_COLUMNS];
    double forecast[BF_OUTPUTS];
    wire own = {INTACT};
    bf_port port = {&own, write_all, read_all, 0};
    need(count == 3, "two arguments are needed");
    FILE *source = fopen(arguments[1], "r"), *sink = fopen(arguments[2], "w");
    need(source != NULL && sink != NULL, "a file cannot be opened");
    need(bf_crc16(0xFFFF, (const uint8_t *)"123456789", 9) == 0x29B1, "the checksum is another one");
    need(bf_check(&port) == BF_OK, "the board holds another design");

    for (int number = 0;; number++) {
        for (int value = 0; value < BF_ROWS * BF_COLUMNS; value++) {
            if (fscanf(source, "%lf", &window[value]) != 1) {
                return fclose(sink);
            }
        }
        if (number == 4) {
            own.damage = FLIPPED;
            need(bf_predict(&port, window, forecast) == BF_REFUSED, "a flipped bit was not refused");
            need(port.refusal == BF_ERROR_SUM, "a flipped bit was refused for another reason");
        }
        if (number == 8) {
            own.damage = TRUNCATED;
            need(bf_predict(&port, window, forecast) == BF_REFUSED, "a truncated frame was not refused");
            need(port.refusal == BF_ERROR_TIMEOUT, "a truncated frame was refused for another reason");
        }
        if (number == 12) need(bf_reset(&port) == BF_OK, "a reset was not answered");
        if (number == 16) {
            double *newest = window + BF_COLUMNS * (BF_ROWS - 1), kept = *newest;
            *newest = nan("");
            need(bf_predict(&port, window, forecast) == BF_NOT_FINITE, "a NaN was not refused");
            *newest = kept;
        }
        need(bf_predict(&port, window, forecast) == BF_OK, "no forecast");
        for (int output = 0; output < BF_OUTPUTS; output++) fprintf(sink, "%.17g ", forecast[output]);
        fprintf(sink, "%d\n", bf_decide(forecast));
    }
}
