import type { Area, LumaPlane } from './lumaRaster.ts';

/** A line of a frame has one tone: so many grey levels more or less, which is what JPEG's ringing leaves of it, ... */
const tolerance = 12;
/** ... but for this part of its pixels. */
const exceptions = 0.02;

/** The part of a side that a frame takes at most on each edge. */
const widest = 0.3;

/** A frame ends within so many lines, for this part of their length. */
const softLines = 2;
const abruptPart = 0.6;

/** The widest edge of a frame is so many times the narrowest, as that of an instant picture. */
const mostUneven = 6;

/** A frame inside a frame is one more. */
const mostFrames = 2;

/** Fewer pixels than this on a side are not looked at for frames. */
const narrowest = 16;

/**
 * The picture without frames of one tone: all around it, or on two opposite sides (letterbox), as those who add them do. A
 * single plain edge is part of the picture, like a sky, and so is a plain background that things stand out of here and there.
 */
export function withoutFrame(plane: LumaPlane): Area {
  let area: Area = { left: 0, top: 0, right: plane.width, bottom: plane.height };
  for (let frame = 0; frame < mostFrames; frame++) {
    const inside = trimmed(plane, area);
    if (inside === area) break;
    area = inside;
  }
  return area;
}

function trimmed(plane: LumaPlane, area: Area): Area {
  const columns = area.right - area.left;
  const rows = area.bottom - area.top;
  if (Math.min(columns, rows) < narrowest) return area;
  const start = area.top * plane.width + area.left;
  const end = (area.bottom - 1) * plane.width + area.right - 1;
  const [right, down] = [1, plane.width];
  const edges = {
    top: plainEdge(plane, { start, step: right, length: columns, next: down, lines: rows }),
    bottom: plainEdge(plane, { start: end, step: -right, length: columns, next: -down, lines: rows }),
    left: plainEdge(plane, { start, step: down, length: rows, next: right, lines: columns }),
    right: plainEdge(plane, { start: end, step: -down, length: rows, next: -right, lines: columns }),
  };
  const pairs = [
    [edges.top, edges.bottom],
    [edges.left, edges.right],
  ] as const;
  const framing = pairs.filter(([a, b]) => a.count > 0 && b.count > 0 && Math.abs(a.tone - b.tone) <= tolerance).flat();
  const narrow = Math.min(...framing.filter(({ abrupt }) => abrupt).map(({ count }) => count));
  if (narrow === Infinity) return area;
  const width = (edge: Edge): number => {
    if (!framing.includes(edge)) return 0;
    return edge.abrupt && edge.count <= narrow * mostUneven ? edge.count : Math.min(edge.count, narrow);
  };
  return {
    left: area.left + width(edges.left),
    top: area.top + width(edges.top),
    right: area.right - width(edges.right),
    bottom: area.bottom - width(edges.bottom),
  };
}

interface Edge {
  tone: number;
  /** Lines of that tone. */
  count: number;
  /** Whether other tones begin all along the edge at once: where a frame ends, unlike a plain background. */
  abrupt: boolean;
}

/** How to go through the lines along an edge, from outside in; offsets in pixels of the plane. */
interface Lines {
  start: number;
  /** From a pixel to the next one of its line. */
  step: number;
  length: number;
  /** From a line to the next. */
  next: number;
  lines: number;
}

function plainEdge(plane: LumaPlane, lines: Lines): Edge {
  const { data } = plane;
  let sum = 0;
  for (let n = 0, at = lines.start; n < lines.length; n++, at += lines.step) sum += data[at] ?? 0;
  const tone = sum / lines.length;
  const most = Math.floor(lines.lines * widest);
  let count = 0;
  while (count < most && otherTones(plane, lines, count, tone) <= exceptions) count++;
  const abrupt = count > 0 && count < most && otherTones(plane, lines, count + softLines, tone) >= abruptPart;
  return { tone, count, abrupt };
}

/** Which part of a line has another tone. */
function otherTones({ data }: LumaPlane, { start, step, length, next }: Lines, line: number, tone: number): number {
  let others = 0;
  for (let n = 0, at = start + line * next; n < length; n++, at += step) {
    if (Math.abs((data[at] ?? 0) - tone) > tolerance) others++;
  }
  return others / length;
}
