/** The last lines that a container wrote, for errors. */
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Dockerode from "dockerode";
import { checkoutFilter } from "../../../../infra/stack/checkout-label.ts";
import { isCarrier, ROLE_LABEL } from "../../../../infra/stack/labels.ts";

const LINES = 20;

/**
 * The last lines of the containers of a stack that exited or are unhealthy. They say why the stack
 * does not come up. Never rejects.
 */
export const logsOfFailed = async (docker: Dockerode, stack: string): Promise<string> => {
  try {
    const containers = await docker.listContainers({ all: true, filters: checkoutFilter(stack) });
    const failed = containers.filter(
      ({ State, Status, Labels }) =>
        !isCarrier(Labels[ROLE_LABEL]) && (State === "exited" || Status.includes("unhealthy")),
    );
    const logs = failed.map(({ Id, Names }) => lastLogLines(docker, Id, Names[0]));
    return (await Promise.all(logs)).join("");
  } catch {
    return "";
  }
};

/** Begins with a line break, so that it can be appended to a message. Never rejects. */
export const lastLogLines = async (
  docker: Dockerode,
  container: string,
  name = container,
): Promise<string> => {
  try {
    const options = { stdout: true, stderr: true, tail: LINES } as const;
    // The engine multiplexes both outputs into one stream.
    const multiplexed = Readable.from([await docker.getContainer(container).logs(options)]);
    const joined = new PassThrough();
    docker.modem.demuxStream(multiplexed, joined, joined);
    multiplexed.once("end", () => joined.end());
    const lines = (await text(joined)).trimEnd();
    return lines === "" ? `\n(${name} wrote no log)` : `\nlast log lines of ${name}:\n${lines}`;
  } catch {
    return `\n(the log of ${name} cannot be read: it is gone)`;
  }
};
