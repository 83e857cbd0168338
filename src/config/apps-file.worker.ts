import { parentPort, workerData } from 'node:worker_threads';
import { readAppsFileBytes } from './apps-file.bytes.js';
import { NEXT, piecesOf, type Piece, type WorkerInput } from './apps-file.wire.js';
import { StampingReader } from './file-stamp.js';

/*
 * The entry of the parser's thread: reads one apps file, hands the result out piece by piece, and is ended by the
 * main thread, which gives all of its memory back.
 */
const port = parentPort;
if (port === null) throw new Error('apps-file.worker.js runs as a worker thread only');

const { bytes, env, baseDir } = workerData as WorkerInput;
const reader = new StampingReader();
const result = readAppsFileBytes(bytes, { env, baseDir, readFile: reader.readFile });
const pieces: Iterator<Piece> = piecesOf(result, reader.stamps);

port.on('message', (message: unknown) => {
  if (message !== NEXT) return;
  const { value, done } = pieces.next() as IteratorResult<Piece, undefined>;
  if (done !== true) port.postMessage(value);
});
