import fc from 'fast-check';
import { aHeld, anApp, anError, aState } from '../../test/support/builders.js';
import type { AppSettings } from './app.js';
import {
  isAnswered,
  step,
  UNCACHED,
  urgencyOf,
  written,
  type Attempt,
  type AttemptEnd,
  type AttemptRequest,
  type AttemptTrigger,
  type CachedCredential,
  type Input,
  type LeaseAnswer,
  type LeaseTerms,
  type SaveAnswer,
  type StepContext,
  type Urgency,
} from './attempt.js';
import { failedElsewhere, merged, versionAlone, withMerged } from './coordination.js';
import { isValid, type CredentialKind, type CredentialState, type Held } from './credential.js';
import { Secret } from './secret.js';
import type { UpstreamResult } from './upstream.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Where stories begin, epoch ms. */
const START = 10_000_000;
const EVER = Number.POSITIVE_INFINITY;
const CREDENTIALS = '0123456789abcdef';
const OTHER_CREDENTIALS = 'fedcba9876543210';
const LOST = anError('transient', { mayHaveActed: true });
const REFUSED = anError('configuration');

interface Beginning {
  readonly kind?: CredentialKind;
  /** Of the token `A` that is held: `undefined`: none is. */
  readonly held?: Partial<Held> | undefined;
  readonly state?: Partial<CredentialState>;
  readonly cached?: Partial<CachedCredential>;
}

/** A token `A`, version 5, minted under fence 500 half an hour before the story begins, good for another hour and a half. */
function tokenA(over: Partial<Held> = {}): Held {
  const issuedAt = START - 30 * MINUTE;
  return aHeld({ value: new Secret('A'), version: 5, fence: 500, kind: 'token', issuedAt, ...over });
}

/** One credential, its clock, and the inputs of a script. */
class Story {
  cached: CachedCredential;
  now = START;
  kind: CredentialKind;
  credentialsId = CREDENTIALS;
  #fence = 1000;

  constructor({ kind = 'token', held, state, cached }: Beginning) {
    this.kind = kind;
    const holding = held === undefined ? undefined : tokenA({ kind, credentialsId: CREDENTIALS, ...held });
    this.cached = { ...UNCACHED, state: aState({ held: holding, ...state }), ...cached };
  }

  get context(): StepContext {
    return {
      app: this.#app(),
      credentialsId: this.credentialsId,
      kind: this.kind,
      now: this.now,
      wallNow: this.now,
      replica: 7,
      mintsKnownUntil: this.now,
    };
  }

