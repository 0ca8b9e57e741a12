import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { componentLabels, type CarrierRole, type ComponentOwner } from "../stack/labels.ts";

export interface ConfigVolumeArgs extends ComponentOwner {
  /** Also the name of volume and carrier, after the stack's. */
  role: CarrierRole;
  /** Any image that the engine has. It is never run. */
  image: string;
  /** The mount point in the reader, absolute. The paths of `files` are inside it. */
  folder: string;
  files: readonly { path: string; content: string }[];
}

/**
 * Files for a container with a read-only root, without a folder on the host.
 *
 * The engine refuses an upload into such a container, even into one of its volumes (the provider
 * uploads at "/"). So a carrier receives the files: a container with the same volume that never
 * starts. The reader mounts the volume read-only.
 */
export class ConfigVolume extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>;
  /** The files exist when this does. */
  readonly carrier: docker.Container;
  /** Changes with the files. As a label of the reader, it causes its replacement. */
  readonly hash: string;

  constructor(name: string, args: ConfigVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("sse-scaling-lab:index:ConfigVolume", name, {}, opts);
    const { stack, role, folder, files, image } = args;
    const labels = componentLabels(args, role, role);
    const volume = new docker.Volume(
      name,
      { name: `${stack}-${role}`, labels },
      { parent: this, deleteBeforeReplace: true },
    );
    this.volumeName = volume.name;
    this.carrier = new docker.Container(
      `${name}-carrier`,
      {
        name: `${stack}-${role}`,
        image,
        start: false,
        mustRun: false,
        restart: "no",
        networkMode: "none",
        mounts: [{ type: "volume", source: volume.name, target: folder }],
        uploads: files.map(({ path, content }) => ({ file: path, content, permissions: "0444" })),
        labels,
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 12);
    this.registerOutputs({ volumeName: this.volumeName });
  }
}
