// SPDX-License-Identifier: Apache-2.0
// The functions of MXNet's C predict API: checks what C hands in, and turns
// failures of all kinds into -1 and a message.
#include "dlc/mxnet/c_predict_api.h"

#include "compiler/import/mxnet/ElementTypes.h"
#include "tools/predict/ArrayList.h"
#include "tools/predict/Handles.h"
#include "tools/predict/Predictor.h"

#include <cstdio>

using namespace dlc;
using namespace dlc::predict;

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

// Plain memory: there is a message even where memory is short.
static thread_local char lastError[4096];

static void setError(const char *text) {
  std::snprintf(lastError, sizeof lastError, "%s", text);
}

/// Calls \p body, which returns false after putting a reason into its argument.
template <typename Body>
static int guard(Body body) {
  try {
    std::string error;
    if (body(error))
      return 0;
    setError(error.c_str());
  } catch (const std::bad_alloc &) {
    setError("out of memory");
  } catch (const std::exception &exception) {
    setError(exception.what());
  } catch (...) {
    setError("an exception of an unknown type was thrown");
  }
  return -1;
}

const char *MXGetLastError() { return lastError; }

static bool fail(std::string &error, const char *what) {
  error = what;
  return false;
}

//===----------------------------------------------------------------------===//
// Handles
//===----------------------------------------------------------------------===//

// Never destroyed: a program may free handles while the process ends.
static Handles<Predictor> &getPredictors() {
  static auto &handles = *new Handles<Predictor>();
  return handles;
}

static Handles<ArrayList> &getLists() {
  static auto &handles = *new Handles<ArrayList>();
  return handles;
}

