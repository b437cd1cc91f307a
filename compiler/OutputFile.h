// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all: written under a temporary name beside
// their place and renamed at the end.
#ifndef DLC_COMPILER_OUTPUTFILE_H
#define DLC_COMPILER_OUTPUTFILE_H

#include "compiler/Diagnostics.h"
#include <string>
#include <string_view>

namespace dlc {

/// A file being written. Unless commit() succeeds, nothing is left of it.
/// A path that is a device or a pipe is written directly; "-" is stdout.
class OutputFile {
public:
  /// Opens a temporary file beside \p path. Failures show in commit().
  explicit OutputFile(std::string path, bool executable = false);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// False if the file could not be opened; commit() says why.
  bool isOpen() const { return error == 0; }

  /// Appends \p bytes. \returns false after the first failure.
  bool write(std::string_view bytes);

  /// Puts the file in its place. \returns false, with a diagnostic, if it or
  /// any write before it failed.
  bool commit(DiagnosticList &diagnostics);

private:
  std::string path;
  /// Empty where the path itself is written.
  std::string temporary;
  int descriptor = -1;
  int error = 0;
};

/// Writes \p bytes to \p path in one go.
bool writeFile(const std::string &path, std::string_view bytes,
               DiagnosticList &diagnostics, bool executable = false);

} // namespace dlc

#endif // DLC_COMPILER_OUTPUTFILE_H
