#pragma once
// The few declarations of NVIDIA's cuBLASLt that the backend uses, written after the public API reference (cuBLAS 11 to
// 13, "Using the cuBLASLt API"). The library is opened at run time, so that neither building nor running needs it; the
// values below have been the same in all of these versions that know them.
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace umbel::cublaslt {

using Status = int;  // cublasStatus_t
constexpr Status kSuccess = 0;

constexpr int kCompute32F = 68;  // CUBLAS_COMPUTE_32F

// cudaDataType_t
constexpr int kReal32F = 0;
constexpr int kReal16BF = 14;
constexpr int kReal8E4M3 = 28;

// cublasOperation_t
constexpr int32_t kNoTranspose = 0;
constexpr int32_t kTranspose = 1;

// cublasLtMatmulDescAttributes_t
constexpr int kDescTransA = 3;
constexpr int kDescTransB = 4;
constexpr int kDescEpilogue = 7;
constexpr int kDescBiasPointer = 8;
constexpr int kDescAScalePointer = 17;
constexpr int kDescBScalePointer = 18;
constexpr int kDescFastAccumulation = 25;
constexpr int kDescBiasDataType = 26;
// From 12.8 on.
constexpr int kDescAScaleMode = 31;
constexpr int kDescBScaleMode = 32;

// cublasLtMatmulMatrixScale_t: a float32 scale for each row and each column of the product, from 12.9 on.
constexpr int32_t kScaleOuterVector = 3;

// cublasLtEpilogue_t
constexpr uint32_t kEpilogueDefault = 1;
constexpr uint32_t kEpilogueBias = 4;
constexpr uint32_t kEpilogueGelu = 32;  // tanh form
constexpr uint32_t kEpilogueGeluBias = 36;

// cublasLtMatmulPreferenceAttributes_t
constexpr int kPreferenceMaxWorkspaceBytes = 1;

struct Algorithm {  // cublasLtMatmulAlgo_t
  uint64_t data[8];
};
struct Heuristic {  // cublasLtMatmulHeuristicResult_t
  Algorithm algorithm;
  size_t workspace_bytes;
  Status state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Heuristic) == 96, "must be laid out as cublasLtMatmulHeuristicResult_t");

using Handle = void*;
using Desc = void*;
using Layout = void*;
using Preference = void*;

struct Functions {
  Status (*cublasLtCreate)(Handle*);
  Status (*cublasLtDestroy)(Handle);
  size_t (*cublasLtGetVersion)();
  Status (*cublasLtMatmulDescCreate)(Desc*, int compute_type, int scale_type);
  Status (*cublasLtMatmulDescDestroy)(Desc);
  Status (*cublasLtMatmulDescSetAttribute)(Desc, int attribute, const void*, size_t);
  Status (*cublasLtMatrixLayoutCreate)(Layout*, int type, uint64_t rows, uint64_t columns, int64_t ld);
  Status (*cublasLtMatrixLayoutDestroy)(Layout);
  Status (*cublasLtMatmulPreferenceCreate)(Preference*);
  Status (*cublasLtMatmulPreferenceDestroy)(Preference);
  Status (*cublasLtMatmulPreferenceSetAttribute)(Preference, int attribute, const void*, size_t);
  Status (*cublasLtMatmulAlgoGetHeuristic)(Handle, Desc, Layout a, Layout b, Layout c, Layout d, Preference,
                                           int requested, Heuristic*, int* found);
  Status (*cublasLtMatmul)(Handle, Desc, const void* alpha, const void* a, Layout, const void* b, Layout,
                           const void* beta, const void* c, Layout, void* d, Layout, const Algorithm*,
                           void* workspace, size_t workspace_bytes, cudaStream_t);
};

}  // namespace umbel::cublaslt
