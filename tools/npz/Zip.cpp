// SPDX-License-Identifier: Apache-2.0
// The zip format, stored or deflated, with zip64. Nothing in a file is trusted:
// each offset and size is checked against the file's own.
// Source: PKWARE's APPNOTE.TXT, sections 4.3 to 4.5.
#include "tools/npz/Zip.h"

#include <algorithm>
#include <zlib.h>

using namespace dlc::npz;

static constexpr uint32_t localMagic = 0x04034b50;
static constexpr uint32_t directoryMagic = 0x02014b50;
static constexpr uint32_t endMagic = 0x06054b50;
static constexpr uint32_t end64Magic = 0x06064b50;
static constexpr uint32_t end64LocatorMagic = 0x07064b50;
static constexpr size_t localBytes = 30, directoryBytes = 46, endBytes = 22;
static constexpr uint32_t max32 = 0xffffffff;
static constexpr uint16_t max16 = 0xffff;
static constexpr uint16_t zip64Tag = 1;

/// The little-endian integer of \p width bytes at \p offset, which exists.
static uint64_t load(std::string_view text, size_t offset, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i)
    value |= uint64_t(static_cast<unsigned char>(text[offset + i])) << (8 * i);
  return value;
}

static void store(std::string &text, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i)
    text += static_cast<char>(value >> (8 * i));
}

/// The part of \p text of \p size bytes from \p offset, if it has one.
static std::optional<std::string_view> slice(std::string_view text,
                                             uint64_t offset, uint64_t size) {
  if (offset > text.size() || size > text.size() - offset)
    return std::nullopt;
  return text.substr(offset, size);
}

namespace {
/// Where the directory lies.
struct Directory {
  uint64_t numMembers, bytes, offset;
};
} // namespace

/// Finds the end record, which a comment may follow, and its zip64 form.
static std::optional<Directory> findDirectory(std::string_view text) {
  if (text.size() < endBytes)
    return std::nullopt;
  size_t lowest = text.size() - std::min(text.size(), endBytes + max16);
  size_t end = text.size() - endBytes;
  while (load(text, end, 4) != endMagic ||
         load(text, end + 20, 2) != text.size() - end - endBytes)
    if (end-- == lowest)
      return std::nullopt;
  Directory directory{load(text, end + 10, 2), load(text, end + 12, 4),
                      load(text, end + 16, 4)};
  bool is64 = directory.numMembers == max16 || directory.bytes == max32 ||
              directory.offset == max32;
  if (is64 && end >= 20 && load(text, end - 20, 4) == end64LocatorMagic) {
    auto end64 = slice(text, load(text, end - 12, 8), 56);
    if (!end64 || load(*end64, 0, 4) != end64Magic)
      return std::nullopt;
    directory = {load(*end64, 32, 8), load(*end64, 40, 8), load(*end64, 48, 8)};
  }
  return directory;
}

/// Replaces those of \p fields that are 32 bits of ones by their 64-bit values
/// in the extra field. \returns false if these are missing.
static bool resolveZip64(std::string_view extra,
                         std::initializer_list<uint64_t *> fields) {
  if (std::none_of(fields.begin(), fields.end(),
                   [](uint64_t *field) { return *field == max32; }))
    return true;
  while (extra.size() >= 4) {
    uint64_t tag = load(extra, 0, 2), size = load(extra, 2, 2);
    auto data = slice(extra, 4, size);
    if (!data)
      return false;
    extra.remove_prefix(4 + size);
    if (tag != zip64Tag)
      continue;
    for (uint64_t *field : fields) {
      if (*field != max32)
        continue;
      if (data->size() < 8)
        return false;
      *field = load(*data, 0, 8);
      data->remove_prefix(8);
    }
    return true;
  }
  return false;
}

bool ZipReader::open(const std::string &path, std::string &error) {
  return file.open(path, error) && readDirectory(error);
}

