// The norms of row_norm.cu for what models run: bfloat16 results of float32 or bfloat16 rows whose width is a multiple of
// eight and whose weight and bias are one row for all.
//
// A row belongs to a team: 2 to 32 lanes up to 1,024 numbers, a block of up to 320 threads up to 10,240. A thread owns the
// same `kept` groups of eight columns in every row it meets, so their weights stay in its registers, and it asks for its
// part of the next row before it works on the one it has: 16 bytes a load, at least two on their way while sums are made.
// One exchange a row: each warp gives its mean and the squares around it, which are combined exactly (Chan, Golub,
// LeVeque, 1979), so that a large mean costs no digits; its two buffers take turns, so that one barrier a row is enough.
// As many blocks as fit the GPU at a time step over the rows. Sums run in an order that depends on the width alone.
// Bound by memory: one read, one write. H200, rows of 5,120, 3,072 and 1,536 to bfloat16, of a copy's 4.2 TB/s: rms_norm
// 97, 95, 92 % of float32 and 94, 93, 87 % of bfloat16; rms_norm_rope 97, 99, 96 % and 86, 90, 84 %; layer_norm_modulate
// 98, 85, 93 % and 81, 81 to 87, 76 %; channel_rms_norm with SiLU of 96, 192, 384 channels 90, 86, 83 to 86 %. Tried on
// layers of bfloat16 without gain: rows that cp.async brings two to four ahead through shared memory 80, 81, 78 % (turned
// rows 69 %: it passes L1, where their table lies), weights in shared memory 79, 76, 71 %, registers enough for three
// blocks at most 47 %, weights read again from L1 32 %.
#include "cuda/portable/row_norm_aligned.h"
#include "cuda/portable/vector.cuh"

