/** Whether an https URL can be loaded: its server speaks TLS, with a certificate for its name. */
import { connect } from "node:tls";
import { isIP } from "node:net";
import { UserError } from "../../../common/user-error.ts";

const PATIENCE_MS = 10_000;

/** Errors of the way to it. All others, apart from those of TLS, are about the certificate. */
const NETWORK = /^(E(CONN|HOST|NET|ADDR|PIPE|TIMEDOUT|NOTFOUND|AI_)|UND_|ABORT_ERR)/;
const PROTOCOL = /^(ERR_SSL_|EPROTO)/;

/**
 * One handshake, as the load engine makes it. Resolves at once for http.
 *
 * @throws UserError that names the host and the reason
 */
export async function checkTls(url: string, signal?: AbortSignal): Promise<void> {
  const { protocol, host, hostname, port } = new URL(url);
  if (protocol !== "https:") return;
  const name = hostname.replace(/^\[|\]$/g, "");
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const socket = connect({
      host: name,
      port: Number(port || 443),
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ALPNProtocols: ["http/1.1"],
      rejectUnauthorized: true,
      timeout: PATIENCE_MS,
      ...(signal ? { signal } : {}),
    });
    const end = (reason?: NodeJS.ErrnoException): void => {
      resolve(reason);
      socket.destroy();
    };
    socket.once("secureConnect", () => end());
    socket.once("timeout", () => end(new Error(`no handshake within ${PATIENCE_MS} ms`)));
    socket.on("error", end);
    socket.once("close", () => end(new Error("it closed the connection")));
  });
  signal?.throwIfAborted();
  if (error) throw refusalOf(host, error);
}

function refusalOf(host: string, { code, message }: NodeJS.ErrnoException): UserError {
  if (code === undefined || NETWORK.test(code))
    return new UserError(`no TLS with ${host}: ${code ?? message}`, "correct the URL");
  if (code === "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL")
    return new UserError(`${host} does not speak HTTP/1.1 over TLS`, "turn HTTP/1.1 on there");
  if (PROTOCOL.test(code))
    return new UserError(`no TLS with ${host}: ${code}`, "correct scheme and port of the URL");
  const reason = message.replace(/\.$/, "");
  return new UserError(
    `the certificate of ${host} is refused: ${reason} (${code})`,
    code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "CERT_HAS_EXPIRED"
      ? "give the server a certificate that fits"
      : "name the file with the certificate of its authority: NODE_EXTRA_CA_CERTS=ca.pem",
  );
}