bool ZipReader::readDirectory(std::string &error) {
  std::string_view text = file.bytes();
  auto directory = findDirectory(text);
  if (!directory) {
    error = "is not a zip archive, or is cut off";
    return false;
  }
  auto rest = slice(text, directory->offset, directory->bytes);
  error = "has a malformed zip directory";
  if (!rest)
    return false;
  for (uint64_t i = 0; i < directory->numMembers; ++i) {
    if (rest->size() < directoryBytes || load(*rest, 0, 4) != directoryMagic)
      return false;
    Member member{static_cast<uint16_t>(load(*rest, 8, 2)),
                  static_cast<uint16_t>(load(*rest, 10, 2)),
                  static_cast<uint32_t>(load(*rest, 16, 4)),
                  load(*rest, 20, 4),
                  load(*rest, 24, 4),
                  load(*rest, 42, 4)};
    size_t nameBytes = load(*rest, 28, 2), extraBytes = load(*rest, 30, 2);
    size_t total = directoryBytes + nameBytes + extraBytes +
                   load(*rest, 32, 2); // the comment
    if (rest->size() < total ||
        !resolveZip64(
            rest->substr(directoryBytes + nameBytes, extraBytes),
            {&member.bytes, &member.packedBytes, &member.headerOffset}))
      return false;
    std::string name(rest->substr(directoryBytes, nameBytes));
    if (!members.emplace(name, member).second) {
      error = "has two members named '" + name + "'";
      return false;
    }
    order.push_back(std::move(name));
    rest->remove_prefix(total);
  }
  error.clear();
  return true;
}

/// The bytes of \p member as they lie in the file.
std::optional<std::string_view> ZipReader::packed(const Member &member) const {
  auto header = slice(file.bytes(), member.headerOffset, localBytes);
  if (!header || load(*header, 0, 4) != localMagic)
    return std::nullopt;
  // Its own name and extra field may differ from the directory's.
  uint64_t skipped = localBytes + load(*header, 26, 2) + load(*header, 28, 2);
  return slice(file.bytes(), member.headerOffset + skipped, member.packedBytes);
}

/// Inflates \p packed, a raw deflate stream, into exactly \p size bytes of
/// \p text.
static bool inflateAll(std::string_view packed, uint64_t size,
                       std::string &text) {
  // Deflate shrinks at most 1032-fold: a lie about the size stops here.
  if (size / 1032 > packed.size() + 1)
    return false;
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  constexpr uint64_t chunk = 1u << 30; // zlib counts in 32 bits
  uint64_t read = 0, written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    // Memory follows what is there, not what the directory says.
    if (written == text.size())
      text.resize(std::min<uint64_t>(size, 2 * written + 4 * packed.size()));
    uint64_t inputBytes = std::min<uint64_t>(packed.size() - read, chunk);
    uint64_t outputBytes = std::min<uint64_t>(text.size() - written, chunk);
    char none;
    stream.next_in =
        reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + read));
    stream.avail_in = static_cast<uInt>(inputBytes);
    stream.next_out =
        reinterpret_cast<Bytef *>(outputBytes ? text.data() + written : &none);
    stream.avail_out = static_cast<uInt>(outputBytes);
    status = inflate(&stream, Z_NO_FLUSH);
    read += inputBytes - stream.avail_in;
    written += outputBytes - stream.avail_out;
  }
  inflateEnd(&stream);
  return status == Z_STREAM_END && written == size;
}

static uint32_t checksum(uint32_t crc, std::string_view text) {
  if (text.empty()) // zlib gives a null pointer a meaning of its own
    return crc;
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef *>(text.data()), text.size()));
}

