use super::super::{Mail, MailContext};
use super::*;

fn credits(text: &str) -> Credits {
    text.parse().expect("an amount")
}

fn mail(locale: &str) -> (String, String, String) {
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
    let word = if locale == "ru" { "кредитов" } else { "credits" };
    let rise = RiseMail {
        name: "Anna".into(),
        version: 4,
        effective_at: "2026-12-21T00:00:00Z".parse().expect("a time"),
        days: 30,
        before: credits("1204"),
        after: credits("1418"),
        words: (word.into(), word.into()),
        refused: 2,
        operations: vec![line, gone],
    };
    let context = MailContext { public_url: "https://pay.example".into(), product: "Scrip".into() };
    let mail = Mail::PriceRise(rise).render(locale, &context);
    (mail.subject, mail.text, mail.html)
}

#[test]
fn a_rise_says_what_it_means_to_the_reader() {
    let (subject, text, html) = mail("en");
    assert_eq!(subject, "Prices change on 21 December 2026: +214 credits for you");
    for words in [
        "costs 1,204 credits. At the prices from 21 December 2026 on it costs 1,418.",
        "2 of your requests of these 30 days would be refused",
        "DALL·E <3>: 5–13 → 6–14 (+7.7…+20\u{a0}%); your 31 requests: 1,204 → 1,418.",
        "Old: goes away; you made 2 requests.",
        "https://pay.example/changelog/4",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(html.contains("DALL·E &lt;3&gt;") && html.contains("+214 credits"));
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
        words: ("credits".into(), "credits".into()),
        refused: 3,
        operations: vec![line],
    };
    let (subject, _, lines, _) = rise.english();
    assert_eq!(subject, "Prices change on 21 December 2026: 3 of your requests would be refused");
    assert!(lines[0].starts_with("3 of your requests of these 30 days would be refused"), "{lines:?}");
    assert_eq!(lines[1], "GPT-5: 2; 3 of your requests would be refused.");
    assert!(rise.russian().0.contains("будет отклонено ваших запросов: 3"));
}

#[test]
fn a_rise_speaks_russian() {
    let (subject, text, _) = mail("ru");
    assert_eq!(subject, "Цены изменятся 21\u{a0}декабря 2026\u{a0}г.: для вас +214 кредитов");
    assert!(text.contains("1\u{a0}204 кредитов") && text.contains("+7,7…+20\u{a0}%"), "{text}");
}
