/** How the server ends sockets. */
import type { ConformanceCase } from "../conformance-case.ts";
import { T } from "./messages.ts";

export const closingCases: readonly ConformanceCase[] = [
  {
    id: "close-reload",
    section: "§1.5",
    title: "the sockets of a reloaded tenant get a message and close with 1012",
    settles: true,
    needs: ["tenant-api"],
    tenant: {},
    run: [
      { open: "a" },
      { join: "a" },
      { http: "POST", path: "/api/tenants/<tenant>/reload", status: 204 },
      {
        receive: "a",
        message: [
          null,
          null,
          T,
          "system",
          { extension: "system", status: "ok", message: "Server requested disconnect" },
        ],
      },
      { closed: "a", code: 1012 },
      { open: "b" },
      { join: "b" },
    ],
  },
  {
    id: "close-oversize-frame",
    section: "§1.1",
    title: "a frame of more than 5,000,000 bytes closes the socket with 1009",
    settles: true,
    needs: ["bare"],
    run: [
      { open: "a" },
      { send: "a", frame: new Uint8Array(5_100_000) },
      { closed: "a", code: 1009 },
    ],
  },
  {
    id: "close-idle",
    section: "§1.1",
    title: "a socket that sends nothing for 60 s is closed with 1000",
    settles: true,
    needs: ["slow", "bare"],
    run: [{ open: "a" }, { join: "a" }, { closed: "a", code: 1000, withinMs: 90_000 }],
  },
];
