/** HAProxy's configuration, one file for both 2.6 (Debian 12) and 3.x. */
import { posix } from "node:path";
import { routerHealthCheckMs } from "../stack/server-settings.ts";
import { READY_PATH, type RoutedServer, type RouterFile, type RouterPlan } from "./router-plan.ts";

/** Name of the one backend; the statistics call it `pxname`. */
export const HAPROXY_BACKEND = "lab";
/** The header that keeps a session's requests together. */
export const AFFINITY_HEADER = "X-Session-ID";

/**
 * No `maxconn`: HAProxy then uses its limit of open files, two per stream, and a low `ulimit -n` is
 * no error.
 */
const GLOBAL = `global
    # Enough for 20000 streams. Without an upper bound, memory is set aside for as many files as a container may open.
    fd-hard-limit 50000
    log stdout format raw local0 notice`;

/**
 * Docker's name server. Names that vanish keep their last address, so only the health check takes
 * an instance out and in.
 */
const RESOLVERS = `resolvers docker
    nameserver engine 127.0.0.11:53
    resolve_retries 3
    timeout resolve 500ms
    timeout retry 500ms
    # Asked again after this long: a container that comes back has another address.
    hold valid 500ms
    # An instance that returned from "no such name" would count as healthy before its first check.
    hold nx 1d
    hold refused 1d
    hold timeout 1d
    hold other 1d`;

/**
 * - Client and server timeouts: 24 days is the most that HAProxy takes. No stream shall end by a
 *   clock; leaving them out means the same, with a warning.
 * - http-keep-alive: as long as Traefik keeps an idle client.
 * - retries 0, no redispatch: a request to an instance that is gone and not yet taken out fails at
 *   once (503), as it does in Traefik (502). Else a comparison of both would show the routers' ways
 *   to retry, and not the kinds of affinity.
 * - http-no-delay: each event leaves at once.
 * - abortonclose: a client that left is gone for its instance too, and not only after the next
 *   event.
 */
const DEFAULTS = `defaults
    mode http
    timeout connect 2s
    timeout client 24d
    timeout server 24d
    timeout check 2s
    timeout http-keep-alive 180s
    retries 0
    no option redispatch
    option http-no-delay
    option abortonclose`;

const balance = (plan: RouterPlan): string => {
  switch (plan.affinity) {
    case "header":
      // Consistent: when an instance leaves, only its own sessions move. Requests without the
      // header take turns.
      return `balance hdr(${AFFINITY_HEADER})\n    hash-type consistent sdbm avalanche`;
    case "none":
      return "balance roundrobin";
    case "cookie":
      throw new Error(
        'affinity "cookie": HAProxy is set up for "header" and "none" here; take Traefik for it',
      );
  }
};

const address = ({ name, url }: RoutedServer): string => {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "http:")
    throw new Error(`${name}: the routers reach instances by http, not by ${url}`);
  return `${hostname}:${port === "" ? "80" : port}`;
};

/**
 * - One failed check takes an instance out, one good one brings it in, as in Traefik.
 * - weight: points of an instance on the hash ring are 16 times that; with few of them the shares
 *   would be far from equal.
 * - pool-purge-delay: half of the idle connections to an instance are closed this often. The server
 *   closes one after 95 s (http-listener.ts); none lives that long here, so no request is sent into
 *   a connection that is just being closed.
 */
const backend = (plan: RouterPlan): string => {
  const names = plan.resolvesNames ? " resolvers docker resolve-prefer ipv4 init-addr none" : "";
  return `backend ${HAPROXY_BACKEND}
    # Health changes only: the frontend logs nothing, an access log would cost CPU that the measurement sees.
    log global
    ${balance(plan)}
    option forwardfor
    option httpchk
    http-check send meth GET uri ${plan.readyPath ?? READY_PATH} ver HTTP/1.1 hdr Host ${HAPROXY_BACKEND}
    http-check expect status 200-299
    http-reuse safe
    default-server check inter ${routerHealthCheckMs}ms fall 1 rise 1 weight 100 pool-purge-delay 1s${names}
${plan.servers.map((server) => `    server ${server.name} ${address(server)}`).join("\n")}`;
};

const frontends = (plan: RouterPlan): string => `frontend web
    bind ${plan.webAddress}
    default_backend ${HAPROXY_BACKEND}

# The page for people at /, the same as a table at /;csv. Read only: no admin level, no socket.
frontend ops
    bind ${plan.opsAddress}
    stats enable
    stats uri /
    stats refresh 2s`;

/**
 * The file to be written into `folder` (absolute), for `haproxy -db -f`: one process in the
 * foreground, any user, which writes no file at all.
 *
 * @throws Error for an affinity that it cannot give, or a server that is not reached by http
 */
export const haproxyConfig = (folder: string, plan: RouterPlan): [RouterFile, ...RouterFile[]] => {
  const parts = [
    GLOBAL,
    ...(plan.resolvesNames ? [RESOLVERS] : []),
    DEFAULTS,
    frontends(plan),
    backend(plan),
  ];
  return [{ path: posix.join(folder, "haproxy.cfg"), content: `${parts.join("\n\n")}\n` }];
};
