#include "core/op_call.h"

#include <array>
#include <cmath>
#include <string>

#include "core/fail.h"

namespace umbel {
namespace {

// ops.h writes codes as single letters: #__VA_ARGS__ is "T, T, F, O".
constexpr std::string_view kSpelled[] = {
#define OP(name, ...) #__VA_ARGS__,
#include "include/ops.h"
#undef OP
};

constexpr std::string_view kNames[] = {
#define OP(name, ...) #name,
#include "include/ops.h"
#undef OP
};

constexpr size_t kOps = static_cast<size_t>(Op::count);
constexpr size_t kMaxCodes = 24;

struct Codes {
  std::array<char, kMaxCodes> letters{};
  size_t count = 0;
};

constexpr std::array<Codes, kOps> spell_out() {
  std::array<Codes, kOps> all{};
  for (size_t i = 0; i < kOps; ++i) {
    for (const char letter : kSpelled[i]) {
      if (letter >= 'A' && letter <= 'Z') all[i].letters[all[i].count++] = letter;
    }
  }
  return all;
}

constexpr std::array<Codes, kOps> kCodes = spell_out();

[[noreturn]] void wrong(Op op, size_t position, char code, const char* expected) {
  fail("ERR_INVALID_ARGUMENT", "Expected argument %zu (%c) of %s to be %s.", position, code,
       std::string(op_name(op)).c_str(), expected);
}

bool holds_one(const Input& input) {
  return input.kind == Input::Kind::tensor && input.views.size() == 1;
}

bool integral(double value) { return std::nearbyint(value) == value && std::fabs(value) < 9e15; }

}  // namespace

std::string_view op_name(Op op) { return kNames[static_cast<size_t>(op)]; }

std::string_view op_codes(Op op) {
  const Codes& codes = kCodes[static_cast<size_t>(op)];
  return {codes.letters.data(), codes.count};
}

std::optional<Op> op_from_name(std::string_view name) {
  for (size_t i = 0; i < kOps; ++i) {
    if (kNames[i] == name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

void check_call(const OpCall& call) {
  size_t input = 0, attribute = 0, output = 0, position = 0;
  for (const char code : op_codes(call.op)) {
    ++position;
    switch (code) {
      case 'T': case 'W': case 'X':
        if (input >= call.inputs.size() || !holds_one(call.inputs[input])) {
          wrong(call.op, position, code, "a tensor");
        }
        ++input;
        break;
      case 'N': case 'S': case 'M':
        if (input >= call.inputs.size() || (call.inputs[input].kind != Input::Kind::none &&
                                            !holds_one(call.inputs[input]))) {
          wrong(call.op, position, code, "a tensor or null");
        }
        ++input;
        break;
      case 'V':
        if (input >= call.inputs.size() || call.inputs[input].kind != Input::Kind::list ||
            call.inputs[input].views.empty()) {
          wrong(call.op, position, code, "a list of one or more tensors");
        }
        for (const View& view : call.inputs[input].views) {
          if (view.layout.dtype != call.inputs[input].views.front().layout.dtype) {
            wrong(call.op, position, code, "a list of tensors of one type");
          }
        }
        ++input;
        break;
      case 'O': case 'R':
        if (output >= call.outputs.size() || !call.outputs[output]) {
          wrong(call.op, position, code, "an output tensor");
        }
        if (!call.outputs[output]->layout.contiguous()) {
          wrong(call.op, position, code, "a contiguous output tensor");
        }
        ++output;
        break;
      case 'P':
        if (output >= call.outputs.size()) {
          wrong(call.op, position, code, "an output tensor or null");
        }
        ++output;
        break;
      case 'F':
        if (attribute >= call.attributes.size() ||
            call.attributes[attribute].kind != Attribute::Kind::number) {
          wrong(call.op, position, code, "a number");
        }
        ++attribute;
        break;
      case 'I':
        if (attribute >= call.attributes.size() ||
            call.attributes[attribute].kind != Attribute::Kind::number ||
            !integral(call.attributes[attribute].number)) {
          wrong(call.op, position, code, "an integer");
        }
        ++attribute;
        break;
      case 'B':
        if (attribute >= call.attributes.size() ||
            call.attributes[attribute].kind != Attribute::Kind::flag) {
          wrong(call.op, position, code, "true or false");
        }
        ++attribute;
        break;
      case 'L':
        if (attribute >= call.attributes.size() ||
            call.attributes[attribute].kind != Attribute::Kind::list) {
          wrong(call.op, position, code, "a list of integers");
        }
        ++attribute;
        break;
      default:
        fail("ERR_INTERNAL", "Expected a known argument code, got %c.", code);
    }
  }
  if (input != call.inputs.size() || attribute != call.attributes.size() ||
      output != call.outputs.size()) {
    fail("ERR_INVALID_ARGUMENT",
         "Expected %zu inputs, %zu attributes and %zu outputs for %s, got %zu, %zu and %zu.",
         input, attribute, output, std::string(op_name(call.op)).c_str(), call.inputs.size(),
         call.attributes.size(), call.outputs.size());
  }
}

}  // namespace umbel
