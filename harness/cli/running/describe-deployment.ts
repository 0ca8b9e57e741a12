import { TOPOLOGIES, type Affinity } from "../../../infra/topologies.ts";
import type { RunningDeployment } from "../../platform/platform.ts";

/** Options of curl that lead a request to the instance with the session's stream. */
const KEEP_TOGETHER: Readonly<Record<Affinity, { create: string; later: string }>> = {
  none: { create: "", later: "" },
  cookie: { create: " -c sse-lab.cookies", later: " -b sse-lab.cookies" },
  header: { create: "", later: ' -H "X-Session-ID: <sessionId>"' },
};

const INDENT = " ".repeat(13);

const describeRealtime = ({ realtime }: RunningDeployment): string => {
  if (!realtime) return "";
  const lines = [
    `  realtime   ${realtime.url}`,
    ...(realtime.standIn
      ? [
          `${INDENT}${realtime.name} is a stand-in of the lab and not Supabase's server:`,
          `${INDENT}same protocol, but its latency does not predict Supabase's`,
        ]
      : []),
    `${INDENT}pages subscribe to the \`realtime\` channel in the create-session response;`,
    `${INDENT}clients without Realtime use /events`,
  ];
  return `${lines.join("\n")}\n`;
};

/** What `up` prints on every platform: the addresses, and what to do next. */
export const describeDeployment = (running: RunningDeployment): string => {
  const { topology, platform, url, dashboardUrl, instanceUrls, realtime } = running;
  const affinity = TOPOLOGIES.find(({ name }) => name === topology)?.affinity ?? "none";
  const { create, later } = KEEP_TOGETHER[affinity];
  const instances = Object.entries(instanceUrls).map((one) => one.join(" "));
  const session = `${url}/api/sessions/<sessionId>`;
  const bounce = realtime?.standIn ? "realtime-outage" : "rolling";
  const pipeline = '{"events":20,"eventsPerSecond":2,"gates":0,"payloadBytes":50,"seed":1}';
  return `
${topology} on ${platform}
  router     ${url}
  dashboard  ${dashboardUrl}
  instances  ${instances.join(`\n${INDENT}`)}
${describeRealtime(running)}
  follow     curl -sX POST${create} ${url}/api/sessions
             curl -N${later} "${session}/events?token=<token>"
             curl -X POST${later} "${session}/pipeline?token=<token>" \\
                  -H 'content-type: application/json' -d '${pipeline}'
  load test  make loadtest ATTACH=${topology}
  bounce     npx sse-lab bounce ${topology} --kind ${bounce}
  remove     make down
`;
};
