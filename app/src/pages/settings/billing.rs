//! `/settings/billing`: to whom receipts and invoices are addressed.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::ui::field::{Field, TextArea};
use crate::components::ui::panel::DoneBanner;
use crate::components::ui::shell::{DataPage, Nav};
use crate::data::documents::{BillingPage as Page, load_billing_details};
use crate::i18n::*;
use crate::text::refusal::{FormErrors, field_error_text};

/// The fields that show their own problems.
const SHOWN: &[&str] = &["name", "address", "country", "tax_id"];

/// The page of billing details.
#[component]
pub fn BillingPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_billing_details());
    view! {
        <DataPage
            active=Nav::Orders
            title=move || t_string!(i18n, billing.title)
            note=move || t_string!(i18n, billing.note)
            actions=move || view! { <a class="btn btn-plain" href="/wallet/documents">{t!(i18n, document.list)}</a> }
            data=page
            let:page
        >
            <BillingForm page=page />
        </DataPage>
    }
}

#[component]
fn BillingForm(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { details, may_pay, mut outcome } = page;
    let done = use_query_map().with_untracked(|map| map.get_str("done").is_some());
    // What was typed stands before what is saved.
    for (name, saved) in
        [("name", details.name), ("address", details.address), ("country", details.country), ("tax_id", details.tax_id)]
    {
        outcome.values.entry(name.to_owned()).or_insert(saved);
    }
    let address = outcome.value("address").unwrap_or_default();
    let wrong = outcome.error("address").cloned();
    let is_wrong = wrong.is_some();
    let note = move || match &wrong {
        Some(error) => field_error_text(i18n.get_locale(), error),
        None => t_string!(i18n, billing.address_hint).to_owned(),
    };
    let save = if may_pay {
        view! { <div><button class="btn btn-primary">{t!(i18n, billing.save)}</button></div> }.into_any()
    } else {
        view! { <p class="text-sm text-muted">{t!(i18n, billing.no_right)}</p> }.into_any()
    };
    view! {
        {done.then(|| view! { <DoneBanner words=Signal::derive(move || t_string!(i18n, billing.saved)) /> })}
        <form method="post" action="/settings/billing" class="panel p-5 grid gap-4 max-w-[560px]">
            <FormErrors outcome=outcome.clone() shown=SHOWN />
            <Field
                name="name"
                autocomplete="organization"
                label=move || t_string!(i18n, billing.name)
                hint=move || t_string!(i18n, billing.name_hint)
                outcome=outcome.clone()
            />
            <div>
                <label class="block text-sm font-medium mb-1" for="address">{t!(i18n, billing.address)}</label>
                <TextArea name="address" rows=3 text=address is_wrong=is_wrong described_by="address-note" is_prose=true />
                <span
                    id="address-note"
                    class=if is_wrong { "block text-sm text-error mt-1" } else { "block text-sm text-muted mt-1" }
                >
                    {note}
                </span>
            </div>
            <Field
                name="country"
                autocomplete="country-name"
                label=move || t_string!(i18n, billing.country)
                outcome=outcome.clone()
            />
            <Field
                name="tax_id"
                label=move || t_string!(i18n, billing.tax_id)
                hint=move || t_string!(i18n, billing.tax_id_hint)
                outcome=outcome
            />
            {save}
        </form>
    }
}
