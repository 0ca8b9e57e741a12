/** Command-line flags of a scenario: which there are, and how their texts become values. */
import { type Command, Option } from "commander";
import { BOUNCE_KINDS } from "../../history/observation.ts";
import { CLIENT_MODELS } from "../../load/portable/load-plan.ts";
import { serverSettings } from "../../../infra/stack/server-settings.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { PUBLISH_WAYS, REALTIME_TIERS } from "../../../infra/realtime/realtime-settings.ts";
import { DEFAULT_SCENARIO as defaults } from "../../scenario/default-scenario.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";

const list = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
/** What is no number stays a text, so that the scenario's own check names flag, value and fix. */
export const numeric = (text: string): number | string =>
  text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);

const say = (value: number | string): string => `(default: ${value})`;

export const PLATFORM_HELP =
  "auto, local (host processes) or docker (containers by Pulumi); auto: docker where a daemon answers and Pulumi is found";

/** An instance gives its streams and pipelines their time side by side, after the notice. */
const longestDrainS =
  (Number(serverSettings.DRAIN_NOTICE_MS) +
    Math.max(Number(serverSettings.DRAIN_SPREAD_MS), Number(serverSettings.DRAIN_GRACE_MS))) /
  1000;

export const GRACE_HELP = `seconds between SIGTERM and SIGKILL when a bounce stops an instance; 0: SIGKILL at once, as Railway does by default; a drain takes up to ${longestDrainS} seconds, so less than that may cut it short ${say(defaults.grace)}`;

const withRealtime = TOPOLOGIES.filter(usesRealtime)
  .map(({ name }) => name)
  .join(", ");

/** What decides how a topology with Realtime is set up, whether load follows or not. */
export const addRealtimeFlags = (command: Command): Command =>
  command
    .option(
      "--catch-up",
      `${withRealtime}: an event log in Redis, from which clients take what they missed; Realtime's Broadcast keeps nothing`,
    )
    .option(
      "--realtime-plan <plan>",
      `${withRealtime}: whose limits are in force, of ${REALTIME_TIERS.join(", ")}; none: out of reach; a load beyond them is refused before it starts ${say(defaults.realtimePlan)}`,
    )
    .option(
      "--realtime-publish <way>",
      `${withRealtime}: how instances send events to Realtime, of ${PUBLISH_WAYS.join(", ")}; websocket: each instance joins the channel of each of its sessions ${say(defaults.realtimePublish)}`,
    );

/** Adds every scenario flag. None has a commander default: an absent flag must not override the scenario file. */
export function addScenarioFlags(command: Command): Command {
  command
    .option("--scenario <file>", "JSON file with any of the values below; flags win over it")
    .option(
      "--topologies <a,b>",
      `of ${TOPOLOGIES.map(({ name }) => name).join(", ")} ${say(defaults.topologies.join(","))}`,
      list,
    )
    .option("--bounces <a,b>", `of ${BOUNCE_KINDS.join(", ")} ${say(defaults.bounces.join(","))}`, list)
    .option("--sessions <n>", `concurrent streams ${say(defaults.sessions)}`, numeric)
    .option("--rate <r>", `events per second and session ${say(defaults.rate)}`, numeric)
    .option(
      "--duration <s>",
      `seconds of measured load in each run (default: ${defaults.duration}, or longer where a bounce on the platform needs it)`,
      numeric,
    )
    .option("--ramp <s>", `seconds over which sessions arrive ${say(defaults.ramp)}`, numeric)
    .option("--drain <s>", `longest wait for late events, seconds ${say(defaults.drain)}`, numeric)
    .option("--repeat <k>", `runs of each pair of topology and bounce ${say(defaults.repeat)}`, numeric)
    .option(
      "--seed <n>",
      `same seed, same plan: arrivals, payloads, background requests ${say(defaults.seed)}`,
      numeric,
    )
    .option(
      "--replicas <n>",
      "instances, for every topology that has more than one (default: each topology's own)",
      numeric,
    )
    .option("--grace <seconds>", GRACE_HELP, numeric)
    .option(
      "--gates <n>",
      `gates per pipeline run that the client must answer ${say(defaults.gates)}`,
      numeric,
    )
    .option("--payload-bytes <n>", `text of each event, bytes ${say(defaults.payloadBytes)}`, numeric)
    .option(
      "--client <model>",
      `${CLIENT_MODELS.join(" or ")}; ${withRealtime} always has clients that do as realtime-js does ${say(defaults.client)}`,
    )
    .addOption(
      new Option(
        "--redis <state>",
        `up, or stopped: start without it to see the fallback ${say(defaults.redis)}`,
      ),
    );
  return addRealtimeFlags(command).option(
    "--over-quota",
    `${withRealtime}: run a load that is beyond the plan's limits all the same, to see what they do; never on a hosted Realtime`,
  );
}

export const SCENARIO_KEYS = Object.keys({ ...defaults, replicas: undefined });
