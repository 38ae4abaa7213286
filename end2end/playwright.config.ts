import { defineConfig } from '@playwright/test';

// `make e2e` starts a server with a database of its own, and says where; see xtask/src/e2e.rs.
const baseURL = process.env.BASE_URL;
if (!baseURL) throw new Error('BASE_URL is not set: run `make e2e`');

export default defineConfig({
  testDir: './specs',
  outputDir: './test-results',
  // One database behind all of them: what a spec needs it makes for itself, so they may run side by side.
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['html', { open: 'never', outputFolder: './playwright-report' }]],
  use: {
    baseURL,
    locale: 'en-GB',
    timezoneId: 'UTC',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM,
      // Chromium's own sandbox can't be set up as root, as in CI.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
  projects: [
    { name: 'with script' },
    // What must also work without: everything but the specs that say so in their name.
    { name: 'without script', testIgnore: '**/*.script.spec.ts', use: { javaScriptEnabled: false } },
  ],
});
