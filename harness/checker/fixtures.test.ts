import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CAUSES } from "../history/observation.ts";
import { readHistory } from "../history/read-history.ts";
import { INVALID_RULES } from "./verdict/invalid-rules.ts";
import { decideVerdict, judgeRecord, collectEvidence } from "./judge-run.ts";
import { OUTCOMES } from "./judge/outcome.ts";
import { REMARKS } from "./verdict/remarks.ts";
import { RunRecord } from "./records/run-record.ts";
import { UNKNOWN_RULES } from "./verdict/unknown-rules.ts";

const FOLDER = fileURLToPath(new URL("fixtures/", import.meta.url));
const NAMES = readdirSync(FOLDER).map((file) => file.replace(/\.ndjson$/, ""));

async function judgeFixture(name: string) {
  const record = new RunRecord();
  for await (const batch of readHistory(`${FOLDER}${name}.ndjson`)) {
    for (const observation of batch) record.absorb(observation);
  }
  const result = judgeRecord(record);
  const causes = Object.fromEntries(
    Object.entries(result.lostByCause).filter(([, lost]) => lost > 0),
  );
  const { findings } = decideVerdict(collectEvidence(record));
  const brief = {
    verdict: result.verdict,
    pairs: OUTCOMES.filter((outcome) => outcome !== "missed" || result.withoutLedger !== null).map(
      (outcome) => result[outcome],
    ),
    beside: [result.duplicated, result.reordered, result.unexpected],
    causes,
    stuck: result.stuckStreams,
    findings: findings.map(({ id }) => id),
  };
  return { result, brief, findings };
}

/**
 * verdict, [delivered, recovered, lost, neverPublished, indeterminate], findings, causes,
 * [duplicated, reordered, unexpected], stuck
 */
type Row = [
  verdict: string,
  pairs: number[],
  findings?: string[],
  causes?: Record<string, number>,
  beside?: number[],
  stuck?: number,
];

