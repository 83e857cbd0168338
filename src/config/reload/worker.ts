import { parentPort, workerData } from 'node:worker_threads';
import { readAllForMessage, type ReadingInput } from './reading.js';

/*
 * The entry of the parser's thread: reads one apps file, or all of a folder, sends all that came of it as one message, and is
 * ended by the main thread, which gives all of its memory back.
 */
if (parentPort === null) throw new Error('worker.js runs as a worker thread only');
parentPort.postMessage(readAllForMessage(workerData as readonly ReadingInput[]));
