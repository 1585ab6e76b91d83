//! Makes the seeds of every target from the recorded answers of real servers: `cargo +nightly run --example seeds`.
//!
//! They are committed. Run this again when a recording, or the form of a target's input, has changed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mattermost_provider::contract::Setting;
use mattermost_provider::mattermost::settings::Settings;
use mattermost_provider_fuzz::script::{COMPRESSED, HEADER_LETTERS, NEXT_ANSWER, RECORDS, gzip, kept_headers};
use serde_json::Value;

/// So many records of a recorded list are kept: more of the same do not help a fuzzer.
const ROWS: usize = 4;

const VERSIONS: [&str; 2] = ["v7.6", "v11.6"];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = Seeds { root: root.join("seeds") };
    match fs::remove_dir_all(&seeds.root) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for version in VERSIONS {
        let recorded = Recorded::all(&root.join("../tests/recorded").join(version))?;
        seeds.parsers(version, &recorded)?;
        seeds.scripts(version, &recorded)?;
    }
    seeds.made_up()
}

/// A recorded answer.
struct Recorded {
    name: String,
    status: u16,
    headers: Vec<(u8, String)>,
    body: Vec<u8>,
}

impl Recorded {
    fn all(folder: &Path) -> io::Result<Vec<Self>> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.sort();
        paths
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "http"))
            .map(|path| Self::of(path))
            .collect()
    }

    fn of(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let (head, body) = text.split_once("\n\n").ok_or(io::ErrorKind::InvalidData)?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let letter = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            let place = kept_headers().position(|known| known.eq_ignore_ascii_case(name))?;
            Some((HEADER_LETTERS[place], value.to_string()))
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let headers = lines.filter_map(letter).collect();
        Ok(Self { name, status: status.ok_or(io::ErrorKind::InvalidData)?, headers, body: shortened(body) })
    }

    fn head(&self) -> Vec<u8> {
        let lines = self.headers.iter().flat_map(|(letter, value)| [&[*letter], value.as_bytes(), b"\n"].concat());
        lines.chain(*b"\n").collect()
    }

    /// The answer in a script.
    fn answer(&self, route: u8) -> Vec<u8> {
        let outcome = match self.status {
            301 => b'b',
            400 => b'f',
            401 => b'g',
            403 => b'h',
            404 => b'i',
            429 => b'k',
            _ => b'0',
        };
        [&[NEXT_ANSWER, route, outcome], self.head().as_slice(), &self.body].concat()
    }
}

/// A body with lists cut to a few records, and without the objects in a record that are not read.
fn shortened(body: &str) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.into() };
    if let Value::Array(rows) = &mut value {
        // Each sort of account comes once: evenly from the whole list.
        let step = rows.len().div_ceil(ROWS).max(1);
        *rows = rows.drain(..).step_by(step).collect();
        for row in rows.iter_mut().filter_map(Value::as_object_mut).skip(1) {
            row.retain(|_, value| !value.is_object());
        }
    }
    value.to_string().into_bytes()
}

struct Seeds {
    root: PathBuf,
}

