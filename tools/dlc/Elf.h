// SPDX-License-Identifier: Apache-2.0
// Reads ELF files without loading them. Artifacts are checked before dlopen
// sees them, because that maps a file as its header says: touching a page that
// was cut off ends the process.
#ifndef DLC_TOOLS_DLC_ELF_H
#define DLC_TOOLS_DLC_ELF_H

#include "tools/npz/File.h"

#include <optional>
#include <string>
#include <string_view>

namespace dlc::tool {

/// A 64-bit little-endian ELF file. Every offset in it is checked.
class ElfFile {
public:
  /// Whether \p path starts as an ELF file does; false if it can't be read.
  static bool isElf(const std::string &path);

  /// Opens \p path and checks its headers: that it is a shared object and that
  /// all segments and sections lie within the file. \returns false, with the
  /// reason in \p error, otherwise.
  bool open(const std::string &path, std::string &error);

  /// The contents of the section \p name.
  std::optional<std::string_view> section(std::string_view name) const;

  /// Whether this machine's processor runs its code; if not, \p error says
  /// what the code is for.
  bool isForThisMachine(std::string &error) const;

  /// The metadata that the compiler left in an artifact, a JSON text.
  std::optional<std::string_view> metadata() const;

private:
  npz::InputFile file;
};

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_ELF_H