  #app(): AppSettings {
    return anApp({ tokenApi: this.kind === 'stable_token' ? 'stable_token' : 'token' });
  }

  terms(): LeaseTerms {
    this.#fence += 1;
    return {
      fence: this.#fence,
      firstVersion: 1700,
      startBy: this.now + SECOND,
      lapsesAt: this.now + 7 * SECOND,
    };
  }

  request(trigger: AttemptTrigger, force = false): AttemptRequest {
    return { trigger, force, at: this.now, before: this.cached.state.held };
  }

  /** Of another replica, sent now. */
  peersToken(value: string, over: Partial<Held> = {}): Held {
    this.#fence += 1;
    const version = (this.cached.state.held?.version ?? 0) + 1;
    const credentialsId = this.credentialsId;
    const kind = this.kind;
    const fence = this.#fence;
    return aHeld({
      value: new Secret(value),
      issuedAt: this.now,
      version,
      kind,
      fence,
      credentialsId,
      ...over,
    });
  }

  hears(held: Held): void {
    const found = merged(this.cached.state.held, held, this.kind, this.now);
    this.cached = { ...this.cached, state: withMerged(this.cached.state, found) };
  }

  input(words: readonly string[]): Input {
    const [what, first, second] = words;
    switch (what) {
      case 'request':
        return { kind: 'requested', request: this.request(first as AttemptTrigger, second === 'forced') };
      case 'admitted':
        return { kind: 'admitted' };
      case 'lease':
        return { kind: 'lease', answer: this.#lease(first, Number(second)) };
      case 'waited':
        return { kind: 'waited' };
      case 'granted':
      case 'lost':
      case 'refused':
        return { kind: 'called', result: this.#result(what, first) };
      case 'save':
        return { kind: 'saved', answer: this.#save(first, second) };
      case 'give':
        return { kind: 'given up' };
      default:
        throw new Error(`no such line: ${words.join(' ')}`);
    }
  }

  #lease(answer: string | undefined, ms: number): LeaseAnswer {
    switch (answer) {
      case 'granted':
        return { kind: 'granted', terms: this.terms() };
      case 'stale':
        return { kind: 'granted', terms: { ...this.terms(), startBy: this.now } };
      case 'leased':
        return { kind: 'leased', lapsesInMs: ms };
      case 'paused':
        return { kind: 'paused', retryInMs: ms };
      case 'looked':
        return { kind: 'looked' };
      default:
        return { kind: 'unavailable' };
    }
  }

  #result(what: string, value = 'B'): UpstreamResult {
    if (what !== 'granted') return { ok: false, error: what === 'lost' ? LOST : REFUSED };
    const { attempt } = this.cached;
    const sentAt = attempt.phase === 'calling' ? attempt.sentAt : this.now;
    return { ok: true, grant: { value: new Secret(value), sentAt, lifeMs: 7200 * SECOND } };
  }

  /** `saved 9`: the store has raised the version to 9. */
  #save(answer: string | undefined, version: string | undefined): SaveAnswer {
    const { attempt } = this.cached;
    if (answer === 'newer' || answer === 'refused') return { kind: answer };
    if (answer !== 'saved' || attempt.phase !== 'storing') return { kind: 'unavailable' };
    const { held } = attempt.granted;
    const stored = version === undefined ? held : { ...held, version: Number(version) };
    return { kind: 'saved', held: stored, stamp: 42 };
  }

  /** Carries out a line; what has changed, in words. */
  play(line: string): string {
    const words = line.split(' ');
    const before = this.cached;
    let end: AttemptEnd | undefined;
    if (words[0] === 'wait') this.now += Number(words[1]);
    else if (words[0] === 'reload') this.credentialsId = OTHER_CREDENTIALS;
    else if (words[0] === 'family') this.kind = words[1] as CredentialKind;
    else if (words[0] === 'hears') this.hears(this.peersToken(words[1] ?? ''));
    else if (words[0] === 'peer') this.#peerFails(Number(words[2]));
    else ({ next: this.cached, end } = step(this.cached, this.input(words), this.context));
    return [this.#phase(end), ...this.#changes(before)].join(', ');
  }

  #peerFails(retryInMs: number): void {
    const failure = { error: REFUSED, fence: undefined, credentialsId: CREDENTIALS };
    this.cached = { ...this.cached, state: failedElsewhere(this.cached.state, failure, retryInMs, this.now) };
  }

  #phase(end: AttemptEnd | undefined): string {
    const { phase } = this.cached.attempt;
    switch (end?.kind) {
      case undefined:
        return phase;
      case 'called':
        return `${phase}: ${end.outcome}`;
      case 'later':
        return `${phase}: later +${end.at - this.now}`;
      default:
        return `${phase}: ${end?.kind}`;
    }
  }

  #changes({ state: before, waitsForStore }: CachedCredential): string[] {
    const { state } = this.cached;
    const changes: string[] = [];
    const { held, unseen } = state;
    if (held !== undefined && held !== before.held) {
      const { version, fence } = held;
      const alone = version === versionAlone(before.held?.version, this.now, 7);
      const number = alone ? 'a version of its own' : `version ${version}`;
      changes.push(`holds ${held.value.reveal()} ${number}${fence === undefined ? '' : ` fence ${fence}`}`);
    }
    const [now, then] = [unseen, before.unseen].map((mint) =>
      mint === undefined ? 'none' : `${mint.since - START}..${mint.until === EVER ? '' : mint.until - START}`,
    );
    if (now !== then) changes.push(`unseen ${now}`);
    if (state.failures !== before.failures) changes.push(`failures ${state.failures}`);
    if (this.cached.waitsForStore !== waitsForStore) changes.push('waits for the store');
    return changes;
  }
}

/** Each line: an input, `>`, and what it makes. The whole is compared, so that a difference shows where it begins. */
function tell(beginning: Beginning, script: string): void {
  const lines = script
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+>\s+/) as [string, string?]);
  const story = new Story(beginning);
  const played = lines.map(([line, expected]) => {
    const changes = story.play(line);
    return expected === undefined ? line : `${line} > ${changes}`;
  });
  expect(played).toEqual(
    lines.map(([line, expected]) => (expected === undefined ? line : `${line} > ${expected}`)),
  );
}

/** Up to the call. */
const LEASED = `
  request schedule      > queued
  admitted              > leasing
  lease granted         > calling
`;
const ALONE = `
  request admin         > queued
  admitted              > leasing
  lease unavailable     > calling
`;

