/** The one client of the server bench: opens streams on bare sockets and counts their events. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Only the lines of events have it; heartbeats and the `retry:` field do not. */
const DATA_LINE = "\ndata:";
/** Streams that open at the same time. */
const AT_ONCE = 50;

export interface OpenStreams {
  /** Events that have arrived, over all streams. */
  events: () => number;
  close: () => void;
}

/**
 * @param open gives the path of stream n, from 0; called before the stream opens
 * @param opened called when its response has begun
 * @throws Error if a stream is refused or ends
 */
export async function openStreams(
  port: number,
  count: number,
  open: (n: number) => Promise<string>,
  opened: (n: number) => Promise<void>,
): Promise<OpenStreams> {
  const sockets: Socket[] = [];
  let events = 0;
  const follow = async (n: number): Promise<void> => {
    const path = await open(n);
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    sockets.push(socket);
    await once(socket, "connect");
    socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`);
    const [head] = (await once(socket, "data")) as [Buffer];
    const status = head.toString("latin1").split("\r\n")[0];
    if (!status?.includes(" 200 ")) throw new Error(`GET ${path} answered ${status}`);
    let rest = "";
    socket.on("data", (bytes: Buffer) => {
      const text = rest + bytes.toString("latin1");
      for (let at = text.indexOf(DATA_LINE); at !== -1; at = text.indexOf(DATA_LINE, at + 1))
        events += 1;
      rest = text.slice(1 - DATA_LINE.length);
    });
    await opened(n);
  };
  for (let first = 0; first < count; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => first + i);
    await Promise.all(batch.map(follow));
  }
  return {
    events: () => events,
    close: () => sockets.forEach((socket) => socket.destroy()),
  };
}
