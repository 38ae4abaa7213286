// Buying through Stripe and YooKassa: their pages are the stand-ins'.
import type { Page } from '@playwright/test';
import { BY_STRIPE, BY_WALLET, BY_YOOKASSA, SENT_TO_STRIPE, STRIPE, YOOKASSA, buyer, cardAtStripe, cardAtYooKassa, expect, isAt, isPaid, order, orders, payAndVanish, test } from './pay';
import { PASSWORD, balance, freshEmail, mailedLink } from './scrip';

test.describe('Stripe', () => {
  test('a new card pays and is kept, and then pays at once', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_STRIPE, { keep: true });
    await isAt(page, doubles, 'stripe');
    await expect(page.getByText('Light', { exact: false })).toBeVisible();
    await cardAtStripe(page, STRIPE.paid);
    await isPaid(page, '150');

    // The saved card is chosen, and there is no page between the form and the receipt.
    await page.goto('/wallet/top-up?package=light');
    await expect(page.getByRole('radio', { name: /Visa •• 4242/ })).toBeChecked();
    await page.getByRole('button', { name: 'Pay ₽449.00' }).click();
    await isPaid(page, '250');
    await expect(await orders(page, 'Paid')).toHaveCount(2);
    await page.goto('/wallet/history');
    await expect(page.getByRole('row', { name: /Light/ })).toHaveCount(2);
  });

  test('a declined card charges nothing, and another one pays the same order', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_STRIPE);
    await cardAtStripe(page, STRIPE.declined);
    await expect(page.getByRole('alert')).toHaveText('Your card was declined.');
    await isAt(page, doubles, 'stripe');
    await cardAtStripe(page, STRIPE.paid);
    await isPaid(page, '150');
    await page.goto('/wallet/orders');
    await expect(page.getByRole('row')).toHaveCount(2);
  });

  test('3-D Secure: failed charges nothing, passed pays', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_STRIPE);
    await cardAtStripe(page, STRIPE.secure);
    await page.getByRole('button', { name: 'Fail authentication' }).click();
    await expect(page.getByRole('alert')).toContainText('unable to authenticate');
    await cardAtStripe(page, STRIPE.secure);
    await isAt(page, doubles, 'stripe');
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await isPaid(page, '150');
  });

  test('a saved card whose bank asks for its owner leads to a page for what was ordered', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_STRIPE, { keep: true });
    await cardAtStripe(page, STRIPE.secure);
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await isPaid(page, '150');

    await order(page, /Visa •• 3155/);
    await isAt(page, doubles, 'stripe');
    await expect(page.getByText('₽449', { exact: false }).or(page.getByText('449.00', { exact: false })).first()).toBeVisible();
    await cardAtStripe(page, STRIPE.secure);
    await page.getByRole('button', { name: 'Complete authentication' }).click();
    await isPaid(page, '250');
  });

  test('back from the page without paying: nothing is charged, and the order waits', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_STRIPE);
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not paid yet');
    await expect(page.getByText('Nothing is charged until you finish the payment.')).toBeVisible();
    await expect(balance(page)).toHaveText('50');
    await page.getByRole('link', { name: 'Go to payment' }).click();
    await isAt(page, doubles, 'stripe');

    // The page is over before it is paid.
    const session = new URL(page.url()).pathname.split('/').pop();
    const back = await page.getByRole('link', { name: 'Back to the shop' }).getAttribute('href');
    await doubles.tell(`stripe/checkout/${session}/expire`);
    await page.goto(back ?? '');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('This order has expired');
    await expect(page.getByText('Nothing was charged. Your choice is kept.')).toBeVisible();
    await page.getByRole('link', { name: 'Try again' }).click();
    await expect(page.getByRole('radio', { name: /^Light/ })).toBeChecked();
    await expect(balance(page)).toHaveText('50');
  });

  test('the browser never comes back: the events alone bring the credits', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_STRIPE);
    await isAt(page, doubles, 'stripe');
    await payAndVanish(page, SENT_TO_STRIPE);
    await expect(async () => {
      await page.goto('/wallet');
      await expect(balance(page)).toHaveText('150', { timeout: 1_000 });
    }).toPass();
  });

  test('a narrow screen buys as a wide one', async ({ page, request }) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await buyer(page, request);
    await order(page, BY_STRIPE, { keep: true });
    await cardAtStripe(page, STRIPE.paid);
    await isPaid(page, '150');
    await page.goto('/wallet/payment');
    await expect(page.getByRole('listitem').filter({ hasText: 'Visa •• 4242' })).toBeVisible();
    for (const address of ['/wallet/top-up?package=light', '/wallet/payment']) {
      await page.goto(address);
      const { width } = (await page.locator('main').boundingBox()) ?? { width: 0 };
      expect(width, `${address} fits`).toBeLessThanOrEqual(390);
    }
  });
});

