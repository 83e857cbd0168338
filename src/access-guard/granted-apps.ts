import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppsConfig, type HubSnapshot } from '../config/reload/apps-config.service.js';
import type { Act } from '../core/access/client.js';
import { compileAccess, grants, isLookedUp, type AccessIndex } from '../core/access/decision.js';

/**
 * What a key is granted, for a caller that names its app in a way that may mean several. Lets nobody in and counts
 * nothing: whichever app is chosen, the guard is asked about it all the same.
 */
@Injectable()
export class GrantedApps {
  #snapshot: HubSnapshot | undefined;
  #index: AccessIndex = compileAccess([]);
  #byCorpid: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(private readonly config: AppsConfig) {}

  /** The agents of the corporation that the key's client may do `act` to, in the order of the file. */
  agentsOf(corpid: string, key: string, act: Act): readonly string[] {
    const snapshot = this.#sync();
    const agents = this.#byCorpid.get(corpid);
    if (agents === undefined || !isLookedUp(key)) return [];
    const owner = this.#index.keys.get(hash('sha256', key, 'hex'));
    if (owner === undefined) return [];
    return agents.filter((appid) => grants(owner.client, act, appid, snapshot.apps));
  }

  #sync(): HubSnapshot {
    const snapshot = this.config.current;
    if (snapshot === this.#snapshot) return snapshot;
    this.#index = compileAccess(snapshot.clients);
    const byCorpid = new Map<string, string[]>();
    for (const { appid, corpid } of snapshot.apps.values()) {
      if (corpid === undefined) continue;
      const agents = byCorpid.get(corpid);
      if (agents === undefined) byCorpid.set(corpid, [appid]);
      else agents.push(appid);
    }
    this.#byCorpid = byCorpid;
    this.#snapshot = snapshot;
    return snapshot;
  }
}
