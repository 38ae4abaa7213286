// `test` as every spec takes it: a page that must not complain.
import { expect, test as base } from '@playwright/test';

export { expect };

export const test = base.extend<{ complaints: string[] }>({
  // What the browser said about errors: script errors, console errors, warnings of hydration.
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
      page.on('console', (message) => {
        const text = message.text();
        // An answer of 4xx to a page itself is what some specs are about.
        const isAnswer = text.startsWith('Failed to load resource') && message.location().url === page.url();
        if ((message.type() === 'error' && !isAnswer) || /hydrat/i.test(text)) {
          complaints.push(`${page.url()}: ${text}`);
        }
      });
      await use(complaints);
      expect(complaints, 'the browser complained').toEqual([]);
    },
    { auto: true },
  ],
});
