//! The mails: what each says, in English and Russian, as text and as HTML. One figure, one action.

mod plan;
mod price;

use serde::{Deserialize, Serialize};

pub use plan::{PlanMail, PlanTroubleMail};
pub use price::{ReviewMail, RiseLine, RiseMail};

use crate::id::PaymentId;
use crate::money::{Currency, Money};

/// What a mail is about, with what it must say; kept in the outbox until it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mail {
    /// Proves an address.
    Verification {
        /// Whom to greet.
        name: String,
        /// The secret of the link.
        token: String,
        /// The credits that wait behind it, in words: `50 tokens`; `None` where there are none.
        gift: Option<String>,
    },
    /// Sets a new password.
    PasswordReset {
        /// Whom to greet.
        name: String,
        /// The secret of the link.
        token: String,
    },
    /// Says that the password was changed.
    PasswordChanged {
        /// Whom to greet.
        name: String,
    },
    /// Confirms a payment whose credits arrived while the person waited.
    Receipt(PaidMail),
    /// Asks whether a wallet is still in use, before spending goes on.
    Inactive {
        /// Whom to greet.
        name: String,
    },
    /// Says that credits arrived later than usual: the person may have left.
    CreditsLate(PaidMail),
    /// Says that a paid plan has begun.
    PlanStarted(PlanMail),
    /// Says that a plan was paid again, by itself.
    PlanRenewed(PlanMail),
    /// Says that the card was declined at a billing date.
    PlanUnpaid(PlanTroubleMail),
    /// Says that a paid plan is over.
    PlanEnded(PlanTroubleMail),
    /// Announces that prices go up, with the reader's own figures.
    PriceRise(RiseMail),
    /// Tells an admin that upstream costs are to be looked at again.
    UpstreamReview(ReviewMail),
}

/// What the mails about a payment say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidMail {
    /// Whom to greet.
    pub name: String,
    /// The order.
    pub payment: PaymentId,
    /// What was bought.
    pub title: String,
    /// The credits, in words: `100 tokens`.
    pub credits: String,
    /// What it cost.
    pub money: Money,
}

impl std::fmt::Debug for Mail {
    /// Shows the kind only: mails hold names and secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

impl Mail {
    /// Gives the kind's name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged { .. } => "password_changed",
            Self::Inactive { .. } => "inactive",
            Self::Receipt(_) => "receipt",
            Self::CreditsLate(_) => "credits_late",
            Self::PlanStarted(_) => "plan_started",
            Self::PlanRenewed(_) => "plan_renewed",
            Self::PlanUnpaid(_) => "plan_unpaid",
            Self::PlanEnded(_) => "plan_ended",
            Self::PriceRise(_) => "price_rise",
            Self::UpstreamReview(_) => "upstream_review",
        }
    }
}

/// What every mail of a deployment has in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContext {
    /// The address of the portal, without a slash at its end.
    pub public_url: String,
    /// What the deployment is called.
    pub product: String,
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

struct Parts {
    subject: String,
    greeting: String,
    figure: Option<String>,
    lines: Vec<String>,
    action: String,
    link: String,
    footer: String,
}

impl Mail {
    /// Writes the mail in a language (`ru`, else English).
    #[must_use]
    pub fn render(&self, locale: &str, context: &MailContext) -> RenderedMail {
        let parts = if locale == "ru" { self.russian(context) } else { self.english(context) };
        RenderedMail { subject: parts.subject.clone(), text: parts.text(), html: parts.html(locale, context) }
    }

