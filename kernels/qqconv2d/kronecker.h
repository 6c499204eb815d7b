/* First layers by Kronecker substitution, as kronecker explains them, of a kernel whose function is KRONECKER.
 *
 * A kernel tells how it makes and packs the bits of a block of four pixels. Those so far of the first three pixels are
 * in r1, r3 and r8, those of the fourth on the stack.
 * FIRST_OUTPUT: values in r11, r0, r12 and r2, their width in r9; it leaves the second output's bias in r12, width in
 * r9, carry in r0, and bits of the fourth pixel in r11.
 * SECOND_OUTPUT: values in r0, r4, r2 and r6, width in r9; it leaves the stride in r2, all bits stored, and in the
 * carry flag what falls out of the fourth pixel's.
 */
#ifndef QQCONV2D_KRONECKER_H
#define QQCONV2D_KRONECKER_H
#include "bnn_layer.h"

/* A line is one kernel row of one channel. Output pixel 2a + 1 of a line is the middle field of the sum
 * over j < steps of X[a + j] * W[j]. X[m] holds column 2m + 1 - front - pad_left (low) and the next
 * (high), W[j] holds taps 2j - front (high) and 2j - front + 1 (low), and front is 1 when the kernel
 * width is odd. The low field of the same sum belongs to pixel 2a, the high field to pixel 2a + 2.
 *
 * With |input| <= 128 and |weight| <= 128 a product is at most 2^14. The low and middle fields have 22
 * bits, so 127 products fit; the high field has 20, so 31 fit: the limits in `supports`.
 *
 * X lies in strips of two words per line; strip g holds X[2g - 2] and X[2g - 1]. A window slides down the
 * strips.
 */
enum {
    FIELD = 22,       /* bits */
    LINES = 15,       /* unrolled */
    STRIP_LINES = 30, /* window plus room to slide; STRIP_BYTES in the assembly */
    STRIP_WORDS = 2 * STRIP_LINES,
    ZERO = 128        /* input value that counts as 0 */
};

/* After the weights of each pair of outputs. */
typedef struct pair_tail {
    struct {
        int32_t bias;   /* of the layer, plus what the offsets of inputs and fields cost */
        uint32_t width;
        int32_t carry;  /* high field of the block before: part of this block's first pixel */
    } output[2];
    int32_t border[2];  /* part of the carry at the start of a row that is the same for all rows */
} pair_tail;

/* What a run of output pairs needs; the assembly knows the offsets. */
typedef struct job {
    const uint32_t *x;  /*  0: first unrolled line */
    uint32_t *weights;  /*  4: likewise, of the first pair */
    int32_t skip_bytes; /*  8: code of the lines not used */
    uint32_t stride;    /* 12: bytes from pair to pair */
    uint32_t bits[4];   /* 16: pushed from the top; a one in bits[3] falls out after the last pair */
} job;

typedef struct plan {
    int32_t lines, steps, front;
    int32_t first;      /* step whose high tap meets column 0 or later, in the block before a row */
    int32_t edge_words; /* per pair: weights of that block, two outputs, two products per word */
    int32_t pair_words; /* weights and tail */
    int32_t slide;      /* first line of the window within the strips */
    uint32_t *x, *weights, *edge;
} plan;

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
#define STRIP_BYTES 240

#define LOAD_X(register, offset) "ldr.w " #register ", [r10, #8 * line + " NUMBER(offset) "]\n\t"
#define LOAD_W(offset) \
    "ldr.w r11, [lr, #8 * steps * line + " #offset "]\n\t" \
    "ldr.w r12, [lr, #8 * steps * line + " #offset " + 4]\n\t"
#define MULTIPLY(x0, x1) \
    "smlal r0, r1, " #x0 ", r11\n\tsmlal r4, r5, " #x0 ", r12\n\t" \
    "smlal r2, r3, " #x1 ", r11\n\tsmlal r6, r7, " #x1 ", r12\n\t"
