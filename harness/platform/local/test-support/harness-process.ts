/** A harness in a process of its own, to be killed: brings the topology up, prints where it is, and waits for ever. */
import { createTestLab } from "./test-lab.ts";

const lab = createTestLab();
const deployment = await lab.up("phase2");
if (process.argv[2] === "--release") await deployment.release();
else setInterval(() => undefined, 60_000);
const { id, url, workDir } = deployment;
process.stdout.write(`${JSON.stringify({ id, url, workDir, folder: lab.folder, stateDir: lab.stateDir })}\n`);
