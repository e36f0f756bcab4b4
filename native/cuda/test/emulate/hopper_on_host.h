#pragma once
// Stands in for cuda/ptx/: the copy engine, transaction barriers, warp and warpgroup products on emulated threads, as the
// PTX reference says they read and write memory and lanes. Copies are done when they are issued, products too, so it
// checks addresses, layouts, counts of bytes and arrivals, and that no wait lasts for ever; not what overlaps.
#include <cuda.h>

#include "cuda/ptx/shared_descriptor.cuh"

namespace umbel::ptx {

inline uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(static_cast<const uint8_t*>(p) - emulated::shared_memory);
}

struct Transactions {
  uint32_t arrivals, waited_for, phase;
  int32_t bytes;
};
inline std::vector<std::pair<uint32_t, Transactions>> transactions;
inline Transactions& transactions_at(uint32_t barrier) {
  for (auto& [address, state] : transactions) {
    if (address == barrier) return state;
  }
  transactions.push_back({barrier, {}});
  return transactions.back().second;
}
inline void settle(Transactions& t) {
  if (t.waited_for == 0 && t.bytes == 0) {
    t.waited_for = t.arrivals;
    t.phase ^= 1;
  }
}
inline void mbarrier_init(uint32_t barrier, uint32_t arrivals) { transactions_at(barrier) = {arrivals, arrivals, 0, 0}; }
inline void fence_barrier_init() {}
inline void mbarrier_arrive(uint32_t barrier) {
  Transactions& t = transactions_at(barrier);
  if (t.waited_for == 0) emulated::stop("an arrival too many");
  --t.waited_for;
  settle(t);
}
inline void mbarrier_arrive_expect(uint32_t barrier, uint32_t bytes) {
  Transactions& t = transactions_at(barrier);
  if (t.waited_for == 0) emulated::stop("an arrival too many");
  t.bytes += static_cast<int32_t>(bytes);
  --t.waited_for;
}
inline void mbarrier_wait(uint32_t barrier, uint32_t parity) {
  for (int turns = 0; transactions_at(barrier).phase == parity; ++turns) {
    if (turns > 100000) emulated::stop("a wait for a barrier that does not end");
    swapcontext(&emulated::current->context, &emulated::home);
  }
}

// What the encoder of tensor maps is given.
struct HostMap {
  const uint16_t* data;
  int64_t shape[5], stride[4];
  uint32_t box[5], swizzle;
};
static_assert(sizeof(HostMap) <= sizeof(CUtensorMap));
inline CUresult encode_on_host(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* data,
                               const cuuint64_t* shape, const cuuint64_t* bytes, const cuuint32_t* box,
                               const cuuint32_t* unit, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                               CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  HostMap host{static_cast<const uint16_t*>(data), {}, {}, {}, swizzle == CU_TENSOR_MAP_SWIZZLE_128B ? 128u : 64u};
  bool valid = rank == 5 && type == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 && reinterpret_cast<uintptr_t>(data) % 16 == 0 &&
               box[0] * 2 <= host.swizzle;
  for (int i = 0; i < 5; ++i) {
    host.shape[i] = static_cast<int64_t>(shape[i]);
    host.box[i] = box[i];
    valid = valid && shape[i] > 0 && shape[i] <= (uint64_t{1} << 32) && box[i] > 0 && box[i] <= 256 && unit[i] == 1;
    if (i < 4) {
      host.stride[i] = static_cast<int64_t>(bytes[i] / 2);
      valid = valid && bytes[i] % 16 == 0 && bytes[i] > 0 && bytes[i] < (uint64_t{1} << 40);
    }
  }
  std::memcpy(map, &host, sizeof host);
  return valid ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
inline auto encode_tiled() { return &encode_on_host; }

struct BoxOrigin {
  int c0, c1, c2, c3, c4;
};
inline void prefetch_tensor_map(const CUtensorMap&) {}
inline uint64_t policy_evict_first() { return 0; }
inline uint64_t policy_evict_last() { return 0; }
inline void tma_load(uint32_t target, const CUtensorMap& map, BoxOrigin at, uint32_t barrier, uint64_t) {
  HostMap m;
  std::memcpy(&m, &map, sizeof m);
  // The swizzle repeats every 1024 or 512 bytes.
  if (target % (m.swizzle * 8) != 0) emulated::stop("a box that is not aligned to its swizzle");
  const int64_t origin[5] = {at.c0, at.c1, at.c2, at.c3, at.c4};
  uint32_t byte = 0;
  int64_t i[5];
  for (i[4] = 0; i[4] < m.box[4]; ++i[4]) {
    for (i[3] = 0; i[3] < m.box[3]; ++i[3]) {
      for (i[2] = 0; i[2] < m.box[2]; ++i[2]) {
        for (i[1] = 0; i[1] < m.box[1]; ++i[1]) {
          for (i[0] = 0; i[0] < m.box[0]; ++i[0], byte += 2) {
            int64_t from = 0;
            bool inside = true;
            for (int d = 0; d < 5; ++d) {
              const int64_t index = origin[d] + i[d];
              inside = inside && index >= 0 && index < m.shape[d];
              from += index * (d == 0 ? 1 : m.stride[d - 1]);
            }
            const uint32_t plain = target + byte;
            const uint32_t to = plain ^ (plain >> 3 & (m.swizzle == 128 ? 0x70u : 0x30u));
            const uint16_t value = inside ? m.data[from] : uint16_t{0};
            std::memcpy(emulated::shared_memory + to, &value, 2);
          }
        }
      }
    }
  }
  Transactions& t = transactions_at(barrier);
  t.bytes -= static_cast<int32_t>(byte);
  settle(t);
}

template <int registers>
inline void release_registers() {}
template <int registers>
inline void claim_registers() {}

inline void load_matrices(uint32_t (&r)[4], uint32_t address) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  if (address % 16 != 0) emulated::stop("an ldmatrix that is not aligned");
  warp.address[lane] = emulated::shared_memory + address;
  emulated::wait(warp.barrier, 32);
  for (int i = 0; i < 4; ++i) {
    std::memcpy(&r[i], static_cast<const uint8_t*>(warp.address[8 * i + lane / 4]) + lane % 4 * 4, 4);
  }
  emulated::wait(warp.barrier, 32);
}
inline float half_of(uint32_t pair, int which) { return __uint_as_float(which ? pair & 0xffff0000u : pair << 16); }

