import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenFamily, Validity } from './credentials.js';
import { FaultTable, type FaultHandle, type FaultSpec } from './faults.js';
import { Journal, type CallFilter, type Concurrency, type JournalEntry } from './journal.js';
import { statsOf, type SimulatorParts, type SimulatorStats } from './parts.js';
import { serve } from './request-handler.js';
import type { SimulatedApp } from './simulated-app.js';
import { ScaledClock, scheduleOn, type SimulatorClock } from './time.js';
import type { CodeSpec } from './users/login-desk.js';
import type { PlatformDesk } from './platforms/platform-desk.js';
import type { WeComDesk } from './wecom/wecom-desk.js';
import { WeChatModel } from './wechat-model.js';
import type { DeadTokenErrcode, WeChatModelOptions } from './wechat-world.js';

export interface SimulatorOptions extends Omit<WeChatModelOptions, 'now'> {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** How many times faster than real time. Default 1. With `clock` it only concerns a clock without timers. */
  readonly speed?: number;
  /** Default: real time from now on, times `speed`. */
  readonly clock?: SimulatorClock;
  /** Answers `/_sim/…` as well, to anybody who can connect. Default false. */
  readonly control?: boolean;
  /**
   * Simulated ms that every call takes at least. Default 0: then a call is over within one turn of the event loop,
   * and calls that the caller sent at the same time do not show as concurrent.
   */
  readonly latencyMs?: number;
  /** How many journal entries are kept at least. Default 10,000. */
  readonly journalEntries?: number;
}

/** Longer than any client's idle pool: a keep-alive race would look like a fault that nobody set. */
const KEEP_ALIVE_MS = 120_000;
/** Thousands of hubs' connections may come at once. */
const BACKLOG = 4096;

/** A WeChat (api.weixin.qq.com) to be had on 127.0.0.1: the real endpoints, faults at will, and an oracle. */
export class WeChatSimulator {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #parts: SimulatorParts;

  private constructor(server: Server, parts: SimulatorParts, host: string) {
    this.#server = server;
    this.#parts = parts;
    this.port = (server.address() as AddressInfo).port;
    this.url = `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  static async start(options: SimulatorOptions = {}): Promise<WeChatSimulator> {
    const speed = options.speed ?? 1;
    const clock = options.clock ?? new ScaledClock(speed);
    const now = (): number => clock.now();
    const parts: SimulatorParts = {
      now,
      latencyMs: options.latencyMs ?? 0,
      schedule: scheduleOn(clock, speed),
      model: new WeChatModel({ ...options, now }),
      faults: new FaultTable(options.random ?? Math.random),
      journal: new Journal(now, options.journalEntries ?? 10_000),
    };
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (req, res) => {
      void serve(parts, options.control === true, req, res);
    });
    const host = options.host ?? '127.0.0.1';
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port: options.port ?? 0, backlog: BACKLOG }, resolve);
    });
    return new WeChatSimulator(server, parts, host);
  }

  /** Ends all connections at once, calls under way included. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  /** Epoch ms of the simulated clock. */
  now(): number {
    return this.#parts.now();
  }

  // The oracle

  isAlive(value: string): boolean {
    return this.#parts.model.isAlive(value);
  }

  validity(value: string): Validity | undefined {
    return this.#parts.model.validity(value);
  }

  /** Whether WeChat has given no other token of its family since. */
  isCurrent(value: string): boolean {
    return this.#parts.model.isCurrent(value);
  }

  // Faults

  fault(spec: FaultSpec): FaultHandle {
    return this.#parts.faults.add(spec);
  }

  /** Removes every fault; calls that hang get their real answers. */
  clearFaults(): void {
    this.#parts.faults.clear();
  }

  // What people other than the caller do

  addApp(app: SimulatedApp): void {
    this.#parts.model.addApp(app);
  }

  removeApp(appid: string): void {
    this.#parts.model.removeApp(appid);
  }

  killToken(appid: string, family: TokenFamily): void {
    this.#parts.model.killToken(appid, family);
  }

  forceByOther(appid: string): void {
    this.#parts.model.forceByOther(appid);
  }

  /** @returns the token that the other one has now */
  mintByOther(appid: string): string {
    return this.#parts.model.mintByOther(appid);
  }

  setSecret(appid: string, secret: string): void {
    this.#parts.model.setSecret(appid, secret);
  }

  freeze(appid: string, errcode: number | undefined): void {
    this.#parts.model.freeze(appid, errcode);
  }

  setWhitelist(appid: string, addresses: readonly string[] | undefined): void {
    this.#parts.model.setWhitelist(appid, addresses);
  }

  setTokenLife(seconds: number, appid?: string): void {
    this.#parts.model.setTokenLife(seconds, appid);
  }

  setDeadTokenErrcode(errcode: DeadTokenErrcode | undefined): void {
    this.#parts.model.setDeadTokenErrcode(errcode);
  }

  clearQuota(appid: string): void {
    this.#parts.model.clearQuota(appid);
  }

  /** WeCom's side: agents, trusted addresses, early ends. */
  get wecom(): WeComDesk {
    return this.#parts.model.wecom;
  }

  /** Third-party platforms: their pushes, and what merchants do. */
  get platforms(): PlatformDesk {
    return this.#parts.model.platforms;
  }

  // Users

  /** What `wx.login`, or WeChat's consent page, gives a user's device. */
  makeCode(spec: CodeSpec): string {
    return this.#parts.model.users.makeCode(spec);
  }

  blockUser(appid: string, openid: string, blocked = true): void {
    this.#parts.model.users.block(appid, openid, blocked);
  }

  /** The one session_key of the user that is good now. */
  sessionKeyOf(appid: string, openid: string): string | undefined {
    return this.#parts.model.users.sessionKeyOf(appid, openid);
  }

  /** The user takes a consent back. */
  revokeUserToken(token: string): void {
    this.#parts.model.users.tokens.revoke(token);
  }

  // What came in

  calls(filter?: CallFilter): number {
    return this.#parts.journal.calls(filter);
  }

  mints(filter?: { readonly appid?: string; readonly family?: TokenFamily }): number {
    return this.#parts.model.mints(filter);
  }

  maxConcurrent(appid?: string): Concurrency {
    return this.#parts.journal.maxConcurrent(appid);
  }

  journal(filter?: CallFilter): JournalEntry[] {
    return this.#parts.journal.entries(filter);
  }

  async waitForCalls(count: number, filter?: CallFilter): Promise<void> {
    await this.#parts.journal.waitForCalls(count, filter);
  }

  stats(appid?: string): SimulatorStats {
    return statsOf(this.#parts, appid);
  }

  /** Forgets calls and journal; mints and tokens stay. */
  resetJournal(): void {
    this.#parts.journal.reset();
  }
}
