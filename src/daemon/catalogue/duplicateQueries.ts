import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  DedupeParams,
  DuplicateGroup,
  DuplicatePhoto,
  DuplicatesParams,
  DuplicatesResult,
  GroupMetadata,
  LinkedPhoto,
  PlannedDrop,
  SimilarityStep,
} from '../../protocol/control.ts';
import { AppError } from '../../protocol/errors.ts';
import type { PhotoId } from '../../protocol/photo.ts';
import { stepThresholds } from '../similarity/steps.ts';
import { differencesOf, groupMetadata, reasonText } from './differences.ts';
import { compareKeepers, keeperReason } from './keeper.ts';
import type { LookAlikeFacts, LookAlikeFactsTable } from './lookAlikeFacts.ts';
import type { LookAlikeGroups } from './lookAlikeGroups.ts';
import type { AlignedPair, PairTable } from './pairTable.ts';
import type { PhotoQueries } from './photoQueries.ts';
import { relationOf } from './relation.ts';
import { groupId, leadOf, starsOf } from './stars.ts';

/** The keeper of a group and its other photos, by their numbers. */
interface Star {
  keeper: number;
  others: number[];
  /** Bytes that could be won. */
  bytes: number;
}

const defaultLimit = 100;

export interface DuplicateQueriesParts {
  facts: LookAlikeFactsTable;
  pairs: PairTable;
  groups: LookAlikeGroups;
  photos: PhotoQueries;
  /** Copies of each photo that are wanted. */
  copies: number;
  step: SimilarityStep;
}

/** Answers what people ask of duplicates: groups with reasons, linked photos, and what dropping would drop. */
export class DuplicateQueries {
  readonly #parts: DuplicateQueriesParts;
  readonly #grouped: StatementSync;
  readonly #surplus: StatementSync;

  constructor(database: DatabaseSync, parts: DuplicateQueriesParts) {
    this.#parts = parts;
    this.#grouped = database.prepare('SELECT photo, keeper, size, holders FROM photos WHERE keeper IS NOT NULL');
    this.#surplus = database.prepare('SELECT photo, size, holders FROM photos WHERE holders > ?');
  }

  /** Groups of look-alikes, and photos with more copies than wanted; most bytes to win first. */
  duplicates(params: DuplicatesParams, online: ReadonlySet<string>): DuplicatesResult {
    const stars = this.#stars(params.threshold);
    const wanted = params.group;
    const found = wanted === undefined ? stars : stars.filter((star) => this.#groupOf(star) === wanted);
    found.sort((one, other) => other.bytes - one.bytes || one.keeper - other.keeper);
    const offset = params.offset ?? 0;
    return {
      total: found.length,
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
      groups: found
        .slice(offset, offset + (params.limit ?? defaultLimit))
        .flatMap((star) => this.#describe(star, online) ?? []),
    };
  }

  #groupOf({ keeper, others }: Star): string | undefined {
    const lead = leadOf([keeper, ...others].flatMap((number) => this.#parts.facts.of(number) ?? []));
    return lead === undefined ? undefined : groupId(lead.id);
  }

  #stars(threshold: DuplicatesParams['threshold']): Star[] {
    const { copies, step } = this.#parts;
    const stars = new Map<number, Star>();
    const star = (keeper: number): Star => {
      const known = stars.get(keeper) ?? { keeper, others: [], bytes: 0 };
      stars.set(keeper, known);
      return known;
    };
    if (threshold === undefined || threshold === step) {
      for (const row of this.#grouped.all()) {
        if (row['photo'] === row['keeper']) continue;
        const one = star(Number(row['keeper']));
        one.others.push(Number(row['photo']));
        one.bytes += Number(row['size']) * Number(row['holders']);
      }
    } else {
      for (const [photo, keeper] of this.#starsAt(threshold)) {
        if (photo.photo === keeper) continue;
        const one = star(keeper);
        one.others.push(photo.photo);
        one.bytes += photo.size * photo.holders;
      }
    }
    const redundant = new Set([...stars.values()].flatMap(({ others }) => others));
    for (const row of this.#surplus.all(copies)) {
      const photo = Number(row['photo']);
      // All copies of a redundant photo are counted already.
      if (!redundant.has(photo)) star(photo).bytes += Number(row['size']) * (Number(row['holders']) - copies);
    }
    return [...stars.values()];
  }

  /** Photos and their keepers as they would be with another threshold. */
  #starsAt(threshold: SimilarityStep | number): [LookAlikeFacts, number][] {
    const { facts, groups, pairs, step } = this.#parts;
    const photos = new Map<number, LookAlikeFacts>();
    const edges: { a: number; b: number }[] = [];
    const read = (number: number): LookAlikeFacts | undefined => {
      const known = photos.get(number) ?? facts.of(number);
      if (known !== undefined) photos.set(number, known);
      return known;
    };
    const named = typeof threshold === 'string';
    for (const pair of pairs.aligned(stepThresholds[named ? threshold : step])) {
      if (!named && pair.distance > threshold) continue;
      const [a, b] = [read(pair.photo), read(pair.other)];
      if (a !== undefined && b !== undefined && groups.counts(a, b, pair)) edges.push({ a: a.photo, b: b.photo });
    }
    return Array.from(starsOf([...photos.values()], edges)).flatMap(([number, keeper]) => {
      const photo = photos.get(number);
      return photo === undefined ? [] : [[photo, keeper]];
    });
  }

  #describe(star: Star, online: ReadonlySet<string>): DuplicateGroup | undefined {
    const { copies, facts } = this.#parts;
    const keeper = facts.of(star.keeper);
    if (keeper === undefined) return undefined;
    const others = star.others.flatMap((number) => facts.of(number) ?? []).sort(compareKeepers);
    const [next] = others;
    const photos = [keeper, ...others].flatMap((photo) => this.#describePhoto(keeper, photo, copies, online) ?? []);
    return {
      group: groupId((leadOf([keeper, ...others]) ?? keeper).id),
      keeper: keeper.id,
      keeperReason: next === undefined ? 'only' : keeperReason(keeper, next),
      bytes: star.bytes,
      metadata: groupMetadata(keeper, others),
      photos,
    };
  }

  #describePhoto(
    keeper: LookAlikeFacts,
    photo: LookAlikeFacts,
    copies: number,
    online: ReadonlySet<string>,
  ): DuplicatePhoto | undefined {
    const summary = this.#parts.photos.summary(photo.photo, online);
    if (summary === undefined) return undefined;
    const { camera, place, damaged } = photo;
    const facts = { ...summary, camera, place, damaged };
    const context = { copiesWanted: copies, keeperFormat: keeper.format };
    if (photo.photo === keeper.photo) {
      const surplus = photo.holders > copies ? [{ kind: 'identical' as const, copies: photo.holders }] : [];
      const reason = surplus.length === 0 ? '' : reasonText(surplus, context);
      return { ...facts, tier: 'T0', distance: 0, reason, differences: surplus };
    }
    const pair = this.#parts.pairs.between(photo.photo, keeper.photo);
    if (pair === undefined) return undefined;
    const relation = relationOf(photo, keeper, pair.alignment);
    const tier = relation.kind === 'duplicate' ? relation.tier : 'T2';
    const differences = differencesOf(keeper, photo, tier, pair.alignment, photo.holders);
    return { ...facts, tier, distance: pair.distance, reason: reasonText(differences, context), differences };
  }

