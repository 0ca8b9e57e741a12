/**
 * Makes a queue that runs operations one after the other. A failed operation does not stop the ones
 * behind it. Once `signal` is aborted, operations that have not started reject with its reason.
 */
export const serialize = (
  signal?: AbortSignal,
): (<T>(operation: () => Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (operation) => {
    const result = last.then(() => {
      signal?.throwIfAborted();
      return operation();
    });
    last = result.catch(() => undefined);
    return result;
  };
};
