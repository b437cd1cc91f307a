// SPDX-License-Identifier: Apache-2.0
// Links objects in process; a user's machine needs no toolchain and no libc
// headers or libraries.
#ifndef DLC_CODEGEN_ARTIFACT_LINKER_H
#define DLC_CODEGEN_ARTIFACT_LINKER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace dlc::artifact {

/// A directory for intermediate files, made in the system's temporary
/// directory and removed with all that it holds on destruction.
class TemporaryDirectory {
public:
  static llvm::Expected<TemporaryDirectory> create();
  TemporaryDirectory(TemporaryDirectory &&other) { path.swap(other.path); }
  TemporaryDirectory &operator=(TemporaryDirectory &&) = delete;
  ~TemporaryDirectory();

  /// The path of the file \p name in the directory.
  std::string file(llvm::StringRef name) const;
  /// Writes \p bytes to a new file \p name and returns its path.
  llvm::Expected<std::string> write(llvm::StringRef name,
                                    llvm::StringRef bytes) const;

private:
  TemporaryDirectory() = default;
  llvm::SmallString<128> path;
};

/// Links the object files \p objects, which are for \p triple, and the
/// runtime's core into the shared library \p output, which exports \p exports
/// and nothing else and needs libc.so.6 and libm.so.6 at most, in no particular
/// version. Equal objects give equal bytes, whatever their paths. Links are
/// done one at a time.
llvm::Error linkSharedLibrary(llvm::StringRef triple,
                              llvm::ArrayRef<std::string> objects,
                              llvm::ArrayRef<llvm::StringRef> exports,
                              llvm::StringRef output);

/// Joins \p objects into one relocatable object \p output, in which only
/// \p exports remain visible to other objects. References to the runtime stay
/// undefined.
llvm::Error linkRelocatable(llvm::ArrayRef<std::string> objects,
                            llvm::ArrayRef<llvm::StringRef> exports,
                            llvm::StringRef output);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_LINKER_H
