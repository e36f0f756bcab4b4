#pragma once
// The driver's encoder of tensor maps, sm_90.
#include <cuda.h>
#include <cuda_runtime.h>

namespace umbel::ptx {

using EncodeTiled = decltype(&cuTensorMapEncodeTiled);

// Asked for at run time, so that the addon links without a driver; null where there is none.
inline EncodeTiled encode_tiled() {
  static const EncodeTiled encode = [] {
    void* entry = nullptr;
    cudaDriverEntryPointQueryResult found{};
    if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &found) !=
            cudaSuccess ||
        found != cudaDriverEntryPointSuccess) {
      entry = nullptr;
    }
    return reinterpret_cast<EncodeTiled>(entry);
  }();
  return encode;
}

}  // namespace umbel::ptx
