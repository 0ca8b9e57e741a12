import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fromRoot } from "../../common/paths.ts";
import { DEFAULT_BOUNCE_SETTINGS, settingOf } from "../nemesis/bounce-settings.ts";
import { KINDS_OF_BOUNCE } from "../nemesis/kinds.ts";

const text = readFileSync(fromRoot("docs/faults.md"), "utf8");
const rows = text
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, kind]) => kind?.startsWith("`"));

it("docs/faults.md has every kind of bounce, in the words and the order of the table", () => {
  expect(rows.map(([, kind, does]) => [kind, does])).toEqual(
    Object.entries(KINDS_OF_BOUNCE).map(([kind, { does }]) => [`\`${kind}\``, does]),
  );
});

it("docs/faults.md says how long each kind takes something away", () => {
  for (const [, kind = "", , length] of rows) {
    const name = kind.replaceAll("`", "") as keyof typeof KINDS_OF_BOUNCE;
    const seconds = settingOf({}, name, "for");
    expect([name, length]).toEqual([name, seconds === 0 ? "-" : `${seconds} s`]);
  }
});

it("docs/faults.md says what else may be set", () => {
  const others = Object.entries(DEFAULT_BOUNCE_SETTINGS).filter(([key]) => !key.endsWith(".for"));
  expect(others.length).toBeGreaterThan(0);
  for (const [key, value] of others) expect(text).toContain(`\`${key}\` (${value}`);
});
