/** `sse-lab up` and `sse-lab down`: a topology that stays up for looking at it. */
import { join } from "node:path";
import type { Command } from "commander";
import type { Topology } from "../../infra/topologies.ts";
import { findKept, type KeptDeployment, releaseToBackground } from "../platform/local/kept-deployments.ts";
import { localPlatform } from "../platform/local/local-platform.ts";
import { downAll } from "../platform/local/sweep-leftovers.ts";
import { PROJECT_ROOT } from "../run/describe-host.ts";
import { sweepWorkFolders } from "../run/work-folder.ts";
import { DEFAULT_SCENARIO, parseScenario, replicasOf, selectTopologies } from "../scenario/scenario.ts";
import { choosePlatform } from "./choose-platform.ts";
import { CliError, EXIT } from "./exit.ts";
import { interruptible } from "./interrupt.ts";
import { numeric } from "./scenario-flags.ts";
import { sweep } from "./sweep.ts";

interface UpOptions {
  platform: string;
  replicas?: number | string;
}

export function addUp(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("up")
    .argument("<topology>", "e.g. phase1")
    .summary("stand one topology up and leave it running")
    .description("Stands one topology up, prints its URLs, and leaves it running until `sse-lab down`.")
    .option("--platform <p>", "auto or local", "auto")
    .option("--replicas <n>", "instances (default: the topology's own)", numeric)
    .action(up);
  program
    .command("down")
    .summary("remove everything that up or an interrupted run left")
    .description(
      "Ends every process of this checkout's topologies and removes their files; nothing else is touched.",
    )
    .action(async () => setExitCode(await down()));
}

async function up(name: string, options: UpOptions): Promise<void> {
  const { topology, replicas } = chooseTopology(name, options.replicas);
  const { platform, reason } = choosePlatform(options.platform);
  await sweep();
  const running = findKept().find((kept) => kept.topology === topology.name);
  if (running) {
    process.stdout.write(`${topology.name} is up already (sse-lab down removes it)\n${describe(running)}`);
    return;
  }
  process.stderr.write(`platform ${platform.name}: ${reason}\n`);
  const workDir = join(PROJECT_ROOT, ".sse-lab", "up", `${topology.name}-${Date.now().toString(36)}`);
  const deployment = await interruptible((signal) =>
    localPlatform.up({
      topology,
      replicas,
      redis: "up",
      workDir,
      onStep: (step) => process.stderr.write(`  ${step}\n`),
      signal,
    }),
  );
  await releaseToBackground(deployment);
  const kept = findKept().find((one) => one.id === deployment.id);
  if (!kept)
    throw new CliError(`${deployment.id} ended right after it came up; its logs were in ${workDir}/logs`);
  process.stdout.write(describe(kept));
}

function chooseTopology(
  name: string,
  replicas: UpOptions["replicas"],
): { topology: Topology; replicas: number } {
  // No load is asked for, so there is no bounce that it could be too short for.
  const scenario = parseScenario(
    {
      ...DEFAULT_SCENARIO,
      topologies: [name],
      bounces: ["none"],
      ...(replicas === undefined ? {} : { replicas }),
    },
    (key) => (key === "topologies" ? "up" : `--${key}`),
  );
  const [topology] = selectTopologies(scenario);
  if (!topology) throw new CliError(`up ${name}: unknown topology`);
  return { topology, replicas: replicasOf(topology, scenario) };
}

const describe = ({ topology, url, dashboardUrl, instanceUrls }: KeptDeployment): string => `
${topology}
  router     ${url}
  dashboard  ${dashboardUrl}
  instances  ${Object.entries(instanceUrls)
    .map(([name, instanceUrl]) => `${name} ${instanceUrl}`)
    .join("\n             ")}

  follow it  curl -sX POST ${url}/api/sessions
             curl -N "${url}/api/sessions/<sessionId>/events?token=<token>"
             curl -X POST "${url}/api/sessions/<sessionId>/pipeline?token=<token>" -H 'content-type: application/json' \\
                  -d '{"events":20,"eventsPerSecond":2,"gates":0,"payloadBytes":50,"seed":1}'
  load it    make loadtest TOPOLOGIES=${topology}   (on a topology of its own)
  bounce it  npx sse-lab bounce ${topology} --kind rolling
  end it     make down
`;

async function down(): Promise<number> {
  const { swept, owned, problems } = await downAll();
  const folders = await sweepWorkFolders();
  for (const { id, processes } of swept) process.stdout.write(`removed ${id} (${processes} processes)\n`);
  for (const id of owned)
    process.stdout.write(`left alone: ${id} belongs to a command that is still running\n`);
  for (const problem of problems) process.stderr.write(`could not clean up: ${problem}\n`);
  if (folders > 0) process.stdout.write(`removed ${folders} work folder(s) of interrupted runs\n`);
  if (swept.length + owned.length + problems.length + folders === 0) process.stdout.write("nothing was up\n");
  return problems.length > 0 ? EXIT.unknown : EXIT.valid;
}
