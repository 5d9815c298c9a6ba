import * as v from 'valibot';
import type { SimilarityStep } from '../protocol/control.ts';
import { DateSchema, GroupIdSchema, PhotoReferenceSchema, similaritySteps } from '../protocol/control.ts';
import { AppError } from '../protocol/errors.ts';
import { minIdPrefixLength } from '../protocol/photo.ts';

/** Readers of what people type; each throws AppError `usage` with a sentence that names the option. */

/** A number of things, 0 or more. */
export function naturalOption(option: string): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) throw new AppError('usage', `${option} takes a number such as 20, not "${text}".`);
    return value;
  };
}

/** A date that exists: a year, a month, a day, or a day and time. */
export function dateOption(option: string): (text: string) => string {
  return (text) => {
    if (!v.is(DateSchema, text) || !isRealDate(text)) {
      throw new AppError(
        'usage',
        `${option} takes a date such as 2024, 2024-07, 2024-07-25 or 2024-07-25T18:30, not "${text}".`,
      );
    }
    return text;
  };
}

function isRealDate(text: string): boolean {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = text.split(/[-T:]/).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // A day that does not exist, such as 30 February, comes back as another one.
  return (
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  );
}

/** A short text that is not empty. */
export function textOption(option: string): (text: string) => string {
  return (text) => {
    if (text.trim() === '' || text.length > 200) {
      throw new AppError('usage', `${option} takes a text of 1 to 200 characters.`);
    }
    return text;
  };
}

/** A photo id, a prefix of one, or a blockhash. */
export function photoArgument(text: string): string {
  const parsed = v.safeParse(PhotoReferenceSchema, text);
  if (!parsed.success) {
    throw new AppError(
      'usage',
      `"${text}" is no photo id: give ${minIdPrefixLength} to 64 of the digits 0-9 and a-f that photo-organizer list shows.`,
    );
  }
  return parsed.output;
}

/** Id of a duplicate group. */
export function groupOption(option: string): (text: string) => string {
  return (text) => {
    const parsed = v.safeParse(GroupIdSchema, text.toLowerCase());
    if (!parsed.success) {
      throw new AppError(
        'usage',
        `${option} takes the 16 digits of a group that photo-organizer duplicates shows, not "${text}".`,
      );
    }
    return parsed.output;
  };
}

/** How alike photos must be: a named step, or the most bits (of 256) in which their hashes may differ. */
export function thresholdOption(option: string): (text: string) => SimilarityStep | number {
  return (text) => {
    const step = similaritySteps.find((one) => one === text);
    const bits = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
    if (step === undefined && !(bits <= 256)) {
      throw new AppError(
        'usage',
        `${option} takes ${similaritySteps.join(', ')} or a number up to 256, not "${text}".`,
      );
    }
    return step ?? bits;
  };
}

/** One of a few words. */
export function choiceOption(option: string, choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (!choices.includes(text)) throw new AppError('usage', `${option} takes ${choices.join(', ')}, not "${text}".`);
    return text;
  };
}
