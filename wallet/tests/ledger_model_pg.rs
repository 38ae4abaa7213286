//! The same random stories against PostgreSQL, through the door of two nodes in turn.
#![cfg(feature = "postgres")]

mod ledger_model_support;
mod ledger_support;

use chrono::TimeDelta;
use ledger_model_support::{Step, World, command, start, steps};
use ledger_support::{key, open, wallet_of};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use sqlx::PgPool;
use wallet::Wallet;
use wallet::error::Error;
use wallet::id::{AccountId, WalletId};
use wallet::identity::Actor;
use wallet::ledger::{Command, Envelope, Environment, Scope};
use wallet::money::Credits;

/// How many stories, and how many steps each has at most.
const STORIES: u32 = 6;
const LENGTH: usize = 120;

async fn compare(node: &Wallet, world: &World, ids: &[WalletId; 2], step: &Step) {
    for (purse, id) in world.purses.iter().zip(ids) {
        let balance = node.ledger().balance(*id).await.expect("a balance");
        let numbers = |credits: Credits| i128::from(credits.micros());
        let told = (balance.seq, numbers(balance.settled), numbers(balance.held), numbers(balance.available));
        assert_eq!(told, (purse.rows, purse.settled(), purse.held(), purse.available(world.now)), "after {step:?}");
    }
}

async fn tell(nodes: &[Wallet; 2], story: &[Step]) {
    nodes.iter().for_each(|node| node.clock().set(start()));
    let account = AccountId::new();
    let ids = [
        wallet_of(&nodes[0], account, Environment::Production).await,
        wallet_of(&nodes[0], account, Environment::Preview).await,
    ];
    let mut world = World::default();
    let mut done: Vec<(WalletId, String, Command)> = Vec::new();
    for (number, step) in story.iter().enumerate() {
        let now = start() + TimeDelta::seconds(i64::try_from(world.now).expect("small"));
        nodes.iter().for_each(|node| node.clock().set(now));
        // A node serves a few steps in a row, so that both ways of its writer are taken.
        let node = &nodes[(number / 7) % 2];
        if let Step::Repeat { which } = step
            && !done.is_empty()
        {
            let (id, name, command) = done[which % done.len()].clone();
            let again = Envelope::new(id, key(&name), Actor::system("test"), command);
            assert!(node.ledger().submit(again).await.expect("replayed").replayed);
        }
        let target = world.target(step);
        let asked = command(step, target, &ids, now);
        let verdict = world.play(step, target);
        let Some((wallet, command)) = asked else { continue };
        let name = format!("k{number}");
        let envelope = Envelope::new(ids[wallet], key(&name), Actor::system("test"), command.clone());
        match node.ledger().submit(envelope).await {
            Ok(outcome) => {
                assert_eq!(verdict, Ok(()), "the ledger did {step:?}");
                if command != Command::ExpireGrants && !outcome.entries.is_empty() {
                    done.push((ids[wallet], name, command));
                }
            }
            Err(Error::Refused(refusal)) => assert_eq!(verdict, Err(refusal.code()), "the ledger refused {step:?}"),
            Err(error) => panic!("{error} at {step:?}"),
        }
        compare(node, &world, &ids, step).await;
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_ledger_does_what_the_rules_say(pool: PgPool) {
    let nodes = [open(&pool), open(&pool)];
    let mut runner = TestRunner::default();
    for _ in 0..STORIES {
        let story = steps(LENGTH).new_tree(&mut runner).expect("a story").current();
        tell(&nodes, &story).await;
    }
    assert_eq!(nodes[0].ledger().verify(Scope::Everything).await.expect("verified"), []);
    for node in nodes {
        node.shutdown().await;
    }
}