describe('an attempt', () => {
  it.each<[string, Beginning, string]>([
    [
      'brings the first token, numbered by the store',
      {},
      `${LEASED}
       wait 200
       granted B        > storing
       save saved       > idle: issued, holds B version 1700 fence 1001`,
    ],
    [
      'brings the next token, numbered by the one before',
      { held: {} },
      `${LEASED}
       wait 200
       granted B        > storing
       save saved       > idle: issued, holds B version 6 fence 1001`,
    ],
    [
      'takes the version to which the store has raised it',
      { held: {} },
      `${LEASED}
       granted B        > storing
       save saved 9     > idle: issued, holds B version 9 fence 1001`,
    ],
    [
      'confirms the token that is held',
      { held: {}, kind: 'stable_token' },
      `${LEASED}
       wait 200
       granted A        > storing
       save saved       > idle: confirmed, holds A version 5 fence 1001`,
    ],
    [
      'that fails costs nothing but itself',
      { held: {} },
      `${LEASED}
       wait 200
       refused          > idle: failed, failures 1`,
    ],
    [
      'with a lost answer may have minted, since it was sent',
      { held: {} },
      `${LEASED}
       wait 5000
       lost             > idle: failed, unseen 0..5000, failures 1`,
    ],
    [
      'with a lost answer of stable_token has ended no token',
      { held: {}, kind: 'stable_token' },
      `${LEASED}
       wait 5000
       lost             > idle: failed, failures 1`,
    ],
    [
      'that settles what was unseen leaves nothing of it',
      { held: {}, state: { unseen: { since: START - 5000, until: START - 1 } } },
      `${LEASED}
       granted B        > storing
       save saved       > idle: issued, holds B version 6 fence 1001, unseen none`,
    ],
    [
      'that was sent while an unseen mint may have been under way leaves the rest of it',
      { held: {}, state: { unseen: { since: START - 5000, until: START + 1 } } },
      `${LEASED}
       granted B        > storing
       save saved       > idle: issued, holds B version 6 fence 1001, unseen 0..1`,
    ],
    ['is given up before the call', { held: {} }, `request admin > queued\n give up > idle: given up`],
    ['is given up in the call', { held: {} }, `${LEASED}\n give up > idle: given up`],
  ])('%s', (_what, beginning, script) => {
    tell(beginning, script);
  });
});

describe('an attempt among replicas', () => {
  it.each<[string, Beginning, string]>([
    [
      'is needless where another brings the token while it is queued',
      { held: {} },
      `request schedule > queued
       hears B          > queued, holds B version 6 fence 1001
       admitted         > idle: needless`,
    ],
    [
      'is needless where a look at the store brings it',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       hears B          > leasing, holds B version 6 fence 1001
       lease looked     > idle: needless`,
    ],
    [
      'is needless where it comes in while the lease is asked for',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       hears B          > leasing, holds B version 6 fence 1001
       lease granted    > idle: needless`,
    ],
    [
      'is needless where it comes in while another’s call is waited for',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease leased 7000 > peer
       hears B          > peer, holds B version 6 fence 1001
       waited           > idle: needless`,
    ],
    [
      'asks again where a look at the store brought nothing that ends it, but not for ever',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease looked     > leasing
       lease looked     > leasing
       lease looked     > leasing
       lease looked     > idle: later +1000`,
    ],
    [
      'does not begin a call under a lease that would lapse under it',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease stale      > leasing
       lease granted    > calling`,
    ],
    [
      'waits for another’s call, and goes on where nothing came of it',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 7020
       waited           > queued
       admitted         > leasing
       lease granted    > calling`,
    ],
    [
      'by schedule leaves a failure of another to its pace',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 200
       peer fails 60000 > peer
       waited           > idle: later +60000`,
    ],
    [
      'that somebody waits for does not: the store says how long such a failure counts',
      { held: {} },
      `request admin    > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 200
       peer fails 60000 > peer
       waited           > queued`,
    ],
    [
      'is not put off by what failed before it waited',
      { held: {} },
      `peer fails 60000 > idle
       wait 10
       request schedule > queued
       admitted         > leasing
       lease leased 7000 > peer
       waited           > queued`,
    ],
    [
      'is put off by a pause',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease paused 60000 > idle: later +60000`,
    ],
    [
      'is put off by no pause for longer than a hub would wait itself',
      { held: {} },
      `request schedule > queued
       admitted         > leasing
       lease paused 86400000 > idle: later +660000`,
    ],
    [
      'keeps what another brought while its own token was on its way to the store',
      { held: {} },
      `${LEASED}
       granted B        > storing
       wait 6001
       hears C          > storing, holds C version 6 fence 1002
       save newer       > idle: issued, unseen 0..6001`,
    ],
    [
      'serves what WeChat granted also where the store has refused it',
      { held: {}, kind: 'stable_token' },
      `${LEASED}
       granted B        > storing
       save refused     > idle: issued, holds B version 6 fence 1001`,
    ],
    [
      'that the store refused for a newer one may have crossed with that',
      { held: {} },
      `${LEASED}
       wait 6999
       granted B        > storing
       save newer       > idle: issued, holds B version 6 fence 1001, unseen 0..6999`,
    ],
    [
      'that was answered after its lease had lapsed is as good as one without: others may have minted since',
      { held: {} },
      `${LEASED}
       wait 7000
       granted B        > storing
       save saved       > idle: issued, holds B a version of its own, unseen 0..7000`,
    ],
    [
      'that failed after its lease had lapsed may have minted after another',
      {},
      `${LEASED}
       wait 7000
       lost             > idle: failed, unseen 0..7000, failures 1`,
    ],
    [
      'that failed within its lease has crossed with nothing',
      {},
      `${LEASED}
       wait 6999
       lost             > idle: failed, failures 1`,
    ],
    [
      'that brings what was asked for before the held token was first seen changes nothing but that it minted',
      { held: {} },
      `${LEASED}
       wait 100
       hears C          > calling, holds C version 6 fence 1002
       wait 100
       granted B        > idle: outdated, unseen 0..200`,
    ],
    [
      'of stable_token that brings such an answer changes nothing',
      { held: {}, kind: 'stable_token' },
      `${LEASED}
       wait 100
       hears C          > calling, holds C version 6 fence 1002
       granted B        > idle: outdated`,
    ],
  ])('%s', (_what, beginning, script) => {
    tell(beginning, script);
  });
});

