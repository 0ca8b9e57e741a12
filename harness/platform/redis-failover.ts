/** A failover of Redis that moves the address, and leaves open connections where they are. */

/** Sends one command, as words. Resolves to the answer as text. @throws Redis's refusal */
export type AskRedis = (command: string, ...words: string[]) => Promise<string>;

export interface Failover {
  primary: AskRedis;
  replica: AskRedis;
  /** Where both run. */
  host: string;
  /** The address of the primary, which the replica takes over. */
  port: number;
  /** A free port for the old primary. */
  oldPrimaryPort: number;
}

/**
 * Promotes the replica and demotes the primary, which stays connected to its clients. As in a real
 * failover, what the primary takes in between is lost.
 */
export async function failOver(given: Failover): Promise<void> {
  const { primary, replica, host, port, oldPrimaryPort } = given;
  await replica("REPLICAOF", "NO", "ONE");
  // A new port moves the listening socket only. Until the next line the address is closed.
  await primary("CONFIG", "SET", "port", String(oldPrimaryPort));
  await replica("CONFIG", "SET", "port", String(port));
  await primary("REPLICAOF", host, String(port));
}

/** True if a replica has the data of its primary and gets every change, else what it lacks. */
export async function isInSync(replica: AskRedis): Promise<true | string> {
  const status = /^master_link_status:(\w+)/m.exec(await replica("INFO", "replication"))?.[1];
  return status === "up" || `its link to the primary is ${status ?? "not there"}`;
}
