import type { IncomingHttpHeaders } from "node:http";
import { decodeXml } from "./decode-xml.js";
import { type Operation, type ServiceModel, type Shape, type ShapeRef, shapeOf } from "./model.js";
import { scalar } from "./scalar.js";
import { parseXml } from "./xml.js";

/** A request on the wire. */
export interface WireRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a request asks for. */
export interface DecodedRequest {
  readonly operation: Operation;
  /** The input as the SDK's caller wrote it, member names as in the model. */
  readonly input: Record<string, unknown>;
  /** What stands in the request and belongs to no member. */
  readonly unknown: readonly string[];
}

/**
 * Reads a request of any of AWS's protocols back into the input it was made of.
 *
 * @throws Error which says what cannot be read: no such operation, a body that is not its protocol's.
 */
export function decodeRequest(model: ServiceModel, request: WireRequest): DecodedRequest {
  switch (model.protocol) {
    case "json":
      return decodeJson(model, request);
    case "query":
    case "ec2":
      return decodeQuery(model, request);
    case "rest-json":
    case "rest-xml":
      return decodeRest(model, request);
  }
}

function operationOf(model: ServiceModel, name: string): Operation {
  const operation = model.operations[name];
  if (operation === undefined) throw new Error(`${model.signingName} has no operation ${name}`);
  return operation;
}

function decodeJson(model: ServiceModel, { headers, body }: WireRequest): DecodedRequest {
  const target = String(headers["x-amz-target"] ?? "");
  const [prefix, name = ""] = target.split(/\.(?=[^.]*$)/);
  const operation = operationOf(model, name);
  const unknown = prefix === model.targetPrefix ? [] : [`the target ${target}`];
  const text = body.toString("utf8");
  return { operation, input: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>, unknown };
}

function decodeQuery(model: ServiceModel, { path, body }: WireRequest): DecodedRequest {
  const params = new URLSearchParams(body.length > 0 ? body.toString("utf8") : (path.split("?")[1] ?? ""));
  const operation = operationOf(model, params.get("Action") ?? "");
  const left = new Map([...params].filter(([key]) => key !== "Action" && key !== "Version"));
  const input = operation.input === undefined ? {} : fromParams(model, operation.input, "", left);
  return { operation, input: (input ?? {}) as Record<string, unknown>, unknown: [...left.keys()] };
}

/** Takes out of `left` what belongs to a shape below `prefix`. */
function fromParams(model: ServiceModel, ref: ShapeRef, prefix: string, left: Map<string, string>): unknown {
  const shape = shapeOf(model, ref);
  const dot = prefix === "" ? "" : `${prefix}.`;
  if (shape.type === "structure") {
    const found: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(shape.members ?? {})) {
      const value = fromParams(model, member, `${dot}${queryName(model, member, name)}`, left);
      if (value !== undefined) found[name] = value;
    }
    return Object.keys(found).length === 0 && prefix !== "" ? undefined : found;
  }
  if (shape.type === "list" || shape.type === "map") {
    if (left.get(prefix) === "") {
      left.delete(prefix);
      return shape.type === "list" ? [] : {};
    }
    return entriesOf(model, shape, listPrefix(model, ref, shape, prefix), left);
  }
  const text = left.get(prefix);
  left.delete(prefix);
  return text === undefined ? undefined : scalar(shape, text);
}

function queryName(model: ServiceModel, { queryName, locationName }: ShapeRef, name: string): string {
  if (model.protocol !== "ec2") return locationName ?? name;
  if (queryName !== undefined) return queryName;
  const wire = locationName ?? name;
  return `${wire.slice(0, 1).toUpperCase()}${wire.slice(1)}`;
}

function listPrefix(model: ServiceModel, ref: ShapeRef, shape: Shape, prefix: string): string {
  if (model.protocol === "ec2" || ref.flattened === true || shape.flattened === true) return prefix;
  return `${prefix}.${shape.type === "map" ? "entry" : (shape.member?.locationName ?? "member")}`;
}

function entriesOf(model: ServiceModel, shape: Shape, prefix: string, left: Map<string, string>): unknown {
  const list: unknown[] = [];
  const map: Record<string, unknown> = {};
  for (let index = 1; ; index += 1) {
    const here = `${prefix}.${index}`;
    if (![...left.keys()].some((key) => key === here || key.startsWith(`${here}.`))) break;
    if (shape.type === "list" && shape.member !== undefined) {
      list.push(fromParams(model, shape.member, here, left));
    } else if (shape.key !== undefined && shape.value !== undefined) {
      const key = fromParams(model, shape.key, `${here}.${shape.key.locationName ?? "key"}`, left);
      map[String(key)] = fromParams(
        model,
        shape.value,
        `${here}.${shape.value.locationName ?? "value"}`,
        left,
      );
    }
  }
  if (shape.type === "list") return list.length === 0 ? undefined : list;
  return Object.keys(map).length === 0 ? undefined : map;
}

