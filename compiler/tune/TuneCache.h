// SPDX-License-Identifier: Apache-2.0
// The file that remembers which schedules were the fastest.
#ifndef DLC_COMPILER_TUNE_TUNECACHE_H
#define DLC_COMPILER_TUNE_TUNECACHE_H

#include "llvm/Support/JSON.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dlc {

/// What a measurement holds for; all parts must be equal.
struct TuneKey {
  std::string compiler; ///< of dlc and of LLVM: "dlc 0.1.0, LLVM 22.1.8"
  std::string cpu;      ///< as LLVM names it
  std::string target;   ///< a digest of all that passes know of the CPU
  std::string kernel;   ///< a digest of the kernel's text

  friend bool operator<(const TuneKey &a, const TuneKey &b) {
    return std::tie(a.compiler, a.cpu, a.target, a.kernel) <
           std::tie(b.compiler, b.cpu, b.target, b.kernel);
  }
};

/// The fields of `#kernel.schedule`.
struct TuneSchedule {
  int64_t rows = 0, columns = 0;
  int64_t depth = 0, taskColumns = 0, stripRows = 0, percent = 0;
};

/// The winners of one kernel, one for each of its contractions in order; none
/// where the cost model's choice won.
using TuneResult = std::vector<std::optional<TuneSchedule>>;

/// Entries by their keys. The file is JSON:
///
///     {"format": "dlc-tune", "version": 1, "entries": [
///       {"compiler": "...", "cpu": "...", "target": "...", "kernel": "...",
///        "about": "conv_3", "schedules": [null, {"rows": 4, "columns": 32}]}]}
///
/// Entries of other compilers and CPUs are kept as they are.
class TuneCache {
public:
  /// Adds the entries of the file \p path to those that are new to it. A file
  /// that doesn't exist has none. Returns false, with the reason in \p error,
  /// where it can't be read or isn't such a file.
  bool read(const std::string &path, std::string &error);

  /// Writes all entries, and those that the file has got meanwhile, to \p path.
  /// It changes at once or not at all; its folder is made where it is missing.
  bool write(const std::string &path, std::string &error);

  /// The result for \p key; nothing where there is none, or where it isn't one
  /// for \p numContractions contractions.
  std::optional<TuneResult> find(const TuneKey &key,
                                 size_t numContractions) const;

  /// Remembers \p result. \p about tells people which kernel it is.
  void add(const TuneKey &key, std::string about, const TuneResult &result);

  size_t size() const { return entries.size(); }

private:
  std::map<TuneKey, llvm::json::Object> entries;
};

} // namespace dlc

#endif // DLC_COMPILER_TUNE_TUNECACHE_H
