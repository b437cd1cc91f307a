// SPDX-License-Identifier: Apache-2.0
// Walks over a lowered kernel and sets its numbers apart.
#include "compiler/dynamic/Leaves.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "passes/gpu/GridTerm.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace dlc::dynamic {

void mixHash(uint64_t &hash, uint64_t value) {
  uint64_t both[] = {hash, value};
  hash = llvm::xxh3_64bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(both), sizeof(both)));
}

void mixHash(uint64_t &hash, StringRef text) {
  mixHash(hash, llvm::xxh3_64bits(text));
}

ArrayRef<StringLiteral> getLeafAttrs() {
  static constexpr StringLiteral names[] = {
      "kernel.num_tasks", "kernel.scratch_bytes", "kernel.num_phases",
      "kernel.blocks"};
  return names;
}

ArrayRef<TermAttr> getTermAttrs() {
  static constexpr TermAttr attrs[] = {
      {"kernel.blocks", kernel::kBlockTermsAttr},
      {"kernel.scratch_bytes", kernel::kScratchTermsAttr}};
  return attrs;
}

/// Whether terms say what the attribute \p name of \p function is.
static bool hasTerms(Operation *function, StringRef name) {
  return llvm::any_of(getTermAttrs(), [&](const TermAttr &attr) {
    return attr.number == name && function->hasAttr(attr.terms);
  });
}

/// Those that all instances have in common.
static constexpr StringLiteral kFixedAttrs[] = {"kernel.threads",
                                                "kernel.shared_bytes"};

template <typename T>
static std::string print(T value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  value.print(stream);
  return text;
}

namespace {
class Collector {
public:
  KernelLeaves run(FunctionOpInterface function);

private:
  void addTerms(ArrayAttr terms);
  void addOperation(Operation *op);
  void addConstant(arith::ConstantOp op);
  void addAttributes(Operation *op);
  void addType(Type type);
  void addBlock(Block &block);
  void mix(uint64_t value) { mixHash(result.structure, value); }
  void addLeaf(Leaf leaf, Operation *owner) {
    result.leaves.push_back(leaf);
    result.owners.push_back(owner);
  }
  void number(Value value) { numbers.try_emplace(value, numbers.size()); }

  KernelLeaves result;
  llvm::DenseMap<Value, uint64_t> numbers;
  llvm::DenseMap<Type, uint64_t> typeHashes;
};
} // namespace

KernelLeaves Collector::run(FunctionOpInterface function) {
  for (StringRef name : kFixedAttrs)
    if (auto attr = function->getAttrOfType<IntegerAttr>(name))
      mix(attr.getInt());
  for (StringRef name : getLeafAttrs()) {
    auto attr = function->getAttrOfType<IntegerAttr>(name);
    if (hasTerms(function, name))
      attr = {};
    mix(attr != nullptr);
    addLeaf({false, attr ? attr.getInt() : 0, 0}, nullptr);
  }
  for (const TermAttr &attr : getTermAttrs())
    if (auto terms = function->getAttrOfType<ArrayAttr>(attr.terms))
      addTerms(terms);
  for (Block &block : function.getFunctionBody())
    addBlock(block);
  return std::move(result);
}

void Collector::addTerms(ArrayAttr terms) {
  for (auto term : terms.getAsRange<DenseI64ArrayAttr>()) {
    mix(term.size());
    for (auto [i, number] : llvm::enumerate(term.asArrayRef()))
      if (i % 2 == 0)
        addLeaf({false, number, 0}, nullptr);
      else
        mix(number);
  }
}

void Collector::addBlock(Block &block) {
  for (BlockArgument argument : block.getArguments()) {
    number(argument);
    addType(argument.getType());
  }
  for (Operation &op : block)
    addOperation(&op);
}

void Collector::addType(Type type) {
  auto [it, isNew] = typeHashes.try_emplace(type, 0);
  if (isNew) {
    uint64_t hash = 0;
    if (auto buffer = dyn_cast<MemRefType>(type)) {
      mixHash(hash, "buffer of " + print(buffer.getElementType()));
      if (buffer.getMemorySpace())
        mixHash(hash, print(buffer.getMemorySpace()));
    } else
      mixHash(hash, print(type));
    it->second = hash;
  }
  mix(it->second);
}

void Collector::addOperation(Operation *op) {
  mixHash(result.structure, op->getName().getStringRef());
  for (Value operand : op->getOperands())
    mix(numbers.lookup(operand));
  for (Value value : op->getResults()) {
    number(value);
    addType(value.getType());
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    addConstant(constant);
  else
    addAttributes(op);
  mix(op->getNumRegions());
  for (Region &region : op->getRegions())
    for (Block &block : region)
      addBlock(block);
}

void Collector::addConstant(arith::ConstantOp op) {
  Attribute value = op.getValue();
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    if (dense.isSplat() && dense.getElementType().isIntOrIndexOrFloat())
      value = dense.getSplatValue<Attribute>();
  if (auto integer = dyn_cast<IntegerAttr>(value))
    addLeaf({false, integer.getValue().getSExtValue(), 0}, op);
  else if (auto number = dyn_cast<FloatAttr>(value))
    addLeaf({true, 0, number.getValueAsDouble()}, op);
  else
    mixHash(result.structure, print(value));
}

void Collector::addAttributes(Operation *op) {
  // The sizes of a slice are not used for its addresses.
  if (isa<memref::ReinterpretCastOp>(op))
    return;
  for (NamedAttribute attr : op->getAttrs()) {
    mixHash(result.structure, attr.getName().getValue());
    mixHash(result.structure, print(attr.getValue()));
  }
}

KernelLeaves collectLeaves(FunctionOpInterface function) {
  return Collector().run(function);
}

} // namespace dlc::dynamic
