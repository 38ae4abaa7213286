//! Who may import what: concepts of the wallet, their parts, the folders of the server and of the app.
//!
//! Every path of a file that begins with `crate`, `super` or the name of its crate counts, in `use` (nested ones too)
//! and in code alike. Comments, texts and tests' own modules do not.

/// Rooms of one folder, in order: each imports what stands left of it, and nothing else of them.
struct Order {
    /// The folder, from the root.
    folder: &'static str,
    /// Its rooms.
    rooms: &'static [&'static str],
}

/// The orders of the house. ARCHITECTURE.md gives the reasons.
const ORDERS: [Order; 12] = [
    Order {
        folder: "wallet/src",
        rooms: &[
            "money",
            "id",
            "error",
            "clock",
            "time_zone",
            "idempotency",
            "db",
            "identity",
            "ledger",
            "tariff",
            "catalog",
            "plan",
            "notify",
            "promo",
            "payment",
            "refund",
            "invoice",
            "add_on",
            "metered",
            "insight",
            "app_service",
            "wallet",
        ],
    },
    Order { folder: "wallet/src/ledger", rooms: &["model", "audit", "rules", "repo", "writer", "service"] },
    Order {
        folder: "wallet/src/tariff",
        rooms: &["rule", "model", "repo", "pricing", "editing", "costs", "simulation", "publishing"],
    },
    Order { folder: "wallet/src/identity", rooms: &["model", "rules", "ports", "repo", "service"] },
    Order {
        folder: "wallet/src/payment",
        rooms: &[
            "provider",
            "method",
            "model",
            "price",
            "auto_top_up",
            "sandbox",
            "compare",
            "console",
            "repo",
            "service",
        ],
    },
    Order { folder: "wallet/src/promo", rooms: &["model", "code", "rule", "repo", "service"] },
    Order { folder: "wallet/src/refund", rooms: &["rule", "model", "repo", "service"] },
    Order { folder: "wallet/src/invoice", rooms: &["details", "model", "rule", "repo", "service"] },
    Order { folder: "wallet/src/add_on", rooms: &["model", "rule", "repo", "service"] },
    Order { folder: "wallet/src/metered", rooms: &["model", "rule", "repo", "service"] },
    Order {
        folder: "app/src",
        rooms: &[
            "words",
            "context",
            "error",
            "text",
            "live",
            "islands",
            "current_user",
            "data",
            "session",
            "components",
            "language",
            "pages",
            "routes",
            "document",
        ],
    },
    Order {
        folder: "server/src",
        rooms: &[
            "client_ip",
            "config",
            "checkpoints",
            "telemetry",
            "database",
            "rate_limit",
            "connections",
            "streams",
            "assets",
            "json",
            "state",
            "looks",
            "http",
            "pages",
            "auth",
            "documents",
            "mail",
            "providers",
            "demo",
            "payment_webhooks",
            "webhook_address",
            "live",
            "api",
            "webhook_delivery",
            "forms",
            "jobs",
            "export",
            "feeds",
            "sitemap",
            "browser_errors",
            "health",
            "metrics",
            "dispatch",
            "serve",
            "cli",
        ],
    },
];

/// Rooms that must not know some others, whatever their order.
struct Apart {
    /// A file or folder, from the root.
    room: &'static str,
    /// What it must not import, as paths of its crate.
    absent: &'static [&'static str],
    why: &'static str,
}

const APART: [Apart; 3] = [
    Apart {
        room: "server/src/webhook_delivery",
        absent: &["api"],
        why: "doors do not know each other: each calls the wallet",
    },
    Apart {
        room: "server/src/forms",
        absent: &["api", "webhook_delivery"],
        why: "doors do not know each other: each calls the wallet",
    },
    Apart {
        room: "server/src/jobs",
        absent: &["api", "forms", "webhook_delivery"],
        why: "doors do not know each other: each calls the wallet",
    },
];

/// Exceptions of [`APART`] and [`ORDERS`]: what a room may import all the same.
const ALLOWED: [(&str, &str); 1] = [
    // The façade gives itself to what it calls back.
    ("wallet/src/app_service/plan_boundary.rs", "wallet::Inner"),
];

