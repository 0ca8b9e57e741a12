/** Failures after which one message alone is suspect, if the server takes other messages. */
const ATTEMPTS_BESIDE_OTHERS = 8;
/** The same, if no other message shows whether the server takes any: about 40 s of back-off. */
const ATTEMPTS_ALONE = 24;
/** The first failure of a batch is most likely the server's. */
const ATTEMPTS_WHOLE = 2;

/**
 * Tells a message that the server can never take from a server that is away: both look like HTTP
 * 500. One partition's failures in a row make its batches smaller, down to one message. That
 * message is refused if the server has accepted others in the meantime.
 */
export class PoisonSearch {
  #failures = 0;
  /** All batches that the server had accepted at the first failure. */
  #acceptedBefore = 0;

  accepted(): void {
    this.#failures = 0;
  }

  /**
   * @param acceptedBatches those of all partitions so far
   * @returns the size of the next batch
   */
  failed(batch: number, acceptedBatches: number): number {
    if (this.#failures === 0) this.#acceptedBefore = acceptedBatches;
    this.#failures++;
    return this.#failures < ATTEMPTS_WHOLE ? batch : Math.max(1, Math.floor(batch / 2));
  }

  /** Whether a message that has failed alone is refused; `ask`: if the server is there. */
  verdict(acceptedBatches: number): "wait" | "refused" | "ask" {
    if (this.#failures < ATTEMPTS_BESIDE_OTHERS) return "wait";
    if (acceptedBatches > this.#acceptedBefore) return "refused";
    return this.#failures < ATTEMPTS_ALONE ? "wait" : "ask";
  }
}
