# shellcheck shell=bash
# Makes and keeps .venv; sourced by scripts/amt and scripts/test, never run by itself.
#
# .venv/.amt/ holds one stamp per part (base, train, mic, midi, dev): the checksum of pyproject.toml's
# dependencies with which that part was installed, written last. So an interrupted install is taken up again, and a
# start with fitting stamps runs neither pip nor Python. Works with bash 3.2 (macOS); everything it
# says goes to stderr, because stdout belongs to the command.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
venv="$root/.venv"
python="$venv/bin/python"
stamps="$venv/.amt"

torch="torch>=2.8,<2.14" # as in pyproject.toml; tests/test_house.py compares them
torch_cpu_index="https://download.pytorch.org/whl/cpu"

say() { printf 'amt: %s\n' "$*" >&2; }
fail() {
  say "$@"
  exit 1
}

# run_step NAME COMMAND…: runs a command with its name and time; shows what it said if it fails.
# On a terminal its output stays visible, pip's progress bar with it.
run_step() {
  local name="$1" started=$SECONDS log rc=0
  shift
  if [ -t 2 ]; then
    say "$name …"
    "$@" >&2 || rc=$?
  else
    log="$(mktemp)"
    "$@" >"$log" 2>&1 || rc=$?
    [ "$rc" -eq 0 ] || tail -n 40 "$log" >&2
    rm -f "$log"
  fi
  if [ "$rc" -eq 0 ]; then say "$name: done in $((SECONDS - started)) s"; fi
  return "$rc"
}

can_apt() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::http::Timeout=20)
  "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"
}

# --- the interpreter --------------------------------------------------------------------------

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

# Prints the interpreter to build with: AMT_PYTHON, or the first on the path that is new enough.
find_python() {
  local candidate
  if [ -n "${AMT_PYTHON:-}" ]; then
    command -v "$AMT_PYTHON" >/dev/null ||
      fail "AMT_PYTHON names $AMT_PYTHON, which is not there. Unset it or name a Python 3.11 to 3.13."
    fits "$AMT_PYTHON" || fail "$AMT_PYTHON is $("$AMT_PYTHON" --version 2>&1)," \
      "but amt needs Python 3.11 to 3.13. Set AMT_PYTHON to one of these."
    command -v "$AMT_PYTHON"
    return
  fi
  for candidate in python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

make_venv() {
  local interpreter
  if ! interpreter="$(find_python)"; then
    [ -z "${AMT_PYTHON:-}" ] || exit 1 # find_python has said why
    can_apt || fail "No Python 3.11 to 3.13 was found. Install one (Debian: python3 python3-venv)" \
      "or set AMT_PYTHON to it."
    run_step "installing Python" apt_install python3 python3-venv || true
    interpreter="$(find_python)" ||
      fail "This system has no Python 3.11 to 3.13. Install one and set AMT_PYTHON to it."
  fi
  # Debian keeps ensurepip in a package of its own; venv then stops half-way.
  if ! "$interpreter" -c 'import ensurepip, venv' 2>/dev/null; then
    local package
    package="$("$interpreter" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    can_apt || fail "$interpreter cannot make environments. Install its venv package" \
      "(Debian: apt-get install $package) and start again."
    run_step "installing $package" apt_install "$package" ||
      fail "$package could not be installed. Install it by hand and start again."
  fi
  # Behind a link it is somebody else's, and --clear would empty it.
  [ ! -L "$venv" ] || rm -- "$venv"
  run_step "making $venv" "$interpreter" -m venv --clear "$venv" ||
    fail "The environment could not be made in $venv. Is there space, and may you write there?"
  mkdir -p "$stamps"
  printf '%s\n' "$root" >"$stamps/root"
  printf '%s\n' "${AMT_PYTHON:-}" >"$stamps/interpreter"
}

# --- the parts --------------------------------------------------------------------------------

# Of what decides about the installation: settings of tools may change without another.
checksum() {
  awk '/^\[/ { on = /^\[(project|build-system)/ } on' "$root/pyproject.toml" | cksum
}

recorded() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }

