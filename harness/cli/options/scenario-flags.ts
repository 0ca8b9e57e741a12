/** Command-line flags of a scenario, and how their texts become values. */
import { type Command, Option } from "commander";
import { BOUNCE_CHOICES } from "../../history/observation.ts";
import { JITTERS } from "../../load/portable/back-off.ts";
import { CLIENT_MODELS } from "../../load/portable/load-plan.ts";
import { serverSettings } from "../../../infra/stack/server-settings.ts";
import { TOPOLOGIES } from "../../../infra/topologies.ts";
import { PUBLISH_WAYS, REALTIME_TIERS } from "../../../infra/realtime/realtime-settings.ts";
import { DEFAULT_BOUNCE_SETTINGS } from "../../nemesis/bounce-settings.ts";
import {
  DEFAULT_SCENARIO as defaults,
  DEFAULT_STEADY_ONLY,
} from "../../scenario/default-scenario.ts";
import { RAMP_DURATION_S } from "../../scenario/load-times.ts";
import { usesRealtime } from "../../scenario/to-load-plan.ts";

const list = (text: string): string[] =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
/** Other texts stay as they are, and the scenario check names flag, value and fix. */
export const numeric = (text: string): number | string =>
  text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);

/** `a=1,b=2` as an object. What has another form stays a list, and the check names it. */
export const pairs = (text: string): Record<string, number | string> | string[] => {
  const items = list(text).map((item) => item.split("="));
  if (items.some(({ length }) => length !== 2)) return list(text);
  return Object.fromEntries(items.map(([name = "", value = ""]) => [name.trim(), numeric(value)]));
};

export const BOUNCE_SETTINGS_HELP =
  "how long bounces last and how hard they are, for example redis-outage.for=10 (seconds); " +
  "docs/faults.md lists them (default: " +
  `${Object.entries(DEFAULT_BOUNCE_SETTINGS)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ")})`;

const say = (value: number | string): string => `(default: ${value})`;

export const PLATFORM_HELP =
  "local (host processes), docker (containers by Pulumi) or auto: docker if an engine answers " +
  "and Pulumi is installed";

/** After the notice, streams and pipelines drain at the same time. */
const longestDrainS =
  (Number(serverSettings.DRAIN_NOTICE_MS) +
    Math.max(Number(serverSettings.DRAIN_SPREAD_MS), Number(serverSettings.DRAIN_GRACE_MS))) /
  1000;

export const GRACE_HELP =
  "seconds between SIGTERM and SIGKILL when a bounce stops an instance; 0: SIGKILL at once, as " +
  `Railway does by default; a drain takes up to ${longestDrainS} seconds, and less cuts it short ` +
  say(defaults.grace);

const withRealtime = TOPOLOGIES.filter(usesRealtime)
  .map(({ name }) => name)
  .join(", ");

/** Flags that decide how Realtime is set up. */
export const addRealtimeFlags = (command: Command): Command =>
  command
    .option(
      "--catch-up",
      `${withRealtime}: keep an event log in Redis so that clients can fetch missed ` +
        "events; Realtime " +
        "Broadcast stores none",
    )
    .option(
      "--realtime-plan <plan>",
      `${withRealtime}: Supabase plan whose limits apply (${REALTIME_TIERS.join(", ")}; none: no ` +
        `limits); a load above the limits is refused before it starts ${say(defaults.realtimePlan)}`,
    )
    .option(
      "--realtime-publish <way>",
      `${withRealtime}: how instances send events to Realtime (${PUBLISH_WAYS.join(", ")}); ` +
        "websocket: each instance joins the channel of each of its sessions " +
        say(defaults.realtimePublish),
    );

