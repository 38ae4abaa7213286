//! The frame of the pages that edit a draft of the price book.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use wallet::tariff::{BookStatus, DraftEdit};

use crate::components::tariff_editor::draft_edits::Conflict;
use crate::components::ui::panel::EmptyState;
use crate::components::ui::shell::{DataPage, Nav};
use crate::context::FormOutcome;
use crate::data::tariffs::{EditorPage, OperationPage};
use crate::error::AppError;
use crate::i18n::*;
use crate::text::refusal::FormErrors;

/// What a page of the editor shows: something of one version.
pub trait OfVersion {
    /// The version.
    fn version(&self) -> i32;
    /// Whether it can still be edited.
    fn is_draft(&self) -> bool;
}

impl OfVersion for EditorPage {
    fn version(&self) -> i32 {
        self.book.version
    }

    fn is_draft(&self) -> bool {
        self.book.status == BookStatus::Draft
    }
}

impl OfVersion for OperationPage {
    fn version(&self) -> i32 {
        self.version
    }

    fn is_draft(&self) -> bool {
        self.is_draft
    }
}

/// The version in the page's address; 0, which is none, where it is no number.
#[must_use]
pub fn use_version() -> Memo<i32> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get_str("n").and_then(|n| n.parse().ok()).unwrap_or(0)))
}

/// The frame: it shows the page of a draft, or that a published version can't be edited.
#[component]
pub fn DraftPage<T, F, V>(
    /// The page's title.
    #[prop(into)]
    title: Signal<String>,
    /// What is fetched.
    data: Resource<Result<T, AppError>>,
    /// Shows it.
    children: F,
) -> impl IntoView
where
    T: OfVersion + Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <DataPage active=Nav::PriceBook title=title wide=true data=data let:page>
            {if page.is_draft() {
                children(page).into_any()
            } else {
                view! { <NotADraft version=page.version() /> }.into_any()
            }}
        </DataPage>
    }
}

/// Says that a version is published, and leads back to it.
#[component]
fn NotADraft(version: i32) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <EmptyState title=move || t_string!(i18n, publish.not_draft) note=move || t_string!(i18n, publish.not_draft_note)>
            <a class="btn btn-plain" href=format!("/admin/tariffs/{version}")>{t!(i18n, publish.back)}</a>
        </EmptyState>
    }
}

/// The heading of a draft's page with the way back, and what became of its form.
#[component]
pub fn DraftHead(
    /// What the page is about.
    #[prop(into)]
    title: Signal<String>,
    /// The draft's address.
    back: String,
    /// The draft's edits, newest first.
    edits: Vec<DraftEdit>,
    /// What became of the form.
    outcome: FormOutcome,
    /// The fields that show their own problems.
    shown: &'static [&'static str],
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="flex items-start gap-3 mb-4">
            <h1 class="h1 flex-1">{move || title.get()}</h1>
            <a href=back class="btn btn-quiet btn-sm">{t!(i18n, tariffs.close)}</a>
        </div>
        <DraftErrors edits=edits outcome=outcome shown=shown />
    }
}

/// What became of a draft's form: what others changed meanwhile, or what is wrong with it.
#[component]
pub fn DraftErrors(
    /// The draft's edits, newest first.
    edits: Vec<DraftEdit>,
    /// What became of the form.
    outcome: FormOutcome,
    /// The fields that show their own problems.
    shown: &'static [&'static str],
) -> impl IntoView {
    let is_conflict = outcome.notice.as_deref() == Some("version_conflict");
    view! {
        <Conflict edits=edits outcome=outcome.clone() />
        {(!is_conflict).then(|| view! { <FormErrors outcome=outcome shown=shown /> })}
    }
}
