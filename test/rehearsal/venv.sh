#!/usr/bin/env bash
# venv.sh: makes test/rehearsal/.venv from requirements.txt, unless it is there already, and prints its Python.
# PYTHON is the Python to make it with; REHEARSAL_PYTHON is used as it is, if set.
set -euo pipefail
cd "$(dirname "$0")"
if [ -n "${REHEARSAL_PYTHON:-}" ]; then
  echo "$REHEARSAL_PYTHON"
  exit
fi
python=$PWD/.venv/bin/python
if ! cmp -s requirements.txt .venv/requirements.txt; then
  rm -rf .venv
  "${PYTHON:-python3}" -m venv .venv >&2
  "$python" -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt >&2
  cp requirements.txt .venv/requirements.txt
fi
echo "$python"
