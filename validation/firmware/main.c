/* Runs every program of the suites, counts its cycles into the table `results`, and stops at a BKPT. */
#include "counter.h"
#include "results.h"

struct program {
    const char *name;
    void (*run)(void *buffer, uint32_t n);
    uint32_t n;
    uint32_t twice; /* report the cycles from n to 2 n iterations */
};
#include "programs.h"

enum { BUFFER_WORDS = 4096 };
/* bnnsim counts a call from the refill at the function's entry to its return: 2 for a lone `bx lr`. */
enum { EMPTY_CYCLES = 2 };

uint32_t buffer[BUFFER_WORDS] __attribute__((aligned(16)));
struct {
    struct results_header header;
    struct result entries[PROGRAMS];
} results;

void empty(void *buffer, uint32_t n);
int main(void);

/* One call. Not inlined, so that the code around the call is the same for all programs. */
static uint32_t __attribute__((noinline)) count(void (*run)(void *, uint32_t), uint32_t n)
{
    for (uint32_t i = 0; i < BUFFER_WORDS; i++)
        *(volatile uint32_t *)&buffer[i] = 0;
    uint32_t before = counter_read();
    run(buffer, n);
    return (counter_read() - before) & (uint32_t)COUNTER_MASK;
}

/* The second of two runs: caches and flash accelerators have seen the code. */
static uint32_t count_warm(void (*run)(void *, uint32_t), uint32_t n)
{
    count(run, n);
    return count(run, n);
}

#ifdef SEMIHOSTING
/* SYS_WRITE0 (Arm IHI 0100): waits for ever without a debugger that takes it. */
static void print(const char *text)
{
    register uint32_t operation __asm__("r0") = 4;
    register const char *argument __asm__("r1") = text;
    __asm__ volatile("bkpt #0xab" : "+r"(operation) : "r"(argument) : "memory");
}

static void print_result(const struct result *result)
{
    char digits[11], *at = digits + sizeof digits - 1;
    uint32_t rest = result->cycles;
    *at = 0;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    print(result->name);
    print(",");
    print(at);
    print("\n");
}
#else
#define print(text) ((void)0)
#define print_result(result) ((void)0)
#endif

int main(void)
{
    static const char magic[16] = {'B', 'N', 'N', 'S', 'I', 'M', '-', 'R', 'E', 'S', 'U', 'L', 'T', 'S', '-', '1'};
    for (uint32_t i = 0; i < sizeof magic; i++)
        results.header.magic[i] = magic[i] + 0;
    results.header.entries = PROGRAMS;
    counter_start();
    uint32_t overhead = count_warm(empty, 0);
    print("name,cycles\n");
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        const struct program *p = &programs[i];
        struct result *result = &results.entries[i];
        uint32_t cycles = count_warm(p->run, p->n);
        result->cycles = p->twice ? count_warm(p->run, 2 * p->n) - cycles : cycles - overhead + EMPTY_CYCLES;
        for (uint32_t k = 0; k < NAME_BYTES - 1 && p->name[k]; k++)
            result->name[k] = p->name[k];
        print_result(result);
        results.header.finished = i + 1;
    }
    return 0;
}
