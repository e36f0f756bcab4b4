#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/kernel.h"
#include "core/storage.h"

namespace umbel {

// One attribute of an op: a number, a flag or a list of integers.
struct Attribute {
  enum class Kind { number, flag, list } kind = Kind::number;
  double number = 0;
  bool flag = false;
  std::vector<int64_t> list;
};

// One input: a tensor, nothing, or a list of tensors.
struct Input {
  enum class Kind { none, tensor, list } kind = Kind::none;
  std::vector<View> views;
};

// An op with its arguments in the order of its codes, each kind counted on its own.
struct OpCall {
  Op op{};
  std::vector<Input> inputs;
  std::vector<Attribute> attributes;
  std::vector<std::optional<View>> outputs;
};

std::string_view op_name(Op op);
// Its argument codes as in include/ops.h, such as "TTFO".
std::string_view op_codes(Op op);
std::optional<Op> op_from_name(std::string_view name);

// Throws ERR_INVALID_ARGUMENT unless number and kind of all arguments are what the codes say.
void check_call(const OpCall& call);

}  // namespace umbel