impl Seeds {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.root.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)
    }

    /// The targets of one answer each.
    fn parsers(&self, version: &str, recorded: &[Recorded]) -> io::Result<()> {
        for answer in recorded {
            let name = format!("{version}-{}", answer.name);
            let target = match answer.name.as_str() {
                "users-admin" | "users-member" => "users_page",
                "statuses" | "statuses-unknown" => "statuses",
                "ping" | "config" | "license" | "me-admin" | "me-bot" | "count-seats" | "limits" => "maps",
                _ => "",
            };
            if !target.is_empty() {
                self.put(target, &name, &answer.body)?;
                let rows = answer.body.strip_prefix(b"[").and_then(|body| body.strip_suffix(b"]"));
                if let Some(rows) = rows {
                    self.put(target, &format!("{name}-rows"), rows)?;
                }
            }
            if !(200..300).contains(&answer.status) {
                let seed = [&answer.status.to_le_bytes(), answer.head().as_slice(), &answer.body].concat();
                self.put("refusal", &name, &seed)?;
                self.put("headers", &name, &answer.head())?;
            }
            if answer.name == "users-member" {
                self.put("gzip", &name, &[b"r", &gzip(&answer.body)[3..]].concat())?;
            }
        }
        Ok(())
    }

    /// The targets of a whole server.
    fn scripts(&self, version: &str, recorded: &[Recorded]) -> io::Result<()> {
        let answer = |route: u8, name: &str| {
            recorded.iter().find(|answer| answer.name == name).map_or(Vec::new(), |answer| answer.answer(route))
        };
        for who in ["admin", "member"] {
            let is_member = who == "member";
            let me = answer(b'm', &format!("me-{who}"));
            let count = answer(b'c', if is_member { "count-forbidden" } else { "count-everyone" });
            let users = answer(b'u', &format!("users-{who}"));
            let (config, license) = (answer(b'g', "config"), answer(b'l', "license"));
            let (statuses, ping) = (answer(b's', "statuses"), answer(b'p', "ping"));
            let limits = answer(b'i', if is_member { "limits-member" } else { "limits" });
            let mut teams = vec![NEXT_ANSWER, b't', b'0', b'\n'];
            teams.extend(br#"[{"id":"tttttttttttttttttttttttttt","name":"alpha","delete_at":0}]"#);
            teams.extend([NEXT_ANSWER, b'a', b'0', b'\n']);
            teams.extend(br#"[{"id":"u4fe6hszjtnd7xi3ehbtrcpote"}]"#);

            let name = format!("{version}-{who}");
            let census = [b"\x04".as_slice(), &me, &count, &config, &license].concat();
            self.put("listing", &name, &[census.as_slice(), &teams, &users, &statuses].concat())?;
            let seats = answer(b'c', "count-seats");
            self.put("license", &name, &[b"\x04".as_slice(), &config, &license, &seats, &limits, &me].concat())?;
            self.put("check", &name, &[census.as_slice(), &ping, &users, &statuses].concat())?;
        }
        let refused = answer(b'*', "token-refused");
        let limited = answer(b'*', "rate-limited");
        for target in ["listing", "license", "check"] {
            for (name, fault) in [("refused", &refused), ("limited", &limited)] {
                self.put(target, &format!("{version}-{name}"), &[b"\x84".as_slice(), fault].concat())?;
            }
        }
        Ok(())
    }

    /// Inputs that no recording has.
    fn made_up(&self) -> io::Result<()> {
        // Two full pages and a last one; the last is sent compressed.
        let date = "dTue, 24 Nov 2026 15:25:29 GMT\n";
        let count = format!("\x1ec0{date}\n{{\"total_users_count\":410}}");
        let page = |from: u8, count: u8| [b"\x1eu0\n[".as_slice(), &[RECORDS, count, from, b'o'], b"]"].concat();
        let last = [b"\x1eu0egzip\n\n".as_slice(), &[COMPRESSED, b'[', RECORDS, 10, 2, b'o', b']']].concat();
        let statuses = [b"\x1es0\n[".as_slice(), &[RECORDS, 200, 0, b's'], b"]"].concat();
        let census = ["\x04", &count].concat().into_bytes();
        let whole = [census.as_slice(), &page(0, 200), &page(1, 200), &last, &statuses].concat();
        self.put("listing", "complete", &whole)?;
        self.put("listing", "last-first", &[b"\x06", &whole[1..]].concat())?;
        self.put("listing", "forgetful", &[b"\x0c", &whole[1..]].concat())?;
        let fault = [census.as_slice(), &page(0, 200), b"\x1euH", &page(1, 200), &last, b"\x1esC"].concat();
        self.put("listing", "faults", &fault)?;
        let endless = [b"\x85".as_slice(), count.as_bytes(), &page(0, 200)].concat();
        self.put("listing", "endless", &endless)?;
        let teams = [b"\x1et0\n[".as_slice(), &[RECORDS, 3, 0, b't', b',', RECORDS, 2, 1, b'a'], b"]"].concat();
        let admins = [b"\x1ea0\n[".as_slice(), &[RECORDS, 2, 0, b'o'], b"]"].concat();
        let team = [b"\x84".as_slice(), count.as_bytes(), &teams, &admins, &page(0, 100)].concat();
        self.put("listing", "teams", &team)?;

        let licence = br#"{"IsLicensed":"true","SkuShortName":"professional","SkuName":"Professional","Users":"100","IsTrial":"true","StartsAt":"1795533929000","ExpiresAt":"1798154729000","Company":"Example","Name":"Zoe","Id":"abc","Cloud":"true"}"#;
        self.put("maps", "licence", licence)?;
        let of_licence = [b"\x04\x1el0\n".as_slice(), licence].concat();
        self.put("license", "licence", &of_licence)?;
        self.put("check", "licence", &of_licence)?;

        let teams = r#"[{"id":"tttttttttttttttttttttttttt","name":"alpha","delete_at":0},{"id":"ssssssssssssssssssssssssss","name":"beta","delete_at":1795533929000}]"#;
        let members = r#"[{"team_id":"t","user_id":"uuuuuuuuuuuuuuuuuuuuuuuuuu","roles":"team_user team_admin","scheme_admin":true,"delete_at":0}]"#;
        self.put("members", "one", members.as_bytes())?;
        let report = r#"[{"id":"uuuuuuuuuuuuuuuuuuuuuuuuuu","username":"zoe","last_login":1795533929000,"last_status_at":1795533929001,"last_post_date":null}]"#;
        self.put("report", "one", report.as_bytes())?;
        self.put("report", "row", report.trim_matches(['[', ']']).as_bytes())?;
        let tokens = r#"[{"id":"x","description":"d","is_active":true,"expires_at":1795533929000}]"#;
        self.put("members", "tokens", tokens.as_bytes())?;
        let old = [
            b"\x04\x1ep0\nv5.25.0.a.b.true\n\n{\"status\":\"OK\"}".as_slice(),
            b"\x1em0\nv5.25.0.a.b.true\n\n{\"id\":\"m\",\"roles\":\"system_admin\"}",
        ]
        .concat();
        self.put("check", "old", &old)?;
        self.put("listing", "old", &[old.as_slice(), b"\x1eb0\n", members.as_bytes()].concat())?;
        self.put("listing", "report", &[b"\x44", &whole[1..], b"\x1er0\n", report.as_bytes()].concat())?;
        let guests = [b"\x1en0\n100".as_slice(), b"\x1er0\n", report.as_bytes()].concat();
        self.put("listing", "guests", &[whole.as_slice(), &guests].concat())?;
        self.put(
            "check",
            "tokens",
            &[b"\x04\x1ep0v11.9.0.a.b.true\n\n{\"status\":\"OK\"}\x1ek0\n", tokens.as_bytes()].concat(),
        )?;
        self.put("teams", "two", teams.as_bytes())?;
        self.put("teams", "rows", teams.trim_matches(['[', ']']).as_bytes())?;

        self.put("gzip", "round-trip", &[b"t".as_slice(), &[1; 12], b"{\"id\":\"a\"},", &[3; 16]].concat())?;
        self.put("gzip", "bomb", b"b")?;
        self.put("gzip", "plain", b"p[{\"id\":\"a\"}]")?;
        self.put("gzip", "empty", &[b"r", &gzip(b"")[3..]].concat())?;

        self.put("headers", "wait", b"r120\nx3\nj101\nk0\ndTue, 24 Nov 2026 15:25:29 GMT\n")?;
        self.put("headers", "date", b"rTue, 24 Nov 2026 15:25:59 GMT\ndTue, 24 Nov 2026 15:25:29 GMT\n")?;
        self.put(
            "headers",
            "redirect",
            b"lhttps://chat.example.com/api/v4/users?page=3#top\niqren5i7ew78nbpbpq1k7brdzfr\n",
        )?;
        self.put("headers", "version", b"v11.6.0.dev.7efba6486e17.false\nv5.26.0\n")?;
        for (name, status, body) in [
            ("mfa", 403_u16, r#"{"id":"api.context.mfa_required.app_error"}"#),
            ("proxy", 503, "<html>"),
            ("busy", 503, r#"{"id":"api.context.server_busy.app_error"}"#),
        ] {
            self.put("refusal", name, &[&status.to_le_bytes(), b"\n".as_slice(), body.as_bytes()].concat())?;
        }

        let settings =
            "uhttps://Chat.Example.com:8065/company/chat/api/v4/\nt\nd30\nafalse\nntrue\nefalse\nf12\nsreport\n";
        self.put("settings", "all", settings.as_bytes())?;
        for (name, url) in [
            ("url", "http://127.0.0.1:8065"),
            ("ipv6", " http://[::1]:8065/ "),
            ("user", "https://user:password@chat.example.com?x=1#top"),
            ("percent", "https://%41.example.com/../b//c"),
        ] {
            self.put("settings", name, url.as_bytes())?;
        }

        let settings = ["server_url", "access_token"]
            .map(|key| Setting { key: key.to_string(), value: "https://chat.example.com/mattermost".to_string() });
        let fingerprint = Settings::parse(&settings).map(|settings| settings.fingerprint()).unwrap_or_default();
        self.put("cursor", "fields", &[b"f".as_slice(), &[0x35; 96]].concat())?;
        self.put(
            "cursor",
            "damaged",
            format!("tm2_{fingerprint:x}_1_2_3_1_4_5_6:7:0_-_free_11.6.0_0_0_0_-,-,1_0").as_bytes(),
        )?;
        for (name, rest) in [
            (
                "begun",
                "1f_0_0_1_0_0_1795533929000:254_1795533929000:254_professional_11.6.0_0_0_0_-,-,-,-,-,-,-,-,-,-,-,-",
            ),
            ("unproven", "1f_12_1_2_30_20_1795533929000:-_-_free_-_20_2_1_0,-,-,0,0,0,0,0,17,4,-,-"),
        ] {
            self.put("cursor", name, format!("c{rest}").as_bytes())?;
        }
        Ok(())
    }
}
