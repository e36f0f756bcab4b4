#pragma once
// Matrix products of the CUDA backend behind an interface without tensors: out = epilogue(x w^T), x [m, k], w [n, k], out
// [m, n], all row-major without gaps. Kernels: sm90/linear.cu (Hopper), portable/linear_portable.cu (sm_80 and later),
// and cuBLASLt, which knows fewer epilogues (cublaslt.h).
#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>

#include "core/tensor.h"

namespace umbel::cuda {

// A row [n] or rows [m, n] of float32 or bfloat16 on the device; null data: there is none.
struct LinearOperand {
  const void* data = nullptr;
  DType type = DType::f32;
};

// v = x w^T (times the scales of x's row and of w's row) + bias; activation; then residual + gate * v.
struct LinearArguments {
  const void *x, *w;
  DType type;                      // of x and w: bf16 or f8_e4m3
  const float* x_scales = nullptr;  // [m], f8_e4m3
  const float* w_scales = nullptr;  // [n], f8_e4m3
  int64_t m, n, k;
  LinearOperand bias, residual, gate;  // [n]; [m, n]; [n] or with gate_rows [m, n]
  bool gate_rows = false;
  int activation = 0;  // as in include/ops.h
  void* out;
  DType out_type;  // f32 or bf16
};

enum class LinearPath { portable, cublaslt, sm90 };

// What choices depend on besides the work.
struct LinearDevice {
  int capability;       // 10 * major + minor
  bool cublaslt;        // it was found
  bool scaled_cublaslt;  // and multiplies float8 with a scale for each row and column
};

struct LinearChoice {
  LinearPath path;
  const char* reason;  // why not another: one clause, empty when nothing is faster
};

const char* linear_path_name(LinearPath path);

// The reason why a path cannot do this work there, or null. cublaslt: of the product alone; what it has no epilogue for is
// left to a pass behind it.
const char* linear_obstacle(const LinearArguments& a, LinearPath path, const LinearDevice& device);
// Whether cuBLASLt needs that pass: for residuals, activations that it does not know, and rows of bias that it would round.
bool needs_pass_behind_cublaslt(const LinearArguments& a);
// Whether the bias is float32 and what cuBLASLt gives is not (before a residual it is bfloat16): it takes biases of the
// type of its result.
bool rounds_bias_in_cublaslt(const LinearArguments& a);
// The fastest path that can. UMBEL_LINEAR names one to take wherever it can.
LinearChoice choose_linear(const LinearArguments& a, const LinearDevice& device);
// For `umbel info`: what makes large products there, `library` what CublasLt::describe says.
std::string describe_linear(int capability, const std::string& library);

// How sm90 does its work; the defaults are what choose_linear stands for.
struct LinearTuning {
  bool prefetch = true;  // the residual comes to L2 while the product is under way
};

// Enqueues the work on the Hopper kernel; cudaErrorNotSupported where linear_obstacle gives a reason.
cudaError_t linear_sm90(const LinearArguments& a, const LinearTuning& tuning, int multiprocessors, cudaStream_t stream);

using LinearLaunch = decltype(&linear_sm90);
// Called by sm90/linear.cu at load time, since a build may leave it out.
int register_linear_sm90(LinearLaunch launch);

}  // namespace umbel::cuda
