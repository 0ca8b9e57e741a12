import type { ServerResponse } from "node:http";
import { HttpService, type SeenRequest } from "../../load/test-support/http-service.ts";

type Answer = (request: SeenRequest, response: ServerResponse) => void;

/** What a job sends, and how. */
export interface Behaviour {
  /** Answers the request that begins a job. */
  begin: Answer;
  /** Answers the request that opens a stream, before anything is sent on it. */
  open: Answer;
  /** Text of event `n` of `total` in a job's run. */
  event: (n: number, total: number) => string;
  /** Answers the request that starts a job, before its events are sent. */
  run: Answer;
  /** What follows the last event. */
  after: (response: ServerResponse) => void;
}

const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

const GOOD: Behaviour = {
  begin: (_, response) => json(response, 201, { job: "j1", key: "secret" }),
  open: (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  },
  event: (n, total) =>
    `id: ${n}\n${n === total ? "event: done\n" : ""}` +
    `data: ${JSON.stringify({ n, of: total, at: Date.now() })}\n\n`,
  run: (_, response) => json(response, 202, { accepted: true }),
  after: () => {},
};

/**
 * A small service that somebody else wrote: `POST /jobs`, `GET /jobs/:id/stream`, and
 * `POST /jobs/:id/run` with the number of steps. A test says what it does otherwise. Its service
 * file is {@link FOREIGN_FILE}.
 */
export class ForeignService extends HttpService {
  behaviour: Behaviour = { ...GOOD };
  readonly #streams: ServerResponse[] = [];

  /** It is good again, and forgets its streams. */
  reset(changes: Partial<Behaviour> = {}): void {
    this.behaviour = { ...GOOD, ...changes };
    this.requests.length = 0;
    for (const stream of this.#streams.splice(0)) stream.destroy();
  }

  protected answer(seen: SeenRequest, response: ServerResponse): void {
    const { method, url, body } = seen;
    response.setHeader("x-served-by", "one");
    const { begin, open, run } = this.behaviour;
    if (method === "POST" && url === "/jobs") begin(seen, response);
    else if (url.includes("/stream")) {
      open(seen, response);
      this.#streams.push(response);
    } else if (url.endsWith("/run")) {
      run(seen, response);
      this.#send((JSON.parse(body) as { steps: number }).steps);
    } else response.writeHead(404).end();
  }

  #send(total: number): void {
    const { event, after } = this.behaviour;
    for (const stream of this.#streams) {
      if (stream.writableEnded || !stream.headersSent) continue;
      for (let n = 1; n <= total; n++) stream.write(event(n, total));
      after(stream);
    }
  }
}

/** The service file of a {@link ForeignService}. */
export const FOREIGN_FILE = `name: jobs
instanceHeader: x-served-by
session:
  request: POST /jobs
  values:
    id: /job
    key: /key
  credentials:
    authorization: Bearer \${session.key}
stream:
  request: GET /jobs/\${session.id}/stream
  noise: [ping]
start:
  request: POST /jobs/\${session.id}/run
  body:
    steps: \${load.events}
events:
  sequence:
    pointer: /n
  total: /of
  published:
    pointer: /at
    clock: unix-ms
  terminal: [done]
`;
