import { Injectable, type LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger, type LevelWithSilent } from 'pino';
import { LogOutput, standardOutput } from './log-output.js';

/** Fields of a log line. Secrets print as a placeholder by themselves (see Secret); headers and URLs never go in. */
export type LogFields = Readonly<Record<string, unknown>>;

/** JSON lines on stdout: `level`, `time` (ISO 8601), `msg`, and fields. */
@Injectable()
export class Log {
  readonly #out: DestinationStream;
  readonly #pino: Logger;

  constructor(level: LevelWithSilent, destination: DestinationStream = standardOutput()) {
    this.#out = destination;
    this.#pino = pino(
      {
        level,
        base: undefined,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: describeError },
      },
      this.#out,
    );
  }

  debug(msg: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, msg);
  }

  info(msg: string, fields: LogFields = {}): void {
    this.#pino.info(fields, msg);
  }

  warn(msg: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, msg);
  }

  /** Only where a person must act. */
  error(msg: string, fields: LogFields = {}): void {
    this.#pino.error(fields, msg);
  }

  /** Calls `listener` with how many lines were lost, each time some are. */
  onLost(listener: (lines: number) => void): void {
    if (this.#out instanceof LogOutput) this.#out.onLost(listener);
  }

  /** A line of another log that shares the stream, whatever the level: two writers of one pipe would cut into lines. */
  line(text: string): void {
    this.#out.write(`${text}\n`);
  }
}

/** Type, message and stack of an error, whatever was thrown. */
function describeError(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return String(thrown);
  const { name, message, stack, code } = thrown as {
    name?: unknown;
    message: unknown;
    stack?: unknown;
    code?: unknown;
  };
  return { name, message, code, stack };
}

/** Nest's own messages in the hub's format. What Nest tells at each start is of no use to operators: debug. */
export class NestLog implements LoggerService {
  constructor(private readonly sink: Log) {}

  verbose(message: unknown, ...rest: unknown[]): void {
    this.sink.debug(String(message), nestFields(rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.sink.debug(String(message), nestFields(rest));
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.sink.debug(String(message), nestFields(rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.sink.warn(String(message), nestFields(rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.sink.error(String(message), nestFields(rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.sink.error(String(message), nestFields(rest));
  }
}

function nestFields(rest: unknown[]): LogFields {
  return { nest: rest.map(String).join(' ') };
}
