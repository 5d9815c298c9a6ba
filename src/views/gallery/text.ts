import type { GalleryPhoto, GalleryStrings } from '../../protocol/gallery.ts';

/** Puts values into the places `{0}`, `{1}` ... of a text. */
export function fill(text: string, ...values: readonly string[]): string {
  return text.replace(/\{(\d)\}/g, (place, digit: string) => values[Number(digit)] ?? place);
}

/** What assistive technology says of a photo, and the tooltip says to everybody: name, date, who holds it. */
export class PhotoTexts {
  readonly #strings: GalleryStrings;
  readonly #date: Intl.DateTimeFormat;
  readonly #number: Intl.NumberFormat;
  readonly #list: Intl.ListFormat;

  constructor(strings: GalleryStrings, language: string) {
    this.#strings = strings;
    // A camera's clock has no zone: it is read as UTC and written as UTC, so that the hour stays what it was.
    this.#date = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' });
    this.#number = new Intl.NumberFormat(language);
    this.#list = new Intl.ListFormat(language, { type: 'conjunction' });
  }

  nameOf(photo: GalleryPhoto): string {
    const date = this.#dateOf(photo.takenAt) ?? this.#strings.noDate;
    return `${photo.name}, ${date}, ${fill(this.#strings.heldBy, this.#list.format(photo.holders))}`;
  }

  /** The count above the grid. */
  countOf(matches: number, total: number, shown: number): string {
    if (matches === 1 && total === 1) return this.#strings.countOne;
    const count =
      matches === total
        ? fill(this.#strings.count, this.#number.format(total))
        : fill(this.#strings.countOf, this.#number.format(matches), this.#number.format(total));
    return shown < matches ? `${count} (${fill(this.#strings.truncated, this.#number.format(shown))})` : count;
  }

  #dateOf(takenAt: string | null): string | undefined {
    const time = takenAt === null ? Number.NaN : Date.parse(`${takenAt.slice(0, 19)}Z`);
    return Number.isNaN(time) ? undefined : this.#date.format(time);
  }
}
