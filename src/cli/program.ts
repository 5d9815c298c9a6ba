import { Command } from 'commander';
import { AppError } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { addKeepCommand, addNotDuplicateCommand } from './commands/decide.ts';
import { addDecisionsCommand } from './commands/decisions.ts';
import { addDedupeCommand } from './commands/dedupe.ts';
import { addDuplicatesCommand } from './commands/duplicates.ts';
import { addDaemonCommand } from './commands/daemon.ts';
import { addFetchCommand } from './commands/fetch.ts';
import { addListCommand } from './commands/list.ts';
import { addPeersCommand } from './commands/peers.ts';
import { addShowCommand } from './commands/show.ts';
import { addStatusCommand } from './commands/status.ts';
import { addStopCommand } from './commands/stop.ts';
import { choiceOption } from './parse.ts';
import type { Terminal } from './terminal.ts';

const logLevels = ['error', 'warn', 'info', 'debug', 'trace'];

/** The `photo-organizer` command. Parsing it throws a `CommanderError` or `AppError` and never ends the process. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('photo-organizer');
  program
    .description('One photo collection shared by friends.')
    .version(version, '--version', 'show the version')
    // So that everything after `daemon` is the daemon's own.
    .enablePositionalOptions()
    .configureHelp({ helpWidth: terminal.width ?? 100, showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      // Errors are thrown and said once, by main.
      writeErr: () => {},
    })
    .exitOverride();
  addDaemonCommand(program, terminal);
  addStatusCommand(program, terminal);
  addPeersCommand(program, terminal);
  addListCommand(program, terminal);
  addShowCommand(program, terminal);
  addFetchCommand(program, terminal);
  addDuplicatesCommand(program, terminal);
  addDedupeCommand(program, terminal);
  addNotDuplicateCommand(program, terminal);
  addKeepCommand(program, terminal);
  addDecisionsCommand(program, terminal);
  addStopCommand(program, terminal);
  for (const command of [program, ...program.commands]) {
    command.helpOption('-h, --help', 'show this help').helpCommand(false);
    addGlobalOptions(command);
  }
  const names = program.commands.map((command) => command.name()).join(', ');
  program
    .argument('[command]')
    .usage('[options] <command>')
    // A wrong command is said to be wrong before its options are.
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      const [first] = program.args;
      throw new AppError('usage', `${wrongStart(first, names)} See photo-organizer --help.`);
    });
  return program;
}

function wrongStart(first: string | undefined, names: string): string {
  if (first === undefined) return `Which command? There are ${names}.`;
  if (first.startsWith('-')) return `Unknown option '${first}'.`;
  return `There is no command "${first}", there are ${names}.`;
}

/** On the program and on every command: people put them before or after its name. */
function addGlobalOptions(command: Command): void {
  command.option('--home <dir>', 'state folder (PHOTO_ORGANIZER_HOME, or the place for state of this system)');
  if (command.name() !== 'daemon') {
    command.option('--folder <dir>', 'which daemon to talk to (that of the current directory)');
  }
  command
    .option('--json', 'write one JSON value for programs')
    .option(
      '--log-level <level>',
      'how much to say: error, warn, info, debug or trace',
      choiceOption('--log-level', logLevels),
    );
}
