#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "core/tensor.h"
#include "cuda/cublaslt_api.h"

namespace umbel {

// out [m, n] = epilogue(x [m, k] w[n, k]^T), row-major, sums in float32.
struct LtProduct {
  const void* x;
  const void* w;
  DType type;             // of x and w: bfloat16, or float8 e4m3 with scales, without epilogues
  const float* x_scales;  // [m]
  const float* w_scales;  // [n]
  const void* bias;  // [n] of bias_type, or null
  void* out;
  int64_t m, n, k;
  DType bias_type;  // float32 or bfloat16
  DType out_type;   // float32 or bfloat16
  bool gelu;        // tanh form, after the bias
};

// cuBLASLt, opened at run time: libcublasLt.so of versions 13, 12 or 11, or the file that UMBEL_CUBLASLT names ("none"
// leaves it out). Chosen algorithms are kept by shape.
class CublasLt {
 public:
  // Null where there is no library.
  static std::unique_ptr<CublasLt> open();
  // "cuBLASLt 13.1.0", or why our own kernels stand in.
  static std::string describe();
  ~CublasLt();
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;

  static constexpr size_t kWorkspaceBytes = size_t{32} << 20;

  // Whether it multiplies float8 with a scale for each row and column (12.9 and later).
  bool has_scales() const;

  // False when it has no way for this product (nothing was launched then). `workspace` holds kWorkspaceBytes.
  bool multiply(const LtProduct& product, void* workspace, cudaStream_t stream);

 private:
  struct Plan {
    cublaslt::Desc desc = nullptr;
    cublaslt::Layout w = nullptr, x = nullptr, out = nullptr;
    cublaslt::Algorithm algorithm{};
    bool usable = false;
  };
  using Key = std::tuple<int64_t, int64_t, int64_t, int, int, int, bool, bool>;

  CublasLt(const cublaslt::Functions& functions, cublaslt::Handle handle)
      : functions_(functions), handle_(handle) {}
  Plan make_plan(const LtProduct& product);

  const cublaslt::Functions functions_;
  const cublaslt::Handle handle_;
  std::map<Key, Plan> plans_;
};

}  // namespace umbel
