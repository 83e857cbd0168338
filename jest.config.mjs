import { availableParallelism } from 'node:os';

const swc = [
  '@swc/jest',
  {
    module: { type: 'es6' },
    sourceMaps: 'inline',
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
  },
];

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/packages/client', '<rootDir>/console'],
  testMatch: ['**/*.spec.ts'],
  // SDKs of other languages, which their registries give: npm run test:sdks.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/sdks/languages/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'] },
  transform: { '^.+\\.ts$': swc },
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts', 'packages/client/src/**/*.ts', '!src/**/*.spec.ts'],
  // Many suites wait for processes and sockets: on two cores two workers are done in two thirds of the time of one,
  // which is what jest would take there.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: '512MB',
  // A worker has some 700 MB at its end, which a busy machine takes longer than jest's 500 ms to take back; what is
  // still open after 3 s was left open by a suite.
  workerGracefulExitTimeout: 3000,
  testTimeout: 20_000,
};
