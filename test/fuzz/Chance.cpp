// SPDX-License-Identifier: Apache-2.0
// Numbers at which operators do something else.
#include "test/fuzz/Chance.h"

#include <algorithm>

namespace dlc::fuzz {

std::string Chance::makeInteger(int64_t minimum) {
  static constexpr int64_t rare[] = {-3,
                                     -4,
                                     7,
                                     8,
                                     16,
                                     100,
                                     1000,
                                     65536,
                                     1 << 20,
                                     INT32_MAX,
                                     INT32_MIN,
                                     INT64_MAX,
                                     INT64_MIN,
                                     -100,
                                     int64_t(1) << 32,
                                     int64_t(1) << 40,
                                     int64_t(1) << 62};
  int64_t value = below(6) ? int64_t(below(8)) - 2 : pick(rare);
  // What the operator's specification refuses says little about the operator.
  return std::to_string(below(8) ? std::max(value, minimum) : value);
}

std::string Chance::makeFloat() {
  static constexpr const char *numbers[] = {
      "0",   "1",    "-1",    "0.5",  "-0.5", "2",   "3",      "0.1",   "10",
      "1e9", "1e30", "-1e30", "1e-9", "nan",  "inf", "-inf",   "1e308", "7.5",
      "255", "100",  "-0.0",  "1e10", "4.5",  "1.5", "-1e308", "1e19"};
  return pick(numbers);
}

} // namespace dlc::fuzz
