import { expect, test } from "vitest";
import { explainPulumiError, ImageGoneError, PortTakenError } from "./pulumi-errors.ts";

/** As Pulumi 3.259 and the Docker provider 5.2.0 write them. */
test.each([
  [
    "a port that is taken",
    "sdk-v2/provider2.go:571: sdk.helper_schema: Unable to start container: Error response " +
      "from daemon: driver failed programming external connectivity on endpoint x: Bind for " +
      "127.0.0.1:18080 failed: port is already allocated: provider=docker@5.2.0",
    /^phase1: a port is taken: Unable to start container: .* port is already allocated\. Fix: /,
  ],
  [
    "a name that is taken",
    "Unable to create container: Error response from daemon: Conflict. The container name " +
      '"/phase1-valkey" is already in use by container "0123". You have to remove (or ' +
      "rename) that container to be able to reuse that name.",
    /^a container of phase1 has a name that is taken in this engine: .*"\/phase1-valkey".* Fix: remove the container/,
  ],
  [
    "another passphrase",
    "could not deserialize deployment: failed to decrypt: incorrect passphrase, please set " +
      "PULUMI_CONFIG_PASSPHRASE to the correct passphrase",
    /^the passphrase of phase1 is not the one that its state was written with\. Fix: set SSE_LAB_PULUMI_PASSPHRASE/,
  ],
  [
    "no plugin",
    "no resource plugin 'pulumi-resource-docker' found in the workspace at version v5.2.0\n",
    /^Pulumi does not find its Docker plugin: no resource plugin .*\. Fix: sse-lab doctor/,
  ],
  [
    "a full disk",
    "Error response from daemon: mkdir /var/lib/docker/overlay2/x: no space left on device",
    /^phase1: a disk is full: .*no space left on device\. Fix: free some space/,
  ],
  [
    "an engine that went away",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker " +
      "daemon running?",
    /^the Docker engine went away while phase1 was being changed: .* Fix: start it again/,
  ],
  [
    "something new",
    "error: One thing\n    1 error occurred:\n\t* One thing\n",
    /^bringing up phase1 failed: One thing\. Fix: sse-lab down/,
  ],
])("says of %s what it is and how to go on", (_, reason, said) => {
  expect(
    explainPulumiError("phase1", "bringing up", [reason], new Error("code: -2")).message,
  ).toMatch(said);
});

test("tells what is worth another attempt by its type", () => {
  const explain = (reason: string): Error =>
    explainPulumiError("phase1", "bringing up", [reason], undefined);
  expect(explain("listen tcp4 127.0.0.1:1: bind: address already in use")).toBeInstanceOf(
    PortTakenError,
  );
  expect(explain("Error response from daemon: No such image: sha256:0")).toBeInstanceOf(
    ImageGoneError,
  );
});
