/** The state file was written, or could not be. */
export interface StateWritten {
  readonly ok: boolean;
  readonly durationMs: number;
  /** Of the file as it is now. */
  readonly bytes: number;
}

/** Whether the state file can be written. */
export interface StateFileChanged {
  readonly writable: boolean;
  /** Why not: a code, as in ENOSPC. */
  readonly cause: string | undefined;
}
