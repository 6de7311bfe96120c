"""The network at run time: an ONNX graph run by ONNX Runtime on one thread.

The graph takes `frames` float32 [1, T, columns] and one input per state tensor, and gives `answers`
float32 [1, T, WIDTH] (probabilities, see `outputs`) and the new state under the same names with
`new_` in front. T is free: one frame while listening, many at once for files, with the same answers
to 1e-5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .outputs import WIDTH, Activations

State = dict[str, NDArray[np.float32]]

FRAMES, ANSWERS, NEW = "frames", "answers", "new_"


class OnnxNetwork:
    """`step(frames, state) -> (activations, state)`; holds no state of its own, so streams can
    share one.

    Args:
        graph: A serialised ONNX model.

    Raises:
        ModelError: ONNX Runtime refuses the graph, or it is not laid out as described above.
    """

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would eat the core that draws the screen.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(
                "The graph inside the model file cannot be run by ONNX Runtime.",
                "Export the model again with this version of amt.",
            ) from error
        inputs = {i.name: i for i in self._session.get_inputs()}
        given = {o.name: o for o in self._session.get_outputs()}
        self._state_shapes = {
            name: tuple(value.shape) for name, value in inputs.items() if name != FRAMES
        }
        expected = {ANSWERS, *(NEW + name for name in self._state_shapes)}
        if FRAMES not in inputs or set(given) != expected or given[ANSWERS].shape[-1] != WIDTH:
            raise ModelError(
                "The graph inside the model file is not one of amt's networks.",
                "Use a model written by `amt export`.",
            )
        self._outputs = [ANSWERS, *(NEW + name for name in self._state_shapes)]

    def initial_state(self) -> State:
        """State of a stream that has been silent."""
        return {name: np.zeros(shape, np.float32) for name, shape in self._state_shapes.items()}

    def step(self, frames: NDArray[np.float32], state: State | None) -> tuple[Activations, State]:
        """Answers for frames float32 [T, columns], T >= 1, and the new state."""
        if state is None:
            state = self.initial_state()
        answers, *new = self._session.run(self._outputs, {FRAMES: frames[None], **state})
        return Activations(answers[0]), dict(zip(self._state_shapes, new, strict=True))
