/** Program names and the TypeScript files that they start from, relative to the root. */
export type Programs = Readonly<Record<string, string>>;

export function currentBundle(root: string, programs?: Programs): Promise<string>;
