// SPDX-License-Identifier: Apache-2.0
// Plans of random models compute what the models compute. Values are symbolic:
// an element of a call's result is the hash of the kernel's name, its operands
// and the element's number. The plan is executed on a symbolic memory, where
// reading elements that somebody else has overwritten gives other hashes; with
// queues it is executed in orders that these allow.
#include "dialects/device/LaunchOrder.h"
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
using Elements = std::vector<Hash>;

static Elements hashOutput(StringRef kernel, ArrayRef<Elements> inputs,
                           unsigned output, int64_t size) {
  Hash all = llvm::hash_combine(kernel, output);
  for (const Elements &input : inputs)
    all = llvm::hash_combine(
        all, llvm::hash_combine_range(input.begin(), input.end()));
  Elements elements;
  for (int64_t i = 0; i < size; ++i)
    elements.push_back(llvm::hash_combine(all, i));
  return elements;
}

static Elements hashInput(unsigned number, int64_t size) {
  return hashOutput("input", {}, number, size);
}

static Elements hashConstant(ElementsAttr value) {
  SmallVector<char, 0> storage;
  ArrayRef<char> bytes = *device::getBytes(value, storage);
  Hash hash = llvm::hash_combine_range(bytes.begin(), bytes.end());
  return Elements(value.getNumElements(), hash);
}

static int64_t getCount(Value value) {
  return cast<ShapedType>(value.getType()).getNumElements();
}

/// The outputs of the kernels stage.
static std::vector<Elements> evaluate(func::FuncOp main) {
  llvm::DenseMap<Value, Elements> values;
  for (auto [i, argument] : llvm::enumerate(main.getArguments()))
    values[argument] = hashInput(i, getCount(argument));
  auto lookup = [&](ValueRange range) {
    std::vector<Elements> found;
    for (Value value : range)
      found.push_back(values.at(value));
    return found;
  };
  for (Operation &op : main.getBody().front()) {
    if (auto constant = dyn_cast<kernel::ConstantOp>(op)) {
      values[constant.getResult()] =
          hashConstant(cast<ElementsAttr>(constant.getValue()));
    } else if (auto view = dyn_cast<kernel::ViewOp>(op)) {
      Elements source = values.at(view.getSource());
      auto begin = source.begin() + view.getOffset().value_or(0);
      values[view.getResult()] =
          Elements(begin, begin + getCount(view.getResult()));
    } else if (auto join = dyn_cast<kernel::JoinOp>(op)) {
      Elements joined;
      for (const Elements &part : lookup(join.getSources()))
        joined.insert(joined.end(), part.begin(), part.end());
      values[join.getResult()] = joined;
    } else if (auto call = dyn_cast<kernel::CallOp>(op)) {
      for (auto [i, output] : llvm::enumerate(call.getOutputs()))
        values[output] = hashOutput(call.getCallee(), lookup(call.getInputs()),
                                    i, getCount(output));
    }
  }
  return lookup(main.getBody().front().getTerminator()->getOperands());
}

namespace {

/// Elements of memory, each with its hash; 0 where nothing was written.
class Memory {
public:
  explicit Memory(device::ProgramOp program) : program(program) {
    for (auto [i, input] : llvm::enumerate(program.getInputs()))
      write(input, hashInput(i, getCount(input)));
    for (auto weights : program.getBody().getOps<device::WeightsOp>())
      write(weights.getResult(), hashConstant(weights.getValue()));
  }

  Elements read(Value buffer) {
    auto [space, begin] = locate(buffer);
    Elements elements;
    for (int64_t i = 0, count = getCount(buffer); i < count; ++i)
      elements.push_back(memory[{space, begin + 4 * i}]);
    return elements;
  }

  void write(Value buffer, const Elements &elements) {
    auto [space, begin] = locate(buffer);
    for (auto [i, element] : llvm::enumerate(elements))
      memory[{space, begin + 4 * int64_t(i)}] = element;
  }

private:
  /// The memory that \p buffer is in, and its first byte there.
  std::pair<int, int64_t> locate(Value buffer) {
    device::BufferRange range = device::getRange(buffer);
    if (auto slot = range.root.getDefiningOp<device::SlotOp>())
      return {-1, *slot.getOffset() + range.begin};
    if (auto weights = range.root.getDefiningOp<device::WeightsOp>())
      return {-2, *weights.getOffset() + range.begin};
    return {int(cast<BlockArgument>(range.root).getArgNumber()), range.begin};
  }

  device::ProgramOp program;
  std::map<std::pair<int, int64_t>, Hash> memory;
};

} // namespace

