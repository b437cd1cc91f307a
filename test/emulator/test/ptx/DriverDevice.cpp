// SPDX-License-Identifier: Apache-2.0
// The driver API through dlopen: neither its headers nor its library are needed
// to build this.
#include "Device.h"

#include <algorithm>
#include <dlfcn.h>

namespace emulator::test {
namespace {

using Result = int;
using Pointer = unsigned long long;

struct Api {
  Result (*init)(unsigned);
  Result (*deviceGet)(int *, int);
  Result (*deviceGetAttribute)(int *, int, int);
  Result (*deviceGetName)(char *, int, int);
  Result (*retain)(void **, int);
  Result (*reset)(int);
  Result (*setCurrent)(void *);
  Result (*moduleLoad)(void **, const void *, unsigned, int *, void **);
  Result (*moduleUnload)(void *);
  Result (*getFunction)(void **, void *, const char *);
  Result (*setAttribute)(void *, int, int);
  Result (*allocate)(Pointer *, size_t);
  Result (*free)(Pointer);
  Result (*toDevice)(Pointer, const void *, size_t);
  Result (*toHost)(void *, Pointer, size_t);
  Result (*fill)(Pointer, unsigned char, size_t);
  Result (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned,
                   unsigned, unsigned, void *, void **, void **);
  Result (*synchronize)();

  bool load(void *library, std::string &error) {
    auto find = [&](auto &function, const char *name) {
      void *symbol = dlsym(library, name);
      if (!symbol && error.empty())
        error = std::string("the driver lacks ") + name;
      function = reinterpret_cast<std::decay_t<decltype(function)>>(symbol);
    };
    find(init, "cuInit");
    find(deviceGet, "cuDeviceGet");
    find(deviceGetAttribute, "cuDeviceGetAttribute");
    find(deviceGetName, "cuDeviceGetName");
    find(retain, "cuDevicePrimaryCtxRetain");
    find(reset, "cuDevicePrimaryCtxReset_v2");
    find(setCurrent, "cuCtxSetCurrent");
    find(moduleLoad, "cuModuleLoadDataEx");
    find(moduleUnload, "cuModuleUnload");
    find(getFunction, "cuModuleGetFunction");
    find(setAttribute, "cuFuncSetAttribute");
    find(allocate, "cuMemAlloc_v2");
    find(free, "cuMemFree_v2");
    find(toDevice, "cuMemcpyHtoD_v2");
    find(toHost, "cuMemcpyDtoH_v2");
    find(fill, "cuMemsetD8_v2");
    find(launch, "cuLaunchKernel");
    find(synchronize, "cuCtxSynchronize");
    return error.empty();
  }
};

std::string kindOf(Result result) {
  switch (result) {
  case 700:
    return "out of bounds";
  case 710:
    return "assert";
  case 715:
    return "illegal instruction";
  case 716:
    return "misaligned";
  case 717:
    return "bad address space";
  default:
    return "launch failed";
  }
}

class DriverDevice : public Device {
public:
  bool open(std::string &error) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      error = dlerror();
      return false;
    }
    if (!api.load(library, error))
      return false;
    int major = 0, minor = 0;
    void *context = nullptr;
    char name[256] = "";
    if (api.init(0) || api.deviceGet(&device, 0) ||
        api.retain(&context, device) || api.setCurrent(context) ||
        api.deviceGetAttribute(&major, 75, device) ||
        api.deviceGetAttribute(&minor, 76, device)) {
      error = "the driver has no device";
      return false;
    }
    version = unsigned(major * 10 + minor);
    api.deviceGetName(name, sizeof name, device);
    std::string text = name;
    std::transform(text.begin(), text.end(), text.begin(), ::tolower);
    emulated = text.find("emula") != std::string::npos;
    std::printf("device: %s, sm_%u\n", name, version);
    return true;
  }

  unsigned sm() const override { return version; }
  bool isEmulated() const override { return emulated; }

  Outcome run(const std::string &text, const std::string &name,
              const Shape &shape, const std::vector<uint8_t> &input,
              size_t outputBytes) override {
    Outcome outcome;
    void *module = nullptr, *function = nullptr;
    // CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES
    char log[4096] = "";
    int options[] = {5, 6};
    void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
    if (Result result =
            api.moduleLoad(&module, text.c_str(), 2, options, values)) {
      outcome.error = "load: " + std::to_string(result) + " " + log;
      return outcome;
    }
    if (Result result = api.getFunction(&function, module, name.c_str())) {
      outcome.error = "no kernel '" + name + "': " + std::to_string(result);
      return outcome;
    }
    Pointer pointers[2] = {};
    api.allocate(&pointers[0], std::max<size_t>(16, input.size()));
    api.allocate(&pointers[1], std::max<size_t>(16, outputBytes));
    if (!input.empty())
      api.toDevice(pointers[0], input.data(), input.size());
    if (outputBytes)
      api.fill(pointers[1], 0, outputBytes);
    if (shape.dynamicShared > 48 * 1024)
      api.setAttribute(function, 8, int(shape.dynamicShared));
    void *arguments[] = {&pointers[0], &pointers[1]};
    Result result =
        api.launch(function, shape.grid, 1, 1, shape.block, 1, 1,
                   shape.dynamicShared, nullptr, arguments, nullptr);
    if (!result)
      result = api.synchronize();
    if (result) {
      outcome.fault = kindOf(result);
      api.reset(device); // and begin anew
      void *context = nullptr;
      api.retain(&context, device);
      api.setCurrent(context);
      return outcome;
    }
    outcome.output.resize(outputBytes);
    if (outputBytes)
      api.toHost(outcome.output.data(), pointers[1], outputBytes);
    api.free(pointers[0]);
    api.free(pointers[1]);
    api.moduleUnload(module);
    return outcome;
  }

private:
  Api api{};
  int device = 0;
  unsigned version = 0;
  bool emulated = false;
};

} // namespace

std::unique_ptr<Device> makeDriverDevice(std::string &error) {
  auto device = std::make_unique<DriverDevice>();
  if (!device->open(error))
    return nullptr;
  return device;
}

} // namespace emulator::test
