// SPDX-License-Identifier: Apache-2.0
// Operators that pool regions of interest. A region is a row (image, x1, y1,
// x2, y2) in the pixels of the picture, `spatial_scale` times those of the
// data.
#include "compiler/import/mxnet/Operators.h"

#include <cmath>

using namespace mlir;

namespace dlc::mxnet {

namespace {

/// The operands that all these operators have.
struct Regions {
  Value data;   ///< [N, C, H, W]
  Value images; ///< [R], float as given
  Value boxes;  ///< [R, 4]
  int64_t count = 0;
  double scale = 1;

  int64_t getImages() const { return getSize(0); }
  int64_t getChannels() const { return getSize(1); }

private:
  int64_t getSize(unsigned dim) const {
    return cast<RankedTensorType>(data.getType()).getDimSize(dim);
  }
};

} // namespace

static std::optional<Regions> getRegions(NodeBuilder &n) {
  Value data = n.input("data"), rois = n.input("rois");
  if (!data || !rois)
    return std::nullopt;
  if (n.rank(data) != 4 || n.rank(rois) != 2 || n.shape(rois)[1] != 5) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs data of four dimensions and regions of the shape Rx5, but "
           "got " +
               dimsText(n.shape(data)) + " and " + dimsText(n.shape(rois)));
    return std::nullopt;
  }
  Regions regions;
  regions.data = data;
  regions.count = n.shape(rois)[0];
  regions.images = n.reshape(n.sliceAxis(rois, 1, 0, 1), {regions.count});
  regions.boxes = n.sliceAxis(rois, 1, 1, 5);
  regions.scale = n.attributes.getFloat("spatial_scale");
  if (regions.scale >= 0 && regions.scale <= 1)
    return regions;
  n.fail(DiagnosticCode::BadAttribute,
         "attribute 'spatial_scale' is not between 0 and 1");
  return std::nullopt;
}

/// Height and width of the result.
static std::optional<Shape> getPooled(NodeBuilder &n) {
  Shape pooled = n.getShape("pooled_size");
  if (pooled.size() == 2 && std::max(pooled[0], pooled[1]) <= INT32_MAX)
    return pooled;
  n.fail(DiagnosticCode::BadAttribute,
         "attribute 'pooled_size' needs a height and a width, but is " +
             dimsText(pooled));
  return std::nullopt;
}

static Value round(NodeBuilder &n, Value x) {
  return x ? n.emit<graph::RoundOp>({x}) : x;
}

/// Column \p index of the regions' boxes, [R].
static Value takeColumn(NodeBuilder &n, Value boxes, int64_t index) {
  Value column = n.sliceAxis(boxes, 1, index, index + 1);
  return column ? n.reshape(column, {-1}) : column;
}

/// Whether the image of each region does not exist, [R].
static Value isMissing(NodeBuilder &n, const Regions &regions) {
  if (!regions.images)
    return {};
  Value image = n.emit<graph::TruncOp>({regions.images});
  return n.binary<graph::LogicalOrOp>(
      n.scalar<graph::LessOp>(image, 0),
      n.scalar<graph::GreaterEqualOp>(image, double(regions.getImages())));
}

namespace {
/// One dimension of regions that are divided into cells.
struct Cells {
  Value begin, size; ///< [R], where they begin and how large a cell is
  int64_t count = 0;
};
} // namespace

/// The bounds [R, P, 2] of the cells in whole pixels: cell p begins at
/// floor(p size) and ends at ceil((p + 1) size); where the region begins is
/// added before rounding if \p roundsOrigin, else after it.
static Value cellBounds(NodeBuilder &n, const Cells &cells, bool roundsOrigin,
                        int64_t extent) {
  if (!cells.begin || !cells.size)
    return {};
  Shape shape{n.shape(cells.begin)[0], cells.count}, each{0};
  Value size = n.broadcastInDims(cells.size, shape, each);
  Value origin = n.broadcastInDims(cells.begin, shape, each);
  Values bounds;
  for (int64_t i = 0; i < 2; ++i) {
    Value place = n.binary<graph::MulOp>(
        n.iota(shape, n.element(size), 1, double(i)), size);
    if (roundsOrigin)
      place = n.binary<graph::AddOp>(place, origin);
    if (!place)
      return {};
    place = i == 0 ? n.emit<graph::FloorOp>({place})
                   : n.emit<graph::CeilOp>({place});
    if (!roundsOrigin)
      place = n.binary<graph::AddOp>(place, origin);
    place = n.scalar<graph::MinimumOp>(n.scalar<graph::MaximumOp>(place, 0),
                                       double(extent));
    bounds.push_back(n.reshape(n.cast(place, n.element(ElementType::I32)),
                               {shape[0], shape[1], 1}));
  }
  return n.concat(bounds, 2);
}

