// SPDX-License-Identifier: Apache-2.0
// What a module is loaded from: PTX text, or a fatbin that holds some.
#include "driver/Image.h"

#include <cctype>
#include <cstring>
#include <dlfcn.h>

namespace emulator::driver {

static constexpr uint32_t elfMagic = 0x464c457f; // "\177ELF"
static constexpr uint32_t fatbinMagic = 0xba55ed50;
static constexpr uint32_t wrapperMagic = 0x466243b1;

namespace {
/// What nvcc puts around a fatbin in a program's data.
struct FatbinWrapper {
  uint32_t magic, version;
  const void *fatbin;
  const void *unused;
};
struct FatbinHeader {
  uint32_t magic;
  uint16_t version, headerBytes;
  uint64_t bytes; ///< of all entries
};
struct FatbinEntry {
  uint16_t kind, unknown;
  uint32_t headerBytes;
  uint64_t bytes; ///< of the payload, padded
  uint32_t compressedBytes, unknown2;
  uint16_t minor, major;
  uint32_t sm, nameOffset, nameBytes;
  uint64_t flags, zero, plainBytes;
};
} // namespace
static constexpr uint16_t ptxKind = 1;
static constexpr uint64_t lz4Flag = 0x2000, zstdFlag = 0x8000;

/// An LZ4 block. False if it is damaged.
static bool unpackLz4(const uint8_t *from, size_t bytes, std::string &to,
                      size_t plainBytes) {
  const uint8_t *const end = from + bytes;
  const auto extended = [&](size_t length) {
    if (length != 15)
      return length;
    uint8_t more = 255;
    while (more == 255 && from < end)
      length += more = *from++;
    return length;
  };
  to.clear();
  while (from < end && to.size() < plainBytes) {
    const uint8_t token = *from++;
    const size_t literals = extended(token >> 4);
    if (literals > static_cast<size_t>(end - from))
      return false;
    to.append(reinterpret_cast<const char *>(from), literals);
    from += literals;
    if (to.size() >= plainBytes || end - from < 2)
      break;
    const size_t distance = from[0] | from[1] << 8;
    from += 2;
    const size_t length = extended(token & 15) + 4;
    if (!distance || distance > to.size() || to.size() + length > plainBytes)
      return false;
    for (size_t i = 0; i < length; ++i)
      to.push_back(to[to.size() - distance]);
  }
  return to.size() == plainBytes;
}

/// By the system's library, where there is one: nvcc only packs so when asked.
static bool unpackZstd(const uint8_t *from, size_t bytes, std::string &to,
                       size_t plainBytes) {
  using Decompress = size_t(void *, size_t, const void *, size_t);
  void *library = dlopen("libzstd.so.1", RTLD_NOW);
  auto *decompress =
      library
          ? reinterpret_cast<Decompress *>(dlsym(library, "ZSTD_decompress"))
          : nullptr;
  to.resize(plainBytes);
  return decompress &&
         decompress(to.data(), plainBytes, from, bytes) == plainBytes;
}

static bool unpack(const FatbinEntry &entry, const uint8_t *payload,
                   std::string &text) {
  if (entry.flags & zstdFlag)
    return unpackZstd(payload, entry.compressedBytes, text, entry.plainBytes);
  if (entry.flags & lz4Flag)
    return unpackLz4(payload, entry.compressedBytes, text, entry.plainBytes);
  text.assign(reinterpret_cast<const char *>(payload), entry.bytes);
  return true;
}

/// Of the PTX texts that the chip can run the one for the newest chip.
static CUresult ptxOfFatbin(const uint8_t *data, const Chip &chip,
                            std::string &text) {
  FatbinHeader header;
  std::memcpy(&header, data, sizeof header);
  const uint8_t *next = data + header.headerBytes;
  const uint8_t *const end = next + header.bytes;
  CUresult result = CUDA_ERROR_NO_BINARY_FOR_GPU;
  uint32_t best = 0;
  while (next + sizeof(FatbinEntry) <= end) {
    FatbinEntry entry;
    std::memcpy(&entry, next, sizeof entry);
    const uint8_t *payload = next + entry.headerBytes;
    if (entry.headerBytes < sizeof entry ||
        entry.bytes > static_cast<size_t>(end - payload))
      return CUDA_ERROR_INVALID_IMAGE;
    next = payload + entry.bytes;
    if (entry.kind != ptxKind || entry.sm > static_cast<uint32_t>(chip.sm) ||
        entry.sm < best)
      continue;
    if (!unpack(entry, payload, text))
      return CUDA_ERROR_INVALID_IMAGE;
    best = entry.sm;
    result = CUDA_SUCCESS;
  }
  return result;
}

CUresult ptxOf(const void *image, const Chip &chip, std::string &text) {
  uint32_t magic;
  std::memcpy(&magic, image, sizeof magic);
  if (magic == wrapperMagic) {
    FatbinWrapper wrapper;
    std::memcpy(&wrapper, image, sizeof wrapper);
    image = wrapper.fatbin;
    std::memcpy(&magic, image, sizeof magic);
  }
  if (magic == elfMagic)
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  if (magic == fatbinMagic)
    return ptxOfFatbin(static_cast<const uint8_t *>(image), chip, text);
  text = static_cast<const char *>(image);
  return CUDA_SUCCESS;
}

/// The text behind a directive, "8.0" of ".version 8.0"; comments may come
/// before it. Empty if there is none.
static std::string behind(const std::string &text, const char *directive) {
  size_t at = 0;
  while ((at = text.find(directive, at)) != std::string::npos) {
    const size_t line = text.rfind('\n', at);
    const size_t start = line == std::string::npos ? 0 : line + 1;
    const size_t comment = text.find("//", start);
    at += std::strlen(directive);
    if (comment < at)
      continue;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t'))
      ++at;
    size_t end = at;
    while (end < text.size() &&
           (std::isalnum(text[end]) || text[end] == '.' || text[end] == '_'))
      ++end;
    return text.substr(at, end - at);
  }
  return {};
}

PtxHeader headerOf(const std::string &text) {
  PtxHeader header;
  const std::string version = behind(text, ".version");
  const size_t dot = version.find('.');
  if (dot != std::string::npos)
    header.version =
        10 * std::atoi(version.c_str()) + std::atoi(version.c_str() + dot + 1);
  const std::string target = behind(text, ".target");
  if (target.rfind("sm_", 0) == 0) {
    header.sm = std::atoi(target.c_str() + 3);
    header.suffix =
        target.back() == 'a' || target.back() == 'f' ? target.back() : 0;
  }
  return header;
}

} // namespace emulator::driver
