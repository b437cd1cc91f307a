// SPDX-License-Identifier: Apache-2.0
// Programs in MLIR as tables: places, kernels, weights; and an artifact from
// them.
#include "codegen/artifact/ProgramSpec.h"
#include "codegen/artifact/Artifact.h"
#include "codegen/artifact/Assembler.h"
#include "codegen/artifact/Description.h"
#include "codegen/artifact/Linker.h"
#include "dlc/abi.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

using namespace mlir;
using namespace dlc::artifact;
using dlc::device::ProgramOp;

static constexpr StringRef kTarget =
    R"(#device.target<"x86-64-v3", triple = "x86_64-unknown-linux-gnu",
      cpu = "x86-64-v3", features = "", dispatch = 1, vector_bytes = 32,
      vector_registers = 16, masks = false, l1_bytes = 32768,
      l2_bytes = 524288>)";

static constexpr StringRef kKernels = R"(
  device.kernel @f : (memref<4xf32>, memref<4xf32>) -> memref<4xf32>
    variants [#device.variant<@f.v3, tasks = 3, scratch_bytes = 128>]
  device.kernel @g : (memref<4xf32>) -> memref<2x2xf32>
    variants [#device.variant<@g.v3, tasks = 1, scratch_bytes = 64>]
)";

static constexpr StringRef kProgram = R"(
  device.program @main(%x: memref<4xf32>, %i: memref<3xui8>) outputs(%y: memref<2x2xf32>)
      arena 80 align 64 lower_bound 32 weights 80
      attributes {input_names = ["x", "i"], output_names = ["y"]} {
    %v = device.weights at 64 dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %w = device.weights at 0 dense<5.0> : tensor<4xf32>
    %same = device.weights at 0 dense<5.0> : tensor<2x2xf32>
    %a = device.slot at 64 : memref<2x2xf32>
    %b = device.view %a : memref<2x2xf32> to memref<4xf32>
    device.launch @f(%x, %w) outputs(%b) {nodes = ["conv0"], flops = 8, cost_ns = 9}
      : (memref<4xf32>, memref<4xf32>) -> memref<4xf32>
    device.launch @f(%b, %v) outputs(%b) {nodes = ["conv1"], flops = 8, inplace = [array<i64: 0, 0>]}
      : (memref<4xf32>, memref<4xf32>) -> memref<4xf32>
    device.launch @g(%b) outputs(%y) on device 0 queue 2
      : (memref<4xf32>) -> memref<2x2xf32>
  }
)";

class ProgramSpecTest : public testing::Test {
protected:
  ProgramSpecTest() {
    context.loadDialect<dlc::device::DeviceDialect>();
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { message = diagnostic.str(); });
  }

  ProgramOp parse(const Twine &body, bool hasTargets = true) {
    std::string text =
        ("module attributes {" +
         (hasTargets ? "device.targets = [" + kTarget + "]" : "") + "} {" +
         body + "}")
            .str();
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module) << message << text;
    return module ? *module->getOps<ProgramOp>().begin() : ProgramOp();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string message;
};

