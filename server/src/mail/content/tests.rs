//! Mails as people read them, in both languages.

use std::collections::BTreeMap;

use uuid::Uuid;
use wallet::catalog::{Accent, Expiry, Interval, PluralForms};
use wallet::id::PaymentId;
use wallet::identity::Ended;
use wallet::money::Currency;
use wallet::notify::{
    AddOnMail, AddOnStep, AutoTopUpMail, AutoTopUpTroubleMail, BalanceMail, BalanceStep, ExpiringLine, ExpiringMail,
    KeyMail, MeteredMail, PaidMail, PlanMail, PlanTroubleMail, RiseLine, RiseMail, TopUpTrouble, WebhookFailingMail,
};
use wallet::tariff::PercentSpan;

use super::*;

fn credits(text: &str) -> Credits {
    text.parse().expect("an amount")
}

fn context() -> MailContext {
    let forms = |[one, few, many, other]: [&str; 4]| PluralForms {
        one: one.into(),
        few: Some(few.into()),
        many: Some(many.into()),
        other: other.into(),
    };
    let unit = UnitName {
        code: "tokens".into(),
        forms: BTreeMap::from([
            ("en".into(), forms(["token", "tokens", "tokens", "tokens"])),
            ("ru".into(), forms(["токен", "токена", "токенов", "токена"])),
        ]),
        note: BTreeMap::new(),
    };
    MailContext {
        public_url: "https://pay.example".into(),
        product: "Neural & Co".into(),
        unit: Some(unit),
        brand: Brand::default(),
    }
}

fn rendered(mail: &Mail, locale: &str) -> Outgoing {
    let to = "anna@example.com".to_owned();
    render(&QueuedMail { id: Uuid::nil(), to, locale: locale.to_owned(), mail: mail.clone(), tries: 1 }, &context())
}

fn paid() -> PaidMail {
    PaidMail {
        name: "<b>Anna</b>".into(),
        payment: PaymentId::new(),
        title: "Light".into(),
        credits: credits("100"),
        bonus: credits("10"),
        money: Money::from_minor(44_900, Currency::RUB),
    }
}

#[test]
fn a_mail_has_one_figure_and_one_action_in_both_languages() {
    let receipt = Mail::Receipt(paid());
    for (locale, figures, action) in
        [("en", ["₽449", "100 tokens"], "View order"), ("ru", ["449\u{a0}₽", "100 токенов"], "Открыть заказ")]
    {
        let mail = rendered(&receipt, locale);
        assert!(figures.iter().all(|figure| mail.text.contains(figure)) && mail.text.contains(action), "{}", mail.text);
        assert_eq!(mail.html.matches("<a href=").count(), 1);
        assert!(mail.text.contains("https://pay.example/wallet/orders/"));
    }
}

#[test]
fn what_people_typed_stays_text() {
    let mail = rendered(&Mail::CreditsLate(paid()), "en");
    assert!(mail.html.contains("&lt;b&gt;Anna&lt;/b&gt;") && !mail.html.contains("<b>"));
    assert!(mail.html.contains("Neural &amp; Co"));
}

#[test]
fn what_a_new_password_ended_is_told_in_numbers() {
    let ended = Ended { sessions: 2, keys: 1, webhooks: 0 };
    let mail = Mail::PasswordChanged { name: "Anna".into(), ended };
    let text = rendered(&mail, "en").text;
    assert!(text.contains("Ended: 2 sessions, 1 API key.") && !text.contains("webhook"), "{text}");
    let russian = rendered(&mail, "ru");
    assert!(russian.subject.contains("изменён"), "{}", russian.subject);
    assert!(russian.text.contains("Завершено: сеансы (2), ключи API (1)."), "{}", russian.text);
    let nothing = Mail::PasswordChanged { name: "Anna".into(), ended: Ended::default() };
    assert!(!rendered(&nothing, "en").text.contains("Ended"));
}

#[test]
fn a_link_holds_the_secret_and_the_figure_is_the_gift() {
    let mail = Mail::Verification { name: "Anna".into(), token: "s3cret".into(), gift: Some(credits("1250.5")) };
    let text = rendered(&mail, "ru").text;
    assert!(text.contains("/verify-email?token=s3cret") && text.contains("1\u{a0}250,5 токена"), "{text}");
    let mail = Mail::Verification { name: "Anna".into(), token: "s3cret".into(), gift: None };
    assert!(rendered(&mail, "en").text.contains("Confirm that this address is yours."));
}

