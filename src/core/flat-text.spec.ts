import * as fc from 'fast-check';
import { flat } from './flat-text.js';

describe('a text in one piece', () => {
  it('is the same text, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (parts) => {
        const text = parts.join('') + parts.join('/');
        expect(flat(text)).toBe(text);
      }),
    );
    expect(flat('\ud800 "\\\u2028')).toBe('\ud800 "\\\u2028');
  });
});
