import * as vscode from 'vscode';
import { settingIds, settingsPrefix } from './ids.ts';

/** What a person set for one folder; package.json has the defaults. Empty text means: let the daemon choose. */
export interface Settings {
  readonly name: string;
  readonly exclude: readonly string[];
  /** How readily two photos count as look-alikes. */
  readonly similarity: string;
  /** Program that runs the daemon. */
  readonly nodePath: string;
  /** 0: the first free port from 5000. */
  readonly port: number;
  readonly listen: string;
  readonly network: string;
  /** Whether the daemon goes on when the last window on the folder has closed. */
  readonly keepRunning: boolean;
  readonly logLevel: string;
}

/** Settings as they are now. VS Code does not check the types of settings.json: a wrong one counts as not set. */
export function readSettings(folder: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration(settingsPrefix, folder);
  const text = (id: string): string => {
    const value: unknown = configuration.get(id);
    return typeof value === 'string' ? value.trim() : '';
  };
  const exclude: unknown = configuration.get(settingIds.exclude);
  const port: unknown = configuration.get(settingIds.port);
  return {
    name: text(settingIds.name),
    exclude: Array.isArray(exclude) ? exclude.filter((glob): glob is string => typeof glob === 'string') : [],
    similarity: text(settingIds.similarity),
    nodePath: text(settingIds.nodePath),
    port: typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0,
    listen: text(settingIds.listen),
    network: text(settingIds.network),
    keepRunning: configuration.get(settingIds.keepRunning) !== false,
    logLevel: text(settingIds.logLevel),
  };
}
