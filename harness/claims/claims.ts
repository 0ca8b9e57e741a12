/** Every checkable statement of the strategy, in its order. */
import type { Claim } from "./claim.ts";
import { PHASE1_CLAIMS } from "./data/phase1.ts";
import { PHASE2_CLAIMS } from "./data/phase2.ts";
import { PHASE3_CLAIMS } from "./data/phase3.ts";

export const CLAIMS: readonly Claim[] = [...PHASE1_CLAIMS, ...PHASE2_CLAIMS, ...PHASE3_CLAIMS];
