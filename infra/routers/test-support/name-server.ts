/**
 * A name server as Docker's: it knows the names it is told, and answers "no such name" to all
 * others. RFC 1035.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

const HEADER_BYTES = 12;
const TYPE_A = 1;

export interface NameServer {
  port: number;
  /** IPv4 address by name; changed by the test as containers come and go. */
  addresses: Map<string, string>;
  /** Questions answered so far. */
  answered: () => number;
  close: () => void;
}

const readName = (message: Buffer): { name: string; end: number } => {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 1 };
};

const answer = (query: Buffer, addresses: ReadonlyMap<string, string>): Buffer => {
  const { name, end } = readName(query);
  const address = addresses.get(name);
  const isA = query.readUInt16BE(end) === TYPE_A;
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  // A response, recursion available; code 3 is "no such name".
  header.writeUInt16BE(0x8180 | (address === undefined ? 3 : 0), 2);
  header.writeUInt16BE(1, 4);
  const question = query.subarray(HEADER_BYTES, end + 4);
  if (address === undefined || !isA) return Buffer.concat([header, question]);
  header.writeUInt16BE(1, 6);
  // The name of the question, type A, class IN, kept for 600 s as Docker says, four bytes.
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 2, 0x58, 0, 4]);
  return Buffer.concat([header, question, record, Buffer.from(address.split(".").map(Number))]);
};

export const startNameServer = async (): Promise<NameServer> => {
  const socket: Socket = createSocket("udp4");
  const addresses = new Map<string, string>();
  let answers = 0;
  socket.on("message", (query, from) => {
    answers += 1;
    socket.send(answer(query, addresses), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    port: socket.address().port,
    addresses,
    answered: () => answers,
    close: () => void socket.close(),
  };
};
