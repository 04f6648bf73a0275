/**
 * The lifecycle drawn as a loop: pure geometry, from numbers to shapes.
 * Angles are radians clockwise from twelve o'clock; lengths are units of the drawing (`VIEW`).
 */

export const VIEW = { width: 800, height: 640, ring: 212 };
const CENTRE: Point = { x: VIEW.width / 2, y: VIEW.height / 2 };
const NODE = { least: 28, most: 64 };
const BAND = { least: 2, most: 26 };
const GAP = 5;

export type Point = { x: number; y: number };
export type StageSize = { slug: string; customers: number };
export type FlowSize = {
  from: string;
  to: string;
  customers: number;
  direction: "forward" | "skip" | "back";
};

export type Node = Point & {
  slug: string;
  radius: number;
  angle: number;
  side: "top" | "right" | "bottom" | "left";
};
/** A "band" is one filled `body`, point and all; the others are a stroked `body` of `width` and a filled `head`. */
export type Shape = {
  key: string;
  from: string;
  to: string;
  customers: number;
  direction: FlowSize["direction"];
  kind: "band" | "chord" | "return";
  width: number;
  body: string;
  head: string;
  start: Point;
  end: Point;
};
type Lines = Pick<Shape, "body" | "head" | "start" | "end">;
export type Loop = { nodes: Node[]; shapes: Shape[]; centre: Point };

const onCircle = (angle: number, radius: number): Point => ({
  x: CENTRE.x + radius * Math.sin(angle),
  y: CENTRE.y - radius * Math.cos(angle),
});

const written = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

function towards(from: Point, to: Point, length: number): Point {
  const distance = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return {
    x: from.x + ((to.x - from.x) * length) / distance,
    y: from.y + ((to.y - from.y) * length) / distance,
  };
}

function sideOf(angle: number): Node["side"] {
  const sine = Math.sin(angle);
  if (Math.abs(sine) < 0.3) return Math.cos(angle) > 0 ? "top" : "bottom";
  return sine > 0 ? "right" : "left";
}

/** Areas, not radii, are compared by eye: the radius grows with the root of the number. */
function placeNodes(stages: readonly StageSize[]): Node[] {
  const most = Math.max(1, ...stages.map((stage) => stage.customers));
  const apart = 2 * VIEW.ring * Math.sin(Math.PI / Math.max(2, stages.length));
  const largest = Math.max(NODE.least, Math.min(NODE.most, apart * 0.36));
  return stages.map(({ slug, customers }, index) => {
    const angle = (2 * Math.PI * index) / stages.length;
    const radius = NODE.least + (largest - NODE.least) * Math.sqrt(Math.max(0, customers) / most);
    return { slug, angle, radius, side: sideOf(angle), ...onCircle(angle, VIEW.ring) };
  });
}

/** An arrow's point at `tip`, as wide as its body and a little more, looking away from `from`. */
function arrow(from: Point, tip: Point, width: number, length: number): string {
  const base = towards(tip, from, length);
  const along = { x: (tip.x - base.x) / length, y: (tip.y - base.y) / length };
  const half = width / 2 + 3.5;
  const left = { x: base.x - along.y * half, y: base.y + along.x * half };
  const right = { x: base.x + along.y * half, y: base.y - along.x * half };
  return `M${written(left)} L${written(tip)} L${written(right)} Z`;
}

const headLength = (width: number): number => 8 + width * 0.45;

/** A step forward: a band on the ring from one stage to the next, ending in a point. */
function band(from: Node, to: Node, width: number): Lines {
  const ends = to.angle > from.angle ? to.angle : to.angle + 2 * Math.PI;
  const start = from.angle + (from.radius + GAP) / VIEW.ring;
  const end = ends - (to.radius + GAP) / VIEW.ring;
  const neck = Math.max(start, end - headLength(width) / VIEW.ring);
  const large = neck - start > Math.PI ? 1 : 0;
  const [outer, inner] = [VIEW.ring + width / 2, VIEW.ring - width / 2];
  const body =
    `M${written(onCircle(start, outer))} A${outer} ${outer} 0 ${large} 1 ${written(onCircle(neck, outer))} ` +
    `L${written(onCircle(neck, outer + 3.5))} L${written(onCircle(end, VIEW.ring))} ` +
    `L${written(onCircle(neck, inner - 3.5))} L${written(onCircle(neck, inner))} ` +
    `A${inner} ${inner} 0 ${large} 0 ${written(onCircle(start, inner))} Z`;
  return { body, head: "", start: onCircle(start, VIEW.ring), end: onCircle(end, VIEW.ring) };
}