std::optional<std::string_view> ZipReader::read(const std::string &name,
                                                std::string &inflated,
                                                std::string &error) const {
  const Member &member = members.at(name);
  auto fail = [&](const std::string &what) {
    error = "member '" + name + "' " + what;
    return std::nullopt;
  };
  if (member.flags & 1)
    return fail("is encrypted");
  if (member.method != 0 && member.method != 8)
    return fail("is compressed by method " + std::to_string(member.method) +
                ", but only stored and deflated ones can be read");
  auto text = packed(member);
  if (!text || (member.method == 0 && member.packedBytes != member.bytes))
    return fail("lies outside the file, or its header is malformed");
  if (member.method == 8) {
    inflated.clear();
    if (!inflateAll(*text, member.bytes, inflated))
      return fail("does not inflate: the file is damaged");
    text = inflated;
  }
  if (checksum(0, *text) != member.crc)
    return fail("has a wrong checksum: the file is damaged");
  return text;
}

void ZipWriter::add(const std::string &fileName, std::string_view header,
                    std::string_view bytes) {
  uint64_t size = header.size() + bytes.size();
  bool isAscii = std::all_of(fileName.begin(), fileName.end(), [](char c) {
    return static_cast<unsigned char>(c) < 128;
  });
  bool isBig = size >= max32, isFar = offset >= max32;

  std::string extra;
  if (isBig || isFar) {
    store(extra, zip64Tag, 2);
    store(extra, (isBig ? 16 : 0) + (isFar ? 8 : 0), 2);
    if (isBig) {
      store(extra, size, 8);
      store(extra, size, 8);
    }
  }
  // What a local header and a directory entry share.
  std::string common;
  store(common, isBig || isFar ? 45 : 20, 2); // version needed
  store(common, isAscii ? 0 : 1 << 11, 2);    // the name is UTF-8
  store(common, 0, 2);                        // stored
  store(common, 0x00210000, 4);               // 1980-01-01 00:00
  store(common, checksum(checksum(0, header), bytes), 4);
  store(common, isBig ? max32 : size, 4);
  store(common, isBig ? max32 : size, 4);
  store(common, fileName.size(), 2);

  std::string local;
  store(local, localMagic, 4);
  local += common;
  std::string localExtra = isBig ? extra.substr(0, 20) : std::string();
  if (isBig)
    localExtra[2] = 16;
  store(local, localExtra.size(), 2);
  local += fileName + localExtra;

  store(directory, directoryMagic, 4);
  store(directory, (3 << 8) | 45, 2); // made on Unix
  directory += common;
  if (isFar)
    store(extra, offset, 8);
  store(directory, extra.size(), 2);
  store(directory, 0, 2); // comment
  store(directory, 0, 2); // disk
  store(directory, 0, 2); // internal attributes
  store(directory, 0600u << 16, 4);
  store(directory, isFar ? max32 : offset, 4);
  directory += fileName + extra;

  file.write(local);
  file.write(header);
  file.write(bytes);
  offset += local.size() + size;
  ++numMembers;
}

bool ZipWriter::commit(std::string &error) {
  file.write(directory);
  std::string end;
  if (numMembers >= max16 || offset >= max32 || directory.size() >= max32) {
    store(end, end64Magic, 4);
    store(end, 44, 8); // what follows of this record
    store(end, 45, 2);
    store(end, 45, 2);
    store(end, 0, 8); // disks
    store(end, numMembers, 8);
    store(end, numMembers, 8);
    store(end, directory.size(), 8);
    store(end, offset, 8);
    store(end, end64LocatorMagic, 4);
    store(end, 0, 4);
    store(end, offset + directory.size(), 8);
    store(end, 1, 4);
  }
  store(end, endMagic, 4);
  store(end, 0, 4); // disks
  store(end, std::min<uint64_t>(numMembers, max16), 2);
  store(end, std::min<uint64_t>(numMembers, max16), 2);
  store(end, std::min<uint64_t>(directory.size(), max32), 4);
  store(end, std::min<uint64_t>(offset, max32), 4);
  store(end, 0, 2);
  file.write(end);
  return file.commit(error);
}
