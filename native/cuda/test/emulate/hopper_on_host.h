#pragma once
// Stands in for cuda/ptx/: the copy engine with its swizzles, transaction barriers, warp and warpgroup products on emulated
// threads, as the PTX reference says they read and write memory and lanes. Copies arrive a turn after they were
// asked for, and products with both operands in shared memory are made when they are waited for, so that data that is used
// too early or given back too soon shows. It checks addresses, layouts, counts of bytes and arrivals, and that no wait
// lasts for ever.
#include <cuda.h>

#include <deque>
#include <map>
#include <utility>

#include "cuda/ptx/shared_descriptor.cuh"

namespace umbel::ptx {

struct TransactionBarrier {
  int arrivals = 0, pending = 0;
  int64_t bytes = 0;
  uint32_t phase = 0;
};
struct BoxOrigin {
  int c0, c1, c2, c3, c4;
};
struct Copy {
  CUtensorMap map;
  BoxOrigin at;
  uint32_t target, barrier;
  int age = 0;
};
// Of a warpgroup product: what a thread needs to make its sums.
struct Product {
  float* sums;
  int columns, element_bytes;
  uint64_t x, w;
  bool add;
};
// What the encoder of tensor maps is given; axes that a map does not have are one element.
struct HostMap {
  const uint8_t* data;
  int64_t shape[5], bytes[5];  // bytes: from one element of an axis to the next
  uint32_t box[5], element_bytes, swizzle;
};
static_assert(sizeof(HostMap) <= sizeof(CUtensorMap));

inline std::map<uint32_t, TransactionBarrier> barriers;  // by address
inline std::deque<Copy> copies;
inline std::map<const void*, std::deque<std::deque<Product>>> products;  // by fiber; the last group is open

inline uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(static_cast<const uint8_t*>(p) - emulated::shared_memory());
}
inline void complete(TransactionBarrier& b) {
  if (b.pending != 0 || b.bytes != 0) return;
  b.pending = b.arrivals;
  b.phase ^= 1;
  ++emulated::progress;
}
inline void mbarrier_arrive(uint32_t barrier) {
  TransactionBarrier& b = barriers[barrier];
  if (--b.pending < 0) emulated::stop("more threads arrived at a barrier than it waits for");
  complete(b);
}

inline void deliver(const Copy& copy) {
  HostMap m;
  std::memcpy(&m, &copy.map, sizeof m);
  const int64_t origin[5] = {copy.at.c0, copy.at.c1, copy.at.c2, copy.at.c3, copy.at.c4};
  uint32_t byte = 0;
  int64_t i[5];
  for (i[4] = 0; i[4] < m.box[4]; ++i[4]) {
    for (i[3] = 0; i[3] < m.box[3]; ++i[3]) {
      for (i[2] = 0; i[2] < m.box[2]; ++i[2]) {
        for (i[1] = 0; i[1] < m.box[1]; ++i[1]) {
          for (i[0] = 0; i[0] < m.box[0]; ++i[0], byte += m.element_bytes) {
            int64_t from = 0;
            bool inside = true;
            for (int d = 0; d < 5; ++d) {
              const int64_t index = origin[d] + i[d];
              inside = inside && index >= 0 && index < m.shape[d];
              from += index * m.bytes[d];
            }
            const uint32_t plain = copy.target + byte;
            const uint32_t to = plain ^ (plain >> 3 & (m.swizzle == 128 ? 0x70u : 0x30u));
            uint8_t* target = emulated::running->shared + to;
            if (inside) std::memcpy(target, m.data + from, m.element_bytes);
            else std::memset(target, 0, m.element_bytes);
          }
        }
      }
    }
  }
  TransactionBarrier& barrier = barriers[copy.barrier];
  barrier.bytes -= byte;
  complete(barrier);
  ++emulated::progress;
}
inline void deliver_copies() {
  for (Copy& copy : copies) ++copy.age;
  while (!copies.empty() && copies.front().age > 1) {
    deliver(copies.front());
    copies.pop_front();
  }
}

