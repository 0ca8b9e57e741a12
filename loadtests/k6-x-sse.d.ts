/**
 * `k6/x/sse` (github.com/phymbert/xk6-sse, 0.1.11 and 0.1.12), which ships no declaration. Written
 * from its README and docs/design/021-sse-api.md, and from what its versions were seen to do.
 *
 * It is no EventSource: it never reconnects, sends no `Last-Event-ID`, ignores `retry:`, and
 * reports comments as events.
 */
declare module "k6/x/sse" {
  /** What {@link open} returns once the stream is over. */
  export interface SseResponse {
    /** The URL of the request, before any redirect. Empty without an answer. */
    url: string;
    /**
     * HTTP status; 0 when there was no answer. Known only now: a 502's body has been read as a
     * stream by then.
     */
    status: number;
    /**
     * Names as Go writes them (`Content-Type`), several values joined by `, `. Null without an
     * answer.
     */
    headers: Record<string, string> | null;
    /** Why there was no answer. Empty when there was one, however its stream ended. */
    error: string;
  }

  /**
   * A block of lines up to an empty line, whatever was in it: comments and `retry:` alone make one
   * too, with the other fields empty. Fields that did not come are empty. With CRLF line ends,
   * `id`, `name` and `comment` keep their CR.
   */
  export interface SseEvent {
    id: string;
    /** Empty where the standard says `message`. */
    name: string;
    /**
     * Lines with the line ends (LF or CRLF) that they had; those at the end are taken off. Empty
     * also when the field was there and empty.
     */
    data: string;
    comment: string;
  }

  /**
   * An error of Go. `unknown event: <line>` is a line that it could not read, and reading goes on;
   * after any other nothing comes any more.
   */
  export interface SseError {
    error(): string;
  }

  export interface SseClient {
    /** The answer's head was read, with any status. */
    on(event: "open", handler: () => void): void;
    /** Handlers may still be called after {@link close}. They are not awaited. */
    on(event: "event", handler: (event: SseEvent) => void): void;
    /** After an error of reading, `open` returns only if the handler closes the client. */
    on(event: "error", handler: (error: SseError) => void): void;
    close(): void;
  }

  export interface SseParams {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    tags?: Record<string, string>;
    /**
     * Go's notation (`1500ms`). Of the whole stream and not of its opening; it ends it with an
     * error of reading. From 0.1.11 on.
     */
    timeout?: string;
  }

  export interface SseModule {
    /**
     * Opens a stream and blocks the VU until it is over. Cookies come from and go to the VU's
     * default jar; redirects are followed. `setup` is called when the answer's head was read, and
     * not at all when there is no answer.
     */
    open(url: string, params: SseParams, setup: (client: SseClient) => void): SseResponse;
  }

  const sse: SseModule;
  export default sse;
}