/// The launches of \p program in an order that its queues allow, any.
template <typename Random>
static std::vector<device::LaunchOp> shuffle(device::ProgramOp program,
                                             Random &random) {
  device::LaunchOrder order(program);
  SmallVector<device::LaunchOp> launches(
      program.getBody().getOps<device::LaunchOp>());
  std::vector<device::LaunchOp> shuffled;
  std::vector<bool> hasRun(launches.size());
  auto isReady = [&](unsigned launch) {
    for (unsigned other = 0; other < launch; ++other)
      if (order.isBefore(other, launch) && !hasRun[other])
        return false;
    return !hasRun[launch];
  };
  while (shuffled.size() < launches.size()) {
    std::vector<unsigned> ready;
    for (unsigned i = 0; i < launches.size(); ++i)
      if (isReady(i))
        ready.push_back(i);
    unsigned next = ready[random() % ready.size()];
    hasRun[next] = true;
    shuffled.push_back(launches[next]);
  }
  return shuffled;
}

/// The outputs of a plan.
static std::vector<Elements> execute(device::ProgramOp program,
                                     ArrayRef<device::LaunchOp> launches) {
  Memory memory(program);
  for (device::LaunchOp launch : launches) {
    std::vector<Elements> inputs;
    for (Value input : launch.getInputs())
      inputs.push_back(memory.read(input));
    bool isCopy = launch.getCallee().starts_with("copy_");
    for (auto [i, output] : llvm::enumerate(launch.getOutputs()))
      memory.write(output, isCopy ? inputs.front()
                                  : hashOutput(launch.getCallee(), inputs, i,
                                               getCount(output)));
  }
  std::vector<Elements> outputs;
  for (Value output : program.getOutputs())
    outputs.push_back(memory.read(output));
  return outputs;
}

namespace {
struct Tensor {
  std::string name;
  int64_t size;
};
} // namespace

/// Text that makes a tensor of those in \p tensors without computing: a view
/// under another shape, a part, or a join.
template <typename Random, typename Pick>
static std::string makeMovement(Random &random, Pick pick,
                                const std::string &number,
                                std::vector<Tensor> &tensors) {
  Tensor source = pick();
  std::string name = "%v" + number;
  auto type = [](int64_t n) { return "tensor<" + std::to_string(n) + "xf32>"; };
  switch (random() % 3) {
  case 0: {
    std::string shaped = name + "_2d";
    std::string middle =
        "tensor<2x" + std::to_string(source.size / 2) + "xf32>";
    tensors.push_back({name, source.size});
    return shaped + " = kernel.view " + source.name + " : " +
           type(source.size) + " to " + middle + "\n" + name +
           " = kernel.view " + shaped + " : " + middle + " to " +
           type(source.size) + "\n";
  }
  case 1: {
    int64_t size = 8 * (1 + random() % (source.size / 8));
    int64_t offset = random() % (source.size - size + 1);
    tensors.push_back({name, size});
    return name + " = kernel.view " + source.name + " at " +
           std::to_string(offset) + " : " + type(source.size) + " to " +
           type(size) + "\n";
  }
  default: {
    std::string names, types;
    int64_t size = 0;
    for (unsigned k = 0, n = 1 + random() % 3; k < n; ++k) {
      names += (k ? ", " : "") + source.name;
      types += (k ? ", " : "") + type(source.size);
      size += source.size;
      source = pick();
    }
    tensors.push_back({name, size});
    return name + " = kernel.join " + names + " : (" + types + ") -> " +
           type(size) + "\n";
  }
  }
}

