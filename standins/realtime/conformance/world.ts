/** What one case has while it runs: names of its own, tokens, and connections that are closed when it ends. */
import type { Address, HttpAnswer } from "./address.ts";
import { ask, isBare, tenantOf } from "./address.ts";
import { Connection, showArrived } from "./connection.ts";
import type { Vsn } from "./frames.ts";
import { Mismatch, show } from "./mismatch.ts";
import { mapStrings, matches, type Pattern, showPattern } from "./pattern.ts";
import type { Target } from "./target.ts";
import { mintToken, type TokenSpec, TOKENS } from "./tokens.ts";

export class World {
  readonly target: Target;
  readonly address: Address;
  readonly topic: string;
  readonly session: string;
  /** How long one answer may take, ms. The server itself waits before it refuses. */
  readonly timeoutMs: number;
  /** True: the server is one up to 2.114, which refuses every handshake with 403 and nothing more. */
  readonly oldHandshake: boolean;
  readonly #tokens = new Map<string, string>();
  readonly #connections = new Map<string, { connection: Connection; token: string }>();
  readonly #cleanUps: (() => Promise<unknown>)[] = [];

  constructor(
    target: Target,
    address: Address,
    name: string,
    options: { timeoutMs: number; oldHandshake: boolean },
  ) {
    this.target = target;
    this.address = address;
    this.topic = name;
    this.session = name;
    this.timeoutMs = options.timeoutMs;
    this.oldHandshake = options.oldHandshake;
  }

  /** `sse:session:<session>`: the topic that the lab's policy opens to one session. */
  get privateTopic(): string {
    return `sse:session:${this.session}`;
  }

  async mint(specs: Readonly<Record<string, TokenSpec>>): Promise<void> {
    for (const [name, spec] of Object.entries({ ...TOKENS, ...specs }))
      this.#tokens.set(name, await mintToken(this.fill(spec), this.target.jwtSecret));
    if (this.target.serviceKey !== undefined && this.address === this.target.address)
      this.#tokens.set("service", this.target.serviceKey);
  }

  token(name: string): string {
    const token = this.#tokens.get(name);
    if (token === undefined) throw new Error(`the case names no token "${name}"`);
    return token;
  }

  /** Puts the run's names where the data says so. */
  fill<T>(data: T): T {
    return mapStrings(data, (text) =>
      text.replace(
        /<(topic|session|private|tenant|main|token:([\w-]+))>/g,
        (_all, name: string, token?: string) => {
          if (token !== undefined) return this.token(token);
          if (name === "topic") return this.topic;
          if (name === "session") return this.session;
          if (name === "private") return this.privateTopic;
          return tenantOf(name === "main" ? this.target.address : this.address);
        },
      ),
    );
  }

  /** What the handshake of a client with this token says as `apikey`: a gateway lets only the project's own keys through. */
  apikey(token: string): string {
    return isBare(this.address) ? token : (this.target.anonKey ?? this.token("service"));
  }

  /** Keeps a connection under a name, for the steps that follow. */
  keep(name: string, connection: Connection, token: string): void {
    this.#connections.set(name, { connection, token });
  }

  async open(name: string, vsn: Vsn, token = "service"): Promise<Connection> {
    const query = { apikey: this.apikey(this.token(token)), vsn };
    const opened = await Connection.open(this.address, { query }, vsn, this.timeoutMs);
    if (!(opened instanceof Connection)) throw new Mismatch("the socket opens", show(opened));
    this.keep(name, opened, token);
    return opened;
  }

  /** Names of the connections that the case has not seen closing. */
  get openConnections(): string[] {
    return [...this.#connections]
      .filter(([, { connection }]) => !connection.toldClosed)
      .map(([name]) => name);
  }

  connection(name: string): Connection {
    return this.#named(name).connection;
  }

  /** Name of the token that a connection was opened with. */
  tokenOf(name: string): string {
    return this.#named(name).token;
  }

  #named(name: string): { connection: Connection; token: string } {
    const named = this.#connections.get(name);
    if (!named) throw new Error(`the case opened no connection "${name}"`);
    return named;
  }

  /** The next thing that the connection gets has to be a frame of this shape. */
  async expectText(name: string, pattern: Pattern, withinMs = this.timeoutMs): Promise<unknown> {
    const arrived = await this.connection(name).next(showPattern(pattern), withinMs);
    if (!("frame" in arrived && "text" in arrived.frame && matches(pattern, arrived.frame.text)))
      throw new Mismatch(showPattern(pattern), showArrived(arrived));
    return arrived.frame.text;
  }

  /** A request to this case's tenant, or to another one. */
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
