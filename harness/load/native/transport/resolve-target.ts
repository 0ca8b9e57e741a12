import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import type { StreamTarget } from "./socket-transport.ts";

/**
 * Where the load goes. One secure context serves all connections, since each new one would read
 * the certificates of all authorities again; those of NODE_EXTRA_CA_CERTS are among them.
 *
 * @param url base URL; its path goes before the path of every request
 * @throws what the look-up of the name threw
 */
export async function resolveTarget(url: string): Promise<StreamTarget> {
  const { protocol, host, hostname, port, pathname } = new URL(url);
  const name = hostname.replace(/^\[|\]$/g, "");
  const { address } = await lookup(name);
  const isTls = protocol === "https:";
  return {
    host,
    address,
    port: Number(port || (isTls ? 443 : 80)),
    basePath: basePathOf(pathname),
    ...(isTls
      ? { tls: { context: createSecureContext(), ...(isIP(name) === 0 && { servername: name }) } }
      : {}),
  };
}

/** Without a slash at its end. */
export const basePathOf = (pathname: string): string => pathname.replace(/\/+$/, "");
