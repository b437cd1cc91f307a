// SPDX-License-Identifier: Apache-2.0
#include "driver/Environment.h"

#include "driver/Chips.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>

namespace emulator::driver {

[[noreturn]] static void refuse(const char *name, const char *text,
                                const char *wanted) {
  std::fprintf(stderr, "dlc-emulator: %s=%s: %s\n", name, text, wanted);
  std::_Exit(2);
}

static long long number(const char *name, long long byDefault, long long least,
                        long long most) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return byDefault;
  char *end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (*end || errno || value < least || value > most) {
    char wanted[96];
    std::snprintf(wanted, sizeof wanted, "not a whole number of %lld to %lld",
                  least, most);
    refuse(name, text, wanted);
  }
  return value;
}

static int chipNumber() {
  const int sm = static_cast<int>(number("DLC_EMULATOR_SM", 90, 1, 999));
  if (!findChip(sm))
    refuse("DLC_EMULATOR_SM", std::getenv("DLC_EMULATOR_SM"),
           "no such chip: there are 75, 80, 86, 89, 90 and 100");
  return sm;
}

const Environment &environment() {
  static const Environment values = {
      static_cast<int>(number("DLC_EMULATOR_DEVICES", 1, 0, 16)),
      chipNumber(),
      static_cast<size_t>(
          number("DLC_EMULATOR_MEMORY", 8LL << 30, 1 << 20, 64LL << 30)),
      number("DLC_EMULATOR_ASYNC", 0, 0, 1) != 0,
      number("DLC_EMULATOR_LEAKS", 0, 0, 1) != 0,
      static_cast<unsigned>(number("DLC_EMULATOR_ORDER", 0, 0, INT_MAX)),
      static_cast<size_t>(number("DLC_EMULATOR_SAMPLE", 0, 0, 1LL << 60))};
  return values;
}

} // namespace emulator::driver
