// Tests are TypeScript, turned into CommonJS by swc: no flag, no build before a run.
export default {
  testEnvironment: 'node',
  // Every core: many of the tests wait for a process that they started.
  maxWorkers: '100%',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' }, transform: { useDefineForClassFields: false } },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    }],
  },
  moduleNameMapper: {
    '^epollsim$': '<rootDir>/src/index.ts',
    '^epollsim/testing/jest$': '<rootDir>/src/testing/jest.ts',
    '^epollsim/([a-z]+)$': '<rootDir>/src/$1/index.ts',
    '^#dist/(.*)\\.js$': '<rootDir>/src/$1',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/editors/', '<rootDir>/dist-bench/', '<rootDir>/dist-live/'],
};
