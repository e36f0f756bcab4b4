#include "binding/device_handle.h"

#include <utility>

#include "core/cpu_device.h"
#include "core/cuda_backend.h"
#include "core/fail.h"

namespace umbel::binding {
namespace {

Input to_input(const Napi::Value& value) {
  Input input;
  if (value.IsNull()) return input;
  if (value.IsArray()) {
    input.kind = Input::Kind::list;
    const auto array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); ++i) {
      input.views.push_back(TensorHandle::view_of(array.Get(i)));
    }
    return input;
  }
  input.kind = Input::Kind::tensor;
  input.views.push_back(TensorHandle::view_of(value));
  return input;
}

Attribute to_attribute(const Napi::Value& value) {
  Attribute attribute;
  if (value.IsBoolean()) {
    attribute.kind = Attribute::Kind::flag;
    attribute.flag = value.As<Napi::Boolean>();
  } else if (value.IsArray()) {
    attribute.kind = Attribute::Kind::list;
    attribute.list = to_int64_list(value, "a list attribute");
  } else if (value.IsNumber()) {
    attribute.number = value.As<Napi::Number>().DoubleValue();
  } else {
    fail("ERR_INVALID_ARGUMENT", "Expected an attribute to be a number, a boolean or an array.");
  }
  return attribute;
}

Napi::Array to_array(const Napi::Value& value, const char* what) {
  if (!value.IsArray()) fail("ERR_INVALID_ARGUMENT", "Expected %s to be an array.", what);
  return value.As<Napi::Array>();
}

// Reads of a view must stay inside its storage whatever JavaScript asked for.
void check_bounds(const View& view) {
  int64_t first = view.offset, last = view.offset;
  for (int i = 0; i < view.layout.rank; ++i) {
    const auto u = static_cast<size_t>(i);
    if (view.layout.shape[u] == 0) return;
    int64_t reach = 0;
    if (__builtin_mul_overflow(view.layout.shape[u] - 1, view.layout.stride[u], &reach) ||
        __builtin_add_overflow(reach < 0 ? first : last, reach, reach < 0 ? &first : &last)) {
      fail("ERR_SHAPE", "Expected a view inside its tensor, got one far outside.");
    }
  }
  const auto capacity =
      static_cast<int64_t>(view.storage->bytes() / dtype_size(view.layout.dtype));
  if (first < 0 || last >= capacity) {
    fail("ERR_SHAPE", "Expected a view inside %lld elements, got elements %lld to %lld.",
         static_cast<long long>(capacity), static_cast<long long>(first),
         static_cast<long long>(last));
  }
}

int64_t memory_limit(const Napi::Object& given) {
  return given.Has("memoryLimit") ? to_int64(given.Get("memoryLimit"), "memoryLimit") : 0;
}

std::string precision(const Napi::Object& given) {
  return given.Has("precision") ? to_string(given.Get("precision"), "precision") : "";
}

CpuOptions to_cpu_options(const Napi::Object& given) {
  CpuOptions options;
  if (given.Has("threads")) {
    const int64_t threads = to_int64(given.Get("threads"), "threads");
    if (threads < 1 || threads > 1024) {
      fail("ERR_INVALID_ARGUMENT", "Expected 1 to 1024 threads, got %lld.",
           static_cast<long long>(threads));
    }
    options.threads = static_cast<int>(threads);
  }
  options.memory_limit = memory_limit(given);
  if (given.Has("isa")) options.isa = to_string(given.Get("isa"), "isa");
  options.bf16_compute = precision(given) == "bf16";
  return options;
}

CudaOptions to_cuda_options(const Napi::Object& given) {
  CudaOptions options;
  options.memory_limit = memory_limit(given);
  options.bf16_compute = precision(given) != "f32";
  return options;
}

}  // namespace

