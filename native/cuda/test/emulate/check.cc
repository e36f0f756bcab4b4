// Kernels on emulated threads against double precision. Built and run by scripts/cuda-emulate.js.
#include "cuda/test/emulate/cuda_on_host.h"

#include <cstdarg>
#include <random>
#include <string>

#include "core/fail.h"
#include "cuda/context.h"
#include "cuda/cublaslt.h"
#include "cuda/linear.h"
#undef UMBEL_KERNEL
#define UMBEL_KERNEL(...)
extern "C" cudaError_t cudaPeekAtLastError() { return cudaSuccess; }
extern "C" cudaError_t cudaGetLastError() { return cudaSuccess; }
#define cudaFuncSetAttribute(...) cudaSuccess
#define cudaOccupancyMaxActiveBlocksPerMultiprocessor(count, ...) (*(count) = 1, cudaSuccess)
#include "kernels.h"

namespace umbel {

void check_cuda(cudaError_t status, const char* what) {
  if (status != cudaSuccess) emulated::stop(what);
}
void fail(const char* code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::printf("%s ", code);
  std::vprintf(format, arguments);
  std::exit(1);
}
bool CublasLt::multiply(const LtProduct&, void*, cudaStream_t) { return false; }
bool CublasLt::has_scales() const { return false; }
CublasLt::~CublasLt() = default;

namespace {

constexpr size_t kGuard = 64;  // bytes behind a tensor that must stay as they are

class HostContext final : public CudaContext {
 public:
  bool bf16 = true;
  int gpu = 90;
  cudaStream_t stream() const override { return nullptr; }
  void* scratch(size_t bytes) override {
    const size_t size = (bytes + kGuard + 255) / 256 * 256;
    memory_.emplace_back(std::aligned_alloc(256, size), &std::free);
    std::memset(memory_.back().get(), 0xff, size);
    return memory_.back().get();
  }
  bool cancelled() const override { return false; }
  bool bf16_compute() const override { return bf16; }
  int capability() const override { return gpu; }
  int multiprocessors() const override { return 2; }
  size_t shared_memory() const override { return size_t{227} << 10; }
  int32_t* fault() const override { return nullptr; }
  CublasLt* cublaslt() const override { return nullptr; }