#[test]
fn a_mail_about_a_plan_says_the_price_and_the_next_date_in_both_languages() {
    let until = "2026-12-21T10:00:00Z".parse().expect("an instant");
    let money = Money::from_minor(89_000, Currency::RUB);
    let mail = PlanMail {
        name: "Anna".into(),
        plan: "Basic".into(),
        credits: credits("300"),
        money,
        until,
        interval: Interval::Month,
        payment: PaymentId::new(),
    };
    let trouble = PlanTroubleMail {
        name: "Anna".into(),
        plan: "Basic".into(),
        money,
        method: Some("Visa •• 4242".into()),
        next_try_at: Some(until),
        down_to: Some("Starter".into()),
        is_unpaid: true,
        awaits_owner: false,
        tries: 2,
        expiry: Some(Expiry::PeriodEnd),
    };
    for (mail, words) in [
        (Mail::PlanStarted(mail.clone()), ["₽890", "21 December 2026", "890\u{a0}₽"]),
        (Mail::PlanRenewed(mail.clone()), ["300 tokens", "21 December 2026", "продлён"]),
        (Mail::PlanChanged(mail), ["300 tokens", "21 December 2026", "теперь"]),
        (Mail::PlanUnpaid(trouble.clone()), ["monthly allowance has expired", "21 December 2026", "сгорел"]),
        (
            Mail::PlanUnpaid(PlanTroubleMail { expiry: Some(Expiry::Months(2)), ..trouble.clone() }),
            ["Visa •• 4242", "your plan and your balance", "не прошла"],
        ),
        (Mail::PlanEnded(trouble.clone()), ["Starter", "Attempts: 2", "Попыток: 2"]),
        (Mail::PlanEnded(trouble), ["₽890", "has ended", "закончился"]),
    ] {
        let (english, russian) = (rendered(&mail, "en"), rendered(&mail, "ru"));
        let all = format!("{} {} {} {}", english.subject, english.text, russian.subject, russian.text);
        for word in words {
            assert!(all.contains(word), "{word} is not in {all}");
        }
    }
}

#[test]
fn mails_about_auto_top_up_say_what_was_taken_and_what_to_do() {
    let money = Money::from_minor(1_000, Currency::USD);
    let charged = Mail::AutoTopUpCharged(AutoTopUpMail {
        name: "Anna".into(),
        payment: PaymentId::new(),
        credits: credits("1000"),
        money,
        method: Some("Visa •• 4242".into()),
    });
    let trouble = |trouble| {
        Mail::AutoTopUpTrouble(AutoTopUpTroubleMail {
            name: "Anna".into(),
            trouble,
            payment: None,
            money,
            method: "Visa •• 4242".into(),
        })
    };
    let until = "2026-12-01T00:00:00Z".parse().expect("an instant");
    let stopped = |reason: &str| trouble(TopUpTrouble::Stopped { reason: reason.into() });
    let limit =
        |is_daily| trouble(TopUpTrouble::Limit { is_daily, limit: Money::from_minor(6_000, Currency::USD), until });
    for (mail, english, russian) in [
        (charged, "We charged $10 to Visa •• 4242. 1,000 tokens were added", "На баланс зачислено: 1\u{a0}000 токенов"),
        (trouble(TopUpTrouble::Declined { next_try_at: until }), "try again on 1 December 2026", "Деньги не списаны"),
        (stopped("declines"), "declined 3 times in a row", "отклонена 3 раза подряд"),
        (stopped("asks_owner"), "Confirm it under Payment methods", "просит вас подтвердить"),
        (stopped("revoked"), "was taken back", "отозвано"),
        (stopped("card_gone"), "can't be charged any more", "больше нельзя списать"),
        (stopped("card_expired"), "has expired", "истёк"),
        (stopped("price_changed"), "costs more than you allowed", "дороже, чем вы разрешили"),
        (stopped("dispute"), "is being checked", "проверяется"),
        (limit(true), "your limit of $60 a day", "в день"),
        (limit(false), "continues on 1 December 2026", "в месяц"),
    ] {
        for (locale, words) in [("en", english), ("ru", russian)] {
            let text = rendered(&mail, locale).text;
            assert!(text.contains(words), "{words} is not in {text}");
            assert!(!text.contains(".."), "{text}");
        }
    }
}

#[test]
fn mails_about_add_ons_say_what_was_taken_and_what_to_do() {
    let mail = |step| {
        let credits = credits("300");
        Mail::AddOn(AddOnMail { name: "Anna".into(), add_on: "Voice cloning".into(), credits, step })
    };
    let paused = |reason: &str| mail(AddOnStep::Paused { reason: reason.into(), available: credits("12") });
    let until = "2026-12-20T00:00:00Z".parse().expect("an instant");
    for (mail, english, russian) in [
        (paused("out_of_credits"), "Available on the charge day: 12 tokens. Nothing was charged", "было доступно: 12"),
        (paused("out_of_credits"), "It resumes for 300 tokens a month", "возобновится за 300"),
        (paused("wallet_frozen"), "because your wallet is frozen", "кошелёк заморожен"),
        (paused("wallet_inactive"), "until you confirm that the wallet is in use", "пока вы не подтвердите"),
        (mail(AddOnStep::Resumed { until }), "We charged 300 tokens for a month of Voice cloning", "списано: 300"),
        (mail(AddOnStep::Resumed { until }), "Next charge: 20 December 2026", "Следующее списание: 20"),
    ] {
        for (locale, words) in [("en", english), ("ru", russian)] {
            let text = rendered(&mail, locale).text;
            assert!(text.contains(words) && text.contains("/wallet/plan#add-ons"), "{words} is not in {text}");
            assert!(!text.contains(".."), "{text}");
        }
    }
}

