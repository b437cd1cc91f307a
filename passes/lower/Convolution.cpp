// SPDX-License-Identifier: Apache-2.0
// Lowers convolutions: as contractions, channel by channel, or directly.
#include "passes/lower/ContractBuilder.h"
#include "passes/lower/PackConstants.h"
#include "passes/lower/PooledConvolution.h"
#include "passes/lower/Winograd.h"

#include "dialects/graph/ConvolutionKind.h"
#include "dialects/graph/Inference.h"
#include "dialects/graph/Layout.h"
#include "dialects/graph/Scalar.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::lower;
namespace scalar = dlc::graph::scalar;

using graph::ConvolutionKind;
using graph::getTensorType;
using graph::kChannelBlock;
using Indices = GroupLowering::Indices;

/// Rows longer than this are tiled one by one; shorter ones are tiled as a
/// list of the plane's pixels.
static constexpr int64_t kLongRow = 14;
/// Dimensions of what is tiled at once.
static constexpr size_t kPlaneRank = 2;
/// Output pixels of a depthwise kernel that are computed together.
static constexpr int64_t kDepthwiseTile = 5;

/// Channels of a block in the layout of \p tensor; 1 where it has none.
static int64_t getBlock(Value tensor) {
  graph::BlockedLayoutAttr layout = graph::getLayout(tensor.getType());
  return layout ? layout.getBlock() : 1;
}

AffineExpr dlc::lower::getInputIndex(graph::ConvOp op, size_t dim,
                                     AffineExpr out, AffineExpr tap) {
  return out * op.getStrides()[dim] + tap * op.getDilations()[dim] -
         op.getPadLow()[dim];
}

