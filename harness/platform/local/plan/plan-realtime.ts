/** Decides how clients and servers reach Realtime: a hosted one, or the stand-in. */
import { randomBytes } from "node:crypto";
import { STAND_IN } from "../../../../infra/realtime/realtime-names.ts";
import { webSocketUrlOf } from "../../../../common/portable/realtime/urls.ts";
import { mintRealtimeKeys } from "../../../../infra/realtime/realtime-keys.ts";
import type { RealtimeAddress } from "../../../../infra/realtime/realtime-environment.ts";
import type { RealtimeSettings } from "../../../../infra/realtime/realtime-settings.ts";
import { detectRealtime } from "../../detect-realtime.ts";
import type { DeploymentState } from "../deployment-state.ts";
import type { ChoosePort } from "../../../../common/free-port.ts";
import { standInSpec } from "./process-specs.ts";
import type { ProcessSpec } from "../processes/logged-process.ts";

export interface RealtimePlacement {
  /** For the state file. */
  state: NonNullable<DeploymentState["realtime"]>;
  address: RealtimeAddress;
  /** How to start it. Undefined for a hosted one. */
  spec: ProcessSpec | undefined;
}

export interface RealtimePlaces {
  /** Where the stand-in's bundle is built. */
  bundle: string;
  workDir: string;
  logFile: string;
}

export const planRealtime = async (
  { plan, publish, catchUp, hosted }: RealtimeSettings,
  places: RealtimePlaces,
  choosePort: ChoosePort,
): Promise<RealtimePlacement> => {
  const settings = { plan, publish, catchUp, hosted: hosted !== undefined };
  if (hosted) {
    const state = {
      ...(await detectRealtime(hosted.url)),
      url: webSocketUrlOf(hosted.url),
      settings,
    };
    return { state, address: hosted, spec: undefined };
  }
  const port = await choosePort();
  const jwtSecret = randomBytes(32).toString("hex");
  const { serviceKey, anonKey } = await mintRealtimeKeys(jwtSecret);
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/socket`;
  return {
    state: {
      name: STAND_IN,
      standIn: true,
      url: webSocketUrlOf(url),
      healthUrl: `${origin}/healthcheck`,
      settings,
    },
    address: { url, serviceKey, anonKey, jwtSecret },
    spec: standInSpec({ port, jwtSecret, plan, ...places }),
  };
};
