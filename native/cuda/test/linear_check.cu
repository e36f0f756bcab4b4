// Checks the matrix products of the CUDA backend against float64 and times them, on a machine with a GPU and its driver;
// cuBLASLt beside them where it is found. One command: `linear_check` checks, then times. Options:
//
//   --check | --bench      only one of the two
//   --path NAME            only ways whose name contains NAME (sm90, portable, cublaslt)
//   --only TEXT            only cases whose description contains TEXT
//   --first N              begins with case N
//
// A line a case. A wrong result says how many elements, where the first is (also within its tile of 128 x 256 or 192),
// and which rows and columns of tiles are concerned. Exit code 1: a case is wrong; 3: a kernel did not return within ten
// seconds; 4: the device reported an error (both end the run; --first goes on behind it).
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cuda/test/linear_bench.cuh"
#include "cuda/test/linear_case.cuh"

namespace umbel::cuda::check {
namespace {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  constexpr DType none = DType::u8;
  for (DType type : {DType::bf16, DType::f8_e4m3}) {
    const int64_t unit = type == DType::bf16 ? 8 : 16;
    // One tile, then ends of rows, of columns (both tile widths) and of depth, and more tiles than blocks.
    for (int64_t m : {128, 64, 9, 127, 129, 255, 257, 385, 1000}) cases.push_back({m, 256, 512, type});
    for (int64_t n : {8, 32, 64, 184, 192, 200, 248, 264, 384, 520, 1536}) cases.push_back({200, n, 256, type});
    for (int64_t k : {16, 32, 48, 64, 80, 128, 144, 192, 256, 384, 512, 528, 640, 1024, 1040, 2064}) {
      cases.push_back({130, 200, k, type});
    }
    cases.push_back({128, 256, unit, type});
    cases.push_back({16, 8, unit, type, DType::f32});
    cases.push_back({4100, 2056, 1536, type});
    cases.push_back({2300, 5120, 528, type, DType::f32});
    cases.push_back({20000, 1544, 144, type});
    cases.push_back({1100, 1536, 13824, type, DType::f32});
    // Bias and GELU where cuBLASLt does both.
    for (DType out : {DType::bf16, DType::f32}) {
      cases.push_back({300, 464, 336, type, out, DType::bf16, none, false, 1});
      cases.push_back({700, 5120, 1536, type, out, DType::bf16, none, false, 1});
    }
    // Epilogues over ragged ends.
    for (int activation : {0, 1, 2, 3}) {
      for (DType out : {DType::bf16, DType::f32}) {
        cases.push_back({300, 456, 336, type, out, activation % 2 ? DType::f32 : DType::bf16, none, false, activation});
      }
    }
    for (bool gate_rows : {false, true}) {
      for (DType residual : {DType::f32, DType::bf16}) {
        cases.push_back({300, 456, 336, type, residual, DType::bf16, residual, gate_rows});
        cases.push_back({129, 264, 4096, type, DType::f32, none, residual, gate_rows, 2});
        cases.push_back({700, 5120, 1536, type, residual, DType::f32, residual, gate_rows});
      }
    }
  }
  // Rows that the copy engine cannot take: other paths do them.
  cases.push_back({97, 50, 600, DType::bf16, DType::f32, DType::f32});
  cases.push_back({33, 40, 13, DType::bf16});
  cases.push_back({70, 41, 26, DType::f8_e4m3, DType::f32});
  return cases;
}

// True unless ten seconds pass first.
bool finished() {
  cudaEvent_t done;
  must(cudaEventCreateWithFlags(&done, cudaEventDisableTiming), "an event");
  must(cudaEventRecord(done), "an event");
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const cudaError_t state = cudaEventQuery(done);
    if (state == cudaSuccess) return true;
    if (state != cudaErrorNotReady) must(state, "the kernel");
    if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(10)) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

struct Expected {
  std::vector<int64_t> rows;
  std::vector<Reference> values;  // rows by n
};

Expected expected_of(const Operands& operands) {
  const LinearArguments& a = operands.arguments;
  Expected e;
  // All rows of small products; of others every so many, and those about the last.
  const int64_t step = std::max<int64_t>(1, a.m * a.n * a.k / 2'000'000'000);
  for (int64_t r = 0; r < a.m; r += step) e.rows.push_back(r);
  if (step > 1) {
    for (int64_t r = std::max<int64_t>(0, a.m - 3); r < a.m; ++r) e.rows.push_back(r);
  }
  Memory rows(e.rows.size() * sizeof(int64_t)), values(e.rows.size() * static_cast<size_t>(a.n) * sizeof(Reference));
  must(cudaMemcpy(rows.data, e.rows.data(), rows.bytes, cudaMemcpyHostToDevice), "a copy");
  reference_kernel<<<4096, 256>>>(a, static_cast<int64_t*>(rows.data), static_cast<int64_t>(e.rows.size()),
                                  static_cast<Reference*>(values.data));
  must(cudaDeviceSynchronize(), "the reference");
  e.values.resize(values.bytes / sizeof(Reference));
  must(cudaMemcpy(e.values.data(), values.data, values.bytes, cudaMemcpyDeviceToHost), "a copy");
  return e;
}

// Relative to the sum of the magnitudes of an element's terms: float32 sums; float8 sums of 512 terms in the tensor cores
// (14 bits), or of all of them for all that is known of the other paths.
double allowed(const Way& way, DType type) {
  if (type == DType::bf16) return 4e-6;
  return way.path == LinearPath::sm90 ? 4e-4 : 4e-3;
}

double float_of(const std::vector<uint8_t>& bytes, DType type, size_t i) {
  uint32_t bits;
  if (type == DType::f32) {
    std::memcpy(&bits, bytes.data() + 4 * i, 4);
  } else {
    uint16_t half;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    bits = static_cast<uint32_t>(half) << 16;
  }
  float v;
  std::memcpy(&v, &bits, 4);
  return v;
}

// Prints what is wrong; true when nothing is.
bool compare(const Operands& operands, const Expected& expected, double sum_error, int tile_columns) {
  const LinearArguments& a = operands.arguments;
  std::vector<uint8_t> bytes(operands.out().bytes);
  must(cudaMemcpy(bytes.data(), operands.out().data, bytes.size(), cudaMemcpyDeviceToHost), "a copy");
  const double rounding = a.out_type == DType::f32 ? 3e-6 : 0.0041;
  int64_t wrong = 0, missing = 0;
  double worst = 0;
  std::map<std::pair<int64_t, int64_t>, int64_t> tiles;
  int64_t rows[2] = {1000, -1}, columns[2] = {1000, -1};
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const int64_t row = expected.rows[i / static_cast<size_t>(a.n)], column = static_cast<int64_t>(i) % a.n;
    const Reference& r = expected.values[i];
    const double got = float_of(bytes, a.out_type, static_cast<size_t>(row * a.n + column));
    // Activations steepen a sum's error by at most 1.13; exponentials are good to 2e-6.
    const double bound = 1.2 * sum_error * r.allowance + rounding * std::fabs(r.value) + 4e-6;
    const double error = std::fabs(got - r.value) / bound;
    missing += std::isnan(got);
    if (error <= 1) {
      worst = std::max(worst, error);
      continue;
    }
    if (wrong++ == 0) {
      std::printf("WRONG\n       first at row %lld, column %lld (tile %lld, %lld; within it %lld, %lld): expected %.7g, got %.7g "
                  "(off by %.1f of what is allowed)\n",
                  static_cast<long long>(row), static_cast<long long>(column), static_cast<long long>(row / 128),
                  static_cast<long long>(column / tile_columns), static_cast<long long>(row % 128),
                  static_cast<long long>(column % tile_columns), r.value, got, error);
    }
    ++tiles[{row / 128, column / tile_columns}];
    rows[0] = std::min(rows[0], row % 128), rows[1] = std::max(rows[1], row % 128);
    columns[0] = std::min(columns[0], column % tile_columns), columns[1] = std::max(columns[1], column % tile_columns);
  }
  int64_t behind = 0;
  for (size_t i = bytes.size() - kGuardBytes; i < bytes.size(); ++i) behind += bytes[i] != 0xFF;
  if (wrong == 0 && behind == 0) {
    std::printf("right (%.2f of what is allowed)\n", worst);
    return true;
  }
  if (wrong > 0) {
    std::printf("       %lld of %zu elements, %lld of them not a number (or never written); within tiles rows %lld to "
                "%lld, columns %lld to %lld; tiles",
                static_cast<long long>(wrong), expected.values.size(), static_cast<long long>(missing),
                static_cast<long long>(rows[0]), static_cast<long long>(rows[1]), static_cast<long long>(columns[0]),
                static_cast<long long>(columns[1]));
    int shown = 0;
    for (const auto& [tile, count] : tiles) {
      if (shown++ == 12) break;
      std::printf(" (%lld, %lld): %lld", static_cast<long long>(tile.first), static_cast<long long>(tile.second),
                  static_cast<long long>(count));
    }
    std::printf("%s\n", tiles.size() > 12 ? " ..." : "");
  }
  if (behind > 0) std::printf("WRONG  %lld bytes were written behind the result\n", static_cast<long long>(behind));
  return false;
}

int run(int argc, char** argv) {
  std::string only, path;
  bool check = true, time = true;
  int first = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (key == "--check") time = false;
    else if (key == "--bench") check = false;
    else if (key == "--path") path = value, ++i;
    else if (key == "--only") only = value, ++i;
    else if (key == "--first") first = std::atoi(value.c_str()), ++i;
    else return std::printf("Expected --check, --bench, --path, --only or --first, got %s.\n", key.c_str()), 2;
  }
  cudaDeviceProp properties{};
  must(cudaGetDeviceProperties(&properties, 0), "the device");
  const int capability = 10 * properties.major + properties.minor;
  const std::unique_ptr<CublasLt> library = CublasLt::open();
  std::printf("# %s, compute capability %d, %d multiprocessors, %s\n", properties.name, capability,
              properties.multiProcessorCount, CublasLt::describe().c_str());
  const LinearDevice device{capability, library != nullptr, library != nullptr && library->has_scales()};
  // The ways of launch_linear never lead to the Hopper kernel.
  CheckContext context(89, properties.multiProcessorCount, nullptr);
  CheckContext with_library(89, properties.multiProcessorCount, library.get());
  std::vector<Way> ways;
  for (const Way& way : {Way{"sm90", LinearPath::sm90}, Way{"portable", LinearPath::portable},
                         Way{"cublaslt", LinearPath::cublaslt}}) {
    if (way.name.find(path) != std::string::npos) ways.push_back(way);
  }
  const auto context_of = [&](const Way& way) -> CheckContext& {
    return way.path == LinearPath::cublaslt ? with_library : context;
  };
  int broken = 0, current = 0;
  for (const Case& c : all_cases()) {
    const std::string text = describe(c);
    if (!check || current++ < first || text.find(only) == std::string::npos) continue;
    const Operands operands(c);
    const Expected expected = expected_of(operands);
    for (const Way& way : ways) {
      std::printf("%4d %-12s %-44s ", current - 1, way.name.c_str(), text.c_str());
      std::fflush(stdout);
      operands.poison_out();
      if (const char* obstacle = operands.run(way, context_of(way), device)) {
        std::printf("skipped: %s\n", obstacle);
        continue;
      }
      if (!finished()) {
        std::printf("STALLED\n");
        std::fflush(stdout);
        std::_Exit(3);
      }
      // Through memory as bfloat16 where a pass stands behind cuBLASLt.
      const bool passes = way.path == LinearPath::cublaslt && needs_pass_behind_cublaslt(operands.arguments);
      const double sum_error = allowed(way, c.type) + (passes ? 0.0041 : 0);
      const int tile_columns = c.type == DType::f8_e4m3 ? 192 : 256;
      broken += !compare(operands, expected, sum_error, tile_columns);
      std::fflush(stdout);
    }
  }
  if (check) std::printf("# %d wrong\n", broken);
  if (time && broken == 0) run_bench(ways, only, context_of, device);
  return broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace umbel::cuda::check

int main(int argc, char** argv) { return umbel::cuda::check::run(argc, argv); }
