// Stands in for the PTX of portable/mma_gemm.cuh, inside of its namespace: operands lie in the lanes as the PTX reference
// says for ldmatrix and mma.m16n8k16.

inline uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(static_cast<const uint8_t*>(p) - emulated::shared_memory());
}
inline void copy_async(uint32_t to, const void* from, bool present) {
  if (to % 16 != 0 || reinterpret_cast<uintptr_t>(from) % 16 != 0) emulated::stop("a cp.async that is not aligned");
  if (present) {
    std::memcpy(emulated::shared_memory() + to, from, 16);
  } else {
    std::memset(emulated::shared_memory() + to, 0, 16);
  }
}
inline void commit_copies() {}
template <int left>
inline void wait_copies() {}

inline void load_matrices(uint32_t (&r)[4], uint32_t address) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  warp.address[lane] = emulated::shared_memory() + address;
  emulated::wait(warp.barrier, 32);
  for (int i = 0; i < 4; ++i) {
    std::memcpy(&r[i], static_cast<const uint8_t*>(warp.address[8 * i + lane / 4]) + lane % 4 * 4, 4);
  }
  emulated::wait(warp.barrier, 32);
}

inline float half_of(uint32_t pair, int which) {
  return __uint_as_float(which ? pair & 0xffff0000u : pair << 16);
}
inline void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
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
    c[i] += sum;
  }
  emulated::wait(warp.barrier, 32);
}

inline float value_of_e4m3(uint32_t word, int which) {
  const auto code = static_cast<uint8_t>(word >> (8 * which));
  return __half2float(__half(__nv_cvt_fp8_to_halfraw(code, __NV_E4M3)));
}
inline void multiply_add_e4m3(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  emulated::Exchange& warp = emulated::my_warp();
  const int lane = emulated::my_lane();
  std::memcpy(warp.fragment[lane], a, sizeof a);
  warp.fragment[lane][4] = b0;
  warp.fragment[lane][5] = b1;
  emulated::wait(warp.barrier, 32);
  for (int i = 0; i < 4; ++i) {
    const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
    float sum = 0;
    for (int k = 0; k < 32; ++k) {
      const uint32_t left = warp.fragment[row % 8 * 4 + k % 16 / 4][(row >= 8) + 2 * (k >= 16)];
      const uint32_t right = warp.fragment[column * 4 + k % 16 / 4][4 + (k >= 16)];
      sum += value_of_e4m3(left, k % 4) * value_of_e4m3(right, k % 4);
    }
    c[i] += sum;
  }
  emulated::wait(warp.barrier, 32);
}
