import type { ImageInspectInfo } from "dockerode";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { IMAGE_PORTS } from "../pinned-images.ts";
import { TOPOLOGIES } from "../../topologies.ts";
import { connectDocker } from "../../engine/docker-client.ts";
import { findImage } from "../find-image.ts";
import { nodeLayout } from "../../offline/assembled-images/assembled-layouts.ts";
import { assembleImage } from "../../offline/assembled-images/assemble-image.ts";
import { prepareImages } from "../prepare-images.ts";
import type { PreparedImage, PreparedImages } from "../prepared-image.ts";
import { removeOwnImages } from "../remove-own-images.ts";
import {
  addressOf,
  labContainers,
  untilAnswers,
  untilHealthy,
} from "../test-support/lab-containers.ts";
import { standInNode } from "../test-support/stand-in-node.ts";

const { docker } = await connectDocker();
const containers = labContainers(docker);
/** Other commands and the suite itself hold leases: these tests are about what happens without. */
const noLeases = { SSE_LAB_CACHE: "/nonexistent" };
const topologies = TOPOLOGIES.filter(({ name }) => name === "phase0");

const phase3 = TOPOLOGIES.filter(({ name }) => name === "phase3");

const environment = (base: string | undefined): NodeJS.ProcessEnv => ({
  ...process.env,
  SSE_LAB_IMAGES: "assembled",
  ...(base === undefined ? {} : { SSE_LAB_NODE_IMAGE: base }),
});
const prepare = async (base: string | undefined, steps: string[] = []): Promise<PreparedImage> =>
  (await prepareImages({ topologies, env: environment(base), onStep: (step) => steps.push(step) }))
    .server;
/** Both of our own. */
const prepareBoth = async (base: string | undefined): Promise<PreparedImages> =>
  prepareImages({ topologies: phase3, env: environment(base) });

/** Of the build's first stage, or built and not proven. */
const unfinished = async (): Promise<string[]> => {
  const images = await docker.listImages({ all: true });
  return images
    .filter(
      ({ Labels, RepoTags }) =>
        (Labels as Record<string, string> | null)?.["sse-lab.image"] === "server-build" ||
        RepoTags?.some((name) => name.startsWith("sse-lab/server-candidate")),
    )
    .map(({ Id }) => Id);
};

let base: string;
let built: PreparedImage;
beforeAll(async () => {
  base = await standInNode(docker);
  built = await prepare(base);
});
afterEach(() => containers.removeAll());
afterAll(async () => {
  await removeOwnImages(docker, noLeases);
  await docker.getImage(base).remove();
});

test.each(["server", "realtime-standin"] as const)(
  "the Dockerfile of %s gives the same configuration as the assembled image",
  async (part) => {
    const both = [(await prepareBoth(base))[part]!, (await prepareBoth(undefined))[part]!];
    const [one, other] = await Promise.all(
      both.map(async ({ id }): Promise<ImageInspectInfo["Config"] & { StopSignal?: string }> => {
        // The types do not know the stop signal.
        return (await docker.getImage(id).inspect()).Config;
      }),
    );
    expect(one).toMatchObject({
      User: other!.User,
      WorkingDir: other!.WorkingDir,
      Entrypoint: other!.Entrypoint,
      ExposedPorts: other!.ExposedPorts,
      StopSignal: other!.StopSignal,
      Healthcheck: other!.Healthcheck,
    });
    const settings = (env: string[]): string[] =>
      env.filter((one) => /^(NODE_ENV|HOST|PORT)=/.test(one)).sort();
    expect(settings(one!.Env)).toEqual(settings(other!.Env));
    expect(settings(one!.Env)).toHaveLength(3);
  },
);

test("it runs confined, is healthy, and ends well on SIGTERM", async () => {
  const container = await containers.run(built.id, {
    env: { SESSION_SECRET: "0123456789abcdef0123456789abcdef", DRAIN_NOTICE_MS: "50" },
    ports: [IMAGE_PORTS.server.http],
  });
  await untilAnswers(`http://${await addressOf(container, IMAGE_PORTS.server.http)}/readyz`);
  await untilHealthy(container);
  await container.kill({ signal: "SIGTERM" });
  expect(await container.wait()).toMatchObject({ StatusCode: 0 });
});

test("the stand-in's image runs confined too, and is built once", async () => {
  const image = (await prepareBoth(base))["realtime-standin"]!;
  expect(image).toMatchObject({
    source: "official",
    how: expect.stringContaining("built from its own bundle") as string,
  });
  expect((await prepareBoth(base))["realtime-standin"]).toEqual(image);
  const container = await containers.run(image.id, {
    env: { API_JWT_SECRET: "0123456789abcdef0123456789abcdef" },
  });
  await untilHealthy(container);
});

test("nothing is built twice", async () => {
  const steps: string[] = [];
  expect(await prepare(base, steps)).toEqual(built);
  expect(steps.filter((step) => step.startsWith("building"))).toEqual([]);
  expect(built).toMatchObject({
    source: "official",
    how: expect.stringContaining("server/Dockerfile") as string,
  });
});

test("a failing build reports the builder's last lines, leaves no image, and the next one works", async () => {
  // Node.js without npm.
  const { name } = await assembleImage(docker, await nodeLayout(process.env), {});
  await expect(prepare(name)).rejects.toThrow(
    /^building the server image failed: docker build ended with exit code 1: [^]*npm ci[^]*Fix: /,
  );
  expect(await unfinished()).toEqual([]);
  expect(await unfinished()).toEqual([]);
  expect(
    await docker.listContainers({ all: true, filters: { label: ["sse-lab.image=server-build"] } }),
  ).toEqual([]);
  expect(await prepare(base)).toEqual(built);
});

test("removing server images leaves those in use, those of others, and all bases", async () => {
  const container = await containers.run(built.id, { env: { SESSION_SECRET: "0".repeat(32) } });
  await docker
    .getImage((await prepare(undefined)).id)
    .tag({ repo: "images-test/own-name", tag: "1" });
  try {
    const removed = await removeOwnImages(docker, noLeases);
    expect(removed.join()).not.toContain("images-test");
    expect(await findImage(docker, built.id)).toBeDefined();
    expect(await findImage(docker, "images-test/own-name:1")).toBeDefined();
    expect(await findImage(docker, base)).toBeDefined();
    await container.remove({ force: true });
  } finally {
    await docker.getImage("images-test/own-name:1").remove();
  }
  await removeOwnImages(docker, noLeases);
  expect(await findImage(docker, built.id)).toBeUndefined();
  expect(await unfinished()).toEqual([]);
});