describe('an attempt without the store', () => {
  it.each<[string, Beginning, string]>([
    [
      'gets a version of its own, and hides mints of others until the store is back',
      { held: {} },
      `${ALONE}
       granted B        > storing
       save gone        > idle: issued, holds B a version of its own, unseen 0..`,
    ],
    [
      'gets one also where the store goes only before the save',
      { held: {} },
      `${LEASED}
       granted B        > storing
       save gone        > idle: issued, holds B a version of its own, unseen 0..`,
    ],
    [
      'doubts what it got alone and the store took in, as all do that take it over',
      { held: {} },
      `${ALONE}
       wait 200
       granted B        > storing
       save saved       > idle: issued, holds B a version of its own, unseen 0..200`,
    ],
    [
      'knows no such doubt of stable_token',
      { held: {}, kind: 'stable_token' },
      `${ALONE}
       wait 200
       granted B        > storing
       save saved       > idle: issued, holds B a version of its own`,
    ],
    [
      'confirms a token without another version, and keeps the fence that it was got under',
      { held: {}, kind: 'stable_token' },
      `${ALONE}
       granted A        > storing
       save gone        > idle: confirmed, holds A version 5 fence 500`,
    ],
    [
      'of `token` is left to who refreshed the app last',
      { held: { expiresAt: START + 20 * MINUTE } },
      `request schedule > queued
       admitted         > leasing
       lease unavailable > idle: later +1140000, waits for the store`,
    ],
    [
      'goes ahead at once where this replica was the last',
      { held: { expiresAt: START + 20 * MINUTE }, cached: { refreshedHere: true } },
      `request schedule > queued
       admitted         > leasing
       lease unavailable > calling`,
    ],
    [
      'goes ahead where somebody waits for it',
      { held: { expiresAt: START + 20 * MINUTE } },
      `request report   > queued
       admitted         > leasing
       lease unavailable > calling`,
    ],
    [
      'goes ahead where there is no valid token',
      {},
      `request schedule > queued
       admitted         > leasing
       lease unavailable > calling`,
    ],
    [
      'of stable_token goes ahead: the calls of several bring the same one',
      { held: {}, kind: 'stable_token' },
      `request schedule > queued
       admitted         > leasing
       lease unavailable > calling`,
    ],
    [
      'of a ticket goes ahead',
      { held: {}, kind: 'jsapi' },
      `request schedule > queued
       admitted         > leasing
       lease unavailable > calling`,
    ],
  ])('%s', (_what, beginning, script) => {
    tell(beginning, script);
  });

  it('no longer waits for the store once it has ended otherwise', () => {
    const story = new Story({ held: {}, cached: { waitsForStore: true } });
    for (const line of ['request schedule', 'admitted', 'lease granted', 'refused']) story.play(line);
    expect(story.cached.waitsForStore).toBe(false);
  });
});

