import type { Settings } from './settings.ts';

/**
 * The daemon's options for some settings; what is not set is left to the daemon's own defaults.
 * @param share whether a person has just chosen to share the folder
 */
export function daemonArguments(settings: Settings, share: boolean): string[] {
  const option = (name: string, value: string): string[] => (value === '' ? [] : [`--${name}=${value}`]);
  return [
    ...option('name', settings.name),
    ...option('port', settings.port === 0 ? '' : String(settings.port)),
    ...option('listen', settings.listen),
    ...option('network', settings.network),
    ...option('similarity', settings.similarity),
    ...option('log-level', settings.logLevel),
    ...settings.exclude.flatMap((glob) => option('exclude', glob)),
    ...(settings.keepRunning ? [] : ['--while-connected']),
    ...(share ? ['--share'] : []),
  ];
}
