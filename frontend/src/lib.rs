//! Starts the pages in the browser.
