// SPDX-License-Identifier: Apache-2.0
// Kernels that a library for matrix products can compute.
#include "passes/gpu/PlainProduct.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "passes/kernel/BodyEmitter.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::kernel;

namespace {
/// What grows by how many elements for each step in a dimension.
struct Axis {
  int64_t extent, stride;
};

/// A matrix in a buffer, as the contraction has it.
struct Matrix {
  int64_t operand;
  SmallVector<Axis> batch;
  Axis rows, columns;
};

/// Matches one kernel.
class ProductMatcher {
public:
  ProductMatcher(FuncOp kernel, StringRef precision)
      : kernel(kernel), precision(precision) {}

  PlainProduct run();

private:
  bool fail(const Twine &why) {
    reason = why.str();
    return false;
  }
  bool matchBody();
  bool matchTypes();
  std::optional<int64_t> getOperand(Value buffer);
  bool getStrides(AffineExpr offset, unsigned numDims,
                  SmallVectorImpl<int64_t> &strides);
  std::optional<Axis> getColumns(ArrayRef<int64_t> strides);
  bool matchLhs();
  bool matchRhs();
  std::optional<Matrix> matchResult(Value buffer, AffineMap map);
  bool matchEpilogue();
  Value dropRelu(Value value);
  bool matchAddend(Value value);
  bool matchLoad(LoadOp load);
  bool collapseBatch();
  device::GemmAttr makeGemm();
  device::MatrixAttr makeMatrix(const Matrix &matrix, bool &isGood);

  FuncOp kernel;
  StringRef precision;
  ContractOp op;
  std::string reason;

