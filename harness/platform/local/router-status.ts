/** What the router says of its servers, over Traefik's API. */
import { z } from "zod";
import { ROUTER_SERVICE } from "./traefik-config.ts";

const serviceSchema = z.object({ serverStatus: z.record(z.string(), z.string()).default({}) });

/**
 * Status by server URL, `UP` or `DOWN`. Before its first health check Traefik says UP of every server, so that this can
 * be trusted only when the servers were ready before Traefik started.
 *
 * @throws when the API does not answer, or knows no such service yet
 */
export const routerStatus = async (opsUrl: string, signal: AbortSignal): Promise<Map<string, string>> => {
  const answer = await fetch(`${opsUrl}/api/http/services/${ROUTER_SERVICE}@file`, { signal });
  if (!answer.ok) throw new Error(`Traefik's API answered ${answer.status}`);
  return new Map(Object.entries(serviceSchema.parse(await answer.json()).serverStatus));
};
