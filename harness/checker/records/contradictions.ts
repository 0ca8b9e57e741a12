/**
 * Records of one run that cannot both be true. They are counted, not thrown on, so that the verdict can say how many there were;
 * the example is the smallest sentence, so that the order of records does not show.
 */
export class Contradictions {
  count = 0;
  example = "";

  add(sentence: string): void {
    this.count++;
    if (this.example === "" || sentence < this.example) this.example = sentence;
  }
}

/** Of two records that claim the same place, the same one whichever came first. */
export const smallerOf = <T>(a: T, b: T): T => (JSON.stringify(a) <= JSON.stringify(b) ? a : b);
