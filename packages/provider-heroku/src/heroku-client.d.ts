/**
 * The part of heroku-client 3.1.4 that we stand on. The package has no types and no `exports` map, so that its request
 * class can be reached and subclassed; its public methods are not used (see docs/decisions/0009).
 */
declare module "heroku-client/lib/request.js" {
  import type { Agent, ClientRequest, IncomingMessage } from "node:http";

  export interface RequestOptions {
    readonly host: string;
    readonly path: string;
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    /** False: the body is text already. */
    readonly json: false;
    readonly partial: true;
    readonly parseJSON: false;
    readonly userAgent: string;
  }

  export default class Request {
    constructor(options: RequestOptions);
    protected options: RequestOptions;
    protected agent: Agent;
    protected secure: boolean;
    protected resolve: (value: unknown) => void;
    protected reject: (error: unknown) => void;
    protected promise: Promise<unknown>;
    request(): Promise<unknown>;
    protected handleResponse(response: IncomingMessage): void;
    protected isRetryAllowed(error: unknown): boolean;
    protected logRequest(request: ClientRequest): void;
    protected setRequestTimeout(request: ClientRequest): void;
  }
}
