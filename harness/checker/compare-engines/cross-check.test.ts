import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crossCheck, type CrossCheck } from "./cross-check.ts";
import type { CrossFinding } from "./cross-finding.ts";
import type { CrossRun } from "./cross-run.ts";
import { OUTCOMES } from "../judge/outcome.ts";
import { losing, outcomes, runOf, sessionOf } from "../test-support/cross-runs.ts";

/** Kind, side, detail or outcomes, count, sessions. */
const brief = ({
  kind,
  side,
  detail,
  outcomes: pair,
  count,
  sessions,
}: CrossFinding): unknown[] => [
  kind,
  side,
  pair === null ? detail : [pair.a, pair.b],
  count,
  sessions,
];
const check = (
  a: CrossRun | CrossRun[],
  b: CrossRun | CrossRun[],
): { agreement: string; findings: unknown[][] } => {
  const { agreement, findings } = crossCheck([a].flat(), [b].flat());
  return { agreement, findings: findings.map(brief) };
};
const AGREE = { agreement: "agree", findings: [] };
const differ = (...findings: unknown[][]): unknown => ({ agreement: "differ", findings });

describe("two undisturbed runs", () => {
  it("agree if each pair has the same outcome", () => {
    const run = runOf({}, { s3: sessionOf({ outcomes: outcomes("lost", 4), ended: false }) });
    expect(check(run, run)).toEqual(AGREE);
  });

  it("differ in a pair's outcome, and name both outcomes", () => {
    const b = runOf({}, { s2: sessionOf({ outcomes: outcomes("lost", 2) }), s10: sessionOf() });
    const a = runOf({}, { s10: sessionOf({ outcomes: outcomes("recovered", 1) }) });
    expect(check(a, b)).toEqual(
      differ(
        ["outcome", null, ["delivered", "lost"], 2, ["s2"]],
        ["outcome", null, ["recovered", "delivered"], 1, ["s10"]],
      ),
    );
  });

  it("do not differ in a pair that is indeterminate on one side", () => {
    expect(
      check(runOf({}, { s2: sessionOf({ outcomes: outcomes("indeterminate", 2) }) }), runOf()),
    ).toEqual(AGREE);
  });

  it("differ in due pairs, and name the side with more", () => {
    const longer = sessionOf({ outcomes: [...outcomes("lost", 0), "delivered", "delivered"] });
    expect(check(runOf({}, { s1: longer }), runOf())).toEqual(
      differ(["due", "A", null, 2, ["s1"]]),
    );
    expect(check(runOf(), runOf({}, { s11: sessionOf() }))).toEqual(
      differ(["due", "B", null, 10, ["s11"]], ["connections", "B", null, 1, ["s11"]]),
    );
  });

  it.each([
    ["beyond-plan", { beyond: 3 }, 3],
    ["never-ended", { ended: false }, 1],
    ["duplicated", { duplicated: 2 }, 2],
    ["connections", { connections: 3 }, 1],
  ] as const)("differ in %s, with up to three sessions named", (kind, change, each) => {
    const b = runOf(
      {},
      Object.fromEntries(["s9", "s3", "s1", "s5"].map((name) => [name, sessionOf(change)])),
    );
    expect(check(runOf(), b)).toEqual(differ([kind, "B", null, 4 * each, ["s1", "s3", "s5"]]));
    expect(check(b, runOf())).toEqual(differ([kind, "A", null, 4 * each, ["s1", "s3", "s5"]]));
  });

  it("are compared even if one side has more repeats", () => {
    const odd = runOf({ repeat: 3 }, { s1: sessionOf({ duplicated: 1 }) });
    expect(check(runOf(), [runOf(), runOf({ repeat: 2 }), odd])).toEqual(
      differ(["duplicated", "B", null, 1, ["s1"]]),
    );
  });
});

