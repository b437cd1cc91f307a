// SPDX-License-Identifier: Apache-2.0
// Handles that can be given out to C: one that is not, or no longer, valid is
// found to be so.
#ifndef DLC_TOOLS_PREDICT_HANDLES_H
#define DLC_TOOLS_PREDICT_HANDLES_H

#include <memory>
#include <mutex>
#include <unordered_map>

namespace dlc::predict {

/// The objects behind handles of one kind. An object that is removed while
/// another thread uses it lives until that is done.
template <typename T>
class Handles {
public:
  void *add(std::shared_ptr<T> object) {
    void *handle = object.get();
    std::lock_guard<std::mutex> lock(mutex);
    objects[handle] = std::move(object);
    return handle;
  }

  /// Null if there is none.
  std::shared_ptr<T> find(void *handle) {
    std::lock_guard<std::mutex> lock(mutex);
    auto it = objects.find(handle);
    return it == objects.end() ? nullptr : it->second;
  }

  /// The object, for the caller to destroy; null if there is none.
  std::shared_ptr<T> remove(void *handle) {
    std::lock_guard<std::mutex> lock(mutex);
    auto it = objects.find(handle);
    if (it == objects.end())
      return nullptr;
    std::shared_ptr<T> object = std::move(it->second);
    objects.erase(it);
    return object;
  }

private:
  std::mutex mutex;
  std::unordered_map<void *, std::shared_ptr<T>> objects;
};

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_HANDLES_H
