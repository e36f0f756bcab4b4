#include "cuda/attention_call.h"

#include "core/fail.h"
#include "cuda/attention.h"
#include "cuda/portable/as_type.h"

namespace umbel {
namespace {

cuda::AttentionStrides strides_of(const Tensor& x) {
  const int64_t width = x.dim(-1), token = x.dim(-2) * width;
  return {.batch = x.dim(-3) * token, .token = token, .head = width};
}

}  // namespace

void launch_attention(CudaContext& ctx, const AttentionCall& call, const Tensor& out, const Tensor* lse) {
  if (out.numel() == 0) return;
  const DType type = ctx.bf16_compute() ? DType::bf16 : DType::f32;
  const Tensor q = as_type(ctx, call.q, type), k = as_type(ctx, call.k, type), v = as_type(ctx, call.v, type);
  const auto element_of = [](DType t) {
    return t == DType::f32 ? cuda::AttentionElement::f32 : cuda::AttentionElement::bf16;
  };
  cuda::AttentionArguments a{};
  a.q = q.data;
  a.k = k.data;
  a.v = v.data;
  a.out = out.data;
  a.lse = lse ? lse->f32() : nullptr;
  a.element = element_of(type);
  a.out_element = element_of(out.dtype);
  a.q_strides = a.out_strides = strides_of(q);
  a.k_strides = a.v_strides = strides_of(k);
  a.batch = static_cast<int>(q.rank == 4 ? q.dim(0) : 1);
  a.heads = static_cast<int>(q.dim(-2));
  a.queries = static_cast<int>(q.dim(-3));
  a.keys = static_cast<int>(k.dim(-3));
  a.valid_keys = static_cast<int>(call.valid_keys);
  a.head_dim = static_cast<int>(q.dim(-1));
  a.scale = static_cast<float>(call.scale);
  if (call.bias) {
    const Tensor bias = as_type(ctx, *call.bias, DType::f32);
    a.bias = bias.f32();
    a.bias_row_stride = bias.dim(1) == 1 ? 0 : bias.stride[1];
    a.bias_head_stride = bias.dim(0) == 1 ? 0 : bias.stride[0];
  }
  if (call.row_ptr) {
    a.row_ptr = call.row_ptr->i32();
    a.col = call.col->i32();
    a.groups = static_cast<int>(call.row_ptr->dim(0));
    a.block = static_cast<int>(call.block);
    a.entries = call.col->dim(1);
  }
  const cuda::AttentionPath path = cuda::choose_attention(a, ctx.capability()).path;
  if (const char* obstacle = cuda::attention_obstacle(a, path, ctx.capability())) {
    fail("ERR_SHAPE", "Expected attention that a kernel can do, got a head width of %d: %s.", a.head_dim, obstacle);
  }
  check_cuda(cuda::attention(a, path, ctx.stream()), "attention");
}

}  // namespace umbel
