/* What this machine can do at most: GFLOP/s of multiply-add on all threads, and GB/s between memory and processor. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
typedef float vector __attribute__((vector_size(4 * WIDTH)));

enum { CHAINS = 12, REPEATS = 2000000, LENGTH = 1 << 24, ROUNDS = 7 };

/* Processor time of the calling thread: what else runs on the machine does not count. */
static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

struct part {
  float *a, *b, *c;
  size_t length;
  void (*work)(struct part *);
  double seconds;
};

/* Independent chains of a·x + y, as many as hide their latency. */
static void multiply_add(struct part *p) {
  vector chain[CHAINS], factor, addend;
  for (int i = 0; i < WIDTH; i++) factor[i] = 0.999f, addend[i] = 0.001f;
  for (int c = 0; c < CHAINS; c++) chain[c] = addend * (float)c;
  for (int r = 0; r < REPEATS; r++) {
#pragma GCC unroll 12
    for (int c = 0; c < CHAINS; c++) chain[c] = chain[c] * factor + addend;
  }
  vector sum = chain[0];
  for (int c = 1; c < CHAINS; c++) sum += chain[c];
  p->a[0] = sum[0];
}


/* a = b + s·c: 12 bytes a number, and what writing reads besides. */
static void triad(struct part *p) {
  for (size_t i = 0; i < p->length; i++) p->a[i] = p->b[i] + 0.5f * p->c[i];
}

/* a = a + s·b, b = b·s: 16 bytes a number, in place like an optimiser. */
static void update(struct part *p) {
  for (size_t i = 0; i < p->length; i++) {
    p->a[i] += 0.5f * p->b[i];
    p->b[i] *= 0.999f;
  }
}

static void *timed(void *given) {
  struct part *p = given;
  double start = seconds();
  p->work(p);
  p->seconds = seconds() - start;
  return NULL;
}

/* The slowest thread's time, in the fastest of several rounds. */
static double fastest(int threads, void (*work)(struct part *), struct part *parts) {
  double best = 1e30;
  pthread_t *ids = malloc(threads * sizeof *ids);
  for (int round = 0; round < ROUNDS; round++) {
    double slowest = 0;
    for (int t = 0; t < threads; t++) {
      parts[t].work = work;
      pthread_create(&ids[t], NULL, timed, &parts[t]);
    }
    for (int t = 0; t < threads; t++) {
      pthread_join(ids[t], NULL);
      if (parts[t].seconds > slowest) slowest = parts[t].seconds;
    }
    if (slowest < best) best = slowest;
  }
  free(ids);
  return best;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 1;
  float *memory = malloc(3 * sizeof(float) * LENGTH);
  for (size_t i = 0; i < 3 * (size_t)LENGTH; i++) memory[i] = 1.0f;
  struct part *parts = malloc(threads * sizeof *parts);
  for (int t = 0; t < threads; t++) {
    size_t start = (size_t)LENGTH * t / threads, end = (size_t)LENGTH * (t + 1) / threads;
    parts[t] = (struct part){.a = memory + start,
                             .b = memory + LENGTH + start,
                             .c = memory + 2 * (size_t)LENGTH + start,
                             .length = end - start};
  }
  double compute = fastest(threads, multiply_add, parts);
  double moved = 12.0 * LENGTH / fastest(threads, triad, parts);
  double updated = 16.0 * LENGTH / fastest(threads, update, parts);
  printf("{\"gigaflops\": %.1f, \"gigabytes\": %.1f}\n", 2e-9 * WIDTH * CHAINS * (double)REPEATS * threads / compute,
         1e-9 * (moved > updated ? moved : updated));
  return 0;
}
