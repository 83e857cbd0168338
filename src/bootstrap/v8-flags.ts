import { setFlagsFromString } from 'node:v8';

/**
 * What V8 is to do otherwise than by default; imported before anything else, so that it holds from the start.
 *
 * V8 watches where objects that live long are made, and makes later ones from the same place in the old generation at
 * once. Thousands of apps taken in at the start teach it that objects of requests live long too: from then on each
 * request leaves garbage that only a full collection frees, each minor collection takes ten times as long, and the
 * request rate falls by a third (bench/README.md, from 1,000 apps on).
 */
setFlagsFromString('--no-allocation-site-pretenuring');
