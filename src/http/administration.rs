//! The requests below `/admin`, which the layer `admin` answers.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use hyper::http::request::Parts;

use super::error::Responder;
use super::request::{Client, FormError};
use super::response::Reply;
use crate::app::AppState;
use domain::base::parameters::Parameters;

/// The administration page. A trait, because it is in a layer above this one.
pub(crate) trait Administration: Send + Sync + fmt::Debug {
    /// Returns the response to a request below `/admin`.
    fn answer<'a>(&'a self, visit: Visit<'a>) -> Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;
}

/// A GET or POST request below `/admin`.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a AppState,
    pub(crate) responder: Responder<'a>,
    pub(crate) head: &'a Parts,
    /// The path below `/admin`, without a slash at its beginning.
    pub(crate) path: &'a str,
    pub(crate) client: Client,
    /// The address at the other end of the connection.
    pub(crate) peer: IpAddr,
    /// Those of the query, or of the form of a POST.
    pub(crate) parameters: Result<Parameters, FormError>,
}
