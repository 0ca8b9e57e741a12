/** What the local platform depends on. Tests replace some of it, e.g. by a broken server. */
import { buildStandIn } from "../../../standins/realtime/server/build.ts";
import { buildServer } from "../../../server/build.ts";
import { defaultStateDir } from "./deployment-state.ts";
import { freePort, type ChoosePort } from "../../../common/free-port.ts";
import { resolveTool } from "../../../infra/tools/resolve-tool.ts";

export interface LocalDependencies {
  /** Writes the server as one file that plain Node runs. */
  buildServer: (outFile: string) => Promise<void>;
  /** The same for the Realtime stand-in. */
  buildStandIn: (outFile: string) => Promise<void>;
  choosePort: ChoosePort;
  resolveTool: typeof resolveTool;
  stateDir: string;
}

export const localDependencies: LocalDependencies = {
  buildServer,
  buildStandIn,
  choosePort: freePort,
  resolveTool,
  stateDir: defaultStateDir,
};
