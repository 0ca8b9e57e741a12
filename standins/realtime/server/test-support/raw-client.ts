import { once } from "node:events";
import WebSocket from "ws";

/** A client that returns every frame unchanged. */
export interface RawClient {
  ws: WebSocket;
  /** Sends text unchanged, bytes as a binary frame, any other value as JSON. */
  send(frame: unknown): void;
  /** The next frame: parsed JSON, or bytes. */
  next(): Promise<unknown>;
  /** Resolves with the close code. */
  closed: Promise<number>;
  /** Returns the frames that arrive before the reply to a heartbeat. */
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
