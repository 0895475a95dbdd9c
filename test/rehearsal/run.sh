#!/usr/bin/env bash
# run.sh [APPDIR]
#   The real `cdk bootstrap / diff / deploy / destroy` of the CDK app in APPDIR (default: this project) against an
#   emulated AWS, with a read-back of what was deployed. Nothing reaches beyond 127.0.0.1 and nothing is written into
#   APPDIR. The last line is the verdict; the exit code is 0 only when every step passed.
#
#   Environment, all optional:
#     CDK_ARGS      more arguments of synth, e.g. "-c azs=3"
#     UPDATE_ARGS   a second synth with these beside CDK_ARGS, deployed as an update; UPDATE2_ARGS, UPDATE3_ARGS, ...
#                   follow. UPDATE_ENV, UPDATE2_ENV, ...: VAR=VALUE words for that synth
#     CHECK_ARGS    arguments of check_deployed.py, e.g. "--no-nat" (--no-eks, --no-lbc); UPDATE_CHECK_ARGS, ... after that
#                   update, where they differ
#     KEEP=1        stop before destroy and leave the emulator running: its endpoint and its pid are printed
#     REDEPLOY=1    after destroy, deploy the same app again, check and destroy
#     EIP_QUOTA     Elastic IP addresses per Region (default: 5, as AWS; 0: no limit)
#     IPV4_ONLY_ENDPOINTS  services whose interface endpoints take no IPv6 (default: ec2,elasticloadbalancing)
#     EKS_LATE_LOGS=0      EKS does not make the log group again after the deletion of a cluster
#     CFN_ORDER_SEED       shuffles the creation order among resources whose dependencies are met
#     CDK           path of the CDK CLI (default: node_modules/.bin/cdk of APPDIR or of the nearest folder above it)
#     WORK          folder for logs and state (default: a temporary one, removed when everything passed)
#     PORT          port of the emulator (default: a free one)
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
app=$(cd "${1:-$here/../..}" && pwd) || exit 2
[ -f "$app/cdk.json" ] || { echo "rehearsal: no cdk.json in $app"; exit 2; }
root=$app
until [ -x "$root/node_modules/.bin/cdk" ] || [ "$root" = / ]; do root=$(dirname "$root"); done
[ "$root" = / ] || PATH=$root/node_modules/.bin:$PATH
cdk=${CDK:-$(command -v cdk)} || { echo "rehearsal: no CDK CLI: npm ci"; exit 2; }
python=$("$here/venv.sh") || { echo "rehearsal: no Python with the emulator's packages"; exit 2; }
temporary=
[ -n "${WORK:-}" ] || { WORK=$(mktemp -d -t rehearsal.XXXXXX) && temporary=1; }
mkdir -p "$WORK/empty"
WORK=$(cd "$WORK" && pwd)

for name in ${!AWS_@}; do unset "$name"; done # no profile, endpoint or credentials of the user
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export CI=1 CDK_DISABLE_CLI_TELEMETRY=true CDK_DISABLE_VERSION_CHECK=1 JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1
export NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY} no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy}
export STATE_FILE=$WORK/state.json

rm -f "$WORK/endpoint" "$STATE_FILE" # of an earlier run in the same folder
parent=(--parent $$)
[ -z "${KEEP:-}" ] || parent=()
"$python" "$here/server.py" --port "${PORT:-0}" "${parent[@]}" >"$WORK/endpoint" 2>"$WORK/server.log" &
server=$!
trap 'kill $server 2>/dev/null' EXIT
until [ -s "$WORK/endpoint" ]; do
  kill -0 $server 2>/dev/null || { echo "rehearsal: the emulator did not start:"; cat "$WORK/server.log"; exit 2; }
  sleep 0.2
