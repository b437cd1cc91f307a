// SPDX-License-Identifier: Apache-2.0
// Convolutions, matrix products and pooling: shape rules.
#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Sizes.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dlc::graph;

/// Checks that \p bias, if any, has \p channels elements.
static LogicalResult checkBias(std::optional<Location> location, Value bias,
                               int64_t channels) {
  if (!bias)
    return success();
  auto type = getTensorType(bias);
  if (type.getRank() != 1 || !mayBeEqual(type.getDimSize(0), channels))
    return emitOptionalError(location, "requires a bias of ", channels,
                             " elements, but got ", type);
  return success();
}

/// The element type of the sums of a layer over \p input.
static Type getSumType(RankedTensorType input, bool isWide) {
  return isWide ? IntegerType::get(input.getContext(), 32)
                : input.getElementType();
}

/// Checks the element types of a layer: one, or those that `wide` is for.
template <typename Op>
static LogicalResult checkElements(Op op) {
  if (!op.getWide())
    return success(
        succeeded(OpTrait::impl::verifySameOperandsAndResultElementType(op)));
  auto isByte = [](Value value) {
    return getElementTypeOrSelf(value).isInteger(8);
  };
  bool isBiasWide =
      !op.getBias() || getElementTypeOrSelf(op.getBias()).isSignlessInteger(32);
  if (isByte(op.getInput()) && isByte(op.getFilter()) && isBiasWide)
    return success();
  return op.emitOpError("requires input and filter of 8-bit integers and a "
                        "bias of i32 for 'wide'");
}

/// Checks the attributes of a window over \p rank spatial dimensions.
static LogicalResult checkWindow(std::optional<Location> location, size_t rank,
                                 ArrayRef<ArrayRef<int64_t>> positive,
                                 ArrayRef<ArrayRef<int64_t>> notNegative) {
  for (ArrayRef<int64_t> values : positive)
    if (values.size() != rank ||
        llvm::any_of(values, [](int64_t value) { return value < 1; }))
      return emitOptionalError(location, "requires ", rank,
                               " positive kernel extents, strides and "
                               "dilations, one for each spatial dimension");
  for (ArrayRef<int64_t> values : notNegative)
    if (values.size() != rank ||
        llvm::any_of(values, [](int64_t value) { return value < 0; }))
      return emitOptionalError(location, "requires ", rank,
                               " paddings that are not negative, one for each "
                               "spatial dimension");
  return success();
}

/// Adds the type with \p layout, which may be null.
static LogicalResult addResult(std::optional<Location> location,
                               ArrayRef<int64_t> shape, Type element,
                               BlockedLayoutAttr layout,
                               SmallVectorImpl<Type> &types) {
  if (layout && layout.getHaloLow().size() + 2 != shape.size())
    return emitOptionalError(location, "requires a layout with ",
                             shape.size() - 2, " spatial dimensions");
  types.push_back(RankedTensorType::get(shape, element, layout));
  return success();
}

