/* The table that a debugger reads; read_results.py knows the same layout. */
#ifndef RESULTS_H
#define RESULTS_H
#include <stdint.h>

enum { NAME_BYTES = 56 };

struct result {
    char name[NAME_BYTES]; /* SUITE/PROGRAM, zero-filled */
    uint32_t cycles;
};

struct results_header {
    char magic[16]; /* BNNSIM-RESULTS-1 */
    uint32_t entries;
    uint32_t finished;
};
#endif
