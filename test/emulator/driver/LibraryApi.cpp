// SPDX-License-Identifier: Apache-2.0
// Libraries: modules that belong to no context; and the linker of PTX.
#include "driver/Entry.h"
#include "driver/Module.h"

#include <algorithm>

namespace emulator::driver {

/// Texts that become one module. PTX texts can't be joined by appending them,
/// so only one may bring code.
class LinkState {
public:
  JitOptions options;
  std::string text;
  bool complete = false;
};

template <typename Body>
static CUresult withLibrary(CUlibrary handle, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Library> library = driver.libraries.find(handle);
    return library ? body(*library) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Runs `body(context, module)` with a library's instance in the current
/// context.
template <typename Body>
static CUresult withInstance(CUlibrary handle, Body body) {
  return withContext([&](Driver &driver, Context &context) {
    std::shared_ptr<Library> library = driver.libraries.find(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    std::shared_ptr<Module> module;
    const CUresult code = library->instance(context, module);
    return code ? code : body(*library, *module);
  });
}

/// Runs `body(function)` for a kernel on a device: in the current context, or
/// in the device's primary one.
template <typename Body>
static CUresult withKernel(CUkernel handle, const CUdevice *dev, Body body) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Context> context = currentContext();
    if (dev && (!context || context->device.ordinal != *dev)) {
      Device *device = driver.device(*dev);
      if (!device)
        return CUDA_ERROR_INVALID_DEVICE;
      std::lock_guard<std::mutex> lock(device->mutex);
      context = device->primary;
    }
    if (const CUresult state = stateOf(context.get()))
      return state;
    std::shared_ptr<Function> function;
    const CUresult code =
        findFunction(*context, reinterpret_cast<CUfunction>(handle), function);
    return code ? code : body(*function);
  });
}

/// Devices are all of one kind, so an image fits all of them or none.
static CUresult load(Driver &driver, CUlibrary *out, const void *image) {
  if (!out || !image)
    return CUDA_ERROR_INVALID_VALUE;
  std::string text;
  if (const CUresult code = ptxOf(image, driver.devices[0]->chip, text)) {
    complain("library: no PTX that the device can run");
    return code;
  }
  *out = driver.libraries.add(std::make_shared<Library>(std::move(text)));
  // A wrong text is told here if it can be: who has a context needs it there.
  std::shared_ptr<Context> context = currentContext();
  if (stateOf(context.get()) != CUDA_SUCCESS)
    return CUDA_SUCCESS;
  std::shared_ptr<Module> module;
  const CUresult code = driver.libraries.find(*out)->instance(*context, module);
  if (code)
    driver.libraries.remove(*out);
  return code;
}

static CUresult append(CUlinkState handle, CUjitInputType type,
                       const std::string &text) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<LinkState> link = driver.links.find(handle);
    if (!link || link->complete)
      return CUDA_ERROR_INVALID_HANDLE;
    if (type == CU_JIT_INPUT_CUBIN || type == CU_JIT_INPUT_OBJECT)
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    if (type != CU_JIT_INPUT_PTX && type != CU_JIT_INPUT_FATBINARY)
      return CUDA_ERROR_NOT_SUPPORTED;
    if (!link->text.empty()) {
      complain("cuLinkAddData: linking several PTX texts is not emulated");
      return CUDA_ERROR_NOT_SUPPORTED;
    }
    std::string found;
    const CUresult code = ptxOf(text.c_str(), driver.devices[0]->chip, found);
    if (code)
      return code;
    if (ptx::Error error; !ptx::parse(found, error)) {
      complain("PTX, line %u: %s", error.line, error.message.c_str());
      return CUDA_ERROR_INVALID_PTX;
    }
    link->text = std::move(found);
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::driver

using namespace emulator;
using namespace emulator::driver;

CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *,
                           void **, unsigned, CUlibraryOption *, void **,
                           unsigned) {
  return withDriver(
      [&](Driver &driver) { return load(driver, library, code); });
}

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path,
                               CUjit_option *, void **, unsigned,
                               CUlibraryOption *, void **, unsigned) {
  return withDriver([&](Driver &driver) {
    std::string contents;
    if (!path)
      return CUDA_ERROR_INVALID_VALUE;
    const CUresult code = readFile(path, contents);
    return code ? code : load(driver, library, contents.data());
  });
}

