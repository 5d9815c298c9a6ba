import type { Module } from './sources.ts';

/** The rooms of the house and which rooms each may import from; ARROWS RUN ONE WAY, and rooms on one level stay apart. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  gallery: ['protocol'],
  client: ['protocol'],
  cli: ['client', 'protocol'],
  session: ['client', 'protocol'],
  commands: ['session', 'client', 'protocol'],
  views: ['session', 'client', 'protocol'],
  extension: ['commands', 'views', 'session', 'client', 'protocol'],
  'daemon/base': ['protocol'],
  'daemon/similarity': ['daemon/base', 'protocol'],
  'daemon/library': ['daemon/similarity', 'daemon/base', 'protocol'],
  'daemon/network': ['daemon/base', 'protocol'],
  'daemon/catalogue': ['daemon/similarity', 'daemon/library', 'daemon/network', 'daemon/base', 'protocol'],
  'daemon/transfer': ['daemon/library', 'daemon/network', 'daemon/base', 'protocol'],
  'daemon/placement': ['daemon/library', 'daemon/network', 'daemon/base', 'protocol'],
  'daemon/control': [
    'daemon/placement',
    'daemon/transfer',
    'daemon/catalogue',
    'daemon/similarity',
    'daemon/library',
    'daemon/network',
    'daemon/base',
    'protocol',
  ],
  daemon: [
    'daemon/control',
    'daemon/placement',
    'daemon/transfer',
    'daemon/catalogue',
    'daemon/similarity',
    'daemon/library',
    'daemon/network',
    'daemon/base',
    'protocol',
  ],
};

/** The rooms that run inside VS Code's extension host. */
const editorRooms = ['extension', 'commands', 'views', 'session'];

/** Native code, the network engine and the database: the daemon's alone. */
const daemonPackages =
  /^(sharp|@img\/.*|@parcel\/watcher|libp2p|@libp2p\/.*|@chainsafe\/.*|@multiformats\/.*|node:sqlite)$/;

/** The room that a module of src/ is in; undefined when it is in none that is known. */
export function roomOf(file: string): string | undefined {
  if (file === 'extension.ts') return 'extension';
  if (file.startsWith('views/gallery/')) return 'gallery';
  const [first, second, ...deeper] = file.split('/');
  const room = first === 'daemon' && deeper.length > 0 ? `${first}/${second}` : first;
  return room !== undefined && second !== undefined && room in rooms ? room : undefined;
}

/** Sentences about every import that runs against the arrows. */
export function violations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => {
    const room = roomOf(module.file);
    if (room === undefined) return [`${module.file} is in no room of the house: see test/architecture/rules.ts.`];
    return module.imports.flatMap((one) =>
      one.module === undefined
        ? packageViolation(module.file, room, one.specifier)
        : moduleViolation(module.file, room, one.module),
    );
  });
}

function packageViolation(file: string, room: string, specifier: string): string[] {
  const inDaemon = room.startsWith('daemon');
  if (specifier === 'vscode' && !editorRooms.includes(room)) return [`${file} must not import vscode.`];
  if (!inDaemon && daemonPackages.test(specifier)) return [`${file} must not import ${specifier}.`];
  if (room === 'gallery' && specifier.startsWith('node:')) return [`${file} runs in a browser: no ${specifier} there.`];
  return [];
}

function moduleViolation(file: string, room: string, target: string): string[] {
  const targetRoom = roomOf(target);
  if (targetRoom === room) return [];
  if (room === 'gallery' && target !== 'protocol/gallery.ts') {
    return [`${file} may import of ours only protocol/gallery.ts, not ${target}.`];
  }
  if (targetRoom === undefined || !rooms[room]?.includes(targetRoom))
    return [`${file} (${room}) must not import ${target}.`];
  return [];
}

/** Modules that import each other in a circle, types included: one circle as a list of files, or undefined when there is none. */
export function findCircle(modules: readonly Module[]): string[] | undefined {
  const graph = new Map(modules.map(({ file, imports }) => [file, imports.map(({ module }) => module)]));
  const done = new Set<string>();
  const search = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = next === undefined ? undefined : search(next, [...trail, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = search(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** Sentences about exports that hide where something comes from: default exports, re-exports. */
export function exportViolations({ file, code }: Module): string[] {
  const found: string[] = [];
  if (/^export default\b/m.test(code) || /^export \{[^}]*\bas default\b/m.test(code)) {
    found.push(`${file} has a default export: give it a name.`);
  }
  if (/^export (?:type )?(?:\*|\{[^}]*\})(?: as \w+)? from\b/m.test(code)) {
    found.push(`${file} re-exports another module: import it from where it is.`);
  }
  return found;
}
