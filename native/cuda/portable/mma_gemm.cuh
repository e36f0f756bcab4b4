#pragma once
// out[m, n] = epilogue(sum_k a[m, k] w[n, k]) on bfloat16 tensor cores (mma.sync m16n8k16, float32 sums), sm_80 and later;
// on those of float8 e4m3 (m16n8k32, sm_89 and later) when `float8` is set: their fragments are the same bytes with two
// values in the place of each bfloat16, so everything but the product takes pairs of them for elements, depth included.
//
// A block of 256 threads owns 128 rows by BN columns and walks the depth in steps of 32 through four shared-memory stages
// that cp.async fills three steps ahead. Rows of a stage are 64 bytes; their 16-byte pieces are permuted by
// piece ^ (row / 2 % 4), which keeps ldmatrix and cp.async free of bank conflicts. Where the rows of `a` lie is up to a
// `Rows` type, so that a convolution gathers its patches on the way (an implicit product). Tiles are numbered so that
// eight tiles of rows share their columns' weights in L2.
// A depth that is no multiple of 8, or unaligned data, takes plain loads instead of cp.async (`vectors` false).
// H200, TFLOP/s: 69,120 x 5,120 x 5,120 with a bias 289 (float8 280), gated onto a float32 residual 280 (273), 69,120 x
// 13,824 x 5,120 with GELU 270 (266), 69,120 x 5,120 x 13,824 gated 277 (288), 512 x 5,120 x 5,120 140 (127).
#include "cuda/context.h"
#include "cuda/portable/epilogue.cuh"

namespace umbel {
namespace {

constexpr int kTileRows = 128;
constexpr int kTileDepth = 32;
constexpr int kStages = 4;
constexpr int kGemmThreads = 256;

__device__ __forceinline__ uint32_t shared_address(const void* p) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(p));
}
// 16 bytes, or zeros.
__device__ __forceinline__ void copy_async(uint32_t to, const void* from, bool present) {
  const int bytes = present ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int left>
__device__ __forceinline__ void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(left) : "memory");
}
__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
__device__ __forceinline__ void multiply_add(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The same bytes, each bfloat16 two values of float8 e4m3.
__device__ __forceinline__ void multiply_add_e4m3(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
#if __CUDA_ARCH__ >= 890
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  __trap();  // the host asks for it on sm_89 and later only
#endif
}

// Byte offset of piece `piece` (8 elements) of a row inside a stage.
__host__ __device__ constexpr uint32_t swizzled(int row, int piece) {
  return static_cast<uint32_t>(row * 64 + ((piece ^ ((row >> 1) & 3)) << 4));
}
// Eight rows, from any multiple of eight, have their same piece in eight different 16-byte lanes of 128 bytes.
constexpr bool swizzle_is_free_of_conflicts() {
  for (int piece = 0; piece < 4; ++piece) {
    uint32_t seen = 0;
    for (int row = 0; row < 8; ++row) seen |= 1u << (swizzled(row, piece) % 128 / 16);
    if (seen != 0xff) return false;
  }
  return true;
}
static_assert(swizzle_is_free_of_conflicts());

// Rows of a matrix [m, depth].
struct MatrixRows {
  const __nv_bfloat16* x;
  int64_t m, depth;

  struct Row {
    const __nv_bfloat16* first;  // null past the last row
  };
  struct Cursor {
    int64_t k;
  };
  __device__ __forceinline__ Row row(int64_t i) const { return {i < m ? x + i * depth : nullptr}; }
  __device__ __forceinline__ Cursor cursor(int64_t k) const { return {k}; }
  __device__ __forceinline__ void advance(Cursor& c) const { c.k += kTileDepth; }
  // Null where there are zeros.
  __device__ __forceinline__ const __nv_bfloat16* at(const Row& row, const Cursor& c) const {
    return row.first != nullptr && c.k < depth ? row.first + c.k : nullptr;
  }
};

template <class Rows>
struct GemmArguments {
  Rows rows;
  const __nv_bfloat16* w;  // [n, depth]
  int64_t m, n, depth;
  int64_t row_tiles, column_tiles;
  Epilogue epilogue;
};

constexpr size_t stage_bytes(int columns) { return static_cast<size_t>(kTileRows + columns) * kTileDepth * 2; }

// One 16-byte piece of a stage.
template <bool vectors, class Rows>
__device__ __forceinline__ void fetch_piece(uint8_t* stage, uint32_t offset, const Rows& rows, const typename Rows::Row& row,
                                            const typename Rows::Cursor& cursor, int64_t k, const void* somewhere) {
  if constexpr (vectors) {
    const __nv_bfloat16* from = rows.at(row, cursor);
    copy_async(shared_address(stage + offset), from != nullptr ? from : somewhere, from != nullptr);
  } else {
    uint16_t values[8];
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      const __nv_bfloat16* from = rows.at(row, rows.cursor(k + j));
      values[j] = from != nullptr ? *reinterpret_cast<const uint16_t*>(from) : uint16_t{0};
    }
    *reinterpret_cast<uint4*>(stage + offset) = *reinterpret_cast<const uint4*>(values);
  }
}

