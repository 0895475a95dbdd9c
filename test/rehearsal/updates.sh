#!/usr/bin/env bash
# updates.sh: runs every update of updates.txt with run.sh, each from a first deployment to the end of the stack, and lists the
# verdicts. It takes about a minute for each line; a line number, or several, runs those alone.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
failed=0 number=0 name=
while IFS= read -r line; do
  case $line in
  "#"*) name=${line#"# "}; continue ;;
  "") continue ;;
  esac
  number=$((number + 1))
  [ $# -eq 0 ] || [[ " $* " == *" $number "* ]] || continue
  first=${line%%|*} update=${line#*|} check= after= last= quota=5
  [[ $line != *azs=6* ]] || quota=0 # six zones want six Elastic IPs: more than an account has by default
  [[ $first != *nat=none* ]] || check=--no-nat
  [ "$(grep -o 'nat=[a-z-]*' <<<"$first $update" | tail -1)" != nat=none ] || after=--no-nat # the last nat= counts
  [[ $update != *hardened=true* ]] || last="$update -c deletable=true" # EKS deletes no protected cluster
  log=$(CDK_ARGS=$first UPDATE_ARGS=$update UPDATE2_ARGS=$last CHECK_ARGS=$check UPDATE_CHECK_ARGS=$after UPDATE2_CHECK_ARGS=$after EIP_QUOTA=$quota bash "$here/run.sh" 2>&1 </dev/null)
  verdict=$(tail -1 <<<"$log")
  echo "$number $name: ${verdict#VERDICT: }"
  [[ $verdict == "VERDICT: PASS"* ]] || { failed=1; echo "$log"; }
done <"$here/updates.txt"
exit $failed
