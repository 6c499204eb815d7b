/* ---
operator: DepthwiseConv2D_int8
variant: planes
idea: >-
  one channel at a time: its plane is copied into scratch as words with the input offset added and a frame of zeros, so
  that sums need no look at the borders; 3×3 kernels are unrolled, their weights widened once. For cores without DSP
  instructions.
registers: left to the compiler
needs: []
fixed_time: true
weights: int8 O Y X C
scratch_bytes: 4 * (((out_h - 1) * stride_h + kernel_h) * ((out_w - 1) * stride_w + kernel_w) + kernel_h * kernel_w)
--- */
#include "bnn_layer.h"
#include "int8.h"

/* A channel of the input as words, with a frame of zeros. */
static void copy_plane(const bnn_layer *layer, int32_t channel, int32_t *to, int32_t height, int32_t width)
{
    const int32_t channels = layer->in_c, offset = layer->input_offset, right = width - layer->pad_left;

    for (int32_t y = -layer->pad_top; y < height - layer->pad_top; y++) {
        const int8_t *from = (const int8_t *)layer->input + y * layer->in_w * channels + channel;
        int32_t x = -layer->pad_left;

        for (; x < 0; x++)
            *to++ = 0;
        if (y >= 0 && y < layer->in_h)
            for (; x < layer->in_w && x < right; x++, from += channels)
                *to++ = *from + offset;
        for (; x < right; x++)
            *to++ = 0;
    }
}

BNN_INLINE int32_t three(const int32_t *in, const int32_t *w)
{
    return in[0] * w[0] + in[1] * w[1] + in[2] * w[2];
}

/* Output o of all pixels; the size of the kernel is known where this is inlined with constants. */
BNN_INLINE void pixels(const bnn_layer *layer, int32_t o, const int32_t *plane, int32_t width, const int32_t *weights,
                       int32_t kernel_h, int32_t kernel_w)
{
    const bnn_channel after = bnn_channel_of(layer, o);
    const int32_t bias = layer->bias[o], out_c = layer->out_c, out_w = layer->out_w, stride_w = layer->stride_w;
    int8_t *output = (int8_t *)layer->output + o;

    for (int32_t y = 0; y < layer->out_h; y++, plane += layer->stride_h * width) {
        const int32_t *row = plane;

        for (int32_t x = 0; x < out_w; x++, output += out_c, row += stride_w) {
            const int32_t *in = row, *w = weights;
            int32_t acc = bias;

            if (kernel_h == 3 && kernel_w == 3)
                acc += three(in, w) + three(in + width, w + 3) + three(in + 2 * width, w + 6);
            else
                for (int32_t i = 0; i < kernel_h; i++, in += width - kernel_w)
                    for (int32_t j = 0; j < kernel_w; j++)
                        acc += *in++ * *w++;
            *output = bnn_channel_output(&after, acc);
        }
    }
}

void depthwiseconv2d_int8_planes(const bnn_layer *layer)
{
    const int32_t height = (layer->out_h - 1) * layer->stride_h + layer->kernel_h;
    const int32_t width = (layer->out_w - 1) * layer->stride_w + layer->kernel_w;
    const int32_t taps = layer->kernel_h * layer->kernel_w;
    const int8_t *from = layer->weights;
    int32_t *plane = layer->scratch, *weights = plane + height * width;

    for (int32_t channel = 0, o = 0; channel < layer->in_c; channel++) {
        copy_plane(layer, channel, plane, height, width);
        for (int32_t end = o + layer->depth_multiplier; o < end; o++) {
            for (int32_t n = 0; n < taps; n++)
                weights[n] = *from++;
            if (layer->kernel_h == 3 && layer->kernel_w == 3)
                pixels(layer, o, plane, width, weights, 3, 3);
            else
                pixels(layer, o, plane, width, weights, layer->kernel_h, layer->kernel_w);
        }
    }
}
