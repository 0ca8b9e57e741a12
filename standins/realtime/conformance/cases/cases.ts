/** All cases, in the order of the protocol notes. */
import type { ConformanceCase } from "../conformance-case.ts";
import { broadcastCases } from "./broadcast.ts";
import { channelCases } from "./channel.ts";
import { clientCases } from "./client.ts";
import { closingCases } from "./closing.ts";
import { handshakeCases } from "./handshake.ts";
import { httpCases } from "./http.ts";
import { joinCases } from "./join.ts";
import { limitCases } from "./limits.ts";
import { privateCases } from "./private.ts";

export const CASES: readonly ConformanceCase[] = [
  ...handshakeCases,
  ...joinCases,
  ...channelCases,
  ...broadcastCases,
  ...privateCases,
  ...clientCases,
  ...httpCases,
  ...limitCases,
  ...closingCases,
];
