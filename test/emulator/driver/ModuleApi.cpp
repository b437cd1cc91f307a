// SPDX-License-Identifier: Apache-2.0
// Modules, their functions and variables.
#include "driver/Entry.h"
#include "driver/Module.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace emulator::driver {

JitOptions::JitOptions(unsigned count, CUjit_option *options, void **values) {
  for (unsigned i = 0; i < count; ++i) {
    void *&value = values[i];
    switch (options[i]) {
    case CU_JIT_ERROR_LOG_BUFFER:
      errors.text = static_cast<char *>(value);
      break;
    case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
      // Only the lower half is the caller's.
      errors.bytes = static_cast<unsigned>(reinterpret_cast<uintptr_t>(value));
      errors.used = &value;
      break;
    case CU_JIT_INFO_LOG_BUFFER:
      information.text = static_cast<char *>(value);
      break;
    case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
      information.bytes =
          static_cast<unsigned>(reinterpret_cast<uintptr_t>(value));
      information.used = &value;
      break;
    default: // How to compile: there is no compiler.
      break;
    }
  }
}

void JitOptions::Log::write(const std::string &contents) const {
  if (!text || !bytes)
    return;
  const size_t count = std::min(bytes - 1, contents.size());
  std::memcpy(text, contents.data(), count);
  text[count] = 0;
  if (used)
    *used = reinterpret_cast<void *>(count);
}

void JitOptions::fail(unsigned line, const std::string &message) const {
  const std::string place = line ? ", line " + std::to_string(line) : "";
  errors.write("ptxas application ptx input" + place +
               "; error   : " + message +
               "\nptxas fatal   : Ptx assembly aborted due to errors\n");
  information.write("");
  complain("PTX%s: %s", place.c_str(), message.c_str());
}

void JitOptions::succeed() const {
  errors.write("");
  information.write("");
}

/// Whether the chip can run PTX with this header.
static CUresult checkHeader(const PtxHeader &header, const Chip &chip,
                            std::string &message) {
  constexpr int newestVersion =
      CUDA_VERSION / 1000 * 10 - 40 + CUDA_VERSION % 1000 / 10;
  if (header.version > newestVersion) {
    message = "PTX version " + std::to_string(header.version / 10) + "." +
              std::to_string(header.version % 10) + " is newer than the driver";
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  }
  const bool fits = header.suffix == 'a' ? header.sm == chip.sm
                    : header.suffix == 'f'
                        ? header.sm <= chip.sm && header.sm / 10 == chip.sm / 10
                        : header.sm <= chip.sm;
  if (fits)
    return CUDA_SUCCESS;
  message = "PTX for sm_" + std::to_string(header.sm) +
            std::string(header.suffix != 0, header.suffix) +
            " does not run on the device's sm_" + std::to_string(chip.sm);
  return CUDA_ERROR_NO_BINARY_FOR_GPU;
}

CUresult loadModule(Context &context, const std::string &text,
                    const JitOptions &options,
                    std::shared_ptr<Module> &module) {
  const Chip &chip = context.device.chip;
  const PtxHeader header = headerOf(text);
  std::string message;
  if (const CUresult code = checkHeader(header, chip, message))
    return options.fail(0, message), code;
  ptx::Error error;
  std::unique_ptr<Program> program = Program::load(
      text, context.device.memory, static_cast<unsigned>(chip.sm), error);
  if (!program) {
    options.fail(error.line, error.message);
    return error.message.rfind("out of memory", 0) == 0
               ? CUDA_ERROR_OUT_OF_MEMORY
               : CUDA_ERROR_INVALID_PTX;
  }
  options.succeed();
  module = std::make_shared<Module>(context, std::move(program), header.sm);
  module->registerAll();
  return CUDA_SUCCESS;
}

CUresult readFile(const char *path, std::string &contents) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return CUDA_ERROR_FILE_NOT_FOUND;
  contents.assign(std::istreambuf_iterator<char>(file), {});
  // The kind of an image is told from its first bytes.
  if (contents.size() < 4)
    contents.resize(4);
  return CUDA_SUCCESS;
}

static CUresult load(CUmodule *out, const void *image,
                     const JitOptions &options) {
  return withContext([&](Driver &, Context &context) {
    if (!out || !image)
      return CUDA_ERROR_INVALID_VALUE;
    std::string text;
    if (const CUresult code = ptxOf(image, context.device.chip, text)) {
      complain("module: %s", code == CUDA_ERROR_NO_BINARY_FOR_GPU
                                 ? "machine code, and no PTX that the device "
                                   "can run: only PTX is emulated"
                                 : "a damaged fatbin");
      return code;
    }
    std::shared_ptr<Module> module;
    if (const CUresult code = loadModule(context, text, options, module))
      return code;
    *out = handleOf<CUmodule>(*module);
    return CUDA_SUCCESS;
  });
}

