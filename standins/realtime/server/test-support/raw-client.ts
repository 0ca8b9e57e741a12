import { once } from "node:events";
import WebSocket from "ws";

/** A client of the protocol that shows every frame as it came. */
export interface RawClient {
  ws: WebSocket;
  /** Sends text as it is, anything else as JSON, bytes as a binary frame. */
  send(frame: unknown): void;
  /** The next frame: JSON parsed, or bytes. */
  next(): Promise<unknown>;
  /** Resolves with the close code. */
  closed: Promise<number>;
  /** Waits for the answer to a heartbeat, so that everything before it has come: what came is returned. */
  settle(): Promise<unknown[]>;
}

/** @param url `ws://127.0.0.1:PORT/socket/websocket?...`; `host` names another tenant */
export async function connectRaw(url: string, host?: string): Promise<RawClient> {
  const ws = new WebSocket(url, host === undefined ? {} : { headers: { host } });
  const frames: unknown[] = [];
  const waiting: ((frame: unknown) => void)[] = [];
  const closed = new Promise<number>((resolve) => ws.on("close", (code) => resolve(code)));
  ws.on("message", (data: Buffer, binary) => {
    const frame: unknown = binary ? data : JSON.parse(data.toString());
    const taker = waiting.shift();
    if (taker === undefined) frames.push(frame);
    else taker(frame);
  });
  await once(ws, "open");
  const send = (frame: unknown): void =>
    ws.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  const next = (): Promise<unknown> => {
    if (frames.length > 0) return Promise.resolve(frames.shift());
    return new Promise((resolve) => waiting.push(resolve));
  };
  const v2 = url.includes("vsn=2");
  return {
    ws,
    send,
    next,
    closed,
    async settle() {
      const ref = `settle-${performance.now()}`;
      const [topic, event] = ["phoenix", "heartbeat"];
      send(v2 ? [null, ref, topic, event, {}] : { topic, event, payload: {}, ref });
      const before: unknown[] = [];
      for (;;) {
        const frame = await next();
        if (JSON.stringify(frame).includes(ref)) return before;
        before.push(frame);
      }
    },
  };
}
