/* ---
operator: BMaxPool2D
variant: words
idea: 32 channels at a time, one OR per word and tap; 2x2 windows inside the image take a straight path
registers: everything in registers; 2x2 path keeps one pointer per input row
needs: []
fixed_time: true
--- */
#include "bnn_layer.h"

void bmaxpool2d_words(const bnn_layer *layer);
#define OR_FOUR(a, b, c, d) ((a) | (b) | (c) | (d))
#define WORDS bmaxpool2d_words
#include "words.h"
