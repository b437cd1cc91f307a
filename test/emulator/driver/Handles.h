// SPDX-License-Identifier: Apache-2.0
// The handles that the driver gave out and has not taken back.
#ifndef EMULATOR_DRIVER_HANDLES_H
#define EMULATOR_DRIVER_HANDLES_H

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace emulator::driver {

/// Objects by the opaque pointers of cuda.h. A handle that was destroyed, or
/// never was one, finds nothing; who found an object may use it while another
/// thread destroys its handle.
template <typename Handle, typename Object>
class Handles {
public:
  Handle add(std::shared_ptr<Object> object) {
    std::lock_guard<std::mutex> lock(mutex);
    Handle handle = reinterpret_cast<Handle>(object.get());
    objects.emplace(handle, std::move(object));
    return handle;
  }

  std::shared_ptr<Object> find(Handle handle) const {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = objects.find(handle);
    return found == objects.end() ? nullptr : found->second;
  }

  std::shared_ptr<Object> remove(Handle handle) {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = objects.find(handle);
    if (found == objects.end())
      return nullptr;
    std::shared_ptr<Object> object = std::move(found->second);
    objects.erase(found);
    return object;
  }

  /// The objects for which `wanted` holds.
  template <typename Wanted>
  std::vector<std::shared_ptr<Object>> all(Wanted wanted) const {
    std::lock_guard<std::mutex> lock(mutex);
    std::vector<std::shared_ptr<Object>> result;
    for (const auto &entry : objects)
      if (wanted(*entry.second))
        result.push_back(entry.second);
    return result;
  }

private:
  mutable std::mutex mutex;
  std::unordered_map<Handle, std::shared_ptr<Object>> objects;
};

/// The handle of an object that is in a table.
template <typename Handle, typename Object>
Handle handleOf(Object &object) {
  return reinterpret_cast<Handle>(&object);
}

} // namespace emulator::driver

#endif
