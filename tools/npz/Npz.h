// SPDX-License-Identifier: Apache-2.0
// Archives of named arrays as numpy.savez writes them: a zip file, stored or
// deflated, with one .npy member an array.
#ifndef DLC_TOOLS_NPZ_NPZ_H
#define DLC_TOOLS_NPZ_NPZ_H

#include "tools/npz/Npy.h"
#include "tools/npz/Zip.h"

namespace dlc::npz {

/// An .npz file that is open for reading. Members are read when asked for.
class Reader {
public:
  /// Reads the directory of \p path. \returns false, with the reason in
  /// \p error, if that is malformed.
  bool open(const std::string &path, std::string &error);

  /// The members' names, without ".npy", in the order of the file.
  const std::vector<std::string> &names() const { return order; }
  bool contains(const std::string &name) const {
    return files.count(name) != 0;
  }

  /// Reads the member \p name, which must exist, and checks its CRC.
  std::optional<Array> read(const std::string &name, std::string &error) const;

private:
  ZipReader zip;
  std::vector<std::string> order;
  std::map<std::string, std::string> files; ///< by name: the member's
};

/// Writes an .npz file with stored members. Equal arrays give equal bytes.
class Writer {
public:
  explicit Writer(std::string path) : zip(std::move(path)) {}

  void add(const std::string &name, const Array &array);

  /// Ends the archive and puts the file in its place; see OutputFile.
  bool commit(std::string &error) { return zip.commit(error); }

private:
  ZipWriter zip;
};

/// Reads the .npy file \p path.
std::optional<Array> readNpyFile(const std::string &path, std::string &error);

} // namespace dlc::npz

#endif // DLC_TOOLS_NPZ_NPZ_H
