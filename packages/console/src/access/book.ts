import type { AuditEntry, AuditRecord, Authority, Caller } from "./types.js";

/** People, grants, sessions, tokens and the audit log; grows with the files beside it. */
export interface AccessBook extends Authority {
  /** Who holds this session cookie or API token; `nobody` when it is unknown, expired or ended. */
  callerOf(credentials: { readonly session?: string; readonly token?: string }): Promise<Caller>;
  audit(record: AuditRecord): Promise<void>;
  /** Newest first. */
  auditLog(query: {
    readonly app?: string;
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly AuditEntry[]>;
  close(): Promise<void>;
}
