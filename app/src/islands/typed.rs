//! Fields of which the page tells something: also what was typed or chosen before scripts were there counts.

use leptos::html::{Input, Select};
use leptos::prelude::*;

/// Tells what stands in a text field as soon as scripts are there.
pub fn typed_before(set: impl FnOnce(String) + 'static) -> NodeRef<Input> {
    let field = NodeRef::<Input>::new();
    #[cfg(feature = "hydrate")]
    field.on_load(move |input| set(input.value()));
    #[cfg(not(feature = "hydrate"))]
    drop(set);
    field
}

/// Tells what is chosen in a list as soon as scripts are there.
pub fn chosen_before(set: impl FnOnce(String) + 'static) -> NodeRef<Select> {
    let list = NodeRef::<Select>::new();
    #[cfg(feature = "hydrate")]
    list.on_load(move |select| set(select.value()));
    #[cfg(not(feature = "hydrate"))]
    drop(set);
    list
}

/// Tells that a choice is picked as soon as scripts are there.
pub fn picked_before(set: impl FnOnce() + 'static) -> NodeRef<Input> {
    let choice = NodeRef::<Input>::new();
    #[cfg(feature = "hydrate")]
    choice.on_load(move |input| {
        if input.checked() {
            set();
        }
    });
    #[cfg(not(feature = "hydrate"))]
    drop(set);
    choice
}
