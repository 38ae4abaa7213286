import { defineConfig } from '@playwright/test';
import base from './playwright.config';

// What each page loads, of a release: `cargo xtask weigh` starts it.
export default defineConfig({ ...base, testDir: 'weight', workers: 1, projects: [{ name: 'script' }] });
