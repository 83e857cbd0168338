import { HeldBytes } from './held-bytes.js';

describe('bytes of bodies that are held', () => {
  it('one app has half, the next half of the rest, and what is given back can be taken again', () => {
    const bytes = new HeldBytes(1000);
    const [one, other] = [bytes.of('one'), bytes.of('other')];
    expect(one.take(500)).toBe(true);
    expect(one.take(1)).toBe(false);
    expect(other.take(250)).toBe(true);
    expect(other.take(1)).toBe(false);
    expect(bytes.of('third').take(100)).toBe(true);
    expect(bytes.held).toBe(850);
    one.give(500);
    expect(bytes.of('one').take(325)).toBe(true);
    expect(bytes.held).toBe(675);
  });

  it('what is refused is not taken', () => {
    const bytes = new HeldBytes(10);
    expect(bytes.of('one').take(6)).toBe(false);
    expect(bytes.held).toBe(0);
    expect(bytes.of('one').take(5)).toBe(true);
  });
});
