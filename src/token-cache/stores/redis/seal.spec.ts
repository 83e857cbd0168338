import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Sealer, type SealedFor } from './seal.js';

const key = (id: string) => ({ id, bytes: randomBytes(32) });
const old = key('2025');
const current = key('2026');
const owner: SealedFor = { appid: 'wx1', kind: 'stable_token', version: 17 };
const anyOwner = fc.record({
  appid: fc.stringMatching(/^[A-Za-z0-9_-]{2,64}$/),
  kind: fc.constantFrom('stable_token', 'token', 'jsapi', 'wx_card'),
  version: fc.integer({ min: 1 }),
});

describe('sealing', () => {
  it('gives back what was sealed, whatever it is, and never shows it', () => {
    const sealer = new Sealer([current, old]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), anyOwner, (value, whose) => {
        const envelope = sealer.seal(value, whose);
        expect(envelope).toMatch(/^gcm:2026:[A-Za-z0-9_-]+$/);
        if (value.length > 3) expect(envelope).not.toContain(value);
        expect(sealer.open(envelope, whose)).toBe(Buffer.from(value, 'utf8').toString('utf8'));
      }),
    );
  });

  it('refuses an envelope with any byte altered, left out or added', () => {
    const sealer = new Sealer([current]);
    const envelope = sealer.seal('a token', owner);
    fc.assert(
      fc.property(
        fc.nat(envelope.length - 1),
        fc.constantFrom('alter', 'drop', 'add'),
        fc.constantFrom(...'ABCxyz019_-:'),
        (at, act, char) => {
          const after = envelope.slice(at + (act === 'add' ? 0 : 1));
          const changed = envelope.slice(0, at) + (act === 'drop' ? '' : char) + after;
          if (changed !== envelope) expect(sealer.open(changed, owner)).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('refuses every flipped bit of the bytes within', () => {
    const sealer = new Sealer([current]);
    const [, id, text] = sealer.seal('a token', owner).split(':');
    const bytes = Buffer.from(text!, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(sealer.open(`gcm:${id}:${flipped.toString('base64url')}`, owner)).toBeUndefined();
    }
  });

  it('opens for nobody but its owner, in its version', () => {
    const sealer = new Sealer([current]);
    fc.assert(
      fc.property(anyOwner, anyOwner, (a, b) => {
        const same = a.appid === b.appid && a.kind === b.kind && a.version === b.version;
        expect(sealer.open(sealer.seal('a token', a), b)).toBe(same ? 'a token' : undefined);
      }),
    );
  });

  it('seals under the first key, opens under all, and under none that is not there', () => {
    const before = new Sealer([old]).seal('a token', owner);
    const rotating = new Sealer([current, old]);
    expect(rotating.open(before, owner)).toBe('a token');
    expect(rotating.seal('a token', owner)).toMatch(/^gcm:2026:/);
    expect(new Sealer([current]).open(before, owner)).toBeUndefined();
    expect(new Sealer([{ id: '2025', bytes: current.bytes }]).open(before, owner)).toBeUndefined();
    expect(new Sealer([]).open(before, owner)).toBeUndefined();
  });

  it('never seals the same twice alike', () => {
    const sealer = new Sealer([current]);
    const envelopes = Array.from({ length: 1000 }, () => sealer.seal('a token', owner));
    expect(new Set(envelopes).size).toBe(1000);
  });

  it('without keys writes and reads values as they are; with keys nobody can plant such a one', () => {
    const plain = new Sealer([]).seal('a token', owner);
    expect(plain).toBe('raw:a token');
    expect(new Sealer([]).open(plain, owner)).toBe('a token');
    expect(new Sealer([current]).open(plain, owner)).toBeUndefined();
  });

  it.each(['', 'gcm:', 'gcm:2026:', 'gcm:2026:AAAA', 'something else', 'gcm:2026:%%%'])(
    'refuses %j',
    (text) => {
      expect(new Sealer([current]).open(text, owner)).toBeUndefined();
    },
  );
});

describe('signing', () => {
  const sealer = new Sealer([current, old]);

  it('gives back what was signed, whatever it is, and says under which key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const signed = sealer.sign(text);
        expect(signed).toMatch(/^2026:[A-Za-z0-9_-]{22}:/);
        expect(signed.endsWith(text)).toBe(true);
        expect(sealer.verify(signed)).toBe(text);
      }),
    );
  });

  it('refuses a message with any character altered, left out or added', () => {
    const signed = sealer.sign('{"kind":"reload"}');
    fc.assert(
      fc.property(
        fc.nat(signed.length - 1),
        fc.constantFrom('alter', 'drop', 'add'),
        fc.constantFrom(...'ABCxyz019_-:{} \n'),
        (at, act, char) => {
          const after = signed.slice(at + (act === 'add' ? 0 : 1));
          const changed = signed.slice(0, at) + (act === 'drop' ? '' : char) + after;
          if (changed !== signed) expect(sealer.verify(changed)).toBeUndefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('signs under the first key, believes all, and none that is not there', () => {
    const before = new Sealer([old]).sign('hello');
    expect(sealer.verify(before)).toBe('hello');
    expect(sealer.sign('hello')).toMatch(/^2026:/);
    expect(new Sealer([current]).verify(before)).toBeUndefined();
    expect(new Sealer([{ id: '2025', bytes: current.bytes }]).verify(before)).toBeUndefined();
  });

  it('without keys leaves messages as they are; with keys nobody can speak without one', () => {
    expect(new Sealer([]).sign('hello')).toBe('hello');
    expect(new Sealer([]).verify('hello')).toBe('hello');
    expect(sealer.verify('hello')).toBeUndefined();
  });

  it('is not a sealing: neither is taken for the other', () => {
    const sealed = sealer.seal('a token', owner);
    expect(sealer.verify(sealed)).toBeUndefined();
    expect(sealer.open(sealer.sign('a token'), owner)).toBeUndefined();
  });

  it.each([
    '',
    ':',
    '::',
    '2026',
    '2026::',
    '2026:x:hello',
    `2026:${'A'.repeat(22)}:hello`,
    `${'x'.repeat(65)}::`,
  ])('refuses %j', (message) => {
    expect(sealer.verify(message)).toBeUndefined();
  });

  it('any text at all is read without an error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z0-9_-]{22}$/), (text, mac) => {
        expect(sealer.verify(text)).toBeUndefined();
        expect(sealer.verify(`2026:${mac}:${text}`)).toBeUndefined();
      }),
      { numRuns: 5000 },
    );
  });
});
