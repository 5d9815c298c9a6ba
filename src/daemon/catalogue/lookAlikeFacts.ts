import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { PhotoFormat } from '../../protocol/photo.ts';
import { blobOf, bytesOf } from './columns.ts';
import { hexOf } from './holdingsRecord.ts';
import type { KeeperFacts } from './keeper.ts';
import type { RelationFacts } from './relation.ts';
import { takenAtOf } from './takenTime.ts';

/** All that decides about a photo among its look-alikes. */
export interface LookAlikeFacts extends KeeperFacts, RelationFacts {
  /** Number of the photo in this catalogue. */
  photo: number;
  holders: number;
}

/** Reads the facts of photos that are compared. */
export class LookAlikeFactsTable {
  readonly #find: StatementSync;
  readonly #chosen: { chosenStamp(id: string): number };

  constructor(database: DatabaseSync, chosen: { chosenStamp(id: string): number }) {
    this.#find = database.prepare(
      `SELECT p.photo, p.id, p.name, p.size, p.width, p.height, p.format, p.taken, p.zone, p.camera, p.latitude,
         p.longitude, p.damaged, p.grey, p.motion, p.subsecond, p.holders, f.digest
       FROM photos p LEFT JOIN features f ON f.photo = p.photo WHERE p.photo = ?`,
    );
    this.#chosen = chosen;
  }

  /** Undefined for a number that no photo has. */
  of(photo: number): LookAlikeFacts | undefined {
    const row = this.#find.get(photo);
    return row === undefined ? undefined : this.#factsOf(row);
  }

  #factsOf(row: Record<string, SQLOutputValue>): LookAlikeFacts {
    const id = hexOf(bytesOf(row['id']));
    return {
      photo: Number(row['photo']),
      id,
      name: String(row['name']),
      size: Number(row['size']),
      width: Number(row['width']),
      height: Number(row['height']),
      format: String(row['format']) as PhotoFormat,
      takenAt: takenAtOf(Number(row['taken']), String(row['zone'])),
      camera: typeof row['camera'] === 'string' ? row['camera'] : null,
      place:
        row['latitude'] === null ? null : { latitude: Number(row['latitude']), longitude: Number(row['longitude']) },
      damaged: row['damaged'] === 1,
      grey: row['grey'] === 1,
      motion: row['motion'] === 1,
      subsecond: row['subsecond'] === null ? null : Number(row['subsecond']),
      digest: blobOf(row['digest']),
      chosen: this.#chosen.chosenStamp(id),
      holders: Number(row['holders']),
    };
  }
}
