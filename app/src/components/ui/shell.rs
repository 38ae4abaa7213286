//! The frame of signed-in pages: sidebar, head with the live balance, bottom bar on small screens.

use leptos::prelude::*;

use crate::components::pricing::change::RiseBanner;
use crate::components::ui::brand::{BrandColor, BrandLink, BrandLinks};
use crate::components::ui::head::{PersonMenu, Preferences, initials};
use crate::components::ui::icon::{Icon, icon};
pub use crate::components::ui::nav::Nav;
use crate::components::ui::panel::{Loaded, PageHead};
use crate::components::ui::session_frame::{SessionFrame, SkipLink, provide_wallet};
use crate::data::session::{Session, Waiting};
use crate::error::AppError;
use crate::i18n::*;
use crate::islands::PageData;
use crate::islands::balance_pill::BalancePill;
use crate::islands::live_start::LiveStart;
use crate::islands::live_status::LiveStatus;
use crate::text::amount::count_text;
use crate::text::date_time::Zone;

/// The frame of a signed-in page.
#[component]
pub fn AppShell(
    /// Where the page stands.
    active: Nav,
    /// The page's title.
    #[prop(into)]
    title: Signal<String>,
    /// Whether the page takes the whole width.
    #[prop(default = false)]
    wide: bool,
    /// The page.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let frame = move |session| {
        view! { <Frame session=session active=active title=title wide=wide>{children.with_value(|children| children())}</Frame> }.into_any()
    };
    view! { <SessionFrame title=title frame=frame /> }
}

/// A signed-in page that shows what it fetches: the frame, the page's head, the content once it is there.
#[component]
pub fn DataPage<T, F, V>(
    /// Where the page stands.
    active: Nav,
    /// The page's title.
    #[prop(into)]
    title: Signal<String>,
    /// The line below the title; without it the content has a head of its own.
    #[prop(into, optional)]
    note: Option<Signal<String>>,
    /// Buttons and links beside the title.
    #[prop(into, optional)]
    actions: Option<ViewFn>,
    /// Whether the page takes the whole width.
    #[prop(default = false)]
    wide: bool,
    /// What is fetched.
    data: Resource<Result<T, AppError>>,
    /// Shows it.
    children: F,
) -> impl IntoView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
    F: Fn(T) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let head = move |note| match actions.clone() {
        Some(actions) => view! { <PageHead title=title note=note>{actions.run()}</PageHead> },
        None => view! { <PageHead title=title note=note /> },
    };
    view! {
        <AppShell active=active title=title wide=wide>
            {note.map(&head)}
            <Loaded data=data children=children.clone() />
        </AppShell>
    }
}