TEST_F(ProgramSpecTest, TablesFollowTheProgram) {
  ProgramOp program = parse(kKernels + kProgram);
  FailureOr<ArtifactSpec> spec = makeSpec(program);
  ASSERT_TRUE(succeeded(spec)) << message;
  ASSERT_EQ(spec->inputs.size(), 2u);
  EXPECT_EQ(spec->inputs[0].name, "x");
  EXPECT_EQ(spec->inputs[0].sizeBytes, 16u);
  EXPECT_EQ(spec->inputs[1].dtypeCode, 1); // kDLUInt
  EXPECT_EQ(spec->inputs[1].dtypeBits, 8);
  EXPECT_EQ(spec->outputs[0].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(spec->targets[0].name, "x86-64-v3");
  EXPECT_EQ(spec->targets[0].features, 1u);
  EXPECT_EQ(spec->arenaBytes, 80u);
  EXPECT_EQ(spec->arenaLowerBoundBytes, 32u);
  EXPECT_EQ(spec->weightsBytes, 80u);
  EXPECT_EQ(spec->scratchBytesPerThread, 128u);
  EXPECT_EQ(spec->flops, 16u);

  ASSERT_EQ(spec->kernels.size(), 2u);
  EXPECT_EQ(spec->kernels[0].nodes,
            (std::vector<std::string>{"conv0", "conv1"}));
  EXPECT_EQ(spec->kernels[0].variants[0].symbol, "f.v3");
  EXPECT_EQ(spec->kernels[0].variants[0].numTasks, 3);

  ASSERT_EQ(spec->steps.size(), 3u);
  const StepSpec &first = spec->steps[0];
  ASSERT_EQ(first.refs.size(), 3u);
  EXPECT_EQ(first.bytes, 48u);
  EXPECT_EQ(first.costNs, 9u);
  EXPECT_EQ(first.refs[0].space, uint32_t(DLC_SPACE_INPUT));
  EXPECT_EQ(first.refs[1].space, uint32_t(DLC_SPACE_WEIGHTS));
  EXPECT_EQ(first.refs[1].offset, 0u);
  EXPECT_EQ(first.refs[2].space, uint32_t(DLC_SPACE_ARENA));
  EXPECT_EQ(first.refs[2].offset, 64u);
  EXPECT_EQ(spec->steps[2].refs[1].space, uint32_t(DLC_SPACE_OUTPUT));
  EXPECT_EQ(spec->steps[2].queue, 2u);
}

TEST_F(ProgramSpecTest, EventsBecomeWaits) {
  static constexpr StringRef text = R"(
  device.kernel @g : (memref<4xf32>) -> memref<4xf32>
    variants [#device.variant<@g.v3, tasks = 1, scratch_bytes = 0>]
    grid <@g, blocks = 1, threads = 32>
  device.program @main(%x: memref<4xf32>) outputs(%y: memref<4xf32>, %z: memref<4xf32>)
      arena 32 align 64 lower_bound 16 weights 0
      attributes {input_names = ["x"], output_names = ["y", "z"]} {
    %a = device.slot at 0 : memref<4xf32>
    device.launch @g(%x) outputs(%a) queue 1 : (memref<4xf32>) -> memref<4xf32>
    %0 = device.record queue 1
    device.wait %0 queue 0
    device.launch @g(%a) outputs(%y) : (memref<4xf32>) -> memref<4xf32>
    device.wait %0 queue 0
    device.launch @g(%a) outputs(%z) : (memref<4xf32>) -> memref<4xf32>
  })";
  ProgramOp program = parse(text);
  FailureOr<ArtifactSpec> spec = makeSpec(program);
  ASSERT_TRUE(succeeded(spec)) << message;
  EXPECT_FALSE(spec->cuda);
  EXPECT_EQ(countQueues(*spec), 2u);
  (*module)->setAttr("device.gpus", ArrayAttr::get(&context, {}));
  spec = makeSpec(program);
  ASSERT_TRUE(succeeded(spec)) << message;
  ASSERT_EQ(spec->steps.size(), 3u);
  EXPECT_EQ(spec->steps[0].queue, 1u);
  EXPECT_EQ(spec->steps[1].queue, 0u);
  // The third launch comes after the second, which has waited.
  ASSERT_EQ(spec->cuda->waits.size(), 1u);
  EXPECT_EQ(spec->cuda->waits[0].step, 1u);
  EXPECT_EQ(spec->cuda->waits[0].after, 0u);
}

TEST_F(ProgramSpecTest, WeightsAreSortedAndStoredOnce) {
  FailureOr<WeightsImage> image = collectWeights(parse(kKernels + kProgram));
  ASSERT_TRUE(succeeded(image)) << message;
  ASSERT_EQ(image->chunks.size(), 2u);
  EXPECT_EQ(image->chunks[0].offset, 0u);
  EXPECT_EQ(image->chunks[0].bytes.size(), 16u);
  float values[4];
  std::memcpy(values, image->chunks[0].bytes.data(), 16);
  EXPECT_EQ(values[3], 5.0f);
  EXPECT_EQ(image->chunks[1].offset, 64u);
  std::string digest = image->getDigest();
  EXPECT_EQ(digest.size(), 32u);
  image->chunks.pop_back();
  EXPECT_NE(image->getDigest(), digest);
}

/// f adds two vectors of four, g copies one.
static constexpr StringRef kCode = R"(
    .globl f.v3
    .type f.v3,@function
f.v3:
    jmp f.v3.body
    .size f.v3, .-f.v3
    .type f.v3.body,@function
f.v3.body:
    movq (%rdi), %rax
    movq 8(%rdi), %rcx
    movq 16(%rdi), %rdx
    movups (%rax), %xmm0
    movups (%rcx), %xmm1
    addps %xmm1, %xmm0
    movups %xmm0, (%rdx)
    ret
    .size f.v3.body, .-f.v3.body
    .globl g.v3
g.v3:
    movq (%rdi), %rax
    movq 8(%rdi), %rdx
    movups (%rax), %xmm0
    movups %xmm0, (%rdx)
    ret
)";

