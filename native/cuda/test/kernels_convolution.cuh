#pragma once
// Convolutions: cases of kernels_check.cu.
#include <array>

namespace umbel::check {
namespace {

struct Convolution {
  std::array<int64_t, 4> x;  // frames, height, width, channels
  int64_t out;
  std::array<int64_t, 3> kernel{3, 3, 3};
  std::array<int64_t, 6> padding{2, 0, 1, 1, 1, 1};
  int64_t before = 0;
  std::array<int64_t, 3> stride{1, 1, 1};
  bool bias = true, residual = true;
  DType type = bf16;  // of input, residual and output
  int64_t older = 0;
  bool doubled = false;
};

std::string describe(const Convolution& c) {
  char text[160];
  std::snprintf(text, sizeof text, "%lld -> %lld at %lld+%lld x %lld x %lld, %lldx%lldx%lld / %lld%s%s",
                static_cast<long long>(c.x[3]), static_cast<long long>(c.out), static_cast<long long>(c.before + c.older),
                static_cast<long long>(c.x[0]), static_cast<long long>(c.x[1]), static_cast<long long>(c.x[2]),
                static_cast<long long>(c.kernel[0]), static_cast<long long>(c.kernel[1]),
                static_cast<long long>(c.kernel[2]), static_cast<long long>(std::max(c.stride[0], c.stride[1])),
                c.type == f32 ? " f32" : "", c.doubled ? " doubled" : "");
  return text;
}

std::vector<int64_t> output_shape(const Convolution& c) {
  const auto length = [&](size_t axis, int64_t input) {
    return (input + c.padding[2 * axis] + c.padding[2 * axis + 1] - c.kernel[axis]) / c.stride[axis] + 1;
  };
  const int64_t scale = c.doubled ? 2 : 1;
  return {length(0, c.x[0] + c.before + c.older), length(1, scale * c.x[1]), length(2, scale * c.x[2]), c.out};
}

// Inputs and the call.
struct Work {
  Convolution c;
  Sample x, past, older, weight, bias, residual;

