#pragma once
// Op ids, kernel signatures and registration, generated from include/ops.h.
#include <cstdint>
#include <span>

#include "core/tensor.h"

namespace umbel {

class CpuContext;
class CudaContext;

enum class Backend : int { cpu, cuda, count };

enum class Op : int {
#define OP(name, ...) name,
#include "include/ops.h"
#undef OP
  count
};

// Argument codes of include/ops.h -> C++ parameter types.
namespace arg {
struct T { using type = const Tensor&; };
struct N { using type = const Tensor*; };
struct S { using type = const Tensor*; };
struct W { using type = const Tensor&; };
struct M { using type = const Tensor*; };
struct X { using type = const Tensor&; };
struct V { using type = std::span<const Tensor>; };
struct O { using type = const Tensor&; };
struct R { using type = const Tensor&; };
struct P { using type = const Tensor*; };
struct F { using type = double; };
struct I { using type = int64_t; };
struct B { using type = bool; };
struct L { using type = std::span<const int64_t>; };

template <class Context, class... Codes>
struct Signature {
  using type = void (*)(Context&, typename Codes::type...);
};

// Kernels<CpuContext>::rms_norm is the function type of that op's kernel on the CPU.
template <class Context>
struct Kernels {
#define OP(name, ...) using name = typename Signature<Context, __VA_ARGS__>::type;
#include "include/ops.h"
#undef OP
};
}  // namespace arg

template <Backend>
struct ContextOf;
template <>
struct ContextOf<Backend::cpu> {
  using type = CpuContext;
};
template <>
struct ContextOf<Backend::cuda> {
  using type = CudaContext;
};

using ErasedKernel = void (*)();

// Keeps the kernel with the highest isa level this machine can run (levels: core/registry.h). Defined in core/registry.cc.
int register_kernel(Backend backend, Op op, int isa_level, ErasedKernel kernel);

}  // namespace umbel

#ifndef UMBEL_ISA_LEVEL
#define UMBEL_ISA_LEVEL 0
#endif

// At the end of a kernel file: UMBEL_KERNEL(cpu, rms_norm, rms_norm). A wrong signature does not compile.
#define UMBEL_KERNEL(backend, op, function)                                                    \
  namespace {                                                                                  \
  const int registered_##op = ::umbel::register_kernel(                                        \
      ::umbel::Backend::backend, ::umbel::Op::op, UMBEL_ISA_LEVEL,                             \
      reinterpret_cast<::umbel::ErasedKernel>(                                                 \
          static_cast<::umbel::arg::Kernels<                                                   \
              ::umbel::ContextOf<::umbel::Backend::backend>::type>::op>(&function)));          \
  }