inline void mbarrier_init(uint32_t barrier, uint32_t arrivals) {
  emulated::between = deliver_copies;
  const int count = static_cast<int>(arrivals);
  barriers[barrier] = {count, count, 0, 0};
}
inline void fence_barrier_init() {}
inline void mbarrier_arrive_expect(uint32_t barrier, uint32_t bytes) {
  barriers[barrier].bytes += bytes;
  mbarrier_arrive(barrier);
}
inline void mbarrier_wait(uint32_t barrier, uint32_t parity) {
  while (barriers[barrier].phase == parity) {
    emulated::waiting_for = "a transaction barrier";
    swapcontext(&emulated::current->context, &emulated::home);
  }
}

inline void prefetch_tensor_map(const CUtensorMap&) {}
inline void prefetch_line(const void* address) {
  if (address == nullptr) emulated::stop("a prefetch of nothing");
}
inline void ask_for(uint32_t target, const CUtensorMap& map, BoxOrigin at, uint32_t barrier) {
  HostMap m;
  std::memcpy(&m, &map, sizeof m);
  // The swizzle repeats every 1024 or 512 bytes.
  if (target % (m.swizzle * 8) != 0) emulated::stop("a box that is not aligned to its swizzle");
  copies.push_back({map, at, target, barrier});
}
inline uint64_t policy_evict_first() { return 0; }
inline uint64_t policy_evict_last() { return 0; }
inline void tma_load(uint32_t target, const CUtensorMap& map, BoxOrigin at, uint32_t barrier, uint64_t) {
  ask_for(target, map, at, barrier);
}
inline void tma_load_matrix(uint32_t target, const CUtensorMap& map, int column, int row, uint32_t barrier) {
  ask_for(target, map, {column, row, 0, 0, 0}, barrier);
}

