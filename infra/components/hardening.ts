/** How every container of a stack is confined. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

export interface Confinement {
  /** User and group, numeric, because user names differ between images. See `userId`. */
  uid: number;
  /** Memory without swap, MiB: a process that needs more is killed, not slowed down. */
  memoryMb: number;
  /** Writable, temporary folders beside /tmp; with their size in MiB if it is not 16. */
  scratch?: readonly (string | { folder: string; sizeMb: number })[];
}

/**
 * Most processes and threads of one user. The provider has no pid limit (`--pids-limit`), so this
 * is RLIMIT_NPROC. The kernel counts it per user, not per container, so each role and each instance
 * has a separate user. Containers of one role in stacks side by side share a user, so the limit is
 * far above the 25 or so that one container needs.
 */
const MOST_TASKS = 1024;

/**
 * First of the user ids. No convention assigns 60706 to 61183: human users end at 60513 and
 * systemd's dynamic users start at 61184. They are below 65536, the most that a rootless engine
 * maps.
 */
const FIRST_UID = 60_706;
/** Instances follow from 2 on; the others come after the highest possible instance. */
const OFFSETS = { router: 0, broker: 1, realtime: 100, postgres: 101 } as const;

/** The user of a component. Instances are counted from 1. */
export const userId = (part: keyof typeof OFFSETS | { instance: number }): number =>
  FIRST_UID + (typeof part === "string" ? OFFSETS[part] : OFFSETS.broker + part.instance);

/**
 * In memory, bounded and not executable. Its owner is the container's user, because the engine
 * gives it the mode of the image's folder.
 */
const scratchOptions = (uid: number, sizeMb: number): string =>
  `rw,noexec,nosuid,nodev,size=${sizeMb}m,mode=700,uid=${uid},gid=${uid}`;
const SCRATCH_MB = 16;

/** How the engine deals with changes of a container, for all of them. */
export const containerOptions = (parent: pulumi.Resource) =>
  ({
    parent,
    // Names and ports are fixed: the new one cannot be there beside the old one.
    deleteBeforeReplace: true,
    // Without swap accounting in the kernel, an engine drops the limit and reports -1. That would
    // be a change after every `up`.
    ignoreChanges: ["memorySwap"],
    // The provider would report an update and leave the container unchanged.
    replaceOnChanges: ["tmpfs"],
  }) satisfies pulumi.CustomResourceOptions;

/**
 * As `confined`, for a program of the user: it may write into its container, and run as a user of
 * its image. Other processes of the host may have that user, so its tasks are not limited.
 *
 * @param user default: the unprivileged `uid`
 */
export const confinedProgram = ({
  uid,
  memoryMb,
  user,
}: Confinement & { user: string | undefined }) => {
  const { ulimits, ...rest } = confined({ uid, memoryMb });
  return user === undefined
    ? { ...rest, ulimits, readOnly: false }
    : { ...rest, user, readOnly: false, tmpfs: {} };
};

/** The restrictions of a container, as its arguments. */
export const confined = ({ uid, memoryMb, scratch = [] }: Confinement) =>
  ({
    user: `${uid}:${uid}`,
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    memory: memoryMb,
    memorySwap: memoryMb,
    // Open files are not limited: an engine cannot raise its own limit for a container, and each of
    // these programs adapts to the limit it finds.
    ulimits: [{ name: "nproc", soft: MOST_TASKS, hard: MOST_TASKS }],
    tmpfs: Object.fromEntries(
      ["/tmp", ...scratch]
        .map((one) => (typeof one === "string" ? { folder: one, sizeMb: SCRATCH_MB } : one))
        .map(({ folder, sizeMb }) => [folder, scratchOptions(uid, sizeMb)]),
    ),
    // No restarts: one by the engine would be a bounce without a record.
    restart: "no",
    mustRun: true,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
  }) satisfies Partial<docker.ContainerArgs>;
