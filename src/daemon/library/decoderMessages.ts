import * as v from 'valibot';
import { PhotoFactsSchema } from '../../protocol/photo.ts';
import { wireLimits } from '../../protocol/wire.ts';
import { featuresFingerprint, LikenessSchema } from './photoFeatures.ts';
import { StampSchema } from './stamp.ts';

/** Environment variable of a decoder process: `wasm` makes sharp use its WebAssembly build. */
export const sharpVariable = 'PHOTO_ORGANIZER_SHARP';

/** A job for a decoder process. */
export interface DecodeJob {
  job: number;
  /** Absolute path of a file. */
  path: string;
}

/**
 * Counts up when the same bytes would give other facts, features (so whenever `featuresVersion` does) or another thumbnail
 * than before: what is indexed is then made anew.
 */
export const recipe = 2;

const ThumbnailSchema = v.object({
  mime: v.picklist(['image/webp', 'image/jpeg']),
  data: v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= wireLimits.thumbnail),
});

/** Everything about a photo but its name, which belongs to the file. */
export const ContentFactsSchema = v.omit(PhotoFactsSchema, ['name']);
export type ContentFacts = v.InferOutput<typeof ContentFactsSchema>;

/**
 * What one file is.
 * `photo`: catalogued. `broken`: no photo that we can take, as long as the file stays as it is.
 * `inaccessible`: it could not be read this time. `changing`: it was written to while it was read. `gone`: not there.
 */
const DecodedSchema = v.variant('kind', [
  v.pipe(
    v.object({
      kind: v.literal('photo'),
      stamp: StampSchema,
      facts: ContentFactsSchema,
      thumbnail: v.nullable(ThumbnailSchema),
      /** Null when there are no pixels. The facts name its features. */
      likeness: v.nullable(LikenessSchema),
    }),
    v.check(({ facts, likeness }) => facts.features === (likeness && featuresFingerprint(likeness.features))),
  ),
  v.object({ kind: v.literal('broken'), stamp: StampSchema, reason: v.pipe(v.string(), v.maxLength(500)) }),
  v.object({ kind: v.literal('inaccessible'), reason: v.pipe(v.string(), v.maxLength(500)) }),
  v.object({ kind: v.literal('changing') }),
  v.object({ kind: v.literal('gone') }),
]);
export type Decoded = v.InferOutput<typeof DecodedSchema>;

/** What a decoder process says. It handles hostile files, so it is believed no more than a stranger. */
export const DecoderMessageSchema = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('unable'), reason: v.string() }),
  v.object({
    type: v.literal('done'),
    job: v.number(),
    decoded: DecodedSchema,
    /** CPU time of the process since its start, in microseconds. */
    cpu: v.number(),
  }),
]);
export type DecoderMessage = v.InferOutput<typeof DecoderMessageSchema>;
