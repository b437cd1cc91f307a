// SPDX-License-Identifier: Apache-2.0
// Models are loaded onto devices here.
#include "runtime/cuda/LoadedModel.h"

#include "runtime/core/Sizes.h"
#include "runtime/core/Status.h"
#include "runtime/cuda/Gemm.h"
#include "runtime/lib/Mutex.h"

#include <stdlib.h>
#include <string.h>

using namespace dlc::runtime;
using namespace dlc::runtime::cuda;

/// Larger dynamic shared memory has to be asked for.
static constexpr uint32_t kDefaultSharedBytes = 48 << 10;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static LoadedModel *loadedModels = nullptr;

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

dlc_status LoadedModel::failWith(Result result, const char *what) const {
  return fail(result == kOutOfMemory ? DLC_ERROR_OUT_OF_MEMORY
                                     : DLC_ERROR_DEVICE,
              "cuda:%d: %s of model '%s' failed: %s", int(id), what,
              model->name, ResultText(*driver, result).text);
}

dlc_status LoadedModel::failWithoutMemory(uint64_t bytes, const char *what,
                                          uint64_t needed) const {
  size_t free = 0, total = 0;
  driver->cuMemGetInfo(&free, &total);
  return fail(DLC_ERROR_OUT_OF_MEMORY,
              "cuda:%d: cannot allocate %llu bytes for the %s of model '%s', "
              "which needs %llu in all: %llu of %llu are free",
              int(id), (unsigned long long)bytes, what, model->name,
              (unsigned long long)needed, (unsigned long long)free,
              (unsigned long long)total);
}

