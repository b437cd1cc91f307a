// SPDX-License-Identifier: Apache-2.0
// Computes operators in the compiler, by kind.
#include "passes/graph/Evaluate.h"

#include "dialects/graph/Inference.h"
#include "passes/graph/ScalarEvaluator.h"

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace dlc::graph;

/// Elements that are computed at once.
static constexpr int64_t kChunk = 4096;

static RankedTensorType getResultType(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType());
}

static ElementFormat getFormat(RankedTensorType type) {
  return *ElementFormat::get(type.getElementType());
}

static SmallVector<int64_t> getRowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i)
    strides[i - 2] = strides[i - 1] * shape[i - 1];
  return strides;
}

//===----------------------------------------------------------------------===//
// Elementwise operators
//===----------------------------------------------------------------------===//

static Evaluation getElementwiseEvaluation(ElementwiseOpInterface op) {
  auto types = llvm::map_to_vector(op->getOperandTypes(), [](Type type) {
    return getElementTypeOrSelf(type);
  });
  std::optional<ScalarEvaluator> evaluator = ScalarEvaluator::get(
      op->getContext(), types, [&](OpBuilder &b, ValueRange args) {
        return buildElement(op, b, op->getLoc(), args);
      });
  if (!evaluator)
    return nullptr;
  ElementFormat format = getFormat(getResultType(op));
  return [evaluator = std::move(*evaluator), format](
             ArrayRef<ConstantData> operands, MutableArrayRef<char> result) {
    std::vector<std::vector<Scalar>> arguments(operands.size(),
                                               std::vector<Scalar>(kChunk));
    auto pointers = llvm::map_to_vector(
        arguments, [](auto &x) { return (const Scalar *)x.data(); });
    std::vector<Scalar> values(kChunk);
    int64_t end = result.size() / format.getSizeBytes();
    for (int64_t begin = 0; begin < end; begin += kChunk) {
      int64_t count = std::min(kChunk, end - begin);
      for (auto [argument, operand] : llvm::zip(arguments, operands))
        operand.load(begin, count, argument.data());
      evaluator.run(pointers, count, values.data());
      format.store(values.data(), count,
                   result.data() + begin * format.getSizeBytes());
    }
  };
}

static Evaluation getIotaEvaluation(IotaOp op) {
  RankedTensorType type = getResultType(op);
  int64_t stride = getRowMajorStrides(type.getShape())[op.getDim()];
  int64_t extent = type.getDimSize(op.getDim());
  double start = op.getStart().convertToDouble();
  double step = op.getStep().convertToDouble();
  return [=](ArrayRef<ConstantData>, MutableArrayRef<char> result) {
    ElementFormat format = getFormat(type);
    for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
      double number = start + step * double(i / stride % extent);
      Scalar value;
      if (format.isFloat())
        value.f = number;
      else
        value.i = int64_t(number);
      format.store(&value, 1, result.data() + i * format.getSizeBytes());
    }
  };
}

//===----------------------------------------------------------------------===//
// Movements
//===----------------------------------------------------------------------===//

namespace {
/// Where elements of a block come from and go to: bytes from `source` on.
struct Copy {
  SmallVector<int64_t> shape;
  SmallVector<int64_t> fromStrides, toStrides; // in elements
  int64_t from = 0, to = 0;
};
} // namespace

/// Copies elements of \p size bytes; recurses over dimensions.
static void run(const Copy &copy, const char *from, char *to, int64_t size,
                size_t dim = 0) {
  if (dim == copy.shape.size()) {
    std::memcpy(to, from, size);
    return;
  }
  int64_t fromStride = copy.fromStrides[dim] * size;
  int64_t toStride = copy.toStrides[dim] * size;
  bool isRun =
      dim + 1 == copy.shape.size() && fromStride == size && toStride == size;
  if (isRun) {
    std::memcpy(to, from, copy.shape[dim] * size);
    return;
  }
  for (int64_t i = 0; i < copy.shape[dim]; ++i)
    run(copy, from + i * fromStride, to + i * toStride, size, dim + 1);
}

static void run(const Copy &copy, const ConstantData &source,
                MutableArrayRef<char> result) {
  int64_t size = source.getFormat().getSizeBytes();
  Copy adjusted = copy;
  if (source.isSplat()) { // one element serves for all
    adjusted.from = 0;
    llvm::fill(adjusted.fromStrides, 0);
  }
  run(adjusted, source.getBytes().data() + adjusted.from * size,
      result.data() + adjusted.to * size, size);
}

