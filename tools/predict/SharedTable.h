// SPDX-License-Identifier: Apache-2.0
// Objects that all who ask for the same share.
#ifndef DLC_TOOLS_PREDICT_SHAREDTABLE_H
#define DLC_TOOLS_PREDICT_SHAREDTABLE_H

#include "tools/predict/Hash.h"

#include <map>
#include <memory>
#include <mutex>

namespace dlc::predict {

/// Makes objects when they are first asked for and drops them when nobody holds
/// them any more, but the one that was asked for last: a program that makes and
/// frees one after the other makes it once. Whoever asks for what another
/// thread is making waits for it; others don't.
template <typename T>
class SharedTable {
public:
  /// The object \p key, made by \p make if there is none. Where that returns
  /// null, so does this, and the next one to ask tries again.
  template <typename Make>
  std::shared_ptr<T> get(const Hash &key, Make make) {
    std::shared_ptr<Slot> slot = findSlot(key);
    std::lock_guard<std::mutex> making(slot->making);
    std::shared_ptr<T> object = load(*slot);
    if (!object) {
      object = make();
      store(*slot, object);
    }
    if (object)
      keep(object);
    return object;
  }

private:
  struct Slot {
    std::mutex making;
    std::weak_ptr<T> object; ///< guarded by the table's mutex
  };

  std::shared_ptr<Slot> findSlot(const Hash &key) {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto it = slots.begin(); it != slots.end();)
      it = it->second.use_count() == 1 && it->second->object.expired()
               ? slots.erase(it)
               : std::next(it);
    std::shared_ptr<Slot> &slot = slots[key];
    if (!slot)
      slot = std::make_shared<Slot>();
    return slot;
  }

  std::shared_ptr<T> load(Slot &slot) {
    std::lock_guard<std::mutex> lock(mutex);
    return slot.object.lock();
  }

  void store(Slot &slot, const std::shared_ptr<T> &object) {
    std::lock_guard<std::mutex> lock(mutex);
    slot.object = object;
  }

  /// What was kept before is destroyed outside of the lock.
  void keep(std::shared_ptr<T> object) {
    std::lock_guard<std::mutex> lock(mutex);
    last.swap(object);
  }

  std::mutex mutex;
  std::map<Hash, std::shared_ptr<Slot>> slots;
  std::shared_ptr<T> last;
};

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_SHAREDTABLE_H