/// Pools cells of the data; channels in \p groups.
static Value poolCells(NodeBuilder &n, const Regions &regions, StringRef kind,
                       Value rows, Value columns, ArrayRef<int64_t> groups) {
  Value images = n.cast(regions.images, n.element(ElementType::I32));
  Value pooled = n.emit<graph::RoiPoolOp>(
      {n.channelsLast(regions.data), images, rows, columns},
      {n.word<graph::PoolKindAttr>("kind", kind), n.attr("groups", groups)});
  return n.channelsFirst(pooled);
}

//===----------------------------------------------------------------------===//
// ROIPooling
//===----------------------------------------------------------------------===//

static Values roiPooling(NodeBuilder &n) {
  std::optional<Regions> regions = getRegions(n);
  std::optional<Shape> pooled = getPooled(n);
  if (!regions || !pooled)
    return Values(1);
  Value corners =
      round(n, n.scalar<graph::MulOp>(regions->boxes, regions->scale));
  // Cells of regions in no image have no pixels.
  Value missing = isMissing(n, *regions);
  Value bounds[2];
  for (int64_t dim = 0; dim < 2; ++dim) {
    Cells cells;
    cells.begin = takeColumn(n, corners, 1 - dim);
    cells.count = (*pooled)[dim];
    Value size = n.scalar<graph::AddOp>(
        n.binary<graph::SubOp>(takeColumn(n, corners, 3 - dim), cells.begin),
        1);
    cells.size = n.scalar<graph::DivOp>(n.scalar<graph::MaximumOp>(size, 1),
                                        double(cells.count));
    bounds[dim] = cellBounds(n, cells, false, n.shape(regions->data)[2 + dim]);
  }
  if (!bounds[0] || !missing)
    return Values(1);
  Value none = n.broadcastInDims(missing, n.shape(bounds[0]), {0});
  bounds[0] =
      n.emit<graph::SelectOp>({none, n.splatLike(bounds[0], 0), bounds[0]});
  return {poolCells(n, *regions, "max", bounds[0], bounds[1], {1, 1})};
}

//===----------------------------------------------------------------------===//
// ROIAlign
//===----------------------------------------------------------------------===//

static Values roiAlign(NodeBuilder &n) {
  std::optional<Regions> regions = getRegions(n);
  std::optional<Shape> pooled = getPooled(n);
  if (!regions || !pooled)
    return Values(1);
  bool isAligned = n.attributes.getBool("aligned");
  bool hasGroups = n.attributes.getBool("position_sensitive");
  Value boxes = n.scalar<graph::MulOp>(regions->boxes, regions->scale);
  if (isAligned)
    boxes = n.scalar<graph::SubOp>(boxes, 0.5);
  Shape groups = hasGroups ? *pooled : Shape{1, 1};
  int64_t sampling = n.attributes.getInt("sample_ratio");
  Value images = n.cast(regions->images, n.element(ElementType::I32));
  Value aligned = n.emit<graph::RoiAlignOp>(
      {n.channelsLast(regions->data), images, boxes},
      {n.attr("pooled", *pooled),
       n.attr("sampling", std::max<int64_t>(sampling, 0)),
       n.attr("min_size", isAligned ? 0.0 : 1.0), n.attr("groups", groups)});
  if (!aligned || !images)
    return Values(1);
  // What is in no image is 0.
  Value none = n.broadcastInDims(n.scalar<graph::LessOp>(images, 0),
                                 n.shape(aligned), {0});
  return {n.channelsFirst(
      n.emit<graph::SelectOp>({none, n.splatLike(aligned, 0), aligned}))};
}

//===----------------------------------------------------------------------===//
// Position-sensitive pooling
//===----------------------------------------------------------------------===//

namespace {
/// The attributes that the two kinds have.
struct PartAttributes {
  int64_t pooled, groups, channels;
};
} // namespace

static std::optional<PartAttributes> getParts(NodeBuilder &n,
                                              const Regions &regions) {
  PartAttributes parts{n.attributes.getInt("pooled_size"),
                       n.attributes.getInt("group_size"),
                       n.attributes.getInt("output_dim")};
  if (parts.groups == 0)
    parts.groups = parts.pooled;
  constexpr int64_t limit = 1 << 15;
  if (parts.groups < 1 || parts.groups > limit || parts.pooled > limit ||
      parts.channels > INT32_MAX ||
      regions.getChannels() != parts.channels * parts.groups * parts.groups) {
    n.fail(DiagnosticCode::ShapeMismatch,
           "needs data of output_dim x group_size^2 channels, but got " +
               dimsText(n.shape(regions.data)));
    return std::nullopt;
  }
  return parts;
}

