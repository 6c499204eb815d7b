/* ---
operator: Conv2D_int8
variant: winograd
idea: >-
  3×3 kernels with stride 1 in 16 instead of 36 products per 2×2 outputs (Winograd's F(2×2, 3×3)), exact in integers:
  inputs are transformed to at most 1020, weights, four times too large, to 1152, so both fit the halves of SMLAD, and
  sums are divided by four at the end. Transforms are SADD16 and SSUB16, two channels at a time. 32 outputs (16 of
  more than 64 channels) at a time have their weights transformed into scratch; then three tiles by two outputs per
  step, as im2col_smlad. All but the transform of the weights is assembly.
registers: as im2col_smlad; a tile's inputs are transformed with its two middle rows in eight registers
needs: [dsp]
fixed_time: true
weights: int8 O Y X C/4 C%4
scratch_bytes: 6144 + ((in_c + 3) // 4) * (2048 * (1 + (in_c <= 64)) + 448)
supports: kernel_h == 3 and kernel_w == 3 and stride_h == 1 and stride_w == 1 and in_c <= 512
--- */
#include "bnn_layer.h"
#include "int8.h"
#include "int8_rescale.h"
#include "int8_smlad.h"

enum { OUTPUTS = 32, ELEMENTS = 16, TAPS = 9, SUMS = OUTPUTS * BNN_PIXELS };

typedef struct {
    const bnn_layer *layer;
    uint32_t *weights;    /* [ELEMENTS][outputs / 2][words][2] */
    uint32_t *inputs;     /* [ELEMENTS][words][BNN_PIXELS] */
    uint32_t *tile;       /* [words / 2][16]: four channels of 4 x 4 pixels */
    int32_t *sums;        /* [ELEMENTS][OUTPUTS][BNN_PIXELS] */
    int32_t words;        /* of a transformed pixel: pairs of channels, an even number */
    int32_t first, count; /* outputs whose weights are transformed */
    int32_t outputs;      /* at a time: OUTPUTS, or half of it for many channels */
    int32_t fits;
    struct {
        int32_t twice_bias;
        bnn_rescale rescale;
    } output[OUTPUTS];
} plan;

