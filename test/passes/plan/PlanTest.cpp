// SPDX-License-Identifier: Apache-2.0
// Plans of random models compute what the models compute. Values are symbolic:
// a call's result is the hash of the kernel's name and its operands. The plan
// is executed on a symbolic memory, where reading bytes that somebody else has
// overwritten gives another hash.
#include "dialects/device/DeviceOps.h"
#include "dialects/kernel/KernelOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/plan/Passes.h"
#include "llvm/ADT/Hashing.h"
#include "gtest/gtest.h"
#include <map>
#include <random>

using namespace mlir;
using namespace dlc;

using Hash = size_t;

static Hash hashOutput(StringRef kernel, ArrayRef<Hash> inputs,
                       unsigned output) {
  return llvm::hash_combine(
      kernel, llvm::hash_combine_range(inputs.begin(), inputs.end()), output);
}

static Hash hashConstant(ElementsAttr value) {
  SmallVector<char, 0> storage;
  ArrayRef<char> bytes = *device::getBytes(value, storage);
  return llvm::hash_combine_range(bytes.begin(), bytes.end());
}

/// The outputs of the kernels stage.
static SmallVector<Hash> evaluate(func::FuncOp main) {
  llvm::DenseMap<Value, Hash> values;
  for (auto [i, argument] : llvm::enumerate(main.getArguments()))
    values[argument] = i + 1;
  auto lookup = [&](ValueRange range) {
    return llvm::map_to_vector(range, [&](Value v) { return values.at(v); });
  };
  for (Operation &op : main.getBody().front()) {
    if (auto constant = dyn_cast<kernel::ConstantOp>(op))
      values[constant.getResult()] =
          hashConstant(cast<ElementsAttr>(constant.getValue()));
    else if (auto view = dyn_cast<kernel::ViewOp>(op))
      values[view.getResult()] = values.at(view.getSource());
    else if (auto call = dyn_cast<kernel::CallOp>(op))
      for (auto [i, output] : llvm::enumerate(call.getOutputs()))
        values[output] =
            hashOutput(call.getCallee(), lookup(call.getInputs()), i);
  }
  return lookup(main.getBody().front().getTerminator()->getOperands());
}

namespace {

/// Bytes of memory, each with the hash of the value that it is a part of.
class Memory {
public:
  explicit Memory(device::ProgramOp program) : program(program) {
    for (auto [i, input] : llvm::enumerate(program.getInputs()))
      write(input, i + 1);
    for (auto weights : program.getBody().getOps<device::WeightsOp>())
      write(weights.getResult(), hashConstant(weights.getValue()));
  }

  /// The value in \p buffer; 0 where it is not whole.
  Hash read(Value buffer) {
    auto [space, begin, end] = locate(buffer);
    Hash value = bytes[{space, begin}];
    for (int64_t byte = begin; byte < end; ++byte)
      if (bytes[{space, byte}] != value)
        return 0;
    return value;
  }

  void write(Value buffer, Hash value) {
    auto [space, begin, end] = locate(buffer);
    for (int64_t byte = begin; byte < end; ++byte)
      bytes[{space, byte}] = value;
  }

private:
  /// The memory that \p buffer is in, and its range there.
  std::tuple<int, int64_t, int64_t> locate(Value buffer) {
    Value root = device::getRoot(buffer);
    int64_t size = *device::getSizeInBytes(cast<MemRefType>(root.getType()));
    if (auto slot = root.getDefiningOp<device::SlotOp>())
      return {-1, *slot.getOffset(), *slot.getOffset() + size};
    if (auto weights = root.getDefiningOp<device::WeightsOp>())
      return {-2, *weights.getOffset(), *weights.getOffset() + size};
    return {int(cast<BlockArgument>(root).getArgNumber()), 0, size};
  }

  device::ProgramOp program;
  std::map<std::pair<int, int64_t>, Hash> bytes;
};

} // namespace

/// The outputs of a plan.
static SmallVector<Hash> execute(device::ProgramOp program) {
  Memory memory(program);
  for (auto launch : program.getBody().getOps<device::LaunchOp>()) {
    SmallVector<Hash> inputs;
    for (Value input : launch.getInputs())
      inputs.push_back(memory.read(input));
    bool isCopy = launch.getCallee().starts_with("copy_");
    for (auto [i, output] : llvm::enumerate(launch.getOutputs()))
      memory.write(output, isCopy ? inputs.front()
                                  : hashOutput(launch.getCallee(), inputs, i));
  }
  return llvm::map_to_vector(program.getOutputs(),
                             [&](Value output) { return memory.read(output); });
}