/** None has a default of commander: an absent flag must not override the scenario file. */
export function addScenarioFlags(command: Command): Command {
  command
    .option("--scenario <file>", "JSON file with any of the values below; flags override it")
    .option(
      "--topologies <a,b>",
      `of ${TOPOLOGIES.map(({ name }) => name).join(", ")} ${say(defaults.topologies.join(","))}`,
      list,
    )
    .option(
      "--bounces <a,b>",
      `of ${BOUNCE_CHOICES.join(", ")} ${say(defaults.bounces.join(","))}`,
      list,
    )
    .option(
      "--steady-only <a,b>",
      "topologies that run without a bounce only (default: " +
        `${DEFAULT_STEADY_ONLY.join(",")} if neither --topologies nor --bounces are given: it ` +
        "loses most events in any case, and so the default stays under five minutes)",
      list,
    )
    .option("--sessions <n>", `concurrent streams ${say(defaults.sessions)}`, numeric)
    .option("--rate <r>", `events per second and session ${say(defaults.rate)}`, numeric)
    .option(
      "--duration <s>",
      "seconds of load in each run, warm-up included; ramp: of each pipeline " +
        `(default: as long as the run's bounce needs; ramp: at least ${RAMP_DURATION_S})`,
      numeric,
    )
    .option(
      "--arrival <kind>",
      "stationary: sessions arrive and end through the whole run, so a deploy meets new users " +
        "and pipelines of every age; ramp: all arrive at the start, pipelines of one length " +
        say(defaults.arrival),
    )
    .option(
      "--pipeline <s>",
      "stationary: mean length of a pipeline, seconds; lengths are 0.5 to 1.5 times as long " +
        `(default: ${defaults.pipeline}, longer with many sessions)`,
      numeric,
    )
    .option(
      "--warm-up <s>",
      "stationary: seconds that no figure counts (default: one more than the ramp)",
      numeric,
    )
    .option(
      "--ramp <s>",
      "seconds over which the first sessions arrive " +
        `(default: ${defaults.ramp}, longer with many sessions)`,
      numeric,
    )
    .option("--drain <s>", `longest wait for late events, seconds ${say(defaults.drain)}`, numeric)
    .option(
      "--repeat <k>",
      `runs per topology and bounce, each with other draws ${say(defaults.repeat)}`,
      numeric,
    )
    .option(
      "--seed <n>",
      "same seed, same plan: arrivals, lengths, payloads, time of the bounce, order of runs " +
        say(defaults.seed),
      numeric,
    )
    .option(
      "--replicas <n>",
      "instances of each topology that has more than one (default: each topology's own)",
      numeric,
    )
    .option("--grace <seconds>", GRACE_HELP, numeric)
    .option(
      "--gates <n>",
      `gates per pipeline run, each answered by the client ${say(defaults.gates)}`,
      numeric,
    )
    .option(
      "--payload-bytes <n>",
      `size of the text of each event, bytes ${say(defaults.payloadBytes)}`,
      numeric,
    )
    .option(
      "--client <model>",
      `${CLIENT_MODELS.join(" or ")}; ${withRealtime} ` +
        `always uses clients that behave like realtime-js ${say(defaults.client)}`,
    )
    .option(
      "--jitter <kind>",
      `${JITTERS.join(", ")}: how much of the retrying client's back-off is random, when it ` +
        `opens its stream again; equal: half of it ${say(defaults.jitter)}`,
    )
    .option(
      "--retry-ms <ms>",
      "what streams say in `retry:`, the base of the client's wait after a cut; a drain asks " +
        `for a wait of its own ${say(defaults.retryMs)}`,
      numeric,
    )
    .option(
      "--heartbeat <s>",
      `seconds between the comments that keep a silent stream open; 0: none ${say(defaults.heartbeat)}`,
      numeric,
    )
    .option("--bounce-settings <kind.name=value,...>", BOUNCE_SETTINGS_HELP, pairs)
    .option(
      "--lease-ms <ms>",
      "where pipelines move: those of an instance that is silent for this long go on elsewhere " +
        say(defaults.leaseMs),
      numeric,
    )
    .addOption(
      new Option(
        "--redis <state>",
        `up, or stopped: start without Redis to see the fallback ${say(defaults.redis)}`,
      ),
    );
  return addRealtimeFlags(command).option(
    "--over-quota",
    `${withRealtime}: run a load above the plan's limits to see their effect; never on a hosted ` +
      "Realtime",
  );
}

export const SCENARIO_KEYS = Object.keys({
  ...defaults,
  duration: undefined,
  replicas: undefined,
  steadyOnly: undefined,
});