LogicalResult
ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                         ValueRange operands, DictionaryAttr attributes,
                         OpaqueProperties properties, RegionRange regions,
                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto input = getTensorType(op.getInput());
  auto filter = getTensorType(op.getFilter());
  if (input.getRank() < 3 || input.getRank() > 5 ||
      filter.getRank() != input.getRank())
    return emitOptionalError(location,
                             "requires input and filter of one rank "
                             "from 3 to 5, but got ",
                             input, " and ", filter);
  size_t rank = input.getRank() - 2;
  ArrayRef<int64_t> kernel = filter.getShape().drop_front(2);
  // C1
  if (failed(checkWindow(location, rank,
                         {kernel, op.getStrides(), op.getDilations()},
                         {op.getPadLow(), op.getPadHigh()})))
    return failure();
  // C2
  int64_t groups = op.getGroups(), channels = input.getDimSize(1);
  int64_t outChannels = filter.getDimSize(0);
  bool hasChannels = !input.isDynamicDim(1);
  if (groups < 1 || (hasChannels && channels % groups != 0) ||
      outChannels % groups != 0)
    return emitOptionalError(location, groups, " groups don't divide ",
                             channels, " input and ", outChannels,
                             " output channels");
  if (hasChannels && !mayBeEqual(filter.getDimSize(1), channels / groups))
    return emitOptionalError(location, "requires a filter for ",
                             channels / groups, " channels (input ", input,
                             ", groups ", groups, "), but got ", filter);
  if (failed(checkBias(location, op.getBias(), outChannels))) // C3
    return failure();
  SmallVector<int64_t> shape{input.getDimSize(0), outChannels};
  for (size_t i = 0; i < rank; ++i) {
    if (input.isDynamicDim(i + 2)) {
      shape.push_back(ShapedType::kDynamic);
      continue;
    }
    int64_t padded =
        input.getDimSize(i + 2) + op.getPadLow()[i] + op.getPadHigh()[i];
    int64_t span = multiplySizes({op.getDilations()[i], kernel[i] - 1}) + 1;
    // C4
    if (padded < span)
      return emitOptionalError(location, "kernel of ", filter,
                               " is larger than the padded input ", input);
    shape.push_back((padded - span) / op.getStrides()[i] + 1);
  }
  return addResult(location, shape, getSumType(input, op.getWide()),
                   op.getLayoutAttr(), types);
}

LogicalResult ConvOp::verify() {
  if (failed(checkElements(*this))) // C5
    return failure();
  // C6
  std::optional<int64_t> tile = getWinograd();
  if (!tile)
    return success();
  if (*tile != 2 && *tile != 4)
    return emitOpError("requires 'winograd' to be 2 or 4, but got ") << *tile;
  if (!canUseWinograd(*this, *tile))
    return emitOpError("requires a two-dimensional convolution of f32, 3 x 3 "
                       "or with tiles of 2 x 2 also 5 x 5, of stride and "
                       "dilation 1, with one group, for 'winograd'");
  return success();
}

int64_t ConvOp::getFlops() {
  auto filter = getTensorType(getFilter());
  int64_t products = ShapedType::getNumElements(filter.getShape().drop_front());
  int64_t elements = cast<RankedTensorType>(getType()).getNumElements();
  return elements * (2 * products + (getBias() ? 1 : 0));
}

LogicalResult
DeconvOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                           ValueRange operands, DictionaryAttr attributes,
                           OpaqueProperties properties, RegionRange regions,
                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto input = getTensorType(op.getInput());
  auto filter = getTensorType(op.getFilter());
  if (input.getRank() < 3 || input.getRank() > 5 ||
      filter.getRank() != input.getRank())
    return emitOptionalError(location,
                             "requires input and filter of one rank "
                             "from 3 to 5, but got ",
                             input, " and ", filter);
  size_t rank = input.getRank() - 2;
  ArrayRef<int64_t> kernel = filter.getShape().drop_front(2);
  // C1
  if (failed(checkWindow(
          location, rank, {kernel, op.getStrides(), op.getDilations()},
          {op.getPadLow(), op.getPadHigh(), op.getOutputPadding()})))
    return failure();
  // C2
  int64_t groups = op.getGroups(), channels = input.getDimSize(1);
  if (groups < 1 || (!input.isDynamicDim(1) && channels % groups != 0))
    return emitOptionalError(location, groups, " groups don't divide ",
                             channels, " input channels");
  if (!mayBeEqual(filter.getDimSize(0), channels))
    return emitOptionalError(location, "requires a filter for ", channels,
                             " channels, but got ", filter);
  int64_t outChannels = multiplySizes({filter.getDimSize(1), groups});
  if (failed(checkBias(location, op.getBias(), outChannels))) // C3
    return failure();
  SmallVector<int64_t> shape{input.getDimSize(0), outChannels};
  for (size_t i = 0; i < rank; ++i) {
    if (input.isDynamicDim(i + 2)) {
      shape.push_back(ShapedType::kDynamic);
      continue;
    }
    int64_t last =
        multiplySizes({op.getStrides()[i], input.getDimSize(i + 2) - 1});
    shape.push_back(
        last + multiplySizes({op.getDilations()[i], kernel[i] - 1}) + 1 -
        op.getPadLow()[i] - op.getPadHigh()[i] + op.getOutputPadding()[i]);
    // C4
    if (shape.back() < 1)
      return emitOptionalError(location, "padding leaves nothing of ", input);
  }
  return addResult(location, shape, input.getElementType(), op.getLayoutAttr(),
                   types);
}

