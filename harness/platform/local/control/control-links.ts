/** Cuts and mends the links of a deployment by orders to its relay. */
import type { LinkControl, Peer } from "../../platform.ts";

export const controlLinks = (relayUrl: string): LinkControl => {
  const order = async (what: string, instance: string, peer: Peer): Promise<void> => {
    const url = `${relayUrl}/${instance}/${peer}`;
    const answer = await fetch(url, { method: "PUT", body: what });
    if (!answer.ok) throw new Error(`the relay has no link between ${instance} and ${peer}`);
  };
  return {
    cut: (instance, peer) => order("cut", instance, peer),
    mend: (instance, peer) => order("mend", instance, peer),
  };
};
