/** `1 process`, `3 processes`. */
export const plural = (count: number, singular: string, several = `${singular}s`): string =>
  `${count} ${count === 1 ? singular : several}`;
