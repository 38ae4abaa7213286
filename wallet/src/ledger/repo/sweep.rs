//! Finds what is due: grants and holds whose time is over.
