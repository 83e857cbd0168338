import { Injectable } from '@nestjs/common';
import { addCandidates, MOST_CANDIDATES } from '../core/access/key-candidates.js';
import { AccessService } from './access.service.js';

/** Knows every client's key, by its hash, wherever it stands: for what is about to leave for WeChat. */
@Injectable()
export class ClientKeys {
  constructor(private readonly access: AccessService) {}

  /**
   * Whether the text is a client's key, or holds one. Expired keys count: they were secrets, and may be others'.
   * `too_many`: more in it could be keys than are looked at.
   */
  lookFor(text: string): 'found' | 'none' | 'too_many' {
    const found = new Set<string>();
    addCandidates(text, found);
    if (found.size > MOST_CANDIDATES) return 'too_many';
    for (const candidate of found) if (this.access.isKey(candidate)) return 'found';
    return 'none';
  }

  /** The same where what cannot be looked through does not leave either. */
  mayHold(text: string): boolean {
    return this.lookFor(text) !== 'none';
  }
}
