/** Diagrams: nothing overlaps, lines keep their operands' order, and what is too wide finds another form. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Diagram, DiagramEdge, DiagramNode } from "../../../kernel/view/drawing/diagram.ts";
import { diagramSvg } from "../../../kernel/view/drawing/diagram-image.ts";
import type { Geometry, Place } from "../../../kernel/view/drawing/geometry.ts";
import { layOut } from "../../../kernel/view/drawing/layout.ts";
import { nodeSize } from "../../../kernel/view/drawing/measure.ts";

const node = (id: string, text = id): DiagramNode => ({ id, lines: [{ text }] });
const diagram = (nodes: DiagramNode[], edges: DiagramEdge[], more: Partial<Diagram> = {}): Diagram => ({
  title: "T",
  nodes,
  edges,
  arrange: "right",
  ...more,
});

const overlap = (a: Place, b: Place): boolean =>
  Math.abs(a.x - b.x) < (a.width + b.width) / 2 - 0.5 &&
  Math.abs(a.y - b.y) < (a.height + b.height) / 2 - 0.5;

/** Nodes and the texts of lines, as rectangles. */
function rectangles({ nodes }: Diagram, geometry: Geometry): Place[] {
  const labels = geometry.edges.flatMap(({ label }) => label ?? []);
  return [...nodes.map(({ id }) => geometry.nodes.get(id)!), ...labels];
}

function expectClear(content: Diagram, within = 900): Geometry {
  const geometry = layOut(content, within);
  const all = rectangles(content, geometry);
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) expect(overlap(a, b), JSON.stringify([a, b])).toBe(false);
    expect(a.x - a.width / 2).toBeGreaterThan(-0.5);
    expect(a.x + a.width / 2).toBeLessThan(geometry.width + 0.5);
    expect(a.y + a.height / 2).toBeLessThan(geometry.height + 0.5);
  }
  return geometry;
}

