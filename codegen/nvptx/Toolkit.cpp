// SPDX-License-Identifier: Apache-2.0
// What is used of the CUDA toolkit, where one is installed.
#include "codegen/nvptx/Toolkit.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace llvm;
using namespace dlc;

/// The path of the file \p name in the toolkit; "" where there is none.
static std::string findFile(StringRef name) {
  SmallVector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable))
      folders.push_back(folder);
  folders.append({"/usr/local/cuda", "/opt/cuda"});
#ifdef DLC_CUDA_ROOT
  // What the compiler was tested with.
  folders.push_back(DLC_CUDA_ROOT);
#endif
  for (StringRef folder : folders) {
    SmallString<128> path(folder);
    sys::path::append(path, name);
    if (!folder.empty() && sys::fs::exists(path))
      return path.str().str();
  }
  return "";
}

std::string nvptx::findLibdevice() {
  return findFile("nvvm/libdevice/libdevice.10.bc");
}

static Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

static std::string readFile(StringRef path) {
  auto file = MemoryBuffer::getFile(path);
  return file ? (*file)->getBuffer().str() : "";
}

Expected<SmallVector<char, 0>> nvptx::assemblePtx(StringRef ptx, int64_t sm,
                                                  std::string *log) {
  std::string program = findFile("bin/ptxas");
  if (program.empty())
    return fail("machine code for GPUs is made by ptxas, which comes with the "
                "CUDA toolkit: install one, set CUDA_HOME, or leave out --sm");
  SmallString<128> input, output, errors;
  int descriptor;
  if (std::error_code code =
          sys::fs::createTemporaryFile("dlc", "ptx", descriptor, input))
    return createFileError("temporary file", code);
  scope_exit remove([&] {
    for (StringRef path : {input.str(), output.str(), errors.str()})
      if (!path.empty())
        sys::fs::remove(path);
  });
  {
    raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << ptx;
    stream.flush();
    if (stream.has_error()) {
      std::error_code code = stream.error();
      stream.clear_error();
      return createFileError(input, code);
    }
  }
  for (auto [suffix, path] :
       {std::pair("cubin", &output), std::pair("log", &errors)})
    if (std::error_code code =
            sys::fs::createTemporaryFile("dlc", suffix, *path))
      return createFileError("temporary file", code);
  std::string arch = "sm_" + std::to_string(sm);
  SmallVector<StringRef> args{program, "-arch", arch,   "-O3",
                              "-v",    "-o",    output, input};
  std::optional<StringRef> redirects[] = {std::nullopt, errors.str(),
                                          errors.str()};
  std::string message;
  int status =
      sys::ExecuteAndWait(program, args, std::nullopt, redirects,
                          /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  std::string said = readFile(errors);
  if (log)
    *log += said;
  if (status != 0)
    return fail("ptxas failed for " + arch + ": " +
                (message.empty() ? StringRef(said).rtrim().str() : message));
  auto file = MemoryBuffer::getFile(output, /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return createFileError(output, file.getError());
  StringRef bytes = (*file)->getBuffer();
  return SmallVector<char, 0>(bytes.begin(), bytes.end());
}
