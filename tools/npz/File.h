// SPDX-License-Identifier: Apache-2.0
// Files for the tools: read through a mapping, written whole or not at all.
#ifndef DLC_TOOLS_NPZ_FILE_H
#define DLC_TOOLS_NPZ_FILE_H

#include <string>
#include <string_view>

namespace dlc::npz {

/// A file's bytes, mapped read-only (those of a pipe are read into memory).
class InputFile {
public:
  InputFile() = default;
  ~InputFile();
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;

  /// \returns false, with the reason in \p error, if \p path can't be read.
  bool open(const std::string &path, std::string &error);

  /// The bytes; valid as long as this object lives.
  std::string_view bytes() const { return view; }

private:
  bool readAll(int descriptor);

  std::string_view view;
  std::string content;
  void *mapping = nullptr;
};

/// A file being written under a temporary name. Unless commit() succeeds,
/// nothing is left of it. A device or a pipe is written directly.
class OutputFile {
public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Appends \p bytes. Failures show in commit().
  void write(std::string_view bytes);

  /// Puts the file in its place. \returns false, with the reason in \p error,
  /// if this or any write before it failed.
  bool commit(std::string &error);

private:
  std::string path;
  std::string temporary; ///< empty where the path itself is written
  int descriptor = -1;
  int failure = 0; ///< the first errno
};

} // namespace dlc::npz

#endif // DLC_TOOLS_NPZ_FILE_H
