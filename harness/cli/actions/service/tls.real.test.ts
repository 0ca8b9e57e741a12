/** A service behind TLS, with a certificate that a test made, as the command line reaches it. */
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../../common/paths.ts";
import { startServer } from "../../../load/test-support/start-server.ts";
import { profilePath } from "../../../service/profiles/profiles.ts";
import { FOREIGN_FILE, ForeignService } from "../../../service/test-support/foreign-service.ts";
import { makeCertificate } from "../../../../common/test-support/make-certificate.ts";

const BIN = join(PROJECT_ROOT, "harness", "cli", "sse-lab.mjs");

let folder: string;
let file: string;
let authority: string;
let good: Awaited<ReturnType<typeof makeCertificate>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sse-lab-tls-"));
  file = join(folder, "sse-lab.service.yaml");
  authority = join(folder, "ca.pem");
  good = await makeCertificate();
  await writeFile(file, FOREIGN_FILE);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** @param trusted the certificates that the command knows beside those of Node */
const sseLab = async (args: readonly string[], trusted: string, env = {}) => {
  await writeFile(authority, trusted);
  return execa(process.execPath, [BIN, ...args], {
    reject: false,
    cwd: PROJECT_ROOT,
    env: { ...(trusted === "" ? {} : { NODE_EXTRA_CA_CERTS: authority }), ...env },
  });
};
const check = (url: string, trusted: string, env = {}) =>
  sseLab(["service", "check", file, "--url", url], trusted, env);

test("a service with TLS, by name, port and base path, and on IPv6", async () => {
  const service = await ForeignService.start({ host: "::", tls: good, basePath: "/app" });
  try {
    for (const host of ["localhost", "[::1]", "127.0.0.1"]) {
      const { stdout, exitCode } = await check(`https://${host}:${service.port}/app/`, good.cert);
      expect(stdout).toMatch(/It fits\.$/);
      expect(exitCode).toBe(0);
    }
    const stream = service.requests.find(({ url }) => url.includes("/stream"));
    expect(stream?.headers.host).toBe(`localhost:${service.port}`);
    const elsewhere = await check(`https://localhost:${service.port}/other`, good.cert);
    expect(elsewhere.stdout).toContain("POST /jobs answered 404: it has no such path");
    expect(elsewhere.exitCode).toBe(1);
  } finally {
    await service.stop();
  }
});

test("a certificate that does not fit is one line, and no session begins", async () => {
  const expired = await makeCertificate({ validForDays: -5 });
  const other = await makeCertificate({ names: ["example.com"], addresses: [] });
  for (const [tls, trusted, message] of [
    [good, "", /the certificate of localhost:\d+ is refused: self-signed certificate \(DEPTH_ZERO/],
    [expired, expired.cert, /the certificate of localhost:\d+ is refused: .*\(CERT_HAS_EXPIRED\)/],
    [
      other,
      other.cert,
      /the certificate of localhost:\d+ is refused: .*example\.com.*\(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    ],
  ] as const) {
    const service = await ForeignService.start({ tls });
    try {
      // A wish to check nothing is not granted.
      const unchecked = { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
      const { stderr, exitCode } = await check(
        `https://localhost:${service.port}`,
        trusted,
        unchecked,
      );
      expect(stderr.split("\n")).toHaveLength(1);
      expect(stderr).toMatch(message);
      expect(exitCode).toBe(2);
      expect(service.requests).toEqual([]);
    } finally {
      await service.stop();
    }
  }
});

test("a load over TLS is judged as one without", async () => {
  const server = await startServer();
  const { port } = new URL(server.url);
  const edge = createServer(good, (socket) => {
    const inside = connect(Number(port), "127.0.0.1");
    socket.pipe(inside).pipe(socket);
    for (const one of [socket, inside]) one.on("error", () => inside.destroy());
    socket.once("close", () => inside.destroy());
  });
  edge.listen(0, "127.0.0.1");
  await once(edge, "listening");
  try {
    const args = ["loadtest", "--service", profilePath("lab")];
    args.push("--target", `https://localhost:${(edge.address() as AddressInfo).port}`);
    args.push(
      ..."--sessions 10 --rate 4 --arrival ramp --ramp 1 --duration 3 --drain 1".split(" "),
    );
    args.push("--json", "--out", join(folder, "results"));
    const { stdout, stderr, exitCode } = await sseLab(args, good.cert);
    const { runs } = JSON.parse(stdout) as { runs: { due: number; delivered: number }[] };
    expect(runs, stderr).toMatchObject([{ due: 120, delivered: 120, stuckStreams: 0 }]);
    expect(exitCode).toBe(0);
  } finally {
    edge.close();
    await server.stop();
  }
});