Napi::Function DeviceHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeDevice",
                     {InstanceAccessor<&DeviceHandle::threads>("threads"),
                      InstanceAccessor<&DeviceHandle::isa>("isa"),
                      InstanceMethod<&DeviceHandle::empty>("empty"),
                      InstanceMethod<&DeviceHandle::zeros>("zeros"),
                      InstanceMethod<&DeviceHandle::empty_on_host>("emptyOnHost"),
                      InstanceMethod<&DeviceHandle::transfer>("transfer"),
                      InstanceMethod<&DeviceHandle::upload>("upload"),
                      InstanceMethod<&DeviceHandle::from_mapping>("fromMapping"),
                      InstanceMethod<&DeviceHandle::view>("view"),
                      InstanceMethod<&DeviceHandle::run>("run"),
                      InstanceMethod<&DeviceHandle::sync>("sync"),
                      InstanceMethod<&DeviceHandle::read>("read"),
                      InstanceMethod<&DeviceHandle::interrupt>("interrupt"),
                      InstanceMethod<&DeviceHandle::memory>("memory"),
                      InstanceMethod<&DeviceHandle::reset_peak>("resetPeak")});
}

Napi::Value DeviceHandle::create(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[0].IsObject()) fail("ERR_INVALID_ARGUMENT", "Expected an object of options.");
    const auto given = info[0].As<Napi::Object>();
    const std::string name =
        given.Has("device") ? to_string(given.Get("device"), "device") : std::string("cpu");
    std::unique_ptr<Device> device = name == "cuda" ? open_cuda(to_cuda_options(given))
                                                    : std::make_unique<CpuDevice>(to_cpu_options(given));
    Napi::Object object = env.GetInstanceData<Classes>()->device.New({});
    Unwrap(object)->open(env, std::move(device));
    return object;
  });
}

DeviceHandle::DeviceHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DeviceHandle>(info) {}

void DeviceHandle::open(Napi::Env env, std::unique_ptr<Device> device) {
  device_ = std::move(device);
  settle_ = Settle::New(env, "umbel device", 0, 1, this);
  settle_.Unref(env);
  open_ = true;
  // Hooks run last in, first out: this one ends the worker thread before the thread-safe function goes.
  napi_add_env_cleanup_hook(env, &DeviceHandle::on_environment_end, this);
}

void DeviceHandle::on_environment_end(void* self) {
  static_cast<DeviceHandle*>(self)->shut_down();
}

Device& DeviceHandle::device() {
  if (!open_) fail("ERR_DEVICE", "Expected a device from createDevice, got another object.");
  return *device_;
}

void DeviceHandle::shut_down() {
  if (!open_) return;
  open_ = false;
  device_.reset();
  settle_.Release();
}

DeviceHandle::~DeviceHandle() {
  if (!open_) return;
  napi_remove_env_cleanup_hook(Env(), &DeviceHandle::on_environment_end, this);
  shut_down();
}

uint64_t DeviceHandle::add_pending(Napi::Env env, Pending pending) {
  if (pending_.empty()) {
    Ref();
    settle_.Ref(env);
  }
  const uint64_t id = next_id_++;
  pending_.emplace(id, std::move(pending));
  return id;
}

Device::Settled DeviceHandle::settled(uint64_t id) {
  return [this, id](const FailurePtr& failure) {
    auto* settlement = new Settlement{id, failure};
    if (settle_.NonBlockingCall(settlement) != napi_ok) delete settlement;
  };
}

void DeviceHandle::settle(Napi::Env env, Napi::Function, DeviceHandle* self,
                          Settlement* settlement) {
  const std::unique_ptr<Settlement> owned(settlement);
  if (env == nullptr) return;  // the environment is going away
  const Napi::HandleScope scope(env);
  const auto found = self->pending_.find(settlement->id);
  if (found == self->pending_.end()) return;
  Pending pending = std::move(found->second);
  self->pending_.erase(found);
  if (settlement->failure) {
    pending.deferred.Reject(
        make_error(env, settlement->failure->code, settlement->failure->message).Value());
  } else if (pending.target.IsEmpty()) {
    pending.deferred.Resolve(env.Undefined());
  } else {
    pending.deferred.Resolve(pending.target.Value());
  }
  if (self->pending_.empty()) {
    self->settle_.Unref(env);
    self->Unref();
  }
}

