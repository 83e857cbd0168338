import type { AppSettings } from '../../src/core/app.js';
import type { RefreshEnded } from '../../src/events/hub-events.js';
import type { CallChecks } from './call-checks.js';
import type { Call, Chronicle, Minted } from './chronicle.js';
import type { Ground } from './ground.js';
import type { Journal } from './journal.js';
import type { CallWatch } from './simulated-client.js';
import type { PromiseChecks } from './promise-checks.js';
import type { SimulatedHub } from './simulated-hub.js';

/** From the claim to the call that is made under it. */
const CLAIM_MS = 1000;

/** Sees each call to WeChat and each write in Redis: into the journal, the chronicle and the checks. */
export class Observer {
  constructor(
    private readonly ground: Ground,
    private readonly journal: Journal,
    private readonly chronicle: Chronicle,
    private readonly checks: CallChecks,
    private readonly promises: PromiseChecks,
    private readonly apps: readonly AppSettings[],
    private readonly hubs: readonly SimulatedHub[],
  ) {}

  /** A call is about to be sent. */
  called(hub: SimulatedHub, app: AppSettings): CallWatch {
    const last = this.chronicle.calls(app.appid).at(-1);
    const call: Call = {
      hub,
      app,
      byAdmin: hub.isAskedByAdmin(app.appid),
      held: this.#heldBy(hub, app),
      trigger: undefined,
      wanted: last?.ok !== true && last?.wanted === true,
      sentAt: this.ground.now,
      endedAt: undefined,
      ok: undefined,
      minted: undefined,
    };
    this.journal.note(`${hub.name} calls for ${app.appid}`);
    this.checks.calling(call);
    this.chronicle.sent(call);
    return {
      gave: (value) => this.#gave(call, value),
      ended: (value) => this.#answered(call, value),
    };
  }

  #heldBy(hub: SimulatedHub, { appid }: AppSettings): Minted | undefined {
    const reading = hub.cache.read(appid);
    return reading?.kind === 'held' ? this.chronicle.of(reading.held.value.reveal()) : undefined;
  }

  #gave(call: Call, value: string): void {
    const isNew = this.chronicle.of(value) === undefined;
    const minted = this.chronicle.gave(call, value);
    if (!isNew) return;
    call.minted = minted;
    this.promises.minted(call.app.appid);
    this.journal.note(`WeChat mints ${value.slice(0, 20)} for ${call.hub.name}`);
  }

  #answered(call: Call, value: string | undefined): void {
    const { hub, app } = call;
    const minted = value === undefined ? undefined : this.chronicle.of(value);
    call.endedAt = this.ground.now;
    call.ok = value !== undefined;
    hub.answered(app.appid, call.sentAt, minted);
    if (minted !== undefined) minted.knownAt ??= this.ground.now;
    this.journal.note(`${hub.name} for ${app.appid}: ${value?.slice(0, 20) ?? 'failed'}`);
  }

  /** The hub itself tells why it made the call that ended last. */
  ended(hub: SimulatedHub, { appid, trigger }: RefreshEnded): void {
    const call = this.chronicle.calls(appid).findLast((one) => one.hub === hub);
    if (call === undefined) return;
    call.trigger = trigger;
    call.wanted ||= trigger !== 'schedule';
    if (call.minted !== undefined) this.checks.minted(call, call.minted);
  }

  /** Redis takes in what may be a record. */
  stored(key: string, record: string, writer: string): void {
    const [, appid] = /^sim:\{(.+)\}:token$/.exec(key) ?? [];
    const app = this.apps.find((one) => one.appid === appid);
    if (app === undefined) return;
    const [stamp = 0, version = 0, fence = 0] = record.split(' ').slice(1, 4).map(Number);
    const value = record.split(' ').at(-1) ?? '';
    const what = `version ${version} fence ${fence} stamp ${stamp} ${value.slice(0, 20)}`;
    this.journal.note(`${writer} stores for ${app.appid}: ${what}`);
    const minted = this.chronicle.of(value);
    if (minted === undefined) return this.ground.violations.found('what WeChat never gave was stored');
    const hub = this.hubs.find(({ name }) => name === writer);
    minted.lateMs = Math.max(minted.lateMs, hub?.lateFor(app.appid, minted) ?? 0);
    const call = this.chronicle.calls(app.appid).findLast((one) => one.hub === hub);
    const stoodStill = call?.hub.process.frozenSince(call.sentAt - CLAIM_MS) ?? 0;
    minted.earlyMs = Math.max(minted.earlyMs, stoodStill);
    const kept = { at: this.ground.now, minted, version, fence, expiresAt: Number(record.split(' ')[7]) };
    this.checks.stored(app, kept);
    this.chronicle.keeps(app.appid, kept);
  }
}
