// SPDX-License-Identifier: Apache-2.0
// Finds the driver and its functions.
#include "runtime/cuda/Driver.h"

#include "runtime/core/Status.h"
#include "runtime/lib/Mutex.h"

#include <dlfcn.h>
#include <stdio.h>

using namespace dlc::runtime;
using namespace dlc::runtime::cuda;

/// cuGetProcAddress as CUDA 12 has it.
using GetProcAddress = Result (*)(const char *name, void **function,
                                  int version, uint64_t flags, int *status);

static pthread_mutex_t driverMutex = PTHREAD_MUTEX_INITIALIZER;
static Driver theDriver;
static bool isLoaded = false;

/// The version of the driver, such as 12040 for CUDA 12.4; 0 where it can't be
/// asked.
static int getVersion(void *library) {
  auto get =
      reinterpret_cast<Result (*)(int *)>(dlsym(library, "cuDriverGetVersion"));
  int version = 0;
  return get && get(&version) == kSuccess ? version : 0;
}

static dlc_status findFunctions(int32_t id, void *library, Driver &driver) {
  auto get =
      reinterpret_cast<GetProcAddress>(dlsym(library, "cuGetProcAddress_v2"));
  int version = getVersion(library);
  if (!get || version < kCudaVersion)
    return fail(DLC_ERROR_DEVICE,
                "cuda:%d: the CUDA driver is too old: it is for CUDA %d.%d, "
                "and %d.%d or newer is needed",
                int(id), version / 1000, version % 1000 / 10,
                kCudaVersion / 1000, kCudaVersion % 1000 / 10);
  struct Entry {
    const char *name;
    void **function;
  };
  const Entry entries[] = {
#define DLC_CUDA_ENTRY(NAME, PARAMETERS)                                       \
  {#NAME, reinterpret_cast<void **>(&driver.NAME)},
      DLC_CUDA_FUNCTIONS(DLC_CUDA_ENTRY)
#undef DLC_CUDA_ENTRY
  };
  for (const Entry &entry : entries) {
    Result result =
        get(entry.name, entry.function, kCudaVersion, /*flags=*/0, nullptr);
    if (result != kSuccess || !*entry.function)
      return fail(DLC_ERROR_DEVICE,
                  "cuda:%d: the CUDA driver has no function %s", int(id),
                  entry.name);
  }
  return DLC_OK;
}

static dlc_status loadDriver(int32_t id) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return fail(DLC_ERROR_DEVICE, "cuda:%d: there is no CUDA driver: %s",
                int(id), dlerror());
  dlc_status status = findFunctions(id, library, theDriver);
  if (status == DLC_OK) {
    Result result = theDriver.cuInit(0);
    if (result == kNoDevice)
      status =
          fail(DLC_ERROR_DEVICE, "cuda:%d: there is no CUDA device", int(id));
    else if (result != kSuccess)
      status = fail(DLC_ERROR_DEVICE, "cuda:%d: the CUDA driver fails: %s",
                    int(id), ResultText(theDriver, result).text);
  }
  // Drivers don't like to be unloaded once they have begun.
  isLoaded = status == DLC_OK;
  return status;
}

dlc_status dlc::runtime::cuda::getDriver(int32_t id, const Driver *&driver) {
  MutexLock lock(driverMutex);
  if (!isLoaded)
    if (dlc_status status = loadDriver(id))
      return status;
  driver = &theDriver;
  return DLC_OK;
}

ResultText::ResultText(const Driver &driver, Result code) {
  const char *name = nullptr, *words = nullptr;
  driver.cuGetErrorName(code, &name);
  driver.cuGetErrorString(code, &words);
  if (name && words)
    snprintf(text, sizeof text, "%s (%s)", name, words);
  else
    snprintf(text, sizeof text, "error %d", code);
}