int64_t DeconvOp::getFlops() {
  auto filter = getTensorType(getFilter());
  int64_t products = ShapedType::getNumElements(filter.getShape().drop_front());
  return 2 * getTensorType(getInput()).getNumElements() * products;
}

LogicalResult
DenseOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                          ValueRange operands, DictionaryAttr attributes,
                          OpaqueProperties properties, RegionRange regions,
                          SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto input = getTensorType(op.getInput());
  auto filter = getTensorType(op.getFilter());
  // C1
  if (input.getRank() < 1 || filter.getRank() != 2 ||
      !mayBeEqual(input.getShape().back(), filter.getDimSize(1)))
    return emitOptionalError(location,
                             "requires a filter [N, K] with K the "
                             "last extent of the input, but got ",
                             input, " and ", filter);
  if (failed(checkBias(location, op.getBias(), filter.getDimSize(0)))) // C2
    return failure();
  SmallVector<int64_t> shape(input.getShape());
  shape.back() = filter.getDimSize(0);
  types.push_back(
      RankedTensorType::get(shape, getSumType(input, op.getWide())));
  return success();
}

LogicalResult DenseOp::verify() { return checkElements(*this); } // C3

int64_t DenseOp::getFlops() {
  int64_t elements = cast<RankedTensorType>(getType()).getNumElements();
  return elements *
         (2 * getTensorType(getFilter()).getDimSize(1) + (getBias() ? 1 : 0));
}

LogicalResult
DotOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                        ValueRange operands, DictionaryAttr attributes,
                        OpaqueProperties properties, RegionRange regions,
                        SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto lhs = getTensorType(op.getLhs()), rhs = getTensorType(op.getRhs());
  SmallVector<int64_t> shape;
  // The dimensions of one side that are neither batch nor contracted.
  auto appendFree = [&](RankedTensorType type, ArrayRef<int64_t> batch,
                        ArrayRef<int64_t> contract) -> LogicalResult {
    llvm::SmallDenseSet<int64_t> used;
    for (int64_t dim : llvm::concat<const int64_t>(batch, contract)) {
      if (failed(checkAxis(location, dim, type))) // C1
        return failure();
      if (!used.insert(dim).second)
        return emitOptionalError(location, "uses dimension ", dim, " of ", type,
                                 " twice");
    }
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (!used.contains(i))
        shape.push_back(type.getDimSize(i));
    return success();
  };
  if (op.getLhsBatch().size() != op.getRhsBatch().size() ||
      op.getLhsContract().size() != op.getRhsContract().size())
    return emitOptionalError(location, "requires as many batch and contracted "
                                       "dimensions on both sides");
  for (int64_t dim : op.getLhsBatch())
    shape.push_back(dim < lhs.getRank() && dim >= 0 ? lhs.getDimSize(dim) : 0);
  if (failed(appendFree(lhs, op.getLhsBatch(), op.getLhsContract())) ||
      failed(appendFree(rhs, op.getRhsBatch(), op.getRhsContract())))
    return failure();
  // C2
  for (auto [left, right] : llvm::concat<std::tuple<int64_t, int64_t>>(
           llvm::to_vector(llvm::map_range(
               llvm::zip(op.getLhsBatch(), op.getRhsBatch()),
               [](auto pair) { return std::tuple<int64_t, int64_t>(pair); })),
           llvm::to_vector(llvm::map_range(
               llvm::zip(op.getLhsContract(), op.getRhsContract()),
               [](auto pair) { return std::tuple<int64_t, int64_t>(pair); }))))
    if (!mayBeEqual(lhs.getDimSize(left), rhs.getDimSize(right)))
      return emitOptionalError(location, "dimension ", left, " of ", lhs,
                               " does not match dimension ", right, " of ",
                               rhs);
  types.push_back(RankedTensorType::get(shape, lhs.getElementType()));
  return success();
}

