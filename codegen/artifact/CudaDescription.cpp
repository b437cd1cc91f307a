// SPDX-License-Identifier: Apache-2.0
// What the description of a model says of CUDA devices.
#include "codegen/artifact/CudaDescription.h"
#include "codegen/artifact/Description.h"

#include "dlc/abi.h"
#include <cstddef>

using namespace llvm;
using namespace dlc::artifact;

/// Writes the products that a library may compute.
static void writeGemms(TableWriter &out, ArrayRef<CudaGemmSpec> gemms) {
  static_assert(sizeof(dlc_abi_cuda_matrix) == 24, "write the new fields");
  static_assert(sizeof(dlc_abi_cuda_gemm) == 168, "write the new fields");
  auto writeMatrix = [&](const CudaMatrixSpec &matrix) {
    out.word(matrix.operand.value_or(DLC_GEMM_NONE), "operand");
    out.word(matrix.isTransposed, "transposed");
    out.quad(Twine(matrix.leading), "leading");
    out.quad(Twine(matrix.stride), "stride");
  };
  out.table(out.label("cuda_gemms"), /*hasPointers=*/false);
  for (const CudaGemmSpec &gemm : gemms) {
    out.word(gemm.kernel, "kernel");
    out.word(gemm.compute, "compute");
    out.word((gemm.hasRelu ? DLC_GEMM_RELU : 0) |
                 (gemm.isRequired ? DLC_GEMM_REQUIRED : 0),
             "flags");
    out.word(gemm.alignment, "alignment");
    out.word(gemm.batch, "batch");
    out.word(gemm.bias.value_or(DLC_GEMM_NONE), "bias");
    out.quad(Twine(gemm.m), "m");
    out.quad(Twine(gemm.n), "n");
    out.quad(Twine(gemm.k), "k");
    for (const CudaMatrixSpec *matrix : {&gemm.a, &gemm.b, &gemm.c, &gemm.d})
      writeMatrix(*matrix);
    out.real(gemm.alpha, "alpha");
    out.real(gemm.beta, "beta");
    out.quad(Twine(gemm.workspaceBytes), "workspace_bytes");
  }
}

bool dlc::artifact::hasOwnPhases(const CudaSpec &cuda) {
  return any_of(cuda.kernels, [](const CudaKernelSpec &kernel) {
    return kernel.ownPhases != 0;
  });
}

void dlc::artifact::writeCuda(TableWriter &out, const CudaSpec &cuda) {
  static_assert(sizeof(dlc_abi_cuda_image) == 24, "write the new fields");
  static_assert(sizeof(dlc_abi_cuda_kernel) == 32, "write the new fields");
  static_assert(sizeof(dlc_abi_cuda) == 80, "write the new fields");
  static_assert(sizeof(dlc_abi_cuda_wait) == 16, "write the new fields");
  auto imageLabel = [&](size_t index) {
    return out.label("cuda_image" + Twine(index));
  };
  // What a text's zero adds.
  auto imageBytes = [](const CudaImageSpec &image) {
    return image.bytes.size() + (image.kind == DLC_CUDA_PTX);
  };
  for (auto [i, image] : enumerate(cuda.images))
    out.bytes(kCudaSection, imageLabel(i), image.bytes,
              /*isText=*/image.kind == DLC_CUDA_PTX);
  if (!cuda.images.empty())
    out.table(out.label("cuda_images"), /*hasPointers=*/true);
  for (auto [i, image] : enumerate(cuda.images)) {
    out.word(image.kind, "kind");
    out.word(image.sm, "sm");
    out.quad(imageLabel(i), "data");
    out.quad(Twine(imageBytes(image)), "bytes");
  }
  if (!cuda.kernels.empty())
    out.table(out.label("cuda_kernels"), /*hasPointers=*/true);
  std::vector<SizeNumber> blocks, scratch;
  for (const CudaKernelSpec &kernel : cuda.kernels) {
    out.string(kernel.name, "name");
    out.word(kernel.threads, "threads");
    out.word(kernel.sharedBytes, "shared_bytes");
    out.quad(Twine(kernel.blocks), "blocks");
    out.quad(Twine(kernel.scratchBytes), "scratch_bytes");
    blocks.push_back(kernel.blocksNumber);
    scratch.push_back(kernel.scratchNumber);
  }
  bool hasBlocks = out.numbers("cuda_kernel_blocks", blocks);
  bool hasScratch = out.numbers("cuda_kernel_scratch", scratch);
  if (!cuda.gemms.empty())
    writeGemms(out, cuda.gemms);
  bool hasPhases = hasOwnPhases(cuda);
  if (hasPhases) {
    out.table(out.label("cuda_kernel_phases"), /*hasPointers=*/false);
    for (const CudaKernelSpec &kernel : cuda.kernels)
      out.quad(Twine(kernel.ownPhases), kernel.name);
  }
  if (!cuda.waits.empty())
    out.table(out.label("cuda_waits"), /*hasPointers=*/false);
  for (const CudaWaitSpec &wait : cuda.waits) {
    out.quad(Twine(wait.step), "step");
    out.quad(Twine(wait.after), "after");
  }
  size_t bytes = offsetof(dlc_abi_cuda, num_gemms);
  if (!cuda.gemms.empty())
    bytes = offsetof(dlc_abi_cuda, kernel_phases);
  if (hasPhases)
    bytes = offsetof(dlc_abi_cuda, num_waits);
  if (!cuda.waits.empty())
    bytes = sizeof(dlc_abi_cuda);

  out.table(out.label("cuda"), /*hasPointers=*/true);
  // So older runtimes know it.
  out.word(bytes, "struct_size");
  out.word(cuda.images.size(), "num_images");
  out.pointer(out.label("cuda_images"), cuda.images.empty(), "images");
  out.pointer(out.label("cuda_kernels"), cuda.kernels.empty(), "kernels");
  out.pointer(out.label("cuda_kernel_blocks"), !hasBlocks, "kernel_blocks");
  out.pointer(out.label("cuda_kernel_scratch"), !hasScratch, "kernel_scratch");
  if (bytes > offsetof(dlc_abi_cuda, num_gemms)) {
    out.word(cuda.gemms.size(), "num_gemms");
    out.word(0, "reserved");
    out.pointer(out.label("cuda_gemms"), cuda.gemms.empty(), "gemms");
  }
  if (bytes > offsetof(dlc_abi_cuda, kernel_phases))
    out.pointer(out.label("cuda_kernel_phases"), !hasPhases, "kernel_phases");
  if (bytes > offsetof(dlc_abi_cuda, num_waits)) {
    out.quad(Twine(cuda.waits.size()), "num_waits");
    out.quad(out.label("cuda_waits"), "waits");
  }
}
