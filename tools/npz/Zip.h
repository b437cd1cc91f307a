// SPDX-License-Identifier: Apache-2.0
// Zip archives: what .npz files and archives of models are made of.
#ifndef DLC_TOOLS_NPZ_ZIP_H
#define DLC_TOOLS_NPZ_ZIP_H

#include "tools/npz/File.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace dlc::npz {

/// A zip file that is open for reading. Members are read when asked for.
class ZipReader {
public:
  /// Reads the directory of \p path. \returns false, with the reason in
  /// \p error, if that is malformed.
  bool open(const std::string &path, std::string &error);

  /// The members' names in the order of the file.
  const std::vector<std::string> &names() const { return order; }
  bool contains(const std::string &name) const {
    return members.count(name) != 0;
  }

  /// Reads the member \p name, which must exist, and checks its CRC. What is
  /// stored is a view of the file, which lives as long as this object; what is
  /// deflated goes into \p inflated, of which the result is then a view.
  std::optional<std::string_view> read(const std::string &name,
                                       std::string &inflated,
                                       std::string &error) const;

private:
  struct Member {
    uint16_t flags, method;
    uint32_t crc;
    uint64_t packedBytes, bytes, headerOffset;
  };
  bool readDirectory(std::string &error);
  std::optional<std::string_view> packed(const Member &member) const;

  InputFile file;
  std::vector<std::string> order;
  std::map<std::string, Member> members;
};

/// Writes a zip file with stored members. Equal members give equal bytes.
class ZipWriter {
public:
  explicit ZipWriter(std::string path) : file(std::move(path)) {}

  /// Adds a member of the bytes of \p header and, after them, \p bytes.
  void add(const std::string &fileName, std::string_view header,
           std::string_view bytes);

  /// Ends the archive and puts the file in its place; see OutputFile.
  bool commit(std::string &error);

private:
  OutputFile file;
  std::string directory;
  uint64_t offset = 0, numMembers = 0;
};

} // namespace dlc::npz

#endif // DLC_TOOLS_NPZ_ZIP_H
