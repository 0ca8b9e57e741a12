const CONTAINER_TYPE = "docker:index/container:Container";

/** The program with a hook after the creation of each container: the same resources, so that nothing but the order in time changes. */
export const withHook = async <T>(
  program: () => Promise<T>,
  afterCreate: (name: string) => Promise<void>,
): Promise<() => Promise<T>> => {
  const { mergeOptions, ResourceHook, runtime } = await import("@pulumi/pulumi");
  return () => {
    const hook = new ResourceHook("after-create", ({ name }) => afterCreate(name));
    runtime.registerStackTransformation(({ type, props, opts }) =>
      type === CONTAINER_TYPE
        ? { props, opts: mergeOptions(opts, { hooks: { afterCreate: [hook] } }) }
        : undefined,
    );
    return program();
  };
};