/** From the last stage back to the first: the stretch that closes the ring. */
function closing(from: Node, to: Node, width: number): Lines {
  const start = from.angle + (from.radius + GAP) / VIEW.ring;
  const end = to.angle + 2 * Math.PI - (to.radius + GAP) / VIEW.ring;
  const neck = Math.max(start, end - headLength(width) / VIEW.ring);
  const large = neck - start > Math.PI ? 1 : 0;
  const body = `M${written(onCircle(start, VIEW.ring))} A${VIEW.ring} ${VIEW.ring} 0 ${large} 1 ${written(onCircle(neck, VIEW.ring))}`;
  const head = arrow(onCircle(neck, VIEW.ring), onCircle(end, VIEW.ring), width, headLength(width));
  return { body, head, start: onCircle(start, VIEW.ring), end: onCircle(end, VIEW.ring) };
}

/** A skip or a step back: a curve through the inside, the deeper the farther apart, never through the middle. */
function chord(from: Node, to: Node, width: number, back: boolean, stages: number): Lines {
  const clockwise = (to.angle - from.angle + 2 * Math.PI) % (2 * Math.PI);
  const apart = Math.min(clockwise, 2 * Math.PI - clockwise);
  // Of two opposite ways round, a skip bends to the ring's forward side and a return to the other.
  const middle =
    clockwise <= Math.PI + 1e-9 ? from.angle + clockwise / 2 : to.angle + (2 * Math.PI - clockwise) / 2;
  // Neighbours are joined by bands, so only far stages can have lines both ways, which need some room between them.
  const beside = back && apart > (1.5 * 2 * Math.PI) / stages ? VIEW.ring * 0.09 : 0;
  const depth = VIEW.ring * (0.97 - 0.6 * (apart / Math.PI)) - beside;
  // A quadratic curve's middle lies half-way between its control point and the middle of its ends.
  const control = onCircle(middle, 2 * (depth - (VIEW.ring * Math.cos(apart / 2)) / 2));
  const start = towards(from, control, from.radius + GAP);
  const end = towards(to, control, to.radius + GAP);
  const neck = towards(end, control, headLength(width));
  return {
    body: `M${written(start)} Q${written(control)} ${written(neck)}`,
    head: arrow(neck, end, width, headLength(width)),
    start,
    end,
  };
}

/** Widths are in proportion to customers, so that twice as wide is twice as many; the thinnest can still be seen. */
export function bandWidth(customers: number, most: number): number {
  return Math.max(BAND.least, (BAND.most * customers) / Math.max(1, most));
}

/** Shapes of a lifecycle. Flows from or to a stage that is not in it (unknown) have no place on the ring. */
export function drawLoop(stages: readonly StageSize[], flows: readonly FlowSize[]): Loop {
  const nodes = placeNodes(stages);
  const places = new Map(nodes.map((node, index) => [node.slug, index]));
  const drawn = flows.filter((flow) => flow.customers > 0 && flow.from !== flow.to);
  const known = drawn.filter((flow) => places.has(flow.from) && places.has(flow.to));
  const most = Math.max(1, ...known.map((flow) => flow.customers));
  const shapes = known.map((flow): Shape => {
    const [at, goal] = [places.get(flow.from) ?? 0, places.get(flow.to) ?? 0];
    const [from, to] = [nodes[at] as Node, nodes[goal] as Node];
    const width = bandWidth(flow.customers, most);
    const closes = at === nodes.length - 1 && goal === 0 && nodes.length > 2;
    const kind = goal === at + 1 ? "band" : closes ? "return" : "chord";
    const lines = { band: () => band(from, to, width), return: () => closing(from, to, width) };
    const shape =
      kind === "chord" ? chord(from, to, width, flow.direction === "back", nodes.length) : lines[kind]();
    return { key: `${flow.from}>${flow.to}`, ...flow, kind, width, ...shape };
  });
  // Wide ones first: a thin flow drawn over a wide one can still be pointed at.
  shapes.sort((a, b) => b.width - a.width);
  return { nodes, shapes, centre: CENTRE };
}
