/**
 * The edge of a host, in front of the router: passes bytes on, and cuts or holds streams as a
 * hosting platform or a slow client does. It parses no HTTP, so it changes nothing else.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { nowMs } from "../../../common/clock.ts";
import { seededRandom } from "../../../common/portable/seeded-random.ts";

/** What the edge does to streams. */
export interface EdgeControl {
  /** Ends every stream that is older than this, milliseconds, until the limit is taken back. */
  cap(ms: number | undefined): void;
  /** Ends every stream that brought nothing for this long, until the limit is taken back. */
  cutIdle(ms: number | undefined): void;
  /**
   * A share of the open streams is no longer read. Every other one of them is read now and then.
   *
   * @returns how many, and what reads all of them again
   */
  stopReading(share: number, seed: number): { held: number; release: () => void };
}

export interface Edge extends EdgeControl {
  /** Takes the place of the router's URL. */
  url: string;
  close(): Promise<void>;
}

interface Stream {
  client: Socket;
  router: Socket;
  /** When its last bytes came. */
  lastMs: number;
  /** When the cap ends it. */
  endMs: number;
}

const EVENT_STREAM = "content-type: text/event-stream";
/** Bytes of an answer that may hold its head. */
const HEAD_BYTES = 2_048;
/** Distance between two looks at the streams, milliseconds. */
const LOOK_MS = 25;
/** A slow client reads once in so many looks. */
const SLOW_LOOKS = 40;

/** @param routerUrl origin of the router, `http://127.0.0.1:18080` */
export async function startEdge(routerUrl: string): Promise<Edge> {
  const { hostname, port } = new URL(routerUrl);
  const sockets = new Set<Socket>();
  const streams = new Set<Stream>();
  let capMs: number | undefined;
  let idleMs: number | undefined;

  const server = createServer((client) => {
    const router = connect({ host: hostname, port: Number(port) });
    const both = [client, router];
    let stream: Stream | undefined;
    for (const socket of both) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.once("close", () => {
        sockets.delete(socket);
        if (stream) streams.delete(stream);
        for (const other of both) other.destroy();
      });
    }
    client.pipe(router);
    router.pipe(client);
    router.on("data", (chunk: Buffer) => {
      const atMs = nowMs();
      if (stream) stream.lastMs = atMs;
      else if (chunk.toString("latin1", 0, HEAD_BYTES).toLowerCase().includes(EVENT_STREAM)) {
        stream = { client, router, lastMs: atMs, endMs: atMs + (capMs ?? Infinity) };
        streams.add(stream);
      }
    });
  });

  const look = (): void => {
    const atMs = nowMs();
    for (const { client, endMs, lastMs } of streams)
      if (atMs >= endMs || atMs - lastMs >= (idleMs ?? Infinity)) client.destroy();
  };
  const timer = setInterval(look, LOOK_MS);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cap: (ms) => {
      capMs = ms;
      const atMs = nowMs();
      // Their ages are not known to be equal: the open ones end one after the other.
      let index = 0;
      for (const stream of streams) {
        index += 1;
        stream.endMs = ms === undefined ? Infinity : atMs + (ms * index) / streams.size;
      }
    },
    cutIdle: (ms) => {
      idleMs = ms;
      // A silence before the limit does not count.
      const atMs = nowMs();
      for (const stream of streams) stream.lastMs = Math.max(stream.lastMs, atMs);
    },
    stopReading: (share, seed) => {
      const random = seededRandom(seed);
      const rest = [...streams];
      const count = Math.ceil(share * rest.length);
      const held = Array.from({ length: count }, () => {
        return rest.splice(random.integer(0, rest.length - 1), 1);
      }).flat();
      for (const { client, router } of held) {
        router.unpipe(client);
        router.pause();
      }
      let looks = 0;
      const sips = setInterval(() => {
        looks += 1;
        for (const [index, { client, router }] of held.entries()) {
          if (index % 2 === 0 || router.destroyed) continue;
          if (looks % SLOW_LOOKS === 0) router.pipe(client);
          else if (looks % SLOW_LOOKS === 1) {
            router.unpipe(client);
            router.pause();
          }
        }
      }, LOOK_MS);
      const release = (): void => {
        clearInterval(sips);
        for (const { client, router } of held) {
          // One that is just being read would otherwise get everything twice.
          router.unpipe(client);
          if (!router.destroyed) router.pipe(client);
        }
      };
      return { held: held.length, release };
    },
    close: async () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
