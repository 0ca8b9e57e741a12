import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { DEFAULT_NEMESIS_SETTINGS } from "../nemesis/bounce-context.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";

const rows = readFileSync(fromRoot("docs/faults.md"), "utf8")
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, kind]) => kind?.startsWith("`"));

it("docs/faults.md has every kind of bounce, in the words and the order of the table", () => {
  expect(rows.map(([, kind, does]) => [kind, does])).toEqual(
    Object.entries(KINDS_OF_BOUNCE).map(([kind, { does }]) => [`\`${kind}\``, does]),
  );
});

it("docs/faults.md says how long each kind takes something away", () => {
  const { restartDelayMs, realtimeOutageMs, requestCapForMs, idleCutForMs, slowForMs } =
    DEFAULT_NEMESIS_SETTINGS;
  const lengths: Record<string, number> = {
    crash: restartDelayMs,
    "realtime-outage": realtimeOutageMs,
    "request-cap": requestCapForMs,
    "idle-cut": idleCutForMs,
    "slow-subscriber": slowForMs,
  };
  for (const [, kind = "", , length] of rows) {
    const name = kind.replaceAll("`", "") as keyof typeof KINDS_OF_BOUNCE;
    const { awayS, group } = KINDS_OF_BOUNCE[name];
    const ms = lengths[name] ?? (group === "chaos" ? 0 : (awayS ?? 0) * 1000);
    expect([name, length]).toEqual([name, ms === 0 ? "-" : `${ms / 1000} s`]);
  }
});