test.describe('YooKassa', () => {
  test('a new card pays and is kept, and then pays at once', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_YOOKASSA, { keep: true });
    await isAt(page, doubles, 'yookassa');
    await cardAtYooKassa(page, YOOKASSA.paid);
    await isPaid(page, '150');
    await order(page, /•• 4444/);
    await isPaid(page, '250');
  });

  test('a YooMoney wallet pays', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await order(page, BY_WALLET);
    await isAt(page, doubles, 'yookassa');
    await page.getByLabel('Wallet number').fill('41001614575714');
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    await isPaid(page, '150');
  });

  test('a declined card says why, and the choice is kept', async ({ page, request }) => {
    await buyer(page, request);
    await order(page, BY_YOOKASSA);
    await cardAtYooKassa(page, YOOKASSA.poor);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('The operation has failed');
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Payment declined');
    await expect(page.getByText('Not enough money on the card. Try another card.')).toBeVisible();
    await expect(page.getByText('Nothing was charged and nothing was added.')).toBeVisible();
    await page.getByRole('link', { name: 'Try again' }).click();
    await expect(page.getByRole('radio', { name: /^Light/ })).toBeChecked();
    await expect(balance(page)).toHaveText('50');
  });

  test('3-D Secure: refused charges nothing, confirmed pays', async ({ page, request }) => {
    await buyer(page, request);
    await order(page, BY_YOOKASSA);
    await cardAtYooKassa(page, YOOKASSA.secure);
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Payment declined');
    await expect(page.getByText("The bank's confirmation was not completed. Try again.")).toBeVisible();
    await order(page, BY_YOOKASSA);
    await cardAtYooKassa(page, YOOKASSA.secure);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await isPaid(page, '150');
  });
});

test.describe('saved cards', () => {
  test('added without a payment, put first, removed', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await page.goto('/wallet/payment');
    await expect(page.getByText('No card needed')).toBeVisible();
    await page.locator('button[value^="stripe"]').click();
    await isAt(page, doubles, 'stripe');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Save a card');
    await cardAtStripe(page, STRIPE.paid, 'Save card');
    await expect(page.getByText('Card saved.')).toBeVisible();
    await page.locator('button[value^="yookassa"]').first().click();
    await isAt(page, doubles, 'yookassa');
    await cardAtYooKassa(page, YOOKASSA.paid, 'Link the card');
    await expect(page.getByText('Card saved.')).toBeVisible();

    const visa = page.getByRole('listitem').filter({ hasText: 'Visa •• 4242' });
    const other = page.getByRole('listitem').filter({ hasText: '•• 4444' });
    await expect(visa).toContainText('Expires 12/34 · Stripe');
    // The newest is offered first, until another one is chosen.
    await expect(other.getByText('Default', { exact: true })).toBeVisible();
    await visa.getByRole('button', { name: 'Make default' }).click();
    await expect(page.getByText('This card is now offered first.')).toBeVisible();
    await expect(visa.getByText('Default', { exact: true })).toBeVisible();
    await page.goto('/wallet/top-up');
    await expect(page.getByRole('radio', { name: /Visa •• 4242/ })).toBeChecked();

    await page.goto('/wallet/payment');
    await visa.getByRole('button', { name: /^Remove/ }).click();
    await expect(page.getByText('Card removed.')).toBeVisible();
    await expect(visa).toHaveCount(0);
    await expect(other.getByText('Default', { exact: true })).toBeVisible();
    await expect(balance(page)).toHaveText('50');
  });

  test('a card that the bank does not confirm is not added', async ({ page, request, doubles }) => {
    await buyer(page, request);
    await page.goto('/wallet/payment');
    await page.locator('button[value^="stripe"]').click();
    await cardAtStripe(page, STRIPE.declined, 'Save card');
    await expect(page.getByRole('alert')).toHaveText('Your card was declined.');
    await isAt(page, doubles, 'stripe');
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await expect(page).toHaveURL(/\/wallet\/payment$/);
    await expect(page.getByText('No card needed')).toBeVisible();
  });
});

