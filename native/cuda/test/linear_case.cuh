#pragma once
// One product with its operands on the device, and who computes it.
#include <memory>
#include <string>

#include "cuda/linear.h"
#include "cuda/portable/linear_product.h"
#include "cuda/portable/quantize_rows.h"
#include "cuda/test/linear_context.cuh"
#include "cuda/test/linear_reference.cuh"

namespace umbel::cuda::check {

struct Case {
  int64_t m, n, k;
  DType type = DType::bf16, out_type = DType::bf16;
  DType bias = DType::u8;      // u8: there is none
  DType residual = DType::u8;  // u8: there is none; with it a gate of the same type
  bool gate_rows = false;
  int activation = 0;
};

inline const char* type_text(DType type) {
  return type == DType::f32 ? "f32" : type == DType::bf16 ? "bf16" : type == DType::f8_e4m3 ? "fp8" : "none";
}

inline std::string describe(const Case& c) {
  static const char* const activations[] = {"", " gelu-tanh", " silu", " gelu"};
  char text[200];
  std::snprintf(text, sizeof text, "%s %lldx%lldx%lld -> %s%s%s%s", type_text(c.type), static_cast<long long>(c.m),
                static_cast<long long>(c.n), static_cast<long long>(c.k), type_text(c.out_type),
                c.bias == DType::u8 ? "" : c.bias == DType::f32 ? " bias-f32" : " bias-bf16", activations[c.activation],
                c.residual == DType::u8 ? "" : c.gate_rows ? " gated-rows" : " gated");
  return text;
}

// How a product is made: by linear_sm90 with a tuning, or by launch_linear with a context that leaves it one way.
struct Way {
  std::string name;
  LinearPath path;
  LinearTuning tuning{};
};

inline constexpr size_t kGuardBytes = 4096;

class Operands {
 public:
  explicit Operands(const Case& c)
      : case_(c),
        x_(matrix(c.m, c.k, c.type, 1)),
        w_(matrix(c.n, c.k, c.type, 2)),
        out_(static_cast<size_t>(c.m * c.n) * dtype_size(c.out_type) + kGuardBytes) {
    arguments.x = x_.data, arguments.w = w_.data;
    arguments.m = c.m, arguments.n = c.n, arguments.k = c.k;
    arguments.type = c.type;
    arguments.activation = c.activation;
    arguments.out = out_.data;
    arguments.out_type = c.out_type;
    if (c.type == DType::f8_e4m3) {
      // Values are up to 448; scales bring them near to 1 again.
      x_scales_ = filled(c.m, DType::f32, 0.002f, 0.01f, 3);
      w_scales_ = filled(c.n, DType::f32, 0.0001f, 0.0005f, 4);
      arguments.x_scales = static_cast<float*>(x_scales_.data);
      arguments.w_scales = static_cast<float*>(w_scales_.data);
    }
    if (c.bias != DType::u8) {
      bias_ = filled(c.n, c.bias, 1, 0, 5);
      arguments.bias = {bias_.data, c.bias};
    }
    if (c.residual != DType::u8) {
      residual_ = filled(c.m * c.n, c.residual, 2, 0, 6);
      gate_ = filled(c.gate_rows ? c.m * c.n : c.n, c.residual, 1, 0, 7);
      arguments.residual = {residual_.data, c.residual};
      arguments.gate = {gate_.data, c.residual};
      arguments.gate_rows = c.gate_rows;
    }
    must(cudaDeviceSynchronize(), "filling operands");
  }

  void poison_out() const { must(cudaMemset(out_.data, 0xFF, out_.bytes), "a fill"); }
  const Memory& out() const { return out_; }

  // A reason why not, or null. Enqueues the product.
  const char* run(const Way& way, CheckContext& context, const LinearDevice& device) const {
    if (const char* obstacle = linear_obstacle(arguments, way.path, device)) return obstacle;
    if (way.path == LinearPath::sm90) {
      must(linear_sm90(arguments, way.tuning, context.multiprocessors(), context.stream()), "the launch");
      return nullptr;
    }
    if (case_.type == DType::f8_e4m3 || way.path == LinearPath::cublaslt) return run_product(way, context);
    return run_tensors(context);
  }

  LinearArguments arguments{};

 private:
  static Memory filled(int64_t count, DType type, float scale, float shift, uint32_t seed) {
    Memory memory(static_cast<size_t>(count) * dtype_size(type));
    fill_random<<<2048, 256>>>(memory.data, type, count, scale, shift, seed);
    must(cudaGetLastError(), "a fill");
    return memory;
  }
  // Products of about 1.
  static Memory matrix(int64_t rows, int64_t k, DType type, uint32_t seed) {
    const float scale = type == DType::f8_e4m3 ? 1.0f : 1.0f / sqrtf(sqrtf(static_cast<float>(k < 1 ? 1 : k)));
    return filled(rows * k, type, scale, 0, seed);
  }
  static Tensor tensor(const void* data, DType type, int64_t rows, int64_t columns) {
    Tensor t;
    t.data = const_cast<void*>(data);
    t.dtype = type;
    t.rank = rows ? 2 : 1;
    const int64_t sizes[2] = {rows ? rows : columns, columns};
    for (int i = 0; i < t.rank; ++i) t.shape[static_cast<size_t>(i)] = sizes[i];
    t.stride[0] = t.rank == 2 ? columns : 1;
    t.stride[1] = 1;
    return t;
  }
  // As the op would run it.
  const char* run_tensors(CheckContext& context) const {
    const LinearArguments& a = arguments;
    context.begin_op();
    const Tensor x = tensor(a.x, a.type, a.m, a.k), w = tensor(a.w, a.type, a.n, a.k),
                 out = tensor(a.out, a.out_type, a.m, a.n), bias = tensor(a.bias.data, a.bias.type, 0, a.n),
                 residual = tensor(a.residual.data, a.residual.type, a.m, a.n),
                 gate = tensor(a.gate.data, a.gate.type, a.gate_rows ? a.m : 0, a.n);
    LinearProduct product{.x = x, .w = w, .activation = a.activation};
    if (a.bias.data) product.bias = &bias;
    if (a.residual.data) product.residual = &residual, product.gate = &gate;
    launch_linear(context, product, out, "linear");
    return nullptr;
  }
  // With operands that are quantised already.
  const char* run_product(const Way& way, CheckContext& context) const {
    context.begin_op();
    const Tensor out = tensor(arguments.out, arguments.out_type, arguments.m, arguments.n);
    return run_linear_path(context, arguments, way.path, out) ? nullptr : "the library has no algorithm for it";
  }

  Case case_;
  Memory x_, w_, out_, x_scales_, w_scales_, bias_, residual_, gate_;
};

}  // namespace umbel::cuda::check
