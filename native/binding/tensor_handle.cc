#include "binding/tensor_handle.h"

#include <cstring>

#include "core/fail.h"

namespace umbel::binding {
namespace {

// Random constants that tell our wrapped objects from other add-ons'.
constexpr napi_type_tag kTensorTag = {0x8e1d6f0b5c2a4973, 0xb7f3219ad04e6c58};
constexpr napi_type_tag kMappingTag = {0x41c7a95e3b8d02f6, 0x9a60d7e8f15b3c24};

bool tagged(const Napi::Value& value, const napi_type_tag& tag) {
  return value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&tag);
}

}  // namespace

Napi::Function TensorHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeTensor",
                     {InstanceMethod<&TensorHandle::dispose>("dispose"),
                      InstanceAccessor<&TensorHandle::failed>("failed")});
}

Napi::Object TensorHandle::create(Napi::Env env, View view) {
  Napi::Object object = env.GetInstanceData<Classes>()->tensor.New({});
  TensorHandle* handle = Unwrap(object);
  handle->view_ = std::move(view);
  handle->view_.storage->add_handle();
  return object;
}

TensorHandle::TensorHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<TensorHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTensorTag);
}

const View& TensorHandle::view_of(const Napi::Value& value) {
  if (!tagged(value, kTensorTag)) fail("ERR_INVALID_ARGUMENT", "Expected a tensor handle.");
  const View& view = Unwrap(value.As<Napi::Object>())->view_;
  if (!view.storage) fail("ERR_DISPOSED", "Expected a live tensor, got a disposed one.");
  return view;
}

Napi::Value TensorHandle::failed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), view_.storage && view_.storage->failed());
}

void TensorHandle::release() {
  if (!view_.storage) return;
  view_.storage->remove_handle();
  view_.storage.reset();
}

Napi::Function MappingHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeMapping",
                     {InstanceAccessor<&MappingHandle::size>("size"),
                      InstanceMethod<&MappingHandle::read>("read"),
                      InstanceMethod<&MappingHandle::will_need>("willNeed"),
                      InstanceMethod<&MappingHandle::close>("close")});
}

MappingHandle::MappingHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<MappingHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kMappingTag);
}

Napi::Value MappingHandle::map(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    auto mapping = std::make_shared<const FileMapping>(to_string(info[0], "the path"));
    Napi::Object object = env.GetInstanceData<Classes>()->mapping.New({});
    Unwrap(object)->mapping_ = std::move(mapping);
    return object;
  });
}

const std::shared_ptr<const FileMapping>& MappingHandle::mapping_of(const Napi::Value& value) {
  if (!tagged(value, kMappingTag)) fail("ERR_INVALID_ARGUMENT", "Expected a file mapping.");
  const auto& mapping = Unwrap(value.As<Napi::Object>())->mapping_;
  if (!mapping) fail("ERR_DISPOSED", "Expected an open file mapping, got a closed one.");
  return mapping;
}

Napi::Value MappingHandle::size(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(mapping_of(info.This())->size()));
  });
}

Napi::Value MappingHandle::read(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto& mapping = mapping_of(info.This());
    const int64_t offset = to_int64(info[0], "the offset"), bytes = to_int64(info[1], "the length");
    if (offset < 0 || bytes < 0) {
      fail("ERR_INVALID_ARGUMENT", "Expected an offset and length of 0 or more.");
    }
    mapping->check(static_cast<size_t>(offset), static_cast<size_t>(bytes));
    auto buffer = Napi::ArrayBuffer::New(info.Env(), static_cast<size_t>(bytes));
    if (bytes > 0) {
      std::memcpy(buffer.Data(), mapping->data() + offset, static_cast<size_t>(bytes));
    }
    return buffer;
  });
}

void MappingHandle::will_need(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const auto& mapping = mapping_of(info.This());
    const int64_t offset = to_int64(info[0], "the offset"), bytes = to_int64(info[1], "the length");
    if (offset < 0 || bytes < 0) {
      fail("ERR_INVALID_ARGUMENT", "Expected an offset and length of 0 or more.");
    }
    mapping->will_need(static_cast<size_t>(offset), static_cast<size_t>(bytes));
  });
}

}  // namespace umbel::binding
