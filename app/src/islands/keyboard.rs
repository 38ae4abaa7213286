//! Keys in tables of prices: arrows and Enter go from price to price, Escape gives the saved one back.
//!
//! A table says by `data-price-grid` how many columns of prices it has, a field by `data-price` what is saved.

use leptos::ev::KeyboardEvent;

/// Does what a key asks for; says whether the saved price was given back.
pub fn pressed(event: &KeyboardEvent) -> bool {
    #[cfg(feature = "hydrate")]
    return in_browser::pressed(event).unwrap_or_default();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = event;
        false
    }
}

/// After a price was saved by its form, goes on to the next one: the address names the row that was saved.
pub fn go_on_after_save() {
    #[cfg(feature = "hydrate")]
    leptos::prelude::Effect::new(|_| in_browser::go_on().unwrap_or_default());
}

#[cfg(feature = "hydrate")]
mod in_browser {
    use leptos::ev::KeyboardEvent;
    use leptos::prelude::{document, event_target, window};
    use leptos::wasm_bindgen::JsCast;
    use leptos::web_sys::{Element, HtmlInputElement};

    pub fn pressed(event: &KeyboardEvent) -> Option<bool> {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
            return None;
        }
        let field = event_target::<HtmlInputElement>(event);
        let saved = field.get_attribute("data-price").unwrap_or_default();
        let grid = field.closest("[data-price-grid]").ok()??;
        let columns = grid.get_attribute("data-price-grid")?.parse::<i32>().ok()?;
        let fields = fields(&grid);
        let here = i32::try_from(fields.iter().position(|known| *known == field)?).ok()?;
        let is_whole_form = fields.iter().filter(|other| other.form() == field.form()).count() > 1;
        let caret = field.selection_start().ok().flatten();
        let end = u32::try_from(field.value().encode_utf16().count()).ok();
        let is_at_end = field.selection_end().ok().flatten() == end;
        let step = match event.key().as_str() {
            "ArrowDown" => columns,
            "ArrowUp" => -columns,
            "ArrowRight" if columns > 1 && is_at_end => 1,
            "ArrowLeft" if columns > 1 && caret == Some(0) => -1,
            // A changed price in a form of its own is saved; then the page goes on by itself.
            "Enter" if is_whole_form || field.value() == saved => 1,
            "Escape" => {
                field.set_value(&saved);
                field.select();
                event.prevent_default();
                return Some(true);
            }
            _ => return None,
        };
        let next = usize::try_from(here.checked_add(step)?).ok().and_then(|next| fields.get(next))?;
        event.prevent_default();
        take(next);
        Some(false)
    }

    pub fn go_on() -> Option<()> {
        let hash = window().location().hash().ok()?;
        let row = document().get_element_by_id(hash.strip_prefix('#').filter(|id| id.starts_with("op-"))?)?;
        let grid = row.closest("[data-price-grid]").ok()??;
        let saved = row.query_selector("input[data-price]").ok()??;
        let fields = fields(&grid);
        let here = fields.iter().position(|field| field.is_same_node(Some(&saved)))?;
        take(fields.get(here.checked_add(1)?)?);
        Some(())
    }

    fn take(field: &HtmlInputElement) {
        let _ = field.focus();
        field.select();
    }

    fn fields(grid: &Element) -> Vec<HtmlInputElement> {
        let Ok(found) = grid.query_selector_all("input[data-price]") else { return Vec::new() };
        (0..found.length()).filter_map(|place| found.get(place)?.dyn_into().ok()).collect()
    }
}