  Matrix lhs, rhs, out;
  std::optional<Matrix> added;
  std::optional<int64_t> bias;
  FloatAttr scale, addedScale;
  bool isProductSeen = false, hasRelu = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// The contraction
//===----------------------------------------------------------------------===//

bool ProductMatcher::matchBody() {
  for (Operation &inner : kernel.getBody().front()) {
    auto contract = dyn_cast<ContractOp>(inner);
    if (!contract && isMemoryEffectFree(&inner))
      continue;
    if (!contract || op)
      return fail("it does more than one product");
    op = contract;
  }
  if (!op || kernel.getNumOutputs() != 1)
    return fail("it is no product");
  if (op.getKTail() || op.getWholePanels() || !op.getSymbols().empty())
    return fail("its operands are in blocks");
  return true;
}

bool ProductMatcher::matchTypes() {
  Type type = cast<MemRefType>(op.getLhs().getType()).getElementType();
  auto isSame = [&](Value buffer) {
    return cast<MemRefType>(buffer.getType()).getElementType() == type;
  };
  if (!type.isF32() && !type.isF64())
    return fail("its elements are neither f32 nor f64");
  if (!isSame(op.getRhs()) || !isSame(op.getOut()) ||
      op.getEpilogue().getArguments().back().getType() != type)
    return fail("its operands are of several types");
  return true;
}

std::optional<int64_t> ProductMatcher::getOperand(Value buffer) {
  auto argument = dyn_cast<BlockArgument>(buffer);
  if (!argument || argument.getOwner() != &kernel.getBody().front())
    return std::nullopt;
  return argument.getArgNumber();
}

/// The strides of \p offset in its dimensions, where it is a sum of them.
bool ProductMatcher::getStrides(AffineExpr offset, unsigned numDims,
                                SmallVectorImpl<int64_t> &strides) {
  SmallVector<AffineExpr> zeros(numDims,
                                getAffineConstantExpr(0, offset.getContext()));
  auto first =
      dyn_cast<AffineConstantExpr>(offset.replaceDimsAndSymbols(zeros, {}));
  if (!first || first.getValue() != 0)
    return false;
  for (unsigned i = 0; i < numDims; ++i) {
    auto stride = BodyEmitter::getStride(offset, i, numDims);
    if (!stride || *stride < 0)
      return false;
    strides.push_back(*stride);
  }
  return true;
}

/// The columns, of which \p strides end in those of panels and lanes.
std::optional<Axis> ProductMatcher::getColumns(ArrayRef<int64_t> strides) {
  int64_t panel = strides[strides.size() - 2], lane = strides.back();
  if (op.getNumPanels() > 1 && panel != lane * ContractOp::kPanel)
    return std::nullopt;
  return Axis{int64_t(op.getN()), lane};
}

/// Adds the axis \p outer around \p axis, where both make up one.
static bool join(Axis outer, Axis &axis) {
  if (outer.extent == 1)
    return true;
  if (axis.extent != 1 && outer.stride != axis.extent * axis.stride)
    return false;
  axis = {outer.extent * axis.extent,
          axis.extent == 1 ? outer.stride : axis.stride};
  return true;
}

/// The steps of k, whose extents are \p extents, as one axis.
static std::optional<Axis> joinSteps(ArrayRef<int64_t> extents,
                                     ArrayRef<int64_t> strides) {
  Axis axis = {1, 1};
  for (auto [extent, stride] :
       llvm::zip(llvm::reverse(extents), llvm::reverse(strides)))
    if (!join({extent, stride}, axis))
      return std::nullopt;
  return axis;
}

static SmallVector<Axis> getBatch(ContractOp op, ArrayRef<int64_t> strides) {
  SmallVector<Axis> batch;
  for (auto [extent, stride] : llvm::zip(op.getBatch(), strides))
    batch.push_back({extent, stride});
  return batch;
}

bool ProductMatcher::matchLhs() {
  std::optional<int64_t> operand = getOperand(op.getLhs());
  SmallVector<int64_t> strides;
  AffineMap map = op.getLhsMap();
  AffineExpr offset =
      BodyEmitter::linearize(cast<MemRefType>(op.getLhs().getType()), map);
  if (!operand || !getStrides(offset, map.getNumDims(), strides))
    return fail("its rows don't lie at equal distances");
  unsigned numBatch = op.getBatch().size();
  auto steps = joinSteps(op.getK(), ArrayRef(strides).drop_front(numBatch + 1));
  if (!steps)
    return fail("its rows aren't of elements at equal distances");
  lhs = {*operand,
         getBatch(op, strides),
         {int64_t(op.getM()), strides[numBatch]},
         *steps};
  return true;
}

bool ProductMatcher::matchRhs() {
  std::optional<int64_t> operand = getOperand(op.getRhs());
  auto type = cast<MemRefType>(op.getRhs().getType());
  AffineMap map = op.getRhsMap();
  if (op.getPacked()) {
    int64_t shape[] = {op.getNumPanels(), op.getKTotal(), ContractOp::kPanel};
    if (!operand || !op.getBatch().empty() || !map.isIdentity() ||
        type.getShape() != ArrayRef(shape))
      return fail("its columns are in blocks");
    rhs = {*operand,
           {},
           {op.getKTotal(), 1},
           {int64_t(op.getN()), op.getKTotal()}};
    return true;
  }
  SmallVector<int64_t> strides;
  AffineExpr offset = BodyEmitter::linearize(type, map);
  if (!operand || !getStrides(offset, map.getNumDims(), strides))
    return fail("its columns don't lie at equal distances");
  unsigned numBatch = op.getBatch().size();
  auto steps =
      joinSteps(op.getK(), ArrayRef(strides).slice(numBatch, op.getK().size()));
  auto columns = getColumns(strides);
  if (!steps || !columns)
    return fail("its columns aren't of elements at equal distances");
  rhs = {*operand, getBatch(op, strides), *steps, *columns};
  return true;
}

/// \p map of \p buffer as that of a matrix with the result's rows and columns.
std::optional<Matrix> ProductMatcher::matchResult(Value buffer, AffineMap map) {
  std::optional<int64_t> operand = getOperand(buffer);
  SmallVector<int64_t> strides;
  AffineExpr offset =
      BodyEmitter::linearize(cast<MemRefType>(buffer.getType()), map);
  if (!operand || !getStrides(offset, map.getNumDims(), strides))
    return std::nullopt;
  auto columns = getColumns(strides);
  if (!columns)
    return std::nullopt;
  return Matrix{*operand,
                getBatch(op, strides),
                {int64_t(op.getM()), strides[op.getBatch().size()]},
                *columns};
}

//===----------------------------------------------------------------------===//
// The epilogue
//===----------------------------------------------------------------------===//

/// What \p value is the relu of, as graph::scalar::relu emits it; else itself.
Value ProductMatcher::dropRelu(Value value) {
  auto choice = value.getDefiningOp<arith::SelectOp>();
  auto compare =
      choice ? choice.getCondition().getDefiningOp<arith::CmpFOp>() : nullptr;
  Value inner;
  if (compare && compare.getPredicate() == arith::CmpFPredicate::OGT &&
      matchPattern(compare.getLhs(), m_AnyZeroFloat()) &&
      matchPattern(choice.getTrueValue(), m_AnyZeroFloat()) &&
      compare.getRhs() == choice.getFalseValue())
    inner = choice.getFalseValue();
  else if (auto maximum = value.getDefiningOp<arith::MaximumFOp>())
    for (auto [zero, other] : {std::pair(maximum.getLhs(), maximum.getRhs()),
                               std::pair(maximum.getRhs(), maximum.getLhs())})
      if (!inner && matchPattern(zero, m_AnyZeroFloat()))
        inner = other;
  hasRelu = bool(inner);
  return inner ? inner : value;
}

bool ProductMatcher::matchLoad(LoadOp load) {
  // Subscripts as expressions of the epilogue's arguments.
  Block &body = op.getEpilogue().front();
  unsigned numDims = body.getNumArguments() - 1;
  SmallVector<AffineExpr> dims;
  for (Value index : load.getIndices()) {
    auto argument = dyn_cast<BlockArgument>(index);
    if (!argument || argument.getOwner() != &body)
      return false;
    dims.push_back(getAffineDimExpr(argument.getArgNumber(), op.getContext()));
  }
  AffineMap map = load.getMap().replaceDimsAndSymbols(dims, {}, numDims, 0);
  auto matrix = matchResult(load.getMemref(), map);
  if (!matrix)
    return false;
  auto isFixed = [](Axis axis) { return axis.extent == 1 || !axis.stride; };
  if (!bias && isFixed(matrix->rows) && llvm::all_of(matrix->batch, isFixed) &&
      (matrix->columns.stride == 1 || matrix->columns.extent == 1)) {
    bias = matrix->operand;
    return true;
  }
  if (added)
    return false;
  added = matrix;
  return true;
}

/// Takes apart the sum \p value: of the product, once, a bias and a matrix.
bool ProductMatcher::matchAddend(Value value) {
  if (auto sum = value.getDefiningOp<arith::AddFOp>())
    return matchAddend(sum.getLhs()) && matchAddend(sum.getRhs());
  if (auto load = value.getDefiningOp<LoadOp>())
    return matchLoad(load);
  FloatAttr factor;
  if (auto product = value.getDefiningOp<arith::MulFOp>())
    for (auto [constant, other] :
         {std::pair(product.getLhs(), product.getRhs()),
          std::pair(product.getRhs(), product.getLhs())})
      if (!factor && matchPattern(constant, m_Constant(&factor)))
        value = other;
  if (auto load = value.getDefiningOp<LoadOp>()) {
    // The library's bias has no factor.
    addedScale = factor;
    return !added && matchLoad(load) && added;
  }
  if (isProductSeen || value != op.getEpilogue().getArguments().back())
    return false;
  scale = factor;
  isProductSeen = true;
  return true;
}

bool ProductMatcher::matchEpilogue() {
  auto yield = cast<YieldOp>(op.getEpilogue().front().back());
  if (!matchAddend(dropRelu(yield.getValue())) || !isProductSeen)
    return fail("the library has no such epilogue");
  // A bias has an element for each row of the library's column-major result.
  if (bias && out.columns.stride != 1 && out.columns.extent != 1)
    return fail("its bias is not one of the library");
  return true;
}

//===----------------------------------------------------------------------===//
// The library's form
//===----------------------------------------------------------------------===//

/// Makes one batch of several.
bool ProductMatcher::collapseBatch() {
  SmallVector<Matrix *> matrices = {&lhs, &rhs, &out};
  if (added)
    matrices.push_back(&*added);
  for (Matrix *matrix : matrices) {
    Axis axis = {1, 0};
    bool isShared = llvm::all_of(matrix->batch, [](Axis batch) {
      return batch.extent == 1 || batch.stride == 0;
    });
    if (isShared)
      axis.extent = 0; // fits any
    for (Axis outer : llvm::reverse(matrix->batch))
      if (!isShared && !join(outer, axis))
        return fail("its batch isn't of matrices at equal distances");
    matrix->batch.assign({axis});
  }
  return true;
}

/// \p matrix in column-major order, where it has one unit stride at least.
device::MatrixAttr ProductMatcher::makeMatrix(const Matrix &matrix,
                                              bool &isGood) {
  auto isUnit = [](Axis axis) { return axis.stride == 1 || axis.extent == 1; };
  auto leads = [](Axis axis, Axis inner) {
    return axis.extent == 1 || axis.stride >= inner.extent;
  };
  // One row or column has no distance to the next.
  auto getLeading = [](Axis axis, Axis inner) {
    return axis.extent == 1 ? inner.extent : axis.stride;
  };
  bool isPlain = isUnit(matrix.rows) && leads(matrix.columns, matrix.rows);
  Axis inner = isPlain ? matrix.rows : matrix.columns;
  Axis outer = isPlain ? matrix.columns : matrix.rows;
  if (!isPlain && !(isUnit(inner) && leads(outer, inner))) {
    isGood = fail("a matrix has neither rows nor columns side by side");
    return {};
  }
  return device::MatrixAttr::get(op.getContext(), matrix.operand,
                                 getLeading(outer, inner),
                                 matrix.batch.front().stride, !isPlain);
}

/// \p matrix with rows and columns exchanged.
static Matrix transpose(Matrix matrix) {
  std::swap(matrix.rows, matrix.columns);
  return matrix;
}

/// The library writes columns: of the result's transpose, where the elements of
/// its rows are side by side, or of the result itself.
device::GemmAttr ProductMatcher::makeGemm() {
  bool isSwapped = out.columns.stride == 1 || out.columns.extent == 1;
  auto orient = [&](const Matrix &matrix) {
    return isSwapped ? transpose(matrix) : matrix;
  };
  Matrix result = orient(out);
  bool isGood = true;
  device::MatrixAttr a = makeMatrix(orient(isSwapped ? rhs : lhs), isGood),
                     b = makeMatrix(orient(isSwapped ? lhs : rhs), isGood),
                     d = makeMatrix(result, isGood), c;
  if (added)
    c = makeMatrix(orient(*added), isGood);
  if (!isGood)
    return {};
  if (d.getTransposed() || (c && c.getTransposed())) {
    fail("its result has no columns side by side");
    return {};
  }
  MLIRContext *context = op.getContext();
  bool isDouble =
      cast<MemRefType>(op.getLhs().getType()).getElementType().isF64();
  int64_t batch = computeProduct(op.getBatch());
  // The library counts so many at most.
  if (std::max({batch, out.rows.extent, out.columns.extent,
                lhs.columns.extent}) > INT32_MAX) {
    fail("it is too large");
    return {};
  }
  return device::GemmAttr::get(
      context, result.rows.extent, result.columns.extent, lhs.columns.extent,
      batch, a, b, c, d, bias.value_or(-1), hasRelu, scale, addedScale,
      StringAttr::get(context, isDouble ? "float64" : precision),
      /*alignment=*/16, /*required=*/false);
}

PlainProduct ProductMatcher::run() {
  PlainProduct product;
  bool isGood = matchBody();
  product.contract = op;
  isGood = isGood && matchTypes() && matchLhs() && matchRhs();
  if (isGood) {
    auto result = matchResult(op.getOut(), op.getOutMap());
    if (result)
      out = *result;
    else
      isGood = fail("its result is no matrix");
  }
  if (isGood && matchEpilogue() && collapseBatch())
    product.gemm = makeGemm();
  product.reason = reason;
  return product;
}

PlainProduct dlc::kernel::matchProduct(FuncOp kernel, StringRef precision) {
  return ProductMatcher(kernel, precision).run();
}

void dlc::kernel::readUnpackedRows(ContractOp contract) {
  MLIRContext *context = contract.getContext();
  unsigned numK = contract.getK().size();
  AffineExpr step = getAffineConstantExpr(0, context);
  for (auto [i, extent] : llvm::enumerate(contract.getK()))
    step = step * extent + getAffineDimExpr(i, context);
  AffineExpr column = getAffineDimExpr(numK, context) * ContractOp::kPanel +
                      getAffineDimExpr(numK + 1, context);
  contract.setRhsMap(AffineMap::get(numK + 2, 0, {column, step}, context));
  contract.setPacked(false);
  cast<BlockArgument>(contract.getRhs())
      .setType(MemRefType::get(
          {int64_t(contract.getN()), contract.getKTotal()},
          cast<MemRefType>(contract.getRhs().getType()).getElementType()));
}