 private:
  std::vector<std::unique_ptr<void, decltype(&std::free)>> memory_;
};

HostContext ctx;
std::mt19937 numbers(7);
int broken = 0;

double get(const Tensor& t, int64_t i) {
  return t.dtype == DType::f32 ? t.f32()[i] : __uint_as_float(static_cast<uint32_t>(t.u16()[i]) << 16);
}

Tensor empty(const std::vector<int64_t>& shape, DType type) {
  Tensor t;
  t.dtype = type;
  t.rank = static_cast<int>(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0; step *= shape[i]) {
    t.shape[i] = shape[i];
    t.stride[i] = step;
  }
  t.data = ctx.scratch(t.bytes());
  return t;
}

Tensor random(const std::vector<int64_t>& shape, DType type, float scale = 1) {
  Tensor t = empty(shape, type);
  std::uniform_real_distribution<float> next(-scale, scale);
  for (int64_t i = 0; i < t.numel(); ++i) {
    const float value = next(numbers);
    const __nv_bfloat16 rounded = __float2bfloat16_rn(value);
    if (type == DType::f32) {
      t.f32()[i] = value;
    } else {
      std::memcpy(t.u16() + i, &rounded, sizeof rounded);
    }
  }
  return t;
}

// Largest error over largest value: 4e-6 in float32 and 6e-3 in bfloat16. Nothing may be written behind the tensor.
void compare(const std::string& what, const Tensor& out, const std::vector<double>& wanted) {
  const double bound = out.dtype == DType::f32 ? 4e-6 : 6e-3;
  double worst = 0, largest = 1e-30;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double error = std::fabs(get(out, static_cast<int64_t>(i)) - wanted[i]);
    worst = std::isfinite(error) ? std::fmax(worst, error) : INFINITY;
    largest = std::fmax(largest, std::fabs(wanted[i]));
  }
  const auto* behind = static_cast<const uint8_t*>(out.data) + out.bytes();
  for (size_t i = 0; i < kGuard; ++i) worst = behind[i] == 0xff ? worst : INFINITY;
  const bool holds = worst <= bound * largest;
  broken += !holds;
  std::printf("%-64s %.1e%s\n", what.c_str(), worst / largest, holds ? "" : "  BROKEN");
}

void check_norm(RowNorm::Kind kind, int64_t rows, int64_t width, DType from, DType to, bool by_row, int64_t heads = 0) {
  const std::vector<int64_t> one{width}, all{rows, width};
  const bool layer = kind == RowNorm::Kind::layer;
  const Tensor x = random(all, from, 3), weight = random(by_row ? all : one, DType::f32),
               bias = random(by_row ? all : one, DType::bf16), out = empty(all, to);
  const int64_t head = heads ? width / heads : 2, positions = rows % 2 == 0 ? rows / 2 : rows;
  const Tensor table = random({positions, head / 2, 2}, DType::f32);
  RowNorm norm;
  norm.kind = kind;
  norm.eps = kind == RowNorm::Kind::channel ? 1e-12f : 1e-6f;
  norm.weight = &weight;
  norm.weight_rows = norm.bias_rows = by_row;
  norm.weight_shift = layer;
  norm.bias = layer ? &bias : nullptr;
  norm.silu = kind == RowNorm::Kind::channel;
  norm.cos_sin = heads ? &table : nullptr;
  norm.head_width = head;
  launch_row_norm(ctx, norm, x, out, "norm");

  std::vector<double> wanted;
  for (int64_t r = 0; r < rows; ++r) {
    double mean = 0, squares = 0, variance = 0;
    for (int64_t i = 0; i < width; ++i) mean += get(x, r * width + i) / static_cast<double>(width);
    for (int64_t i = 0; i < width; ++i) {
      const double v = get(x, r * width + i);
      squares += v * v;
      variance += (v - mean) * (v - mean);
    }
    const double n = static_cast<double>(width);
    const double factor = layer                           ? 1 / std::sqrt(variance / n + norm.eps)
                          : kind == RowNorm::Kind::rms ? 1 / std::sqrt(squares / n + norm.eps)
                                                       : std::sqrt(n) / std::fmax(std::sqrt(squares), 1e-12);
    for (int64_t i = 0; i < width; ++i) {
      const int64_t at = by_row ? r * width + i : i;
      double v = (get(x, r * width + i) - (layer ? mean : 0)) * factor * (get(weight, at) + norm.weight_shift);
      if (layer) v += get(bias, at);
      wanted.push_back(norm.silu ? v / (1 + std::exp(-v)) : v);
    }
    for (int64_t i = 0; heads && i < width; i += 2) {
      double *even = &wanted[static_cast<size_t>(r * width + i)], *odd = even + 1;
      const int64_t at = r % positions * head + i % head;
      const double e = *even, o = *odd, cosine = get(table, at), sine = get(table, at + 1);
      *even = e * cosine - o * sine;
      *odd = o * cosine + e * sine;
    }
  }
  compare("norm " + std::to_string(static_cast<int>(kind)) + " [" + std::to_string(rows) + ", " +
              std::to_string(width) + "] heads " + std::to_string(heads),
          out, wanted);
}

double activated(double x, int64_t activation) {
  switch (activation) {
    case 1:
      return x / 2 * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case 2:
      return x / (1 + std::exp(-x));
    case 3:
      return x / 2 * std::erfc(-x / std::sqrt(2.0));
    default:
      return x;
  }
}

void check_linear(int64_t m, int64_t n, int64_t k, DType to, int64_t activation, bool gated, bool gate_rows) {
  const DType from = ctx.bf16 ? DType::bf16 : DType::f32;
  const Tensor x = random({m, k}, from), w = random({n, k}, DType::bf16), bias = random({n}, DType::bf16),
               residual = random({m, n}, DType::f32, 3),
               gate = gate_rows ? random({m, n}, DType::bf16) : random({n}, DType::f32), out = empty({m, n}, to);
  LinearProduct product{.x = x, .w = w, .bias = &bias, .activation = activation};
  if (gated) product.residual = &residual, product.gate = &gate;
  launch_linear(ctx, product, out, "linear");
  std::vector<double> wanted;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = get(bias, j);
      for (int64_t d = 0; d < k; ++d) sum += get(x, i * k + d) * get(w, j * k + d);
      sum = activated(sum, activation);
      wanted.push_back(gated ? get(residual, i * n + j) + get(gate, gate_rows ? i * n + j : j) * sum : sum);
    }
  }
  compare("linear " + std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k), out, wanted);
}

