/** The state of one running case: unique names, tokens, and the connections to close at its end. */
import type { Address, HttpAnswer } from "./address.ts";
import { ask, isBare, tenantOf } from "./address.ts";
import { Connection, showArrived, showRefusal } from "./connection.ts";
import type { Vsn } from "./frames.ts";
import { mapStrings, matches, Mismatch, type Pattern, showPattern } from "./pattern.ts";
import type { Target } from "./target.ts";
import { mintToken, type TokenSpec, TOKENS } from "./tokens.ts";

export class TestContext {
  readonly target: Target;
  readonly address: Address;
  /** Topic and session of this case only. */
  readonly topic: string;
  /** Longest wait for one answer, ms. The server itself waits before it refuses. */
  readonly timeoutMs: number;
  readonly #tokens = new Map<string, string>();
  readonly #connections = new Map<string, { connection: Connection; token: string }>();
  readonly #cleanUps: (() => Promise<unknown>)[] = [];

  constructor(target: Target, address: Address, topic: string, timeoutMs: number) {
    this.target = target;
    this.address = address;
    this.topic = topic;
    this.timeoutMs = timeoutMs;
  }

  /** The topic that the lab's policy opens to one session. */
  get privateTopic(): string {
    return `sse:session:${this.topic}`;
  }

  async mint(specs: Readonly<Record<string, TokenSpec>>): Promise<void> {
    for (const [name, spec] of Object.entries({ ...TOKENS, ...specs }))
      this.#tokens.set(name, await mintToken(this.fill(spec), this.target.jwtSecret));
    if (this.target.serviceKey !== undefined && this.address === this.target.address)
      this.#tokens.set("service", this.target.serviceKey);
  }

  token(name: string): string {
    const token = this.#tokens.get(name);
    if (token === undefined) throw new Error(`the case has no token "${name}"`);
    return token;
  }

  /** Replaces the placeholders in a piece of data. */
  fill<T>(data: T): T {
    return mapStrings(data, (text) =>
      text
        .replace(/<token:([\w-]+)>/g, (_all, name: string) => this.token(name))
        .replace(/<(topic|session)>/g, this.topic)
        .replaceAll("<private>", this.privateTopic)
        .replaceAll("<tenant>", tenantOf(this.address)),
    );
  }

  /** `apikey` of a client with this token. A gateway accepts only the keys of the project. */
  apikey(token: string): string {
    return isBare(this.address) ? token : (this.target.anonKey ?? this.token("service"));
  }

  async open(name: string, vsn: Vsn = "2.0.0", token = "service"): Promise<Connection> {
    const query = { apikey: this.apikey(this.token(token)), vsn };
    const opened = await Connection.open(this.address, query, vsn, this.timeoutMs);
    if (!(opened instanceof Connection))
      throw new Mismatch("101 and an open socket", showRefusal(opened));
    this.#connections.set(name, { connection: opened, token });
    return opened;
  }

  /** Names of the connections whose close the case has not seen. */
  get openConnections(): string[] {
    return [...this.#connections]
      .filter(([, { connection }]) => !connection.sawClose)
      .map(([name]) => name);
  }

  connection(name: string): Connection {
    return this.#named(name).connection;
  }

  /** Name of the connection's token. */
  tokenOf(name: string): string {
    return this.#named(name).token;
  }

  #named(name: string): { connection: Connection; token: string } {
    const named = this.#connections.get(name);
    if (!named) throw new Error(`the case has no connection "${name}"`);
    return named;
  }

  /** The next frame has to match. */
  async expectText(name: string, pattern: Pattern, withinMs = this.timeoutMs): Promise<unknown> {
    const arrived = await this.connection(name).next(showPattern(pattern), withinMs);
    if (!("frame" in arrived && "text" in arrived.frame && matches(pattern, arrived.frame.text)))
      throw new Mismatch(showPattern(pattern), showArrived(arrived));
    return arrived.frame.text;
  }

  /** Sends a request to this case's tenant, or to another one. */
  ask(request: Parameters<typeof ask>[1], address = this.address): Promise<HttpAnswer> {
    const key = isBare(address) ? {} : { apikey: this.apikey(this.token("service")) };
    return ask(address, { ...request, headers: { ...key, ...request.headers } }, this.timeoutMs);
  }

  atEnd(cleanUp: () => Promise<unknown>): void {
    this.#cleanUps.push(cleanUp);
  }

  async end(): Promise<void> {
    await Promise.all([...this.#connections.values()].map(({ connection }) => connection.end()));
    for (const cleanUp of this.#cleanUps.reverse()) await cleanUp();
  }
}
