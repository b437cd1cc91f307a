// SPDX-License-Identifier: Apache-2.0
// From one path to a model: its symbol, its weights and, where a model server's
// signature says so, its inputs.
#ifndef DLC_TOOLS_DLC_MODELPATH_H
#define DLC_TOOLS_DLC_MODELPATH_H

#include "compiler/Compile.h"

#include <optional>
#include <string>
#include <vector>

namespace dlc::tool {

/// Which model is meant.
struct ModelPath {
  /// A symbol file or the text of a stage; the prefix of a checkpoint; a
  /// folder; or the archive of a model server.
  std::string path;
  /// The file with the weights; empty: those that belong to the model.
  std::string params;
  /// The epoch of the weights; none: the newest.
  std::optional<int> epoch;
};

/// What is found there.
struct ModelFiles {
  NamedBytes model;
  std::optional<NamedBytes> params;
  /// The inputs of signature.json, with 1 as the size of an open batch.
  std::vector<InputOption> inputs;
};

/// Finds and maps the files of \p path. \returns false, with diagnostics, if a
/// file can't be read or a folder or an archive does not hold one whole model.
bool findModel(const ModelPath &path, ModelFiles &files,
               DiagnosticList &diagnostics);

/// The weights that belong to the file \p model by its name: those of \p epoch
/// or the highest PREFIX-NNNN.params, else PREFIX.params; for the text of a
/// stage the safetensors file beside it. "" if there are none.
std::string findParams(const std::string &model,
                       std::optional<int> epoch = std::nullopt);

/// Where the weights of the text of a stage lie: FILE without its last
/// extension, plus ".safetensors".
std::string getWeightsPath(const std::string &file);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_MODELPATH_H