double from_e4m3(uint8_t code) {
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  const double v = exponent == 0 ? mantissa * 0x1p-9 : (8 + mantissa) * std::ldexp(1.0, exponent - 10);
  return code & 0x80 ? -v : v;
}

// Weights of float8 with scales; x is rounded likewise, or with capability 80 taken as bfloat16.
void check_scaled(int64_t m, int64_t n, int64_t k, DType from, DType to, int64_t activation, bool gated) {
  const Tensor x = random({m, k}, from, 5), bias = random({n}, DType::bf16), scales = random({n}, DType::f32),
               residual = random({m, n}, DType::f32, 3), gate = random({n}, DType::f32), out = empty({m, n}, to),
               values = empty({m, k}, DType::f8_e4m3), x_scales = empty({m}, DType::f32);
  Tensor w = empty({n, k}, DType::f8_e4m3);
  for (int64_t i = 0; i < n * k; ++i) w.u8()[i] = static_cast<uint8_t>(numbers() % 254 & 0xbf);
  LinearProduct product{.x = x, .w = w, .w_scales = &scales, .bias = &bias, .activation = activation};
  if (gated) product.residual = &residual, product.gate = &gate;
  launch_linear(ctx, product, out, "linear_scaled");
  quantize_rows(ctx, x, values, x_scales);
  std::vector<double> wanted;
  const bool rounded = ctx.gpu >= 89;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t d = 0; d < k; ++d) {
        const double left = rounded ? from_e4m3(values.u8()[i * k + d]) * x_scales.f32()[i] : get(x, i * k + d);
        sum += left * from_e4m3(w.u8()[j * k + d]);
      }
      sum = activated(sum * scales.f32()[j] + get(bias, j), activation);
      wanted.push_back(gated ? get(residual, i * n + j) + get(gate, j) * sum : sum);
    }
  }
  compare("linear_scaled " + std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k), out, wanted);
}

struct HopperCase {
  int64_t m, n, k;
  DType type, out;
  int activation = 0;
  bool gated = false, gate_rows = false;
};

// The Hopper kernel on four multiprocessors.
void check_hopper(const HopperCase& c, const cuda::LinearTuning& tuning = {}) {
  const bool float8 = c.type == DType::f8_e4m3;
  const auto matrix = [&](int64_t rows) {
    if (!float8) return random({rows, c.k}, DType::bf16);
    Tensor t = empty({rows, c.k}, DType::f8_e4m3);
    for (int64_t i = 0; i < t.numel(); ++i) t.u8()[i] = static_cast<uint8_t>(numbers() % 254 & 0xbf);
    return t;
  };
  const Tensor x = matrix(c.m), w = matrix(c.n), x_scales = random({c.m}, DType::f32), w_scales = random({c.n}, DType::f32),
               bias = random({c.n}, DType::bf16), residual = random({c.m, c.n}, c.out, 3),
               gate = random(c.gate_rows ? std::vector<int64_t>{c.m, c.n} : std::vector<int64_t>{c.n}, DType::f32),
               out = empty({c.m, c.n}, c.out);
  cuda::LinearArguments a{.x = x.data, .w = w.data, .type = c.type};
  a.m = c.m, a.n = c.n, a.k = c.k;
  if (float8) a.x_scales = x_scales.f32(), a.w_scales = w_scales.f32();
  a.bias = {bias.data, DType::bf16};
  if (c.gated) a.residual = {residual.data, c.out}, a.gate = {gate.data, DType::f32};
  a.gate_rows = c.gate_rows;
  a.activation = c.activation;
  a.out = out.data, a.out_type = c.out;
  if (cuda::linear_sm90(a, tuning, 4, nullptr) != cudaSuccess) emulated::stop("the Hopper kernel was not launched");
  const auto at = [&](const Tensor& t, int64_t i) { return float8 ? from_e4m3(t.u8()[i]) : get(t, i); };
  std::vector<double> wanted;
  for (int64_t i = 0; i < c.m; ++i) {
    for (int64_t j = 0; j < c.n; ++j) {
      double sum = 0;
      for (int64_t d = 0; d < c.k; ++d) sum += at(x, i * c.k + d) * at(w, j * c.k + d);
      if (float8) sum *= get(x_scales, i) * get(w_scales, j);
      sum = activated(sum + get(bias, j), c.activation);
      wanted.push_back(c.gated ? get(residual, i * c.n + j) + get(gate, c.gate_rows ? i * c.n + j : j) * sum : sum);
    }
  }
  compare(std::string("hopper ") + (float8 ? "float8 " : "bfloat16 ") + std::to_string(c.m) + " x " + std::to_string(c.n) + " x " + std::to_string(c.k),
          out, wanted);
}