CUresult cuLibraryUnload(CUlibrary handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<Library> library = driver.libraries.remove(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    library->unload();
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernel(CUkernel *out, CUlibrary handle, const char *name) {
  return withInstance(handle, [&](Library &library, Module &module) {
    if (!out || !name)
      return CUDA_ERROR_INVALID_VALUE;
    if (!module.function(name))
      return CUDA_ERROR_NOT_FOUND;
    *out = handleOf<CUkernel>(*library.kernel(name));
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernelCount(unsigned *count, CUlibrary handle) {
  return withInstance(handle, [&](Library &, Module &module) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<unsigned>(module.functions.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned count,
                                   CUlibrary handle) {
  return withInstance(handle, [&](Library &library, Module &module) {
    if (!kernels)
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < std::min<size_t>(count, module.functions.size());
         ++i)
      kernels[i] =
          handleOf<CUkernel>(*library.kernel(module.functions[i]->kernel.name));
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetModule(CUmodule *out, CUlibrary handle) {
  return withInstance(handle, [&](Library &, Module &module) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    *out = handleOf<CUmodule>(module);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes,
                            CUlibrary handle, const char *name) {
  return withInstance(handle, [&](Library &, Module &module) {
    return cuModuleGetGlobal_v2(address, bytes, handleOf<CUmodule>(module),
                                name);
  });
}

CUresult cuLibraryGetManaged(CUdeviceptr *address, size_t *bytes,
                             CUlibrary handle, const char *name) {
  return cuLibraryGetGlobal(address, bytes, handle, name);
}

CUresult cuKernelGetFunction(CUfunction *out, CUkernel handle) {
  return withKernel(handle, nullptr, [&](Function &function) {
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    *out = handleOf<CUfunction>(function);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetLibrary(CUlibrary *out, CUkernel handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<LibraryKernel> kernel = driver.kernels.find(handle);
    if (!kernel)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!out)
      return CUDA_ERROR_INVALID_VALUE;
    *out = handleOf<CUlibrary>(kernel->library);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetName(const char **name, CUkernel handle) {
  return withDriver([&](Driver &driver) {
    std::shared_ptr<LibraryKernel> kernel = driver.kernels.find(handle);
    if (!kernel)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    *name = kernel->name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetParamInfo(CUkernel handle, size_t index, size_t *offset,
                              size_t *size) {
  return cuFuncGetParamInfo(reinterpret_cast<CUfunction>(handle), index, offset,
                            size);
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute,
                              CUkernel handle, CUdevice device) {
  return withKernel(handle, &device, [&](Function &function) {
    return value && function.attribute(attribute, *value)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value,
                              CUkernel handle, CUdevice device) {
  return withKernel(handle, &device, [&](Function &function) {
    return function.setAttribute(attribute, value);
  });
}

CUresult cuKernelSetCacheConfig(CUkernel handle, CUfunc_cache,
                                CUdevice device) {
  return withKernel(handle, &device, [](Function &) { return CUDA_SUCCESS; });
}

CUresult cuLinkCreate_v2(unsigned count, CUjit_option *options, void **values,
                         CUlinkState *out) {
  return withContext([&](Driver &driver, Context &) {
    if (!out || (count && (!options || !values)))
      return CUDA_ERROR_INVALID_VALUE;
    auto link = std::make_shared<LinkState>();
    link->options = {count, options, values};
    *out = driver.links.add(std::move(link));
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuLinkCreate", cuLinkCreate_v2);

CUresult cuLinkAddData_v2(CUlinkState handle, CUjitInputType type, void *data,
                          size_t size, const char *, unsigned, CUjit_option *,
                          void **) {
  return guarded([&] {
    return data ? append(handle, type,
                         std::string(static_cast<const char *>(data), size))
                : CUDA_ERROR_INVALID_VALUE;
  });
}
EMULATOR_ALIAS("cuLinkAddData", cuLinkAddData_v2);

CUresult cuLinkAddFile_v2(CUlinkState handle, CUjitInputType type,
                          const char *path, unsigned, CUjit_option *, void **) {
  return guarded([&] {
    std::string contents;
    if (!path)
      return CUDA_ERROR_INVALID_VALUE;
    const CUresult code = readFile(path, contents);
    return code ? code : append(handle, type, contents);
  });
}
EMULATOR_ALIAS("cuLinkAddFile", cuLinkAddFile_v2);

/// The "cubin" is the text, which modules are loaded from.
CUresult cuLinkComplete(CUlinkState handle, void **cubin, size_t *bytes) {
  return withContext([&](Driver &driver, Context &context) {
    std::shared_ptr<LinkState> link = driver.links.find(handle);
    if (!link)
      return CUDA_ERROR_INVALID_HANDLE;
    std::shared_ptr<Module> module;
    if (const CUresult code =
            loadModule(context, link->text, link->options, module))
      return code;
    module->unload();
    link->complete = true;
    give(cubin, link->text.data());
    give(bytes, link->text.size() + 1);
    return CUDA_SUCCESS;
  });
}

CUresult cuLinkDestroy(CUlinkState handle) {
  return withDriver([&](Driver &driver) {
    return driver.links.remove(handle) ? CUDA_SUCCESS
                                       : CUDA_ERROR_INVALID_HANDLE;
  });
}
