// SPDX-License-Identifier: Apache-2.0
// Arrays are the members of a zip file.
#include "tools/npz/Npz.h"

using namespace dlc::npz;

bool Reader::open(const std::string &path, std::string &error) {
  if (!zip.open(path, error))
    return false;
  for (const std::string &file : zip.names()) {
    std::string name = file;
    if (name.size() >= 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
      name.resize(name.size() - 4);
    if (!files.emplace(name, file).second) {
      error = "has two members named '" + name + "'";
      return false;
    }
    order.push_back(std::move(name));
  }
  return true;
}

std::optional<Array> Reader::read(const std::string &name,
                                  std::string &error) const {
  std::string inflated;
  auto text = zip.read(files.at(name), inflated, error);
  if (!text)
    return std::nullopt;
  auto array = parseNpy(*text, error);
  if (!array)
    error = "member '" + name + "' " + error;
  return array;
}

void Writer::add(const std::string &name, const Array &array) {
  zip.add(name + ".npy", npyHeader(array),
          {array.bytes.data(), array.bytes.size()});
}

std::optional<Array> dlc::npz::readNpyFile(const std::string &path,
                                           std::string &error) {
  InputFile file;
  if (!file.open(path, error))
    return std::nullopt;
  return parseNpy(file.bytes(), error);
}
