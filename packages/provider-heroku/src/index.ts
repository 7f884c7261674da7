/**
 * Deploy to Heroku: apps, images and builds, releases, add-ons, logs, config, domains and certificates.
 *
 * @module
 */
import type {
  Access,
  Addons,
  Certificates,
  Containers,
  Costs,
  Images,
  Importer,
  Ingress,
  Lease,
  Logs,
  Provider,
  Secrets,
  Servers,
} from "@deploy/core";
import { createAccess } from "./access.js";
import { identify } from "./account.js";
import { createAddons } from "./addons/addons.js";
import { foreignAddons, ownedAddons } from "./addons/owned.js";
import { createCertificates } from "./certificates.js";
import { checkOptions } from "./check-options.js";
import { createContainers } from "./containers/containers.js";
import { ownedContainers } from "./containers/owned.js";
import { createCosts } from "./costs.js";
import { examine } from "./doctor.js";
import { createImages } from "./images/images.js";
import type { Sources } from "./images/sources.js";
import { createImporters } from "./importers/index.js";
import { createIngress } from "./ingress.js";
import { createLease } from "./lease.js";
import { createLogs } from "./logs/read-logs.js";
import { providerName } from "./names.js";
import type { HerokuOptions } from "./options.js";
import { listOwned, type OwnedPart } from "./owned.js";
import { createSecrets } from "./secrets.js";
import { createServers } from "./servers.js";
import { createSurroundings } from "./surroundings.js";
import { tokenVariable } from "./token.js";

export type {
  AutoscalingOptions,
  EndpointOptions,
  HerokuOptions,
  OwnCertificateOptions,
  PipelineOptions,
} from "./options.js";

/** What Heroku offers. */
export type HerokuProvider = Provider & {
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
  readonly importers: readonly Importer[];
  readonly lease: Lease;
};

/** What `deploy import heroku` takes: manifests of a directory, or a running app by its name. */
export const importers: readonly Importer[] = createImporters(createSurroundings({}));

/** What is in an app besides its domains, certificates and secrets. */
const ownedParts: readonly OwnedPart[] = [ownedContainers, ownedAddons];

/**
 * The provider for Heroku. Nothing is asked or loaded before its first call.
 *
 * @throws `servers.bad-options` for options that contradict each other.
 */
export function heroku(options: HerokuOptions = {}): HerokuProvider {
  checkOptions(options);
  const own = createSurroundings(options);
  const sources: Sources = new Map();
  return {
    spec: 1,
    name: providerName,
    credentials: {
      token: {
        env: tokenVariable,
        label: "Heroku API token",
        secret: true,
        // `heroku login` leaves one in ~/.netrc or the keychain as well.
        required: false,
        docs: "https://devcenter.heroku.com/articles/authentication",
      },
    },
    // The burst is the account's and lies in the bucket of the token; at a time, Heroku bears more than this.
    limits: { concurrency: 16 },
    identity: (context) => identify(own, context),
    owned: (context, scope, asked = {}) => listOwned(own, context, scope, asked, ownedParts, foreignAddons),
    doctor: (context, scope) => examine(own, context, scope),
    servers: createServers(own),
    images: createImages(own, sources),
    containers: createContainers(own, sources),
    logs: createLogs(own),
    secrets: createSecrets(own),
    ingress: createIngress(own),
    certificates: createCertificates(own),
    addons: createAddons(own),
    access: createAccess(own),
    costs: createCosts(own),
    importers: createImporters(own),
    lease: createLease(own),
  };
}