template <class T>
inline void mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  std::memcpy(warp.fragment[lane], a, sizeof a);
  warp.fragment[lane][4] = b0;
  warp.fragment[lane][5] = b1;
  emulated::wait(warp.barrier, 32);
  for (int i = 0; i < 4; ++i) {
    const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; ++k) {
      const uint32_t left = warp.fragment[row % 8 * 4 + k % 8 / 2][(row >= 8) + 2 * (k >= 8)];
      const uint32_t right = warp.fragment[column * 4 + k % 8 / 2][4 + (k >= 8)];
      sum += half_of(left, k % 2) * half_of(right, k % 2);
    }
    d[i] += sum;
  }
  emulated::wait(warp.barrier, 32);
}
inline void copy_async(uint32_t to, const void* from, bool there) {
  if (to % 16 != 0 || (there && reinterpret_cast<uintptr_t>(from) % 16 != 0)) {
    emulated::stop("a cp.async that is not aligned");
  }
  if (there) {
    std::memcpy(emulated::shared_memory + to, from, 16);
  } else {
    std::memset(emulated::shared_memory + to, 0, 16);
  }
}
inline void copy_async_commit() {}
template <int pending>
inline void copy_async_wait() {}

inline void wgmma_fence() {}
inline void wgmma_commit() {}
template <int pending>
inline void wgmma_wait() {}
template <class T, int count>
inline void pin(T (&)[count]) {}

// d [64, 2 half] += a b, b K-major in shared memory as its descriptor says.
template <int half>
inline void wgmma_onto(float (&d)[half], const uint32_t (&a)[4], uint64_t b) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  std::memcpy(warp.fragment[lane], a, sizeof a);
  emulated::wait(warp.barrier, 32);
  const uint32_t start = static_cast<uint32_t>(b & 0x3FFF) << 4, stride = static_cast<uint32_t>(b >> 32 & 0x3FFF) << 4;
  const uint32_t mode = static_cast<uint32_t>(b >> 62), row_bytes = mode == 1 ? 128 : 64;
  if (mode != 1 && mode != 2) emulated::stop("a swizzle that is not emulated");
  for (int i = 0; i < half; ++i) {
    const int row = lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; ++k) {
      const uint32_t left = warp.fragment[row % 8 * 4 + k % 8 / 2][(row >= 8) + 2 * (k >= 8)];
      const uint32_t plain = start + column / 8 * stride + column % 8 * row_bytes + k * 2;
      uint16_t right;
      std::memcpy(&right, emulated::shared_memory + (plain ^ (plain >> 3 & (mode == 1 ? 0x70u : 0x30u))), 2);
      sum += half_of(left, k % 2) * half_of(right, 0);
    }
    d[i] += sum;
  }
  emulated::wait(warp.barrier, 32);
}

}  // namespace umbel::ptx
