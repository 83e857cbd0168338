import { kindFor, type NoticeKind, type Subject } from './notice.js';

describe('who is told, and as what', () => {
  const clients: Readonly<Record<string, ReadonlySet<string> | '*'>> = {
    billing: new Set(['wx-2']),
    all: '*',
  };
  const events = (...kinds: NoticeKind[]) => ({ events: new Set(kinds) });
  const apps = (...appids: string[]) => ({ apps: new Set(appids) });

  it.each<[string, Partial<Parameters<typeof kindFor>[0]>, NoticeKind[], Subject, NoticeKind | undefined]>([
    ['all of everything', {}, ['refused'], { appid: 'wx-1' }, 'refused'],
    ['an event of others', events('recovered'), ['refused'], { appid: 'wx-1' }, undefined],
    ['the gravest', {}, ['token_ending', 'refused'], { appid: 'wx-1' }, 'token_ending'],
    [
      'the gravest that is wanted',
      events('refused'),
      ['token_ending', 'refused'],
      { appid: 'wx-1' },
      'refused',
    ],
    ['its app', apps('wx-1'), ['refused'], { appid: 'wx-1' }, 'refused'],
    ['an app of others', apps('wx-1'), ['refused'], { appid: 'wx-2' }, undefined],
    ['a key that opens its app', apps('wx-2'), ['key_expiring'], { client: 'billing' }, 'key_expiring'],
    ['a key that opens all', apps('wx-2'), ['key_expiring'], { client: 'all' }, 'key_expiring'],
    ['a key that opens others', apps('wx-1'), ['key_expiring'], { client: 'billing' }, undefined],
    ['a client that is gone', apps('wx-1'), ['key_expiring'], { client: 'gone' }, undefined],
    ['the hub', {}, ['store_away'], 'hub', 'store_away'],
    ['the hub, to one team', apps('wx-1'), ['store_away'], 'hub', undefined],
    [
      'the hub, to a team that asks',
      { ...apps('wx-1'), ...events('store_away') },
      ['store_away'],
      'hub',
      'store_away',
    ],
  ])('%s', (_what, target, kinds, subject, kind) => {
    const whole = { apps: undefined, events: undefined, ...target };
    expect(kindFor(whole, kinds, subject, (client) => clients[client])).toBe(kind);
  });
});