/// Sidebar, head, page, bottom bar.
#[component]
fn Frame(session: Session, active: Nav, title: Signal<String>, wide: bool, children: ChildrenFn) -> impl IntoView {
    let i18n = use_i18n();
    provide_wallet(&session);
    let is_admin = active.is_admin();
    // What admins see is the platform's, not an account's: in UTC.
    if let Some(zone) = session.zone.clone().filter(|_| !is_admin) {
        provide_context(Zone::of(zone));
    }
    // The overview shows one banner at a time, and decides which.
    let rise = session.rise.clone().filter(|_| !is_admin && active != Nav::Overview);
    let (unit, zone) = (session.unit.clone(), session.zone.clone().filter(|_| !is_admin));
    let balance = session.balance.clone().filter(|_| !is_admin);
    let viewer = session.viewer;
    let admin_home = [Nav::PriceBook, Nav::Payments].into_iter().find(|nav| nav.is_for(viewer.as_ref())).map(Nav::href);
    let waiting = session.waiting.unwrap_or_default();
    let initials = viewer.as_ref().map(|viewer| initials(&viewer.name)).unwrap_or_default();
    let project = viewer.as_ref().map(|viewer| (viewer.project_name.clone(), viewer.account_name.clone()));
    let crumb = project.as_ref().map(|(project, _)| project.clone()).unwrap_or_default();
    let name = StoredValue::new(viewer.as_ref().map(|viewer| viewer.name.clone()).unwrap_or_default());
    let groups = if is_admin { ADMIN.as_slice() } else { WALLET.as_slice() };
    let section = ADMIN.iter().find(|group| group.items.contains(&active)).map(|group| group.name);
    let has_playground = session.settings.demo;
    let is_shown = |item: Nav| item.is_for(viewer.as_ref()) && (has_playground || item != Nav::Playground);
    let shown: Vec<(&'static Group, Vec<Nav>)> = groups
        .iter()
        .map(|group| (group, group.items.iter().copied().filter(|item| is_shown(*item)).collect()))
        .filter(|(_, items): &(_, Vec<Nav>)| !items.is_empty())
        .collect();
    let tabs: Vec<Nav> = shown.iter().flat_map(|(_, items)| items.clone()).collect();
    let others: Vec<Nav> =
        tabs.iter().copied().filter(|item| !BOTTOM.contains(item)).chain([Nav::Notifications, Nav::Security]).collect();
    let main = if wide {
        "px-4 lg:px-8 py-5 lg:py-7 pb-28 lg:pb-16 w-full"
    } else {
        "px-4 lg:px-8 py-5 lg:py-7 pb-28 lg:pb-16 w-full max-w-[1240px]"
    };
    view! {
        <PageData unit=unit zone=zone />
        {balance.map(|balance| view! { <LiveStart balance=balance /> })}
        <BrandColor />
        <SkipLink />
        <div
            data-islands=active.islands()
            data-updated=move || t_string!(i18n, live.updated)
            class="lg:grid lg:grid-cols-[224px_minmax(0,1fr)] min-h-dvh"
        >
            <aside class="hidden lg:flex flex-col gap-5 border-r border-line px-3 py-4 sticky top-0 h-dvh">
                <div class="px-2 flex items-center justify-between">
                    <BrandLink />
                    {is_admin.then(|| view! { <span class="tag">{t!(i18n, nav.admin)}</span> })}
                </div>
                {project.filter(|_| !is_admin).map(|(project, account)| view! { <ProjectBox project=project account=account /> })}
                <nav aria-label=move || t_string!(i18n, nav.main) class="flex flex-col gap-4 flex-1">
                    {shown
                        .into_iter()
                        .map(|(group, items)| view! { <NavGroup group=group items=items active=active waiting=waiting /> })
                        .collect_view()}
                    {admin_home
                        .filter(|_| !is_admin)
                        .map(|href| view! { <a class="nav-i" href=href>{icon(Icon::Book, 16)}{t!(i18n, nav.to_admin)}</a> })}
                    {is_admin.then(|| view! { <a class="nav-i" href="/wallet">{icon(Icon::Wallet, 16)}{t!(i18n, nav.to_wallet)}</a> })}
                </nav>
                <div class="text-sm text-muted px-2.5 flex flex-col gap-1.5">
                    <a class="hover:text-base-content" href="/pricing">{t!(i18n, nav.prices)}</a>
                    <a class="hover:text-base-content" href="/changelog">{t!(i18n, changelog.title)}</a>
                    <a class="hover:text-base-content" href="/docs/api">{t!(i18n, public.api)}</a>
                    <BrandLinks />
                </div>
            </aside>
            <div class="min-w-0 flex flex-col">
                <header class="off-when-low sticky top-0 z-20 bg-base-200/95 border-b border-line">
                    <div class="h-14 px-4 lg:px-8 flex items-center gap-2 sm:gap-3">
                        <span class="lg:hidden"><BrandLink /></span>
                        <p class="hidden lg:block text-base text-muted">
                            {move || section.map_or_else(|| crumb.clone(), |name| name(i18n.get_locale()).to_owned())}" "<span aria-hidden="true">"/"</span>" "
                            <span class="text-base-content font-medium">{move || title.get()}</span>
                        </p>
                        <span class="flex-1"></span>
                        {(!is_admin)
                            .then(|| {
                                view! {
                                    <span class="hidden sm:inline"><LiveStatus /></span>
                                    <BalancePill />
                                    {(active != Nav::TopUp)
                                        .then(|| {
                                            view! {
                                                <a href="/wallet/top-up" class="btn btn-primary btn-sm hidden sm:inline-flex">
                                                    {t!(i18n, wallet.top_up)}
                                                </a>
                                            }
                                        })}
                                }
                            })}
                        <Preferences />
                        <PersonMenu initials=initials name=name admin_home=admin_home />
                    </div>
                    {is_admin.then(|| view! { <AdminTabs tabs=tabs active=active waiting=waiting /> })}
                </header>
                <main id="main" class=main>
                    {rise.map(|rise| view! { <RiseBanner notice=rise /> })} {children()}
                </main>
            </div>
        </div>
        {(!is_admin).then(|| view! { <BottomBar active=active others=others /> })}
    }
}

/// The groups of the sidebar.
struct Group {
    name: fn(Locale) -> &'static str,
    items: &'static [Nav],
}

static WALLET: [Group; 2] = [
    Group {
        name: |locale| td_string!(locale, nav.wallet),
        items: &[Nav::Overview, Nav::History, Nav::TopUp, Nav::Plan, Nav::Orders, Nav::Payment],
    },
    Group { name: |locale| td_string!(locale, nav.build), items: &[Nav::Keys, Nav::Webhooks, Nav::Playground] },
];
static ADMIN: [Group; 2] = [
    Group { name: |locale| td_string!(locale, nav.customers), items: &[Nav::Payments, Nav::Refunds, Nav::Disputes] },
    Group { name: |locale| td_string!(locale, nav.tariffs), items: &[Nav::PriceBook, Nav::Margins, Nav::Audit] },
];

/// One group of links.
#[component]
fn NavGroup(group: &'static Group, items: Vec<Nav>, active: Nav, waiting: Waiting) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div>
            <p class="px-2.5 pb-1 text-xs text-muted">{move || (group.name)(i18n.get_locale())}</p>
            <NavLinks items=items active=active waiting=waiting />
        </div>
    }
}

