import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NODE_IMAGE, PINNED_IMAGES } from "./pinned-images.ts";
import { PROJECT_ROOT } from "../../common/paths.ts";

const pinned = [NODE_IMAGE, ...Object.values(PINNED_IMAGES)];

test("every image is pinned by a whole digest, and its tag names its version", () => {
  for (const { digest, tag, version } of pinned) {
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(tag.replace(/^v/, "").split("-")[0]).toBe(version);
  }
  expect(new Set(pinned.map(({ digest }) => digest)).size).toBe(pinned.length);
});

test("the Dockerfile's default base is the pinned one, in a form that can be copied", async () => {
  const { repository, tag, digest } = NODE_IMAGE;
  const dockerfile = await readFile(join(PROJECT_ROOT, "server", "Dockerfile"), "utf8");
  expect(dockerfile).toContain(`\nARG NODE_IMAGE=${repository}:${tag}@${digest}\n`);
});
