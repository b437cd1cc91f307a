// SPDX-License-Identifier: Apache-2.0
// From a planned program in MLIR to the plain data that artifacts are written
// from.
#ifndef DLC_CODEGEN_ARTIFACT_PROGRAMSPEC_H
#define DLC_CODEGEN_ARTIFACT_PROGRAMSPEC_H

#include "codegen/artifact/DataObject.h"
#include "codegen/artifact/Spec.h"
#include "dialects/device/DeviceOps.h"
#include <deque>

namespace dlc::artifact {

/// DLPack's code and number of bits for elements of type \p type.
std::pair<uint8_t, uint8_t> getDtype(mlir::Type type);

/// The tables of \p program. Its kernels are the `device.kernel` operations of
/// its module and the targets the module's attribute `device.targets`, an
/// array of `#device.target` in the order of the kernels' variants. What a
/// program doesn't know stays empty: names of model and compiler, the size of
/// the parameters, digests, the size of the code, the self-test.
///
/// A program with dims gets a table of the sizes that depend on them. Its slots
/// are where `above` puts them, and every step has the dims as its last
/// operand.
///
/// Expects a plan that `plan-verify` accepts; where something is missing,
/// emits an error at the operation and fails.
mlir::FailureOr<ArtifactSpec> makeSpec(device::ProgramOp program);

/// The weights image as pieces by rising offset, each once.
struct WeightsImage {
  std::vector<DataChunk> chunks;
  /// Owns the bytes of those that the IR does not hold in full. The others
  /// point into the IR.
  std::deque<llvm::SmallVector<char, 0>> storage;

  /// A hexadecimal digest of the contents (XXH3, 128 bits).
  std::string getDigest() const;
};

/// Collects the `device.weights` of \p programs, which have been placed in one
/// image: what is at one offset is the same in all. Fails with an error at an
/// operation whose data is missing.
mlir::FailureOr<WeightsImage>
collectWeights(llvm::ArrayRef<device::ProgramOp> programs);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_PROGRAMSPEC_H
