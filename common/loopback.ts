const LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i;

/** True for names and addresses of this host alone, also as URLs spell them. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
