// SPDX-License-Identifier: Apache-2.0
// What was chosen for a contraction and why, for reports.
#include "passes/kernel/ContractLowering.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace dlc::kernel;

/// What a schedule that is given decides, in words.
std::string ContractLowering::getGivenText() {
  std::string text =
      llvm::formatv("{0}x{1}", tile.rows, tile.panels * ContractOp::kPanel);
  auto add = [&](StringRef what, int64_t size) {
    if (size)
      text += llvm::formatv(", {0} {1}", what, size).str();
  };
  add("depth", given.getDepth());
  add("columns of a task", given.getTaskColumns());
  add("rows of a strip", given.getStripRows());
  return text;
}

/// Tells a report the same in words.
void ContractLowering::remarkOn(const TileChoice &choice) {
  auto kernel = op->getParentOfType<FuncOp>();
  const RegisterTile &tile = choice.best.tile;
  auto remark =
      remark::passed(loc, remark::RemarkOpts::name("tile")
                              .category("schedule")
                              .function(kernel ? kernel.getSymName() : ""));
  remark << remark::add("{0} x {1} x {2} in tiles of {3}x{4}, bound by {5}",
                        int64_t(op.getM()), int64_t(op.getN()), op.getKTotal(),
                        tile.rows, tile.panels * ContractOp::kPanel,
                        getName(choice.best.bound));
  if (given) {
    remark << remark::add("; tuned: {0} instead of {1}x{2}", getGivenText(),
                          choice.runnerUp->tile.rows,
                          choice.runnerUp->tile.panels * ContractOp::kPanel);
    if (int64_t percent = given.getPercent())
      remark << remark::add(", {0:f2} times as fast",
                            1 + double(percent) / 100);
  } else if (choice.runnerUp) {
    remark << remark::add(
        "; {0}x{1} would take {2:f1} % longer", choice.runnerUp->tile.rows,
        choice.runnerUp->tile.panels * ContractOp::kPanel,
        100 * (choice.runnerUp->cycles / choice.best.cycles - 1));
  }
}

/// The tile, the loops around it and the estimate that they were chosen by.
DictionaryAttr ContractLowering::describe(const TileChoice &choice) {
  NamedAttrList facts;
  auto add = [&](StringRef name, int64_t value) {
    facts.append(name, builder.getI64IntegerAttr(value));
  };
  int64_t times = 1;
  for (int64_t extent : op.getBatch())
    times *= extent;
  auto addTile = [&](const std::string &prefix, const TileEstimate &estimate) {
    add(prefix + "rows", estimate.tile.rows);
    add(prefix + "columns", estimate.tile.panels * ContractOp::kPanel);
    add(prefix + "cycles", std::llround(estimate.cycles * double(times)));
    facts.append(prefix + "bound",
                 builder.getStringAttr(getName(estimate.bound)));
  };
  add("m", op.getM());
  add("n", op.getN());
  add("k", op.getKTotal());
  add("times", times);
  add("groups", numGroups);
  add("row_tiles", numRowTiles);
  add("depth_blocks", numDepthBlocks);
  add("tasks", getNumTasks());
  addTile("", choice.best);
  if (choice.runnerUp)
    addTile("runner_up_", *choice.runnerUp);
  remarkOn(choice);
  return facts.getDictionary(op.getContext());
}
