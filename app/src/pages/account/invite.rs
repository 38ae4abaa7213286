//! `/wallet/invite`: the link by which others sign up, and what came of it.

use leptos::prelude::*;
use wallet::promo::InvitationView;

use crate::components::ui::shell::{DataPage, Nav};
use crate::data::invitations::{InvitationPage as Page, load_invitations};
use crate::i18n::*;
use crate::text::amount::{count_text, credits_text, unit_text};
use crate::text::refusal::FormErrors;

/// The page of invitations.
#[component]
pub fn InvitePage() -> impl IntoView {
    let i18n = use_i18n();
    let page = Resource::new_blocking(|| (), |()| load_invitations());
    view! {
        <DataPage
            active=Nav::TopUp
            title=move || t_string!(i18n, invite.title)
            note=move || t_string!(i18n, invite.note)
            data=page
            let:page
        >
            <Invitations page=page />
        </DataPage>
    }
}

#[component]
fn Invitations(page: Page) -> impl IntoView {
    let i18n = use_i18n();
    let Page { view, link, may_pay, outcome } = page;
    let Some(view) = view else {
        return view! { <p class="panel p-5 max-w-[640px]">{t!(i18n, invite.off)}</p> }.into_any();
    };
    view! {
        <FormErrors outcome=outcome />
        <section aria-labelledby="link" class="panel p-5 max-w-[640px] grid gap-3">
            <h2 id="link" class="h2">{t!(i18n, invite.link)}</h2>
            <p>{terms(&view)}</p>
            <Link link=link may_pay=may_pay />
        </section>
        <Figures view=view />
    }
    .into_any()
}

/// Says what both get, and when.
fn terms(view: &InvitationView) -> impl IntoView + use<> {
    let i18n = use_i18n();
    let (own, theirs, limit) = (view.credits_referrer, view.credits_invited, view.monthly_limit);
    move || {
        let locale = i18n.get_locale();
        let amount = |credits| format!("{} {}", credits_text(locale, credits), unit_text(locale, credits));
        let limit = count_text(locale, i64::from(limit));
        t_string!(i18n, invite.terms, own = amount(own), theirs = amount(theirs), limit = limit)
    }
}

/// The link, or the button that makes it.
#[component]
fn Link(link: Option<String>, may_pay: bool) -> impl IntoView {
    let i18n = use_i18n();
    match (link, may_pay) {
        (Some(link), _) => view! {
            <div class="flex flex-wrap items-center gap-2">
                <code class="code px-3 py-2 text-sm break-all" data-testid="invite-link">{link.clone()}</code>
                <button
                    type="button"
                    class="btn btn-plain needs-script"
                    data-copy=link
                    data-copied=t_string!(i18n, keys.copied)
                >
                    {t!(i18n, invite.copy)}
                </button>
            </div>
        }
        .into_any(),
        (None, true) => view! {
            <form method="post" action="/wallet/invite">
                <button class="btn btn-primary">{t!(i18n, invite.make)}</button>
            </form>
        }
        .into_any(),
        (None, false) => view! { <p class="text-sm text-muted">{t!(i18n, invite.no_right)}</p> }.into_any(),
    }
}

/// How many came, and how many were rewarded.
#[component]
fn Figures(view: InvitationView) -> impl IntoView {
    let i18n = use_i18n();
    let number = move |count: u32| move || count_text(i18n.get_locale(), i64::from(count));
    view! {
        <dl class="panel p-5 mt-4 max-w-[640px] grid grid-cols-[minmax(0,1fr)_auto] gap-y-2 num">
            <dt class="text-muted">{t!(i18n, invite.signed_up)}</dt>
            <dd>{number(view.signed_up)}</dd>
            <dt class="text-muted">{t!(i18n, invite.rewarded)}</dt>
            <dd>{number(view.rewarded)}</dd>
            <dt class="text-muted">{t!(i18n, invite.this_month)}</dt>
            <dd>{number(view.rewarded_this_month)}</dd>
        </dl>
    }
}
