/**
 * The k6 that the double stands for. Where supported versions differ, it keeps to the strictest:
 * what works on it works on each.
 */
export const K6_VERSION = "2.3.0";
