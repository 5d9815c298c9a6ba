/** Months and years as a person writes them in some language, for example `en` or `pt-pt`. */
export class DateTexts {
  readonly #month: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #ago: Intl.RelativeTimeFormat;

  constructor(language: string) {
    // A camera's clock has no zone: it is read as UTC and written as UTC, so that the hour stays what it was.
    this.#month = new Intl.DateTimeFormat(language, { month: 'long', timeZone: 'UTC' });
    this.#day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
    this.#ago = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  }

  /** The name of the month of `YYYY-MM`, beginning with a capital letter as labels do. */
  month(month: string): string {
    const time = Date.parse(`${month}-01T00:00:00Z`);
    if (Number.isNaN(time)) return month;
    const name = this.#month.format(time);
    return name.charAt(0).toLocaleUpperCase() + name.slice(1);
  }

  /** Day and time at which a photo was taken; undefined when `takenAt` is none. */
  takenAt(takenAt: string | null): string | undefined {
    const time = takenTime(takenAt);
    return time === undefined ? undefined : this.#day.format(time);
  }

  /**
   * How long ago, in the largest unit that fits.
   * @param now milliseconds since 1970
   */
  ago(iso: string, now: number): string {
    const seconds = Math.min(0, (Date.parse(iso) - now) / 1000);
    if (Number.isNaN(seconds)) return iso;
    for (const [unit, size] of units) {
      if (-seconds >= size) return this.#ago.format(Math.ceil(seconds / size), unit);
    }
    return this.#ago.format(0, 'second');
  }
}

const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** Milliseconds since 1970 of a camera's wall clock, as if it were UTC; undefined when there is none. */
export function takenTime(takenAt: string | null): number | undefined {
  const time = takenAt === null ? Number.NaN : Date.parse(`${takenAt.slice(0, 19)}Z`);
  return Number.isNaN(time) ? undefined : time;
}
