/** k6/websockets came with 1.6. */
export const K6_RANGE = ">=1.6.0 <3.0.0-0";

/** The first version that ends a stream after its own timeout, which the scripts rely on. */
export const OLDEST_EXTENSION = "0.1.11";

/** Makes a k6 with xk6-sse where k6 cannot fetch the extension itself. */
export const K6_BUILD = "xk6 build v2.3.0 --with github.com/phymbert/xk6-sse@v0.2.0";

export const K6_HELP =
  `k6 1.6 to 2.x with xk6-sse ${OLDEST_EXTENSION} or newer, found by K6_BIN or on PATH; ` +
  `k6 2.x fetches xk6-sse by itself, and ${K6_BUILD} makes one that has it`;
