//! Announced changes of prices, in words and as a table: the changelog, its feeds, the banner.

use leptos::prelude::*;
use wallet::money::Credits;
use wallet::tariff::{
    Announcement, BookStatus, Direction, OptionChange, PercentSpan, PriceChange, PriceRange, RequirementChange,
    RiseNotice,
};

use crate::components::ui::panel::{Banner, BannerKind, TablePanel};
use crate::i18n::*;
use crate::text::amount::{credits_text, exact_text, range_text, signed_text, unit_text};
use crate::text::date_time::{When, WhenStyle, when_text};

/// Says in one line what a version changes: `2 prices go up, 1 price goes down`; and that it will not, where it was
/// withdrawn.
#[must_use]
pub fn summary_text(locale: Locale, announcement: &Announcement) -> String {
    let changes = changes_text(locale, announcement);
    match announcement.status {
        BookStatus::Withdrawn => td_string!(locale, changelog.summary_withdrawn, changes = changes),
        _ => changes,
    }
}

fn changes_text(locale: Locale, announcement: &Announcement) -> String {
    let count = |direction| i64::try_from(announcement.count(direction)).unwrap_or(i64::MAX);
    let (up, down) = (count(Direction::Rise), count(Direction::Drop));
    let (new, removed) = (count(Direction::New), count(Direction::Removed));
    let (wider, wording) = (count(Direction::Wider), count(Direction::Wording));
    let parts = [
        (up > 0).then(|| td_string!(locale, publish.go_up, count = up)),
        (removed > 0).then(|| td_string!(locale, publish.are_removed, count = removed)),
        (down > 0).then(|| td_string!(locale, publish.go_down, count = down)),
        (new > 0).then(|| td_string!(locale, publish.are_new, count = new)),
        (wider > 0).then(|| td_string!(locale, publish.are_wider, count = wider)),
        (wording > 0).then(|| td_string!(locale, publish.are_wording, count = wording)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Writes by how much prices change: `+8.3 %`, `−25…−10 %`.
#[must_use]
pub fn percent_text(locale: Locale, span: PercentSpan) -> String {
    let one = |tenths: i64| signed_text(locale, Credits::from_micros(tenths.saturating_mul(100_000)));
    if span.least == span.most {
        format!("{}\u{a0}%", one(span.least))
    } else {
        format!("{}…{}\u{a0}%", one(span.least), one(span.most))
    }
}

/// Says which way a price goes.
#[must_use]
pub fn direction_text(locale: Locale, direction: Direction) -> &'static str {
    match direction {
        Direction::Rise => td_string!(locale, changelog.rise),
        Direction::Drop => td_string!(locale, changelog.drop),
        Direction::New => td_string!(locale, changelog.new),
        Direction::Removed => td_string!(locale, changelog.removed),
        Direction::Wider => td_string!(locale, changelog.wider),
        Direction::Wording => td_string!(locale, changelog.wording),
    }
}

fn price_text(locale: Locale, range: Option<&PriceRange>) -> String {
    range.map_or_else(|| "—".to_owned(), |range| range_text(locale, range.min, range.max))
}

/// Writes an option as people read it: `1792x1024, hd`.
fn option_text(option: &OptionChange) -> String {
    option.labels.join(", ")
}

/// Says what becomes of one operation in one line, for feeds.
#[must_use]
pub fn change_line(locale: Locale, change: &PriceChange, plans: &[(String, String)]) -> String {
    let (before, after) = (price_text(locale, change.before.as_ref()), price_text(locale, change.after.as_ref()));
    let prices = if before == after { before } else { format!("{before} → {after}") };
    let percent = change.percent().map_or_else(String::new, |span| format!(", {}", percent_text(locale, span)));
    let options: Vec<String> = change
        .options
        .iter()
        .map(|option| {
            let (before, after) = (exact_text(locale, option.before), exact_text(locale, option.after));
            format!("{}: {before} → {after}", option_text(option))
        })
        .collect();
    let gates = change.gates.iter().map(|gate| requirement_line(locale, gate, plans));
    let options: Vec<String> = options.into_iter().chain(gates).collect();
    let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join("; ")) };
    let direction = direction_text(locale, change.direction);
    format!("{} [{}]: {prices}{percent}, {direction}{options}", change.name, change.operation)
}

/// Says in one line which plan is needed, before and after: `hd, required plan: Every plan → Pro`.
#[must_use]
pub fn requirement_line(locale: Locale, gate: &RequirementChange, plans: &[(String, String)]) -> String {
    let name = |plan: Option<&str>| plan_text(locale, plan, plans);
    let (before, after) = (name(gate.before.as_deref()), name(gate.after.as_deref()));
    format!("{}: {before} → {after}", requirement_text(locale, gate))
}