describe('an attempt under a reload', () => {
  it.each<[string, Beginning, string]>([
    [
      'that fails says nothing about the new credentials',
      { held: {} },
      `${LEASED}
       reload
       refused          > idle: failed`,
    ],
    [
      'that fails may have minted all the same',
      { held: {} },
      `${LEASED}
       reload
       wait 7000
       lost             > idle: failed, unseen 0..7000`,
    ],
    [
      'that fails while it has its lease may have minted, too',
      { held: {} },
      `${LEASED}
       reload
       wait 5000
       lost             > idle: failed, unseen 0..5000`,
    ],
    [
      'of the other family brings nothing that belongs here',
      { held: {} },
      `${LEASED}
       family stable_token
       granted B        > idle: outdated`,
    ],
    [
      'that asks for new credentials is not answered by a token of the old ones',
      { held: {} },
      `reload
       request reload   > queued
       wait 10
       admitted         > leasing`,
    ],
    [
      'that asks for new credentials is answered by another replica’s token of the new ones',
      { held: {} },
      `reload
       request reload   > queued
       wait 10
       hears B          > queued, holds B version 6 fence 1001
       admitted         > idle: needless`,
    ],
  ])('%s', (_what, beginning, script) => {
    tell(beginning, script);
  });

  it('names the credentials that the token was got with, also where they are replaced under the call', () => {
    const story = new Story({ held: {} });
    for (const line of [
      'request schedule',
      'admitted',
      'lease granted',
      'reload',
      'granted B',
      'save saved',
    ]) {
      story.play(line);
    }
    expect(story.cached.state.held?.credentialsId).toBe(CREDENTIALS);
  });
});

describe('an attempt that others hold off', () => {
  it('waits no longer than its token can and 40 s, whatever the lease says, and then goes without one', () => {
    tell(
      { held: { expiresAt: START + 80 * SECOND } },
      `request schedule > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 7020
       waited           > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 52979
       waited           > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 1
       waited           > queued
       admitted         > leasing
       lease leased 7000 > calling`,
    );
  });

  it('waits out what is left of the pace of failing calls, also once it has been held off for too long', () => {
    tell(
      { held: { expiresAt: START + 80 * SECOND } },
      `request schedule > queued
       admitted         > leasing
       lease paused 60000 > idle: later +20000
       wait 20000
       request schedule > queued
       admitted         > leasing
       lease paused 4000 > idle: later +4000`,
    );
  });

  it('is not put off for a day by a pause that was asked about just before its time', () => {
    tell(
      { held: { expiresAt: START + 80 * SECOND } },
      `request schedule > queued
       admitted         > leasing
       lease paused 60000 > idle: later +20000
       wait 19999
       request schedule > queued
       admitted         > leasing
       wait 1
       lease paused 86400000 > idle: later +5000`,
    );
  });

  it('tries no sooner after another’s failure than failing calls are apart', () => {
    tell(
      { held: { expiresAt: START + 80 * SECOND } },
      `request schedule > queued
       admitted         > leasing
       lease leased 7000 > peer
       wait 19000
       peer fails 60000 > peer
       waited           > idle: later +5000`,
    );
  });

  it('remembers over several attempts since when, and forgets it with the call', () => {
    const story = new Story({ held: {} });
    const heldOff = (...lines: string[]) => {
      for (const line of lines) story.play(line);
      return story.cached.heldOffSince;
    };
    expect(heldOff('request schedule', 'admitted', 'lease paused 60000')).toBe(START);
    expect(heldOff('wait 60000', 'request schedule', 'admitted', 'lease paused 60000')).toBe(START);
    expect(heldOff('wait 60000', 'request schedule', 'admitted', 'lease granted', 'refused')).toBe(undefined);
  });

  it('forgets it with an answer of another', () => {
    const story = new Story({ held: {} });
    for (const line of ['request schedule', 'admitted', 'lease leased 7000', 'hears B', 'waited'])
      story.play(line);
    expect(story.cached.heldOffSince).toBeUndefined();
  });

  const MAY = 11 * MINUTE;
  it.each<[string, AttemptTrigger, Beginning, number, Urgency]>([
    ['by nobody', 'schedule', { held: {} }, 60 * MINUTE, 'patient'],
    ['for less than they may', 'schedule', { held: {}, cached: { heldOffSince: START } }, MAY - 1, 'patient'],
    ['for as long as they may', 'schedule', { held: {}, cached: { heldOffSince: START } }, MAY, 'urgent'],
    [
      'for less than 40 s more',
      'schedule',
      { held: {}, cached: { heldOffSince: START } },
      MAY + 39_999,
      'urgent',
    ],
    ['for 40 s more', 'schedule', { held: {}, cached: { heldOffSince: START } }, MAY + 40_000, 'regardless'],
    ['by nobody, and somebody asks', 'admin', { held: {} }, 0, 'urgent'],
    ['and somebody reports', 'report', { held: {}, cached: { heldOffSince: START } }, 0, 'urgent'],
    ['and a reload asks', 'reload', { held: {}, cached: { heldOffSince: START } }, 0, 'urgent'],
    [
      'too long, and somebody asks',
      'admin',
      { held: {}, cached: { heldOffSince: START } },
      MAY + 40_000,
      'regardless',
    ],
    [
      'before the process has asked anything: for 10 s',
      'schedule',
      { cached: { heldOffSince: START } },
      10 * SECOND - 1,
      'patient',
    ],
    ['and from then on', 'schedule', { cached: { heldOffSince: START } }, 10 * SECOND, 'urgent'],
  ])('%s: %s', (_what, trigger, beginning, after, urgency) => {
    expect(urgencyOf(new Story(beginning).cached, trigger, START + after)).toBe(urgency);
  });
});

