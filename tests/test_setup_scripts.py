"""scripts/amt and scripts/setup.sh, run for real with an interpreter that only pretends to install.

The stand-in interpreter is a shell script: `-m venv` copies it into place, `-m pip install` writes
down what was asked for. No network, no real .venv, and a second per test at most.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts need bash")

STAND_IN = """#!/usr/bin/env bash
case "$*" in
  *version_info*) exit "${FAKE_TOO_OLD:-0}" ;;
  --version) echo "Python 3.9.2" ;;
  "-m venv "*)
    echo "venv" >>"$FAKE_LOG"
    dir="${!#}"; rm -rf "$dir"/{*,.amt}; mkdir -p "$dir/bin"; cp "$0" "$dir/bin/python" ;;
  "-m pip install"*)
    echo "pip ${!#}" >>"$FAKE_LOG"
    sleep "${FAKE_SLEEP:-0}"
    [ -z "${FAKE_BROKEN:-}" ] || { echo "no network" >&2; exit 1; }
    amt="$(dirname "$0")/amt"
    printf '#!/usr/bin/env bash\\nprintf "<%%s>" "$@"\\n' >"$amt"; chmod +x "$amt" ;;
  *get_path*) d="$(dirname "$0")/../site"; mkdir -p "$d/numpy/tests" "$d/scipy"; echo "$d" ;;
esac
"""


@dataclass
class Clone:
    """A copy of the scripts in a folder with a space in its name, and the stand-in beside it."""

    root: Path
    environment: dict[str, str]
    log: Path

    def start(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / "scripts/amt"), *arguments],
            cwd=self.root.parent,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def installs(self) -> list[str]:
        """Return what was asked of venv and pip so far, with the clone's path taken out."""
        text = self.log.read_text() if self.log.exists() else ""
        return text.replace(str(self.root), "").splitlines()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root = tmp_path / "my clone"
    (root / "scripts").mkdir(parents=True)
    for name in ("pyproject.toml", "scripts/amt", "scripts/setup.sh"):
        shutil.copy(REPOSITORY / name, root / name)
    stand_in = tmp_path / "python3"
    stand_in.write_text(STAND_IN)
    stand_in.chmod(0o755)
    log = tmp_path / "log"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AMT_")}
    environment |= {"AMT_PYTHON": str(stand_in), "FAKE_LOG": str(log)}
    return Clone(root, environment, log)


def test_first_start_installs_the_base_and_runs_the_command(clone: Clone) -> None:
    run = clone.start("transcribe", "a b.wav", "--json")
    assert run.returncode == 0, run.stderr
    assert run.stdout == "<transcribe><a b.wav><--json>"
    assert clone.installs() == ["venv", "pip "]
    assert "installing amt" in run.stderr


def test_a_midi_port_is_installed_when_it_is_first_asked_for(clone: Clone) -> None:
    clone.start("live", "--plain")
    assert not any("[midi]" in line for line in clone.installs())
    run = clone.start("live", "--plain", "--midi-out=piano")
    assert run.returncode == 0, run.stderr
    assert clone.installs()[-1] == "pip [midi]"


def test_second_start_does_nothing_but_run(clone: Clone) -> None:
    clone.start("demo")
    before = clone.installs()
    run = clone.start("demo")
    assert (run.stdout, run.stderr) == ("<demo>", "")
    assert clone.installs() == before


def change(clone: Clone, old: str, new: str) -> None:
    project = clone.root / "pyproject.toml"
    text = project.read_text()
    assert old in text
    project.write_text(text.replace(old, new, 1))


def test_changed_project_is_installed_again(clone: Clone) -> None:
    clone.start("demo")
    change(clone, "[tool.ruff]", "[tool.ruff]\n# of no weight for what is installed")
    assert clone.start("demo").returncode == 0
    assert clone.installs() == ["venv", "pip "]
    change(clone, '"numpy', '"numpy!=9.9,')
    assert clone.start("demo").returncode == 0
    assert clone.installs() == ["venv", "pip ", "pip "]


