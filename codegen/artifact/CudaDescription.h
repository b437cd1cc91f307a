// SPDX-License-Identifier: Apache-2.0
// What the description of a model says of CUDA devices.
#ifndef DLC_CODEGEN_ARTIFACT_CUDADESCRIPTION_H
#define DLC_CODEGEN_ARTIFACT_CUDADESCRIPTION_H

#include "codegen/artifact/TableWriter.h"

namespace dlc::artifact {

/// Whether a kernel of \p cuda has other phases than on CPUs.
bool hasOwnPhases(const CudaSpec &cuda);

/// Writes the images' bytes and the tables for CUDA devices.
void writeCuda(TableWriter &out, const CudaSpec &cuda);

} // namespace dlc::artifact

#endif // DLC_CODEGEN_ARTIFACT_CUDADESCRIPTION_H
