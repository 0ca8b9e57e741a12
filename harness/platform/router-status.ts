/** The status of servers in a router, read from its ops address. */
import { z } from "zod";
import { HAPROXY_BACKEND } from "../../infra/routers/haproxy-config.ts";
import type { RoutedServer } from "../../infra/routers/router-plan.ts";
import { ROUTER_SERVICE } from "../../infra/routers/traefik-config.ts";
import type { Router } from "../../infra/topologies.ts";

/** `UP`: the router sends the server traffic. */
export type ServerStatus = "UP" | "DOWN";

const serviceSchema = z.object({ serverStatus: z.record(z.string(), z.string()).default({}) });

const routesSchema = z.object({
  loadBalancer: z.object({
    servers: z.array(z.object({ url: z.string() })).default([]),
    sticky: z.unknown().optional(),
  }),
});

const SERVICE_PATH = `/api/http/services/${ROUTER_SERVICE}@file`;

/** The configuration that Traefik has in force. @throws as {@link routerStatus} */
export const traefikRoutes = async (
  opsUrl: string,
  signal: AbortSignal,
): Promise<{ urls: string[]; sticky: boolean }> => {
  const answer = await fetch(`${opsUrl}${SERVICE_PATH}`, { signal });
  if (!answer.ok) throw new Error(`traefik's API answered ${answer.status}`);
  const { servers, sticky } = routesSchema.parse(await answer.json()).loadBalancer;
  return { urls: servers.map(({ url }) => url).sort(), sticky: sticky !== undefined };
};

/** By server URL. */
const readTraefik = async (answer: Response): Promise<Map<string, string>> =>
  new Map(Object.entries(serviceSchema.parse(await answer.json()).serverStatus));

/**
 * By server name. The first line names the columns. Those read here come before any that may hold a
 * comma. States besides `UP`, with or without a count of checks: `DOWN`, `MAINT (resolution)`,
 * `NOLB`, `DRAIN`.
 */
const readHaproxy = async (answer: Response): Promise<Map<string, string>> => {
  const [head = "", ...rows] = (await answer.text()).split("\n");
  const columns = head.replace(/^# /, "").split(",");
  const [proxy, server, status] = ["pxname", "svname", "status"].map((name) => {
    const index = columns.indexOf(name);
    if (index < 0) throw new Error(`HAProxy's statistics have no column ${name}`);
    return index;
  }) as [number, number, number];
  return new Map(
    rows
      .map((row) => row.split(","))
      .filter((fields) => fields[proxy] === HAPROXY_BACKEND)
      .map((fields) => [fields[server] ?? "", /^UP\b/.test(fields[status] ?? "") ? "UP" : "DOWN"]),
  );
};

/**
 * Status by instance name. A server that the router does not know is `DOWN`. Before its first
 * health check a router reports every server as `UP`.
 *
 * @throws if the router does not answer, or has no such service yet
 */
export const routerStatus = async (
  kind: Router,
  opsUrl: string,
  servers: readonly RoutedServer[],
  signal: AbortSignal,
): Promise<Map<string, ServerStatus>> => {
  const path = kind === "traefik" ? SERVICE_PATH : "/;csv";
  const answer = await fetch(`${opsUrl}${path}`, { signal });
  if (!answer.ok) throw new Error(`${kind}'s status at ${opsUrl}${path} answered ${answer.status}`);
  const said = kind === "traefik" ? await readTraefik(answer) : await readHaproxy(answer);
  return new Map(
    servers.map(({ name, url }) => [
      name,
      said.get(kind === "traefik" ? url : name) === "UP" ? "UP" : "DOWN",
    ]),
  );
};