ConvolutionSums::ConvolutionSums(graph::ConvOp op)
    : block(getBlock(op.getInput())) {
  ArrayRef<int64_t> filter = getTensorType(op.getFilter()).getShape();
  int64_t channels = filter[1] * graph::getJoinedGroups(op);
  extents.assign({channels});
  llvm::append_range(extents, filter.drop_front(2));
  if (block == 1)
    return;
  extents.front() = (channels + block - 1) / block;
  extents.push_back(std::min(block, channels)); // one block may not be whole
  tail = channels > block ? channels % block : 0;
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Pads a bias to whole panels.
static ElementsAttr packBias(ElementsAttr bias) {
  int64_t count = bias.getNumElements();
  int64_t padded = (count + kPanel - 1) / kPanel * kPanel;
  return packConstant(bias, padded, [&](MutableArrayRef<int64_t> sources) {
    for (int64_t i = 0; i < padded; ++i)
      sources[i] = i < count ? i : -1;
  });
}

/// Packs a filter [O, C / groups, kernel] into panels of 16 output channels:
/// [panel][channel block][kernel][channel][16], the channels of a block
/// together as the input has them. Joined groups have zeros for each other's
/// channels.
static ElementsAttr packFilter(graph::ConvOp op, ElementsAttr filter,
                               int64_t block) {
  ArrayRef<int64_t> shape = filter.getShapedType().getShape();
  int64_t joined = graph::getJoinedGroups(op);
  int64_t groups = op.getGroups() / joined, perGroup = shape[0] / groups;
  int64_t ownChannels = shape[1], ownOutputs = perGroup / joined;
  int64_t channels = ownChannels * joined;
  int64_t taps = computeProduct(shape.drop_front(2));
  int64_t panelsOfGroup = (perGroup + kPanel - 1) / kPanel;
  return packConstant(
      filter, {groups * panelsOfGroup, channels * taps, kPanel},
      [&](MutableArrayRef<int64_t> sources) {
        int64_t *to = sources.data();
        for (int64_t panel = 0; panel < groups * panelsOfGroup; ++panel) {
          int64_t group = panel / panelsOfGroup;
          int64_t first = panel % panelsOfGroup * kPanel;
          auto getSource = [&](int64_t output, int64_t c, int64_t tap) {
            if (output >= perGroup || output / ownOutputs != c / ownChannels)
              return int64_t(-1);
            int64_t row = group * perGroup + output;
            return (row * ownChannels + c % ownChannels) * taps + tap;
          };
          for (int64_t c0 = 0; c0 < channels; c0 += block)
            for (int64_t tap = 0; tap < taps; ++tap)
              for (int64_t c = c0; c < std::min(c0 + block, channels); ++c)
                for (int64_t lane = 0; lane < kPanel; ++lane)
                  *to++ = getSource(first + lane, c, tap);
        }
      });
}

/// Packs a depthwise filter [C, 1, kernel] into [C / 16][kernel][16].
static ElementsAttr packDepthwise(ElementsAttr filter) {
  ArrayRef<int64_t> shape = filter.getShapedType().getShape();
  int64_t channels = shape[0];
  int64_t blocks = (channels + kChannelBlock - 1) / kChannelBlock;
  ArrayRef<int64_t> kernel = shape.drop_front(2);
  int64_t taps = computeProduct(kernel);
  SmallVector<int64_t> packed{blocks};
  llvm::append_range(packed, kernel);
  packed.push_back(kChannelBlock);
  return packConstant(filter, packed, [&](MutableArrayRef<int64_t> sources) {
    int64_t *to = sources.data();
    for (int64_t block = 0; block < blocks; ++block)
      for (int64_t tap = 0; tap < taps; ++tap)
        for (int64_t lane = 0; lane < kChannelBlock; ++lane) {
          int64_t channel = block * kChannelBlock + lane;
          *to++ = channel < channels ? channel * taps + tap : -1;
        }
  });
}

/// Whether four channels of a pixel are read at once.
static bool hasQuads(graph::ConvOp op) {
  ConvolutionSums sums(op);
  return op.getWide() && sums.block > 1 && sums.extents.back() % kQuad == 0 &&
         sums.tail % kQuad == 0;
}

LogicalResult dlc::lower::prepareConv(GroupLowering &lowering,
                                      graph::ConvOp op) {
  ElementsAttr filter = lowering.getConstant(op.getFilter());
  ElementsAttr packed;
  switch (getConvolutionKind(op, bool(filter))) {
  case ConvolutionKind::Contraction:
    packed = packFilter(op, filter, getBlock(op.getInput()));
    if (packed && hasQuads(op))
      packed = packQuads(packed);
    break;
  case ConvolutionKind::Depthwise:
    packed = packDepthwise(filter);
    break;
  case ConvolutionKind::Winograd:
    packed = packWinogradFilter(filter, *op.getWinograd());
    break;
  case ConvolutionKind::Direct:
    return success();
  }
  if (!packed)
    return op.emitOpError("has a filter whose data is missing");
  lowering.replaceConstant(op.getFilter(), packed);
  if (ElementsAttr bias =
          op.getBias() ? lowering.getConstant(op.getBias()) : ElementsAttr())
    if (ElementsAttr padded = packBias(bias))
      lowering.replaceConstant(op.getBias(), padded);
  return success();
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// Whether everything that the epilogue reads has room for whole panels: the
/// residual in the result's blocks, a packed bias, nothing else.
static bool epilogueHasWholePanels(GroupLowering &lowering, graph::ConvOp op) {
  if (getBlock(lowering.getRoot()) != kPanel)
    return false;
  if (getTensorType(op.getResult()).getDimSize(1) % kPanel == 0)
    return true;
  if (op.getBias() && !lowering.getConstant(op.getBias()))
    return false;
  // What moves elements may leave the last block.
  Block &body = *op->getBlock();
  for (Operation &other : body.without_terminator())
    if (!isa<graph::ConvOp, graph::PoolOp, graph::ElementwiseOpInterface,
             graph::RelayoutOp, graph::BroadcastOp, graph::ConstantOp>(other))
      return false;
  return llvm::all_of(body.getArguments(), [&](BlockArgument argument) {
    return getBlock(argument) == kPanel ||
           llvm::all_of(argument.getUsers(),
                        [&](Operation *user) { return user == op; });
  });
}

static LogicalResult lowerContraction(GroupLowering &lowering,
                                      graph::ConvOp op) {
  auto input = getTensorType(op.getInput()),
       filter = getTensorType(op.getFilter());
  auto output = getTensorType(op.getResult());
  int64_t joined = graph::getJoinedGroups(op);
  int64_t groups = op.getGroups() / joined;
  int64_t channels = filter.getDimSize(1) * joined;
  size_t rank = op.getStrides().size();
  int64_t height = output.getShape().end()[-2],
          width = output.getShape().back();
  ConvolutionSums sums(op);
  bool isGrouped = groups > 1;

  ContractBuilder contract(lowering, op.getResult());
  bool isPlane =
      computeProduct(filter.getShape().drop_front(2)) == 1 &&
      llvm::all_of(op.getStrides(), [](int64_t s) { return s == 1; });
  bool hasRows = !isPlane && lowering.decisions.decide(width > kLongRow);
  if (isGrouped)
    contract.batch.push_back(groups);
  contract.batch.push_back(input.getDimSize(0));
  // Planes one by one.
  llvm::append_range(contract.batch,
                     output.getShape().slice(2, rank - kPlaneRank));
  if (hasRows)
    contract.batch.push_back(height);
  contract.m = hasRows ? width : height * width;
  contract.n = output.getDimSize(1) / groups;
  contract.k = sums.extents;
  contract.kTail = sums.tail;
  contract.bias = op.getBias();
  contract.packedRhs = op.getFilter();
  contract.quads = hasQuads(op);
  int64_t panelsOfGroup = (contract.n + kPanel - 1) / kPanel;
  if (isGrouped)
    contract.mapBias = [&](ArrayRef<AffineExpr> batch, AffineExpr n) {
      return batch.front() * contract.n + n;
    };
  if (isGrouped)
    contract.mapPanel = [=](ArrayRef<AffineExpr> batch, AffineExpr panel) {
      return batch.front() * panelsOfGroup + panel;
    };
  contract.wholePanels = epilogueHasWholePanels(lowering, op);

  // Image and place, from the first dimension to the column, of the output's
  // pixel m.
  auto getPixel = [=](ArrayRef<AffineExpr> batch, AffineExpr m) {
    Indices pixel(batch.drop_front(isGrouped));
    if (hasRows)
      pixel.push_back(m);
    else
      pixel.append({m.floorDiv(width), m % width});
    return pixel;
  };
  contract.mapLhs = [&](ArrayRef<AffineExpr> batch, AffineExpr m,
                        ArrayRef<AffineExpr> k) {
    Indices pixel = getPixel(batch, m);
    AffineExpr channel =
        sums.block > 1 ? k.front() * sums.block + k.back() : k.front();
    if (isGrouped)
      channel = batch.front() * channels + channel;
    Indices from{pixel.front(), channel};
    for (size_t dim = 0; dim < rank; ++dim)
      from.push_back(getInputIndex(op, dim, pixel[1 + dim], k[1 + dim]));
    return std::pair(Value(op.getInput()), from);
  };
  contract.mapOut = [&](ArrayRef<AffineExpr> batch, AffineExpr m,
                        AffineExpr n) {
    Indices pixel = getPixel(batch, m);
    AffineExpr channel = isGrouped ? batch.front() * contract.n + n : n;
    pixel.insert(pixel.begin() + 1, channel);
    return pixel;
  };
  return contract.emit(op.getLoc());
}

/// The product of an element of the input and one of the filter, of the
/// result's type.
static Value multiply(OpBuilder &b, Location loc, graph::ConvOp op, Value x,
                      Value w) {
  Type type = getTensorType(op.getResult()).getElementType();
  auto widen = [&](Value element, Value tensor) {
    return scalar::convert(b, loc, element,
                           getTensorType(tensor).getElementType(), type);
  };
  return scalar::mul(b, loc, widen(x, op.getInput()), widen(w, op.getFilter()));
}

static LogicalResult lowerDepthwise(GroupLowering &lowering, graph::ConvOp op) {
  Location loc = op.getLoc();
  auto output = getTensorType(op.getResult());
  ArrayRef<int64_t> kernel =
      getTensorType(op.getFilter()).getShape().drop_front(2);
  ElementEmitter &emitter = lowering.emitter;
  OpBuilder &b = lowering.builder;
  auto body = [&](ArrayRef<AffineExpr> at) -> LogicalResult {
    FailureOr<Value> sum = lowering.emitReduce(
        loc, kernel::ReduceKind::Add, kernel, output.getElementType(),
        [&](ArrayRef<AffineExpr> tap) -> FailureOr<Value> {
          Indices from{at[0], at[1]}, weight{at[1].floorDiv(kChannelBlock)};
          for (auto [dim, index] : llvm::enumerate(tap))
            from.push_back(getInputIndex(op, dim, at[2 + dim], index));
          llvm::append_range(weight, tap);
          weight.push_back(at[1] % kChannelBlock);
          FailureOr<Value> x = emitter.emit(op.getInput(), from);
          if (failed(x))
            return failure();
          Value w = emitter.loadPhysical(loc, emitter.getBuffer(op.getFilter()),
                                         weight);
          return multiply(b, loc, op, *x, w);
        });
    if (failed(sum))
      return failure();
    if (op.getBias())
      *sum = scalar::add(
          b, loc, *sum,
          emitter.loadPhysical(loc, emitter.getBuffer(op.getBias()), at[1]));
    emitter.setElement(op.getResult(), *sum);
    return lowering.finish(loc, at);
  };
  GroupLowering::WalkOptions options;
  options.unroll = kDepthwiseTile;
  return lowering.walk(loc, lowering.getRootType(), body, options);
}

/// Loops as they are written: any rank, groups and element type.
static LogicalResult lowerDirect(GroupLowering &lowering, graph::ConvOp op) {
  Location loc = op.getLoc();
  auto filter = getTensorType(op.getFilter()),
       output = getTensorType(op.getResult());
  int64_t channels = filter.getDimSize(1);
  int64_t outputsOfGroup = filter.getDimSize(0) / op.getGroups();
  ElementEmitter &emitter = lowering.emitter;
  OpBuilder &b = lowering.builder;
  auto body = [&](ArrayRef<AffineExpr> at) -> LogicalResult {
    FailureOr<Value> sum = lowering.emitReduce(
        loc, kernel::ReduceKind::Add, filter.getShape().drop_front(1),
        output.getElementType(),
        [&](ArrayRef<AffineExpr> tap) -> FailureOr<Value> {
          AffineExpr group = at[1].floorDiv(outputsOfGroup);
          Indices from{at[0], group * channels + tap[0]};
          for (size_t i = 0; i + 1 < tap.size(); ++i)
            from.push_back(getInputIndex(op, i, at[2 + i], tap[1 + i]));
          Indices weight{at[1]};
          llvm::append_range(weight, tap);
          FailureOr<Value> x = emitter.emit(op.getInput(), from);
          FailureOr<Value> w = emitter.emit(op.getFilter(), weight);
          if (failed(x) || failed(w))
            return failure();
          return multiply(b, loc, op, *x, *w);
        });
    if (failed(sum))
      return failure();
    if (op.getBias()) {
      FailureOr<Value> bias = emitter.emit(op.getBias(), at[1]);
      if (failed(bias))
        return failure();
      *sum = scalar::add(b, loc, *sum, *bias);
    }
    emitter.setElement(op.getResult(), *sum);
    return lowering.finish(loc, at);
  };
  return lowering.walk(loc, lowering.getRootType(), body);
}

LogicalResult dlc::lower::lowerConv(GroupLowering &lowering, graph::ConvOp op) {
  bool hasConstant = bool(lowering.getConstant(op.getFilter()));
  switch (getConvolutionKind(op, hasConstant)) {
  case ConvolutionKind::Contraction:
    return lowering.getPool() ? lowerPooledConvolution(lowering, op)
                              : lowerContraction(lowering, op);
  case ConvolutionKind::Depthwise:
    return lowerDepthwise(lowering, op);
  case ConvolutionKind::Winograd:
    return lowerWinograd(lowering, op, epilogueHasWholePanels(lowering, op));
  case ConvolutionKind::Direct:
    return lowerDirect(lowering, op);
  }
  llvm_unreachable("unknown kind");
}

//===----------------------------------------------------------------------===//
// DeconvOp
//===----------------------------------------------------------------------===//

LogicalResult dlc::lower::lowerDeconv(GroupLowering &lowering,
                                      graph::DeconvOp op) {
  Location loc = op.getLoc();
  auto input = getTensorType(op.getInput()),
       filter = getTensorType(op.getFilter());
  auto output = getTensorType(op.getResult());
  int64_t groups = op.getGroups();
  int64_t channels = input.getDimSize(1) / groups;
  int64_t outputsOfGroup = filter.getDimSize(1);
  ElementEmitter &emitter = lowering.emitter;
  OpBuilder &b = lowering.builder;

  // The input index that reaches output `out` through tap `tap`, and whether
  // there is one.
  auto getSource = [&](size_t dim, AffineExpr out, AffineExpr tap,
                       Value &isValid) {
    auto constant = [&](int64_t v) -> Value {
      return arith::ConstantIndexOp::create(b, loc, v);
    };
    int64_t stride = op.getStrides()[dim], extent = input.getDimSize(2 + dim);
    Value distance = arith::SubIOp::create(
        b, loc, emitter.emitIndex(loc, out + op.getPadLow()[dim]),
        emitter.emitIndex(loc, tap * op.getDilations()[dim]));
    Value zero = constant(0);
    Value clamped = arith::MaxSIOp::create(b, loc, distance, zero);
    Value source = arith::DivUIOp::create(b, loc, clamped, constant(stride));
    Value rest = arith::RemUIOp::create(b, loc, clamped, constant(stride));
    auto check = [&](arith::CmpIPredicate predicate, Value x, Value y) {
      Value holds = arith::CmpIOp::create(b, loc, predicate, x, y);
      isValid = isValid ? arith::AndIOp::create(b, loc, isValid, holds) : holds;
    };
    check(arith::CmpIPredicate::sge, distance, zero);
    check(arith::CmpIPredicate::eq, rest, zero);
    check(arith::CmpIPredicate::ult, source, constant(extent));
    Value bounded =
        arith::MinUIOp::create(b, loc, source, constant(extent - 1));
    return emitter.addIndex(bounded, extent);
  };

  SmallVector<int64_t> extents{channels};
  llvm::append_range(extents, filter.getShape().drop_front(2));
  auto body = [&](ArrayRef<AffineExpr> at) -> LogicalResult {
    FailureOr<Value> sum = lowering.emitReduce(
        loc, kernel::ReduceKind::Add, extents, output.getElementType(),
        [&](ArrayRef<AffineExpr> tap) -> FailureOr<Value> {
          AffineExpr group = groups == 1 ? emitter.constant(0)
                                         : at[1].floorDiv(outputsOfGroup);
          AffineExpr channel = group * channels + tap[0];
          Indices from{at[0], channel};
          Value isValid;
          for (size_t i = 0; i + 1 < tap.size(); ++i)
            from.push_back(getSource(i, at[2 + i], tap[1 + i], isValid));
          Indices weight{channel, groups == 1 ? at[1] : at[1] % outputsOfGroup};
          llvm::append_range(weight, tap.drop_front());
          FailureOr<Value> x = emitter.emit(op.getInput(), from);
          FailureOr<Value> w = emitter.emit(op.getFilter(), weight);
          if (failed(x) || failed(w))
            return failure();
          Value zero = scalar::constant(b, loc, x->getType(), 0);
          Value element = arith::SelectOp::create(b, loc, isValid, *x, zero);
          return scalar::mul(b, loc, element, *w);
        });
    if (failed(sum))
      return failure();
    if (op.getBias()) {
      FailureOr<Value> bias = emitter.emit(op.getBias(), at[1]);
      if (failed(bias))
        return failure();
      *sum = scalar::add(b, loc, *sum, *bias);
    }
    emitter.setElement(op.getResult(), *sum);
    return lowering.finish(loc, at);
  };
  return lowering.walk(loc, lowering.getRootType(), body);
}