const EXPECTED: Record<string, Row> = {
  valid: ["valid", [3, 0, 0, 0, 0]],
  "valid-engine-unseen": ["valid", [3, 0, 0, 0, 0]],
  "valid-pause": ["valid", [3, 0, 0, 0, 0], []],
  "valid-realtime-outage": ["valid", [2, 0, 1, 0, 0], [], { "while-disconnected": 1 }],

  "outcome-delivered": ["valid", [3, 0, 0, 0, 0]],
  "outcome-recovered": ["valid", [2, 1, 0, 0, 0]],
  "outcome-recovered-from-the-log": ["valid", [2, 1, 0, 0, 0]],
  "outcome-lost": ["valid", [2, 0, 1, 0, 0], [], { "while-disconnected": 1 }],
  "outcome-never-published": [
    "valid",
    [1, 0, 0, 2, 0],
    ["never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "outcome-indeterminate": [
    "unknown",
    [1, 0, 0, 0, 2],
    ["ledger-incomplete", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  // Unlike any other pair that is published too late to know, it makes no run unknown.
  "outcome-indeterminate-before-a-limit": [
    "valid",
    [2, 0, 0, 0, 1],
    ["over-quota", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "count-duplicated": ["invalid", [3, 0, 0, 0, 0], ["duplicated"], {}, [2, 0, 0]],
  "count-reordered": ["invalid", [3, 0, 0, 0, 0], ["reordered"], {}, [0, 1, 0]],
  "count-unexpected": ["invalid", [3, 0, 0, 0, 0], ["unexpected"], {}, [0, 0, 1]],

  "cause-no-route": ["valid", [0, 0, 3, 0, 0], ["stuck"], { "no-route": 3 }, [0, 0, 0], 1],
  "cause-no-route-fallback-without-a-broker": [
    "valid",
    [0, 0, 3, 0, 0],
    ["stuck"],
    { "no-route": 3 },
    [0, 0, 0],
    1,
  ],
  "cause-in-flight-at-disconnect": ["valid", [2, 0, 1, 0, 0], [], { "in-flight-at-disconnect": 1 }],
  "cause-in-flight-at-disconnect-of-a-slow-subscriber": [
    "valid",
    [2, 0, 1, 0, 0],
    [],
    { "in-flight-at-disconnect": 1 },
  ],
  "cause-in-flight-at-disconnect-while-draining": [
    "valid",
    [2, 0, 1, 0, 0],
    [],
    { "in-flight-at-disconnect": 1 },
  ],
  "cause-in-flight-at-disconnect-of-the-publisher": [
    "valid",
    [1, 0, 1, 1, 0],
    ["never-published-why", "stuck"],
    { "in-flight-at-disconnect": 1 },
    [0, 0, 0],
    1,
  ],
  "cause-while-disconnected": ["valid", [2, 0, 1, 0, 0], [], { "while-disconnected": 1 }],
  "cause-replay-window-exceeded": ["valid", [2, 0, 1, 0, 0], [], { "replay-window-exceeded": 1 }],
  "cause-epoch-changed": ["valid", [2, 0, 1, 0, 0], [], { "epoch-changed": 1 }],
  "cause-broker-gap": ["valid", [2, 0, 1, 0, 0], [], { "broker-gap": 1 }],
  "cause-broker-gap-fallback": ["valid", [2, 0, 1, 0, 0], [], { "broker-gap": 1 }],
  "cause-broker-gap-noticed-late": ["valid", [2, 0, 1, 0, 0], [], { "broker-gap": 1 }],
  "cause-broker-gap-of-a-half-open-broker": ["valid", [2, 0, 1, 0, 0], [], { "broker-gap": 1 }],
  "cause-log-lost": ["valid", [2, 0, 1, 0, 0], [], { "log-lost": 1 }],
  "cause-broker-gap-declared-drop": ["valid", [2, 0, 1, 0, 0], ["given-up"], { "broker-gap": 1 }],
  "cause-broker-gap-of-a-refused-message": [
    "valid",
    [2, 0, 1, 0, 0],
    ["given-up"],
    { "broker-gap": 1 },
  ],
  "cause-broker-gap-of-a-direct-stream": ["valid", [2, 0, 1, 0, 0], [], { "broker-gap": 1 }],
  "cause-in-flight-at-disconnect-of-a-direct-stream": [
    "valid",
    [1, 0, 1, 1, 0],
    ["never-published-why", "stuck"],
    { "in-flight-at-disconnect": 1 },
    [0, 0, 0],
    1,
  ],
  "cause-no-route-to-a-direct-stream": [
    "valid",
    [0, 0, 3, 0, 0],
    ["stuck"],
    { "no-route": 3 },
    [0, 0, 0],
    1,
  ],
  "cause-while-disconnected-after-a-refused-join": [
    "valid",
    [2, 0, 1, 0, 0],
    ["over-quota"],
    { "while-disconnected": 1 },
  ],
  "cause-quota": ["valid", [2, 0, 1, 0, 0], ["over-quota"], { quota: 1 }],
  "cause-quota-of-a-closed-channel": [
    "valid",
    [1, 0, 2, 0, 0],
    ["over-quota", "stuck"],
    { quota: 2 },
    [0, 0, 0],
    1,
  ],
  "cause-quota-of-a-channel-s-last-moments": [
    "valid",
    [2, 0, 1, 0, 0],
    ["over-quota"],
    { quota: 1 },
  ],
  "cause-quota-of-a-queue": [
    "valid",
    [1, 0, 2, 0, 0],
    ["over-quota", "stuck"],
    { quota: 2 },
    [0, 0, 0],
    1,
  ],
  "cause-quota-of-a-refused-join": ["valid", [2, 0, 1, 0, 0], ["over-quota"], { quota: 1 }],
  // Its promise allows `unexplained`; nothing can.
  "cause-unexplained": ["invalid", [2, 0, 1, 0, 0], ["loss-not-promised"], { unexplained: 1 }],
  "cause-started-twice": [
    "invalid",
    [2, 0, 1, 0, 0],
    ["loss-not-promised", "started-twice"],
    { "started-twice": 1 },
  ],
  "invalid-duplicated-by-a-second-start": [
    "invalid",
    [3, 0, 0, 0, 0],
    ["duplicated", "started-twice"],
    {},
    [2, 0, 0],
  ],
  "cause-unexplained-long-before-a-cut": [
    "invalid",
    [2, 0, 1, 0, 0],
    ["loss-not-promised"],
    { unexplained: 1 },
  ],
  "cause-unexplained-while-draining": [
    "invalid",
    [2, 0, 1, 0, 0],
    ["loss-not-promised"],
    { unexplained: 1 },
  ],
  "cause-unexplained-of-a-restarted-publisher": [
    "invalid",
    [2, 0, 1, 0, 0],
    ["loss-not-promised"],
    { unexplained: 1 },
  ],

  "unknown-no-run": ["unknown", [3, 0, 0, 0, 0], ["no-run"]],
  "unknown-no-plan": ["unknown", [3, 0, 0, 0, 0], ["no-plan"]],
  "unknown-contradictory": ["unknown", [3, 0, 0, 0, 0], ["contradictory"]],
  "unknown-nothing-connected": [
    "unknown",
    [0, 0, 0, 3, 0],
    ["nothing-connected", "never-published", "never-connected", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "unknown-nothing-ended": [
    "unknown",
    [25, 0, 0, 0, 0, 0],
    ["nothing-ended", "stuck-without-miss", "without-ledger", "stuck"],
    {},
    [0, 0, 0],
    5,
  ],
  "unknown-misfit": ["unknown", [3, 0, 0, 0, 0], ["misfit"]],
  "unknown-no-drain": ["unknown", [3, 0, 0, 0, 0], ["no-drain"]],
  "unknown-engine-silent": ["unknown", [3, 0, 0, 0, 0], ["engine-silent"]],
  "unknown-engine-saturated": [
    "unknown",
    [3, 0, 0, 0, 0],
    ["engine-saturated", "latency-unresolved"],
  ],
  "unknown-engine-saturated-unseen": [
    "unknown",
    [3, 0, 0, 0, 0],
    ["engine-saturated", "latency-unresolved"],
  ],
  "unknown-publisher-silent": [
    "unknown",
    [0, 0, 0, 3, 0],
    ["publisher-silent", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "unknown-publisher-slow": ["unknown", [3, 0, 0, 0, 0], ["publisher-slow", "published-late"]],
  "unknown-clocks-off": ["unknown", [3, 0, 0, 0, 0], ["clocks-off"]],
  "unknown-clocks-off-contradictory": ["unknown", [3, 0, 0, 0, 0], ["clocks-off"]],
  "unknown-clocks-off-too-far": ["unknown", [3, 0, 0, 0, 0], ["clocks-off"]],
  "unknown-bounce-missing": ["unknown", [3, 0, 0, 0, 0], ["bounce-missing"]],
  "unknown-bounce-unfinished": ["unknown", [3, 0, 0, 0, 0], ["bounce-unfinished"]],
  "unknown-bounce-failed": ["unknown", [3, 0, 0, 0, 0], ["bounce-failed"]],
  "unknown-part-exit": ["unknown", [3, 0, 0, 0, 0], ["part-exit"]],
  "unknown-bounce-idle": ["unknown", [3, 0, 0, 0, 0], ["bounce-idle"]],
  "unknown-bounce-idle-of-an-outage": ["unknown", [3, 0, 0, 0, 0], ["bounce-idle"]],
  "unknown-broker-outage-unnoticed": [
    "unknown",
    [2, 0, 1, 0, 0],
    ["bounce-idle"],
    { "broker-gap": 1 },
  ],
  "unknown-pause-heard": ["unknown", [3, 0, 0, 0, 0], ["bounce-idle"]],
  "unknown-part-exit-after-an-outage": [
    "unknown",
    [2, 0, 1, 0, 0],
    ["part-exit"],
    { "while-disconnected": 1 },
  ],
  "unknown-instance-exit": ["unknown", [3, 0, 0, 0, 0], ["instance-exit"]],
  "unknown-instance-exit-beside-a-bounce": ["unknown", [3, 0, 0, 0, 0], ["instance-exit"]],
  "valid-instance-stopped-after-the-drain": ["valid", [3, 0, 0, 0, 0]],
  "valid-part-exit-after-the-drain": ["valid", [3, 0, 0, 0, 0]],
  "unknown-ledger-incomplete": [
    "unknown",
    [1, 0, 0, 0, 2],
    ["ledger-incomplete", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "unknown-not-drained": ["unknown", [3, 0, 0, 0, 1], ["not-drained"]],
  "unknown-chance-off": ["unknown", [12, 0, 0, 0, 0], ["chance-off"]],

  "invalid-loss-not-promised": [
    "invalid",
    [2, 0, 1, 0, 0],
    ["loss-not-promised"],
    { "while-disconnected": 1 },
  ],
  // Another step allows what was lost.
  "invalid-loss-not-promised-in-step": [
    "invalid",
    [2, 0, 1, 0, 0],
    ["loss-not-promised-in-step"],
    { "while-disconnected": 1 },
  ],
  "invalid-never-published": [
    "invalid",
    [2, 0, 0, 1, 0],
    ["never-published", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-never-published-with-nothing-in-the-way": [
    "invalid",
    [3, 0, 0, 3, 0],
    ["never-published", "never-started", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-never-published-before-the-bounce": [
    "invalid",
    [3, 0, 0, 3, 0],
    ["never-published", "never-connected", "gave-up", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-refused": [
    "invalid",
    [3, 0, 0, 3, 0],
    ["refused", "never-started", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-gate-stalled": [
    "invalid",
    [1, 0, 0, 2, 0],
    ["gate-stalled", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-gate-stalled-steady": [
    "invalid",
    [1, 0, 0, 2, 0],
    ["gate-stalled", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "gate-stalled-without-a-route-home": [
    "valid",
    [1, 0, 0, 2, 0],
    ["never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "gate-stalled-by-chance": [
    "valid",
    [0, 0, 1, 2, 0],
    ["never-published-why", "stuck"],
    { "no-route": 1 },
    [0, 0, 0],
    1,
  ],
  "gate-stalled-whose-offer-was-lost": [
    "valid",
    [0, 0, 1, 2, 0],
    ["never-published-why", "stuck"],
    { "while-disconnected": 1 },
    [0, 0, 0],
    1,
  ],
  "invalid-never-came-back": [
    "invalid",
    [1, 0, 0, 2, 0],
    ["never-came-back", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-plan-not-published": [
    "invalid",
    [2, 0, 0, 1, 0],
    ["plan-not-published", "never-published-why"],
  ],
  "invalid-duplicated": ["invalid", [3, 0, 0, 0, 0], ["duplicated"], {}, [1, 0, 0]],
  "invalid-unexpected": ["invalid", [3, 0, 0, 0, 0], ["unexpected"], {}, [0, 0, 1]],
  "invalid-stray": ["invalid", [3, 0, 0, 0, 0], ["stray"], {}, [0, 0, 3]],
  "invalid-reordered": ["invalid", [3, 0, 0, 0, 0], ["reordered"], {}, [0, 1, 0]],
  "invalid-stuck-without-miss": [
    "invalid",
    [3, 0, 0, 0, 0],
    ["stuck-without-miss", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],

  "remark-never-connected": [
    "valid",
    [3, 0, 0, 3, 0],
    ["never-connected", "kept-from-starting", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-never-started": [
    "valid",
    [3, 0, 0, 3, 0],
    ["never-started", "kept-from-starting", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-never-published-why": [
    "valid",
    [1, 0, 0, 2, 0],
    ["never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-kept-from-starting": [
    "valid",
    [3, 0, 0, 3, 0],
    ["never-started", "kept-from-starting", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-started-twice": ["valid", [3, 0, 0, 0, 0], ["started-twice"], {}, [2, 0, 0]],
  "remark-stuck": ["valid", [2, 0, 1, 0, 0], ["stuck"], { "while-disconnected": 1 }, [0, 0, 0], 1],
  "remark-reordered-under-bounce": [
    "valid",
    [3, 0, 0, 0, 0],
    ["reordered-under-bounce"],
    {},
    [0, 1, 0],
  ],
  "remark-unconfirmed": ["valid", [3, 0, 0, 0, 0], ["unconfirmed", "ledger-doubtful"]],
  "remark-ledger-doubtful": ["valid", [3, 0, 0, 0, 0], ["ledger-doubtful"]],
  "remark-gave-up": [
    "valid",
    [1, 0, 2, 0, 0],
    ["gave-up", "stuck"],
    { "while-disconnected": 2 },
    [0, 0, 0],
    1,
  ],
  "remark-published-late": ["valid", [5, 0, 0, 0, 0], ["published-late"]],
  "remark-clock-error": ["valid", [3, 0, 0, 0, 0], ["clock-error"]],
  "remark-stand-in": ["valid", [3, 0, 0, 0, 0], ["stand-in"]],
  "remark-given-up": ["valid", [1, 0, 2, 0, 0], ["given-up"], { "broker-gap": 2 }],
  "remark-over-quota": [
    "valid",
    [3, 0, 0, 3, 0],
    ["never-connected", "over-quota", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-refused-for-a-limit": [
    "invalid",
    [3, 0, 0, 3, 0],
    ["refused", "never-connected", "over-quota", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-costs-unknown": ["valid", [3, 0, 0, 0, 0], ["costs-unknown"]],
  "remark-costs-unknown-of-a-server-never-read": ["valid", [3, 0, 0, 0, 0], ["costs-unknown"]],
  "remark-readings-end-early": ["valid", [3, 0, 0, 0, 0], ["readings-end-early"]],

  // Whole situations, each with the figures that figures.test.ts reads.
  "cause-broker-gap-before-a-crash": [
    "invalid",
    [2, 0, 4, 0, 0],
    ["loss-not-promised"],
    { "broker-gap": 4 },
  ],
  "cause-unexplained-before-a-crash": [
    "invalid",
    [3, 0, 3, 0, 0],
    ["loss-not-promised"],
    { "in-flight-at-disconnect": 1, unexplained: 2 },
  ],
  "cause-while-disconnected-before-no-route": [
    "valid",
    [0, 0, 6, 0, 0],
    ["stuck"],
    { "no-route": 4, "while-disconnected": 2 },
    [0, 0, 0],
    1,
  ],
  "invalid-cut-undisturbed": ["invalid", [5, 0, 0, 0, 0], ["cut-undisturbed"]],
  "invalid-duplicate-on-one-stream": ["invalid", [5, 0, 0, 0, 0], ["duplicated"], {}, [1, 0, 0]],
  "invalid-terminal-overtaken": ["invalid", [4, 0, 0, 0, 1], ["terminal-overtaken"]],
  "outcome-indeterminate-while-a-replay-is-owed": [
    "unknown",
    [2, 0, 0, 0, 3],
    ["not-drained", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "outcome-recovered-late": ["valid", [2, 3, 0, 0, 0]],
  "remark-clock-error-above-latency": ["valid", [5, 0, 0, 0, 0], ["clock-error"]],
  "remark-collateral": ["valid", [15, 0, 0, 0, 0], ["collateral"]],
  "remark-host-was-busy": ["valid", [5, 0, 0, 0, 0], ["host-was-busy"]],
  "remark-kept-from-starting-by-errors": [
    "valid",
    [5, 0, 0, 5, 0],
    ["never-connected", "kept-from-starting", "never-published-why", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-latency-unresolved": ["valid", [5, 0, 0, 0, 0], ["latency-unresolved"]],
  "remark-slow-begin": ["valid", [5, 0, 0, 0, 0], ["slow-begin"]],
  "remark-stuck-by-reason": [
    "valid",
    [8, 0, 4, 3, 0],
    ["gave-up", "never-published-why", "stuck"],
    { "while-disconnected": 4 },
    [0, 0, 0],
    3,
  ],
  "unknown-chance-off-by-routes": [
    "unknown",
    [13, 0, 11, 0, 0],
    ["chance-off", "stuck"],
    { "no-route": 11 },
    [0, 0, 0],
    11,
  ],
  "unknown-host-busy": ["unknown", [5, 0, 0, 0, 0], ["host-busy"]],
  "valid-cut-late-in-its-bounce": ["valid", [9, 0, 1, 0, 0], [], { "while-disconnected": 1 }],
  "valid-cut-noticed-in-the-next-bounce": ["valid", [8, 0, 0, 0, 0]],
  "valid-duplicate-after-a-reconnect": ["valid", [5, 0, 0, 0, 0], [], {}, [1, 0, 0]],
  "valid-never-back": [
    "valid",
    [6, 0, 4, 0, 0],
    ["gave-up", "stuck"],
    { "while-disconnected": 4 },
    [0, 0, 0],
    1,
  ],
  "valid-resumed-without-a-start": ["valid", [5, 0, 0, 0, 0]],
  "valid-slow-warm-up": ["valid", [5, 0, 0, 0, 0]],
  "valid-storm-by-attempt": ["valid", [14, 0, 16, 0, 0], [], { "while-disconnected": 16 }],

  // Without a ledger: [delivered, recovered, lost, neverPublished, missed, indeterminate].
  "valid-without-ledger": ["valid", [5, 0, 0, 0, 0, 0], ["without-ledger"]],
  "valid-without-ledger-recovered": ["valid", [3, 2, 0, 0, 0, 0], ["without-ledger"]],
  "valid-without-ledger-and-numbers": [
    "valid",
    [0, 0, 0, 0, 0, 0],
    ["without-ledger", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "valid-without-ledger-and-end": ["valid", [5, 0, 0, 0, 0, 0], ["without-ledger"]],
  "count-duplicated-without-ledger": [
    "invalid",
    [5, 0, 0, 0, 0, 0],
    ["duplicated", "without-ledger"],
    {},
    [1, 0, 0],
  ],
  "outcome-missed": ["valid", [4, 0, 0, 0, 1, 0], ["without-ledger", "missed-where"]],
  "invalid-missed-not-promised": [
    "invalid",
    [4, 0, 0, 0, 1, 0],
    ["missed-not-promised", "without-ledger", "missed-where"],
  ],
  // What follows the last event that arrived is unknown, so it does not count.
  "invalid-missed-not-promised-without-total": [
    "invalid",
    [3, 0, 0, 0, 0, 0],
    ["missed-not-promised", "without-ledger", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "invalid-refused-without-ledger": [
    "invalid",
    [5, 0, 0, 0, 5, 0],
    [
      "missed-not-promised",
      "refused",
      "without-ledger",
      "missed-where",
      "never-connected",
      "stuck",
    ],
    {},
    [0, 0, 0],
    1,
  ],
  "unknown-still-receiving": [
    "unknown",
    [3, 0, 0, 0, 0, 2],
    ["still-receiving", "without-ledger", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "unknown-publisher-silent-without-ledger": [
    "unknown",
    [0, 0, 0, 0, 5, 0],
    ["publisher-silent", "without-ledger", "missed-where", "nothing-arrived", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-without-ledger": ["valid", [5, 0, 0, 0, 0, 0], ["without-ledger"]],
  "remark-missed-where": [
    "valid",
    [8, 0, 0, 0, 12, 0],
    ["without-ledger", "missed-where", "never-connected", "kept-from-starting", "gave-up", "stuck"],
    {},
    [0, 0, 0],
    2,
  ],
  "remark-nothing-arrived": [
    "valid",
    [5, 0, 0, 0, 5, 0],
    ["without-ledger", "missed-where", "nothing-arrived", "stuck"],
    {},
    [0, 0, 0],
    1,
  ],
  "remark-publish-times-wrong": [
    "valid",
    [5, 0, 0, 0, 0, 0],
    ["without-ledger", "publish-times-wrong"],
  ],

  // What they plant is in the costs: see costs.test.ts.
  "cost-incarnation-replaced": ["valid", [3, 0, 0, 0, 0]],
  "cost-without-sockets": ["valid", [3, 0, 0, 0, 0]],
};

describe("planted anomalies", () => {
  it("covers every fixture and no other", () => {
    expect(NAMES.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  it.each(Object.entries(EXPECTED))(
    "judges %s",
    async (name, [verdict, pairs, findings = [], causes = {}, beside = [0, 0, 0], stuck = 0]) => {
      const { brief } = await judgeFixture(name);
      expect(brief).toEqual({ verdict, pairs, beside, causes, stuck, findings });
    },
  );

  const kebab = (name: string): string =>
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

  it.each([...OUTCOMES])("has a fixture with a %s pair", async (outcome) => {
    const { result } = await judgeFixture(`outcome-${kebab(outcome)}`);
    expect(result[outcome]).toBeGreaterThan(0);
  });

  it.each([...CAUSES])("has a fixture whose only cause of loss is %s", async (cause) => {
    const { brief } = await judgeFixture(`cause-${cause}`);
    expect(Object.keys(brief.causes)).toEqual([cause]);
  });

  it.each(UNKNOWN_RULES.map(({ id }) => id))(
    "has a fixture that only %s makes unknown",
    async (id) => {
      const { brief } = await judgeFixture(`unknown-${id}`);
      expect(
        brief.findings.filter((found) => UNKNOWN_RULES.some((rule) => rule.id === found)),
      ).toEqual([id]);
    },
  );

  it.each(INVALID_RULES.map(({ id }) => id))(
    "has a fixture that only %s makes invalid",
    async (id) => {
      const { brief } = await judgeFixture(`invalid-${id}`);
      expect(brief.verdict).toBe("invalid");
      expect(
        brief.findings.filter((found) => INVALID_RULES.some((rule) => rule.id === found)),
      ).toEqual([id]);
    },
  );

  it.each(REMARKS.map(({ id }) => id))("has a fixture with the remark %s", async (id) => {
    const { brief } = await judgeFixture(`remark-${id}`);
    expect(brief.findings).toContain(id);
  });

  it("puts every finding into the reasons, after the set-up notes", async () => {
    const { result, findings } = await judgeFixture("cause-no-route-fallback-without-a-broker");
    expect(result.reasons).toEqual([
      "The broker was stopped before the start.",
      ...findings.map(({ sentence }) => sentence),
    ]);
    expect(result.reasons.at(-1)).toBe(
      "1 of 1 stream is stuck without a terminal event: 1 by the loss of the terminal event.",
    );
  });

  it("names stray events, most frequent first", async () => {
    const { findings } = await judgeFixture("invalid-stray");
    expect(findings.map(({ sentence }) => sentence)).toEqual([
      'Clients read 3 events that belong to no pipeline run: 2 named "message", 1 named "ping".',
    ]);
  });

  it("keeps sessions that never connected in the denominator", async () => {
    const { result } = await judgeFixture("remark-never-connected");
    expect(result).toMatchObject({ sessions: 2, due: 6, lossRatio: 0, missedRatio: 0.5 });
  });
});