void check_hopper() {
  for (const DType type : {DType::bf16, DType::f8_e4m3}) {
    check_hopper({128, 256, 128, type, DType::f32});
    check_hopper({300, 456, 336, type, DType::bf16, 1});
    check_hopper({391, 264, 80, type, DType::f32, 0, true});
    check_hopper({130, 40, 1040, type, DType::bf16, 2, true, true});
    check_hopper({700, 776, 48, type, DType::f32, 3});
    check_hopper({200, 520, 320, type, DType::f32, 0, true}, {.prefetch = false});
  }
}

void check_quantized(int64_t rows, int64_t width, DType from) {
  const Tensor x = random({rows, width}, from, 7), values = empty({rows, width}, DType::f8_e4m3),
               scales = empty({rows}, DType::f32), back = empty({rows, width}, DType::f32);
  quantize_rows(ctx, x, values, scales);
  std::vector<double> wanted;
  double worst = 0;
  for (int64_t i = 0; i < rows * width; ++i) {
    const double scale = scales.f32()[i / width], v = from_e4m3(values.u8()[i]) * scale, exact = get(x, i);
    worst = std::fmax(worst, std::fabs(v - exact) - std::fmax(std::fabs(exact) / 16, scale / 1024) * 1.000001);
    wanted.push_back(v);
    back.f32()[i] = static_cast<float>(worst > 0 ? NAN : v);
  }
  compare("quantize_rows [" + std::to_string(rows) + ", " + std::to_string(width) + "]", back, wanted);
}

struct Convolution {
  std::vector<int64_t> x;
  int64_t out;
  std::vector<int64_t> kernel, stride, padding;
  int64_t before;
  int64_t older = 0;
  bool doubled = false;
};