Napi::Value DeviceHandle::threads(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), device().threads());
  });
}

Napi::Value DeviceHandle::isa(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::String::New(info.Env(), device().kernels());
  });
}

View DeviceHandle::new_view(const Napi::Value& shape, const Napi::Value& dtype,
                            Storage::Fill fill) {
  const Tensor layout = contiguous_layout(to_int64_list(shape, "the shape"), to_dtype(dtype));
  return {std::make_shared<Storage>(device().memory(), layout.bytes(), fill), layout, 0};
}

Napi::Value DeviceHandle::empty(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return TensorHandle::create(info.Env(), new_view(info[0], info[1], Storage::Fill::none));
  });
}

Napi::Value DeviceHandle::zeros(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return TensorHandle::create(info.Env(), new_view(info[0], info[1], Storage::Fill::zero));
  });
}

Napi::Value DeviceHandle::upload(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto [data, bytes] = to_bytes(info[0]);
    View view = new_view(info[1], info[2], Storage::Fill::none);
    if (view.storage->bytes() != bytes) {
      fail("ERR_SHAPE", "Expected %zu bytes for this shape and type, got %zu.",
           view.storage->bytes(), bytes);
    }
    view.storage->set_contents(data);
    return TensorHandle::create(info.Env(), std::move(view));
  });
}

Napi::Value DeviceHandle::from_mapping(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto& mapping = MappingHandle::mapping_of(info[0]);
    const int64_t offset = to_int64(info[1], "the byte offset");
    if (offset < 0) fail("ERR_INVALID_ARGUMENT", "Expected a byte offset of 0 or more.");
    const Tensor layout =
        contiguous_layout(to_int64_list(info[2], "the shape"), to_dtype(info[3]));
    auto storage =
        std::make_shared<Storage>(device().memory(), mapping, static_cast<size_t>(offset), layout.bytes(),
                                  dtype_size(layout.dtype));
    return TensorHandle::create(info.Env(), View{std::move(storage), layout, 0});
  });
}

Napi::Value DeviceHandle::empty_on_host(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Tensor layout = contiguous_layout(to_int64_list(info[0], "the shape"), to_dtype(info[1]));
    auto storage = std::make_shared<Storage>(device().host_memory(), layout.bytes());
    return TensorHandle::create(info.Env(), View{std::move(storage), layout, 0});
  });
}

bool DeviceHandle::in_host_memory(const View& view) {
  return &view.storage->memory() == device().host_memory().get();
}

void DeviceHandle::expect_on_device(const View& view) {
  if (!in_host_memory(view)) return;
  fail("ERR_INVALID_ARGUMENT", "Expected a tensor on the device, got one in host memory. Transfer it first.");
}

// transfer(source, target): whole bytes from host memory to the device, or back.
void DeviceHandle::transfer(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const View& source = TensorHandle::view_of(info[0]);
    const View& target = TensorHandle::view_of(info[1]);
    if (!source.layout.contiguous() || !target.layout.contiguous() ||
        source.layout.bytes() != target.layout.bytes()) {
      fail("ERR_SHAPE", "Expected two contiguous tensors of one size to transfer, got %zu and %zu bytes.",
           source.layout.bytes(), target.layout.bytes());
    }
    if (in_host_memory(source) == in_host_memory(target) || target.storage->mapped()) {
      fail("ERR_INVALID_ARGUMENT", "Expected a transfer between host memory and the device.");
    }
    device().transfer(source, target);
  });
}

