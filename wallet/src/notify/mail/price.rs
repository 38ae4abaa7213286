//! Mails about prices: a rise with the reader's own figures; for admins, upstream costs to look at again.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

use super::figures::grouped;
use crate::money::Credits;
use crate::tariff::PercentSpan;

/// Operations that a mail names; the changelog has the rest.
const OPERATIONS_SHOWN: usize = 8;

/// What the mail about a rise says. Amounts are the reader's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiseMail {
    /// Whom to greet.
    pub name: String,
    /// The announced version.
    pub version: i32,
    /// From when it is in force.
    pub effective_at: DateTime<Utc>,
    /// How many days of charges were rated again.
    pub days: i64,
    /// What they cost at the prices before.
    pub before: Credits,
    /// What they cost at the prices after.
    pub after: Credits,
    /// The word for the unit beside the difference, and beside what they cost.
    pub words: (String, String),
    /// Charges that would be refused; they are in no amount.
    pub refused: i64,
    /// By operation, the largest difference first.
    pub operations: Vec<RiseLine>,
}

/// One operation of the mail about a rise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiseLine {
    /// Its name.
    pub name: String,
    /// The least and the most that it costs now.
    pub price_before: Option<(Credits, Credits)>,
    /// The least and the most that it costs then; none where it goes away.
    pub price_after: Option<(Credits, Credits)>,
    /// By how much.
    pub percent: Option<PercentSpan>,
    /// The reader's charges.
    pub charges: i64,
    /// How many of them would be refused.
    #[serde(default)]
    pub refused: i64,
    /// What the others cost at the prices before.
    pub before: Credits,
    /// What they cost at the prices after.
    pub after: Credits,
}

/// What the mail about a withdrawn rise says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawnMail {
    /// Whom to greet.
    pub name: String,
    /// The withdrawn version.
    pub version: i32,
    /// From when it would have been in force.
    pub effective_at: DateTime<Utc>,
}

impl WithdrawnMail {
    pub(super) fn path(&self) -> String {
        format!("/changelog/{}", self.version)
    }

    pub(super) fn english(&self) -> Said {
        let date = date(self.effective_at, "en");
        let lines = vec![
            format!("We wrote to you that prices would change on {date}. That change is withdrawn and will not come."),
            "What you use goes on at the prices of now. Should prices change after all, we announce it anew."
                .to_owned(),
        ];
        (format!("The price change of {date} is withdrawn"), None, lines, "See the changelog")
    }

    pub(super) fn russian(&self) -> Said {
        let date = date(self.effective_at, "ru");
        let lines = vec![
            format!("Мы писали, что цены изменятся {date}. Это изменение отменено и не наступит."),
            "Для вас остаются нынешние цены. Если они всё же изменятся, мы объявим об этом заново.".to_owned(),
        ];
        (format!("Изменение цен {date} отменено"), None, lines, "Открыть журнал цен")
    }
}

/// What the mail about due reviews of upstream costs says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewMail {
    /// Whom to greet.
    pub name: String,
    /// The operations whose costs are to be looked at again.
    pub operations: Vec<String>,
    /// The draft that passes drops on, and how many prices it lowers.
    pub draft: Option<(i32, usize)>,
}