/// Finds the imports of a file that go where they must not.
pub fn wrong_imports(name: &str, text: &str) -> Vec<String> {
    let Some(module) = module_of(name).filter(|module| module.iter().all(|part| part != "tests")) else {
        return Vec::new();
    };
    let root = name.split('/').next().unwrap_or_default();
    let mut breaches = Vec::new();
    if let Some(order) = ORDERS.iter().find(|order| order.lacks(name)) {
        breaches.push(format!("{name}: no room of {} in xtask/src/imports.rs: give it its place", order.folder));
    }
    for (line, path) in paths(text, root, &module) {
        if ALLOWED.iter().any(|(room, allowed)| *room == name && path.join("::").starts_with(allowed)) {
            continue;
        }
        let against = ORDERS.iter().find_map(|order| order.breach(name, &path));
        let against = against.or_else(|| APART.iter().find_map(|apart| apart.breach(name, &path)));
        let against = against.or_else(|| fetches(name, &path));
        if let Some(why) = against {
            breaches.push(format!("{name}:{line}: `{}`: {why}", path.join("::")));
        }
    }
    breaches
}

/// Says whether a component fetches: of `data` it takes the types alone, whose names begin with a capital letter.
fn fetches(name: &str, path: &[String]) -> Option<String> {
    let [first, _, item, ..] = path else { return None };
    let is_call = first == "data" && item.starts_with(|letter: char| letter.is_lowercase());
    (is_call && name.starts_with("app/src/components/")).then(|| "pages fetch, components show".to_owned())
}

impl Order {
    /// Whether a file lies in the folder and in none of its rooms. Files of the crate itself (`lib.rs`) and fixtures of tests may import all of them.
    fn lacks(&self, name: &str) -> bool {
        let inside = name.strip_prefix(self.folder).and_then(|rest| rest.strip_prefix('/'));
        let own = inside.and_then(|inside| inside.split(['/', '.']).next());
        own.is_some_and(|own| !self.rooms.contains(&own) && !["lib", "main", "mod", "fixtures"].contains(&own))
    }

    fn breach(&self, name: &str, path: &[String]) -> Option<String> {
        let inside = name.strip_prefix(self.folder)?.strip_prefix('/')?;
        let own = inside.split(['/', '.']).next()?;
        let own = self.rooms.iter().position(|room| *room == own)?;
        let base = module_of(&format!("{}/mod.rs", self.folder))?;
        let to = path.strip_prefix(base.as_slice())?.first()?;
        let to = self.rooms.iter().position(|room| room == to)?;
        (to > own).then(|| format!("imports go from right to left only: {}", self.rooms.join(", ")))
    }
}

impl Apart {
    fn breach(&self, name: &str, path: &[String]) -> Option<String> {
        let is_inside = name == self.room || name.strip_prefix(self.room).is_some_and(|rest| rest.starts_with('/'));
        let to = path.first()?;
        (is_inside && self.absent.contains(&to.as_str())).then(|| self.why.to_owned())
    }
}

/// Gives the path of a source file's module in its crate; `None` for files that are no part of a crate's source.
fn module_of(name: &str) -> Option<Vec<String>> {
    let (_, path) = name.split_once("/src/").or_else(|| name.strip_suffix("/src").map(|root| (root, "")))?;
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    if module.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        module.pop();
    }
    Some(module)
}

/// Finds every path of a text that begins in its own crate, with its line; groups in braces are spelled out.
fn paths(text: &str, root: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (number, line) in joined(text) {
        let bytes = line.as_bytes();
        for word in ["crate", "super", root] {
            for (at, _) in line.match_indices(word) {
                let before = at.checked_sub(1).map(|at| bytes[at]);
                let is_word = before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"_:".contains(&byte));
                let rest = &line[at + word.len()..];
                if !is_word || !rest.starts_with("::") {
                    continue;
                }
                let mut start = if word == "super" { parent(module) } else { Vec::new() };
                let mut rest = &rest[2..];
                while let Some(further) = rest.strip_prefix("super::").filter(|_| word == "super") {
                    (start, rest) = (parent(&start), further);
                }
                spell_out(&start, rest, &mut |path| found.push((number, path)));
            }
        }
    }
    found
}

fn parent(module: &[String]) -> Vec<String> {
    module.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default()
}

/// Joins the lines of each `use`, without comments, texts and the tests at the end of a file.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("mod ") && line.ends_with('{') && line.contains("test") {
            break;
        }
        let code = without_texts(line.split("//").next().unwrap_or_default());
        let begins = code.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ").starts_with("use ");
        match open.take() {
            Some((first, joined)) => open = Some((first, joined + code.trim())),
            None if begins => open = Some((number + 1, code)),
            None => lines.push((number + 1, code)),
        }
        if let Some((first, joined)) = open.take_if(|(_, joined)| joined.contains(';')) {
            lines.push((first, joined));
        }
    }
    lines
}

