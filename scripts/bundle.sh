#!/bin/sh
# Pack everything that an installation without network needs into bundle-VERSION.tar: the wheels of
# requirements/run.lock for this Python and processor, our own wheel, the installer and the sample.
# Usage: bundle.sh [FOLDER]  (default: dist)
set -eu
cd "$(dirname "$0")/.."

python=.venv/bin/python
target=${1:-dist}
version=$("$python" -c 'import rs_governance; print(rs_governance.__version__)')
name=bundle-$version
mkdir -p "$target"
work=$(mktemp -d "$target/.bundle-XXXXXX")
trap 'rm -rf "$work"' EXIT
folder=$work/$name
mkdir -p "$folder/wheels"

"$python" -m pip --disable-pip-version-check --quiet download --only-binary :all: --require-hashes \
    --requirement requirements/run.lock --dest "$folder/wheels"
"$python" -m pip --disable-pip-version-check --quiet wheel --no-deps --no-build-isolation --no-index \
    --wheel-dir "$folder/wheels" .
cp requirements/run.lock LICENSE README.md README.zh-CN.md "$folder"
cp scripts/install-offline.sh "$folder/install.sh"
cp -R sample_tiles "$folder"
"$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' >"$folder/PYTHON"
uname -m >"$folder/MACHINE"

tar --create --file "$work/$name.tar" --directory "$work" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$name"
mv "$work/$name.tar" "$target/$name.tar"
printf '%s: %s MB\n' "$target/$name.tar" "$(($(wc -c <"$target/$name.tar") / 1000000))"
printf 'On the machine without network: tar xf %s.tar && %s/install.sh FOLDER\n' "$name" "$name"
