//! What the hosted pages say, in Russian and English.

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) lang: &'static str,
    /// The other language, in its own words, and its name in the query.
    pub(super) other: (&'static str, &'static str),
    pub(super) payment: &'static str,
    pub(super) saving: &'static str,
    pub(super) test_shop: &'static str,
    pub(super) amount: &'static str,
    pub(super) by_card: &'static str,
    pub(super) by_wallet: &'static str,
    pub(super) number: &'static str,
    pub(super) expiry: &'static str,
    pub(super) csc: &'static str,
    pub(super) wallet: &'static str,
    pub(super) pay: &'static str,
    pub(super) save: &'static str,
    pub(super) will_be_saved: &'static str,
    pub(super) back: &'static str,
    pub(super) correct: &'static str,
    pub(super) bad_number: &'static str,
    pub(super) no_test_card: &'static str,
    pub(super) bad_expiry: &'static str,
    pub(super) expired: &'static str,
    pub(super) bad_csc: &'static str,
    pub(super) bad_wallet: &'static str,
    pub(super) challenge: &'static str,
    pub(super) challenge_asks: &'static str,
    pub(super) confirm: &'static str,
    pub(super) deny: &'static str,
    pub(super) refused: &'static str,
    pub(super) over: &'static str,
    pub(super) over_told: &'static str,
    pub(super) not_found: &'static str,
}

pub(super) const RUSSIAN: Words = Words {
    lang: "ru",
    other: ("en", "English"),
    payment: "Оплата",
    saving: "Привязка карты",
    test_shop: "Тестовый магазин: деньги не списываются.",
    amount: "Сумма",
    by_card: "Банковская карта",
    by_wallet: "Кошелёк ЮMoney",
    number: "Номер карты",
    expiry: "Срок действия (ММ/ГГ)",
    csc: "Код CVC",
    wallet: "Номер кошелька",
    pay: "Заплатить",
    save: "Привязать карту",
    will_be_saved: "Магазин сохранит этот способ оплаты и сможет списывать деньги без вашего участия.",
    back: "Вернуться в магазин",
    correct: "Исправьте отмеченные поля.",
    bad_number: "Введите номер карты: от 13 до 19 цифр.",
    no_test_card: "В тестовом магазине можно платить только тестовыми картами.",
    bad_expiry: "Введите месяц и год, например 12/30.",
    expired: "Срок действия карты истёк.",
    bad_csc: "Введите 3 или 4 цифры.",
    bad_wallet: "Введите номер кошелька: от 11 до 20 цифр.",
    challenge: "Подтверждение банка (3-D Secure)",
    challenge_asks: "Банк просит подтвердить операцию.",
    confirm: "Подтвердить",
    deny: "Отказаться",
    refused: "Операция не прошла",
    over: "Операция уже завершена",
    over_told: "Эта страница больше не действует.",
    not_found: "Страница не найдена",
};

pub(super) const ENGLISH: Words = Words {
    lang: "en",
    other: ("ru", "Русский"),
    payment: "Payment",
    saving: "Link a card",
    test_shop: "Test shop: no money is charged.",
    amount: "Amount",
    by_card: "Bank card",
    by_wallet: "YooMoney wallet",
    number: "Card number",
    expiry: "Expiry date (MM/YY)",
    csc: "CVC code",
    wallet: "Wallet number",
    pay: "Pay",
    save: "Link the card",
    will_be_saved: "The shop will save this payment method and may charge it without you.",
    back: "Back to the shop",
    correct: "Correct the fields that are marked.",
    bad_number: "Enter the card number: 13 to 19 digits.",
    no_test_card: "A test shop takes test cards only.",
    bad_expiry: "Enter month and year, for example 12/30.",
    expired: "The card has expired.",
    bad_csc: "Enter 3 or 4 digits.",
    bad_wallet: "Enter the wallet number: 11 to 20 digits.",
    challenge: "Confirmation by the bank (3-D Secure)",
    challenge_asks: "The bank asks you to confirm the operation.",
    confirm: "Confirm",
    deny: "Refuse",
    refused: "The operation has failed",
    over: "The operation is already over",
    over_told: "This page is no longer valid.",
    not_found: "Page not found",
};

/// The words of a language by its name in the query; `english` says which is meant when none is named.
pub(super) fn words(named: Option<&str>, english: bool) -> &'static Words {
    match named {
        Some("en") => &ENGLISH,
        Some("ru") => &RUSSIAN,
        _ if english => &ENGLISH,
        _ => &RUSSIAN,
    }
}

/// A reason of a refusal for people.
pub(super) fn reason(reason: &str, words: &Words) -> &'static str {
    let (russian, english) = match reason {
        "3d_secure_failed" => ("Банк не подтвердил операцию.", "The bank has not confirmed the operation."),
        "card_expired" => ("Срок действия карты истёк.", "The card has expired."),
        "insufficient_funds" => ("На карте недостаточно денег.", "There is not enough money on the card."),
        "invalid_card_number" => ("Неправильный номер карты.", "The card number is wrong."),
        "invalid_csc" => ("Неправильный код CVC.", "The CVC code is wrong."),
        "payment_method_limit_exceeded" => ("Превышен лимит платежей.", "The payment limit is exceeded."),
        "issuer_unavailable" => ("Банк не отвечает.", "The bank does not answer."),
        "country_forbidden" => ("Карты этой страны не принимаются.", "Cards of this country are not accepted."),
        _ => ("Банк отклонил операцию.", "The bank has declined the operation."),
    };
    if words.lang == "ru" { russian } else { english }
}