void check_conv3d(const Convolution& c) {
  const DType type = ctx.bf16 ? DType::bf16 : DType::f32;
  const int64_t height = c.x[1], width = c.x[2], channels = c.x[3];
  const Tensor x = random(c.x, type), past = random({c.before, height, width, channels}, type),
               older = random({c.older, height, width, channels}, type),
               w = random({c.out, c.kernel[0], c.kernel[1], c.kernel[2], channels}, DType::bf16),
               bias = random({c.out}, DType::f32);
  const auto length = [&](size_t axis, int64_t input) {
    return (input + c.padding[2 * axis] + c.padding[2 * axis + 1] - c.kernel[axis]) / c.stride[axis] + 1;
  };
  const int64_t scale = c.doubled ? 2 : 1, before = c.older + c.before;
  const std::vector<int64_t> shape{length(0, c.x[0] + before), length(1, scale * height), length(2, scale * width), c.out};
  const Tensor residual = random(shape, type), out = empty(shape, type);
  conv3d(ctx, x, c.before ? &past : nullptr, c.older ? &older : nullptr, w, &bias, c.stride, c.padding, &residual, c.doubled, out);
  std::vector<double> wanted;
  const auto pixel = [&](int64_t t, int64_t h, int64_t v, int64_t channel) {
    if (t < 0 || t >= before + c.x[0] || h < 0 || h >= scale * height || v < 0 || v >= scale * width) return 0.0;
    const Tensor& from = t < c.older ? older : t < before ? past : x;
    const int64_t frame = t < c.older ? t : t < before ? t - c.older : t - before;
    return get(from, ((frame * height + h / scale) * width + v / scale) * channels + channel);
  };
  for (int64_t i = 0; i < out.numel(); ++i) {
    const int64_t channel = i % c.out, v = i / c.out % shape[2], h = i / c.out / shape[2] % shape[1],
                  t = i / c.out / shape[2] / shape[1];
    double sum = get(bias, channel) + get(residual, i);
    int64_t at = channel * c.kernel[0] * c.kernel[1] * c.kernel[2] * channels;
    for (int64_t a = 0; a < c.kernel[0]; ++a) {
      for (int64_t b = 0; b < c.kernel[1]; ++b) {
        for (int64_t d = 0; d < c.kernel[2]; ++d) {
          for (int64_t e = 0; e < channels; ++e) {
            sum += get(w, at++) * pixel(t * c.stride[0] + a - c.padding[0], h * c.stride[1] + b - c.padding[2],
                                        v * c.stride[2] + d - c.padding[4], e);
          }
        }
      }
    }
    wanted.push_back(sum);
  }
  compare("conv3d sm_" + std::to_string(ctx.gpu) + " " + std::to_string(channels) + " -> " + std::to_string(c.out), out, wanted);
}

void check_wide_attention(int width, int queries, int keys, int valid, int heads, DType to) {
  const Tensor q = random({queries, heads, width}, DType::bf16, 2), k = random({keys, heads, width}, DType::bf16),
               v = random({keys, heads, width}, DType::bf16), out = empty({queries, heads, width}, to),
               lse = empty({heads, queries}, DType::f32);
  cuda::AttentionArguments a{};
  a.q = q.data, a.k = k.data, a.v = v.data, a.out = out.data, a.lse = lse.f32();
  a.element = cuda::AttentionElement::bf16;
  a.out_element = to == DType::f32 ? cuda::AttentionElement::f32 : cuda::AttentionElement::bf16;
  const int64_t token = static_cast<int64_t>(heads) * width;
  a.q_strides = a.out_strides = {queries * token, token, width};
  a.k_strides = a.v_strides = {keys * token, token, width};
  a.batch = 1, a.heads = heads, a.queries = queries, a.keys = keys, a.valid_keys = valid, a.head_dim = width;
  a.scale = 1 / std::sqrt(static_cast<float>(width));
  check_cuda(cuda::attention_wide(a, nullptr), "attention");
  std::vector<double> wanted, logarithms(static_cast<size_t>(heads * queries));
  for (int i = 0; i < queries; ++i) {
    for (int h = 0; h < heads; ++h) {
      std::vector<double> row(static_cast<size_t>(width)), weights;
      double sum = 0;
      for (int j = 0; j < valid; ++j) {
        double score = 0;
        for (int d = 0; d < width; ++d) score += get(q, (i * heads + h) * width + d) * get(k, (j * heads + h) * width + d);
        weights.push_back(std::exp(score * a.scale));
        sum += weights.back();
      }
      for (int j = 0; j < valid; ++j) {
        for (int d = 0; d < width; ++d) row[d] += weights[j] / sum * get(v, (j * heads + h) * width + d);
      }
      wanted.insert(wanted.end(), row.begin(), row.end());
      logarithms[static_cast<size_t>(h * queries + i)] = std::log(sum);
    }
  }
  const std::string name = "attention " + std::to_string(width) + ", " + std::to_string(queries) + " x " +
                           std::to_string(valid) + " of " + std::to_string(keys);
  // P is rounded to bfloat16 whatever the output is.
  Tensor rounded = out;
  if (to == DType::f32) {
    rounded = empty({queries, heads, width}, DType::bf16);
    cast(ctx, out, rounded);
  }
  compare(name, rounded, wanted);
  if (valid > 0) compare(name + " log-sum-exp", lse, logarithms);
}