template <class Rows, int BN, int warps_m, bool vectors, bool float8>
__global__ void __launch_bounds__(kGemmThreads, 2) mma_gemm_kernel(GemmArguments<Rows> g) {
  constexpr int warps_n = 8 / warps_m;
  constexpr int warp_rows = kTileRows / warps_m, warp_columns = BN / warps_n;
  constexpr int row_fragments = warp_rows / 16, column_fragments = warp_columns / 8;
  static_assert(warps_m * warps_n == 8 && warp_rows % 16 == 0 && warp_columns % 16 == 0);
  constexpr int a_bytes = kTileRows * kTileDepth * 2;
  constexpr int b_pieces = BN * 4, b_turns = (b_pieces + kGemmThreads - 1) / kGemmThreads;
  extern __shared__ __align__(128) uint8_t shared[];

  // Groups of eight row tiles by all column tiles.
  const int64_t per_group = 8 * g.column_tiles, group = blockIdx.x / per_group, in_group = blockIdx.x - group * per_group;
  const int64_t group_rows = g.row_tiles - group * 8 < 8 ? g.row_tiles - group * 8 : 8;
  const int64_t m0 = (group * 8 + in_group % group_rows) * kTileRows, n0 = in_group / group_rows * BN;

  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  const int piece = thread % 4, first_row = thread / 4;
  typename Rows::Row a_rows[2];
#pragma unroll
  for (int i = 0; i < 2; ++i) a_rows[i] = g.rows.row(m0 + first_row + 64 * i);
  typename Rows::Cursor a_cursor = g.rows.cursor(piece * 8);
  const MatrixRows w_rows{g.w, g.n, g.depth};
  MatrixRows::Cursor w_cursor{piece * 8};
  const int64_t steps = (g.depth + kTileDepth - 1) / kTileDepth;

  // Steps are fetched in order, so that cursors only move on.
  const auto fetch = [&](int64_t step) {
    uint8_t* stage = shared + static_cast<size_t>(step % kStages) * stage_bytes(BN);
    const int64_t k = step * kTileDepth + piece * 8;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      fetch_piece<vectors>(stage, swizzled(first_row + 64 * i, piece), g.rows, a_rows[i], a_cursor, k, g.w);
    }
#pragma unroll
    for (int i = 0; i < b_turns; ++i) {
      const int row = first_row + 64 * i;
      if (row < BN) {
        fetch_piece<vectors>(stage + a_bytes, swizzled(row, piece), w_rows, w_rows.row(n0 + row), w_cursor, k, g.w);
      }
    }
    g.rows.advance(a_cursor);
    w_rows.advance(w_cursor);
  };

  float sums[row_fragments][column_fragments][4] = {};
  const int warp_row = warp % warps_m * warp_rows, warp_column = warp / warps_m * warp_columns;
