/* For each window of a file, followed by output integers and values that came: what the exported host code makes of
 * them. A line: status, input integers, forecasts, class, alarm. */
#include <stdio.h>

#include "bitfront_host.h"

static double window[BF_ROWS * BF_COLUMNS];
static double actual[BF_OUTPUTS], forecast[BF_OUTPUTS];
static int32_t integers[BF_VALUES], outputs[BF_OUTPUTS];

int main(int count, char **arguments) {
    FILE *source = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (source == NULL) return 1;
    for (;;) {
        for (int value = 0; value < BF_ROWS * BF_COLUMNS; value++) {
            if (fscanf(source, "%lf", window + value) != 1) return fclose(source);
        }
        for (int output = 0; output < BF_OUTPUTS; output++) {
            if (fscanf(source, "%d", outputs + output) != 1) return 2;
        }
        for (int output = 0; output < BF_OUTPUTS; output++) {
            if (fscanf(source, "%lf", actual + output) != 1) return 2;
        }
        printf("%d", bf_quantize(window, integers));
        for (int value = 0; value < BF_VALUES; value++) printf(" %d", integers[value]);
        bf_forecast(window, outputs, forecast);
        for (int output = 0; output < BF_OUTPUTS; output++) printf(" %.17g", forecast[output]);
        printf(" %d %d\n", bf_decide(forecast), bf_is_anomaly(forecast, actual));
    }
}
