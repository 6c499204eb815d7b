/* int8 convolutions on the vector unit of xvpu: 16 outputs at a time, 32 synapses per instruction.
 *
 * Pixels are taken column by column. A strip holds, for one column of outputs, the part of every input row that its
 * windows see, each a whole number of words; so the patch of a pixel is a part of the strip, and the next pixel's
 * begins some rows further. Behind a patch weights are 0, whatever the strip has there.
 */
#ifndef BNN_VECTOR_INT8_H
#define BNN_VECTOR_INT8_H
#include <stdint.h>
#include "bnn_layer.h"
#include "inline.h"
#include "vector_loads.h"

enum { BNN_MODE_INT8 = 0x200 };

/* Where 16 sums start, as the unit holds them. */
typedef struct {
    uint16_t low[BNN_TILE_OUTPUTS];
    int16_t high[BNN_TILE_OUTPUTS];
} bnn_vector_starts;

BNN_INLINE void bnn_vector_set_start(bnn_vector_starts *s, int32_t i, int32_t value)
{
    s->low[i] = (uint16_t)value;
    s->high[i] = (int16_t)(value >> 16);
}

/* A copy of the input with what lies around it, and the strips that are made of it. */
typedef struct {
    uint8_t *frame;
    int32_t width, height;  /* pixels that windows reach */
    int32_t row_bytes;      /* of the frame */
    int32_t run;            /* bytes of a window's row, a multiple of 4 */
    int32_t tiles;
    uint32_t *strip;
} bnn_vector_frame;

/* scratch_bytes of the frame: 4 * ((((out_w - 1) * stride_w + kernel_w) * in_c + 3) // 4 + 1)
 * * ((out_h - 1) * stride_h + kernel_h); of the strip, 32 more than it has: 32 + 4 * ((kernel_w * in_c + 3) // 4)
 * * ((out_h - 1) * stride_h + kernel_h). Returns what follows them. */
BNN_INLINE void *bnn_vector_frame_of(const bnn_layer *layer, void *scratch, bnn_vector_frame *f)
{
    f->frame = scratch;
    f->width = (layer->out_w - 1) * layer->stride_w + layer->kernel_w;
    f->height = (layer->out_h - 1) * layer->stride_h + layer->kernel_h;
    f->row_bytes = (f->width * layer->in_c + 7) & ~3;
    f->run = (layer->kernel_w * layer->in_c + 3) & ~3;
    f->tiles = (layer->kernel_h * f->run + BNN_VECTOR_BYTES - 1) / BNN_VECTOR_BYTES;
    f->strip = (uint32_t *)(void *)(f->frame + f->row_bytes * f->height);
    return (uint8_t *)f->strip + f->run * f->height + BNN_VECTOR_BYTES;
}

/* Fill the frame: around the image each byte of `around`, inside inputs ^ flip. */
BNN_NOINLINE void bnn_vector_fill_frame(const bnn_layer *layer, const bnn_vector_frame *f, uint32_t around,
                                        uint32_t flip)
{
    const int32_t room = f->width - layer->pad_left, inside = room < layer->in_w ? room : layer->in_w;
    const int32_t bytes = inside * layer->in_c, left = layer->pad_left * layer->in_c;
    uint32_t *word = (uint32_t *)(void *)f->frame;
    for (int32_t n = f->row_bytes * f->height; n > 0; n -= 4)
        *word++ = around;
    for (int32_t y = 0; y < layer->in_h && y + layer->pad_top < f->height; y++) {
        const uint8_t *from = (const uint8_t *)layer->input + y * layer->in_w * layer->in_c;
        uint8_t *to = f->frame + (y + layer->pad_top) * f->row_bytes + left;
        int32_t n = bytes;
        for (; n >= 4; n -= 4, from += 4, to += 4) {
            uint32_t x;
            __builtin_memcpy(&x, from, 4);
            x ^= flip;
            __builtin_memcpy(to, &x, 4);
        }
        for (; n > 0; n--)
            *to++ = (uint8_t)(*from++ ^ flip);
    }
}

/* The strip of output column x. */
BNN_NOINLINE void bnn_vector_make_strip(const bnn_layer *layer, const bnn_vector_frame *f, int32_t x)
{
    const uint8_t *from = f->frame + x * layer->stride_w * layer->in_c;
    const int32_t skip = f->row_bytes - f->run;
    uint32_t *to = f->strip;
    for (int32_t y = f->height; y > 0; y--, from += skip) {
        int32_t n = f->run;
        for (; n >= 16; n -= 16, from += 16, to += 4) {
            uint32_t a, b, c, d;
            __asm__ volatile("ldr.w %0, [%4]\n\tldr.w %1, [%4, #4]\n\tldr.w %2, [%4, #8]\n\tldr.w %3, [%4, #12]"
                             : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
                             : "r"(from)
                             : "memory");
            to[0] = a;
            to[1] = b;
            to[2] = c;
            to[3] = d;
        }
        for (; n > 0; n -= 4, from += 4)
            __builtin_memcpy(to++, from, 4);
    }
}
#endif
