import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pinnedReference } from "../pinned-images.ts";
import { TOPOLOGIES } from "../../topologies.ts";
import { connectDocker } from "../../engine/docker-client.ts";
import { findImage } from "../find-image.ts";
import { officialImages, versionOf } from "./official-images.ts";
import { prepareImages } from "../prepare-images.ts";
import { pullImage, RegistryUnreachable } from "./pull-image.ts";
import { unreachableCache } from "./registry-unreachable-cache.ts";
import { smallRegistry, type SmallRegistry } from "../test-support/small-registry.ts";

const { docker } = await connectDocker();
/** Nothing listens on port 1. */
const away = {
  repository: "127.0.0.1:1/lab/one",
  tag: "v1",
  digest: `sha256:${"0".repeat(64)}`,
  version: "1",
};

let folder: string;
let registry: SmallRegistry;
let steps: string[];
const start = (insist = false): ReturnType<typeof officialImages> =>
  officialImages(docker, unreachableCache("engine", join(folder, "registry.json")), insist, {
    onStep: (step) => steps.push(step),
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-registry-"));
  steps = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const withRegistry = async (
  behaviour: "answers" | "silent",
  use: (registry: SmallRegistry) => Promise<void>,
): Promise<void> => {
  registry = await smallRegistry(behaviour);
  try {
    await use(registry);
  } finally {
    await registry.close();
    await docker
      .getImage(pinnedReference(registry.image))
      .remove()
      .catch(() => undefined);
  }
};

test("a pinned image is pulled by its digest once; after that the engine has it", () =>
  withRegistry("answers", async ({ image, asked }) => {
    const first = await start().find(image);
    expect(first).toMatchObject({ how: expect.stringContaining("pulled by digest") as string });
    expect(versionOf(first.image!)).toBe("1.2.3");
    expect(steps).toEqual([`pulling ${image.repository}:v1`]);
    const requests = asked.length;
    const second = await start().find(image);
    expect(second).toMatchObject({
      image: first.image,
      how: expect.stringContaining("had already") as string,
    });
    expect(asked.length).toBe(requests);
  }));

test("a missing image does not make the registry count as unreachable", () =>
  withRegistry("answers", async ({ image }) => {
    const images = start();
    const unknown = { ...image, digest: `sha256:${"1".repeat(64)}` };
    expect(await images.find(unknown)).toMatchObject({
      image: undefined,
      why: expect.stringMatching(/manifest unknown|not found/) as string,
    });
    expect((await images.find(image)).image).toBeDefined();
  }));

test("an unreachable registry is not asked again, by this call or the next, until a call insists", () =>
  withRegistry("answers", async ({ image, asked }) => {
    const images = start();
    const gone = await images.find(away);
    expect(gone).toMatchObject({
      image: undefined,
      why: expect.stringContaining("connection refused") as string,
    });
    expect(await images.find(image)).toEqual(gone);
    expect(await start().find(image)).toMatchObject({
      image: undefined,
      why: expect.stringContaining("SSE_LAB_IMAGES=official tries again at once") as string,
    });
    expect(asked).toEqual([]);
    expect((await start(true).find(image)).image).toBeDefined();
    // That it answered is remembered as well.
    expect((await start().find({ ...image, digest: away.digest })).image).toBeUndefined();
    expect(asked.at(-1)).toContain(away.digest);
  }));

test("a registry that takes connections and says nothing is given up", () =>
  withRegistry("silent", async ({ image, asked }) => {
    const pull = pullImage(docker, pinnedReference(image), "one", {}, 500);
    await expect(pull).rejects.toThrow(new RegistryUnreachable("no answer for 0.5 s"));
    expect(asked).not.toEqual([]);
  }));

test("a cancelled pull ends with the reason of the cancel", () =>
  withRegistry("silent", async ({ image, asked }) => {
    const cancel = new AbortController();
    const pull = pullImage(docker, pinnedReference(image), "one", { signal: cancel.signal });
    await expect.poll(() => asked.length, { timeout: 20_000 }).toBeGreaterThan(0);
    cancel.abort(new Error("enough"));
    await expect(pull).rejects.toThrow("enough");
  }));

test("an image that the user names is used; a missing one is refused by its setting", () =>
  withRegistry("answers", async ({ image }) => {
    const topologies = TOPOLOGIES.filter(({ name }) => name === "phase0");
    const reference = pinnedReference(image);
    const env = { ...process.env, SSE_LAB_IMAGES: "assembled", SSE_LAB_TRAEFIK_IMAGE: reference };
    const { traefik } = await prepareImages({ topologies, env });
    expect(traefik).toEqual({
      id: (await findImage(docker, reference))!.id,
      version: "1.2.3",
      source: "setting",
      how: `${reference}, as SSE_LAB_TRAEFIK_IMAGE says`,
    });
    const missing = { ...env, SSE_LAB_SERVER_IMAGE: "127.0.0.1:1/none:1" };
    await expect(prepareImages({ topologies, env: missing })).rejects.toThrow(
      /^SSE_LAB_SERVER_IMAGE=127\.0\.0\.1:1\/none:1: .*connection refused.* Fix: .*unset SSE_LAB_SERVER_IMAGE/,
    );
  }));

test("another unreachable registry does not count against the pinned images' registry", () =>
  withRegistry("answers", async ({ image }) => {
    const images = start();
    await expect(images.named("traefik", pinnedReference(away))).rejects.toThrow(
      /connection refused/,
    );
    expect((await images.find(image)).image).toBeDefined();
  }));
