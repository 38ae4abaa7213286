//! Parts that every page is made of: frames, heads, panels, fields, icons.

pub mod brand;
pub mod field;
pub mod head;
pub mod icon;
pub mod nav;
pub mod panel;
pub mod public_shell;
pub mod session_frame;
pub mod shell;
pub mod side_panel;
pub mod tabs;
