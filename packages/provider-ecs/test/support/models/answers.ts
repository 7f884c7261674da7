import type { Answer } from "@deploy/conformance";
import { decodeXml } from "./decode-xml.js";
import { type Operation, type ServiceModel, type Shape, type ShapeRef, shapeOf } from "./model.js";
import { escapeXml, parseXml } from "./xml.js";

/**
 * The answer by which a service gives an output; times are ISO texts or seconds since 1970.
 *
 * Members that travel as headers (S3, Route 53's `Location`) are left out.
 */
export function encodeAnswer(model: ServiceModel, operation: Operation, output: object): Answer {
  if (isJson(model)) return jsonAnswer(model, 200, timesAsSeconds(model, operation.output, output));
  const { output: ref } = operation;
  const inner = ref === undefined ? "" : membersOf(model, shapeOf(model, ref), output);
  const namespace = model.xmlNamespace === undefined ? "" : ` xmlns="${model.xmlNamespace}"`;
  if (model.protocol === "ec2") {
    const name = `${operation.name}Response`;
    return xmlAnswer(200, `<${name}${namespace}><requestId>${requestId}</requestId>${inner}</${name}>`);
  }
  if (model.protocol === "rest-xml") {
    const name = ref?.locationName ?? ref?.shape ?? `${operation.name}Response`;
    return xmlAnswer(200, `<${name}${namespace}>${inner}</${name}>`);
  }
  const wrapper = ref?.resultWrapper;
  const result = wrapper === undefined ? inner : `<${wrapper}>${inner}</${wrapper}>`;
  const name = `${operation.name}Response`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return xmlAnswer(200, `<${name}${namespace}>${result}${metadata}</${name}>`);
}

/** The answer by which a service refuses: an exception's shape or code, and its message. */
export function encodeError(model: ServiceModel, code: string, message: string, status?: number): Answer {
  const shape = model.shapes[code];
  const wire = shape?.error?.code ?? code;
  const http = status ?? shape?.error?.httpStatusCode ?? 400;
  if (isJson(model)) return jsonAnswer(model, http, { __type: wire, message });
  const error = `<Code>${escapeXml(wire)}</Code><Message>${escapeXml(message)}</Message>`;
  if (model.protocol === "ec2") {
    return xmlAnswer(
      http,
      `<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
    );
  }
  if (model.signingName === "s3")
    return xmlAnswer(http, `<Error>${error}<RequestId>${requestId}</RequestId></Error>`);
  return xmlAnswer(
    http,
    `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

/** The output in a service's answer. */
export function decodeAnswer(
  model: ServiceModel,
  operation: Operation,
  { body }: Answer,
): Record<string, unknown> {
  const text = body.toString("utf8");
  if (isJson(model)) return (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  if (operation.output === undefined) return {};
  const root = parseXml(text);
  const { resultWrapper } = operation.output;
  const element = root.children.find((child) => child.name === resultWrapper) ?? root;
  const value = decodeXml(model, operation.output, element);
  // Not the output's own: what every answer carries.
  for (const extra of ["requestId", "ResponseMetadata"]) {
    if (shapeOf(model, operation.output).members?.[extra] === undefined) delete value[extra];
  }
  return value;
}

const requestId = "11111111-2222-3333-4444-555555555555";

function isJson(model: ServiceModel): boolean {
  return model.protocol === "json" || model.protocol === "rest-json";
}

function jsonAnswer(model: ServiceModel, status: number, value: unknown): Answer {
  const type = model.protocol === "json" ? "application/x-amz-json-1.1" : "application/json";
  return {
    status,
    headers: { "content-type": type, "x-amzn-requestid": requestId },
    body: Buffer.from(JSON.stringify(value)),
  };
}

function xmlAnswer(status: number, body: string): Answer {
  return {
    status,
    headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`),
  };
}

/** JSON services write times as seconds; a script may write them as anybody would. */
function timesAsSeconds(model: ServiceModel, ref: ShapeRef | undefined, value: unknown): unknown {
  if (ref === undefined || value === undefined || value === null) return value;
  const shape = shapeOf(model, ref);
  if (shape.type === "timestamp") return typeof value === "string" ? Date.parse(value) / 1000 : value;
  if (shape.type === "list" && Array.isArray(value))
    return value.map((one) => timesAsSeconds(model, shape.member, one));
  if (typeof value !== "object") return value;
  if (shape.type === "map") {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, timesAsSeconds(model, shape.value, one)]),
    );
  }
  if (shape.type !== "structure") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, timesAsSeconds(model, shape.members?.[key], one)]),
  );
}

function membersOf(model: ServiceModel, shape: Shape, value: object): string {
  return Object.entries(shape.members ?? {})
    .filter(([, ref]) => ref.location === undefined)
    .map(([name, ref]) => {
      const member = (value as Record<string, unknown>)[name];
      return member === undefined || member === null ? "" : elementOf(model, ref, name, member);
    })
    .join("");
}

function elementOf(model: ServiceModel, ref: ShapeRef, name: string, value: unknown): string {
  const shape = shapeOf(model, ref);
  const isFlat = ref.flattened === true || shape.flattened === true;
  const tag = ref.locationName ?? name;
  if (shape.type === "list" && Array.isArray(value) && shape.member !== undefined) {
    const { member } = shape;
    const itemName = isFlat ? (member.locationName ?? tag) : (member.locationName ?? "member");
    const items = value.map((one) => elementOf(model, { shape: member.shape }, itemName, one)).join("");
    return isFlat ? items : `<${tag}>${items}</${tag}>`;
  }
  if (shape.type === "map" && shape.key !== undefined && shape.value !== undefined) {
    const { key, value: inner } = shape;
    const entries = Object.entries(value as object).map(
      ([name, one]) =>
        elementOf(model, key, key.locationName ?? "key", name) +
        elementOf(model, inner, inner.locationName ?? "value", one),
    );
    if (isFlat) return entries.map((entry) => `<${tag}>${entry}</${tag}>`).join("");
    return `<${tag}>${entries.map((entry) => `<entry>${entry}</entry>`).join("")}</${tag}>`;
  }
  if (shape.type === "structure") return `<${tag}>${membersOf(model, shape, value as object)}</${tag}>`;
  return `<${tag}>${escapeXml(String(value))}</${tag}>`;
}
