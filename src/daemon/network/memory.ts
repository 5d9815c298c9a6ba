import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { writeFileAtomically } from '../base/files.ts';
import type { Logger } from '../base/logger.ts';
import { systemCodeOf } from '../../protocol/errors.ts';
import { MemberSchema, type Member } from '../../protocol/wire.ts';

/** Members that are remembered, at most: those seen last. */
const maxMembers = 256;

const RememberedSchema = v.object({
  ...MemberSchema.entries,
  /** Milliseconds since the epoch. */
  lastSeen: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
const MemoryFileSchema = v.object({
  version: v.literal(1),
  /** Which network this is about: a digest of its key. */
  network: v.string(),
  term: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER)),
  members: v.pipe(v.array(RememberedSchema), v.maxLength(maxMembers)),
});
type MemoryFile = v.InferOutput<typeof MemoryFileSchema>;

/** What a peer remembers of its network from one run to the next: the highest term, and where the members were. */
export class Memory {
  readonly #file: string;
  readonly #network: string;
  readonly #members = new Map<string, v.InferOutput<typeof RememberedSchema>>();
  #term: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, network: string, content: MemoryFile | undefined) {
    this.#file = file;
    this.#network = network;
    this.#term = content?.term ?? 0;
    for (const member of content?.members ?? []) this.#members.set(member.peerId, member);
  }

  /** Reads what is remembered of the network with this key. A broken file is put aside with a warning: it can be learned anew. */
  static async open(file: string, networkKey: Uint8Array, logger: Logger): Promise<Memory> {
    const network = createHash('sha256')
      .update('photo-organizer/memory\0')
      .update(networkKey)
      .digest('hex')
      .slice(0, 32);
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    let content: MemoryFile | undefined;
    try {
      content = v.parse(MemoryFileSchema, JSON.parse(await fs.readFile(file, 'utf8')));
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return new Memory(file, network, undefined);
      if (!(error instanceof SyntaxError) && !v.isValiError(error)) throw error;
      logger.warn(`${file} is broken and is started afresh`, error.message);
    }
    return new Memory(file, network, content?.network === network ? content : undefined);
  }

  get term(): number {
    return this.#term;
  }

  members(): Member[] {
    return [...this.#members.values()].sort((a, b) => b.lastSeen - a.lastSeen);
  }

  /** @param at milliseconds since the epoch */
  remember(member: Member, at: number): void {
    const { peerId, name, port, addresses } = member;
    this.#members.set(peerId, { peerId, name, port, addresses, lastSeen: at });
    if (this.#members.size <= maxMembers) return;
    const oldest = [...this.#members.values()].reduce((a, b) => (a.lastSeen <= b.lastSeen ? a : b));
    this.#members.delete(oldest.peerId);
  }

  raiseTerm(term: number): void {
    this.#term = Math.max(this.#term, term);
  }

  /** Writes what is remembered now; resolves when it would survive a power cut. */
  async save(): Promise<void> {
    const write = async (): Promise<void> => {
      const content: MemoryFile = {
        version: 1,
        network: this.#network,
        term: this.#term,
        members: [...this.#members.values()],
      };
      await writeFileAtomically(this.#file, `${JSON.stringify(content)}\n`);
    };
    const written = this.#writing.then(write);
    // One after the other, also after one that failed: its caller hears of the failure, the next writes the newer state.
    this.#writing = written.catch(() => undefined);
    return written;
  }
}