/// Runs `body(module)` for a handle of a working context.
template <typename Body>
static CUresult withModule(CUmodule handle, Body body) {
  return withContext([&](Driver &driver, Context &) {
    std::shared_ptr<Module> module = driver.modules.find(handle);
    return module ? body(*module) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Runs `body(function)`; kernels of libraries are functions too.
template <typename Body>
static CUresult withFunction(CUfunction handle, Body body) {
  return withContext([&](Driver &, Context &context) {
    std::shared_ptr<Function> function;
    const CUresult code = findFunction(context, handle, function);
    return code ? code : body(*function);
  });
}

} // namespace emulator::driver

using namespace emulator;
using namespace emulator::driver;

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return load(module, image, {});
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                            CUjit_option *options, void **values) {
  if (count && (!options || !values))
    return CUDA_ERROR_INVALID_VALUE;
  return load(module, image, {count, options, values});
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image) {
  return load(module, image, {});
}

CUresult cuModuleLoad(CUmodule *module, const char *path) {
  return guarded([&] {
    if (!path)
      return CUDA_ERROR_INVALID_VALUE;
    std::string contents;
    const CUresult code = readFile(path, contents);
    return code ? code : load(module, contents.data(), {});
  });
}

CUresult cuModuleUnload(CUmodule handle) {
  return withModule(handle, [](Module &module) {
    if (module.library)
      return CUDA_ERROR_INVALID_HANDLE;
    module.unload();
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  return withDriver([&](Driver &) {
    if (!mode)
      return CUDA_ERROR_INVALID_VALUE;
    *mode = CU_MODULE_EAGER_LOADING;
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunction(CUfunction *out, CUmodule handle,
                             const char *name) {
  return withModule(handle, [&](Module &module) {
    if (!out || !name)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Function> function = module.function(name);
    if (!function)
      return CUDA_ERROR_NOT_FOUND;
    *out = handleOf<CUfunction>(*function);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule handle) {
  return withModule(handle, [&](Module &module) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<unsigned>(module.functions.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned count,
                                    CUmodule handle) {
  return withModule(handle, [&](Module &module) {
    if (!functions)
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < std::min<size_t>(count, module.functions.size());
         ++i)
      functions[i] = handleOf<CUfunction>(*module.functions[i]);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes,
                              CUmodule handle, const char *name) {
  return withModule(handle, [&](Module &module) {
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    const Range range = module.program->global(name);
    if (!range.base)
      return CUDA_ERROR_NOT_FOUND;
    give(address, range.base);
    give(bytes, range.size);
    return CUDA_SUCCESS;
  });
}
EMULATOR_ALIAS("cuModuleGetGlobal", cuModuleGetGlobal_v2);

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute,
                            CUfunction handle) {
  return withFunction(handle, [&](Function &function) {
    return value && function.attribute(attribute, *value)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute,
                            int value) {
  return withFunction(handle, [&](Function &function) {
    return function.setAttribute(attribute, value);
  });
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache config) {
  return withFunction(handle, [](Function &) { return CUDA_SUCCESS; });
}

CUresult cuFuncSetSharedMemConfig(CUfunction handle, CUsharedconfig config) {
  return withFunction(handle, [](Function &) { return CUDA_SUCCESS; });
}

CUresult cuFuncGetModule(CUmodule *out, CUfunction handle) {
  return withFunction(handle, [&](Function &function) {
    std::shared_ptr<Module> module = function.module.lock();
    if (!out || !module)
      return CUDA_ERROR_INVALID_VALUE;
    *out = handleOf<CUmodule>(*module);
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetName(const char **name, CUfunction handle) {
  return withFunction(handle, [&](Function &function) {
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    *name = function.kernel.name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset,
                            size_t *size) {
  return withFunction(handle, [&](Function &function) {
    if (index >= function.kernel.parameters.size())
      return CUDA_ERROR_INVALID_VALUE;
    give(offset, function.kernel.parameters[index].offset);
    give(size, function.kernel.parameters[index].size);
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction handle) {
  return withFunction(handle, [&](Function &) {
    if (!state)
      return CUDA_ERROR_INVALID_VALUE;
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncLoad(CUfunction handle) {
  return withFunction(handle, [](Function &) { return CUDA_SUCCESS; });
}
