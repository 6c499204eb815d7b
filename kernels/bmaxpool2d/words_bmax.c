/* ---
operator: BMaxPool2D
variant: words_bmax
idea: words where one instruction joins three words, the null control. One operation less per output word of a 2x2
  window, beside four loads, a store and the loop
registers: everything in registers; 2x2 path keeps one pointer per input row
needs: [bmax]
fixed_time: true
--- */
#include "bnn_layer.h"
#include "isa.h"

void bmaxpool2d_words_bmax(const bnn_layer *layer);
#define OR_FOUR(a, b, c, d) bmax((a) | (b), c, d, 0)
#define WORDS bmaxpool2d_words_bmax
#include "words.h"
