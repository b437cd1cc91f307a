// SPDX-License-Identifier: Apache-2.0
// Parses a number and its unit.
#include "tools/dlc/Size.h"

#include <charconv>
#include <utility>

bool dlc::tool::parseSize(const std::string &text, int64_t &bytes) {
  double number;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0)
    return false;
  std::string unit(end, text.data() + text.size());
  static constexpr std::pair<const char *, int> units[] = {
      {"", 0},     {"B", 0},   {"K", 10},   {"KB", 10}, {"KiB", 10},
      {"M", 20},   {"MB", 20}, {"MiB", 20}, {"G", 30},  {"GB", 30},
      {"GiB", 30}, {"T", 40},  {"TB", 40},  {"TiB", 40}};
  for (const auto &[name, shift] : units)
    if (unit == name) {
      double size = number * static_cast<double>(int64_t(1) << shift);
      if (!(size < 9e18))
        return false;
      bytes = static_cast<int64_t>(size);
      return true;
    }
  return false;
}
