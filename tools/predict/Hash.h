// SPDX-License-Identifier: Apache-2.0
// Names for contents: models in the cache are called by a hash of all that they
// were made from.
#ifndef DLC_TOOLS_PREDICT_HASH_H
#define DLC_TOOLS_PREDICT_HASH_H

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace dlc::predict {

/// 128 bits of XXH3: contents differ if these do, and by no accident are they
/// the same. It is not made to withstand somebody who looks for such contents.
struct Hash {
  uint64_t low = 0, high = 0;

  bool operator==(const Hash &other) const {
    return low == other.low && high == other.high;
  }
  bool operator<(const Hash &other) const {
    return std::tie(high, low) < std::tie(other.high, other.low);
  }
  /// 32 hexadecimal digits.
  std::string getText() const;
};

/// Hashes at the speed of memory.
Hash hashBytes(std::string_view bytes);

/// Hashes of pieces; see hashBytes().
class Hasher {
public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher &) = delete;
  Hasher &operator=(const Hasher &) = delete;

  void add(std::string_view bytes);
  /// The hash of what was added, as hashBytes() of all at once.
  Hash finish() const;

private:
  void *state;
};

} // namespace dlc::predict

#endif // DLC_TOOLS_PREDICT_HASH_H
