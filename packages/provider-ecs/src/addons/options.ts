/** How add-ons are made, beyond what the app declares of them. */
export interface AddonOptions {
  /**
   * Databases that are there already: add-on name to the variable of the deploying machine that holds the address. It is
   * stored as a secret, so that only a run which changes it needs the variable; nothing else is made for such an add-on.
   */
  readonly external?: Readonly<Record<string, string>>;
  /** `instance()`: images in place of the pinned official ones, by kind. */
  readonly images?: Partial<Readonly<Record<"postgres" | "redis" | "aws-cli", string>>>;
  /** RDS: refuses to be deleted by anybody until this is switched off again. Default true for `production`. */
  readonly deletionProtection?: boolean;
  /** RDS: a standby in a second zone, at about twice the price. Default false. */
  readonly standby?: boolean;
  /** Days that automatic backups and backups before releases are kept. Default 14. */
  readonly backupDays?: number;
}
