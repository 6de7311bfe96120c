"""The rules of the house that ruff, mypy and import-linter cannot see."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import wave
from pathlib import Path

import pytest

PACKAGES = ("transcriber", "corpus", "trainer", "amt_tui")
MOST_LINES = 400
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "core"}

REPOSITORY = Path(__file__).resolve().parent.parent


def modules_of(package: str) -> list[str]:
    """Return the dotted names of all modules in a package, found as files and not by import."""
    found = []
    for path in sorted((REPOSITORY / package).rglob("*.py")):
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        if parts[-1] != "__main__":
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def loaded_after(code: str) -> set[str]:
    """Return the top-level packages a fresh interpreter has loaded after running `code`."""
    report = "import sys; print('\\nloaded:', *{name.split('.')[0] for name in sys.modules})"
    return set(said_by(f"{code}\n{report}").splitlines()[-1].split()[1:])


def said_by(code: str, *arguments: str) -> str:
    """Return what a fresh interpreter prints that runs `code` to a good end."""
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def python_files() -> list[Path]:
    folders = (*PACKAGES, "tests", "scripts")
    found = {
        folder: [path for path in (REPOSITORY / folder).rglob("*") if is_python(path)]
        for folder in folders
    }
    assert all(found.values()), found
    return [path for files in found.values() for path in files]


def is_python(path: Path) -> bool:
    """By its ending, or its first line where it has none."""
    if path.suffix or not path.is_file():
        return path.suffix == ".py"
    with path.open("rb") as file:
        return file.readline().startswith(b"#!/usr/bin/env python3")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def test_loaded_after_sees_an_import() -> None:
    assert "wave" in loaded_after("import wave")


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_after(
        "import sys; sys.argv = ['amt', '--help']\n"
        "from amt_tui.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    assert "amt_tui" in loaded
    assert not loaded & {"torch", "onnxruntime", "textual", "numpy", "scipy", "corpus", "trainer"}


def test_transcriber_loads_no_screen_and_no_training() -> None:
    loaded = loaded_after("\n".join(f"import {name}" for name in modules_of("transcriber")))
    assert "transcriber" in loaded
    assert not loaded & {"textual", "rich", "typer", "torch", "corpus", "trainer"}


def test_transcribing_loads_no_torch(tmp_path: Path) -> None:
    recording = tmp_path / "silence.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16000))
    loaded = loaded_after(
        f"import sys; sys.argv = ['amt', 'transcribe', {str(recording)!r}]\n"
        "from amt_tui.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    assert recording.with_suffix(".mid").exists()
    assert "onnxruntime" in loaded
    assert not loaded & {"torch", "textual", "corpus", "trainer"}


def test_installed_version_is_the_projects(project: dict) -> None:
    assert importlib.metadata.version("amt") == project["project"]["version"]


def test_version_is_written_once() -> None:
    pattern = re.compile(r"^\s*(__version__|VERSION)\s*(:\s*\w+\s*)?=\s*[\"']\d", re.MULTILINE)
    assert not [
        path
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.py")
        if pattern.search(path.read_text())
    ]


def test_changelog_opens_with_unreleased() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_setup_installs_the_torch_the_project_asks_for(project: dict) -> None:
    wanted = [r for r in project["project"]["optional-dependencies"]["train"] if "torch" in r]
    written = re.search(r'^torch="(.+?)"', (REPOSITORY / "scripts/setup.sh").read_text(), re.M)
    assert written is not None
    assert [written[1]] == wanted


def test_base_dependencies_leave_training_out(project: dict) -> None:
    names = {re.split(r"[<>=\[~!;]", entry)[0] for entry in project["project"]["dependencies"]}
    assert "numpy" in names
    assert not names & {"torch", "torchaudio", "numba", "matplotlib", "pyaudio", "tensorboard"}


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in python_files()}
    too_long = {str(p.relative_to(REPOSITORY)): n for p, n in lengths.items() if n > MOST_LINES}
    assert not too_long


def test_modules_are_named_after_what_they_hold() -> None:
    assert not [path for path in python_files() if path.stem.lstrip("_") in BANNED_NAMES]


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_a_docstring(package: str) -> None:
    source = (REPOSITORY / package / "__init__.py").read_text()
    assert source.startswith('"""')


@pytest.mark.parametrize(
    "name",
    [
        "scripts/amt",
        "scripts/phone",
        "scripts/test",
        "scripts/train_default",
        ".ci/run",
    ],
)
def test_script_is_executable_and_parses(name: str) -> None:
    path = REPOSITORY / name
    assert path.stat().st_mode & 0o111
    assert path.read_text().startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", str(path)], check=True, timeout=60)


def test_scripts_find_what_they_import() -> None:
    for name in ("numba", "scipy", "torch", "onnx"):
        pytest.importorskip(name)
    scripts = [
        str(path)
        for path in sorted((REPOSITORY / "scripts").iterdir())
        if path.is_file() and path.read_text().startswith("#!/usr/bin/env python3\n")
    ]
    assert len(scripts) > 5
    code = "import runpy, sys\nfor path in sys.argv[2:]: runpy.run_path(path, run_name='imported')"
    # The benchmarks start themselves anew in .venv where this is another interpreter.
    said_by(code, "--help", *scripts)


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE_weights", "CONTRIBUTING.md", "README.md"])
def test_document_is_there(name: str) -> None:
    assert (REPOSITORY / name).stat().st_size > 100
