// Checks the norms, element-wise kernels and convolutions of the CUDA backend against float64 and times them, on a machine
// with a GPU and its driver alone. Built by build-kernels.sh.
//
//   kernels_check [--only TEXT] [--path portable|sm90] [--no-bench] [--no-check]
//
// A line for every check that fails (with the first wrong element) and one for each kind with its worst error; then a
// table of times: GB/s against a copy measured in the same run, TFLOP/s for convolutions. Results must also be the same
// bytes twice and end where the tensor ends. Exit code 1: a result is wrong; 3: a kernel did not return within ten
// seconds; 4: the device reported an error (the line before names the check).
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include "cuda/test/kernels_device.cuh"
#include "cuda/test/kernels_reference.cuh"

namespace umbel::check {
namespace {

constexpr DType f32 = DType::f32, bf16 = DType::bf16;

struct Options {
  std::string only, path;
  bool bench = true, check = true;
};

struct Session {
  DeviceContext ctx;
  Options options;
  int wrong = 0, passed = 0;
  std::map<std::string, double> worst;  // error over largest value, by kind

  bool wants(const std::string& name) const { return name.find(options.only) != std::string::npos; }
};
using Run = std::function<void(const Tensor& out)>;
using Reference = std::function<void(double* wanted, int64_t count)>;

// A half unit in the last place of bfloat16 is 2^-9 of the value; float32 sums of bfloat16 products lie far below.
void verify(Session& s, const std::string& kind, const std::string& name, const std::vector<int64_t>& shape, DType type,
            const Run& run, const Reference& reference) {
  if (!s.wants(kind)) return;
  Sample out(shape, type), again(shape, type);
  const int64_t count = out.t.numel();
  Memory wanted(static_cast<size_t>(count) * 8), result(sizeof(Difference)), unlike(8);
  must(cudaMemset(unlike.data, 0, 8), "a fill");
  must(cudaDeviceSynchronize(), "the inputs");
  std::printf("%s %s\r", kind.c_str(), name.c_str());
  std::fflush(stdout);
  for (Sample* target : {&out, &again}) {
    s.ctx.reset();
    run(target->t);
    if (!finished()) {
      std::printf("%s %s: HANG\n", kind.c_str(), name.c_str());
      std::fflush(stdout);
      _exit(3);
    }
  }
  Difference d{0, 0, int64_t{1} << 62, 0};
  must(cudaMemcpy(result.data, &d, sizeof d, cudaMemcpyHostToDevice), "a copy");
  auto* on_device = static_cast<Difference*>(result.data);
  auto* values = static_cast<double*>(wanted.data);
  reference(values, count);
  largest_of<<<1024, 256>>>(values, count, on_device);
  must(cudaMemcpy(&d, result.data, sizeof d, cudaMemcpyDeviceToHost), "the reference");
  double largest, worst;
  std::memcpy(&largest, &d.largest, 8);
  const double bound = (type == f32 ? 4e-6 : 4.5e-3) * std::max(largest, 1e-30);
  compare<<<1024, 256>>>(elements_of(out.t), values, count, bound, on_device);
  count_unlike<<<1024, 256>>>(out.t.u8(), again.t.u8(), static_cast<int64_t>(out.t.bytes()),
                              static_cast<unsigned long long*>(unlike.data));
  must(cudaMemcpy(&d, result.data, sizeof d, cudaMemcpyDeviceToHost), "the comparison");
  unsigned long long bytes_unlike = 0;
  must(cudaMemcpy(&bytes_unlike, unlike.data, 8, cudaMemcpyDeviceToHost), "the comparison");
  std::memcpy(&worst, &d.worst, 8);
  double& kept = s.worst[kind];
  kept = std::max(kept, worst / std::max(largest, 1e-30));
  const bool guard = out.guard_holds() && again.guard_holds();
  if (d.wrong == 0 && guard && bytes_unlike == 0) {
    ++s.passed;
    return;
  }
  ++s.wrong;
  std::printf("%s %s: WRONG, %llu of %lld elements, worst %.2e of %.2e", kind.c_str(), name.c_str(), d.wrong,
              static_cast<long long>(count), worst, largest);
  if (d.wrong > 0) {
    double value;
    must(cudaMemcpy(&value, values + d.first_wrong, 8, cudaMemcpyDeviceToHost), "a copy");
    std::printf(", first at [");
    int64_t rest = d.first_wrong;
    std::vector<int64_t> place(shape.size());
    for (size_t i = shape.size(); i-- > 0; rest /= shape[i]) place[i] = rest % shape[i];
    for (size_t i = 0; i < place.size(); ++i) std::printf(i ? ", %lld" : "%lld", static_cast<long long>(place[i]));
    std::printf("] where %.4e was wanted", value);
  }
  if (!guard) std::printf("; wrote behind the tensor");
  if (bytes_unlike > 0) std::printf("; %llu bytes differ the second time", bytes_unlike);
  std::printf("\n");
}

double median_ms(Session& s, const std::function<void()>& run, int times = 7) {
  cudaEvent_t begin, end;
  must(cudaEventCreate(&begin), "an event");
  must(cudaEventCreate(&end), "an event");
  std::vector<float> all;
  for (int i = 0; i < times + 2; ++i) {
    s.ctx.reset();
    must(cudaEventRecord(begin), "an event");
    run();
    must(cudaEventRecord(end), "an event");
    must(cudaEventSynchronize(end), "the kernel");
    float ms = 0;
    must(cudaEventElapsedTime(&ms, begin, end), "a time");
    if (i >= 2) all.push_back(ms);
  }
  std::sort(all.begin(), all.end());
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return all[all.size() / 2];
}

}  // namespace
}  // namespace umbel::check

#include "cuda/test/kernels_elementwise.cuh"
#include "cuda/test/kernels_convolution.cuh"

int main(int argc, char** argv) {
  using namespace umbel::check;
  Session s;
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    if (key == "--no-bench") s.options.bench = false;
    if (key == "--no-check") s.options.check = false;
    if (key == "--only" && i + 1 < argc) s.options.only = argv[++i];
    if (key == "--path" && i + 1 < argc) s.options.path = argv[++i];
  }
  const cudaDeviceProp& device = s.ctx.device();
  std::printf("# %s, compute capability %d.%d, %d multiprocessors\n", device.name, device.major, device.minor,
              device.multiProcessorCount);
  if (s.options.check) {
    check_elementwise(s);
    check_convolutions(s);
    for (const auto& [kind, worst] : s.worst) std::printf("%-40s worst %.1e of the largest value\n", kind.c_str(), worst);
    std::printf("%d checks passed, %d wrong\n\n", s.passed, s.wrong);
  }
  if (s.options.bench) {
    bench_elementwise(s);
    bench_convolutions(s);
  }
  return s.wrong ? 1 : 0;
}
