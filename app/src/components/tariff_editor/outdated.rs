//! What a draft's pages say when prices were published since it was begun, and when it was brought up to date.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::ui::panel::{Banner, BannerKind};
use crate::data::tariffs::{EditorPage, EditorRow};
use crate::i18n::*;

/// Which versions a draft hangs between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bases {
    /// The draft.
    pub version: i32,
    /// Its revision.
    pub revision: i64,
    /// The version that it is a copy of.
    pub base: Option<i32>,
    /// The version in force.
    pub active: Option<i32>,
}

impl From<&EditorPage> for Bases {
    fn from(page: &EditorPage) -> Self {
        Self { version: page.book.version, revision: page.book.revision, base: page.book.based_on, active: page.active }
    }
}

/// Says that a draft is a copy of a version that is past, with the button that brings it up to date.
#[component]
pub fn Outdated(
    /// The draft and what it hangs between.
    bases: Bases,
) -> impl IntoView {
    let i18n = use_i18n();
    let Some(active) = bases.active.filter(|active| bases.base != Some(*active)) else { return ().into_any() };
    let words = move || {
        let base = bases.base.map_or_else(|| "—".to_owned(), |base| base.to_string());
        t_string!(i18n, tariffs.outdated, active = active.to_string(), base = base)
    };
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="basis-full sm:basis-0 grow min-w-[200px]" data-testid="outdated">{words}</p>
            <form method="post" action=format!("/admin/tariffs/{}/rebase", bases.version)>
                <input type="hidden" name="revision" value=bases.revision.to_string() />
                <button class="btn btn-plain btn-sm">{t!(i18n, tariffs.rebase)}</button>
            </form>
        </Banner>
    }
    .into_any()
}

/// After a draft was brought up to date: the operations that both it and the version in force have changed.
#[component]
pub fn Clashes(
    /// The operations of the draft.
    rows: StoredValue<Vec<EditorRow>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let address = use_query_map();
    let clashes = Memo::new(move |_| {
        let named = address.with(|map| map.get_str("clash").unwrap_or_default().to_owned());
        let is_named = |operation: &str| named.split(',').any(|name| name == operation);
        rows.with_value(|rows| {
            let tariffs = rows.iter().filter_map(|row| row.shown.as_ref().or(row.now.as_ref()));
            let named = tariffs.filter(|tariff| is_named(&tariff.operation));
            named.map(|tariff| (tariff.operation.clone(), tariff.name.clone())).collect::<Vec<_>>()
        })
    });
    let list = move || {
        let link = |(operation, name): (String, String)| view! { <li><a class="link" href=format!("#op-{operation}")>{name}</a></li> };
        clashes.get().into_iter().map(link).collect_view()
    };
    view! {
        {move || {
            (!clashes.with(Vec::is_empty))
                .then(|| {
                    view! {
                        <section class="rounded-box px-4 py-3 mb-4 tag-warn" role="status" data-testid="clashes">
                            <p>{t!(i18n, tariffs.clashes)}</p>
                            <ul class="mt-1 list-disc pl-5">{list()}</ul>
                        </section>
                    }
                })
        }}
    }
}
