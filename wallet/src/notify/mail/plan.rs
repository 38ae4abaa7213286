//! Mails about plans: begun, renewed, a declined card, over.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::figures::money_text;
use super::price::{Said, date};
use crate::catalog::{Expiry, Interval};
use crate::id::PaymentId;
use crate::money::Money;

/// What the mails about a paid plan say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanMail {
    /// Whom to greet.
    pub name: String,
    /// The plan's name.
    pub plan: String,
    /// The credits of a month, in words: `300 tokens`.
    pub credits: String,
    /// What was paid.
    pub money: Money,
    /// Until when it is paid: the next billing date.
    pub until: DateTime<Utc>,
    /// How often it is paid.
    pub interval: Interval,
    /// The order.
    pub payment: PaymentId,
}

/// What the mails about a plan that is in trouble say, or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTroubleMail {
    /// Whom to greet.
    pub name: String,
    /// The plan's name.
    pub plan: String,
    /// What was to be paid.
    pub money: Money,
    /// The card, as people know it.
    pub method: Option<String>,
    /// When the card is charged again; `None` where it is not any more.
    pub next_try_at: Option<DateTime<Utc>>,
    /// The plan that the account is on now, where the plan is over.
    pub down_to: Option<String>,
    /// Whether it is over because nobody paid.
    pub is_unpaid: bool,
    /// How often the card was declined.
    #[serde(default)]
    pub tries: u32,
    /// When a month's credits expire.
    #[serde(default)]
    pub expiry: Option<Expiry>,
}

impl PlanMail {
    pub(super) fn path(&self) -> String {
        format!("/wallet/orders/{}", self.payment)
    }

    pub(super) fn english(&self, is_first: bool) -> Said {
        let (money, until) = (money_text(self.money, "en"), date(self.until, "en"));
        let subject = match is_first {
            true => format!("You are on {}", self.plan),
            false => format!("{} renewed: {} added", self.plan, self.credits),
        };
        let monthly = match self.interval {
            Interval::Month => "The month's credits are in your wallet.",
            Interval::Year => "The credits come every month; the first ones are in your wallet.",
        };
        let lines = vec![
            format!("{}, {money}. {monthly}", self.plan),
            format!("On {until} your card is charged again, by itself. You can cancel at any time before."),
        ];
        (subject, Some(self.credits.clone()), lines, "See the order")
    }

    pub(super) fn russian(&self, is_first: bool) -> Said {
        let (money, until) = (money_text(self.money, "ru"), date(self.until, "ru"));
        let subject = match is_first {
            true => format!("Вы на тарифе {}", self.plan),
            false => format!("Тариф {} продлён, зачислено: {}", self.plan, self.credits),
        };
        let monthly = match self.interval {
            Interval::Month => "Начисление за месяц уже в кошельке.",
            Interval::Year => "Начисления приходят каждый месяц; первое уже в кошельке.",
        };
        let lines = vec![
            format!("{}, {money}. {monthly}", self.plan),
            format!(
                "{until} оплата спишется с карты снова, автоматически. До этого тариф можно отменить в любой момент."
            ),
        ];
        (subject, Some(self.credits.clone()), lines, "Открыть заказ")
    }
}

impl PlanTroubleMail {
    pub(super) fn unpaid_english(&self) -> Said {
        let money = money_text(self.money, "en");
        let card = self.method.as_deref().unwrap_or("your card");
        let again = match self.next_try_at {
            Some(at) => format!("We try again on {}. {}", date(at, "en"), self.stays_english()),
            None => "That was the last try.".to_owned(),
        };
        let lines = vec![
            format!("{money} for {} could not be taken from {card}. Nothing was charged.", self.plan),
            again,
            "You can pay with another card at once.".to_owned(),
        ];
        (format!("Payment for {} failed", self.plan), Some(money), lines, "Pay with another card")
    }

