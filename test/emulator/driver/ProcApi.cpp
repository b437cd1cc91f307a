// SPDX-License-Identifier: Apache-2.0
// Functions by name, and those that do nothing here.
#include "driver/Entry.h"
#include "driver/Functions.h"

#include <cstring>

namespace emulator::driver {

/// The newest version of a function that a program made for CUDA `version`
/// knows. `known` says whether there is a function of the name at all.
static void *findProc(const char *name, int version, bool perThread,
                      bool &known) {
  const FunctionEntry *best = nullptr;
  for (const FunctionEntry *entry = functionTable; entry->name; ++entry) {
    if (std::strcmp(entry->name, name))
      continue;
    known = true;
    if (entry->version > version || (entry->perThread && !perThread))
      continue;
    const bool better =
        !best || entry->perThread > best->perThread ||
        (entry->perThread == best->perThread && entry->version > best->version);
    if (better)
      best = entry;
  }
  return best ? best->address : nullptr;
}

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuGetProcAddress_v2(const char *name, void **function, int version,
                             cuuint64_t flags,
                             CUdriverProcAddressQueryResult *status) {
  constexpr cuuint64_t perThread =
      CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;
  constexpr cuuint64_t legacy = CU_GET_PROC_ADDRESS_LEGACY_STREAM;
  if (!name || !function || (flags & ~(perThread | legacy)) ||
      flags == (perThread | legacy))
    return CUDA_ERROR_INVALID_VALUE;
  *function = nullptr;
  bool known = false;
  *function = findProc(name, version, (flags & perThread) != 0, known);
  // As drivers do: that there is no such function is no error.
  if (status)
    *status = *function ? CU_GET_PROC_ADDRESS_SUCCESS
              : known   ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                        : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  return CUDA_SUCCESS;
}

extern "C" CUresult
emulatorGetProcAddress(const char *, void **, int,
                       cuuint64_t) __asm__("cuGetProcAddress");
CUresult emulatorGetProcAddress(const char *name, void **function, int version,
                                cuuint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}

// Of cudaProfiler.h, which not every installation has.
extern "C" CUresult cuProfilerStart() { return CUDA_SUCCESS; }
extern "C" CUresult cuProfilerStop() { return CUDA_SUCCESS; }
extern "C" CUresult cuProfilerInitialize(const char *, const char *, int) {
  return CUDA_ERROR_NOT_SUPPORTED;
}
