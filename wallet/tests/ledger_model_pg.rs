//! The same random stories against PostgreSQL, through the door of two nodes, up to eight commands at once. A story that goes wrong is made
//! shorter until nothing can be left out.
#![cfg(feature = "postgres")]

mod ledger_model_support;
mod ledger_support;

use chrono::{DateTime, TimeDelta, Utc};
use ledger_model_support::{Scope as ModelScope, Step, World, command, metadata, micros, start, steps, told_of};
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
use wallet::ledger::{BudgetPeriod, BudgetScope, Environment, NewBudget, Outcome, Scope, Submission};
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
        let told = (numbers(balance.settled), numbers(balance.held), numbers(balance.available));
        prop_assert_eq!((balance.seq, told), (purse.rows, purse.seen(world.now)), "after {:?}", step);
    }
    for model in &world.budgets.0 {
        let (wallet, scope) = model.scope.in_ledger();
        let budgets = node.ledger().budgets(ids[wallet]).await.expect("the budgets");
        let spent = budgets.iter().find(|budget| budget.scope == scope).map(|budget| numbers(budget.spent));
        prop_assert_eq!(spent, Some(model.spent_at(world.now)), "{:?} after {:?}", model, step);
    }
    Ok(())
}

/// Sets or takes away a ceiling, freezes or thaws a wallet.
async fn manage(node: &Wallet, ids: &[WalletId; 2], step: &Step) {
    let (ledger, by) = (node.ledger(), Actor::system("test"));
    match step {
        Step::Budget { scope, most: Some(most) } => {
            let (wallet, scope) = scope.in_ledger();
            let name = "Day".to_owned();
            let budget = NewBudget { name, scope, period: BudgetPeriod::Day, ceiling: micros(*most) };
            ledger.set_budget(ids[wallet], budget).await.expect("set");
        }
        Step::Budget { scope, most: None } => {
            let (wallet, scope) = scope.in_ledger();
            let budgets = ledger.budgets(ids[wallet]).await.expect("the budgets");
            if let Some(budget) = budgets.into_iter().find(|budget| budget.scope == scope) {
                ledger.remove_budget(ids[wallet], budget.id, None, |_: &BudgetScope| Ok(())).await.expect("removed");
            }
        }
        Step::Freeze { wallet, frozen: true } => ledger.freeze(ids[*wallet], &by, "test").await.expect("frozen"),
        Step::Freeze { wallet, frozen: false } => ledger.unfreeze(ids[*wallet], &by, "test").await.expect("thawed"),
        _ => {}
    }
}

/// A command that was submitted with others at once, and what it was answered.
struct Asked {
    step: Step,
    target: i64,
    submission: Submission,
    answer: Option<Result<Outcome, Error>>,
}

/// Says whether a story's step may go beside others. Under a ceiling of the project two wallets are one: nothing tells
/// afterwards which of their commands came first.
fn may_go_beside(world: &World, step: &Step) -> bool {
    let is_command =
        !matches!(step, Step::Budget { .. } | Step::Freeze { .. } | Step::Wait { .. } | Step::Repeat { .. });
    is_command && world.budgets.0.iter().all(|budget| budget.scope != ModelScope::Project)
}

/// Submits commands at once, to both nodes in turn.
async fn submit_at_once(nodes: &[Wallet; 2], asked: &mut [Asked]) {
    let answers = asked.iter().enumerate().map(|(place, asked)| {
        let ledger = nodes[place % 2].ledger();
        ledger.submit(asked.submission.clone())
    });
    let answers = futures::future::join_all(answers).await;
    for (asked, answer) in asked.iter_mut().zip(answers) {
        asked.answer = Some(answer);
    }
}

/// Puts those that were done in the order of their rows: a transfer has one in each wallet.
fn in_order<'a>(asked: &'a [Asked], ids: &[WalletId; 2]) -> Vec<&'a Asked> {
    let mut queues: [Vec<(i64, &Asked)>; 2] = [Vec::new(), Vec::new()];
    let mut empty = Vec::new();
    for asked in asked {
        let Some(Ok(outcome)) = &asked.answer else { continue };
        let row_in = |wallet: usize| outcome.entries.iter().find(|entry| entry.wallet == ids[wallet]);
        match outcome.entries.is_empty() {
            // There was nothing to expire any more: all others had been before.
            true => empty.push(asked),
            false => (0..2).for_each(|wallet| {
                queues[wallet].extend(row_in(wallet).map(|entry| (entry.seq, asked)));
            }),
        }
    }
    for queue in &mut queues {
        queue.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    }
    let mut ordered: Vec<&Asked> = Vec::new();
    loop {
        let heads: Vec<Option<&Asked>> = queues.iter().map(|queue| queue.last().map(|(_, asked)| *asked)).collect();
        let is_transfer = |asked: &Asked| matches!(asked.step, Step::Transfer { .. });
        let same = |other: Option<&Asked>, asked: &Asked| other.is_some_and(|other| std::ptr::eq(other, asked));
        let next = (0..2)
            .find(|wallet| heads[*wallet].is_some_and(|asked| !is_transfer(asked) || same(heads[1 - *wallet], asked)));
        let Some(wallet) = next else { break };
        let (_, asked) = queues[wallet].pop().expect("a head");
        if is_transfer(asked) {
            queues[1 - wallet].pop();
        }
        ordered.push(asked);
    }
    assert!(queues.iter().all(Vec::is_empty), "transfers cross each other");
    ordered.extend(empty);
    ordered
}

