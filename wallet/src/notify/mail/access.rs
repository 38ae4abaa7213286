//! What the mails about signing in say: a changed password or name, a proven address, an account that is there already.

use crate::identity::Ended;

/// Subject, figure, lines, action.
type Words = (String, Option<String>, Vec<String>, &'static str);

/// Says that the password was changed, in English.
pub(super) fn password_changed_english(product: &str, ended: Ended) -> Words {
    (
        format!("Your password for {product} was changed"),
        None,
        told(
            "All other devices were signed out.",
            ended_english(ended),
            "If it wasn't you, set a new password at once.",
        ),
        "Set a new password",
    )
}

/// Says that the password was changed, in Russian.
pub(super) fn password_changed_russian(product: &str, ended: Ended) -> Words {
    (
        format!("Пароль для {product} изменён"),
        None,
        told(
            "На других устройствах вход завершён.",
            ended_russian(ended),
            "Если это были не вы, сразу задайте новый пароль.",
        ),
        "Задать новый пароль",
    )
}

/// Says that the address was proven, in English.
pub(super) fn address_proven_english(product: &str, ended: Ended) -> Words {
    (
        format!("Your address is confirmed for {product}"),
        None,
        told(
            "From now on the wallet is yours alone: what was made before the address was confirmed has ended.",
            ended_english(ended),
            "Make new keys where your programs need them.",
        ),
        "Open API keys",
    )
}

/// Says that the address was proven, in Russian.
pub(super) fn address_proven_russian(product: &str, ended: Ended) -> Words {
    (
        format!("Ваш адрес в {product} подтверждён"),
        None,
        told(
            "Теперь кошелёк только ваш: всё, что было создано до подтверждения адреса, завершено.",
            ended_russian(ended),
            "Создайте новые ключи для программ, которым они нужны.",
        ),
        "Открыть ключи API",
    )
}

/// Says that there is an account already, in English.
pub(super) fn sign_up_again_english(product: &str) -> Words {
    (
        format!("You have a wallet at {product} already"),
        None,
        vec![
            "Somebody, we hope you, wanted to open a wallet with this address. There is one already: sign in \
             with your password, or set a new one."
                .to_owned(),
            "If it wasn't you, nothing needs to be done.".to_owned(),
        ],
        "Set a new password",
    )
}

/// Says that there is an account already, in Russian.
pub(super) fn sign_up_again_russian(product: &str) -> Words {
    (
        format!("У вас уже есть кошелёк в {product}"),
        None,
        vec![
            "Кто-то, надеемся, вы, хотел открыть кошелёк с этим адресом. Он уже есть: войдите с паролем или \
             задайте новый."
                .to_owned(),
            "Если это были не вы, делать ничего не нужно.".to_owned(),
        ],
        "Задать новый пароль",
    )
}

/// Says that the name was changed, in English.
pub(super) fn name_changed_english(product: &str, name: &str, before: &str) -> Words {
    (
        format!("Your name at {product} was changed"),
        None,
        vec![
            format!("You were called {before}, and are {name} now."),
            "If it wasn't you, end the other sessions and set a new password at once.".to_owned(),
        ],
        "Look at the sessions",
    )
}

/// Says that the name was changed, in Russian.
pub(super) fn name_changed_russian(product: &str, name: &str, before: &str) -> Words {
    (
        format!("Имя в {product} изменено"),
        None,
        vec![
            format!("Было {before}, стало {name}."),
            "Если это были не вы, завершите другие сеансы и сразу задайте новый пароль.".to_owned(),
        ],
        "Посмотреть сеансы",
    )
}

/// Puts lines together, with what was ended in between where it was anything.
fn told(first: &str, ended: Option<String>, last: &str) -> Vec<String> {
    [Some(first.to_owned()), ended, Some(last.to_owned())].into_iter().flatten().collect()
}

/// Says what was ended: `Ended: 2 sessions, 1 API key.`
fn ended_english(ended: Ended) -> Option<String> {
    let count = |count: u64, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {one}s")),
    };
    let parts = [count(ended.sessions, "session"), count(ended.keys, "API key"), count(ended.webhooks, "webhook")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Ended: {}.", parts.join(", ")))
}

/// Says the same in Russian, in a form that needs no cases: `Завершено: сеансы (2), ключи API (1).`
fn ended_russian(ended: Ended) -> Option<String> {
    let count = |count: u64, words: &str| (count > 0).then(|| format!("{words} ({count})"));
    let parts = [count(ended.sessions, "сеансы"), count(ended.keys, "ключи API"), count(ended.webhooks, "вебхуки")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Завершено: {}.", parts.join(", ")))
}
