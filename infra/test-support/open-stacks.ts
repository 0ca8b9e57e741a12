/** Stacks of a test file, removed after each test. */
import { setTimeout as delay } from "node:timers/promises";
import { afterEach } from "vitest";
import type { StackArgs } from "../stack/stack-args.ts";
import { topologyNamed } from "../stack/record-args.ts";
import { labStack, type LabStack } from "./lab-stack.ts";

const open: LabStack[] = [];
export const stackOf = async (
  topology: string,
  given: Partial<StackArgs> = {},
): Promise<LabStack> => {
  const stack = await labStack(topologyNamed(topology), given);
  open.push(stack);
  return stack;
};
afterEach(async () => {
  for (const stack of open.splice(0)) await stack.remove();
});

/** Asks until it answers: routers add instances after their first health check. */
export const untilOk = async (url: string, init?: RequestInit): Promise<Response> => {
  for (;;) {
    const answer = await fetch(url, init).catch(() => undefined);
    if (answer?.ok) return answer;
    await delay(50);
  }
};