    fn path(&self) -> String {
        match self {
            Self::Verification { token, .. } => format!("/verify-email?token={token}"),
            Self::PasswordReset { token, .. } => format!("/reset?token={token}"),
            Self::PasswordChanged { .. } => "/forgot".to_owned(),
            Self::Inactive { .. } => "/wallet".to_owned(),
            Self::Receipt(paid) | Self::CreditsLate(paid) => format!("/wallet/orders/{}", paid.payment),
            Self::PlanStarted(plan) | Self::PlanRenewed(plan) => plan.path(),
            Self::PlanUnpaid(_) => "/wallet/plan".to_owned(),
            Self::PlanEnded(_) => "/pricing".to_owned(),
            Self::PriceRise(rise) => rise.path(),
            Self::UpstreamReview(review) => review.path(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Verification { name, .. }
            | Self::PasswordReset { name, .. }
            | Self::PasswordChanged { name }
            | Self::Inactive { name } => name,
            Self::Receipt(paid) | Self::CreditsLate(paid) => &paid.name,
            Self::PlanStarted(plan) | Self::PlanRenewed(plan) => &plan.name,
            Self::PlanUnpaid(plan) | Self::PlanEnded(plan) => &plan.name,
            Self::PriceRise(rise) => &rise.name,
            Self::UpstreamReview(review) => &review.name,
        }
    }

    fn english(&self, context: &MailContext) -> Parts {
        let product = &context.product;
        let (subject, figure, lines, action) = match self {
            Self::Verification { gift, .. } => (
                format!("Confirm your address for {product}"),
                gift.clone(),
                vec![
                    match gift {
                        Some(_) => "Confirm your address, and these are yours to start with.".to_owned(),
                        None => "Confirm that this address is yours.".to_owned(),
                    },
                    "The link works for 24 hours.".to_owned(),
                ],
                "Confirm the address",
            ),
            Self::PasswordReset { .. } => (
                format!("A new password for {product}"),
                None,
                vec!["Somebody, we hope you, asked for a new password. The link works for one hour, once.".to_owned()],
                "Set a new password",
            ),
            Self::PasswordChanged { .. } => (
                format!("Your password for {product} was changed"),
                None,
                vec!["All other devices were signed out. If it wasn't you, set a new password at once.".to_owned()],
                "Set a new password",
            ),
            Self::Inactive { .. } => (
                format!("Do you still use your wallet at {product}?"),
                None,
                vec![
                    "Nothing was spent there for long, so spending waits until you say yes.".to_owned(),
                    "Nothing is lost: your credits stay where they are.".to_owned(),
                ],
                "Open the wallet",
            ),
            Self::Receipt(paid) => (
                format!("{} added", paid.credits),
                Some(paid.credits.clone()),
                vec![format!("{}, {}. The credits are in your wallet.", paid.title, money_text(paid.money, "en"))],
                "See the order",
            ),
            Self::CreditsLate(paid) => (
                format!("{} added, later than usual", paid.credits),
                Some(paid.credits.clone()),
                vec![
                    format!("{}, {}.", paid.title, money_text(paid.money, "en")),
                    "The bank took longer than usual to confirm. The credits are in your wallet now, once.".to_owned(),
                ],
                "See the order",
            ),
            Self::PlanStarted(plan) => plan.english(true),
            Self::PlanRenewed(plan) => plan.english(false),
            Self::PlanUnpaid(plan) => plan.unpaid_english(),
            Self::PlanEnded(plan) => plan.ended_english(),
            Self::PriceRise(rise) => rise.english(),
            Self::UpstreamReview(review) => review.english(),
        };
        Parts {
            subject,
            greeting: format!("Hello {},", self.name()),
            figure,
            lines,
            action: action.to_owned(),
            link: format!("{}{}", context.public_url, self.path()),
            footer: match self {
                Self::Verification { .. } | Self::PasswordReset { .. } => {
                    "If you didn't ask for this, leave it: nothing will happen.".to_owned()
                }
                _ => format!("This mail is about your account at {product}."),
            },
        }
    }

    fn russian(&self, context: &MailContext) -> Parts {
        let product = &context.product;
        let (subject, figure, lines, action) = match self {
            Self::Verification { gift, .. } => (
                format!("Подтвердите адрес для {product}"),
                gift.clone(),
                vec![
                    match gift {
                        Some(_) => "Подтвердите адрес, и они ваши для начала.".to_owned(),
                        None => "Подтвердите, что это ваш адрес.".to_owned(),
                    },
                    "Ссылка действует 24 часа.".to_owned(),
                ],
                "Подтвердить адрес",
            ),
            Self::PasswordReset { .. } => (
                format!("Новый пароль для {product}"),
                None,
                vec!["Кто-то, надеемся, вы, попросил новый пароль. Ссылка действует один час и один раз.".to_owned()],
                "Задать новый пароль",
            ),
            Self::PasswordChanged { .. } => (
                format!("Пароль для {product} изменён"),
                None,
                vec![
                    "На других устройствах вход завершён. Если это были не вы, сразу задайте новый пароль.".to_owned(),
                ],
                "Задать новый пароль",
            ),
            Self::Inactive { .. } => (
                format!("Вы ещё пользуетесь кошельком в {product}?"),
                None,
                vec![
                    "Там давно ничего не тратили, поэтому списания ждут вашего «да».".to_owned(),
                    "Ничего не потеряно: всё, что было в кошельке, на месте.".to_owned(),
                ],
                "Открыть кошелёк",
            ),
            Self::Receipt(paid) => (
                format!("Зачислено: {}", paid.credits),
                Some(paid.credits.clone()),
                vec![format!("{}, {}. Зачислено в кошелёк.", paid.title, money_text(paid.money, "ru"))],
                "Открыть заказ",
            ),
            Self::CreditsLate(paid) => (
                format!("Зачислено позже обычного: {}", paid.credits),
                Some(paid.credits.clone()),
                vec![
                    format!("{}, {}.", paid.title, money_text(paid.money, "ru")),
                    "Банк подтверждал платёж дольше обычного. Теперь всё в кошельке, ровно один раз.".to_owned(),
                ],
                "Открыть заказ",
            ),
            Self::PlanStarted(plan) => plan.russian(true),
            Self::PlanRenewed(plan) => plan.russian(false),
            Self::PlanUnpaid(plan) => plan.unpaid_russian(),
            Self::PlanEnded(plan) => plan.ended_russian(),
            Self::PriceRise(rise) => rise.russian(),
            Self::UpstreamReview(review) => review.russian(),
        };
        Parts {
            subject,
            greeting: format!("Здравствуйте, {}!", self.name()),
            figure,
            lines,
            action: action.to_owned(),
            link: format!("{}{}", context.public_url, self.path()),
            footer: match self {
                Self::Verification { .. } | Self::PasswordReset { .. } => {
                    "Если вы этого не просили, ничего не делайте: ничего и не произойдёт.".to_owned()
                }
                _ => format!("Это письмо о вашем счёте в {product}."),
            },
        }
    }
}

impl Parts {
    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.greeting);
        if let Some(figure) = &self.figure {
            text.push_str(figure);
            text.push_str("\n\n");
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&format!("\n{}:\n{}\n\n-- \n{}\n", self.action, self.link, self.footer));
        text
    }

    fn html(&self, locale: &str, context: &MailContext) -> String {
        let figure = self.figure.as_ref().map_or_else(String::new, |figure| {
            format!("<p style=\"margin:0 0 16px;font:600 36px/44px Georgia,serif\">{}</p>", escape(figure))
        });
        let lines: String =
            self.lines.iter().map(|line| format!("<p style=\"margin:0 0 12px\">{}</p>", escape(line))).collect();
        format!(
            "<!DOCTYPE html><html lang=\"{locale}\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\
             <body style=\"margin:0;background:#f3f6f4;color:#12201b;font:16px/24px system-ui,sans-serif\">\
             <div style=\"max-width:520px;margin:0 auto;padding:32px 16px\">\
             <p style=\"margin:0 0 16px;font-weight:600\">{product}</p>\
             <div style=\"background:#fff;border:1px solid #dde5e0;border-radius:8px;padding:24px\">\
             <p style=\"margin:0 0 16px\">{greeting}</p>{figure}{lines}\
             <p style=\"margin:24px 0 0\"><a href=\"{link}\" style=\"display:inline-block;background:#0b6650;\
             color:#fff;text-decoration:none;border-radius:6px;padding:12px 20px\">{action}</a></p></div>\
             <p style=\"margin:16px 0 0;color:#4d5d56;font-size:13px\">{footer}</p></div></body></html>",
            subject = escape(&self.subject),
            product = escape(&context.product),
            greeting = escape(&self.greeting),
            link = escape(&self.link),
            action = escape(&self.action),
            footer = escape(&self.footer),
        )
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Writes money for a reader of a mail: `449 ₽`, `$4.50`, `1 290,50 ₽`.
fn money_text(money: Money, locale: &str) -> String {
    let exact = money.to_string();
    let number = exact.split(' ').next().unwrap_or_default();
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let (gap, point) = if locale == "ru" { ("\u{a0}", ",") } else { (",", ".") };
    let whole = grouped(whole, gap);
    let number = if part.bytes().all(|digit| digit == b'0') { whole } else { format!("{whole}{point}{part}") };
    match (locale, money.currency()) {
        ("ru", Currency::RUB) => format!("{number}\u{a0}₽"),
        (_, Currency::RUB) => format!("₽{number}"),
        ("ru", Currency::USD) => format!("{number}\u{a0}$"),
        (_, Currency::USD) => format!("${number}"),
        (_, other) => format!("{number}\u{a0}{other}"),
    }
}

fn grouped(digits: &str, gap: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left % 3 == 0 && !text.ends_with('-') {
            text.push_str(gap);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> MailContext {
        MailContext { public_url: "https://pay.example".into(), product: "Neural & Co".into() }
    }

    fn paid() -> PaidMail {
        PaidMail {
            name: "<b>Anna</b>".into(),
            payment: PaymentId::new(),
            title: "Light".into(),
            credits: "100 tokens".into(),
            money: Money::from_minor(44_900, Currency::RUB),
        }
    }

    #[test]
    fn a_mail_has_one_figure_and_one_action_in_both_languages() {
        let receipt = Mail::Receipt(paid());
        for (locale, figure, action) in [("en", "₽449", "See the order"), ("ru", "449\u{a0}₽", "Открыть заказ")]
        {
            let mail = receipt.render(locale, &context());
            assert!(mail.text.contains(figure) && mail.text.contains(action), "{}", mail.text);
            assert_eq!(mail.html.matches("<a href=").count(), 1);
            assert!(mail.text.contains("https://pay.example/wallet/orders/"));
        }
    }

    #[test]
    fn what_people_typed_stays_text() {
        let mail = Mail::CreditsLate(paid()).render("en", &context());
        assert!(mail.html.contains("&lt;b&gt;Anna&lt;/b&gt;") && !mail.html.contains("<b>"));
        assert!(mail.html.contains("Neural &amp; Co"));
    }

    #[test]
    fn secrets_stay_out_of_logs() {
        let mail = Mail::Verification { name: "Anna".into(), token: "s3cret".into(), gift: None };
        assert_eq!(format!("{mail:?}"), "verification");
        assert!(mail.render("ru", &context()).text.contains("/verify-email?token=s3cret"));
    }

    #[test]
    fn money_reads_as_people_write_it() {
        let roubles = |minor| Money::from_minor(minor, Currency::RUB);
        assert_eq!(money_text(roubles(129_050), "ru"), "1\u{a0}290,50\u{a0}₽");
        assert_eq!(money_text(Money::from_minor(123_456_700, Currency::USD), "en"), "$1,234,567");
        assert_eq!(money_text(roubles(99), "en"), "₽0.99");
    }
}
