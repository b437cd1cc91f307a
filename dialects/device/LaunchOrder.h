// SPDX-License-Identifier: Apache-2.0
// Which launches of a program end before which others begin.
#ifndef DLC_DIALECTS_DEVICE_LAUNCHORDER_H
#define DLC_DIALECTS_DEVICE_LAUNCHORDER_H

#include "dialects/device/DeviceOps.h"

namespace dlc::device {

/// The order of launches on several queues. Launches are numbered as they
/// stand in the program. Each begins when those before it on its queue have
/// ended, and those that it waits for.
///
/// For each launch it keeps how many launches of each queue have ended when it
/// begins, so a question takes constant time.
class LaunchOrder {
public:
  LaunchOrder() = default;
  /// The order that the queues and events of \p program make.
  explicit LaunchOrder(ProgramOp program);

  /// Appends a launch to \p queue that begins when all of \p after, which came
  /// before, have ended. \returns its number.
  unsigned append(unsigned queue, llvm::ArrayRef<unsigned> after);

  /// Whether launch \p first has ended when \p second begins.
  bool isBefore(unsigned first, unsigned second) const;

  /// The launches that \p launch has to wait for by events, in order: those on
  /// other queues that no other of them, and nothing on its own queue, has
  /// waited for.
  llvm::ArrayRef<unsigned> getWaits(unsigned launch) const {
    return launches[launch].waits;
  }

  unsigned getNumLaunches() const { return launches.size(); }
  unsigned getQueue(unsigned launch) const { return launches[launch].queue; }
  /// One more than the highest queue.
  unsigned getNumQueues() const { return lasts.size(); }

private:
  struct Launch {
    unsigned queue, position; ///< position: in its queue
    /// How many of each queue have ended; those of later queues: none.
    llvm::SmallVector<unsigned, 4> ended;
    llvm::SmallVector<unsigned, 1> waits;
  };

  llvm::SmallVector<unsigned> reduce(const Launch &launch,
                                     llvm::ArrayRef<unsigned> after) const;

  std::vector<Launch> launches;
  llvm::SmallVector<std::optional<unsigned>, 4> lasts; ///< of each queue
};

} // namespace dlc::device

#endif // DLC_DIALECTS_DEVICE_LAUNCHORDER_H