/// The copy that \p op is if the place that an element comes from is linear in
/// its indices.
static std::optional<Copy> getCopy(MovementOpInterface op) {
  RankedTensorType type = getResultType(op);
  MLIRContext *context = op->getContext();
  SmallVector<AffineExpr> dims;
  for (int64_t i = 0; i < type.getRank(); ++i)
    dims.push_back(getAffineDimExpr(i, context));
  auto source = getTensorType(op->getOperand(0));
  SmallVector<int64_t> strides = getRowMajorStrides(source.getShape());
  AffineExpr linear = getAffineConstantExpr(0, context);
  for (auto [index, stride] : llvm::zip_equal(op.mapIndices(dims), strides)) {
    bool isLinear = true;
    index.walk([&](AffineExpr expr) {
      isLinear &= expr.getKind() != AffineExprKind::Mod &&
                  expr.getKind() != AffineExprKind::FloorDiv &&
                  expr.getKind() != AffineExprKind::CeilDiv;
    });
    if (!isLinear)
      return std::nullopt;
    linear = linear + index * stride;
  }
  auto map = AffineMap::get(type.getRank(), 0, linear);
  auto evaluate = [&](ArrayRef<int64_t> indices) {
    auto constants = llvm::map_to_vector(indices, [&](int64_t i) -> Attribute {
      return IntegerAttr::get(IndexType::get(context), i);
    });
    SmallVector<Attribute> results;
    (void)map.constantFold(constants, results);
    return cast<IntegerAttr>(results.front()).getInt();
  };
  Copy copy{SmallVector<int64_t>(type.getShape()),
            {},
            getRowMajorStrides(type.getShape())};
  SmallVector<int64_t> indices(type.getRank(), 0);
  copy.from = evaluate(indices);
  for (int64_t i = 0; i < type.getRank(); ++i) {
    indices[i] = 1;
    copy.fromStrides.push_back(evaluate(indices) - copy.from);
    indices[i] = 0;
  }
  return copy;
}

static Evaluation getMovementEvaluation(MovementOpInterface op) {
  std::optional<Copy> copy = getCopy(op);
  if (!copy)
    return nullptr;
  return [copy = *copy](ArrayRef<ConstantData> operands,
                        MutableArrayRef<char> result) {
    run(copy, operands[0], result);
  };
}

/// The copy of a whole tensor of \p shape into one of \p type at \p place.
static Copy getInsertion(ArrayRef<int64_t> shape, RankedTensorType type,
                         ArrayRef<int64_t> place) {
  Copy copy{SmallVector<int64_t>(shape), getRowMajorStrides(shape),
            getRowMajorStrides(type.getShape())};
  for (auto [index, stride] : llvm::zip_equal(place, copy.toStrides))
    copy.to += index * stride;
  return copy;
}

static Evaluation getConcatEvaluation(ConcatOp op) {
  RankedTensorType type = getResultType(op);
  int64_t axis = op.getAxis();
  return [=](ArrayRef<ConstantData> operands, MutableArrayRef<char> result) {
    SmallVector<int64_t> place(type.getRank(), 0);
    for (const ConstantData &operand : operands) {
      ArrayRef<int64_t> shape = operand.getType().getShape();
      run(getInsertion(shape, type, place), operand, result);
      place[axis] += shape[axis];
    }
  };
}

static Evaluation getPadEvaluation(PadOp op) {
  if (op.getMode() != PadMode::Constant)
    return nullptr;
  RankedTensorType type = getResultType(op);
  SmallVector<int64_t> low(op.getLow());
  double border = op.getValue().convertToDouble();
  return [=](ArrayRef<ConstantData> operands, MutableArrayRef<char> result) {
    ElementFormat format = getFormat(type);
    Scalar value;
    if (format.isFloat())
      value.f = border;
    else
      value.i = int64_t(border);
    for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
      format.store(&value, 1, result.data() + i * format.getSizeBytes());
    run(getInsertion(operands[0].getType().getShape(), type, low), operands[0],
        result);
  };
}

/// \p index brought into [0, extent).
static int64_t normalizeIndex(int64_t index, int64_t extent, IndexMode mode) {
  if (mode == IndexMode::Clip)
    return std::clamp<int64_t>(index, 0, extent - 1);
  index %= extent;
  return index < 0 ? index + extent : index;
}

