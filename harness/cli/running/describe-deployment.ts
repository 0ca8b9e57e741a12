import { TOPOLOGIES, type Affinity } from "../../../infra/topologies.ts";
import type { RunningDeployment } from "../../platform/platform.ts";

/** What a request has to bring, so that the router sends it where the session's stream is. */
const KEEP_TOGETHER: Readonly<Record<Affinity, { create: string; later: string }>> = {
  none: { create: "", later: "" },
  cookie: { create: " -c sse-lab.cookies", later: " -b sse-lab.cookies" },
  header: { create: "", later: ' -H "X-Session-ID: <sessionId>"' },
};

const describeRealtime = ({ realtime }: RunningDeployment): string => {
  if (!realtime) return "";
  const meaning = realtime.standIn
    ? `             ${realtime.name} is a stand-in of the lab and not Supabase's server: it speaks the same protocol, its latency says nothing about Supabase\n`
    : "";
  return `  realtime   ${realtime.url}
${meaning}             pages subscribe to what the answer to a new session calls "realtime"; /events is for those that do not speak to it\n`;
};

/** What `up` prints, the same on every platform: where everything is, and what to do with it. */
export const describeDeployment = (kept: RunningDeployment): string => {
  const { topology, platform, url, dashboardUrl, instanceUrls } = kept;
  const affinity = TOPOLOGIES.find(({ name }) => name === topology)?.affinity ?? "none";
  const { create, later } = KEEP_TOGETHER[affinity];
  const instances = Object.entries(instanceUrls).map(([name, instanceUrl]) => `${name} ${instanceUrl}`);
  return `
${topology} on ${platform}
  router     ${url}
  dashboard  ${dashboardUrl}
  instances  ${instances.join("\n             ")}
${describeRealtime(kept)}
  follow it  curl -sX POST${create} ${url}/api/sessions
             curl -N${later} "${url}/api/sessions/<sessionId>/events?token=<token>"
             curl -X POST${later} "${url}/api/sessions/<sessionId>/pipeline?token=<token>" -H 'content-type: application/json' \\
                  -d '{"events":20,"eventsPerSecond":2,"gates":0,"payloadBytes":50,"seed":1}'
  load it    make loadtest TOPOLOGIES=${topology} PLATFORM=${platform}   (on a topology of its own)
  bounce it  npx sse-lab bounce ${topology} --kind ${kept.realtime?.standIn ? "realtime-outage" : "rolling"}
  end it     make down
`;
};