/// Calls \p body with the predictor that \p handle stands for.
template <typename Body>
static int withPredictor(PredictorHandle handle, Body body) {
  return guard([&](std::string &error) {
    std::shared_ptr<Predictor> predictor = getPredictors().find(handle);
    return predictor ? body(*predictor, error)
                     : fail(error, "the handle is not that of a predictor");
  });
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

namespace {
/// Shapes of inputs as C hands them in.
struct ShapeArguments {
  uint32_t count;
  const char **keys;
  const uint32_t *indptr, *sizes;
};

/// Element types of inputs likewise.
struct TypeArguments {
  uint32_t count = 0;
  const char **names = nullptr;
  const int *codes = nullptr;
};
} // namespace

/// Reads the shape of input \p index. It stays empty where nothing is said.
static bool readShape(const ShapeArguments &arguments, uint32_t index,
                      InputOption &input, std::string &error) {
  constexpr uint32_t maxRank = 32;
  uint32_t begin = arguments.indptr[index], end = arguments.indptr[index + 1];
  if (end < begin || end - begin > maxRank ||
      (end > begin && !arguments.sizes)) {
    error = "input_shape_indptr gives input '" + input.name +
            "' the sizes from " + std::to_string(begin) + " to " +
            std::to_string(end) + ": that is no shape";
    return false;
  }
  for (uint32_t i = begin; i < end; ++i) {
    if (arguments.sizes[i] == 0) {
      error = "input '" + input.name + "' has a size of 0";
      return false;
    }
    input.shape.push_back({arguments.sizes[i], ""});
  }
  return true;
}

/// A parameter that becomes an input keeps its type, and must keep its shape.
static bool checkParameter(const Weight &value, InputOption &input,
                           std::string &error) {
  std::vector<int64_t> shape;
  for (const InputDim &dim : input.shape)
    shape.push_back(dim.size);
  input.type = value.type;
  if (shape == value.shape)
    return true;
  error = "input '" + input.name + "' has the shape " + getShapeText(shape) +
          ", but its value in the parameters " + getShapeText(value.shape);
  return false;
}

/// Reads what is said of the inputs of \p source. What it does not have is
/// ignored, as MXNet does; of what is said twice the last counts.
static bool readInputs(const ShapeArguments &arguments,
                       const std::map<std::string, ElementType> &types,
                       const Source &source, std::vector<InputOption> &inputs,
                       std::string &error) {
  if (arguments.count && (!arguments.keys || !arguments.indptr))
    return fail(error, "input_keys or input_shape_indptr is null");
  std::map<std::string, InputOption> named;
  for (uint32_t i = 0; i < arguments.count; ++i) {
    if (!arguments.keys[i])
      return fail(error, "one of input_keys is null");
    InputOption input;
    input.name = arguments.keys[i];
    if (!readShape(arguments, i, input, error))
      return false;
    if (input.shape.empty() || !source.hasVariable(input.name))
      continue;
    if (auto type = types.find(input.name); type != types.end())
      input.type = type->second;
    if (const Weight *value = source.findValue(input.name);
        value && !checkParameter(*value, input, error))
      return false;
    named[input.name] = input;
  }
  for (auto &[name, input] : named)
    inputs.push_back(std::move(input));
  return true;
}

static bool readTypes(const TypeArguments &arguments,
                      std::map<std::string, ElementType> &types,
                      std::string &error) {
  if (arguments.count && (!arguments.names || !arguments.codes))
    return fail(error, "provided_arg_dtype_names or provided_arg_dtypes is "
                       "null");
  for (uint32_t i = 0; i < arguments.count; ++i) {
    if (!arguments.names[i])
      return fail(error, "one of provided_arg_dtype_names is null");
    int code = arguments.codes[i];
    std::optional<ElementType> type = mxnet::getElementType(code);
    if (type)
      types[arguments.names[i]] = *type;
    else if (code != -1) { // "not known"
      error = "'" + std::string(arguments.names[i]) + "' has the dtype " +
              std::to_string(code) + ", which is no element type";
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Making predictors
//===----------------------------------------------------------------------===//

namespace {
/// The arguments that all functions which make predictors share.
struct ModelArguments {
  const char *symbol;
  const void *params;
  int paramsSize, deviceType;
  ShapeArguments shapes;
};
} // namespace

static bool checkArguments(const ModelArguments &model, const void *out,
                           std::string &error) {
  if (!model.symbol || !out)
    return fail(error, "symbol_json_str or out is null");
  if (model.paramsSize < 0 || (model.paramsSize && !model.params))
    return fail(error, "param_bytes is null, or param_size is negative");
  // Pinned and shared memory are the CPU's too.
  if (model.deviceType != 1 && model.deviceType != 3 && model.deviceType != 5) {
    error = "dev_type is " + std::to_string(model.deviceType) +
            ", but models run on the CPU (1) only";
    return false;
  }
  return true;
}

/// Makes \p count predictors, or none.
static bool makePredictors(const ModelArguments &model,
                           const TypeArguments &types,
                           std::vector<std::string> outputs, int count,
                           PredictorHandle *out, std::string &error) {
  ModelRequest request;
  request.outputs = std::move(outputs);
  std::map<std::string, ElementType> typeOf;
  if (!checkArguments(model, out, error) || !readTypes(types, typeOf, error))
    return false;
  request.source = Source::get(
      model.symbol,
      {static_cast<const char *>(model.params), size_t(model.paramsSize)},
      error);
  if (!request.source ||
      !readInputs(model.shapes, typeOf, *request.source, request.inputs, error))
    return false;
  std::vector<std::shared_ptr<Predictor>> made;
  for (int i = 0; i < count; ++i) {
    made.push_back(
        Predictor::create(request, /*threads=*/count > 1 ? 1 : 0, error));
    if (!made.back())
      return false;
  }
  for (int i = 0; i < count; ++i)
    out[i] = getPredictors().add(std::move(made[i]));
  return true;
}

int MXPredCreate(const char *symbolJsonStr, const void *paramBytes,
                 int paramSize, int devType, int devId, uint32_t numInputNodes,
                 const char **inputKeys, const uint32_t *inputShapeIndptr,
                 const uint32_t *inputShapeData, PredictorHandle *out) {
  return MXPredCreateEx(symbolJsonStr, paramBytes, paramSize, devType, devId,
                        numInputNodes, inputKeys, inputShapeIndptr,
                        inputShapeData, /*num_provided_arg_dtypes=*/0, nullptr,
                        nullptr, out);
}

int MXPredCreateEx(const char *symbolJsonStr, const void *paramBytes,
                   int paramSize, int devType, int,
                   const uint32_t numInputNodes, const char **inputKeys,
                   const uint32_t *inputShapeIndptr,
                   const uint32_t *inputShapeData,
                   const uint32_t numProvidedArgDtypes,
                   const char **providedArgDtypeNames,
                   const int *providedArgDtypes, PredictorHandle *out) {
  return guard([&](std::string &error) {
    return makePredictors(
        {symbolJsonStr,
         paramBytes,
         paramSize,
         devType,
         {numInputNodes, inputKeys, inputShapeIndptr, inputShapeData}},
        {numProvidedArgDtypes, providedArgDtypeNames, providedArgDtypes}, {}, 1,
        out, error);
  });
}

int MXPredCreatePartialOut(const char *symbolJsonStr, const void *paramBytes,
                           int paramSize, int devType, int,
                           uint32_t numInputNodes, const char **inputKeys,
                           const uint32_t *inputShapeIndptr,
                           const uint32_t *inputShapeData,
                           uint32_t numOutputNodes, const char **outputKeys,
                           PredictorHandle *out) {
  return guard([&](std::string &error) {
    std::vector<std::string> outputs;
    for (uint32_t i = 0; i < numOutputNodes; ++i) {
      if (!outputKeys || !outputKeys[i])
        return fail(error, "output_keys, or one of them, is null");
      outputs.push_back(std::string(outputKeys[i]) + "_output");
    }
    return makePredictors(
        {symbolJsonStr,
         paramBytes,
         paramSize,
         devType,
         {numInputNodes, inputKeys, inputShapeIndptr, inputShapeData}},
        {}, std::move(outputs), 1, out, error);
  });
}

int MXPredCreateMultiThread(const char *symbolJsonStr, const void *paramBytes,
                            int paramSize, int devType, int,
                            uint32_t numInputNodes, const char **inputKeys,
                            const uint32_t *inputShapeIndptr,
                            const uint32_t *inputShapeData, int numThreads,
                            PredictorHandle *out) {
  return guard([&](std::string &error) {
    if (numThreads < 1)
      return fail(error, "num_threads must be at least 1");
    return makePredictors(
        {symbolJsonStr,
         paramBytes,
         paramSize,
         devType,
         {numInputNodes, inputKeys, inputShapeIndptr, inputShapeData}},
        {}, {}, numThreads, out, error);
  });
}

int MXPredReshape(uint32_t numInputNodes, const char **inputKeys,
                  const uint32_t *inputShapeIndptr,
                  const uint32_t *inputShapeData, PredictorHandle handle,
                  PredictorHandle *out) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    std::vector<InputOption> inputs;
    if (!out)
      return fail(error, "out is null");
    if (!readInputs(
            {numInputNodes, inputKeys, inputShapeIndptr, inputShapeData}, {},
            predictor.source(), inputs, error))
      return false;
    std::shared_ptr<Predictor> made = predictor.reshape(inputs, error);
    if (made)
      *out = getPredictors().add(made);
    return made != nullptr;
  });
}

int MXPredFree(PredictorHandle handle) {
  return guard([&](std::string &error) {
    return !handle || getPredictors().remove(handle) ||
           fail(error, "the handle is not that of a predictor");
  });
}

//===----------------------------------------------------------------------===//
// Using predictors
//===----------------------------------------------------------------------===//

int MXPredGetOutputShape(PredictorHandle handle, uint32_t index,
                         uint32_t **shapeData, uint32_t *shapeNdim) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    if (!shapeData || !shapeNdim)
      return fail(error, "shape_data or shape_ndim is null");
    if (!predictor.findOutput(index, error))
      return false;
    *shapeData = predictor.shape(index).data();
    *shapeNdim = static_cast<uint32_t>(predictor.shape(index).size());
    return true;
  });
}

