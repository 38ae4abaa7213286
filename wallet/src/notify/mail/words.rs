//! What each mail says, in English and in Russian.

use super::figures::money_text;
use super::layout::Parts;
use super::{Mail, MailContext, access};

impl Mail {
    pub(super) fn english(&self, context: &MailContext) -> Parts {
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
            Self::PasswordChanged { ended, .. } => access::password_changed_english(product, *ended),
            Self::AddressProven { ended, .. } => access::address_proven_english(product, *ended),
            Self::SignUpAgain { .. } => access::sign_up_again_english(product),
            Self::NameChanged { name, before } => access::name_changed_english(product, name, before),
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
            Self::RiseWithdrawn(withdrawn) => withdrawn.english(),
            Self::UpstreamReview(review) => review.english(),
            Self::WebhookOff { url, is_gone, .. } => (
                "A webhook endpoint was switched off".to_owned(),
                None,
                vec![
                    match is_gone {
                        true => format!("{url} has answered that it is gone (410), so nothing more is sent to it."),
                        false => {
                            format!("Every message to {url} has failed for three days, so nothing more is sent to it.")
                        }
                    },
                    "When it works again, switch it on. What happens until then is not told; it is in your ledger."
                        .to_owned(),
                ],
                "See the endpoint",
            ),
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

    pub(super) fn russian(&self, context: &MailContext) -> Parts {
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
            Self::PasswordChanged { ended, .. } => access::password_changed_russian(product, *ended),
            Self::AddressProven { ended, .. } => access::address_proven_russian(product, *ended),
            Self::SignUpAgain { .. } => access::sign_up_again_russian(product),
            Self::NameChanged { name, before } => access::name_changed_russian(product, name, before),
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
            Self::RiseWithdrawn(withdrawn) => withdrawn.russian(),
            Self::UpstreamReview(review) => review.russian(),
            Self::WebhookOff { url, is_gone, .. } => (
                "Адрес для вебхуков отключён".to_owned(),
                None,
                vec![
                    match is_gone {
                        true => format!("{url} ответил, что его больше нет (410), поэтому туда ничего не отправляется."),
                        false => format!("Три дня ни одно сообщение на {url} не дошло, поэтому туда ничего не отправляется."),
                    },
                    "Когда адрес заработает, включите его снова. О том, что случится до этого, мы не сообщим; всё есть в истории."
                        .to_owned(),
                ],
                "Открыть адрес",
            ),
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
