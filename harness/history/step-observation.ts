import type { Cause } from "./causes.ts";

/** A migration began a step, or has carried it out. The step lasts until the next one begins. */
export interface StepObservation {
  type: "step";
  /** 1-based. */
  step: number;
  name: string;
  state: "started" | "ended";
  /** Causes of loss that its promise allows. */
  allowedCauses: readonly Cause[];
  atMs: number;
}