#[test]
fn the_mail_about_a_metered_month_says_what_goes_over_to_the_next() {
    let day = |text: &str| text.parse().expect("a day");
    let mail = Mail::MeteredCarried(MeteredMail {
        name: "Anna".into(),
        from: day("2026-11-01"),
        to: day("2026-11-30"),
        due: credits("45.5"),
        charged: credits("12"),
        carried: credits("33.5"),
    });
    for (locale, all) in [
        (
            "en",
            [
                "from 1 November 2026 to 30 November 2026, with what was carried over: 45.5 tokens",
                "Charged: 12 tokens",
                "33.5 tokens, moves",
            ],
        ),
        (
            "ru",
            [
                "с 1 ноября 2026 г. по 30 ноября 2026 г., вместе с перенесённым: 45,5 токена",
                "Списано: 12 токенов",
                "33,5 токена",
            ],
        ),
    ] {
        let text = rendered(&mail, locale).text.replace('\u{a0}', " ");
        for words in all {
            assert!(text.contains(words) && text.contains("/wallet/plan#metered"), "{words} is not in {text}");
        }
        assert!(!text.contains(".."), "{text}");
    }
}

fn rise(locale: &str) -> (String, String, String) {
    let line = RiseLine {
        name: "DALL·E <3>".into(),
        price_before: Some((credits("5"), credits("13"))),
        price_after: Some((credits("6"), credits("14"))),
        percent: Some(PercentSpan { least: 77, most: 200 }),
        charges: 31,
        refused: 0,
        before: credits("1204"),
        after: credits("1418"),
    };
    let gone =
        RiseLine { name: "Old".into(), price_after: None, percent: None, charges: 2, refused: 2, ..line.clone() };
    let rise = RiseMail {
        name: "Anna".into(),
        version: 4,
        effective_at: "2026-12-21T00:00:00Z".parse().expect("a time"),
        days: 30,
        before: credits("1204"),
        after: credits("1418"),
        refused: 2,
        operations: vec![line, gone],
        words: Default::default(),
    };
    let mail = rendered(&Mail::PriceRise(rise), locale);
    (mail.subject, mail.text, mail.html)
}

