/** A harness that a test can kill: brings a topology up, prints where it is, and waits. */
import type { TopologyName } from "../../../../infra/topologies.ts";
import { createTestLab } from "./test-lab.ts";

const lab = createTestLab();
const [topology, detach] = process.argv.slice(2);
const deployment = await lab.up(topology as TopologyName);
if (detach === "--detach") await deployment.detach();
else setInterval(() => undefined, 60_000);
const { id, url, workDir } = deployment;
process.stdout.write(
  `${JSON.stringify({ id, url, workDir, folder: lab.folder, stateDir: lab.stateDir })}\n`,
);