namespace umbel {
namespace {

constexpr int kMostThreads = 320;
constexpr int kTeamBlock = 128;

struct AlignedNorm {
  const void* x;
  uint16_t* out;
  Elements weight, bias;
  const float* cos_sin;
  bool has_weight, has_bias, silu;
  float eps, weight_shift, scale;
  int rows, width, head_width, positions, rows_a_position;
};

// Eight elements as they lie in memory.
template <bool wide>
struct Group {
  uint4 words[wide ? 2 : 1];
};
template <bool wide>
__device__ __forceinline__ Group<wide> load_group(const void* row, int column) {
  Group<wide> group;
  const auto* from = reinterpret_cast<const uint4*>(static_cast<const char*>(row) + column * (wide ? 4 : 2));
  group.words[0] = __ldg(from);
  if constexpr (wide) group.words[1] = __ldg(from + 1);
  return group;
}
template <bool wide>
__device__ __forceinline__ void to_floats(const Group<wide>& group, float (&v)[8]) {
#pragma unroll
  for (int i = 0; i < (wide ? 2 : 1); ++i) {
    const uint32_t words[4] = {group.words[i].x, group.words[i].y, group.words[i].z, group.words[i].w};
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if constexpr (wide) {
        v[4 * i + j] = __uint_as_float(words[j]);
      } else {
        unpack_bf16(words[j], v + 2 * j);
      }
    }
  }
}

__device__ __forceinline__ float sum_of_lanes(float v, int lanes) {
  for (int offset = lanes / 2; offset > 0; offset /= 2) v += __shfl_xor_sync(0xffffffffu, v, offset);
  return v;
}

// kept: groups of eight columns of a thread. whole_block: a row a block, else a row a team of lanes. least_blocks: 1 lets a
// thread have all the registers that it can use, 0 leaves that to the compiler, which prefers more blocks at a time.
template <bool wide, RowNorm::Kind kind, bool rope, bool whole_block, int kept, int least_blocks>
__global__ void __launch_bounds__(whole_block ? kMostThreads : kTeamBlock, least_blocks)
    aligned_norm_kernel(AlignedNorm a, int team) {
  __shared__ float2 exchange[2][kMostThreads / 32];
  __shared__ float counts[kMostThreads / 32];  // columns of each warp
  constexpr bool layer = kind == RowNorm::Kind::layer;
  const int lane = threadIdx.x % team, lanes = whole_block ? 32 : team;
  const int step = gridDim.x * (blockDim.x / team);
  int row = blockIdx.x * (blockDim.x / team) + threadIdx.x / team;
  const float inverse_width = 1.0f / static_cast<float>(a.width);

  float weight[kept][8], bias[kept][8];
  bool there[kept];
#pragma unroll
  for (int k = 0; k < kept; ++k) {
    const int column = (lane + k * team) * 8;
    there[k] = column < a.width;
#pragma unroll
    for (int j = 0; j < 8; ++j) weight[k][j] = 1.0f, bias[k][j] = 0.0f;
    if (!there[k]) continue;
    if (a.has_weight) load8(a.weight, column, 8, weight[k]);
    if (layer && a.has_bias) load8(a.bias, column, 8, bias[k]);
#pragma unroll
    for (int j = 0; j < 8; ++j) weight[k][j] += a.weight_shift;
  }
  const auto columns_of = [&](int warp) {
    int count = 0;
#pragma unroll
    for (int k = 0; k < kept; ++k) count += min(32, max(0, a.width / 8 - (warp * 32 + k * team))) * 8;
    return static_cast<float>(count);
  };
  const int warp = threadIdx.x / 32, warps = blockDim.x / 32;
  if (whole_block && threadIdx.x < warps) counts[threadIdx.x] = columns_of(threadIdx.x);
  const float mine = whole_block ? columns_of(warp) : static_cast<float>(a.width);
  const float inverse_mine = mine > 0 ? 1.0f / mine : 0.0f;
  // Columns of a block lie alike in their heads, whose widths divide 256.
  int insides[kept];
#pragma unroll
  for (int k = 0; k < kept; ++k) insides[k] = rope ? (lane + (whole_block ? 0 : k * team)) * 8 % a.head_width : 0;

  Group<wide> next[kept];
  float4 next_turn[2];
  const auto turns_at = [&](int at, int inside) {
    const int place = (a.rows_a_position == 1 ? at : at / a.rows_a_position) % a.positions;
    return reinterpret_cast<const float4*>(a.cos_sin + static_cast<int64_t>(place) * a.head_width + inside);
  };
  const auto fetch = [&](int at) {
    if (at >= a.rows) return;
    const char* from = static_cast<const char*>(a.x) + static_cast<int64_t>(at) * a.width * (wide ? 4 : 2);
#pragma unroll
    for (int k = 0; k < kept; ++k) {
      if (there[k]) next[k] = load_group<wide>(from, (lane + k * team) * 8);
    }
    if constexpr (rope && whole_block) {
      const float4* table = turns_at(at, insides[0]);
      next_turn[0] = __ldg(table);
      next_turn[1] = __ldg(table + 1);
    }
  };
  fetch(row);
  // All teams of a warp go through the loop together, since their sums need the whole warp.
  const int turns = (a.rows + step - 1) / step;
  for (int turn = 0; turn < turns; ++turn, row += step) {
    float v[kept][8];
#pragma unroll
    for (int k = 0; k < kept; ++k) {
#pragma unroll
      for (int j = 0; j < 8; ++j) v[k][j] = 0.0f;
      if (there[k] && row < a.rows) to_floats<wide>(next[k], v[k]);
    }
    float4 turn_a = next_turn[0], turn_b = next_turn[1];
    fetch(row + step);

    float mean = 0, factor;
    if constexpr (layer) {
      float sum = 0, squares = 0;
#pragma unroll
      for (int k = 0; k < kept; ++k) {
#pragma unroll
        for (int j = 0; j < 8; ++j) sum += v[k][j];
      }
      mean = sum_of_lanes(sum, lanes) * inverse_mine;
#pragma unroll
      for (int k = 0; k < kept; ++k) {
#pragma unroll
        for (int j = 0; j < 8; ++j) {
          const float d = there[k] ? v[k][j] - mean : 0.0f;
          squares = fmaf(d, d, squares);
        }
      }
      squares = sum_of_lanes(squares, lanes);
      if constexpr (whole_block) {
        if (threadIdx.x % 32 == 0) exchange[turn & 1][warp] = make_float2(mean, squares);
        __syncthreads();
        const float2* all = exchange[turn & 1];
        mean = 0;
        for (int i = 0; i < warps; ++i) mean = fmaf(all[i].x, counts[i], mean);
        mean *= inverse_width;
        squares = 0;
        for (int i = 0; i < warps; ++i) {
          const float d = all[i].x - mean;
          squares += fmaf(d * d, counts[i], all[i].y);
        }
      }
      factor = 1.0f / sqrtf(squares * inverse_width + a.eps);
    } else {
      float squares = 0;
#pragma unroll
      for (int k = 0; k < kept; ++k) {
#pragma unroll
        for (int j = 0; j < 8; ++j) squares = fmaf(v[k][j], v[k][j], squares);
      }
      squares = sum_of_lanes(squares, lanes);
      if constexpr (whole_block) {
        if (threadIdx.x % 32 == 0) exchange[turn & 1][warp].x = squares;
        __syncthreads();
        squares = 0;
        for (int i = 0; i < warps; ++i) squares += exchange[turn & 1][i].x;
      }
      factor = kind == RowNorm::Kind::rms ? 1.0f / sqrtf(squares * inverse_width + a.eps)
                                          : a.scale / fmaxf(sqrtf(squares), a.eps);
      // fmaxf drops a NaN.
      if (isnan(squares)) factor = squares;
    }
    if (row >= a.rows) continue;
    uint16_t* to = a.out + static_cast<int64_t>(row) * a.width;
#pragma unroll
    for (int k = 0; k < kept; ++k) {
      if (!there[k]) continue;
      float y[8];
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        y[j] = layer ? fmaf((v[k][j] - mean) * factor, weight[k][j], bias[k][j]) : v[k][j] * factor * weight[k][j];
      }
      if (kind == RowNorm::Kind::channel && a.silu) {
        // Two units in the last place of float32, far below what bfloat16 keeps.
#pragma unroll
        for (int j = 0; j < 8; ++j) y[j] = __fdividef(y[j], 1.0f + __expf(-y[j]));
      }
      if constexpr (rope) {
        if constexpr (!whole_block) {  // the heads of a token share them, so that most are in L1
          const float4* table = turns_at(row, insides[k]);
          turn_a = __ldg(table), turn_b = __ldg(table + 1);
        }
        const float turns_of[8] = {turn_a.x, turn_a.y, turn_a.z, turn_a.w, turn_b.x, turn_b.y, turn_b.z, turn_b.w};
#pragma unroll
        for (int j = 0; j < 8; j += 2) {
          const float even = y[j], odd = y[j + 1];
          y[j] = even * turns_of[j] - odd * turns_of[j + 1];
          y[j + 1] = odd * turns_of[j] + even * turns_of[j + 1];
        }
      }
      *reinterpret_cast<uint4*>(to + (lane + k * team) * 8) =
          make_uint4(pack_bf16(y[0], y[1]), pack_bf16(y[2], y[3]), pack_bf16(y[4], y[5]), pack_bf16(y[6], y[7]));
    }
  }
}