#[test]
fn a_rise_says_what_it_means_to_the_reader() {
    let (subject, text, html) = rise("en");
    assert_eq!(subject, "Prices change on 21 December 2026: +214 tokens for you");
    for words in [
        "costs 1,204 tokens at the prices before this change, and 1,418 at the prices from 21 December 2026 on.",
        "2 of your requests in these 30 days would be refused",
        "DALL·E <3>: 5–13 → 6–14 (+7.7…+20\u{a0}%); your 31 requests: 1,204 → 1,418.",
        "Old: removed; you made 2 requests.",
        "https://pay.example/changelog/4",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(html.contains("DALL·E &lt;3&gt;") && html.contains("+214 tokens"));
}

#[test]
fn what_is_refused_is_the_news_where_nothing_costs_more() {
    let line = RiseLine {
        name: "GPT-5".into(),
        price_before: Some((credits("2"), credits("2"))),
        price_after: Some((credits("2"), credits("2"))),
        percent: None,
        charges: 3,
        refused: 3,
        before: Credits::ZERO,
        after: Credits::ZERO,
    };
    let rise = RiseMail {
        name: "Anna".into(),
        version: 4,
        effective_at: "2026-12-21T00:00:00Z".parse().expect("a time"),
        days: 30,
        before: Credits::ZERO,
        after: Credits::ZERO,
        refused: 3,
        operations: vec![line],
        words: Default::default(),
    };
    let rise = Mail::PriceRise(rise);
    let english = rendered(&rise, "en");
    assert_eq!(english.subject, "Prices change on 21 December 2026: 3 of your requests would be refused");
    // Below the greeting and the figure.
    let lines: Vec<&str> = english.text.lines().skip(4).collect();
    assert!(lines[0].starts_with("3 of your requests in these 30 days would be refused"), "{lines:?}");
    assert_eq!(lines[1], "GPT-5: 2; 3 of your requests would be refused.");
    assert!(rendered(&rise, "ru").subject.contains("будет отклонено ваших запросов: 3"));
}

#[test]
fn a_rise_speaks_russian() {
    let (subject, text, _) = rise("ru");
    assert_eq!(subject, "Цены изменятся 21\u{a0}декабря 2026\u{a0}г.: для вас +214 токенов");
    assert!(text.contains("1\u{a0}204 токена") && text.contains("+7,7…+20\u{a0}%"), "{text}");
}

#[test]
fn optional_mails_say_how_to_be_rid_of_them_and_others_do_not() {
    let balance = |step| {
        let (name, available, unsubscribe) = ("Anna".to_owned(), credits("15"), "a.low.b".to_owned());
        Mail::Balance(BalanceMail { name, available, step, unsubscribe })
    };
    let low = balance(BalanceStep::Low { below: credits("20"), is_own: true });
    let mail = rendered(&low, "en");
    assert_eq!(mail.subject, "Neural & Co: less than 20 tokens left");
    assert!(mail.text.contains("15 tokens") && mail.text.contains("your own threshold"), "{}", mail.text);
    let link = "https://pay.example/unsubscribe?token=a.low.b";
    assert!(mail.text.contains(link) && mail.html.contains(link), "{}", mail.html);
    assert_eq!(mail.unsubscribe.as_deref(), Some(link));
    let mail = rendered(&low, "ru");
    assert_eq!(mail.subject, "Neural & Co: баланс ниже порога (20 токенов)");
    assert!(mail.text.contains("Отписаться от таких писем: https://"), "{}", mail.text);
    for step in [BalanceStep::Empty, BalanceStep::RunsOut] {
        assert!(rendered(&balance(step), "ru").text.contains("/wallet/top-up"));
    }
    let ends = "2026-12-21T10:00:00Z".parse().expect("an instant");
    let month = balance(BalanceStep::Allowance { credits: credits("300"), expires_at: Some(ends) });
    assert!(rendered(&month, "en").text.contains("It expires on 21 December 2026."));

    let key = |is_new| {
        let [name, key, hint, by] = ["Anna", "CI", "nb_live_…x1", "<Boris>"].map(str::to_owned);
        Mail::Key(KeyMail { name, key, hint, by, is_new })
    };
    let mail = rendered(&key(true), "en");
    assert!(mail.unsubscribe.is_none() && !mail.text.contains("unsubscribe"), "{}", mail.text);
    assert!(mail.html.contains("&lt;Boris&gt; created the API key CI"), "{}", mail.html);
    assert!(rendered(&key(false), "ru").text.contains("отозван ключ API CI"));
}

#[test]
fn what_expires_and_what_fails_is_told_with_its_dates_in_both_languages() {
    let at = "2026-12-21T10:00:00Z".parse().expect("an instant");
    let line = ExpiringLine { label: "Light".into(), credits: credits("100"), at };
    let mail = |days| {
        let (name, lines, unsubscribe) = ("Anna".to_owned(), vec![line.clone()], "t".to_owned());
        Mail::Expiring(ExpiringMail { name, days, credits: credits("100"), lines, unsubscribe })
    };
    assert_eq!(rendered(&mail(7), "en").subject, "100 tokens will expire within 7 days");
    assert_eq!(rendered(&mail(1), "en").subject, "100 tokens will expire within a day");
    let text = rendered(&mail(30), "ru").text;
    assert!(text.contains("Light: 100 токенов, до 21\u{a0}декабря 2026\u{a0}г."), "{text}");
    let [name, url, unsubscribe] = ["Anna", "https://hooks.example/in", "t"].map(str::to_owned);
    let failing = Mail::WebhookFailing(WebhookFailingMail { name, url, since: at, off_at: at, unsubscribe });
    let text = rendered(&failing, "en").text;
    assert!(text.contains("https://hooks.example/in") && text.contains("turned off on 21 December 2026"), "{text}");
}

#[test]
fn a_mail_wears_the_brand_of_the_operator() {
    let brand = Brand {
        accent: Some(Accent([0x10, 0x20, 0xc0])),
        support_email: Some("help@box.example".into()),
        legal: Some("Box & Sons".into()),
        ..Brand::default()
    };
    let to = "anna@example.com".to_owned();
    let mail = Mail::SignUpAgain { name: "Anna".into() };
    let queued = QueuedMail { id: Uuid::nil(), to, locale: "en".to_owned(), mail, tries: 1 };
    let plain = render(&queued, &context());
    assert!(plain.html.contains("background:#0b6650"), "Scrip's colour where no other is set");
    let mail = render(&queued, &MailContext { brand, ..context() });
    assert!(mail.html.contains("background:#1020c0") && mail.html.contains("help@box.example<br>Box &amp; Sons"));
    assert!(mail.text.contains("help@box.example\nBox & Sons\n"), "{}", mail.text);
}
