# SPDX-License-Identifier: Apache-2.0
"""Times a model in OpenVINO; see worker.py."""
import openvino

from worker import arguments, inputs, serve


def main():
    folder, threads, path = arguments()
    # Without the precision hint it would compute in bfloat16 on processors that have it.
    request = openvino.Core().compile_model(folder / "model.onnx", "CPU", {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }).create_infer_request()
    values = inputs(folder)  # which live as long as the request: it reads them in place
    for name, value in values.items():
        request.set_tensor(name, openvino.Tensor(value, shared_memory=True))

    def run():
        request.infer()

    run()
    results = [tensor.data.copy() for tensor in request.output_tensors]
    serve(path, results, run, version=openvino.__version__)


if __name__ == "__main__":
    main()
