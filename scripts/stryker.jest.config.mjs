import config from '../jest.config.mjs';

export default { ...config, rootDir: '..', roots: ['<rootDir>/src/core'] };