describe('whether what is held is what was asked for', () => {
  const now = START;
  const before = tokenA({ credentialsId: CREDENTIALS });
  const other = tokenA({ value: new Secret('B'), issuedAt: START - 10, credentialsId: CREDENTIALS });
  const confirmed = (at: number) => ({ ...before, confirmedAt: at });
  const at = START - 1000;

  it.each<[string, AttemptTrigger, Held | undefined, Held | undefined, Partial<CredentialState>, boolean]>([
    ['schedule: another token than before', 'schedule', before, other, {}, true],
    ['schedule: the same as before', 'schedule', before, before, {}, false],
    ['schedule: the same, seen alive later', 'schedule', before, confirmed(before.confirmedAt + 1), {}, true],
    ['schedule: a first token', 'schedule', undefined, other, {}, true],
    ['schedule: none', 'schedule', before, undefined, {}, false],
    ['schedule: one that has ended', 'schedule', before, { ...other, expiresAt: now }, {}, false],
    ['schedule: one of the other family', 'schedule', before, { ...other, kind: 'stable_token' }, {}, false],
    [
      'schedule: one that an unseen mint may have ended',
      'schedule',
      before,
      other,
      { unseen: { since: 1, until: 2 } },
      false,
    ],
    ['admin: another token than they had', 'admin', before, other, {}, true],
    ['admin: the same, seen alive after they asked', 'admin', before, confirmed(at + 1), {}, true],
    ['admin: the same, seen alive when they asked', 'admin', before, confirmed(at), {}, false],
    ['admin: the same, seen alive before', 'admin', before, confirmed(before.confirmedAt + 1), {}, false],
    ['report: another token than the dead one', 'report', before, other, {}, true],
    ['report: the same, seen alive after the report', 'report', before, confirmed(at + 1), {}, true],
    ['report: the same, seen alive before it', 'report', before, confirmed(at - 1), {}, false],
    ['reload: got with the new credentials', 'reload', before, other, {}, true],
    [
      'reload: got with other ones',
      'reload',
      before,
      { ...other, credentialsId: OTHER_CREDENTIALS },
      {},
      false,
    ],
    ['reload: nobody knows with which', 'reload', before, { ...other, credentialsId: undefined }, {}, false],
    [
      'reload: the same, with the new ones since',
      'reload',
      before,
      confirmed(before.confirmedAt + 1),
      {},
      true,
    ],
    ['reload: the same as before', 'reload', before, before, {}, false],
    ['reload: a first token', 'reload', undefined, other, {}, true],
  ])('%s', (_what, trigger, had, held, state, answered) => {
    const request = { trigger, force: false, at, before: had };
    const context = { credentialsId: CREDENTIALS, kind: 'token', now } as const;
    expect(isAnswered(aState({ held, ...state }), request, context)).toBe(answered);
    expect(isAnswered(aState({ held, ...state }), { ...request, force: true }, context)).toBe(false);
  });
});

const PHASES = ['idle', 'queued', 'leasing', 'peer', 'calling', 'storing'] as const;
const INPUTS = [
  'request admin',
  'admitted',
  'lease granted',
  'waited',
  'granted B',
  'save saved',
  'give up',
] as const;
type Phase = Attempt['phase'];

/** Lines that lead to each phase. */
const WAY: Readonly<Record<Phase, readonly string[]>> = {
  idle: [],
  queued: ['request schedule'],
  leasing: ['request schedule', 'admitted'],
  peer: ['request schedule', 'admitted', 'lease leased 7000'],
  calling: ['request schedule', 'admitted', 'lease granted'],
  storing: ['request schedule', 'admitted', 'lease granted', 'granted B'],
};

/** Where each input leads from each phase; `-`: it does not belong to it. In the order of INPUTS. */
const NEXT: Readonly<Record<Phase, readonly (Phase | '-')[]>> = {
  idle: ['queued', '-', '-', '-', '-', '-', '-'],
  queued: ['-', 'leasing', '-', '-', '-', '-', 'idle'],
  leasing: ['-', '-', 'calling', '-', '-', '-', 'idle'],
  peer: ['-', '-', '-', 'queued', '-', '-', 'idle'],
  calling: ['-', '-', '-', '-', 'storing', '-', 'idle'],
  storing: ['-', '-', '-', '-', '-', 'idle', 'idle'],
};

