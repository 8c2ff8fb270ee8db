#!/bin/sh
# Resolve pyproject.toml into requirements/*.lock: every version pinned with its hashes, for every platform.
# No header and no annotations: a lock names no machine and no package index.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=requirements/$1.lock
    shift
    .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
        --output-file "$output" "$@"
}

# Later locks are held to the versions of the first.
compile run --upgrade pyproject.toml
compile bootstrap --upgrade --group build --constraint requirements/run.lock
compile dev --upgrade pyproject.toml --group dev --constraint requirements/run.lock --constraint requirements/bootstrap.lock
compile gpu --upgrade pyproject.toml --extra gpu --group dev --constraint requirements/dev.lock
