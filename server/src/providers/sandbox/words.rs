//! What the sandbox's pages say, in English and Russian.

use super::card::{Behaviour, CardProblem};

/// The texts of one language.
#[derive(Debug)]
pub struct Words {
    /// The language's code.
    pub code: &'static str,
    /// The pages' title.
    pub title: &'static str,
    /// What kind of page this is.
    pub note: &'static str,
    /// What becomes of the card that a plan is paid with.
    pub kept: &'static str,
    /// The label of the number.
    pub number: &'static str,
    /// The label of month and year.
    pub expiry: &'static str,
    /// The label of the check code.
    pub cvc: &'static str,
    /// The button that pays.
    pub pay: &'static str,
    /// The button that goes back.
    pub cancel: &'static str,
    /// The head of the list of test cards.
    pub cards: &'static str,
    /// What to type into the other fields.
    pub any: &'static str,
    /// The head of the owner's approval.
    pub challenge: &'static str,
    /// What the owner is asked.
    pub challenge_note: &'static str,
    /// The button that approves.
    pub approve: &'static str,
    /// The button that rejects.
    pub reject: &'static str,
    /// The head of the page without an answer.
    pub lost: &'static str,
    /// What has become of the money then.
    pub lost_note: &'static str,
    /// The link back to the shop.
    pub back: &'static str,
    /// The head of the page of a payment that is not there.
    pub missing: &'static str,
    /// What to do then.
    pub missing_note: &'static str,
}

const EN: Words = Words {
    code: "en",
    title: "Test payment",
    note: "This is Scrip's sandbox. It takes no money; type one of the test cards.",
    kept: "The card is kept, and charged again at each billing date of the plan.",
    number: "Card number",
    expiry: "Month / year",
    cvc: "CVC",
    pay: "Pay",
    cancel: "Cancel and go back",
    cards: "Test cards",
    any: "Any month and year to come, any CVC.",
    challenge: "Your bank asks",
    challenge_note: "Is this payment yours? With a real card, your bank would ask for a code here.",
    approve: "Approve",
    reject: "Reject",
    lost: "The connection was lost",
    lost_note: "The card was charged, but the answer did not reach the shop. It finds out by itself within a minute.",
    back: "Back to the shop",
    missing: "There is no such payment",
    missing_note: "It may be finished. Go back to the shop and open the order there.",
};

const RU: Words = Words {
    code: "ru",
    title: "Тестовый платёж",
    note: "Это песочница Scrip. Деньги не списываются; введите одну из тестовых карт.",
    kept: "Карта сохраняется: с неё будет списываться оплата тарифа в каждую дату платежа.",
    number: "Номер карты",
    expiry: "Месяц / год",
    cvc: "CVC",
    pay: "Оплатить",
    cancel: "Отменить и вернуться",
    cards: "Тестовые карты",
    any: "Любой будущий месяц и год, любой CVC.",
    challenge: "Банк спрашивает",
    challenge_note: "Это ваш платёж? С настоящей картой банк попросил бы здесь код.",
    approve: "Подтвердить",
    reject: "Отклонить",
    lost: "Связь прервалась",
    lost_note: "Деньги списаны, но ответ не дошёл до магазина. Он узнает об этом сам в течение минуты.",
    back: "Вернуться в магазин",
    missing: "Такого платежа нет",
    missing_note: "Возможно, он уже завершён. Вернитесь в магазин и откройте заказ там.",
};

impl Words {
    /// Takes the language of the payer, English where it is another one.
    #[must_use]
    pub fn of(locale: &str) -> &'static Self {
        if locale.starts_with("ru") { &RU } else { &EN }
    }

    /// Says what a test card does.
    #[must_use]
    pub fn behaviour(&self, behaviour: Behaviour) -> &'static str {
        match (behaviour, self.code == "ru") {
            (Behaviour::Succeeds, false) => "pays",
            (Behaviour::Declines, false) => "is declined",
            (Behaviour::AsksOwner, false) => "asks for 3-D Secure",
            (Behaviour::LosesAnswer, false) => "pays, but the answer gets lost",
            (Behaviour::DeclinesOnce, false) => "pays; each renewal is declined once, then paid",
            (Behaviour::DeclinesLater, false) => "pays; every renewal is declined",
            (Behaviour::Succeeds, true) => "оплата проходит",
            (Behaviour::Declines, true) => "банк отказывает",
            (Behaviour::AsksOwner, true) => "просит 3-D Secure",
            (Behaviour::LosesAnswer, true) => "оплата проходит, но ответ теряется",
            (Behaviour::DeclinesOnce, true) => "оплата проходит; продление — со второй попытки",
            (Behaviour::DeclinesLater, true) => "оплата проходит; продления отклоняются",
        }
    }

    /// Says what to do about a problem.
    #[must_use]
    pub fn problem(&self, field: &str, problem: CardProblem) -> &'static str {
        match (problem, self.code == "ru") {
            (CardProblem::Required, false) => "Fill this in.",
            (CardProblem::Malformed, false) if field == "expiry" => "Write it as 12/30.",
            (CardProblem::Malformed, false) if field == "cvc" => "Three or four digits.",
            (CardProblem::Malformed, false) => "Twelve to nineteen digits.",
            (CardProblem::Mistyped, false) => "A digit is mistyped: the number's check digit is wrong.",
            (CardProblem::NotATestCard, false) => "Take one of the test cards below; never type a real one here.",
            (CardProblem::Expired, false) => "The card has expired: take a month to come.",
            (CardProblem::Required, true) => "Заполните это поле.",
            (CardProblem::Malformed, true) if field == "expiry" => "Напишите так: 12/30.",
            (CardProblem::Malformed, true) if field == "cvc" => "Три или четыре цифры.",
            (CardProblem::Malformed, true) => "От двенадцати до девятнадцати цифр.",
            (CardProblem::Mistyped, true) => "Опечатка: контрольная цифра номера не сходится.",
            (CardProblem::NotATestCard, true) => "Возьмите тестовую карту из списка; настоящую здесь не вводите.",
            (CardProblem::Expired, true) => "Срок карты истёк: возьмите будущий месяц.",
        }
    }
}
