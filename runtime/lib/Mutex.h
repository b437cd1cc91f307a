// SPDX-License-Identifier: Apache-2.0
// A lock of libdlcrt's, which may use the threads library.
#ifndef DLC_RUNTIME_LIB_MUTEX_H
#define DLC_RUNTIME_LIB_MUTEX_H

#include <pthread.h>

namespace dlc::runtime {

class MutexLock {
public:
  explicit MutexLock(pthread_mutex_t &mutex) : mutex(mutex) {
    pthread_mutex_lock(&mutex);
  }
  ~MutexLock() { pthread_mutex_unlock(&mutex); }
  MutexLock(const MutexLock &) = delete;
  MutexLock &operator=(const MutexLock &) = delete;

private:
  pthread_mutex_t &mutex;
};

} // namespace dlc::runtime

#endif // DLC_RUNTIME_LIB_MUTEX_H