BNN_INLINE uint32_t add16(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("sadd16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

BNN_INLINE uint32_t subtract16(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub16 %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

/* Four from three weights: 2 a, a + b + c, a - b + c, 2 c. */
BNN_INLINE void widen_weights(uint32_t a, uint32_t b, uint32_t c, uint32_t *to, int32_t step)
{
    uint32_t sum = add16(a, c);

    to[0] = add16(a, a);
    to[step] = add16(sum, b);
    to[2 * step] = subtract16(sum, b);
    to[3 * step] = add16(c, c);
}

/* Two channels of an output's kernel; g: the taps as pairs of 16 bits. */
BNN_INLINE void transform_kernel(const uint32_t *g, uint32_t *to, int32_t element_step)
{
    uint32_t columns[12]; /* [4][3] */

    for (int32_t j = 0; j < 3; j++)
        widen_weights(g[j], g[3 + j], g[6 + j], columns + j, 3);
    for (int32_t i = 0; i < 4; i++)
        widen_weights(columns[3 * i], columns[3 * i + 1], columns[3 * i + 2], to + 4 * i * element_step,
                      element_step);
}

static void transform_weights(const plan *p)
{
    const int32_t quads = p->words / 2, element_step = p->outputs * p->words;

    for (int32_t o = 0; o < p->outputs; o++) {
        const uint32_t *w = (const uint32_t *)p->layer->weights + (p->first + o) * TAPS * quads;
        uint32_t *to = p->weights + (o >> 1) * 2 * p->words + (o & 1);

        for (int32_t q = 0; q < quads; q++, w++, to += 4) {
            uint32_t g[TAPS];

            for (int32_t n = 0; n < TAPS; n++)
                g[n] = o < p->count ? bnn_sxtb16(w[n * quads]) : 0;
            transform_kernel(g, to, element_step);
            for (int32_t n = 0; n < TAPS; n++)
                g[n] = o < p->count ? bnn_sxtb16_ror8(w[n * quads]) : 0;
            transform_kernel(g, to + 2, element_step);
        }
    }
}

/* The transform of a tile; the assembly knows the offsets. */
typedef struct {
    const uint32_t *tile; /*  0: [words / 2][4][4] */
    uint32_t offset;      /*  4: the input offset in both halves */
    uint32_t *to;         /*  8: of the first element */
    uint32_t step;        /* 12: bytes from element to element */
    const uint32_t *end;  /* 16: of the tile */
} input_job;

#define WIDEN(x, rotation) "sxtab16 " x ", r12, " x rotation "\n\t"
/* a - c, b + c, c - b, b - d of a row, for four elements. */
#define MIX_ROW                                    \
    "ssub16 r1, r1, r3\n\t"                        \
    "str.w r1, [r0]\n\tadd.w r0, r0, r12\n\t"      \
    "sadd16 r1, r2, r3\n\t"                        \
    "str.w r1, [r0]\n\tadd.w r0, r0, r12\n\t"      \
    "ssub16 r3, r3, r2\n\t"                        \
    "str.w r3, [r0]\n\tadd.w r0, r0, r12\n\t"      \
    "ssub16 r2, r2, lr\n\t"                        \
    "str.w r2, [r0]\n\tadd.w r0, r0, r12\n\t"
/* Two of four channels. The second and third row stay in r4 to r11. */
#define TRANSFORM_PAIR(rotation)                                                                        \
    "ldr.w r0, [sp]\n\tldr.w r12, [sp, #4]\n\t"                                                         \
    "ldr.w r1, [r0]\n\tldr.w r2, [r0, #4]\n\tldr.w r3, [r0, #8]\n\tldr.w lr, [r0, #12]\n\t"             \
    "ldr.w r4, [r0, #16]\n\tldr.w r5, [r0, #20]\n\tldr.w r6, [r0, #24]\n\tldr.w r7, [r0, #28]\n\t"      \
    "ldr.w r8, [r0, #32]\n\tldr.w r9, [r0, #36]\n\tldr.w r10, [r0, #40]\n\tldr.w r11, [r0, #44]\n\t"    \
    WIDEN("r1", rotation) WIDEN("r2", rotation) WIDEN("r3", rotation) WIDEN("lr", rotation)             \
    WIDEN("r4", rotation) WIDEN("r5", rotation) WIDEN("r6", rotation) WIDEN("r7", rotation)             \
    WIDEN("r8", rotation) WIDEN("r9", rotation) WIDEN("r10", rotation) WIDEN("r11", rotation)           \
    "ldr.w r0, [sp, #8]\n\tldr.w r12, [sp, #12]\n\t"                                                    \
    "ssub16 r1, r1, r8\n\tssub16 r2, r2, r9\n\tssub16 r3, r3, r10\n\tssub16 lr, lr, r11\n\t" MIX_ROW    \
    "sadd16 r1, r4, r8\n\tsadd16 r2, r5, r9\n\tsadd16 r3, r6, r10\n\tsadd16 lr, r7, r11\n\t" MIX_ROW    \
    "ssub16 r1, r8, r4\n\tssub16 r2, r9, r5\n\tssub16 r3, r10, r6\n\tssub16 lr, r11, r7\n\t" MIX_ROW    \
    "ldr.w r1, [sp]\n\tldr.w r12, [sp, #4]\n\t"                                                         \
    "ldr.w r8, [r1, #48]\n\tldr.w r9, [r1, #52]\n\tldr.w r10, [r1, #56]\n\tldr.w r11, [r1, #60]\n\t"    \
    WIDEN("r8", rotation) WIDEN("r9", rotation) WIDEN("r10", rotation) WIDEN("r11", rotation)           \
    "ldr.w r12, [sp, #12]\n\t"                                                                          \
    "ssub16 r1, r4, r8\n\tssub16 r2, r5, r9\n\tssub16 r3, r6, r10\n\tssub16 lr, r7, r11\n\t" MIX_ROW    \
    "ldr.w r1, [sp, #8]\n\t"                                                                            \
    "ldr.w r2, [sp]\n\t"                                                                                \
    "ldr.w r3, [sp, #16]\n\t"                                                                           \
    "add.w r1, r1, #12\n\t"                                                                             \
    "str.w r1, [sp, #8]\n\t"

__attribute__((naked, noinline)) static void transform_tile(__attribute__((unused)) const input_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r4-r8}\n\t"
        "sub sp, #20\n\t"
        "stm sp, {r4-r8}\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "1:\n\t"
        TRANSFORM_PAIR("")
        TRANSFORM_PAIR(", ror #8")
        "add.w r2, r2, #64\n\t"
        "str.w r2, [sp]\n\t"
        "cmp.w r2, r3\n\t"
        "bne.w 1b\n\t"
        "add sp, #20\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* The 4 x 4 pixels whose first is (row, column), the zero point where there is none. */
static void gather_tile(const plan *p, int32_t row, int32_t column)
{
    const bnn_layer *layer = p->layer;
    const uint32_t nothing = ((uint32_t)-layer->input_offset & 0xffu) * 0x01010101u;
    const int32_t quads = p->words / 2, whole = layer->in_c / 4, tail = layer->in_c & 3;

    for (int32_t n = 0; n < 16; n++) {
        const int32_t y = row + (n >> 2), x = column + (n & 3);
        uint32_t *to = p->tile + n;

        if (y < 0 || y >= layer->in_h || x < 0 || x >= layer->in_w) {
            for (int32_t q = 0; q < quads; q++, to += 16)
                *to = nothing;
            continue;
        }
        const int8_t *from = (const int8_t *)layer->input + (y * layer->in_w + x) * layer->in_c;
        int32_t q = whole;

        for (; q >= 4; q -= 4, from += 16, to += 64) {
            uint32_t a, b, c, d;

            __asm__("ldr %0, [%4]\n\tldr %1, [%4, #4]\n\tldr %2, [%4, #8]\n\tldr %3, [%4, #12]"
                    : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
                    : "r"(from), "m"(*(const uint32_t(*)[4])(const void *)from));
            to[0] = a;
            to[16] = b;
            to[32] = c;
            to[48] = d;
        }
        for (; q > 0; q--, from += 4, to += 16)
            *to = bnn_load(from);
        if (tail) {
            *to = 0;
            for (int32_t k = 0; k < tail; k++)
                *to |= (uint32_t)(uint8_t)from[k] << (8 * k);
        }
    }
}

/* Tile `place` of three, whose first output is (y, x). */
static void transform_inputs(const plan *p, int32_t place, int32_t y, int32_t x)
{
    input_job j = {.tile = p->tile, .to = p->inputs + place, .end = p->tile + 8 * p->words};

    j.offset = ((uint32_t)p->layer->input_offset & 0xffffu) * 0x10001u;
    j.step = 4 * BNN_PIXELS * (uint32_t)p->words;
    gather_tile(p, y - p->layer->pad_top, x - p->layer->pad_left);
    transform_tile(&j);
}

/* All outputs of a tile; the assembly knows the offsets. */
typedef struct {
    const int32_t *sums; /*  0: of the first output */
    const void *table;   /*  4: twice_bias, rescale of each output */
    int8_t *output;      /*  8: the first of 2 x 2 */
    int32_t count;       /* 12 */
    int32_t out_c;       /* 16: bytes from column to column */
    int32_t out_row;     /* 20: bytes from row to row */
} tile_job;

/* Two of four: a + b + c and b - c - d in the places of a and b; r0 moves to the next row of elements. */
#define FINISH_ROW(a, b, c, d)               \
    "ldr.w " a ", [r0]\n\t"                  \
    "ldr.w " b ", [r0, #384]\n\t"            \
    "ldr.w " c ", [r0, #768]\n\t"            \
    "ldr.w " d ", [r0, #1152]\n\t"           \
    "add.w r0, r0, #1536\n\t"                \
    "add.w " a ", " a ", " b "\n\t"          \
    "sub.w " b ", " b ", " c "\n\t"          \
    "add.w " a ", " a ", " c "\n\t"          \
    "sub.w " b ", " b ", " d "\n\t"
#define FINISH_COLUMN(a, b, c, d)            \
    "add.w " a ", " a ", " b "\n\t"          \
    "sub.w " b ", " b ", " c "\n\t"          \
    "add.w " a ", " a ", " c "\n\t"          \
    "sub.w " b ", " b ", " d "\n\t"
/* Four times a sum to its output, as BNN_RESCALE. */
#define FINISH_OUTPUT(sum)                     \
    "add.w " sum ", r10, " sum ", asr #1\n\t"  \
    "add.w r9, r7, " sum ", asr #31\n\t"       \
    "smmlar " sum ", " sum ", r11, r9\n\t"     \
    "asr.w " sum ", " sum ", r8\n\t"           \
    "ssat " sum ", #8, " sum "\n\t"

__attribute__((naked, noinline)) static void finish_tile(__attribute__((unused)) const tile_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldm r0, {r4-r9}\n\t"
        "push {r8, r9}\n\t"
        "mov r0, r4\n\t"
        "mov r1, r5\n\t"
        "mov r12, r6\n\t"
        "mov lr, r7\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "1:\n\t"
        FINISH_ROW("r2", "r3", "r10", "r11")
        FINISH_ROW("r4", "r5", "r10", "r11")
        FINISH_ROW("r6", "r7", "r10", "r11")
        FINISH_ROW("r8", "r9", "r10", "r11")
        FINISH_COLUMN("r2", "r4", "r6", "r8")
        FINISH_COLUMN("r3", "r5", "r7", "r9")
        "ldr.w r10, [r1]\n\t"
        "ldr.w r11, [r1, #4]\n\t"
        "ldr.w r7, [r1, #8]\n\t"
        "ldr.w r8, [r1, #12]\n\t"
        "add.w r1, r1, #16\n\t"
        "sub.w r0, r0, #6144\n\t"
        FINISH_OUTPUT("r2") FINISH_OUTPUT("r3") FINISH_OUTPUT("r4") FINISH_OUTPUT("r5")
        "ldr.w r8, [sp]\n\t"
        "ldr.w r7, [sp, #4]\n\t"
        "add.w r0, r0, #12\n\t"
        "add.w r8, r8, r12\n\t"
        "strb.w r3, [r8]\n\t"
        "add.w r8, r8, r7\n\t"
        "add.w r7, r7, r12\n\t"
        "strb.w r2, [r12], #1\n\t"
        "strb.w r5, [r8]\n\t"
        "strb.w r4, [r7]\n\t"
        "subs.w lr, lr, #1\n\t"
        "bne.w 1b\n\t"
        "pop {r0, r1}\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* The same in C, for tiles of which only `rows` x `columns` outputs exist and outputs that need all of
 * bnn_int8_output. */
static void finish_part(const plan *p, const tile_job *j, int32_t rows, int32_t columns)
{
    for (int32_t o = 0; o < j->count; o++) {
        const int32_t *m = j->sums + BNN_PIXELS * o;
        int32_t left[4], right[4];

        for (int32_t i = 0; i < 4; i++, m += 4 * SUMS) {
            left[i] = m[0] + m[SUMS] + m[2 * SUMS];
            right[i] = m[SUMS] - m[2 * SUMS] - m[3 * SUMS];
        }
        for (int32_t x = 0; x < columns; x++) {
            const int32_t *s = x ? right : left;

            for (int32_t y = 0; y < rows; y++) {
                int32_t four = y ? s[1] - s[2] - s[3] : s[0] + s[1] + s[2];

                j->output[y * j->out_row + x * j->out_c + o] =
                    bnn_int8_output(p->layer, p->first + o, four / 4 + p->layer->bias[p->first + o]);
            }
        }
    }
}

/* Sums of one element; the assembly knows the offsets. */
typedef struct {
    const uint32_t *patch;   /*  0: [words][BNN_PIXELS] */
    int32_t turns;           /*  4: of the unrolled loop */
    int32_t skip_bytes;      /*  8: code that the first turn leaves out */
    int32_t *sums;           /* 12 */
    const int32_t *end;      /* 16: of the sums */
    const uint32_t *weights; /* 20 */
} sum_job;

__attribute__((naked, noinline)) static void sum_element(__attribute__((unused)) const sum_job *j)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "ldr r12, [r0, #20]\n\t"
        "ldm r0, {r4-r8}\n\t"
        "adr.w r1, 2f\n\t"
        "add r6, r1\n\t"
        "orr r6, #1\n\t"
        "sub sp, #20\n\t"
        "stm sp, {r4-r8}\n\t"
        "b.w 1f\n\t"
        ".balign 8\n"
        "2:\n\t"
        BNN_SMLAD_LOOP
        "ldr.w r6, [sp, #12]\n\t"
        "ldr.w r7, [sp, #16]\n\t"
        "stm.w r6!, {r0-r5}\n\t"
        "cmp.w r6, r7\n\t"
        "beq.w 3f\n\t"
        "str.w r6, [sp, #12]\n"
        "1:\n\t"
        "movs r0, #0\n\t"
        "movs r1, #0\n\t"
        "movs r2, #0\n\t"
        "movs r3, #0\n\t"
        "movs r4, #0\n\t"
        "movs r5, #0\n\t"
        "ldr.w lr, [sp, #4]\n\t"
        "ldr.w r11, [sp]\n\t"
        "ldr.w pc, [sp, #8]\n"
        "3:\n\t"
        "add sp, #20\n\t"
        "pop {r4-r11, pc}\n\t");
}

/* The sums of three tiles, for all elements. */
static void multiply(const plan *p)
{
    sum_job j;

    j.turns = (p->words + BNN_SMLAD_UNROLL - 1) / BNN_SMLAD_UNROLL;
    j.skip_bytes = (j.turns * BNN_SMLAD_UNROLL - p->words) * BNN_SMLAD_STEP_BYTES;
    for (int32_t e = 0; e < ELEMENTS; e++) {
        j.patch = p->inputs + e * BNN_PIXELS * p->words;
        j.weights = p->weights + e * p->outputs * p->words;
        j.sums = p->sums + e * SUMS;
        j.end = j.sums + (p->count + 1) / 2 * 2 * BNN_PIXELS;
        sum_element(&j);
    }
}

/* Where a tile's first output is. */
typedef struct {
    int32_t y, x;
} place;

static void finish(const plan *p, const place *tiles, int32_t count)
{
    const bnn_layer *layer = p->layer;

    multiply(p);
    for (int32_t n = 0; n < count; n++) {
        const int32_t rows = layer->out_h - tiles[n].y, columns = layer->out_w - tiles[n].x;
        tile_job j = {.sums = p->sums + n, .table = p->output, .count = p->count, .out_c = layer->out_c};

        j.out_row = layer->out_w * layer->out_c;
        j.output = (int8_t *)layer->output + (tiles[n].y * layer->out_w + tiles[n].x) * layer->out_c + p->first;
        if (p->fits && rows > 1 && columns > 1)
            finish_tile(&j);
        else
            finish_part(p, &j, rows > 1 ? 2 : 1, columns > 1 ? 2 : 1);
    }
}

static void prepare_outputs(plan *p)
{
    p->count = p->layer->out_c - p->first;
    p->count = p->count < p->outputs ? p->count : p->outputs;
    p->fits = 1;
    for (int32_t o = 0; o < p->count; o++) {
        p->output[o].twice_bias = 2 * p->layer->bias[p->first + o];
        p->fits &= bnn_rescale_of(p->layer, p->first + o, &p->output[o].rescale);
    }
    transform_weights(p);
}

void conv2d_int8_winograd(const bnn_layer *layer)
{
    plan p;
    place tiles[BNN_PIXELS];
    int32_t filled = 0;

    p.layer = layer;
    p.outputs = layer->in_c <= 64 ? OUTPUTS : OUTPUTS / 2;
    p.words = (layer->in_c + 3) / 4 * 2;
    p.sums = layer->scratch;
    p.weights = (uint32_t *)(void *)(p.sums + ELEMENTS * SUMS);
    p.inputs = p.weights + ELEMENTS * p.outputs * p.words;
    p.tile = p.inputs + ELEMENTS * BNN_PIXELS * p.words;
    for (p.first = 0; p.first < layer->out_c; p.first += p.outputs) {
        prepare_outputs(&p);
        for (int32_t y = 0; y < layer->out_h; y += 2)
            for (int32_t x = 0; x < layer->out_w; x += 2) {
                tiles[filled] = (place){y, x};
                transform_inputs(&p, filled, y, x);
                if (++filled == BNN_PIXELS) {
                    finish(&p, tiles, filled);
                    filled = 0;
                }
            }
        if (filled > 0)
            finish(&p, tiles, filled);
        filled = 0;
    }
    bnn_clamp_output(layer);
}