#define TWO_STEPS \
    LOAD_X(r8, 0) LOAD_X(r9, 4) LOAD_W(0) MULTIPLY(r8, r9) \
    LOAD_X(r8, STRIP_BYTES) LOAD_W(8) MULTIPLY(r9, r8)
#define THIRD_STEP LOAD_X(r9, STRIP_BYTES + 4) LOAD_W(16) MULTIPLY(r8, r9)

/* Four pixels of one output: fields to values in place, v0 to v3, plus bias; stores the new carry. */
#define FIELDS(l0, h0, l1, h1, carry, temporary, bias, carry_offset) \
    "ubfx " #temporary ", " #l0 ", #0, #22\n\t" \
    "add.w " #carry ", " #carry ", " #temporary "\n\t" \
    "lsr.w " #l0 ", " #l0 ", #22\n\t" \
    "bfi " #l0 ", " #h0 ", #10, #12\n\t" \
    "ubfx " #temporary ", " #l1 ", #0, #22\n\t" \
    "add.w " #temporary ", " #temporary ", " #h0 ", asr #12\n\t" \
    "lsr.w " #l1 ", " #l1 ", #22\n\t" \
    "bfi " #l1 ", " #h1 ", #10, #12\n\t" \
    "asr.w " #h1 ", " #h1 ", #12\n\t" \
    "add.w " #carry ", " #carry ", " #bias "\n\t" \
    "str.w " #h1 ", [lr, #15 * 8 * steps + " #carry_offset "]\n\t" \
    "add.w " #l0 ", " #l0 ", " #bias "\n\t" \
    "add.w " #temporary ", " #temporary ", " #bias "\n\t" \
    "add.w " #l1 ", " #l1 ", " #bias "\n\t"

/* The body of output_pairs_2 and output_pairs_3. Frame: bits[4], entry, job. */
#define OUTPUT_PAIRS(steps_per_line, line_bytes, all_steps) \
    __asm__ volatile( \
        ".set steps, " #steps_per_line "\n\t" \
        "push {r4-r11, lr}\n\t" \
        "sub sp, #28\n\t" \
        "str r0, [sp, #20]\n\t" \
        "ldr r10, [r0]\n\t" \
        "ldr lr, [r0, #4]\n\t" \
        "ldr r2, [r0, #8]\n\t" \
        "ldr r1, [r0, #12]\n\t" \
        "str r1, [sp, #24]\n\t" \
        "add r0, #16\n\t" \
        "ldm r0, {r4-r7}\n\t" \
        "stm sp, {r4-r7}\n\t" \
        "adr.w r1, 2f\n\t" \
        "add r1, r2\n\t" \
        "orr r1, #1\n\t" \
        "str r1, [sp, #16]\n\t" \
        "b.w 1f\n\t" \
        ".balign 8\n" \
        "2:\n\t" \
        ".set line, 0\n\t" \
        ".rept 15\n\t" all_steps \
        ".set line, line + 1\n\t" \
        ".endr\n\t" \
        "ldr.w r8, [lr, #15 * 8 * steps]\n\t" \
        "ldr.w r9, [lr, #15 * 8 * steps + 4]\n\t" \
        "ldr.w r11, [lr, #15 * 8 * steps + 8]\n\t" \
        FIELDS(r0, r1, r2, r3, r11, r12, r8, 8) \
        "ldr.w r1, [sp]\n\t" \
        "ldr.w r3, [sp, #4]\n\t" \
        "ldr.w r8, [sp, #8]\n\t" \
        FIRST_OUTPUT \
        FIELDS(r4, r5, r6, r7, r0, r2, r12, 20) \
        SECOND_OUTPUT \
        "add.w lr, lr, r2\n\t" \
        "bcs.w 3f\n" \
        "1:\n\t" \
        "mov.w r0, #0x200000\n\t" \
        "mov.w r2, #0x200000\n\t" \
        "mov.w r4, #0x200000\n\t" \
        "mov.w r6, #0x200000\n\t" \
        "mov.w r1, #0x800\n\t" \
        "mov.w r3, #0x800\n\t" \
        "mov.w r5, #0x800\n\t" \
        "mov.w r7, #0x800\n\t" \
        "ldr.w pc, [sp, #16]\n" \
        "3:\n\t" \
        "ldr r0, [sp, #20]\n\t" \
        "ldm sp, {r4-r7}\n\t" \
        "add r0, #16\n\t" \
        "stm r0, {r4-r7}\n\t" \
        "add sp, #28\n\t" \
        "pop {r4-r11, pc}\n\t")

