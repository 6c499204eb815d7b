/* Dense binary layers on the vector unit of xvpu. */
#ifndef BNN_VECTOR_DENSE_H
#define BNN_VECTOR_DENSE_H
#include <stdint.h>
#include "bnn_layer.h"
#include "vector_loads.h"

/* A dense layer's sums S, int16, at the start of scratch; returns pad bits: dot products are 2 S - pad bits. The input
 * is read where it lies, or copied if its last vector is not whole. scratch_bytes: (out_c + 15) // 16 * 32
 * + (in_h * in_w * in_words + 7) // 8 * 32. */
BNN_INLINE int32_t bnn_vector_dense(const bnn_layer *layer)
{
    const int32_t words = layer->in_h * layer->in_w * layer->in_words, whole = words & ~(BNN_TILE_WORDS - 1);
    const int32_t tiles = (words + BNN_TILE_WORDS - 1) / BNN_TILE_WORDS;
    uint32_t *const patch = (uint32_t *)layer->scratch + bnn_vector_groups(layer) * BNN_TILE_WORDS;
    bnn_vector_job job = {.patch = layer->input, .groups = layer->scratch, .groups_end = patch};

    bnn_vector_enter(&job, &bnn_vector_sums_code, tiles, tiles);
    vsetc(BNN_MODE_INT16);
    if (whole != words) {
        const void *from = layer->input, *to = patch;
        job.patch = patch;
        for (int32_t n = whole; n > 0; n -= BNN_TILE_WORDS) {
            from = vldr(from, BNN_VECTOR_BYTES);
            to = vstr(to, BNN_VECTOR_BYTES);
        }
        vclrdr();
        vstr(to, 0);
        for (int32_t i = whole; i < words; i++)
            patch[i] = ((const uint32_t *)layer->input)[i];
    }
    bnn_vector_sums(&job, layer->weights, 0);
    return 256 * tiles - layer->in_h * layer->in_w * layer->in_c;
}
#endif