def test_offline_an_older_installation_will_do(clone: Clone) -> None:
    clone.start("demo")
    change(clone, '"numpy', '"numpy!=9.9,')
    run = clone.start("demo", FAKE_BROKEN="1")
    assert (run.returncode, run.stdout) == (0, "<demo>")
    assert "going on with what was installed" in run.stderr
    clone.start("demo")  # with a network again
    assert clone.installs() == ["venv", "pip ", "pip ", "pip "]


@pytest.mark.parametrize("option", ["--input", "-i", "--replay"])
def test_what_listens_to_no_microphone_needs_none(clone: Clone, option: str) -> None:
    assert clone.start("live", option, "x").returncode == 0
    assert not any("[mic]" in line for line in clone.installs())


def test_interrupted_install_is_made_anew(clone: Clone) -> None:
    broken = clone.start("demo", FAKE_BROKEN="1")
    assert broken.returncode == 1
    assert "no network" in broken.stderr
    assert "did not finish" in broken.stderr
    assert clone.start("demo").stdout == "<demo>"
    assert clone.installs() == ["venv", "pip ", "venv", "pip "]


def test_moved_clone_is_made_anew(clone: Clone) -> None:
    clone.start("demo")
    clone.root = clone.root.rename(clone.root.parent / "elsewhere")
    assert clone.start("demo").stdout == "<demo>"
    assert clone.installs()[2:] == ["venv", "pip "]


def test_another_clones_environment_behind_a_link_is_left_alone(
    clone: Clone, tmp_path: Path
) -> None:
    clone.start("--version")
    other = tmp_path / "other"
    shutil.copytree(clone.root, other)
    shutil.rmtree(other / ".venv")
    (other / ".venv").symlink_to(clone.root / ".venv")
    there = Clone(other, clone.environment, clone.log)
    assert there.start("--version").returncode == 0
    assert not (other / ".venv").is_symlink()
    assert (clone.root / ".venv/.amt/root").read_text() == f"{clone.root}\n"
    assert clone.start("--version").returncode == 0
    assert clone.installs().count("venv") == 2


def test_environment_made_by_hand_is_kept(clone: Clone) -> None:
    hand_made = clone.root / ".venv/bin"
    hand_made.mkdir(parents=True)
    shutil.copy(clone.environment["AMT_PYTHON"], hand_made / "python")
    site = clone.root / ".venv/site/numpy/tests"
    site.mkdir(parents=True)
    del clone.environment["AMT_PYTHON"]
    assert clone.start("demo").stdout == "<demo>"
    assert clone.installs() == ["pip "]
    assert site.is_dir()


def test_training_brings_its_own_packages_once(clone: Clone) -> None:
    clone.start("demo")
    assert clone.start("--debug", "train", "--steps", "1").returncode == 0
    assert "pip [train]" in clone.installs()
    before = clone.installs()
    clone.start("train")
    assert clone.installs() == before


def test_help_of_training_installs_only_the_base(clone: Clone) -> None:
    assert clone.start("train", "--help").stdout == "<train><--help>"
    assert clone.installs() == ["venv", "pip "]


def test_starts_at_the_same_time_install_once(clone: Clone) -> None:
    if shutil.which("flock") is None:
        pytest.skip("no flock on this system")
    command = [str(clone.root / "scripts/amt"), "demo"]
    environment = clone.environment | {"FAKE_SLEEP": "0.5"}
    starts = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(3)
    ]
    assert [start.communicate(timeout=120)[0] for start in starts] == ["<demo>"] * 3
    assert clone.installs() == ["venv", "pip "]


def test_old_python_is_refused_in_a_sentence(clone: Clone) -> None:
    run = clone.start("demo", FAKE_TOO_OLD="1")
    assert run.returncode == 1
    assert "is Python 3.9.2, but amt needs Python 3.11 to 3.13." in run.stderr
    assert not (clone.root / ".venv").exists()


def test_missing_python_is_refused_in_a_sentence(clone: Clone) -> None:
    run = clone.start("demo", AMT_PYTHON="/nowhere/python3")
    assert run.returncode == 1
    assert "AMT_PYTHON names /nowhere/python3, which is not there." in run.stderr
