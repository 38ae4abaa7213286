//! The same random stories against PostgreSQL, through the door of two nodes in turn. A story that goes wrong is made
//! shorter until nothing can be left out.
#![cfg(feature = "postgres")]

mod ledger_model_support;
mod ledger_support;

use chrono::TimeDelta;
use ledger_model_support::{Step, World, command, metadata, micros, start, steps, told_of};
use ledger_support::{key, open, wallet_in};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::Error;
use wallet::id::{AccountId, ProjectId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::{BudgetPeriod, BudgetScope, Command, Envelope, Environment, NewBudget, Scope};
use wallet::money::Credits;

/// How many stories, and how many steps each has at most.
const STORIES: u32 = 24;
const LENGTH: usize = 120;
/// How often a story that goes wrong is told again to make it shorter.
const SHRINKS: usize = 300;

async fn compare(node: &Wallet, world: &World, ids: &[WalletId; 2], step: &Step) -> Result<(), TestCaseError> {
    let numbers = |credits: Credits| i128::from(credits.micros());
    for (purse, id) in world.purses.iter().zip(ids) {
        let balance = node.ledger().balance(*id).await.expect("a balance");
        let told = (balance.seq, numbers(balance.settled), numbers(balance.held), numbers(balance.available));
        let wanted = (purse.rows, purse.settled(), purse.held(), purse.available(world.now));
        prop_assert_eq!(told, wanted, "after {:?}", step);
    }
    for ceiling in &world.ceilings.0 {
        let (wallet, scope) = ceiling.scope.in_ledger();
        let budgets = node.ledger().budgets(ids[wallet]).await.expect("the ceilings");
        let spent = budgets.iter().find(|budget| budget.scope == scope).map(|budget| numbers(budget.spent));
        prop_assert_eq!(spent, Some(ceiling.spent_at(world.now)), "{:?} after {:?}", ceiling, step);
    }
    Ok(())
}

/// Sets or takes away a ceiling, freezes or thaws a wallet.
async fn manage(node: &Wallet, ids: &[WalletId; 2], step: &Step) {
    let ledger = node.ledger();
    match step {
        Step::Ceiling { scope, most: Some(most) } => {
            let (wallet, scope) = scope.in_ledger();
            let name = "Day".to_owned();
            let budget = NewBudget { name, scope, period: BudgetPeriod::Day, ceiling: micros(*most) };
            ledger.set_budget(ids[wallet], budget).await.expect("set");
        }
        Step::Ceiling { scope, most: None } => {
            let (wallet, scope) = scope.in_ledger();
            let budgets = ledger.budgets(ids[wallet]).await.expect("the ceilings");
            if let Some(budget) = budgets.into_iter().find(|budget| budget.scope == scope) {
                ledger.remove_budget(ids[wallet], budget.id, None, |_: &BudgetScope| Ok(())).await.expect("removed");
            }
        }
        Step::Freeze { wallet, frozen: true } => ledger.freeze(ids[*wallet], "test").await.expect("frozen"),
        Step::Freeze { wallet, frozen: false } => ledger.unfreeze(ids[*wallet]).await.expect("thawed"),
        _ => {}
    }
}

async fn tell(nodes: &[Wallet; 2], story: &[Step]) -> Result<(), TestCaseError> {
    nodes.iter().for_each(|node| node.clock().set(start()));
    let (account, project) = (AccountId::new(), ProjectId::new());
    let ids = [
        wallet_in(&nodes[0], account, project, Environment::Production).await,
        wallet_in(&nodes[0], account, project, Environment::Preview).await,
    ];
    let mut world = World::default();
    let mut done: Vec<Envelope> = Vec::new();
    for (number, step) in story.iter().enumerate() {
        let now = start() + TimeDelta::seconds(i64::try_from(world.now).expect("small"));
        nodes.iter().for_each(|node| node.clock().set(now));
        // A node serves a few steps in a row, so that both ways of its writer are taken.
        let node = &nodes[(number / 7) % 2];
        if let Step::Repeat { which } = step
            && !done.is_empty()
        {
            let again = done[which % done.len()].clone();
            prop_assert!(node.ledger().submit(again).await.expect("replayed").replayed);
        }
        let target = world.target(step);
        let asked = command(step, target, &ids, now);
        let verdict = world.play(step, target);
        manage(node, &ids, step).await;
        let Some((wallet, command)) = asked else { continue };
        let is_sweep = command == Command::ExpireGrants;
        let envelope = Envelope::new(ids[wallet], key(format!("k{number}")), Actor::system("test"), command);
        let envelope = envelope.with_metadata(metadata(step));
        match node.ledger().submit(envelope.clone()).await {
            Ok(outcome) => {
                prop_assert_eq!(verdict, Ok(()), "the ledger did {:?}", step);
                if !is_sweep && !outcome.entries.is_empty() {
                    done.push(envelope);
                }
            }
            Err(Error::Refused(refusal)) => {
                prop_assert_eq!(verdict, Err(refusal.code()), "the ledger refused {:?}", step);
            }
            Err(error) => return Err(TestCaseError::fail(format!("{error} at {step:?}"))),
        }
        compare(node, &world, &ids, step).await?;
    }
    for (purse, id) in world.purses.iter().zip(ids) {
        let mut rows = Vec::new();
        while let Some(more) = next_rows(&nodes[0], id, rows.len()).await {
            rows.extend(more);
        }
        told_of(purse, |seq| &rows[usize::try_from(seq - 1).expect("from 1")])?;
    }
    Ok(())
}

/// Reads what callers sent along with the next rows of a wallet; `None` after the last one.
async fn next_rows(node: &Wallet, id: WalletId, known: usize) -> Option<Vec<Value>> {
    let after = i64::try_from(known).expect("few");
    let rows = node.ledger().entries_after(id, after, 200).await.expect("rows");
    (!rows.is_empty()).then(|| rows.into_iter().map(|row| row.metadata).collect())
}

/// Tells a story; of one that goes wrong, gives the shortest that still does, and how.
async fn shortest_failure(
    nodes: &[Wallet; 2],
    mut story: impl ValueTree<Value = Vec<Step>>,
) -> Option<(Vec<Step>, TestCaseError)> {
    let error = tell(nodes, &story.current()).await.err()?;
    let mut found = (story.current(), error);
    let mut moved = story.simplify();
    for _ in 0..SHRINKS {
        if !moved {
            break;
        }
        moved = match tell(nodes, &story.current()).await {
            Ok(()) => story.complicate(),
            Err(error) => {
                found = (story.current(), error);
                story.simplify()
            }
        };
    }
    Some(found)
}

#[sqlx::test(migrations = "../migrations")]
async fn the_ledger_does_what_the_rules_say(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let mut runner = TestRunner::default();
    for _ in 0..STORIES {
        let story = steps(LENGTH).new_tree(&mut runner).expect("a story");
        if let Some((story, error)) = shortest_failure(&nodes, story).await {
            panic!("{error}\nin the story {story:#?}");
        }
    }
    assert_eq!(nodes[0].ledger().verify(Scope::Everything).await.expect("verified"), []);
    for node in nodes {
        node.shutdown().await;
    }
}