describe("defects of one engine", () => {
  const forgetful = { forgetful: { count: 5, sessions: ["s1", "s2", "s3", "s4"] } };
  it.each([
    ["no-last-event-id", forgetful, null, 5, ["s1", "s2", "s3"]],
    [
      "stray",
      { strays: new Map([["message", { count: 7, sessions: ["s1"] }]]) },
      "message",
      7,
      ["s1"],
    ],
    ["clock", { clockErrorMs: null }, "contradictory", 1, []],
    ["clock", { clockErrorMs: 5.1 }, "too far", 1, []],
  ] as const)("are reported for their side: %s", (kind, change, detail, count, sessions) => {
    const [one, wrong] = [runOf({ bounce: "crash" }), runOf({ bounce: "crash", ...change })];
    expect(check(one, wrong)).toEqual(differ([kind, "B", detail, count, sessions]));
    expect(check(wrong, one)).toEqual(differ([kind, "A", detail, count, sessions]));
  });

  it("are reported even if the run is unknown", () => {
    const unknown = runOf({ verdict: "unknown", clockErrorMs: null });
    expect(check(runOf(), unknown)).toEqual(differ(["clock", "B", "contradictory", 1, []]));
  });

  it("are no difference if both sides share them", () => {
    const run = runOf(forgetful);
    const { agreement, findings, shared } = crossCheck([run], [run]);
    expect({ agreement, findings }).toEqual(AGREE);
    expect(shared.map(brief)).toEqual([["no-last-event-id", null, null, 10, ["s1", "s2", "s3"]]]);
  });
});

