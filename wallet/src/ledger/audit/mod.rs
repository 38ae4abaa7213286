//! What outsiders can check: the hash chain of rows, files of them, and signed checkpoints.

pub(super) mod chain_verifier;
pub(super) mod checkpoint;
pub(super) mod export_file;
pub(super) mod hash_chain;
