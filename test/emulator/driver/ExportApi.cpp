// SPDX-License-Identifier: Apache-2.0
// The private table of the stand-ins.
#include "driver/Entry.h"
#include "driver/Private.h"

#include <cstring>

namespace emulator::driver {

static CUresult submitWork(CUstream handle, CUresult (*work)(void *),
                           void *data, void (*destroy)(void *)) {
  std::shared_ptr<void> owned(data, destroy);
  return withStream(handle, [&](Driver &, Stream &stream) {
    return stream.submit(LibraryTask{work, std::move(owned)});
  });
}

static CUresult checkAccess(CUdeviceptr address, size_t bytes, const char *what,
                            const char *caller) {
  const Range range = Driver::get()->rangeOf(address);
  if (range.size && bytes <= range.base + range.size - address)
    return CUDA_SUCCESS;
  complain("out of bounds: %s: %s of %zu bytes at 0x%llx", caller, what, bytes,
           static_cast<unsigned long long>(address));
  return CUDA_ERROR_ILLEGAL_ADDRESS;
}

static CUresult readAccess(CUdeviceptr address, size_t bytes,
                           const char *caller) {
  if (const CUresult code = checkAccess(address, bytes, "a read", caller))
    return code;
  const DeviceMemory *memory = Driver::get()->memoryOf(address);
  if (!memory || memory->isInitialised(address, bytes))
    return CUDA_SUCCESS;
  complain(
      "uninitialised: %s: a read of %zu bytes at 0x%llx, which were not all "
      "written",
      caller, bytes, static_cast<unsigned long long>(address));
  return CUDA_ERROR_LAUNCH_FAILED;
}

static CUresult writeAccess(CUdeviceptr address, size_t bytes,
                            const char *caller) {
  if (const CUresult code = checkAccess(address, bytes, "a write", caller))
    return code;
  if (DeviceMemory *memory = Driver::get()->memoryOf(address))
    memory->markInitialised(address, bytes);
  return CUDA_SUCCESS;
}

static constexpr PrivateTable privateTable = {submitWork, readAccess,
                                              writeAccess};

} // namespace emulator::driver

using namespace emulator::driver;

CUresult cuGetExportTable(const void **table, const CUuuid *id) {
  if (!table || !id)
    return CUDA_ERROR_INVALID_VALUE;
  *table = nullptr;
  if (std::memcmp(id, &privateTableId, sizeof *id))
    return CUDA_ERROR_NOT_FOUND;
  *table = &privateTable;
  return CUDA_SUCCESS;
}