  explicit Work(const Convolution& c)
      : c(c),
        x({c.x[0], c.x[1], c.x[2], c.x[3]}, c.type, 1),
        past({c.before, c.x[1], c.x[2], c.x[3]}, c.type, 2),
        older({c.older, c.x[1], c.x[2], c.x[3]}, c.type, 6),
        weight({c.out, c.kernel[0], c.kernel[1], c.kernel[2], c.x[3]}, bf16, 3),
        bias({c.out}, bf16, 4),
        residual(c.residual ? output_shape(c) : std::vector<int64_t>{0}, c.type, 5) {}
  void run(Session& s, const Tensor& out) const {
    KERNEL(conv3d)
    (s.ctx, x.t, c.before ? &past.t : nullptr, c.older ? &older.t : nullptr, weight.t, c.bias ? &bias.t : nullptr,
     c.stride, c.padding, c.residual ? &residual.t : nullptr, c.doubled, out);
  }
  ConvReference reference() const {
    const auto of = [](int64_t v) { return static_cast<int>(v); };
    const std::vector<int64_t> out = output_shape(c);
    ConvReference r{};
    r.g = {.x_frames = of(c.x[0]),
           .before_frames = of(c.before),
           .older_frames = of(c.older),
           .height = of(c.x[1]),
           .width = of(c.x[2]),
           .channels = of(c.x[3]),
           .out_frames = of(out[0]),
           .out_height = of(out[1]),
           .out_width = of(out[2]),
           .out_channels = of(c.out),
           .kernel_t = of(c.kernel[0]),
           .kernel_h = of(c.kernel[1]),
           .kernel_w = of(c.kernel[2]),
           .stride_t = of(c.stride[0]),
           .stride_h = of(c.stride[1]),
           .stride_w = of(c.stride[2]),
           .pad_t = of(c.padding[0]),
           .pad_h = of(c.padding[2]),
           .pad_w = of(c.padding[4]),
           .doubled = c.doubled};
    r.x = elements_of(x.t), r.before = elements_of(past.t), r.older = elements_of(older.t), r.weight = elements_of(weight.t);
    r.bias = elements_of(bias.t), r.residual = elements_of(residual.t);
    r.has_bias = c.bias, r.has_residual = c.residual;
    return r;
  }
};

std::vector<bool> paths(const Session& s) {
  std::vector<bool> hopper;
  if (s.options.path != "sm90") hopper.push_back(false);
  if (s.options.path != "portable" && s.ctx.device().major == 9) hopper.push_back(true);
  return hopper;
}

void check_convolutions(Session& s) {
  const std::array<int64_t, 6> same{0, 0, 1, 1, 1, 1}, none{};
  std::vector<Convolution> cases = {
      {{1, 1, 1, 1}, 1, {1, 1, 1}, none},
      {{2, 5, 7, 24}, 33, {1, 1, 1}, none},
      {{1, 6, 5, 3}, 96},
      {{4, 40, 50, 3}, 96},
      {{3, 30, 37, 96}, 96},
      {{1, 50, 33, 192}, 192, {3, 3, 3}, same, 2},
      {{2, 19, 21, 384}, 384, {3, 3, 3}, {1, 0, 1, 1, 1, 1}, 1},
      {{2, 14, 15, 16}, 384},
      {{2, 46, 39, 96}, 3},
      {{2, 16, 29, 17}, 3},
      {{4, 13, 25, 32}, 64, {3, 1, 1}, none, 2},
      {{5, 33, 15, 64}, 128, {3, 1, 1}, none, 1, {2, 1, 1}},
      {{2, 38, 39, 40}, 40, {1, 3, 3}, {0, 0, 0, 1, 0, 1}, 0, {1, 2, 2}},
      {{2, 38, 39, 96}, 96, {1, 3, 3}, {0, 0, 0, 1, 0, 1}, 0, {1, 2, 2}},
      {{3, 15, 14, 3}, 2, {3, 2, 3}, {2, 2, 0, 1, 2, 0}, 0, {2, 3, 2}},
      {{1, 12, 13, 8}, 70, {2, 2, 2}, {1, 1, 3, 3, 3, 3}},
      {{2, 17, 65, 128}, 256},
      {{2, 16, 16, 256}, 128, {3, 3, 3}, same, 2},
      {{1, 16, 17, 512}, 512, {3, 3, 3}, same, 2},
      {{1, 34, 31, 768}, 768, {1, 3, 3}, same},
      {{2, 9, 100, 64}, 136},
      {{2, 31, 47, 160}, 8},
      {{2, 30, 50, 96}, 192, {3, 3, 3}, same, 2, {1, 1, 1}, false, false},
      {{2, 30, 50, 64}, 96, {3, 3, 3}, same, 2, {1, 1, 1}, true, true, f32},
      {{1, 200, 300, 96}, 96, {3, 3, 3}, same, 2},
      {{3, 33, 20, 384}, 768, {3, 1, 1}, none, 2},
      {{1, 33, 50, 96}, 96, {3, 3, 3}, same, 1, {1, 1, 1}, true, true, bf16, 1},
      {{2, 40, 37, 192}, 96, {1, 3, 3}, same, 0, {1, 1, 1}, true, false, bf16, 0, true},
      {{1, 7, 9, 384}, 192, {1, 3, 3}, same, 0, {1, 1, 1}, true, true, bf16, 0, true},
      {{1, 9, 31, 64}, 64, {3, 3, 3}, {0, 0, 2, 1, 0, 2}, 1, {1, 1, 1}, true, true, bf16, 1, true},
  };
  for (const bool hopper : paths(s)) {
    s.ctx.hopper = hopper;
    for (const Convolution& c : cases) {
      const std::string kind = hopper ? "conv3d sm90" : "conv3d portable";
      if (!s.wants(kind)) continue;
      const Work work(c);
      verify(s, kind, describe(c), output_shape(c), c.type, [&](const Tensor& out) { work.run(s, out); },
             [&](double* wanted, int64_t count) { reference_conv<<<2048, 128>>>(work.reference(), wanted, count); });
    }
  }
}

void bench_convolutions(Session& s) {
  const std::array<int64_t, 6> same{0, 0, 1, 1, 1, 1}, none{};
  struct Row {
    const char* what;
    Convolution c;
  };
  const std::vector<Row> rows = {
      {"Wan decoder, PyTorch on an H200: 243 TF", {{1, 768, 1280, 96}, 96, {3, 3, 3}, same, 2}},
      {"Wan decoder, two frames", {{2, 768, 1280, 96}, 96, {3, 3, 3}, same, 2}},
      {"Wan decoder, PyTorch on an H200: 580 TF", {{1, 384, 640, 192}, 192, {3, 3, 3}, same, 2}},
      {"Wan decoder, two frames", {{2, 384, 640, 192}, 192, {3, 3, 3}, same, 2}},
      {"Wan decoder, PyTorch on an H200: 540 TF", {{1, 192, 320, 384}, 384, {3, 3, 3}, same, 2}},
      {"Wan decoder, two frames", {{2, 192, 320, 384}, 384, {3, 3, 3}, same, 2}},
      {"Wan middle", {{1, 96, 160, 384}, 384, {3, 3, 3}, same, 2}},
      {"Wan decoder, doubled frames", {{1, 192, 320, 384}, 768, {3, 1, 1}, none, 2}},
      {"Wan resampler", {{1, 192, 320, 384}, 192, {1, 3, 3}, same, 0, {1, 1, 1}, true, true, bf16, 0, true}},
      {"Wan resampler", {{1, 384, 640, 192}, 96, {1, 3, 3}, same, 0, {1, 1, 1}, true, true, bf16, 0, true}},
      {"Wan resampler, doubled before", {{1, 768, 1280, 192}, 96, {1, 3, 3}, same}},
      {"Wan encoder, stride 2", {{1, 768, 1280, 96}, 96, {1, 3, 3}, {0, 0, 0, 1, 0, 1}, 0, {1, 2, 2}}},
      {"Wan encoder, first", {{1, 768, 1280, 3}, 96, {3, 3, 3}, same, 2}},
      {"Wan encoder", {{1, 384, 640, 96}, 192, {3, 3, 3}, same, 2}},
      {"Wan decoder, first", {{1, 96, 160, 16}, 384, {3, 3, 3}, same, 2}},
      {"Wan decoder, last", {{1, 768, 1280, 96}, 3, {3, 3, 3}, same, 2}},
      {"Hunyuan", {{1, 720, 1280, 128}, 128, {3, 3, 3}, same, 2}},
      {"Hunyuan", {{1, 360, 640, 256}, 256, {3, 3, 3}, same, 2}},
      {"Hunyuan", {{1, 180, 320, 512}, 512, {3, 3, 3}, same, 2}},
      {"Mochi", {{1, 60, 106, 768}, 768, {3, 3, 3}, same, 2}},
  };
  for (const Row& row : rows) {
    for (const bool hopper : paths(s)) {
      s.ctx.hopper = hopper;
      const std::string name = std::string("conv3d ") + (hopper ? "sm90 " : "portable ") + describe(row.c);
      if (!s.wants(name)) continue;
      Convolution c = row.c;
      c.residual = c.x[3] == c.out && !c.doubled;
      const Work work(c);
      const Sample out(output_shape(c), bf16);
      const double flop = 2.0 * static_cast<double>(out.t.numel()) *
                          static_cast<double>(c.kernel[0] * c.kernel[1] * c.kernel[2] * c.x[3]);
      const double ms = median_ms(s, [&] { work.run(s, out.t); }, 5);
      std::printf("%-62s %9.3f ms %5.0f TF  %s\n", name.c_str(), ms, flop / ms / 1e9, row.what);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace umbel::check