void check_norms() {
  using Kind = RowNorm::Kind;
  const std::pair<int64_t, int64_t> shapes[] = {{1, 1},    {3, 5},    {17, 16},  {40, 96},  {9, 100},  {5, 520},
                                                {4, 1000}, {4, 1024}, {3, 1032}, {7, 1536}, {5, 5120}, {3, 5121},
                                                {2, 8200}, {2, 13824}, {300, 96}, {77, 64},  {35, 192}, {50, 128},
                                                {9, 384},  {11, 3072}, {7, 512},  {5, 768},  {5, 2056}, {3, 10240}};
  for (const auto& [rows, width] : shapes) {
    for (const Kind kind : {Kind::layer, Kind::rms, Kind::channel}) {
      check_norm(kind, rows, width, DType::bf16, DType::bf16, false);
      check_norm(kind, rows, width, DType::f32, DType::f32, width % 2 == 0);
      check_norm(kind, rows, width, DType::f32, DType::bf16, false);
      check_norm(kind, rows, width, DType::f32, DType::bf16, true);
    }
  }
  check_norm(Kind::rms, 6, 12, DType::f32, DType::f32, false, 2);
  check_norm(Kind::rms, 8, 68, DType::bf16, DType::bf16, false, 2);
  check_norm(Kind::rms, 6, 5120, DType::bf16, DType::bf16, false, 40);
  check_norm(Kind::rms, 4, 9216, DType::f32, DType::f32, false, 72);
  check_norm(Kind::rms, 6, 1536, DType::bf16, DType::bf16, false, 12);
  check_norm(Kind::rms, 10, 3072, DType::f32, DType::bf16, false, 48);
  check_norm(Kind::rms, 5, 1536, DType::f32, DType::bf16, false, 3);
}

// By the portable kernels.
void check_linears() {
  ctx.gpu = 89;
  for (int64_t activation = 0; activation < 4; ++activation) {
    check_linear(45, 72, 104, DType::bf16, activation, false, false);
  }
  check_linear(257, 136, 96, DType::f32, 1, false, false);
  check_linear(97, 50, 33, DType::f32, 0, true, false);
  check_linear(140, 264, 40, DType::f32, 0, true, true);
  check_linear(9, 17, 5, DType::bf16, 2, true, true);
  ctx.bf16 = false;
  check_linear(70, 65, 20, DType::f32, 3, true, false);
  check_linear(33, 13, 7, DType::f32, 1, false, false);
  ctx.bf16 = true;
  ctx.gpu = 90;
}

void check_float8() {
  for (const DType from : {DType::bf16, DType::f32}) {
    check_quantized(3, 5, from);
    check_quantized(2, 1000, from);
    check_quantized(2, 17008, from);
  }
  for (const int gpu : {80, 89}) {
    ctx.gpu = gpu;
    check_scaled(45, 72, 112, DType::bf16, DType::bf16, 1, false);
    check_scaled(140, 136, 352, DType::bf16, DType::f32, 0, true);
    check_scaled(9, 17, 26, DType::bf16, DType::f32, 2, true);
    check_scaled(33, 20, 13, DType::bf16, DType::f32, 0, false);
    check_scaled(3, 40, 64, DType::f32, DType::f32, 0, true);
  }
  ctx.gpu = 90;
}