/** From the plan's page to a provider's. */
async function basic(page: Page, way: string | RegExp) {
  await page.goto('/wallet/plan?plan=basic&interval=month&currency=RUB');
  await page.getByRole('radio', { name: way }).check();
  await page.getByRole('button', { name: 'Agree and pay ₽890.00' }).click();
}

test('the first payment of a plan keeps its card, which is not removed before there is another', async ({ page, request, doubles, refused }) => {
  refused.push(/^\/wallet\/payment/);
  await buyer(page, request);
  await basic(page, BY_STRIPE);
  await isAt(page, doubles, 'stripe');
  await cardAtStripe(page, STRIPE.paid);
  await expect(page.getByText('Your plan is active')).toBeVisible();
  await expect(balance(page)).toHaveText('350');
  await page.goto('/wallet/plan');
  await expect(page.getByText('Visa •• 4242')).toBeVisible();

  await page.goto('/wallet/payment');
  const visa = page.getByRole('listitem').filter({ hasText: 'Visa •• 4242' });
  await expect(visa.getByText('Pays your plan')).toBeVisible();
  await visa.getByText('Remove', { exact: true }).click();
  await expect(visa.getByText('This card pays for your plan. Choose another card for the plan or cancel the plan before you remove it.')).toBeVisible();

  // Another card takes over, and the first one can go.
  await page.locator('button[value^="stripe"]').click();
  await cardAtStripe(page, STRIPE.mastercard, 'Save card');
  await expect(page.getByText('Card saved.')).toBeVisible();
  await visa.getByText('Remove', { exact: true }).click();
  await visa.getByRole('button', { name: /Use .*4444/ }).click();
  await expect(page.getByText('This card now pays for your plan.')).toBeVisible();
  await visa.getByRole('button', { name: /^Remove/ }).click();
  await expect(page.getByText('Card removed.')).toBeVisible();
  await page.goto('/wallet/plan');
  await expect(page.getByText(/Mastercard •• 4444/)).toBeVisible();
});

test('the first payment of a plan by YooKassa', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await basic(page, BY_YOOKASSA);
  await isAt(page, doubles, 'yookassa');
  await expect(page.getByText('The shop will save this payment method', { exact: false })).toBeVisible();
  await cardAtYooKassa(page, YOOKASSA.paid);
  await expect(page.getByText('Your plan is active')).toBeVisible();
  await expect(balance(page)).toHaveText('350');
});

test.describe('по-русски', () => {
  test.use({ locale: 'ru-RU' });

  test('карта через ЮKassa, отказ через Stripe', async ({ page, request, doubles }) => {
    const email = freshEmail();
    await page.goto('/sign-up');
    await page.getByLabel('Ваше имя').fill('Мира Соколова');
    await page.getByLabel('Эл. почта').fill(email);
    await page.getByLabel('Пароль').fill(PASSWORD);
    await page.getByRole('button', { name: 'Зарегистрироваться' }).click();
    await expect(page.getByText('Проверьте почту')).toBeVisible();
    await page.goto(await mailedLink(request, email, /\/verify-email\?token=[^"\s<]+/));
    await page.getByRole('button', { name: 'Подтвердить адрес' }).click();
    await expect(balance(page)).toHaveText('50');

    await page.goto('/wallet/top-up?package=light');
    await page.getByRole('radio', { name: /Данные вводятся на странице ЮKassa/ }).check();
    await page.getByLabel('Сохранить карту для следующих платежей').check();
    await page.getByRole('button', { name: /Оплатить 449/ }).click();
    await isAt(page, doubles, 'yookassa');
    const form = page.getByRole('region', { name: 'Банковская карта' });
    await form.getByLabel('Номер карты').fill(YOOKASSA.paid);
    await form.getByLabel('Срок действия').fill('12/34');
    await form.getByLabel('Код CVC').fill('123');
    await form.getByRole('button', { name: 'Заплатить' }).click();
    await expect(page.getByText('Оплачено и зачислено')).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Доступно 150 токенов');

    await page.goto('/wallet/payment');
    await expect(page.getByRole('listitem').filter({ hasText: '•• 4444' })).toContainText('Действует до 12/34 · ЮKassa');
    await page.goto('/wallet/top-up?package=light');
    await page.getByRole('radio', { name: /Данные вводятся на странице Stripe/ }).check();
    await page.getByRole('button', { name: /Оплатить 449/ }).click();
    await isAt(page, doubles, 'stripe');
    await cardAtStripe(page, STRIPE.declined);
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    await expect(page.getByText('Пока вы не завершите оплату, ничего не спишется.')).toBeVisible();
    await expect(balance(page)).toHaveText('150');
  });
});
