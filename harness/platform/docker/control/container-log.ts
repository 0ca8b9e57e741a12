/** The last lines that a container wrote, for errors. */
import type Dockerode from "dockerode";
import { isCarrier, ROLE_LABEL } from "../../../../infra/stack/labels.ts";
import { checkoutFilter } from "../../../../infra/stack/checkout-label.ts";

const LINES = 20;
const HEADER_BYTES = 8;

/** The engine sends both streams as one: before each piece 8 bytes, of which the last four are its length. */
const joinPieces = (raw: Buffer): string => {
  const pieces: Buffer[] = [];
  for (let at = 0; at + HEADER_BYTES <= raw.length;) {
    const end = at + HEADER_BYTES + raw.readUInt32BE(at + 4);
    pieces.push(raw.subarray(at + HEADER_BYTES, end));
    at = end;
  }
  return Buffer.concat(pieces).toString("utf8").trimEnd();
};

/** The last lines of the containers of a stack that ended or are not healthy: why it does not come up. Never rejects. */
export const logsOfFailed = async (docker: Dockerode, stack: string): Promise<string> => {
  try {
    const containers = await docker.listContainers({ all: true, filters: checkoutFilter(stack) });
    const failed = containers.filter(
      ({ State, Status, Labels }) =>
        !isCarrier(Labels[ROLE_LABEL]) && (State === "exited" || Status.includes("unhealthy")),
    );
    return (await Promise.all(failed.map(({ Id, Names }) => lastLogLines(docker, Id, Names[0])))).join("");
  } catch {
    return "";
  }
};

/** Ready to be appended to a message: begins with a line break. Never rejects. */
export const lastLogLines = async (
  docker: Dockerode,
  container: string,
  name = container,
): Promise<string> => {
  try {
    const raw = await docker.getContainer(container).logs({ stdout: true, stderr: true, tail: LINES });
    const text = joinPieces(raw);
    return text === "" ? `\n(${name} wrote no log)` : `\nlast log lines of ${name}:\n${text}`;
  } catch {
    return `\n(the log of ${name} cannot be read: it is gone)`;
  }
};
