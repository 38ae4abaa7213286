//! Who made a row decides who finishes it: on every node, within a batch, for repeats, and in the hash chain.

mod ledger_support;

use futures::future::join_all;
use ledger_support::*;
use sqlx::PgPool;
use wallet::catalog::Preset;
use wallet::error::Refusal;
use wallet::id::{KeyId, ServiceKeyId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::verify_export;
use wallet::ledger::{
    BudgetPeriod, BudgetScope, CaptureAmount, Command, HoldState, NewBudget, Outcome, ReleaseReason, Rules, Scope,
    Submission,
};
use wallet::{Wallet, error};

fn customer() -> Actor {
    Actor::Key { id: KeyId::new(), name: "ci".into() }
}

fn platform() -> Actor {
    Actor::Service { id: ServiceKeyId::new(), name: "gateway".into() }
}

async fn by(wallet: &Wallet, id: WalletId, actor: &Actor, name: &str, command: Command) -> error::Result<Outcome> {
    wallet.ledger().submit(Submission::new(id, key(name), actor.clone(), command)).await
}

fn is_forbidden(answer: error::Result<Outcome>) -> bool {
    matches!(refusal(answer), Refusal::Forbidden { .. })
}

fn credit_back(charge: i64) -> Command {
    Command::CreditBack { charge, reason: "failed".into() }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_node_and_no_batch_lets_a_customer_finish_what_the_platform_began(pool: PgPool) {
    let (one, two) = (open(&pool), open(&pool));
    let id = new_wallet(&one).await;
    grant(&one, id, "g", 1_000).await;
    let (customer, platform) = (customer(), platform());
    let held = by(&one, id, &platform, "h", hold_of(&[10])).await.expect("held").seq();
    let charged = by(&one, id, &platform, "c", charge_of(10)).await.expect("charged").seq();
    // This node remembers both, the other one reads them; thirty tries at once share batches with what may be done.
    let tries = (0..30).map(|at| {
        let node = if at % 2 == 0 { &one } else { &two };
        let command = match at % 3 {
            0 => Command::Capture { hold: held, amount: CaptureAmount::Total(credits(0)) },
            1 => Command::Release { hold: held, reason: ReleaseReason::Cancelled },
            _ => credit_back(charged),
        };
        let customer = customer.clone();
        async move {
            charge(node, id, format!("free-{at}"), 1).await.expect("charged");
            by(node, id, &customer, &format!("try-{at}"), command).await
        }
    });
    for answer in join_all(tries).await {
        assert!(is_forbidden(answer));
    }
    assert_eq!(one.ledger().hold(id, held).await.expect("a hold").state, HoldState::Open);
    by(&two, id, &platform, "t", capture_all(held)).await.expect("captured");
    // Finished or not, it is not the customer's; and a repeat of the customer's is no other request.
    assert!(is_forbidden(by(&one, id, &customer, "late", capture_all(held)).await));
    assert!(is_forbidden(by(&one, id, &customer, "late", capture_all(held)).await));
    by(&one, id, &platform, "b", credit_back(charged)).await.expect("paid back");
    assert_eq!(available(&one, id).await, credits(960));
    assert_eq!(one.ledger().verify(Scope::Everything).await.expect("verified"), []);
    one.shutdown().await;
    two.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn what_is_spent_for_a_key_counts_as_the_keys(pool: PgPool) {
    let wallet = open(&pool);
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 1_000).await;
    let key = KeyId::new();
    let scope = BudgetScope::Key(key.uuid());
    let budget = NewBudget { name: "Bot".into(), scope, period: BudgetPeriod::Month, ceiling: credits(20) };
    wallet.ledger().set_budget(id, budget).await.expect("set");
    let bot = Actor::Key { id: key, name: "bot".into() };
    let gateway = Actor::on_behalf_of("gateway", key, "bot");
    by(&wallet, id, &bot, "own", charge_of(5)).await.expect("charged");
    let held = by(&wallet, id, &gateway, "h", hold_of(&[15])).await.expect("held").seq();
    assert!(matches!(refusal(by(&wallet, id, &bot, "over", charge_of(1)).await), Refusal::OutOfCredits { .. }));
    by(&wallet, id, &platform(), "place", charge_of(100)).await.expect("no key's budget stops what is spent by place");
    // Another node, which has only what is stored, gives back what the hold did not take to the key's budget.
    let other = open(&pool);
    let part = Command::Capture { hold: held, amount: CaptureAmount::Total(credits(10)) };
    let taken = by(&other, id, &platform(), "t", part).await.expect("captured").seq();
    let spent = async || wallet.ledger().budgets(id).await.expect("budgets")[0].spent;
    assert_eq!(spent().await, credits(15));
    by(&other, id, &platform(), "b", credit_back(taken)).await.expect("paid back");
    assert_eq!(spent().await, credits(5));
    assert_eq!(wallet.ledger().verify(Scope::Everything).await.expect("verified"), []);

    let (header, rows) = wallet.ledger().proof(id, 0, 100).await.expect("a proof");
    let mut lines = vec![serde_json::to_string(&header).expect("json")];
    lines.extend(rows.iter().map(|row| serde_json::to_string(row).expect("json")));
    assert_eq!(verify_export(lines.join("\n").as_bytes()).expect("verified").seq, rows.len() as i64);
    let changed = lines.join("\n").replace("gateway · bot", "gateway · bob");
    assert!(verify_export(changed.as_bytes()).is_err(), "who did it is under the hash");
    wallet.shutdown().await;
    other.shutdown().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_catalog_may_let_customers_pay_their_own_charges_back(pool: PgPool) {
    let wallet = open(&pool);
    let source = Preset::source_of("neuralbox").expect("a preset");
    let source = source.replacen("customer_failure", "customer_credit_back = true\ncustomer_failure", 1);
    let (preset, _) = Preset::parse(&source).expect("a preset");
    wallet.catalog().load_preset(&preset).await.expect("loaded");
    let exported = wallet.catalog().export().await.expect("exported");
    assert!(exported.contains("customer_credit_back = true"), "{exported}");
    let id = new_wallet(&wallet).await;
    grant(&wallet, id, "g", 100).await;
    let (customer, platform) = (customer(), platform());
    let own = by(&wallet, id, &customer, "own", charge_of(10)).await.expect("charged").seq();
    by(&wallet, id, &customer, "b", credit_back(own)).await.expect("an own charge");
    let held = by(&wallet, id, &customer, "h", hold_of(&[10])).await.expect("held").seq();
    by(&wallet, id, &customer, "r", release(held)).await.expect("an own hold");
    let theirs = by(&wallet, id, &platform, "theirs", charge_of(10)).await.expect("charged").seq();
    assert!(is_forbidden(by(&wallet, id, &customer, "t", credit_back(theirs)).await));
    let held = by(&wallet, id, &platform, "h2", hold_of(&[10])).await.expect("held").seq();
    assert!(is_forbidden(by(&wallet, id, &customer, "r2", release(held)).await));
    // And without the setting, which is how every preset comes.
    wallet.ledger().set_rules(Rules::default());
    assert!(is_forbidden(by(&wallet, id, &customer, "b2", credit_back(own)).await));
    wallet.shutdown().await;
}
