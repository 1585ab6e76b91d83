//! How connections are made: to the server, or to the proxy on the way to it.

use std::future::Future;
use std::io;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::address::Resolver;
use crate::policy::Reach;
use crate::proxy::{Route, Rules};
use crate::tunnel::{self, unreachable};

/// How many bytes are read before the runtime knows of them: enough to see that there are some.
const EARLY: usize = 64;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Tcp = HttpConnector<Resolver>;

/// Connects to servers, through the proxy if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Dialler {
    direct: Tcp,
    proxy: Option<ByProxy>,
}

#[derive(Clone, Debug)]
struct ByProxy {
    rules: Rules,
    tcp: Tcp,
}

impl Dialler {
    /// Dials addresses that are not blocked. The proxy's own address may be private in any case.
    pub(crate) fn new(reach: Reach, proxy: Option<Rules>) -> Self {
        let proxy = proxy.map(|rules| ByProxy { rules, tcp: tcp(Reach::Private) });
        Self { direct: tcp(reach), proxy }
    }
}

fn tcp(reach: Reach) -> Tcp {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(reach));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp
}

impl Service<Uri> for Dialler {
    type Response = Dialled;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Dialled, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // TCP connectors are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let proxy = self.proxy.as_mut().map(|proxy| (proxy.rules.route(&server), proxy));
        let Some((route @ (Route::Tunnel | Route::Forward), proxy)) = proxy else {
            let connecting = self.direct.call(server);
            return Box::pin(async move { Ok(Dialled::new(connecting.await?, false)) });
        };
        let connecting = proxy.tcp.call(proxy.rules.address.clone());
        let authorization = proxy.rules.authorization.clone();
        Box::pin(async move {
            let stream = connecting.await.map_err(|error| unreachable(&error))?;
            if route == Route::Forward {
                return Ok(Dialled::new(stream, true));
            }
            let mut stream = stream.into_inner();
            tunnel::dig(&mut stream, &server, authorization.as_ref()).await?;
            Ok(Dialled::new(TokioIo::new(stream), false))
        })
    }
}

/// A connection that knows whether it leads to a proxy that forwards requests: these are sent with their absolute URL.
#[derive(Debug)]
pub(crate) struct Dialled {
    stream: TokioIo<TcpStream>,
    is_forwarded: bool,
    kept: Kept,
}

impl Dialled {
    fn new(stream: TokioIo<TcpStream>, is_forwarded: bool) -> Self {
        Self { stream, is_forwarded, kept: Kept::default() }
    }
}

/// Whether a connection has carried an answer, so that it may be used again. Each answer has a clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<AtomicBool>);

impl Kept {
    /// Records that an answer arrived.
    pub(crate) fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_marked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Connection for Dialled {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_forwarded).extra(self.kept.clone())
    }
}

impl Read for Dialled {
    /// Reads what the system has for an idle connection, even before the system has announced it.
    ///
    /// Before it sends the next request on an idle connection, the client checks for bytes on it: it would read
    /// unsolicited bytes as the answer. The runtime reports nothing until the system has notified it, and a request may
    /// be faster than that notification.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if !self.kept.is_marked() || into.remaining() == 0 || self.stream.inner().poll_read_ready(cx).is_ready() {
            return Pin::new(&mut self.stream).poll_read(cx, into);
        }
        let mut early = [0; EARLY];
        let room = early.get_mut(..into.remaining().min(EARLY)).unwrap_or_default();
        match (&*SockRef::from(self.stream.inner())).read(room) {
            Ok(count) => {
                into.put_slice(early.get(..count).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Write for Dialled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }
}
