#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace umbel {

// Kernel sources are compiled once per instruction set; an inline function that the compiler does not inline would be
// emitted in each of those objects and merged by the linker into one arbitrary copy.
#define UMBEL_INLINE __attribute__((always_inline)) inline

enum class DType : uint8_t { f32, f16, bf16, f8_e4m3, f8_e5m2, i32, u8 };

constexpr int kMaxRank = 8;

UMBEL_INLINE constexpr size_t dtype_size(DType t) {
  switch (t) {
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
      return 2;
    default:
      return 1;
  }
}

UMBEL_INLINE constexpr bool is_float(DType t) { return t != DType::i32 && t != DType::u8; }

// A typed, strided view of a storage, as kernels see it: plain data, no ownership. Strides and offset count elements.
struct Tensor {
  void* data = nullptr;  // first element of this view
  DType dtype = DType::f32;
  int rank = 0;
  std::array<int64_t, kMaxRank> shape{};
  std::array<int64_t, kMaxRank> stride{};

  UMBEL_INLINE int64_t numel() const {
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= shape[static_cast<size_t>(i)];
    return n;
  }
  // Negative axes count from the end.
  UMBEL_INLINE int64_t dim(int axis) const { return shape[static_cast<size_t>(axis < 0 ? axis + rank : axis)]; }
  UMBEL_INLINE size_t bytes() const { return static_cast<size_t>(numel()) * dtype_size(dtype); }
  UMBEL_INLINE bool contiguous() const {
    if (numel() == 0) return true;
    int64_t expected = 1;
    for (int i = rank - 1; i >= 0; --i) {
      const auto u = static_cast<size_t>(i);
      if (shape[u] != 1 && stride[u] != expected) return false;
      expected *= shape[u];
    }
    return true;
  }
  UMBEL_INLINE float* f32() const { return static_cast<float*>(data); }
  UMBEL_INLINE int32_t* i32() const { return static_cast<int32_t*>(data); }
  UMBEL_INLINE uint16_t* u16() const { return static_cast<uint16_t*>(data); }
  UMBEL_INLINE uint8_t* u8() const { return static_cast<uint8_t*>(data); }
};

}  // namespace umbel