inline CUresult encode_on_host(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void* data,
                               const cuuint64_t* shape, const cuuint64_t* bytes, const cuuint32_t* box,
                               const cuuint32_t* unit, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                               CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  HostMap host{static_cast<const uint8_t*>(data), {1, 1, 1, 1, 1}, {}, {1, 1, 1, 1, 1}, 2, 64};
  if (type == CU_TENSOR_MAP_DATA_TYPE_UINT8) host.element_bytes = 1;
  if (swizzle == CU_TENSOR_MAP_SWIZZLE_128B) host.swizzle = 128;
  bool valid = rank <= 5 && reinterpret_cast<uintptr_t>(data) % 16 == 0 && box[0] * host.element_bytes <= host.swizzle;
  for (cuuint32_t i = 0; i < rank; ++i) {
    host.shape[i] = static_cast<int64_t>(shape[i]);
    host.box[i] = box[i];
    valid = valid && shape[i] > 0 && shape[i] <= (uint64_t{1} << 32) && box[i] > 0 && box[i] <= 256 && unit[i] == 1;
    host.bytes[i] = static_cast<int64_t>(i == 0 ? host.element_bytes : bytes[i - 1]);
    if (i > 0) valid = valid && bytes[i - 1] % 16 == 0 && bytes[i - 1] > 0 && bytes[i - 1] < (uint64_t{1} << 40);
  }
  std::memcpy(map, &host, sizeof host);
  return valid ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
inline auto encode_tiled() { return &encode_on_host; }

// How the hardware forms an address: bits 4-6 of the plain address are flipped by bits 7-9.
inline float shared_operand(uint64_t d, int row, int k, int element_bytes) {
  const uint32_t start = static_cast<uint32_t>(d & 0x3FFF) << 4, stride = static_cast<uint32_t>(d >> 32 & 0x3FFF) << 4;
  const uint32_t plain = start + row / 8 * stride + row % 8 * 128 + k * element_bytes;
  const uint32_t address = plain ^ (plain >> 7 & 7) << 4;
  const uint8_t* from = emulated::shared_memory() + address;
  if (element_bytes == 1) return __half2float(__half(__nv_cvt_fp8_to_halfraw(*from, __NV_E4M3)));
  uint16_t bits;
  std::memcpy(&bits, from, 2);
  return __uint_as_float(static_cast<uint32_t>(bits) << 16);
}
inline void make(const Product& p) {
  const int thread = static_cast<int>(emulated::current->thread.x % 128);
  for (int i = 0; i < p.columns / 2; ++i) {
    const int row = thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + thread % 4 * 2 + i % 2;
    float sum = p.add ? p.sums[i] : 0.0f;
    for (int k = 0; k < 32 / p.element_bytes; ++k) {
      sum += shared_operand(p.x, row, k, p.element_bytes) * shared_operand(p.w, column, k, p.element_bytes);
    }
    p.sums[i] = sum;
  }
}

inline std::deque<std::deque<Product>>& my_products() {
  auto& mine = products[emulated::current];
  if (mine.empty()) mine.emplace_back();
  return mine;
}
inline void wgmma_fence() {}
inline void wgmma_commit() { my_products().emplace_back(); }
template <int pending>
inline void wgmma_wait() {
  auto& mine = my_products();
  while (static_cast<int>(mine.size()) > pending + 1) {
    for (const Product& product : mine.front()) make(product);
    mine.pop_front();
  }
}
template <int count>
inline void wgmma_bf16(float (&d)[count], uint64_t x, uint64_t w, uint32_t add) {
  my_products().back().push_back({d, 2 * count, 2, x, w, add != 0});
}
template <int count>
inline void wgmma_e4m3(float (&d)[count], uint64_t x, uint64_t w, uint32_t add) {
  my_products().back().push_back({d, 2 * count, 1, x, w, add != 0});
}
template <class T, int count>
inline void pin(T (&)[count]) {}
template <int registers>
inline void release_registers() {}
template <int registers>
inline void claim_registers() {}

inline void load_matrices(uint32_t (&r)[4], uint32_t address) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  if (address % 16 != 0) emulated::stop("an ldmatrix that is not aligned");
  warp.address[lane] = emulated::shared_memory() + address;
  emulated::wait(warp.barrier, 32);
  for (int i = 0; i < 4; ++i) {
    std::memcpy(&r[i], static_cast<const uint8_t*>(warp.address[8 * i + lane / 4]) + lane % 4 * 4, 4);
  }
  emulated::wait(warp.barrier, 32);
}
inline void load_matrices_transposed(uint32_t (&r)[4], uint32_t address) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  if (address % 16 != 0) emulated::stop("an ldmatrix that is not aligned");
  warp.address[lane] = emulated::shared_memory() + address;
  emulated::wait(warp.barrier, 32);
  for (int i = 0; i < 4; ++i) {
    uint16_t pair[2];
    for (int j = 0; j < 2; ++j) {
      std::memcpy(&pair[j], static_cast<const uint8_t*>(warp.address[8 * i + lane % 4 * 2 + j]) + lane / 4 * 2, 2);
    }
    r[i] = pair[0] | static_cast<uint32_t>(pair[1]) << 16;
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
    std::memcpy(emulated::shared_memory() + to, from, 16);
  } else {
    std::memset(emulated::shared_memory() + to, 0, 16);
  }
}
inline void copy_async_commit() {}
template <int pending>
inline void copy_async_wait() {}

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
      std::memcpy(&right, emulated::shared_memory() + (plain ^ (plain >> 3 & (mode == 1 ? 0x70u : 0x30u))), 2);
      sum += half_of(left, k % 2) * half_of(right, 0);
    }
    d[i] += sum;
  }
  emulated::wait(warp.barrier, 32);
}

}  // namespace umbel::ptx
