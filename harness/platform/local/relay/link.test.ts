import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../../common/free-port.ts";
import { Link } from "./link.ts";

let far: Server;
let accepted: Socket[];
let link: Link;
let port: number;
const near: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  far = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    accepted.push(socket);
    // An echo.
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(far, "listening");
  link = new Link((far.address() as AddressInfo).port);
  port = await freePort();
  await link.listen(port);
});
afterEach(() => {
  for (const socket of [...near.splice(0), ...accepted]) socket.destroy();
  far.close();
});

/** A connection through the link, and what came back so far. */
const open = async (): Promise<{ socket: Socket; heard: () => string }> => {
  const socket = connect(port, "127.0.0.1");
  near.push(socket);
  let text = "";
  socket.on("data", (data) => (text += data.toString()));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return { socket, heard: () => text };
};

/** As long as bytes need for the whole way, and back. */
const wayAndBack = async (): Promise<void> => {
  const socket = connect((far.address() as AddressInfo).port, "127.0.0.1");
  near.push(socket);
  for (let turn = 0; turn < 10; turn++) {
    socket.write("x");
    await once(socket, "data");
  }
};

test("what waits at a cut link passes once it is mended, old connections and new", async () => {
  const old = await open();
  old.socket.write("one ");
  await vi.waitFor(() => expect(old.heard()).toBe("one "));
  link.cut();
  old.socket.write("two ");
  const fresh = await open();
  fresh.socket.write("three");
  await wayAndBack();
  expect([old.heard(), fresh.heard(), accepted.length]).toEqual(["one ", "", 2]);
  link.mend();
  await vi.waitFor(() => expect([old.heard(), fresh.heard()]).toEqual(["one two ", "three"]));
});

test("neither end is told of the other one's end while the link is cut", async () => {
  const { socket } = await open();
  socket.write("hello");
  await vi.waitFor(() => expect(accepted).toHaveLength(1));
  link.cut();
  let ended = false;
  accepted[0]!.on("close", () => (ended = true));
  socket.resetAndDestroy();
  await wayAndBack();
  expect(ended).toBe(false);
  link.mend();
  await vi.waitFor(() => expect(ended).toBe(true));
});

test("a reset of the far end resets the near end", async () => {
  const { socket } = await open();
  socket.write("hello");
  await vi.waitFor(() => expect(accepted).toHaveLength(1));
  accepted[0]!.resetAndDestroy();
  await vi.waitFor(() => expect(socket.destroyed).toBe(true));
});
