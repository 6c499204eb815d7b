/* Assembly text of adders on bit planes, for Armv7-M. Arguments are registers. All instructions are 32 bits wide, so
 * that in a loop aligned to four bytes loads and stores are, too, where they cost least. */
#ifndef BNN_PLANES_H
#define BNN_PLANES_H

#define P_LOAD(r, base, at) "ldr.w " #r ", [" #base ", #" #at "]\n\t"
#define P_STORE(r, base, at) "str.w " #r ", [" #base ", #" #at "]\n\t"

/* (carry, s) = s + x + y: P_SUM leaves s right and x unfinished, P_CARRY finishes it; y is used up. Apart, so that
 * P_CARRY can stand between a store and a load. */
#define P_FULL_ADD(s, x, y) P_SUM(s, x, y) P_CARRY(s, x)
#define P_SUM(s, x, y)                 \
    "eor.w " #s ", " #s ", " #x "\n\t" \
    "eor.w " #x ", " #x ", " #y "\n\t" \
    "orr.w " #x ", " #x ", " #s "\n\t" \
    "eor.w " #s ", " #s ", " #y "\n\t"
#define P_CARRY(s, x) "eor.w " #x ", " #x ", " #s "\n\t"
/* (carry, s) = s + x */
#define P_HALF_ADD(carry, s, x)            \
    "and.w " #carry ", " #s ", " #x "\n\t" \
    "eor.w " #s ", " #s ", " #x "\n\t"

/* Pairs: two planes c and d of one weight, given as c and c ^ d. Adding a pair takes an operation less than adding
 * its planes, and two full adders in a row can give their carries as a pair at no cost, from E. Demenkov,
 * A. Kojevnikov, A. Kulikov, G. Yaroslavtsev: New upper bounds on the Boolean circuit complexity of symmetric
 * functions, Information Processing Letters 110 (2010). */
#define P_MAKE_PAIR(c, d) "eor.w " #d ", " #d ", " #c "\n\t"
/* s + pair (c, cd) + pair (e, ef): the carries g and h become the pair (cd, c): g stands in cd, g ^ h in c. */
#define P_ADD_TWO_PAIRS(s, c, cd, e, ef) \
    "eor.w " #c ", " #c ", " #s "\n\t"   \
    "orr.w " #c ", " #c ", " #cd "\n\t"  \
    "eor.w " #s ", " #s ", " #cd "\n\t"  \
    "eor.w " #cd ", " #s ", " #c "\n\t"  \
    "eor.w " #e ", " #e ", " #s "\n\t"   \
    "bic.w " #e ", " #e ", " #ef "\n\t"  \
    "eor.w " #s ", " #s ", " #ef "\n\t"  \
    "eor.w " #c ", " #c ", " #e "\n\t"
/* s + four planes; the carries become the pair (x, w): the first stands in x, both's difference in w. */
#define P_ADD_FOUR(s, w, x, y, z) P_MAKE_PAIR(w, x) P_MAKE_PAIR(y, z) P_ADD_TWO_PAIRS(s, w, x, y, z)
/* (out, s) = s + pair (c, cd) */
#define P_ADD_PAIR(out, s, c, cd)       \
    "eor.w " #c ", " #c ", " #s "\n\t"  \
    "orr.w " #c ", " #c ", " #cd "\n\t" \
    "eor.w " #s ", " #s ", " #cd "\n\t" \
    "eor.w " #out ", " #s ", " #c "\n\t"
#endif