template <bool wide, RowNorm::Kind kind, bool rope, bool whole_block, int kept, int least_blocks = 0>
void launch(CudaContext& ctx, const AlignedNorm& a, int team, int threads) {
  const auto kernel = aligned_norm_kernel<wide, kind, rope, whole_block, kept, least_blocks>;
  int resident = 0;
  check_cuda(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, reinterpret_cast<const void*>(kernel), threads, 0),
             "a norm");
  const int rows_each = threads / team;
  const int64_t wanted = (static_cast<int64_t>(a.rows) + rows_each - 1) / rows_each;
  const int64_t most = static_cast<int64_t>(ctx.multiprocessors()) * max(1, resident);
  const auto blocks = static_cast<unsigned>(wanted < most ? wanted : most);
  kernel<<<blocks, static_cast<unsigned>(threads), 0, ctx.stream()>>>(a, team);
}

// A row a block: 64 bytes of the next row on their way to each thread where the width allows it without idle threads, 32 of
// wide rows that are turned (86 % of a copy instead of 84).
template <bool wide, RowNorm::Kind kind, bool rope>
bool launch_blocks(CudaContext& ctx, const AlignedNorm& a) {
  const int groups = a.width / 8;
  const auto threads = [groups](int kept) { return (groups + kept * 32 - 1) / (kept * 32) * 32; };
  if (rope && 32 * 8 % a.head_width != 0) return false;
  constexpr bool layer = kind == RowNorm::Kind::layer;
  const bool two = threads(2) <= kMostThreads && (wide || groups % 128 != 0 || (rope && groups > 512));
  if (threads(4) > kMostThreads) return false;
  if (!two) {
    launch<wide, kind, rope, true, 4, layer>(ctx, a, threads(4), threads(4));
  } else if ((layer && groups <= 384) || (rope && !wide)) {
    launch<wide, kind, rope, true, 2, layer || (rope && !wide)>(ctx, a, threads(2), threads(2));
  } else {
    launch<wide, kind, rope, true, 2>(ctx, a, threads(2), threads(2));
  }
  return true;
}

