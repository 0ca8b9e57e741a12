/** The deployments on record, and who may change each: of two commands at a time, exactly one. */
import type { RecordFolder } from "../../../common/files/record-folder.ts";
import { isRunning } from "../../../common/processes/process-identity.ts";
import { UserError } from "../../../common/user-error.ts";
import { isThisOwner, released, thisOwner, type Owner } from "../../../common/processes/owner.ts";

export interface DeploymentRecord {
  /** ISO 8601. */
  startedAt: string;
  /** `sse-lab up` left it running on purpose. */
  kept: boolean;
}

/**
 * - `owned`: a living command brings it up or changes it. No other command may touch it.
 * - `running`: left running on purpose, and still running.
 * - `leftover`: its command is dead, or all of it is. It is to be removed.
 * - `foreign`: of another host, container, engine or checkout. Nothing here can tell whether it
 *   lives.
 */
export type DeploymentStatus = "owned" | "running" | "leftover" | "foreign";

export interface RegistryOptions<T extends DeploymentRecord> {
  records: RecordFolder<T>;
  ownerOf: (record: T) => Owner;
  withOwner: (record: T, owner: Owner) => T;
  /** Whose it is if this command may not touch it, for people. Undefined: it is from here. */
  whyForeign: (record: T) => string | undefined;
  /** Does any process or container of it run? */
  isUp: (record: T) => boolean | Promise<boolean>;
}

export class DeploymentRegistry<T extends DeploymentRecord> {
  readonly records: RecordFolder<T>;
  readonly #options: RegistryOptions<T>;

  constructor(options: RegistryOptions<T>) {
    this.records = options.records;
    this.#options = options;
  }

  whyForeign(record: T): string | undefined {
    return this.#options.whyForeign(record);
  }

  async status(record: T): Promise<DeploymentStatus> {
    if (this.whyForeign(record) !== undefined) return "foreign";
    if (isRunning(this.#options.ownerOf(record))) return "owned";
    return record.kept && (await this.#options.isUp(record)) ? "running" : "leftover";
  }

  /** The status on record now. Undefined if the record is gone. */
  async statusOf(id: string): Promise<DeploymentStatus | undefined> {
    const record = this.records.read(id);
    return record && (await this.status(record));
  }

  /** The detached deployments that still run, also those that a command changes. Oldest first. */
  async findRunning(): Promise<T[]> {
    const found: T[] = [];
    for (const record of this.records.list().records) {
      if (!record.kept) continue;
      const status = await this.status(record);
      const isUp = status === "owned" && (await this.#options.isUp(record));
      if (isUp || status === "running") found.push(record);
    }
    return found;
  }

  /**
   * Records a new deployment before anything of it exists.
   *
   * @throws UserError if one of this id is on record
   */
  register(record: T): void {
    if (this.records.create(record)) return;
    const id = this.records.idOf(record);
    const found = this.records.read(id);
    if (found) this.#refuseForeign(found);
    if (!found || found.kept) {
      throw new UserError(`${id} is up already`, "use it, or remove it with sse-lab down first");
    }
    const { pid, host } = this.#options.ownerOf(found);
    throw new UserError(
      `${id} is being brought up by process ${pid} of ${host}`,
      "wait for it or end it",
    );
  }

  #refuseForeign(record: T): void {
    const why = this.whyForeign(record);
    if (why === undefined) return;
    const id = this.records.idOf(record);
    throw new UserError(
      `${id} belongs to ${why}`,
      `run sse-lab down there; if that is gone for good, remove ${this.records.file(id)}`,
    );
  }

  /** @throws UserError that lists the running deployments, if this one does not run */
  async requireRunning(id: string): Promise<void> {
    const running = (await this.findRunning()).map((record) => this.records.idOf(record));
    if (running.includes(id)) return;
    throw new UserError(
      `no deployment "${id}" is up; there are: ${running.join(", ") || "none"}`,
      "bring one up with sse-lab up",
    );
  }

  /**
   * Makes this process the owner of a detached deployment until `release`, or until it ends.
   *
   * @throws UserError if it is not on record, or a living process owns it
   */
  acquire(id: string): Promise<T> {
    return this.records.locked(id, () => {
      const found = this.records.read(id);
      if (!found) throw new UserError(`${id} is not up any more`, "bring it up with sse-lab up");
      this.#refuseForeign(found);
      const owner = this.#options.ownerOf(found);
      if (isRunning(owner)) {
        throw new UserError(
          `${id} is being changed by process ${owner.pid}`,
          "wait for it or end it, then run the command again",
        );
      }
      const acquired = this.#options.withOwner(found, thisOwner());
      this.records.write(acquired);
      return acquired;
    });
  }

  /**
   * Writes what this process knows of its deployment. Returns false and writes nothing if the
   * deployment was removed, or belongs to another process by now.
   */
  update(record: T): boolean {
    const found = this.records.read(this.records.idOf(record));
    if (!found || !isThisOwner(this.#options.ownerOf(found))) return false;
    this.records.write(record);
    return true;
  }

  /** Gives up ownership. Any command may acquire the deployment now. */
  release(record: T): void {
    const owner = released(this.#options.ownerOf(record));
    const free = this.#options.withOwner(record, owner);
    if (this.update(free)) Object.assign(record, free);
  }
}
