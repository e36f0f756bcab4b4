#pragma once
// The 3D convolution of the CUDA backend in bfloat16 behind an interface that both kinds of kernels share:
// portable/conv3d.cu (which is the op) and sm90/conv3d.cu (Hopper).
#include <cuda_runtime_api.h>

#include <cstdint>

#include "core/tensor.h"

namespace umbel::cuda {

struct ConvGeometry {
  int x_frames, before_frames, older_frames, height, width, channels;  // input
  int out_frames, out_height, out_width, out_channels;
  int kernel_t, kernel_h, kernel_w;
  int stride_t, stride_h, stride_w;
  int pad_t, pad_h, pad_w;  // in front
  bool doubled;             // height and width are doubled first, each pixel repeated

  __host__ __device__ int frames() const { return older_frames + before_frames + x_frames; }
};

// Where the frames of an input lie that are counted from the first of `older`.
enum class ConvSource { x, before, older };
struct ConvFrame {
  ConvSource source;
  int index;
};
__host__ __device__ inline ConvFrame find_frame(const ConvGeometry& g, int frame) {
  if (frame < g.older_frames) return {ConvSource::older, frame};
  frame -= g.older_frames;
  if (frame < g.before_frames) return {ConvSource::before, frame};
  return {ConvSource::x, frame - g.before_frames};
}

// Channels last and bfloat16: x [x_frames, height, width, channels], before it before [before_frames, ...] and before that
// older [older_frames, ...], weight [out_channels, kernel_t, kernel_h, kernel_w, channels]. bias [out_channels] and
// residual (of out's shape) may be null.
struct ConvArguments {
  ConvGeometry g;
  const void *x, *before, *older, *weight;
  const Tensor *bias, *residual;
  Tensor out;
};

// Why the Hopper kernel cannot do this work on a device of that compute capability (10 * major + minor), or null.
const char* conv3d_sm90_obstacle(const ConvArguments& a, int compute_capability);
cudaError_t conv3d_sm90(const ConvArguments& a, int multiprocessors, cudaStream_t stream);

using ConvLaunch = cudaError_t (*)(const ConvArguments& a, int multiprocessors, cudaStream_t stream);
// Called by sm90/conv3d.cu at load time, since a build may leave it out.
int register_conv3d_sm90(ConvLaunch launch);

}  // namespace umbel::cuda