function decodeRest(model: ServiceModel, request: WireRequest): DecodedRequest {
  const [path = "/", search = ""] = request.path.split("?");
  const params = new URLSearchParams(search);
  const candidates = Object.values(model.operations)
    .map((operation) => ({ operation, match: matchUri(operation, request.method, path, params) }))
    .filter(({ match }) => match !== undefined)
    // Of two that fit, the one that asks for more.
    .sort((a, b) => specificity(b.operation) - specificity(a.operation));
  const chosen = candidates[0];
  if (chosen?.match === undefined) {
    throw new Error(`${model.signingName} has no operation for ${request.method} ${path}`);
  }
  const { operation, match } = chosen;
  const input: Record<string, unknown> = {};
  if (operation.input === undefined) return { operation, input, unknown: [] };
  const shape = shapeOf(model, operation.input);
  const rest: [string, ShapeRef][] = [];
  const asked = new Set(
    operation.http.requestUri
      .split("?")[1]
      ?.split("&")
      .map((part) => part.split("=")[0]),
  );
  const seen = new Set<string>([...asked].filter((one) => one !== undefined));
  for (const [name, ref] of Object.entries(shape.members ?? {})) {
    const wire = ref.locationName ?? name;
    const member = shapeOf(model, ref);
    if (ref.location === "uri") {
      const text = match[wire];
      if (text !== undefined) input[name] = scalar(member, text);
    } else if (ref.location === "querystring") {
      seen.add(wire);
      const texts = params.getAll(wire);
      if (member.type === "list") {
        if (texts.length > 0) input[name] = texts;
      } else if (texts[0] !== undefined) input[name] = scalar(member, texts[0]);
    } else if (ref.location === "header") {
      const text = request.headers[wire.toLowerCase()];
      if (typeof text === "string") input[name] = scalar(member, text);
    } else if (ref.location === undefined) rest.push([name, ref]);
  }
  const unknown = [...params.keys()].filter((key) => !seen.has(key) && key !== "x-id");
  Object.assign(input, bodyOf(model, shape, rest, request.body));
  return { operation, input, unknown };
}

function specificity({ http }: Operation): number {
  const [path = "", query] = http.requestUri.split("?");
  return (
    path.replace(/\{[^}]*\}/g, "").length + (query === undefined ? 0 : 100) - (path.includes("+}") ? 1 : 0)
  );
}

function matchUri(
  { http }: Operation,
  method: string,
  path: string,
  params: URLSearchParams,
): Record<string, string> | undefined {
  const [template = "/", query] = http.requestUri.split("?");
  if (http.method !== method) return undefined;
  for (const part of query?.split("&") ?? []) {
    const [key = "", value] = part.split("=");
    if (!params.has(key) || (value !== undefined && params.get(key) !== value)) return undefined;
  }
  const names: string[] = [];
  const source = template.replace(/\{([^}]+)\}|[.*()[\]^$|\\]/g, (text, label: string | undefined) => {
    if (label === undefined) return `\\${text}`;
    names.push(label.replace("+", ""));
    return label.endsWith("+") ? "(.+)" : "([^/]+)";
  });
  // Route 53's model writes some paths with a slash at their end, which the SDK leaves out.
  const found = new RegExp(`^${source.replace(/\/$/, "")}/?$`).exec(path);
  if (found === null) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? "")]));
}

function bodyOf(
  model: ServiceModel,
  shape: Shape,
  rest: readonly [string, ShapeRef][],
  body: Buffer,
): Record<string, unknown> {
  if (body.length === 0) return {};
  const payload = shape.payload === undefined ? undefined : shape.members?.[shape.payload];
  if (payload !== undefined && shape.payload !== undefined) {
    const inner = shapeOf(model, payload);
    if (inner.type !== "structure") return { [shape.payload]: body.toString("latin1") };
    const value =
      model.protocol === "rest-json"
        ? JSON.parse(body.toString("utf8"))
        : decodeXml(model, payload, parseXml(body.toString("utf8")));
    return { [shape.payload]: value };
  }
  if (rest.length === 0) return {};
  if (model.protocol === "rest-xml") {
    const element = parseXml(body.toString("utf8"));
    return decodeXml(model, { shape: "" }, element, { type: "structure", members: Object.fromEntries(rest) });
  }
  const wire = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  const names = new Map(rest.map(([name, ref]) => [ref.locationName ?? name, name]));
  return Object.fromEntries(Object.entries(wire).map(([key, value]) => [names.get(key) ?? key, value]));
}
