// SPDX-License-Identifier: Apache-2.0
// The compiler, opened only by the subcommands that need it: those that run an
// artifact start without LLVM.
#ifndef DLC_TOOLS_DLC_COMPILERLIBRARY_H
#define DLC_TOOLS_DLC_COMPILERLIBRARY_H

#include <string>

namespace dlc {
struct CompilerApi;

namespace tool {

/// Opens libdlc_compiler.so, which lies beside this program or in ../lib, and
/// returns its functions (compiler/Compile.h). It stays open until the process
/// ends. \returns null, with the reason in \p error, on failure.
const CompilerApi *openCompiler(std::string &error);

/// Likewise for the library at \p path.
const CompilerApi *openCompiler(const std::string &path, std::string &error);

/// The path of the library for what lies in \p folder, which ends in a slash;
/// "" where there is none.
std::string findCompiler(const std::string &folder);

} // namespace tool
} // namespace dlc

#endif // DLC_TOOLS_DLC_COMPILERLIBRARY_H
