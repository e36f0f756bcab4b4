// Checks the attention kernels against float64 and times them, on a machine with a GPU and its driver alone.
//
//   attention_check [--path generic|portable|sm90]... [--first N] [--only TEXT] [--bench FOLDER] [--rows TEXT]
//
// Prints a line a case. Exit code 1: a case is wrong; 3: a kernel did not return within five seconds; 4: the device
// reported an error (both end the run, and the line names the case, so that --first can go on behind it). --bench times
// the kernels instead; FOLDER holds the lists of blocks (scripts/attention-masks.js).
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cuda/attention.h"
#include "cuda/test/attention_bench.cuh"
#include "cuda/test/attention_memory.cuh"
#include "cuda/test/attention_reference.cuh"

namespace umbel::cuda::check {
namespace {

enum class Layout { packed, padded, heads_first, fused };

struct Case {
  AttentionElement element = AttentionElement::bf16;
  int width = 128, batch = 1, heads = 2, queries = 128, keys = 128, valid = -1;
  int block = 0, groups = 1;
  float density = 0;  // of a random list; 0: empty, negative: |density| blocks in each row
  Layout layout = Layout::packed;
  int bias = 0;  // bit 0: there is one; bit 1: a head each; bit 2: a row each
  bool lse = true;
  float sharpness = 1, rise = 0;
  bool shuffled = false, wide_out = false;
};

std::string describe(const Case& c) {
  static const char* const elements[] = {"f32", "f16", "bf16"};
  static const char* const layouts[] = {"packed", "padded", "heads-first", "fused"};
  char text[256];
  std::snprintf(text, sizeof text,
                "%s d%d b%d h%d q%d k%d valid%d block%d groups%d density%g %s bias%d lse%d x%g rise%g%s%s",
                elements[static_cast<int>(c.element)], c.width, c.batch, c.heads, c.queries, c.keys, c.valid, c.block,
                c.groups, c.density, layouts[static_cast<int>(c.layout)], c.bias, c.lse, c.sharpness, c.rise,
                c.shuffled ? " shuffled" : "", c.wide_out ? " f32 out" : "");
  return text;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  const auto add = [&](auto change) {
    Case c;
    change(c);
    cases.push_back(c);
  };
  for (int width : {128, 64}) {
    // One tile, whole tiles, tails of queries and keys.
    for (int n : {128, 256, 384, 1, 17, 63, 64, 65, 127, 129, 1000, 1024, 4097}) {
      add([&](Case& c) { c.width = width, c.queries = c.keys = n; });
    }
    add([&](Case& c) { c.width = width, c.queries = 300, c.keys = 512, c.heads = 5; });
    add([&](Case& c) { c.width = width, c.queries = 1, c.keys = 4096, c.heads = 3; });
    add([&](Case& c) { c.width = width, c.queries = 1000, c.keys = 1, c.heads = 3; });
    for (int valid : {0, 1, 64, 77, 128, 200, 256, 300}) {
      add([&](Case& c) { c.width = width, c.queries = 200, c.keys = 300, c.valid = valid; });
    }
    for (Layout layout : {Layout::padded, Layout::heads_first, Layout::fused}) {
      add([&](Case& c) { c.width = width, c.queries = c.keys = 400, c.heads = 3, c.batch = 2, c.layout = layout; });
    }
    add([&](Case& c) { c.width = width, c.queries = c.keys = 512, c.element = AttentionElement::f16; });
    add([&](Case& c) { c.width = width, c.queries = c.keys = 640, c.sharpness = 8; });
    add([&](Case& c) { c.width = width, c.queries = c.keys = 333, c.heads = 3, c.wide_out = true; });
    add([&](Case& c) { c.width = width, c.queries = c.keys = 2000, c.sharpness = 3, c.rise = 4; });
    add([&](Case& c) { c.width = width, c.queries = c.keys = 256, c.lse = false; });
    for (int block : {128, 64}) {
      for (int n : {128, 1024, 1000, 4097}) {
        for (float density : {0.0f, -1.0f, 0.15f, 0.6f, 1.0f}) {
          add([&](Case& c) { c.width = width, c.queries = c.keys = n, c.block = block, c.density = density; });
        }
      }
      add([&](Case& c) {
        c.width = width, c.queries = c.keys = 1500, c.block = block, c.density = 0.3f, c.groups = c.heads = 4;
      });
      add([&](Case& c) {
        c.width = width, c.queries = c.keys = 1600, c.block = block, c.density = 0.4f, c.valid = 1100,
        c.shuffled = true;
      });
      add([&](Case& c) {
        c.width = width, c.queries = c.keys = 1600, c.block = block, c.density = 0.4f, c.valid = 1152;
        c.layout = Layout::fused;
      });
    }
    for (int bias : {1, 3, 5, 7}) {
      add([&](Case& c) { c.width = width, c.queries = 130, c.keys = 200, c.heads = 3, c.bias = bias; });
    }
  }
  for (int width : {256, 384, 512}) {
    for (int n : {1, 63, 64, 65, 300, 2000}) {
      add([&](Case& c) { c.width = width, c.queries = c.keys = n, c.heads = 1; });
    }
    for (int valid : {0, 1, 32, 200}) {
      add([&](Case& c) { c.width = width, c.queries = 100, c.keys = 300, c.heads = 3, c.batch = 2, c.valid = valid; });
    }
    add([&](Case& c) { c.width = width, c.queries = 333, c.keys = 700, c.heads = 2, c.layout = Layout::fused; });
    add([&](Case& c) { c.width = width, c.queries = 333, c.keys = 700, c.wide_out = true, c.sharpness = 8, c.rise = 4; });
  }
  for (AttentionElement element : {AttentionElement::f32, AttentionElement::bf16, AttentionElement::f16}) {
    for (int width : {1, 7, 32, 40, 64, 80, 96, 128, 200, 384, 512}) {
      add([&](Case& c) {
        c.element = element, c.width = width, c.queries = 150, c.keys = 170, c.batch = 2, c.bias = width % 3 ? 0 : 7;
      });
    }
    for (int block : {64, 128}) {
      add([&](Case& c) {
        c.element = element, c.width = 40, c.queries = c.keys = 900, c.block = block, c.density = 0.3f, c.valid = 800;
      });
    }
  }
  return cases;
}

struct Tensor {
  Memory memory;
  void* data = nullptr;
  AttentionStrides strides{};
};

size_t element_size(AttentionElement e) {
  return e == AttentionElement::f32 ? 4 : 2;
}

// q, k, v or out (index 0..3) of that layout; fused: q, k and v of a token side by side (one buffer each here).
Tensor make_tensor(const Case& c, int tokens, int index, AttentionElement element) {
  const int64_t w = c.width, h = c.heads, n = tokens;
  AttentionStrides s{n * h * w, h * w, w};
  int64_t offset = 0;
  if (c.layout == Layout::padded) s = {(n + 3) * (h * (w + 8) + 16), h * (w + 8) + 16, w + 8};
  if (c.layout == Layout::heads_first) s = {h * n * w, w, n * w};
  if (c.layout == Layout::fused) s = {n * 3 * h * w, 3 * h * w, w}, offset = index % 3 * h * w;
  Tensor t;
  t.memory = Memory(static_cast<size_t>(s.batch * c.batch + offset + 64) * element_size(element));
  must(cudaMemset(t.memory.data, 0xFF, t.memory.bytes), "a fill");
  t.data = static_cast<char*>(t.memory.data) + offset * static_cast<int64_t>(element_size(element));
  t.strides = s;
  return t;
}

// True unless five seconds pass first.
bool finished() {
  cudaEvent_t done;
  must(cudaEventCreateWithFlags(&done, cudaEventDisableTiming), "an event");
  must(cudaEventRecord(done), "an event");
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const cudaError_t state = cudaEventQuery(done);
    if (state == cudaSuccess) return true;
    if (state != cudaErrorNotReady) must(state, "the kernel");
    if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(5)) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

template <class T>
Errors run_case(const Case& c, AttentionPath path, int capability, const char*& skipped) {
  AttentionArguments a{};
  a.element = c.element;
  a.out_element = c.wide_out ? AttentionElement::f32 : c.element;
  a.batch = c.batch, a.heads = c.heads, a.queries = c.queries, a.keys = c.keys, a.head_dim = c.width;
  a.valid_keys = c.valid < 0 ? c.keys : c.valid;
  a.scale = 1.0f / std::sqrt(static_cast<float>(c.width));
  a.groups = c.groups, a.block = c.block;
  Tensor q = make_tensor(c, c.queries, 0, c.element), k = make_tensor(c, c.keys, 1, c.element),
         v = make_tensor(c, c.keys, 2, c.element), out = make_tensor(c, c.queries, 3, a.out_element);
  a.q = q.data, a.k = k.data, a.v = v.data, a.out = out.data;
  a.q_strides = q.strides, a.k_strides = k.strides, a.v_strides = v.strides, a.out_strides = out.strides;
  // Keys past the valid ones stay not a number.
  fill_normal<<<1024, 256>>>(static_cast<T*>(q.data), q.strides, c.batch, c.queries, c.heads, c.width, c.sharpness,
                             0.0f, 1);
  fill_normal<<<1024, 256>>>(static_cast<T*>(k.data), k.strides, c.batch, a.valid_keys, c.heads, c.width, 1.0f, c.rise,
                             2);
  fill_normal<<<1024, 256>>>(static_cast<T*>(v.data), v.strides, c.batch, a.valid_keys, c.heads, c.width, 1.0f, 0.0f,
                             3);
  Memory lse(static_cast<size_t>(c.batch) * c.heads * c.queries * 4), bias, row_ptr, col;
  must(cudaMemset(lse.data, 0xFF, lse.bytes), "a fill");
  a.lse = c.lse ? static_cast<float*>(lse.data) : nullptr;
  if (c.bias) {
    const int64_t heads = c.bias & 2 ? c.heads : 1, rows = c.bias & 4 ? c.queries : 1;
    bias = Memory(static_cast<size_t>(heads * rows * c.keys) * 4);
    fill_bias<<<256, 256>>>(static_cast<float*>(bias.data), heads * rows * c.keys, 4);
    a.bias = static_cast<float*>(bias.data);
    a.bias_head_stride = c.bias & 2 ? rows * c.keys : 0;
    a.bias_row_stride = c.bias & 4 ? c.keys : 0;
  }
  if (c.block) {
    std::mt19937 random(7);
    const int rows = (c.queries + c.block - 1) / c.block, columns = (c.keys + c.block - 1) / c.block;
    std::vector<std::vector<int32_t>> lists(c.groups), starts(c.groups);
    size_t longest = 1;
    for (int g = 0; g < c.groups; ++g) {
      starts[g].push_back(0);
      for (int r = 0; r < rows; ++r) {
        std::vector<int32_t> row;
        for (int j = 0; j < columns; ++j) {
          const bool kept = c.density < 0 ? j == static_cast<int>(random() % columns) && row.empty()
                                          : random() % 1000 < c.density * 1000;
          if (kept) row.push_back(j);
        }
        if (c.density < 0 && row.empty()) row.push_back(static_cast<int32_t>(random() % columns));
        if (c.density > 0 && c.density < 1 && r % 5 == 3) row.clear();
        if (c.shuffled) std::shuffle(row.begin(), row.end(), random);
        lists[g].insert(lists[g].end(), row.begin(), row.end());
        starts[g].push_back(static_cast<int32_t>(lists[g].size()));
      }
      longest = std::max(longest, lists[g].size());
    }
    std::vector<int32_t> all_starts, all_columns;
    for (int g = 0; g < c.groups; ++g) {
      lists[g].resize(longest, -1);
      all_starts.insert(all_starts.end(), starts[g].begin(), starts[g].end());
      all_columns.insert(all_columns.end(), lists[g].begin(), lists[g].end());
    }
    row_ptr = Memory(all_starts), col = Memory(all_columns);
    a.row_ptr = static_cast<int32_t*>(row_ptr.data), a.col = static_cast<int32_t*>(col.data);
    a.entries = static_cast<int64_t>(longest);
  }
  skipped = attention_obstacle(a, path, capability);
  if (skipped) return {};
  must(cudaDeviceSynchronize(), "the inputs");
  must(attention(a, path, nullptr), "the launch");
  if (!finished()) {
    std::printf("HANG\n");
    std::fflush(stdout);
    _exit(3);
  }
  Memory errors(sizeof(Errors));
  must(cudaMemset(errors.data, 0, sizeof(Errors)), "a fill");
  const int step = std::max(1, c.queries / 700);
  const dim3 grid(static_cast<unsigned>((c.queries + step - 1) / step), c.heads, c.batch);
  compare<T><<<grid, 128>>>(a, 0, step, static_cast<Errors*>(errors.data));
  must(cudaDeviceSynchronize(), "the reference");
  Errors result{};
  must(cudaMemcpy(&result, errors.data, sizeof result, cudaMemcpyDeviceToHost), "the errors");
  result.wrong += written_outside(out.memory, out.data, out.strides, element_size(a.out_element), c.batch, c.queries,
                                  c.heads, c.width);
  return result;
}

int run_checks(const std::vector<AttentionPath>& paths, int first, const std::string& only, int capability) {
  const std::vector<Case> cases = all_cases();
  int failed = 0, passed = 0, number = 0;
  for (AttentionPath path : paths) {
    for (const Case& c : cases) {
      const int current = number++;
      const std::string name = describe(c);
      if (current < first || name.find(only) == std::string::npos) continue;
      std::printf("%4d %-8s %s: ", current, attention_path_name(path), name.c_str());
      std::fflush(stdout);
      const char* skipped = nullptr;
      Errors e{};
      switch (c.element) {
        case AttentionElement::f32:
          e = run_case<float>(c, path, capability, skipped);
          break;
        case AttentionElement::f16:
          e = run_case<__half>(c, path, capability, skipped);
          break;
        default:
          e = run_case<__nv_bfloat16>(c, path, capability, skipped);
      }
      if (skipped) {
        std::printf("- %s\n", skipped);
        continue;
      }
      // A half unit in the last place of P and of the output; float32 sums otherwise.
      const double unit = c.element == AttentionElement::f32 ? 2e-6 : c.element == AttentionElement::f16 ? 1e-3 : 6e-3;
      const double relative = e.reference2 > 0 ? std::sqrt(e.difference2 / e.reference2) : 0;
      const double lse_bound = 3e-5;
      const bool good = e.wrong == 0 && relative <= unit && e.largest <= 4 * unit * e.largest_reference &&
                        e.lse <= lse_bound && std::isfinite(e.difference2);
      std::printf("%s rel %.2e max %.2e of %.2e lse %.1e wrong %d\n", good ? "ok" : "WRONG", relative, e.largest,
                  e.largest_reference, e.lse, e.wrong);
      ++(good ? passed : failed);
    }
  }
  std::printf("%d cases passed, %d wrong\n", passed, failed);
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace umbel::cuda::check

int main(int argc, char** argv) {
  using namespace umbel::cuda;
  using namespace umbel::cuda::check;
  std::vector<AttentionPath> paths;
  int first = 0;
  std::string only, rows;
  const char* bench = nullptr;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i], value = argv[i + 1];
    if (key == "--path") {
      paths.push_back(value == "sm90"       ? AttentionPath::sm90
                      : value == "portable" ? AttentionPath::portable
                                            : AttentionPath::generic);
    } else if (key == "--first") {
      first = std::atoi(argv[i + 1]);
    } else if (key == "--only") {
      only = value;
    } else if (key == "--rows") {
      rows = value;
    } else if (key == "--bench") {
      bench = argv[i + 1];
    }
  }
  if (paths.empty()) paths = {AttentionPath::generic, AttentionPath::portable, AttentionPath::sm90};
  cudaDeviceProp device{};
  must(cudaGetDeviceProperties(&device, 0), "the device");
  std::printf("# %s, compute capability %d.%d, %d multiprocessors\n", device.name, device.major, device.minor,
              device.multiProcessorCount);
  const int capability = device.major * 10 + device.minor;
  return bench ? run_bench(bench, paths, rows, capability) : run_checks(paths, first, only, capability);
}