// Three or four groups a lane; false where more than a quarter of the lanes would be idle.
template <bool wide, RowNorm::Kind kind, bool rope>
bool launch_teams(CudaContext& ctx, const AlignedNorm& a) {
  const int groups = a.width / 8;
  const auto team = [groups](int kept) {
    int lanes = 1;
    while (lanes * kept < groups) lanes *= 2;
    return lanes;
  };
  const bool four = team(4) * 4 <= team(3) * 3;
  const int lanes = team(four ? 4 : 3), places = lanes * (four ? 4 : 3);
  if (lanes > 32 || lanes < 2 || groups * 4 < places * 3) return false;
  constexpr bool channel = kind == RowNorm::Kind::channel;
  if (four) {
    launch<wide, kind, rope, false, 4>(ctx, a, lanes, kTeamBlock);
  } else {
    launch<wide, kind, rope, false, 3, channel>(ctx, a, lanes, kTeamBlock);
  }
  return true;
}

template <bool wide>
bool launch_kind(CudaContext& ctx, const RowNorm& norm, const AlignedNorm& a) {
  using Kind = RowNorm::Kind;
  const bool narrow = a.width <= 1024;
  switch (norm.kind) {
    case Kind::layer:
      if (norm.cos_sin) return false;
      return narrow ? launch_teams<wide, Kind::layer, false>(ctx, a) : launch_blocks<wide, Kind::layer, false>(ctx, a);
    case Kind::rms:
      if (norm.cos_sin) {
        return narrow ? launch_teams<wide, Kind::rms, true>(ctx, a) : launch_blocks<wide, Kind::rms, true>(ctx, a);
      }
      return narrow ? launch_teams<wide, Kind::rms, false>(ctx, a) : launch_blocks<wide, Kind::rms, false>(ctx, a);
    default:
      return narrow && !norm.cos_sin && launch_teams<wide, Kind::channel, false>(ctx, a);
  }
}

bool is_aligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % 16 == 0; }

}  // namespace

bool launch_aligned_row_norm(CudaContext& ctx, const RowNorm& norm, const Tensor& x, const Tensor& out) {
  const int64_t width = norm.width > 0 ? norm.width : x.dim(-1), rows = x.numel() / width;
  const bool wide = x.dtype == DType::f32;
  if (out.dtype != DType::bf16 || (!wide && x.dtype != DType::bf16) || width % 8 != 0 || width > 1 << 20 ||
      rows > 1 << 30 || norm.weight_rows || norm.bias_rows || !is_aligned(x.data) || !is_aligned(out.data)) {
    return false;
  }
  if (norm.silu && norm.kind != RowNorm::Kind::channel) return false;
  if (norm.bias && norm.kind != RowNorm::Kind::layer) return false;
  AlignedNorm a{};
  a.x = x.data;
  a.out = out.u16();
  a.has_weight = norm.weight != nullptr;
  a.has_bias = norm.bias != nullptr;
  if (norm.weight) a.weight = rows_of(*norm.weight, width);
  if (norm.bias) a.bias = rows_of(*norm.bias, width);
  a.silu = norm.silu;
  a.eps = norm.eps;
  a.weight_shift = norm.weight_shift;
  a.scale = sqrtf(static_cast<float>(width));
  a.rows = static_cast<int>(rows);
  a.width = static_cast<int>(width);
  if (norm.cos_sin) {
    if (norm.cos_sin->dtype != DType::f32 || !is_aligned(norm.cos_sin->data) || norm.head_width % 8 != 0) return false;
    a.cos_sin = norm.cos_sin->f32();
    a.head_width = static_cast<int>(norm.head_width);
    a.positions = static_cast<int>(norm.cos_sin->dim(0));
    a.rows_a_position = static_cast<int>(norm.rows_a_position);
  }
  return wide ? launch_kind<true>(ctx, norm, a) : launch_kind<false>(ctx, norm, a);
}

}  // namespace umbel
