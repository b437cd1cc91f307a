// SPDX-License-Identifier: Apache-2.0
// What the driver provides to kernels: printf, assert, malloc, free.
#include "exec/ops/Calls.h"
#include "exec/ops/Memory.h"

#include <cstdio>
#include <cstring>
#include <mutex>

namespace emulator {
namespace {

/// A zero-terminated string at a generic address; false if it isn't one.
bool readString(Warp &warp, unsigned lane, uint64_t address,
                std::string &text) {
  text.clear();
  for (char c; text.size() < 65536; text += c) {
    if (!readGeneric(warp, lane, address + text.size(), &c, 1))
      return false;
    if (!c)
      return true;
  }
  return false;
}

/// Walks the arguments that the compiler stored for vprintf.
class Arguments {
public:
  Arguments(Warp &warp, unsigned lane, uint64_t address)
      : warp(warp), lane(lane), at(address) {}
  uint64_t next(unsigned bytes) {
    at = (at + bytes - 1) / bytes * bytes;
    uint64_t value = 0;
    isValid = isValid && readGeneric(warp, lane, at, &value, bytes);
    at += bytes;
    return value;
  }
  bool isValid = true;

private:
  Warp &warp;
  unsigned lane;
  uint64_t at;
};

/// One conversion of a format, from '%' on; advances `at` past it.
std::string formatOne(const std::string &format, size_t &at,
                      Arguments &arguments, Warp &warp, unsigned lane) {
  size_t begin = at++;
  std::string spec = "%";
  auto takeAny = [&](const char *set) {
    while (at < format.size() && std::strchr(set, format[at])) {
      if (format[at] == '*')
        spec += std::to_string(int32_t(arguments.next(4)));
      else
        spec += format[at];
      ++at;
    }
  };
  takeAny("-+ #0123456789.*");
  unsigned longs = 0;
  for (; at < format.size() && std::strchr("hlLjzt", format[at]); ++at)
    longs += format[at] == 'l' || format[at] == 'j' || format[at] == 'z' ||
             format[at] == 't';
  if (at >= format.size())
    return format.substr(begin);
  char conversion = format[at++];
  char buffer[512];
  switch (conversion) {
  case '%':
    return "%";
  case 'd':
  case 'i':
    spec += std::string("ll") + conversion;
    snprintf(buffer, sizeof buffer, spec.c_str(),
             longs ? static_cast<long long>(arguments.next(8))
                   : static_cast<long long>(int32_t(arguments.next(4))));
    return buffer;
  case 'u':
  case 'x':
  case 'X':
  case 'o':
    spec += std::string("ll") + conversion;
    snprintf(buffer, sizeof buffer, spec.c_str(),
             static_cast<unsigned long long>(arguments.next(longs ? 8 : 4)));
    return buffer;
  case 'c':
    spec += conversion;
    snprintf(buffer, sizeof buffer, spec.c_str(), int(arguments.next(4)));
    return buffer;
  case 'p':
    spec += "p";
    snprintf(buffer, sizeof buffer, spec.c_str(),
             reinterpret_cast<void *>(arguments.next(8)));
    return buffer;
  case 's': {
    std::string text;
    uint64_t address = arguments.next(8);
    if (!readString(warp, lane, address, text))
      text = "(invalid)";
    std::string result(text.size() + 512, '\0');
    spec += "s";
    result.resize(size_t(
        snprintf(result.data(), result.size(), spec.c_str(), text.c_str())));
    return result;
  }
  case 'e':
  case 'E':
  case 'f':
  case 'F':
  case 'g':
  case 'G':
  case 'a':
  case 'A': {
    uint64_t bits = arguments.next(8);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    spec += conversion;
    snprintf(buffer, sizeof buffer, spec.c_str(), value);
    return buffer;
  }
  default:
    return format.substr(begin, at - begin);
  }
}

Next print(Warp &warp, const Instruction &i, Mask lanes, const CallSite &site) {
  std::string all;
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    std::string format;
    if (!readString(warp, lane, argumentValue(warp, site.arguments[0], lane),
                    format))
      return warp.fault(FaultKind::OutOfBounds, 1u << lane, i,
                        "printf with a bad format");
    Arguments arguments(warp, lane,
                        argumentValue(warp, site.arguments[1], lane));
    int count = 0;
    for (size_t at = 0; at < format.size();) {
      if (format[at] != '%') {
        all += format[at++];
        continue;
      }
      all += formatOne(format, at, arguments, warp, lane);
      ++count;
    }
    if (!arguments.isValid)
      return warp.fault(FaultKind::OutOfBounds, 1u << lane, i,
                        "printf with too few arguments");
    if (!site.results.empty())
      setResult(warp, site.results[0], lane, uint64_t(count));
  }
  std::lock_guard<std::mutex> lock(warp.block.launch.mutex);
  fwrite(all.data(), 1, all.size(), stdout);
  return Next::Continue;
}

/// __assertfail(message, file, line, function, size of a character).
Next assertFailed(Warp &warp, const Instruction &i, Mask lanes,
                  const CallSite &site) {
  unsigned lane = unsigned(__builtin_ctz(lanes));
  auto text = [&](size_t k) {
    std::string result;
    if (k >= site.arguments.size() ||
        !readString(warp, lane, argumentValue(warp, site.arguments[k], lane),
                    result))
      result = "?";
    return result;
  };
  uint64_t line = site.arguments.size() > 2
                      ? argumentValue(warp, site.arguments[2], lane)
                      : 0;
  return warp.fault(FaultKind::Assert, lanes, i,
                    text(1) + ":" + std::to_string(uint32_t(line)) + ": " +
                        text(3) + ": assertion `" + text(0) + "` failed");
}

Next allocate(Warp &warp, const Instruction &, Mask lanes,
              const CallSite &site) {
  LaunchState &launch = warp.block.launch;
  std::lock_guard<std::mutex> lock(launch.mutex);
  activeLanes(lanes, [&](unsigned l) {
    uint64_t bytes = argumentValue(warp, site.arguments[0], l), address = 0;
    if (bytes && launch.heapUsed + bytes <= launch.config.heapBytes)
      address = launch.memory.allocate(bytes, 16);
    if (address)
      launch.heapUsed += bytes;
    setResult(warp, site.results[0], l, address);
  });
  return Next::Continue;
}

Next release(Warp &warp, const Instruction &i, Mask lanes,
             const CallSite &site) {
  DeviceMemory &memory = warp.block.launch.memory;
  for (Mask rest = lanes; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint64_t address = argumentValue(warp, site.arguments[0], l);
    if (!address)
      continue;
    Range range = memory.find(address);
    if (!memory.free(address))
      return warp.fault(FaultKind::OutOfBounds, 1u << l, i,
                        "free of what malloc didn't return");
    warp.lastRange = {};
    std::lock_guard<std::mutex> lock(warp.block.launch.mutex);
    warp.block.launch.heapUsed -= range.size;
  }
  return Next::Continue;
}

} // namespace

Builtin builtinNamed(std::string_view name) {
  if (name == "vprintf")
    return print;
  if (name == "__assertfail")
    return assertFailed;
  if (name == "malloc")
    return allocate;
  if (name == "free")
    return release;
  return nullptr;
}

} // namespace emulator