describe('each phase with each input', () => {
  const pairs = PHASES.flatMap((phase) =>
    INPUTS.map((input, nth) => [phase, input, NEXT[phase][nth] ?? '-'] as const),
  );

  it.each(pairs)('%s, %s: %s', (phase, line, next) => {
    const story = new Story({ held: {} });
    for (const way of WAY[phase]) story.play(way);
    expect(story.cached.attempt.phase).toBe(phase);
    const { cached } = story;
    const input = story.input(line.split(' '));
    const { next: after, end } = step(cached, input, story.context);
    if (next === '-') {
      expect(after).toBe(cached);
      expect(end).toBeUndefined();
    } else {
      expect(after.attempt.phase).toBe(next);
      expect(end === undefined).toBe(next !== 'idle');
    }
  });

  it('an attempt that ended, but was not given up, has settled something', () => {
    const ended = (...lines: string[]) => {
      const story = new Story({ held: {} });
      for (const line of lines) story.play(line);
      return story.cached.settled;
    };
    expect(ended('request schedule', 'give up')).toBe(false);
    expect(ended('request schedule', 'admitted', 'lease paused 60000')).toBe(true);
    expect(ended('request schedule', 'admitted', 'lease granted', 'refused')).toBe(true);
  });
});

describe('what the store took in', () => {
  const cached: CachedCredential = { ...UNCACHED, state: aState({ held: tokenA() }) };

  it.each<[string, Held, Partial<Held>]>([
    ['its version and fence', tokenA({ version: 9, fence: 600 }), { version: 9, fence: 600 }],
    ['never a smaller version', tokenA({ version: 4, fence: 600 }), { version: 5, fence: 600 }],
    ['nothing of another token', tokenA({ value: new Secret('B'), version: 9 }), { version: 5, fence: 500 }],
    ['nothing of the other family', tokenA({ kind: 'stable_token', version: 9 }), { version: 5, fence: 500 }],
  ])('is seen from then on: %s', (_what, saved, held) => {
    const after = written(cached, saved, 77);
    expect(after.seen).toBe(77);
    expect(after.state.held).toMatchObject({ ...held, expiresAt: tokenA().expiresAt });
    expect(after.state.held?.value.reveal()).toBe('A');
  });

  it.each([
    ['saved', 42],
    ['newer', 30],
    ['refused', 30],
    ['gone', 0],
  ])('%s: the stamp %p', (answer, seen) => {
    const story = new Story({ held: {}, cached: { seen: 30 } });
    for (const line of WAY.storing) story.play(line);
    story.play(`save ${answer}`);
    expect(story.cached.seen).toBe(seen);
    expect(story.cached.refreshedHere).toBe(true);
  });
});

