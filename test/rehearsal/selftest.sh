#!/usr/bin/env bash
# selftest.sh [TEST...]: the rehearsal's own tests, e.g. selftest.sh selftest.test_eks.Nodes. No CDK CLI is needed.
set -euo pipefail
cd "$(dirname "$0")"
python=$(./venv.sh)
if [ $# -gt 0 ]; then exec "$python" -m unittest "$@"; fi
exec "$python" -m unittest discover --start-directory selftest --top-level-directory . --buffer
