/** Pulumi's steps as lines for people. */
import type { ResourceStep } from "./engine-events.ts";

const DOING: Readonly<Record<string, string>> = {
  create: "creating",
  "create-replacement": "creating",
  "delete-replaced": "stopping",
  delete: "removing",
  update: "changing",
};

/** A line for each thing that is begun, and for a container that is there: from then on its readiness is waited for. */
export const reportSteps =
  (onStep: (step: string) => void) =>
  ({ name, op, state }: ResourceStep): void => {
    const doing = DOING[op];
    if (doing !== undefined && state === "started") onStep(`${name}: ${doing}`);
    if (doing !== undefined && state === "failed") onStep(`${name}: ${doing} failed`);
  };