/// The cells of one dimension (0: y, 1: x) of rounded regions, moved by
/// \p shift; also returns the size of the whole region.
static std::pair<Cells, Value> partCells(NodeBuilder &n, const Regions &regions,
                                         int64_t dim, int64_t count,
                                         double shift) {
  Value corners = round(n, regions.boxes);
  auto place = [&](int64_t index, double offset) {
    Value corner =
        n.scalar<graph::AddOp>(takeColumn(n, corners, index), offset);
    corner = n.scalar<graph::MulOp>(corner, regions.scale);
    return shift == 0 ? corner : n.scalar<graph::AddOp>(corner, shift);
  };
  Cells cells;
  cells.begin = place(1 - dim, 0);
  cells.count = count;
  Value size = n.scalar<graph::MaximumOp>(
      n.binary<graph::SubOp>(place(3 - dim, 1), cells.begin), 0.1);
  cells.size = n.scalar<graph::DivOp>(size, double(count));
  return {cells, size};
}

static Values psRoiPooling(NodeBuilder &n) {
  std::optional<Regions> regions = getRegions(n);
  auto parts = regions ? getParts(n, *regions) : std::nullopt;
  if (!parts)
    return Values(1);
  Value bounds[2];
  for (int64_t dim = 0; dim < 2; ++dim)
    bounds[dim] =
        cellBounds(n, partCells(n, *regions, dim, parts->pooled, 0).first, true,
                   n.shape(regions->data)[2 + dim]);
  return {poolCells(n, *regions, "avg", bounds[0], bounds[1],
                    {parts->groups, parts->groups})};
}

namespace {

/// Builds the deformable kind: samples at regular places of each cell, all of
/// them moved by what `trans` says for the class and part.
class DeformedParts {
public:
  DeformedParts(NodeBuilder &n, const Regions &regions,
                const PartAttributes &parts)
      : n(n), regions(regions), parts(parts),
        samples(n.attributes.getInt("sample_per_part")),
        points{regions.count, parts.channels, parts.pooled,
               parts.pooled,  samples,        samples} {}

  Value build();

private:
  /// How far each point is moved in \p dim, in regions, as [R, channels, P, P].
  Value getShift(int64_t dim);
  /// Where the points are; \p isInside is narrowed to those in the data.
  Value getPlaces(int64_t dim, Value &isInside);
  /// The plane of the data that each cell reads, [R channels P P].
  Value getPlanes();
  Value spread(Value x, ArrayRef<int64_t> dims) {
    return n.broadcastInDims(x, points, dims);
  }

  NodeBuilder &n;
  const Regions &regions;
  const PartAttributes &parts;
  int64_t samples;
  Shape points; ///< region, channel, cell row, column, sample row, column
};

} // namespace

Value DeformedParts::getShift(int64_t dim) {
  Value shifts = n.input("trans");
  int64_t size = n.attributes.getInt("part_size");
  size = size == 0 ? parts.pooled : size;
  int64_t classes = shifts && n.rank(shifts) == 4 ? n.shape(shifts)[1] / 2 : 0;
  Shape wanted{regions.count, 2 * classes, size, size};
  if (!shifts || classes < 1 || parts.channels % classes || size < 1 ||
      n.shape(shifts) != ArrayRef(wanted))
    return n.fail(DiagnosticCode::ShapeMismatch,
                  "needs shifts of the shape Rx2Cxpart_sizexpart_size, where C "
                  "divides output_dim");
  Value part = n.reshape(shifts, {regions.count, classes, 2, size, size});
  part = n.reshape(n.sliceAxis(part, 2, 1 - dim, 2 - dim),
                   {regions.count, classes, 1, size, size});
  part = n.scalar<graph::MulOp>(part, n.attributes.getFloat("trans_std"));
  Shape repeated{regions.count, classes, parts.channels / classes, size, size};
  part = n.reshape(n.broadcastInDims(part, repeated, {0, 1, 2, 3, 4}),
                   {regions.count, parts.channels, size, size});
  // The part of each cell; computed as MXNet does.
  SmallVector<double> from;
  for (int64_t i = 0; i < parts.pooled; ++i)
    from.push_back(std::floor(float(i) / float(parts.pooled) * float(size)));
  Value index = n.constant({parts.pooled}, n.element(ElementType::I32), from);
  for (int64_t axis : {2, 3})
    part = n.emit<graph::GatherOp>(
        {part, index},
        {n.attr("axis", axis), n.word<graph::IndexModeAttr>("mode", "clip")});
  return part;
}

