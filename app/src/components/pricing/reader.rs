//! What prices mean to one reader: in money, on which plan, and from when they change.

use chrono::{DateTime, Utc};
use wallet::catalog::{CatalogView, Interval, Rate};
use wallet::money::{Credits, Currency};
use wallet::tariff::{Announcement, PriceBook, PriceRange, Tariff, plan_above};

use crate::components::pricing::call::Call;
use crate::i18n::*;
use crate::text::amount::decimal_text;

/// What one credit costs a reader, and on which plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    plan: Option<String>,
    rate: Rate,
}

impl Reader {
    /// Takes the reader's own plan where that costs money, else what a newcomer would pay.
    pub fn of(catalog: &CatalogView, own: Option<&str>, interval: Interval, currency: Currency) -> Option<Self> {
        let (plan, rate) = catalog.rate_for(own, interval, currency)?;
        Some(Self { plan: plan.map(|plan| plan.name.clone()), rate })
    }

    /// Names the column: `On Pro`.
    pub fn heading(&self, locale: Locale) -> String {
        match &self.plan {
            Some(plan) => td_string!(locale, prices.on_plan, plan = plan.clone()),
            None => td_string!(locale, prices.in_money).to_owned(),
        }
    }

    /// Writes a price in money: `$0.13–0.34`.
    pub fn money(&self, locale: Locale, min: Credits, max: Credits) -> String {
        let currency = self.rate.currency();
        let (least, most) = (self.rate.cost(min), self.rate.cost(max));
        if least == most {
            return decimal_text(locale, &least, currency);
        }
        // One sign for both.
        decimal_text(locale, &format!("{least}–{most}"), currency)
    }
}

/// What was announced and is not in force yet, and what plans are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coming {
    announced: Vec<Announcement>,
    plans: Vec<(String, String)>,
}

impl Coming {
    /// Takes the changes, and the plans of a catalog.
    pub fn new(announced: Vec<Announcement>, catalog: &CatalogView) -> Self {
        Self { announced, plans: catalog.plan_names() }
    }

    /// Finds the next price of an operation and its day; no price where the operation goes away. What moves no price is
    /// no change here.
    pub fn of(&self, operation: &str) -> Option<(DateTime<Utc>, Option<PriceRange>)> {
        let changes = self.announced.iter().flat_map(|one| one.changes.iter().map(|change| (one.effective_at, change)));
        let mut of_operation = changes.filter(|(_, change)| change.operation == operation);
        let (at, change) = of_operation.find(|(_, change)| change.direction.moves_a_price())?;
        Some((at, change.after.clone()))
    }

    /// Names a plan; one that is not offered by its code.
    fn plan(&self, code: &str) -> String {
        self.plans.iter().find(|(known, _)| known == code).map_or(code, |(_, name)| name).to_owned()
    }
}

/// Lists the plans that an operation needs, each with the option that needs it: its own, and those of a sum's parts.
pub fn plan_requirements(book: &PriceBook, tariff: &Tariff, plans: &Coming) -> Vec<(Option<String>, String)> {
    book.requirements_of(tariff).into_iter().map(|gate| (gate.option, plans.plan(&gate.plan))).collect()
}

/// Names the plan that a call needs, where the reader's own is lower: of a guest, the one that everybody starts on.
pub fn missing_plan(book: &PriceBook, catalog: &CatalogView, own: Option<&str>, call: &Call) -> Option<String> {
    let rank = |code: &str| catalog.plan(code).map(|plan| plan.rank);
    let start = || catalog.starting_plan().map(|plan| plan.rank);
    let own = own.and_then(rank).or_else(start).unwrap_or(i32::MIN);
    let code = plan_above(book.plans_needed(&call.tariff.operation, &call.params), own, rank)?;
    Some(catalog.plan(code).map_or(code, |plan| &plan.name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::pricing::PriceQuery;
    use wallet::catalog::Preset;

    fn view(name: &str) -> CatalogView {
        Preset::by_name(name).expect("built in").view
    }

    #[test]
    fn prices_are_told_in_money_for_this_reader() {
        let credits = |whole| Credits::from_whole(whole).expect("fits");
        let reader = |name: &str, own: Option<&str>, interval| {
            let catalog = view(name);
            Reader::of(&catalog, own, interval, catalog.settings.currencies[0]).expect("a rate")
        };
        let guest = reader("neuralbox", None, Interval::Month);
        assert_eq!(guest.heading(Locale::en), "On Basic");
        assert_eq!(guest.money(Locale::en, credits(5), credits(13)), "₽14.83–38.57");
        assert_eq!(guest.money(Locale::ru, credits(5), credits(5)), "14,83\u{a0}₽");
        let elite = reader("neuralbox", Some("elite"), Interval::Month);
        assert_eq!(
            (elite.heading(Locale::ru).as_str(), elite.money(Locale::en, credits(3), credits(3)).as_str()),
            ("На тарифе Elite", "₽4.99")
        );
        let starter = reader("neuralbox", Some("starter"), Interval::Month);
        assert_eq!(starter, guest, "who pays nothing for a plan sees what one would cost");
        let free_amount = reader("aixplain", None, Interval::Month);
        assert_eq!(
            (
                free_amount.heading(Locale::en).as_str(),
                free_amount.money(Locale::en, credits(10), credits(10)).as_str()
            ),
            ("Money", "$10.00")
        );
        assert_eq!(
            reader("monthly-credits", None, Interval::Year).money(Locale::en, credits(10), credits(10)),
            "$0.083"
        );
    }

    #[test]
    fn requirements_are_named_by_the_plans_name() {
        let preset = Preset::by_name("neuraldraft").expect("built in");
        let plans = Coming::new(Vec::new(), &preset.view);
        let book = preset.price_book();
        let of = |operation: &str| plan_requirements(&book, book.tariff(operation).expect("in the book"), &plans);
        assert_eq!(of("video_clip"), [(Some("premium".to_owned()), "Build".to_owned())]);
        assert_eq!(of("image"), []);

        let needed = |own: Option<&str>, tier: &str| {
            let query = [("model", "video_clip"), ("p.tier", tier)].into_iter().collect();
            let call = Call::of(&book, &PriceQuery::of(&query)).expect("a call");
            missing_plan(&book, &preset.view, own, &call)
        };
        let lowest = preset.view.starting_plan().map(|plan| plan.code.clone());
        let build = Some("Build".to_owned());
        assert_eq!((needed(None, "premium"), needed(lowest.as_deref(), "premium")), (build.clone(), build));
        assert_eq!((needed(Some("build"), "premium"), needed(None, "budget")), (None, None));
    }
}
