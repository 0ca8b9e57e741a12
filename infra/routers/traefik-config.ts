/** Traefik's configuration for one deployment, as two YAML files. */
import { posix } from "node:path";
import { stringify } from "yaml";
import { routerHealthCheckMs } from "../stack/server-settings.ts";
import { READY_PATH, type RouterFile, type RouterPlan } from "./router-plan.ts";

/** Name of the one service, and of the cookie that pins a client to an instance. */
export const ROUTER_SERVICE = "lab";
export const AFFINITY_COOKIE = "sse_lab_affinity";

const staticConfig = (plan: RouterPlan, dynamicFile: string): object => ({
  // The lab must run without any network.
  global: { checkNewVersion: false, sendAnonymousUsage: false },
  // No access log: it would cost CPU that the measurement sees.
  log: { level: "INFO", noColor: true },
  entryPoints: {
    web: {
      address: plan.webAddress,
      transport: {
        // The default of 60 s is meant for slow request bodies; the lab has none, and no stream
        // shall end by a clock.
        respondingTimeouts: { readTimeout: 0 },
      },
    },
    // The entry point of this name is the one that ping and the API take.
    traefik: { address: plan.opsAddress },
  },
  ping: {},
  // "insecure" means without a login; the entry point is on the loopback.
  api: { dashboard: true, insecure: true },
  providers: { file: { filename: dynamicFile, watch: plan.changes ?? false } },
});

const dynamicConfig = (plan: RouterPlan): object => ({
  http: {
    routers: {
      [ROUTER_SERVICE]: { rule: "PathPrefix(`/`)", entryPoints: ["web"], service: ROUTER_SERVICE },
    },
    services: {
      [ROUTER_SERVICE]: {
        loadBalancer: {
          servers: plan.servers.map(({ url }) => ({ url })),
          healthCheck: {
            path: plan.readyPath ?? READY_PATH,
            interval: `${routerHealthCheckMs}ms`,
            timeout: "2s",
          },
          // At once after each write. Traefik does so for text/event-stream anyway; said here so
          // that it is not left to the detection of a content type. No compress middleware: it
          // would hold events back.
          responseForwarding: { flushInterval: "-1ms" },
          serversTransport: ROUTER_SERVICE,
          ...(plan.affinity === "cookie"
            ? { sticky: { cookie: { name: AFFINITY_COOKIE, httpOnly: true } } }
            : {}),
        },
      },
    },
    serversTransports: {
      // Far below the 95 s after which the server closes an idle connection (http-listener.ts):
      // else Traefik would now and then send a POST into a connection that is just being closed,
      // and answer 502 in a steady state. So short, because a storm of reconnects leaves thousands
      // of idle connections, and each is an open file.
      [ROUTER_SERVICE]: { forwardingTimeouts: { idleConnTimeout: "3s" } },
    },
  },
});

/**
 * Both files, to be written into `folder` (absolute). The first is for `--configFile`; it names the
 * second.
 *
 * @throws Error for an affinity that it cannot give
 */
export const traefikConfig = (folder: string, plan: RouterPlan): [RouterFile, RouterFile] => {
  // Its only hash (`hrw`) is of the client's address.
  if (plan.affinity === "header") {
    throw new Error('affinity "header": Traefik cannot hash a header; take HAProxy for it');
  }
  const dynamicFile = posix.join(folder, "dynamic.yml");
  return [
    {
      path: posix.join(folder, "traefik.yml"),
      content: stringify(staticConfig(plan, dynamicFile)),
    },
    { path: dynamicFile, content: stringify(dynamicConfig(plan)) },
  ];
};