__attribute__((naked, noinline)) static void output_pairs_2(__attribute__((unused)) job *j)
{
    OUTPUT_PAIRS(2, 60, TWO_STEPS);
}

__attribute__((naked, noinline)) static void output_pairs_3(__attribute__((unused)) job *j)
{
    OUTPUT_PAIRS(3, 88, TWO_STEPS THIRD_STEP);
}

static int32_t pack(int32_t low, int32_t high)
{
    return low + high * (1 << FIELD);
}

/* Signed high half of a packed word. */
static int32_t high_of(int32_t word)
{
    return (word + (1 << (FIELD - 1))) >> FIELD;
}

static pair_tail *tail_of(const plan *p, int32_t pair)
{
    return (pair_tail *)(void *)(p->weights + pair * p->pair_words + 2 * p->lines * p->steps);
}

/* Weights of one line, every second word from `to` on; returns their sum. */
static inline int32_t pack_line(const plan *p, const int8_t *w, int32_t channels, int32_t *to)
{
    int32_t total = 0, j = 0;

    if (p->front) {
        to[0] = total = w[0];
        w += channels;
        j = 1;
    }
    for (; j < p->steps; j++, w += 2 * channels) {
        int32_t high = w[0], low = w[channels];

        to[2 * j] = pack(low, high);
        total += low + high;
    }
    return total;
}

/* High weights of a packed output, two to a word: swapped, so that the middle field of the product with two
 * inputs is the sum of both products. */
static int32_t pack_edge(const plan *p, const int32_t *packed, int32_t *to)
{
    int32_t border = 0, low = 0, odd = 0;

    for (int32_t l = 0; l < p->lines; l++, packed += 2 * p->steps) {
        for (int32_t j = 0; j < p->first; j++)
            border += high_of(packed[2 * j]);
        for (int32_t j = p->first; j < p->steps; j++) {
            int32_t high = high_of(packed[2 * j]);

            to[0] = pack(odd ? high : 0, odd ? low : high);
            to += odd ? 2 : 0;
            low = high;
            odd ^= 1;
        }
    }
    return border;
}

static void pack_output(const bnn_layer *layer, const plan *p, int32_t o)
{
    int32_t *first = (int32_t *)(void *)(p->weights + (o >> 1) * p->pair_words) + (o & 1), *to = first;
    const int8_t *w = (const int8_t *)layer->weights + o * p->lines * layer->kernel_w;
    int32_t channels = layer->in_c, total = 0;
    pair_tail *tail = tail_of(p, o >> 1);

    for (int32_t i = 0; i < layer->kernel_h; i++, w += (layer->kernel_w - 1) * channels)
        for (int32_t c = 0; c < channels; c++, w++, to += 2 * p->steps)
            total += pack_line(p, w, channels, to);
    tail->output[o & 1].bias = layer->bias[o] + ZERO * total - (1 << (FIELD - 1));
    tail->output[o & 1].width = layer->width[o];
    tail->border[o & 1] =
        -ZERO * pack_edge(p, first, (int32_t *)(void *)(p->edge + (o >> 1) * p->edge_words) + (o & 1));
}

/* Inputs of a column and the next one; ZERO outside the image. */
static int32_t edge_pair(const uint8_t *row, int32_t column, int32_t width, int32_t channels)
{
    int32_t low = column >= 0 && column < width ? row[column * channels] : 0;
    int32_t high = column + 1 >= 0 && column + 1 < width ? row[(column + 1) * channels] : 0;

    return pack(low - ZERO, high - ZERO);
}