/// Links to pages, each with its icon and what waits there.
#[component]
fn NavLinks(items: Vec<Nav>, active: Nav, #[prop(default = Waiting::default())] waiting: Waiting) -> impl IntoView {
    let i18n = use_i18n();
    items
        .into_iter()
        .map(|item| {
            view! {
                <a class="nav-i" href=item.href() aria-current=(item == active).then_some("page")>
                    {icon(item.icon(), 16)}
                    <span class="flex-1">{move || item.name(i18n.get_locale())}</span>
                    <WaitingCount item=item waiting=waiting class="tag num" />
                </a>
            }
        })
        .collect_view()
}

/// How much waits for staff on a page.
#[component]
fn WaitingCount(item: Nav, waiting: Waiting, class: &'static str) -> impl IntoView {
    let i18n = use_i18n();
    item.waiting(i18n.get_locale(), waiting).map(|(count, _)| {
        view! {
            <span class=class>
                {move || count_text(i18n.get_locale(), count)}
                <span class="sr-only">
                    " "
                    {move || item.waiting(i18n.get_locale(), waiting).map(|(_, words)| words)}
                </span>
            </span>
        }
    })
}

/// The admin pages as a row of tabs, on small screens.
#[component]
fn AdminTabs(tabs: Vec<Nav>, active: Nav, waiting: Waiting) -> impl IntoView {
    let i18n = use_i18n();
    let tabs = tabs
        .into_iter()
        .map(|item| {
            let is_current = item == active;
            let class = if is_current {
                "py-2 whitespace-nowrap border-b-2 -mb-px border-base-content font-semibold"
            } else {
                "py-2 whitespace-nowrap border-b-2 -mb-px border-transparent text-muted"
            };
            view! {
                <a href=item.href() class=class aria-current=is_current.then_some("page")>
                    {move || item.name(i18n.get_locale())}
                    " "
                    <WaitingCount item=item waiting=waiting class="num text-sm text-muted" />
                </a>
            }
        })
        .collect_view();
    view! {
        <nav aria-label=move || t_string!(i18n, nav.admin_pages) class="lg:hidden tabs-line px-4 border-t border-line">{tabs}</nav>
    }
}

/// Which project is open.
#[component]
fn ProjectBox(project: String, account: String) -> impl IntoView {
    let letter = project.chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    view! {
        <div class="flex items-center gap-2.5 px-2 py-1.5 rounded-field border border-line bg-base-100">
            <span
                class="size-6 rounded-selector bg-neutral text-neutral-content grid place-items-center text-xs font-semibold"
                aria-hidden="true"
            >
                {letter}
            </span>
            <span class="flex-1 min-w-0">
                <span class="block text-base font-semibold leading-tight truncate">{project}</span>
                <span class="block text-xs text-muted truncate">{account}</span>
            </span>
        </div>
    }
}

/// The links of small screens, within reach of a thumb: the pages used most, and all others behind "More".
#[component]
fn BottomBar(active: Nav, others: Vec<Nav>) -> impl IntoView {
    let i18n = use_i18n();
    let class = |is_current: bool| {
        if is_current {
            "h-14 grid place-items-center content-center gap-0.5 text-xs text-primary font-semibold"
        } else {
            "h-14 grid place-items-center content-center gap-0.5 text-xs text-muted"
        }
    };
    let current = |item: Nav| (item == active).then_some("page");
    let items = BOTTOM
        .into_iter()
        .map(|item| {
            view! {
                <a href=item.href() class=class(item == active) aria-current=current(item)>
                    {icon(item.icon(), 20)}
                    {item.name(i18n.get_locale())}
                </a>
            }
        })
        .collect_view();
    let is_other = others.contains(&active);
    view! {
        <nav
            aria-label=move || t_string!(i18n, nav.sections)
            class="off-when-low lg:hidden fixed bottom-0 inset-x-0 z-30 bg-base-100 border-t border-line grid grid-cols-4 pb-[env(safe-area-inset-bottom)]"
        >
            {items}
            <details data-menu>
                <summary class=format!("list-none cursor-pointer {}", class(is_other))>
                    {icon(Icon::Dots, 20)} {t!(i18n, nav.more)}
                </summary>
                <div class="panel absolute right-2 bottom-full mb-2 w-60 p-2 grid gap-1 shadow-lg"><NavLinks items=others active=active /></div>
            </details>
        </nav>
    }
}

/// The pages of the bar on small screens.
const BOTTOM: [Nav; 3] = [Nav::Overview, Nav::History, Nav::TopUp];