int64_t DotOp::getFlops() {
  int64_t products = 1;
  for (int64_t dim : getLhsContract())
    products *= getTensorType(getLhs()).getDimSize(dim);
  return 2 * products * cast<RankedTensorType>(getType()).getNumElements();
}

LogicalResult
PoolOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                         ValueRange operands, DictionaryAttr attributes,
                         OpaqueProperties properties, RegionRange regions,
                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto input = getTensorType(op.getInput());
  if (input.getRank() < 3 || input.getRank() > 5)
    return emitOptionalError(location,
                             "requires an input of rank 3 to 5, but "
                             "got ",
                             input);
  size_t rank = input.getRank() - 2;
  // C1
  if (failed(checkWindow(location, rank, {op.getKernel(), op.getStrides()},
                         {op.getPadLow(), op.getPadHigh()})))
    return failure();
  SmallVector<int64_t> shape(input.getShape().take_front(2));
  for (size_t i = 0; i < rank; ++i) {
    if (input.isDynamicDim(i + 2)) {
      shape.push_back(ShapedType::kDynamic);
      continue;
    }
    int64_t padded =
        input.getDimSize(i + 2) + op.getPadLow()[i] + op.getPadHigh()[i];
    int64_t rest = padded - op.getKernel()[i], stride = op.getStrides()[i];
    // C2
    if (rest < 0)
      return emitOptionalError(location, "kernel extent ", op.getKernel()[i],
                               " is larger than the padded input ", input);
    shape.push_back(
        (op.getCeilMode() ? (rest + stride - 1) / stride : rest / stride) + 1);
  }
  types.push_back(
      RankedTensorType::get(shape, input.getElementType(), inferLayout(input)));
  return success();
}

int64_t PoolOp::getFlops() {
  int64_t window = 1;
  for (int64_t extent : getKernel())
    window *= extent;
  return window * cast<RankedTensorType>(getType()).getNumElements();
}

bool dlc::graph::canUseWinograd(ConvOp op, int64_t tile) {
  auto filter = getTensorType(op.getFilter());
  auto isOne = [](int64_t value) { return value == 1; };
  if (filter.getRank() != 4 || !filter.getElementType().isF32())
    return false;
  int64_t kernel = filter.getDimSize(2);
  return (kernel == 3 || (kernel == 5 && tile == 2)) &&
         filter.getDimSize(3) == kernel && op.getGroups() == 1 &&
         llvm::all_of(op.getStrides(), isOne) &&
         llvm::all_of(op.getDilations(), isOne);
}

int64_t dlc::graph::getJoinedGroups(ConvOp op) {
  int64_t groups = op.getGroups();
  ArrayRef<int64_t> filter = getTensorType(op.getFilter()).getShape();
  int64_t inChannels = filter[1], outChannels = filter[0] / groups;
  for (int64_t joined = 1; joined < groups; ++joined)
    if (groups % joined == 0 && joined * inChannels % kChannelBlock == 0 &&
        joined * outChannels % kChannelBlock == 0)
      return joined;
  return groups;
}

/// Groups that become one at most. All but one in so many products are with
/// zeros, which register tiles outweigh, and that what is around stays in
/// blocks; CPUs are slower with more.
static constexpr int64_t kMaxJoined = 4;

