//! One field of a form: label, input, hint, and what is wrong with it.

use leptos::prelude::*;

use crate::context::FormOutcome;
use crate::i18n::*;
use crate::text::refusal::field_error_text;

/// A text field that keeps what was typed, and says what is wrong beside it.
#[component]
pub fn Field(
    /// The name in the form.
    name: &'static str,
    /// The id in the page, where two of its forms have a field of this name.
    #[prop(optional)]
    id: Option<&'static str>,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// A line below.
    #[prop(into, optional)]
    hint: Option<Signal<String>>,
    /// The input's type.
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// What became of the form.
    outcome: FormOutcome,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = outcome.error(name).cloned();
    let is_wrong = error.is_some();
    let id = id.unwrap_or(name);
    let note = format!("{id}-note");
    let class = if is_wrong { "field !border-error" } else { "field" };
    view! {
        <div>
            <label class="block text-sm font-medium mb-1" for=id>{move || label.get()}</label>
            <input
                id=id
                name=name
                type=kind
                class=class
                value=outcome.value(name).unwrap_or_default()
                autocomplete=autocomplete
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=note.clone()
            />
            <span id=note class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }>
                {move || match &error {
                    Some(error) => field_error_text(i18n.get_locale(), error),
                    None => hint.map(|hint| hint.get()).unwrap_or_default(),
                }}
            </span>
        </div>
    }
}

/// A field of several lines. Leptos writes what stands inside a `<textarea>` as it is, and a text could end it: so all
/// of them are made here.
#[component]
pub fn TextArea(
    /// The name in the form, and the id.
    name: &'static str,
    /// The id in the page, where two of its forms have a field of this name.
    #[prop(optional)]
    id: Option<&'static str>,
    /// How many lines are seen.
    rows: usize,
    /// What stands in it.
    text: String,
    /// Whether something is wrong with that.
    is_wrong: bool,
    /// The ids of what describes it.
    #[prop(into, optional)]
    described_by: Option<String>,
    /// An example, while it is empty.
    #[prop(into, optional)]
    placeholder: Option<String>,
    /// Whether long lines go on to the right.
    #[prop(default = false)]
    is_table: bool,
    /// Whether it holds words for people, not code.
    #[prop(default = false)]
    is_prose: bool,
) -> impl IntoView {
    let kind = if is_prose { "field !h-auto py-2" } else { "field !h-auto font-mono py-2" };
    let class = if is_wrong { format!("{kind} !border-error") } else { kind.to_owned() };
    view! {
        <textarea
            id=id.unwrap_or(name)
            name=name
            rows=rows.to_string()
            spellcheck=if is_prose { "true" } else { "false" }
            wrap=is_table.then_some("off")
            class=class
            placeholder=placeholder
            aria-invalid=is_wrong.then_some("true")
            aria-describedby=described_by
            inner_html=inside(&text)
        ></textarea>
    }
}

/// Writes a text so that it stands inside an element and can't end it.
fn inside(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_end_its_element() {
        assert_eq!(inside("a &lt; b</textarea><script>"), "a &amp;lt; b&lt;/textarea>&lt;script>");
    }
}
