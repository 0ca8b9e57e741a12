import type Dockerode from "dockerode";

export interface FoundImage {
  id: string;
  labels: Readonly<Record<string, string>>;
  /** `NAME=value`. */
  env: readonly string[];
}

/** The image of this name, digest or id in the engine, or undefined. */
export const findImage = async (
  docker: Dockerode,
  reference: string,
): Promise<FoundImage | undefined> => {
  try {
    const { Id, Config } = await docker.getImage(reference).inspect();
    // Both are null if the image sets none, despite the types.
    const { Labels, Env } = Config as {
      Labels: Record<string, string> | null;
      Env: string[] | null;
    };
    return { id: Id, labels: Labels ?? {}, env: Env ?? [] };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
};
