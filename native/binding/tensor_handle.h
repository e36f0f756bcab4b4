#pragma once
#include <napi.h>

#include <memory>

#include "binding/convert.h"
#include "core/file_mapping.h"
#include "core/storage.h"

namespace umbel::binding {

// A JavaScript object that holds a View until dispose() or garbage collection.
class TensorHandle : public Napi::ObjectWrap<TensorHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object create(Napi::Env env, View view);
  // ERR_INVALID_ARGUMENT for other objects, ERR_DISPOSED after dispose().
  static const View& view_of(const Napi::Value& value);

  explicit TensorHandle(const Napi::CallbackInfo& info);
  ~TensorHandle() override { release(); }

 private:
  void dispose(const Napi::CallbackInfo&) { release(); }
  Napi::Value failed(const Napi::CallbackInfo& info);
  void release();
  View view_;
};

// A mapped file; tensors that read from it keep the mapping alive after close().
class MappingHandle : public Napi::ObjectWrap<MappingHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value map(const Napi::CallbackInfo& info);
  static const std::shared_ptr<const FileMapping>& mapping_of(const Napi::Value& value);

  explicit MappingHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  void will_need(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo&) { mapping_.reset(); }
  std::shared_ptr<const FileMapping> mapping_;
};

// Per environment (main thread or worker): the constructors of the classes above.
struct Classes {
  Napi::FunctionReference tensor;
  Napi::FunctionReference mapping;
  Napi::FunctionReference device;
};

}  // namespace umbel::binding