/// Says when a version was announced and from when it is in force. The words stay the same when that day has come.
#[must_use]
pub fn dates_text(locale: Locale, announcement: &Announcement) -> String {
    let announced = when_text(locale, announcement.announced_at, WhenStyle::Date);
    let from = when_text(locale, announcement.effective_at, WhenStyle::Date);
    if announcement.status == BookStatus::Withdrawn {
        let withdrawn = when_text(locale, announcement.changed_at, WhenStyle::Date);
        return td_string!(
            locale,
            changelog.dates_withdrawn,
            announced = announced,
            from = from,
            withdrawn = withdrawn
        );
    }
    td_string!(locale, changelog.dates, announced = announced, from = from)
}

/// One version with its changes.
#[component]
pub fn AnnouncementCard(
    /// The version.
    announcement: Announcement,
    /// What the plans are called.
    plans: StoredValue<Vec<(String, String)>>,
    /// Whether it is the page's only one: then its summary is the page's heading.
    #[prop(default = false)]
    alone: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let version = announcement.version;
    let place = format!("v{version}");
    let heading_id = format!("{place}-h");
    let link = format!("/changelog/{version}");
    let (announced_at, effective_at) = (announcement.announced_at, announcement.effective_at);
    let is_coming = announcement.status == BookStatus::Scheduled;
    let (is_withdrawn, changed_at) = (announcement.status == BookStatus::Withdrawn, announcement.changed_at);
    let summary = {
        let announcement = announcement.clone();
        Memo::new(move |_| summary_text(i18n.get_locale(), &announcement))
    };
    let heading = if alone {
        view! { <h1 id=heading_id.clone() class="h1">{summary}</h1> }.into_any()
    } else {
        view! {
            <h2 id=heading_id.clone() class="text-xl font-semibold">
                <a class="hover:underline underline-offset-4" href=link.clone()>{summary}</a>
            </h2>
        }
        .into_any()
    };
    let rows =
        announcement.changes.into_iter().map(|change| view! { <ChangeRow change=change plans=plans /> }).collect_view();
    view! {
        <article id=place class="mt-8 scroll-mt-20" aria-labelledby=heading_id>
            {heading}
            <p class="text-muted mt-1 mb-3 flex flex-wrap items-center gap-x-3 gap-y-1">
                <span class=if is_coming { "tag tag-warn" } else { "tag" }>
                    {move || status_text(i18n.get_locale(), announcement.status)}
                </span>
                <span>{t!(i18n, changelog.announced)}" "<When at=announced_at style=WhenStyle::Date /></span>
                {if is_withdrawn {
                    view! { <span>{t!(i18n, changelog.withdrawn_at)}" "<When at=changed_at style=WhenStyle::Date /></span> }
                } else {
                    view! { <span>{t!(i18n, changelog.in_force)}" "<When at=effective_at style=WhenStyle::Date /></span> }
                }}
                <a class="link-q" href=link>{t!(i18n, changelog.book, version = version)}</a>
            </p>
            <TablePanel
                name=move || t_string!(i18n, changelog.caption, version = version)
                head=view! {
                    <th scope="col">{t!(i18n, prices.model)}</th>
                    <th scope="col" class="r">{t!(i18n, changelog.before)}</th>
                    <th scope="col" class="r">{t!(i18n, changelog.after)}</th>
                    <th scope="col" class="r hidden sm:table-cell">{t!(i18n, changelog.percent)}</th>
                    <th scope="col" class="hidden sm:table-cell">{t!(i18n, changelog.direction)}</th>
                }
            >
                {rows}
            </TablePanel>
        </article>
    }
}

fn status_text(locale: Locale, status: BookStatus) -> &'static str {
    match status {
        BookStatus::Scheduled => td_string!(locale, changelog.coming),
        BookStatus::Draft | BookStatus::Active => td_string!(locale, changelog.now),
        BookStatus::Retired => td_string!(locale, changelog.past),
        BookStatus::Withdrawn => td_string!(locale, changelog.withdrawn),
    }
}

/// One operation, and its options below.
#[component]
fn ChangeRow(change: PriceChange, plans: StoredValue<Vec<(String, String)>>) -> impl IntoView {
    let i18n = use_i18n();
    let (before, after) = (change.before.clone(), change.after.clone());
    let percent = change.percent();
    let direction = change.direction;
    let tone = match direction {
        Direction::Rise | Direction::Removed => "text-rise",
        Direction::Drop => "text-primary",
        Direction::New | Direction::Wider | Direction::Wording => "text-muted",
    };
    let words = move || direction_text(i18n.get_locale(), direction);
    let part = move || percent.map_or_else(|| "—".to_owned(), |span| percent_text(i18n.get_locale(), span));
    let has_other_name = change.name != change.operation;
    let place = format!("op-{}", change.operation);
    let options = change.options.into_iter().map(|option| view! { <OptionRow option=option /> }).collect_view();
    let gates = change.gates.into_iter().map(|gate| view! { <RequirementRow gate=gate plans=plans /> }).collect_view();
    view! {
        <tr id=place>
            <th scope="row" class="!text-left">
                {change.name}
                {has_other_name
                    .then(|| view! { <span class="block text-xs text-muted font-mono font-normal break-all">{change.operation}</span> })}
                <span class=format!("block sm:hidden text-sm font-normal num {tone}")>
                    {words} {move || percent.map(|span| format!(", {}", percent_text(i18n.get_locale(), span)))}
                </span>
            </th>
            <td class="r num text-muted whitespace-nowrap">{move || price_text(i18n.get_locale(), before.as_ref())}</td>
            <td class="r num font-semibold whitespace-nowrap">{move || price_text(i18n.get_locale(), after.as_ref())}</td>
            <td class=format!("r num whitespace-nowrap hidden sm:table-cell {tone}")>{part}</td>
            <td class=format!("hidden sm:table-cell {tone}")>{words}</td>
        </tr>
        {options}
        {gates}
    }
}

