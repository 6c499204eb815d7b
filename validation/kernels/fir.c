/* FIR filter, 16 taps, 16-bit samples and coefficients, 32-bit sums: multiply-accumulate on loads. */
#include <stdint.h>

enum { TAPS = 16 };

static const int16_t taps[TAPS] = {-3, 11, -29, 61, -113, 197, -353, 997, 997, -353, 197, -113, 61, -29, 11, -3};

void fir(void *buffer, uint32_t n);

/* n outputs behind n + TAPS - 1 inputs */
void fir(void *buffer, uint32_t n)
{
    const int16_t *in = buffer;
    int16_t *out = (int16_t *)buffer + n + TAPS;
    for (uint32_t i = 0; i < n; i++) {
        int32_t sum = 1 << 14;
        for (uint32_t k = 0; k < TAPS; k++)
            sum += in[i + k] * taps[k];
        out[i] = (int16_t)(sum >> 15);
    }
}
