//! `expand[]`: ids become the objects they name.

use serde_json::{Value, json};

use super::error::StripeError;
use super::params::Read;
use super::render;
use super::shop::Shop;

/// How deep paths go.
const DEPTH_MAX: usize = 4;

/// Expands the paths in an answer.
pub fn expand(shop: &Shop, answer: &mut Value, paths: &[String]) -> Read<()> {
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > DEPTH_MAX {
            let message = format!("You cannot expand more than {DEPTH_MAX} levels of a property: {path}");
            return Err(StripeError::invalid("expand", message));
        }
        walk(shop, answer, &parts, path)?;
    }
    Ok(())
}

fn walk(shop: &Shop, node: &mut Value, parts: &[&str], path: &str) -> Read<()> {
    let [name, rest @ ..] = parts else { return Ok(()) };
    if *name == "data" && node["object"] == "list" {
        let items = node["data"].as_array_mut().into_iter().flatten();
        return items.into_iter().try_for_each(|item| walk(shop, item, rest, path));
    }
    include(shop, node, name);
    let field = match node.get_mut(*name) {
        // Nothing to expand is no mistake.
        Some(Value::Null) => return Ok(()),
        Some(field) => field,
        None => return Err(not_expandable(path)),
    };
    if let Some(id) = field.as_str() {
        *field = object(shop, id).ok_or_else(|| not_expandable(path))?;
    } else if !field.is_object() {
        return Err(not_expandable(path));
    }
    walk(shop, field, rest, path)
}

fn not_expandable(path: &str) -> StripeError {
    StripeError::invalid("expand", format!("This property cannot be expanded ({path})."))
}

/// Fields that are there only when they are asked for.
fn include(shop: &Shop, node: &mut Value, name: &str) {
    let id = node["id"].as_str().unwrap_or_default().to_owned();
    let list = |data: Vec<Value>, url: String| json!({ "object": "list", "data": data, "has_more": false, "url": url });
    match (node["object"].as_str(), name) {
        (Some("checkout.session"), "line_items") => {
            let Some(session) = shop.sessions.get(&id) else { return };
            node["line_items"] = list(render::line_items(session), format!("/v1/checkout/sessions/{id}/line_items"));
        }
        (Some("charge"), "refunds") => {
            let of_charge = shop.refunds.newest().filter(|refund| refund.charge == id).map(render::refund);
            node["refunds"] = list(of_charge.collect(), format!("/v1/charges/{id}/refunds"));
        }
        _ => {}
    }
}

/// Any object by its id.
pub fn object(shop: &Shop, id: &str) -> Option<Value> {
    match id.split_once('_')?.0 {
        "cus" => shop.customers.get(id).map(render::customer),
        "pm" => shop.methods.get(id).map(render::method),
        "pi" => shop.intents.get(id).map(render::intent),
        "ch" => shop.charges.get(id).map(|charge| render::charge(shop, charge)),
        "re" => shop.refunds.get(id).map(render::refund),
        "seti" => shop.setups.get(id).map(render::setup_intent),
        "cs" => shop.sessions.get(id).map(|session| render::session(shop, session)),
        "du" => shop.disputes.get(id).map(|dispute| render::dispute(shop, dispute)),
        "txn" => render::balance_transaction(shop, id),
        _ => None,
    }
}