int MXPredGetOutputType(PredictorHandle handle, uint32_t outIndex,
                        int *outDtype) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    if (!outDtype)
      return fail(error, "out_dtype is null");
    const tool::Tensor *output = predictor.findOutput(outIndex, error);
    if (output)
      *outDtype = getTypeCode(output->dtype());
    return output != nullptr;
  });
}

int MXPredSetInput(PredictorHandle handle, const char *key, const float *data,
                   uint32_t size) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    return key ? predictor.setInput(key, data, size, error)
               : fail(error, "key is null");
  });
}

int MXPredForward(PredictorHandle handle) {
  return withPredictor(handle, [](Predictor &predictor, std::string &error) {
    return predictor.run(error);
  });
}

int MXPredPartialForward(PredictorHandle handle, int step, int *stepLeft) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    if (!stepLeft)
      return fail(error, "step_left is null");
    if (step == 0 && !predictor.run(error))
      return false;
    *stepLeft = 0;
    return true;
  });
}

int MXPredGetOutput(PredictorHandle handle, uint32_t index, float *data,
                    uint32_t size) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    return predictor.getOutput(index, data, size, error);
  });
}

int MXPredSetMonitorCallback(PredictorHandle handle,
                             PredMonitorCallback callback, void *callbackHandle,
                             bool monitorAll) {
  return withPredictor(handle, [&](Predictor &predictor, std::string &error) {
    Monitor monitor;
    monitor.wantsInputs = monitorAll;
    if (callback)
      monitor.notify = [=](const tool::Tensor &tensor) {
        auto list = std::make_shared<ArrayList>();
        list->push_back(makeFloatArray(tensor));
        void *array = getLists().add(list);
        // Also where the callback throws.
        std::shared_ptr<void> remove(
            array, [](void *added) { getLists().remove(added); });
        callback(tensor.name().c_str(), array, callbackHandle);
      };
    return predictor.setMonitor(std::move(monitor), error);
  });
}

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

