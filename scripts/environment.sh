#!/bin/sh
# Make .venv hold exactly what a lock names, and this project. Usage: environment.sh run|dev|gpu
# Does nothing when it already does. PYTHON=/path/to/python picks the interpreter.
set -eu
cd "$(dirname "$0")/.."

wanted=${1:?usage: environment.sh run|dev|gpu}
venv=.venv
stamp=$venv/.rsg-environment

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# The digest also holds the folder's name: a virtual environment does not survive being moved.
digest_of() {
    { pwd && cat pyproject.toml requirements/bootstrap.lock "requirements/$1.lock"; } | cksum | cut -d ' ' -f 1
}

holds() {
    grep -qx "$1 $(digest_of "$1")" "$stamp" 2>/dev/null
}

recent_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# gpu holds all of dev, dev all of run: what is there and holds more will do.
case $wanted in
    run) enough='run dev gpu' ;;
    dev) enough='dev gpu' ;;
    *) enough=$wanted ;;
esac
for name in $enough; do
    if holds "$name"; then
        exit 0
    fi
done

if [ -n "${PYTHON:-}" ]; then
    recent_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer that runs; name another, or leave PYTHON out."
    python=$PYTHON
else
    python=
    for candidate in python3.13 python3.12 python3.11 python3; do
        if recent_enough "$candidate"; then
            python=$candidate
            break
        fi
    done
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and none was found: sudo apt-get install python3 python3-venv (or PYTHON=/path/to/python make ...)."
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module: sudo apt-get install $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
"$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null ||
    fail "The system library libgomp1 (OpenMP) is missing: sudo apt-get install libgomp1"

# A virtual environment of another place or a Python that has gone cannot be repaired, only made again.
if ! recent_enough "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
    [ "$(cat "$venv/.rsg-home" 2>/dev/null || pwd)" != "$(pwd)" ]; then
    rm -rf "$venv"
    printf 'Making %s with %s\n' "$venv" "$("$python" --version)"
    "$python" -m venv "$venv"
fi
rm -f "$stamp"
pwd >"$venv/.rsg-home"
pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"
}

printf 'Installing requirements/%s.lock\n' "$wanted"
pip install --require-hashes --requirement requirements/bootstrap.lock

# uv does not read pip's configuration: hand it a mirror that is set there.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    mirror=${PIP_INDEX_URL:-$(pip config get global.index-url 2>/dev/null || true)}
    [ -z "$mirror" ] || export UV_DEFAULT_INDEX="$mirror"
fi
# pip compiles what it installs, uv only when told to; without, every start of rsg is 2.4 s of CPU later.
VIRTUAL_ENV=$(pwd)/$venv "$venv/bin/uv" pip sync --quiet --compile-bytecode --require-hashes requirements/bootstrap.lock "requirements/$wanted.lock" || {
    printf 'uv could not install; trying pip\n'
    pip install --require-hashes --requirement requirements/bootstrap.lock --requirement "requirements/$wanted.lock"
}
pip install --no-deps --no-build-isolation --no-index --editable .

printf '%s %s\n' "$wanted" "$(digest_of "$wanted")" >"$stamp"
