/** The last lines that a container wrote, for errors. */
import type Dockerode from "dockerode";

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

/** Ready to be appended to a message: begins with a line break. Never rejects. */
export const lastLogLines = async (docker: Dockerode, container: string): Promise<string> => {
  try {
    const raw = await docker.getContainer(container).logs({ stdout: true, stderr: true, tail: LINES });
    const text = joinPieces(raw);
    return text === "" ? `\n(${container} wrote no log)` : `\nlast log lines of ${container}:\n${text}`;
  } catch {
    return `\n(the log of ${container} cannot be read: it is gone)`;
  }
};
