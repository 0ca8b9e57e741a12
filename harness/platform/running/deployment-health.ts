import { httpUrlOf } from "../../../common/portable/realtime/urls.ts";
import type { RunningDeployment } from "../platform.ts";
import { answersOk } from "../readiness.ts";

/** A component that runs answers within milliseconds. */
const ANSWER_MS = 2_000;

const answers = (url: string): Promise<boolean> =>
  answersOk(url)(AbortSignal.timeout(ANSWER_MS)).then(
    (seen) => seen === true,
    () => false,
  );

const isReady = (url: string): Promise<boolean> => answers(`${url}/readyz`);

/** The instances that are not ready within 2 s. Never rejects. */
export async function downInstances({
  instances,
  instanceUrls,
}: RunningDeployment): Promise<string[]> {
  const ready = await Promise.all(instances.map((name) => isReady(instanceUrls[name] ?? "")));
  return instances.filter((_, index) => !ready[index]);
}

/** True only for a Realtime that the lab runs: it cannot start a hosted one. Never rejects. */
export async function isRealtimeDown({ realtime }: RunningDeployment): Promise<boolean> {
  if (!realtime) return false;
  const url = new URL("/healthcheck", httpUrlOf(realtime.url));
  if (!/^127\.|localhost$/.test(url.hostname)) return false;
  // Names below localhost are this host (RFC 6761, section 6.3). Not every resolver knows that.
  url.hostname = "127.0.0.1";
  return !(await answers(url.href));
}

/** The router, Realtime and instances that do not answer, each with its address. Never rejects. */
export async function unreachableComponents(running: RunningDeployment): Promise<string[]> {
  const [router, noRealtime, instances] = await Promise.all([
    isReady(running.url),
    isRealtimeDown(running),
    downInstances(running),
  ]);
  return [
    ...(router ? [] : [`the router at ${running.url}`]),
    ...(running.realtime && noRealtime
      ? [`${running.realtime.name} at ${running.realtime.url}`]
      : []),
    ...instances.map((name) => `${name} at ${running.instanceUrls[name] ?? "(no address)"}`),
  ];
}
