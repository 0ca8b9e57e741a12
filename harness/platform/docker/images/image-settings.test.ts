import { expect, test } from "vitest";
import { readImageSettings } from "./image-settings.ts";

test("without settings the lab chooses; an empty one counts as not set", () => {
  expect(readImageSettings({ SSE_LAB_IMAGES: "", SSE_LAB_SERVER_IMAGE: "" })).toEqual({
    mode: "auto",
    images: {},
  });
});

test("a mode and images of the user's own are read", () => {
  const env = { SSE_LAB_IMAGES: "official", SSE_LAB_VALKEY_IMAGE: "valkey:8", SSE_LAB_NODE_IMAGE: "node:22" };
  expect(readImageSettings(env)).toEqual({
    mode: "official",
    images: { valkey: "valkey:8", node: "node:22" },
  });
});

test("a wrong mode is refused by name", () => {
  expect(() => readImageSettings({ SSE_LAB_IMAGES: "pulled" })).toThrow(
    "SSE_LAB_IMAGES=pulled is not known. Fix: set it to auto, official, assembled, or unset it",
  );
});
