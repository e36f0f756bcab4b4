// The OpenBLAS side of bench:cpu. A line "SECONDS linear M N K" is answered with the seconds of one x W^T of that size,
// averaged over runs that take about SECONDS together.
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern char* openblas_get_config(void);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float* numbers(size_t n) {
  float* p = malloc((n + 1) * sizeof(float));
  for (size_t i = 0; p && i < n; ++i) p[i] = (float)rand() / (float)RAND_MAX - 0.5f;
  return p;
}

int main(void) {
  char line[256], op[64];
  double seconds;
  int m, n, k;
  printf("%s\n", openblas_get_config());
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%lf %63s %d %d %d", &seconds, op, &m, &n, &k) != 5 || strcmp(op, "linear")) {
      printf("unknown\n");
      fflush(stdout);
      continue;
    }
    float *x = numbers((size_t)m * k), *w = numbers((size_t)n * k), *y = numbers((size_t)m * n);
    double spent = 0;
    int runs = 1;
    for (int turn = 0; turn < 2; ++turn) {
      if (turn == 1) runs = spent > 0 && seconds / spent > 1 ? (int)(seconds / spent + 0.5) : 1;
      const double begin = now();
      for (int i = 0; i < runs; ++i) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, x, k, w, k, 0, y, n);
      }
      spent = now() - begin;
    }
    printf("%.9f\n", spent / runs);
    fflush(stdout);
    free(x);
    free(w);
    free(y);
  }
  return 0;
}
