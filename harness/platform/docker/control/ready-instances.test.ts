import { expect, test } from "vitest";
import { trustUp } from "./ready-instances.ts";

test("an UP that follows a DOWN is believed at once", () => {
  const trust = trustUp(1_000);
  expect(trust(true, 1_010)).toBeUndefined();
  expect(trust(false, 1_300)).toBeUndefined();
  expect(trust(true, 1_350)).toBe(1_350);
});

test("an old UP counts once the router has checked again, from the readiness on", () => {
  const trust = trustUp(1_000);
  expect(trust(true, 1_010)).toBeUndefined();
  expect(trust(true, 2_000)).toBeUndefined();
  expect(trust(true, 2_250)).toBe(1_000);
});
