//! Servers of HTTP/2 that end a connection before they take a request, as nginx does after so many of them.

use http::Response;

use super::*;

/// Nothing to settle, and the end of a connection on which no request was taken.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const END: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The kinds of the frames of a request, its body's and that which it begins with, and the flag of its last one.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;

/// Reads what a client sends until it has sent a request, and ends the connection.
async fn end(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.read_exact(&mut [0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()]).await?;
    stream.write_all(&SETTINGS).await?;
    let mut head = [0; 9];
    while ![DATA, HEADERS].contains(&head[3]) || head[4] & END_STREAM == 0 {
        stream.read_exact(&mut head).await?;
        let mut body = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut body).await?;
    }
    stream.write_all(&END).await?;
    // Until the client goes: what it has sent meanwhile would break the connection off before the end is read.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

/// A server that ends so many connections before it takes a request on the next.
async fn ending(connections: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = acceptor_of(&["h2"]);
    tokio::spawn(async move {
        let mut ended = 0;
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = tls.accept(stream).await else { continue };
            ended += 1;
            if ended <= connections {
                tokio::spawn(end(stream));
                continue;
            }
            tokio::spawn(async move {
                let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                while let Some(Ok((_request, mut respond))) = connection.accept().await {
                    respond.send_response(Response::new(()), true).unwrap();
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn a_request_that_a_server_did_not_take_is_sent_on_another_connection() {
    // How many connections the server ends, what is asked, what comes of it, and how often it was sent.
    for (connections, method, expect, sent) in [
        (1, "GET", "200 ", 2),
        (5, "GET", "200 ", 6),
        (99, "GET", "ConnectionTerminated", 6),
        (1, "POST", "200 ", 2),
        (99, "POST", "ConnectionTerminated", 6),
    ] {
        let port = ending(connections).await;
        let origin = format!("https://127.0.0.1:{port}");
        let options = EgressOptions { ca_files: vec![testdata("authority.pem")], ..EgressOptions::default() };
        let egress = Egress::new(options).unwrap();
        let mut session = session(&egress, &origin);
        let (path, body): (_, &[u8]) = if method == "GET" { ("/x", b"") } else { ("/items/1", b"[]") };
        let request = request(method, &format!("{origin}{path}"));
        let found = match send(&mut session, request, body, timeouts(LONG, LONG, LONG)).await {
            Ok(response) => answer_of(response).await,
            Err(error) => format!("{error:?}"),
        };
        assert_eq!((found.as_str(), egress.requests()), (expect, sent), "{method}, {connections} ended");
    }
}
