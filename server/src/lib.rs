//! The web server, the REST API, the jobs and the operator's commands.
