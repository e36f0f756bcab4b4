#pragma once
// Descriptors that name the shared-memory operands of wgmma (PTX ISA, matrix descriptor), sm_90a.
//
// Operands lie in shared memory as the copy engine writes them with 128-byte swizzle: rows of 64 elements (128 bytes),
// the 16-byte piece p of row r stored at piece p ^ (r % 8), 1024-byte aligned. Eight rows make an atom of 1024 bytes.
//
// Descriptor (64 bits, addresses and offsets in units of 16 bytes): address 0-13, leading offset 16-29, stride offset
// 32-45, swizzle 62-63 (1 is 128 bytes).
// - K-major (Q and K: rows are queries or keys, the 64 columns are k): the stride offset leads from eight rows to the
//   next eight (1024 bytes), the leading offset is not used. One product takes k = 16, so 32 bytes further in the row;
//   the hardware applies the swizzle to the address it forms, so the start address moves by 32 bytes.
// - MN-major (V: rows are keys, that is k, and the 64 columns are channels, that is n): the stride offset leads from
//   eight keys to the next eight (1024 bytes), the leading offset from 64 channels to the next 64. One product takes 16
//   keys, so the start address moves by 2048 bytes.
#include <cstdint>

#ifdef __CUDACC__
#define UMBEL_HOST_DEVICE __host__ __device__
#else
#define UMBEL_HOST_DEVICE
#endif

namespace umbel::ptx {

constexpr uint64_t kSwizzle128 = uint64_t{1} << 62;

UMBEL_HOST_DEVICE constexpr uint64_t descriptor_offsets(uint32_t leading_bytes, uint32_t stride_bytes) {
  return kSwizzle128 | static_cast<uint64_t>(leading_bytes >> 4) << 16 | static_cast<uint64_t>(stride_bytes >> 4) << 32;
}

UMBEL_HOST_DEVICE constexpr uint64_t descriptor(uint32_t shared_address, uint64_t offsets) {
  return offsets | static_cast<uint64_t>((shared_address & 0x3FFFF) >> 4);
}

// The descriptor of a K-major operand, and of an MN-major one whose groups of 64 columns lie `group_bytes` apart.
constexpr uint64_t kKMajor = descriptor_offsets(16, 1024);
UMBEL_HOST_DEVICE constexpr uint64_t mn_major(uint32_t group_bytes) {
  return descriptor_offsets(group_bytes, 1024);
}

// Byte offset in a tile of the copy engine with 128-byte swizzle: element `column` of 64 in a row.
UMBEL_HOST_DEVICE constexpr uint32_t swizzled(uint32_t row, uint32_t column) {
  return row * 128 + ((column / 8 ^ row % 8) * 16) + column % 8 * 2;
}

}  // namespace umbel::ptx
