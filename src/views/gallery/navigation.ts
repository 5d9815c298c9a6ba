import { clamp } from './layout.ts';

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

/**
 * Where the focus goes by a key, as in the grid pattern of WAI-ARIA; undefined for a key that moves nothing.
 * @param index the photo that has the focus
 * @param pageRows whole rows that fit into the view
 */
export function moveBy(
  press: KeyPress,
  index: number,
  count: number,
  columns: number,
  pageRows: number,
): number | undefined {
  const far = press.ctrlKey || press.metaKey;
  const rowStart = index - (index % columns);
  const to = ((): number | undefined => {
    switch (press.key) {
      case 'ArrowLeft':
        return index - 1;
      case 'ArrowRight':
        return index + 1;
      case 'ArrowUp':
        return index < columns ? index : index - columns;
      case 'ArrowDown':
        // From the last row but one there is always a way down, even where the last row is shorter.
        return rowStart + columns >= count ? index : index + columns;
      case 'Home':
        return far ? 0 : rowStart;
      case 'End':
        return far ? count - 1 : rowStart + columns - 1;
      case 'PageUp':
        return inColumn(index, -pageRows, count, columns);
      case 'PageDown':
        return inColumn(index, pageRows, count, columns);
      default:
        return undefined;
    }
  })();
  return to === undefined || count === 0 ? undefined : clamp(to, 0, count - 1);
}

function inColumn(index: number, rows: number, count: number, columns: number): number {
  const row = Math.floor(index / columns);
  const last = Math.floor((count - 1) / columns);
  return clamp(row + rows, 0, last) * columns + (index % columns);
}
