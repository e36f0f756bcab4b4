#pragma once
// Norms and element-wise kernels: cases of kernels_check.cu.

namespace umbel::check {
namespace {

std::string shape_text(int64_t rows, int64_t width, DType from, DType to) {
  const auto name = [](DType t) { return t == f32 ? "f32" : "bf16"; };
  return "[" + std::to_string(rows) + ", " + std::to_string(width) + "] " + name(from) + " -> " + name(to);
}

void check_norms(Session& s, int64_t rows, int64_t width, DType from, DType to) {
  const Sample x({rows, width}, from, 1, 3), weight({width}, f32, 2), bias({width}, bf16, 3), weights({rows, width}, f32, 4),
      biases({rows, width}, bf16, 5);
  NormReference n{};
  n.x = elements_of(x.t), n.rows = rows, n.width = width, n.positions = 1, n.eps = 1e-6;
  const auto reference = [&n](double* wanted, int64_t) {
    reference_norm<<<static_cast<unsigned>((n.rows + 63) / 64), 64>>>(n, wanted);
  };
  const std::string shape = shape_text(rows, width, from, to);
  n.has_weight = n.has_bias = true, n.weight_shift = 1;
  for (const bool by_row : {false, true}) {
    const Sample &w = by_row ? weights : weight, &b = by_row ? biases : bias;
    n.weight = elements_of(w.t), n.bias = elements_of(b.t), n.by_row = by_row;
    verify(s, "layer_norm_modulate", shape + (by_row ? " by row" : ""), {rows, width}, to,
           [&](const Tensor& out) { KERNEL(layer_norm_modulate)(s.ctx, x.t, b.t, w.t, 1e-6, out); }, reference);
  }
  n.weight = elements_of(weight.t), n.by_row = false, n.has_bias = false, n.weight_shift = 0, n.kind = 1;
  verify(s, "rms_norm", shape, {rows, width}, to,
         [&](const Tensor& out) { KERNEL(rms_norm)(s.ctx, x.t, &weight.t, 1e-6, out); }, reference);
  n.kind = 2, n.eps = 1e-12;
  for (const bool silu : {false, true}) {
    n.silu = silu;
    verify(s, "channel_rms_norm", shape + (silu ? " silu" : ""), {rows, width}, to,
           [&](const Tensor& out) { KERNEL(channel_rms_norm)(s.ctx, x.t, weight.t, silu, out); }, reference);
  }
}

// by_head: each head is normed by itself, all by the same weights.
void check_rope(Session& s, int64_t rows, int64_t positions, int64_t heads, int64_t head, DType from, DType to,
                bool by_head = false) {
  const int64_t width = heads * head, normed = by_head ? head : width;
  const Sample x({rows, width}, from, 1, 3), weight({normed}, bf16, 2), table({positions, head / 2, 2}, f32, 3);
  NormReference n{};
  n.kind = 1, n.eps = 1e-6, n.rows = rows * width / normed, n.width = normed, n.head = head, n.positions = positions;
  n.rows_a_position = width / normed, n.has_weight = true;
  n.x = elements_of(x.t), n.weight = elements_of(weight.t), n.cos_sin = elements_of(table.t);
  const std::string each = by_head ? " each" : "";
  verify(s, "rms_norm_rope", shape_text(rows, width, from, to) + " heads " + std::to_string(heads) + each, {rows, width}, to,
         [&](const Tensor& out) { KERNEL(rms_norm_rope)(s.ctx, x.t, weight.t, table.t, 1e-6, heads, out); },
         [&n](double* wanted, int64_t) {
           reference_norm<<<static_cast<unsigned>((n.rows + 63) / 64), 64>>>(n, wanted);
         });
}

// Ops of one shape, of `count` elements in rows of `width`.
void check_maps(Session& s, int64_t rows, int64_t width, DType from, DType to) {
  const Sample x({rows, width}, from, 1, 4), y({rows, width}, bf16, 2, 4), gate({width}, f32, 3);
  const Elements ex = elements_of(x.t), ey = elements_of(y.t), eg = elements_of(gate.t);
  const std::string shape = shape_text(rows, width, from, to);
  const auto each = [](auto f) {
    return [f](double* wanted, int64_t count) { reference_elements<<<1024, 256>>>(wanted, count, f); };
  };
  const std::vector<int64_t> all{rows, width};
  verify(s, "gated_residual", shape, all, to,
         [&](const Tensor& out) { KERNEL(gated_residual)(s.ctx, x.t, y.t, gate.t, out); },
         each([=] __device__(int64_t i) { return get(ex, i) + get(ey, i) * get(eg, i % width); }));
  verify(s, "silu", shape, all, to, [&](const Tensor& out) { KERNEL(silu)(s.ctx, x.t, out); },
         each([=] __device__(int64_t i) { return get(ex, i) / (1 + exp(-get(ex, i))); }));
  verify(s, "gelu", shape, all, to, [&](const Tensor& out) { KERNEL(gelu)(s.ctx, x.t, true, out); },
         each([=] __device__(int64_t i) {
           const double v = get(ex, i);
           return v / 2 * (1 + tanh(0.7978845608028654 * (v + 0.044715 * v * v * v)));
         }));
  verify(s, "add", shape, all, to, [&](const Tensor& out) { KERNEL(add)(s.ctx, x.t, y.t, out); },
         each([=] __device__(int64_t i) { return get(ex, i) + get(ey, i); }));
  verify(s, "cast", shape, all, to, [&](const Tensor& out) { KERNEL(cast)(s.ctx, x.t, out); },
         each([=] __device__(int64_t i) { return get(ex, i); }));
  if (from != to) return;
  Tensor turned = x.t;
  turned.shape = {width, rows}, turned.stride = {1, width};
  verify(s, "copy", shape + " transposed", {width, rows}, to, [&](const Tensor& out) { KERNEL(copy)(s.ctx, turned, out); },
         each([=] __device__(int64_t i) { return get(ex, i % rows * width + i / rows); }));
}

void check_upsample(Session& s, int64_t frames, int64_t height, int64_t width, int64_t channels, DType type) {
  const Sample x({frames, height, width, channels}, type, 1);
  const Elements ex = elements_of(x.t);
  verify(s, "upsample2x", shape_text(frames * height * width, channels, type, type),
         {frames, 2 * height, 2 * width, channels}, type, [&](const Tensor& out) { KERNEL(upsample2x)(s.ctx, x.t, out); },
         [=](double* wanted, int64_t count) {
           reference_elements<<<1024, 256>>>(wanted, count, [=] __device__(int64_t i) {
             const int64_t column = i / channels % (2 * width), line = i / channels / (2 * width);
             const int64_t row = line / (2 * height) * height + line % (2 * height) / 2;
             return get(ex, (row * width + column / 2) * channels + i % channels);
           });
         });
}

void check_elementwise(Session& s) {
  const DType types[][2] = {{bf16, bf16}, {f32, bf16}, {f32, f32}};
  for (const auto& [from, to] : types) {
    for (const int64_t width : {1, 8, 24, 40, 64, 96, 100, 128, 192, 256, 320, 384, 512, 768, 1000, 1024, 1032, 1536, 2048,
                                3072, 5120, 5121, 6144, 8192, 10240, 13824}) {
      for (const int64_t rows : {int64_t{1}, int64_t{37}, width < 1100 ? int64_t{20000} : int64_t{1500}}) {
        check_norms(s, rows, width, from, to);
        if (rows != 1) check_maps(s, rows, width, from, to);
      }
    }
    for (const int64_t rows : {1, 66, 3000}) {
      check_rope(s, rows, rows, 40, 128, from, to);
      check_rope(s, rows, rows, 12, 128, from, to);
      check_rope(s, rows, (rows + 1) / 2, 24, 128, from, to);
      check_rope(s, rows, rows, 30, 64, from, to);
      check_rope(s, rows, rows, 3, 6, from, to);
      check_rope(s, rows, rows, 16, 96, from, to);
      check_rope(s, rows, rows, 8, 64, from, to);
      for (const int64_t head : {6, 64, 96, 128, 256}) {
        check_rope(s, rows, rows, 24, head, from, to, true);
        check_rope(s, rows, (rows + 1) / 2, 1, head, from, to, true);
      }
    }
    check_upsample(s, 2, 5, 7, 96, from);
    check_upsample(s, 1, 33, 18, 13, from);
    check_upsample(s, 3, 16, 24, 8, from);
  }
}

// A line of the table; bytes: the fewest that the work must move.
void bench_bytes(Session& s, const std::string& name, double bytes, double copy, const std::function<void()>& run) {
  if (!s.wants(name)) return;
  const double ms = median_ms(s, run), rate = bytes / ms / 1e6;
  std::printf("%-52s %9.3f ms %7.0f GB/s", name.c_str(), ms, rate);
  if (copy > 0) std::printf(" %4.0f %% of a copy%s", 100 * rate / copy, rate < 0.85 * copy ? "  (goal 85 %)" : "");
  std::printf("\n");
  std::fflush(stdout);
}

double measure_copy(Session& s) {
  const Memory from(size_t{1} << 30), to(size_t{1} << 30);
  must(cudaMemset(from.data, 0x5A, from.bytes), "a fill");
  const Elements e{from.data, bf16, true};
  fill_uniform<<<2048, 256>>>(e, static_cast<int64_t>(from.bytes / 2), 1.0f, 9);
  const double ms = median_ms(s, [&] {
    must(cudaMemcpyAsync(to.data, from.data, from.bytes, cudaMemcpyDeviceToDevice, nullptr), "a copy");
  });
  return 2.0 * static_cast<double>(from.bytes) / ms / 1e6;
}

void bench_elementwise(Session& s) {
  const double copy = measure_copy(s);
  std::printf("%-52s %s %7.0f GB/s\n", "copy by the driver, 1 GiB", "           ", copy);
  const auto norm_rows = [&](int64_t rows, int64_t width, DType from) {
    const Sample x({rows, width}, from, 1), scale({width}, f32, 2), shift({width}, f32, 3), out({rows, width}, bf16);
    const auto count = static_cast<double>(rows * width);
    const std::string shape = shape_text(rows, width, from, bf16);
    const double bytes = count * static_cast<double>(dtype_size(from) + 2);
    bench_bytes(s, "layer_norm_modulate " + shape, bytes, copy,
                [&] { KERNEL(layer_norm_modulate)(s.ctx, x.t, shift.t, scale.t, 1e-6, out.t); });
    bench_bytes(s, "rms_norm " + shape, bytes, copy, [&] { KERNEL(rms_norm)(s.ctx, x.t, &scale.t, 1e-6, out.t); });
    const Sample table({rows, 64, 2}, f32, 4);
    bench_bytes(s, "rms_norm_rope " + shape, bytes + static_cast<double>(table.t.bytes()), copy,
                [&] { KERNEL(rms_norm_rope)(s.ctx, x.t, scale.t, table.t, 1e-6, width / 128, out.t); });
  };
  for (const int64_t width : {5120, 3072, 1536}) {
    norm_rows(69120, width, f32);
    norm_rows(69120, width, bf16);
  }
  const auto pixels = [&](int64_t frames, int64_t height, int64_t width, int64_t channels) {
    const Sample x({frames, height, width, channels}, bf16, 1), gamma({channels}, bf16, 2), out(
        {frames, height, width, channels}, bf16);
    const std::string shape = shape_text(frames * height * width, channels, bf16, bf16);
    bench_bytes(s, "channel_rms_norm silu " + shape, 2.0 * static_cast<double>(x.t.bytes()), copy,
                [&] { KERNEL(channel_rms_norm)(s.ctx, x.t, gamma.t, true, out.t); });
  };
  pixels(2, 768, 1280, 96);
  pixels(2, 384, 640, 192);
  pixels(4, 192, 320, 384);
  pixels(2, 720, 1280, 128);
  {
    const Sample x({2, 384, 640, 192}, bf16, 1), out({2, 768, 1280, 192}, bf16);
    bench_bytes(s, "upsample2x " + shape_text(2 * 384 * 640, 192, bf16, bf16), 5.0 * static_cast<double>(x.t.bytes()), copy,
                [&] { KERNEL(upsample2x)(s.ctx, x.t, out.t); });
    // Frames doubled: two halves of the channels become two frames.
    Tensor halves = x.t;
    halves.rank = 5;
    halves.shape = {2, 2, 384, 640, 96}, halves.stride = {384 * 640 * 192, 96, 640 * 192, 192, 1};
    Tensor frames = out.t;
    frames.rank = 5;
    frames.shape = halves.shape, frames.stride = {2 * 384 * 640 * 96, 384 * 640 * 96, 640 * 96, 96, 1};
    bench_bytes(s, "copy of halves of channels", 2.0 * static_cast<double>(x.t.bytes()), copy,
                [&] { KERNEL(copy)(s.ctx, halves, frames); });
  }
  const int64_t rows = 69120, width = 5120, hidden = 13824;
  const auto count = static_cast<double>(rows * width);
  {
    const Sample x({rows, width}, f32, 1), y({rows, width}, bf16, 2), gate({width}, f32, 3), wide({rows, width}, f32),
        out({rows, width}, bf16);
    bench_bytes(s, "gated_residual f32 + bf16", 10 * count, copy,
                [&] { KERNEL(gated_residual)(s.ctx, x.t, y.t, gate.t, wide.t); });
    bench_bytes(s, "add f32 + bf16", 10 * count, copy, [&] { KERNEL(add)(s.ctx, x.t, y.t, wide.t); });
    bench_bytes(s, "silu bf16", 4 * count, copy, [&] { KERNEL(silu)(s.ctx, y.t, out.t); });
    bench_bytes(s, "cast f32 -> bf16", 6 * count, copy, [&] { KERNEL(cast)(s.ctx, x.t, out.t); });
    Tensor heads = y.t, turned = out.t;
    heads.rank = turned.rank = 3;
    heads.shape = {40, rows, 128}, heads.stride = {128, width, 1};
    turned.shape = heads.shape, turned.stride = {rows * 128, 128, 1};
    bench_bytes(s, "copy of heads in front", 4 * count, copy, [&] { KERNEL(copy)(s.ctx, heads, turned); });
  }
  const Sample x({rows, hidden}, bf16, 1), out({rows, hidden}, bf16);
  bench_bytes(s, "gelu bf16", 4.0 * static_cast<double>(rows * hidden), copy,
              [&] { KERNEL(gelu)(s.ctx, x.t, true, out.t); });
}

}  // namespace
}  // namespace umbel::check