/// Names a plan; one that is not offered by its code, none as every plan.
fn plan_text(locale: Locale, plan: Option<&str>, plans: &[(String, String)]) -> String {
    let Some(code) = plan else { return td_string!(locale, operation.every_plan).to_owned() };
    plans.iter().find(|(known, _)| known == code).map_or(code, |(_, name)| name).to_owned()
}

/// Says what a plan is needed for: `required plan`, `premium, required plan`.
fn requirement_text(locale: Locale, gate: &RequirementChange) -> String {
    let plan = td_string!(locale, changelog.plan);
    gate.option.as_ref().map_or_else(|| plan.to_owned(), |option| format!("{option}, {plan}"))
}

/// The plan that the operation or an option needs, before and after.
#[component]
fn RequirementRow(gate: RequirementChange, plans: StoredValue<Vec<(String, String)>>) -> impl IntoView {
    let i18n = use_i18n();
    let (before, after) = (gate.before.clone(), gate.after.clone());
    let name = move |code: Option<&str>| plans.with_value(|plans| plan_text(i18n.get_locale(), code, plans));
    view! {
        <tr>
            <th scope="row" class="!text-left !font-normal text-muted !pl-8">{move || requirement_text(i18n.get_locale(), &gate)}</th>
            <td class="r text-muted">{move || name(before.as_deref())}</td>
            <td class="r">{move || name(after.as_deref())}</td>
            <td class="hidden sm:table-cell"></td>
            <td class="hidden sm:table-cell"></td>
        </tr>
    }
}

/// One option whose price changes.
#[component]
fn OptionRow(option: OptionChange) -> impl IntoView {
    let i18n = use_i18n();
    let (before, after) = (option.before, option.after);
    let percent = PercentSpan::of(before, after);
    view! {
        <tr>
            <th scope="row" class="!text-left !font-normal text-muted !pl-8">{option_text(&option)}</th>
            <td class="r num text-muted whitespace-nowrap">{move || exact_text(i18n.get_locale(), before)}</td>
            <td class="r num whitespace-nowrap">{move || exact_text(i18n.get_locale(), after)}</td>
            <td class="r num text-muted whitespace-nowrap hidden sm:table-cell">
                {move || percent.map(|span| percent_text(i18n.get_locale(), span))}
            </td>
            <td class="hidden sm:table-cell"></td>
        </tr>
    }
}

/// A coming rise that concerns the reader: when, what it means to them, where to read more; can be put away.
#[component]
pub fn RiseBanner(
    /// The rise.
    notice: RiseNotice,
) -> impl IntoView {
    let i18n = use_i18n();
    let (version, effective_at, days, refused) = (notice.version, notice.effective_at, notice.days, notice.refused);
    let (before, after) = (notice.before, notice.after);
    let more = after.checked_sub(before).unwrap_or_default();
    let has_prices = before.is_positive() || after.is_positive();
    let head = move || {
        let locale = i18n.get_locale();
        let date = when_text(locale, effective_at, WhenStyle::Date);
        // The news is what no longer works, where nothing costs more.
        if refused > 0 && !more.is_positive() {
            return t_string!(i18n, changelog.banner_refused, date = date, count = refused);
        }
        let amount = format!("{} {}", signed_text(locale, more), unit_text(locale, more));
        t_string!(i18n, changelog.banner, date = date, amount = amount)
    };
    let note = move || {
        let locale = i18n.get_locale();
        let (before, after) = (credits_text(locale, before), credits_text(locale, after));
        let note = t_string!(i18n, changelog.banner_note, before = before, after = after, days = days);
        let gone = || t_string!(i18n, changelog.banner_gone, count = refused, days = days);
        match (has_prices, refused > 0) {
            (true, true) => format!("{note} {}", gone()),
            (false, true) => gone(),
            (_, false) => note,
        }
    };
    view! {
        <Banner kind=BannerKind::Warning>
            <p class="basis-full sm:basis-0 grow min-w-[200px]" data-testid="rise-banner">
                <strong class="font-semibold">{head}</strong>
                " "
                {note}
            </p>
            <a href=format!("/changelog/{version}") class="font-semibold underline underline-offset-4 whitespace-nowrap">
                {t!(i18n, changelog.banner_more)}
            </a>
            <form method="post" action=format!("/wallet/price-changes/{version}/dismiss")>
                <button class="underline underline-offset-4 cursor-pointer whitespace-nowrap">{t!(i18n, changelog.banner_dismiss)}</button>
            </form>
        </Banner>
    }
}
