import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Emitter } from '../../src/daemon/base/emitter.ts';
import { silentLogger } from '../../src/daemon/base/logger.ts';
import { openCatalogue } from '../../src/daemon/catalogue/catalogue.ts';
import { OwnHoldings } from '../../src/daemon/catalogue/ownHoldings.ts';
import type { PhotoFacts, PhotoId } from '../../src/protocol/photo.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { waitFor } from '../support/waitFor.ts';
import { peerId, photo } from './photos.ts';

test(
  'a change that could not be written is made up for, with those that came after it',
  { timeout: 30_000 },
  async () => {
    const file = path.join(temporaryFolder(), 'catalogue.db');
    const self = { peerId: peerId('m'), name: 'Maria' };
    const catalogue = openCatalogue({ file, self, copies: 2 }, { logger: silentLogger });
    onTestFinished(() => catalogue[Symbol.dispose]());
    const changes = new Emitter<{ added: readonly PhotoFacts[]; removed: readonly PhotoId[] }>(silentLogger);
    const photos: PhotoFacts[] = [];
    const add = (name: string): void => {
      photos.push(photo(name));
      changes.emit({ added: [photo(name)], removed: [] });
    };
    const library = { photos: () => photos, onChange: changes.on.bind(changes) };
    await using _own = new OwnHoldings(library, catalogue, silentLogger, 50);
    add('first.jpg');
    expect(catalogue.totals().photos).toBe(1);

    // Somebody else writes, and does not come to an end: as little can be written as on a full disk.
    const other = new DatabaseSync(file);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    add('second.jpg');
    add('third.jpg');
    expect(catalogue.totals().photos).toBe(1);
    other.exec('ROLLBACK');
    await waitFor('all photos', () => catalogue.totals().photos === 3);
  },
);
