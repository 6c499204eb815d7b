/* Insertion sort of n words that a linear congruential generator makes first: branches that depend on data. */
#include <stdint.h>

void sort(void *buffer, uint32_t n);

void sort(void *buffer, uint32_t n)
{
    uint32_t *words = buffer, seed = 1;
    for (uint32_t i = 0; i < n; i++)
        words[i] = seed = seed * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
    for (uint32_t i = 1; i < n; i++) {
        uint32_t word = words[i], at = i;
        for (; at > 0 && words[at - 1] > word; at--)
            words[at] = words[at - 1];
        words[at] = word;
    }
}
