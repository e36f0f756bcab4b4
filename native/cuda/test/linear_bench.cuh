#pragma once
// Times matrix products of Wan 2.1 14B and 1.3B (768 x 1280 x 69 frames are 69,120 tokens, 480p and 81 frames 32,760, a
// text 512), all ways beside each other.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/test/linear_case.cuh"

namespace umbel::cuda::check {

inline std::vector<Case> bench_cases() {
  std::vector<Case> cases;
  constexpr DType none = DType::u8, bf16 = DType::bf16, f32 = DType::f32;
  for (DType type : {DType::bf16, DType::f8_e4m3}) {
    for (int64_t m : {69120, 32760}) {
      cases.push_back({m, 5120, 5120, type, bf16, bf16});
      cases.push_back({m, 5120, 5120, type, f32, bf16, f32});
      cases.push_back({m, 13824, 5120, type, bf16, bf16, none, false, 1});
      cases.push_back({m, 5120, 13824, type, f32, bf16, f32});
    }
    cases.push_back({69120, 5120, 5120, type, f32, f32, f32, true});
    cases.push_back({512, 5120, 5120, type, bf16, bf16});
    cases.push_back({32760, 1536, 1536, type, bf16, bf16});
    cases.push_back({32760, 1536, 1536, type, f32, bf16, f32});
    cases.push_back({32760, 8960, 1536, type, bf16, bf16, none, false, 1});
    cases.push_back({8192, 8192, 8192, type, bf16});
  }
  return cases;
}

// The median of seven times after two that do not count, in milliseconds; a negative one when it cannot be done.
template <class Run>
double median_of(const Run& run) {
  cudaEvent_t begin, end;
  must(cudaEventCreate(&begin), "an event");
  must(cudaEventCreate(&end), "an event");
  std::vector<float> times;
  for (int i = 0; i < 9; ++i) {
    must(cudaEventRecord(begin), "an event");
    if (run() != nullptr) return -1;
    must(cudaEventRecord(end), "an event");
    must(cudaEventSynchronize(end), "the kernel");
    float ms = 0;
    must(cudaEventElapsedTime(&ms, begin, end), "a time");
    if (i > 1) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return times[times.size() / 2];
}

template <class ContextOf>
void run_bench(const std::vector<Way>& ways, const std::string& only, const ContextOf& context_of,
               const LinearDevice& device) {
  std::printf("# %-46s", "TFLOP/s (ms), the last column the first over cublaslt");
  for (const Way& way : ways) std::printf(" %18s", way.name.c_str());
  std::printf("\n");
  for (const Case& c : bench_cases()) {
    const std::string text = describe(c);
    if (text.find(only) == std::string::npos) continue;
    const Operands operands(c);
    std::printf("%-48s", text.c_str());
    double first = -1, library = -1;
    for (const Way& way : ways) {
      CheckContext& context = context_of(way);
      const double ms = median_of([&] { return operands.run(way, context, device); });
      const double tflops = 2.0 * static_cast<double>(c.m) * static_cast<double>(c.n) * static_cast<double>(c.k) / ms / 1e9;
      if (ms < 0) std::printf(" %18s", "-");
      else std::printf("    %6.0f (%6.3f)", tflops, ms);
      std::fflush(stdout);
      if (&way == &ways.front()) first = ms;
      if (way.path == LinearPath::cublaslt) library = ms;
    }
    if (first > 0 && library > 0) std::printf("  %5.2f", library / first);
    std::printf("\n");
  }
  // Quantising activations: one read of bfloat16, half of it written.
  for (int64_t k : {5120, 13824}) {
    const Case c{69120, 8, k};
    const Operands operands(c);
    Tensor x;
    x.data = const_cast<void*>(operands.arguments.x);
    x.dtype = DType::bf16;
    x.rank = 2;
    x.shape[0] = c.m, x.shape[1] = k;
    x.stride[0] = k, x.stride[1] = 1;
    CheckContext context(90, 132, nullptr);
    const double ms = median_of([&]() -> const char* {
      context.begin_op();
      quantize_rows_of(context, x);
      return nullptr;
    });
    std::printf("quantize_rows bf16 %lld x %lld: %.3f ms, %.2f TB/s\n", static_cast<long long>(c.m),
                static_cast<long long>(k), ms, 3.0 * static_cast<double>(c.m * k) / ms / 1e9);
  }
}

}  // namespace umbel::cuda::check
