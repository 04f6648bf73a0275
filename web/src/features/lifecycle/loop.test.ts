import { expect, test } from "vitest";
import { bandWidth, drawLoop, type FlowSize, type Node, VIEW } from "./loop";

const STAGES = ["awareness", "consideration", "acquisition", "service", "loyalty", "advocacy"].map(
  (slug, index) => ({
    slug,
    customers: [9840, 4312, 2874, 731, 3920, 0][index] ?? 0,
  }),
);

const flow = (from: string, to: string, customers: number, direction: FlowSize["direction"]): FlowSize => ({
  from,
  to,
  customers,
  direction,
});

const apart = (a: { x: number; y: number }, b: { x: number; y: number }) => Math.hypot(a.x - b.x, a.y - b.y);

test("stages stand clockwise on the ring, the first at the top", () => {
  const { nodes, centre } = drawLoop(STAGES, []);
  expect(nodes.map((node) => node.slug)).toEqual(STAGES.map((stage) => stage.slug));
  expect(nodes[0]).toMatchObject({ x: centre.x, side: "top" });
  expect(nodes.map((node) => node.side)).toEqual(["top", "right", "right", "bottom", "left", "left"]);
  for (const node of nodes) expect(apart(node, centre)).toBeCloseTo(VIEW.ring);
});

test("areas are in proportion above the least size, and an empty stage can still be seen", () => {
  const { nodes } = drawLoop(STAGES, []);
  const radius = (slug: string) => nodes.find((node) => node.slug === slug)?.radius ?? 0;
  const least = radius("advocacy");
  expect(least).toBeGreaterThan(20);
  expect(((radius("loyalty") - least) / (radius("awareness") - least)) ** 2).toBeCloseTo(3920 / 9840);
});

test.each([1, 2, 3, 5, 9, 14])("%i stages never overlap and stay on the drawing", (many) => {
  const stages = Array.from({ length: many }, (_, index) => ({ slug: `s${index}`, customers: 1000 }));
  const { nodes } = drawLoop(stages, []);
  const last = nodes.at(-1) as Node;
  if (many > 1) expect(apart(nodes[0] as Node, last)).toBeGreaterThan((nodes[0]?.radius ?? 0) + last.radius);
  for (const node of nodes) {
    expect(node.x - node.radius).toBeGreaterThan(0);
    expect(node.y + node.radius).toBeLessThan(VIEW.height);
  }
});

test("the next stage is reached on the ring, others through the inside, and the last closes it", () => {
  const { shapes } = drawLoop(STAGES, [
    flow("awareness", "consideration", 1840, "forward"),
    flow("awareness", "acquisition", 174, "skip"),
    flow("loyalty", "awareness", 122, "back"),
    flow("advocacy", "awareness", 17, "back"),
  ]);
  const kinds = Object.fromEntries(shapes.map((shape) => [shape.key, shape.kind]));
  expect(kinds).toEqual({
    "awareness>consideration": "band",
    "awareness>acquisition": "chord",
    "loyalty>awareness": "chord",
    "advocacy>awareness": "return",
  });
});

test("a flow's ends touch its stages and no number is missing from its path", () => {
  const flows = STAGES.flatMap((from, a) =>
    STAGES.filter((to) => to !== from).map((to) => {
      const b = STAGES.indexOf(to);
      return flow(from.slug, to.slug, 100, b < a ? "back" : b === a + 1 ? "forward" : "skip");
    }),
  );
  const { nodes, shapes, centre } = drawLoop(STAGES, flows);
  const place = new Map(nodes.map((node) => [node.slug, node]));
  expect(shapes).toHaveLength(30);
  for (const shape of shapes) {
    const [from, to] = [place.get(shape.from) as Node, place.get(shape.to) as Node];
    expect(apart(shape.start, from)).toBeGreaterThan(from.radius);
    expect(apart(shape.start, from)).toBeLessThan(from.radius + 8);
    expect(apart(shape.end, to)).toBeLessThan(to.radius + 8);
    expect(shape.body + shape.head).not.toMatch(/NaN|Infinity|undefined/);
    if (shape.kind === "chord") expect(middleOf(shape.body, centre)).toBeGreaterThan(55);
  }
});

/** How far a quadratic curve's middle is from the centre, where the total stands. */
function middleOf(body: string, centre: { x: number; y: number }): number {
  const [ax, ay, cx, cy, bx, by] = (body.match(/-?\d+\.\d/g) ?? []).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return apart({ x: ax / 4 + cx / 2 + bx / 4, y: ay / 4 + cy / 2 + by / 4 }, centre);
}

test("twice as many customers make a band twice as wide, and few are not nothing", () => {
  expect(bandWidth(1000, 1000)).toBe(2 * bandWidth(500, 1000));
  expect(bandWidth(1, 1_000_000)).toBe(2);
  expect(bandWidth(0, 0)).toBe(2);
});

test("what cannot be drawn is left out: unknown, nothing, and a stage to itself", () => {
  const { shapes } = drawLoop(STAGES, [
    flow("unknown", "awareness", 3410, "forward"),
    flow("awareness", "consideration", 0, "forward"),
    flow("service", "service", 5, "back"),
  ]);
  expect(shapes).toEqual([]);
});

test("a flow that is not drawn does not make the others thinner", () => {
  const { shapes } = drawLoop(STAGES, [
    flow("unknown", "awareness", 100_000, "forward"),
    flow("awareness", "consideration", 50, "forward"),
  ]);
  expect(shapes[0]?.width).toBe(bandWidth(50, 50));
});