/// Plays what was submitted at once in the order of its rows. What was refused must be refused somewhere in between.
fn play_at_once(world: &mut World, asked: &[Asked], ids: &[WalletId; 2]) -> Result<(), TestCaseError> {
    let mut seen = vec![world.clone()];
    for asked in in_order(asked, ids) {
        let (step, verdict) = (&asked.step, world.play(&asked.step, asked.target));
        prop_assert_eq!(verdict, Ok(()), "the ledger did {:?}", step);
        seen.push(world.clone());
    }
    for asked in asked {
        let step = &asked.step;
        match &asked.answer {
            Some(Ok(outcome)) => prop_assert!(!outcome.replayed, "{:?} was new", step),
            Some(Err(Error::Refused(refusal))) => {
                let code = refusal.code();
                let is_right = seen.iter().any(|world| world.clone().play(step, asked.target) == Err(code));
                prop_assert!(is_right, "the ledger refused {:?} with {}", step, code);
            }
            other => return Err(TestCaseError::fail(format!("{other:?} at {step:?}"))),
        }
    }
    Ok(())
}

/// Sets the nodes' clocks to the world's time.
fn set_clocks(nodes: &[Wallet; 2], world: &World) -> DateTime<Utc> {
    let now = start() + TimeDelta::seconds(i64::try_from(world.now).expect("small"));
    nodes.iter().for_each(|node| node.clock().set(now));
    now
}

async fn tell(nodes: &[Wallet; 2], story: &[Step]) -> Result<(), TestCaseError> {
    nodes.iter().for_each(|node| node.clock().set(start()));
    let (account, project) = (AccountId::new(), ProjectId::new());
    let ids = [
        wallet_in(&nodes[0], account, project, Environment::Production).await,
        wallet_in(&nodes[0], account, project, Environment::Preview).await,
    ];
    let mut world = World::default();
    let mut done: Vec<Submission> = Vec::new();
    let mut number = 0;
    while number < story.len() {
        let now = set_clocks(nodes, &world);
        // One alone, or two to eight at once.
        let most = 1 + (number * 5) % 8;
        let beside = story[number..].iter().take(most).take_while(|step| may_go_beside(&world, step)).count();
        let steps = &story[number..number + beside.max(1)];
        let mut asked: Vec<Asked> = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            let target = world.target(step);
            let Some((wallet, command)) = command(step, target, &ids, now) else { continue };
            let name = key(format!("k{}", number + place));
            let submission = Submission::new(ids[wallet], name, Actor::system("test"), command);
            let submission = submission.with_metadata(metadata(step));
            asked.push(Asked { step: step.clone(), target, submission, answer: None });
        }
        // A node serves a few groups in a row, so that both ways of its writer are taken.
        let (first, second) = if (number / 7) % 2 == 0 { (0, 1) } else { (1, 0) };
        let served = [nodes[first].clone(), nodes[second].clone()];
        match steps {
            [step] if asked.is_empty() => {
                if let (Step::Repeat { which }, false) = (step, done.is_empty()) {
                    let again = done[which % done.len()].clone();
                    prop_assert!(served[0].ledger().submit(again).await.expect("replayed").replayed);
                }
                world.play(step, 0).expect("nothing is refused");
                manage(&served[0], &ids, step).await;
            }
            _ => {
                submit_at_once(&served, &mut asked).await;
                play_at_once(&mut world, &asked, &ids)?;
            }
        }
        for asked in asked {
            let has_rows = matches!(&asked.answer, Some(Ok(outcome)) if !outcome.entries.is_empty());
            if has_rows && !matches!(asked.step, Step::ExpireGrants { .. }) {
                done.push(asked.submission);
            }
        }
        set_clocks(nodes, &world);
        compare(&served[0], &world, &ids, &steps[steps.len() - 1]).await?;
        number += steps.len();
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
