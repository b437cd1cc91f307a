# SPDX-License-Identifier: Apache-2.0
"""Times a model in ONNX Runtime; see worker.py."""
import onnxruntime

from worker import arguments, inputs, serve


def main():
    folder, threads, path = arguments()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    # A binding keeps the conversion from and to numpy out of the times.
    binding = session.io_binding()
    values = inputs(folder)  # which live as long as the binding: it reads them in place
    for name, value in values.items():
        binding.bind_cpu_input(name, value)
    for output in session.get_outputs():
        binding.bind_output(output.name)

    def run():
        session.run_with_iobinding(binding)

    run()
    serve(path, binding.copy_outputs_to_cpu(), run, version=onnxruntime.__version__)


if __name__ == "__main__":
    main()