  /** Other files of the same shot, and what only the look-alikes of a photo know. */
  around(photo: number): { linked: LinkedPhoto[]; fromGroup: GroupMetadata } {
    const { facts, pairs, step } = this.#parts;
    const one = facts.of(photo);
    const linked: LinkedPhoto[] = [];
    const alike: LookAlikeFacts[] = [];
    for (const pair of pairs.of(photo, stepThresholds[step])) {
      const other = facts.of(pair.other);
      if (one === undefined || other === undefined) continue;
      const relation = relationOf(one, other, pair.alignment);
      if (relation.kind === 'linked') linked.push({ id: other.id, name: other.name, kind: relation.link });
      else if (this.#parts.groups.counts(one, other, pair)) alike.push(other);
    }
    const nothing = { takenAt: null, camera: null, place: null };
    return { linked, fromGroup: one === undefined ? nothing : groupMetadata(one, alike.sort(compareKeepers)) };
  }

  /**
   * The copies that would leave their holders if all redundant photos were dropped, or those of one group.
   * @throws AppError `not-found` (no such group, or the photo to keep is in none)
   */
  plan(params: DedupeParams, keep: PhotoId | undefined, online: ReadonlySet<string>): PlannedDrop[] {
    const group = params.group ?? (keep === undefined ? undefined : this.#groupWith(keep));
    const everything = { limit: Number.MAX_SAFE_INTEGER, ...(group === undefined ? {} : { group }) };
    const { groups } = this.duplicates(everything, online);
    if (group !== undefined && groups.length === 0) {
      throw new AppError('not-found', `There is no group ${group}: list the duplicates to see their groups.`);
    }
    return groups.flatMap((one) => this.#planGroup(one, keep));
  }

  #groupWith(id: PhotoId): string {
    const number = this.#parts.photos.numberOf(id);
    const group = number === undefined ? null : (this.#parts.photos.summary(number, new Set())?.group ?? null);
    if (group === null) {
      throw new AppError('not-found', `Photo ${id.slice(0, 10)} has no look-alikes: there is nothing to drop for it.`);
    }
    return group;
  }

  #planGroup(group: DuplicateGroup, keep: PhotoId | undefined): PlannedDrop[] {
    const { copies, pairs, photos } = this.#parts;
    const keeper = keep ?? group.keeper;
    if (!group.photos.some(({ id }) => id === keeper)) {
      throw new AppError('not-found', `Photo ${keeper.slice(0, 10)} is not in group ${group.group}.`);
    }
    const keeperNumber = photos.numberOf(keeper) ?? 0;
    return group.photos.flatMap((photo) => {
      const kept = photo.id === keeper;
      // Only what matches the keeper directly is redundant beside it, never what matches by way of a third.
      const pair: AlignedPair | undefined = kept
        ? undefined
        : pairs.between(photos.numberOf(photo.id) ?? 0, keeperNumber);
      if (!kept && pair === undefined) return [];
      // Replicas go before originals: those belong to people.
      const leaving = kept ? photo.holders.slice(copies) : photo.holders;
      return leaving.map((holder): PlannedDrop => ({
        id: photo.id,
        name: photo.name,
        group: group.group,
        keeper,
        peerId: holder.peerId,
        peerName: holder.name,
        kind: holder.kind,
        size: photo.size,
        reason: photo.reason === '' ? 'another photo of the group was chosen' : photo.reason,
      }));
    });
  }
}