ConvolutionKind dlc::graph::getConvolutionKind(ConvOp op,
                                               bool hasConstantFilter) {
  auto input = getTensorType(op.getInput());
  auto filter = getTensorType(op.getFilter());
  bool hasTiles = input.getElementType().isF32() || op.getWide();
  if (input.getRank() < 4 || !hasTiles || !hasConstantFilter)
    return ConvolutionKind::Direct;
  if (op.getWinograd())
    return ConvolutionKind::Winograd;
  int64_t groups = op.getGroups();
  bool isDepthwise =
      groups > 1 && filter.getDimSize(1) == 1 && filter.getDimSize(0) == groups;
  if (isDepthwise)
    return ConvolutionKind::Depthwise;
  if (getJoinedGroups(op) <= kMaxJoined)
    return ConvolutionKind::Contraction;
  return ConvolutionKind::Direct;
}

/// Bytes of a filter that each row of a plane may read anew.
static constexpr int64_t kMaxRowFilterBytes = 256 << 10;
/// Bytes of the rows that a window of a pooling needs.
static constexpr int64_t kMaxRowBytes = 256 << 10;
/// Rows that are worth being tasks.
static constexpr int64_t kMinPooledRows = 4;

bool dlc::graph::mayHaveEmptyWindows(PoolOp pool) {
  for (size_t dim = 0; dim < pool.getKernel().size(); ++dim) {
    int64_t kernel = pool.getKernel()[dim];
    int64_t rounding = pool.getCeilMode() ? pool.getStrides()[dim] - 1 : 0;
    // How far behind the input the last window begins at most.
    int64_t behind = pool.getPadHigh()[dim] + rounding - kernel;
    if (pool.getPadLow()[dim] >= kernel || behind >= 0)
      return true;
  }
  return false;
}

/// Whether the windows of \p pool, of \p window x \p window elements, lie side
/// by side and within the input.
static bool hasSeparateWindows(PoolOp pool, int64_t window) {
  auto isWindow = [&](int64_t extent) { return extent == window; };
  auto isZero = [](int64_t pad) { return pad == 0; };
  ArrayRef<int64_t> input = getTensorType(pool.getInput()).getShape(),
                    result = getTensorType(pool.getResult()).getShape();
  return input.size() == 4 && window > 1 &&
         llvm::all_of(pool.getKernel(), isWindow) &&
         llvm::all_of(pool.getStrides(), isWindow) &&
         llvm::all_of(pool.getPadLow(), isZero) &&
         llvm::all_of(pool.getPadHigh(), isZero) &&
         result[2] * window <= input[2] && result[3] * window <= input[3];
}

ConvOp dlc::graph::getPooledConv(PoolOp pool) {
  int64_t window = pool.getKernel().front();
  if (!hasSeparateWindows(pool, window))
    return {};
  Value value = pool.getInput();
  while (value.hasOneUse() && value.getDefiningOp<ElementwiseOpInterface>() &&
         value.getDefiningOp()->getNumOperands() == 1)
    value = value.getDefiningOp()->getOperand(0);
  auto conv = value.getDefiningOp<ConvOp>();
  if (!conv || !conv->hasOneUse() || !getLayout(conv.getType()) ||
      conv.getWide())
    return {};
  auto output = getTensorType(conv.getResult()),
       filter = getTensorType(conv.getFilter());
  bool isConstant =
      isa_and_nonnull<ConstantOp>(conv.getFilter().getDefiningOp());
  switch (getConvolutionKind(conv, isConstant)) {
  case ConvolutionKind::Winograd:
    return *conv.getWinograd() % window == 0 ? conv : ConvOp();
  case ConvolutionKind::Contraction: {
    int64_t rows = getTensorType(pool.getResult()).getDimSize(2);
    bool isSmall = 4 * filter.getNumElements() <= kMaxRowFilterBytes &&
                   4 * window * output.getDimSize(3) * output.getDimSize(1) <=
                       kMaxRowBytes;
    bool fits = conv.getGroups() == 1 && isSmall && rows >= kMinPooledRows;
    return fits ? conv : ConvOp();
  }
  default:
    return {};
  }
}