# True if every part named is installed as pyproject.toml has it, here, for this AMT_PYTHON.
installed() {
  local sum part
  sum="$(checksum)"
  [ -x "$python" ] || return 1
  if [ -f "$stamps/root" ]; then recorded root "$root" || return 1; fi
  if [ -n "${AMT_PYTHON:-}" ]; then recorded interpreter "$AMT_PYTHON" || return 1; fi
  for part in "$@"; do recorded "$part" "$sum" || return 1; done
}

# True if .venv can be kept: it runs, and either it is ours, was once complete, and neither moved nor
# changed its interpreter, or somebody made it by hand.
keepable() {
  [ -x "$python" ] && fits "$python" || return 1
  if [ -n "${AMT_PYTHON:-}" ]; then recorded interpreter "$AMT_PYTHON" || return 1; fi
  if [ -f "$stamps/root" ]; then
    recorded root "$root" && [ -f "$stamps/base" ] || return 1
  fi
  "$python" -m pip --version >/dev/null 2>&1
}

pip_install() {
  "$python" -m pip install --disable-pip-version-check --no-warn-script-location "$@"
}

install_base() { pip_install -e "$root"; }

# The tests speak to a Dask cluster of their own, and play a soundfont where FluidSynth can be had.
install_dev() {
  if can_apt && ! command -v fluidsynth >/dev/null; then
    apt_install fluidsynth || echo "amt: no FluidSynth; the tests that play a soundfont are skipped"
  fi
  pip_install -e "$root[dev,cluster]"
}

# torch first and alone, from the index of CPU builds, so that nothing asks PyPI for the CUDA one; its
# other dependencies come with the extra. A wheel that pip's find-links has on disk is found this
# way even if the index cannot be reached. torchaudio is left out: nothing here needs it.
# With an NVIDIA GPU, and on macOS, the torch of PyPI is the right one.
install_train() {
  local index="${AMT_TORCH_INDEX:-}"
  if [ -z "$index" ] && [ "$(uname -s)" = Linux ] && ! nvidia-smi -L >/dev/null 2>&1; then
    index="$torch_cpu_index"
  fi
  if [ -n "$index" ] && ! "$python" -c 'import torch' 2>/dev/null; then
    pip_install --no-deps --retries 1 --timeout 20 --index-url "$index" "$torch" ||
      echo "amt: no torch from $index; taking the one from PyPI, which can be gigabytes"
  fi
  pip_install -e "$root[train]"
}

# Only Linux compiles PyAudio; it has to find PortAudio's header and a compiler.
install_mic() {
  if [ "$(uname -s)" = Linux ] && can_apt; then
    [ -f /usr/include/portaudio.h ] && command -v gcc >/dev/null ||
      apt_install portaudio19-dev gcc python3-dev || return 1
  fi
  pip_install -e "$root[mic]"
}

# The onnx package puts the front end into the model; no torch.
install_phone() { pip_install -e "$root[phone]"; }

install_midi() { pip_install -e "$root[midi]"; }

explain() {
  case "$1" in
    base) echo "installing amt (about 60 MB to fetch, once)" ;;
    train) echo "installing what training needs (torch and more, a few hundred MB, once)" ;;
    mic) echo "installing what the microphone needs" ;;
    midi) echo "installing what a MIDI port needs" ;;
    phone) echo "installing what the phone's page is built with" ;;
    dev) echo "installing the development tools" ;;
  esac
}

# install PART…: brings the parts up to date, one process at a time. pyproject.toml serves as the lock,
# because everything in .venv may be deleted; macOS has no flock and does without.
install() (
  set -euo pipefail
  exec 9<"$root/pyproject.toml"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "another start is installing; waiting for it"
    flock 9
  fi
  ! installed "$@" || exit 0
  keepable || make_venv
  mkdir -p "$stamps"
  sum="$(checksum)"
  for part in "$@"; do
    ! recorded "$part" "$sum" || continue
    if ! run_step "$(explain "$part")" "install_$part" 9<&-; then
      [ -f "$stamps/$part" ] ||
        fail "The installation did not finish. Check the network and the message above, then start again."
      say "going on with what was installed for an earlier version; the next start tries again"
      continue
    fi
    printf '%s\n' "$sum" >"$stamps/$part"
  done
)
