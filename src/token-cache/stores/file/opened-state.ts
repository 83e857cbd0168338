import { hostname } from 'node:os';
import type { HubEnvironment } from '../../../config/environment/environment.js';
import { sealingKeys } from '../redis/seal.js';
import { StateFile } from './state-file.js';

/** The state file of this process, if it has one. */
export class OpenedState {
  private constructor(readonly file: StateFile | undefined) {}

  /** @throws {StateProblem} where the hub must not start with the file that is there */
  static async of({ stateFile, encryptionKeys }: HubEnvironment): Promise<OpenedState> {
    if (stateFile === undefined) return new OpenedState(undefined);
    const note = `process ${process.pid} on ${hostname()}`;
    return new OpenedState(await StateFile.open(stateFile, sealingKeys(encryptionKeys), note));
  }

  /** For a hub that has none. */
  static none({ stateFile }: HubEnvironment): OpenedState {
    if (stateFile !== undefined) throw new Error('HUB_STATE_FILE is opened before the modules are made');
    return new OpenedState(undefined);
  }
}
