/* What binary kernels for a vector unit of 16 accumulators and their assembly agree on. */
#ifndef BNN_VECTOR_JOB_H
#define BNN_VECTOR_JOB_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"

#ifndef BNN_UNUSED
#define BNN_UNUSED __attribute__((unused))
#endif

enum {
    BNN_TILE_WORDS = 8,
    BNN_TILE_OUTPUTS = 16,
    BNN_VECTOR_BYTES = 32,
    BNN_TILE_BYTES = BNN_VECTOR_BYTES * BNN_TILE_OUTPUTS,
    BNN_MODE_INT16 = 0x100,
    BNN_TWO_SIDED = 1 << 31
};

/* Thresholds of 16 outputs: bit = (sum + first < 0) ^ flip, or if two-sided
 * (sum + first < 0 or sum + second >= 0) ^ flip. Assembly knows the offsets. */
typedef struct {
    int16_t first[BNN_TILE_OUTPUTS], second[BNN_TILE_OUTPUTS];
    uint32_t flip; /* 64: lower half; and BNN_TWO_SIDED */
} bnn_vector_group;
#define BNN_GROUP_BYTES "68"
_Static_assert(sizeof(bnn_vector_group) == 68, "assembly knows the size");

/* What the pixels of a region share. Assembly knows the offsets. */
typedef struct {
    const uint32_t *patch;               /* 0: its first tile that is not all outside */
    uint32_t entry;                      /* 4: where the first turn of the unrolled tiles enters */
    int32_t turns;                       /* 8 */
    uint32_t after;                      /* 12: bytes from the last tile of 16 outputs to the next 16 outputs' first */
    void *groups, *groups_end;           /* 16, 20: bnn_vector_group, or where sums are stored */
    uint32_t *spare;                     /* 24: a vector */
} bnn_vector_job;

/* What gathering reads. Assembly knows the offsets. */
typedef struct {
    int32_t in_row, patch_row;  /* 0, 4: bytes from row to row */
    int32_t rows, vectors, run; /* 8, 12, 16: per row, its bytes */
    int32_t apart;              /* 20: whether columns lie outside */
    int32_t simple;             /* 24: whether rows are whole, and not more than a vector */
} bnn_vector_copy;

BNN_INLINE int32_t bnn_vector_groups(const bnn_layer *layer)
{
    return (layer->out_c + BNN_TILE_OUTPUTS - 1) / BNN_TILE_OUTPUTS;
}

/* Code of a routine's tiles: where it is, how many are unrolled, bytes of one. */
typedef struct {
    const char *top;
    int32_t unrolled, tile_bytes;
} bnn_vector_code;

/* Enter a routine so that the last turn ends with the last tile. tiles: of the patch that count, of `all`. */
BNN_INLINE void bnn_vector_enter(bnn_vector_job *job, const bnn_vector_code *code, int32_t tiles, int32_t all)
{
    job->turns = (tiles + code->unrolled - 1) / code->unrolled;
    job->entry = (uint32_t)code->top + (uint32_t)((job->turns * code->unrolled - tiles) * code->tile_bytes) + 1;
    job->after = (uint32_t)((all - tiles) * BNN_TILE_BYTES);
}
#endif
