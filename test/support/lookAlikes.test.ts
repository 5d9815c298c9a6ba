import fs from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { renderLookAlikes, variantKinds } from './lookAlikes.ts';
import { temporaryFolder } from './temporaryFolder.ts';

test('made look-alikes are spread over the folders, all different, and nothing is better than the keeper', async () => {
  const folders = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const { groups, files } = await renderLookAlikes(folders, { photos: 30, variants: 200 });
  expect(groups).toHaveLength(30);
  expect(files).toHaveLength(230);
  expect(new Set(files.map(({ id }) => id)).size).toBe(230);
  for (const folder of folders) expect(fs.readdirSync(folder).length).toBeGreaterThan(70);
  for (const kind of variantKinds) expect(files.filter((file) => file.kind === kind).length, kind).toBeGreaterThan(4);
  for (const { keeper, files: own } of groups) {
    const best = await sharp(keeper.path).metadata();
    for (const { path, kind } of own) {
      const { width, height, format } = await sharp(path).metadata();
      if (path === keeper.path || keeper.kind === 'coloured') continue;
      expect(width * height, path).toBeLessThanOrEqual(best.width * best.height);
      // Of those with as many pixels only the bytes decide.
      if (width * height === best.width * best.height && format === best.format) {
        expect(fs.statSync(path).size, kind).toBeLessThan(fs.statSync(keeper.path).size);
      }
    }
  }
});
