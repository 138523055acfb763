/**
 * Takes clips that cut nothing off Vega's SVG. resvg draws each clipped group on a layer of the picture's size, which costs 7 ms
 * (a chart of eight lines: 60 of its 90 ms), and a chart has one for each line, though its data lie within its axes.
 */

/** A line may lie on the border with its whole width, in CSS pixels. */
const BORDER = 0.01;

/** A group of marks without groups in it: attributes before its clip and behind, and its marks. */
const clippedMarks = /<g\b([^>]*) clip-path="url\(#(\w+)\)"([^>]*)>((?:<path\b[^>]*\/>)*)<\/g>/g;

/** The SVG without the clips of marks that lie within them. */
export function withoutIdleClips(svg: string): string {
  const room = new Map(
    [...svg.matchAll(/<clipPath id="(\w+)"><rect x="0" y="0" width="([\d.]+)" height="([\d.]+)"/g)].map(
      ([, id, width, height]) => [id!, { width: Number(width), height: Number(height) }],
    ),
  );
  return svg.replace(clippedMarks, (group, before: string, id: string, after: string, marks: string) => {
    const size = room.get(id);
    return size !== undefined && lieWithin(marks, size.width, size.height)
      ? `<g${before}${after}>${marks}</g>`
      : group;
  });
}

function lieWithin(marks: string, width: number, height: number): boolean {
  for (const [mark] of marks.matchAll(/<path\b[^>]*>/g)) {
    const place = / transform="([^"]*)"/.exec(mark);
    const moved = place === null ? ["", "0", "0"] : /^translate\(([^,()]+),([^,()]+)\)$/.exec(place[1]!);
    const reach = moved && reachOf(/ d="([^"]*)"/.exec(mark)?.[1] ?? "");
    if (!reach) return false;
    const [x, y] = [Number(moved[1]), Number(moved[2])];
    if (x + reach.left < -BORDER || x + reach.right > width + BORDER) return false;
    if (y + reach.top < -BORDER || y + reach.bottom > height + BORDER) return false;
  }
  return true;
}

interface Reach {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A rectangle in which a path lies, with its control points and what its round arcs could reach; null where it has commands that are none of Vega's. */
export function reachOf(path: string): Reach | null {
  const reach = {
    left: Number.POSITIVE_INFINITY,
    right: Number.NEGATIVE_INFINITY,
    top: Number.POSITIVE_INFINITY,
    bottom: Number.NEGATIVE_INFINITY,
  };
  let [x, y] = [0, 0];
  const visit = (toX: number, toY: number, around = 0) => {
    [x, y] = [toX, toY];
    reach.left = Math.min(reach.left, x - around);
    reach.right = Math.max(reach.right, x + around);
    reach.top = Math.min(reach.top, y - around);
    reach.bottom = Math.max(reach.bottom, y + around);
  };
  for (const [, command, given] of path.matchAll(/([A-DF-Za-df-z])([^A-DF-Za-df-z]*)/g)) {
    const numbers = given!.split(/[\s,]+/).flatMap((text) => (text === "" ? [] : Number(text)));
    if (!numbers.every(Number.isFinite)) return null;
    if (command === "M" || command === "L" || command === "C" || command === "Q")
      for (let i = 0; i + 1 < numbers.length; i += 2) visit(numbers[i]!, numbers[i + 1]!);
    else if (command === "A")
      for (let i = 0; i + 6 < numbers.length; i += 7) {
        const [radius, toX, toY] = [numbers[i]!, numbers[i + 5]!, numbers[i + 6]!];
        // A half circle, of which Vega makes its dots, has its centre between its ends.
        const isHalf = Math.abs(Math.hypot(toX - x, toY - y) - 2 * radius) < 1e-6 * radius;
        if (isHalf) visit((x + toX) / 2, (y + toY) / 2, radius);
        visit(toX, toY, isHalf ? 0 : 2 * radius);
      }
    else if (command === "h") for (const step of numbers) visit(x + step, y);
    else if (command === "v") for (const step of numbers) visit(x, y + step);
    else if (command !== "Z") return null;
  }
  return reach;
}