void check_convolutions() {
  check_conv3d({{2, 5, 7, 24}, 33, {1, 1, 1}, {1, 1, 1}, {0, 0, 0, 0, 0, 0}, 0});
  check_conv3d({{1, 6, 5, 3}, 96, {3, 3, 3}, {1, 1, 1}, {2, 0, 1, 1, 1, 1}, 0});
  check_conv3d({{2, 9, 17, 16}, 96, {3, 3, 3}, {1, 1, 1}, {0, 0, 1, 1, 1, 1}, 2});
  check_conv3d({{2, 6, 9, 40}, 3, {3, 3, 3}, {1, 1, 1}, {2, 0, 1, 1, 1, 1}, 0});
  check_conv3d({{5, 3, 5, 32}, 136, {3, 1, 1}, {2, 1, 1}, {0, 0, 0, 0, 0, 0}, 1});
  check_conv3d({{3, 5, 4, 3}, 2, {3, 2, 3}, {2, 3, 2}, {2, 2, 0, 1, 2, 0}, 0});
  const std::vector<int64_t> one{1, 1, 1}, three{3, 3, 3}, same{0, 0, 1, 1, 1, 1}, causal{2, 0, 1, 1, 1, 1};
  for (const int gpu : {90, 80}) {
    ctx.gpu = gpu;
    check_conv3d({{2, 17, 18, 32}, 96, three, one, causal, 0});
    check_conv3d({{2, 5, 37, 64}, 128, three, one, same, 2});
    check_conv3d({{1, 18, 7, 128}, 136, three, one, {1, 0, 1, 1, 1, 1}, 1});
    check_conv3d({{2, 20, 9, 96}, 3, three, one, causal, 0});
    check_conv3d({{1, 3, 33, 64}, 8, {1, 3, 3}, one, same, 0});
    check_conv3d({{5, 7, 17, 64}, 32, {3, 1, 1}, {2, 1, 1}, {0, 0, 0, 0, 0, 0}, 1});
    check_conv3d({{2, 9, 4, 32}, 40, {2, 2, 3}, one, {3, 1, 2, 2, 0, 3}, 0});
    check_conv3d({{1, 6, 5, 32}, 8, three, one, same, 1, 1});
    check_conv3d({{1, 10, 11, 32}, 96, {1, 3, 3}, one, same, 0, 0, true});
    check_conv3d({{1, 3, 9, 64}, 8, {2, 2, 3}, one, {1, 0, 2, 1, 0, 3}, 2, 1, true});
  }
  ctx.gpu = 90;
  ctx.bf16 = false;
  check_conv3d({{2, 6, 9, 17}, 5, {3, 3, 3}, {1, 1, 1}, {2, 0, 1, 1, 1, 1}, 0});
  ctx.bf16 = true;
}

void check_wide_attentions() {
  check_wide_attention(384, 70, 130, 130, 1, DType::bf16);
  check_wide_attention(256, 5, 90, 65, 2, DType::f32);
  check_wide_attention(512, 65, 70, 33, 1, DType::bf16);
  check_wide_attention(384, 3, 20, 0, 1, DType::bf16);
}

void check_upsampling() {
  for (const int64_t channels : {8, 13, 24}) {
    const Tensor x = random({2, 5, 7, channels}, DType::bf16), out = empty({2, 10, 14, channels}, DType::bf16);
    upsample2x(ctx, x, out);
    std::vector<double> wanted;
    for (int64_t i = 0; i < out.numel(); ++i) {
      const int64_t column = i / channels % 14, line = i / channels / 14;
      wanted.push_back(get(x, ((line / 10 * 5 + line % 10 / 2) * 7 + column / 2) * channels + i % channels));
    }
    compare("upsample2x " + std::to_string(channels), out, wanted);
  }
}

}  // namespace
}  // namespace umbel

// check [norms|linears|float8|hopper|convolutions|attention|upsampling]: one part, or all.
int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::pair<const char*, void (*)()> parts[] = {
      {"norms", umbel::check_norms},   {"linears", umbel::check_linears},           {"float8", umbel::check_float8},
      {"hopper", umbel::check_hopper}, {"convolutions", umbel::check_convolutions},
      {"attention", umbel::check_wide_attentions}, {"upsampling", umbel::check_upsampling}};
  for (const auto& [name, check] : parts) {
    if (argc < 2 || std::strcmp(argv[1], name) == 0) check();
  }
  std::printf("%d broken\n", umbel::broken);
  return umbel::broken == 0 ? 0 : 1;
}