describe('whatever comes in whatever order', () => {
  const LINES = [
    'request schedule',
    'request admin',
    'request report',
    'request reload',
    'request admin forced',
    'admitted',
    'lease granted',
    'lease stale',
    'lease leased 7000',
    'lease leased 1',
    'lease paused 60000',
    'lease paused 86400000',
    'lease looked',
    'lease unavailable',
    'waited',
    'granted A',
    'granted B',
    'granted C',
    'lost',
    'refused',
    'save saved',
    'save saved 9000',
    'save newer',
    'save refused',
    'save gone',
    'give up',
    'wait 1',
    'wait 900',
    'wait 4000',
    'hears A',
    'hears C',
    'hears D',
    'peer fails 60000',
    'reload',
    'family token',
    'family stable_token',
  ] as const;
  const line = fc.constantFrom(...LINES);
  const lines = fc.array(line, { maxLength: 60 });
  const beginning = fc.record({
    kind: fc.constantFrom<CredentialKind>('token', 'stable_token', 'jsapi'),
    held: fc.constantFrom<Partial<Held> | undefined>(
      undefined,
      {},
      { fence: undefined },
      { kind: 'token' },
      { expiresAt: START + 90 * SECOND },
      { expiresAt: START - 1 },
    ),
    state: fc.constantFrom<Partial<CredentialState>>(
      {},
      { failures: 3, slowFailures: 3 },
      { unseen: { since: START - 1000, until: START - 500 } },
      { unseen: { since: START - 1000, until: EVER } },
    ),
    cached: fc.constantFrom<Partial<CachedCredential>>(
      {},
      { refreshedHere: true },
      { heldOffSince: START - 9 * MINUTE },
    ),
  });

  /** Lines that suit the phase come often enough to get through it. */
  const FITTING: Readonly<Record<Phase, readonly (typeof LINES)[number][]>> = {
    idle: LINES.filter((one) => one.startsWith('request')),
    queued: ['admitted'],
    leasing: LINES.filter((one) => one.startsWith('lease')),
    peer: ['waited'],
    calling: ['granted A', 'granted B', 'granted C', 'lost', 'refused'],
    storing: LINES.filter((one) => one.startsWith('save')),
  };
  const move = fc.oneof(
    fc.record({ line }),
    fc.record({ nth: fc.nat(1000) }),
    fc.record({ nth: fc.nat(1000) }),
  );
  const moves = fc.array(move, { maxLength: 60 });
  const lineOf = (story: Story, made: { line: string } | { nth: number }): string => {
    if ('line' in made) return made.line;
    const fitting = FITTING[story.cached.attempt.phase];
    return fitting[made.nth % fitting.length] ?? 'give up';
  };

  it('an input that does not belong to the phase changes nothing', () => {
    fc.assert(
      fc.property(beginning, moves, (start, made) => {
        const story = new Story(start);
        for (const one of made) {
          const text = lineOf(story, one);
          const { phase } = story.cached.attempt;
          const { cached } = story;
          const column = INPUTS.findIndex((input) => input.split(' ')[0] === inputWord(text));
          story.play(text);
          if (column >= 0 && NEXT[phase][column] === '-') expect(story.cached).toBe(cached);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a valid token is never lost, and none is taken for one that is not valid', () => {
    fc.assert(
      fc.property(beginning, moves, (start, made) => {
        const story = new Story(start);
        for (const one of made) {
          const { held } = story.cached.state;
          story.play(lineOf(story, one));
          if (isValid(held, story.now)) expect(isValid(story.cached.state.held, story.now)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('versions never go back, and one version is one token', () => {
    fc.assert(
      fc.property(beginning, moves, (start, made) => {
        const story = new Story(start);
        for (const one of made) {
          const { held } = story.cached.state;
          story.play(lineOf(story, one));
          const after = story.cached.state.held;
          if (held === undefined || after === undefined) continue;
          expect(after.version).toBeGreaterThanOrEqual(held.version);
          expect(Number.isSafeInteger(after.version)).toBe(true);
          if (after.version === held.version) expect(after.value.equals(held.value)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('another attempt is told exactly when one ends, and its end can be planned from', () => {
    fc.assert(
      fc.property(beginning, moves, (start, made) => {
        const story = new Story(start);
        for (const one of made) {
          const text = lineOf(story, one);
          const { phase } = story.cached.attempt;
          const words = text.split(' ');
          if (inputWord(text) === undefined) {
            story.play(text);
            continue;
          }
          const { next, end } = step(story.cached, story.input(words), story.context);
          story.cached = next;
          expect(end !== undefined).toBe(phase !== 'idle' && next.attempt.phase === 'idle');
          if (end?.kind !== 'later') continue;
          expect(end.at).toBeGreaterThan(story.now);
          expect(end.at).toBeLessThanOrEqual(story.now + 2 * 60 * MINUTE);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('an attempt always ends, whatever the store and WeChat answer, as long as time passes', () => {
    const answers = fc.record({
      lease: fc.array(fc.constantFrom(...FITTING.leasing), { minLength: 1, maxLength: 5 }),
      call: fc.constantFrom(...FITTING.calling),
      save: fc.constantFrom(...FITTING.storing),
      waits: fc.array(fc.integer({ min: 500, max: 8000 }), { minLength: 1, maxLength: 5 }),
    });
    const trigger = fc.constantFrom(...FITTING.idle);
    fc.assert(
      fc.property(
        beginning,
        trigger,
        answers,
        lines,
        (start, request, { lease, call, save, waits }, others) => {
          const story = new Story(start);
          story.play(request);
          const begun = story.now;
          for (let turn = 0; story.cached.attempt.phase !== 'idle'; turn += 1) {
            expect(story.now - begun).toBeLessThan(12 * MINUTE);
            const disturbing = others[turn];
            if (disturbing !== undefined && inputWord(disturbing) === undefined) story.play(disturbing);
            switch (story.cached.attempt.phase) {
              case 'queued':
                story.play('admitted');
                break;
              case 'leasing':
                story.play(lease[turn % lease.length]!);
                break;
              case 'peer':
                story.now += waits[turn % waits.length]!;
                story.play('waited');
                break;
              case 'calling':
                story.now += waits[turn % waits.length]!;
                story.play(call);
                break;
              case 'storing':
                story.play(save);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** The first word of lines that are inputs; what else happens is none. */
function inputWord(line: string): string | undefined {
  const [word] = line.split(' ');
  if (word === 'lost' || word === 'refused') return 'granted';
  return word !== undefined &&
    ['request', 'admitted', 'lease', 'waited', 'granted', 'save', 'give'].includes(word)
    ? word
    : undefined;
}
