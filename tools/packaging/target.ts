/** What a package is for: the names that VS Code's marketplace uses. */
export const targets = [
  'linux-x64',
  'linux-arm64',
  'alpine-x64',
  'alpine-arm64',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64',
  'win32-arm64',
] as const;
export type Target = (typeof targets)[number];

/** The same, as npm names it, and the packages with native code that it needs. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  /** Linux only: which C library. */
  readonly libc: 'glibc' | 'musl' | undefined;
  readonly nativePackages: readonly string[];
  /** Whether VS Code's own runtime needs sharp as WebAssembly, because the native one crashes in it. */
  readonly needsWasm: boolean;
}

/** @throws Error with the names of all targets when `name` is none */
export function parseTarget(name: string): Target {
  const target = targets.find((one) => one === name);
  if (target === undefined) throw new Error(`There is no target ${name}: choose from ${targets.join(', ')}.`);
  return target;
}

export function platformOf(target: Target): Platform {
  const [system = '', cpu = ''] = target.split('-');
  const os = system === 'alpine' ? 'linux' : system;
  const libc = system === 'alpine' ? 'musl' : system === 'linux' ? 'glibc' : undefined;
  const sharp = `${libc === 'musl' ? 'linuxmusl' : os}-${cpu}`;
  const watcher = libc === undefined ? `${os}-${cpu}` : `${os}-${cpu}-${libc}`;
  const vips = os === 'win32' ? [] : [`@img/sharp-libvips-${sharp}`];
  return {
    os,
    cpu,
    libc,
    nativePackages: [`@img/sharp-${sharp}`, ...vips, `@parcel/watcher-${watcher}`],
    needsWasm: os === 'linux',
  };
}

/** The target that this machine is. */
export function currentTarget(): Target {
  const musl = process.platform === 'linux' && !('glibcVersionRuntime' in reportHeader());
  return parseTarget(`${musl ? 'alpine' : process.platform}-${process.arch}`);
}

function reportHeader(): object {
  const report: unknown = process.report.getReport();
  return typeof report === 'object' && report !== null && 'header' in report && typeof report.header === 'object'
    ? (report.header ?? {})
    : {};
}
