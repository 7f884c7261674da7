import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** How a service is spoken to. */
export type Protocol = "json" | "query" | "ec2" | "rest-json" | "rest-xml";

/** A reference to a shape, and how the member is called on the wire. */
export interface ShapeRef {
  readonly shape: string;
  readonly location?: "uri" | "querystring" | "header" | "headers" | "statusCode";
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly xmlAttribute?: boolean;
  readonly streaming?: boolean;
}

/** A shape of botocore's `service-2.json`. */
export interface Shape {
  readonly type:
    | "structure"
    | "list"
    | "map"
    | "string"
    | "character"
    | "integer"
    | "long"
    | "float"
    | "double"
    | "boolean"
    | "timestamp"
    | "blob";
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, ShapeRef>>;
  readonly member?: ShapeRef;
  readonly key?: ShapeRef;
  readonly value?: ShapeRef;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly union?: boolean;
  readonly flattened?: boolean;
  readonly payload?: string;
  readonly timestampFormat?: string;
  readonly wrapper?: boolean;
  readonly document?: boolean;
  /** Of an exception in the XML protocols: its code, where that is not the shape's name. */
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number };
}

/** An operation of a service. */
export interface Operation {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string };
  readonly input?: ShapeRef;
  readonly output?: ShapeRef & { readonly resultWrapper?: string };
  readonly errors?: readonly ShapeRef[];
}

/** What AWS publishes of one service. */
export interface ServiceModel {
  /** As in a signature's scope: `ecs`, `elasticloadbalancing`. */
  readonly signingName: string;
  readonly protocol: Protocol;
  readonly targetPrefix: string | undefined;
  readonly xmlNamespace: string | undefined;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** The services whose requests are judged: the name in a signature, and botocore's directory. */
const directories: Readonly<Record<string, string>> = {
  acm: "acm",
  "application-autoscaling": "application-autoscaling",
  autoscaling: "autoscaling",
  ec2: "ec2",
  ecr: "ecr",
  ecs: "ecs",
  elasticache: "elasticache",
  elasticloadbalancing: "elbv2",
  events: "events",
  iam: "iam",
  logs: "logs",
  monitoring: "cloudwatch",
  rds: "rds",
  route53: "route53",
  s3: "s3",
  scheduler: "scheduler",
  secretsmanager: "secretsmanager",
  servicediscovery: "servicediscovery",
  ssm: "ssm",
  sts: "sts",
};

const loaded = new Map<string, ServiceModel>();

/**
 * The model of a service by the name in a request's signature; undefined when none is known. Read when it is first asked
 * for, which blocks for some 10 ms (EC2: 150 ms).
 *
 * @param data botocore's `data` directory.
 */
export function modelOf(data: string, signingName: string): ServiceModel | undefined {
  const name = directories[signingName];
  if (name === undefined) return undefined;
  const key = join(data, name);
  const known = loaded.get(key) ?? load(key, signingName);
  loaded.set(key, known);
  return known;
}

interface ModelFile {
  readonly metadata: {
    readonly protocol: string;
    readonly protocols?: readonly string[];
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string;
  };
  readonly operations: ServiceModel["operations"];
  readonly shapes: ServiceModel["shapes"];
}

function load(directory: string, signingName: string): ServiceModel {
  const version = readdirSync(directory).sort().at(-1) ?? "";
  const packed = readFileSync(join(directory, version, "service-2.json.gz"));
  const { metadata, operations, shapes } = JSON.parse(String(gunzipSync(packed))) as ModelFile;
  // Services that speak CBOR still speak JSON, and that is what the pinned SDK clients send.
  const protocol = metadata.protocol === "smithy-rpc-v2-cbor" ? "json" : metadata.protocol;
  return {
    signingName,
    protocol: protocol as Protocol,
    targetPrefix: metadata.targetPrefix,
    xmlNamespace: metadata.xmlNamespace,
    operations,
    shapes,
  };
}

/** The shape of a reference; throws for one that the model does not have. */
export function shapeOf(model: ServiceModel, ref: ShapeRef): Shape {
  const shape = model.shapes[ref.shape];
  if (shape === undefined) throw new Error(`${model.signingName} has no shape ${ref.shape}`);
  return shape;
}
