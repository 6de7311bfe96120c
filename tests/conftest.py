"""Fixtures every package's tests share."""

from __future__ import annotations

import errno
import faulthandler
import importlib.util
import json
import multiprocessing
import os
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from transcriber.model import Model

# A busy machine is no failure, and a run that failed can be repeated: the same examples each time.
settings.register_profile(
    "amt",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("amt")

MELS = 64
"""Mel bins of the lively model: enough to tell keys apart, few enough to be quick."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the bundled model hears in the demo recording as the new golden notes",
    )


WORKSHOP = (
    "torch", "numba", "scipy", "onnx", "onnxscript", "mir_eval", "pretty_midi", "psutil",
    "safetensors", "tensorboard", "matplotlib", "distributed", "fsspec",
)  # fmt: skip
MISSING = {name for name in WORKSHOP if importlib.util.find_spec(name) is None}
"""What only the workshop needs, and this environment lacks: tests of it are skipped and say so."""

if MISSING and os.environ.get("CI"):
    raise pytest.UsageError(f"The CI is to skip nothing, and lacks {', '.join(sorted(MISSING))}.")
if "numba" in MISSING:
    collect_ignore = ["corpus/store"]  # its conftest.py cannot be imported


def _skip_what_is_missing(error: BaseException | None) -> None:
    name = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if name in MISSING:
        pytest.skip(f"{name} is not installed", allow_module_level=True)


class _Module(pytest.Module):
    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        try:
            return super().collect()
        except self.CollectError as error:
            _skip_what_is_missing(error.__cause__)
            raise


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
    return _Module.from_parent(parent, path=module_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    try:
        return (yield)
    except ModuleNotFoundError as error:
        _skip_what_is_missing(error)
        raise


pytest_runtest_call = pytest_runtest_setup


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End processes that tests left behind, and name them: Python would wait for them."""
    for child in multiprocessing.active_children():
        terminalreporter.line(f"left behind by a test, and killed: {child}")
        child.kill()
        child.join()


def pytest_unconfigure() -> None:
    """Say where Python hangs, should it not end, and end it."""
    faulthandler.dump_traceback_later(120.0, exit=True)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the working tree, for tests about files rather than behaviour."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator seeded by the test's name: the same numbers in every run."""
    return np.random.default_rng(list(request.node.nodeid.encode()))


@pytest.fixture
def close_folder(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Return what makes a folder one that may not be read, as its rights do for all but root."""

    def close(folder: Path) -> None:
        listed, opened = os.scandir, os.open

        def deny(path: object) -> None:
            if os.path.abspath(str(path)) == os.path.abspath(folder):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        def scandir(path: Any = ".") -> Any:
            deny(path)
            return listed(path)

        def open_(path: Any, *rest: Any, **named: Any) -> int:
            deny(path)
            return opened(path, *rest, **named)

        monkeypatch.setattr(os, "scandir", scandir)
        monkeypatch.setattr(os, "open", open_)

    return close


@pytest.fixture
def quiet_torch() -> Iterator[None]:
    """Leave torch as it was: the loop sets threads and seeds for the whole process."""
    import torch

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


@pytest.fixture(scope="session")
def strike_sound() -> Callable[..., np.ndarray]:
    """Return a maker of struck, decaying tones in a little noise: float32 at 16 kHz."""

    def make(seconds: float, seed: int = 1, per_second: float = 6.0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        sound = 1e-4 * rng.standard_normal(round(seconds * 16_000))
        for _ in range(round(seconds * per_second)):
            at = int(rng.integers(len(sound)))
            t = np.arange(min(8_000, len(sound) - at)) / 16_000
            hz = 55.0 * 2.0 ** (rng.integers(60) / 12.0)
            partials = sum(np.sin(2 * np.pi * hz * n * t) / n for n in (1, 2, 3))
            sound[at : at + len(t)] += rng.uniform(0.02, 0.2) * np.exp(-6.0 * t) * partials
        return sound.astype(np.float32)

    return make


@pytest.fixture(scope="session")
def lively_model_path(
    tmp_path_factory: pytest.TempPathFactory, strike_sound: Callable[..., np.ndarray]
) -> Path:
    """Export a small network that nobody trained, and return its model file.

    Random weights alone answer with the class priors and never cross a threshold. Here each head is
    stretched over what it says to `strike_sound`, so that every kind of event falls all the time.
    """
    import torch

    from trainer import export
    from trainer.frontend import LogMelBatch
    from trainer.network import Network, NetworkConfig
    from transcriber import outputs
    from transcriber.decoder import DecoderSettings
    from transcriber.features import FeatureConfig
    from transcriber.model import ModelInfo

    features = FeatureConfig(mels=MELS)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(7)
        network = Network(
            NetworkConfig(MELS, (4, 6), (2, 2), features=24, hidden=16, layers=1, dropout=0.0)
        )
        frames = LogMelBatch(features)(torch.from_numpy(strike_sound(20.0))[None])
        for _ in range(20):
            network(frames)  # in training mode: settles the batch norms
        network.eval()
        torch.nn.init.normal_(network.heads.weight)
        raw = network(frames)[0][0]
        scale = 3.0 / raw.std(0)
        scale[outputs.SHIFT] /= 8.0
        level = raw.mean(0)
        level[outputs.ONSET] = raw[:, outputs.ONSET].quantile(0.96, 0)
        level[outputs.OFFSET] = raw[:, outputs.OFFSET].quantile(0.99, 0)
        network.heads.weight *= scale[:, None]
        network.heads.bias.copy_((network.heads.bias - level) * scale)
    info = ModelInfo(
        "lively", "0", "CC0", features, 4, DecoderSettings(), "nothing", {"parity": 1e-05}
    )
    path = tmp_path_factory.mktemp("models") / "lively.onnx"
    export.write_model(export.to_onnx(network), info, path)
    return path


@pytest.fixture(scope="session")
def lively_model(lively_model_path: Path) -> Model:
    """Load the lively model; streams may share it."""
    from transcriber.model import load_model

    return load_model(str(lively_model_path))


@pytest.fixture(scope="session")
def bundled_model() -> Model:
    """Load the model that comes with the program."""
    from transcriber.model import bundled_models, load_model

    if "live" not in bundled_models():
        pytest.skip("there is no bundled model in this working tree")
    return load_model("live")


@pytest.fixture(scope="session")
def demo_sound(repository: Path) -> np.ndarray:
    """Return the bundled demo recording: float32 mono at 16 kHz."""
    import soundfile

    sound, rate = soundfile.read(repository / "amt_tui" / "demo" / "demo.ogg", dtype="float32")
    assert rate == 16_000
    assert sound.ndim == 1
    return np.asarray(sound)


@pytest.fixture(scope="session")
def toy_data(
    tmp_path_factory: pytest.TempPathFactory, strike_sound: Callable[..., np.ndarray]
) -> Path:
    """Make a data folder in small, laid out like `../shared/data`: all that a training needs.

    One piano of two layers with its releases, three performances (one of them held out by MAESTRO),
    one labelled recording for training and one for development, two rooms and a noise.
    """
    root = tmp_path_factory.mktemp("data")
    _write_toy_piano(root / "pianos")
    _write_toy_performances(root / "midi")
    for name in ("maps_software_pianos", "real"):
        _write_toy_recording(root / name, strike_sound(6.0, seed=len(name)))
    rng = np.random.default_rng(3)
    room = np.exp(-np.arange(8000) / 1500) * rng.standard_normal(8000) * 0.1
    early, late = room.copy(), np.concatenate([np.zeros(1440), room])  # 90 ms of leading silence
    early[0], late[1440] = 1.0, -1.0
    items = []
    for name, sound, kind, licence in (
        ("early", early, "rir", "CC0"),
        ("late", late, "rir", "CC BY 4.0"),
        ("hiss", 0.1 * rng.standard_normal(16_000), "noise", "CC0"),
        ("talk", 0.2 * rng.standard_normal(9_000), "noise", "research, no commercial use"),
    ):
        _write_sound(root / "acoustics" / f"{name}.wav", sound)
        items.append({"file": f"{name}.wav", "kind": kind, "licence": licence})
    (root / "acoustics" / "manifest.json").write_text(json.dumps({"items": items}))
    return root


def _write_sound(path: Path, sound: np.ndarray) -> None:
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound.astype(np.float32), 16_000)


def _write_toy_piano(folder: Path) -> None:
    """Decaying tones that start, at once, 10 ms into each file."""
    zones = []
    for root in range(27, 109, 12):
        t = np.arange(24_000) / 16_000
        hz = 440.0 * 2.0 ** ((root - 69) / 12.0)
        for low, high, brightness in ((0, 63, 1), (64, 127, 3)):
            tone = sum(
                np.cos(2 * np.pi * hz * n * t) / n
                for n in range(1, brightness + 1)
                if hz * n < 7500
            )
            sound = np.concatenate([np.zeros(160), 0.3 / brightness * np.exp(-3 * t) * tone])
            _write_sound(folder / "toy" / f"{root}-{high}.flac", sound)
            rms = 10 * np.log10(np.mean(sound[160:8160] ** 2))
            zone = {"file": f"{root}-{high}.flac", "root": root, "lokey": root - 6}
            zone |= {"hikey": root + 5, "lovel": low, "hivel": high, "trigger": "attack"}
            zones.append(zone | {"onset_ms": 10.0, "lowpass_hz": None, "rms500_dbfs": rms})
    thump = np.random.default_rng(1).standard_normal(1600) * np.exp(-np.arange(1600) / 300)
    _write_sound(folder / "toy" / "release.flac", 0.1 * thump)
    release = {"file": "release.flac", "root": 63, "trigger": "release", "onset_ms": 0.0}
    zones.append(release | {"lowpass_hz": None, "rms500_dbfs": -40.0})
    table = {"name": "toy", "licence": "CC0", "zones": zones}
    (folder / "toy.json").write_text(json.dumps(table))
    (folder / "manifest.json").write_text("{}")


def _write_toy_performances(folder: Path) -> None:
    from transcriber.midi import write_midi
    from transcriber.notes import Note, Pedal, Transcript

    folder.mkdir()
    rng = np.random.default_rng(2)
    items = []
    with zipfile.ZipFile(folder / "performances.zip", "w") as archive:
        for name, split in (("a/one.mid", "train"), ("a/two.mid", "test"), ("b/three.mid", None)):
            notes = [
                Note(at, at + rng.uniform(0.1, 1.0), int(rng.integers(40, 90)), 60)
                for at in np.arange(0.0, 12.0, 0.25).tolist()
            ]
            write_midi(Transcript.of(notes, [Pedal(1.0, 3.0)]), folder / "written.mid")
            archive.write(folder / "written.mid", name)
            items.append({"arc": name, "maestro_split": split})
        archive.writestr("b/broken.mid", b"MThd")
        archive.writestr("README.txt", b"no performance")
    (folder / "written.mid").unlink()
    licences = {"a": "CC0", "b": "theirs (CC BY-NC-SA 4.0)"}
    (folder / "manifest.json").write_text(json.dumps({"items": items, "licences": licences}))


def _write_toy_recording(folder: Path, sound: np.ndarray) -> None:
    from transcriber.midi import write_midi
    from transcriber.notes import Note, Pedal, Transcript

    notes = [Note(i * 0.5, i * 0.5 + 0.3, 60 + i, 70) for i in range(11)]
    _write_sound(folder / "one.flac", 0.5 * sound)
    write_midi(Transcript.of(notes, [Pedal(0.1, 0.9)]), folder / "one.mid")
    rows = [f"{n.onset_s}\t{n.offset_s}\t{n.pitch}\t{n.velocity}" for n in notes]
    (folder / "one.tsv").write_text("\n".join(["# onset,offset,note,velocity", *rows]))
    item = {"id": "one", "piano": "toy", "audio": "one.flac", "notes_tsv": "one.tsv"}
    other = {"id": "two", "audio": "none.flac", "notes_tsv": "none.tsv"}  # its MIDI is missing
    (folder / "manifest.json").write_text(json.dumps({"items": [item, other]}))
