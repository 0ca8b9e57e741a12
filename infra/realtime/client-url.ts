/** As clients are told it: the address that realtime-js takes, with the scheme of a WebSocket. */
export const clientUrl = (url: string): string => url.replace(/^http/, "ws");
