//! What the reader chose on the price page: all of it stands in the page's address.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use wallet::tariff::{Category, LineRequest};

/// Before the names of a call's params in the address.
pub const PARAM_PREFIX: &str = "p.";
/// The most lines of a quote: so many fit into an address.
pub const LINES_MAX: usize = 20;
/// A line of the quote in the address, as the API's body writes it.
const LINE: &str = "line";
/// The most letters of a search.
const SEARCH_MAX: usize = 60;

/// What the reader chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceQuery {
    pairs: Vec<(String, String)>,
}

impl PriceQuery {
    /// Reads the address; what makes no sense there counts as not chosen.
    #[must_use]
    pub fn of(map: &ParamsMap) -> Self {
        let pairs = map.clone().into_iter().map(|(key, value)| (key.into_owned(), value)).collect();
        Self { pairs }
    }

    /// Gives one choice.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let value = self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// Says whether the address names a choice, be it an empty one.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name == key)
    }

    /// Gives the category whose prices are shown; none for all.
    #[must_use]
    pub fn category(&self) -> Option<Category> {
        self.get("cat")?.parse().ok()
    }

    /// Gives the words looked for, in small letters.
    #[must_use]
    pub fn search(&self) -> String {
        self.get("q").unwrap_or_default().chars().take(SEARCH_MAX).flat_map(char::to_lowercase).collect()
    }

    /// Gives the address of the page with one choice changed.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> String {
        let kept = self.pairs.iter().filter(|(name, value)| name != key && !value.is_empty());
        let mut map: ParamsMap = kept.cloned().collect();
        if !value.is_empty() {
            map.insert(key.to_owned(), value.to_owned());
        }
        format!("/pricing{}", map.to_query_string())
    }

    /// Gives the calls that are priced together; what is no call is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<LineRequest> {
        let lines = self.pairs.iter().filter(|(name, _)| name == LINE);
        lines.filter_map(|(_, value)| serde_json::from_str(value).ok()).take(LINES_MAX).collect()
    }

    /// Gives the address of the page with other calls priced together.
    #[must_use]
    pub fn with_lines(&self, lines: &[LineRequest]) -> String {
        let kept = self.pairs.iter().filter(|(name, value)| name != LINE && !value.is_empty()).cloned();
        let lines = lines.iter().filter_map(|line| Some((LINE.to_owned(), serde_json::to_string(line).ok()?)));
        let map: ParamsMap = kept.chain(lines).collect();
        format!("/pricing{}#calc", map.to_query_string())
    }

    /// Gives the address of the page with a model chosen for the calculator.
    #[must_use]
    pub fn with_model(&self, operation: &str) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| is_of_page(name)).cloned().collect();
        format!("{}#calc", Self { pairs: kept }.with("model", operation))
    }

    /// Lists the choices that a form must carry along: all but those that it asks for itself.
    fn others(&self, own: &'static [&'static str]) -> Vec<(String, String)> {
        let is_own = |name: &str| own.contains(&name) || (own.contains(&PARAM_PREFIX) && !is_of_page(name));
        self.pairs.iter().filter(|(name, value)| !is_own(name) && !value.is_empty()).cloned().collect()
    }
}

/// Says whether a choice is about the page, and not about the one call of the calculator.
fn is_of_page(name: &str) -> bool {
    matches!(name, "cat" | "q" | "cur" | "billing" | "credits" | LINE)
}

/// The other choices of the page, carried along by a form.
#[component]
pub fn CarriedChoices(
    /// What was chosen.
    query: Memo<PriceQuery>,
    /// What the form asks for itself.
    own: &'static [&'static str],
) -> impl IntoView {
    move || {
        let others = query.read().others(own);
        others.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(operation: &str, count: i64) -> LineRequest {
        let params = json!({ "size": "1792x1024", "targets": ["de", "fr"], "words": 3 });
        LineRequest { operation: operation.to_owned(), params: params.as_object().expect("an object").clone(), count }
    }

    #[test]
    fn a_quote_stands_in_the_address_beside_the_other_choices() {
        let query = PriceQuery::of(&[("cat", "image"), ("model", "dall-e-3")].into_iter().collect());
        let lines = vec![line("dall-e-3", 3), line("a & b", 1), line("dall-e-3", 3)];
        let address = query.with_lines(&lines);
        let text = address.strip_prefix("/pricing?").and_then(|rest| rest.strip_suffix("#calc")).expect("a query");
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let again = PriceQuery::of(&pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        assert_eq!(again.lines(), lines);
        assert_eq!((again.get("cat"), again.get("model")), (Some("image"), Some("dall-e-3")));
        assert_eq!(again.with_lines(&[]), "/pricing?cat=image&model=dall%2De%2D3#calc");
        assert_eq!(PriceQuery::of(&[("line", "{"), ("line", "5")].into_iter().collect()).lines(), []);
        assert_eq!(query.with_lines(&vec![line("x", 1); 30]).matches("line=").count(), 30);
    }
}
