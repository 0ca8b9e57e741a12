#!/usr/bin/env bash
# Measures the base (if BASE_ARGS names one) and this change, one after the other on this machine,
# and holds the result against THRESHOLDS. Writes OUT/base, OUT/head and OUT/gate.md, adds the last
# to the job summary, and exits by the gate: 0 passed, 1 failed, 2 not judged.
set -uo pipefail
lab() { node "$(dirname "${BASH_SOURCE[0]}")/../../../harness/cli/sse-lab.mjs" "$@"; }

mkdir -p "$OUT"
base=()
if [ -n "${BASE_ARGS:-}" ]; then
  # Split at spaces: these are flags.
  # shellcheck disable=SC2086
  lab loadtest $BASE_ARGS --out "$OUT/base"
  if [ -f "$OUT/base/summary.json" ]; then
    base=(--base "$OUT/base")
  else
    echo "::warning::The base could not be measured, so this change is not compared with it."
  fi
fi
# A verdict that is invalid or unknown is the gate's to judge.
# shellcheck disable=SC2086
lab loadtest ${ARGS:-} --out "$OUT/head"

lab gate "$OUT/head" "${base[@]}" ${THRESHOLDS:+--thresholds "$THRESHOLDS"} >"$OUT/gate.md"
status=$?
case $status in 0) result=passed ;; 1) result=failed ;; *) result="not judged" ;; esac
[ -s "$OUT/gate.md" ] || exit "$status"
echo "result=$result" >>"${GITHUB_OUTPUT:-/dev/null}"
cat "$OUT/gate.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
exit "$status"