fn without_texts(code: &str) -> String {
    code.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// Spells out a tree of imports: `a::{b, c::D}` is `a::b` and `a::c::D`. Gives what is left after the tree.
fn spell_out<'t>(start: &[String], tree: &'t str, each: &mut dyn FnMut(Vec<String>)) -> &'t str {
    let mut path = start.to_vec();
    let mut rest = tree;
    loop {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end > 0 {
            path.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.is_empty() && !rest.starts_with('}') {
                rest = spell_out(&path, rest.trim_start(), each);
                rest = rest.find([',', '}', ';']).map_or("", |at| rest[at..].trim_start_matches(',')).trim_start();
            }
            return rest.strip_prefix('}').unwrap_or(rest);
        }
        match rest.strip_prefix("::") {
            Some(further) => rest = further,
            None => {
                each(path);
                return rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<String> {
        wrong_imports(name, text)
    }

    #[test]
    fn concepts_import_from_left_to_right_only() {
        let breaches = found("wallet/src/plan/month.rs", "use crate::catalog::Plan;\nuse crate::payment::Payments;\n");
        assert_eq!(breaches.len(), 1, "{breaches:?}");
        assert!(breaches[0].starts_with("wallet/src/plan/month.rs:2: `payment::Payments`"), "{breaches:?}");
        assert!(found("wallet/src/identity/mod.rs", "//! Beside [`crate::plan`].").is_empty());
        assert!(found("wallet/src/app_service/renewal.rs", "use crate::payment::Renewal;").is_empty());
        assert_eq!(found("wallet/src/insight/mod.rs", "fn f() { crate::app_service::go() }").len(), 1);
    }

    #[test]
    fn nested_and_relative_imports_count() {
        let text = "use crate::{\n    error::Result,\n    ledger::{service::Ledger, model::Hash},\n};\n";
        let breaches = found("wallet/src/ledger/repo/read.rs", text);
        assert_eq!(breaches.len(), 1, "{breaches:?}");
        assert!(breaches[0].contains(":1: `ledger::service::Ledger`"), "{breaches:?}");
        assert_eq!(found("wallet/src/ledger/rules/grant.rs", "use super::super::writer::queue;").len(), 1);
        assert!(found("wallet/src/ledger/rules/grant.rs", "use super::posting::{Posting, sum};").is_empty());
    }

    #[test]
    fn doors_of_the_server_do_not_know_each_other() {
        assert_eq!(found("server/src/forms/keys.rs", "use crate::api::Amount;").len(), 1);
        assert!(found("server/src/forms/keys.rs", "use crate::http::redirect::see_other;").is_empty());
        assert_eq!(found("server/src/webhook_delivery/mod.rs", "use crate::api::ApiPayloads;").len(), 1);
        assert!(found("server/src/state.rs", "use crate::streams::Streams;").is_empty());
        assert_eq!(found("server/src/state.rs", "use crate::live::events;").len(), 1);
        assert_eq!(found("server/src/config.rs", "fn f() { crate::checkpoints::keys() }").len(), 1);
        assert_eq!(found("server/src/serve.rs", "use crate::cli;").len(), 1);
    }

    #[test]
    fn components_show_and_do_not_fetch() {
        let card = "app/src/components/plan/card.rs";
        assert!(found(card, "use crate::data::plan::PlanPage;").is_empty());
        let breaches = found(card, "use crate::data::plan::{PlanPage, load_plan};");
        assert!(breaches.len() == 1 && breaches[0].contains("components show"), "{breaches:?}");
        assert_eq!(found("app/src/data/plan.rs", "use crate::components::plan::Card;").len(), 1);
    }

    #[test]
    fn a_new_room_is_given_its_place() {
        let breaches = found("server/src/attic.rs", "");
        assert!(breaches.len() == 1 && breaches[0].contains("give it its place"), "{breaches:?}");
        assert!(found("server/src/lib.rs", "use crate::cli;").is_empty());
    }

    #[test]
    fn texts_comments_and_tests_do_not_count() {
        let text = "// crate::payment\nlet x = \"crate::payment::X\";\n#[cfg(test)]\nmod tests {\n    use crate::payment::X;\n}\n";
        assert!(found("wallet/src/ledger/mod.rs", text).is_empty());
        assert!(found("server/src/json/tests.rs", "use crate::api::Amount;").is_empty());
    }
}