/// What one language says: subject, figure, lines, the words of the link.
pub(super) type Said = (String, Option<String>, Vec<String>, &'static str);

impl RiseMail {
    fn more(&self) -> Credits {
        self.after.checked_sub(self.before).unwrap_or_default()
    }

    pub(super) fn path(&self) -> String {
        format!("/changelog/{}", self.version)
    }

    /// Says whether the news is what no longer works, not what costs more.
    fn is_about_refusals(&self) -> bool {
        self.refused > 0 && !self.more().is_positive()
    }

    /// Says whether any of the reader's charges goes on at some price.
    fn has_prices(&self) -> bool {
        self.operations.iter().any(|line| line.charges > line.refused)
    }

    pub(super) fn english(&self) -> Said {
        let date = date(self.effective_at, "en");
        let (before, after) = (amount(self.before, "en"), amount(self.after, "en"));
        let mut lines = Vec::new();
        if self.has_prices() {
            lines.push(format!(
                "At the prices before this change, what you used in the {} days before it was announced costs {before} {}. At the prices from {date} on it costs {after}.",
                self.days, self.words.1
            ));
        }
        if self.refused > 0 {
            lines.push(format!(
                "{} of your requests of these {} days would be refused from then on: what they ask for goes away, or needs a higher plan.",
                self.refused, self.days
            ));
        }
        lines.extend(self.operations.iter().take(OPERATIONS_SHOWN).map(|line| line.text("en")));
        if self.operations.len() > OPERATIONS_SHOWN {
            lines.push("The rest is in the changelog.".to_owned());
        }
        lines.push(format!("Until {date} nothing changes. A price that is locked by a quote or a hold stays."));
        if self.is_about_refusals() {
            let figure = format!("{} of your requests", self.refused);
            return (
                format!("Prices change on {date}: {figure} would be refused"),
                Some(figure),
                lines,
                "See all changes",
            );
        }
        let figure = format!("{} {}", signed(self.more(), "en"), self.words.0);
        (format!("Prices change on {date}: {figure} for you"), Some(figure), lines, "See all changes")
    }

    pub(super) fn russian(&self) -> Said {
        let date = date(self.effective_at, "ru");
        let (before, after) = (amount(self.before, "ru"), amount(self.after, "ru"));
        let mut lines = Vec::new();
        if self.has_prices() {
            lines.push(format!(
                "По ценам до этого изменения то, чем вы пользовались {} дн. до объявления, стоит {before} {}. По ценам с {date} — {after}.",
                self.days, self.words.1
            ));
        }
        if self.refused > 0 {
            lines.push(format!(
                "Ваших запросов за эти {} дн., которые с того дня будут отклонены: {}. То, что в них, исчезнет из прайс-листа или потребует тарифа выше.",
                self.days, self.refused
            ));
        }
        lines.extend(self.operations.iter().take(OPERATIONS_SHOWN).map(|line| line.text("ru")));
        if self.operations.len() > OPERATIONS_SHOWN {
            lines.push("Остальное — в журнале цен.".to_owned());
        }
        lines.push(format!(
            "До {date} ничего не меняется. Цена, зафиксированная расчётом или удержанием, остаётся прежней."
        ));
        if self.is_about_refusals() {
            let figure = format!("запросов: {}", self.refused);
            let subject = format!("Цены изменятся {date}: будет отклонено ваших {figure}");
            return (subject, Some(figure), lines, "Все изменения");
        }
        let figure = format!("{} {}", signed(self.more(), "ru"), self.words.0);
        (format!("Цены изменятся {date}: для вас {figure}"), Some(figure), lines, "Все изменения")
    }
}

impl RiseLine {
    fn text(&self, locale: &str) -> String {
        let price = |(min, max): (Credits, Credits)| match min == max {
            true => amount(min, locale),
            false => format!("{}–{}", amount(min, locale), amount(max, locale)),
        };
        let before = self.price_before.map_or_else(|| "—".to_owned(), price);
        let after = self.price_after.map_or_else(|| "—".to_owned(), price);
        let percent = self.percent.map_or_else(String::new, |span| format!(" ({})", percent(span, locale)));
        let prices = if before == after { before } else { format!("{before} → {after}") };
        let (name, charges, refused) = (&self.name, self.charges, self.refused);
        if self.price_after.is_none() {
            return match locale {
                "ru" => format!("{name}: больше не предлагается; ваших запросов: {charges}."),
                _ => format!("{name}: goes away; you made {charges} requests."),
            };
        }
        let mut parts = vec![format!("{name}: {prices}{percent}")];
        let (cost, would, going_on) =
            (amount(self.before, locale), amount(self.after, locale), charges.saturating_sub(refused));
        if going_on > 0 {
            parts.push(match locale {
                "ru" => format!("ваши запросы ({going_on}): {cost} → {would}"),
                _ => format!("your {going_on} requests: {cost} → {would}"),
            });
        }
        if refused > 0 {
            parts.push(match locale {
                "ru" => format!("будет отклонено запросов: {refused}"),
                _ => format!("{refused} of your requests would be refused"),
            });
        }
        format!("{}.", parts.join("; "))
    }
}

impl ReviewMail {
    pub(super) fn path(&self) -> String {
        match self.draft {
            Some((version, _)) => format!("/admin/tariffs/{version}"),
            None => "/admin/margins".to_owned(),
        }
    }

    fn list(&self) -> String {
        let mut list = self.operations.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
        if self.operations.len() > 20 {
            list.push_str(", …");
        }
        list
    }

    pub(super) fn english(&self) -> Said {
        let count = self.operations.len();
        let mut lines = vec![format!("Their review is due: {}.", self.list())];
        let action = match self.draft {
            Some((version, drops)) => {
                lines.push(format!("Draft {version} passes {drops} drops of upstream costs on to customers. Nothing is published before you do it."));
                "See the draft"
            }
            None => "See the margins",
        };
        (format!("Upstream costs to look at again: {count}"), Some(count.to_string()), lines, action)
    }

    pub(super) fn russian(&self) -> Said {
        let count = self.operations.len();
        let mut lines = vec![format!("Пора проверить: {}.", self.list())];
        let action = match self.draft {
            Some((version, drops)) => {
                lines.push(format!(
                    "Черновик {version} снижает цены вслед за себестоимостью, операций: {drops}. Без вас он не публикуется."
                ));
                "Открыть черновик"
            }
            None => "Открыть маржу",
        };
        (format!("Пора проверить себестоимость: {count}"), Some(count.to_string()), lines, action)
    }
}

/// Writes an amount of credits for a reader of a mail: `1,418`, `0,024`.
fn amount(credits: Credits, locale: &str) -> String {
    let exact = credits.to_string();
    let (whole, part) = exact.split_once('.').unwrap_or((&exact, ""));
    let (gap, point) = if locale == "ru" { ("\u{a0}", ",") } else { (",", ".") };
    let whole = match whole.strip_prefix('-') {
        Some(digits) => format!("−{}", grouped(digits, gap)),
        None => grouped(whole, gap),
    };
    if part.is_empty() { whole } else { format!("{whole}{point}{part}") }
}

fn signed(credits: Credits, locale: &str) -> String {
    let text = amount(credits, locale);
    if credits.is_positive() { format!("+{text}") } else { text }
}

/// Writes by how much prices change: `+8.3 %`, `+7,7…+20 %`.
fn percent(span: PercentSpan, locale: &str) -> String {
    let one = |tenths: i64| signed(Credits::from_micros(tenths.saturating_mul(100_000)), locale);
    if span.least == span.most {
        format!("{}\u{a0}%", one(span.least))
    } else {
        format!("{}…{}\u{a0}%", one(span.least), one(span.most))
    }
}

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_RU: [&str; 12] = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];

/// Writes a day: `21 December 2026`, `21 декабря 2026 г.`
pub(super) fn date(at: DateTime<Utc>, locale: &str) -> String {
    let day = at.date_naive();
    let place = usize::try_from(day.month0()).unwrap_or(0);
    let months = if locale == "ru" { &MONTHS_RU } else { &MONTHS_EN };
    let month = months.get(place).copied().unwrap_or_default();
    match locale {
        "ru" => format!("{}\u{a0}{month} {}\u{a0}г.", day.day(), day.year()),
        _ => format!("{} {month} {}", day.day(), day.year()),
    }
}

#[cfg(test)]
mod tests;
