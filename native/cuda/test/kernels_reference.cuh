#pragma once
// The ops in double precision, an output element or a row a thread, and the comparison with what a kernel gave.
#include "cuda/conv3d.h"
#include "cuda/portable/vector.cuh"

namespace umbel::check {

__device__ inline double get(const Elements& e, int64_t i) { return load_one(e.data, e.type, i); }

// out[i] = f(i)
template <class F>
__global__ void reference_elements(double* out, int64_t count, F f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) out[i] = f(i);
}

struct NormReference {
  int kind;  // 0 layer, 1 rms, 2 channel
  Elements x, weight, bias, cos_sin;
  bool has_weight, has_bias, by_row, silu;
  double weight_shift, eps;
  int64_t rows, width, head, positions;  // head 0: no rotation
  int64_t rows_a_position = 1;
};

__global__ void reference_norm(NormReference n, double* out) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= n.rows) return;
  const int64_t from = row * n.width;
  double mean = 0, squares = 0, variance = 0;
  for (int64_t i = 0; i < n.width; ++i) mean += get(n.x, from + i);
  mean /= static_cast<double>(n.width);
  for (int64_t i = 0; i < n.width; ++i) {
    const double v = get(n.x, from + i);
    squares += v * v;
    variance += (v - mean) * (v - mean);
  }
  const auto width = static_cast<double>(n.width);
  const double factor = n.kind == 0   ? 1 / sqrt(variance / width + n.eps)
                        : n.kind == 1 ? 1 / sqrt(squares / width + n.eps)
                                      : sqrt(width) / fmax(sqrt(squares), n.eps);
  for (int64_t i = 0; i < n.width; ++i) {
    const int64_t at = n.by_row ? from + i : i;
    double v = (get(n.x, from + i) - (n.kind == 0 ? mean : 0)) * factor;
    if (n.has_weight) v *= get(n.weight, at) + n.weight_shift;
    if (n.has_bias) v += get(n.bias, at);
    out[from + i] = n.silu ? v / (1 + exp(-v)) : v;
  }
  for (int64_t i = 0; n.head > 0 && i < n.width; i += 2) {
    const int64_t at = row / n.rows_a_position % n.positions * n.head + i % n.head;
    const double even = out[from + i], odd = out[from + i + 1], c = get(n.cos_sin, at), s = get(n.cos_sin, at + 1);
    out[from + i] = even * c - odd * s;
    out[from + i + 1] = odd * c + even * s;
  }
}

struct ConvReference {
  cuda::ConvGeometry g;
  Elements x, before, older, weight, bias, residual;
  bool has_bias, has_residual;
};

// Products are of bfloat16 whatever the input's type.
__device__ inline double get_factor(const Elements& e, int64_t i) {
  return __bfloat162float(__float2bfloat16_rn(load_one(e.data, e.type, i)));
}

__global__ void reference_conv(ConvReference c, double* out, int64_t count) {
  const cuda::ConvGeometry& g = c.g;
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const int64_t channel = i % g.out_channels, pixel = i / g.out_channels;
    const int w = static_cast<int>(pixel % g.out_width), h = static_cast<int>(pixel / g.out_width % g.out_height),
              t = static_cast<int>(pixel / g.out_width / g.out_height);
    double sum = (c.has_bias ? get(c.bias, channel) : 0) + (c.has_residual ? get(c.residual, i) : 0);
    int64_t at = channel * g.kernel_t * g.kernel_h * g.kernel_w * g.channels;
    for (int a = 0; a < g.kernel_t; ++a) {
      for (int b = 0; b < g.kernel_h; ++b) {
        for (int d = 0; d < g.kernel_w; ++d, at += g.channels) {
          const int frame = t * g.stride_t + a - g.pad_t;
          int y = h * g.stride_h + b - g.pad_h, x = w * g.stride_w + d - g.pad_w;
          if (frame < 0 || frame >= g.frames() || y < 0 || x < 0) continue;
          if (g.doubled) y /= 2, x /= 2;
          if (y >= g.height || x >= g.width) continue;
          const auto [source, place] = cuda::find_frame(g, frame);
          const Elements& from = source == cuda::ConvSource::x ? c.x : source == cuda::ConvSource::before ? c.before : c.older;
          const int64_t base = ((static_cast<int64_t>(place) * g.height + y) * g.width + x) * g.channels;
          for (int e = 0; e < g.channels; ++e) sum = fma(get_factor(c.weight, at + e), get_factor(from, base + e), sum);
        }
      }
    }
    out[i] = sum;
  }
}

// Order of doubles that are not negative is the order of their bits.
struct Difference {
  unsigned long long worst, largest;
  int64_t first_wrong;  // index of the first element whose error is over the bound, or of 2^62
  unsigned long long wrong;
};

__global__ void compare(Elements out, const double* wanted, int64_t count, double bound, Difference* d) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    double error = fabs(get(out, i) - wanted[i]);
    if (!(error < 1e300)) error = 1e300;  // not a number
    atomicMax(&d->worst, static_cast<unsigned long long>(__double_as_longlong(error)));
    if (error > bound) {
      atomicAdd(&d->wrong, 1ull);
      atomicMin(reinterpret_cast<long long*>(&d->first_wrong), static_cast<long long>(i));
    }
  }
}
__global__ void largest_of(const double* wanted, int64_t count, Difference* d) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    atomicMax(&d->largest, static_cast<unsigned long long>(__double_as_longlong(fabs(wanted[i]))));
  }
}
__global__ void count_unlike(const uint8_t* a, const uint8_t* b, int64_t count, unsigned long long* unlike) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    if (a[i] != b[i]) atomicAdd(unlike, 1ull);
  }
}

}  // namespace umbel::check
