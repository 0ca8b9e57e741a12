import { expect, test } from "vitest";
import { isSameHostOrBoot } from "./owner.ts";

const BOOT = "0b7f1c6e-1111-4222-8333-444455556666";
const here = { host: "now", pid: 1, startTime: `${BOOT}:100` };

test.each([
  ["the same host", { host: "now", pid: 2, startTime: `${BOOT}:7` }, true],
  ["a host that was renamed", { host: "before", pid: 2, startTime: `${BOOT}:7 released` }, true],
  [
    "the same host before it was restarted",
    { host: "now", pid: 2, startTime: `${"0".repeat(8)}${BOOT.slice(8)}:7` },
    true,
  ],
  [
    "another host",
    { host: "other", pid: 2, startTime: `${"0".repeat(8)}${BOOT.slice(8)}:7` },
    false,
  ],
  [
    "another host without a boot id",
    { host: "other", pid: 2, startTime: "Tue Nov 24 01:26:31 2026" },
    false,
  ],
])("an owner on %s", (_, owner, expected) => {
  expect(isSameHostOrBoot(owner, here)).toBe(expected);
});
