import { randomBytes } from "node:crypto";

/** A position in a run: the number of the last event that a client has. 0 is before the first event. */
export interface LogPosition {
  epoch: string;
  seq: number;
}

const EPOCH = /^[a-z0-9]+$/;
const POSITION = /^([a-z0-9]{1,64})-(\d{1,15})$/;

/** A new epoch, `[a-z0-9]+`. It begins with the time and is unique across instances. */
export const newEpoch = (): string => Date.now().toString(36) + randomBytes(4).toString("hex");

export const isEpoch = (value: unknown): boolean => typeof value === "string" && EPOCH.test(value);

/** The position in `<epoch>-<seq>`, or undefined when the text has another form. */
export function parsePosition(text: string): LogPosition | undefined {
  const [, epoch, seq] = POSITION.exec(text) ?? [];
  return epoch === undefined ? undefined : { epoch, seq: Number(seq) };
}
