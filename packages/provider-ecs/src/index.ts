/**
 * Deploy to AWS: ECS on Fargate, on EC2 or on one instance; no CloudFormation, no state file.
 *
 * ## Who knows what
 *
 * - `options.ts`: what a user writes, and `Settings`, the same with defaults filled in.
 * - `clients.ts`: the only way to AWS. `clients.send(context, "ecs", "DescribeClusters", { … })` is typed by the SDK's own
 *   commands; `clients/<service>.ts` re-exports the commands that are used: add yours there. It keeps to AWS's published
 *   rates, repeats reads, never repeats a write whose answer was lost, and throws `DeployError`s (`errors.ts`:
 *   `isAwsError(error, "…Exception")`, `unlessGone(answer)`).
 * - `names.ts`: deterministic names within AWS's limits (`appName`, `groupName`, `appPath`) and ids (`idOf`, `groupIdOf`).
 *   An id carries the region, because a retired provider of another region has the same name.
 * - `tags.ts`: everything is tagged at its creation, by `appTags` (one app in one environment) or by `groupTags` (shared by
 *   the apps of a group). `ifOurs` in a `read` answers "foreign" for what is not ours; `adopt` writes the tags.
 * - `resources.ts`: `ecsResource(element, { id, label, desired, read, … })`.
 * - `servers/foundation.ts`: what everything else stands on (network, cluster, roles, security groups, address), as
 *   resources: `parts.foundation(scope)`.
 * - `owned.ts`: each element exports a `Finder` next to its factory; all are listed below, run in one wave, and answer with
 *   the same ids as the resources. What only a group shares is found by `servers/`; it says `shared` while another app
 *   has its member parameter `/deploy-groups/<group>/<app>/<environment>` (`servers/members.ts`), and looks once more before it deletes.
 * - An element is a folder with a factory `createX(parts: Parts): X`, and is put together here.
 *
 * @module
 */
import type {
  Access,
  Addons,
  Certificates,
  Containers,
  Costs,
  CredentialField,
  Images,
  Ingress,
  Lease,
  Logs,
  Provider,
  Secrets,
  Servers,
} from "@deploy/core";
import { accessFinder, createAccess } from "./access/access.js";
import { createAddons, findAddons } from "./addons/index.js";
import { createCertificates } from "./certificates/certificates.js";
import { certificateFinder } from "./certificates/owned.js";
import { createClients } from "./clients.js";
import { createContainers } from "./containers/containers.js";
import { findContainers } from "./containers/owned.js";
import { createCosts } from "./costs/costs.js";
import { examine } from "./doctor.js";
import { identify } from "./identity.js";
import { findRepository } from "./images/find-repository.js";
import { createImages } from "./images/index.js";
import { createIngress } from "./ingress/ingress.js";
import { ingressFinder } from "./ingress/owned.js";
import { createLease } from "./lease.js";
import { findLogGroups } from "./logs/log-group.js";
import { createLogs } from "./logs/logs.js";
import { providerName } from "./names.js";
import { type EcsOptions, settingsOf } from "./options.js";
import { createOwned, type Finder } from "./owned.js";
import type { Parts } from "./parts.js";
import { createSecrets, findSecrets } from "./secrets/index.js";
import { findPullSecrets } from "./secrets/pull-secret.js";
import { createFoundations } from "./servers/create-foundation.js";
import { foundationFinder } from "./servers/owned.js";
import { createServers } from "./servers/servers.js";

export type { AddonOptions } from "./addons/options.js";
export type { Sidecar } from "./containers/sidecar.js";
export type { BuildOptions, BuildSecret } from "./images/build.js";
export { type RegistryOptions, registry } from "./images/registry.js";
export {
  type Architecture,
  type Capacity,
  type Ec2Capacity,
  type EcsOptions,
  type Existing,
  ec2,
  type FargateCapacity,
  fargate,
  type InstanceCapacity,
  instance,
  type NetworkOptions,
} from "./options.js";

/** Calls at a time. */
const concurrency = 32;

/** Nothing is required: the SDK's default chain finds credentials in many places. */
const credentials: Readonly<Record<string, CredentialField>> = {
  profile: {
    env: "AWS_PROFILE",
    label: "profile of ~/.aws/config",
    secret: false,
    required: false,
    docs: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
  },
  accessKeyId: { env: "AWS_ACCESS_KEY_ID", label: "access key", secret: false, required: false },
  secretAccessKey: {
    env: "AWS_SECRET_ACCESS_KEY",
    label: "secret access key",
    secret: true,
    required: false,
  },
  sessionToken: { env: "AWS_SESSION_TOKEN", label: "session token", secret: true, required: false },
};

/** What AWS offers. */
export type EcsProvider = Provider & {
  readonly servers: Servers;
  readonly images: Images;
  readonly containers: Containers;
  readonly logs: Logs;
  readonly secrets: Secrets;
  readonly ingress: Ingress;
  readonly certificates: Certificates;
  readonly addons: Addons;
  readonly access: Access;
  readonly costs: Costs;
  readonly lease: Lease;
};

/** The provider for AWS. @throws `config.bad-option`. */
export function ecs(options: EcsOptions): EcsProvider {
  const settings = settingsOf(options);
  const clients = createClients(settings);
  const parts: Parts = { settings, clients, foundation: createFoundations(clients, settings) };
  const finders: readonly Finder[] = [
    findRepository(parts),
    findContainers(parts),
    findLogGroups(parts),
    findSecrets(parts),
    findPullSecrets(parts),
    findAddons(parts),
    ingressFinder(parts),
    certificateFinder(parts),
    accessFinder(parts),
  ];
  return {
    spec: 1,
    name: providerName,
    credentials,
    limits: { concurrency },
    identity: (context) => identify(parts, context),
    doctor: (context, scope) => examine(parts, context, scope),
    owned: createOwned(finders, foundationFinder(parts)),
    servers: createServers(parts),
    images: createImages(parts),
    containers: createContainers(parts),
    logs: createLogs(parts),
    secrets: createSecrets(parts),
    ingress: createIngress(parts),
    certificates: createCertificates(parts),
    addons: createAddons(parts),
    access: createAccess(parts),
    costs: createCosts(parts),
    lease: createLease(parts),
  };
}
