"""The front end of training is the front end of listening."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainer.frontend import LogMelBatch
from transcriber.features import FeatureConfig, LogMel

TOLERANCE = 2e-4
"""In log-mel units; within 1e-4 on an Intel Xeon, 1.09e-4 apart on an AMD EPYC."""


@pytest.mark.parametrize(
    "config", [FeatureConfig(), FeatureConfig(window=1024, right=160, mels=80)]
)
def test_torch_and_numpy_agree_on_a_recording(
    demo_sound: np.ndarray, config: FeatureConfig
) -> None:
    expected, _ = LogMel(config).step(demo_sound, None)
    frames = LogMelBatch(config)(torch.from_numpy(demo_sound)[None])[0].numpy()
    assert frames.shape == expected.shape
    assert expected.max() > 3.0
    assert np.abs(frames - expected).max() <= TOLERANCE


def test_segments_of_a_batch_do_not_touch_each_other(demo_sound: np.ndarray) -> None:
    config = FeatureConfig()
    batch = torch.from_numpy(demo_sound[:96_000].reshape(3, 32_000))
    frames = LogMelBatch(config)(batch)
    assert frames.shape == (3, 100, 229)
    for segment, found in zip(batch.numpy(), frames.numpy(), strict=True):
        assert np.abs(LogMel(config).step(segment, None)[0] - found).max() <= TOLERANCE
