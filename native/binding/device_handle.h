#pragma once
#include <napi.h>

#include <memory>
#include <unordered_map>

#include "binding/tensor_handle.h"
#include "core/device.h"

namespace umbel::binding {

// A device as a JavaScript object. Promises are settled through one thread-safe function, which keeps the process alive
// only while a promise is pending.
class DeviceHandle : public Napi::ObjectWrap<DeviceHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Value create(const Napi::CallbackInfo& info);

  explicit DeviceHandle(const Napi::CallbackInfo& info);
  ~DeviceHandle() override;

 private:
  struct Pending {
    Napi::Promise::Deferred deferred;
    Napi::Reference<Napi::ArrayBuffer> target;  // empty for sync
  };
  struct Settlement {
    uint64_t id;
    FailurePtr failure;
  };
  static void settle(Napi::Env env, Napi::Function, DeviceHandle* self, Settlement* settlement);
  using Settle =
      Napi::TypedThreadSafeFunction<DeviceHandle, Settlement, &DeviceHandle::settle>;

  void open(Napi::Env env, std::unique_ptr<Device> device);
  void shut_down();
  static void on_environment_end(void* self);
  // ERR_DEVICE for an object that `new` made.
  Device& device();
  uint64_t add_pending(Napi::Env env, Pending pending);
  Device::Settled settled(uint64_t id);
  View new_view(const Napi::Value& shape, const Napi::Value& dtype, Storage::Fill fill);
  bool in_host_memory(const View& view);
  void expect_on_device(const View& view);  // ERR_INVALID_ARGUMENT

  Napi::Value threads(const Napi::CallbackInfo& info);
  Napi::Value isa(const Napi::CallbackInfo& info);
  Napi::Value empty(const Napi::CallbackInfo& info);
  Napi::Value zeros(const Napi::CallbackInfo& info);
  Napi::Value upload(const Napi::CallbackInfo& info);
  Napi::Value from_mapping(const Napi::CallbackInfo& info);
  Napi::Value empty_on_host(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  void run(const Napi::CallbackInfo& info);
  void transfer(const Napi::CallbackInfo& info);
  Napi::Value sync(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  void interrupt(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  void reset_peak(const Napi::CallbackInfo& info);

  std::unique_ptr<Device> device_;
  Settle settle_;
  std::unordered_map<uint64_t, Pending> pending_;
  uint64_t next_id_ = 0;
  bool open_ = false;
};

}  // namespace umbel::binding
