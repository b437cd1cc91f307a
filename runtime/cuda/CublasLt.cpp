// SPDX-License-Identifier: Apache-2.0
// Finds cublasLt and its functions.
#include "runtime/cuda/CublasLt.h"

#include "runtime/core/Status.h"
#include "runtime/lib/Mutex.h"

#include <dlfcn.h>
#include <stdio.h>

using namespace dlc::runtime;
using namespace dlc::runtime::cuda;

/// The major versions of CUDA whose library has all functions.
static constexpr int kNewest = 13, kOldest = 11;

static pthread_mutex_t libraryMutex = PTHREAD_MUTEX_INITIALIZER;
static CublasLt theLibrary;
static bool isLoaded = false;

static bool findFunctions(void *handle, CublasLt &library) {
  struct Entry {
    const char *name;
    void **function;
  };
  const Entry entries[] = {
#define DLC_CUBLASLT_ENTRY(RESULT, NAME, PARAMETERS)                           \
  {#NAME, reinterpret_cast<void **>(&library.NAME)},
      DLC_CUBLASLT_FUNCTIONS(DLC_CUBLASLT_ENTRY)
#undef DLC_CUBLASLT_ENTRY
  };
  for (const Entry &entry : entries) {
    *entry.function = dlsym(handle, entry.name);
    if (!*entry.function)
      return false;
  }
  return true;
}

/// Loads the library of CUDA \p major in \p folder, "" for where the loader
/// looks, if it is there and has all functions.
static bool loadFrom(const char *folder, int major) {
  char path[64];
  snprintf(path, sizeof path, "%slibcublasLt.so.%d", folder, major);
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return false;
  isLoaded = findFunctions(handle, theLibrary);
  if (!isLoaded)
    dlclose(handle);
  return isLoaded;
}

static dlc_status load(const Driver &driver) {
  int version = 0;
  driver.cuDriverGetVersion(&version);
  // A library for a newer CUDA than the driver's would not start.
  int newest = version / 1000 < kNewest ? version / 1000 : kNewest;
  for (int major = newest; major >= kOldest; --major)
    if (loadFrom("", major) || loadFrom("/usr/local/cuda/lib64/", major))
      return DLC_OK;
  return fail(DLC_ERROR_DEVICE,
              "there is no libcublasLt.so.%d, nor one for an older CUDA, in "
              "LD_LIBRARY_PATH, the loader's folders or /usr/local/cuda/lib64",
              newest);
}

dlc_status dlc::runtime::cuda::getCublasLt(const Driver &driver,
                                           const CublasLt *&library) {
  MutexLock lock(libraryMutex);
  if (!isLoaded)
    if (dlc_status status = load(driver))
      return status;
  library = &theLibrary;
  return DLC_OK;
}
