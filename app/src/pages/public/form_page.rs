//! A public page with one form.

use leptos::prelude::*;

use crate::components::ui::panel::Loaded;
use crate::components::ui::public_shell::PublicShell;
use crate::context::FormOutcome;
use crate::data::form::posted_form;

/// The page: its title, a note, the form with what became of it, and what stands below.
#[component]
pub fn FormPage(
    /// Where the form is posted to.
    path: &'static str,
    /// The page's title.
    #[prop(into)]
    title: Signal<String>,
    /// A line below the title.
    #[prop(into, optional)]
    note: Option<Signal<String>>,
    /// Draws the form.
    form: fn(FormOutcome) -> AnyView,
    /// What stands below the form.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let outcome = Resource::new_blocking(|| (), move |()| posted_form(path.to_owned()));
    let children = StoredValue::new(children);
    let head = if note.is_some() { "h1" } else { "h1 mb-5" };
    view! {
        <PublicShell title=title>
            <div class="max-w-[420px] mx-auto pt-10 sm:pt-16">
                <h1 class=head>{move || title.get()}</h1>
                {note.map(|note| view! { <p class="text-muted mt-0.5 mb-5">{move || note.get()}</p> })}
                <Loaded data=outcome let:outcome>{form(outcome)}</Loaded>
                {children.with_value(|children| children.as_ref().map(|children| children()))}
            </div>
        </PublicShell>
    }
}
