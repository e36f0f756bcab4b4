#include "binding/convert.h"

#include <cmath>

#include "core/fail.h"

namespace umbel::binding {
namespace {

constexpr const char* kDTypeNames[] = {"f32", "f16", "bf16", "f8_e4m3", "f8_e5m2", "i32", "u8"};

}  // namespace

Napi::Error make_error(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

int64_t to_int64(const Napi::Value& value, const char* what) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!(std::nearbyint(number) == number) || std::fabs(number) > 9007199254740991.0) {
    fail("ERR_INVALID_ARGUMENT", "Expected %s to be an integer, got another value.", what);
  }
  return static_cast<int64_t>(number);
}

std::vector<int64_t> to_int64_list(const Napi::Value& value, const char* what) {
  if (!value.IsArray()) fail("ERR_INVALID_ARGUMENT", "Expected %s to be an array.", what);
  const auto array = value.As<Napi::Array>();
  std::vector<int64_t> list(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) list[i] = to_int64(array.Get(i), what);
  return list;
}

std::string to_string(const Napi::Value& value, const char* what) {
  if (!value.IsString()) fail("ERR_INVALID_ARGUMENT", "Expected %s to be a string.", what);
  return value.As<Napi::String>().Utf8Value();
}

DType to_dtype(const Napi::Value& value) {
  const std::string name = to_string(value, "the type");
  for (int i = 0; i < 7; ++i) {
    if (name == kDTypeNames[i]) return static_cast<DType>(i);
  }
  fail("ERR_DTYPE", "Expected f32, f16, bf16, f8_e4m3, f8_e5m2, i32 or u8, got %s.", name.c_str());
}

const char* dtype_name(DType dtype) { return kDTypeNames[static_cast<size_t>(dtype)]; }

Tensor contiguous_layout(const std::vector<int64_t>& shape, DType dtype) {
  if (shape.size() > static_cast<size_t>(kMaxRank)) {
    fail("ERR_SHAPE", "Expected at most %d axes, got %zu.", kMaxRank, shape.size());
  }
  Tensor layout;
  layout.dtype = dtype;
  layout.rank = static_cast<int>(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] < 0) {
      fail("ERR_SHAPE", "Expected axis sizes of 0 or more, got %lld.",
           static_cast<long long>(shape[i]));
    }
    layout.shape[i] = shape[i];
    layout.stride[i] = stride;
    if (__builtin_mul_overflow(stride, shape[i] == 0 ? 1 : shape[i], &stride) ||
        stride > (int64_t{1} << 52)) {
      fail("ERR_OUT_OF_MEMORY", "Expected fewer than 2^52 elements, got more.");
    }
  }
  return layout;
}

std::pair<const uint8_t*, size_t> to_bytes(const Napi::Value& value) {
  if (!value.IsTypedArray()) fail("ERR_INVALID_ARGUMENT", "Expected a typed array of bytes.");
  const auto array = value.As<Napi::TypedArray>();
  Napi::ArrayBuffer buffer = array.ArrayBuffer();
  return {static_cast<const uint8_t*>(buffer.Data()) + array.ByteOffset(), array.ByteLength()};
}

}  // namespace umbel::binding
