// SPDX-License-Identifier: Apache-2.0
// What changes of models are drawn from.
#ifndef DLC_TEST_FUZZ_CHANCE_H
#define DLC_TEST_FUZZ_CHANCE_H

#include <cstdint>
#include <iterator>
#include <random>
#include <string>

namespace dlc::fuzz {

/// The same draws for the same seed.
class Chance {
public:
  explicit Chance(unsigned seed) : random(seed) {}

  /// A number from 0 to \p count - 1; 0 if \p count is 0.
  size_t below(size_t count) { return count ? random() % count : 0; }

  /// One of the elements of \p list, which isn't empty.
  template <typename List>
  auto &pick(List &list) {
    return list[below(std::size(list))];
  }

  /// A small or a rare number, seldom less than \p minimum.
  std::string makeInteger(int64_t minimum);

  /// A number, an infinity or no number, as attributes have it.
  std::string makeFloat();

private:
  std::minstd_rand random;
};

} // namespace dlc::fuzz

#endif // DLC_TEST_FUZZ_CHANCE_H