// view(tensor, shape, strides, offset, dtype): strides and offset in elements of that type.
Napi::Value DeviceHandle::view(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    View view = TensorHandle::view_of(info[0]);
    const auto shape = to_int64_list(info[1], "the shape");
    const auto strides = to_int64_list(info[2], "the strides");
    const DType dtype = to_dtype(info[4]);
    if (dtype != view.layout.dtype && view.storage->mapped()) {
      fail("ERR_DTYPE", "Expected a view of a mapped file to keep its type.");
    }
    view.layout = contiguous_layout(shape, dtype);
    if (strides.size() != shape.size()) {
      fail("ERR_SHAPE", "Expected %zu strides, got %zu.", shape.size(), strides.size());
    }
    for (size_t i = 0; i < strides.size(); ++i) view.layout.stride[i] = strides[i];
    view.offset = to_int64(info[3], "the offset");
    check_bounds(view);
    return TensorHandle::create(info.Env(), std::move(view));
  });
}

// run(name, inputs, attributes, outputs)
void DeviceHandle::run(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    const std::string name = to_string(info[0], "the op's name");
    const auto op = op_from_name(name);
    if (!op) fail("ERR_NO_KERNEL", "Expected a known op, got %s.", name.c_str());
    OpCall call;
    call.op = *op;
    const Napi::Array inputs = to_array(info[1], "inputs");
    for (uint32_t i = 0; i < inputs.Length(); ++i) {
      call.inputs.push_back(to_input(inputs.Get(i)));
      for (const View& view : call.inputs.back().views) expect_on_device(view);
    }
    const Napi::Array attributes = to_array(info[2], "attributes");
    for (uint32_t i = 0; i < attributes.Length(); ++i) {
      call.attributes.push_back(to_attribute(attributes.Get(i)));
    }
    const Napi::Array outputs = to_array(info[3], "outputs");
    for (uint32_t i = 0; i < outputs.Length(); ++i) {
      const Napi::Value output = outputs.Get(i);
      if (output.IsNull()) {
        call.outputs.emplace_back();
      } else {
        const View& view = TensorHandle::view_of(output);
        if (view.storage->mapped()) {
          fail("ERR_INVALID_ARGUMENT", "Expected an output in memory, got a mapped file.");
        }
        expect_on_device(view);
        call.outputs.emplace_back(view);
      }
    }
    device().run(std::move(call));
  });
}

Napi::Value DeviceHandle::sync(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    Pending pending{Napi::Promise::Deferred::New(env), {}};
    const Napi::Promise promise = pending.deferred.Promise();
    device().sync(settled(add_pending(env, std::move(pending))));
    return promise;
  });
}

// read(tensor, dtype): a promise of an ArrayBuffer. The memory is made here, on the thread of JavaScript, and filled by
// the worker: no external buffers, which Electron forbids, and no second copy.
Napi::Value DeviceHandle::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const View view = TensorHandle::view_of(info[0]);
    expect_on_device(view);
    const DType dtype = to_dtype(info[1]);
    const auto count = static_cast<size_t>(view.layout.numel());
    Napi::ArrayBuffer target = Napi::ArrayBuffer::New(env, count * dtype_size(dtype));
    Pending pending{Napi::Promise::Deferred::New(env),
                    Napi::Reference<Napi::ArrayBuffer>::New(target, 1)};
    const Napi::Promise promise = pending.deferred.Promise();
    void* data = target.Data();
    device().read(view, dtype, data, settled(add_pending(env, std::move(pending))));
    return promise;
  });
}

void DeviceHandle::interrupt(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { device().interrupt(); });
}

Napi::Value DeviceHandle::memory(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const Memory& pool = *device().memory();
    Napi::Object object = Napi::Object::New(info.Env());
    const auto number = [&](const std::atomic<int64_t>& counter) {
      return Napi::Number::New(info.Env(), static_cast<double>(counter.load()));
    };
    const Memory& host = *device().host_memory();
    object.Set("liveTensors", Napi::Number::New(info.Env(), static_cast<double>(pool.live_tensors.load() +
                                                                               host.live_tensors.load())));
    object.Set("liveBytes", number(pool.live_bytes));
    object.Set("hostBytes", number(host.allocated));
    object.Set("allocatedBytes", number(pool.allocated));
    object.Set("peakBytes", number(pool.peak));
    return object;
  });
}

void DeviceHandle::reset_peak(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] { device().memory()->reset_peak(); });
}

}  // namespace umbel::binding
