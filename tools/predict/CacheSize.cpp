// SPDX-License-Identifier: Apache-2.0
// When an entry was last used is its access time, which is set explicitly: file
// systems that are mounted without access times keep that, too.
#include "tools/predict/CacheSize.h"

#include "tools/dlc/Size.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;

namespace dlc::predict {

bool getCacheSize(int64_t &bytes, std::string &error) {
  bytes = int64_t(4) << 30;
  const char *text = std::getenv("DLC_PREDICT_CACHE_SIZE");
  if (!text || !*text || tool::parseSize(text, bytes))
    return true;
  error = std::string("the variable DLC_PREDICT_CACHE_SIZE is '") + text +
          "', but must be a size such as 512MiB";
  return false;
}

void markUsed(const std::string &path) {
  const timespec times[] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  (void)utimensat(AT_FDCWD, path.c_str(), times, 0);
}

static bool isBefore(const timespec &a, const timespec &b) {
  return std::tie(a.tv_sec, a.tv_nsec) < std::tie(b.tv_sec, b.tv_nsec);
}

namespace {
/// A file of the folder.
struct Entry {
  std::string path;
  int64_t bytes = 0;
  timespec used = {};

  /// \returns false if there is no such file, or it is none of ours.
  bool read();
};
} // namespace

bool Entry::read() {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return false;
  bytes = status.st_size;
  used = std::max(status.st_atim, status.st_mtim, isBefore);
  return true;
}

/// Whether the name is that of an entry, a hash and ".so".
static bool isEntryName(const std::string &name) {
  constexpr size_t digits = 32;
  return name.size() == digits + 3 && name.compare(digits, 3, ".so") == 0 &&
         name.find_first_not_of("0123456789abcdef") == digits;
}

/// Whether the file is what remains of an entry that was being written an hour
/// ago.
static bool isLeftOver(const std::string &name, const Entry &entry) {
  constexpr time_t hour = 3600;
  size_t end = name.find(".so.tmp");
  return end != name.npos && isEntryName(name.substr(0, end + 3)) &&
         std::time(nullptr) - entry.used.tv_sec > hour;
}

void pruneEntries(const std::string &folder, const std::string &newest,
                  int64_t limit) {
  std::vector<Entry> entries;
  int64_t total = 0;
  std::error_code error;
  fs::directory_iterator file(folder, error);
  for (; !error && file != fs::directory_iterator(); file.increment(error)) {
    std::string name = file->path().filename().string();
    Entry entry{file->path().string()};
    if (!entry.read())
      continue;
    if (isLeftOver(name, entry))
      unlink(entry.path.c_str());
    if (!isEntryName(name))
      continue;
    total += entry.bytes;
    if (entry.path != newest)
      entries.push_back(std::move(entry));
  }
  if (limit == 0)
    return;
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return isBefore(a.used, b.used);
  });
  for (const Entry &entry : entries) {
    if (total <= limit)
      return;
    // Another process may have removed it, or begun to use it.
    Entry now{entry.path};
    bool isThere = now.read();
    if (isThere && isBefore(entry.used, now.used))
      continue;
    if (!isThere || unlink(entry.path.c_str()) == 0)
      total -= entry.bytes;
  }
}

} // namespace dlc::predict
