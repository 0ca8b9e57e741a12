import fc from "fast-check";
import { expect, test } from "vitest";
import { HttpFormatError, HttpResponseReader, type ResponseHead } from "./http-response-reader.ts";
import { cut } from "../../test-support/scan.ts";

interface Read {
  heads: ResponseHead[];
  body: string;
  completed: number;
  finished: boolean;
}

const read = (chunks: readonly (Buffer | string)[], maxHeadBytes = 1_000): Read => {
  const result: Read = { heads: [], body: "", completed: 0, finished: false };
  const reader = new HttpResponseReader(
    {
      onHead: (head) => result.heads.push(head),
      onBody: (buffer, start, end) => (result.body += buffer.toString("latin1", start, end)),
      onComplete: () => result.completed++,
    },
    maxHeadBytes,
  );
  for (const chunk of chunks) reader.push(Buffer.from(chunk as string));
  result.finished = reader.finish();
  return result;
};

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

test("reads status and headers, keeping every Set-Cookie", () => {
  const { heads } = read([
    "HTTP/1.1 404 Not Found\r\nX-Instance:  a \r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n",
  ]);
  expect(heads).toHaveLength(1);
  expect(heads[0]).toMatchObject({
    status: 404,
    headers: { "x-instance": "a" },
    setCookies: ["a=1", "b=2"],
  });
});

test("reads any body in any chunks through any pieces", () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(), { maxLength: 10 }), (parts, places) => {
      const framed = parts.map(
        (part) =>
          `${part.length.toString(16)};x="y"\r\n${Buffer.from(part).toString("latin1")}\r\n`,
      );
      const wire = Buffer.from(`${CHUNKED}${framed.join("")}0\r\nTrailer: x\r\n\r\n`, "latin1");
      const result = read(cut(wire, places));
      expect(result.body).toBe(Buffer.concat(parts).toString("latin1"));
      expect(result).toMatchObject({ completed: 1, finished: true });
    }),
    { numRuns: 500 },
  );
});

test("passes over interim responses", () => {
  const { heads, body } = read([
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    `${CHUNKED}1\r\nx\r\n`,
  ]);
  expect(heads.map((head) => head.status)).toEqual([200]);
  expect(body).toBe("x");
});

test("ends a counted body at its length and ignores what follows", () => {
  expect(read(["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "cdef"])).toMatchObject({
    body: "abc",
    completed: 1,
  });
});

test.each(["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])(
  "completes a response without a body: %j",
  (wire) => {
    expect(read([wire])).toMatchObject({ body: "", completed: 1, finished: true });
  },
);

test("takes a body without length as whole when the connection ends", () => {
  expect(read(["HTTP/1.0 200 OK\n\nab", "c"])).toMatchObject({
    body: "abc",
    completed: 0,
    finished: true,
  });
});

test.each([
  ["within the head", "HTTP/1.1 200 OK\r\nX: y\r\n"],
  ["within a chunk size", `${CHUNKED}1`],
  ["within a chunk", `${CHUNKED}5\r\nab`],
  ["between chunks", `${CHUNKED}1\r\na\r\n`],
  ["before the end of the trailers", `${CHUNKED}0\r\n`],
  ["within a counted body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"],
])("tells a response that is cut off %s from a whole one", (_, wire) => {
  expect(read([wire]).finished).toBe(false);
});

test.each([
  ["something else than HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["a header line without colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ["an unknown transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
  ["a malformed length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
  ["contradicting lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
  ["a protocol switch", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
  ["a garbage chunk size", `${CHUNKED}zz\r\n`],
  ["a negative chunk size", `${CHUNKED}-1\r\n`],
  ["an absurd chunk size", `${CHUNKED}fffffffffffff\r\n`],
  ["an endless chunk size line", `${CHUNKED}1;${"x".repeat(5_000)}`],
  ["a chunk longer than its size", `${CHUNKED}1\r\nabc\r\n`],
  ["an endless head", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(2_000)}`],
  ["endless interim responses", "HTTP/1.1 100 Continue\r\n\r\n".repeat(100)],
])("refuses %s", (_, wire) => {
  expect(() => read([wire])).toThrow(HttpFormatError);
});