Value DeformedParts::getPlaces(int64_t dim, Value &isInside) {
  auto [cells, size] = partCells(n, regions, dim, parts.pooled, -0.5);
  if (!cells.begin || !cells.size)
    return {};
  Type element = n.element(cells.begin);
  Value cell = spread(cells.size, {0});
  Value begin = n.binary<graph::AddOp>(
      n.binary<graph::MulOp>(n.iota(points, element, 2 + dim), cell),
      spread(cells.begin, {0}));
  if (!n.attributes.getBool("no_trans")) {
    Value shift = getShift(dim);
    if (!shift)
      return {};
    begin = n.binary<graph::AddOp>(
        begin,
        n.binary<graph::MulOp>(spread(shift, {0, 1, 2, 3}), spread(size, {0})));
  }
  Value step = n.scalar<graph::DivOp>(cell, double(samples));
  Value place = n.binary<graph::AddOp>(
      begin, n.binary<graph::MulOp>(n.iota(points, element, 4 + dim), step));
  double extent = double(n.shape(regions.data)[2 + dim]);
  Value inside = n.binary<graph::LogicalAndOp>(
      n.scalar<graph::GreaterEqualOp>(place, -0.5),
      n.scalar<graph::LessEqualOp>(place, extent - 0.5));
  isInside =
      isInside ? n.binary<graph::LogicalAndOp>(isInside, inside) : inside;
  return place;
}

Value DeformedParts::getPlanes() {
  Shape cells(ArrayRef(points).take_front(4));
  Type index = n.element(ElementType::I32);
  Value image = n.cast(regions.images, index);
  image = n.scalar<graph::MulOp>(image, double(regions.getChannels()));
  Value plane = n.binary<graph::AddOp>(
      n.broadcastInDims(image, cells, {0}),
      n.iota(cells, index, 1, 0, double(parts.groups * parts.groups)));
  for (int64_t dim = 0; dim < 2; ++dim) {
    SmallVector<double> group;
    for (int64_t i = 0; i < parts.pooled; ++i)
      group.push_back(double(i * parts.groups / parts.pooled) *
                      (dim == 0 ? double(parts.groups) : 1.0));
    Value offset = n.constant({parts.pooled}, index, group);
    Shape place{2 + dim};
    plane =
        n.binary<graph::AddOp>(plane, n.broadcastInDims(offset, cells, place));
  }
  return n.reshape(plane, {-1});
}

Value DeformedParts::build() {
  Value isInside;
  Value y = getPlaces(0, isInside), x = getPlaces(1, isInside);
  Value planes = getPlanes();
  if (!x || !y || !planes || !isInside)
    return {};
  ArrayRef<int64_t> shape = n.shape(regions.data);
  Value images =
      n.reshape(regions.data, {shape[0] * shape[1], 1, shape[2], shape[3]});
  int64_t cells = n.shape(planes)[0], each = samples * samples;
  Value values =
      n.emit<graph::SampleOp>({images, n.reshape(y, {cells, each}),
                               n.reshape(x, {cells, each}), planes},
                              {n.word<graph::BorderAttr>("border", "edge")});
  if (!values)
    return {};
  values = n.reshape(values, points);
  Value counted =
      n.emit<graph::SelectOp>({isInside, values, n.splatLike(values, 0)});
  Value sum = n.reduce<graph::ReduceSumOp>(counted, {4, 5}, false);
  Value count = n.reduce<graph::ReduceSumOp>(
      n.cast(isInside, n.element(values)), {4, 5}, false);
  return n.binary<graph::DivOp>(sum, n.scalar<graph::MaximumOp>(count, 1));
}

static Values deformablePsRoiPooling(NodeBuilder &n) {
  std::optional<Regions> regions = getRegions(n);
  auto parts = regions ? getParts(n, *regions) : std::nullopt;
  if (!parts)
    return Values(1);
  if (n.attributes.getInt("sample_per_part") > 1 << 15)
    return {n.fail(DiagnosticCode::SizeOverflow,
                   "attribute 'sample_per_part' is too large")};
  return {DeformedParts(n, *regions, *parts).build()};
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> getRegionOperators() {
  static const OperatorRow rows[] = {
      {"ROIPooling _npx_roi_pooling",
       "pooled_size:counts! spatial_scale:float!", "data rois", roiPooling},
      {"_contrib_ROIAlign",
       "pooled_size:counts! spatial_scale:float! sample_ratio:int=-1 "
       "position_sensitive:bool=False aligned:bool=False",
       "data rois", roiAlign},
      {"_contrib_PSROIPooling",
       "spatial_scale:float! output_dim:count! pooled_size:count! "
       "group_size:int=0",
       "data rois", psRoiPooling},
      {"_contrib_DeformablePSROIPooling",
       "spatial_scale:float! output_dim:count! group_size:count! "
       "pooled_size:count! part_size:int=0 sample_per_part:count=1 "
       "trans_std:float=0 no_trans:bool=False",
       "data rois trans[!no_trans]", deformablePsRoiPooling},
  };
  return rows;
}

} // namespace dlc::mxnet
