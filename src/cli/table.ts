import stringWidth from 'string-width';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** Whether it gives way when the terminal is narrow; the widest such column gives first. */
  shrinks?: boolean;
}

/** Characters between two columns. */
const gap = '  ';
/** A column that shrinks keeps at least this width. */
const leastWidth = 8;

/**
 * Lines of a table, the first one with the titles.
 * @param width of the terminal in columns; undefined for no limit (a file, another program)
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string[] {
  const all = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_column, index) => Math.max(0, ...all.map((row) => stringWidth(row[index] ?? ''))));
  if (width !== undefined) shrink(columns, widths, width);
  return all.map((row) =>
    columns
      .map((column, index) => padded(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
      .join(gap)
      .trimEnd(),
  );
}

/** Takes column by column from the widest that may shrink until the table fits, or none can give more. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1)) - width;
  for (; excess > 0; excess--) {
    let widest: number | undefined;
    for (const [index, { shrinks }] of columns.entries()) {
      const own = widths[index] ?? 0;
      if (shrinks === true && own > leastWidth && own > (widths[widest ?? -1] ?? 0)) widest = index;
    }
    if (widest === undefined) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function padded(text: string, width: number, align: 'left' | 'right'): string {
  const short = truncated(text, width);
  const space = ' '.repeat(Math.max(0, width - stringWidth(short)));
  return align === 'right' ? space + short : short + space;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `text` in at most `width` columns, with an ellipsis where something was left out. Cuts no character in two. */
export function truncated(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let short = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const more = stringWidth(segment);
    if (used + more > width - 1) break;
    short += segment;
    used += more;
  }
  return `${short}…`;
}

/** Lines of names and values, the values one under the other. */
export function factLines(facts: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(0, ...facts.map(([name]) => stringWidth(name)));
  return facts.map(([name, value]) => `${padded(name, width, 'left')}${gap}${value}`.trimEnd());
}