static Evaluation getGatherEvaluation(GatherOp op) {
  IndexMode mode = op.getMode();
  int64_t axis = op.getAxis();
  if (getTensorType(op.getData()).getDimSize(axis) == 0)
    return nullptr;
  return [=](ArrayRef<ConstantData> operands, MutableArrayRef<char> result) {
    const ConstantData &data = operands[0], &indices = operands[1];
    ArrayRef<int64_t> shape = data.getType().getShape();
    int64_t extent = shape[axis];
    int64_t outer = ShapedType::getNumElements(shape.take_front(axis));
    int64_t inner = ShapedType::getNumElements(shape.drop_front(axis + 1));
    int64_t size = data.getFormat().getSizeBytes();
    Copy row{{inner}, {1}, {1}};
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t j = 0; j < indices.getType().getNumElements(); ++j) {
        Scalar scalar = indices.load(j);
        int64_t index =
            indices.getFormat().isFloat() ? int64_t(scalar.f) : scalar.i;
        row.from = (i * extent + normalizeIndex(index, extent, mode)) * inner;
        run(row, data, result);
        result = result.drop_front(inner * size);
      }
  };
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// What a reduction begins with.
static Scalar getInit(Combiner combiner, bool isFloat) {
  auto make = [&](double number, int64_t integer) {
    Scalar result;
    if (isFloat)
      result.f = number;
    else
      result.i = integer;
    return result;
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  using Limits = std::numeric_limits<int64_t>;
  switch (combiner) {
  case Combiner::Add:
    return make(0, 0);
  case Combiner::Mul:
    return make(1, 1);
  case Combiner::Max:
    return make(-infinity, Limits::min());
  case Combiner::Min:
    return make(infinity, Limits::max());
  }
  llvm_unreachable("unknown combiner");
}

/// Combines \p value into \p accumulator.
template <typename T>
static void combine(Combiner combiner, T &accumulator, T value) {
  switch (combiner) {
  case Combiner::Add:
    accumulator = std::is_integral_v<T>
                      ? T(uint64_t(accumulator) + uint64_t(value))
                      : accumulator + value;
    return;
  case Combiner::Mul:
    accumulator = std::is_integral_v<T>
                      ? T(uint64_t(accumulator) * uint64_t(value))
                      : accumulator * value;
    return;
  case Combiner::Max: // NaN stays
    accumulator = accumulator >= value || accumulator != accumulator
                      ? accumulator
                      : value;
    return;
  case Combiner::Min:
    accumulator = accumulator <= value || accumulator != accumulator
                      ? accumulator
                      : value;
    return;
  }
}

/// Strides of the result of \p op for the dimensions of its input.
static SmallVector<int64_t> getResultStrides(ReductionOpInterface op) {
  ArrayRef<int64_t> shape = getTensorType(op->getOperand(0)).getShape();
  SmallVector<int64_t> axes = op.getReducedAxes();
  SmallVector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (int64_t i = shape.size() - 1; i >= 0; --i)
    if (!llvm::is_contained(axes, i)) {
      strides[i] = stride;
      stride *= shape[i];
    }
  return strides;
}

static Evaluation getReductionEvaluation(ReductionOpInterface op) {
  RankedTensorType input = getTensorType(op->getOperand(0));
  RankedTensorType type = getResultType(op);
  int64_t count = 1;
  for (int64_t axis : op.getReducedAxes())
    count *= input.getDimSize(axis);
  Type element = input.getElementType();
  std::optional<ScalarEvaluator> inner = ScalarEvaluator::get(
      op->getContext(), element, [&](OpBuilder &b, ValueRange args) {
        return op.buildInner(b, op->getLoc(), args[0]);
      });
  std::optional<ScalarEvaluator> last = ScalarEvaluator::get(
      op->getContext(), element, [&](OpBuilder &b, ValueRange args) {
        return op.buildFinal(b, op->getLoc(), args[0], count);
      });
  if (!inner || !last)
    return nullptr;
  auto strides = getResultStrides(op);
  Combiner combiner = op.getCombiner();
  return [=](ArrayRef<ConstantData> operands, MutableArrayRef<char> result) {
    ElementFormat format = getFormat(type);
    std::vector<Scalar> sums(type.getNumElements(),
                             getInit(combiner, format.isFloat()));
    auto places = getRowMajorStrides(input.getShape());
    std::vector<Scalar> chunk(kChunk);
    for (int64_t begin = 0, end = input.getNumElements(); begin < end;
         begin += kChunk) {
      int64_t size = std::min(kChunk, end - begin);
      operands[0].load(begin, size, chunk.data());
      inner->run(chunk.data(), size, chunk.data());
      for (int64_t i = 0; i < size; ++i) {
        int64_t target = 0;
        for (auto [place, extent, stride] :
             llvm::zip(places, input.getShape(), strides))
          target += (begin + i) / place % extent * stride;
        if (format.isFloat())
          combine(combiner, sums[target].f, chunk[i].f);
        else
          combine(combiner, sums[target].i, chunk[i].i);
      }
    }
    format.round(sums);
    last->run(sums.data(), sums.size(), sums.data());
    format.store(sums.data(), sums.size(), result.data());
  };
}

Evaluation dlc::graph::getEvaluation(Operation *op) {
  auto isKnown = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && !tensor.getEncoding() &&
           ElementFormat::get(tensor.getElementType());
  };
  if (op->getNumResults() != 1 || !isKnown(op->getResult(0).getType()) ||
      !llvm::all_of(op->getOperandTypes(), isKnown))
    return nullptr;
  return llvm::TypeSwitch<Operation *, Evaluation>(op)
      .Case<ElementwiseOpInterface>(getElementwiseEvaluation)
      .Case<MovementOpInterface>(getMovementEvaluation)
      .Case<ReductionOpInterface>(getReductionEvaluation)
      .Case<IotaOp>(getIotaEvaluation)
      .Case<ConcatOp>(getConcatEvaluation)
      .Case<PadOp>(getPadEvaluation)
      .Case<GatherOp>(getGatherEvaluation)
      .Default([](Operation *) { return nullptr; });
}
