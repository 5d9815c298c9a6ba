import type { Place } from '../protocol/photo.ts';

/** Numbers and times as people read them, the same in the command line and in the views. English digits and units. */

const count = new Intl.NumberFormat('en-GB', { useGrouping: true, maximumFractionDigits: 0 });

/** `12,345`. */
export function formatCount(value: number): string {
  return count.format(value);
}

/** `1 photo`, `12,345 photos`. */
export function formatQuantity(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

const byteUnits = ['kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes with decimal units, as disks are sold and file managers show them: `999 B`, `1.2 MB`, `35 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = 'B';
  for (const next of byteUnits) {
    // 999.95 kB would be shown as 1000 kB: such a number is the next unit's.
    if (Number(value.toPrecision(3)) < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** Bytes a second: `1.2 MB/s`. */
export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** Things a second: `12.3 photos/s`; one decimal only where it says something. */
export function formatRate(perSecond: number, what: string): string {
  return `${perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(perSecond)} ${what}/s`;
}

/** Seconds as the two largest units: `40 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return joined(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return joined(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3600);
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** The camera's wall clock without seconds, whatever the zone here: `2018-07-25 16:34`. */
export function formatTakenAt(takenAt: string): string {
  return takenAt.slice(0, 16).replace('T', ' ');
}

/**
 * How long ago, for the last look at a peer: `just now`, `5 min ago`, `3 h ago`, `12 d ago`.
 * @param iso ISO 8601 date and time
 * @param now milliseconds since 1970
 */
export function formatAgo(iso: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return 'unknown';
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 24 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / (24 * 3600))} d ago`;
}

/** Width and height in pixels: `4000 x 3000`; a dash where the format could not be decoded. */
export function formatPixels(width: number, height: number): string {
  return width === 0 || height === 0 ? '-' : `${width} x ${height}`;
}

/** Degrees, exact to about a metre: `40.64000, -8.65400`. */
export function formatPlace({ latitude, longitude }: Place): string {
  return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
}

/** Done out of total as a whole percentage that says 100 only when all is done. */
export function formatPercent(done: number, total: number): string {
  if (total <= 0) return '0 %';
  return `${Math.min(done < total ? 99 : 100, Math.floor((done / total) * 100))} %`;
}
