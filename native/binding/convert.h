#pragma once
#include <napi.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/op_call.h"
#include "core/storage.h"

namespace umbel::binding {

// A JavaScript Error with `code`, which native/index.ts turns into an UmbelError.
Napi::Error make_error(Napi::Env env, const std::string& code, const std::string& message);

// Runs `body` and turns whatever it throws into a JavaScript exception: the only place where that happens.
template <class Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body());

int64_t to_int64(const Napi::Value& value, const char* what);
std::vector<int64_t> to_int64_list(const Napi::Value& value, const char* what);
DType to_dtype(const Napi::Value& value);
const char* dtype_name(DType dtype);
std::string to_string(const Napi::Value& value, const char* what);

// Contiguous layout of a shape; ERR_SHAPE for ranks above kMaxRank, negative sizes, or more bytes than can be addressed.
Tensor contiguous_layout(const std::vector<int64_t>& shape, DType dtype);
// The bytes of an ArrayBuffer view.
std::pair<const uint8_t*, size_t> to_bytes(const Napi::Value& value);

}  // namespace umbel::binding

#include <exception>
#include <new>

#include "core/error.h"

namespace umbel::binding {

template <class Body>
auto guarded(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const Error& error) {
    throw make_error(env, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    throw make_error(env, "ERR_OUT_OF_MEMORY", "Expected free memory, got none.");
  } catch (const std::exception& error) {
    throw make_error(env, "ERR_INTERNAL", error.what());
  }
}

}  // namespace umbel::binding
