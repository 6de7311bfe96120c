"""The training companion: targets, network, losses, loop, evaluation and export to ONNX.

The only package that knows torch. What leaves it is a checkpoint: an `.onnx` graph with its
metadata to run, a `.safetensors` with its configuration to go on training from.
"""
