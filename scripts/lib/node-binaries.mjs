import { join } from 'node:path';
import { cachedPackage } from './npm-cache.mjs';

/**
 * The Node versions that the hub is tested on beside the machine's own; the image has 24's (Dockerfile). nodejs.org's
 * own binaries, as the npm registry has them.
 */
export const NODES = {
  24: {
    version: '24.21.0',
    integrity: {
      'linux-x64':
        'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
      'linux-arm64':
        'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
  26: {
    version: '26.12.1',
    integrity: {
      'linux-x64':
        'sha512-jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==',
      'linux-arm64':
        'sha512-8Oxs6Y7rDcKufVIM/zYRSwytj46WOrZk7yFCLTKDcs17bBjAeD9HMAqo97hMfMyxozIud0S4vZCs5WB/3iavNQ==',
    },
  },
};

/**
 * @param {24 | 26} major
 * @returns {string} the folder that has this version's `node`, to stand first in PATH
 * @throws {Error} there is none for this machine, or the registry cannot be reached
 */
export function nodeFolder(major) {
  const { version, integrity } = NODES[major];
  const platform = `${process.platform}-${process.arch}`;
  if (integrity[platform] === undefined) throw new Error(`no Node ${major} for ${platform} is known here`);
  const wanted = { name: `node-${platform}`, version, integrity: integrity[platform] };
  return join(cachedPackage(wanted), 'bin');
}
