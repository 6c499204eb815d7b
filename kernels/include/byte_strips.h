/* Windows of 8-bit inputs as words, for instructions that work on bytes side by side.
 *
 * A kernel row meets kernel_w * in_c neighbouring bytes of an image row: a run. A strip holds the runs of one column of
 * output pixels, or of some columns side by side, image row by image row, so that a window is neighbouring words, and
 * the window below starts a row further. Strips have room for twice as many rows as a window; when a window would
 * reach beyond, the rows that are still wanted move to the front.
 */
#ifndef BNN_BYTE_STRIPS_H
#define BNN_BYTE_STRIPS_H
#include <stdint.h>
#include "bnn_layer.h"
#include "copy.h"
#include "inline.h"
#include "int8_bytes.h"

typedef struct {
    uint32_t *words;
    uint8_t *line;       /* an image row with blanks on both sides */
    int32_t blank;       /* what counts as 0 */
    int32_t row_words;   /* of a run, of one column */
    int32_t strip_words;
    int32_t room;        /* rows */
    int32_t first, next; /* image rows in the strips: first .. next - 1 */
} bnn_strips;

BNN_INLINE int32_t bnn_run_words(const bnn_layer *layer)
{
    return (layer->kernel_w * layer->in_c + 3) / 4;
}

/* Bytes of the line: what windows reach, and what the last word of the last run reads beyond. */
BNN_INLINE int32_t bnn_line_bytes(const bnn_layer *layer)
{
    return ((layer->out_w - 1) * layer->stride_w + layer->kernel_w) * layer->in_c + 3;
}

/* columns: of a strip, interleaved word by word; row_words: at least bnn_run_words. Memory:
 * 8 * kernel_h * row_words * columns bytes for each strip, then the line. */
BNN_INLINE bnn_strips bnn_start_strips(const bnn_layer *layer, void *memory, int32_t columns, int32_t row_words,
                                       int32_t blank)
{
    bnn_strips s = {.words = memory, .blank = blank, .row_words = row_words, .room = 2 * layer->kernel_h};

    s.first = s.next = -layer->pad_top;
    s.strip_words = s.room * row_words * columns;
    s.line = (uint8_t *)(s.words + (layer->out_w + columns - 1) / columns * s.strip_words);
    bnn_fill_bytes(s.line, blank, bnn_line_bytes(layer));
    return s;
}

/* Image row y into a line that was filled with blanks; blanks if it lies outside the image. */
BNN_NOINLINE void bnn_fill_line(const bnn_layer *layer, uint8_t *line, int32_t y, int32_t blank)
{
    const int32_t before = layer->pad_left * layer->in_c, room = bnn_line_bytes(layer) - 3 - before;
    const int32_t row_bytes = layer->in_w * layer->in_c, bytes = row_bytes < room ? row_bytes : room;

    if (y >= 0 && y < layer->in_h)
        bnn_copy_bytes(line + before, (const uint8_t *)layer->input + y * row_bytes, bytes);
    else
        bnn_fill_bytes(line + before, blank, bytes);
}

/* Image row y, or blanks outside the image, as row `slot` of all strips. columns, exact: constants; exact: the bytes
 * that follow a run within its row_words words are 0, else they are any, and the words must be bnn_run_words. */
BNN_INLINE void bnn_fill_strips(const bnn_layer *layer, const bnn_strips *s, int32_t y, int32_t slot, int32_t columns,
                                int32_t exact)
{
    const int32_t run = layer->kernel_w * layer->in_c, step = layer->stride_w * layer->in_c;
    const int32_t row_words = s->row_words, strip_words = s->strip_words, words = exact ? run >> 2 : row_words;
    const uint32_t mask = (1u << (8 * (run & 3))) - 1;
    uint32_t *to = s->words + slot * row_words * columns;
    const uint8_t *from = s->line;

    bnn_fill_line(layer, s->line, y, s->blank);
    for (int32_t x = layer->out_w; x > 0; x -= columns, to += strip_words)
        for (int32_t column = 0; column < columns && column < x; column++, from += step) {
            uint32_t *at = bnn_put_words(to + column, (const int8_t *)from, words, columns);
            int32_t rest = row_words - words;

            if (exact && rest > 0 && mask) {
                *at = bnn_load_lanes((const int8_t *)from + (run & ~3)) & mask;
                at += columns;
                rest--;
            }
            if (exact)
                bnn_put_same(at, 0, rest, columns);
        }
}

/* Rows from `row` on to the front of all strips. bnn_copy_bytes goes upwards and copies downwards here, so that what
 * overlaps is right. */
BNN_NOINLINE void bnn_shift_strips(bnn_strips *s, int32_t row, int32_t strips, int32_t columns)
{
    const int32_t row_words = s->row_words * columns, words = (s->next - row) * row_words;
    uint32_t *to = s->words;

    for (; words > 0 && strips > 0; strips--, to += s->strip_words)
        bnn_copy_bytes((uint8_t *)to, (const uint8_t *)(to + (row - s->first) * row_words), 4 * words);
    s->first = row;
    s->next = s->next > row ? s->next : row;
}

/* The windows of a row of outputs, of their image rows from .. to - 1: fills what is new; returns those of the first
 * strip. columns, exact: constants, as above. */
BNN_INLINE const uint32_t *bnn_windows(const bnn_layer *layer, bnn_strips *s, int32_t from, int32_t to, int32_t columns,
                                       int32_t exact)
{
    if (from > s->next || to > s->first + s->room)
        bnn_shift_strips(s, from, (layer->out_w + columns - 1) / columns, columns);
    for (; s->next < to; s->next++)
        bnn_fill_strips(layer, s, s->next, s->next - s->first, columns, exact);
    return s->words + (from - s->first) * s->row_words * columns;
}
#endif
