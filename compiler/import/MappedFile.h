// SPDX-License-Identifier: Apache-2.0
// The bytes of a file without reading them: weights stay in the page cache and
// are copied once, into the artifact.
#ifndef DLC_COMPILER_IMPORT_MAPPEDFILE_H
#define DLC_COMPILER_IMPORT_MAPPEDFILE_H

#include "compiler/Diagnostics.h"
#include <memory>
#include <string>
#include <string_view>

namespace dlc {

/// A file's bytes, mapped read-only (a pipe's are read into memory).
class MappedFile {
public:
  /// Opens \p path. \returns null, with a diagnostic, if it can't be read.
  static std::shared_ptr<const MappedFile> open(const std::string &path,
                                                DiagnosticList &diagnostics);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  /// The bytes; valid as long as this object lives.
  std::string_view bytes() const { return view; }

private:
  MappedFile() = default;
  std::string_view view;
  std::string content;
  void *mapping = nullptr;
};

} // namespace dlc

#endif // DLC_COMPILER_IMPORT_MAPPEDFILE_H
