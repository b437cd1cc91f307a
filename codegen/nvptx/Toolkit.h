// SPDX-License-Identifier: Apache-2.0
// What is used of the CUDA toolkit, where one is installed.
#ifndef DLC_CODEGEN_NVPTX_TOOLKIT_H
#define DLC_CODEGEN_NVPTX_TOOLKIT_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <string>

namespace dlc::nvptx {

/// The path of libdevice.10.bc; "" where there is none. Looks into the folders
/// that CUDA_HOME and CUDA_PATH name, then where toolkits are installed.
std::string findLibdevice();

/// Machine code for the chip `sm_\p sm` from \p ptx, made by ptxas of the
/// toolkit. What ptxas says of registers and memory is added to \p log if that
/// isn't null.
llvm::Expected<llvm::SmallVector<char, 0>>
assemblePtx(llvm::StringRef ptx, int64_t sm, std::string *log = nullptr);

} // namespace dlc::nvptx

#endif // DLC_CODEGEN_NVPTX_TOOLKIT_H
