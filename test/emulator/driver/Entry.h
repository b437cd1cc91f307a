// SPDX-License-Identifier: Apache-2.0
// What every function of the driver does first and last.
#ifndef EMULATOR_DRIVER_ENTRY_H
#define EMULATOR_DRIVER_ENTRY_H

#include "driver/Stream.h"

#include <new>

/// A function by another name too: a string, as cuda.h has macros of the old
/// names.
#define EMULATOR_CONCATENATE_(a, b) a##b
#define EMULATOR_CONCATENATE(a, b) EMULATOR_CONCATENATE_(a, b)
#define EMULATOR_ALIAS(NAME, TARGET)                                           \
  extern "C" __attribute__((alias(#TARGET))) decltype(TARGET)                  \
  EMULATOR_CONCATENATE(emulatorAlias, __COUNTER__) __asm__(NAME)

namespace emulator::driver {

/// Runs `body`; no exception leaves.
template <typename Body>
CUresult guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (...) {
    return CUDA_ERROR_UNKNOWN;
  }
}

/// Runs `body(driver)` if cuInit was called.
template <typename Body>
CUresult withDriver(Body body) noexcept {
  return guarded([&] {
    Driver *driver = Driver::get();
    return driver ? body(*driver) : CUDA_ERROR_NOT_INITIALIZED;
  });
}

/// Runs `body(driver, device)` for a device's number.
template <typename Body>
CUresult withDevice(CUdevice ordinal, Body body) noexcept {
  return withDriver([&](Driver &driver) {
    Device *device = driver.device(ordinal);
    return device ? body(driver, *device) : CUDA_ERROR_INVALID_DEVICE;
  });
}

/// The code that a call in this context gives before it does anything.
inline CUresult stateOf(const Context *context) {
  if (!context)
    return CUDA_ERROR_INVALID_CONTEXT;
  if (context->destroyed)
    return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  return context->fault();
}

/// Runs `body(driver, context)` if there is a current context that works.
template <typename Body>
CUresult withContext(Body body) noexcept {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Context> context = currentContext();
    const CUresult state = stateOf(context.get());
    return state ? state : body(driver, *context);
  });
}

/// Runs `body(driver, stream)` for a stream of a working context.
template <typename Body>
CUresult withStream(CUstream handle, Body body) noexcept {
  return withContext([&](Driver &driver, Context &current) {
    std::shared_ptr<Stream> stream = findStream(current, handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    const CUresult state = stateOf(&stream->context);
    return state ? state : body(driver, *stream);
  });
}

/// Sets `*out`, if the caller wants it.
template <typename Value, typename From>
void give(Value *out, const From &value) {
  if (out)
    *out = static_cast<Value>(value);
}

} // namespace emulator::driver

#endif