int MXNDListCreate(const char *ndFileBytes, int ndFileSize, NDListHandle *out,
                   uint32_t *outLength) {
  return guard([&](std::string &error) {
    if (!ndFileBytes || ndFileSize < 0 || !out || !outLength)
      return fail(error, "nd_file_bytes, out or out_length is null, or "
                         "nd_file_size is negative");
    auto list = std::make_shared<ArrayList>();
    if (!readArrayList({ndFileBytes, size_t(ndFileSize)}, *list, error))
      return false;
    *outLength = static_cast<uint32_t>(list->size());
    *out = getLists().add(std::move(list));
    return true;
  });
}

int MXNDListGet(NDListHandle handle, uint32_t index, const char **outKey,
                const float **outData, const uint32_t **outShape,
                uint32_t *outNdim) {
  return guard([&](std::string &error) {
    std::shared_ptr<ArrayList> list = getLists().find(handle);
    if (!list)
      return fail(error, "the handle is not that of a list");
    if (!outKey || !outData || !outShape || !outNdim)
      return fail(error, "out_key, out_data, out_shape or out_ndim is null");
    if (index >= list->size()) {
      error = "there is no array " + std::to_string(index) + ": the list has " +
              std::to_string(list->size());
      return false;
    }
    const FloatArray &array = (*list)[index];
    *outKey = array.name.c_str();
    *outData = array.values.data();
    *outShape = array.shape.data();
    *outNdim = static_cast<uint32_t>(array.shape.size());
    return true;
  });
}

int MXNDListFree(NDListHandle handle) {
  return guard([&](std::string &error) {
    return !handle || getLists().remove(handle) ||
           fail(error, "the handle is not that of a list");
  });
}
