// SPDX-License-Identifier: Apache-2.0
// A folder, or the archive of a model server (.mar, .model): files by name, and
// what its manifest and signature say of them.
#ifndef DLC_TOOLS_DLC_MODELFOLDER_H
#define DLC_TOOLS_DLC_MODELFOLDER_H

#include "compiler/Compile.h"

#include <memory>
#include <string>
#include <vector>

namespace dlc::tool {

/// What MANIFEST.json says; names are those of members, empty where it says
/// nothing.
struct Manifest {
  std::string symbol, parameters, signature;
  std::string modelName;
};

/// The files of one model.
class ModelFolder {
public:
  virtual ~ModelFolder() = default;

  /// Opens a folder or an archive and reads its manifest. \returns null, with a
  /// diagnostic, if it is damaged or a member's name leads out of it.
  static std::unique_ptr<ModelFolder> open(const std::string &path,
                                           DiagnosticList &diagnostics);

  const std::string &name() const { return path; }
  /// The members, for a folder those that lie directly in it.
  const std::vector<std::string> &names() const { return members; }
  const Manifest &manifest() const { return facts; }
  /// What stands before the names of members, where an archive was made of a
  /// folder: "resnet/".
  const std::string &root() const { return prefix; }

  /// Reads \p member; it is called "PATH/MEMBER" in diagnostics.
  bool read(const std::string &member, NamedBytes &bytes,
            DiagnosticList &diagnostics) const;

  /// Adds the inputs that signature.json names, if there is one. The first size
  /// of a shape is a batch of 1 where it is open (0); inputs of which another
  /// size is open are left out.
  bool readSignature(std::vector<InputOption> &inputs,
                     DiagnosticList &diagnostics) const;

  /// Adds a diagnostic about the whole. \returns false.
  bool fail(const std::string &what, DiagnosticList &diagnostics) const;

protected:
  explicit ModelFolder(std::string path) : path(std::move(path)) {}
  /// Reads a member that exists.
  virtual bool readMember(const std::string &member, NamedBytes &bytes,
                          std::string &error) const = 0;

  std::string path;
  std::vector<std::string> members;

private:
  bool contains(const std::string &member) const;
  bool readManifest(DiagnosticList &diagnostics);

  std::string prefix;
  Manifest facts;
};

/// The names of the files in the folder \p path, sorted, without hidden ones;
/// none where it can't be read.
std::vector<std::string> listFolder(const std::string &path);

/// True if \p path is a zip file, or is named like a model server's archive.
bool isArchive(const std::string &path);

} // namespace dlc::tool

#endif // DLC_TOOLS_DLC_MODELFOLDER_H
