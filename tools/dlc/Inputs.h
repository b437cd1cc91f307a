// SPDX-License-Identifier: Apache-2.0
// Where the inputs of a run come from: an .npz file, .npy files, the embedded
// test, or random numbers.
#ifndef DLC_TOOLS_DLC_INPUTS_H
#define DLC_TOOLS_DLC_INPUTS_H

#include "tools/dlc/Artifact.h"
#include "tools/npz/Npz.h"

#include <optional>
#include <set>

namespace dlc::tool {

/// The inputs of one run, in the model's order, or a message about why not.
class InputSet {
public:
  /// Of the model's typical sizes.
  explicit InputSet(const Artifact &artifact);

  /// Gives the tensors other sizes: NAME=SIZE each. Arrays that are added bring
  /// their own.
  bool setSizes(const std::vector<std::string> &sizes, std::string &error);

  /// Fills inputs from the keys `in:NAME`, `aux:NAME` and `NAME` of an .npz
  /// file. Keys of variables that the artifact does not take are ignored.
  bool addArchive(const npz::Reader &archive, std::string &error);

  /// Fills the input \p name from a .npy file.
  bool addFile(const std::string &name, const std::string &path,
               std::string &error);

  /// Fills all inputs with the values inside the artifact.
  bool addEmbedded(std::string &error);

  /// Fills all inputs with numbers that are uniform in [0, 1); integers and
  /// booleans are such numbers rounded to the nearest. The same seed gives the
  /// same numbers everywhere.
  void addRandom(uint64_t seed);

  /// Fills the input that random numbers of the model depend on, if it has one
  /// and no value is given for it.
  void addSeed(uint64_t seed);

  /// \returns false, and names them in \p error, if inputs are missing.
  bool isComplete(std::string &error) const;

  std::vector<Tensor> tensors;

private:
  std::optional<size_t> find(const std::string &name) const;
  /// The model's variables, from the metadata; nothing if that has no list.
  const std::optional<std::set<std::string>> &modelVariables();
  bool fill(size_t index, const npz::Array &array, std::string &error);
  bool setSizes(const std::vector<int64_t> &sizes, std::string &error);

  const Artifact &artifact;
  std::vector<bool> filled;
  std::optional<std::set<std::string>> variables;
  bool readVariables = false;
};

/// The part of \p key after \p prefix, if it starts with that.
std::optional<std::string> withoutPrefix(const std::string &key,
                                         std::string_view prefix);

/// Runs the artifact \p file on one thread, with the inputs of the archive
/// \p io, and writes its outputs to the archive \p outputs. \returns what
/// failed, or "".
std::string runOnArchive(const std::string &file, const std::string &io,
                         const std::string &outputs);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_INPUTS_H
