import { expect, test } from "vitest";
import { ENGINE_LIMITS } from "./engine-limits.ts";
import { sourceAddress } from "./source-address.ts";

test.each([
  [0, 25_000, "127.0.0.1", undefined],
  [0, 25_001, "127.0.0.1", "127.0.0.1"],
  [24_999, 60_000, "127.0.0.1", "127.0.0.1"],
  [25_000, 60_000, "127.0.0.1", "127.0.0.2"],
  [59_999, 60_000, "127.9.9.9", "127.0.0.3"],
  [59_999, 60_000, "10.0.0.1", undefined],
  [59_999, 60_000, "::1", undefined],
])("session %i of %i towards %s leaves from %s", (index, sessions, target, source) => {
  expect(sourceAddress(index, sessions, target, ENGINE_LIMITS)).toBe(source);
});
