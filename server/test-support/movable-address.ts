import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";

/** One address in front of changing servers, as a DNS name or a load balancer is. */
export interface MovableAddress extends AsyncDisposable {
  port: number;
  /** New connections lead to this port. Those that are open stay where they are. */
  moveTo(port: number): void;
}

/** @param ports of 127.0.0.1, taken in turn */
export async function movableAddress(...ports: number[]): Promise<MovableAddress> {
  let targets = ports;
  let next = 0;
  const open = new Set<{ destroy(): void }>();
  const server = createServer((client) => {
    const upstream = connect(targets[next++ % targets.length] ?? 0, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    moveTo: (port) => {
      targets = [port];
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
