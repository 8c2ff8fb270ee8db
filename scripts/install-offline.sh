#!/bin/sh
# Install rs-governance from this folder, without network. Usage: install.sh [FOLDER]  (default: ./rs-governance)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-rs-governance}
wanted=$(cat "$here/PYTHON")
machine=$(cat "$here/MACHINE")

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

[ "$(uname -m)" = "$machine" ] || fail "This bundle is for $machine and this machine is $(uname -m); make the bundle on a machine of this kind."
[ ! -e "$target" ] || fail "$target exists already; remove it, or name another folder: $0 FOLDER"
python=
for candidate in "${PYTHON:-}" "python$wanted" python3; do
    if [ -n "$candidate" ] && [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$wanted" ]; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "This bundle is for Python $wanted, which was not found; install it, or set PYTHON=/path/to/python$wanted"
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python has no venv module: install the system package python$wanted-venv"
"$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || fail "The system library libgomp1 (OpenMP) is missing: install the system package libgomp1"

"$python" -m venv "$target"
pip() {
    PIP_CONFIG_FILE=/dev/null "$target/bin/python" -m pip --isolated --disable-pip-version-check --quiet \
        install --no-index --no-cache-dir "$@"
}
pip --find-links "$here/wheels" --require-hashes --requirement "$here/run.lock"
pip --no-deps "$here"/wheels/rs_governance-*.whl
"$target/bin/rsg" version
printf 'Installed. Check the machine: %s/bin/rsg doctor\n' "$target"
