import { describe, expect, it } from "vitest";
import { collectGraph, pathLengths } from "./graph.js";
import { output } from "./out.js";
import type { AnyResource } from "./resource.js";

function node(id: string, after: readonly AnyResource[] = [], desired: unknown = {}): AnyResource {
  return {
    id,
    label: id,
    provider: "p",
    element: "dns",
    desired,
    after,
    read: async () => undefined,
  } as AnyResource;
}

describe("the graph", () => {
  it("follows late leaves however deep, and preconditions", () => {
    const a = node("a");
    const b = node("b", [], { list: [{ deep: output(a, () => 1) }] });
    const c = node("c", [b]);
    const graph = collectGraph([c]);
    expect(graph.order.map((index) => graph.nodes[index]!.resource.id)).toEqual(["a", "b", "c"]);
    expect(graph.byId.get("b")!.late).toBe(true);
  });

  it("takes twins for one, with the preconditions of both", () => {
    const graph = collectGraph([node("a", [node("x")], { n: 1 }), node("a", [node("y")], { n: 1 })]);
    expect(graph.nodes).toHaveLength(3);
    expect(graph.byId.get("a")!.dependencies).toHaveLength(2);
  });

  it("refuses one id desired in two ways", () => {
    expect(() => collectGraph([node("a", [], { n: 1 }), node("a", [], { n: 2 })])).toThrow(
      expect.objectContaining({ code: "plan.conflicting-resource" }),
    );
  });

  it("names the path of a cycle", () => {
    const after: AnyResource[] = [];
    const a = node("a", after);
    const c = node("c", [node("b", [a])]);
    after.push(c);
    expect(() => collectGraph([node("start", [a])])).toThrow(
      expect.objectContaining({ code: "plan.cycle", message: expect.stringMatching(/a → c → b → a/) }),
    );
  });

  it("bears ten thousand nodes in one chain", () => {
    let last = node("n0");
    for (let n = 1; n < 10_000; n += 1) last = node(`n${n}`, [last]);
    const graph = collectGraph([last]);
    const lengths = pathLengths(
      graph.nodes.map((one) => one.dependencies),
      graph.order,
      () => 1,
    );
    expect(lengths[graph.byId.get("n0")!.index]).toBe(10_000);
  });
});