describe("runs that chance or a bounce decides", () => {
  const bounced = (lost: number[], change: Partial<CrossRun> = {}): CrossRun =>
    runOf({ bounce: "crash", ...change }, losing(lost));
  const third = [5, 0, 0, 5, 0, 0, 5, 0, 0, 0];

  it("agree if different sessions lost different events, within chance", () => {
    expect(check(bounced(third), bounced([0, 4, 0, 0, 6, 0, 0, 0, 3, 0]))).toEqual(AGREE);
  });

  it("differ if every session lost events on one side only", () => {
    const b = bounced([5, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
    expect(check(bounced([]), b)).toEqual(
      differ(
        ["share", "B", "lost", 2, ["s0", "s1", "s2"]],
        ["share", "B", "missed", 2, ["s0", "s1", "s2"]],
      ),
    );
  });

  it("agree if one bounce lasted longer", () => {
    const [a, b] = [
      [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
      [3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
    ];
    expect(check(bounced(a, { bouncedMs: 1000 }), bounced(b, { bouncedMs: 1000 }))).toMatchObject({
      agreement: "differ",
    });
    expect(check(bounced(a, { bouncedMs: 1000 }), bounced(b, { bouncedMs: 2000 }))).toEqual(AGREE);
  });

  it("agree if chance explains the gap between their repeats", () => {
    const all = (lost: number, repeat: number): CrossRun =>
      bounced(
        Array.from({ length: 10 }, () => lost),
        { repeat },
      );
    expect(check([all(2, 1), all(6, 2)], [all(4, 1), all(9, 2)])).toEqual(AGREE);
    expect(check([all(0, 1), all(3, 2)], [all(5, 1), all(9, 2)])).toEqual(AGREE);
    expect(check([all(0, 1), all(1, 2), all(0, 3)], [all(8, 1), all(9, 2), all(9, 3)])).toEqual(
      differ(
        ["share", "B", "lost", 6, ["s0", "s1", "s2"]],
        ["share", "B", "missed", 6, ["s0", "s1", "s2"]],
      ),
    );
  });

  it("differ in the shares of sessions without an end and with duplicates", () => {
    const with10 = (change: object): CrossRun =>
      runOf(
        { bounce: "crash" },
        Object.fromEntries(
          Array.from({ length: 10 }, (_, index) => [`s${index}`, sessionOf(change)]),
        ),
      );
    expect(check(runOf({ bounce: "crash" }), with10({ ended: false }))).toEqual(
      differ(["share", "B", "never ended", 2, ["s0", "s1", "s2"]]),
    );
    expect(check(with10({ duplicated: 1 }), runOf({ bounce: "crash" }))).toEqual(
      differ(["share", "A", "duplicated", 2, ["s0", "s1", "s2"]]),
    );
  });

  it("by chance: compare streams but not single pairs", () => {
    const all = 10;
    const a = runOf({ byChance: true }, losing([all, all, 0, all, all, 0, all, 0, all, all]));
    const b = runOf({ byChance: true }, losing([0, all, all, all, 0, all, all, all, 0, all]));
    expect(check(a, b)).toEqual(AGREE);
    const reconnected = runOf({ byChance: true }, { s4: sessionOf({ connections: 2 }) });
    expect(check(runOf({ byChance: true }), reconnected)).toEqual(
      differ(["connections", "B", null, 1, ["s4"]]),
    );
  });

  it("must still have the same due pairs", () => {
    const b = bounced(third);
    (b.sessions as Map<string, unknown>).delete("s9");
    expect(check(bounced(third), b)).toEqual(differ(["due", "A", null, 10, ["s9"]]));
  });
});

describe("an undecided comparison", () => {
  it("has no runs in common", () => {
    const { agreement, notCompared } = crossCheck([runOf()], [runOf({ bounce: "crash" })]);
    expect(agreement).toBe("cannot tell");
    expect(notCompared.map(({ bounce, side, why }) => [bounce, side, why])).toEqual([
      ["crash", "B", "alone"],
      ["none", "A", "alone"],
    ]);
    expect(crossCheck([], []).agreement).toBe("cannot tell");
  });

  it("has an unknown run, with its reason, unless other runs differ", () => {
    const unknown = runOf({ verdict: "unknown", reasons: ["No drain."] }, losing([9]));
    const told = crossCheck([runOf()], [unknown]);
    expect(told).toMatchObject({ agreement: "cannot tell", findings: [], compared: [] });
    expect(told.notCompared).toMatchObject([
      { side: "B", repeat: 1, why: "unknown", reason: "No drain." },
    ]);
    const differing = runOf({ repeat: 2 }, losing([9]));
    expect(crossCheck([runOf()], [unknown, differing]).agreement).toBe("differ");
  });
});

const session = fc.record({
  outcomes: fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 4 }),
  beyond: fc.nat(2),
  duplicated: fc.nat(2),
  connections: fc.nat(3),
  ended: fc.boolean(),
});
const found = fc.record({ count: fc.nat(3), sessions: fc.constant(["s1"]) });
const anyRun: fc.Arbitrary<CrossRun> = fc.record({
  topology: fc.constantFrom("t1", "t2"),
  bounce: fc.constantFrom("none", "crash"),
  repeat: fc.integer({ min: 1, max: 3 }),
  verdict: fc.constantFrom("valid", "invalid", "unknown"),
  reasons: fc.constant(["Because."]),
  byChance: fc.boolean(),
  durationS: fc.constantFrom(0, 10),
  bouncedMs: fc.nat(3000),
  clockErrorMs: fc.constantFrom(undefined, null, 1, 9),
  sessions: fc
    .dictionary(fc.constantFrom("s0", "s1", "s2"), session)
    .map((all) => new Map(Object.entries(all))),
  strays: fc
    .dictionary(fc.constantFrom("ping", "message"), found)
    .map((all) => new Map(Object.entries(all))),
  forgetful: found,
});

/** What the check must say when its sides are swapped. */
function mirrored(told: CrossCheck): CrossCheck {
  const other = { A: "B", B: "A" } as const;
  return {
    agreement: told.agreement,
    findings: told.findings.map((finding) => ({
      ...finding,
      side: finding.side === null ? null : other[finding.side],
      outcomes: finding.outcomes === null ? null : { a: finding.outcomes.b, b: finding.outcomes.a },
    })),
    shared: told.shared,
    compared: told.compared.map((group) => ({
      ...group,
      runs: { a: group.runs.b, b: group.runs.a },
      shares: group.shares.map((share) => ({ ...share, a: share.b, b: share.a })),
    })),
    notCompared: told.notCompared.map((run) => ({ ...run, side: other[run.side] })),
  };
}

/** Findings and runs in any order. */
const unordered = (told: CrossCheck): CrossCheck => {
  const sorted = <T>(items: T[]): T[] =>
    items.toSorted((one, two) => (JSON.stringify(one) < JSON.stringify(two) ? -1 : 1));
  return {
    ...told,
    findings: sorted(told.findings),
    shared: sorted(told.shared),
    notCompared: sorted(told.notCompared),
  };
};

describe("random runs", () => {
  it("never differ from themselves", () => {
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 5 }), (runs) => {
        const { agreement, findings } = crossCheck(runs, runs);
        const unsure = runs.length === 0 || runs.some(({ verdict }) => verdict === "unknown");
        expect({ agreement, findings }).toEqual({
          agreement: unsure ? "cannot tell" : "agree",
          findings: [],
        });
      }),
      { numRuns: 300 },
    );
  });

  it("give mirrored findings if the sides are swapped", () => {
    const runs = fc.array(anyRun, { maxLength: 4 });
    fc.assert(
      fc.property(runs, runs, (a, b) => {
        expect(unordered(crossCheck(b, a))).toEqual(unordered(mirrored(crossCheck(a, b))));
      }),
      { numRuns: 300 },
    );
  });
});