/** Any acyclic graph whose nodes and lines carry texts. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 2, maxLength: 14 })
  .map((operands) => ({
    nodes: operands.map((_, i) => node(`${i}`, "n".repeat(1 + ((7 * i) % 12)))),
    edges: operands.flatMap((all, to) =>
      to === 0
        ? []
        : all.map((k): DiagramEdge => ({ from: `${k % to}`, to: `${to}`, above: [{ text: `${k % 1000}` }] })),
    ),
  }));

describe("layers", () => {
  test.each(["right", "down"] as const)("to the %s keep nodes and texts apart", (arrange) => {
    fc.assert(
      fc.property(graphs, ({ nodes, edges }) => {
        expectClear(diagram(nodes, edges, { arrange }));
      }),
      { numRuns: 60 },
    );
  });

  /** Rows of text that make a diagram tall. */
  const tall = (id: string, rows = 5): DiagramNode => ({
    id,
    lines: Array.from({ length: rows }, () => ({ text: "mean 0.12, norm 3.4" })),
  });

  test("that go down too far are folded into columns, read one after the other", () => {
    const ids = Array.from({ length: 14 }, (_, i) => `${i}`);
    const edges = ids.slice(1).map((to, i) => ({ from: ids[i]!, to }));
    const geometry = expectClear(
      diagram(
        ids.map((id) => tall(id)),
        edges,
      ),
    );
    expect(geometry.height).toBeLessThan(700);
    const places = ids.map((id) => geometry.nodes.get(id)!);
    const columns = new Set(places.map(({ x }) => Math.round(x)));
    expect(columns.size).toBeGreaterThan(1);
    places.slice(1).forEach((place, i) => {
      const before = places[i]!;
      expect(place.x > before.x + 1 || (Math.abs(place.x - before.x) < 1 && place.y > before.y)).toBe(true);
    });
    for (const [i, { points }] of geometry.edges.entries()) {
      const [from, to] = [places[i]!, places[i + 1]!];
      expect(points[0]!.y).toBeCloseTo(from.y + from.height / 2);
      expect(points.at(-1)!.y).toBeCloseTo(to.y - to.height / 2);
    }
    // Where a second line always runs beside the first, it cannot be cut.
    const doubled = [...edges, { from: "0", to: "13" }];
    expect(
      expectClear(
        diagram(
          ids.map((id) => tall(id)),
          doubled,
        ),
      ).height,
    ).toBeGreaterThan(1000);
  });

  test("in columns keep nodes apart", () => {
    fc.assert(
      fc.property(graphs, ({ nodes, edges }) => {
        const plain = edges.map(({ from, to }) => ({ from, to }));
        expectClear(
          diagram(
            nodes.map(({ id }) => tall(id, 8)),
            plain,
          ),
          500,
        );
      }),
      { numRuns: 40 },
    );
  });

  test("the first operand stands above the second", () => {
    for (const names of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      const edges = names.map((from) => ({ from, to: "c" }));
      const { nodes } = layOut(
        diagram(
          ["a", "b", "c"].map((id) => node(id)),
          edges,
        ),
        900,
      );
      expect(nodes.get(names[0])!.y).toBeLessThan(nodes.get(names[1])!.y);
    }
  });

  test("lines end at the shapes, apart from each other", () => {
    const edges = ["a", "b"].map((from) => ({ from, to: "c" }));
    const content = diagram([node("a"), node("b"), { ...node("c"), shape: "circle" }], edges);
    const geometry = layOut(content, 900);
    const { x, y } = geometry.nodes.get("c")!;
    const ends = geometry.edges.map(({ points }) => points.at(-1)!);
    for (const end of ends)
      expect(Math.hypot(end.x - x, end.y - y)).toBeCloseTo(nodeSize(content.nodes[2]!).shape.width / 2, 3);
    expect(ends[0]!.y).toBeLessThan(ends[1]!.y - 4);
  });

  test("a line runs straight through its text, from one end of it to the other", () => {
    fc.assert(
      fc.property(graphs, ({ nodes, edges }) => {
        for (const { points, label } of layOut(diagram(nodes, edges), 1e6).edges) {
          const run = points.filter(({ y }) => Math.abs(y - label!.y) < 0.01).map(({ x }) => x - label!.x);
          expect(Math.min(...run)).toBeLessThan(0.01 - label!.width / 2);
          expect(Math.max(...run)).toBeGreaterThan(label!.width / 2 - 0.01);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("what is too wide to the right goes downwards", () => {
    const nodes = Array.from({ length: 30 }, (_, i) => node(`${i}`, "a long name"));
    const edges = nodes.slice(1).map(({ id }) => ({ from: `${Number(id) - 1}`, to: id }));
    expect(layOut(diagram(nodes, edges), 900)).toMatchObject({ direction: "down" });
    expect(layOut(diagram(nodes.slice(0, 5), edges.slice(0, 4)), 900)).toMatchObject({ direction: "right" });
  });

  test("guests stand at the right of their host, their lines end at it", () => {
    const nodes = [
      node("x"),
      node("y"),
      { ...node("w", "weight"), beside: "y" },
      { ...node("b", "bias"), beside: "y" },
    ];
    const edges = ["x", "w", "b"].map((from) => ({ from, to: "y" }));
    const { nodes: places, edges: lines } = expectClear(diagram(nodes, edges, { arrange: "down" }));
    const host = places.get("y")!;
    expect(places.get("x")!.x).toBeCloseTo(host.x, 3);
    expect(places.get("w")!.y).toBeLessThan(places.get("b")!.y);
    for (const { points } of lines.slice(1)) expect(points.at(-1)!.x).toBeCloseTo(host.x + host.width / 2, 3);
  });

  test("groups enclose their nodes and nobody else's", () => {
    const nodes = ["a", "b", "c", "d"].map((id) => ({
      ...node(id),
      ...(id === "b" || id === "c" ? { group: "g" } : {}),
    }));
    const edges = [
      ["a", "b"],
      ["a", "c"],
      ["b", "d"],
      ["c", "d"],
    ].map(([from, to]) => ({ from: from!, to: to! }));
    const { nodes: places, groups } = expectClear(
      diagram(nodes, edges, { arrange: "down", groups: [{ id: "g", label: "group" }] }),
    );
    const frame = groups.get("g")!;
    expect(["a", "b", "c", "d"].map((id) => overlap(places.get(id)!, frame))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

test("a chain runs in rows of the given width", () => {
  const nodes = Array.from({ length: 12 }, (_, i) => node(`${i}`, "a layer"));
  const edges = nodes.slice(1).map(({ id }) => ({ from: `${Number(id) - 1}`, to: id }));
  const { width, nodes: places } = expectClear(diagram(nodes, edges, { arrange: "rows" }), 400);
  expect(width).toBeLessThanOrEqual(400);
  expect(new Set([...places.values()].map(({ y }) => y)).size).toBeGreaterThan(2);
});

test("by hand, lines run straight between the borders", () => {
  const content = diagram(
    [
      { ...node("a"), shape: "circle", at: { x: 0, y: 0 } },
      { ...node("b"), shape: "circle", at: { x: 100, y: 0 } },
    ],
    [{ from: "a", to: "b" }],
    { arrange: "byHand" },
  );
  const { edges, nodes } = layOut(content, 900);
  const radius = nodeSize(content.nodes[0]!).shape.width / 2;
  expect(edges[0]!.points.map(({ x }) => x)).toEqual([
    nodes.get("a")!.x + radius,
    nodes.get("b")!.x - radius,
  ]);
});

test("steps are drawn in a grid, in the places of the whole", () => {
  const [a, b] = [node("a"), node("b")];
  const edges = [{ from: "a", to: "b" }];
  const steps = Array.from({ length: 4 }, (_, i) => ({ caption: `step ${i}`, nodes: [a, b], edges }));
  const svg = diagramSvg(diagram([a, b], edges, { steps }));
  const frames = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" [^>]*fill="none"/g)];
  expect(frames.length).toBe(4);
  expect(new Set(frames.map(([, x, y]) => `${x} ${y}`)).size).toBe(4);
  expect(Number(/width="(\d+)"/.exec(svg)![1])).toBeLessThanOrEqual(924);
});
