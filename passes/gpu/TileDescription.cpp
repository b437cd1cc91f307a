// SPDX-License-Identifier: Apache-2.0
// Which tiles were chosen for contractions and attention and why, for reports.
#include "passes/gpu/AttentionTile.h"
#include "passes/gpu/BlockTile.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace dlc::kernel;

static StringRef getName(BlockTile::Unit unit) {
  switch (unit) {
  case BlockTile::Fma:
    return "fma";
  case BlockTile::Tensor:
    return "mma";
  case BlockTile::Stream:
    return "stream";
  }
  llvm_unreachable("unknown unit");
}

/// "64x48x64", and what else is not one.
static std::string getText(const BlockTile &tile) {
  std::string text =
      llvm::formatv("{0}x{1}x{2}", tile.rows, tile.columns, tile.depth);
  if (tile.unit == BlockTile::Tensor)
    text += llvm::formatv(", {0} stages", tile.stages).str();
  if (tile.slices > 1)
    text += llvm::formatv(", {0} slices", tile.slices).str();
  if (tile.parts > 1)
    text += llvm::formatv(", {0} parts", tile.parts).str();
  return text;
}

static auto startRemark(Operation *op) {
  auto kernel = op->getParentOfType<FuncOp>();
  return remark::passed(op->getLoc(),
                        remark::RemarkOpts::name("tile")
                            .category("schedule")
                            .function(kernel ? kernel.getSymName() : ""));
}

static void remarkOn(ContractOp op, const BlockTileChoice &choice) {
  auto remark = startRemark(op);
  ContractExtents typical(op);
  remark << remark::add("{0} x {1} x {2} in tiles of {3} of a GPU ({4}), about "
                        "{5} cycles",
                        typical.rows, typical.columns, typical.depth,
                        getText(choice.best), getName(choice.best.unit),
                        std::llround(choice.cycles));
  if (choice.runnerUp)
    remark << remark::add("; {0} would take {1:f1} % longer",
                          getText(*choice.runnerUp),
                          100 * (choice.runnerUpCycles / choice.cycles - 1));
}

namespace {
/// What an attribute says.
class Facts {
public:
  explicit Facts(Operation *op) : builder(op->getContext()) {}
  void add(StringRef name, int64_t value) {
    list.append(name, builder.getI64IntegerAttr(value));
  }
  void add(StringRef name, StringRef value) {
    list.append(name, builder.getStringAttr(value));
  }
  DictionaryAttr take() { return list.getDictionary(builder.getContext()); }

private:
  Builder builder;
  NamedAttrList list;
};
} // namespace

DictionaryAttr dlc::kernel::describeTile(ContractOp op,
                                         const BlockTileChoice &choice) {
  remarkOn(op, choice);
  Facts facts(op);
  ContractExtents typical(op);
  facts.add("m", typical.rows);
  facts.add("n", typical.columns);
  facts.add("k", typical.depth);
  facts.add("times", typical.batch);
  const BlockTile &tile = choice.best;
  facts.add("unit", getName(tile.unit));
  facts.add("rows", tile.rows);
  facts.add("columns", tile.columns);
  facts.add("depth", tile.depth);
  if (tile.unit == BlockTile::Tensor)
    facts.add("stages", tile.stages);
  facts.add("slices", tile.slices);
  facts.add("parts", tile.parts);
  facts.add("cycles", std::llround(choice.cycles));
  return facts.take();
}

DictionaryAttr dlc::kernel::describeTile(AttendOp op,
                                         const AttentionTile &tile) {
  AttentionExtents typical(op);
  startRemark(op) << remark::add(
      "attention of {0} queries to {1} keys in tiles of {2}x{3} of a GPU, {4} "
      "warps share the keys of a row",
      typical.rows, typical.keys, tile.getRows(), tile.getKeys(),
      tile.keyWarps);
  Facts facts(op);
  facts.add("unit", "attention");
  facts.add("queries", tile.getRows());
  facts.add("keys", tile.getKeys());
  facts.add("row_warps", tile.rowWarps);
  facts.add("key_warps", tile.keyWarps);
  return facts.take();
}
