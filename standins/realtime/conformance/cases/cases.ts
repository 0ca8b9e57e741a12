/** Every case, in the order of the protocol notes. */
import type { ConformanceCase } from "../conformance-case.ts";
import { broadcastCases } from "./broadcast.ts";
import { channelCases } from "./channel.ts";
import { clientCases } from "./client.ts";
import { closingCases } from "./closing.ts";
import { frameCases } from "./frames.ts";
import { handshakeCases } from "./handshake.ts";
import { httpCases } from "./http.ts";
import { healthCases } from "./health.ts";
import { joinCases } from "./join.ts";
import { limitCases } from "./limits.ts";
import { matrixCases } from "./matrix.ts";
import { oversizeCases } from "./oversize.ts";
import { privateCases } from "./private.ts";

export const CASES: readonly ConformanceCase[] = [
  ...handshakeCases,
  ...frameCases,
  ...joinCases,
  ...channelCases,
  ...matrixCases,
  ...broadcastCases,
  ...oversizeCases,
  ...privateCases,
  ...clientCases,
  ...httpCases,
  ...healthCases,
  ...limitCases,
  ...closingCases,
];