    pub(super) fn unpaid_russian(&self) -> Said {
        let money = money_text(self.money, "ru");
        let card = self.method.as_deref().unwrap_or("вашей карты");
        let again = match self.next_try_at {
            Some(at) => format!("Попробуем ещё раз {}. {}", date(at, "ru"), self.stays_russian()),
            None => "Это была последняя попытка.".to_owned(),
        };
        let lines = vec![
            format!("Не удалось списать {money} за тариф {}, карта: {card}. Деньги не взяты.", self.plan),
            again,
            "Можно сразу оплатить другой картой.".to_owned(),
        ];
        (format!("Оплата тарифа {} не прошла", self.plan), Some(money), lines, "Оплатить другой картой")
    }

    /// Says what stays until the card is charged again.
    const fn stays_english(&self) -> &'static str {
        match self.expiry {
            Some(Expiry::PeriodEnd) => {
                "Until then your plan stays. What was left of the month's credits has ended with the month; what you \
                 bought stays."
            }
            Some(_) => "Until then your credits and your plan stay.",
            None => "Until then your plan stays.",
        }
    }

    const fn stays_russian(&self) -> &'static str {
        match self.expiry {
            Some(Expiry::PeriodEnd) => {
                "До тех пор тариф действует. Остаток месячного начисления сгорел с концом месяца; купленное отдельно \
                 остаётся."
            }
            Some(_) => "До тех пор кошелёк и тариф остаются как есть.",
            None => "До тех пор тариф действует.",
        }
    }

    pub(super) fn ended_english(&self) -> Said {
        let now = self.down_to.as_ref().map(|plan| format!("You are on {plan} now."));
        let mut lines = vec![format!("Nothing more is charged for {}.", self.plan)];
        if self.is_unpaid {
            lines.insert(0, format!("{} could not be taken. Tries: {}.", money_text(self.money, "en"), self.tries));
        }
        lines.extend(now);
        lines.push("What you bought stays in your wallet.".to_owned());
        (format!("{} has ended", self.plan), None, lines, "See the plans")
    }

    pub(super) fn ended_russian(&self) -> Said {
        let now = self.down_to.as_ref().map(|plan| format!("Теперь вы на тарифе {plan}."));
        let mut lines = vec![format!("За тариф {} больше ничего не списывается.", self.plan)];
        if self.is_unpaid {
            lines.insert(0, format!("Списать {} не удалось. Попыток: {}.", money_text(self.money, "ru"), self.tries));
        }
        lines.extend(now);
        lines.push("Всё, что вы купили, остаётся в кошельке.".to_owned());
        (format!("Тариф {} закончился", self.plan), None, lines, "Посмотреть тарифы")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mail, MailContext};
    use super::*;
    use crate::money::Currency;

    #[test]
    fn each_mail_says_the_price_and_the_next_date_in_both_languages() {
        let context = MailContext { public_url: "https://pay.example".into(), product: "NeuralBox".into() };
        let until = "2026-12-21T10:00:00Z".parse().expect("an instant");
        let money = Money::from_minor(89_000, Currency::RUB);
        let mail = PlanMail {
            name: "Anna".into(),
            plan: "Basic".into(),
            credits: "300 tokens".into(),
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
            tries: 2,
            expiry: Some(Expiry::PeriodEnd),
        };
        for (mail, words) in [
            (Mail::PlanStarted(mail.clone()), ["₽890", "21 December 2026", "890\u{a0}₽"]),
            (Mail::PlanRenewed(mail), ["300 tokens", "21 December 2026", "продлён"]),
            (Mail::PlanUnpaid(trouble.clone()), ["has ended with the month", "21 December 2026", "сгорел"]),
            (
                Mail::PlanUnpaid(PlanTroubleMail { expiry: Some(Expiry::Months(2)), ..trouble.clone() }),
                ["Visa •• 4242", "credits and your plan stay", "не прошла"],
            ),
            (Mail::PlanEnded(trouble.clone()), ["Starter", "Tries: 2", "Попыток: 2"]),
            (Mail::PlanEnded(trouble), ["₽890", "has ended", "закончился"]),
        ] {
            let (english, russian) = (mail.render("en", &context), mail.render("ru", &context));
            let all = format!("{} {} {} {}", english.subject, english.text, russian.subject, russian.text);
            for word in words {
                assert!(all.contains(word), "{word} is not in {all}");
            }
        }
    }
}
