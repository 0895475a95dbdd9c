#!/usr/bin/env bash
# selftest.sh [TEST...]: the rehearsal's own tests, e.g. selftest.sh selftest.test_eks.Nodes. No CDK CLI is needed.
set -euo pipefail
cd "$(dirname "$0")"
python=$(./venv.sh)
export PYTHONDONTWRITEBYTECODE=1
[ $# = 0 ] || exec "$python" -m unittest "$@"
ls selftest/test_*.py | sed 's|/|.|; s|\.py$||' | xargs -P 2 -n 3 "$python" -m unittest --buffer
