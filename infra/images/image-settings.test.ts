import { expect, test } from "vitest";
import { readImageSettings } from "./image-settings.ts";

test("without settings the lab chooses; an empty one counts as not set", () => {
  expect(readImageSettings({ SSE_LAB_IMAGES: "", SSE_LAB_SERVER_IMAGE: "" })).toEqual({
    mode: "auto",
    realtime: "auto",
    images: {},
  });
});

test("a mode and images of the user's own are read", () => {
  const env = {
    SSE_LAB_IMAGES: "official",
    SSE_LAB_REALTIME: "standin",
    SSE_LAB_VALKEY_IMAGE: "valkey:8",
    SSE_LAB_NODE_IMAGE: "node:22",
    SSE_LAB_REALTIME_STANDIN_IMAGE: "mine:1",
  };
  expect(readImageSettings(env)).toEqual({
    mode: "official",
    realtime: "standin",
    images: { valkey: "valkey:8", node: "node:22", "realtime-standin": "mine:1" },
  });
});

test("a wrong mode is refused by name", () => {
  expect(() => readImageSettings({ SSE_LAB_IMAGES: "pulled" })).toThrow(
    "SSE_LAB_IMAGES=pulled is not known. Fix: set it to auto, official, assembled, or unset it",
  );
  expect(() => readImageSettings({ SSE_LAB_REALTIME: "fake" })).toThrow(
    "SSE_LAB_REALTIME=fake is not known. Fix: set it to auto, real, standin, or unset it",
  );
});
