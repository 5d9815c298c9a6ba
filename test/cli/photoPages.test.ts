import { expect, test } from 'vitest';
import { photoPages } from '../../src/cli/photoPages.ts';
import type { ListParams, ListResult, PhotoSummary } from '../../src/protocol/control.ts';

/** Only what paging looks at. */
function photo(n: number): PhotoSummary {
  return { id: String(n) } as PhotoSummary;
}

/** A collection that may change after each page. */
function collection(count: number, change: (photos: PhotoSummary[], page: number) => void = () => {}) {
  const photos = Array.from({ length: count }, (_one, n) => photo(n));
  const asked: ListParams[] = [];
  return {
    asked,
    async list(params: ListParams): Promise<ListResult> {
      asked.push(params);
      const { offset = 0, limit = Infinity } = params;
      const result = { total: photos.length, photos: photos.slice(offset, offset + limit) };
      change(photos, asked.length);
      return result;
    },
  };
}

async function idsOf(client: ReturnType<typeof collection>, offset: number, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of photoPages(client, { query: 'q' }, offset, limit, new AbortController().signal)) {
    ids.push(...page.photos.map(({ id }) => id));
  }
  return ids;
}

test('gives all photos page by page, with the filter on every page', async () => {
  const client = collection(2500);
  const ids = await idsOf(client, 0, Infinity);
  expect(ids).toEqual(Array.from({ length: 2500 }, (_one, n) => String(n)));
  expect(client.asked.length).toBeGreaterThan(1);
  for (const params of client.asked) expect(params).toMatchObject({ query: 'q', limit: expect.any(Number) });
});

test('keeps to limit and offset, and asks for no more than it gives', async () => {
  const client = collection(5000);
  expect(await idsOf(client, 10, 1500)).toEqual(Array.from({ length: 1500 }, (_one, n) => String(n + 10)));
  expect(client.asked.map(({ limit }) => limit)).toEqual([1000, 500]);
  expect(await idsOf(collection(5), 3, 50)).toEqual(['3', '4']);
  expect(await idsOf(collection(5), 9, 50)).toEqual([]);
  expect(await idsOf(collection(5), 0, 0)).toEqual([]);
  expect(await idsOf(collection(0), 0, Infinity)).toEqual([]);
});

test('a collection that grows or shrinks between pages gives no photo twice and comes to an end', async () => {
  const growing = await idsOf(
    collection(2500, (photos, page) => page < 50 && photos.unshift(photo(-page))),
    0,
    Infinity,
  );
  expect(new Set(growing).size).toBe(growing.length);
  expect(growing.length).toBeGreaterThanOrEqual(2500);
  const shrinking = await idsOf(
    collection(2500, (photos) => photos.splice(0, 600)),
    0,
    Infinity,
  );
  expect(new Set(shrinking).size).toBe(shrinking.length);
});
