import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TOPOLOGIES } from "../topologies.ts";
import { dockerEndpoint } from "../../common/docker-endpoint.ts";
import { connectDocker } from "../engine/docker-client.ts";
import { assembleImage } from "../offline/assembled-images/assemble-image.ts";
import { programLayout } from "../offline/assembled-images/assembled-layouts.ts";
import { prepareImages } from "./prepare-images.ts";

const { docker } = await connectDocker();
const phase0 = TOPOLOGIES.filter(({ name }) => name === "phase0");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-images-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Ids of everything in the engine that is labelled as one of these images, named or not. */
const imagesOf = async (part: string): Promise<string[]> =>
  (await docker.listImages({ all: true, filters: { label: [`sse-lab.image=${part}`] } })).map(
    ({ Id }) => Id,
  );

const PART = "images-test";

test("a program that cannot be started leaves no image", async () => {
  const file = join(folder, "traefik");
  await writeFile(file, "no program at all");
  await chmod(file, 0o755);
  const layout = { ...(await programLayout("traefik", { file, version: "0.0.1" })), part: PART };
  await expect(assembleImage(docker, layout, {})).rejects.toThrow(
    /the new image sse-lab\/images-test:0\.0\.1-\w+ does not run \(exit code \d+\): .*exec.* Fix: /,
  );
  expect(await imagesOf(PART)).toEqual([]);
});

test("a program that is a different one leaves no image", async () => {
  // Node.js starts, and does not say Traefik's version.
  const layout = {
    ...(await programLayout("traefik", { file: process.execPath, version: "0.0.1" })),
    part: PART,
  };
  const smokeTest = { command: ["-p", "'v9.9.9'"], prints: "0.0.1" };
  await expect(assembleImage(docker, { ...layout, smokeTest }, {})).rejects.toThrow(
    /does not run \(exit code 0\): v9\.9\.9/,
  );
  expect(await imagesOf(PART)).toEqual([]);
});

test("a missing program is refused before anything is loaded", async () => {
  await expect(
    programLayout("traefik", { file: join(folder, "gone"), version: "1" }),
  ).rejects.toThrow(/gone/);
});

test("a cancel in the middle leaves no image", async () => {
  const cancel = new AbortController();
  const layout = {
    ...(await programLayout("traefik", { file: process.execPath, version: "0.0.2" })),
    part: "images-test",
  };
  const assembling = assembleImage(docker, layout, {
    signal: cancel.signal,
    onStep: () => setImmediate(() => cancel.abort(new Error("enough"))),
  });
  await expect(assembling).rejects.toThrow("enough");
  expect(await imagesOf(PART)).toEqual([]);
});

test("an engine that goes away midway is a clear error, leaves nothing, and the next call works", async () => {
  const socketPath = (await dockerEndpoint()).host.slice("unix://".length);
  const open = new Set<Socket>();
  let passed = 0;
  // Between lab and engine; cuts everything in the middle of the first large upload.
  const proxy: Server = createServer((client) => {
    const engine = connect(socketPath);
    for (const socket of [client, engine]) {
      open.add(socket);
      socket.on("error", () => undefined).on("close", () => (client.destroy(), engine.destroy()));
    }
    engine.pipe(client);
    client.on("data", (data) => {
      passed += data.length;
      if (passed < 20_000_000) engine.write(data);
      else for (const socket of open) socket.destroy();
    });
  });
  const path = join(folder, "docker.sock");
  await new Promise<void>((resolve) => proxy.listen(path, resolve));
  const { file, version } = { file: process.execPath, version: process.version };
  const layout = {
    ...(await programLayout("traefik", { file, version })),
    part: PART,
    smokeTest: { command: ["--version"], prints: version },
  };
  try {
    const cut = await connectDocker({ ...process.env, DOCKER_HOST: `unix://${path}` });
    await expect(assembleImage(cut.docker, layout, {})).rejects.toThrow(
      /assembling the image sse-lab\/images-test:\S+ failed: .* Fix: check that the Docker engine runs/,
    );
  } finally {
    proxy.close();
  }
  expect(await imagesOf(PART)).toEqual([]);
  const { id } = await assembleImage(docker, layout, {});
  expect(await imagesOf(PART)).toEqual([id]);
  // The same files give the same image again: nothing of the moment is in it.
  await docker.getImage(id).remove();
  expect((await assembleImage(docker, layout, {})).id).toBe(id);
  await docker.getImage(id).remove();
});

test(
  "a topology that needs HAProxy, on a host without it, is told how to get it; the others do " +
    "not need it",
  async () => {
    const env = {
      ...process.env,
      SSE_LAB_IMAGES: "assembled",
      SSE_LAB_HAPROXY: join(folder, "haproxy"),
    };
    const header = TOPOLOGIES.filter(({ name }) => name === "phase1-header");
    await expect(prepareImages({ topologies: header, env })).rejects.toThrow(
      /SSE_LAB_HAPROXY=.* Fix: /,
    );
    await expect(prepareImages({ topologies: phase0, env })).resolves.toBeDefined();
  },
);

test("no engine, and a setting that is not known, are each one clear line", async () => {
  const none = { ...process.env, DOCKER_HOST: `unix://${join(folder, "none.sock")}` };
  await expect(prepareImages({ topologies: phase0, env: none })).rejects.toThrow(
    /no Docker engine answers at .*Fix: /,
  );
  const wrong = { ...process.env, SSE_LAB_IMAGES: "yes" };
  await expect(prepareImages({ topologies: phase0, env: wrong })).rejects.toThrow(
    /^SSE_LAB_IMAGES=yes is not known/,
  );
});