done
AWS_ENDPOINT_URL=$(head -1 "$WORK/endpoint")
export AWS_ENDPOINT_URL
[[ $AWS_ENDPOINT_URL =~ ^http://localhost:[0-9]+$ ]] || { echo "rehearsal: no endpoint: $AWS_ENDPOINT_URL"; exit 2; }

failed=() did=()
step() { # step NAME COMMAND...: runs it, logs and times it; the end of the log is shown when it fails
  local name=$1 start=$SECONDS code
  shift
  did+=("$name")
  "$@" >"$WORK/$name.log" 2>&1 && { echo "PASS $name ($((SECONDS - start)) s)"; return 0; }
  code=$?
  echo "FAIL $name (exit code $code, $((SECONDS - start)) s), end of $WORK/$name.log:"
  grep -v '^!!' "$WORK/$name.log" | tail -"${tail:-25}" | cut -c1-400
  failed+=("$name")
  return 1
}
finish() {
  "$python" "$here/report.py" "$STATE_FILE" || failed+=(problems)
  local steps
  steps=$(IFS=,; echo "${did[*]}")
  if [ ${#failed[@]} = 0 ]; then
    if [ -n "$temporary" ] && [ -z "${KEEP:-}" ]; then rm -rf "$WORK"; else steps="$steps; logs $WORK"; fi
    echo "VERDICT: PASS ${app##*/} in $SECONDS s ($steps)"
    exit 0
  fi
  echo "VERDICT: FAIL ${app##*/} at: ${failed[*]} ($SECONDS s; logs $WORK)"
  exit 1
}

note=(--no-notices --no-version-reporting)
deploy=(deploy --all --require-approval never --progress events --concurrency 1 "${note[@]}")
synth() { (cd "$app" && env $2 "$cdk" synth --quiet "${note[@]}" ${CDK_ARGS:-} $3 --output "$WORK/$1"); }
operations() { "$python" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["operations"]))' "$STATE_FILE"; }
check() { "$python" "$here/check_deployed.py" --state "$STATE_FILE" ${1-${CHECK_ARGS:-}} $stacks; }
deploys_nothing() { "$cdk" "${deploy[@]}" --app "$out" && [ "$(operations)" = "$before" ]; }
leftovers() { "$python" "$here/leftovers.py" --state "$STATE_FILE"; }
stack_names() {
  stacks=$("$python" -c 'import json, sys
for name, part in json.load(open(sys.argv[1] + "/manifest.json"))["artifacts"].items():
    if part["type"] == "aws:cloudformation:stack": print(part["properties"].get("stackName", name))' "$WORK/$1" | xargs)
}
update() { # update NAME: the variables NAME_ARGS and NAME_ENV
  local args=$1_ARGS env=$1_ENV checks=$1_CHECK_ARGS name=${1,,}
  step "synth-$name" synth "$name" "${!env:-}" "${!args:-}" || finish
  out=$WORK/$name
  stack_names "$name"
  step "diff-$name" "$cdk" diff --all --app "$out" "${note[@]}"
  step "$name" "$cdk" "${deploy[@]}" --app "$out" || finish
  tail=200 step "check-$name" check "${!checks-${CHECK_ARGS:-}}"
}

# From an empty folder: in APPDIR the CLI would synthesize first.
step bootstrap sh -c "cd '$WORK/empty' && '$cdk' bootstrap aws://123456789012/us-east-1 ${note[*]}" || finish
export CDK_DEFAULT_ACCOUNT=123456789012 CDK_DEFAULT_REGION=us-east-1
out=$WORK/first
step synth synth first "" "" || finish
stack_names first
echo "stacks: $stacks"
step diff "$cdk" diff --all --app "$out" "${note[@]}"
step deploy "$cdk" "${deploy[@]}" --app "$out" || finish
tail=200 step check check
before=$(operations)
step deploy-no-change deploys_nothing
step diff-no-change "$cdk" diff --all --fail --app "$out" "${note[@]}"
for name in UPDATE UPDATE{2..9}; do
  args=${name}_ARGS env=${name}_ENV
  [ -z "${!args:-}${!env:-}" ] || update "$name"
done
cp "$STATE_FILE" "$WORK/state-deployed.json"
if [ -n "${KEEP:-}" ]; then
  trap - EXIT
  disown $server
  echo "KEEP: endpoint $AWS_ENDPOINT_URL (us-east-1, keys test/test), state $STATE_FILE; end it with: kill $server"
  finish
fi
step destroy "$cdk" destroy --all --force --app "$out" "${note[@]}"
step leftovers leftovers
if [ -n "${REDEPLOY:-}" ]; then
  if step deploy-again "$cdk" "${deploy[@]}" --app "$out"; then tail=200 step check-again check; fi
  step destroy-again "$cdk" destroy --all --force --app "$out" "${note[@]}"
  step leftovers-again leftovers
fi
finish