/* One image row into the strips as lines first_line and following. */
static void fill_row(const bnn_layer *layer, const plan *p, int32_t y, int32_t first_line)
{
    int32_t channels = layer->in_c, words = 2 * ((layer->out_w + 3) / 4) + 4;
    int32_t leftmost = -3 - p->front - layer->pad_left; /* column of X[-2] */
    int32_t width = y >= 0 && y < layer->in_h ? layer->in_w : 0;
    int32_t begin = (1 - leftmost) / 2, end = (width - leftmost) / 2; /* both columns inside */
    const uint8_t *row = (const uint8_t *)layer->input + y * layer->in_w * channels;

    begin = begin < words ? begin : words;
    end = end < words ? end : words;
    for (int32_t c = 0; c < channels; c++, row++) {
        uint32_t *to = p->x + 2 * (first_line + c);
        const uint8_t *from = row + (leftmost + 2 * begin) * channels;
        int32_t n = 0, step = 1; /* within a strip, then to the next one */

        for (; n < begin; n++, to += step, step = STRIP_WORDS - step)
            *to = (uint32_t)edge_pair(row, leftmost + 2 * n, width, channels);
        for (; n < end; n++, to += step, step = STRIP_WORDS - step) {
            int32_t low = from[0], high = from[channels];

            from += 2 * channels;
            *to = (uint32_t)(pack(low, high) + pack(-ZERO, -ZERO));
        }
        for (; n < words; n++, to += step, step = STRIP_WORDS - step)
            *to = (uint32_t)edge_pair(row, leftmost + 2 * n, width, channels);
    }
}

/* Moves the window down to output row y; fills the image rows that were not in the strips. */
static void slide_to(const bnn_layer *layer, plan *p, int32_t y)
{
    int32_t down = layer->in_c * layer->stride_h, kept = p->lines - down;
    int32_t strips = (layer->out_w + 3) / 4 + 2, new_rows = layer->stride_h;

    if (y == 0 || kept <= 0) {
        kept = 0;
        new_rows = layer->kernel_h;
        p->slide = 0;
    } else if (p->slide + down + p->lines <= STRIP_LINES) {
        p->slide += down;
    } else {
        for (int32_t n = 0; n < strips; n++) {
            uint32_t *to = p->x + n * STRIP_WORDS;
            const uint32_t *from = to + 2 * (p->slide + down);

            for (int32_t k = 0; k < 2 * kept; k++)
                to[k] = from[k];
        }
        p->slide = 0;
    }
    for (int32_t i = layer->kernel_h - new_rows; i < layer->kernel_h; i++)
        fill_row(layer, p, y * layer->stride_h - layer->pad_top + i, p->slide + i * layer->in_c);
}

/* Inputs of the block before a row, two to a word; returns the number of words. */
static int32_t edge_inputs(const plan *p, int32_t *to)
{
    const uint32_t *x = p->x + 2 * p->slide;
    int32_t *first = to;
    int32_t low = 0, odd = 0;

    for (int32_t l = 0; l < p->lines; l++)
        for (int32_t j = p->first; j < p->steps; j++) {
            int32_t m = j + 1; /* X[j - 1] */
            int32_t high = high_of((int32_t)x[(m >> 1) * STRIP_WORDS + 2 * l + (m & 1)]);

            to[0] = pack(odd ? low : high, odd ? high : 0);
            to += odd;
            low = high;
            odd ^= 1;
        }
    return (int32_t)(to - first) + odd;
}

/* Middle field of a sum that started from half a field in the lower two. */
static inline int32_t middle_of(int64_t sum)
{
    return (int32_t)((uint64_t)sum >> FIELD & ((1 << FIELD) - 1)) - (1 << (FIELD - 1));
}