/// A random model in text: calls of up to three operands and two results, some
/// of them in place, with views, joins and constants, and any values as
/// results.
static std::string makeModel(unsigned seed) {
  std::minstd_rand random(seed);
  std::string kernels, body;
  auto type = [](int64_t n) { return "<" + std::to_string(n) + "xf32>"; };
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
    if (random() % 3 == 0)
      body += makeMovement(random, pick, number, tensors);
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
            ") {flops = " + std::to_string(random() % 3 * 2000000) +
            ", inplace = [" + pairs + "]} : (" + inputTypes + ") -> (" +
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

class PlanTest : public testing::TestWithParam<unsigned> {
protected:
  PlanTest() {
    context.loadDialect<device::DeviceDialect, kernel::KernelDialect,
                        func::FuncDialect>();
  }

  /// Plans \p module, for a GPU or for CPUs.
  bool plan(ModuleOp module, bool isForGpu) {
    if (isForGpu)
      module->setAttr("device.gpu",
                      device::GpuAttr::get(&context,
                                           StringAttr::get(&context, "large"),
                                           /*sm=*/80, /*multiprocessors=*/1000,
                                           /*block_shared_bytes=*/1 << 16,
                                           /*fma_rate=*/64, /*mma_rate=*/512,
                                           /*tensor_rate=*/512));
    PassManager passes(&context);
    passes.addNestedPass<func::FuncOp>(plan::createPlanSchedule());
    passes.addPass(plan::createPlanBufferize());
    OpPassManager &programPasses = passes.nest<device::ProgramOp>();
    programPasses.addPass(plan::createPlanInplace());
    programPasses.addPass(plan::createPlanWeights());
    programPasses.addPass(plan::createPlanQueues());
    programPasses.addPass(plan::createPlanArena());
    programPasses.addPass(plan::createPlanVerify());
    return succeeded(passes.run(module));
  }

  MLIRContext context{MLIRContext::Threading::DISABLED};
};

TEST_P(PlanTest, PlanComputesWhatTheModelComputes) {
  for (unsigned i = 0; i < 25; ++i) {
    std::string text = makeModel(GetParam() * 1000 + i);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    std::vector<Elements> expected =
        evaluate(*module->getOps<func::FuncOp>().begin());
    ASSERT_TRUE(plan(*module, /*isForGpu=*/false)) << text;
    auto program = *module->getOps<device::ProgramOp>().begin();
    SmallVector<device::LaunchOp> launches(
        program.getBody().getOps<device::LaunchOp>());
    EXPECT_EQ(execute(program, launches), expected) << text;
    EXPECT_GE(*program.getArenaBytes(), *program.getArenaLowerBound());
    EXPECT_LE(device::LaunchOrder(program).getNumQueues(), 1u);
  }
}

TEST_P(PlanTest, QueuesComputeWhatTheModelComputes) {
  std::minstd_rand random(GetParam());
  unsigned numWaits = 0;
  for (unsigned i = 0; i < 25; ++i) {
    std::string text = makeModel(GetParam() * 1000 + i);
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    std::vector<Elements> expected =
        evaluate(*module->getOps<func::FuncOp>().begin());
    ASSERT_TRUE(plan(*module, /*isForGpu=*/true)) << text;
    auto program = *module->getOps<device::ProgramOp>().begin();
    for (auto wait : program.getBody().getOps<device::WaitOp>()) {
      (void)wait;
      ++numWaits;
    }
    EXPECT_LE(device::LaunchOrder(program).getNumQueues(), 4u);
    for (unsigned order = 0; order < 8; ++order)
      ASSERT_EQ(execute(program, shuffle(program, random)), expected) << text;
  }
  EXPECT_GT(numWaits, 25u);
}

//===----------------------------------------------------------------------===//
// The order of launches
//===----------------------------------------------------------------------===//

TEST(LaunchOrderTest, QueuesRunInOrder) {
  device::LaunchOrder order;
  EXPECT_EQ(order.append(0, {}), 0u);
  EXPECT_EQ(order.append(2, {}), 1u);
  EXPECT_EQ(order.append(0, {}), 2u);
  EXPECT_EQ(order.getNumQueues(), 3u);
  EXPECT_TRUE(order.isBefore(0, 2));
  EXPECT_FALSE(order.isBefore(2, 0));
  EXPECT_FALSE(order.isBefore(0, 0));
  EXPECT_FALSE(order.isBefore(0, 1));
  EXPECT_FALSE(order.isBefore(1, 2));
}

TEST(LaunchOrderTest, LeavesOutWhatIsKnown) {
  auto getWaits = [](const device::LaunchOrder &order, unsigned launch) {
    return order.getWaits(launch).vec();
  };
  using Waits = std::vector<unsigned>;
  device::LaunchOrder order;
  order.append(0, {});  // 0
  order.append(1, {0}); // 1
  order.append(2, {0}); // 2
  EXPECT_EQ(getWaits(order, 2), Waits{0});
  order.append(2, {0, 2}); // 3: on its own queue
  EXPECT_EQ(getWaits(order, 3), Waits{});
  order.append(0, {1, 2, 3}); // 4: 3 comes after 2
  EXPECT_EQ(getWaits(order, 4), (Waits{1, 3}));
  order.append(1, {0, 3, 4}); // 5: 4 comes after 3
  EXPECT_EQ(getWaits(order, 5), Waits{4});
  EXPECT_TRUE(order.isBefore(3, 5));
  order.append(3, {2}); // 6
  EXPECT_EQ(getWaits(order, 6), Waits{2});
  EXPECT_TRUE(order.isBefore(0, 6));
  EXPECT_FALSE(order.isBefore(1, 6));
}

TEST(LaunchOrderTest, ReadsEvents) {
  MLIRContext context;
  context.loadDialect<device::DeviceDialect>();
  // The event of queue 1, which has no launch, is that of what it waits for.
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(R"(
    device.kernel @f : () -> memref<8xf32> variants []
    device.program @main() outputs(%y: memref<8xf32>, %z: memref<8xf32>)
        attributes {input_names = [], output_names = ["y", "z"]} {
      device.launch @f() outputs(%y) : () -> memref<8xf32>
      %a = device.record queue 0
      device.launch @f() outputs(%z) : () -> memref<8xf32>
      device.wait %a queue 1
      %b = device.record queue 1
      device.wait %b queue 2
      device.launch @f() outputs(%y) queue 2 : () -> memref<8xf32>
      %none = device.record queue 3
      device.wait %none queue 4
      device.launch @f() outputs(%z) queue 4 : () -> memref<8xf32>
    })",
                                                             &context);
  ASSERT_TRUE(module);
  device::LaunchOrder order(*module->getOps<device::ProgramOp>().begin());
  ASSERT_EQ(order.getNumLaunches(), 4u);
  EXPECT_EQ(order.getWaits(2), ArrayRef<unsigned>{0});
  EXPECT_FALSE(order.isBefore(1, 2));
  EXPECT_TRUE(order.getWaits(3).empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlanTest, testing::Range(1u, 9u));
