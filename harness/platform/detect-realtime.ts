/** Who answers at the address of a Realtime that the lab did not stand up. */
import { httpUrlOf } from "../../common/portable/realtime/urls.ts";
import { STAND_IN } from "../../infra/realtime/stand-in-name.ts";
import { REALTIME_NAME } from "../../infra/realtime/realtime-names.ts";
import type { RealtimeComponent } from "./platform.ts";

/** Long enough for a handshake around the world. Whoever does not answer by then is taken for what he is said to be. */
const PATIENCE_MS = 2_000;

/** The stand-in names itself in the header `x-realtime` of every answer, so that it is named wherever it plays, whoever started it. */
export const detectRealtime = async (url: string): Promise<Pick<RealtimeComponent, "name" | "standIn">> => {
  const answer = await fetch(new URL("/healthcheck", httpUrlOf(url)), {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => undefined);
  await answer?.body?.cancel().catch(() => undefined);
  const standIn = answer?.headers.get("x-realtime") === STAND_IN;
  return { name: standIn ? STAND_IN : REALTIME_NAME, standIn };
};