dlc_status LoadedModel::failWithProduct(CublasStatus status, const char *what,
                                        const char *kernel,
                                        const char *advice) const {
  return fail(
      status == kCublasAllocFailed ? DLC_ERROR_OUT_OF_MEMORY : DLC_ERROR_DEVICE,
      "cuda:%d: cublasLt %s kernel '%.100s' of model '%s': %s%s", int(id), what,
      kernel, model->name, cublas->cublasLtGetStatusString(status), advice);
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

dlc_status LoadedModel::open() {
  if (dlc_status status = cuda::getDriver(id, driver))
    return status;
  int count = 0;
  driver->cuDeviceGetCount(&count);
  if (id < 0 || id >= count)
    return fail(DLC_ERROR_DEVICE,
                "cuda:%d: there is no such device: the last one is cuda:%d",
                int(id), count - 1);
  int major = 0, minor = 0;
  Result result = driver->cuDeviceGet(&device, id);
  if (result == kSuccess)
    result =
        driver->cuDeviceGetAttribute(&major, kComputeCapabilityMajor, device);
  if (result == kSuccess)
    result =
        driver->cuDeviceGetAttribute(&minor, kComputeCapabilityMinor, device);
  if (result == kSuccess)
    result = driver->cuDevicePrimaryCtxRetain(&context, device);
  if (result != kSuccess) {
    context = nullptr;
    return failWith(result, "the start");
  }
  sm = uint32_t(10 * major + minor);
  snprintf(target, sizeof target, "sm_%u", sm);

  ContextScope scope(*driver, context);
  if (scope.result() != kSuccess)
    return failWith(scope.result(), "the start");
  if (dlc_status status = loadImages())
    return status;
  if (dlc_status status = findFunctions())
    return status;
  if (dlc_status status = openCublas())
    return status;
  return uploadWeights();
}

void LoadedModel::close() {
  if (!context)
    return;
  {
    // Where the device has failed so do these, and nothing is left to free.
    ContextScope scope(*driver, context);
    bool isCurrent = scope.result() == kSuccess;
    if (isCurrent && weights)
      driver->cuMemFree(weights);
    if (isCurrent && module)
      driver->cuModuleUnload(module);
    if (cublasHandle)
      cublas->cublasLtDestroy(cublasHandle);
  }
  driver->cuDevicePrimaryCtxRelease(device);
  free(functions);
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// Cuts \p text after its first line that says something.
static const char *firstLine(char *text) {
  while (*text == '\n' || *text == ' ')
    ++text;
  text[strcspn(text, "\n")] = 0;
  return text;
}

/// Loads the module of \p image. Where the device can't use it, \p result is
/// not kSuccess and the message says why.
dlc_status LoadedModel::loadImage(const dlc_abi_cuda_image &image,
                                  Result &result) {
  char log[1024] = "";
  int options[] = {kJitErrorLog, kJitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  result = driver->cuModuleLoadDataEx(&module, image.data, 2, options, values);
  if (result == kSuccess)
    return DLC_OK;
  module = nullptr;
  log[sizeof log - 1] = 0;
  const char *line = firstLine(log);
  return fail(DLC_ERROR_DEVICE,
              "cuda:%d: the driver cannot load the code of model '%s' for "
              "sm_%u: %s%s%s",
              int(id), model->name, image.sm, ResultText(*driver, result).text,
              *line ? ": " : "", line);
}

/// Whether a device of compute capability \p sm may run \p image.
static bool fits(const dlc_abi_cuda_image &image, uint32_t sm) {
  bool isSameMajor = image.sm / 10 == sm / 10;
  return image.sm <= sm && (image.kind == DLC_CUDA_PTX || isSameMajor);
}

/// Machine code starts at once; PTX is first compiled by the driver.
static bool isBetter(const dlc_abi_cuda_image &a, const dlc_abi_cuda_image &b) {
  if (a.kind != b.kind)
    return a.kind == DLC_CUDA_CUBIN;
  return a.sm > b.sm;
}

/// The best image of \p cuda that fits after \p last was tried; null: none.
static const dlc_abi_cuda_image *chooseImage(const dlc_abi_cuda &cuda,
                                             uint32_t sm,
                                             const dlc_abi_cuda_image *last) {
  const dlc_abi_cuda_image *best = nullptr;
  for (uint32_t i = 0; i < cuda.num_images; ++i) {
    const dlc_abi_cuda_image &image = cuda.images[i];
    if (image.kind <= DLC_CUDA_CUBIN && fits(image, sm) &&
        (!last || isBetter(*last, image)) && (!best || isBetter(image, *best)))
      best = &image;
  }
  return best;
}

dlc_status LoadedModel::loadImages() {
  const dlc_abi_cuda &cuda = *getCuda(*model);
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < cuda.num_images; ++i)
    least = cuda.images[i].sm < least ? cuda.images[i].sm : least;
  const dlc_abi_cuda_image *image = chooseImage(cuda, sm, nullptr);
  if (!image)
    return fail(DLC_ERROR_DEVICE,
                "cuda:%d: model '%s' has no code for this device's %s, but for "
                "sm_%u: compile it with a lower --sm",
                int(id), model->name, target, least);
  for (;;) {
    Result result;
    dlc_status status = loadImage(*image, result);
    // There may be an image that asks for less.
    bool canOthersDo =
        result == kNoBinaryForGpu || result == kUnsupportedPtxVersion;
    image = canOthersDo ? chooseImage(cuda, sm, image) : nullptr;
    if (!image)
      return status;
  }
}

dlc_status LoadedModel::findFunctionsOf(const dlc_abi_model &plan,
                                        Function *result) {
  const dlc_abi_cuda *cuda = getCuda(plan);
  if (!cuda)
    return fail(DLC_ERROR_ARTIFACT,
                "a specialised model of model '%s' has no code for CUDA",
                model->name);
  for (uint32_t i = 0; i < plan.num_kernels; ++i) {
    const dlc_abi_cuda_kernel &kernel = cuda->kernels[i];
    Result found = driver->cuModuleGetFunction(&result[i], module, kernel.name);
    if (found == kSuccess && kernel.shared_bytes > kDefaultSharedBytes) {
      found = driver->cuFuncSetAttribute(result[i], kMaxDynamicSharedBytes,
                                         int(kernel.shared_bytes));
      if (found != kSuccess)
        return fail(DLC_ERROR_DEVICE,
                    "cuda:%d: kernel '%s' of model '%s' needs %u bytes of "
                    "shared memory, which the device does not have",
                    int(id), kernel.name, model->name, kernel.shared_bytes);
    }
    if (found != kSuccess)
      return fail(DLC_ERROR_DEVICE,
                  "cuda:%d: model '%s' has no kernel '%s': %s", int(id),
                  model->name, kernel.name, ResultText(*driver, found).text);
  }
  return DLC_OK;
}

static uint32_t countSpecializations(const dlc_abi_model &model) {
  return isDynamic(model) ? model.num_specializations : 0;
}

dlc_status LoadedModel::findFunctions() {
  uint64_t count = model->num_kernels;
  for (uint32_t i = 0; i < countSpecializations(*model); ++i)
    count += model->specializations[i]->num_kernels;
  functions = static_cast<Function *>(calloc(count + 1, sizeof(Function)));
  if (!functions)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot load model '%s'", model->name);
  dlc_status status = findFunctionsOf(*model, functions);
  Function *next = functions + model->num_kernels;
  for (uint32_t i = 0; !status && i < countSpecializations(*model); ++i) {
    status = findFunctionsOf(*model->specializations[i], next);
    next += model->specializations[i]->num_kernels;
  }
  return status;
}

const Function *LoadedModel::getFunctions(const dlc_abi_model &plan) const {
  const Function *result = functions;
  const dlc_abi_model *current = model;
  for (uint32_t i = 0; current != &plan; ++i) {
    result += current->num_kernels;
    current = model->specializations[i];
  }
  return result;
}

//===----------------------------------------------------------------------===//
// The library for products
//===----------------------------------------------------------------------===//

dlc_status LoadedModel::createCublas() {
  if (dlc_status status = getCublasLt(*driver, cublas))
    return status;
  CublasStatus status = cublas->cublasLtCreate(&cublasHandle);
  if (status == kCublasSuccess)
    return DLC_OK;
  cublasHandle = nullptr;
  return fail(DLC_ERROR_DEVICE, "cublasLt doesn't start: %s",
              cublas->cublasLtGetStatusString(status));
}

/// Gets the library for the products of the model and its specialised ones.
dlc_status LoadedModel::openCublas() {
  bool isWanted = false, isRequired = false;
  auto look = [&](const dlc_abi_model &plan) {
    for (const dlc_abi_cuda_gemm &gemm : GemmTable(plan)) {
      isWanted = true;
      isRequired |= (gemm.flags & DLC_GEMM_REQUIRED) != 0;
    }
  };
  look(*model);
  for (uint32_t i = 0; i < countSpecializations(*model); ++i)
    look(*model->specializations[i]);
  if (!isWanted)
    return DLC_OK;
  dlc_status status = createCublas();
  if (status == DLC_OK)
    return DLC_OK;
  cublas = nullptr;
  if (!isRequired)
    return DLC_OK;
  char why[200];
  snprintf(why, sizeof why, "%s", dlc_last_error());
  return fail(status,
              "cuda:%d: model '%s' was compiled with --gemm=cublas, but %s: "
              "compile it with --gemm=auto or generated",
              int(id), model->name, why);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

dlc_status LoadedModel::uploadWeights() {
  uint64_t bytes = model->weights_bytes;
  if (bytes == 0)
    return DLC_OK;
  Result result = driver->cuMemAlloc(&weights, bytes);
  if (result != kSuccess)
    weights = 0;
  if (result == kOutOfMemory)
    return failWithoutMemory(bytes, "weights", bytes + model->arena_bytes);
  if (result == kSuccess)
    result = driver->cuMemcpyHtoD(weights, model->weights, bytes);
  // Such a copy may still be under way, and sessions' streams don't wait for
  // it.
  if (result == kSuccess)
    result = driver->cuStreamSynchronize(nullptr);
  return result == kSuccess ? DLC_OK : failWith(result, "the loading");
}

//===----------------------------------------------------------------------===//
// Life
//===----------------------------------------------------------------------===//

dlc_status LoadedModel::acquire(const dlc_abi_model &model, int32_t id,
                                LoadedModel *&result) {
  MutexLock lock(mutex);
  for (LoadedModel *loaded = loadedModels; loaded; loaded = loaded->next)
    if (loaded->model == &model && loaded->id == id) {
      ++loaded->numReferences;
      result = loaded;
      return DLC_OK;
    }
  auto *loaded = static_cast<LoadedModel *>(calloc(1, sizeof(LoadedModel)));
  if (!loaded)
    return fail(DLC_ERROR_OUT_OF_MEMORY, "cannot load model '%s'", model.name);
  loaded->model = &model;
  loaded->id = id;
  loaded->numReferences = 1;
  if (dlc_status status = loaded->open()) {
    loaded->close();
    free(loaded);
    return status;
  }
  loaded->next = loadedModels;
  loadedModels = loaded;
  result = loaded;
  return DLC_OK;
}

void LoadedModel::release() {
  MutexLock lock(mutex);
  if (--numReferences > 0)
    return;
  LoadedModel **link = &loadedModels;
  while (*link != this)
    link = &(*link)->next;
  *link = next;
  close();
  free(this);
}
