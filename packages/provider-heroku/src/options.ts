/** Scaling by response time, which Heroku does itself for `web` on Performance, Private and Shield dynos. */
export interface AutoscalingOptions {
  readonly min: number;
  readonly max: number;
  /** Milliseconds that 95 of 100 requests should be answered within. */
  readonly p95Ms: number;
}

/** A certificate of your own, instead of Heroku's automated ones. */
export interface OwnCertificateOptions {
  /** Path of the PEM file with the certificate and its chain, relative to the configuration file. */
  readonly chain: string;
  /** The environment variable that holds the private key as PEM: a key belongs in no file of the app. */
  readonly keyFrom: string;
}

/** Where an app stands in a pipeline. */
export interface PipelineOptions {
  readonly name: string;
  /** Default: `review` of review/*, `staging` of staging, `production` of production, else `development`. */
  readonly stage?: "review" | "development" | "staging" | "production";
}

/** Options of `heroku()`. */
export interface HerokuOptions {
  /** Team (or Enterprise Team) that owns the app. Default: the app is personal. */
  readonly team?: string;
  /** Private Space that the app runs in; needs `team`. Default: the Common Runtime. */
  readonly space?: string;
  /** `us`, `eu`, or a region of a space. Default: that of the space, else `us`. Fixed once the app is there. */
  readonly region?: string;
  /** Name of the app at Heroku, unique among all of Heroku's apps. Default: the app's name with its environment's. */
  readonly app?: string;
  /**
   * Where the image is built: `here`, pushed to Heroku's registry, or `there`, by Heroku, from the uploaded source.
   * Default `here`.
   */
  readonly build?: "here" | "there";
  /**
   * Dyno size by process, such as `{ web: "standard-2x" }`. Default: Standard-1X in production, Basic elsewhere, or
   * whatever holds the memory a process asks for.
   */
  readonly sizes?: Readonly<Record<string, string>>;
  /** Autoscaling by process; Heroku has it for `web` only. Default: none. */
  readonly autoscaling?: Readonly<Record<string, AutoscalingOptions>>;
  /**
   * Heroku's maintenance page while new code is released, until its dynos answer: for releases that old code must not
   * see. Default false.
   */
  readonly maintenance?: boolean;
  /** Pipeline that the app belongs to: needed for promotion and review apps. Default: none. */
  readonly pipeline?: string | PipelineOptions;
  /** Only team members with rights of their own reach the app. Only with `team`. Default false. */
  readonly locked?: boolean;
  /** The app has no public address: only inside its Private Space. Only with `space`. Default false. */
  readonly internalRouting?: boolean;
  /** Default: Heroku issues and renews certificates by itself (Automated Certificate Management). */
  readonly certificate?: OwnCertificateOptions;
  /**
   * What carries the requests: Heroku's own client library, or the `fetch` that the deployer was given (needed for a
   * proxy agent). Default `heroku-client`.
   */
  readonly transport?: "heroku-client" | "fetch";
  /** Hosts to talk to instead of Heroku's own: for tests. Each also by its environment variable. */
  readonly endpoints?: Partial<EndpointOptions>;
}

/** Origins such as `https://api.heroku.com`, without a path. */
export interface EndpointOptions {
  /** Platform API. Variable `HEROKU_API_URL`. */
  readonly api: string;
  /** Databases: Postgres and Key-Value Store. Variable `HEROKU_DATA_URL`. */
  readonly data: string;
  /** Container registry. Variable `HEROKU_REGISTRY_URL`. */
  readonly registry: string;
  /** Metrics and autoscaling. Variable `HEROKU_METRICS_URL`. */
  readonly metrics: string;
}
