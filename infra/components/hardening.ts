/** How every container of a stack is confined: one place for all of them. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

export interface Confinement {
  /** User and group, numeric: an image's own user names are not relied on. See `userId`. */
  uid: number;
  /** Memory, and no swap beside it: what does not fit is killed, not slowed down. MiB. */
  memoryMb: number;
  /** More folders that are writable and forgotten, beside /tmp; with their size in MiB where that is not 16. */
  scratch?: readonly (string | { folder: string; sizeMb: number })[];
}

/**
 * Most processes and threads of one user. The provider knows no pid limit (`--pids-limit`), so it is RLIMIT_NPROC. The kernel
 * counts that per user and not per container: therefore each role and each instance has a user of its own. Containers
 * of the same role in stacks that are up side by side share one account, so the limit is far above the 25 or so that one needs.
 */
const MOST_TASKS = 1024;

/**
 * First of the user ids. From 60706 to 61183 no convention hands ids out: not to people (up to 60513), not to systemd's dynamic users
 * (from 61184); and they are below 65536, which is all that a rootless engine maps.
 */
const FIRST_UID = 60_706;
/** Instances follow, from 2 on; the rest lies behind as many of them as there can be. */
const OFFSETS = { router: 0, broker: 1, realtime: 100, postgres: 101 } as const;

/** The user of a part. Instances are counted from 1. */
export const userId = (part: keyof typeof OFFSETS | { instance: number }): number =>
  FIRST_UID + (typeof part === "string" ? OFFSETS[part] : OFFSETS.broker + part.instance);

/** In memory, bounded, and nothing in it can be run. It has its user's owner, because the engine gives it the mode of the image's folder. */
const scratchOptions = (uid: number, sizeMb: number): string =>
  `rw,noexec,nosuid,nodev,size=${sizeMb}m,mode=700,uid=${uid},gid=${uid}`;
const SCRATCH_MB = 16;

/** How the engine deals with changes of a container, for all of them. */
export const containerOptions = (parent: pulumi.Resource) =>
  ({
    parent,
    // Names and ports are fixed: the new one cannot be there beside the old one.
    deleteBeforeReplace: true,
    // An engine whose kernel does not account for swap drops the limit and reports -1: that would be a change after every `up`.
    ignoreChanges: ["memorySwap"],
    // The provider would note these as updated, and leave the container as it is.
    replaceOnChanges: ["tmpfs"],
  }) satisfies pulumi.CustomResourceOptions;

/** What a container may not do, as arguments of it. */
export const confined = ({ uid, memoryMb, scratch = [] }: Confinement) =>
  ({
    user: `${uid}:${uid}`,
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    memory: memoryMb,
    memorySwap: memoryMb,
    // Not the open files: an engine may not raise its own limit for a container, and each of these programs takes what it finds.
    ulimits: [{ name: "nproc", soft: MOST_TASKS, hard: MOST_TASKS }],
    tmpfs: Object.fromEntries(
      ["/tmp", ...scratch]
        .map((one) => (typeof one === "string" ? { folder: one, sizeMb: SCRATCH_MB } : one))
        .map(({ folder, sizeMb }) => [folder, scratchOptions(uid, sizeMb)]),
    ),
    // What ends stays ended: a restart by the engine would be a bounce that nobody recorded.
    restart: "no",
    mustRun: true,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
  }) satisfies Partial<docker.ContainerArgs>;
