import AxeBuilder from '@axe-core/playwright';
import { everyPage } from './every-page';
import { expect, test } from './scrip';

const LOOKS = [
  { colorScheme: 'light', width: 1440 },
  { colorScheme: 'dark', width: 1440 },
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 390 },
] as const;

for (const look of LOOKS) {
  test(`everybody can use every page: ${look.colorScheme}, ${look.width} px`, async ({ page, request }) => {
    test.setTimeout(300_000);
    await page.emulateMedia({ colorScheme: look.colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width: look.width, height: 900 });
    await everyPage(page, request, async (path) => {
      await expect(page.locator('html')).toHaveAttribute('lang', 'en');
      expect(await page.title(), path).toMatch(/NeuralBox/);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
      const told = violations.map(
        (one) => `${path}: ${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`,
      );
      expect.soft(told).toEqual([]);
    });
  });
}
