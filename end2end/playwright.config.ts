import { defineConfig } from '@playwright/test';

// `cargo xtask e2e` starts the server under test and names it here; see CONTRIBUTING.md for running one spec.
export default defineConfig({
  testDir: 'tests',
  workers: 2,
  fullyParallel: true,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env.BASE_URL ?? 'http://127.0.0.1:3000',
    locale: 'en-US',
    viewport: { width: 1440, height: 900 },
    // Recording costs a quarter of the time; `--trace retain-on-failure` asks for it.
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell' },
  },
  projects: [
    // Buying through the stand-ins is done by plain forms; what scripts add to it is in `payments.live.spec.ts`.
    { name: 'script' },
    // The same pages with scripts switched off; what needs a script by its nature is in `*.live.spec.ts`.
    { name: 'plain', testIgnore: '**/*.live.spec.ts', use: { javaScriptEnabled: false } },
  ],
});
