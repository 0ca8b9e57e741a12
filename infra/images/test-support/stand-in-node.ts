/**
 * A stand-in for the official Node.js image on hosts without a registry: what server/Dockerfile
 * needs of its base (node, npm, sh, bash), taken from this host. The Dockerfile, its `npm ci` and
 * its bundle are the real ones.
 */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type Dockerode from "dockerode";
import which from "which";
import { assembleImage } from "../../offline/assembled-images/assemble-image.ts";
import { withFolders } from "../../offline/assembled-images/image-archive.ts";
import { programFiles, systemFiles } from "../../offline/assembled-images/runtime-files.ts";
import type { TarEntry } from "../../offline/assembled-images/tar-archive.ts";

const NPM = "usr/local/lib/node_modules/npm";
const CERTIFICATES = "etc/ssl/certs/ca-certificates.crt";

/**
 * Certificates that this host trusts beyond Node's own, e.g. of a mirror of the package registry.
 */
const certificates = async (): Promise<TarEntry[]> => {
  const file = process.env["NODE_EXTRA_CA_CERTS"];
  return file ? [{ path: CERTIFICATES, mode: 0o644, content: await readFile(file) }] : [];
};

const npmFiles = async (): Promise<TarEntry[]> => {
  const folder = dirname(dirname(await realpath(await which("npm"))));
  const entries: TarEntry[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const content = { file, bytes: (await stat(file)).size };
    entries.push({ path: join(NPM, relative(folder, file)), mode: 0o644, content });
  }
  const start = `#!/bin/sh\nexec node /${NPM}/bin/npm-cli.js "$@"\n`;
  return [...entries, { path: "usr/local/bin/npm", mode: 0o755, content: Buffer.from(start) }];
};

/** Resolves to the image's name. */
export const standInNode = async (docker: Dockerode): Promise<string> => {
  const version = process.versions.node;
  const programs = await programFiles([
    { file: process.execPath, target: "usr/local/bin/node" },
    { file: await which("bash"), target: "bin/bash" },
    { file: await which("sh"), target: "bin/sh" },
  ]);
  const trusted = await certificates();
  const files = [...programs, ...(await npmFiles()), ...trusted];
  const { name } = await assembleImage(
    docker,
    {
      part: "stand-in-node",
      version,
      layers: [withFolders([...files, ...systemFiles("node", { uid: 1000, gid: 1000 })])],
      config: {
        User: "",
        WorkingDir: "/",
        Env: [
          "PATH=/usr/local/bin:/usr/bin:/bin",
          `NODE_VERSION=${version}`,
          ...(trusted.length > 0 ? [`NODE_EXTRA_CA_CERTS=/${CERTIFICATES}`] : []),
        ],
        Entrypoint: ["node"],
        ExposedPorts: {},
      },
      smokeTest: { command: ["--version"], prints: version },
    },
    {},
  );
  return name;
};
