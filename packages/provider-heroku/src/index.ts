/**
 * Deploy to Heroku: apps, images and builds, releases, add-ons, logs, config, domains and certificates.
 *
 * @module
 */
import type { Provider } from "@deploy/core";
import { createApi } from "./api.js";
import { providerName } from "./names.js";
import type { HerokuOptions } from "./options.js";
import type { Surroundings } from "./surroundings.js";
import { tokenVariable } from "./token.js";

export type {
  AutoscalingOptions,
  EndpointOptions,
  HerokuOptions,
  OwnCertificateOptions,
  PipelineOptions,
} from "./options.js";

/** What Heroku offers. */
export type HerokuProvider = Provider;

/** The provider for Heroku. Nothing is asked or loaded before its first call. */
export function heroku(options: HerokuOptions = {}): HerokuProvider {
  const own: Surroundings = { options, api: createApi(options) };
  void own;
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
  };
}

export default heroku;