/// A random model in text: calls of up to three operands and two results, some
/// of them in place, with views and constants, and any values as results.
static std::string makeModel(unsigned seed) {
  std::minstd_rand random(seed);
  std::string kernels, body;
  auto type = [](int64_t n) { return "<" + std::to_string(n) + "xf32>"; };
  struct Tensor {
    std::string name;
    int64_t size;
  };
  std::vector<Tensor> tensors = {{"%x", 8}, {"%z", 24}};
  auto pick = [&] {
    // Mostly recent ones, so that lives end.
    size_t back = std::min<size_t>(tensors.size(), 1 + random() % 6);
    return random() % 8 ? tensors[tensors.size() - back]
                        : tensors[random() % tensors.size()];
  };
  unsigned count = 1 + random() % 25;
  for (unsigned i = 0; i < count; ++i) {
    std::string number = std::to_string(i);
    if (random() % 4 == 0) {
      int64_t size = 8 * (1 + random() % 3);
      tensors.push_back({"%c" + number, size});
      body += "%c" + number + " = kernel.constant dense<" +
              std::to_string(random() % 3) + ".0> : tensor" + type(size) + "\n";
    }
    if (random() % 4 == 0) {
      Tensor source = pick();
      std::string flat = "%v" + number, shaped = flat + "_2d";
      std::string middle =
          "tensor<2x" + std::to_string(source.size / 2) + "xf32>";
      body += shaped + " = kernel.view " + source.name + " : tensor" +
              type(source.size) + " to " + middle + "\n" + flat +
              " = kernel.view " + shaped + " : " + middle + " to tensor" +
              type(source.size) + "\n";
      tensors.push_back({flat, source.size});
    }
    std::vector<Tensor> inputs;
    for (unsigned k = 0, n = random() % 4; k < n; ++k)
      inputs.push_back(pick());
    std::vector<int64_t> outputs;
    for (unsigned k = 0, n = 1 + random() % 2; k < n; ++k)
      outputs.push_back(8 * (1 + random() % 3));

    std::string operands, inputTypes, outputTypes, names, formals, pairs;
    std::string formalOutputs;
    for (auto [k, input] : llvm::enumerate(inputs)) {
      std::string comma = k ? ", " : "";
      operands += comma + input.name;
      inputTypes += comma + "tensor" + type(input.size);
      formals +=
          comma + "%i" + std::to_string(k) + ": memref" + type(input.size);
      for (auto [j, size] : llvm::enumerate(outputs))
        if (size == input.size && random() % 2)
          pairs += (pairs.empty() ? "" : ", ") + std::string("array<i64: ") +
                   std::to_string(k) + ", " + std::to_string(j) + ">";
    }
    for (auto [j, size] : llvm::enumerate(outputs)) {
      std::string comma = j ? ", " : "";
      std::string name = "%r" + number + "_" + std::to_string(j);
      names += comma + name;
      outputTypes += comma + "tensor" + type(size);
      formalOutputs +=
          comma + "%o" + std::to_string(j) + ": memref" + type(size);
      tensors.push_back({name, size});
    }
    kernels += "kernel.func @k" + number + "(" + formals + ") outputs(" +
               formalOutputs + ") attributes {inplace = [" + pairs +
               "]} { kernel.parallel (%t) to (1) {} }\n";
    body += names + " = kernel.call @k" + number + "(" + operands +
            ") {inplace = [" + pairs + "]} : (" + inputTypes + ") -> (" +
            outputTypes + ")\n";
  }
  std::string values, types;
  for (unsigned i = 0, n = 1 + random() % 4; i < n; ++i) {
    Tensor tensor = i == 0 ? tensors.back() : pick();
    values += (i ? ", " : "") + tensor.name;
    types += (i ? ", tensor" : "tensor") + type(tensor.size);
  }
  return kernels +
         "func.func @main(%x: tensor<8xf32>, %z: tensor<24xf32>) -> (" + types +
         ") {\n" + body + "return " + values + " : " + types + "\n}\n";
}

class PlanTest : public testing::TestWithParam<unsigned> {};

TEST_P(PlanTest, PlanComputesWhatTheModelComputes) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<device::DeviceDialect, kernel::KernelDialect,
                      func::FuncDialect>();
  for (unsigned i = 0; i < 25; ++i) {
    std::string text = makeModel(GetParam() * 1000 + i);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    SmallVector<Hash> expected =
        evaluate(*module->getOps<func::FuncOp>().begin());

    PassManager passes(&context);
    passes.addNestedPass<func::FuncOp>(plan::createPlanSchedule());
    passes.addPass(plan::createPlanBufferize());
    OpPassManager &programPasses = passes.nest<device::ProgramOp>();
    programPasses.addPass(plan::createPlanInplace());
    programPasses.addPass(plan::createPlanWeights());
    programPasses.addPass(plan::createPlanArena());
    programPasses.addPass(plan::createPlanVerify());
    ASSERT_TRUE(succeeded(passes.run(*module))) << text;
    auto program = *module->getOps<device::ProgramOp>().begin();
    EXPECT_EQ(execute(program), expected) << text;
    EXPECT_GE(*program.getArenaBytes(), *program.getArenaLowerBound());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlanTest, testing::Range(1u, 9u));
