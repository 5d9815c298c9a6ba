/**
 * The wall clock time of a photo as one integer, `YYYYMMDDhhmmss`: what photos are ordered and filtered by. 0 is for
 * photos without a date, so that they come last in newest-first order.
 */
export type TakenTime = number;

/** Length of `YYYY-MM-DDThh:mm:ss`. */
const wallClockLength = 19;
/** What `YYYYMM` is multiplied by in a {@link TakenTime}. */
const monthUnit = 100_000_000;

/** @param takenAt as `TakenAtSchema` says; cameras without a set clock write zeros, which is no date either */
export function takenTimeOf(takenAt: string | null): TakenTime {
  return takenAt === null ? 0 : Number(takenAt.slice(0, wallClockLength).replace(/\D/g, ''));
}

/** The zone that the camera wrote, empty for none. */
export function zoneOf(takenAt: string | null): string {
  return takenAt === null ? '' : takenAt.slice(wallClockLength);
}

/** The opposite of {@link takenTimeOf} and {@link zoneOf}. */
export function takenAtOf(taken: TakenTime, zone: string): string | null {
  if (taken === 0) return null;
  const digits = String(taken).padStart(14, '0');
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T${digits.slice(8, 10)}:${digits.slice(10, 12)}:${digits.slice(12)}${zone}`;
}

/** The first moment of a date as people write it (`DateSchema`): `2018` is 2018-01-01T00:00:00, `2018-07` the first of July. */
export function startOf(date: string): TakenTime {
  const digits = date.replace(/\D/g, '');
  return Number(digits + '00000101000000'.slice(digits.length));
}

/** The month of a moment: `YYYY-MM`, null for none. */
export function monthOf(month: number): string | null {
  if (month === 0) return null;
  const digits = String(month).padStart(6, '0');
  return `${digits.slice(0, 4)}-${digits.slice(4)}`;
}

/** From when (included) to when (not included) a month of `months` goes. */
export function monthRange(month: string | null): { from: TakenTime; to: TakenTime } {
  if (month === null) return { from: 0, to: monthUnit };
  const first = Number(month.replace('-', '')) * monthUnit;
  return { from: first, to: first + monthUnit };
}

/** SQL for the number of the month of a moment, for {@link monthOf}. */
export function monthSql(column: string): string {
  return `${column} / ${monthUnit}`;
}
