/** The versions of k6 and xk6-sse that the scripts need. */
export const K6_RANGE = ">=1.2.0 <2.0.0";

/** The first version that ends a stream after its own timeout, which the scripts rely on. */
export const OLDEST_EXTENSION = "0.1.11";

export const K6_BUILD = "xk6 build v1.2.1 --with github.com/phymbert/xk6-sse@v0.1.12";

export const K6_HELP =
  `k6 1.2 or newer (not 2) with xk6-sse ${OLDEST_EXTENSION} or newer, found by K6_BIN or on PATH; ` +
  `${K6_BUILD} makes one`;