#pragma unroll
  for (int s = 0; s < kStages - 1; ++s) {
    if (s < steps) fetch(s);
    commit_copies();
  }
  for (int64_t step = 0; step < steps; ++step) {
    wait_copies<kStages - 2>();
    __syncthreads();
    if (step + kStages - 1 < steps) fetch(step + kStages - 1);
    commit_copies();
    const uint8_t* stage = shared + static_cast<size_t>(step % kStages) * stage_bytes(BN);
    const uint32_t a_base = shared_address(stage), b_base = shared_address(stage + a_bytes);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      uint32_t a[row_fragments][4];
#pragma unroll
      for (int i = 0; i < row_fragments; ++i) {
        load_matrices(a[i], a_base + swizzled(warp_row + i * 16 + lane % 16, half * 2 + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < column_fragments; j += 2) {
        uint32_t b[4];
        load_matrices(b, b_base + swizzled(warp_column + j * 8 + lane / 16 * 8 + lane % 8, half * 2 + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < row_fragments; ++i) {
          if constexpr (float8) {
            multiply_add_e4m3(sums[i][j], a[i], b[0], b[1]);
            multiply_add_e4m3(sums[i][j + 1], a[i], b[2], b[3]);
          } else {
            multiply_add(sums[i][j], a[i], b[0], b[1]);
            multiply_add(sums[i][j + 1], a[i], b[2], b[3]);
          }
        }
      }
    }
  }
  wait_copies<0>();

  // Sums pass through the stages' memory, 64 rows at a time, so that the epilogue is one short loop over groups of eight
  // columns with 16-byte loads and stores. Eight floats of padding keep the fragments' writes free of bank conflicts.
  constexpr int pitch = BN + 8, half_rows = kTileRows / 2, row_groups = BN / 8;
  static_assert(half_rows * pitch * sizeof(float) <= kStages * stage_bytes(BN) && half_rows % warp_rows == 0);
  auto* tile = reinterpret_cast<float*>(shared);
#pragma unroll 1
  for (int pass = 0; pass < 2; ++pass) {
    __syncthreads();
    if (warp_row / half_rows == pass) {
#pragma unroll
      for (int i = 0; i < row_fragments; ++i) {
#pragma unroll
        for (int j = 0; j < column_fragments; ++j) {
          float* to = tile + (warp_row % half_rows + i * 16 + lane / 4) * pitch + warp_column + j * 8 + lane % 4 * 2;
          *reinterpret_cast<float2*>(to) = make_float2(sums[i][j][0], sums[i][j][1]);
          *reinterpret_cast<float2*>(to + 8 * pitch) = make_float2(sums[i][j][2], sums[i][j][3]);
        }
      }
    }
    __syncthreads();
#pragma unroll 1
    for (int item = thread; item < half_rows * row_groups; item += kGemmThreads) {
      const int r = item / row_groups, c = item % row_groups * 8;
      const int64_t row = m0 + pass * half_rows + r, column = n0 + c;
      if (row >= g.m || column >= g.n) continue;
      const auto* from = reinterpret_cast<const float4*>(tile + r * pitch + c);
      const float4 low = from[0], high = from[1];
      float v[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
      g.epilogue.finish8(v, row, column, static_cast<int>(g.n - column < 8 ? g.n - column : 8));
    }
  }
}

template <class Rows, int BN, int warps_m, bool float8 = false>
void launch_mma_gemm(CudaContext& ctx, GemmArguments<Rows> g, bool vectors, const char* name) {
  g.row_tiles = (g.m + kTileRows - 1) / kTileRows;
  g.column_tiles = (g.n + BN - 1) / BN;
  constexpr size_t bytes = kStages * stage_bytes(BN);
  const auto kernel = vectors ? &mma_gemm_kernel<Rows, BN, warps_m, true, float8>
                              : &mma_gemm_kernel<Rows, BN, warps_m, false, float8>;
  check_cuda(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(bytes)),
             name);
  const auto blocks = static_cast<unsigned>(g.row_tiles * g.column_tiles);
  kernel<<<blocks, kGemmThreads, bytes, ctx.stream()>>>(g);
  check_launch(name);
}

}  // namespace
}  // namespace umbel
