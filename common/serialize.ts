/** Runs operations one after the other: the engine would refuse some that overlap, and Pulumi all. */
export const inTurn = (signal: AbortSignal): ((operation: () => Promise<void>) => Promise<void>) => {
  let last: Promise<void> = Promise.resolve();
  return (operation) => {
    const result = last.then(() => {
      signal.throwIfAborted();
      return operation();
    });
    last = result.catch(() => undefined);
    return result;
  };
};
