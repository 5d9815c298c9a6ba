import type { Area, LumaPlane } from './lumaRaster.ts';

/** A line of a frame has one tone: so many grey levels more or less, which is what JPEG's ringing leaves of it, ... */
const tolerance = 12;
/** ... but for this part of its pixels. */
const exceptions = 0.02;

/** The part of a side that a frame takes at most on each edge. */
const widest = 0.3;

/** A frame inside a frame is one more. */
const mostFrames = 2;

/** Fewer pixels than this on a side are not looked at for frames. */
const narrowest = 16;

/**
 * The picture without frames of one tone: all around it, or on two opposite sides (letterbox), as those who add them do. A
 * single plain edge is part of the picture, like a sky.
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
  const top = plainLines(plane, { start, step: right, length: columns, next: down, lines: rows });
  const bottom = plainLines(plane, { start: end, step: -right, length: columns, next: -down, lines: rows });
  const left = plainLines(plane, { start, step: down, length: rows, next: right, lines: columns });
  const rightmost = plainLines(plane, { start: end, step: -down, length: rows, next: -right, lines: columns });
  const inside = { ...area };
  if (areFrame(top, bottom)) {
    inside.top += top.count;
    inside.bottom -= bottom.count;
  }
  if (areFrame(left, rightmost)) {
    inside.left += left.count;
    inside.right -= rightmost.count;
  }
  const changed = inside.left > area.left || inside.top > area.top;
  return changed ? inside : area;
}

interface Edge {
  tone: number;
  /** Lines of that tone. */
  count: number;
}

function areFrame(a: Edge, b: Edge): boolean {
  return a.count > 0 && b.count > 0 && Math.abs(a.tone - b.tone) <= tolerance;
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

function plainLines({ data }: LumaPlane, { start, step, length, next, lines }: Lines): Edge {
  let sum = 0;
  for (let n = 0; n < length; n++) sum += data[start + n * step] ?? 0;
  const tone = sum / length;
  const most = Math.floor(lines * widest);
  const allowed = length * exceptions;
  let count = 0;
  for (; count < most; count++) {
    let others = 0;
    for (let n = 0, at = start + count * next; n < length && others <= allowed; n++, at += step) {
      if (Math.abs((data[at] ?? 0) - tone) > tolerance) others++;
    }
    if (others > allowed) break;
  }
  return { tone, count };
}