/* The carry into the first pixel of a row, for all outputs: high field of the block that would lie before. */
static void start_row(const bnn_layer *layer, const plan *p)
{
    int32_t inputs[(LINES * 3 + 1) / 2], count = edge_inputs(p, inputs);
    const int64_t start = ((int64_t)1 << (FIELD - 1)) + ((int64_t)1 << (2 * FIELD - 1));
    const int32_t *w = (const int32_t *)(const void *)p->edge;

    for (int32_t pair = 0; pair < (layer->out_c + 1) / 2; pair++) {
        int64_t sum0 = start, sum1 = start;
        pair_tail *tail = tail_of(p, pair);

        for (const int32_t *in = inputs; in != inputs + count; in++, w += 2) {
            int32_t x = in[0], w0 = w[0], w1 = w[1];

            sum0 += (int64_t)x * w0;
            sum1 += (int64_t)x * w1;
        }
        tail->output[0].carry = tail->border[0] + middle_of(sum0);
        tail->output[1].carry = tail->border[1] + middle_of(sum1);
    }
}

/* Four pixels of one output row, or what is left of it, all outputs. */
static void block_of_pixels(const bnn_layer *layer, const plan *p, int32_t x, uint32_t *output)
{
    int32_t unused = LINES - p->lines, count = layer->out_w - x;

    count = count > 4 ? 4 : count;
    for (int32_t word = 0; word < layer->out_words; word++) {
        int32_t outputs = layer->out_c - 32 * word;
        uint32_t valid = outputs >= 32 ? 0xffffffffu : (1u << outputs) - 1;
        int32_t pushes = outputs >= 32 ? 32 : (outputs + 1) & ~1;
        job j;

        j.x = p->x + (x / 4 + 1) * STRIP_WORDS + 2 * (p->slide - unused);
        j.weights = p->weights + 16 * word * p->pair_words - 2 * p->steps * unused;
        j.stride = 4 * (uint32_t)p->pair_words;
        j.bits[0] = j.bits[1] = j.bits[2] = 0;
        j.bits[3] = 1u << (pushes - 1);
        if (p->steps == 3) {
            j.skip_bytes = 88 * unused;
            output_pairs_3(&j);
        } else {
            j.skip_bytes = 60 * unused;
            output_pairs_2(&j);
        }
        for (int32_t n = 0; n < count; n++)
            output[n * layer->out_words + word] =
                ((j.bits[n] >> (32 - pushes)) ^ layer->polarity[word]) & valid;
    }
}

static plan make_plan(const bnn_layer *layer)
{
    plan p;

    p.lines = layer->kernel_h * layer->in_c;
    p.steps = (layer->kernel_w + 1) / 2;
    p.front = layer->kernel_w & 1;
    p.first = (layer->pad_left + p.front + 1) / 2;
    p.first = p.first < p.steps ? p.first : p.steps;
    p.edge_words = (p.lines * (p.steps - p.first) + 1) / 2 * 2;
    p.pair_words = 2 * p.lines * p.steps + (int32_t)(sizeof(pair_tail) / 4);
    p.slide = 0;
    p.x = layer->scratch;
    p.weights = p.x + ((layer->out_w + 3) / 4 + 2) * STRIP_WORDS;
    p.edge = p.weights + (layer->out_c + 1) / 2 * p.pair_words;
    return p;
}

void KRONECKER(const bnn_layer *layer)
{
    uint32_t *output = layer->output;
    plan p = make_plan(layer);

    for (int32_t n = layer->out_c / 2 * p.pair_words; n < (layer->out_c + 1) / 2 * p.pair_words; n++)
        p.weights[n] = 0; /* an odd last output has a partner without weights */
    for (int32_t n = layer->out_c / 2 * p.edge_words; n < (layer->out_c + 1) / 2 * p.edge_words; n++)
        p.edge[n] = 0;
    for (int32_t o = 0; o < layer->out_c; o++)
        pack_output(layer, &p, o);
    for (int32_t y = 0; y < layer->out_h; y++) {
        slide_to(layer, &p, y);
        start_row(layer, &p);
        for (int32_t x = 0; x < layer->out_w; x += 4)
            block_of_pixels(layer, &p, x, output + x * layer->out_words);
        output += layer->out_w * layer->out_words;
    }
}
#endif
