// What goes wrong between a provider and Scrip, on a site and stand-ins of this spec's own.
import { BY_STRIPE, BY_YOOKASSA, SENT_TO_YOOKASSA, STRIPE, YOOKASSA, buyer, cardAtStripe, cardAtYooKassa, expect, faultTest as test, isAt, isPaid, order, orders, payAndVanish } from './pay';
import { balance } from './scrip';

// One after the other: what is broken is broken for all.
test.describe.configure({ mode: 'default' });

test('Stripe does not answer: its choice says so, and the others pay', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('faults', { kind: 'down', path: '/v1/', times: 1000 });
  await order(page, BY_STRIPE);
  await expect(page).toHaveURL(/\/wallet\/orders\/[0-9a-f-]{36}$/);
  const stuck = page.url();
  await expect(page.getByText('Card accepted by the provider')).toHaveCount(0);
  await expect(page.getByText('The payment provider did not respond. Try again.')).toBeVisible();
  await page.goto('/wallet/top-up?package=light');
  const silent = page.getByRole('radio', { name: /Not responding. Choose another payment method/ });
  await expect(silent).toBeDisabled();
  await order(page, BY_YOOKASSA);
  await cardAtYooKassa(page, YOOKASSA.paid);
  await isPaid(page, '150');

  // It answers again: the next question finds out, and it is offered as before.
  await doubles.mend();
  await page.goto(stuck);
  await page.getByRole('button', { name: 'Check now' }).click();
  await expect(page).toHaveURL(stuck);
  await page.goto('/wallet/top-up?package=light');
  await expect(silent).toHaveCount(0);
  await order(page, BY_STRIPE);
  await cardAtStripe(page, STRIPE.paid);
  await isPaid(page, '250');
});

test('the answer about a page is lost: nothing is charged, and the same page is opened later', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('faults', { kind: 'lost_answer', method: 'POST', path: '/v1/checkout/sessions' });
  await order(page, BY_STRIPE);
  await expect(page.getByText('Nothing was charged and nothing was added.')).toBeVisible();
  // Stripe answers the next question.
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.getByRole('link', { name: 'Go to payment' }).click();
  await cardAtStripe(page, STRIPE.paid);
  await isPaid(page, '150');
  await expect(await orders(page, 'Paid')).toHaveCount(1);
});

test('the answer about a charge is lost: it is charged once, and the credits come', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await order(page, BY_STRIPE, { keep: true });
  await cardAtStripe(page, STRIPE.paid);
  await isPaid(page, '150');
  await doubles.tell('faults', { kind: 'lost_answer', method: 'POST', path: '/v1/payment_intents' });
  await order(page, /Visa •• 4242/);
  await isPaid(page, '250');
  await expect(await orders(page, 'Paid')).toHaveCount(2);
});

test('the event is there before the browser comes back', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('stripe/events_first', { enabled: true });
  await order(page, BY_STRIPE);
  await cardAtStripe(page, STRIPE.paid);
  await isPaid(page, '150');
});

test('the event comes after the browser: still one grant', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('event-faults', { kind: 'delay', times: 100 });
  await order(page, BY_STRIPE);
  await cardAtStripe(page, STRIPE.paid);
  await isPaid(page, '150');
  await doubles.mend();
  await page.goto('/wallet/history');
  await expect(page.getByRole('row', { name: /Light/ })).toHaveCount(1);
  await expect(balance(page)).toHaveText('150');
});

test('no event ever comes: the way back asks', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('event-faults', { kind: 'drop', times: 100 });
  for (const [way, type, sum] of [[BY_STRIPE, cardAtStripe, '150'], [BY_YOOKASSA, cardAtYooKassa, '250']] as const) {
    await order(page, way);
    await type(page, YOOKASSA.paid);
    await isPaid(page, sum);
  }
});

test('the browser is gone and the event is late: nothing before it, and then the credits', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('event-faults', { kind: 'delay', times: 100 });
  await order(page, BY_YOOKASSA);
  await isAt(page, doubles, 'yookassa');
  await payAndVanish(page, SENT_TO_YOOKASSA);
  await page.goto('/wallet');
  await expect(balance(page)).toHaveText('50');
  await doubles.mend();
  await expect(async () => {
    await page.goto('/wallet');
    await expect(balance(page)).toHaveText('150', { timeout: 1_000 });
  }).toPass();
});

test('events come twice, in the wrong order and with a wrong signature: one grant', async ({ page, request, doubles }) => {
  await buyer(page, request);
  await doubles.tell('event-faults', { kind: 'bad_signature', provider: 'stripe', event: 'payment_intent.created' });
  await doubles.tell('event-faults', { kind: 'duplicate', provider: 'stripe', event: 'checkout.session.completed', copies: 5 });
  await order(page, BY_STRIPE);
  await cardAtStripe(page, STRIPE.paid);
  await isPaid(page, '150');
  await doubles.idle();
  await page.goto('/wallet/history');
  await expect(page.getByRole('row', { name: /Light/ })).toHaveCount(1);
});