TEST_F(ProgramSpecTest, ProgramBecomesAnArtifactThatRuns) {
  std::string kernels = kKernels.str();
  kernels.replace(kernels.find("tasks = 3"), 9, "tasks = 1");
  ProgramOp program = parse(kernels + kProgram);
  FailureOr<ArtifactSpec> spec = makeSpec(program);
  FailureOr<WeightsImage> image = collectWeights(program);
  ASSERT_TRUE(succeeded(spec) && succeeded(image)) << message;
  auto code = llvm::cantFail(assemble(kCode, "x86_64-unknown-linux-gnu"));
  llvm::MemoryBufferRef objects[] = {
      {StringRef(code.data(), code.size()), "code.o"}};
  ASSERT_FALSE(bool(measureCode(*spec, objects)));
  EXPECT_GT(spec->kernels[0].codeBytes, 20u);

  // x + 5 + (1, 2, 3, 4).
  const float input[] = {10, 20, 30, 40}, expected[] = {16, 27, 38, 49};
  const char bytes[3] = {};
  spec->test = TestSpec{{0, 64}, {128}, 1e-4, 1e-5};
  auto asChars = [](const auto &array) {
    return ArrayRef(reinterpret_cast<const char *>(&array), sizeof(array));
  };
  DataChunk test[] = {
      {0, asChars(input)}, {64, asChars(bytes)}, {128, asChars(expected)}};

  TemporaryDirectory directory = llvm::cantFail(TemporaryDirectory::create());
  std::string output = directory.file("model.so");
  llvm::Error error =
      writeSharedObject({"x86_64-unknown-linux-gnu", writeDescription(*spec),
                         objects, image->chunks, spec->weightsBytes, test, 144},
                        output);
  ASSERT_FALSE(bool(error)) << toString(std::move(error));
  void *library = dlopen(output.c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  auto selfTest = reinterpret_cast<int (*)()>(dlsym(library, "dlc_self_test"));
  ASSERT_NE(selfTest, nullptr);
  EXPECT_EQ(selfTest(), 0);
  dlclose(library);
}

TEST_F(ProgramSpecTest, MissingCodeIsAnError) {
  EXPECT_TRUE(failed(makeSpec(parse(
      "device.kernel @f : (memref<4xf32>, memref<4xf32>) -> memref<4xf32> "
      "variants []\n"
      "device.kernel @g : (memref<4xf32>) -> memref<2x2xf32> variants []\n" +
      kProgram))));
  EXPECT_NE(message.find("no code for each of the 1 targets"),
            std::string::npos)
      << message;
}

TEST_F(ProgramSpecTest, MissingTargetsAreAnError) {
  EXPECT_TRUE(
      failed(makeSpec(parse(kKernels + kProgram, /*hasTargets=*/false))));
  EXPECT_NE(message.find("device.targets"), std::string::npos) << message;
}

TEST_F(ProgramSpecTest, UnplannedProgramIsAnError) {
  EXPECT_TRUE(failed(makeSpec(
      parse("device.program @main() outputs() attributes {input_names = [], "
            "output_names = []} {}"))));
  EXPECT_NE(message.find("has not been planned"), std::string::npos) << message;
}
