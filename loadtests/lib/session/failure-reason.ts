/**
 * An error of Go without what differs between sessions: the request, whose URL may hold a token or
 * a key, and the local port.
 */
export const failureReason = (error: string): string =>
  error.replace(/^\w+ "(?:[^"\\]|\\.)*": /, "").replace(/\b((?:read|write) \w+) \S+->/, "$1 ");
