/** `http://host:4000` of `ws://host:4000/socket`: where the HTTP API of a Realtime server is, as realtime-js derives it. */
export const httpBaseOf = (url: string): string =>
  url
    .replace(/^ws/, "http")
    .replace(/\/+$/, "")
    .replace(/\/websocket$/, "")
    .replace(/\/socket$/, "");

/** The address with the scheme that a browser's WebSocket takes. */
export const socketUrlOf = (url: string): string => url.replace(/^http/, "ws").replace(/\/+$/, "");
