import fc from 'fast-check';
import { traceIdOf } from './trace-id.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const of = (traceparent?: string) => traceIdOf({ headers: { traceparent } });

it.each([
  ['of a sampled request', `00-${TRACE}-${PARENT}-01`],
  ['of one that is not', `00-${TRACE}-${PARENT}-00`],
  ['whatever the flags', `00-${TRACE}-${PARENT}-ff`],
  ['of a later version', `01-${TRACE}-${PARENT}-01`],
  ['of a later version with more', `cc-${TRACE}-${PARENT}-01-what-the-future-brings`],
])('the trace id %s', (_name, header) => {
  expect(of(header)).toBe(TRACE);
});

it.each([
  ['there is none', undefined],
  ['it is empty', ''],
  ['the version is ff', `ff-${TRACE}-${PARENT}-01`],
  ['the trace id is all zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
  ['the parent id is all zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['it is in upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ['the trace id is too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
  ['the trace id is too long', `00-${TRACE}0-${PARENT}-01`],
  ['the parent id is too short', `00-${TRACE}-${PARENT.slice(1)}-01`],
  ['the flags are missing', `00-${TRACE}-${PARENT}`],
  ['version 00 goes on', `00-${TRACE}-${PARENT}-01-more`],
  ['a later version goes on without a dash', `01-${TRACE}-${PARENT}-01more`],
  ['there is white space', ` 00-${TRACE}-${PARENT}-01`],
  ['there are two, as Node joins them', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ['a line break follows', `00-${TRACE}-${PARENT}-01\n`],
  ['it is something else', 'x'.repeat(55)],
])('none where %s', (_name, header) => {
  expect(of(header)).toBeUndefined();
});

it('whatever comes: 32 hex digits that were in the header, or nothing', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (header) => {
      const id = of(header);
      return id === undefined || (/^[0-9a-f]{32}$/.test(id) && header.includes(id));
    }),
  );
});
