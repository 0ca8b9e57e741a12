/**
 * The address of a Realtime server in the forms that its users need. realtime-js takes either
 * scheme, e.g. `http://host:4000/socket` or `wss://<ref>.supabase.co/realtime/v1`.
 *
 * Made of strings, since k6 has no `URL`.
 */
const withoutSlashes = (url: string): string => url.replace(/\/+$/, "");

/** The address with the scheme http or https. */
export const httpUrlOf = (url: string): string => withoutSlashes(url).replace(/^ws/, "http");

/** The address with the scheme ws or wss, as a browser's WebSocket takes it. */
export const webSocketUrlOf = (url: string): string => withoutSlashes(url).replace(/^http/, "ws");

/** `http://host:4000` of `ws://host:4000/socket`: the root of the HTTP API, as in realtime-js. */
export const httpBaseOf = (url: string): string =>
  httpUrlOf(url)
    .replace(/\/websocket$/, "")
    .replace(/\/socket$/, "");
