/** Errors of a bounce whose target was down already, so that the run did not see the bounce. */

export const nothingToKill = (instance: string): string =>
  `${instance} was not running: the bounce would disturb nothing`;

export const notReplaced = (instances: readonly string[]): string => {
  const [was, its] = instances.length === 1 ? ["was", "its"] : ["were", "their"];
  return (
    `${instances.join(", ")} ${was} not running when ${its} replacement began: ` +
    "the bounce disturbed nothing of it"
  );
};
