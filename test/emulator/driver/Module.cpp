// SPDX-License-Identifier: Apache-2.0
#include "driver/Module.h"

#include "driver/Stream.h"

#include <algorithm>
#include <cstring>

namespace emulator::driver {

int Function::maxThreads() const {
  int most = maxThreadsPerBlock;
  if (kernel.registers)
    while (most > warpSize &&
           !residentBlocks(*findChip(75), most, // all have as many registers
                           static_cast<int>(kernel.registers), 0))
      most -= warpSize;
  return kernel.maxThreads ? std::min(most, static_cast<int>(kernel.maxThreads))
                           : most;
}

bool Function::attribute(CUfunction_attribute attribute, int &value) const {
  std::shared_ptr<Module> owner = module.lock();
  if (!owner)
    return false;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    value = maxThreads();
    return true;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    value = static_cast<int>(kernel.staticShared);
    return true;
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    value = static_cast<int>(kernel.localBytes);
    return true;
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    value = static_cast<int>(kernel.registers);
    return true;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    value = owner->targetSm;
    return true;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    value = owner->context.device.chip.sm;
    return true;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    value = maxDynamicShared;
    return true;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    value = carveout;
    return true;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
    value = kernel.clusterShape[0] != 0;
    return true;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    value = static_cast<int>(
        kernel.clusterShape[attribute -
                            CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH]);
    return true;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    value = nonPortableCluster;
    return true;
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    value = 0;
    return true;
  default:
    return false;
  }
}

CUresult Function::setAttribute(CUfunction_attribute attribute, int value) {
  std::shared_ptr<Module> owner = module.lock();
  if (!owner)
    return CUDA_ERROR_INVALID_HANDLE;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: {
    const int most = owner->context.device.chip.sharedPerBlockOptIn -
                     static_cast<int>(kernel.staticShared);
    if (value < 0 || value > most) {
      complain("cuFuncSetAttribute: kernel %s: %d bytes of dynamic shared "
               "memory; a block can have %d",
               kernel.name.c_str(), value, most);
      return CUDA_ERROR_INVALID_VALUE;
    }
    maxDynamicShared = value;
    return CUDA_SUCCESS;
  }
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    if (value < -1 || value > 100)
      return CUDA_ERROR_INVALID_VALUE;
    carveout = value;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    nonPortableCluster = value != 0;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    return CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

Module::Module(Context &context, std::unique_ptr<Program> program, int targetSm)
    : context(context), program(std::move(program)), targetSm(targetSm) {}

void Module::registerAll() {
  Driver &driver = *Driver::get();
  driver.modules.add(shared_from_this());
  for (const Kernel *kernel : program->kernels()) {
    auto function = std::make_shared<Function>(shared_from_this(), *kernel);
    function->maxDynamicShared =
        sharedPerBlock -
        std::min(sharedPerBlock, static_cast<int>(kernel->staticShared));
    driver.functions.add(function);
    functions.push_back(std::move(function));
  }
}

void Module::unload() {
  context.synchroniseAll();
  Driver &driver = *Driver::get();
  driver.modules.remove(handleOf<CUmodule>(*this));
  for (const auto &function : functions)
    driver.functions.remove(handleOf<CUfunction>(*function));
}

std::shared_ptr<Function> Module::function(std::string_view name) const {
  for (const auto &function : functions)
    if (function->kernel.name == name)
      return function;
  return nullptr;
}

CUresult Library::instance(Context &context, std::shared_ptr<Module> &module) {
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Module> &mine = instances[&context];
  if (!mine) {
    if (const CUresult code = loadModule(context, text, {}, mine))
      return instances.erase(&context), code;
    mine->library = this;
  }
  module = mine;
  return CUDA_SUCCESS;
}

void Library::forget(Context &context) {
  std::lock_guard<std::mutex> lock(mutex);
  instances.erase(&context);
}

void Library::unload() {
  std::lock_guard<std::mutex> lock(mutex);
  for (const auto &entry : instances)
    entry.second->unload();
  instances.clear();
  for (const auto &entry : kernels)
    Driver::get()->kernels.remove(handleOf<CUkernel>(*entry.second));
  kernels.clear();
}

std::shared_ptr<LibraryKernel> Library::kernel(const std::string &name) {
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<LibraryKernel> &kernel = kernels[name];
  if (!kernel) {
    kernel = std::make_shared<LibraryKernel>(*this, name);
    Driver::get()->kernels.add(kernel);
  }
  return kernel;
}

CUresult findFunction(Context &context, CUfunction handle,
                      std::shared_ptr<Function> &function) {
  Driver &driver = *Driver::get();
  if ((function = driver.functions.find(handle))) {
    std::shared_ptr<Module> module = function->module.lock();
    return module && &module->context == &context ? CUDA_SUCCESS
                                                  : CUDA_ERROR_INVALID_HANDLE;
  }
  std::shared_ptr<LibraryKernel> kernel =
      driver.kernels.find(reinterpret_cast<CUkernel>(handle));
  if (!kernel)
    return CUDA_ERROR_INVALID_HANDLE;
  std::shared_ptr<Module> module;
  if (const CUresult code = kernel->library.instance(context, module))
    return code;
  function = module->function(kernel->name);
  return function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

} // namespace emulator::driver
