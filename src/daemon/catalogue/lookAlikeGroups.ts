import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SimilarityStep } from '../../protocol/control.ts';
import { stepThresholds } from '../similarity/steps.ts';
import type { LookAlikeFacts, LookAlikeFactsTable } from './lookAlikeFacts.ts';
import type { AlignedPair, PairTable } from './pairTable.ts';
import { relationOf } from './relation.ts';
import { leadOf, starsOf } from './stars.ts';

/** What a photo is in its group. */
export const photoRoles = { alone: 0, keeper: 1, redundant: 2 } as const;

/** What people said of photos. */
export interface Verdicts {
  isDistinct(a: string, b: string): boolean;
  /** When the photo was chosen to be kept, a number that grows; 0 for never. */
  chosenStamp(id: string): number;
  /** Another text when anything was decided since. */
  state(): string;
}

/**
 * Photos that hang together, at most: each is looked at when one of them changes. Beyond it, only those nearest to the
 * change are; no real collection comes near.
 */
const maxComponent = 2_000;

/**
 * Keeps the groups of look-alikes in step with pairs, facts and verdicts: `role` and `keeper` of each photo. Everything happens
 * in the caller's transaction, which ends with {@link finish} or, when it fails, with {@link discard}.
 */
export class LookAlikeGroups {
  readonly #pairs: PairTable;
  readonly #verdicts: Verdicts;
  readonly #facts: LookAlikeFactsTable;
  readonly #threshold: number;
  readonly #role: StatementSync;
  readonly #setRole: StatementSync;
  readonly #grouped: StatementSync;
  readonly #touched = new Set<number>();

  constructor(
    database: DatabaseSync,
    parts: { facts: LookAlikeFactsTable; pairs: PairTable; verdicts: Verdicts; step: SimilarityStep },
  ) {
    const { facts, pairs, verdicts, step } = parts;
    this.#pairs = pairs;
    this.#verdicts = verdicts;
    this.#facts = facts;
    this.#threshold = stepThresholds[step];
    this.#role = database.prepare('SELECT role, keeper, lead FROM photos WHERE photo = ?');
    this.#setRole = database.prepare('UPDATE photos SET role = ?, keeper = ?, lead = ? WHERE photo = ?');
    this.#grouped = database.prepare(
      'SELECT photo FROM photos WHERE keeper IS NOT NULL UNION SELECT a FROM pairs UNION SELECT b FROM pairs',
    );
  }

  /** Something changed that may change the groups of these photos. */
  touch(photos: Iterable<number>): void {
    for (const photo of photos) this.#touched.add(photo);
  }

  /** Everything may have changed. */
  touchAll(): void {
    this.touch(this.#grouped.all().map((row) => Number(row['photo'])));
  }

  /** Brings the groups up to date. Returns whether any changed, or one of its photos did. */
  finish(): boolean {
    let changed = false;
    const done = new Set<number>();
    for (const photo of this.#withNeighbours()) {
      if (done.has(photo)) continue;
      const { photos, edges } = this.#component(photo);
      const keepers = starsOf([...photos.values()], edges);
      changed ||= keepers.size > 0;
      const leads = leadsOf(photos, keepers);
      for (const number of photos.keys()) {
        done.add(number);
        const keeper = keepers.get(number);
        const group = keeper === undefined ? undefined : { keeper, lead: leads.get(keeper) ?? keeper };
        changed = this.#assign(number, group) || changed;
      }
    }
    this.discard();
    return changed;
  }

  /** What a photo no longer hangs together with has to be looked at too. */
  #withNeighbours(): Set<number> {
    const photos = new Set(this.#touched);
    for (const photo of this.#touched) {
      for (const { other } of this.#pairs.of(photo, this.#threshold)) photos.add(other);
    }
    return photos;
  }

  /** Forgets what {@link finish} would do: the transaction was rolled back. */
  discard(): void {
    this.#touched.clear();
  }

  #assign(photo: number, group: { keeper: number; lead: number } | undefined): boolean {
    const { keeper, lead } = group ?? { keeper: null, lead: null };
    const role = keeper === null ? photoRoles.alone : keeper === photo ? photoRoles.keeper : photoRoles.redundant;
    const row = this.#role.get(photo);
    if (row === undefined) return false;
    if (row['role'] === role && row['keeper'] === keeper && row['lead'] === lead) return false;
    this.#setRole.run(role, keeper, lead, photo);
    return true;
  }

  /** A photo and all that hang together with it by pairs that count. */
  #component(start: number): { photos: Map<number, LookAlikeFacts>; edges: { a: number; b: number }[] } {
    const photos = new Map<number, LookAlikeFacts>();
    const edges: { a: number; b: number }[] = [];
    const first = this.#facts.of(start);
    if (first === undefined) return { photos, edges };
    photos.set(start, first);
    // Photos that are added while we go through them are gone through too.
    for (const [number, facts] of photos) {
      for (const pair of this.#pairs.of(number, this.#threshold)) {
        const known = photos.get(pair.other);
        const other = known ?? this.#facts.of(pair.other);
        if (other === undefined || !this.counts(facts, other, pair)) continue;
        if (known === undefined && photos.size >= maxComponent) continue;
        photos.set(pair.other, other);
        if (number < pair.other) edges.push({ a: number, b: pair.other });
      }
    }
    return { photos, edges };
  }

  /** Whether two photos that are alike enough are duplicates. */
  counts(photo: LookAlikeFacts, other: LookAlikeFacts, { alignment }: AlignedPair): boolean {
    return relationOf(photo, other, alignment).kind === 'duplicate' && !this.#verdicts.isDistinct(photo.id, other.id);
  }
}

/** The best by the facts of each group, by its keeper. */
function leadsOf(
  photos: ReadonlyMap<number, LookAlikeFacts>,
  keepers: ReadonlyMap<number, number>,
): Map<number, number> {
  const groups = new Map<number, LookAlikeFacts[]>();
  for (const [number, keeper] of keepers) {
    const photo = photos.get(number);
    if (photo !== undefined) groups.set(keeper, [...(groups.get(keeper) ?? []), photo]);
  }
  return new Map(Array.from(groups, ([keeper, group]) => [keeper, leadOf(group)?.photo ?? keeper]));
}
